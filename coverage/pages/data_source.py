"""Log sources: the table of all, and one with its rules and what its loss would do. Widgets only."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.inventory.arrivals import ARRIVES, Arrivals
from coverage.measures.connections import rules_by_source, sources
from coverage.measures.verdicts import rule_verdicts
from coverage.pages import data_what_if, parts
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.vocabulary import ARRIVAL_TITLES, DATA_REASONS, VERDICT_TITLES
from coverage.words import amount

COLUMNS = {
    "source": st.column_config.TextColumn("Log source", width=240),
    "state": st.column_config.TextColumn(
        "State",
        width=84,
        help="**stale**: it arrived once, and its last event is too old.  \n**missing**: an inventory that "
        "lists everything does not have it, or says so.  \n**not told**: nothing says.",
    ),
    "platforms": st.column_config.ListColumn("Platforms", width=150),
    "last_event": st.column_config.DateColumn("Last event", width=96, format="YYYY-MM-DD"),
    "rules": st.column_config.NumberColumn("Rules", width=66, help="Rules in scope that can read it."),
    "rules_only": st.column_config.NumberColumn(
        "Through it alone", width=112, help="Rules that run now and would not without it."
    ),
    "ids": st.column_config.NumberColumn(
        "IDs", width=58, help="Techniques and sub-techniques that its rules name."
    ),
    "ids_dark": st.column_config.NumberColumn(
        "Dark without it",
        width=112,
        help="Techniques and sub-techniques that no rule which can run would cover without it.",
    ),
    "analytics": st.column_config.NumberColumn(
        "MITRE's analytics", width=124, help="Analytics of MITRE's that name it: suggestions."
    ),
    "words": st.column_config.ListColumn("In the inventory as", width=260),
    "inventories": st.column_config.ListColumn("Inventory", width=160),
}


def table(now: View, arrivals: Arrivals) -> None:
    """Every log source; a row that is clicked opens it."""
    everything = sources(now, arrivals)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    chosen = address.multiselect(
        row,
        "State",
        list(ARRIVAL_TITLES),
        "source_state",
        placeholder="All states",
        format_func=ARRIVAL_TITLES.__getitem__,
        width=240,
    )
    search = address.text_input(
        row, "Search", "source_search", placeholder="Log source, or word of an inventory", width=280
    )
    found = everything[everything["state"].isin(chosen)] if chosen else everything
    words = search.strip().casefold()
    if words:
        found = found[
            [
                words in " ".join((name, *listed)).casefold()
                for name, listed in zip(found["source"], found["words"], strict=True)
            ]
        ]
    counts = everything["state"].value_counts()
    titles = ARRIVAL_TITLES | {ARRIVES: "arrive"}
    told = ", ".join(f"{counts.get(state, 0):,} {title}" for state, title in titles.items())
    st.caption(
        f"{len(found):,} of {amount(len(everything), 'log source')}: {told}. Each arrives, is wanted by a "
        "rule in scope, or is named by MITRE's analytics. Click a row to open its rules."
    )
    if found.empty:
        st.info("No log source matches these filters.")
        return
    shown = found.assign(state=found["state"].map(ARRIVAL_TITLES))
    place = parts.chosen_row(
        shown,
        "data_sources",
        COLUMNS,
        height=min(38 + 35 * len(found), 460),
        order=list(COLUMNS),
        search=False,
    )
    parts.csv_button(found, now, "log_sources", None, "Download these log sources as CSV")
    if place is not None:
        address.step(source=found.iloc[place]["source"])


# ---- one log source ------------------------------------------------------------------------------------


def show(name: str, now: View, arrivals: Arrivals, head: DeltaGenerator) -> None:
    """The log source of that name; its answer goes into `head`."""
    found = sources(now, arrivals)
    found = found[found["source"].str.casefold() == name.casefold()]
    if found.empty:
        with head:
            session.page_head("Unknown log source", "No inventory, rule or analytic here names it.", now)
        st.warning(f"“{plain(name)}” is no log source here. Go back to all of them.")
        return
    row = found.iloc[0]
    with head:
        session.page_head(row["source"], _answer(row), now, *_facts(row))
    for column, (title, value, meaning) in zip(
        st.columns(4),
        (
            ("Rules that can read it", row["rules"], f"Of {amount(len(now.rules), 'rule')} in scope."),
            ("Run through it alone", row["rules_only"], "They would stop without it."),
            ("IDs of its rules", row["ids"], "Techniques and sub-techniques that they name."),
            ("Dark without it", row["ids_dark"], "No rule that can run would cover these IDs."),
        ),
        strict=True,
    ):
        column.metric(title, f"{value:,}", help=meaning)
    arriving = row["state"] == ARRIVES
    if st.button(
        "What if it stopped?" if arriving else "What if it arrived?",
        icon=":material/toggle_on:",
        key="source_what_if",
        disabled=not row["known"] and not arriving,
    ):
        names = {"data_lose": [row["source"]]} if arriving else {"data_add": [row["source"]]}
        session.open_page("data", data_view="what_if", **names)
    _rules(row["source"], now, arrivals)
    if arriving:
        st.subheader("Without it", anchor=False)
        data_what_if.outcome(now, arrivals, [row["source"]], [], "source", rules=False)


def _answer(row: pd.Series) -> str:
    rules = amount(row["rules"], "rule in scope", "rules in scope")
    if row["state"] == ARRIVES:
        return (
            f"It arrives. {rules} can read it; without it {amount(row['rules_only'], 'rule')} would stop and "
            f"{amount(row['ids_dark'], 'ID')} go dark."
        )
    words = {
        "stale": "It arrived once, and does no longer.",
        "missing": "It does not arrive.",
    }.get(row["state"], "Nothing tells whether it arrives.")
    return f"{words} {rules} could read it."


def _facts(row: pd.Series) -> list[str]:
    facts = []
    if row["words"]:
        facts.append(f"In the inventory as {', '.join(row['words'])} ({', '.join(row['inventories'])}).")
    if row["platforms"]:
        facts.append(f"Platforms: {', '.join(row['platforms'])}.")
    if not pd.isna(row["last_event"]):
        facts.append(f"Last event {row['last_event']:%Y-%m-%d}.")
    if not row["known"]:
        facts.append("No table knows this word: rules that write it the same way count, no others.")
    return [plain(" ".join(facts))] if facts else []


_RULES = {
    "name": st.column_config.TextColumn("Rule", width=360),
    "corpus": st.column_config.TextColumn("Rule set", width=100),
    "verdict": st.column_config.TextColumn("Verdict", width=150),
    "reason": st.column_config.TextColumn("Why", width=230),
    "arriving": st.column_config.ListColumn("Arrives", width=220, help="Its words for data that arrive."),
    "missing": st.column_config.ListColumn("Missing", width=220),
    "hangs_on": st.column_config.TextColumn(
        "Hangs on", width=170, help="The one log source without which it cannot run."
    ),
}


def _rules(name: str, now: View, arrivals: Arrivals) -> None:
    keys = set(rules_by_source(now).get(name, ()))
    frame = rule_verdicts(now, arrivals)
    mine = frame[frame["rule_key"].isin(keys)]
    st.subheader("Its rules", anchor=False)
    if mine.empty:
        st.caption("No rule in scope reads it.")
        return
    st.caption(f"{amount(len(mine), 'rule')}. Click one to open it.")
    shown = mine.assign(verdict=mine["verdict"].map(VERDICT_TITLES), reason=mine["reason"].map(DATA_REASONS))
    place = parts.chosen_row(
        shown, "source_rules", _RULES, height=min(38 + 35 * len(mine), 320), order=list(_RULES)
    )
    if place is not None:
        session.open_rule(mine.iloc[place]["rule_key"])
    parts.csv_button(mine, now, "rules_of_source", None, "Download its rules as CSV")
