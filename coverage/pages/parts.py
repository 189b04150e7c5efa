"""What several pages show: a download button, a table that is clicked, words for it. Widgets only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from zlib import crc32

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from coverage import session
from coverage.exports.tables import stamped_csv
from coverage.pages.paging import positions_shown
from coverage.scope import View
from coverage.vocabulary import GAP_TYPES, GAP_WORK
from coverage.words import amount

LINK = st.column_config.LinkColumn(
    "ATT&CK", display_text="open", width="small", help="The page on attack.mitre.org"
)


def csv_button(
    frame: pd.DataFrame,
    now: View,
    stem: str,
    names: Mapping[str, str] | None = None,
    label: str = "Download CSV",
) -> None:
    """A download of exactly the rows of `frame`, with the scope's stamp."""
    st.download_button(
        f"{label} ({amount(len(frame), 'row')})",
        lambda: stamped_csv(frame, now.scope, dict(names or {})),
        session.file_name(stem, now),
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv_{stem}",
        disabled=frame.empty,
    )


def chosen_row(
    frame: pd.DataFrame,
    key: str,
    config: Mapping,
    height: int | str = "auto",
    order: Sequence[str] | None = None,
    search: bool = True,
    styled: Callable[[pd.DataFrame], Styler] | None = None,
) -> int | None:
    """A table without index; the place in `frame` of the row the reader clicked in this run, or None.

    Of the columns only those of `order` go to the browser, of a long table one page (`paging`). A click is
    handled once: the table that is drawn after it has no selection, so the same row can be clicked again,
    and nothing that was left opens anew. Other rows are another table, too: the browser keeps a selection by
    its place. `styled` gives the cells of a page their colours.
    """
    shown = frame if order is None else frame[list(order)]
    places = positions_shown(shown, key, config, search)
    page = shown.iloc[places]
    rows = crc32("\0".join(str(value) for name in page for value in page[name].tolist()).encode())
    state, turn, clicked = st.session_state, f"{key}_turn", f"{key}_clicked"
    widget = f"{key}_{rows}_{state.setdefault(turn, 0)}"

    def remember() -> None:
        selection = state[widget]["selection"]
        selected = selection["rows"] or [row for row, _ in selection["cells"]]
        if selected:
            state[clicked] = (rows, selected[0])
            state[turn] += 1

    pending = state.pop(clicked, None)
    st.dataframe(
        page if styled is None else styled(page),
        key=widget,
        hide_index=True,
        column_config=dict(config),
        height=height,
        on_select=remember,
        selection_mode=["single-row", "single-cell"],
        placeholder="–",
    )
    return int(places[pending[1]]) if pending and pending[0] == rows and pending[1] < len(places) else None


def technique_label(attack_id: str, names: Mapping[str, str]) -> str:
    """`T1059 Command and Scripting Interpreter`."""
    return f"{attack_id} {names.get(attack_id, '')}".strip()


def gap_type_help() -> str:
    """The gap types in words, as Markdown."""
    return "  \n".join(
        f"**{GAP_WORK[name]}** (`{name}` in files): {meaning}" for name, meaning in GAP_TYPES.items()
    )


def with_work(gaps: pd.DataFrame) -> pd.DataFrame:
    """A frame with `gap_type`, for a table that people read: the work in words."""
    return gaps.assign(gap_type=gaps["gap_type"].map(GAP_WORK))
