"""What became of coverage between two states: every ID and placement gained or lost, and the rules behind it.

The states differ step by step (`steps`), and each step has one cause. The steps add up: for every unit, and
for every grain, the sum of the causes is the difference of the totals, under every roll-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum

import pandas as pd

from coverage.changes.frames import DIFF_CAUSES, DIFF_LEDGER, DIFF_TOTALS, DIFF_UNITS
from coverage.changes.impact import impact
from coverage.changes.ledger import Ledger, Line, lines_between
from coverage.changes.rule_diff import RuleDiff
from coverage.changes.sides import GRAIN_WORDS, GRAINS, Side, frame_of
from coverage.changes.step_causes import StepCauses, option_words
from coverage.changes.steps import State, Step, steps_between
from coverage.frames import rows_of
from coverage.kept import kept_property
from coverage.scope import OPTIONS, Scope, View
from coverage.vocabulary import DIFFERENCE_CAUSES
from coverage.words import amount, number, signed

CAUSE_WORDS = {"rule": "rules", "attack": "ATT&CK", "scope": "scope"}


@dataclass(frozen=True)
class Difference:
    """Two states, and the steps between them; made by `difference`."""

    base: State
    head: State
    steps: tuple[Step, ...]

    @property
    def before(self) -> View:
        return self.steps[0].before

    @property
    def after(self) -> View:
        return self.steps[-1].after

    @kept_property
    def rules(self) -> RuleDiff:
        """How the rules of both states go together; `rules.frame` is RULE_DIFF."""
        return RuleDiff(self.base.loaded, self.head.loaded)

    @kept_property
    def book(self) -> Ledger:
        """The lines of every step, each with its cause, and their sums."""
        before, after = self._ends
        lines = [line for place, step in enumerate(self.steps) for line in self._lines(place, step)]
        return Ledger(before, after, lines)

    @kept_property
    def ledger(self) -> pd.DataFrame:
        """DIFF_LEDGER: every unit and step by which it counts differently, step by step."""
        return self.book.frame(DIFF_LEDGER)

    @kept_property
    def units(self) -> pd.DataFrame:
        """DIFF_UNITS: every unit that differs in the end, grain by grain, in ID order."""
        rows = [{**changed.values(), **_parts(lines)} for changed, lines in self.book.units]
        return frame_of(DIFF_UNITS, rows)

    @kept_property
    def totals(self) -> pd.DataFrame:
        """DIFF_TOTALS: covered and all units in scope of each grain, before and after, and how many
        changed.
        """
        return self.book.totals(DIFF_TOTALS)

    @kept_property
    def by_cause(self) -> pd.DataFrame:
        """DIFF_CAUSES: the ledger summed for each grain and cause."""
        return self.book.by_cause(DIFF_CAUSES, DIFFERENCE_CAUSES)

    def sentence(self) -> str:
        """What became of covered techniques, with both denominators, what was gained and lost, and why."""
        row = self.totals.set_index("grain").loc["techniques"]
        causes = self.by_cause[(self.by_cause["grain"] == "techniques") & (self.by_cause["units"] > 0)]
        why = ", ".join(
            f"{CAUSE_WORDS[cause]} {signed(change)}"
            for cause, change in rows_of(causes, "cause", "covered_change")
        )
        before, after = (
            f"{number(row[f'covered_{when}'])} of {number(row[f'total_{when}'])}"
            for when in ("before", "after")
        )
        if before == after and not why:
            return f"Covered techniques stay at {after}: none gained, none lost."
        return (
            f"Covered techniques go from {before} to {after}: {number(row['gained'])} gained, "
            f"{number(row['lost'])} lost" + (f" ({why})." if why else ".")
        )

    @property
    def without_rules(self) -> list[str]:
        """One sentence for each of the two states that has no rule: it is compared as nothing."""
        before, after = self.base, self.head
        empty = [before.loaded.rules.empty, after.loaded.rules.empty]
        if all(empty):
            return [f"Neither {before.name} nor {after.name} has a rule."]
        first = f"{before.name} has no rule: this compares {after.name} with nothing."
        last = f"{after.name} has no rule, so all that {before.name} covered is lost."
        return [text for text, holds in zip((first, last), empty, strict=True) if holds]

    @kept_property
    def _ends(self) -> tuple[Side, Side]:
        return self._sides[id(self.before)], self._sides[id(self.after)]

    @kept_property
    def _sides(self) -> dict[int, Side]:
        """A step ends with the very view that the next one starts with."""
        views = {id(view): view for step in self.steps for view in (step.before, step.after)}
        return {key: Side(view) for key, view in views.items()}

    def _lines(self, place: int, step: Step) -> list[Line]:
        """The ledger's lines of one step. What a release changed is in its own words, under one cause."""
        if step.what == "release":
            lines = impact(step.before, step.after).book.lines
            return [replace(line, why=replace(line.why, cause=step.cause), step=place) for line in lines]
        old, new = self._sides[id(step.before)], self._sides[id(step.after)]
        return lines_between(old, new, StepCauses(old, new, step, self.rules).cause, place)


def difference(base: State, head: State) -> Difference:
    """What became of coverage between two states. Raises as `steps.steps_between` does."""
    return Difference(base, head, steps_between(base, head))


def grain_counts(units: pd.DataFrame) -> str:
    """How many units of each grain there are: `2 techniques and 1 sub-technique`."""
    grains = units["grain"].tolist()
    counts = {grain: grains.count(grain) for grain in GRAINS}
    return " and ".join(amount(count, GRAIN_WORDS[grain]) for grain, count in counts.items() if count)


def scopes_differ(old: Scope, new: Scope) -> list[str]:
    """The options in which two scopes differ, the release among them, each with both values in words."""
    options = [option_words(name, old, new) for name in OPTIONS if getattr(old, name) != getattr(new, name)]
    if old.attack == new.attack:
        return options
    return [f"ATT&CK: {old.attack.title} before, {new.attack.title} after", *options]


def _parts(lines: Sequence[Line]) -> dict:
    """The parts of a unit's change by cause, and the cause of the largest."""
    parts = {
        cause: fsum(line.changed.covered_change for line in lines if line.why.cause == cause)
        for cause in DIFFERENCE_CAUSES
    }

    def weight(line: Line) -> tuple[float, float, bool]:
        change = line.changed
        return abs(parts[line.why.cause]), abs(change.covered_change), change.total_change != 0

    main = max(lines, key=weight).why
    return {
        **{f"by_{cause}": part for cause, part in parts.items()},
        "cause": main.cause,
        "detail": main.detail,
        "rules": tuple(sorted({key for line in lines for key in line.why.rules})),
        "because": "; ".join(dict.fromkeys(line.why.because for line in lines)),
    }
