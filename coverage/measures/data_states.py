"""What data and rules make of each ID: both, one of them, neither, or not told. Exclusive at every grain.

An ID counts here as covered when it is wholly covered under the chosen roll-up: it is no gap. Under `share`
that is when every sub-technique is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import fsum

import pandas as pd

from coverage.frames import FrameSpec, rows_of
from coverage.inventory.arrivals import ARRIVES, MISSING, Arrivals
from coverage.inventory.verdicts import CANNOT_FIRE
from coverage.kept import kept_property
from coverage.measures.data_frames import ID_STATES, PLACEMENT_STATES
from coverage.measures.references import resolved_references
from coverage.measures.rollup import coverage_columns, rolled_up, units_with_parent
from coverage.measures.verdicts import running_rules, verdict_by_rule, verdict_counts
from coverage.measures.visibility import id_data
from coverage.scope import View, among, once_a_view
from coverage.vocabulary import DATA_STATES

_KEPT = 12


@once_a_view(most=_KEPT)
def id_states(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """ID_STATES: what data and rules make of each technique and sub-technique in scope."""
    return _stated(view, arrivals, _ids_counted(view), ID_STATES)


@once_a_view(most=_KEPT)
def placement_states(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """PLACEMENT_STATES: the same for each cell of the matrix, from the rules that count in that cell."""
    return _stated(view, arrivals, _placements_counted(view), PLACEMENT_STATES)


@dataclass(frozen=True)
class _Counted:
    """IDs or placements, and the rules on them: on the very ID, and lifted to its technique."""

    units: pd.DataFrame
    pairs: pd.DataFrame
    lifted: pd.DataFrame
    by: tuple[str, ...]
    rollup: str

    def by_rules(self, wanted: Collection[str]) -> pd.DataFrame:
        """The units as some of the rules cover them: `covered` and `rules`."""
        keys = pd.Series(list(wanted), dtype="str")
        pairs, lifted = (frame[among(frame["rule_key"], keys)] for frame in (self.pairs, self.lifted))
        return coverage_columns(pairs, lifted, self.units, self.rollup, self.by)

    @kept_property
    def by_every_rule(self) -> pd.DataFrame:
        return coverage_columns(self.pairs, self.lifted, self.units, self.rollup, self.by)


@once_a_view
def _ids_counted(view: View) -> _Counted:
    units = view.techniques[["attack_id", "name", "is_subtechnique", "parent_id"]].reset_index(drop=True)
    pairs = view.rules_on_ids
    return _Counted(units, pairs, rolled_up(pairs, units), (), view.scope.rollup)


@once_a_view
def _placements_counted(view: View) -> _Counted:
    units, by = units_with_parent(view.placements, view.techniques), ("tactic_id",)
    pairs = view.placed[["tactic_id", "attack_id", "rule_key"]]
    return _Counted(units, pairs, rolled_up(pairs, units, by), by, view.scope.rollup)


def _stated(view: View, arrivals: Arrivals, counted: _Counted, spec: FrameSpec) -> pd.DataFrame:
    verdicts = verdict_by_rule(view, arrivals)
    every, certain = counted.by_every_rule, counted.by_rules(running_rules(view, arrivals))
    possible = counted.by_rules([key for key, one in verdicts.items() if one.verdict != CANNOT_FIRE])
    data = dict(rows_of(id_data(view, arrivals), "attack_id", "data"))
    units = counted.units
    of_unit = [data[attack_id] for attack_id in units["attack_id"].tolist()]
    columns = {name: units[name].array for name in spec.columns if name in units}
    covered = [(frame["covered"] == 1).tolist() for frame in (every, certain, possible)]
    columns["data"], columns["covered"] = of_unit, covered[0]
    columns["state"] = [_state(*row) for row in zip(*covered, of_unit, strict=True)]
    columns["rules"], columns["rules_can_run"] = every["rules"].array, certain["rules"].array
    columns["rules_cannot_fire"] = (every["rules"] - possible["rules"]).array
    columns["rules_not_told"] = (possible["rules"] - certain["rules"]).array
    return spec.frame(columns)


def _state(covered: bool, certainly: bool, possibly: bool, data: str) -> str:
    """The state of an ID: whether it is covered by all its rules, by those that can run, and by those that
    may.
    """
    if certainly:
        return "data_and_rule"
    if covered:
        return "not_told" if possibly else "rule_only"
    return {ARRIVES: "data_only", MISSING: "neither"}.get(data, "not_told")


def state_counts(view: View, arrivals: Arrivals) -> dict[str, dict[str, int]]:
    """Grain -> state -> how many, and their total: techniques, subtechniques and placements."""
    frames = _by_grain(id_states(view, arrivals), placement_states(view, arrivals))
    return {grain: _counts(frame["state"].tolist()) for grain, frame in frames.items()}


def _by_grain(ids: pd.DataFrame, placements: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {
        "techniques": ids[~ids["is_subtechnique"]],
        "subtechniques": ids[ids["is_subtechnique"]],
        "placements": placements,
    }


def _counts(states: list[str]) -> dict[str, int]:
    return {name: states.count(name) for name in DATA_STATES} | {"total": len(states)}


@once_a_view(most=_KEPT)
def covered_by_running(view: View, arrivals: Arrivals) -> dict[str, dict[str, float]]:
    """Grain -> `covered` under the roll-up by rules that can run alone, and `total`: what a summary counts
    when only these are in scope.
    """
    running = running_rules(view, arrivals)
    ids, cells = (counted.by_rules(running) for counted in (_ids_counted(view), _placements_counted(view)))
    return {
        grain: {"covered": fsum(frame["covered"].tolist()), "total": len(frame)}
        for grain, frame in _by_grain(ids, cells).items()
    }


def log_source_words(view: View) -> dict[str, int | float]:
    """How many of the log source references of the release's analytics `data/log_sources.csv` resolves."""
    found = resolved_references(view)
    return {
        "resolved": found.resolved,
        "total": found.total,
        "resolved_share": round(found.share or 0.0, 4),
    }


def data_summary(view: View, arrivals: Arrivals) -> dict:
    """States of IDs, verdicts on rules and words resolved, as plain values."""
    return {
        "states": state_counts(view, arrivals),
        "rules": verdict_counts(verdict_by_rule(view, arrivals)),
        "log_source_words": log_source_words(view),
    }
