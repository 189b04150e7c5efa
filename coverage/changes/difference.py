"""What became of coverage between two states: every ID and placement gained or lost, and the rules behind it.

The states differ step by step (`steps`), and each step has one cause. The steps add up: for every unit, and
for every grain, the sum of the causes is the difference of the totals, under every roll-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum

import pandas as pd

from coverage.changes.frames import DIFF_CAUSES, DIFF_LEDGER, DIFF_TOTALS, DIFF_UNITS
from coverage.changes.impact import impact, number, signed
from coverage.changes.rule_diff import RuleDiff
from coverage.changes.sides import GRAINS, Place, Side, Unit, columns
from coverage.changes.steps import State, Step, steps_between
from coverage.kept import kept_property
from coverage.mapping.reader import placed_rules
from coverage.scope import OPTIONS, Scope, View
from coverage.vocabulary import DIFFERENCE_CAUSES, RULE_DIFFERENCES
from coverage.words import amount

GRAIN_WORDS = {"techniques": "technique", "subtechniques": "sub-technique", "placements": "placement"}
_MOST_NAMES = 3  # rules named in a sentence


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
    def ledger(self) -> pd.DataFrame:
        """DIFF_LEDGER: every unit and step by which it counts otherwise, step by step."""
        rows = [row for place, step in enumerate(self.steps) for row in self._rows(place, step)]
        return DIFF_LEDGER.frame({name: [row[name] for row in rows] for name in DIFF_LEDGER.columns})

    @kept_property
    def units(self) -> pd.DataFrame:
        """DIFF_UNITS: every unit that differs in the end, grain by grain, in ID order."""
        lines: dict[Unit, list[dict]] = {}
        for row in self.ledger.to_dict("records"):
            lines.setdefault(
                (
                    row["grain"],
                    row["tactic_id"] if isinstance(row["tactic_id"], str) else "",
                    row["attack_id"],
                ),
                [],
            ).append(row)
        old, new = self._ends
        changed = [unit for unit in lines if old.covered.get(unit) != new.covered.get(unit)]
        changed.sort(key=lambda unit: (GRAINS.index(unit[0]), unit[2], unit[1]))
        rows = [{**_unit_row(unit, old, new), **_caused(lines[unit])} for unit in changed]
        return DIFF_UNITS.frame({name: [row[name] for row in rows] for name in DIFF_UNITS.columns})

    @kept_property
    def totals(self) -> pd.DataFrame:
        """DIFF_TOTALS: covered and all units in scope of each grain, before and after, and how many
        changed.
        """
        rows = [self._total(grain) for grain in GRAINS]
        return DIFF_TOTALS.frame({name: [row[name] for row in rows] for name in DIFF_TOTALS.columns})

    @kept_property
    def by_cause(self) -> pd.DataFrame:
        """DIFF_CAUSES: the ledger summed for each grain and cause."""
        rows = [_summed(self.ledger, grain, cause) for grain in GRAINS for cause in DIFFERENCE_CAUSES]
        return DIFF_CAUSES.frame({name: [row[name] for row in rows] for name in DIFF_CAUSES.columns})

    def sentence(self) -> str:
        """What became of covered techniques, with both denominators, what was gained and lost, and why."""
        row = self.totals.set_index("grain").loc["techniques"]
        causes = self.by_cause[(self.by_cause["grain"] == "techniques") & (self.by_cause["units"] > 0)]
        why = ", ".join(
            f"{CAUSE_WORDS[cause]} {signed(change)}"
            for cause, change in columns(causes, "cause", "covered_change")
        )
        return (
            f"Covered techniques go from {number(row['covered_before'])} of {number(row['total_before'])} to "
            f"{number(row['covered_after'])} of {number(row['total_after'])}: {number(row['gained'])} "
            f"gained, {number(row['lost'])} lost" + (f" ({why})." if why else ".")
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

    def _total(self, grain: str) -> dict:
        (covered_before, total_before), (covered_after, total_after) = (
            _counted(side, grain) for side in self._ends
        )
        changes = self.units.loc[self.units["grain"] == grain, "change"].tolist()
        return {
            "grain": grain,
            "covered_before": covered_before,
            "total_before": total_before,
            "covered_after": covered_after,
            "total_after": total_after,
            "gained": changes.count("gained"),
            "lost": changes.count("lost"),
        }

    # ---- why -------------------------------------------------------------------------------------------

    def _rows(self, place: int, step: Step) -> Iterator[dict]:
        """The ledger's lines of one step."""
        if step.what == "release":
            for row in impact(step.before, step.after).ledger.to_dict("records"):
                yield {**row, "step": place, "cause": "attack", "detail": row["detail"]}
            return
        old, new = self._sides[id(step.before)], self._sides[id(step.after)]
        explain = _Explained(old, new, step, self.rules)
        for unit in _changed(old, new):
            yield {"step": place, **_unit_row(unit, old, new), "cause": step.cause, **explain.unit(unit)}


