"""The Mapping page's list of mappings as written beside as read. Widgets only."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage import session
from coverage.pages import parts
from coverage.scope import View
from coverage.session import address
from coverage.vocabulary import READ_STATUSES, TACTIC_STATUSES
from coverage.words import amount


def side_by_side(rows: pd.DataFrame, now: View) -> None:
    """Mappings as written beside as read, by how they were read; a selected one opens its rule."""
    left, right = st.columns([2, 2])
    statuses = address.multiselect(
        left,
        "Technique is read as",
        READ_STATUSES,
        "map_status",
        placeholder="Every way",
        help="  \n".join(f"**{name}**: {meaning}" for name, meaning in READ_STATUSES.items()),
    )
    tactics = address.multiselect(
        right,
        "Tactic is read as",
        TACTIC_STATUSES,
        "map_tactic_status",
        placeholder="Every way",
        help="  \n".join(f"**{name}**: {meaning}" for name, meaning in TACTIC_STATUSES.items()),
    )
    rows = rows[rows["status"].isin(statuses)] if statuses else rows
    rows = rows[rows["tactic_status"].isin(tactics)] if tactics else rows
    st.caption(f"{amount(len(rows), 'mapping')} shown. Click a row to open the rule.")
    if rows.empty:
        st.info("No mapping is read that way. Clear a filter to see more.")
        return
    config = {
        "name": st.column_config.TextColumn("Rule", width=260),
        "tactic_written": st.column_config.TextColumn("Tactic as written", width=190),
        "leaf_written": st.column_config.TextColumn("Technique as written", width=140),
        "tactic_read": st.column_config.TextColumn("Tactic as read", width=190),
        "read_as": st.column_config.TextColumn("Technique as read", width=260),
        "status": st.column_config.TextColumn("Technique", width=90),
        "tactic_status": st.column_config.TextColumn("Tactic", width=80),
        "reason": st.column_config.TextColumn("Why", width=380),
        "corpus": st.column_config.TextColumn("Rule set", width=90),
        "path": st.column_config.TextColumn("File", width="medium"),
    }
    row = parts.chosen_row(
        rows[list(config)].fillna(""), "map_side_by_side", config, height=min(38 + 35 * len(rows), 420)
    )
    if row is not None:
        session.open_rule(rows.iloc[row]["rule_key"])
    parts.csv_button(rows, now, "mappings", label="Download these mappings as CSV")
