"""What the views that compare rule sets share. Widgets only."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from coverage import session
from coverage.pages import parts, technique_detail
from coverage.scope import View
from coverage.text import plain


def several_corpora(title: str, now: View) -> list[str]:
    """The names of the rule sets with rules; stops the page in words when there are fewer than two."""
    names = [stamp.name for stamp in now.scope.corpora if stamp.rules]
    if len(names) > 1:
        return names
    session.page_head(
        title,
        f"{len(names)} of the 2 rule sets that this view needs is here: {plain(', '.join(names))}.",
        now,
    )
    st.info(
        "Add another set of rules to set beside it:\n"
        "- in the sidebar, under **Rule folders**: type `other=path/to/rules` and press Enter;\n"
        "- or start the dashboard with both: `streamlit run app.py -- mine=path/to/rules "
        "other=path/to/others`;\n"
        "- or get a public one: `python -m coverage.cli corpora fetch sigma` (or `elastic`, `splunk`) says "
        "where it puts it."
    )
    st.stop()


def technique_table(frame: pd.DataFrame, key: str, config: Mapping, height: int) -> None:
    """A table with an `attack_id`; a row the reader clicks opens the technique over the page."""
    chosen = parts.chosen_row(frame, key, config, height=height)
    if chosen is not None:
        technique_detail.technique_dialog(frame.iloc[chosen]["attack_id"])
