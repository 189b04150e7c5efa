"""One rule, and rules beside one another: what each is read as, and who else is there."""

from __future__ import annotations

import pandas as pd

from coverage.measures.threat import listed
from coverage.scope import View, once_a_view
from coverage.vocabulary import attack_url


@once_a_view
def rules_with_ids(view: View) -> pd.DataFrame:
    """RULES of every rule read, with `attack_ids`: the live IDs each is read as, in the rule's order."""
    read = view.mappings.loc[view.mappings["attack_id"].notna(), ["rule_key", "attack_id"]].drop_duplicates()
    rules = view.all_rules
    return rules.assign(attack_ids=listed(read, "rule_key", "attack_id", rules["rule_key"]))


def rule_mappings(view: View, rule_key: str) -> pd.DataFrame:
    """MAPPINGS of one rule, with `technique` (ID and name as read), `tactics` it counts in, and `url`."""
    rows = view.mappings[view.mappings["rule_key"] == rule_key].copy()
    names = view.catalogue.techniques.set_index("attack_id")["name"]
    tactics = view.catalogue.tactics.set_index("tactic_id")["name"]
    rows["technique"] = rows["attack_id"] + " " + rows["attack_id"].map(names)
    rows["tactics"] = [_tactics_counted(view, row, tactics) for row in rows.itertuples()]
    rows["url"] = [attack_url(value) if isinstance(value, str) else None for value in rows["attack_id"]]
    return rows


def _tactics_counted(view: View, row, names: pd.Series) -> tuple[str, ...]:
    if not isinstance(row.attack_id, str):
        return ()
    if row.tactic_status in ("valid", "renamed"):
        return (names[row.tactic_id],)
    placements = view.catalogue.placements
    return tuple(names[tactic] for tactic in placements.loc[placements["attack_id"] == row.attack_id, "tactic_id"])


def rule_neighbours(view: View, rule_key: str) -> pd.DataFrame:
    """RULES other than this one that are read as one of its IDs, with `shared`: those IDs; most shared first."""
    read = view.mappings.loc[view.mappings["attack_id"].notna(), ["rule_key", "attack_id"]].drop_duplicates()
    mine = read.loc[read["rule_key"] == rule_key, "attack_id"]
    others = read[read["attack_id"].isin(mine) & (read["rule_key"] != rule_key)]
    shared = others.groupby("rule_key")["attack_id"].agg(tuple).rename("shared").reset_index()
    rows = shared.merge(view.all_rules, on="rule_key")
    rows["_count"] = rows["shared"].map(len)
    return rows.sort_values(["_count", "name"], ascending=[False, True], ignore_index=True).drop(columns="_count")
