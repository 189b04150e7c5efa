"""What several pages show: download buttons, a table, a technique's detail. Widgets only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

import pandas as pd
import streamlit as st

from coverage import session
from coverage.exports.tables import stamped_csv
from coverage.measures import (
    coverage_by_id,
    technique_facts,
    technique_rules,
    threat_by_id,
)
from coverage.measures.accepted import notes_on
from coverage.pages import untrusted
from coverage.pages.paging import positions_shown
from coverage.scope import View
from coverage.text import plain
from coverage.vocabulary import GAP_TYPES, GAP_WORK, attack_url
from coverage.words import amount, users_sentence

LINK = st.column_config.LinkColumn(
    "ATT&CK", display_text="open", width="small", help="The page on attack.mitre.org"
)


def csv_button(
    frame: pd.DataFrame,
    now: View,
    stem: str,
    names: Mapping[str, str] | None = None,
    label: str = "Download CSV",
) -> None:
    """A download of exactly the rows of `frame`, with the scope's stamp."""
    st.download_button(
        f"{label} ({amount(len(frame), 'row')})",
        lambda: stamped_csv(frame, now.scope, dict(names or {})),
        session.file_name(stem, now),
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv_{stem}",
        disabled=frame.empty,
    )


def chosen_row(
    frame: pd.DataFrame,
    key: str,
    config: Mapping,
    height: int | str = "auto",
    order: Sequence[str] | None = None,
    search: bool = True,
) -> int | None:
    """A table without index; the place in `frame` of the row the reader clicked in this run, or None.

    Of the columns only those of `order` go to the browser, of a long table one page (`paging`). A click is
    answered once: the table that is drawn after it has no selection, so the same row can be clicked again,
    and nothing that was left opens anew. Other rows are another table, too: the browser keeps a selection by
    its place.
    """
    shown = frame if order is None else frame[list(order)]
    places = positions_shown(shown, key, config, search)
    page = shown.iloc[places]
    rows = crc32("\0".join(str(value) for name in page for value in page[name].tolist()).encode())
    state, turn, clicked = st.session_state, f"{key}_turn", f"{key}_clicked"
    widget = f"{key}_{rows}_{state.setdefault(turn, 0)}"

    def remember() -> None:
        selection = state[widget]["selection"]
        selected = selection["rows"] or [row for row, _ in selection["cells"]]
        if selected:
            state[clicked] = (rows, selected[0])
            state[turn] += 1

    pending = state.pop(clicked, None)
    st.dataframe(
        page,
        key=widget,
        hide_index=True,
        column_config=dict(config),
        height=height,
        on_select=remember,
        selection_mode=["single-row", "single-cell"],
        placeholder="–",
    )
    return int(places[pending[1]]) if pending and pending[0] == rows and pending[1] < len(places) else None


def technique_label(attack_id: str, names: Mapping[str, str]) -> str:
    """`T1059 Command and Scripting Interpreter`."""
    return f"{attack_id} {names.get(attack_id, '')}".strip()


@st.dialog("Technique", width="large")
def technique_dialog(attack_id: str, corpora: Sequence[str] = ()) -> None:
    """A technique over the page that asked for it, by the rules of some corpora; its own page is one button
    away.
    """
    now = session.view()
    now = now.of_corpora(corpora) if corpora else now
    if st.button(
        "Open the technique page", icon=":material/open_in_new:", key="dialog_open_page", type="primary"
    ):
        session.open_technique(attack_id)
    technique_detail(attack_id, now, key="dialog")


def technique_detail(attack_id: str, now: View, key: str) -> None:
    """One technique: facts, coverage with the sum it made, its rules, siblings, users, telemetry."""
    facts = technique_facts(now, attack_id)
    st.subheader(f"{attack_id} {plain(facts['name'])}", anchor=False)
    _facts(facts, now)
    accepted_note(attack_id, now)
    _coverage(attack_id, now)
    rules = technique_rules(now, attack_id)
    _rules(rules, now, attack_id, key)
    _siblings(facts, now, key)
    _users(facts, now)
    _telemetry(facts)


