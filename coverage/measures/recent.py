"""What the newest rules added: the techniques that only they cover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from coverage.measures.breadth import covered_by_id, covered_without
from coverage.scope import View, once_a_view

DAYS = 90


@dataclass(frozen=True)
class RecentRules:
    """Rules in scope created in the last DAYS days, and the techniques that no older rule covers."""

    since: date
    rules: int
    dated: int  # rules in scope whose file says when they were created
    techniques: tuple[str, ...]


@once_a_view
def recent_rules(view: View) -> RecentRules:
    """The newest rules of a view. A rule without a date counts as old."""
    since = view.scope.date - timedelta(days=DAYS)
    created = view.rules["created"]
    new = view.rules.loc[created.notna() & (created >= pd.Timestamp(since)), "rule_key"]
    gained: tuple[str, ...] = ()
    if len(new):
        now, before = covered_by_id(view), covered_without(view, new)
        grown = ~now["is_subtechnique"] & (now["covered"] > before["covered"])
        gained = tuple(now.loc[grown, "attack_id"])
    return RecentRules(since, len(new), int(created.notna().sum()), gained)
