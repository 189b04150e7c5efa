"""Files that are no rules, such as an inventory or a threat picture: their bytes, and what is wrong with
them.

Each format of such files reads a document and lists issues; how these become problems is said here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from coverage.formats.registry import max_bytes
from coverage.formats.seam import MAX_BYTES
from coverage.loaders.sources import shown
from coverage.loaders.walk import file_bytes, too_large
from coverage.models import Problem
from coverage.syntaxes.budget import MAX_PROBLEMS
from coverage.syntaxes.syntax import Issue, Syntax, place_of
from coverage.words import amount


def given_bytes(path: Path, content: bytes | None = None) -> bytes:
    """What is in a file, or the `content` that was given in its place, within the same limit of size.

    Raises
    ------
    Unreadable
        As `loaders.walk.file_bytes`.
    """
    if content is None:
        return file_bytes(path)
    limit = max_bytes(path.name) or MAX_BYTES
    if len(content) > limit:
        raise too_large(len(content), limit)
    return content


def problems_of(path: str, issues: Iterable[Issue], syntax: Syntax | None, text: str) -> list[Problem]:
    """The issues of a file with their lines, in the order of the text. Of one severity no more than a budget
    is listed; the others are counted.

    Parameters
    ----------
    path : str
        As the file is named in messages.
    syntax, text
        What the places of issues are found by; None for a file that was not read.
    """
    by_severity: dict[str, list[Issue]] = {}
    for issue in issues:
        by_severity.setdefault(issue.severity, []).append(issue)
    kept = [issue for several in by_severity.values() for issue in several[:MAX_PROBLEMS]]
    wanted = {issue.path[:length] for issue in kept for length in range(1, len(issue.path) + 1)}
    places = syntax.positions(text, wanted) if syntax and kept else {}
    listed = [
        Problem(
            path, *(one.at or place_of(one.path, places)), None, one.code, one.severity, shown(one.message)
        )
        for one in kept
    ]
    listed.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
    for severity, several in by_severity.items():
        if len(several) > MAX_PROBLEMS:
            message = f"{amount(len(several) - MAX_PROBLEMS, 'more problem')} of this kind in the file."
            listed.append(Problem(path, None, None, None, "more-problems", severity, message))
    return listed