CAUSE_WORDS = {"rule": "rules", "attack": "ATT&CK", "scope": "scope"}


def difference(base: State, head: State) -> Difference:
    """What became of coverage between two states. Raises as `steps.steps_between` does."""
    return Difference(base, head, steps_between(base, head))


class _Explained:
    """Why a unit counts otherwise after a step that changed no release."""

    def __init__(self, old: Side, new: Side, step: Step, rules: RuleDiff) -> None:
        self._old, self._new, self._step = old, new, step
        self._diff = rules
        self._rules = tuple(_rules_of_files(side.view) for side in (old, new))

    def unit(self, unit: Unit) -> dict:
        """`detail`, `rules` and `because` of one unit's line."""
        old, new = self._old.covered.get(unit), self._new.covered.get(unit)
        place = unit[1:]
        sign = 1 if (new or 0.0) > (old or 0.0) else -1
        keys = sorted(self._behind(place, sign))
        if self._step.cause == "rule":
            return self._by_rules(keys, sign)
        membership = (
            "" if old is not None and new is not None else " in scope" if old is None else " out of scope"
        )
        return {
            "detail": self._step.what,
            "rules": tuple(keys),
            "because": f"{self._option()}{membership and f': {unit[2]} is{membership}'}",
        }

    def _option(self) -> str:
        if self._step.what == "read":
            return (
                "mappings are read otherwise than when the snapshot was made, because other releases are "
                "at hand"
            )
        return _option_words(self._step.what, self._old.view.scope, self._new.view.scope)

    def _behind(self, place: Place, sign: int) -> set[str]:
        """The rules, each by its file's own key, on places that flipped in this direction."""
        below = self._old.subtechniques.get(place, set()) | self._new.subtechniques.get(place, set())
        rollup = self._new.view.scope.rollup
        places = (
            {place}
            if rollup == "direct" or not below
            else below
            if rollup in ("share", "all")
            else {place} | below
        )
        here, there = (self._rules[1], self._rules[0]) if sign > 0 else self._rules
        return set().union(*(here.get(one, set()) for one in places if here.get(one) and not there.get(one)))

    def _by_rules(self, keys: Iterable[str], sign: int) -> dict:
        rows = self._changed_rules
        side = "after" if sign > 0 else "before"
        behind = [rows[side, key] for key in keys if (side, key) in rows]
        details = [change for row in behind for change in row["changes"]]
        detail = min(
            details,
            key=lambda name: (-details.count(name), list(RULE_DIFFERENCES).index(name)),
            default="unexplained",
        )
        return {
            "detail": detail,
            "rules": tuple(sorted(row["rule_key"] for row in behind)),
            "because": "; ".join(_names(behind))
            or "no change of a rule explains it: a fault of this program, please report it",
        }

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


def grain_counts(units: pd.DataFrame) -> str:
    """How many units of each grain there are: `2 techniques and 1 sub-technique`."""
    grains = units["grain"].tolist()
    counts = {grain: grains.count(grain) for grain in GRAINS}
    return " and ".join(
        f"{count:,} {GRAIN_WORDS[grain]}{'' if count == 1 else 's'}"
        for grain, count in counts.items()
        if count
    )


def change_words(row: Mapping) -> str:
    """What changed about a rule of RULE_DIFF, in words, with what it was and is."""
    pairs = {
        "remapped": (row["written_before"], row["written_after"]),
        "class": (row["class_before"], row["class_after"]),
        "enabled": (row["enabled_before"], row["enabled_after"]),
        "platforms": (row["platforms_before"], row["platforms_after"]),
    }
    said = [
        f"{change} ({_moved(*pairs[change])})"
        if change in pairs and pairs[change][0] != pairs[change][1]
        else change
        for change in row["changes"]
    ]
    return ", ".join(said) + (" by this program, the file is the same" if row["same_file"] else "")


