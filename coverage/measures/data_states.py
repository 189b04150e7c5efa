"""What data and rules make of each ID: both, one of them, neither, or not told. Exclusive at every grain.

An ID counts here as covered when it is wholly covered under the chosen roll-up: it is no gap. Under `share` that
is when every sub-technique is.
"""

from __future__ import annotations

import pandas as pd

from coverage.frames import FrameSpec, rows_of
from coverage.inventory.arrivals import ARRIVES, MISSING, Arrivals
from coverage.inventory.verdicts import CAN_RUN, CANNOT_FIRE
from coverage.measures.data_frames import ID_STATES, PLACEMENT_STATES
from coverage.measures.references import references
from coverage.measures.rollup import coverage_columns, rolled_up, units_with_parent
from coverage.measures.verdicts import log_source_table, verdict_by_rule, verdict_counts
from coverage.measures.visibility import id_data
from coverage.scope import View, once_a_view
from coverage.vocabulary import DATA_STATES

_KEPT = 12


@once_a_view(most=_KEPT)
def id_states(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """ID_STATES: what data and rules make of each technique and sub-technique in scope."""
    units = view.techniques[["attack_id", "name", "is_subtechnique", "parent_id"]].reset_index(drop=True)
    return _stated(view, arrivals, units, view.rules_on_ids, (), ID_STATES)


@once_a_view(most=_KEPT)
def placement_states(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """PLACEMENT_STATES: the same for each cell of the matrix, from the rules that count in that cell."""
    units = units_with_parent(view.placements, view.techniques)
    pairs = view.placed[["tactic_id", "attack_id", "rule_key"]]
    return _stated(view, arrivals, units, pairs, ("tactic_id",), PLACEMENT_STATES)


def _stated(
    view: View,
    arrivals: Arrivals,
    units: pd.DataFrame,
    pairs: pd.DataFrame,
    by: tuple[str, ...],
    spec: FrameSpec,
) -> pd.DataFrame:
    verdicts = verdict_by_rule(view, arrivals)
    found = [verdicts[key].verdict for key in pairs["rule_key"].tolist()]
    runs, may_run = ([wanted(one) for one in found] for wanted in (_runs, _may_run))
    every, certain, possible = (
        _covered(view, units, rows, by) for rows in (pairs, pairs[runs], pairs[may_run])
    )
    data = dict(rows_of(id_data(view, arrivals), "attack_id", "data"))
    of_unit = [data[attack_id] for attack_id in units["attack_id"].tolist()]
    columns = {name: units[name].array for name in spec.columns if name in units}
    columns["data"] = of_unit
    columns["state"] = [
        _state(*row)
        for row in zip(
            *(frame["covered"].to_numpy() == 1 for frame in (every, certain, possible)), of_unit, strict=True
        )
    ]
    columns["rules"], columns["rules_can_run"] = every["rules"].array, certain["rules"].array
    columns["rules_cannot_fire"] = (every["rules"] - possible["rules"]).array
    columns["rules_not_told"] = (possible["rules"] - certain["rules"]).array
    return spec.frame(columns)


def _covered(view: View, units: pd.DataFrame, pairs: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    return coverage_columns(pairs, rolled_up(pairs, units, by), units, view.scope.rollup, by)


def _runs(verdict: str) -> bool:
    return verdict == CAN_RUN


def _may_run(verdict: str) -> bool:
    return verdict != CANNOT_FIRE


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
    ids = id_states(view, arrivals)
    frames = {
        "techniques": ids[~ids["is_subtechnique"]],
        "subtechniques": ids[ids["is_subtechnique"]],
        "placements": placement_states(view, arrivals),
    }
    return {grain: _counts(frame["state"].tolist()) for grain, frame in frames.items()}


def _counts(states: list[str]) -> dict[str, int]:
    return {name: states.count(name) for name in DATA_STATES} | {"total": len(states)}


@once_a_view
def log_source_words(view: View) -> dict[str, int | float]:
    """How many of the log source references of the release's analytics `data/log_sources.csv` resolves."""
    resolved = references(view.catalogue, log_source_table(view))["resolved"].tolist()
    total = len(resolved)
    return {
        "resolved": sum(resolved),
        "total": total,
        "resolved_share": round(sum(resolved) / total, 4) if total else 0.0,
    }


def data_summary(view: View, arrivals: Arrivals) -> dict:
    """States of IDs, verdicts on rules and words resolved, as plain values."""
    return {
        "states": state_counts(view, arrivals),
        "rules": verdict_counts(verdict_by_rule(view, arrivals)),
        "log_source_words": log_source_words(view),
    }
