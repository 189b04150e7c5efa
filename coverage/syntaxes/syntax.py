"""What a syntax is to the formats that share it: text -> document, the places of its values, and what went
wrong.

Independent of syntaxes and rule formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from coverage.syntaxes import budget

# A place in a parsed document: keys and 0-based list positions, such as ("rule", "threat", 0, "technique").
DocPath = tuple[str | int, ...]


# Where each value of a document starts in its text: 1-based (line, column).
Positions = Mapping[DocPath, tuple[int, int]]


class Unparsable(Exception):
    """Text that breaks its syntax. Raised by `Syntax.parse` only, and caught at the per-file boundary."""

    def __init__(self, code: str, message: str, line: int | None = None, column: int | None = None):
        super().__init__(message)
        self.code, self.message, self.line, self.column = code, message, line, column

    def bare(self) -> Unparsable:
        """The same fault without what it was raised in, which would keep the half-read text alive."""
        return Unparsable(self.code, self.message, self.line, self.column)


def _beyond_budget(size: int, what: str) -> Unparsable:
    limit = f"{budget.allowed(size) / 1e6:,.0f} MB of memory"
    rule = f"{budget.TIMES} times its size, at least {budget.FLOOR / 1e6:,.0f} MB"
    message = (
        f"Not read: its {what} would take more than {limit}, the limit for a file of this size ({rule})."
    )
    return Unparsable("too-costly", message, 1, 1)


def afford_signs(text: str, prices: Mapping[str, int]) -> None:
    """Nothing, when the values that a text's signs announce are within the budget of its size.

    Raises
    ------
    Unparsable
        Code `too-costly`.
    """
    affordable = budget.most(len(text), 1)
    if len(text) * max(prices.values()) <= affordable:  # nearly every rule: within it, whatever it holds
        return
    if budget.price(text, prices) > affordable:
        raise _beyond_budget(len(text), "values")


def afford_time(count: int, most: int, what: str) -> None:
    """Nothing, when a text does not have more of something than can be read in `budget.SECONDS`.

    Raises
    ------
    Unparsable
        Code `too-costly`.
    """
    if count > most:
        limit = f"the {most:,} that can be read in {budget.SECONDS} s"
        message = f"Not read: it has {count:,} {what}, more than {limit}."
        raise Unparsable("too-costly", message, 1, 1)


class Bill:
    """What the things read from one file cost so far."""

    def __init__(self, size: int):
        self._size, self._spent, self._allowed, self._rules = size, 0, budget.allowed(size), 0

    def charge(self, price: int, what: str) -> None:
        """Add the price of one rule. Raises Unparsable (`too-costly`) when that is more than the file's
        budget.
        """
        self._rules += 1
        afford_time(self._rules, budget.MAX_RULES, "rules")
        self._spent += price
        if self._spent > self._allowed:
            raise _beyond_budget(self._size, what)


class Kept(list):
    """The first faults of a text, and how many `more` of which severity there were."""

    def __init__(self, severity: str = "error", most: int = budget.MAX_PROBLEMS):
        super().__init__()
        self.severity, self.most, self.more = severity, most, 0

    def append(self, value: Any) -> None:
        """Keep a value, or count it."""
        if len(self) < self.most:
            super().append(value)
        else:
            self.more += 1

    def extend(self, values: Iterable[Any]) -> None:
        """Keep values, or count them."""
        for value in values:
            self.append(value)

    def __iadd__(self, values: Iterable[Any]) -> Kept:
        self.extend(values)
        return self


class Parsed(list):
    """The values of one text in order. Formats keep here, by their id, what they would work out again."""

    def __init__(self, values: Sequence[Any] = ()):
        super().__init__(values)
        self.known: dict[str, Any] = {}


@dataclass(frozen=True)
class Syntax:
    """How text becomes a document, and where in the text its values stand. Shared by formats."""

    name: str
    parse: Callable[[str], Any]  # raises Unparsable
    # Of a text, and of the paths that are asked for (default: all). Never raises; may be incomplete.
    positions: Callable[..., Positions]


@dataclass(frozen=True, slots=True)
class Issue:
    """A fault at a place of a document, before its line is known."""

    path: DocPath
    code: str
    severity: str
    message: str
    at: tuple[int, int] | None = None  # the (line, column), when it is already known


def add_issue(issues: list[Issue], issue: Issue) -> None:
    """Add an issue to those of a rule; of one that has thousands, the later ones only by their kind."""
    if len(issues) < budget.MAX_ISSUES:
        issues.append(issue)
    else:
        issues.append(further(issue.code, issue.severity))


@cache
def further(code: str, severity: str) -> Issue:
    """One more issue of a kind, where so many are listed in full that nobody reads more."""
    return Issue((), code, severity, "There are more problems of this kind.", (1, 1))


def place_of(path: DocPath, positions: Positions) -> tuple[int | None, int | None]:
    """The (line, column) of a document path, or of its nearest known ancestor; (None, None) without one."""
    while path:
        if path in positions:
            return positions[path]
        path = path[:-1]
    return (None, None)


def path_text(path: DocPath) -> str:
    """A document path for people: `rule.threat[0].technique[1].id`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
