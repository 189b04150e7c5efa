"""The dashboard: page configuration, the shared sidebar, and navigation over the table of pages. No logic.

Run it with `streamlit run app.py`, or `streamlit run app.py -- PATH ...` over your own rules.
"""

import streamlit as st

from coverage import session
from coverage.pages import PAGES, rule_folders

st.set_page_config(
    page_title="ATT&CK coverage", page_icon="docs/images/icon.svg", layout="wide", initial_sidebar_state=264
)
session.compact_layout()
pages = [
    st.Page(f"coverage/pages/{file}", title=title, icon=icon, url_path=address, default=position == 0)
    for position, (file, title, icon, address) in enumerate(PAGES)
]
page = st.navigation(pages, position="top")
session.sidebar(rule_folders.choose)
page.run()
