"""The Plan page's list of gaps: filters, a table whose rows can be chosen, and what is done with them."""

from __future__ import annotations

from zlib import crc32

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.exports.tables import GAP_NAMES
from coverage.inventory.arrivals import ARRIVES, MISSING, NOT_TOLD
from coverage.measures import covered_elsewhere, gaps
from coverage.measures.accepted import counts_sentence, marks, with_accepted
from coverage.measures.next_steps import next_steps
from coverage.measures.work_order import with_need, work_order
from coverage.pages import controls, corpus_parts, export_buttons, gap_parts, parts, threat_choice
from coverage.reading import platforms_of
from coverage.scope import View
from coverage.session import address
from coverage.tables import TableError, ease_factors
from coverage.text import plain
from coverage.threats.threat import Threat
from coverage.vocabulary import ARRIVAL_TITLES, COVERED_GAP_TYPES, GAP_TYPES, GAP_WORK
from coverage.words import amount, noun

GRAINS = ("both", "techniques", "sub-techniques")
CHOSEN = "gap_chosen"  # IDs of the chosen rows; kept while the reader is elsewhere
_PENDING, _TURN = "gap_pending", "gap_table_turn"
_CLEAR = {
    "gap_search": "",
    "gap_type": [],
    "gap_tactic": [],
    "gap_platform": [],
    "gap_grain": "both",
    "gap_accepted": "all",
}

COLUMNS = {
    "attack_id": st.column_config.TextColumn("ID", width=86),
    "name": st.column_config.TextColumn("Technique", width=190),
    "mark": st.column_config.TextColumn(
        "Accepted",
        width=190,
        help="What gaps.toml says: accepted or planned, until when, and whether that is over.",
    ),
    "data": st.column_config.TextColumn(
        "Data",
        width=76,
        help="Whether any log data that MITRE's analytics name for it arrives, by the inventories of the "
        "Data page. Where it does, a rule can be written today.",
    ),
    "step": st.column_config.TextColumn(
        "Next step", width=480, help="What to do, which rules others have, and the data that it needs."
    ),
    "need": st.column_config.NumberColumn(
        "Need", width=60, format="%.2f", help="Weighted share of the profile's adversaries that use it, 0-1."
    ),
    "needed_by": st.column_config.ListColumn("Needed by", width=220),
    "last_reported": st.column_config.NumberColumn(
        "Last reported", width=100, format="%d", help="Newest year among the citations of these uses."
    ),
    "score": st.column_config.NumberColumn(
        "Score", width=62, format="%.2f", help="Need × open × ease: what the list is ordered by."
    ),
    "groups": st.column_config.NumberColumn(
        "Groups",
        width=66,
        help="Threat groups that use it, by MITRE's count; a technique's include its sub-techniques'.",
    ),
    "software": st.column_config.NumberColumn("Software", width=74, help="Malware and tools that use it."),
    "campaigns": st.column_config.NumberColumn("Campaigns", width=86, help="Known attacks that used it."),
    "accepted_owner": st.column_config.TextColumn("Owner", width=110),
    "accepted_reason": st.column_config.TextColumn("Reason", width=260),
    "accepted_ticket": st.column_config.TextColumn("Ticket", width=110),
    "tactics": st.column_config.ListColumn("Tactics", width="medium"),
    "open_platforms": st.column_config.ListColumn(
        "Open on", width="medium", help="Platforms in scope on which no rule works."
    ),
    "covered_by": st.column_config.ListColumn(
        "Covered by", width=120, help="Other rule sets that cover it wholly, by their own rules."
    ),
    "subs": st.column_config.TextColumn("Sub-techniques", width=110, help="Covered / all in scope."),
    "rules": st.column_config.NumberColumn(
        "Rules", width=56, help="Rules in scope on it or its sub-techniques."
    ),
    "rules_out_of_scope": st.column_config.NumberColumn(
        "Out of scope", width=96, help="Rules on it that the scope does not count."
    ),
    "data_components": st.column_config.ListColumn("Data components", width="medium"),
    "url": parts.LINK,
}
_NEED = ("need", "needed_by", "last_reported", "score")
_ACCEPTED = ("mark", "accepted_owner", "accepted_reason", "accepted_ticket")


def others_of(whole: View, now: View) -> View | None:
    """The rule sets that are read beside those of `now`; None when there are none."""
    mine = corpus_parts.corpus_names(now)
    rest = [name for name in corpus_parts.corpus_names(whole) if name not in mine]
    return whole.of_corpora(rest) if rest else None


