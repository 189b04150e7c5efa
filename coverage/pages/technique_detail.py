"""One technique: what is open first, its rules, its family, who uses it and what sees it. Widgets only.

Who: an engineer on one technique, or a manager who clicked a cell. Question: which rules see it, and what
is missing? Next: a rule, an open sub-technique, its gap in the plan, or MITRE's page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.measures import coverage_by_id, open_work, technique_facts, technique_rules, threat_by_id
from coverage.measures.accepted import notes_on
from coverage.measures.technique import technique_users
from coverage.pages import parts, untrusted
from coverage.scope import View
from coverage.text import plain
from coverage.vocabulary import RULE_CLASSES, WAYS, attack_url
from coverage.words import amount, users_sentence


def show(attack_id: str, now: View, head: DeltaGenerator, row: DeltaGenerator) -> None:
    """A technique of the release; name and answer go into `head`, its facts beside what is in `row`."""
    facts = technique_facts(now, attack_id)
    with head:
        session.page_head(facts["name"], _answer(attack_id, now), now)
    with row:
        _facts(facts)
    _next_step(attack_id, now, "page")
    _coverage(attack_id, now)
    _rules(attack_id, now, "page", _RULE_COLUMNS)
    _family(facts, now)
    _users(facts, now)
    _telemetry(facts)
    if facts["description"]:
        with st.expander("MITRE's description"):
            untrusted.markdown(facts["description"])


def missing(attack_id: str, now: View, head: DeltaGenerator) -> None:
    """Says that the release has no such technique."""
    with head:
        session.page_head("Unknown technique", "The technique in this link does not exist.", now)
    st.warning(
        f"“{plain(attack_id)}” does not exist in {now.scope.attack.title}, or is not in use any more. Check "
        "the ID, or choose another release in the sidebar."
    )


@st.dialog("Technique", width="large")
def technique_dialog(attack_id: str, corpora: Sequence[str] = ()) -> None:
    """What is open in a technique and its rules, over the page that asked for it, by the rules of some rule
    sets. All else is on its own page, one button away.
    """
    now = session.view()
    now = now.of_corpora(corpora) if corpora else now
    facts = technique_facts(now, attack_id)
    st.subheader(plain(facts["name"]), anchor=False)
    st.markdown(_answer(attack_id, now))
    _facts(facts)
    if st.button(
        "Open the technique page", icon=":material/open_in_new:", key="dialog_open_page", type="primary"
    ):
        session.open_technique(attack_id)
    _next_step(attack_id, now, "dialog")
    _coverage(attack_id, now)
    _rules(attack_id, now, "dialog", _FIRST_COLUMNS)


def _answer(attack_id: str, now: View) -> str:
    rows = coverage_by_id(now)
    row = rows[rows["attack_id"] == attack_id]
    if row.empty:
        return (
            f"{attack_id} is not in scope: its platforms are filtered out, or it is a pre-attack technique."
        )
    row = row.iloc[0]
    platforms = f"{row['platforms_covered']} of {amount(row['platforms_total'], 'platform')}"
    return (
        f"{row['rules_any']:,} of {amount(len(now.rules), 'rule in scope maps', 'rules in scope map')} to "
        f"{attack_id}, on {platforms}."
    )


def _facts(facts: dict) -> None:
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
        f"**{facts['attack_id']}** · {kind} · {plain(tactics)} · {plain(platforms)} · "
        f"[attack.mitre.org]({attack_url(facts['attack_id'])})"
    )


# ---- what is open --------------------------------------------------------------------------------------


def _next_step(attack_id: str, now: View, key: str) -> None:
    """What is open, worst first, what to do about it, and what gaps.toml says of it."""
    gap = open_work(now, attack_id)
    if gap.empty:
        return
    rows = coverage_by_id(now)
    below = rows[(rows["parent_id"] == attack_id) & (rows["covered"] < 1)]
    lines = []
    if len(below):
        names = ", ".join(f"{row.attack_id} {row.name}" for row in below.itertuples(index=False))
        lines.append(f"**Open sub-techniques** ({len(below)}): {plain(names)}")
    if open_platforms := gap.iloc[0]["open_platforms"]:
        lines.append(f"**Open platforms** ({len(open_platforms)}): {plain(', '.join(open_platforms))}")
    lines.append(f"**Next step:** {plain(gap.iloc[0]['step'])}.")
    with st.container(border=True):
        st.markdown("  \n".join(lines))
        if not (rows.loc[rows["attack_id"] == attack_id, "covered"] == 1).any():
            for note in notes_on(attack_id, session.accepted(now), now):
                st.markdown(note)
        if st.button("Open in the plan", icon=":material/checklist:", key=f"{key}_plan"):
            session.open_page("plan", gap=attack_id)


def _coverage(attack_id: str, now: View) -> None:
    """The figures, each with what it was made of."""
    rows = coverage_by_id(now)
    row = rows[rows["attack_id"] == attack_id]
    if row.empty:
        return
    row = row.iloc[0]
    columns = st.columns(5 if row["subtechniques"] else 4)
    columns[0].metric(
        "Rules in scope",
        f"{row['rules_any']:,}",
        help=f"{amount(row['rules_direct'], 'names', 'name')} this very ID.",
    )
    if row["subtechniques"]:
        columns[1].metric(
            "Sub-techniques covered", f"{row['subtechniques_covered']} of {row['subtechniques']}"
        )
    columns[-3].metric(
        "Platforms covered",
        f"{row['platforms_covered']} of {row['platforms_total']}",
        help=f"Open: {plain(', '.join(row['open_platforms']))}." if row["open_platforms"] else "All of them.",
    )
    columns[-2].metric(
        "Depth",
        f"{row['depth']:.2f}",
        help="1 − the product, over its rules, of (1 − 0.5 × weight): one production rule makes 0.50, two "
        "0.75. A disabled rule detects nothing and weighs 0, even where the scope counts it.",
    )
    columns[-1].metric("Score", f"{row['score']:.2f}", help="Depth × the covered share of its platforms.")
    st.caption(
        f"Score {row['score']:.2f} = depth {row['depth']:.2f} × platforms {row['breadth']:.2f} "
        f"({row['platforms_covered']} of {row['platforms_total']})"
    )


# ---- rules and family ----------------------------------------------------------------------------------


_RULE_COLUMNS = {
    "name": st.column_config.TextColumn("Rule", width=380),
    "mapped_to": st.column_config.ListColumn("Read as", width=150),
    "in_scope": st.column_config.TextColumn("In scope", width=76),
    "rule_class": st.column_config.TextColumn("Counts as", width=110),
    "severity": st.column_config.TextColumn("Severity", width=84),
    "platforms": st.column_config.ListColumn("Platforms", width=170),
    "corpus": st.column_config.TextColumn("Rule set", width=90),
    "path": st.column_config.TextColumn("File"),
}


_FIRST_COLUMNS = {
    name: _RULE_COLUMNS[name] for name in ("name", "mapped_to", "severity", "rule_class", "corpus")
}


def _rules(attack_id: str, now: View, key: str, columns: Mapping) -> None:
    rules = technique_rules(now, attack_id)
    st.subheader("Rules", anchor=False)
    if rules.empty:
        st.caption("No rule maps to it, in scope or not.")
        return
    st.caption(f"{_rules_sentence(rules, attack_id, now)} Click a row to open the rule, a heading to sort.")
    shown = rules.assign(
        in_scope=["yes" if one else "no" for one in rules["in_scope"]],
        rule_class=rules["rule_class"].map(RULE_CLASSES),
    )
    row = parts.chosen_row(
        shown,
        f"{key}_rules_{attack_id}",
        columns,
        height=min(38 + 35 * len(shown), 320),
        order=list(columns),
    )
    if row is not None:
        session.open_rule(shown.iloc[row]["rule_key"])
    parts.csv_button(rules, now, f"rules_{attack_id}")


def _rules_sentence(rules: pd.DataFrame, attack_id: str, now: View) -> str:
    """How many rules there are, as a sum: those of the ID itself and those of its sub-techniques alone."""
    mine = rules[rules["in_scope"]]
    direct, through, outside = int(mine["direct"].sum()), int((~mine["direct"]).sum()), len(rules) - len(mine)
    total = f"{len(mine):,} of {amount(len(now.rules), 'rule')} in scope"
    if direct and through:
        total += (
            f": {direct:,} {'names' if direct == 1 else 'name'} {attack_id} itself, {through:,} only a "
            f"sub-technique of it"
        )
    elif through:
        total += f", {'which names' if through == 1 else 'all of which name'} only a sub-technique of it"
    if outside:
        total += f"; {amount(outside, 'more is', 'more are')} out of scope"
    return f"{total}."


def _family(facts: dict, now: View) -> None:
    head = facts["parent_id"] or facts["attack_id"]
    rows = coverage_by_id(now)
    family = rows[(rows["parent_id"] == head) | (rows["attack_id"] == head)]
    if len(family) < 2:
        return
    below = family["is_subtechnique"]
    st.subheader(f"{head} and its sub-techniques", anchor=False)
    st.caption(
        f"{int((below & family['direct']).sum())} of "
        f"{amount(below.sum(), 'sub-technique has', 'sub-techniques have')} a rule. "
        "Click a row to open it, a heading to sort."
    )
    config = {
        "attack_id": st.column_config.TextColumn("ID", width=90),
        "name": st.column_config.TextColumn("Name", width=300),
        "rules_direct": st.column_config.NumberColumn("Rules that name it", width=130),
        "depth": st.column_config.ProgressColumn("Depth", min_value=0, max_value=1, format="%.2f"),
        "open_platforms": st.column_config.ListColumn("Open platforms"),
    }
    row = parts.chosen_row(
        family[list(config)],
        f"page_family_{facts['attack_id']}",
        config,
        height=min(38 + 35 * len(family), 300),
    )
    if row is not None and family.iloc[row]["attack_id"] != facts["attack_id"]:
        session.open_technique(family.iloc[row]["attack_id"])


# ---- who uses it, what sees it -------------------------------------------------------------------------

# A part of a technique's facts -> one of it.
USERS = {"groups": "group", "software": "software", "campaigns": "campaign", "mitigations": "mitigation"}
_USER_COLUMNS = {
    "member_id": st.column_config.TextColumn("ID", width=76),
    "name": st.column_config.TextColumn("Name", width=220),
    "last_reported": st.column_config.NumberColumn(
        "Last reported", width=100, format="%d", help="Newest year among the citations of the use."
    ),
    "way": st.column_config.TextColumn(
        "How", width=90, help="  \n".join(f"**{way}**: {words}" for way, words in WAYS.items())
    ),
    "through": st.column_config.TextColumn("Through", width=220, help="The campaign or software."),
    "url": parts.LINK,
}
_MOST_PROCEDURES = 50


def _users(facts: dict, now: View) -> None:
    attack_id = facts["attack_id"]
    users, mitigations = technique_users(now, attack_id), facts["mitigations"]
    tables = {kind: users[users["kind"] == one] for kind, one in USERS.items() if one != "mitigation"}
    tables = {kind: frame for kind, frame in tables.items() if len(frame)}
    st.subheader("Who uses it, and what stops it", anchor=False)
    if not tables and mitigations.empty:
        st.caption(
            f"MITRE links no group, software, campaign or mitigation to this very ID.{_wide(facts, now)}"
        )
        return
    counted = [amount(len(facts[kind]), one, kind) for kind, one in USERS.items() if len(facts[kind])]
    st.caption(f"Linked to this very ID: {', '.join(counted) or 'nobody'}.{_wide(facts, now)}")
    labels = [f"{kind.capitalize()} ({frame['member_id'].nunique():,})" for kind, frame in tables.items()]
    labels += [f"Mitigations ({len(mitigations):,})"] if len(mitigations) else []
    tabs = st.tabs(labels)
    for tab, frame in zip(tabs, tables.values(), strict=False):
        _people(tab, frame[list(_USER_COLUMNS)], _USER_COLUMNS)
    if len(mitigations):
        _people(tabs[-1], mitigations, _titles(mitigations))
    _procedures(users)


def _people(place: DeltaGenerator, frame: pd.DataFrame, config: Mapping) -> None:
    place.dataframe(
        frame,
        hide_index=True,
        height=min(38 + 35 * len(frame), 220),
        column_config=dict(config),
        placeholder="–",
    )


def _procedures(users: pd.DataFrame) -> None:
    """How each used it, in MITRE's words, where the release carries them."""
    told = users[users["procedure"].notna()]
    if told.empty:
        return
    with st.expander(f"How they used it, in MITRE's words ({len(told):,})"):
        first = told.head(_MOST_PROCEDURES)
        untrusted.bullets(
            f"{name}: {text}" for name, text in zip(first["name"], first["procedure"], strict=True)
        )
        if len(told) > len(first):
            st.caption(f"{len(told) - len(first):,} more are on MITRE's page.")


