"""The matrix: the order of its cells, their values, rules and marks. `cell` has the measures of one.

The page, pictures, workbook, layers and report paint from here, so that they cannot disagree. Knows no
drawing library and no file format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from coverage.frames import rows_of
from coverage.measures.accepted import entry_mark
from coverage.measures.breadth import coverage_by_placement, coverage_by_tactic
from coverage.measures.frames import MATRIX_CELLS
from coverage.measures.gaps import gaps
from coverage.measures.rollup import rolled_up
from coverage.project.accepted_gaps import NO_ENTRIES, Accepted, Entry
from coverage.scope import View, once_a_view
from coverage.vocabulary import SEVERITIES

# Beside the number of an open cell that gaps.toml accepts or plans. The pictures' typeface has only this
# lozenge.
IN_FORCE, OVER = "◊", "◊!"
MARKS = {IN_FORCE: "accepted or planned gap", OVER: "accepted, expired"}

Place = tuple[str, str]  # tactic ID, ATT&CK ID
CellRule = tuple[str, tuple[str, ...]]  # name, references


# ---- order and values ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class MatrixColumn:
    """One tactic of the matrix with its sub-techniques folded."""

    tactic_id: str
    name: str
    covered: float
    total: int
    cells: pd.DataFrame  # MATRIX_CELLS without `gap_type`, techniques only


@once_a_view
def matrix_tactics(view: View) -> pd.DataFrame:
    """TACTIC_COVERAGE of the matrix's columns: the tactics that have a technique in scope, in their order."""
    tactics = coverage_by_tactic(view)
    return tactics[tactics["total"] > 0].sort_values("position", ignore_index=True)


@once_a_view(most=4)
def matrix_cells(view: View, accepted: Accepted = NO_ENTRIES) -> pd.DataFrame:
    """MATRIX_CELLS, unfolded: techniques in name order, the sub-techniques of each after it in ID order.

    Its index is the cell's row in PLACEMENT_COVERAGE.
    """
    cells, work = _marked_cells(view, accepted), _work_by_id(view)
    kinds = [work.get(attack_id) for attack_id in cells["attack_id"].tolist()]
    cells = cells.assign(gap_type=pd.Series(kinds, index=cells.index, dtype="str"))
    return cells[list(MATRIX_CELLS.columns)]


def matrix_columns(view: View, accepted: Accepted = NO_ENTRIES) -> list[MatrixColumn]:
    """The matrix with its sub-techniques folded, tactic by tactic."""
    cells = _marked_cells(view, accepted)
    parts = dict(iter(cells[~cells["is_subtechnique"]].groupby("tactic_id")))
    tactics = matrix_tactics(view)[["tactic_id", "name", "covered", "total"]]
    return [
        MatrixColumn(row.tactic_id, row.name, row.covered, row.total, parts[row.tactic_id])
        for row in tactics.itertuples(index=False)
    ]


@once_a_view
def _cells_in_order(view: View) -> pd.DataFrame:
    """PLACEMENT_COVERAGE in the order of the matrix, with `x` and `tactic`."""
    cells, tactics = coverage_by_placement(view), matrix_tactics(view)
    columns = {tactic_id: x for x, tactic_id in enumerate(tactics["tactic_id"].tolist())}
    names = tactics["name"].tolist()
    order = _order(cells, columns)
    cells = cells.iloc[order]
    x = [columns[tactic_id] for tactic_id in cells["tactic_id"].tolist()]
    tactic = pd.Series([names[place] for place in x], index=cells.index, dtype="str")
    return cells.assign(x=pd.Series(x, index=cells.index, dtype="int64"), tactic=tactic)


def _order(cells: pd.DataFrame, columns: Mapping[str, int]) -> list[int]:
    """The rows of the cells that have a column, in the order of the matrix."""
    ids, names = cells["attack_id"].tolist(), cells["name"].tolist()
    heads = [parent if isinstance(parent, str) else None for parent in cells["parent_id"].tolist()]
    techniques = {one: name for one, name, head in zip(ids, names, heads, strict=True) if head is None}
    keys = {}
    for row, (tactic_id, attack_id, name, head) in enumerate(
        zip(cells["tactic_id"].tolist(), ids, names, heads, strict=True)
    ):
        if tactic_id in columns:
            technique = techniques.get(head or attack_id, name).casefold()
            keys[row] = (columns[tactic_id], technique, head or attack_id, head is not None, attack_id)
    return sorted(keys, key=keys.__getitem__)


def _work_by_id(view: View) -> dict[str, str]:
    """Open ID -> the kind of work that closes it."""
    found = gaps(view)
    return dict(zip(found["attack_id"].tolist(), found["gap_type"].tolist(), strict=True))


# ---- marks ---------------------------------------------------------------------------------------------


