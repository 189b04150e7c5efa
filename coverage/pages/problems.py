"""Problems. Who: whoever owns the rules. Question: what could not be read, and where exactly?

Next: fix the file at path and line, or download the list for its owner.
"""

import pandas as pd
import streamlit as st

from coverage import session
from coverage.measures import unread_mappings
from coverage.pages import parts

now = session.guarded_view()
problems, unread = session.loaded().problems, unread_mappings(now)
errors = int((problems["severity"] == "error").sum())

session.page_head(
    "Problems",
    f"{len(problems):,} problems in reading ({errors:,} errors) over {len(now.all_rules):,} rules; "
    f"{len(unread):,} of {len(now.mappings):,} mappings are read as no live ID of {now.scope.attack.title}.",
    now,
)

st.subheader("Could not be read", anchor=False)
if problems.empty:
    st.success("Every file was read, and nothing in them was passed over.")
else:
    counts = problems.groupby(["severity", "code"]).size().rename("problems").reset_index().sort_values("problems", ascending=False)
    left, right = st.columns([1, 3])
    left.dataframe(counts, hide_index=True)
    codes = right.multiselect("Causes", sorted(problems["code"].unique()), key="problem_code", bind="query-params", placeholder="Every cause")
    shown: pd.DataFrame = problems[problems["code"].isin(codes)] if codes else problems
    order = ["severity", "code", "corpus", "path", "line", "column", "rule_id", "message"]
    places = {name: shown[name].astype("str").fillna("") for name in ("line", "column")}
    right.dataframe(shown[order].assign(**places), hide_index=True, height=min(38 + 35 * len(shown), 380), column_config={
        "message": st.column_config.TextColumn("message", width=420), "path": st.column_config.TextColumn("path", width="medium"),
    })  # fmt: skip
    with right:
        parts.csv_button(shown, now, "problems")

st.subheader("Could not be placed", anchor=False)
st.caption("Mappings that were read but name no live technique of this release: tactic only, another domain or framework, deprecated, newer or unknown IDs.")
if unread.empty:
    st.success("Every mapping is read as a live technique of this release.")
else:
    columns = ["name", "status", "leaf_written", "tactic_written", "candidates", "reason", "path"]
    chosen = parts.chosen_row(unread[columns], "unread_table", {
        "name": st.column_config.TextColumn("Rule", width="large"), "status": "Status", "leaf_written": "Technique as written",
        "tactic_written": "Tactic as written", "candidates": st.column_config.ListColumn("Candidates"), "reason": "Why", "path": "File",
    }, height=min(38 + 35 * len(unread), 380))  # fmt: skip
    if chosen is not None:
        session.open_rule(unread.iloc[chosen]["rule_key"])
    parts.csv_button(unread, now, "unplaced_mappings")
