"""Rules. Who: engineers and reviewers. Question: which rules do we have, and what does this one claim?

Next: from a rule to the techniques it is read as, to its file, or to its neighbours on a technique.
"""

# The list, a rule (`?rule=`) and a technique (`?technique=`) are one page with three addresses.

import numpy as np
import pandas as pd
import streamlit as st

from coverage import session
from coverage.exports.tables import without_text
from coverage.measures import rules_with_ids, search_ranks
from coverage.pages import controls, corpus_parts, parts, rule_detail, technique_detail
from coverage.scope import View
from coverage.session import address
from coverage.vocabulary import RULE_CLASSES, SEVERITIES
from coverage.words import amount

_LISTS = {
    "type": "Type",
    "language": "Language",
    "platforms": "Platforms",
    "integrations": "Integrations",
    "data_sources": "Data sources",
    "data_components": "Data components",
    "tags": "Tags",
    "authors": "Authors",
}

_COLUMNS = {
    "name": st.column_config.TextColumn("Rule", width=360),
    "corpus": st.column_config.TextColumn("Rule set", width=90),
    "also_in": st.column_config.ListColumn(
        "Also in",
        width=90,
        help="Other rule sets that have the same rule, by ID or content. It counts once.",
    ),
    "attack_ids": st.column_config.ListColumn("Read as", width=190),
    "severity": st.column_config.TextColumn("Severity", width=84),
    "risk_score": st.column_config.NumberColumn("Risk", width=60, format="%d", help="0-100"),
    "rule_class": st.column_config.TextColumn("Counts as", width=110),
    "enabled": st.column_config.TextColumn(
        "Enabled", width=80, help="Unknown: the rule's format does not record it."
    ),
    "type": st.column_config.TextColumn("Type", width=124),
    "language": st.column_config.TextColumn("Language", width=84),
    "platforms": st.column_config.ListColumn("Platforms"),
    "integrations": st.column_config.ListColumn("Integrations"),
    "created": st.column_config.DateColumn("Created"),
    "updated": st.column_config.DateColumn("Updated"),
    "path": st.column_config.TextColumn("File", width="medium"),
}


def _live(now: View) -> dict[str, str]:
    """ID -> name, of each technique and sub-technique of the release."""
    live = now.catalogue.techniques.query("status == 'live'").sort_values("attack_id")
    return dict(zip(live["attack_id"].tolist(), live["name"].tolist(), strict=True))


def _opened(now: View, rule: str | None, attack_id: str | None) -> None:
    """A rule or a technique, with the way back to the list."""
    head = st.container()
    row = st.container(horizontal=True, vertical_alignment="center")
    if row.button("All rules", icon=":material/arrow_back:", key="rule_back"):
        address.step(rule=None, technique=None)
    if rule is not None:
        rule_detail.show(rule, now, head, row)
    elif attack_id is not None and attack_id.upper() in _live(now):
        technique_detail.show(attack_id.upper(), now, head, row)
    elif attack_id is not None:
        technique_detail.missing(attack_id, now, head)


def _list(now: View) -> None:
    in_scope = set(now.rules["rule_key"])
    all_rules = rules_with_ids(now)
    head, find = st.columns([7, 2.6], vertical_alignment="top")
    with head:
        session.page_head(
            "Rules",
            f"{len(in_scope):,} of {amount(len(all_rules), 'rule is', 'rules are')} in scope; "
            f"{sum(bool(ids) for ids in all_rules['attack_ids']):,} of all map to a technique.",
            now,
        )
    _technique_box(find, now)
    found = _filtered(all_rules, in_scope, now)
    several = len(corpus_parts.corpus_names(now)) > 1
    st.caption(
        f"{len(found):,} of {amount(len(all_rules), 'rule')} shown. Click a row to open the rule, a heading "
        "to sort."
    )
    if found.empty:
        st.info("No rule matches these filters. Clear one of them, or include rules out of scope.")
    else:
        shown = found.assign(
            rule_class=found["rule_class"].map(RULE_CLASSES),
            enabled=[rule_detail.yes_or_no(value) for value in found["enabled"].tolist()],
        )
        order = [name for name in _COLUMNS if several or name not in ("corpus", "also_in")]
        if (row := parts.chosen_row(shown, "rule_table", _COLUMNS, 470, order, search=False)) is not None:
            session.open_rule(found.iloc[row]["rule_key"])
    parts.csv_button(without_text(found), now, "rules")


def _technique_box(place, now: View) -> None:
    names = _live(now)
    chosen = place.selectbox(
        "Open a technique",
        list(names),
        index=None,
        key="technique_to_open",
        format_func=lambda attack_id: parts.technique_label(attack_id, names),
        placeholder="Type a name or an ID",
    )
    if chosen is not None:
        session.open_technique(chosen)


def _filtered(frame: pd.DataFrame, in_scope: set[str], now: View) -> pd.DataFrame:
    """The rules that every filter lets through, by name; those that a search is about first."""
    names = corpus_parts.corpus_names(now)
    several = len(names) > 1
    top = controls.side_by_side(225, 180, 125, 145, *([145] if several else []), 145)
    words = address.text_input(
        top[0], "Search", "rule_search", placeholder="Name, ID, tag, description or query"
    )
    outside = address.toggle(top[1], "Out of scope, too", "rule_all", help="Rules that the scope leaves out.")
    severities = address.multiselect(
        top[2], "Severity", [*reversed(SEVERITIES)], "rule_severity", placeholder="All"
    )
    attack_id = address.text_input(
        top[3], "Maps to technique", "rule_technique", placeholder="T1059 or T1059.001"
    )
    corpora = (
        address.multiselect(top[4], "Rule sets", names, "rule_corpus", placeholder="All") if several else []
    )
    with top[-1].popover("More filters", width="stretch"):
        classes = address.multiselect(
            st, "Counts as", list(RULE_CLASSES), "rule_class", format_func=RULE_CLASSES.__getitem__
        )
        lists = {
            column: address.multiselect(
                st, label, sorted(frame[column].explode().dropna().unique()), f"rule_{column}"
            )
            for column, label in _LISTS.items()
        }
        since = address.date_input(st, "Updated on or after", "rule_since", value=None)

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
    if wanted_id := attack_id.strip().upper():
        hits = [
            any(i == wanted_id or i.startswith(f"{wanted_id}.") for i in ids) for ids in frame["attack_ids"]
        ]
        keep &= np.array(hits, dtype=bool)
    found = frame.assign(rank=0)
    if words.strip():
        ranks = search_ranks(now, words)
        keep &= ranks.notna()
        found["rank"] = ranks.fillna(0)
    found = found[keep].sort_values(["rank", "name"], key=_in_any_case, ignore_index=True)
    return found.drop(columns="rank")


def _in_any_case(column: pd.Series) -> pd.Series:
    return column.str.casefold() if column.name == "name" else column


view = session.guarded_view()
opened, technique = address.parameter("rule"), address.parameter("technique")
if opened is None and technique is None:
    _list(view)
else:
    _opened(view, opened, technique)