def _marked_cells(view: View, accepted: Accepted) -> pd.DataFrame:
    """The cells in order, with `sign` and `mark`: the entries of open ones on the day of the stamp."""
    cells, day = _cells_in_order(view), view.scope.date
    entries = _entries(cells, accepted, view)
    signs = ["" if entry is None else OVER if entry.expired(day) else IN_FORCE for entry in entries]
    marks = ["" if entry is None else f"{entry_mark(entry, day)}: {entry.reason}" for entry in entries]
    return cells.assign(
        sign=pd.Series(signs, index=cells.index, dtype="str"),
        mark=pd.Series(marks, index=cells.index, dtype="str"),
    )


def _entries(cells: pd.DataFrame, accepted: Accepted, view: View) -> list[Entry | None]:
    """For each cell the entry about it; None where it is covered or has none."""
    rows = rows_of(cells, "attack_id", "tactic_id", "covered")
    return [
        accepted.at(attack_id, tactic_id, view.scope.date) if covered < 1 else None
        for attack_id, tactic_id, covered in rows
    ]


def mark_keys(signs: Collection[str]) -> list[str]:
    """What the legend says of the signs that are drawn: `◊ accepted or planned gap`."""
    return [f"{sign} {meaning}" for sign, meaning in MARKS.items() if sign in signs]


# ---- rules ---------------------------------------------------------------------------------------------


@once_a_view
def cell_rules(view: View) -> dict[Place, list[CellRule]]:
    """The rules that count in each cell under the roll-up, as many as its number.

    Those on the very ID stand first, each part by name.
    """
    direct = view.placed[["tactic_id", "attack_id", "rule_key"]]
    own = set(rows_of(direct, *direct.columns))
    rules = {
        key: (name, references)
        for key, name, references in rows_of(view.rules, "rule_key", "name", "references")
    }
    found: dict[Place, list] = {}
    for row in _counted(view):
        tactic_id, attack_id, rule_key = row
        entry = (row not in own, rules[rule_key][0], rule_key)
        found.setdefault((tactic_id, attack_id), []).append(entry)
    return {place: [rules[key] for _, _, key in sorted(entries)] for place, entries in found.items()}


@once_a_view
def first_rules(view: View) -> dict[Place, list[str]]:
    """The keys of the rules that count in each cell, as many as its number, in the order one looks at them.

    Highest severity first; of those the most specific, which name the fewest IDs; then by name.
    """
    named = view.placed[["attack_id", "rule_key"]].drop_duplicates()["rule_key"].value_counts()
    ids = dict(zip(named.index.tolist(), named.tolist(), strict=True))
    severity = {name: -rank for rank, name in enumerate(SEVERITIES, 1)}
    keys = sorted(
        (severity.get(level, 0), ids.get(key, 0), name, key)
        for key, name, level in rows_of(view.rules, "rule_key", "name", "severity")
    )
    ranks = {key: rank for rank, (*_, key) in enumerate(keys)}
    found: dict[Place, list[str]] = {}
    for tactic_id, attack_id, key in _counted(view):
        found.setdefault((tactic_id, attack_id), []).append(key)
    return {place: sorted(rules, key=ranks.__getitem__) for place, rules in found.items()}


def _counted(view: View) -> list[tuple[str, str, str]]:
    """(tactic ID, ATT&CK ID, rule key) of each rule that counts in a cell under the roll-up."""
    columns = ["tactic_id", "attack_id", "rule_key"]
    counted = direct = view.placed[columns]
    if view.scope.rollup != "direct":
        units = coverage_by_placement(view)[["tactic_id", "attack_id", "parent_id"]]
        counted = rolled_up(direct, units, ("tactic_id",))
    return list(rows_of(counted, *columns))


# ---- enabled and disabled ------------------------------------------------------------------------------


def with_status(cells: pd.DataFrame, view: View) -> pd.DataFrame:
    """MATRIX_CELLS with `status`: `enabled`, `disabled` where every rule is disabled, NA where there is none;
    and `by_status`, the numbers of both: `12 + 3 off`.

    Whatever the scope says of disabled rules: a rule whose format does not say counts as enabled.
    """
    on, off = _rules_by_status(view)
    places = list(zip(cells["tactic_id"].tolist(), cells["attack_id"].tolist(), strict=True))
    status = ["enabled" if place in on else "disabled" if place in off else None for place in places]
    numbers = [" + ".join(_numbers(on[place], off[place])) or "0" for place in places]
    return cells.assign(
        status=pd.Series(status, index=cells.index, dtype="str"),
        by_status=pd.Series(numbers, index=cells.index, dtype="str"),
    )


def _numbers(on: int, off: int) -> list[str]:
    return [*([str(on)] if on else []), *([f"{off} off"] if off else [])]


@once_a_view
def _rules_by_status(view: View) -> tuple[Counter[Place], Counter[Place]]:
    """How many enabled and how many disabled rules each cell has."""
    whole = replace(view, scope=replace(view.scope, enabled="any"))
    flags = whole.rules["enabled"].fillna(True).astype(bool).tolist()
    enabled = {key for key, flag in zip(whole.rules["rule_key"].tolist(), flags, strict=True) if flag}
    on, off = Counter(), Counter()
    for tactic_id, attack_id, key in _counted(whole):
        (on if key in enabled else off)[tactic_id, attack_id] += 1
    return on, off
