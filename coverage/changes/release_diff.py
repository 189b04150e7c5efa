"""What changed in ATT&CK between two releases of one domain, in either direction. Knows no rule.

A move backwards is read the same way: what the older release does not have is `removed`, and what a
newer one revoked is `added` again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from coverage.catalogue.model import Catalogue
from coverage.changes.frames import RELEASE_CHANGES
from coverage.frames import rows_of
from coverage.mapping.reader import Reader

ABSENT = "not in the release"


@dataclass(frozen=True, slots=True)
class _Fact:
    """What one release says of one ID."""

    kind: str
    name: str
    status: str
    parent: str | None
    tactics: tuple[str, ...]
    platforms: tuple[str, ...]


_NOT_THERE = _Fact("", "", ABSENT, None, (), ())


def release_changes(before: Catalogue, after: Catalogue) -> pd.DataFrame:
    """RELEASE_CHANGES: what happened to each tactic, technique and sub-technique that is current in either.

    Raises
    ------
    ValueError
        When the two are of different domains (a programmer's error).
    """
    if before.release.domain != after.release.domain:
        raise ValueError(f"{before.release} and {after.release} are of different domains")
    rows = [
        row
        for facts, names in _facts(before, after)
        for row in _rows(*facts, *names, Reader(after, [before]))
    ]
    return RELEASE_CHANGES.frame({name: [row[name] for row in rows] for name in RELEASE_CHANGES.columns})


def _facts(before: Catalogue, after: Catalogue) -> Iterator[tuple[tuple, tuple]]:
    """Facts by ID in both releases, tactics then techniques, each pair with the two releases' tactic
    names.
    """
    names = tuple(dict(rows_of(c.tactics, "tactic_id", "name")) for c in (before, after))
    yield (_tactic_facts(before), _tactic_facts(after)), names
    yield (_technique_facts(before), _technique_facts(after)), names


def _tactic_facts(catalogue: Catalogue) -> dict[str, _Fact]:
    rows = rows_of(catalogue.tactics, "tactic_id", "name", "status")
    return {tactic_id: _Fact("tactic", name, status, None, (), ()) for tactic_id, name, status in rows}


def _technique_facts(catalogue: Catalogue) -> dict[str, _Fact]:
    rows = rows_of(
        catalogue.techniques,
        "attack_id",
        "is_subtechnique",
        "name",
        "status",
        "parent_id",
        "tactics",
        "platforms",
    )
    return {
        attack_id: _Fact(
            "subtechnique" if is_sub else "technique",
            name,
            status,
            parent if isinstance(parent, str) else None,
            tuple(tactics),
            tuple(platforms),
        )
        for attack_id, is_sub, name, status, parent, tactics, platforms in rows
    }


def _rows(
    before: Mapping[str, _Fact],
    after: Mapping[str, _Fact],
    names_before: Mapping[str, str],
    names_after: Mapping[str, str],
    reader: Reader,
) -> Iterator[dict]:
    for attack_id in sorted({*before, *after}):
        old, new = before.get(attack_id, _NOT_THERE), after.get(attack_id, _NOT_THERE)
        live = (old.status == "live", new.status == "live")
        if live == (True, True):
            yield from _differences(attack_id, old, new, names_before, names_after)
        elif live == (False, True):
            yield _row(attack_id, new, "added", old.status, new.status)
        elif live == (True, False):
            change = "removed" if new.status == ABSENT else new.status
            found = () if old.kind == "tactic" else successors(attack_id, reader)
            yield _row(attack_id, old, change, old.status, new.status, successors=found)


def _row(
    attack_id: str,
    fact: _Fact,
    change: str,
    before: str,
    after: str,
    *,
    successors: Iterable[str] = (),
    gained: Iterable[str] = (),
    lost: Iterable[str] = (),
) -> dict:
    return {
        "attack_id": attack_id,
        "kind": fact.kind,
        "name": fact.name,
        "change": change,
        "before": before,
        "after": after,
        "successors": tuple(successors),
        "gained": tuple(gained),
        "lost": tuple(lost),
    }


def successors(attack_id: str, reader: Reader) -> tuple[str, ...]:
    """What a mapping to an ID that is gone is read as; several: what a person must choose from. Never a mere
    parent.
    """
    found = reader.leaf(attack_id)
    if found.attack_id:
        return (found.attack_id,)
    return found.candidates if found.status == "ambiguous" or len(found.candidates) > 1 else ()


def _differences(
    attack_id: str, old: _Fact, new: _Fact, names_before: Mapping[str, str], names_after: Mapping[str, str]
) -> Iterator[dict]:
    """The changes of an ID that is current in both."""
    if old.name != new.name:
        yield _row(attack_id, new, "renamed", old.name, new.name)
    if old.parent != new.parent:
        yield _row(attack_id, new, "parent", old.parent or "none", new.parent or "none")
    if set(old.tactics) != set(new.tactics):
        texts = (
            ", ".join(names[t] for t in ids)
            for ids, names in ((old.tactics, names_before), (new.tactics, names_after))
        )
        yield _row(attack_id, new, "moved", *texts, **_gained_and_lost(old.tactics, new.tactics))
    if set(old.platforms) != set(new.platforms):
        texts = (", ".join(platforms) or "none" for platforms in (old.platforms, new.platforms))
        yield _row(attack_id, new, "platforms", *texts, **_gained_and_lost(old.platforms, new.platforms))


def _gained_and_lost(old: tuple[str, ...], new: tuple[str, ...]) -> dict[str, list[str]]:
    return {
        "gained": [name for name in new if name not in old],
        "lost": [name for name in old if name not in new],
    }
