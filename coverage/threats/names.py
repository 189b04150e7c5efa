"""The names of groups, software and campaigns: which of them a text means. Knows no file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from coverage.catalogue import Catalogue
from coverage.kept import kept_with

_FRAMES = {"group": "groups", "software": "software", "campaign": "campaigns"}


def name_key(name: str) -> str:
    """What two spellings of one name have in common: `Cozy Bear`, `COZY-BEAR` and `cozybear` are one."""
    return re.sub(r"[\W_]+", "", name.casefold())


def names_of(catalogue: Catalogue, kind: str) -> dict[str, str]:
    """ID -> name of every live group, software or campaign (`kind`) of a release."""
    frame = catalogue.frame(_FRAMES[kind])
    return dict(zip(frame[f"{kind}_id"].tolist(), frame["name"].tolist(), strict=True))


def ids_by_name(catalogue: Catalogue, kind: str) -> Mapping[str, tuple[str, ...]]:
    """Name key -> the IDs that it fits. A name that is MITRE's own goes before one that is an alias."""
    return kept_with(catalogue).get(_ids_by_name, catalogue, kind)


def _ids_by_name(catalogue: Catalogue, kind: str) -> dict[str, tuple[str, ...]]:
    frame = catalogue.frame(_FRAMES[kind])
    own: dict[str, list[str]] = {}
    other: dict[str, list[str]] = {}
    for one, name, aliases in frame[[f"{kind}_id", "name", "aliases"]].itertuples(index=False):
        own.setdefault(name_key(name), []).append(one)
        for alias in dict.fromkeys(map(name_key, aliases)):
            other.setdefault(alias, []).append(one)
    return {key: tuple(ids) for key, ids in (other | own).items()}