def _moved(old: object, new: object) -> str:
    """What was and what is; of lists only what is not in both."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        old, new = (
            tuple(item for item in old if item not in new),
            tuple(item for item in new if item not in old),
        )
    return f"{_said(old)} → {_said(new)}"


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    return value if isinstance(value, str) else "not known"


def _rules_of_files(view: View) -> dict[Place, set[str]]:
    """The rules in scope on the very ID, and on it at each tactic, copies in several corpora apart."""
    rules, ids = (
        frozenset(view.every_rule["rule_key"].tolist()),
        frozenset(view.techniques["attack_id"].tolist()),
    )
    found: dict[Place, set[str]] = {}
    for rule_key, attack_id, tactic in columns(
        placed_rules(view.mappings, view.catalogue), "rule_key", "attack_id", "tactic_id"
    ):
        if rule_key in rules and attack_id in ids:
            found.setdefault(("", attack_id), set()).add(rule_key)
            found.setdefault((tactic, attack_id), set()).add(rule_key)
    return found


# ---- units and sums ------------------------------------------------------------------------------------


def _changed(old: Side, new: Side) -> list[Unit]:
    changed = [
        unit for unit in {**old.covered, **new.covered} if old.covered.get(unit) != new.covered.get(unit)
    ]
    return sorted(changed, key=lambda unit: (GRAINS.index(unit[0]), unit[2], unit[1]))


def _unit_row(unit: Unit, before: Side, after: Side) -> dict:
    """A unit's facts, before and after."""
    grain, tactic, attack_id = unit
    old, new = before.covered.get(unit), after.covered.get(unit)
    names = (before if new is None else after).names
    return {
        "grain": grain,
        "tactic_id": tactic or None,
        "tactic": names[tactic] if tactic else None,
        "attack_id": attack_id,
        "name": names[attack_id],
        "before": _state(old),
        "after": _state(new),
        "covered_before": old or 0.0,
        "covered_after": new or 0.0,
        "covered_change": (new or 0.0) - (old or 0.0),
        "total_change": (new is not None) - (old is not None),
        "change": _change(old, new),
    }


def _state(covered: float | None) -> str:
    if covered is None:
        return "absent"
    return "covered" if covered == 1 else "partial" if covered else "open"


def _change(old: float | None, new: float | None) -> str:
    if (new or 0.0) != (old or 0.0):
        return "gained" if (new or 0.0) > (old or 0.0) else "lost"
    return "entered" if old is None else "left"


def _caused(lines: list[dict]) -> dict:
    """The parts of a unit's change by cause, and the cause of the largest."""
    parts = {
        cause: fsum(line["covered_change"] for line in lines if line["cause"] == cause)
        for cause in DIFFERENCE_CAUSES
    }
    main = max(
        lines,
        key=lambda line: (abs(parts[line["cause"]]), abs(line["covered_change"]), line["total_change"] != 0),
    )
    return {
        **{f"by_{cause}": part for cause, part in parts.items()},
        "cause": main["cause"],
        "detail": main["detail"],
        "rules": tuple(sorted({key for line in lines for key in line["rules"]})),
        "because": "; ".join(dict.fromkeys(line["because"] for line in lines)),
    }


def _counted(side: Side, grain: str) -> tuple[float, int]:
    """Covered and all units in scope of one grain."""
    values = [covered for unit, covered in side.covered.items() if unit[0] == grain]
    return fsum(values), len(values)


def _summed(ledger: pd.DataFrame, grain: str, cause: str) -> dict:
    rows = ledger[(ledger["grain"] == grain) & (ledger["cause"] == cause)]
    values = rows["covered_change"].tolist()
    units = set(columns(rows.assign(tactic_id=rows["tactic_id"].fillna("")), "tactic_id", "attack_id"))
    return {
        "grain": grain,
        "cause": cause,
        "units": len(units),
        "covered_gained": fsum(value for value in values if value > 0),
        "covered_lost": fsum(value for value in values if value < 0),
        "covered_change": fsum(values),
        "total_change": int(rows["total_change"].sum()),
    }


def scopes_differ(old: Scope, new: Scope) -> list[str]:
    """The options in which two scopes differ, the release among them, each with both values in words."""
    said = (
        [f"ATT&CK: {old.attack.title} before, {new.attack.title} after"] if old.attack != new.attack else []
    )
    return said + [
        _option_words(name, old, new) for name in OPTIONS if getattr(old, name) != getattr(new, name)
    ]


def _option_words(name: str, old: Scope, new: Scope) -> str:
    option = OPTIONS[name]
    was, is_now = (option.words(getattr(scope, name)) for scope in (old, new))
    return f"{option.title}: {was} before, {is_now} after"
