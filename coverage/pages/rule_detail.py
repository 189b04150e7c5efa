"""The detail of one rule, shown by the Rules page. Rule text is untrusted: shown as text, never as HTML."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from coverage import session
from coverage.findings import CHECKS
from coverage.findings.places import placed
from coverage.loaders import RuleDocument, rule_document
from coverage.measures import rule_mappings, rule_neighbours
from coverage.pages import parts, untrusted
from coverage.scope import View
from coverage.text import plain
from coverage.vocabulary import READ_STATUSES, RULE_CLASSES, TACTIC_STATUSES
from coverage.words import amount

# Highlighting that comes nearest to each language; the highlighter knows none of the first three.
_HIGHLIGHT = {"eql": "sql", "kuery": "sql", "lucene": "sql", "esql": "sql", "es|ql": "sql", "sql": "sql"}


def show(rule_key: str, now: View) -> None:
    """One rule with everything there is to know of it."""
    rows = now.all_rules[now.all_rules["rule_key"] == rule_key]
    if rows.empty:
        session.page_head("Unknown rule", "The rule in this link is not among the rules read.", now)
        st.warning("Its file may have moved, or its folder is not chosen in the sidebar.")
        return
    rule = rows.iloc[0]
    mapped = rule_mappings(now, rule_key)["attack_id"].dropna().nunique()
    session.page_head(
        plain(rule["name"]),
        f"Read as {amount(mapped, 'technique')} of {now.scope.attack.title}.",
        now,
    )
    if isinstance(rule["description"], str):
        untrusted.markdown(rule["description"])
    _facts(rule, now)
    _mappings(rule_key, now)
    _findings(rule_key, now)
    path = session.rule_file(rule["corpus"], rule["path"])
    document = rule_document(path) if path else RuleDocument("")
    names = ["Query", "Triage and setup", "References", "Neighbours", "Every field", "File"]
    for tab, show_tab in zip(
        st.tabs(names), (_query, _guides, _references, _neighbours, _fields, _file), strict=True
    ):
        with tab:
            show_tab(rule, document, now)


def yes_or_no(value: object) -> str:
    """A yes, a no, or what is unknown, in words."""
    return "unknown" if pd.isna(value) else "yes" if value else "no"


def _facts(rule: pd.Series, now: View) -> None:
    def said(value: object) -> str:
        if isinstance(value, tuple):
            return plain(", ".join(value)) or "-"
        return "-" if pd.isna(value) else plain(str(value))

    in_scope = rule["rule_key"] in set(now.every_rule["rule_key"])
    enabled = "not said" if pd.isna(rule["enabled"]) else ("yes" if rule["enabled"] else "no")
    date = {name: "-" if pd.isna(rule[name]) else f"{rule[name]:%Y-%m-%d}" for name in ("created", "updated")}
    facts = (
        ("Class", RULE_CLASSES[rule["rule_class"]]),
        ("In scope", "yes" if in_scope else "no"),
        ("Enabled", enabled),
        ("Severity", said(rule["severity"])),
        ("Risk score", "-" if pd.isna(rule["risk_score"]) else f"{rule['risk_score']:g}"),
        ("Type", said(rule["type"])),
        ("Language", said(rule["language"])),
        ("Platforms", said(rule["platforms"])),
        ("Integrations", said(rule["integrations"])),
        ("Created", date["created"]),
        ("Updated", date["updated"]),
        ("Rule id", said(rule["rule_id"])),
        ("Authors", said(rule["authors"])),
        ("Version", said(rule["version"])),
        ("Data sources", said(rule["data_sources"])),
        ("Data components", said(rule["data_components"])),
        ("Indices", said(rule["indices"])),
        ("Tags", said(rule["tags"])),
    )
    for column, part in zip(st.columns(3), (facts[:6], facts[6:12], facts[12:]), strict=True):
        column.markdown("  \n".join(f"**{name}**: {value}" for name, value in part))
    _copies(rule["rule_key"], now)


def _copies(rule_key: str, now: View) -> None:
    """The same rule in other corpora, each one click away."""
    shown = now.counts_as.get(rule_key, rule_key)
    copies = [
        key
        for key in (shown, *(key for key, best in now.counts_as.items() if best == shown))
        if key != rule_key
    ]
    if not copies:
        return
    st.caption(
        "Other corpora have the same rule, by id or content. It counts once, with the mappings and platforms "
        "of all of them."
    )
    with st.container(horizontal=True):
        for position, key in enumerate(copies):
            if st.button(plain(key), key=f"copy_{position}", icon=":material/content_copy:"):
                session.open_rule(key)


def _mappings(rule_key: str, now: View) -> None:
    mappings = rule_mappings(now, rule_key)
    st.markdown(f"**Mapped to ATT&CK** — as written → as read in {now.scope.attack.title}")
    if mappings.empty:
        st.info("This rule has no mapping, so it covers no technique.")
        return
    st.dataframe(
        mappings,
        hide_index=True,
        column_config={
            "tactic_written": "Tactic as written",
            "leaf_written": "Technique as written",
            "technique": st.column_config.TextColumn("Read as", width="medium"),
            "tactics": st.column_config.ListColumn("Counts in"),
            "status": st.column_config.TextColumn(
                "Technique", help="  \n".join(f"**{k}**: {v}" for k, v in READ_STATUSES.items())
            ),
            "tactic_status": st.column_config.TextColumn(
                "Tactic", help="  \n".join(f"**{k}**: {v}" for k, v in TACTIC_STATUSES.items())
            ),
            "reason": st.column_config.TextColumn("Why", width="medium"),
            "url": parts.LINK,
        },
        column_order=[
            "tactic_written",
            "leaf_written",
            "technique",
            "tactics",
            "status",
            "tactic_status",
            "reason",
            "url",
        ],
    )
    ids = list(dict.fromkeys(mappings["attack_id"].dropna()))
    if ids:
        with st.container(horizontal=True):
            for attack_id in ids:
                if st.button(f"Open {attack_id}", key=f"open_{attack_id}", icon=":material/target:"):
                    session.open_technique(attack_id)


def _findings(rule_key: str, now: View) -> None:
    """What the checks of the Mapping page find in this rule, with the line of each value."""
    found = session.findings()
    found = found[found["rule_key"] == rule_key]
    if found.empty:
        st.caption(f"No check finds anything wrong with this mapping in {now.scope.attack.title}.")
        return
    shown = placed(found, session.loaded())
    st.markdown(f"**Findings** — {len(shown)} in {now.scope.attack.title}")
    columns = {name: shown[name].astype("str").fillna("") for name in ("line", "value", "fix", "silenced")}
    st.dataframe(
        shown.assign(cause=[CHECKS[code].title for code in shown["code"]], **columns),
        hide_index=True,
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


def _query(rule: pd.Series, document: RuleDocument, now: View) -> None:
    if not isinstance(rule["query"], str):
        st.caption("This rule has no query: a machine learning rule names a job instead, under Every field.")
        return
    language = rule["language"].lower().split(",")[0] if isinstance(rule["language"], str) else ""
    st.code(rule["query"].strip("\n"), language=_HIGHLIGHT.get(language), wrap_lines=True, line_numbers=True)


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
    others = rule_neighbours(now, rule["rule_key"])
    st.caption(
        f"{amount(others['rule_key'].nunique(), 'other rule is', 'other rules are')} read as one of the "
        "same IDs."
    )
    if others.empty:
        return
    config = {
        "shared": st.column_config.ListColumn("Shared IDs"),
        "name": st.column_config.TextColumn("Rule", width="large"),
        "rule_class": "Class",
        "severity": "Severity",
        "platforms": st.column_config.ListColumn("Platforms"),
        "path": "File",
    }
    row = parts.chosen_row(others, f"neighbours_{rule['rule_key']}", config, height=300, order=list(config))
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
            language="toml" if rule["path"].endswith(".toml") else None,
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
