"""The problems of one file: issues of any format with their lines, the first ones of each severity.

A file can be wrong in a million places. Of each severity the first `budget.MAX_PROBLEMS` are listed, and one
problem `more-problems` at the end counts the others. Independent of formats and syntaxes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from coverage.formats.seam import RuleFile
from coverage.models import Problem
from coverage.syntaxes import budget
from coverage.syntaxes.syntax import Issue, Kept, Parsed, Syntax, place_of
from coverage.words import amount

MORE = "more-problems"
_SEVERITIES = ("error", "warning", "note")  # the worst first


class FileProblems:
    """The problems of one file, in the order in which they were met."""

    def __init__(self, file: RuleFile):
        self._file = file
        self._kept: list[tuple[Issue, str | None] | Problem] = []
        self._counts: Counter[str] = Counter()
        self._unlisted: Counter[str] = Counter()
        self._same: dict[str, Problem] = {}

    def __bool__(self) -> bool:
        return any(self._counts.values())

    def add(self, issues: Iterable[Issue], rule_id: str | None, severity: str | None = None) -> None:
        """Add the issues of one rule, or of the file. `severity`: the one that they all have here."""
        for issue in issues:
            if self._counted(severity or issue.severity):
                issue = replace(issue, severity=severity) if severity else issue
                self._kept.append((issue, rule_id))
        self.more(getattr(issues, "more", 0), severity or "warning")

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Add problems whose lines are known; a repeated message takes no place among those listed."""
        for problem in problems:
            if problem.message in self._same:
                self._kept.append(self._same[problem.message])
            elif self._counted(problem.severity):
                self._same[problem.message] = problem
                self._kept.append(problem)
        self.more(getattr(problems, "more", 0), "note")

    def more(self, count: int, severity: str) -> None:
        """Count problems that were not kept."""
        self._counts[severity] += count
        self._unlisted[severity] += count

    def more_of(self, document: object) -> None:
        """Count the faults of a text beyond those that its `Kept` lists hold."""
        for found in vars(document).values() if isinstance(document, Parsed) else ():
            if isinstance(found, Kept):
                self.more(found.more, found.severity)

    def _counted(self, severity: str) -> bool:
        self._counts[severity] += 1
        is_listed = self._counts[severity] <= budget.MAX_PROBLEMS
        self._unlisted[severity] += not is_listed
        return is_listed

    def listed(self, syntax: Syntax) -> list[Problem]:
        """One Problem an issue, in order, with the line of the value or of the nearest one around it.

        The text is scanned for places only when an issue needs one, so good files cost nothing.
        """
        issues = [one[0] for one in self._kept if type(one) is tuple and one[0].at is None]
        wanted = {issue.path[:end] for issue in issues for end in range(1, len(issue.path) + 1)}
        positions = syntax.positions(self._file.text, wanted) if wanted else {}
        listed = [one if type(one) is Problem else self._problem(*one, positions) for one in self._kept]
        return listed + self._closing()

    def _problem(self, issue: Issue, rule_id: str | None, positions) -> Problem:
        return Problem(
            self._file.path,
            *(issue.at or place_of(issue.path, positions)),
            rule_id,
            issue.code,
            issue.severity,
            issue.message,
            self._file.corpus,
        )

    def _closing(self) -> list[Problem]:
        more = {name: self._unlisted[name] for name in _SEVERITIES if self._unlisted[name]}
        if not more:
            return []
        parts = [amount(count, name) for name, count in more.items()]
        message = f"{amount(sum(more.values()), 'more problem')} in this file: {', '.join(parts)}."
        worst = next(iter(more))
        return [Problem(self._file.path, None, None, None, MORE, worst, message, self._file.corpus)]


def problems_from(
    issues: Sequence[Issue], file: RuleFile, rule_id: str | None, syntax: Syntax
) -> list[Problem]:
    """The problems of a file that holds one rule."""
    if not issues:
        return []
    problems = FileProblems(file)
    problems.add(issues, rule_id)
    return problems.listed(syntax)
