"""CSV text: its rows, and where each cell is. Independent of rule formats and of what columns mean.

The standard library reads good text. What it gives up (a quote that is never closed, a cell beyond the limit
that it keeps for the whole process) is scanned here instead, so that one broken cell costs no other one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple, TypeVar

from coverage.syntaxes import budget
from coverage.syntaxes.syntax import DocPath, Kept, Positions, Syntax, afford_signs, afford_time

HEAD = 10_000  # characters within which a header ends
MAX_COLUMNS = 1_000
MAX_CELL = 500_000  # characters
MAX_SCANNED = 500_000  # cells and lines that are scanned here in a few seconds
_SEP_LINE = re.compile(r'[\r\n]*+"?sep=([^\w\s"]|\t)"?[ ]*(?:\r\n?|\n|\Z)', re.IGNORECASE)
_MARKS = re.compile("\ufeff*")
_LINE = re.compile(r"[\r\n]*+([^\r\n]*)")
_LINES = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]++\Z")
_BLANKS = re.compile(r"\s*")
_OPENS = re.compile(r' *+"')
_QUOTED = re.compile(r' *+"([^"]*+(?:""[^"]*+)*+)"')  # possessive: no way back, so linear in any text
_OPEN = ("error", "The quote that opens here is not closed, so it was read as part of the text.")
_GOES_ON = ("warning", "The cell goes on after its closing quote, so the row may be cut in the wrong places.")
_TOO_LONG = ("error", f"The cell has over {MAX_CELL:,} characters; the rest was not read.")

Result = TypeVar("Result")


class Cell(NamedTuple):
    """One cell: where its text starts, inside quotes and after blanks, and its text."""

    start: int
    value: str


def layout(text: str) -> tuple[str, int]:
    """The separator of a table, and the offset of its rows: Excel writes a line `sep=;` before them."""
    start = _MARKS.match(text).end()
    if line := _SEP_LINE.match(text, start):
        return (line[1], line.end())
    first = _LINE.match(text, start, start + HEAD)[1]
    return (max(",;\t", key=first.count), start)


def header(text: str) -> list[str]:
    """The cells of the first row that is not blank; none without one."""
    rows = ([cell.value.strip() for cell in row] for row in scanned(text[:HEAD]))
    return next(filter(any, rows), [])


def read(text: str, table: Callable[[Iterable[list[str]]], Result]) -> tuple[Result, Kept]:
    """What `table` makes of the rows of a text, and what is wrong with the text. `table` may be called twice.

    Raises
    ------
    Unparsable
        Code `too-costly`: more rows than the budget of the text's size allows, or too many to look for a
        quote.
    """
    afford_signs(text, budget.CSV_SIGNS)
    separator, start = layout(text)
    lines = (line[0] for line in _LINES.finditer(text, start))
    try:
        return (table(csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)), Kept())
    except csv.Error:
        cells = text.count(separator) + text.count("\n") + text.count("\r")
        afford_time(cells, MAX_SCANNED, "cells and lines and an open quote among them")
        faults = Kept()
        return (table([cell.value for cell in row] for row in scanned(text, faults)), faults)


def scanned(text: str, faults: Kept | None = None) -> Iterator[list[Cell]]:
    """The rows of any text, as the standard library reads it where it can; what is wrong goes to `faults`."""
    separator, at = layout(text)
    scanner = _Scanner(text, separator, Kept() if faults is None else faults)
    row: list[Cell] = []
    more = at < len(text)
    while more:
        cell, at = scanner.cell(at)
        if len(row) < MAX_COLUMNS:
            row.append(cell if len(cell.value) <= MAX_CELL else scanner.cut(cell))
        if within := text.startswith(separator, at):
            at += 1
        else:
            yield row
            row, at = [], scanner.next_line(at)
        more = within or at < len(text)


class _Scanner:
    """Reads one cell of a text after the other."""

    def __init__(self, text: str, separator: str, faults: Kept):
        self.text, self.faults = text, faults
        self._plain = re.compile(rf"[^{re.escape(separator)}\r\n]*")

    def cell(self, at: int) -> tuple[Cell, int]:
        """The cell that starts at an offset, and the offset of the separator or line end after it."""
        opened = _OPENS.match(self.text, at)
        if opened is None:
            return self._from(at)
        quoted = _QUOTED.match(self.text, at)
        if quoted is None or self._runs_into_another(quoted):
            self.faults.append((opened.end() - 1, *_OPEN))
            return self._from(opened.end())
        end = self._end(quoted.end())
        rest = self.text[quoted.end() : end]
        if rest.strip():
            self.faults.append((quoted.end(), *_GOES_ON))
        return (self._cell(quoted.start(1), quoted.end(1), quoted[1].replace('""', '"') + rest), end)

    def cut(self, cell: Cell) -> Cell:
        """The start of a cell that is too long, and a fault."""
        self.faults.append((cell.start, *_TOO_LONG))
        return Cell(cell.start, cell.value[:MAX_CELL])

    def next_line(self, at: int) -> int:
        """The offset after the line end at an offset."""
        return at + (2 if self.text.startswith("\r\n", at) else 1)

    def _runs_into_another(self, quoted: re.Match[str]) -> bool:
        """Whether a quoted text of several lines ends amid a cell: what closes it is then the quote of
        another cell.
        """
        rest = self.text[quoted.end() : self._end(quoted.end())]
        return bool(rest.strip()) and ("\n" in quoted[1] or "\r" in quoted[1])

    def _from(self, at: int) -> tuple[Cell, int]:
        end = self._end(at)
        return (self._cell(at, end, self.text[at:end]), end)

    def _cell(self, start: int, end: int, value: str) -> Cell:
        return Cell(_BLANKS.match(self.text, start, end).end(), value)

    def _end(self, at: int) -> int:
        return self._plain.match(self.text, at).end()


def parse(text: str) -> list[list[str]]:
    """The rows of a table; blank ones stay, so that a row's place is its number."""
    rows, _ = read(text, list)
    return rows


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each row starts: (number of the row,) -> 1-based (line, column).

    Parameters
    ----------
    wanted
        The rows that are asked for, by default all.
    """
    _, start = layout(text)
    line = text.count("\n", 0, start) + 1
    last = max((path[0] for path in wanted), default=-1) if wanted is not None else None
    lines = _LINES.findall(text, start)
    if all(one.count('"') % 2 == 0 for one in lines):  # no cell of several lines: a row a line
        end = len(lines) if last is None else last + 1
        return {(row,): (line + row, 1) for row in range(end)}
    found: dict[DocPath, tuple[int, int]] = {}
    at = start
    for row, cells in enumerate(scanned(text)):
        if last is not None and row > last:
            break
        line += text.count("\n", at, cells[0].start) if cells else 0
        at = max(at, cells[0].start if cells else at)
        found[(row,)] = (line, 1)
    return found


TABLE = Syntax("CSV", parse, positions)
