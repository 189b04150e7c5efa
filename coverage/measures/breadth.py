"""What is covered: per ID, per placement, per tactic, per platform. One function a question."""

from __future__ import annotations

import pandas as pd

from coverage.frames import FrameSpec, rows_of
from coverage.measures.frames import ID_COVERAGE, PLACEMENT_COVERAGE, PLATFORM_COVERAGE, TACTIC_COVERAGE
from coverage.measures.rollup import coverage_columns, rolled_up, unit_rows, units_with_parent
from coverage.measures.strength import strength_columns
from coverage.scope import View, once_a_view
from coverage.scope.view import among
from coverage.vocabulary import PRE_PLATFORM


def _measured(view: View, units: pd.DataFrame, pairs: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    lifted = rolled_up(pairs, units, by)
    covered = coverage_columns(pairs, lifted, units, view.scope.rollup, by)
    counted = pairs if view.scope.rollup == "direct" else lifted
    return strength_columns(counted, covered, view.rules, view.rule_platforms, view.weights, by)


def _shaped(frame: pd.DataFrame, spec: FrameSpec) -> pd.DataFrame:
    return frame[list(spec.columns)].reset_index(drop=True)


@once_a_view
def coverage_by_id(view: View) -> pd.DataFrame:
    """ID_COVERAGE: each technique and sub-technique in scope, all four roll-ups, depth, breadth, score."""
    units, pairs = _ids_and_rules(view)
    return _shaped(_measured(view, units, pairs, ()), ID_COVERAGE)


def covered_by_id(view: View) -> pd.DataFrame:
    """ID_COVERAGE without what `strength` adds: which IDs are covered, for a count of them."""
    units, pairs = _ids_and_rules(view)
    return coverage_columns(pairs, rolled_up(pairs, units), units, view.scope.rollup)


def covered_without(view: View, rule_keys: pd.Series) -> pd.DataFrame:
    """`covered_by_id` as it would be without some of the rules."""
    units, pairs = _ids_and_rules(view)
    pairs = pairs[~among(pairs["rule_key"], rule_keys)]
    return coverage_columns(pairs, rolled_up(pairs, units), units, view.scope.rollup)


def _ids_and_rules(view: View) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The IDs in scope, and each rule in scope on the very ID, once."""
    units = view.techniques[["attack_id", "name", "is_subtechnique", "parent_id", "platforms"]]
    return units.reset_index(drop=True), view.rules_on_ids


@once_a_view
def coverage_by_placement(view: View) -> pd.DataFrame:
    """PLACEMENT_COVERAGE: the same for each cell of the matrix, from the rules that count in that cell."""
    return _shaped(_measured_placements(view), PLACEMENT_COVERAGE)


def open_platforms_by_placement(view: View) -> dict[tuple[str, str], tuple[str, ...]]:
    """(tactic ID, ATT&CK ID) -> the platforms in scope on which no rule works that counts in that cell."""
    measured = _measured_placements(view)
    return {
        (tactic_id, attack_id): names
        for tactic_id, attack_id, names in rows_of(measured, "tactic_id", "attack_id", "open_platforms")
    }


@once_a_view
def _measured_placements(view: View) -> pd.DataFrame:
    units = units_with_parent(view.placements, view.techniques)
    units["platforms"] = units["attack_id"].map(view.techniques.set_index("attack_id")["platforms"])
    pairs = view.placed[["tactic_id", "attack_id", "rule_key"]]
    return _measured(view, units, pairs, ("tactic_id",))


def covered_by_placement(view: View) -> pd.DataFrame:
    """PLACEMENT_COVERAGE without what `strength` adds: which cells are covered, for a count of them."""
    units = units_with_parent(view.placements, view.techniques)
    pairs, by = view.placed[["tactic_id", "attack_id", "rule_key"]], ("tactic_id",)
    return coverage_columns(pairs, rolled_up(pairs, units, by), units, view.scope.rollup, by)


@once_a_view
def coverage_by_tactic(view: View) -> pd.DataFrame:
    """TACTIC_COVERAGE: covered and all techniques placed in each tactic, in matrix order."""
    cells = coverage_by_placement(view)
    tactics = view.catalogue.tactics
    tactics = tactics[tactics["position"] >= 0].sort_values("position")[["tactic_id", "name", "position"]]
    result = tactics.merge(_totals(cells, "tactic_id"), on="tactic_id", how="left")
    result["rules"] = result["tactic_id"].map(view.placed.groupby("tactic_id")["rule_key"].nunique())
    return _shaped(_filled(result), TACTIC_COVERAGE)


@once_a_view
def coverage_by_platform(view: View) -> pd.DataFrame:
    """PLATFORM_COVERAGE: covered and all techniques on each platform, counting only rules that work on it.

    A rule may work on a platform and map only to techniques that the release does not place there: it is one
    of
    `rules` and none of `rules_counted`.
    """
    ids, on_ids = _ids_and_rules(view)
    units = ids.explode("platforms", ignore_index=True).rename(columns={"platforms": "platform"})
    units = units[units["platform"].notna() & (units["platform"] != PRE_PLATFORM)].reset_index(drop=True)
    working = on_ids.merge(view.rule_platforms, on="rule_key")
    pairs = working[unit_rows(working, units, ["platform", "attack_id"]) >= 0]
    lifted = rolled_up(pairs, units, ("platform",))
    cells = coverage_columns(pairs, lifted, units, view.scope.rollup, ("platform",))
    result = _totals(cells, "platform")
    result["rules"] = result["platform"].map(_distinct_rules(working))
    result["rules_counted"] = result["platform"].map(_distinct_rules(lifted))
    return _shaped(_filled(result.rename(columns={"platform": "name"})), PLATFORM_COVERAGE)


def _distinct_rules(pairs: pd.DataFrame) -> pd.Series:
    """How many rules each platform has."""
    return pairs.groupby("platform")["rule_key"].nunique()


def _totals(cells: pd.DataFrame, by: str) -> pd.DataFrame:
    """Covered and total of techniques and of sub-techniques, apart, for each value of `by`."""
    grains = {False: ("covered", "total"), True: ("subtechniques_covered", "subtechniques")}
    parts = []
    for is_subtechnique, (covered, total) in grains.items():
        groups = cells[cells["is_subtechnique"] == is_subtechnique].groupby(by)["covered"]
        parts.append(groups.agg(**{covered: "sum", total: "size"}))
    return pd.concat(parts, axis=1).rename_axis(by).sort_index().reset_index()


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    known = ("total", "subtechniques_covered", "subtechniques", "rules", "rules_counted")
    counts = [name for name in known if name in frame]
    return frame.fillna(dict.fromkeys(["covered", *counts], 0)).astype(dict.fromkeys(counts, "int64"))
