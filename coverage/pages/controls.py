"""Places for the widgets of a page. Widgets only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage.session import address
from coverage.text import plain


def two_of(
    row: DeltaGenerator,
    labels: tuple[str, str],
    options: Sequence[str],
    keys: tuple[str, str],
    width: int,
    format_func: Callable[[str], str] = str,
) -> tuple[str, str]:
    """Two different ones of the options, chosen in two boxes of a row; the first two at the start."""
    first = address.selectbox(
        row, plain(labels[0]), options, keys[0], default=options[0], format_func=format_func, width=width
    )
    others = [one for one in options if one != first]
    if st.session_state.get(keys[1]) not in [None, *others]:
        del st.session_state[keys[1]]  # it is the first now
    second = address.selectbox(
        row, plain(labels[1]), others, keys[1], default=others[0], format_func=format_func, width=width
    )
    return first, second


def side_by_side(*widths: int, place: DeltaGenerator | None = None) -> list[DeltaGenerator]:
    """Places in a row, each so many pixels wide: on a narrow page in more rows, and none is cut. `place`:
    where the row is, in place of here.
    """
    row = (place or st).container(horizontal=True, vertical_alignment="bottom")
    return [row.container(width=width) for width in widths]
