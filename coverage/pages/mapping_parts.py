"""What the Mapping page and a rule's detail show of findings: tables, filters, downloads. Widgets only."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage import session
from coverage.exports.tables import stamped_csv
from coverage.findings import CHECKS
from coverage.findings.places import placed
from coverage.pages import controls, finding_counts, parts
from coverage.scope import View
from coverage.session import address
from coverage.vocabulary import PROBLEM_SEVERITIES
from coverage.words import amount

FINDING_COLUMNS = {
    "severity": st.column_config.TextColumn("Severity", width=76),
    "cause": st.column_config.TextColumn("Cause", width=210),
    "name": st.column_config.TextColumn("Rule", width=270),
    "value": st.column_config.TextColumn("As written", width=130),
    "fix": st.column_config.TextColumn("Write instead", width=130, help="Empty where a person must choose."),
    "message": st.column_config.TextColumn("Why", width=430),
    "silenced": st.column_config.TextColumn(
        "Silenced because", width=150, help="The reason in coverage.toml."
    ),
    "corpus": st.column_config.TextColumn("Rule set", width=90),
    "path": st.column_config.TextColumn("File", width="medium"),
}
_MAY_BE_EMPTY = ("value", "fix", "silenced")


def filtered(found: pd.DataFrame, now: View) -> pd.DataFrame:
    """The findings that the page's filters let through."""
    row = controls.side_by_side(150, 250, 150, 250, 170)
    severities = address.multiselect(
        row[0], "Severity", PROBLEM_SEVERITIES, "map_severity", placeholder="All"
    )
    codes = address.multiselect(
        row[1],
        "Cause",
        finding_counts.causes(found)["code"],
        "map_code",
        placeholder="Every cause",
        format_func=lambda code: CHECKS[code].title,
    )
    rule_sets = sorted(now.all_rules["corpus"].unique())
    corpora = address.multiselect(row[2], "Rule set", rule_sets, "map_corpus", placeholder="All")
    search = (
        address.text_input(row[3], "Search", "map_search", placeholder="Rule, ID, file or message")
        .strip()
        .casefold()
    )
    in_scope = address.toggle(
        row[4], "In scope only", "map_scope", help="Only rules that the scope in the sidebar counts."
    )
    for column, wanted in (("severity", severities), ("code", codes), ("corpus", corpora)):
        found = found[found[column].isin(wanted)] if wanted else found
    found = found[found["rule_key"].isin(now.rules["rule_key"])] if in_scope else found
    if search:
        text = (
            found[["name", "value", "leaf", "rule_id", "path", "message"]].fillna("").agg("\n".join, axis=1)
        )
        found = found[text.str.casefold().str.contains(search, regex=False)]
    return found.sort_values(
        "severity", key=lambda column: column.map(PROBLEM_SEVERITIES.index), kind="stable"
    )


def finding_table(found: pd.DataFrame, key: str, height: int = 420, search: bool = True) -> None:
    """Findings as a table; a selected one opens its rule. `search`: see `paging`."""
    shown = found.assign(
        cause=[CHECKS[code].title for code in found["code"]],
        **{name: found[name].fillna("") for name in _MAY_BE_EMPTY},
    )
    order = [name for name in FINDING_COLUMNS if name != "silenced" or found["silenced"].notna().any()]
    row = parts.chosen_row(
        shown[list(FINDING_COLUMNS)],
        key,
        FINDING_COLUMNS,
        height=min(38 + 35 * len(found), height),
        order=order,
        search=search,
    )
    if row is not None:
        session.open_rule(found.iloc[row]["rule_key"])


def findings_csv_button(found: pd.DataFrame, now: View) -> None:
    """The findings with the line and column of each value, which are looked up when the file is asked for."""
    loaded = session.loaded()
    st.download_button(
        f"Download these findings with their lines as CSV ({amount(len(found), 'row')})",
        lambda: stamped_csv(placed(found, loaded), now.scope),
        session.file_name("findings", now),
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="csv_findings",
        disabled=found.empty,
    )
