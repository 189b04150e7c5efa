"""Files that a reader uploads: kept in the session alone, until it ends or they are removed.

They are untrusted. A name is a name and no path; what a file holds is checked where it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import streamlit as st

from coverage.corpora.archive import safe_path
from coverage.words import amount

MOST_FILES, MOST_BYTES = 100, 100_000_000


@dataclass(frozen=True)
class HeldFiles:
    """The files that are held for one purpose, under a key of the session: name -> content."""

    key: str

    def held(self) -> Mapping[str, bytes]:
        """The files of this session, by name."""
        return st.session_state.get(self.key, {})

    def hold(self, files: Iterable[tuple[str, bytes]]) -> list[str]:
        """Keep some (name, content) beside those that are there; of one name the newer. What is wrong with
        one that is not kept, in sentences.
        """
        kept, faults = dict(self.held()), []
        for given, content in files:
            path = safe_path(given)
            if path is None:
                faults.append(f"{given[:80]!a} was not added: the name is not that of a plain file.")
                continue
            name = PurePosixPath(path).name
            rest = {other: data for other, data in kept.items() if other != name}
            if len(rest) == MOST_FILES or sum(map(len, rest.values())) + len(content) > MOST_BYTES:
                most = f"{amount(MOST_FILES, 'file')} or {MOST_BYTES // 1_000_000} MB"
                faults.append(f"{name} was not added: that would be more than {most}.")
                continue
            kept = rest | {name: content}
        self.keep_only(kept)
        return faults

    def keep_only(self, files: Mapping[str, bytes]) -> None:
        """Keep these files alone."""
        known, before = self.digests(), self.held()
        st.session_state[self._digests] = {
            name: known[name] if before.get(name) is content else hashlib.sha256(content).hexdigest()
            for name, content in files.items()
        }
        st.session_state[self.key] = dict(files)

    def remove(self, name: str) -> None:
        """Keep all but the file of this name."""
        self.keep_only({one: content for one, content in self.held().items() if one != name})

    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of each file, by name: found once, when it came."""
        return st.session_state.get(self._digests, {})

    @property
    def _digests(self) -> str:
        return f"{self.key}_digests"