def show(
    everything: pd.DataFrame,
    now: View,
    others: View | None,
    head: DeltaGenerator,
    only_accepted: bool,
    threat: Threat | None = None,
) -> None:
    """The list of `everything` that is open (ACCEPTED_GAPS); the answer goes into `head`. With a profile, by
    what it needs.
    """
    with head:
        if only_accepted:
            _accepted_head(everything, now)
        else:
            _head(everything, now)
    found = everything[everything["accepted"].notna()] if only_accepted else _filtered(everything, now)
    gap_parts.problem_notes(session.accepted(now), everything)
    _open_pending()
    if found.empty:
        _nothing(everything, only_accepted)
        return
    if threat is not None:
        try:
            found = with_need(found, work_order(now, threat, ease_factors(), others))
        except TableError as error:
            st.error(plain(str(error)))
            st.stop()
    _buttons(found, now, others, threat)
    _table(found, now, others, only_accepted)
    with st.container(horizontal=True):
        parts.csv_button(found, now, "gaps", GAP_NAMES, "Download these gaps as CSV")
        export_buttons.gap_buttons(found, now)
    if threat is not None:
        threat_choice.problem_notes(threat)


def _head(everything: pd.DataFrame, now: View) -> None:
    subs, all_subs = everything["is_subtechnique"], now.techniques["is_subtechnique"]
    session.page_head(
        "Gaps",
        f"{(~subs).sum():,} of {amount((~all_subs).sum(), 'technique')} and {subs.sum():,} of "
        f"{amount(all_subs.sum(), 'sub-technique')} in scope are open{counts_sentence(everything)}.",
        now,
    )


def _accepted_head(everything: pd.DataFrame, now: View) -> None:
    count, gaps_here = int(everything["accepted"].notna().sum()), amount(len(everything), "open gap")
    answer = (
        f"{count:,} of {gaps_here} in scope {noun(count, 'has', 'have')} an entry in gaps.toml."
        if count
        else f"None of {gaps_here} in scope has an entry in gaps.toml."
    )
    session.page_head("Accepted and planned gaps", answer, now)


def _nothing(everything: pd.DataFrame, only_accepted: bool) -> None:
    if only_accepted:
        st.info(
            "No open gap is accepted or planned. Open a gap to get its entry for gaps.toml: it stays open, "
            "and is marked with its owner and end date."
        )
    elif everything.empty:
        st.success(
            "Nothing in scope is open. Choose *Second rule* or *Other platforms* under "
            "Next step to see what is thin."
        )
    else:
        st.info("No gap matches these filters. Clear one of them to see more.")


# ---- filters -------------------------------------------------------------------------------------------


def _filtered(everything: pd.DataFrame, now: View) -> pd.DataFrame:
    told = now.arrivals is not None
    widths = (150, 148, 112, 128, 96, 112, 104, 72) if told else (180, 165, 150, 155, 100, 132, 72)
    row = controls.side_by_side(*widths)
    tactics = now.catalogue.tactics.query("position >= 0").sort_values("position")
    titles = dict(zip(tactics["tactic_id"].tolist(), tactics["name"].tolist(), strict=True))
    search = address.text_input(row[0], "Search", "gap_search", placeholder="Name, ID, log source, data")
    types = address.multiselect(
        row[1],
        "Next step",
        list(GAP_TYPES),
        "gap_type",
        placeholder="All open gaps",
        format_func=GAP_WORK.__getitem__,
        help=parts.gap_type_help(),
    )
    chosen_tactics = address.multiselect(
        row[2], "Tactics", list(titles), "gap_tactic", placeholder="All", format_func=titles.__getitem__
    )
    platforms = address.multiselect(
        row[3],
        "Open on",
        [
            name
            for name in platforms_of(now.catalogue)
            if not now.scope.platforms or name in now.scope.platforms
        ],
        "gap_platform",
        placeholder="Any platform",
        help="No rule works there. Lists techniques that are covered on other platforms, too.",
    )
    grain = address.selectbox(row[4], "Show", GRAINS, "gap_grain", default="both")
    acceptance = address.selectbox(
        row[5],
        "Accepted gaps",
        list(gap_parts.CHOICES),
        "gap_accepted",
        default="all",
        help="Gaps that gaps.toml accepts or plans. They stay open, and never count as covered.",
    )
    data = address.selectbox(
        row[6] if told else None,
        "Data",
        [ARRIVES, MISSING, NOT_TOLD],
        "gap_data",
        placeholder="Any",
        format_func=ARRIVAL_TITLES.__getitem__,
        help="Whether its log data arrives, by the inventories of the Data page.",
    )
    filters = (search.strip(), types, chosen_tactics, platforms, data, grain != "both", acceptance != "all")
    row[-1].button("Clear", key="gap_clear", on_click=_clear, disabled=not any(filters), help="Clear filters")
    also = COVERED_GAP_TYPES & set(types) | ({"platform"} if platforms and not types else set())
    found = with_accepted(gaps(now, sorted(also)), session.accepted(now), now) if also else everything
    found = found[gap_parts.CHOICES[acceptance](found)]
    if types:
        found = found[found["gap_type"].isin(types)]
    if chosen_tactics:
        wanted = {titles[tactic] for tactic in chosen_tactics}
        found = found[[not wanted.isdisjoint(names) for names in found["tactics"]]]
    if platforms:
        found = found[[not set(platforms).isdisjoint(names) for names in found["open_platforms"]]]
    if data and told:
        found = found[found["data"] == data]
    if grain != "both":
        found = found[found["is_subtechnique"] == (grain == "sub-techniques")]
    return _searched(found, search)


