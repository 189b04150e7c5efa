"""What happened to the rules lately, and how severe they are: dates and severities, no mappings."""

from __future__ import annotations

import pandas as pd

from coverage.measures.frames import ACTIVITY
from coverage.scope import View
from coverage.vocabulary import SEVERITIES


def activity_by_month(view: View, months: int = 12) -> pd.DataFrame:
    """ACTIVITY: rules in scope created and last updated in each of the `months` up to the stamp's date."""
    until = pd.Period(view.scope.date, freq="M")
    span = pd.period_range(end=until, periods=months, freq="M")
    counts = {
        column: view.rules[column]
        .dt.to_period("M")
        .value_counts()
        .reindex(span, fill_value=0)
        .astype("int64")
        for column in ("created", "updated")
    }
    frame = pd.DataFrame(
        {"month": span.to_timestamp().astype("datetime64[s]"), **{k: v.array for k, v in counts.items()}}
    )
    return frame[list(ACTIVITY.columns)]


def severity_mix(view: View) -> pd.Series:
    """How many rules in scope have each severity, highest first, `unknown` last."""
    counts = view.rules["severity"].fillna("unknown").value_counts()
    order = [name for name in (*reversed(SEVERITIES), "unknown") if counts.get(name, 0)]
    return counts.reindex(order).rename("rules")
