"""Mapping paths in a parsed document: whether anything of them is to be written anew, and what nobody can
say.

Runs over every rule, so it looks at plain dicts and builds nothing. The same shape that
`loaders.threat` reads; what has another type is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from coverage.migrate.model import Asked
from coverage.migrate.mover import KEPT, Kept, Mover, Names, Placed
from coverage.migrate.target import Target

DocPath = tuple[str | int, ...]


def tables(value: Any, path: DocPath) -> Iterator[tuple[dict, DocPath]]:
    """The tables of a list with their places; one table counts as a list of one."""
    if isinstance(value, dict):
        yield value, path
    elif isinstance(value, list):
        yield from ((one, (*path, place)) for place, one in enumerate(value) if isinstance(one, dict))


def is_ours(framework: str | None, ids: list[str | None]) -> bool:
    """Whether an entry maps to ATT&CK; one that names no framework does, unless its IDs are ATLAS's."""
    return "ATT&CK" in (framework or "MITRE ATT&CK") and not any(
        (one or "").startswith("AML.") for one in ids
    )


def review(entries: Any, base: DocPath, mover: Mover, names: Names) -> tuple[bool, list[Asked]]:
    """Whether the entries of a `threat` list need an edit, and the open questions with their places."""
    needs, asked = False, []
    for entry, path in tables(entries, base):
        tactic = entry.get("tactic") if isinstance(entry.get("tactic"), dict) else {}
        techniques = list(tables(entry.get("technique"), (*path, "technique")))
        ids = [text(table, "id") for table, _ in techniques] + [text(tactic, "id")]
        if not is_ours(text(entry, "framework"), ids):
            continue
        decided = False
        for way, leaf, place in _leaves(tactic, techniques, path):
            outcome = _outcome(tactic, leaf, mover, names)
            if isinstance(outcome, Asked):
                asked.append(replace(outcome, path=(*place, "id")))
            elif isinstance(outcome, Placed):
                decided = True
                needs = needs or not _stands(outcome, tactic, way, leaf, mover)
        needs = needs or (decided and not _tactic_right(tactic, mover))
    return needs, asked


def text(table: dict, key: str) -> str | None:
    """The text at a key, or None."""
    value = table.get(key)
    return value if isinstance(value, str) and value.strip() else None


def _leaves(
    tactic: dict, techniques: list, path: DocPath
) -> Iterator[tuple[dict | None, dict | None, DocPath]]:
    """(way, leaf, place) of each path; a way is the technique above a sub-technique. Nothing at all: a tactic
    alone.
    """
    if not techniques and tactic:
        yield None, None, (*path, "tactic")
    for technique, place in techniques:
        below = list(tables(technique.get("subtechnique"), (*place, "subtechnique")))
        for leaf, at in below:
            yield technique, leaf, at
        if not technique.get("subtechnique"):
            yield None, technique, place


def _outcome(tactic: dict, leaf: dict | None, mover: Mover, names: Names) -> Placed | Asked | Kept:
    written = text(leaf, "id") if leaf is not None else None
    if (leaf is not None and written is None) or (
        leaf is None and not (text(tactic, "id") or text(tactic, "name"))
    ):
        return KEPT
    return mover.path(text(tactic, "id"), text(tactic, "name"), written, names)


def _stands(outcome: Placed, tactic: dict, way: dict | None, leaf: dict | None, mover: Mover) -> bool:
    """Whether a decided path is written as it should be: tactic, IDs, names and references."""
    here = mover.tactic_id(text(tactic, "id"), text(tactic, "name"))
    if outcome.tactics != (here,):
        return False
    if leaf is None or outcome.leaf is None:
        return True
    written = [table for table in (way, leaf) if table is not None]
    chain = mover.target.chain(outcome.leaf)
    return len(written) == len(chain) and all(
        text(table, "id") == one and is_right(table.get("name"), table.get("reference"), one, mover.target)
        for table, one in zip(written, chain, strict=True)
    )


def _tactic_right(tactic: dict, mover: Mover) -> bool:
    here = mover.tactic_id(text(tactic, "id"), text(tactic, "name"))
    return here not in mover.target.tactics or is_right(
        tactic.get("name"), tactic.get("reference"), here, mover.target
    )


def is_right(name: Any, reference: Any, attack_id: str, target: Target) -> bool:
    """Whether a name and a reference, where they are texts, are those of a live ID."""
    return (not isinstance(name, str) or name == target.name(attack_id)) and (
        not isinstance(reference, str) or reference == target.reference(attack_id, reference)
    )
