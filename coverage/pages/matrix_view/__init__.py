"""The matrix in the browser: a component of our own, which draws what `charts.matrix` gives.

Cells open in place, are found and walked over by keyboard without asking Python. What is expanded and found
comes back to Python for the link, and a cell that the reader opens. `matrix.js` and `matrix.css` are sent as
they are: no build step, no request to another host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from coverage.session import address

KEY = "matrix_view"
CLICKED, CHANGED = "matrix_clicked", "matrix_changed"  # an ID; whether the page is to run for its address
EXPANDED, EXPAND_ALL, FIND = "unfold", "unfold_all", "find"  # parameters of the address


def matrix_view(data: Mapping[str, Any], open_cell: Callable[[str], None]) -> None:
    """Draws the matrix, as far expanded as the address says; gives the ID of a cell that is clicked to
    `open_cell`.
    """
    for name in (EXPANDED, EXPAND_ALL, FIND):
        address.texts(name)
    _alone(data, open_cell)


@st.fragment
def _alone(data: Mapping[str, Any], open_cell: Callable[[str], None]) -> None:
    """The matrix without the page around it: a click opens a cell and runs nothing else."""
    state = st.session_state
    if state.pop(CHANGED, False):
        st.rerun()  # the run of the page writes the address
    if clicked := state.pop(CLICKED, None):
        open_cell(clicked)
    shown = {
        "unfold": [text.split(" ")[0] for text in state[EXPANDED]],  # older links have the name, too
        "all": state[EXPAND_ALL][-1:] in (["true"], ["1"]),
        "find": "".join(state[FIND][-1:]),
    }
    _component()(
        data={"matrix": data, "shown": shown},
        key=KEY,
        on_shown_change=_remember_what_is_shown,
        on_opened_change=_remember_click,
    )


def _remember_what_is_shown() -> None:
    state = st.session_state
    shown = state[KEY]["shown"]
    state[EXPANDED] = list(shown["unfold"])
    state[EXPAND_ALL] = ["true"] if shown["all"] else []
    state[FIND] = [shown["find"]] if shown["find"] else []
    state[CHANGED] = True


def _remember_click() -> None:
    st.session_state[CLICKED] = st.session_state[KEY]["opened"]


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    here = Path(__file__).parent
    css, js = ((here / f"matrix.{suffix}").read_text(encoding="utf-8") for suffix in ("css", "js"))
    return st.components.v2.component("coverage_matrix", html="<div></div>", css=css, js=js)
