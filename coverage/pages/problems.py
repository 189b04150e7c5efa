"""Problems. Who: whoever owns the rules. Question: what could not be read or placed, and where exactly?

Next: fix the file at path and line, or download the list for its owner.
"""

import pandas as pd
import streamlit as st

from coverage import session
from coverage.pages import parts
from coverage.pages.paging import positions_shown
from coverage.words import amount

now = session.guarded_view()
problems, unplaced = session.loaded().problems, session.unplaced()
written = now.mappings[now.mappings["leaf_written"].notna()]
errors = int((problems["severity"] == "error").sum())

session.page_head(
    "Problems",
    f"{amount(len(problems), 'problem')} in reading ({amount(errors, 'error')}) over "
    f"{amount(len(now.all_rules), 'rule')}; "
    f"{written['attack_id'].isna().sum():,} of "
    f"{amount(len(written), 'technique ID in mappings is', 'technique IDs in mappings are')} "
    f"no live ID of {now.scope.attack.title}.",
    now,
)


def with_places(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with line and column as text, empty where there is none."""
    return rows.assign(**{name: rows[name].astype("str").fillna("") for name in ("line", "column")})


st.subheader("Could not be read", anchor=False)
if problems.empty:
    st.success("Every file was read, and nothing in them was passed over.")
else:
    counts = problems["code"].value_counts()
    codes = st.multiselect(
        "Causes", list(counts.index), key="problem_code", bind="query-params", placeholder="Every cause"
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
        "corpus": st.column_config.TextColumn("Corpus", width=86),
        "rule_id": "Rule's ID",
    }
    table = with_places(shown)[list(columns)]
    st.dataframe(
        table.iloc[positions_shown(table, "problem_table", columns)],
        hide_index=True,
        height=min(38 + 35 * len(shown), 380),
        column_config=columns,
    )
    parts.csv_button(shown, now, "problems")

st.subheader("Could not be placed", anchor=False)
st.caption(
    "IDs in mappings that are no live technique or tactic of this release: of another domain or framework, "
    "deprecated, "
    "newer, or known to no release at hand. The Mapping page and `lint` have them among their findings, and "
    "beside them "
    "what is wrong with an ID that is live, and mappings that name a tactic alone."
)
if unplaced.empty:
    st.success("Every ID in a mapping is a live technique or tactic of this release.")
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
        "corpus": st.column_config.TextColumn("Corpus", width=86),
    }
    chosen = parts.chosen_row(
        with_places(unplaced)[list(columns)],
        "unplaced_table",
        columns,
        height=min(38 + 35 * len(unplaced), 380),
    )
    if chosen is not None:
        session.open_rule(unplaced.iloc[chosen]["rule_key"])
    parts.csv_button(unplaced, now, "unplaced_mappings")
