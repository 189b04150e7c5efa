"""The matrix page's view of two rule sets. Who: a lead with rules in more than one place. Question: what does
one rule set cover that the other does not?

Next: click a row to open the technique, or go to Borrow for the rules that would close what is open.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.changes.compare import GRAINS, Comparison, compare
from coverage.charts.compare import side_bars
from coverage.exports.compare import with_corpora
from coverage.exports.tables import GAP_NAMES
from coverage.pages import beside, controls, parts
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.words import amount


def compare_view(now: View, head: DeltaGenerator, row: DeltaGenerator) -> None:
    """Two rule sets compared; `head` is the place of the page's head, `row` that of its choices."""
    with head:
        corpora = beside.several_corpora("Compare", now)
    a, b = controls.two_of(
        row, ("First rule set", "Second rule set"), corpora, ("compare_a", "compare_b"), width=200
    )
    both = now.of_corpora([a, b])
    found = compare(now.of_corpora([a]), now.of_corpora([b]))
    labels = {"a_only": f"only {a}", "both": "both", "b_only": f"only {b}", "neither": "neither"}
    with head:
        more = plain(found.sentence("subtechniques"))
        session.page_head("Compare two rule sets", plain(found.sentence()), both, more)
    _bars(found, labels)
    _table(_filtered(found, labels), found, labels, both)
    with st.container(horizontal=True):
        for mine, other in ((a, b), (b, a)):
            if st.button(
                f"What {plain(mine)} could borrow",
                key=f"compare_borrow_{mine}",
                icon=":material/playlist_add:",
            ):
                session.open_page("plan", plan="borrow", borrow_mine=[mine], borrow_others=[other])


def _bars(found: Comparison, labels: dict[str, str]) -> None:
    for column, (grain, words) in zip(st.columns(2), GRAINS.items(), strict=True):
        rows = found.tactics[(found.tactics["grain"] == grain) & (found.tactics["total"] > 0)]
        column.plotly_chart(
            side_bars(rows, labels, session.theme(), f"{words.capitalize()} of each tactic", words),
            theme=None,
            key=f"compare_{grain}",
            config={"displayModeBar": False},
        )


def _filtered(found: Comparison, labels: dict[str, str]) -> pd.DataFrame:
    """The IDs that the reader's filters leave, most used first."""
    row = controls.side_by_side(400, 220, 150, 200)
    side = address.segmented_control(
        row[0],
        "Covered by",
        list(labels),
        "compare_side",
        default=None,
        required=False,
        format_func=lambda name: plain(labels[name]),
    )
    names = found.tactics[found.tactics["total"] > 0].drop_duplicates("tactic_id")
    names = dict(zip(names["tactic_id"].tolist(), names["name"].tolist(), strict=True))
    tactics = address.multiselect(
        row[1],
        "Tactics",
        list(names),
        "compare_tactic",
        format_func=names.__getitem__,
        placeholder="All tactics",
    )
    grain = address.selectbox(row[2], "Show", ["both", *GRAINS.values()], "compare_grain", default="both")
    search = address.text_input(row[3], "Search", "compare_search", placeholder="Name or ID")
    ids = found.ids.sort_values(
        ["groups", "software", "attack_id"], ascending=[False, False, True], ignore_index=True
    )
    if side:
        ids = ids[ids["side"] == side]
    if tactics:
        wanted = {names[tactic_id] for tactic_id in tactics}
        ids = ids[[not wanted.isdisjoint(found) for found in ids["tactics"]]]
    if grain != "both":
        ids = ids[ids["is_subtechnique"] == (grain == GRAINS["subtechniques"])]
    if words := search.strip().casefold():
        ids = ids[(ids["attack_id"] + " " + ids["name"]).str.casefold().str.contains(words, regex=False)]
    return ids


def _table(ids: pd.DataFrame, found: Comparison, labels: dict[str, str], both: View) -> None:
    a, b = found.names
    counted = "Rules in scope that count for it."
    config = {
        "attack_id": st.column_config.TextColumn("ID", width=82),
        "name": st.column_config.TextColumn("Technique", width=240),
        "side": st.column_config.TextColumn("Covered by", width=130),
        "rules_a": st.column_config.NumberColumn(f"Rules of {a}", width=110, help=counted),
        "rules_b": st.column_config.NumberColumn(f"Rules of {b}", width=110, help=counted),
        "groups": st.column_config.NumberColumn(
            "Groups",
            width=66,
            help="Groups that use it, by MITRE's count; a technique's include its sub-techniques'.",
        ),
        "software": st.column_config.NumberColumn("Software", width=74),
        "tactics": st.column_config.ListColumn("Tactics", width="medium"),
        "parent_id": st.column_config.TextColumn("Parent", width=66),
        "platforms": st.column_config.ListColumn("Platforms", width="medium"),
        "url": parts.LINK,
    }
    st.caption(
        f"{amount((~ids['is_subtechnique']).sum(), 'technique')} and "
        f"{amount(ids['is_subtechnique'].sum(), 'sub-technique')} shown, most used first. "
        "Click a row to open the technique."
    )
    if ids.empty:
        st.info("No technique matches these filters. Clear one of them to see more.")
    else:
        shown = ids.assign(side=ids["side"].map(labels))[list(config)]
        beside.technique_table(shown, "compare_table", config, height=480)
    parts.csv_button(with_corpora(ids, found), both, "compare", GAP_NAMES, "Download these rows as CSV")