def _searched(found: pd.DataFrame, text: str) -> pd.DataFrame:
    words = text.strip().casefold()
    if not words:
        return found
    columns = found[["attack_id", "name", "data_components", "log_sources"]].itertuples(index=False)
    return found[[words in " ".join(map(str, values)).casefold() for values in columns]]


def _clear() -> None:
    st.session_state.update({key: type(value)(value) for key, value in _CLEAR.items()} | {"gap_data": None})


# ---- the table -----------------------------------------------------------------------------------------


def _buttons(found: pd.DataFrame, now: View, others: View | None, threat: Threat | None) -> None:
    """What is done with the chosen rows: they are chosen in the table below."""
    ids = found["attack_id"].tolist()
    chosen = found[found["attack_id"].isin(st.session_state.get(CHOSEN, []))]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Choose all rows shown", key="gap_all", on_click=_choose, args=(ids,))
        st.button("Choose none", key="gap_none", on_click=_choose, args=([],), disabled=chosen.empty)
        if st.button("Open", key="gap_open", icon=":material/open_in_full:", disabled=len(chosen) != 1):
            address.step(gap=chosen.iloc[0]["attack_id"])
        export_buttons.plan_buttons(chosen, now, others)
        st.caption(
            f"{amount(len(found), 'row')} shown, {'most used' if threat is None else 'most needed'} first"
            + (f", {len(chosen):,} chosen" if len(chosen) else "")
            + ". Click a cell to open the gap, the box before it to choose it, a heading to sort.",
            width=350,  # beside the buttons at 1,366 px, in two lines
        )


def _choose(ids: list[str]) -> None:
    st.session_state[CHOSEN] = ids
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _table(found: pd.DataFrame, now: View, others: View | None, only_accepted: bool) -> None:
    steps = next_steps(found, now, others)
    subs = [
        f"{c}/{n}" if n else "–"
        for c, n in zip(found["subtechniques_covered"], found["subtechniques"], strict=True)
    ]
    shown = found.assign(
        mark=marks(found), subs=subs, step=steps["step"], data=found["data"].map(ARRIVAL_TITLES)
    )
    left_out = set() if found["accepted"].notna().any() else {"mark"}
    left_out |= set() if only_accepted else set(_ACCEPTED[1:])
    if others is None:
        left_out.add("covered_by")
    else:
        shown["covered_by"] = found["attack_id"].map(covered_elsewhere(others, ()))
    left_out |= set() if "need" in shown else set(_NEED)
    left_out |= set() if now.arrivals is not None else {"data"}
    shown = shown[[name for name in COLUMNS if name not in left_out]]
    ids, state = shown["attack_id"].tolist(), st.session_state
    chosen = [place for place, one in enumerate(ids) if one in state.get(CHOSEN, ())]
    rows = crc32("\0".join(ids).encode())
    widget = f"gap_table_{rows}_{state.setdefault(_TURN, 0)}"

    def remember() -> None:
        selection = state[widget]["selection"]
        if selection["cells"]:  # drawn anew without it, so that the same cell can be clicked again
            state[_PENDING] = ids[selection["cells"][0][0]]
            state[_TURN] += 1
        else:
            state[CHOSEN] = [ids[place] for place in selection["rows"]]

    st.dataframe(
        shown,
        key=widget,
        hide_index=True,
        column_config={name: COLUMNS[name] for name in shown},
        height=min(38 + 35 * len(shown), 460),
        on_select=remember,
        selection_mode=["multi-row", "single-cell"],
        selection_default={"selection": {"rows": chosen}},
        placeholder="–",
    )


def _open_pending() -> None:
    """Opens the gap whose cell was clicked."""
    if pending := st.session_state.pop(_PENDING, None):
        address.step(gap=pending)
