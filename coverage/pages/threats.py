"""Threats. Who: a manager, and a detection lead. Question: are we covered against the people who attack us,
and what helps against most of them?

Next: open an adversary, open a gap on its next step, or commit the profile and hold it in CI.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.measures.adversaries import adversaries
from coverage.measures.need import threat_coverage
from coverage.measures.work_order import technique_steps
from coverage.pages import adversary, adversary_table, export_buttons, parts, threat_choice, threat_pair
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.threats.threat import Threat
from coverage.words import amount, number

VIEWS = {"who": "Adversaries", "next": "What helps most", "pair": "Compare two"}


def page() -> None:
    """The profile, and of it the view or the adversary that the address names."""
    now, head = session.guarded_view(), st.container()
    opened = address.parameter("adversary")
    if opened and st.button("All adversaries", icon=":material/arrow_back:", key="adversary_back"):
        address.step(adversary=None)
    if fault := session.settings()[1]:
        st.warning(f"No profile of coverage.toml counts: {plain(fault)}")
    threat = threat_choice.choose(st.container(), now)
    if opened:
        adversary.show(opened, now, threat, head)
        return
    with head:
        _head(now, threat)
    if threat.members.empty:
        st.info(
            "Nobody is in this profile. Choose sectors or groups above, or another profile; "
            "`[[threat]]` in coverage.toml states one for everybody."
        )
    else:
        figures = st.container()
        row = st.container(horizontal=True, vertical_alignment="bottom")
        view = address.segmented_control(
            row,
            "View",
            list(VIEWS),
            "threat_view",
            default="who",
            format_func=VIEWS.get,
            label_visibility="collapsed",
        )
        if view != "pair":  # which has those of the two
            with figures:
                _figures(now, threat)
        if view == "who":
            _adversaries(now, threat, row)
        elif view == "pair":
            threat_pair.show(now, threat, row)
        else:
            _next(now, threat)
    threat_choice.problem_notes(threat)


def _head(now: View, threat: Threat) -> None:
    found = threat_coverage(now, threat)
    name = plain(threat.profile.name)
    if threat.members.empty:
        session.page_head("Threats", f"{name}: nobody is chosen.", now)
        return
    if not found.needed:
        session.page_head("Threats", f"{name}: nothing that is needed is in scope.", now)
        return
    more = (
        f"{found.out_of_scope} more needed IDs are out of scope, such as pre-attack techniques. "
        "The sidebar includes them, under Advanced."
        if found.out_of_scope
        else ""
    )
    session.page_head(
        "Threats",
        f"{name}: {found.weighted:.0%} of the need is covered; {number(found.covered)} of {found.needed:,} "
        "needed techniques and sub-techniques.",
        now,
        *filter(None, [more]),
    )


def _figures(now: View, threat: Threat) -> None:
    found, rows = threat_coverage(now, threat), adversaries(now, threat)
    columns = st.columns(4)
    columns[0].metric(
        "Covered, by need",
        f"{found.weighted:.0%}",
        help="The sum of need × covered over the sum of need. The need of a technique is the weighted "
        "share of the adversaries that use it: what many of them use counts more.",
    )
    for column, grain, title in (
        (columns[1], "techniques", "Techniques covered"),
        (columns[2], "subtechniques", "Sub-techniques covered"),
    ):
        covered, needed = found.grains[grain]
        column.metric(title, f"{number(covered)} of {needed}", help="Of those in scope that somebody needs.")
    below = int((rows["share"] < 0.5).sum())
    columns[3].metric(
        "Less than half covered",
        f"{below} of {len(rows)}",
        help="Adversaries of which less than half of what they need is covered.",
    )


def _adversaries(now: View, threat: Threat, row: DeltaGenerator) -> None:
    chosen = adversary_table.show(now, threat, row)
    with st.container(horizontal=True):
        parts.csv_button(adversaries(now, threat), now, "adversaries", None, "Download adversaries as CSV")
        export_buttons.threat_layer_button("Navigator layer of the profile", now, threat, "navigator_threat")
    if chosen is not None:
        address.step(adversary=chosen)


_STEPS = {
    "step": st.column_config.NumberColumn("Step", width=54),
    "add": st.column_config.TextColumn("Write a rule for", width=116),
    "name": st.column_config.TextColumn("Technique", width=280),
    "members": st.column_config.NumberColumn(
        "Helps against", width=104, help="Adversaries that use what it closes."
    ),
    "weighted_so_far": st.column_config.NumberColumn(
        "Covered by need, then", width=150, format="percent", help="With this step and all before it."
    ),
    "closes": st.column_config.ListColumn("Closes", width=160),
    "helps_against": st.column_config.ListColumn("Adversaries", width=400),
}


def _next(now: View, threat: Threat) -> None:
    steps = technique_steps(now, threat)
    if steps.empty:
        st.success("Nothing that this profile needs is open.")
        return
    st.caption(
        f"{amount(len(steps), 'step')}, each the one that adds the most to what is covered by need. "
        "Click a row to open the gap on its next step."
    )
    place = parts.chosen_row(steps, "threat_steps", _STEPS, height=460, order=list(_STEPS), search=False)
    if place is not None:
        session.open_page("plan", gap=steps.iloc[place]["add"])
    parts.csv_button(steps, now, "threat_steps", None, "Download the steps as CSV")


page()
