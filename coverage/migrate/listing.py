"""Open questions as text: what a person reads, and pastes into the decisions file. The whole of it is
TOML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from coverage.migrate.decisions import KEEP, REMOVE, as_toml
from coverage.migrate.model import Question, grouped
from coverage.migrate.target import Target
from coverage.words import amount

ANSWERLESS = frozenset({"layout", "set"})  # nothing a decisions file says would change them
PLACES = 3


def question_list(questions: Iterable[Question], target: Target) -> str:
    """Every group of open questions with its reason, some places and a decision to fill in, the largest
    first.
    """
    return "\n".join(_entry(first, group, target) for first, group in grouped(questions))


def _entry(first: Question, group: list[Question], target: Target) -> str:
    count = amount(len(group), "mapping")
    lines = [f"# {count}, {first.code}: {first.reason}", f"# {_places(group)}"]
    if first.code in ANSWERLESS:
        return _printable("\n".join([*lines, ""]))
    choices = ", ".join([*(_titled(one, target) for one in first.choices), KEEP, REMOVE])
    return _printable(
        "\n".join([*lines, as_toml(first, ("",), "").replace('to = ""', f'to = ""  # {choices}', 1)])
    )


def _places(group: list[Question]) -> str:
    shown = [f"{one.path}:{one.line}" if one.line else one.path for one in group[:PLACES]]
    return ", ".join(shown) + (f" and {len(group) - PLACES:,} more" if len(group) > PLACES else "")


def _titled(attack_id: str, target: Target) -> str:
    return f"{attack_id} ({target.name(attack_id)})" if target.is_live(attack_id) else attack_id


def _printable(text: str) -> str:
    return re.sub(r"[^\n\x20-\x7e\xa0-\U0010ffff]", "�", text)


def answers(question: Question) -> Iterator[str]:
    """One ready decision for each choice of a question, for its rule alone."""
    if question.code not in ANSWERLESS:
        for choice in question.choices or (KEEP,):
            yield as_toml(question, (choice,), "", question.rule_id or question.path)
