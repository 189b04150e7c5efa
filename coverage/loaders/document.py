"""One rule file for the detail page: its text, all of its tables, and where a mapping is in it.

Read when a page asks, never during loading. Nothing here raises on any file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage.formats.registry import chosen
from coverage.formats.seam import RuleFile
from coverage.loaders.places import Places
from coverage.loaders.sources import shown
from coverage.loaders.walk import Unreadable, file_bytes, text_of
from coverage.models import Problem
from coverage.syntaxes.syntax import Unparsable


@dataclass(frozen=True)
class RuleDocument:
    """A rule file as it is. `tables` is None, and `problem` says why, when it could not be parsed."""

    text: str
    tables: Any = None
    format: str | None = None  # a key of LOADERS; None when no format takes the file
    problem: Problem | None = None


def rule_document(source_path: Path) -> RuleDocument:
    """The text and the parsed tables of a rule file of at most walk.MAX_BYTES.

    Codes of its one problem: `too-large`, `not-a-file`, `unreadable-file` (no text), `empty-file`,
    `not-utf8` (no text at all; with replacement characters), `bad-toml`.
    """
    name, data = shown(source_path.name), b""
    try:
        data = file_bytes(source_path)
        text, _ = text_of(data)
    except Unreadable as fault:
        problem = _problem(name, fault.code, fault.message, fault.line)
        return RuleDocument(data.decode("utf-8", "replace"), problem=problem)
    try:
        loader, document = chosen(RuleFile("", name, text))
    except Unparsable as fault:
        return RuleDocument(text, problem=_problem(name, fault.code, fault.message, fault.line, fault.column))
    return RuleDocument(text, document, loader.id if loader else None)


def rule_text(source_path: Path) -> str:
    """The text of a rule file, or no text when it cannot be read."""
    try:
        return text_of(file_bytes(source_path))[0]
    except Unreadable:
        return ""


def _problem(
    path: str, code: str, message: str, line: int | None = None, column: int | None = None
) -> Problem:
    return Problem(path, line, column, None, code, "error", message)


def locate(text: str, format_id: str, position: int, nth: int = 0) -> tuple[int, int] | None:
    """The 1-based (line, column) of the leaf ID of a mapping in its file; None when it is unknown.

    Parameters
    ----------
    text
        The file's text, as in `RuleDocument.text`.
    format_id
        The rule's `format`.
    position
        The mapping's `position` in the WRITTEN frame.
    nth
        Which rule of the file, counted from 0.
    """
    return Places(text, format_id).of(position, nth=nth)
