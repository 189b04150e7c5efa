"""Plain text as a syntax: its lines, and where each is. Independent of what they hold."""

from __future__ import annotations

from collections.abc import Collection

from coverage.syntaxes import budget
from coverage.syntaxes.syntax import DocPath, Positions, Syntax, afford_signs


def parse(text: str) -> list[str]:
    """The lines of a text. Raises Unparsable (`too-costly`) for more than the budget of its size allows."""
    afford_signs(text, budget.CSV_SIGNS)
    return text.splitlines()


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each line starts: (number of the line,) -> 1-based (line, column). `wanted`: by default all."""
    lines = range(len(text.splitlines())) if wanted is None else (path[0] for path in wanted)
    return {(line,): (line + 1, 1) for line in lines}


LINES = Syntax("text", parse, positions)
