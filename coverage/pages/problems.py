"""Problems. Who: whoever owns the rules. Question: what could not be read, and where exactly?

Next: fix the file at path and line, or download the list for its owner.
"""

import pandas as pd
import streamlit as st

from coverage import session
from coverage.measures import unread_mappings
from coverage.pages import parts
from coverage.words import amount

now = session.guarded_view()
problems, unread = session.loaded().problems, unread_mappings(now)
without_id = unread["status"] == "tactic_only"
with_id = int(now.mappings["leaf_written"].notna().sum())
errors = int((problems["severity"] == "error").sum())

session.page_head(
    "Problems",
    f"{amount(len(problems), 'problem')} in reading ({amount(errors, 'error')}) over "
    f"{amount(len(now.all_rules), 'rule')}; "
    f"{(~without_id).sum():,} of "
    f"{amount(with_id, 'technique ID in mappings is', 'technique IDs in mappings are')} "
    f"no live ID of {now.scope.attack.title}.",
    now,
)

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
    places = {name: shown[name].astype("str").fillna("") for name in ("line", "column")}
    st.dataframe(
        shown.assign(**places)[list(columns)],
        hide_index=True,
        height=min(38 + 35 * len(shown), 380),
        column_config=columns,
    )
    parts.csv_button(shown, now, "problems")

st.subheader("Could not be placed", anchor=False)
st.caption(
    "Mappings whose ID is no live technique of this release: of another domain or framework, deprecated, newer, or known to no release at hand."
)
if without_id.any() and not st.toggle(
    f"And the {without_id.sum():,} that name a tactic alone",
    key="tactic_only",
    bind="query-params",
    help="Sigma and Falco tag tactics beside techniques: such a tag is a mapping of its own, and covers no technique.",
):
    unread = unread[~without_id]
if unread.empty:
    st.success("Every technique ID is read as a live technique of this release.")
else:
    columns = ["name", "status", "leaf_written", "tactic_written", "candidates", "reason", "path"]
    chosen = parts.chosen_row(
        unread[columns],
        "unread_table",
        {
            "name": st.column_config.TextColumn("Rule", width="large"),
            "status": "Status",
            "leaf_written": "Technique as written",
            "tactic_written": "Tactic as written",
            "candidates": st.column_config.ListColumn("Candidates"),
            "reason": "Why",
            "path": "File",
        },
        height=min(38 + 35 * len(unread), 380),
    )
    if chosen is not None:
        session.open_rule(unread.iloc[chosen]["rule_key"])
    parts.csv_button(unread, now, "unplaced_mappings")