def _wide(facts: dict, now: View) -> str:
    """What the gap list counts: the users of a technique and of its sub-techniques, each once."""
    rows, attack_id = threat_by_id(now).set_index("attack_id"), facts["attack_id"]
    if attack_id not in rows.index or not (now.catalogue.techniques["parent_id"] == attack_id).any():
        return ""
    row = rows.loc[attack_id]
    users = users_sentence(row["groups"], row["software"], row["campaigns"])
    used = ", ".join(part for part in users.split(", ") if not part.startswith("0 "))
    return f" With its sub-techniques: {used}." if used else ""


def _titles(frame: pd.DataFrame) -> dict:
    """Column heads in words, and links that open MITRE's page."""
    heads = {
        name: name.replace("_id", " ID").replace("_", " ").capitalize().replace(" id", " ID")
        for name in frame
    }
    return heads | {"url": parts.LINK}


def _telemetry(facts: dict) -> None:
    analytics, components = facts["analytics"], facts["components"]
    st.subheader("Data it needs", anchor=False)
    if not len(analytics):
        st.caption("MITRE has no analytic for it.")
        return
    named = f" on {plain(', '.join(components))}" if components else ""
    st.caption(f"{amount(len(analytics), 'log source')} of MITRE's analytics{named}.")
    st.dataframe(
        analytics,
        hide_index=True,
        height=min(38 + 35 * len(analytics), 220),
        column_config=_titles(analytics),
        placeholder="–",
    )
