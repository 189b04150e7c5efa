"""Two adversaries of a threat profile compared: what both need, what one does, what is open. Widgets only.

Next: open a technique that both need.
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.frames import rows_of
from coverage.measures.adversaries import adversaries, compare_threats
from coverage.pages import adversary, controls, parts
from coverage.scope import View
from coverage.text import plain
from coverage.threats.profile import group_profile
from coverage.threats.threat import Threat
from coverage.vocabulary import STATES
from coverage.words import amount


def show(now: View, threat: Threat, row: DeltaGenerator) -> None:
    """The comparison; the two are chosen in `row`."""
    rows = adversaries(now, threat)
    rows = rows[rows["kind"].isin(["group", "campaign", "software"])]
    if len(rows) < 2:
        st.info("This takes two adversaries of ATT&CK. Choose a profile with more of them above.")
        return
    names = dict(rows_of(rows, "member_id", "name"))
    a, b = controls.two_of(
        row, ("First", "Second"), list(names), ("threat_a", "threat_b"), width=220, format_func=names.get
    )
    found = compare_threats(now, *(session.threat(group_profile([one])) for one in (a, b)))
    first, second = found["need_a"] > 0, found["need_b"] > 0
    for column, (title, mine) in zip(
        st.columns(3),
        {
            "Both need": first & second,
            f"Only {names[a]}": first & ~second,
            f"Only {names[b]}": second & ~first,
        }.items(),
        strict=True,
    ):
        still_open = int((found.loc[mine, "covered"] < 1).sum())
        column.metric(
            plain(title),
            f"{int(mine.sum())}",
            delta=f"{still_open} open",
            delta_color="off",
            delta_arrow="off",
        )
    st.caption(f"{amount(len(found), 'row')}, what both need first. Click one to open the technique.")
    shown = found.assign(
        who=["both" if x and y else names[a] if x else names[b] for x, y in zip(first, second, strict=True)],
        state=found["state"].map(STATES),
    )
    columns = {name: adversary.COLUMNS[name] for name in ("attack_id", "name", "state", "url")}
    columns["who"] = st.column_config.TextColumn("Needed by", width=180)
    place = parts.chosen_row(
        shown, "adversary_pair", columns, height=420, order=["attack_id", "name", "who", "state", "url"]
    )
    if place is not None:
        session.open_technique(found.iloc[place]["attack_id"])
    parts.csv_button(found, now, f"compare_{a}_{b}", None, "Download the comparison as CSV")