def _facts(facts: dict, now: View) -> None:
    kind = (
        f"Sub-technique of {facts['parent_id']} {plain(facts['parent_name'])}"
        if facts["parent_id"]
        else "Technique"
    )
    tactics, platforms = (
        ", ".join(facts["tactics"]) or "no tactic",
        ", ".join(facts["platforms"]) or "no platform named",
    )
    st.markdown(
        f"{kind} · {plain(tactics)} · {plain(platforms)} · "
        f"[attack.mitre.org]({attack_url(facts['attack_id'])})"
    )
    if facts["description"]:
        with st.expander("MITRE's description"):
            untrusted.markdown(facts["description"])


def accepted_note(attack_id: str, now: View) -> None:
    """What gaps.toml says of a technique that is open."""
    rows = coverage_by_id(now)
    if (rows.loc[rows["attack_id"] == attack_id, "covered"] == 1).any():
        return
    for said in notes_on(attack_id, session.accepted(now), now):
        st.markdown(said)


def _coverage(attack_id: str, now: View) -> None:
    rows = coverage_by_id(now)
    row = rows[rows["attack_id"] == attack_id]
    if row.empty:
        st.info("This ID is not in scope: its platforms are filtered out, or it is PRE-only.")
        return
    row = row.iloc[0]
    columns = st.columns(5)
    columns[0].metric(
        "Rules in scope",
        f"{row['rules_any']:,}",
        help=f"{amount(row['rules_direct'], 'names', 'name')} this very ID",
    )
    if row["subtechniques"]:
        columns[1].metric(
            "Sub-techniques covered", f"{row['subtechniques_covered']} of {row['subtechniques']}"
        )
    columns[2].metric(
        "Depth",
        f"{row['depth']:.2f}",
        help="1 - product over its rules of (1 - 0.5 weight): one production rule is 0.5, two 0.75. "
        "A disabled rule detects nothing and weighs 0, even where the scope counts it.",
    )
    columns[3].metric(
        "Platforms",
        f"{row['platforms_covered']} of {row['platforms_total']}",
        help="Open: " + (plain(", ".join(row["open_platforms"])) or "none"),
    )
    columns[4].metric(
        "Score", f"{row['score']:.2f}", help=f"depth {row['depth']:.2f} × platforms {row['breadth']:.2f}"
    )


_RULE_COLUMNS = {
    "name": st.column_config.TextColumn("Rule", width="large"),
    "mapped_to": st.column_config.ListColumn("Read as", width="small"),
    "in_scope": st.column_config.CheckboxColumn("In scope", width="small"),
    "rule_class": st.column_config.TextColumn("Class", width=104),
    "severity": st.column_config.TextColumn("Severity", width="small"),
    "platforms": st.column_config.ListColumn("Platforms"),
    "corpus": st.column_config.TextColumn("Corpus", width="small"),
    "path": st.column_config.TextColumn("File"),
}


def _rules(rules: pd.DataFrame, now: View, attack_id: str, key: str) -> None:
    mine = rules[rules["in_scope"]]
    through = (
        f", {(~mine['direct']).sum():,} through its sub-techniques only" if _is_parent(attack_id, now) else ""
    )
    st.markdown(
        f"**Rules** — {len(mine):,} of {len(now.rules):,} in scope: "
        f"{amount(mine['direct'].sum(), 'names', 'name')} {attack_id} itself{through}; "
        f"{amount(len(rules) - len(mine), 'more is', 'more are')} out of scope"
    )
    if rules.empty:
        st.caption("No rule read maps to this ID, in scope or not.")
        return
    shown = rules[[*_RULE_COLUMNS, "rule_key"]]
    row = chosen_row(
        shown,
        f"{key}_rules_{attack_id}",
        _RULE_COLUMNS,
        height=min(38 + 35 * len(shown), 260),
        order=list(_RULE_COLUMNS),
    )
    if row is not None:
        session.open_rule(shown.iloc[row]["rule_key"])


