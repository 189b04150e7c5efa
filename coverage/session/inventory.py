"""Which inventories every page counts by: those of coverage.toml, files of this session, or a ticked list.

What is ticked is in the link; files are not. A list that is ticked is read as the file that it is saved as.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from coverage.inventory.saving import ListedSource, sources_csv
from coverage.log_sources import listed_log_sources
from coverage.project.settings import DataSetting, Settings
from coverage.session import address
from coverage.session.held_files import HeldFiles

STATED, FILES, TICKED = "stated", "files", "ticked"
KIND, SOURCES, WHOLE = "inventory", "ticked", "ticked_all"  # parameters of the address, and keys
TICKED_FILE = "data-sources.csv"
TICKED_NAME = "log sources"
UPLOADS = HeldFiles("data_uploads")


@dataclass(frozen=True)
class Stated:
    """What is read: settings whose `[[data]]` counts, and the content of files that lie in no folder."""

    kind: str
    settings: Settings
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)  # of the contents, by name

    @property
    def digest(self) -> str:
        """One text for all that is not in the project's own files."""
        parts = [self.kind, *(f"{one.files} {one.complete}" for one in self.settings.data)]
        parts += [f"{name} {digest}" for name, digest in self.digests.items()]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def kinds(settings: Settings) -> list[str]:
    """Those of STATED, FILES and TICKED that there are."""
    there = {STATED: settings.data, FILES: UPLOADS.held(), TICKED: ticked()}
    return [kind for kind, found in there.items() if found]


def asked() -> str:
    """The one of STATED, FILES and TICKED that the reader or the link chose; "" for none."""
    return "".join(_texts(KIND)[-1:])


def stated(settings: Settings) -> Stated | None:
    """What the reader chose, else the first that there is; None where there is no inventory."""
    there, whole, kind = kinds(settings), ticked_is_all(), asked()
    if not there:
        return None
    kind = kind if kind in there else there[0]
    if kind == STATED:
        return Stated(kind, settings)
    if kind == FILES:
        data = tuple(DataSetting(name, (name,)) for name in UPLOADS.held())
        return Stated(kind, replace(settings, data=data), dict(UPLOADS.held()), UPLOADS.digests())
    data, content = (DataSetting(TICKED_NAME, (TICKED_FILE,), complete=whole),), ticked_csv().encode()
    digest = hashlib.sha256(content).hexdigest()
    return Stated(kind, replace(settings, data=data), {TICKED_FILE: content}, {TICKED_FILE: digest})


def ticked() -> tuple[str, ...]:
    """The log sources that the reader ticked, in name order; names that no table knows are passed over."""
    names = _texts(SOURCES)
    if not names:
        return ()
    known = set(listed_log_sources().sources.values())
    return tuple(sorted(known.intersection(names), key=str.casefold))


def ticked_is_all() -> bool:
    """Whether what is not ticked does not arrive."""
    return _texts(WHOLE) == ["true"]


def ticked_csv() -> str:
    """The ticked list as the file to commit."""
    return sources_csv(ListedSource(name) for name in ticked())


def tick(names: Sequence[str], whole: bool) -> None:
    """Make the list of ticked log sources this one, and count by it."""
    st.session_state.update({SOURCES: list(names), WHOLE: ["true"] if whole else [], KIND: [TICKED]})


def choose(kind: str) -> None:
    """Count by these inventories."""
    st.session_state[KIND] = [kind]


def _texts(key: str) -> list[str]:
    """What the address says under a key; nothing where no page is run."""
    return address.texts(key, page=address.SIDEBAR) if address.PAGE in st.session_state else []
