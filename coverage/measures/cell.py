"""What can be said of a cell of the matrix: one table for page and files, its bands, how a value is written.

Knows no view and no drawing library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from coverage.palette import KINDS, RULE_BANDS, SHARE_BANDS, Band, Theme, band_of, ordered
from coverage.vocabulary import GAP_WORK, SEVERITIES


@dataclass(frozen=True)
class CellMeasure:
    """One way to value a cell: by a column of MATRIX_CELLS, in bands.

    Parameters
    ----------
    title : its name
    column : the column of MATRIX_CELLS that has the value
    unit : what the value is; a file says it in brackets behind the title
    bands : of values that are numbers, least first
    words : of values that are words, instead: each value and its label, a band each
    is_share : 0-1, which files write as a whole percent
    are_kinds : the words have no order, and each has a colour of its own
    form : the number as the page writes it, a format of `cell` (the row) and `band` (its label, `-` when
        open); "" leaves its place to what is drawn over the cell
    number : what that number is
    short_title : its name on the page, where the title is too long for it
    on_page, in_files : who offers it
    """

    title: str
    column: str
    unit: str
    bands: tuple[Band, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    is_share: bool = False
    are_kinds: bool = False
    form: str = ""
    number: str = ""
    short_title: str = ""
    on_page: bool = True
    in_files: bool = True

    @property
    def label(self) -> str:
        """Its name on the page."""
        return self.short_title or self.title

    @property
    def labels(self) -> list[str]:
        """The name of each band, as the page writes it."""
        return [band.label for band in self.bands] or list(self.words.values())

    @property
    def percent_labels(self) -> list[str]:
        """The name of each band, as files write it."""
        if not self.is_share:
            return self.labels
        return ["up to 20%", *(f"{band.low:.0%}-{band.high:.0%}" for band in self.bands[1:])]

    def colours(self, theme: Theme) -> list[str]:
        """The colour of an open cell, and then of each band."""
        steps = KINDS.values() if self.are_kinds else ordered(theme, len(self.labels))
        return [theme.open, *steps]

    def band(self, value: float | str) -> int:
        """The band that holds a value: 0 = open, then 1 ... the number of bands."""
        if not self.words:
            return band_of(value, self.bands)
        return list(self.words).index(value) + 1 if value in self.words else 0

    def whole(self, value: float) -> int:
        """A number as a whole one: 0 only for nothing, 100 % only for all."""
        if not self.is_share or value in (0.0, 1.0):
            return int(value * 100) if self.is_share else int(value)
        return min(99, max(1, int(value * 100 + 0.5)))

    def text(self, value: float) -> str:
        """A number as files write it: `12`, `67%`."""
        return f"{self.whole(value)}%" if self.is_share else f"{self.whole(value):,}"

    def in_cell(self, cell) -> str:
        """What the page writes into a cell, a row of MATRIX_CELLS: `12`, `0.67`, `2 of 3`, `high`."""
        band = self.band(getattr(cell, self.column))
        return self.form.format(cell=cell, band=self.labels[band - 1] if band else "-")


CELL_MEASURES: dict[str, CellMeasure] = {
    "rules": CellMeasure(
        title="Rules mapped",
        column="rules",
        unit="number of rules that count",
        bands=RULE_BANDS,
        form="{cell.rules}",
        number="rules",
        short_title="Rules",
    ),
    "score": CellMeasure(
        title="Score",
        column="score",
        unit="depth times the share of its platforms with a rule",
        bands=SHARE_BANDS,
        is_share=True,
        form="{cell.score:.2f}",
        number="score",
    ),
    "depth": CellMeasure(
        title="Depth",
        column="depth",
        unit="how much its rules are worth together",
        bands=SHARE_BANDS,
        is_share=True,
        form="{cell.depth:.2f}",
        number="depth",
    ),
    "share": CellMeasure(
        title="Share",
        column="share",
        unit="share of its sub-techniques with a rule",
        bands=SHARE_BANDS,
        is_share=True,
        on_page=False,
    ),
    "platforms": CellMeasure(
        title="Platforms",
        column="breadth",
        unit="share of its platforms with a rule",
        bands=SHARE_BANDS,
        is_share=True,
        form="{cell.platforms_covered} of {cell.platforms_total}",
        number="platforms covered of its platforms",
    ),
    "covered": CellMeasure(
        title="Covered",
        column="covered",
        unit="what it counts as under the roll-up",
        bands=SHARE_BANDS,
        is_share=True,
        on_page=False,
    ),
    "severity": CellMeasure(
        title="Severity",
        column="severity",
        unit="highest severity of its rules",
        words={name: name for name in SEVERITIES},
        form="{band}",
        number="highest severity",
        in_files=False,
    ),
    "gap": CellMeasure(
        title="Next step",
        column="gap_type",
        unit="work that closes the gap",
        words={name: work.lower() for name, work in GAP_WORK.items()},
        are_kinds=True,
        form="{cell.rules}",
        number="rules",
        in_files=False,
    ),
}
PAGE_MEASURES = {name: measure for name, measure in CELL_MEASURES.items() if measure.on_page}
FILE_MEASURES = {name: measure for name, measure in CELL_MEASURES.items() if measure.in_files}


def score_factors(cell) -> str:
    """What the score of a cell is the product of, in words."""
    return f"depth {cell.depth:.2f} × platforms {cell.platforms_covered} of {cell.platforms_total}"
