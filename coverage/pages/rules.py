"""Rules. Who: engineers and reviewers. Question: which rules do we have, and what does this one claim?

Next: from a rule to the techniques it is read as, to its file, or to its neighbours on a technique.
"""

import numpy as np
import pandas as pd
import streamlit as st

from coverage import session
from coverage.exports.tables import without_text
from coverage.measures import rules_with_ids
from coverage.pages import corpus_parts, parts, rule_detail
from coverage.vocabulary import RULE_CLASSES, SEVERITIES
from coverage.words import amount

now = session.guarded_view()
if linked := st.query_params.get("rule"):
    if st.button("All rules", icon=":material/arrow_back:", key="rule_back"):
        del st.query_params["rule"]
        st.rerun()
    rule_detail.show(linked, now)
    st.stop()

in_scope = set(now.rules["rule_key"])
all_rules = rules_with_ids(now)
names = corpus_parts.corpus_names(now)
several = len(names) > 1

session.page_head(
    "Rules",
    f"{len(in_scope):,} of {amount(len(now.all_rules), 'rule read is', 'rules read are')} in scope; "
    f"{amount(sum(bool(ids) for ids in all_rules['attack_ids']), 'of all is', 'of all are')} read as a "
    "live technique.",
    now,
)

top = st.columns([3.2, 1.7, 1.9, 1.9, *([2] if several else []), 1.9], vertical_alignment="bottom")
search = top[0].text_input(
    "Search", key="rule_search", bind="query-params", placeholder="Name, ID, tag, description or query"
)
outside = top[1].toggle(
    "All rules", key="rule_all", bind="query-params", help="Rules that the scope does not count, too."
)
severities = top[2].multiselect(
    "Severity", [*reversed(SEVERITIES)], key="rule_severity", bind="query-params", placeholder="All"
)
technique = top[3].text_input(
    "Technique", key="rule_technique", bind="query-params", placeholder="T1059 or T1059.001"
)
corpora = (
    top[4].multiselect("Corpora", names, key="rule_corpus", bind="query-params", placeholder="All")
    if several
    else []
)
with top[-1].popover("More filters", width="stretch"):
    classes = st.multiselect(
        "Class",
        list(RULE_CLASSES),
        key="rule_class",
        bind="query-params",
        format_func=RULE_CLASSES.__getitem__,
    )
    lists = {}
    for column, label in (
        ("type", "Type"),
        ("language", "Language"),
        ("platforms", "Platforms"),
        ("integrations", "Integrations"),
        ("data_sources", "Data sources"),
        ("data_components", "Data components"),
        ("tags", "Tags"),
        ("authors", "Authors"),
    ):
        options = sorted(all_rules[column].explode().dropna().unique())
        lists[column] = st.multiselect(label, options, key=f"rule_{column}", bind="query-params")
    since = st.date_input("Updated on or after", value=None, key="rule_since")


def _filtered(frame: pd.DataFrame) -> pd.DataFrame:
    """The rules that every filter lets through."""
    keep = pd.Series(True, index=frame.index) if outside else frame["rule_key"].isin(in_scope)
    if severities:
        keep &= frame["severity"].isin(severities)
    if classes:
        keep &= frame["rule_class"].isin(classes)
    for column, chosen in lists.items():
        if chosen:
            wanted = set(chosen)
            keep &= np.array(
                [not wanted.isdisjoint(v) if isinstance(v, tuple) else v in wanted for v in frame[column]],
                dtype=bool,
            )
    if corpora:
        wanted = set(corpora)
        pairs = zip(frame["corpus"], frame["also_in"], strict=True)
        keep &= np.array([name in wanted or not wanted.isdisjoint(also) for name, also in pairs], dtype=bool)
    if since:
        keep &= frame["updated"] >= pd.Timestamp(since)
    if wanted_id := technique.strip().upper():
        hits = [
            any(i == wanted_id or i.startswith(f"{wanted_id}.") for i in ids) for ids in frame["attack_ids"]
        ]
        keep &= np.array(hits, dtype=bool)
    if words := search.strip().casefold():
        text = frame[["name", "rule_id", "description", "query", "path"]].fillna("").agg(
            "\n".join, axis=1
        ) + frame["tags"].str.join("\n")
        keep &= text.str.casefold().str.contains(words, regex=False)
    return frame[keep].sort_values("name", ignore_index=True)


found = _filtered(all_rules)
config = {
    "name": st.column_config.TextColumn("Rule", width=360),
    "attack_ids": st.column_config.ListColumn("Read as", width="medium"),
    "severity": st.column_config.TextColumn("Severity", width="small"),
    "risk_score": st.column_config.NumberColumn("Risk", width="small", format="%d", help="0-100"),
    "rule_class": st.column_config.TextColumn("Class", width=104),
    "enabled": st.column_config.CheckboxColumn(
        "Enabled", width="small", help="Empty: the format does not say."
    ),
    "type": st.column_config.TextColumn("Type", width=124),
    "language": st.column_config.TextColumn("Language", width="small"),
    "platforms": st.column_config.ListColumn("Platforms"),
    "integrations": st.column_config.ListColumn("Integrations"),
    "created": st.column_config.DateColumn("Created"),
    "updated": st.column_config.DateColumn("Updated"),
    "corpus": st.column_config.TextColumn("Corpus", width="small"),
    "also_in": st.column_config.ListColumn(
        "Also in",
        width="small",
        help="Other corpora that have the same rule, by id or content. It counts once.",
    ),
    "path": st.column_config.TextColumn("File", width="medium"),
}
order = [name for name in config if several or name != "also_in"]
if several:  # whose rule it is comes before what it says
    order = [
        "name",
        "corpus",
        "also_in",
        *(name for name in order if name not in ("name", "corpus", "also_in")),
    ]
st.caption(f"{len(found):,} of {amount(len(all_rules), 'rule')} shown. Click a row to open the rule.")
if found.empty:
    st.info("No rule matches these filters. Clear one of them, or show all rules.")
elif (chosen := parts.chosen_row(found, "rule_table", config, 470, order, search=False)) is not None:
    st.query_params["rule"] = found.iloc[chosen]["rule_key"]
    st.rerun()
parts.csv_button(without_text(found), now, "rules")
