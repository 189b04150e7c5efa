"""How files write what the matrix measures: bands with their colours, counts with their denominators."""

from __future__ import annotations

from coverage.measures.cell import CellMeasure
from coverage.palette import LIGHT


def legend(measure: CellMeasure) -> list[tuple[str, str]]:
    """(label, colour) of each band, least first; open cells are none of them."""
    return list(zip(measure.percent_labels, measure.colours(LIGHT)[1:], strict=True))


def number(value: float) -> str:
    """A count that may be a sum of shares: `161`, `161.25`."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0")


def ratio(covered: float, total: int) -> str:
    """A count with its denominator and its share; words where there is no denominator."""
    return f"{number(covered)} of {total:,} ({covered / total:.0%})" if total else "none in scope"
