"""A CSV table: a technique a row, with its weight, who uses it and when it was reported, where it says so.

CTID's top-technique scores are one: their `prevalence` is the weight, since how easily a technique is seen or
kept away says nothing of who uses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from coverage.syntaxes.csv_text import TABLE
from coverage.threats.files.seam import FileContent, FileMember, ThreatFormat, WrittenUse, weight_of

IDS = ("technique_id", "techniqueid", "attack_id", "technique", "tid", "id")
WEIGHTS = ("weight", "score", "count", "prevalence")
WHO = ("adversary", "group", "group_name", "actor")
YEARS = ("last_reported", "year")


def _columns(document: Iterable[list[str]]) -> tuple[int, dict[str, int]]:
    """The place of the header, and of each of its columns."""
    for place, row in enumerate(document):
        if any(cell.strip() for cell in row):
            return place, {cell.strip().lower().replace(" ", "_"): nth for nth, cell in enumerate(row)}
    return 0, {}


def _first(columns: dict[str, int], names: tuple[str, ...]) -> int | None:
    return next((columns[name] for name in names if name in columns), None)


def _meant(document: Any) -> bool:
    return _first(_columns(document)[1], IDS) is not None


def _read(document: Any, name: str, cves: frozenset[str] | None) -> FileContent:
    content, members = FileContent(), {}
    head, columns = _columns(document)
    where = {kind: _first(columns, names) for kind, names in _KINDS.items()}
    for place, row in enumerate(document[head + 1 :], head + 1):
        cells = {
            kind: row[nth].strip() if nth is not None and nth < len(row) else ""
            for kind, nth in where.items()
        }
        if not any(cell.strip() for cell in row):
            continue
        if not cells["id"]:
            content.note((place,), "no-id", "warning", "The row names no technique.")
            continue
        weight = weight_of(cells["weight"]) if cells["weight"] else 1.0
        if weight is None:
            content.note(
                (place,), "wrong-type", "warning", f"'{cells['weight'][:40]}' is no number; it counts 1."
            )
        who = cells["who"] or name
        member = members.setdefault(who, FileMember(who, "group" if cells["who"] else "list", (place,)))
        year = int(cells["year"]) if cells["year"].isascii() and cells["year"].isdecimal() else None
        member.uses.append(
            WrittenUse(cells["id"], (place,), 1.0 if weight is None else max(weight, 0.0), year)
        )
    content.members = list(members.values())
    return content


_KINDS = {"id": IDS, "weight": WEIGHTS, "who": WHO, "year": YEARS}

FORMAT = ThreatFormat("CSV", TABLE, _meant, _read)
