"""Answers to open questions: a TOML file of `[[decision]]` tables, read, matched and written.

Knows questions, not rules or texts. `to` is a technique, one or more tactics, or one of the words below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coverage.migrate.model import Asked, Question
from coverage.outside.atomic import replaced_file
from coverage.syntaxes.syntax import Unparsable
from coverage.syntaxes.toml_text import parse
from coverage.vocabulary import id_kind

KEEP, REMOVE = "keep", "remove"
FILE_NAME = "migrate-decisions.toml"
_KEYS = ("from", "to", "tactic", "rule", "reason")


class DecisionError(ValueError):
    """A decisions file that cannot be used: one sentence that names the file, the decision and the cause."""


@dataclass(frozen=True)
class Decision:
    """What to write for an ID: a technique, tactics, or neither (`keep` leaves it, `remove` takes it out)."""

    written: str
    to: tuple[str, ...]
    reason: str
    tactic: str | None = None
    rule: str | None = None
    number: int = field(default=0, compare=False)  # place in its file, from 1

    @property
    def word(self) -> str | None:
        """`keep` or `remove`, when it is one of these."""
        return self.to[0] if self.to[0] in (KEEP, REMOVE) else None

    @property
    def technique(self) -> str | None:
        """The technique or sub-technique to write instead."""
        return next((one for one in self.to if id_kind(one) in ("technique", "subtechnique")), None)

    @property
    def tactics(self) -> tuple[str, ...]:
        """The tactics to write it under."""
        return tuple(one for one in self.to if id_kind(one) == "tactic")

    def fits(self, written: str, tactic: str | None, names: Iterable[str | None]) -> bool:
        """Whether it is about this ID, under this tactic, in the rule that has these names (id, path,
        title).
        """
        return (
            self.written == written
            and self.tactic in (None, tactic)
            and (self.rule is None or self.rule in names)
        )


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions of a file, those for one rule first, then those for one tactic; else in their order.

    Raises
    ------
    DecisionError
        When the file cannot be read, or a decision is not one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DecisionError(f"{path}: {error.strerror or error}") from error
    return decisions_from(data, str(path))


def decisions_from(data: bytes, source: str) -> tuple[Decision, ...]:
    """The same of a file's content. `source` opens every message."""
    try:
        return decisions_of(parse(data.decode("utf-8-sig")), source)
    except UnicodeDecodeError as error:
        raise DecisionError(f"{source}: not UTF-8 text") from error
    except Unparsable as fault:
        raise DecisionError(f"{source}:{fault.line or 1}: {fault.message}") from fault


def decisions_of(tables: dict, source: str) -> tuple[Decision, ...]:
    """The same of a parsed file. `source` opens every message."""
    rows = tables.get("decision", [])
    if not isinstance(rows, list) or set(tables) - {"decision"}:
        raise DecisionError(f"{source}: a decisions file holds [[decision]] tables and nothing else")
    found = [_decision(row, number, f"{source}: decision {number}") for number, row in enumerate(rows, 1)]
    return tuple(sorted(found, key=lambda one: (one.rule is None, one.tactic is None)))


def _decision(row: object, number: int, where: str) -> Decision:
    if not isinstance(row, dict) or set(row) - set(_KEYS):
        raise DecisionError(f"{where} has something else than {', '.join(_KEYS)}")
    to = row.get("to")
    to = [to] if isinstance(to, str) else to
    if not isinstance(to, list) or not to or not all(isinstance(one, str) for one in to):
        raise DecisionError(f"{where} has no 'to': an ID, several tactic IDs, '{KEEP}' or '{REMOVE}'")
    texts = {key: row[key] for key in _KEYS if key in row and key != "to"}
    if wrong := [key for key, value in texts.items() if not isinstance(value, str) or not value.strip()]:
        raise DecisionError(f"{where}: '{wrong[0]}' is not a text")
    if missing := [key for key in ("from", "reason") if key not in texts]:
        raise DecisionError(f"{where} has no '{missing[0]}'")
    decision = Decision(
        texts["from"], tuple(to), texts["reason"], texts.get("tactic"), texts.get("rule"), number
    )
    techniques = len(to) - len(decision.tactics)
    if (decision.word is None and (techniques > 1 or (techniques and decision.technique is None))) or (
        decision.word and len(to) > 1
    ):
        raise DecisionError(f"{where}: 'to' is neither an ID, tactic IDs, '{KEEP}' nor '{REMOVE}'")
    return decision


def as_toml(question: Question | Asked, to: Sequence[str], reason: str, rule: str | None = None) -> str:
    """One `[[decision]]` that answers a question, as text to put into a file."""
    answer = _quoted(to[0]) if len(to) == 1 else f"[{', '.join(map(_quoted, to))}]"
    lines = ["[[decision]]", f"from = {_quoted(question.written)}", f"to = {answer}"]
    lines += [f"tactic = {_quoted(question.tactic)}"] if question.tactic else []
    lines += [f"rule = {_quoted(rule)}"] if rule else []
    return "\n".join([*lines, f"reason = {_quoted(reason)}", ""])


def added(path: Path, decisions: Iterable[str]) -> None:
    """Add decisions as text to a file, which is replaced whole.

    Raises
    ------
    DecisionError
        When the file cannot be written.
    """
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        kept = before.rstrip("\n") + "\n" if before else ""
        text = "\n".join(filter(None, [kept, *decisions]))
        replaced_file(path.resolve(), text.encode("utf-8"))
    except OSError as error:
        raise DecisionError(f"{path}: {error.strerror or error}") from error


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda sign: f"\\u{ord(sign.group()):04x}", escaped) + '"'
