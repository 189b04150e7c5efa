"""One rule, shown by the Rules page. Its texts are untrusted: shown as text, never as HTML. Widgets only.

Who: an engineer or reviewer. Question: what does this rule detect, what does it count as, and is its mapping
right? Next: one of its techniques, a neighbour, or the file to edit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.findings import CHECKS
from coverage.findings.places import placed
from coverage.loaders import RuleDocument, rule_document
from coverage.measures import rule_data, rule_mappings, rule_neighbours
from coverage.measures.verdicts import rule_words
from coverage.pages import parts, untrusted
from coverage.scope import View
from coverage.text import plain
from coverage.vocabulary import (
    ARRIVAL_TITLES,
    DATA_REASONS,
    READ_STATUSES,
    RULE_CLASSES,
    TACTIC_STATUSES,
    VERDICT_TITLES,
)
from coverage.words import amount

# A query's language -> the language of Streamlit's highlighter that comes nearest to it.
HIGHLIGHT = {
    "eql": "sql",
    "kuery": "sql",
    "lucene": "sql",
    "esql": "sql",
    "es|ql": "sql",
    "sql": "sql",
    "kql": "kusto",
    "spl": "splunk-spl",
    "sigma": "yaml",
    "falco": "yaml",
    "panther": "yaml",
    "python": "python",
    "wazuh": "markup",
    "yara-l": "clike",
    "suricata": "clike",
}
# The same for a whole file, by its suffix.
_FILES = {
    "toml": "toml",
    "yml": "yaml",
    "yaml": "yaml",
    "json": "json",
    "py": "python",
    "xml": "markup",
    "rules": "clike",
    "yaral": "clike",
    "spl": "splunk-spl",
}
_QUERY_LINES = 18  # so many are in sight; a longer query scrolls
_MAPPINGS = 4  # rows in sight
_LINE = 70  # characters of a query that go in one line at 1366 pixels


def show(rule_key: str, now: View, head: DeltaGenerator, row: DeltaGenerator) -> None:
    """One rule with everything known about it; name and answer go into `head`, badges into `row`."""
    rows = now.all_rules[now.all_rules["rule_key"] == rule_key]
    if rows.empty:
        with head:
            session.page_head("Unknown rule", "The rule in this link is not among the rules read.", now)
        st.warning("Its file may have moved, or its folder is not chosen in the sidebar.")
        return
    rule = rows.iloc[0]
    mapped = int(rule_mappings(now, rule_key)["attack_id"].dropna().nunique())
    in_scope = rule_key in set(now.every_rule["rule_key"])
    read = f"Maps to {amount(mapped, 'technique')} of {now.scope.attack.title}"
    with head:
        session.page_head(
            rule["name"],
            f"{read}." if in_scope else f"{read}; out of scope, so no number counts it.",
            now,
        )
    _badges(rule, in_scope, row)
    _mappings(rule_key, now)
    query, about = st.columns([3, 2])
    with query:
        _query(rule)
    with about:
        _about(rule)
        _data(rule_key, now)
    _copies(rule_key, now)
    _findings(rule_key, now)
    path = session.rule_file(rule["corpus"], rule["path"])
    document = rule_document(path) if path else RuleDocument("")
    names = ["Neighbours", "Triage and setup", "References", "Facts", "Every field", "File"]
    for tab, show_tab in zip(
        st.tabs(names), (_neighbours, _guides, _references, _facts, _fields, _file), strict=True
    ):
        with tab:
            show_tab(rule, document, now)


def yes_or_no(value: object) -> str:
    """A yes, a no, or what is unknown, in words."""
    return "unknown" if pd.isna(value) else "yes" if value else "no"


def _badges(rule: pd.Series, in_scope: bool, row: DeltaGenerator) -> None:
    """What it counts as, in words; the colour only repeats them."""
    production = rule["rule_class"] == "production"
    row.badge(RULE_CLASSES[rule["rule_class"]], color="blue" if production else "gray")
    row.badge("In scope" if in_scope else "Out of scope", color="blue" if in_scope else "gray")
    row.badge(
        f"{plain(rule['severity'].capitalize())} severity"
        if isinstance(rule["severity"], str)
        else "Severity unknown",
        color="gray",
    )
    states = {"yes": "Enabled", "no": "Disabled", "unknown": "Enabled: unknown"}
    row.badge(states[yes_or_no(rule["enabled"])], color="gray")
    row.badge(plain(rule["corpus"]), icon=":material/folder:", color="gray")


def _query(rule: pd.Series) -> None:
    st.markdown(f"**Query** · {_text(rule['language'])}")
    if not isinstance(rule["query"], str):
        st.caption("This rule has no query: a machine learning rule names a job instead, under Every field.")
        return
    query = rule["query"].strip("\n")
    language = rule["language"].lower().split(",")[0] if isinstance(rule["language"], str) else ""
    lines = sum(1 + len(line) // _LINE for line in query.split("\n"))
    st.code(
        query,
        language=HIGHLIGHT.get(language),
        wrap_lines=True,
        line_numbers=True,
        height="content" if lines <= _QUERY_LINES else 430,
    )


def _about(rule: pd.Series) -> None:
    st.markdown("**What it finds**")
    if isinstance(rule["description"], str):
        untrusted.markdown(rule["description"])
    else:
        st.caption("The rule has no description.")
    facts = ("platforms", "data_sources", "log_sources", "data_components")
    named = [(name.replace("_", " ").capitalize(), rule[name]) for name in facts if rule[name]]
    if named:
        st.markdown("  \n".join(f"**{name}**: {_text(value)}" for name, value in named))


def _data(rule_key: str, now: View) -> None:
    """Whether the data that it reads arrives, where an inventory says so."""
    if now.arrivals is None:
        return
    verdict, words = rule_words(now, rule_key, now.arrivals)
    st.markdown(f"**Data: {VERDICT_TITLES[verdict.verdict]}**. {DATA_REASONS[verdict.reason]}.")
    if verdict.hangs_on:
        st.caption(f"It hangs on {plain(verdict.hangs_on)} alone.")
    if words:
        rows = pd.DataFrame(words, columns=["word", "sources", "state"])
        st.dataframe(
            rows.assign(state=rows["state"].map(ARRIVAL_TITLES)),
            hide_index=True,
            column_config={
                "word": st.column_config.TextColumn("What it reads", help="Any one of these is enough."),
                "sources": st.column_config.TextColumn("Log sources"),
                "state": st.column_config.TextColumn("State"),
            },
        )


def _text(value: object) -> str:
    """A value of a rule in a sentence; a dash where there is none."""
    if isinstance(value, tuple):
        return plain(", ".join(value)) or "–"
    return "–" if pd.isna(value) else plain(str(value))


def _facts(rule: pd.Series, document: RuleDocument, now: View) -> None:
    date = {name: "–" if pd.isna(rule[name]) else f"{rule[name]:%Y-%m-%d}" for name in ("created", "updated")}
    facts = (
        ("Rule ID", _text(rule["rule_id"])),
        ("Version", _text(rule["version"])),
        ("Type", _text(rule["type"])),
        ("Risk score", "–" if pd.isna(rule["risk_score"]) else f"{rule['risk_score']:g}"),
        ("Created", date["created"]),
        ("Updated", date["updated"]),
        ("Authors", _text(rule["authors"])),
        ("Integrations", _text(rule["integrations"])),
        ("Indices", _text(rule["indices"])),
        ("Tags", _text(rule["tags"])),
    )
    for column, part in zip(st.columns(3), (facts[:4], facts[4:8], facts[8:]), strict=True):
        column.markdown("  \n".join(f"**{name}**: {value}" for name, value in part))


def _copies(rule_key: str, now: View) -> None:
    """The same rule in other rule sets, each one click away."""
    shown = now.counts_as.get(rule_key, rule_key)
    copies = [
        key
        for key in (shown, *(key for key, best in now.counts_as.items() if best == shown))
        if key != rule_key
    ]
    if not copies:
        return
    st.caption(
        "Other rule sets have the same rule, by ID or content. It counts once, with the mappings and "
        "platforms of all of them."
    )
    with st.container(horizontal=True):
        for position, key in enumerate(copies):
            if st.button(plain(key), key=f"copy_{position}", icon=":material/content_copy:"):
                session.open_rule(key)


def _mappings(rule_key: str, now: View) -> None:
    """As written beside as read; a click on a row opens the technique."""
    mappings = rule_mappings(now, rule_key)
    if mappings.empty:
        st.info("This rule has no mapping, so it covers no technique.")
        return
    st.markdown(
        f"**Mapped to ATT&CK**: as written → as read in {now.scope.attack.title}. Click a row to open the "
        "technique."
    )
    shown = mappings.assign(
        status=[_in_words(code) for code in mappings["status"].tolist()],
        tactic_status=[_in_words(code) for code in mappings["tactic_status"].tolist()],
    )
    config = {
        "tactic_written": st.column_config.TextColumn("Tactic as written", width=130),
        "leaf_written": st.column_config.TextColumn("Technique as written", width=144),
        "technique": st.column_config.TextColumn("Read as", width=240),
        "tactics": st.column_config.ListColumn("Counts in", width=150),
        "status": st.column_config.TextColumn("Technique status", width=124, help=_meanings(READ_STATUSES)),
        "tactic_status": st.column_config.TextColumn(
            "Tactic status", width=104, help=_meanings(TACTIC_STATUSES)
        ),
        "reason": st.column_config.TextColumn("Why", width=300),
        "url": parts.LINK,
    }
    row = parts.chosen_row(
        shown,
        f"mappings_{rule_key}",
        config,
        height=38 + 35 * min(len(shown), _MAPPINGS),
        order=[name for name in config if name != "reason" or shown["reason"].notna().any()],
    )
    if row is not None and isinstance(attack_id := mappings.iloc[row]["attack_id"], str):
        session.open_technique(attack_id)


def _in_words(code: object) -> str | None:
    """`tactic_only` as `Tactic only`."""
    return code.replace("_", " ").capitalize() if isinstance(code, str) else None


def _meanings(statuses: Mapping[str, str]) -> str:
    return "  \n".join(f"**{_in_words(code)}**: {meaning}" for code, meaning in statuses.items())


def _findings(rule_key: str, now: View) -> None:
    """What the checks of the Mapping page find in this rule, with the line of each value."""
    found = session.findings()
    found = found[found["rule_key"] == rule_key]
    if found.empty:
        st.caption(f"No check finds anything wrong with this mapping in {now.scope.attack.title}.")
        return
    shown = placed(found, session.loaded())
    st.markdown(f"**Findings** — {len(shown)} in {now.scope.attack.title}")
    st.dataframe(
        shown.assign(cause=[CHECKS[code].title for code in shown["code"]]),
        hide_index=True,
        height=min(38 + 35 * len(shown), 220),
        placeholder="–",
        column_config={
            "severity": "Severity",
            "cause": "Cause",
            "line": "Line",
            "value": "As written",
            "fix": "Write instead",
            "message": st.column_config.TextColumn("Why", width="large"),
            "silenced": "Silenced because",
        },
        column_order=[
            "severity",
            "cause",
            "line",
            "value",
            "fix",
            "message",
            *(["silenced"] if shown["silenced"].notna().any() else []),
        ],
    )


def _guides(rule: pd.Series, document: RuleDocument, now: View) -> None:
    texts = [
        (name, rule[column])
        for name, column in (("Triage guide", "note"), ("Setup", "setup"))
        if isinstance(rule[column], str)
    ]
    if rule["false_positives"]:
        st.markdown("**Known false positives**")
        untrusted.bullets(rule["false_positives"])
    for _, text in texts:
        with st.container(border=True):
            untrusted.markdown(text)
    if not texts and not rule["false_positives"]:
        st.caption("This rule has no guide and names no false positives.")


def _references(rule: pd.Series, document: RuleDocument, now: View) -> None:
    if not rule["references"]:
        st.caption("This rule names no references.")
        return
    untrusted.links(rule["references"])


def _neighbours(rule: pd.Series, document: RuleDocument, now: View) -> None:
    rule_key = now.counts_as.get(rule["rule_key"], rule["rule_key"])
    if not rule_data(now, [rule_key])[rule_key]:
        st.caption(
            "This rule names no data source or data component, so nothing says which rules use the same. "
            "Open one of its techniques to see every rule on it."
        )
        return
    others = rule_neighbours(now, rule_key)
    if others.empty:
        st.caption("No other rule shares a technique and a data source with it.")
        return
    st.caption(
        f"{amount(len(others), 'other rule shares', 'other rules share')} a technique and a data source with "
        "it, nearest first. Click a row to open the rule."
    )
    config = {
        "name": st.column_config.TextColumn("Rule", width=340),
        "corpus": st.column_config.TextColumn("Rule set", width=90),
        "shared": st.column_config.ListColumn("Shared techniques", width=150),
        "shared_data": st.column_config.ListColumn("Shared data", width=190),
        "rule_class": st.column_config.TextColumn("Counts as", width=110),
        "severity": st.column_config.TextColumn("Severity", width=84),
        "platforms": st.column_config.ListColumn("Platforms", width=130),
        "path": "File",
    }
    shown = others.assign(rule_class=others["rule_class"].map(RULE_CLASSES))
    row = parts.chosen_row(
        shown, f"neighbours_{rule_key}", config, min(38 + 35 * len(shown), 300), list(config)
    )
    if row is not None:
        session.open_rule(others.iloc[row]["rule_key"])


def _fields(rule: pd.Series, document: RuleDocument, now: View) -> None:
    if document.problem:
        st.warning(plain(document.problem.message))
    if document.tables is not None:
        fields = list(_flat(document.tables))
        st.dataframe(
            {"field": [name for name, _ in fields], "value": [value for _, value in fields]},
            hide_index=True,
            column_config={"value": st.column_config.TextColumn("value", width="large")},
        )


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf of a parsed file as (dotted name, text)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for position, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{position}]")
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _file(rule: pd.Series, document: RuleDocument, now: View) -> None:
    st.caption(f"{plain(rule['corpus'])} / {plain(rule['path'])} · sha256 {rule['content_hash'][:12]}")
    if document.text:
        st.code(
            document.text,
            language=_FILES.get(rule["path"].rpartition(".")[2].lower()),
            line_numbers=True,
            height=520,
        )
        st.download_button(
            "Download the file",
            document.text,
            rule["path"].rpartition("/")[2],
            "text/plain",
            on_click="ignore",
            key="rule_file",
        )
    else:
        st.caption("The file is no longer there, or cannot be read.")
