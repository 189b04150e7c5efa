"""JSON text and lines of JSON (NDJSON): the values it holds, and the place of every value in the text.

The standard library reads it: text of the size of a whole rule export takes it a fraction of a second, it
finds keys that are written twice, and it can replace a lone surrogate, which no frame can
hold and other readers give the whole text up for. Independent of rule formats.
"""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any

from coverage.syntaxes import budget
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import (
    DocPath,
    Issue,
    Kept,
    Parsed,
    Positions,
    Syntax,
    Unparsable,
    add_issue,
    afford_signs,
    afford_time,
    path_text,
)

MAX_BYTES = 40_000_000  # an export of twenty thousand rules; more is not read in 5 s
MAX_FAULTS = 200_000  # lines of a text that are not JSON; with more of them it is something else
MAX_SIGNS = 4_000_000
MAX_SCANNED = 500_000  # values whose place is kept or skipped

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F]"
_SURROGATE = re.compile(rf"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}")  # one that has no other half beside it
_ESCAPE = re.compile(rf"{_HIGH}{_LOW}[0-9a-fA-F]{{2}}|(\\u[dD][89a-fA-F][0-9a-fA-F]{{2}})|\\.", re.DOTALL)
_LONE = re.compile("[\ud800-\udfff]")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}:]+")
_SPACE = re.compile(r"\s*")
_LINE = re.compile(r"[^\n]++")
_ANY_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'
_BRACKET = re.compile(rf"{_ANY_STRING}|[\[\]{{}}]", re.DOTALL)
_NUMBER = re.compile(rf"{_ANY_STRING}|-?\d[\d.eE+-]*+", re.DOTALL)


class Values(Parsed):
    """The JSON values of one text in order: one, or one a line.

    `faults` has (line, column, message) of lines that are not JSON; `offsets` where each value starts;
    `duplicates` the keys written more than once in a value, by its number (the last one is kept).
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults = Kept()
        self.offsets: list[int] = []
        self.duplicates = Kept("warning")


def parse(text: str) -> Values:
    """The values of a JSON text, or of a text with one value a line.

    NaN and Infinity are read as such, since other programs write them. In a text of lines, one that is not
    JSON goes to `faults` and the others are read.

    Raises
    ------
    Unparsable
        Code `bad-json`, with the line and column where reading stopped; `too-costly` for more values than the
        budget of the text's size allows.
    """
    afford_signs(text, budget.JSON_SIGNS)
    afford_time(sum(map(text.count, ",[")), MAX_SIGNS, "values")
    values = Values()
    try:
        _read(text, 0, values)
    except (ValueError, RecursionError) as error:  # not JSON, an endless number, or nesting beyond the stack
        if not _of_lines(text):
            raise _unparsable(error, text) from error
        return _lines(text)
    return values


def _unparsable(error: ValueError | RecursionError, text: str) -> Unparsable:
    if isinstance(error, json.JSONDecodeError):
        return Unparsable("bad-json", f"Not valid JSON: {error.msg}.", error.lineno, error.colno)
    at = _deepest(text) if isinstance(error, RecursionError) else _endless_number(text)
    place = (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return Unparsable("bad-json", f"Not readable as JSON: {_beyond(error)}.", *place)


def _beyond(error: ValueError | RecursionError) -> str:
    """What is beyond the reader's limits, in words of this place: the reader's own are about Python."""
    deep = "it is nested too deep"
    return (
        deep
        if isinstance(error, RecursionError)
        else f"a number has more than {sys.get_int_max_str_digits():,} digits"
    )


def _deepest(text: str) -> int:
    """The offset of the bracket within most others; of the first one beyond any limit."""
    depth = most = at = 0
    for sign in _BRACKET.finditer(text):
        depth += (sign[0] in "[{") - (sign[0] in "]}")
        if depth > most:
            most, at = depth, sign.start()
            if most > sys.getrecursionlimit():
                break
    return at


def _endless_number(text: str) -> int:
    """The offset of the first whole number with more digits than Python reads; 0 without one."""
    numbers = (sign for sign in _NUMBER.finditer(text) if len(sign[0]) > sys.get_int_max_str_digits())
    return next((sign.start() for sign in numbers if sign[0].removeprefix("-").isdigit()), 0)


def _read(text: str, offset: int, values: Values) -> None:
    def table(pairs: list[tuple[str, Any]]) -> dict:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            values.duplicates += ((len(values), key) for key, count in counts.items() if count > 1)
        return found

    values.append(json.loads(_whole(text), object_pairs_hook=table))
    values.offsets.append(offset)


def _whole(text: str) -> str:
    """A JSON text of the same length, where every half of a surrogate pair is replaced: such text cannot be
    stored.
    """
    if not _SURROGATE.search(text):
        return text
    return _ESCAPE.sub(lambda escape: "\\ufffd" if escape[1] else escape[0], text)


def _of_lines(text: str) -> bool:
    """Whether the first or the last line is an object of its own, as in NDJSON and never in indented JSON."""
    lines = text.strip()  # a line ends at a line feed alone: text may hold U+2028 and its like as they are
    first, last = lines.find("\n"), lines.rfind("\n")
    return first >= 0 and (_is_object(lines[:first]) or _is_object(lines[last + 1 :]))


def _is_object(line: str) -> bool:
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(line), dict)
    return False


def _is_json(line: str) -> bool:
    with suppress(ValueError, RecursionError):
        json.loads(line)
        return True
    return False


def _lines(text: str) -> Values:
    values, number, last = Values(), 1, 0
    for line in _LINE.finditer(text):
        number += text.count("\n", last, line.start())
        last = line.start()
        if line[0].isspace():
            continue
        try:
            _read(line[0], last, values)
        except json.JSONDecodeError as error:
            values.faults.append((number, error.colno, f"The line is not valid JSON: {error.msg}."))
        except (ValueError, RecursionError) as error:
            values.faults.append((number, 1, f"The line is not readable as JSON: {_beyond(error)}."))
        if len(values.faults) + values.faults.more > MAX_FAULTS:
            raise Unparsable(
                "bad-json",
                f"Not readable as JSON: over {MAX_FAULTS:,} of its lines are not valid.",
                number,
                1,
            )
    return values


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each value starts: document path -> 1-based (line, column), inside the quotes of a text.

    A path starts with the number of its value. Text that is not JSON gives nothing.

    Parameters
    ----------
    wanted
        The paths that are asked for, each after those above it; by default all.
    """
    try:
        offsets = _offsets(text) if wanted is not None else parse(text).offsets
    except Unparsable:
        return {}
    scanner = _Scanner(text, wanted)
    last = None if wanted is None else max((path[0] for path in wanted), default=-1)
    for place, offset in enumerate(offsets):
        if last is not None and place > last:
            break
        if wanted is None or (place,) in wanted:
            with suppress(_Lost, RecursionError):  # what was found so far is still right
                scanner.value(offset, (place,))
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return {path: _line_column(offset, starts) for path, offset in scanner.found.items()}


