"""What a rule format is to the rest: a `Loader`, the file it gets, and how it says what went wrong.

A new format is one file with one `Loader`, plus one line in `formats.LOADERS`. Knows no format, no
frame and no folder: a loader gets text and gives a `LoadResult`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coverage.loaders.components import ComponentTable
from coverage.loaders.platforms import PlatformTable
from coverage.models import LoadResult, Problem

# A place in a parsed document: keys and 0-based list positions, such as ("rule", "threat", 0, "technique").
DocPath = tuple[str | int, ...]
# Where each value of a document starts in its text: 1-based (line, column).
Positions = Mapping[DocPath, tuple[int, int]]


class Unparsable(Exception):
    """Text that breaks its syntax. Raised by `Syntax.parse` only, and caught at the per-file boundary."""

    def __init__(self, code: str, message: str, line: int | None = None, column: int | None = None):
        super().__init__(message)
        self.code, self.message, self.line, self.column = code, message, line, column


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
    positions: Callable[[str], Positions]  # never raises; may be incomplete


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file as a loader gets it. `folders` are its folders from the corpus's own folder down."""

    corpus: str
    path: str  # relative to the corpus, POSIX
    text: str
    content_hash: str = ""
    folders: tuple[str, ...] = ()

    def rule_key(self, nth: int = 0) -> str:
        """The key of the file's nth rule, counted from 0: `corpus/path`, then `corpus/path#1` ..."""
        return f"{self.corpus}/{self.path}" + (f"#{nth}" if nth else "")


@dataclass(frozen=True)
class Context:
    """What all files of one load share."""

    platforms: PlatformTable
    components: ComponentTable = field(default_factory=ComponentTable)


def any_text(text: str) -> bool:
    """True: every file of the suffix is meant to be a rule, so one that cannot be parsed is a problem."""
    return True


@dataclass(frozen=True)
class Loader:
    """One rule format. `LOADERS` asks every loader of a file's suffix in turn; the first sniff wins."""

    id: str
    title: str
    suffixes: tuple[str, ...]  # lower case, with the dot
    syntax: Syntax
    sniff: Callable[[RuleFile, Any], bool]
    read: Callable[[RuleFile, Any, Context], LoadResult]
    # Document path of each mapping's written leaf, in the order of WrittenMapping.position of the nth rule.
    leaf_paths: Callable[[Any, int], Sequence[DocPath]]
    # Whether a text could be a rule of this format, told before parsing by its words. A text that no
    # loader of its suffix means is passed over unparsed; one that is meant and breaks its syntax is a problem.
    meant: Callable[[str], bool] = any_text
    max_bytes: int = 5_000_000  # the largest file of the format that is read


@dataclass(frozen=True, slots=True)
class Issue:
    """A fault at a place of a document, before its line is known."""

    path: DocPath
    code: str
    severity: str
    message: str
    at: tuple[int, int] | None = None  # the (line, column), when it is known already


def problems_from(
    issues: Sequence[Issue], file: RuleFile, rule_id: str | None, syntax: Syntax
) -> list[Problem]:
    """One Problem an issue, in order, with the line of the value or of the nearest thing around it.

    The text is scanned for places only when there is an issue, so good files cost nothing.
    """
    placed = any(issue.at is None for issue in issues)
    positions = syntax.positions(file.text) if placed else {}
    return [
        Problem(
            file.path,
            *(issue.at or place_of(issue.path, positions)),
            rule_id,
            issue.code,
            issue.severity,
            issue.message,
            file.corpus,
        )
        for issue in issues
    ]


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
