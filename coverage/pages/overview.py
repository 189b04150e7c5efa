"""Overview. Who: a manager. Question: how good is our coverage, is it getting better, where are we blind?

Next: click a weak platform or tactic to see its gaps in the Plan, take one of the five things to do next, or
download the report.
"""

import streamlit as st

from coverage import session
from coverage.measures import coverage_by_platform, coverage_by_tactic, gaps, summary
from coverage.measures.accepted import in_force, with_accepted
from coverage.measures.blind_spots import blind_spots
from coverage.pages import corpus_parts, overview_parts, threat_choice
from coverage.pages.export_buttons import content_of, export_button

now = session.guarded_view()
figures = summary(now, problems=len(session.loaded().problems))
open_ids = with_accepted(gaps(now), session.accepted(now), now)
open_techniques = open_ids[~open_ids["is_subtechnique"]]
accepted = in_force(open_techniques)
since = overview_parts.change_since_baseline(now)

sentences = [overview_parts.getting_better(now, since), blind_spots(coverage_by_platform(now))]
session.page_head("Overview", overview_parts.how_good(figures), now, *filter(None, sentences))

overview_parts.cards(now, figures, since)
left, right = st.columns([3, 2])
with left:
    overview_parts.to_do_next(now, open_techniques[~accepted], int(accepted.sum()), session.findings())
with right:
    overview_parts.against(now)
    st.subheader("For the next meeting", anchor=False)
    content = content_of(now, threat_choice.asked_for(now))
    export_button("report", content, "overview_report", label="Report to read and print (HTML)")
    export_button("workbook", content, "overview_workbook", label="Tables (Excel)")
left, right = st.columns(2)
with left:
    overview_parts.share_table(coverage_by_platform(now), "platform", "Platforms, weakest first")
with right:
    overview_parts.share_table(coverage_by_tactic(now), "tactic", "Tactics, weakest first")
corpus_parts.corpus_table(now)
overview_parts.latest_changes(now)
