"""Why an ID or placement counts differently after one step between two states: its rules, or the scope.

A step (`steps`) differs in one thing, so the cause is known; this finds the finer word, the rules behind it
and the sentence. What another release changed is `release_causes`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from coverage.changes.ledger import Cause
from coverage.changes.rule_diff import RuleDiff, change_words
from coverage.changes.sides import Place, Side, Unit
from coverage.changes.steps import Step
from coverage.frames import rows_of
from coverage.kept import kept_property
from coverage.mapping.reader import placed_rules
from coverage.scope import OPTIONS, Scope, View
from coverage.vocabulary import RULE_DIFFERENCES
from coverage.words import amount

_MOST_NAMES = 3  # rules named in a sentence


class StepCauses:
    """The two sides of a step that changed no release, and why each unit differs."""

    def __init__(self, old: Side, new: Side, step: Step, rules: RuleDiff) -> None:
        self._old, self._new, self._step = old, new, step
        self._diff = rules
        self._rules = tuple(_rules_of_files(side.view) for side in (old, new))

    def cause(self, unit: Unit) -> Cause:
        """Why a unit counts differently after the step."""
        old, new = self._old.covered.get(unit), self._new.covered.get(unit)
        sign = 1 if (new or 0.0) > (old or 0.0) else -1
        keys = sorted(self._behind(unit[1:], sign))
        if self._step.cause == "rule":
            return self._by_rules(keys, sign)
        because = self._option()
        if old is None:
            because += f": {unit[2]} is in scope"
        elif new is None:
            because += f": {unit[2]} is out of scope"
        return Cause(self._step.cause, self._step.what, because, tuple(keys))

    def _option(self) -> str:
        if self._step.what == "read":
            return (
                "mappings are read differently than when the snapshot was made: other releases are installed"
            )
        return option_words(self._step.what, self._old.view.scope, self._new.view.scope)

    def _behind(self, place: Place, sign: int) -> set[str]:
        """The rules, each by its file's own key, on places that flipped in this direction."""
        below = self._old.subtechniques.get(place, set()) | self._new.subtechniques.get(place, set())
        rollup = self._new.view.scope.rollup
        if rollup == "direct" or not below:
            places = {place}
        elif rollup == "any":
            places = {place} | below
        else:
            places = below
        here, there = (self._rules[1], self._rules[0]) if sign > 0 else self._rules
        return set().union(*(here.get(one, set()) for one in places if here.get(one) and not there.get(one)))

    def _by_rules(self, keys: Iterable[str], sign: int) -> Cause:
        rows = self._changed_rules
        side = "after" if sign > 0 else "before"
        behind = [rows[side, key] for key in keys if (side, key) in rows]
        details = [change for row in behind for change in row["changes"]]
        detail = min(
            details,
            key=lambda name: (-details.count(name), list(RULE_DIFFERENCES).index(name)),
            default="unexplained",
        )
        because = "; ".join(_names(behind))
        return Cause(
            self._step.cause,
            detail,
            because or "no change of a rule explains it: an error in this program, please report it",
            tuple(sorted(row["rule_key"] for row in behind)),
        )

    @kept_property
    def _changed_rules(self) -> dict[tuple[str, str], dict]:
        """(side, key there) -> the rule's row of RULE_DIFF."""
        found = {}
        for row in self._diff.frame.to_dict("records"):
            found["after", row["rule_key"]] = row
            if isinstance(row["key_before"], str):
                found["before", row["key_before"]] = row
        return found


def _names(rows: list[dict]) -> Iterator[str]:
    for row in rows[:_MOST_NAMES]:
        yield f"{row['name']}: {change_words(row)}"
    if (more := len(rows) - _MOST_NAMES) > 0:
        yield f"and {amount(more, 'more rule')}"


def _rules_of_files(view: View) -> dict[Place, set[str]]:
    """The rules in scope on the very ID, and on it at each tactic, copies in several corpora apart."""
    rules = frozenset(view.every_rule["rule_key"].tolist())
    ids = frozenset(view.techniques["attack_id"].tolist())
    found: dict[Place, set[str]] = {}
    for rule_key, attack_id, tactic in rows_of(
        placed_rules(view.mappings, view.catalogue), "rule_key", "attack_id", "tactic_id"
    ):
        if rule_key in rules and attack_id in ids:
            found.setdefault(("", attack_id), set()).add(rule_key)
            found.setdefault((tactic, attack_id), set()).add(rule_key)
    return found


def option_words(name: str, old: Scope, new: Scope) -> str:
    """An option in which two scopes differ, with both values."""
    option = OPTIONS[name]
    was, is_now = (option.words(getattr(scope, name)) for scope in (old, new))
    return f"{option.title}: {was} before, {is_now} after"
