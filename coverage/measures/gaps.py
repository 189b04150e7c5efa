"""The holes: which IDs in scope are open, what kind of work each is, and which matter most."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pandas as pd

from coverage.frames import rows_of
from coverage.identity import counted
from coverage.inventory.arrivals import NOT_TOLD
from coverage.measures.breadth import coverage_by_id
from coverage.measures.frames import GAPS
from coverage.measures.telemetry import telemetry_by_id
from coverage.measures.threat import listed, threat_by_id
from coverage.measures.visibility import id_data
from coverage.scope import View, among, once_a_view, rules_in_scope
from coverage.vocabulary import COVERED_GAP_TYPES, RULE_CLASSES, attack_url


def gaps(view: View, also: Collection[str] = ()) -> pd.DataFrame:
    """GAPS: open IDs in scope, those that most groups, then software, then campaigns use first.

    Parameters
    ----------
    view : View
    also : collection of "fragile", "platform"
        Covered IDs to list too; each is a row of its own beside the open ones.
    """
    return _listed_gaps(view, frozenset(also))


@once_a_view
def _listed_gaps(view: View, also: frozenset[str]) -> pd.DataFrame:
    covered = coverage_by_id(view)
    found = pd.concat([_open(view, covered), *_covered_gaps(covered, also)], ignore_index=True)
    found = found.merge(threat_by_id(view), on="attack_id", how="left")
    found = found.merge(telemetry_by_id(view), on="attack_id", how="left")
    found["tactics"] = tactic_names(view, found["attack_id"])
    found["url"] = [attack_url(attack_id) for attack_id in found["attack_id"]]
    found["data"] = _data(view, found["attack_id"])
    found["rules"] = found["rules_any"]
    order = ["groups", "software", "campaigns", "attack_id", "gap_type"]
    found = found.sort_values(order, ascending=[False, False, False, True, True], ignore_index=True)
    result = found[list(GAPS.columns)]
    return result.astype(
        {name: dtype for name, (dtype, _) in GAPS.columns.items() if dtype in ("str", "bool")}
    )


def _data(view: View, attack_ids: pd.Series) -> list[str]:
    """Whether data arrives for each ID; without an inventory nothing tells."""
    if view.arrivals is None:
        return [NOT_TOLD] * len(attack_ids)
    data = dict(rows_of(id_data(view, view.arrivals), "attack_id", "data"))
    return [data[attack_id] for attack_id in attack_ids.tolist()]


def _open(view: View, coverage: pd.DataFrame) -> pd.DataFrame:
    """The rows of `coverage` that are not (wholly) covered, with `gap_type` and `rules_out_of_scope`."""
    outside = _out_of_scope(view)
    rows = coverage.assign(
        rules_out_of_scope=coverage["attack_id"].map(outside["any"]).fillna(0).astype("int64")
    )
    rows = rows[rows["covered"] < 1].copy()
    with_direct_rule = coverage.loc[coverage["direct"], "attack_id"]
    # One type a gap. The most specific says what to do: finish, promote, refine, or begin.
    rows["gap_type"] = "none"
    rows.loc[among(rows["parent_id"], with_direct_rule), "gap_type"] = "parent_only"
    promotable = rows["attack_id"].map(outside["promotable"]).fillna(0) > 0
    rows.loc[promotable & (rows["rules_any"] == 0), "gap_type"] = "not_production"
    if view.scope.rollup != "direct":  # there rules on sub-techniques finish nothing: it wants one of its own
        rows.loc[~rows["is_subtechnique"] & (rows["rules_any"] > 0), "gap_type"] = "partial"
    return rows


def _out_of_scope(view: View) -> pd.DataFrame:
    """Per ID: distinct rules on it or its sub-techniques that the scope leaves out, and promotable ones."""
    return rules_left_out(view).groupby("attack_id")["promotable"].agg(any="size", promotable="sum")


def rules_left_out(view: View) -> pd.DataFrame:
    """One row a (ID in scope, rule out of scope on it or its sub-techniques), with `promotable`.

    Only its class or switch keeps a promotable rule out: reviving a deprecated rule is not a promotion, and
    promoting a rule of other platforms covers nothing here.
    """
    left_out = view.all_placed[~among(view.all_placed["rule_key"], view.rules["rule_key"])]
    parents = view.techniques.loc[view.techniques["parent_id"].notna(), ["attack_id", "parent_id"]]
    pairs = left_out[["attack_id", "rule_key"]]
    lifted = pairs.merge(parents, on="attack_id")[["parent_id", "rule_key"]].rename(
        columns={"parent_id": "attack_id"}
    )
    pairs = pd.concat([pairs, lifted], ignore_index=True).drop_duplicates()
    here = rules_in_scope(view.all_rules, replace(view.scope, classes=tuple(RULE_CLASSES), enabled="any"))
    promotable = view.all_rules[here & (view.all_rules["rule_class"] != "deprecated")]
    pairs["promotable"] = among(pairs["rule_key"], counted(promotable, view.counts_as)["rule_key"])
    return pairs


def _covered_gaps(coverage: pd.DataFrame, also: frozenset[str]) -> list[pd.DataFrame]:
    if unknown := also - COVERED_GAP_TYPES:
        raise ValueError(f"not a gap type of covered IDs: {', '.join(sorted(unknown))}")
    whole = coverage[coverage["covered"] == 1].assign(rules_out_of_scope=0)
    masks = {
        "fragile": whole["rules"] == 1,
        "platform": (whole["platforms_total"] > 0) & (whole["platforms_covered"] < whole["platforms_total"]),
    }
    return [whole[masks[name]].assign(gap_type=name) for name in sorted(also)]


def tactic_names(view: View, attack_ids: pd.Series) -> pd.Series:
    """For each ID the tuple of the names of its tactics in scope, in matrix order."""
    tactics = view.catalogue.tactics.sort_values("position")[["tactic_id", "name", "position"]]
    cells = view.placements.merge(tactics, on="tactic_id").sort_values("position", kind="stable")
    return listed(cells, "attack_id", "name", attack_ids)
