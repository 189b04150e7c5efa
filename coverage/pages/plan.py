"""Plan. Who: a detection lead who plans the next weeks. Question: what is open, what is the next step for
each gap, and which rules elsewhere would close some?

Next: open a gap on its next step, choose several and take them as a plan for tickets, or borrow a rule.
"""

import streamlit as st

from coverage import session
from coverage.changes.borrow import borrow
from coverage.measures import gaps
from coverage.measures.accepted import with_accepted
from coverage.pages import borrow as borrow_view
from coverage.pages import corpus_parts, gap_list, gap_panel, threat_choice
from coverage.session import address
from coverage.tables import TableError, priority_weights

whole = session.guarded_view()
names = corpus_parts.corpus_names(whole)
opened = address.parameter("gap")
head = st.container()
row = st.columns([7, 2.5], vertical_alignment="bottom") if len(names) > 1 else [st.container()]
views = row[0].container(horizontal=True)
if opened:
    if views.button("All gaps", icon=":material/arrow_back:", key="gap_back"):
        address.step(gap=None)
    now = corpus_parts.chosen_corpus(whole, "gap_corpus", row[-1], label="collapsed")
    gap_panel.show(opened, now, gap_list.others_of(whole, now), head)
    st.stop()

chosen_view = st.session_state.get("plan")
now = corpus_parts.chosen_corpus(whole, "gap_corpus", row[-1], off=chosen_view == "borrow", label="collapsed")
everything = with_accepted(gaps(now), session.accepted(now), now)
accepted_count = int(everything["accepted"].notna().sum())
labels = {
    "gaps": f"Gaps ({len(everything):,})",
    "borrow": "Rules to borrow",
    "accepted": f"Accepted and planned ({accepted_count:,})",
}
if len(names) > 1:
    mine = st.session_state.get("borrow_mine") or names[:1]
    rest = [name for name in names if name not in mine]
    try:
        lent = borrow(whole.of_corpora(mine), whole.of_corpora(rest), priority_weights()).figures()["rules"]
        labels["borrow"] = f"Rules to borrow ({lent:,})"
    except TableError:
        pass  # the view itself says what is wrong
view = address.segmented_control(
    views,
    "View",
    list(labels),
    "plan",
    default="gaps",
    format_func=labels.__getitem__,
    label_visibility="collapsed",
)
if view == "borrow":
    borrow_view.show(whole, head)
else:
    threat = None
    if address.toggle(
        views,
        "Order by need",
        "gap_need",
        help="By what a threat profile needs: need × open × ease (data/priority.csv), and who needs it.",
    ):
        threat = threat_choice.choose(st.container(), now)
    others = gap_list.others_of(whole, now)
    gap_list.show(everything, now, others, head, only_accepted=view == "accepted", threat=threat)
