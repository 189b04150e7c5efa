"""What a cell of the matrix says in a file: its value under a measure, as a whole number, a text and a colour.

Layers, pictures, workbooks and reports all ask here, so that they cannot disagree. Knows no file format.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from coverage.accepted import NOBODY, Accepted, cell_entries
from coverage.measures import coverage_by_placement, coverage_by_tactic
from coverage.measures.rollup import rolled_up
from coverage.palette import LIGHT, RULE_BANDS, SHARE_BANDS, Band, band_of
from coverage.scope import View, once_a_view

# Beside the number of an open cell that gaps.toml answers for: what it means. The pictures' typeface has this lozenge alone.
ANSWERED_SIGNS = {"◊": "accepted or planned gap", "◊!": "accepted, expired"}

RuleFacts = tuple[str, tuple[str, ...]]  # name, references


@dataclass(frozen=True)
class CellMeasure:
    """One way to value a cell. `column` is of PLACEMENT_COVERAGE; shares are written as whole percents."""

    title: str
    column: str
    unit: str
    bands: tuple[Band, ...]
    is_share: bool = True

    def whole(self, value: float) -> int:
        """The value as a whole number: 0 only for nothing, 100 % only for all."""
        if not self.is_share or value in (0.0, 1.0):
            return int(value * 100) if self.is_share else int(value)
        return min(99, max(1, int(value * 100 + 0.5)))

    def text(self, value: float) -> str:
        """The number for people: `12`, `67%`."""
        return f"{self.whole(value)}%" if self.is_share else f"{self.whole(value):,}"

    def fill(self, value: float) -> str:
        """The colour of the band the value is in."""
        band = band_of(value, self.bands)
        return LIGHT.steps[band - 1] if band else LIGHT.open

    def legend(self) -> list[tuple[str, str]]:
        """(label, colour) of each band, least first; open cells are none of them."""
        labels = (
            ["up to 20%", *(f"{band.low:.0%}-{band.high:.0%}" for band in self.bands[1:])]
            if self.is_share
            else [b.label for b in self.bands]
        )
        return list(zip(labels, LIGHT.steps, strict=True))


CELL_MEASURES: dict[str, CellMeasure] = {
    "rules": CellMeasure("Rules mapped", "rules", "number of rules that count", RULE_BANDS, is_share=False),
    "score": CellMeasure("Score", "score", "depth times the share of its platforms with a rule", SHARE_BANDS),
    "depth": CellMeasure("Depth", "depth", "how much its rules are worth together", SHARE_BANDS),
    "share": CellMeasure("Share", "share", "share of its sub-techniques with a rule", SHARE_BANDS),
    "platforms": CellMeasure("Platforms", "breadth", "share of its platforms with a rule", SHARE_BANDS),
    "covered": CellMeasure("Covered", "covered", "what it counts as under the roll-up", SHARE_BANDS),
}


@dataclass(frozen=True)
class MatrixColumn:
    """One tactic of the matrix: its row of TACTIC_COVERAGE, and its techniques in the order of the page."""

    tactic_id: str
    name: str
    covered: float
    total: int
    cells: pd.DataFrame  # PLACEMENT_COVERAGE, techniques only; and `answered`, one of ANSWERED_SIGNS or ""

    def head(self) -> str:
        """`12 of 34 (35%)`."""
        return ratio(self.covered, self.total)


def number(value: float) -> str:
    """A count that may be a sum of shares: `161`, `161.25`."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0")


def ratio(covered: float, total: int) -> str:
    """A count with its denominator and its share; words where there is no denominator."""
    return f"{number(covered)} of {total:,} ({covered / total:.0%})" if total else "none in scope"


def matrix_columns(view: View, accepted: Accepted = NOBODY) -> list[MatrixColumn]:
    """The matrix with its sub-techniques folded: the tactics that have a technique in scope, in matrix order."""
    tactics = coverage_by_tactic(view)
    tactics = tactics[tactics["total"] > 0].sort_values("position")
    cells = coverage_by_placement(view)
    cells = cells[~cells["is_subtechnique"]].assign(_order=lambda frame: frame["name"].str.casefold())
    cells = cells.sort_values(["_order", "attack_id"], ignore_index=True).drop(columns="_order")
    cells["answered"] = pd.Series(_answered(cells, accepted, view), index=cells.index, dtype="str")
    parts = dict(iter(cells.groupby("tactic_id")))
    return [
        MatrixColumn(row.tactic_id, row.name, row.covered, row.total, parts[row.tactic_id])
        for row in tactics[["tactic_id", "name", "covered", "total"]].itertuples(index=False)
    ]


def _answered(cells: pd.DataFrame, accepted: Accepted, view: View) -> list[str]:
    day, (holds, over) = view.scope.date, ANSWERED_SIGNS
    return [
        "" if entry is None else over if entry.expired(day) else holds
        for entry in cell_entries(cells, accepted, day)
    ]


@once_a_view
def cell_rules(view: View) -> dict[tuple[str, str], list[RuleFacts]]:
    """(tactic, ID) -> the rules that count there under the roll-up: those on the very ID first, each part by name."""
    units = coverage_by_placement(view)[["tactic_id", "attack_id", "parent_id"]]
    by = ("tactic_id",)
    direct = view.placed[["tactic_id", "attack_id", "rule_key"]]
    counted = direct if view.scope.rollup == "direct" else rolled_up(direct, units, by)
    own = set(zip(*(direct[column].tolist() for column in direct.columns), strict=True))
    rules = {
        key: (name, refs)
        for key, name, refs in zip(
            *(view.rules[c].tolist() for c in ("rule_key", "name", "references")), strict=True
        )
    }
    found: dict[tuple[str, str], list] = {}
    for row in zip(*(counted[column].tolist() for column in direct.columns), strict=True):
        tactic_id, attack_id, rule_key = row
        found.setdefault((tactic_id, attack_id), []).append((row not in own, rules[rule_key][0], rule_key))
    return {place: [rules[key] for _, _, key in sorted(entries)] for place, entries in found.items()}
