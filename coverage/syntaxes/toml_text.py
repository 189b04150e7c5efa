"""TOML text: the document it holds, and the place of every value in the text.

Places are looked for only in text that tomli accepted, and only when one is asked for. Independent of rule
formats.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import tomli

from coverage.syntaxes import budget
from coverage.syntaxes.scanned import Lines
from coverage.syntaxes.syntax import DocPath, Positions, Syntax, Unparsable, afford_signs, afford_time
from coverage.syntaxes.toml_places import value_offsets

MAX_PARTS = 50  # of a dotted key: tomli looks at all of them for each one
MAX_VALUES, MAX_LINES = 300_000, 1_000_000  # read in a few seconds
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_NO_DOTS = bytes(set(range(256)) - set(b".\n"))
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
        if len(text) > MAX_VALUES:
            afford_time(sum(map(text.count, "=,[{")), MAX_VALUES, "values")
            afford_time(text.count("\n"), MAX_LINES, "lines")
        if _may_have_a_long_key(text) and (dotted := _DOTTED.search(text)):
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


def _may_have_a_long_key(text: str) -> bool:
    """Whether a line has as many dots as a key too long: hardly any rule has, and the search costs as much as
    reading.
    """
    if text.count(".") < MAX_PARTS:
        return False
    dots_and_lines = text.encode("utf-8", "surrogatepass").translate(None, _NO_DOTS)
    return b"." * MAX_PARTS in dots_and_lines


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each value starts: document path -> 1-based (line, column), inside the quotes of a text.

    A table written with a header is where its header starts; both header style and inline arrays and
    tables are walked. Text that is not TOML gives the places before its fault. `wanted`: the paths that are
    asked for, by default all.
    """
    lines = Lines(text)
    offsets = value_offsets(text)
    return {path: lines.place(offset) for path, offset in offsets.items() if wanted is None or path in wanted}


TOML = Syntax("TOML", parse, positions)
