"""What a rule format is to the rest: a `Loader`, the file it gets, and what it gives back.

A new format is one file with one `Loader`, plus one line in `formats.LOADERS`. Independent of formats, frames
and folders: a loader gets text and gives a `LoadResult`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from coverage.formats.platforms import PlatformTable
from coverage.log_sources import LogSourceTable
from coverage.models import LoadResult
from coverage.syntaxes.syntax import DocPath, Syntax


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
    log_sources: LogSourceTable = field(default_factory=LogSourceTable)


MAX_BYTES = 5_000_000  # of formats without a limit of their own: the largest real rule is under 100 kB


def any_text(text: str) -> bool:
    """True: every file of the suffix is meant to be a rule, so one that cannot be parsed is a problem."""
    return True


def as_it_is(corpus: LoadResult) -> LoadResult:
    """The corpus as it is."""
    return corpus


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
    # Whether a text could be a rule of this format, decided before parsing by its words. A text that
    # no loader of its suffix wants is skipped unparsed; one that is wanted and breaks its syntax is a
    # problem.
    meant: Callable[[str], bool] = any_text
    max_bytes: int = MAX_BYTES  # the largest file of the format that is read
    # What a corpus is once all its files are read: rules of this format may replace one another.
    settled: Callable[[LoadResult], LoadResult] = as_it_is
