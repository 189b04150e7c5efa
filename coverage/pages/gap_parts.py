"""What pages show of accepted and planned gaps: filter, notes, the entry to paste. Widgets only."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from coverage.measures.accepted import idle_entries, in_force, mark
from coverage.project.accepted_gaps import Accepted, as_toml, place_and_message
from coverage.scope import View
from coverage.text import plain

# What the filter leaves, by its choice: a mask over ACCEPTED_GAPS.
CHOICES = {
    "all": lambda found: pd.Series(True, index=found.index),
    "not accepted": lambda found: ~in_force(found),
    "accepted or planned": in_force,
    "expired": lambda found: found["accepted_expired"],
}


def problem_notes(accepted: Accepted, gaps: pd.DataFrame) -> None:
    """What is wrong with the file, and which of its entries are about no open gap."""
    serious = accepted.problems[accepted.problems["severity"] != "note"]
    if len(serious):
        st.warning(
            "  \n".join(plain(place_and_message(row)) for row in serious.head(5).to_dict("records")),
            icon=":material/rule:",
        )
    if idle := idle_entries(accepted, gaps["attack_id"].tolist()):
        st.caption(
            f"Entries about no open gap of this scope, covered or out of it: {plain(', '.join(idle))}."
        )


def entry_to_paste(row: pd.Series, now: View) -> None:
    """The `[[gap]]` entry to paste for an open gap; the existing entry of one that has it."""
    if isinstance(row["accepted"], str):
        st.markdown(_acceptance(row))
    with st.expander(
        f"Accept or plan {row['attack_id']} in gaps.toml", expanded=not isinstance(row["accepted"], str)
    ):
        st.caption(
            "Paste it into gaps.toml beside coverage.toml, or in the rules' folder, and fill in reason and "
            "owner. It stays a gap, and is open again after its last day."
        )
        st.code(as_toml(row["attack_id"], row["name"], now.scope.date + timedelta(days=180)), language="toml")


def _acceptance(row: pd.Series) -> str:
    until = None if pd.isna(row["accepted_until"]) else row["accepted_until"].date()
    who = " · ".join(
        plain(row[name]) for name in ("accepted_owner", "accepted_ticket") if isinstance(row[name], str)
    )
    return (
        f"**{row['attack_id']} {plain(mark(row['accepted'], until, bool(row['accepted_expired'])))}** — "
        f"{plain(row['accepted_reason'])} ({who})"
    )
