"""Columns and words of the tables of rules to borrow. Widgets only."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.changes.borrow import Borrowing
from coverage.pages import parts
from coverage.scope import View
from coverage.words import amount, noun

_RULE = {
    "rule_name": st.column_config.TextColumn("Rule", width=280),
    "severity": st.column_config.TextColumn("Severity", width=80),
    "rule_log_sources": st.column_config.ListColumn(
        "Log sources", width=200, help="Integrations and data sources that the rule names."
    ),
    "own_log_sources": st.column_config.ListColumn(
        "Of these I have", width=110, help="Those that rules of mine in scope name, too."
    ),
    "own_data_components": st.column_config.ListColumn(
        "Data I collect",
        width=150,
        help="Data components it needs that rules of mine in scope need on the same platform.",
    ),
    "rule_platforms": st.column_config.ListColumn("Platforms", width=120),
    "rule_class": st.column_config.TextColumn("Counts as", width=92),
    "corpus": st.column_config.TextColumn("Rule set", width=80),
    "path": st.column_config.TextColumn("File", width="medium"),
}

PLAN_COLUMNS = {
    "step": st.column_config.NumberColumn("Step", width=50),
    "closes": st.column_config.ListColumn("Closes", width=190, help="Gaps that no step before it closes."),
    "weight": st.column_config.NumberColumn(
        "Weight", width=66, format="%.2f", help="What the step gains; the figure sums it up."
    ),
    "share": st.column_config.ProgressColumn(
        "So far",
        width=100,
        format="%.0f%%",
        min_value=0,
        max_value=100,
        help="Of the weight that these rules can close.",
    ),
    **_RULE,
}

RULE_COLUMNS = {
    "attack_id": st.column_config.TextColumn("ID", width=82),
    "name": st.column_config.TextColumn("Gap", width=190),
    "gap_type": st.column_config.TextColumn("Next step", width=138, help=parts.gap_type_help()),
    "weight": st.column_config.NumberColumn("Weight", width=66, format="%.2f"),
    **_RULE,
    "groups": st.column_config.NumberColumn("Groups", width=66),
    "software": st.column_config.NumberColumn("Software", width=74),
    "tactics": st.column_config.ListColumn("Tactics", width="medium"),
}


def explained(found: Borrowing, counts: dict) -> str:
    """What a weight is and how many candidates the restrictions leave, with the denominator."""
    prices = ", ".join(
        f"{found.weights[term]:g} for {words}"
        for term, words in (
            ("gap", "itself"),
            ("group", "each group"),
            ("software", "each software"),
            ("campaign", "each campaign that uses it"),
        )
    )
    return (
        f"{counts['rules']:,} of "
        f"{amount(counts['rules_of_all'], 'rule')} that would close a gap "
        f"{noun(counts['rules_of_all'], 'fits', 'fit')} "
        "the choices above. "
        f"A gap weighs {prices} (data/priority.csv)."
    )


def log_sources(now: View) -> list[str]:
    """Every integration and data source that a rule read names, in the order of the alphabet."""
    names = {
        name for column in ("integrations", "data_sources") for here in now.all_rules[column] for name in here
    }
    return sorted(names, key=lambda name: (name.casefold(), name))


def searched(rows: pd.DataFrame, text: str) -> pd.DataFrame:
    """The BORROW rows that contain the text, ignoring case."""
    words = text.strip().casefold()
    if not words:
        return rows
    columns = rows[["attack_id", "name", "rule_name", "path", "rule_log_sources"]].itertuples(index=False)
    return rows[[words in " ".join(map(str, values)).casefold() for values in columns]]
