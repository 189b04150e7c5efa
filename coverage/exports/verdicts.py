"""The verdicts of a gate as JSON and as GitHub annotations. Knows no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from coverage.changes.gate import Missing, Verdict
from coverage.changes.rule_diff import UnreadableFile
from coverage.exports.annotations import DATA, PROPERTY, escaped

VERSION = 1
_MOST_RULES = 10  # GitHub shows ten annotations of a step


def verdicts_json(
    verdicts: Sequence[Verdict], settings_file: str, unreadable: Sequence[UnreadableFile] = ()
) -> dict:
    """Every verdict with what is missing, and the files that cannot be read, as JSON-ready values."""
    return {
        "version": VERSION,
        "passed": all(verdict.passed for verdict in verdicts),
        "settings": settings_file,
        "conditions": [
            asdict(verdict) | {"missing": [asdict(one) for one in verdict.missing]} for verdict in verdicts
        ],
        "unreadable_files": [asdict(file) for file in unreadable],
    }


def verdict_annotations(
    verdicts: Sequence[Verdict], settings_file: str, file_of: Callable[[Missing], str]
) -> bytes:
    """One `::error` a condition that does not hold, at its line in the settings, and one a rule that is
    behind it.
    """
    lines = [
        line for verdict in verdicts if not verdict.passed for line in _lines(verdict, settings_file, file_of)
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _lines(verdict: Verdict, settings_file: str, file_of: Callable[[Missing], str]) -> Iterator[str]:
    names = ", ".join(_name(one) for one in verdict.missing[:20] if one.attack_id)
    message = f"{verdict.found}; wanted: {verdict.wanted}. To do: {verdict.advice}" + (
        f" ({names})" if names else ""
    )
    yield _line(settings_file, verdict.line, verdict.title, message)
    rules = [one for one in verdict.missing if one.path is not None]
    yield from (
        _line(file_of(one), 1, verdict.title, f"{one.name}: {one.why}") for one in rules[:_MOST_RULES]
    )


def _name(missing: Missing) -> str:
    return f"{missing.attack_id} {missing.accepted}" if missing.accepted else missing.attack_id or ""


def _line(file: str, line: int | None, title: str, message: str) -> str:
    properties = ",".join(
        f"{key}={escaped(str(value), PROPERTY)}"
        for key, value in (("file", file), ("line", line or 1), ("title", title))
    )
    return f"::error {properties}::{escaped(message, DATA)}"
