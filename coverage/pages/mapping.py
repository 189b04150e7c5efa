"""Mapping health. Who: whoever keeps the rules' ATT&CK mappings right. Question: which mappings are wrong in
this release, and what does the next release change?

Next: open the rule of a finding, download the list with file and line as work, take the patch to the next
release, or let `lint` hold it in CI.
"""

import streamlit as st

from coverage import session
from coverage.pages import mapping_findings, reading_problems, release_move
from coverage.session import address

VIEWS = {"findings": "Findings", "move": "Move to another release", "problems": "Unread and unknown"}

SHOWN = {"findings": mapping_findings.show, "move": release_move.show, "problems": reading_problems.show}

now = session.guarded_view()
head = st.container()
view = address.segmented_control(
    st.container(horizontal=True),  # on a phone it is scrolled; else its buttons break into two rows
    "View",
    VIEWS,
    "health",
    default="findings",
    format_func=VIEWS.__getitem__,
    label_visibility="collapsed",
)
SHOWN[view](now, head)
