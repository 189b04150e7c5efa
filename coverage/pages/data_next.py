"""What to connect next, what few rules use, and what MITRE's analytics would want switched on.
Widgets only.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.inventory.arrivals import ARRIVES, Arrivals
from coverage.measures.connections import next_sources, sources
from coverage.measures.switched_on import to_switch_on
from coverage.pages import data_source, parts, threat_choice
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.vocabulary import ARRIVAL_TITLES
from coverage.words import amount

_NEXT = {
    "source": st.column_config.TextColumn("Log source", width=230),
    "state": st.column_config.TextColumn("State", width=80),
    "need": st.column_config.NumberColumn(
        "Need", width=66, format="%.2f", help="Sum of the need of the IDs of the next two columns."
    ),
    "covered_count": st.column_config.NumberColumn(
        "Would be covered", width=122, help="IDs that rules which start to run would be the first to cover."
    ),
    "reach_count": st.column_config.NumberColumn(
        "Within reach", width=96, help="Open IDs for which data would arrive, so that a rule can be written."
    ),
    "rules": st.column_config.NumberColumn("Rules start", width=88),
    "analytics": st.column_config.NumberColumn("MITRE's analytics", width=124),
    "covered": st.column_config.ListColumn("Covered then", width=260),
    "in_reach": st.column_config.ListColumn("Within reach then", width=260),
}
_ONE = {
    name: config
    for name, config in data_source.COLUMNS.items()
    if name in ("source", "state", "rules", "ids", "ids_dark", "platforms")
}


def show(now: View, arrivals: Arrivals) -> None:
    """The three tables."""
    threat = threat_choice.choose(st.container(), now)
    found = next_sources(now, arrivals, threat)
    st.subheader("Connect next", anchor=False)
    if found.empty:
        st.success("No log source that does not arrive would bring anything.")
    else:
        best = found.iloc[0]
        st.markdown(
            f"**{plain(best['source'])}** would help most against {plain(threat.profile.name)}: "
            f"{amount(best['rules'], 'rule')} would start to run, {amount(len(best['covered']), 'ID')} be "
            f"covered, and {amount(len(best['in_reach']), 'open ID')} come within reach."
        )
        st.caption(
            f"{amount(len(found), 'log source')} that would bring something, by need. Each alone: what two "
            "bring, both rows count. Click one to open it."
        )
        shown = found.assign(
            covered_count=found["covered"].map(len),
            reach_count=found["in_reach"].map(len),
            state=found["state"].map(ARRIVAL_TITLES),
        )
        _table(shown, "next_sources", _NEXT, found)
        parts.csv_button(found, now, "next_sources", None, "Download this list as CSV")
    _one_rule(now, arrivals)
    _to_switch_on(now, arrivals)


def _one_rule(now: View, arrivals: Arrivals) -> None:
    everything = sources(now, arrivals)
    found = everything[(everything["rules"] == 1) & (everything["state"] == ARRIVES)]
    st.subheader("Arrives for one rule alone", anchor=False)
    if found.empty:
        st.caption("Every log source that arrives has no rule, or several.")
        return
    st.caption(f"{amount(len(found), 'log source')} that only one rule in scope reads.")
    _table(found.assign(state=found["state"].map(ARRIVAL_TITLES)), "one_rule", _ONE, found)
    parts.csv_button(found, now, "one_rule_sources", None, "Download these log sources as CSV")


_SWITCH_ON = {
    "source": st.column_config.TextColumn("Log source", width=210),
    "channel": st.column_config.TextColumn("Event or channel, as MITRE words it", width=250),
    "audit": st.column_config.ListColumn(
        "Audit sub-category", width=230, help="Of the Windows audit policy, where the event is known."
    ),
    "state": st.column_config.TextColumn(
        "Log source is",
        width=96,
        help="Whether the log source arrives; of the event nothing tells.",
    ),
    "count": st.column_config.NumberColumn("Open IDs", width=76),
    "analytics": st.column_config.NumberColumn("Analytics", width=78),
    "platforms": st.column_config.ListColumn("Platforms", width=170),
    "ids": st.column_config.ListColumn("IDs", width=260),
}


def _to_switch_on(now: View, arrivals: Arrivals) -> None:
    found = to_switch_on(now, arrivals)
    st.subheader("What to switch on for open techniques", anchor=False)
    if found.empty:
        st.caption("MITRE's analytics name no log source for the open techniques in scope.")
        return
    st.caption(
        f"{amount(len(found), 'log source and event', 'log sources and events')} that MITRE's analytics name "
        "for open techniques and sub-techniques: suggestions, those for most IDs first."
    )
    shown = found.assign(count=found["ids"].map(len), state=found["state"].map(ARRIVAL_TITLES))
    _table(shown, "switch_on", _SWITCH_ON, found)
    parts.csv_button(found, now, "to_switch_on", None, "Download what to switch on as CSV")


def _table(shown: pd.DataFrame, key: str, config: dict, found: pd.DataFrame) -> None:
    place = parts.chosen_row(
        shown, key, config, height=min(38 + 35 * len(shown), 420), order=list(config), search=False
    )
    if place is not None:
        address.step(source=found.iloc[place]["source"])
