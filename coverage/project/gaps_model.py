"""What may stand in gaps.toml: a model a table, and which entries can be used when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from coverage.project.validation import (
    MISSING,
    WRONG_TYPE,
    Day,
    Fault,
    NeededText,
    Table,
    Text,
    validated,
    without,
    wrong,
)
from coverage.syntaxes.syntax import DocPath, Issue, add_issue
from coverage.vocabulary import ACCEPTANCES

INCOMPLETE, BAD_STATE = "gap-incomplete", "gap-state"


def _state(state: str) -> str:
    if state not in ACCEPTANCES:
        raise wrong(BAD_STATE, f"is '{state[:40]}', neither {' nor '.join(ACCEPTANCES)}")
    return state


class _GapsTable(Table):
    unknown_words: ClassVar[str] = "is not known here; known are {}"


class GapTable(_GapsTable):
    """One `[[gap]]`."""

    id: Annotated[NeededText, AfterValidator(lambda text: text.strip().upper())]
    state: Annotated[NeededText, AfterValidator(_state)]
    reason: NeededText
    owner: NeededText
    ticket: Text = None
    tactic: Text = None
    until: Day = None


class GapsFile(_GapsTable):
    """The whole file. None: an entry that was left out, so that the others keep their places."""

    gap: list[GapTable | None] = Field(default_factory=list)


def usable_gaps(document: Mapping[str, Any]) -> tuple[list[tuple[DocPath, GapTable]], list[Issue]]:
    """The entries that can be used, each with its path, and what is wrong in the document.

    What is only worth a warning is taken out of its entry, and the entry counts. One with an error is left
    out.
    """
    issues: list[Issue] = []
    alone = type(document.get("gap")) is dict

    def add(fault: Fault, severity: str) -> None:
        path = _written_path(fault.path, alone)
        written = replace(fault, path=path)
        add_issue(issues, Issue(path, fault.code, severity, written.message))

    if alone:
        words = "is a table, not a list of tables; it was read as the only one"
        add(Fault(("gap",), WRONG_TYPE, words), "warning")
        document = {**document, "gap": [document["gap"]]}
    gaps_file, faults = validated(GapsFile, document)
    endless: set[DocPath] = set()  # entries whose last day cannot be read
    while warnings := [fault for fault in faults if fault.code not in (MISSING, BAD_STATE)]:
        for fault in warnings:
            add(fault, "warning")
        endless |= {fault.path[:2] for fault in warnings if fault.path[2:] == ("until",)}
        document = without(document, [fault.path for fault in warnings])
        gaps_file, faults = validated(GapsFile, document)
    errors = _one_an_entry(faults)
    for path in endless - errors.keys():
        words = "is not a date, so nobody can say whether it holds"
        errors[path] = Fault((*path, "until"), BAD_STATE, words)
    for fault in errors.values():
        add(fault, "error")
    if errors:
        gaps_file, _ = validated(GapsFile, without(document, errors))
    found = [
        (_written_path(("gap", place), alone), gap)
        for place, gap in enumerate(gaps_file.gap)
        if gap is not None
    ]
    return found, issues


def _one_an_entry(faults: Sequence[Fault]) -> dict[DocPath, Fault]:
    """Path of an entry -> its error. All that it lacks is one error, and comes before a bad state."""
    lacking: dict[DocPath, list[str]] = {}
    others: dict[DocPath, Fault] = {}
    for fault in faults:
        if fault.key is not None:
            lacking.setdefault(fault.path, []).append(fault.key)
        else:
            others[fault.path[:2]] = fault
    incomplete = {
        path: Fault(path, INCOMPLETE, f"has no {' and no '.join(keys)}") for path, keys in lacking.items()
    }
    return others | incomplete


def _written_path(path: DocPath, alone: bool) -> DocPath:
    """The path in the file, where a table alone was read as a list of one."""
    return (*path[:1], *path[2:]) if alone else path
