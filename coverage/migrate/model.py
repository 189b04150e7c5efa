"""What a migration plans: changes, open questions, and the new text of a file. Values without logic of
ATT&CK.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Why a mapping is left for a person.
QUESTION_CODES: dict[str, str] = {
    "split": "The tactic was split, and more than one part fits",
    "moved": "The technique left the tactic named and is in several others",
    "never": "The technique was in the tactic named in no installed release: one of the two is wrong",
    "tactic-unknown": "The tactic named is not one of this domain",
    "several": "The ID was revoked in favour of several",
    "newer": "The ID is from a newer release and has no single predecessor here",
    "deprecated": "The ID is deprecated without a replacement",
    "unknown": "No installed release knows the ID",
    "tag": "A tag names a tactic that this release does not have, and the mapping does not say which it "
    "became",
    "set": "A mapping set for another release is read here, and is left as it says what it is for",
    "layout": "The mapping is written in a way that cannot be rewritten in place",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is written anew: what it is, before and after ("" for none)."""

    kind: str  # technique, tactic, name, reference, tag, date
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question, before its rule is known. `tactic` is the tactic as written, None where it plays no
    part.
    """

    code: str
    written: str
    tactic: str | None
    choices: tuple[str, ...]
    reason: str
    path: tuple[str | int, ...] = field(default=(), compare=False)  # place in the parsed document
    # (id, title) of the rule, where the file has several
    rule: tuple[str | None, str | None] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Question:
    """One mapping that a machine cannot decide, with what a person can choose from."""

    corpus: str
    path: str
    rule_id: str | None
    rule: str  # name
    code: str
    written: str
    tactic: str | None
    choices: tuple[str, ...]
    reason: str
    line: int | None = None
    column: int | None = None

    @property
    def group(self) -> tuple:
        """What questions that one decision answers have in common."""
        return (self.code, self.written, self.tactic, self.choices)


@dataclass(frozen=True)
class RuleEdit:
    """What editing one text gave: the same text when nothing changed, changes, and what was left.

    `meant` has the values that some places must have when the new text is read again.
    """

    text: str
    changes: tuple[Change, ...] = ()
    asked: tuple[Asked, ...] = ()
    meant: Mapping[tuple[str | int, ...], Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FilePlan:
    """One file that changes or leaves a question. `before` and `after` are whole file contents."""

    corpus: str
    path: str  # relative to the corpus, POSIX
    location: str  # where to open it
    format: str
    rule_id: str | None
    rule: str
    before: bytes
    after: bytes
    changes: tuple[Change, ...] = ()
    questions: tuple[Question, ...] = ()
    fault: str | None = None  # why the new text may not be written: never expected

    @property
    def changed(self) -> bool:
        return self.after != self.before


@dataclass(frozen=True)
class Plan:
    """What a migration would do to all files, in corpus and path order."""

    target: str
    source: str | None
    files: tuple[FilePlan, ...]
    read: int  # files of a format that is migrated
    other_formats: int = 0  # rule files of formats that are left as they are
    unreadable: int = 0  # each of them stands under Problems
    outside: int = 0  # links that lead out of their corpus, skipped
    used: frozenset[Any] = frozenset()  # decisions that were used
    folders: frozenset[str] = frozenset()  # where the files lie that were read

    @property
    def changed(self) -> list[FilePlan]:
        return [file for file in self.files if file.changed and not file.fault]

    @property
    def faults(self) -> list[FilePlan]:
        return [file for file in self.files if file.fault]

    @property
    def questions(self) -> Iterator[Question]:
        return (question for file in self.files for question in file.questions)

    def summary(self) -> dict:
        """Counts for people and JSON: files read, changed and left, mappings and tags changed, questions by
        code.
        """
        changes = Counter(change.kind for file in self.changed for change in file.changes)
        return {
            "files_read": self.read,
            "files_changed": len(self.changed),
            "files_refused": len(self.faults),
            "files_with_questions": sum(bool(file.questions) for file in self.files),
            "files_of_other_formats": self.other_formats,
            "files_unreadable": self.unreadable,
            "files_outside": self.outside,
            "changes": dict(sorted(changes.items())),
            "questions": dict(sorted(by_code(self.questions).items())),
        }


def by_code(questions: Iterable[Question]) -> Counter:
    """How many questions there are of each code."""
    return Counter(question.code for question in questions)


def grouped(questions: Iterable[Question]) -> list[tuple[Question, list[Question]]]:
    """Questions that one decision answers, together: the first and all of them, the largest group first."""
    groups: dict[tuple, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.group, []).append(question)
    return [(group[0], group) for group in sorted(groups.values(), key=len, reverse=True)]
