"""The measures of a matrix cell: one table for page and files, its bands, how a value is written.

Knows no view and no drawing library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

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
    in_percent : the page writes it as a whole percent, too
    are_kinds : the words have no order, and each has a colour of its own
    fills : these colours, where they are not those of palette.KINDS
    zero : what a cell is that has rules and none of the bands
    form : the number as the page writes it, a format of `cell` (the row), `band` (its label) and `percent`;
        "" leaves its place to what is drawn in the cell
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
    fills: tuple[str, ...] = ()
    zero: str = "0"
    in_percent: bool = False
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
        """The name of each band."""
        return [band.label for band in self.bands] or list(self.words.values())

    @property
    def page_labels(self) -> list[str]:
        """The name of each band in the unit that the page writes into cells."""
        return self.percent_labels if self.in_percent else self.labels

    @property
    def percent_labels(self) -> list[str]:
        """The name of each band, as files write it."""
        if not self.is_share:
            return self.labels
        first = f"up to {self.bands[0].high:.0%}" if self.bands == SHARE_BANDS else None
        spans = [_span(f"{band.low:.0%}", f"{band.high:.0%}") for band in self.bands]
        return [first or spans[0], *spans[1:]]

    def colours(self, theme: Theme) -> list[str]:
        """The colour of an open cell, and then of each band."""
        steps = self.fills or KINDS.values() if self.are_kinds else ordered(theme, len(self.labels))
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
        """What the page writes into a cell, a row of MATRIX_CELLS: `12`, `0.67`, `67%`, `high`."""
        value = getattr(cell, self.column)
        band = self.band(value)
        word = self.labels[band - 1] if band else self.zero if cell.rules else "open"
        return self.form.format(cell=cell, band=word, percent=self.text(value) if self.is_share else "")

    def by_quantiles(self, values: Iterable[float]) -> CellMeasure:
        """The same measure in bands that hold about as many of these values each; words keep theirs."""
        if not self.bands:
            return self
        written = "{:.2f}" if self.is_share and not self.in_percent else "{:g}"
        return replace(self, bands=quantile_bands(values, written) or self.bands)


def quantile_bands(values: Iterable[float], written: str = "{:g}", most: int = 5) -> tuple[Band, ...]:
    """At most `most` bands of the values above 0, each with about as many of them; equal values share one.

    A band goes from its least value to its greatest, so that its label says what is in it.
    """
    found = sorted(value for value in values if value > 0)
    last = {written.format(value): value for value in found}  # values that are written alike are one
    found = [last[written.format(value)] for value in found]
    cuts = {found[-(-len(found) * nth // most) - 1] for nth in range(1, most + 1)} if found else set()
    bands, low = [], found[0] if found else 0
    for cut in sorted(cuts):
        bands.append(Band(low, cut, _span(written.format(low), written.format(cut))))
        low = next((value for value in found if value > cut), cut)
    return tuple(bands)


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low}-{high}"


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
        in_percent=True,
        form="{percent}",
        number="share of its platforms with a rule",
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
        zero="unknown",
        form="{band}",
        number="highest severity",
        in_files=False,
    ),
    "gap": CellMeasure(
        title="Next step",
        column="gap_type",
        unit="next step that closes the gap",
        words={name: work.lower() for name, work in GAP_WORK.items()},
        are_kinds=True,
        zero="covered",
        form="{band}",
        number="next step",
        in_files=False,
    ),
    "status": CellMeasure(
        title="Enabled and disabled",
        column="status",
        unit="whether its rules are enabled",
        words={"disabled": "disabled only", "enabled": "enabled"},
        form="{cell.by_status}",
        number="enabled rules, and disabled ones",
        in_files=False,
    ),
}
PAGE_MEASURES = {name: measure for name, measure in CELL_MEASURES.items() if measure.on_page}
FILE_MEASURES = {name: measure for name, measure in CELL_MEASURES.items() if measure.in_files}


def score_factors(cell) -> str:
    """What the score of a cell is the product of, in words."""
    return f"depth {cell.depth:.2f} × platforms {cell.platforms_covered} of {cell.platforms_total}"
