"""The view of the Mapping health page for whoever owns the rules: what could not be read, and unknown IDs.

Next: fix the file at path and line, or download the list for its owner.
"""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.pages import parts
from coverage.pages.paging import positions_shown
from coverage.scope import View
from coverage.session import address
from coverage.words import amount, noun


def show(now: View, head: DeltaGenerator) -> None:
    """Problems in reading, and unknown IDs; each with its download. `head`: the place of title and answer."""
    problems, unplaced = session.loaded().problems, session.unplaced()
    written = now.mappings[now.mappings["leaf_written"].notna()]
    errors = int((problems["severity"] == "error").sum())

    unknown = int(written["attack_id"].isna().sum())
    with head:
        session.page_head(
            "Mapping health",
            f"{amount(len(problems), 'problem')} in reading {amount(len(now.all_rules), 'rule')}"
            + (f", {amount(errors, 'error')} among them; " if errors else "; ")
            + f"{unknown:,} of {amount(len(written), 'technique ID')} in mappings "
            f"{noun(len(written), 'does', 'do')} not exist in {now.scope.attack.title}.",
            now,
        )
    st.subheader("Could not be read", anchor=False)
    if problems.empty:
        st.success("Every file was read completely.")
    else:
        counts = problems["code"].value_counts()
        codes = address.multiselect(
            st, "Causes", list(counts.index), "problem_code", placeholder="Every cause"
        )
        st.caption("By cause: " + ", ".join(f"{count:,} {code}" for code, count in counts.items()))
        shown: pd.DataFrame = problems[problems["code"].isin(codes)] if codes else problems
        columns = {
            "severity": st.column_config.TextColumn("Severity", width=76),
            "code": st.column_config.TextColumn("Cause", width=150),
            "message": st.column_config.TextColumn("What", width=470),
            "path": st.column_config.TextColumn("File", width=300),
            "line": st.column_config.TextColumn("Line", width=52),
            "column": st.column_config.TextColumn("Column", width=66),
            "corpus": st.column_config.TextColumn("Rule set", width=86),
            "rule_id": "Rule's ID",
        }
        table = _with_places(shown)[list(columns)]
        st.dataframe(
            table.iloc[positions_shown(table, "problem_table", columns)],
            hide_index=True,
            height=min(38 + 35 * len(shown), 380),
            column_config=columns,
        )
        parts.csv_button(shown, now, "problems")

    st.subheader("Unknown technique IDs", anchor=False)
    st.caption(
        "IDs in mappings that do not exist in this release: of another domain or framework, deprecated, "
        "newer, or "
        "unknown to every installed release. They are among the findings, too."
    )
    if unplaced.empty:
        st.success("Every ID in a mapping exists in this release.")
    else:
        columns = {
            "severity": st.column_config.TextColumn("Severity", width=76),
            "code": st.column_config.TextColumn("Cause", width=150),
            "name": st.column_config.TextColumn("Rule", width=270),
            "value": st.column_config.TextColumn("As written", width=130),
            "message": st.column_config.TextColumn("Why", width=470),
            "path": st.column_config.TextColumn("File", width=300),
            "line": st.column_config.TextColumn("Line", width=52),
            "column": st.column_config.TextColumn("Column", width=66),
            "corpus": st.column_config.TextColumn("Rule set", width=86),
        }
        chosen = parts.chosen_row(
            _with_places(unplaced)[list(columns)],
            "unplaced_table",
            columns,
            height=min(38 + 35 * len(unplaced), 380),
        )
        if chosen is not None:
            session.open_rule(unplaced.iloc[chosen]["rule_key"])
        parts.csv_button(unplaced, now, "unplaced_mappings")


def _with_places(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with line and column as text, empty where there is none."""
    return rows.assign(**{name: rows[name].astype("str").fillna("") for name in ("line", "column")})
