"""Borrow. Who: an engineer who wants to close gaps with rules that exist. Question: which rules elsewhere
would close mine, and which few close the most?

Next: open a rule of the plan and take it over; download the plan as a list of work.
"""

import streamlit as st

from coverage import session
from coverage.changes.borrow import borrow, with_classes
from coverage.charts.compare import plan_curve
from coverage.exports.compare import with_mine
from coverage.exports.tables import GAP_NAMES
from coverage.pages import beside, parts
from coverage.pages import borrow_tables as tables
from coverage.reading import platforms_of
from coverage.tables import TableError, priority_weights
from coverage.text import plain
from coverage.words import amount

now = session.guarded_view()
corpora = beside.several_corpora("Borrow", now)
head = st.container()
row = st.columns([3, 3, 3, 3], vertical_alignment="bottom")
mine = (
    row[0].multiselect(
        "My corpora",
        corpora,
        key="borrow_mine",
        bind="query-params",
        placeholder=corpora[0],
        max_selections=len(corpora) - 1,
        help="The corpora whose gaps are to be closed.",
    )
    or corpora[:1]
)
rest = [name for name in corpora if name not in mine]
others = (
    row[1].multiselect(
        "Borrow from", rest, key="borrow_others", bind="query-params", placeholder="All other corpora"
    )
    or rest
)
platforms = row[2].multiselect(
    "Rules that work on",
    platforms_of(now.catalogue),
    key="borrow_platform",
    bind="query-params",
    placeholder="Any platform",
    help="Only rules known to work on one of these.",
)
any_class = row[3].toggle(
    "Rules of every class",
    key="borrow_any",
    bind="query-params",
    help="Building blocks, hunts, development and disabled rules of the others, too; the scope counts mine "
    "as it does.",
)

lenders = now.of_corpora(others)
try:
    found = borrow(now.of_corpora(mine), with_classes(lenders) if any_class else lenders, priority_weights())
except TableError as error:
    st.error(plain(str(error)))
    st.stop()
row = st.columns([3, 3, 6], vertical_alignment="center")
have = row[0].toggle(
    "Only log sources I already have",
    key="borrow_have",
    bind="query-params",
    help="Rules that name an integration or data source that a rule of mine in scope names, too, letter for "
    "letter but for the case.",
)
have_data = row[1].toggle(
    "Only data I already collect",
    key="borrow_data",
    bind="query-params",
    help="Rules that need an ATT&CK data component that a rule of mine in scope needs on the same platform, "
    "whatever its log source is called.",
)
more = row[2].multiselect(
    "And these log sources",
    tables.log_sources(now),
    key="borrow_source",
    bind="query-params",
    placeholder="Log sources that you know you have",
)
words = [*(found.own_log_sources if have else ()), *more] if have or more else None
candidates = found.restricted(words, platforms, have_data)
plan, counts = found.plan(candidates), found.figures(candidates)

shared = now.of_corpora([*mine, *others])
with head:
    session.page_head("Borrow", plain(found.sentence(candidates, len(plan))), shared)
st.caption(tables.explained(found, counts))
if candidates.empty:
    st.info(
        "No rule of the other corpora would close an open technique here. Lift a restriction above, or widen "
        "the scope in the sidebar."
    )
    st.stop()
st.plotly_chart(
    plan_curve(
        plan,
        session.theme(),
        "Weight of the gaps that the first rules of the plan close, of "
        f"{plan['weight_closable'].iloc[0]:,.1f} that can be closed",
    ),
    theme=None,
    key="borrow_curve",
    config={"displayModeBar": False},
)

plan_tab, rules_tab = st.tabs(
    [f"Plan ({amount(len(plan), 'rule')})", f"Every rule for each gap ({len(candidates):,})"]
)
with plan_tab:
    st.caption("Each step takes the rule that closes the most of what is left. Click a row to open the rule.")
    step = parts.chosen_row(
        plan.assign(share=plan["share"] * 100),
        "borrow_plan",
        tables.PLAN_COLUMNS,
        height=min(38 + 35 * len(plan), 460),
        order=list(tables.PLAN_COLUMNS),
    )
    parts.csv_button(with_mine(plan, found), shared, "borrow_plan", GAP_NAMES, "Download the plan as CSV")
with rules_tab:
    search = st.text_input(
        "Search", key="borrow_search", bind="query-params", placeholder="Technique, rule, log source or file"
    )
    rows = tables.searched(candidates, search)
    st.caption(
        f"{len(rows):,} of {amount(len(candidates), 'pair')} of a gap and a rule that would close it, "
        "heaviest gaps first. "
        "Click a row to open the rule."
    )
    pair = None
    if rows.empty:
        st.info("No pair of a gap and a rule has this text. Clear the search to see all.")
    else:
        pair = parts.chosen_row(
            parts.with_work(rows),
            "borrow_rules",
            tables.RULE_COLUMNS,
            height=min(38 + 35 * len(rows), 460),
            order=list(tables.RULE_COLUMNS),
            search=False,
        )
    parts.csv_button(with_mine(rows, found), shared, "borrow_rules", GAP_NAMES, "Download these rules as CSV")
for chosen, frame in ((step, plan), (pair, rows)):
    if chosen is not None:
        session.open_rule(frame.iloc[chosen]["rule_key"])
