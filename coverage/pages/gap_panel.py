"""One gap, opened on its next step: what to do, rules to start from, needed data, users. Widgets only."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.exports.plan import why
from coverage.measures import gaps, technique_facts
from coverage.measures.accepted import with_accepted
from coverage.measures.next_steps import data_needed, next_steps
from coverage.pages import export_buttons, gap_parts, parts
from coverage.scope import View
from coverage.text import plain
from coverage.vocabulary import COVERED_GAP_TYPES, RULE_CLASSES
from coverage.words import amount

_MOST_NAMES = 12


def show(attack_id: str, now: View, others: View | None, head: DeltaGenerator) -> None:
    """The gap of this ID, or in words that it is none here; title and answer go into `head`."""
    found = with_accepted(gaps(now, sorted(COVERED_GAP_TYPES)), session.accepted(now), now)
    found = found[found["attack_id"] == attack_id].head(1)
    if found.empty:
        with head:
            st.title("No gap", anchor=False)
        st.info(f"{plain(attack_id)} is not open in this scope: it is covered, out of scope or unknown.")
        return
    row, step = found.iloc[0], next_steps(found, now, others).iloc[0]
    with head:
        session.page_head(f"{attack_id} {row['name']}", f"{plain(step['step'])}.", now)
    where = [", ".join(row["tactics"])]
    if row["open_platforms"]:
        where.append(f"open on {', '.join(row['open_platforms'])}")
    st.markdown(f"{plain(why(row.to_dict()))} {plain(' · '.join(where))}")
    with st.container(horizontal=True):
        if st.button("Open the technique", icon=":material/open_in_new:", key="gap_technique"):
            session.open_technique(attack_id)
        export_buttons.plan_buttons(found, now, others)
    _rules(step, now, others)
    _data(attack_id, now)
    _users(attack_id, now)
    gap_parts.entry_to_paste(row, now)


_RULE_COLUMNS = {
    "use": st.column_config.TextColumn("Use", width=92),
    "name": st.column_config.TextColumn("Rule", width=380),
    "severity": st.column_config.TextColumn("Severity", width=90),
    "rule_class": st.column_config.TextColumn("Counts as", width=110),
    "platforms": st.column_config.ListColumn("Platforms", width=160),
    "corpus": st.column_config.TextColumn("Rule set", width=90),
    "path": st.column_config.TextColumn("File"),
}


def _rules(step: pd.Series, now: View, others: View | None) -> None:
    frames = [_of_keys(now.all_rules, step["start_rules"], "Start from")]
    if others is not None:
        frames.append(_of_keys(others.all_rules, step["other_rules"], "Take over"))
    rules = pd.concat(frames, ignore_index=True)
    st.subheader("Rules to start from", anchor=False)
    if rules.empty:
        st.caption("No rule read is close to this gap: it needs a new one.")
        return
    st.caption(f"{amount(len(rules), 'rule')}, severest first. Click a row to open the rule.")
    chosen = parts.chosen_row(
        rules, "gap_rules", _RULE_COLUMNS, height=min(38 + 35 * len(rules), 250), order=list(_RULE_COLUMNS)
    )
    if chosen is not None:
        session.open_rule(rules.iloc[chosen]["rule_key"])


def _of_keys(rules: pd.DataFrame, keys: tuple[str, ...], use: str) -> pd.DataFrame:
    place = {key: number for number, key in enumerate(keys)}
    found = rules[rules["rule_key"].isin(place)]
    found = found.sort_values("rule_key", key=lambda column: column.map(place))
    return found[["rule_key", *(name for name in _RULE_COLUMNS if name != "use")]].assign(
        use=use, rule_class=found["rule_class"].map(RULE_CLASSES)
    )


def _data(attack_id: str, now: View) -> None:
    needed = data_needed(now)
    needed = needed[needed["attack_id"] == attack_id]
    st.subheader("Data it needs", anchor=False)
    if needed.empty:
        st.caption("MITRE's analytics name no log source for it on the platforms in scope.")
        return
    st.caption(
        f"{amount(len(needed), 'log source')} of MITRE's analytics for the platforms in scope; those that "
        "most analytics use first."
    )
    st.dataframe(
        needed[["platform", "source", "channel", "data_component"]].assign(
            collected=["yes" if one else "–" for one in needed["collected"]]
        ),
        hide_index=True,
        height=min(38 + 35 * len(needed), 250),
        placeholder="–",
        column_config={
            "platform": st.column_config.TextColumn("Platform", width=120),
            "source": st.column_config.TextColumn("Log source", width=240),
            "channel": st.column_config.TextColumn("Event or channel, as MITRE words it", width=360),
            "data_component": st.column_config.TextColumn("Data component", width=190),
            "collected": st.column_config.TextColumn(
                "In use", width=70, help="A rule in scope needs this data component on this platform."
            ),
        },
    )


def _users(attack_id: str, now: View) -> None:
    facts = technique_facts(now, attack_id)
    st.subheader("Who uses it", anchor=False)
    any_listed = False
    for kind in ("groups", "software", "campaigns"):
        names = facts[kind]["name"].tolist()
        if names:
            any_listed, more = True, len(names) - _MOST_NAMES
            rest = f" and {more:,} more" if more > 0 else ""
            st.markdown(
                f"**{kind.capitalize()}** ({len(names):,}): {plain(', '.join(names[:_MOST_NAMES]))}{rest}"
            )
    if not any_listed:
        st.caption("MITRE links no group, software or campaign to this very ID.")
