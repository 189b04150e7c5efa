"""Compare. Who: a lead with rules in more than one place. Question: what does one corpus cover that the other
does not?

Next: click a row to open the technique, or go to Borrow for the rules that would close what is open.
"""

import streamlit as st

from coverage import session
from coverage.changes.compare import GRAINS, compare
from coverage.charts.compare import side_bars
from coverage.exports.compare import with_corpora
from coverage.exports.tables import GAP_NAMES
from coverage.pages import beside, parts
from coverage.text import plain
from coverage.words import amount

now = session.guarded_view()
corpora = beside.several_corpora("Compare", now)
head = st.container()
row = st.columns([3, 3, 6], vertical_alignment="bottom")
a = row[0].selectbox("First corpus", corpora, key="compare_a", bind="query-params")
b = row[1].selectbox(
    "Second corpus", [name for name in corpora if name != a], key="compare_b", bind="query-params"
)

both = now.of_corpora([a, b])
found = compare(now.of_corpora([a]), now.of_corpora([b]))
labels = {"a_only": f"only {a}", "both": "both", "b_only": f"only {b}", "neither": "neither"}
with head:
    session.page_head("Compare", plain(found.sentence()), both)
    st.markdown(plain(found.sentence("subtechniques")))

for column, (grain, words) in zip(st.columns(2), GRAINS.items(), strict=True):
    rows = found.tactics[(found.tactics["grain"] == grain) & (found.tactics["total"] > 0)]
    column.plotly_chart(
        side_bars(rows, labels, session.theme(), f"{words.capitalize()} of each tactic", words),
        theme=None,
        key=f"compare_{grain}",
        config={"displayModeBar": False},
    )

row = st.columns([5, 3, 2, 3], vertical_alignment="bottom")
side = row[0].segmented_control(
    "Covered by",
    list(labels),
    key="compare_side",
    bind="query-params",
    format_func=lambda name: plain(labels[name]),
)
tactic_names = list(found.tactics.loc[found.tactics["total"] > 0, "name"].unique())
tactics = row[1].multiselect(
    "Tactics", tactic_names, key="compare_tactic", bind="query-params", placeholder="All tactics"
)
grain = row[2].selectbox("Show", ["both", *GRAINS.values()], key="compare_grain", bind="query-params")
search = row[3].text_input("Search", key="compare_search", bind="query-params", placeholder="Name or ID")

ids = found.ids.sort_values(
    ["groups", "software", "attack_id"], ascending=[False, False, True], ignore_index=True
)
if side:
    ids = ids[ids["side"] == side]
if tactics:
    ids = ids[[not set(tactics).isdisjoint(names) for names in ids["tactics"]]]
if grain != "both":
    ids = ids[ids["is_subtechnique"] == (grain == GRAINS["subtechniques"])]
if words := search.strip().casefold():
    ids = ids[(ids["attack_id"] + " " + ids["name"]).str.casefold().str.contains(words, regex=False)]

config = {
    "attack_id": st.column_config.TextColumn("ID", width=82),
    "name": st.column_config.TextColumn("Technique", width=240),
    "side": st.column_config.TextColumn("Covered by", width=130),
    "rules_a": st.column_config.NumberColumn(
        f"Rules of {a}", width=110, help="Rules in scope that count under the roll-up."
    ),
    "rules_b": st.column_config.NumberColumn(
        f"Rules of {b}", width=110, help="Rules in scope that count under the roll-up."
    ),
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
    shown = ids.assign(side=ids["side"].map(labels), parent_id=ids["parent_id"].fillna(""))[list(config)]
    beside.technique_table(shown, "compare_table", config, height=480)
with st.container(horizontal=True):
    parts.csv_button(with_corpora(ids, found), both, "compare", GAP_NAMES, "Download these rows as CSV")
    for mine, other in ((a, b), (b, a)):
        if st.button(
            f"What {plain(mine)} could borrow", key=f"compare_borrow_{mine}", icon=":material/playlist_add:"
        ):
            st.switch_page(
                "coverage/pages/borrow.py", query_params={"borrow_mine": mine, "borrow_others": other}
            )
