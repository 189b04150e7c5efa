"""The dashboard: page configuration, the shared sidebar, and navigation over the table of pages. No logic.

Run it with `streamlit run app.py`, or `streamlit run app.py -- PATH ...` over your own rules.
"""

from functools import partial

import streamlit as st

from coverage import session
from coverage.pages import HIDDEN, MOVED, PAGES, rule_sets

st.set_page_config(
    page_title="ATT&CK coverage", page_icon="docs/images/icon.svg", layout="wide", initial_sidebar_state=264
)
session.compact_layout()
shown = [
    st.Page(
        f"coverage/pages/{page.file}",
        title=page.title,
        icon=page.icon,
        url_path=page.address or "start",  # the first is served at the root whatever its name
        default=not page.address,
        visibility="hidden" if page in HIDDEN else "visible",
    )
    for page in (*PAGES, *HIDDEN)
]
moved = [
    st.Page(partial(session.open_moved, page, opened), title=title, url_path=title, visibility="hidden")
    for title, (page, opened) in MOVED.items()
]
page = st.navigation([*shown, *moved], position="top")
if page in moved:
    page.run()
else:
    with session.address.run(page.url_path), session.waiting.page(page.title):
        session.sidebar(rule_sets.choose)
        page.run()
