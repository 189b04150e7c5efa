"""Gaps. Who: a detection engineer planning work. Question: what is open, what matters most, what work is it?

Next: select a gap to see what to log and which rules stand beside it; download the list as a work plan.
"""

import streamlit as st

from coverage import session
from coverage.exports.tables import GAP_NAMES
from coverage.measures import covered_elsewhere, gaps
from coverage.measures.accepted import counts_sentence, marks, with_accepted
from coverage.pages import corpus_parts, export_buttons, gap_parts, parts
from coverage.vocabulary import COVERED_GAP_TYPES, GAP_TYPES, GAP_WORK
from coverage.words import amount

whole = session.guarded_view()
head, several = st.container(), len(corpus_parts.corpus_names(whole)) > 1
row = st.columns([3, 2.4, 2.4, 1.6, 1.8, 2] if several else [3, 3, 3, 1.8, 2], vertical_alignment="bottom")
now = corpus_parts.chosen_corpus(whole, "gap_corpus", row[-1])
accepted = session.accepted(now)
everything = with_accepted(gaps(now), accepted, now)

with head:
    session.page_head(
        "Gaps",
        f"{(~everything['is_subtechnique']).sum():,} of "
        f"{amount((~now.techniques['is_subtechnique']).sum(), 'technique')} and "
        f"{everything['is_subtechnique'].sum():,} of "
        f"{amount(now.techniques['is_subtechnique'].sum(), 'sub-technique')} in scope are "
        f"open{counts_sentence(everything)}.",
        now,
    )

search = row[0].text_input(
    "Search", key="gap_search", bind="query-params", placeholder="Name, ID, log source, data component"
)
types = row[1].multiselect(
    "Kind of work",
    list(GAP_TYPES),
    key="gap_type",
    bind="query-params",
    placeholder="Every open kind",
    format_func=GAP_WORK.__getitem__,
    help=parts.gap_type_help(),
)
tactic_names = list(now.catalogue.tactics.query("position >= 0").sort_values("position")["name"])
tactics = row[2].multiselect(
    "Tactics", tactic_names, key="gap_tactic", bind="query-params", placeholder="All tactics"
)
grain = row[3].selectbox(
    "Show", ["both", "techniques", "sub-techniques"], key="gap_grain", bind="query-params"
)
answered = row[4].selectbox(
    "Accepted gaps",
    list(gap_parts.CHOICES),
    key="gap_accepted",
    bind="query-params",
    help="Gaps that gaps.toml accepts or plans. They stay open, and never count as covered.",
)
gap_parts.problem_notes(accepted, everything)

wanted = COVERED_GAP_TYPES & set(types)
found = with_accepted(gaps(now, sorted(wanted)), accepted, now) if wanted else everything
found = found[gap_parts.CHOICES[answered](found)]
if types:
    found = found[found["gap_type"].isin(types)]
if tactics:
    found = found[[not set(tactics).isdisjoint(names) for names in found["tactics"]]]
if grain != "both":
    found = found[found["is_subtechnique"] == (grain == "sub-techniques")]
if search.strip():
    columns = found[["attack_id", "name", "data_components", "log_sources"]].itertuples(index=False)
    hits = [search.strip().casefold() in " ".join(map(str, values)).casefold() for values in columns]
    found = found[hits]

config = {
    "attack_id": st.column_config.TextColumn("ID", width=82),
    "name": st.column_config.TextColumn("Technique", width=210),
    "gap_type": st.column_config.TextColumn("Kind of work", width=138, help=parts.gap_type_help()),
    "mark": st.column_config.TextColumn(
        "Accepted",
        width=218,
        help="What gaps.toml says: accepted or planned, until when, and whether that is over.",
    ),
    "groups": st.column_config.NumberColumn(
        "Groups",
        width=66,
        help="Groups that use it, by MITRE's count; a technique's include its sub-techniques'.",
    ),
    "software": st.column_config.NumberColumn("Software", width=74),
    "campaigns": st.column_config.NumberColumn("Campaigns", width=84),
    "tactics": st.column_config.ListColumn("Tactics", width="medium"),
    "parent_id": st.column_config.TextColumn("Parent", width=66),
    "subs": st.column_config.TextColumn("Subs", width=56, help="Covered / all in scope."),
    "rules": st.column_config.NumberColumn(
        "Rules", width=56, help="Rules in scope on it or its sub-techniques."
    ),
    "rules_out_of_scope": st.column_config.NumberColumn(
        "Out of scope", width=96, help="Rules on it that the scope does not count."
    ),
    "platforms": st.column_config.ListColumn("Platforms", width="medium"),
    "log_sources": st.column_config.ListColumn(
        "Log sources", width="medium", help="Log sources that MITRE's analytics name."
    ),
    "data_components": st.column_config.ListColumn("Data components", width="medium"),
    "url": parts.LINK,
}
if not everything["accepted"].notna().any():
    del config["mark"]
if now is not whole:
    others = covered_elsewhere(whole, corpus_parts.corpus_names(now))
    found = found.assign(covered_by=found["attack_id"].map(others))
    columns = list(config.items())
    config = dict(
        [
            *columns[:3],
            (
                "covered_by",
                st.column_config.ListColumn(
                    "Covered by", width=150, help="Other corpora that cover it wholly, by their own rules."
                ),
            ),
            *columns[3:],
        ]
    )
st.caption(
    f"{amount(len(found), 'row')} shown, most used first. Click a row to open the technique, a head to sort."
)
if found.empty:
    if everything.empty:
        st.success(
            "Nothing in scope is open under this roll-up. Ask for *Second rule* or *Other platforms* under "
            "Kind of work to see what is thin."
        )
    else:
        st.info("No gap matches these filters. Clear one of them to see more.")
else:
    subs = [
        f"{c}/{n}" if n else ""
        for c, n in zip(found["subtechniques_covered"], found["subtechniques"], strict=True)
    ]
    shown = parts.with_work(found).assign(
        mark=marks(found), subs=subs, parent_id=found["parent_id"].fillna("")
    )[list(config)]
    chosen = parts.chosen_row(shown, "gap_table", config, height=520)
    if chosen is not None and st.session_state.get("gap_opened") != (
        opened := shown.iloc[chosen]["attack_id"]
    ):
        st.session_state["gap_opened"] = opened
        parts.technique_dialog(opened, corpus_parts.corpus_names(now))
    elif chosen is None:
        st.session_state.pop("gap_opened", None)
    if chosen is not None:
        gap_parts.entry_to_paste(found.iloc[chosen], now)
parts.csv_button(found, now, "gaps", GAP_NAMES, "Download these gaps as CSV")
export_buttons.gap_buttons(found, now)