def _siblings(facts: dict, now: View, key: str) -> None:
    head = facts["parent_id"] or facts["attack_id"]
    rows = coverage_by_id(now)
    family = rows[(rows["parent_id"] == head) | (rows["attack_id"] == head)]
    if len(family) < 2:
        return
    covered = int((family["is_subtechnique"] & family["direct"]).sum())
    st.markdown(
        f"**{head} and its sub-techniques** — {covered} of "
        f"{amount(family['is_subtechnique'].sum(), 'sub-technique has', 'sub-techniques have')} a rule"
    )
    config = {
        "attack_id": st.column_config.TextColumn("ID", width="small"),
        "name": st.column_config.TextColumn("Name", width="large"),
        "rules_direct": st.column_config.NumberColumn("Rules on it", width="small"),
        "depth": st.column_config.ProgressColumn("Depth", min_value=0, max_value=1, format="%.2f"),
        "open_platforms": st.column_config.ListColumn("Open platforms"),
    }
    row = chosen_row(
        family[list(config)],
        f"{key}_family_{facts['attack_id']}",
        config,
        height=min(38 + 35 * len(family), 300),
    )
    if row is not None and family.iloc[row]["attack_id"] != facts["attack_id"]:
        session.open_technique(family.iloc[row]["attack_id"])


# A part of a technique's facts -> one of it.
USERS = {"groups": "group", "software": "software", "campaigns": "campaign", "mitigations": "mitigation"}


def _users(facts: dict, now: View) -> None:
    counts = {kind: facts[kind] for kind in USERS}
    st.markdown(
        "**Who uses it, and what stops it** — "
        + ", ".join(amount(len(frame), USERS[kind], kind) for kind, frame in counts.items())
        + _with_family(facts, now)
    )
    for tab, frame in zip(
        st.tabs([f"{kind.capitalize()} ({len(frame)})" for kind, frame in counts.items()]),
        counts.values(),
        strict=True,
    ):
        if frame.empty:
            tab.caption("MITRE links none to this ID.")
        else:
            tab.dataframe(
                frame, hide_index=True, height=min(38 + 35 * len(frame), 220), column_config=_titles(frame)
            )


def _with_family(facts: dict, now: View) -> str:
    """What the gap list counts: the users of a technique and of its sub-techniques, each once."""
    rows = threat_by_id(now).set_index("attack_id")
    if not _is_parent(facts["attack_id"], now) or facts["attack_id"] not in rows.index:
        return ""
    row = rows.loc[facts["attack_id"]]
    users = users_sentence(row["groups"], row["software"], row["campaigns"])
    return f" for {facts['attack_id']} itself; with its sub-techniques {users}"


def _is_parent(attack_id: str, now: View) -> bool:
    """Whether a technique has live sub-techniques."""
    techniques = now.catalogue.techniques
    return bool(((techniques["parent_id"] == attack_id) & (techniques["status"] == "live")).any())


def _titles(frame: pd.DataFrame) -> dict:
    """Column heads in words, and links that open MITRE's page."""
    heads = {
        name: name.replace("_id", " ID").replace("_", " ").capitalize().replace(" id", " ID")
        for name in frame
    }
    return heads | {"url": LINK}


def _telemetry(facts: dict) -> None:
    analytics = facts["analytics"]
    st.markdown(
        f"**What must be logged** — {amount(len(analytics), 'analytic')}; data components: "
        f"{plain(', '.join(facts['components'])) or 'none named'}"
    )
    if len(analytics):
        st.dataframe(
            analytics,
            hide_index=True,
            height=min(38 + 35 * len(analytics), 220),
            column_config=_titles(analytics),
        )


def gap_type_help() -> str:
    """The gap types in words, as Markdown."""
    return "  \n".join(
        f"**{GAP_WORK[name]}** (`{name}` in files): {meaning}" for name, meaning in GAP_TYPES.items()
    )


def with_work(gaps: pd.DataFrame) -> pd.DataFrame:
    """A frame with `gap_type`, for a table that people read: the work in words."""
    return gaps.assign(gap_type=gaps["gap_type"].map(GAP_WORK))
