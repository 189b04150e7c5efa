"""Tables of words in `data/`: read from CSV, looked up by kind and word.

Upper and lower case are the same. Independent of rule formats and of tables.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

# A log source, product or other term of a rule: (kind, word) pairs from the narrowest to the widest. Of them
# the first known one counts.
Term = Sequence[tuple[str, str]]


@dataclass
class WordTable:
    """Rows with a `kind` and a `word`, which may be a pattern such as `logs-endpoint.events.process*`."""

    rows: Sequence[Any] = ()
    faults: Sequence[str] = ()  # lines of the table that could not be used, one sentence each
    _by_word: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    _patterns: dict[str, list] = field(default_factory=dict, repr=False)
    _matched: dict[tuple[str, str], list] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for row in self.rows:
            self._by_word.setdefault((row.kind, row.word.lower()), row)
            self._patterns.setdefault(row.kind, []).append(row)

    def knows(self, kind: str, word: str) -> bool:
        """Whether the table has a row for a word of this kind."""
        return (kind, word.lower()) in self._by_word

    def first(self, term: Term) -> Any | None:
        """The row of a term's narrowest known word; None when all are unknown."""
        for kind, word in term:
            if (row := self._by_word.get((kind, word.lower()))) is not None:
                return row
        return None

    def matching(self, kind: str, text: str) -> list:
        """Every row of a kind whose word or pattern fits a text, in the table's order."""
        key = (kind, text.lower())
        if key not in self._matched:
            rows = self._patterns.get(kind, ())
            self._matched[key] = [row for row in rows if _fits(key[1], row.word.lower())]
        return self._matched[key]


def beginnings(kind: str, text: str) -> list[tuple[str, str]]:
    """A text and its beginnings, longest first: `Sysmon for Linux EventID 1`, ... `Sysmon for Linux`, ...
    `Sysmon`.
    """
    words = text.split()
    return [(kind, " ".join(words[:count])) for count in range(len(words), 0, -1)]


def _fits(text: str, pattern: str) -> bool:
    if "*" not in pattern and "?" not in pattern and "[" not in pattern:
        return text == pattern
    beginning = pattern[:-1]
    if pattern[-1] == "*" and "*" not in beginning and "?" not in beginning and "[" not in beginning:
        return text.startswith(beginning)  # most patterns; making an expression of each takes long
    return text == pattern or fnmatchcase(text, pattern)


def table_lines(
    path: Path, columns: Sequence[str], lost: str, row_of: Callable[[dict, int], Any | str]
) -> tuple[tuple, tuple[str, ...]]:
    """The rows `row_of` makes of a CSV file's lines, and one sentence a fault. Never raises.

    Parameters
    ----------
    lost
        What is unknown without the table, for the sentence.
    row_of
        A line and its number -> a row, or the sentence why it is not one.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return ((), (f"{path} could not be read, so {lost}: {error}",))
    lines = csv.DictReader(io.StringIO(text, newline=""))
    try:
        missing = [column for column in columns if column not in (lines.fieldnames or ())]
        if missing:
            return ((), (f"{path} has no column {', '.join(missing)}.",))
        read = [row_of(line, lines.line_num) for line in lines]
    except csv.Error as error:
        return ((), (f"{path} is not CSV, so {lost}: {error}.",))
    return (
        tuple(row for row in read if type(row) is not str),
        tuple(row for row in read if type(row) is str),
    )


@lru_cache(maxsize=4096)
def split_words(text: str | None) -> tuple[str, ...]:
    """The parts of a cell that `;` separates."""
    return tuple(part.strip() for part in (text or "").split(";") if part.strip())
