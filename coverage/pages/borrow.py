"""The Plan page's view of rules to borrow: which rules of other rule sets would close gaps of mine, and which
few close the most. From a row to the rule; the lists as CSV.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.changes.borrow import Borrowing, borrow, with_classes
from coverage.charts.compare import plan_curve
from coverage.exports.compare import with_mine
from coverage.exports.tables import GAP_NAMES
from coverage.pages import beside, controls, parts
from coverage.pages import borrow_tables as tables
from coverage.reading import platforms_of
from coverage.scope import View
from coverage.session import address
from coverage.tables import TableError, priority_weights
from coverage.text import plain
from coverage.words import amount


def show(now: View, head: DeltaGenerator) -> None:
    """The view; its answer goes into `head`."""
    with head:
        corpora = beside.several_corpora("Rules to borrow", now)
    row = controls.side_by_side(240, 240, 240, 210)
    mine = (
        address.multiselect(
            row[0],
            "My rule sets",
            corpora,
            "borrow_mine",
            placeholder=corpora[0],
            max_selections=len(corpora) - 1,
            help="The rule sets whose gaps are to be closed.",
        )
        or corpora[:1]
    )
    rest = [name for name in corpora if name not in mine]
    others = (
        address.multiselect(row[1], "Borrow from", rest, "borrow_others", placeholder="All other rule sets")
        or rest
    )
    platforms = address.multiselect(
        row[2],
        "Rules that work on",
        platforms_of(now.catalogue),
        "borrow_platform",
        placeholder="Any platform",
        help="Only rules known to work on one of these.",
    )
    any_class = address.toggle(
        row[3],
        "Rules of every class",
        "borrow_any",
        help="Building blocks, hunts, development and disabled rules of the others, too; the scope "
        "counts mine as it does.",
    )

    lenders = now.of_corpora(others)
    try:
        found = borrow(
            now.of_corpora(mine), with_classes(lenders) if any_class else lenders, priority_weights()
        )
    except TableError as error:
        st.error(plain(str(error)))
        return
    row = controls.side_by_side(300, 270, 300)
    have = address.toggle(
        row[0],
        "Only log sources I already have",
        "borrow_have",
        help="Rules that name an integration or data source that a rule of mine in scope names, too, "
        "ignoring case.",
    )
    have_data = address.toggle(
        row[1],
        "Only data I already collect",
        "borrow_data",
        help="Rules that need an ATT&CK data component that a rule of mine in scope needs on the same "
        "platform, even from another log source.",
    )
    more = address.multiselect(
        row[2],
        "And these log sources",
        tables.log_sources(now),
        "borrow_source",
        placeholder="Log sources that you know you have",
    )
    words = [*(found.own_log_sources if have else ()), *more] if have or more else None
    candidates = found.restricted(words, platforms, have_data)
    plan, counts = found.plan(candidates), found.figures(candidates)

    shared = now.of_corpora([*mine, *others])
    with head:
        session.page_head("Rules to borrow", plain(found.sentence(candidates, len(plan))), shared)
    st.caption(tables.explained(found, counts))
    if candidates.empty:
        st.info(
            "No rule of the other rule sets would close an open technique here. Lift a restriction above, or "
            "widen the scope in the sidebar."
        )
        return
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

    which = address.segmented_control(
        st,
        "List",
        ["fewest", "all"],
        "borrow_list",
        default="fewest",
        label_visibility="collapsed",
        format_func={
            "fewest": f"Fewest rules that are enough ({len(plan):,})",
            "all": f"Every rule for each gap ({len(candidates):,})",
        }.__getitem__,
    )
    (_fewest if which == "fewest" else _every)(plan if which == "fewest" else candidates, found, shared)


def _fewest(plan: pd.DataFrame, found: Borrowing, shared: View) -> None:
    st.caption("Each step takes the rule that closes the most of what is left. Click a row to open the rule.")
    step = parts.chosen_row(
        plan.assign(share=plan["share"] * 100),
        "borrow_plan",
        tables.PLAN_COLUMNS,
        height=min(38 + 35 * len(plan), 460),
        order=list(tables.PLAN_COLUMNS),
    )
    parts.csv_button(with_mine(plan, found), shared, "borrow_plan", GAP_NAMES, "Download the plan as CSV")
    if step is not None:
        session.open_rule(plan.iloc[step]["rule_key"])


def _every(candidates: pd.DataFrame, found: Borrowing, shared: View) -> None:
    search = address.text_input(
        st, "Search", "borrow_search", placeholder="Technique, rule, log source or file"
    )
    rows = tables.searched(candidates, search)
    st.caption(
        f"{len(rows):,} of {amount(len(candidates), 'pair')} of a gap and a rule that would close it, "
        "heaviest gaps first. Click a row to open the rule."
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
    if pair is not None:
        session.open_rule(rows.iloc[pair]["rule_key"])
