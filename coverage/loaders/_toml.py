"""TOML text: the document it holds, and the place of every value in the text.

Places are looked for only in text that tomli accepted, and only when one is asked for. Knows no rule format.
"""

from __future__ import annotations

import tomli

from coverage.loaders._scan import Lines
from coverage.loaders.seam import Positions, Syntax, Unparsable
from coverage.syntaxes.toml_places import value_offsets


def parse(text: str) -> dict:
    """The document of a TOML text.

    Raises
    ------
    Unparsable
        Code `bad-toml`, with the line and column where tomli stopped (none for text nested too deeply).
    """
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise Unparsable("bad-toml", f"Not valid TOML: {error.msg}.", error.lineno, error.colno) from error
    except (ValueError, RecursionError) as error:  # an endless number, or nesting beyond tomli's limits
        raise Unparsable("bad-toml", f"Not readable as TOML: {error}.") from error


def positions(text: str) -> Positions:
    """Where each value starts: document path -> 1-based (line, column), inside the quotes of a text.

    A table written with a header is where its header starts; both header style and inline arrays and
    tables are walked. Text that is no TOML gives the places before its fault.
    """
    lines = Lines(text)
    return {path: lines.place(offset) for path, offset in value_offsets(text).items()}


TOML = Syntax("TOML", parse, positions)
