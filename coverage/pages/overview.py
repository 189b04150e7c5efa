"""Overview. Who: a manager. Question: how well are we covered, and is it getting better?

Next: the tactic with the longest open bar (Matrix), or the most used open technique (Gaps).
"""

import streamlit as st

from coverage import session
from coverage.charts import bars
from coverage.measures import (
    activity_by_month,
    coverage_by_platform,
    coverage_by_tactic,
    gaps,
    severity_mix,
    summary,
)
from coverage.measures.accepted import counts_sentence, in_force, with_accepted
from coverage.pages import corpus_parts, parts
from coverage.words import amount, noun

now = session.guarded_view()
theme = session.theme()
figures = summary(now, problems=len(session.loaded().problems))
rules, techniques = figures["rules"], figures["techniques"]
open_ids = with_accepted(gaps(now), session.accepted(now), now)
open_techniques = open_ids[~open_ids["is_subtechnique"]]
popular = open_techniques[open_techniques["groups"] >= 20]


def _share(part: dict) -> str:
    return f"{part['covered'] / part['total']:.0%}" if part["total"] else "none in scope"


session.page_head(
    "Overview",
    f"{techniques['covered']:,} of {amount(techniques['total'], 'technique')} ({_share(techniques)}) "
    f"{noun(techniques['total'], 'has', 'have')} a rule in scope; "
    f"{amount(len(popular), 'open technique is', 'open techniques are')} used by at least 20 "
    f"groups{counts_sentence(popular)}.",
    now,
)

cards = st.columns(5)
for card, (title, part, help_text) in zip(
    cards,
    (
        ("Techniques covered", techniques, "Techniques in scope that the chosen roll-up counts as covered."),
        (
            "Sub-techniques covered",
            figures["subtechniques"],
            "Sub-techniques in scope with a rule of their own.",
        ),
        (
            "Placements covered",
            figures["placements"],
            "Cells of the matrix: a technique counts once in each of its tactics.",
        ),
        (
            "PRE-only included",
            figures["techniques_with_pre"],
            "Techniques covered when those that happen before a SIEM sees anything are counted too.",
        ),
    ),
    strict=False,
):
    with card.container(border=True):
        st.metric(title, f"{part['covered']:,} of {part['total']:,}", help=help_text)
        st.caption(_share(part))
with cards[4].container(border=True):
    st.metric(
        "Rules in scope",
        f"{rules['in_scope']:,} of {rules['read']:,}",
        help="Rules that the scope counts, of all rules read.",
    )
    st.caption(
        amount(
            rules["unmapped"] + rules["tactic_only"] + rules["unread"],
            "maps to no technique",
            "map to no technique",
        )
    )

left, right = st.columns(2)
left.plotly_chart(
    bars.share_bars(coverage_by_tactic(now), theme, "Techniques covered in each tactic"),
    theme=None,
    key="tactics",
    config={"displayModeBar": False},
)
right.plotly_chart(
    bars.share_bars(coverage_by_platform(now), theme, "Techniques covered on each platform"),
    theme=None,
    key="platforms",
    config={"displayModeBar": False},
)

corpus_parts.corpus_table(now)
st.subheader("The ten most used open techniques", anchor=False)
answered = int(in_force(open_techniques).sum())
st.caption(
    "Open techniques that most groups use, by MITRE's count (their sub-techniques included). Click a row to "
    "open it."
    + (
        f" {answered:,} accepted or planned gap{'s are' if answered > 1 else ' is'} left out; the Gaps page "
        "has them."
        if answered
        else ""
    )
)
top = open_techniques[~in_force(open_techniques)].head(10)
config = {
    "attack_id": st.column_config.TextColumn("ID", width="small"),
    "name": st.column_config.TextColumn("Technique", width="medium"),
    "groups": st.column_config.NumberColumn("Groups", width="small"),
    "software": st.column_config.NumberColumn("Software", width="small"),
    "gap_type": st.column_config.TextColumn("Kind of work", width=138, help=parts.gap_type_help()),
    "tactics": st.column_config.ListColumn("Tactics"),
    "platforms": st.column_config.ListColumn("Platforms"),
}
if top.empty:
    st.success(
        "No technique in scope is open under this roll-up. Try the roll-up *All*, or look at sub-techniques "
        "under Gaps."
    )
elif (row := parts.chosen_row(parts.with_work(top)[list(config)], "overview_gaps", config)) is not None:
    session.open_technique(top.iloc[row]["attack_id"])
parts.csv_button(top, now, "most_used_open_techniques", {"attack_id": "technique_id"})

left, right = st.columns(2)
left.plotly_chart(
    bars.count_bars(severity_mix(now), theme, "Rules in scope by severity", "rules"),
    theme=None,
    key="severities",
    config={"displayModeBar": False},
)
right.plotly_chart(
    bars.activity_bars(activity_by_month(now), theme, "Rules created and last updated, by month"),
    theme=None,
    key="activity",
    config={"displayModeBar": False},
)

st.subheader("Latest changes", anchor=False)
recent = (
    now.rules.dropna(subset=["updated"])
    .sort_values(["updated", "created", "name"], ascending=[False, False, True])
    .head(15)
)
columns = {
    "name": st.column_config.TextColumn("Rule", width="large"),
    "updated": st.column_config.DateColumn("Updated"),
    "created": st.column_config.DateColumn("Created"),
    "severity": "Severity",
    "path": "File",
}
if recent.empty:
    st.caption("No rule in scope says when it was updated.")
elif (row := parts.chosen_row(recent[list(columns)], "overview_recent", columns)) is not None:
    session.open_rule(recent.iloc[row]["rule_key"])
