"""TOML text: the document it holds, and the place of every value in the text.

The place scanner runs only over text that tomli accepted, and only when a place is asked for.
Knows no rule format.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from contextlib import suppress

import tomli

from coverage.loaders import budget
from coverage.loaders.seam import DocPath, Positions, Syntax, Unparsable, afford_signs, afford_time

MAX_PARTS = 50  # of a dotted key: tomli looks at all of them for each one
MAX_VALUES, MAX_LINES = 300_000, 1_000_000  # read in a few seconds
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DOTTED = re.compile(rf"""(?<![\w"'-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_PARTS}}}""")


def parse(text: str) -> dict:
    """The document of a TOML text.

    Raises
    ------
    Unparsable
        Code `bad-toml`, with the line and column where tomli stopped (none for text nested too deeply);
        `too-costly` for more values than the budget of the text's size allows.
    """
    try:
        afford_signs(text, budget.TOML_SIGNS)
        afford_time(sum(map(text.count, "=,[{")), MAX_VALUES, "values")
        afford_time(text.count("\n"), MAX_LINES, "lines")
        if dotted := _DOTTED.search(text):
            place = (
                text.count("\n", 0, dotted.start()) + 1,
                dotted.start() - text.rfind("\n", 0, dotted.start()),
            )
            raise Unparsable("bad-toml", f"Not readable as TOML: a key of over {MAX_PARTS} parts.", *place)
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise Unparsable("bad-toml", f"Not valid TOML: {error.msg}.", error.lineno, error.colno) from error
    except (ValueError, RecursionError) as error:  # an endless number, or nesting beyond tomli's limits
        raise Unparsable("bad-toml", f"Not readable as TOML: {error}.") from error


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each value starts: document path -> 1-based (line, column), inside the quotes of a text.

    A table written with a header is where its header starts; both header style and inline arrays and
    tables are walked. Text that is no TOML gives the places before its fault. `wanted`: the paths that are
    asked for, by default all.
    """
    scanner = _Scanner(text)
    with suppress(_Lost, RecursionError):  # what was found so far is still right
        scanner.scan()
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return {
        path: _line_column(offset, starts)
        for path, offset in scanner.found.items()
        if wanted is None or path in wanted
    }


def _line_column(offset: int, starts: list[int]) -> tuple[int, int]:
    line = bisect_right(starts, offset)
    return (line, offset - starts[line - 1] + 1)


TOML = Syntax("TOML", parse, positions)

_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY = re.compile(r'"(?:[^"\\\n]++|\\.)*+"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
_STRING = re.compile(
    r'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^\s,#\]}]+(?: \d[^\s,#\]}]*)?")  # a date and its time may have a space between them
_QUOTES = re.compile(r'"""\r?\n?|\'\'\'\r?\n?|"|\'')


class _Lost(Exception):
    """The scanner met text it does not understand."""


class _Scanner:
    """Walks TOML text once and notes the offset of every value in `found`."""

    def __init__(self, text: str):
        self.text, self.at = text, 0
        self.found: dict[DocPath, int] = {}
        self.lengths: dict[DocPath, int] = {}  # arrays of tables written with [[headers]]

    def scan(self) -> None:
        table: DocPath = ()
        self._skip(_GAP)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_GAP)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Lost
        self.at = match.end()
        return match.group()

    def _take(self, token: str) -> bool:
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise _Lost

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(_unquoted(self._skip(_KEY)))
            self._skip(_SPACE)
            if not self._take("."):
                return keys

    def _header(self) -> DocPath:
        start = self.at
        many = self._take("[[")
        if not many:
            self._need("[")
        *parents, last = self._keys()
        self._need("]]" if many else "]")
        path = self._newest((*self._inside(parents), last), many)
        self.found.setdefault(path, start)
        if many:
            self.found.setdefault(path[:-1], start)
        return path

    def _inside(self, keys: list[str]) -> DocPath:
        path: DocPath = ()
        for key in keys:
            path = (*path, key)
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        return path

    def _newest(self, path: DocPath, many: bool) -> DocPath:
        if not many:
            return path
        place = self.lengths.get(path, 0)
        self.lengths[path] = place + 1
        return (*path, place)

    def _pair(self, table: DocPath) -> None:
        path = (*table, *self._keys())
        self._need("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: DocPath) -> None:
        first = self.text[self.at : self.at + 1]
        self.found[path] = self.at
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif first in ('"', "'"):
            quotes = _QUOTES.match(self.text, self.at)
            self.found[path] = quotes.end() if quotes else self.at
            self._skip(_STRING)
        else:
            self._skip(_SCALAR)

    def _array(self, path: DocPath) -> None:
        self._need("[")
        place = 0
        while True:
            self._skip(_GAP)
            if self._take("]"):
                return
            self._value((*path, place))
            place += 1
            self._skip(_GAP)
            if not self._take(","):
                self._need("]")
                return

    def _inline_table(self, path: DocPath) -> None:
        self._need("{")
        while True:
            self._skip(_GAP)
            if self._take("}"):
                return
            self._pair(path)
            self._skip(_GAP)
            if not self._take(","):
                self._need("}")
                return


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    try:
        return next(iter(tomli.loads(f"{key} = 0")))
    except tomli.TOMLDecodeError:
        return key[1:-1]
