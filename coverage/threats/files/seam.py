"""What a format of threat files hands on: members as written, and what is wrong with the file.

Knows no ATT&CK release and no format: an ID here is whatever the file wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from coverage.syntaxes.syntax import DocPath, Issue, Syntax, path_text

TECHNIQUE = re.compile(r"\bT\d{4}(?:\.\d{3})?\b")
GROUP = re.compile(r"\bG\d{4}\b")
SOFTWARE = re.compile(r"\bS\d{4}\b")
CVE = re.compile(r"\bCVE-\d{4}-\d{4,}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WrittenUse:
    """One technique as a file names it: by ID, or by `name` where it gives no ID."""

    text: str
    path: DocPath
    weight: float = 1.0  # as written, such as a score or a count; 0: named, and not needed
    year: int | None = None  # last reported, where the file says so
    way: str = "direct"  # vocabulary.WAYS
    through: str | None = None  # the software or campaign of another way


@dataclass
class FileMember:
    """Somebody, or something, that a file says uses techniques."""

    name: str
    kind: str  # group, software, campaign, report, layer, list or CVEs
    path: DocPath = ()
    attack_id: str | None = None  # the ID of a group, software or campaign, where the file gives it
    uses: list[WrittenUse] = field(default_factory=list)
    software: list[tuple[str, DocPath]] = field(default_factory=list)  # IDs or names of software that it uses


@dataclass
class Named:
    """A group, campaign or software that a file names without saying what it uses."""

    kind: str
    text: str  # its ID, else its name
    path: DocPath


@dataclass
class FileContent:
    """What one file holds."""

    members: list[FileMember] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def note(self, path: DocPath, code: str, severity: str, message: str) -> None:
        """Add something that is wrong, or left out, at a place of the document, whose path opens a message
        that is no sentence by itself.
        """
        if not message.endswith("."):
            message = f"{path_text(path[1:]) or 'The file'} {message}."
        self.issues.append(Issue(path, code, severity, message))


@dataclass(frozen=True)
class ThreatFormat:
    """One format: how it is recognised, and what reads it.

    `read` gets the document, the name of the file and the CVEs that matter (None: every one).
    """

    title: str
    syntax: Syntax
    meant: Callable[[Any], bool]
    read: Callable[[Any, str, frozenset[str] | None], FileContent]


def weight_of(value: Any) -> float | None:
    """A score or count as a number, from text as well; None for what is no finite number."""
    if type(value) is str:
        try:
            value = float(value)
        except ValueError:
            return None
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def tables_at(table: Any, key: str, path: DocPath) -> Iterator[tuple[dict, DocPath]]:
    """The tables of the list at a key, with their paths; what is none is passed over."""
    values = table.get(key) if isinstance(table, dict) else None
    for place, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield value, (*path, key, place)
