"""What a format of inventory files hands on: rows as written, and what is wrong with the file.

Knows neither the table of log sources nor an ATT&CK release: a word here is whatever the file wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any

from coverage.inventory.frames import ARRIVES
from coverage.syntaxes.fields import parsed_day
from coverage.syntaxes.syntax import DocPath, Issue, Syntax, path_text

MOST_SHOWN = 60  # characters of a value in a message
_EPOCH = datetime(1970, 1, 1)
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_MILLISECONDS = 100_000_000_000  # an epoch beyond it is not in seconds
_US = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4}),? +(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)? *([AaPp][Mm])?(?: *(?:UTC|Z))?"
)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,]\d+)? *(Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """One row of a file. `words`: what it may be called, as (kind, word), best first.

    `name`: what the file itself writes there, where that is more than its first word.
    """

    words: tuple[tuple[str, str], ...]
    path: DocPath
    name: str = ""
    platforms: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    last_event: datetime | None = None  # UTC
    volume: float | None = None
    unit: str | None = None
    quality: float | None = None
    state: str = ARRIVES  # or MISSING


@dataclass
class FileContent:
    """What one file holds. `platforms`: what it is about, where it says so; empty: anything."""

    rows: list[WrittenRow] = field(default_factory=list)
    platforms: tuple[str, ...] = ()
    issues: list[Issue] = field(default_factory=list)

    def note(self, path: DocPath, code: str, severity: str, message: str) -> None:
        """Add something that is wrong, or left out, at a place of the document."""
        self.issues.append(Issue(path, code, severity, message))


@dataclass(frozen=True)
class InventoryFormat:
    """One format: how it is recognised, what reads it, and whether what it leaves out does not arrive."""

    title: str
    syntax: Syntax
    meant: Callable[[Any], bool]
    read: Callable[[Any], FileContent]
    complete: bool = True


# ---- values --------------------------------------------------------------------------------------------


def moment_of(value: Any) -> datetime | None:
    """The moment that a value names, in UTC; None for anything else.

    ISO 8601, seconds or milliseconds since 1970, or as Splunk and the Azure portal write it
    (month/day/year hour:minute:second).
    """
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text):
            return _since_epoch(number_of(text))
        return _checked(_iso(text) or _us(text))
    return _since_epoch(number_of(value))


def _iso(text: str) -> datetime | None:
    if (day := parsed_day(text)) is not None:
        return datetime(day.year, day.month, day.day)
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    zone = (found[3] or "").upper().replace("UTC", "").replace("GMT", "").replace("Z", "")
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{zone or '+00:00'}")
        return moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _us(text: str) -> datetime | None:
    found = _US.fullmatch(text)
    if found is None:
        return None
    month, day, year, hour, minute, second = map(int, found.groups()[:6])
    if half := (found[7] or "").lower():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _since_epoch(seconds: float | None) -> datetime | None:
    if seconds is None:
        return None
    try:
        return _checked(_EPOCH + timedelta(seconds=seconds / 1000 if seconds > _MILLISECONDS else seconds))
    except OverflowError:
        return None


def _checked(moment: datetime | None) -> datetime | None:
    if moment is None or not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        return None
    return moment.replace(microsecond=0)


def number_of(value: Any) -> float | None:
    """A number, from text as well; None for what is no finite number of 0 or more."""
    if type(value) is str:
        text = value.strip().replace(",", "")
        value = float(text) if _NUMBER.fullmatch(text) else None
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) and number >= 0 else None


def short(value: Any) -> str:
    """A value as it stands in a message."""
    return f"'{str(value)[:MOST_SHOWN]}'"


def texts_of(value: Any) -> tuple[str, ...]:
    """The texts of a list, or of one text."""
    values = [value] if type(value) is str else value if isinstance(value, list) else ()
    return tuple(dict.fromkeys(one.strip() for one in values if type(one) is str and one.strip()))


# ---- tables --------------------------------------------------------------------------------------------


def header_of(document: Any) -> tuple[int, dict[str, int]]:
    """The place of a table's header, and of each of its columns by its name in small letters."""
    for place, row in enumerate(document if isinstance(document, list) else ()):
        if isinstance(row, list) and any(cell.strip() for cell in row):
            return place, {cell.strip().lower(): nth for nth, cell in reversed(list(enumerate(row)))}
    return 0, {}


def rows_under(document: Sequence[list[str]]) -> Iterator[tuple[DocPath, dict[str, str]]]:
    """The rows of a table that are not blank, by column, with their places."""
    head, columns = header_of(document)
    for place, row in enumerate(document[head + 1 :], head + 1):
        if any(cell.strip() for cell in row):
            yield (
                (place,),
                {name: row[nth].strip() if nth < len(row) else "" for name, nth in columns.items()},
            )


class Cells:
    """The values of one row. One that cannot be used is a problem, and the rest of the row is still read."""

    def __init__(self, values: Mapping[str, Any], path: DocPath, content: FileContent):
        self.values, self.path, self.content = values, path, content

    def first(self, names: Iterable[str]) -> Any:
        """The first value of some columns that is not blank."""
        found = (self.values.get(name) for name in names)
        return next((one for one in found if one is not None and str(one).strip()), None)

    def text(self, *names: str) -> str | None:
        value = self.first(names)
        return str(value).strip() if type(value) in (str, int, float) else None

    def number(self, *names: str) -> float | None:
        """The number there; what is none is a problem."""
        value = self.first(names)
        number = number_of(value)
        if value is not None and number is None:
            self._wrong("bad-number", f"{short(value)} is not a number of 0 or more, so it is not told.")
        return number

    def moment(self, *names: str) -> datetime | None:
        """The moment there; what is none is a problem."""
        value = self.first(names)
        moment = moment_of(value)
        if value is not None and moment is None and value not in (0, "0"):
            self._wrong("bad-date", f"{short(value)} is not a date, so the last event is not told.")
        return moment

    def _wrong(self, code: str, message: str) -> None:
        self.content.note(self.path, code, "warning", message)


def place_text(path: DocPath, of_lines: bool, line: int | None) -> str:
    """A place for people: the line of a table, the path of a value in a document."""
    if of_lines:
        return str(line or path[0] + 1)
    return path_text(path if path and path[0] != 0 else path[1:]) or "0"


def newest(moments: Iterable[datetime | None]) -> date | None:
    """The day of the newest moment; None without one."""
    return max((one.date() for one in moments if one is not None), default=None)
