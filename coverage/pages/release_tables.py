"""Columns of the Release page's tables, and how one of them is shown with its download. Widgets only."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from coverage.changes.impact import Impact
from coverage.exports.impact import comparison, with_releases
from coverage.pages import parts
from coverage.vocabulary import IMPACT_CAUSES, IMPACT_DETAILS, RELEASE_CHANGES


def _help(words: Mapping[str, str]) -> str:
    return "  \n".join(f"**{word}**: {meaning}" for word, meaning in words.items())


def show_comparison(found: Impact) -> None:
    """Covered and in scope at each grain: before, what each cause adds, after."""
    heads = {
        cause: st.column_config.TextColumn(cause.capitalize(), help=meaning, alignment="right")
        for cause, meaning in IMPACT_CAUSES.items()
    }
    heads |= {
        name: st.column_config.TextColumn(title, alignment="right")
        for name, title in (
            ("before", found.before.catalogue.release.title),
            ("after", found.after.catalogue.release.title),
            ("difference", "Difference"),
        )
    }
    st.dataframe(
        comparison(found),
        hide_index=True,
        column_config={"counted": st.column_config.TextColumn("Counted", width="medium"), **heads},
    )


def show(frame: pd.DataFrame, found: Impact, key: str, stem: str, config: dict, empty: str) -> int | None:
    """A table (lists of rules as their number) over its download (lists of rules in full); the chosen row."""
    if frame.empty:
        st.info(empty)
        return None
    shown = frame.assign(rules=[len(keys) for keys in frame["rules"]]) if "rules" in frame else frame
    chosen = parts.chosen_row(shown[list(config)], key, config, height=min(38 + 35 * len(shown), 420))
    parts.csv_button(with_releases(frame, found), found.after, stem)
    return chosen


def change_columns(found: Impact) -> dict:
    """Columns of TOUCHED_CHANGES."""
    return {
        "attack_id": st.column_config.TextColumn("ID", width=82),
        "name": st.column_config.TextColumn("Name", width=230),
        "change": st.column_config.TextColumn("Change", width=88, help=_help(RELEASE_CHANGES)),
        "before": st.column_config.TextColumn(found.before.catalogue.release.title, width="medium"),
        "after": st.column_config.TextColumn(found.after.catalogue.release.title, width="medium"),
        "successors": st.column_config.ListColumn(
            "Read as", width="small", help="What a mapping to the ID is read as in the release moved to."
        ),
        "rules_in_scope": st.column_config.NumberColumn("Rules in scope", width=106),
        "rules": st.column_config.NumberColumn("Rules read", width=86, help="In scope or not."),
    }


def rule_columns(found: Impact) -> dict:
    """Columns of RULE_CHANGES."""
    return {
        "name": st.column_config.TextColumn("Rule", width=330),
        "in_scope": st.column_config.CheckboxColumn("In scope", width=72),
        "attack_id": st.column_config.TextColumn("ID", width=82),
        "change": st.column_config.TextColumn("Change", width=88, help=_help(RELEASE_CHANGES)),
        "written": st.column_config.ListColumn("As written", width="medium"),
        "read_before": st.column_config.ListColumn(
            f"As read in {found.before.catalogue.release.version}", width="medium"
        ),
        "read_after": st.column_config.ListColumn(
            f"As read in {found.after.catalogue.release.version}", width="medium"
        ),
        "path": st.column_config.TextColumn("File", width="medium"),
    }


def ledger_columns(placements: bool) -> dict:
    """Columns of IMPACT_LEDGER; the tactic only where placements are counted."""
    return {
        "attack_id": st.column_config.TextColumn("ID", width=82),
        "name": st.column_config.TextColumn("Name", width=170),
        **({"tactic": st.column_config.TextColumn("Tactic", width=130)} if placements else {}),
        "before": st.column_config.TextColumn("Before", width=74),
        "after": st.column_config.TextColumn("After", width=74),
        "covered_change": st.column_config.NumberColumn(
            "Covered", width=74, format="%+.3g", help="What it adds to the covered ones."
        ),
        "total_change": st.column_config.NumberColumn(
            "In scope", width=74, format="%+d", help="What it adds to the denominator."
        ),
        "cause": st.column_config.TextColumn("Cause", width=74, help=_help(IMPACT_CAUSES)),
        "detail": st.column_config.TextColumn("Detail", width=84, help=_help(IMPACT_DETAILS)),
        "rules": st.column_config.NumberColumn(
            "Rules", width=60, help="Rules in scope that make it covered, or made it."
        ),
        "because": st.column_config.TextColumn("Because", width=420),
    }
