"""The ledger: every ID and placement that counts differently in a second state, a line for each cause.

One book for both comparisons: `impact` fills it with what a release changed, `difference` with the steps
between two states. Each explains its own lines (`release_causes`, `step_causes`); what a line holds, the
sums, and the check that the lines add up to the difference of the totals are here. Knows no cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import fsum, isclose

import pandas as pd

from coverage.changes.sides import GRAINS, Side, Unit, frame_of
from coverage.frames import FrameSpec
from coverage.kept import kept_property

_SLACK = 1e-9  # of sums of shares


class LedgerError(ValueError):
    """Lines that do not add up to the difference of the totals: always a programmer's error."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a unit counts differently. `cause` and `detail` are the comparison's own words for it."""

    cause: str
    detail: str
    because: str
    rules: tuple[str, ...] = ()
    through: tuple[str, ...] = ()  # the sub-techniques whose change is the cause
    others: tuple[str, ...] = ()  # successors, or IDs as written of the rules that count here now


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What a unit was and is. Names are of the later state that has it: TA0005 is another tactic in each."""

    grain: str
    tactic_id: str | None
    tactic: str | None
    attack_id: str
    name: str
    before: str
    after: str
    covered_before: float
    covered_after: float
    covered_change: float
    total_change: int
    change: str

    @property
    def unit(self) -> Unit:
        return self.grain, self.tactic_id or "", self.attack_id

    def values(self) -> dict:
        """Column of a ledger's frame -> value."""
        return _fields(self)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a unit, what a step did to it, and why."""

    changed: UnitChange
    why: Cause
    step: int = 0

    def values(self) -> dict:
        """Column of a ledger's frame -> value."""
        return {**self.changed.values(), **_fields(self.why), "step": self.step}


def changed_units(before: Side, after: Side) -> list[Unit]:
    """The units in scope on one side only, or covered differently: grain by grain, in ID order."""
    old, new = before.covered, after.covered
    changed = [unit for unit in {**old, **new} if old.get(unit) != new.get(unit)]
    return sorted(changed, key=lambda unit: (GRAINS.index(unit[0]), unit[2], unit[1]))


def unit_change(unit: Unit, before: Side, after: Side) -> UnitChange:
    """What a unit counts as on each side."""
    grain, tactic, attack_id = unit
    old, new = before.covered.get(unit), after.covered.get(unit)
    names = (before if new is None else after).names
    return UnitChange(
        grain=grain,
        tactic_id=tactic or None,
        tactic=names[tactic] if tactic else None,
        attack_id=attack_id,
        name=names[attack_id],
        before=_state(old),
        after=_state(new),
        covered_before=old or 0.0,
        covered_after=new or 0.0,
        covered_change=(new or 0.0) - (old or 0.0),
        total_change=(new is not None) - (old is not None),
        change=_change(old, new),
    )


def lines_between(before: Side, after: Side, why: Callable[[Unit], Cause], step: int = 0) -> list[Line]:
    """A line for each unit that changed between two sides, with the cause that `why` gives."""
    return [Line(unit_change(unit, before, after), why(unit), step) for unit in changed_units(before, after)]


class Ledger:
    """The lines between two sides, and their sums.

    Raises
    ------
    LedgerError
        When for some unit the lines do not add up to the difference of the two sides.
    """

    def __init__(self, before: Side, after: Side, lines: Iterable[Line]) -> None:
        self.before, self.after = before, after
        self.lines = tuple(lines)
        self._by_unit: dict[Unit, list[Line]] = {}
        for line in self.lines:
            self._by_unit.setdefault(line.changed.unit, []).append(line)
        self._check()

    def frame(self, spec: FrameSpec) -> pd.DataFrame:
        """The lines, in their order, in the columns of `spec`."""
        return frame_of(spec, [line.values() for line in self.lines])

    @kept_property
    def units(self) -> list[tuple[UnitChange, list[Line]]]:
        """Every unit that differs in the end and its lines: grain by grain, in ID order."""
        return [
            (unit_change(unit, self.before, self.after), self._by_unit[unit])
            for unit in changed_units(self.before, self.after)
        ]

    def totals(self, spec: FrameSpec) -> pd.DataFrame:
        """Covered and all units in scope of each grain, before and after, and the units gained and lost."""
        return frame_of(spec, [self._total(grain) for grain in GRAINS])

    def by_cause(self, spec: FrameSpec, causes: Iterable[str]) -> pd.DataFrame:
        """The lines summed for each grain and each of some causes."""
        names = list(causes)
        return frame_of(spec, [self._sum(grain, cause) for grain in GRAINS for cause in names])

    def _total(self, grain: str) -> dict:
        before, after = ([*_covered(side, grain).values()] for side in (self.before, self.after))
        changes = [changed.change for changed, _ in self.units if changed.grain == grain]
        return {
            "grain": grain,
            "covered_before": fsum(before),
            "total_before": len(before),
            "covered_after": fsum(after),
            "total_after": len(after),
            "gained": changes.count("gained"),
            "lost": changes.count("lost"),
        }

    def _sum(self, grain: str, cause: str) -> dict:
        changes = [line.changed for line in self.lines if line.why.cause == cause]
        changes = [changed for changed in changes if changed.grain == grain]
        covered = [changed.covered_change for changed in changes]
        total = [changed.total_change for changed in changes]
        return {
            "grain": grain,
            "cause": cause,
            "units": len({changed.unit for changed in changes}),
            "covered_gained": fsum(value for value in covered if value > 0),
            "covered_lost": fsum(value for value in covered if value < 0),
            "covered_change": fsum(covered),
            "total_gained": total.count(1),
            "total_lost": -total.count(-1),
            "total_change": sum(total),
        }

    def _check(self) -> None:
        for unit in {*self._by_unit, *changed_units(self.before, self.after)}:
            changes = [line.changed for line in self._by_unit.get(unit, ())]
            old, new = self.before.covered.get(unit), self.after.covered.get(unit)
            covered = fsum(changed.covered_change for changed in changes)
            total = sum(changed.total_change for changed in changes)
            if not isclose(covered, (new or 0.0) - (old or 0.0), abs_tol=_SLACK):
                raise LedgerError(f"{unit}: the lines add up to {covered}, covered goes {old} -> {new}")
            if total != (new is not None) - (old is not None):
                raise LedgerError(f"{unit}: the lines add {total} to the total, covered goes {old} -> {new}")


def _fields(value: UnitChange | Cause) -> dict:
    return {name: getattr(value, name) for name in value.__slots__}


def _covered(side: Side, grain: str) -> dict[Unit, float]:
    return {unit: covered for unit, covered in side.covered.items() if unit[0] == grain}


def _state(covered: float | None) -> str:
    if covered is None:
        return "absent"
    if covered == 1:
        return "covered"
    return "partial" if covered else "open"


def _change(old: float | None, new: float | None) -> str:
    before, after = old or 0.0, new or 0.0
    if before != after:
        return "gained" if after > before else "lost"
    return "entered" if old is None else "left"
