"""Places for the widgets of a page. Widgets only."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def side_by_side(*widths: int) -> list[DeltaGenerator]:
    """Places in a row, each so many pixels wide: on a narrow page in more rows, and none is cut."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    return [row.container(width=width) for width in widths]
