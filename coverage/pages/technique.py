"""Technique. Who: an engineer on one technique. Question: which rules see it, what is missing, who uses it?

Next: open one of its rules, an open sub-technique, or MITRE's page.
"""

import streamlit as st

from coverage import session
from coverage.measures import coverage_by_id, threat_by_id
from coverage.pages import parts
from coverage.scope import View
from coverage.text import plain
from coverage.words import amount


def most_used(now: View) -> None:
    """Where to start: the techniques that most groups use, and how each is covered."""
    rows = coverage_by_id(now).merge(threat_by_id(now), on="attack_id").query("~is_subtechnique")
    rows = rows.sort_values(["groups", "software", "attack_id"], ascending=[False, False, True]).head(20)
    open_ones = int((rows["covered"] == 0).sum())
    session.page_head(
        "Technique",
        f"{len(rows) - open_ones} of the "
        f"{amount(len(rows), 'most used technique in scope is', 'most used techniques in scope are')} "
        "covered.",
        now,
    )
    config = {
        "attack_id": st.column_config.TextColumn("ID", width="small"),
        "name": st.column_config.TextColumn("Technique", width="large"),
        "groups": "Groups",
        "software": "Software",
        "rules": "Rules in scope",
        "score": st.column_config.ProgressColumn("Score", min_value=0, max_value=1, format="%.2f"),
        "open_platforms": st.column_config.ListColumn("Open platforms"),
    }
    st.caption("The techniques that most groups use, by MITRE's count. Click a row to open it.")
    row = parts.chosen_row(rows[list(config)], "technique_start", config, height=38 + 35 * len(rows))
    if row is not None:
        session.open_technique(rows.iloc[row]["attack_id"])


now = session.guarded_view()
live = now.catalogue.techniques.query("status == 'live'").sort_values("attack_id")
names = live.set_index("attack_id")["name"].to_dict()
rows = coverage_by_id(now).set_index("attack_id")


def _follow_choice() -> None:
    """Keep the address in step with the box, by ID alone, so that a link outlives a change of name."""
    if st.session_state["technique"]:
        st.query_params["technique"] = st.session_state["technique"]
    else:
        st.query_params.pop("technique", None)


linked = st.query_params.get("technique", "").upper()
if linked in names and st.session_state.get("technique") != linked:
    st.session_state["technique"] = linked  # the address wins: the box writes it, and so do links
elif linked and linked not in names:
    st.warning(f"{now.scope.attack.title} has no live technique “{plain(linked)}”.")
attack_id = st.selectbox(
    "Technique or sub-technique",
    list(names),
    index=None,
    key="technique",
    on_change=_follow_choice,
    format_func=lambda key: parts.technique_label(key, names),
    placeholder="Type a name or an ID, such as T1059",
)
if attack_id is None:
    most_used(now)
    st.stop()
count = int(rows["rules_any"].get(attack_id, 0))
platforms = (
    f", on {rows.loc[attack_id, 'platforms_covered']} of "
    f"{amount(rows.loc[attack_id, 'platforms_total'], 'platform')}"
    if attack_id in rows.index
    else ""
)
session.page_head(
    "Technique",
    f"{count:,} of {amount(len(now.rules), 'rule in scope maps', 'rules in scope map')} to "
    f"{attack_id}{platforms}.",
    now,
)
parts.technique_detail(attack_id, now, key="page")