def _offsets(text: str) -> Iterable[int]:
    """Where each value of a text that was read starts, without keeping what was read."""
    if not _of_lines(text):
        return (0,)
    lines = (line for line in _LINE.finditer(text) if not line[0].isspace())
    return (line.start() for line in lines if _is_json(line[0]))


def _line_column(offset: int, starts: list[int]) -> tuple[int, int]:
    line = bisect_right(starts, offset)
    return (line, offset - starts[line - 1] + 1)


_SKIP = json.JSONDecoder().scan_once


class _Lost(Exception):
    """The scanner met text it does not understand."""


class _Scanner:
    """Walks JSON text that was accepted and keeps the offset of every value in `found`."""

    def __init__(self, text: str, wanted: Collection[DocPath] | None = None):
        self.text, self._wanted, self._passed = text, wanted, 0
        self.found: dict[DocPath, int] = {}

    def value(self, at: int, path: DocPath) -> int:
        """The offset after the value that starts at or after `at`."""
        at = self._after(_SPACE, at)
        if self._wanted is not None:
            self._passed += 1
            if self._passed > MAX_SCANNED:
                raise _Lost
            if path not in self._wanted:
                return self._beyond(at)
        first = self.text[at : at + 1]
        self.found[path] = at + 1 if first == '"' else at
        if first == "{":
            return self._table(at + 1, path)
        if first == "[":
            return self._list(at + 1, path)
        return self._after(_STRING if first == '"' else _SCALAR, at)

    def _beyond(self, at: int) -> int:
        """The offset after a value whose place nobody asks for."""
        try:
            return _SKIP(self.text, at)[1]
        except (ValueError, StopIteration) as error:
            raise _Lost from error

    def _after(self, pattern: re.Pattern[str], at: int) -> int:
        match = pattern.match(self.text, at)
        if match is None:
            raise _Lost
        return match.end()

    def _table(self, at: int, path: DocPath) -> int:
        while True:
            start = self._after(_SPACE, at)
            if self.text.startswith("}", start):
                return start + 1
            at = self._after(_STRING, start)
            key = json.loads(self.text[start:at], strict=False)
            at = self._after(_SPACE, at) + 1  # the colon
            at = self._next(self.value(at, (*path, _LONE.sub("�", key))))

    def _list(self, at: int, path: DocPath) -> int:
        place = 0
        while True:
            start = self._after(_SPACE, at)
            if self.text.startswith("]", start):
                return start + 1
            at = self._next(self.value(start, (*path, place)))
            place += 1

    def _next(self, at: int) -> int:
        at = self._after(_SPACE, at)
        return at + 1 if self.text.startswith(",", at) else at


JSON = Syntax("JSON", parse, positions)


class JsonFields(Fields):
    """`Fields` of a JSON value. Messages name a path without the number of its value."""

    __slots__ = ()

    def issue(self, below: DocPath, code: str, message: str, severity: str = "warning") -> None:
        """Add a fault at `below` this table (empty: the table itself); its path opens the message."""
        path = (*self.path, *below)
        add_issue(
            self.issues, Issue(path, code, severity, f"{path_text(path[1:]) or 'The object'} {message}.")
        )

    def day(self, key: str):
        """The date at `key`; a time after it is left out."""
        value = self.values.get(key)
        if type(value) is str and "T" in value:
            return Fields({key: value.partition("T")[0]}, self.path, self.issues).day(key)
        return super().day(key)


def each(document: Any) -> Iterator[tuple[Any, DocPath]]:
    """The values of a document with their paths; of a list, its items: several files' worth in one file."""
    for place, value in enumerate(document if isinstance(document, list) else ()):
        if isinstance(value, list):
            yield from ((item, (place, nth)) for nth, item in enumerate(value))
        else:
            yield (value, (place,))


def duplicate_keys(values: Any) -> Iterator[Issue]:
    """One warning `duplicate-key` a key that is written twice in one object."""
    for place, key in getattr(values, "duplicates", ()):
        message = f"The key {key[:60]!r} is written more than once in one object; the last one was read."
        yield Issue((place,), "duplicate-key", "warning", message)
