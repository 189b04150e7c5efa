"""Places in a text for syntaxes that are scanned here rather than by a library. Independent of syntaxes and
formats.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from typing import Any

from coverage.syntaxes import budget
from coverage.syntaxes.syntax import DocPath, Kept, Parsed, Positions, Syntax, afford_signs, afford_time

MAX_SIGNS = 600_000  # scanned in a few seconds
_SIGNS = ('"', "=", "{")


class Scanned(Parsed):
    """What a scan found: values, where each starts in the text, and (line, column, code, message) faults."""

    def __init__(self) -> None:
        super().__init__()
        self.offsets: dict[DocPath, int] = {}
        self.spans: dict[DocPath, tuple[int, int]] = {}
        self.faults = Kept()  # of (line, column, code, message)


class Lines:
    """The lines of a text, to find an offset's line and column."""

    def __init__(self, text: str):
        self._length = len(text)
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def start(self, line: int) -> int:
        """The offset at which a 1-based line starts; of a line after the last one, where the text ends."""
        return self._starts[line - 1] if line <= len(self._starts) else self._length

    def place(self, offset: int) -> tuple[int, int]:
        """The 1-based (line, column) of an offset."""
        line = bisect_right(self._starts, offset)
        return (line, offset - self._starts[line - 1] + 1)


def scanned_syntax(
    name: str,
    scan: Callable[..., Scanned],
    prices: Mapping[str, int] = budget.SCANNED_SIGNS,
) -> Syntax:
    """The syntax of a scan that never raises: it gives values and their places in one go.

    Parameters
    ----------
    prices
        Signs that open or part values, and the bytes that such a value takes at most: `parse` refuses a text
        that would take more than its budget.
    """

    def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
        lines, offsets = Lines(text), scan(text).offsets
        return {
            path: lines.place(offset) for path, offset in offsets.items() if wanted is None or path in wanted
        }

    def parse(text: str) -> Any:
        afford_signs(text, prices)
        afford_time(sum(map(text.count, _SIGNS)), MAX_SIGNS, "quotes, braces and values")
        return scan(text)

    return Syntax(name, parse, positions)
