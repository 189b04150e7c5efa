"""`migrate --ask`: open questions one by one on a terminal; every answer is kept in the decisions file at
once.
"""

from __future__ import annotations

from pathlib import Path

import typer

from coverage.cli.terminal import error_console
from coverage.migrate import Plan, Question, Target, grouped
from coverage.migrate.decisions import KEEP, REMOVE, added, as_toml
from coverage.migrate.listing import ANSWERLESS
from coverage.words import amount


def ask_questions(made: Plan, target: Target, file: Path) -> int:
    """Ask each group of questions once; the number of answers. An empty line leaves a question open, `q`
    ends.

    Raises
    ------
    DecisionError
        When the decisions file cannot be written.
    """
    groups = [pair for pair in grouped(made.questions) if pair[0].code not in ANSWERLESS]
    given = 0
    for number, (first, group) in enumerate(groups, 1):
        error_console.print("", f"{number} of {len(groups)}: {first.reason}", sep="\n")
        error_console.print(f"   {amount(len(group), 'mapping')}, such as {first.rule} ({first.path})")
        answer = _answer(first, target)
        if answer is None:
            break
        if answer:
            reason = typer.prompt("   Why", default="decided by hand", err=True)
            added(file, [as_toml(first, answer, reason)])
            given += 1
    return given


def _answer(question: Question, target: Target) -> tuple[str, ...] | None:
    """What the person chose: IDs or a word, nothing to leave it open, None to end."""
    choices = [*question.choices, KEEP, REMOVE]
    for number, one in enumerate(choices, 1):
        title = f"{one} {target.name(one)}" if target.is_live(one) else f"{one} the mapping"
        error_console.print(f"   {number}  {title}")
    while True:
        text = typer.prompt(
            "   Number (several with commas), empty to leave it, q to end",
            default="",
            show_default=False,
            err=True,
        )
        if text.strip().lower() == "q":
            return None
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if all(part.isdecimal() and 1 <= int(part) <= len(choices) for part in parts):
            chosen = tuple(dict.fromkeys(choices[int(part) - 1] for part in parts))
            if len(chosen) < 2 or not {KEEP, REMOVE} & set(chosen):
                return chosen
        error_console.print("   That is not one of the numbers.")
