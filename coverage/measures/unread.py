"""Mappings that are read as nothing: what was written, and why it counts nowhere."""

from __future__ import annotations

import pandas as pd

from coverage.scope import View


def unread_mappings(view: View) -> pd.DataFrame:
    """MAPPINGS rows of all rules without a live ID, with the rule's `name`, `corpus` and `path`."""
    rows = view.mappings[view.mappings["attack_id"].isna()]
    rules = view.all_rules[["rule_key", "name", "corpus", "path"]]
    return rows.merge(rules, on="rule_key", how="left")
