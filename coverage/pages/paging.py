"""Long tables page by page: the browser gets one page, and all rows are sorted and searched. Widgets only."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np
import pandas as pd

from coverage.pages import controls
from coverage.words import amount

# A table of at most so many rows is sent whole: heads sort it, its toolbar searches it. More than ATT&CK has
# techniques.
PAGE_ROWS = 1000


def positions_shown(frame: pd.DataFrame, key: str, config: Mapping, search: bool = True) -> np.ndarray:
    """The places in `frame` of the rows to show: all of a short table, of a long one the page that was
    chosen.

    Draws the widgets that a long table needs, and nothing for a short one.

    Parameters
    ----------
    frame : frame
        Of the columns that are shown.
    key : str
        The table's; the widgets' begin with it.
    config : mapping
        Streamlit's column configuration: the columns' titles stand in it.
    search : bool
        Whether to offer a search; not where the page has one of its own.
    """
    places = np.arange(len(frame))
    if len(frame) <= PAGE_ROWS:
        return places
    row = controls.side_by_side(*([240] if search else []), 220, 140, 145, 300)
    if search:
        words = (
            row.pop(0)
            .text_input("Search all rows", key=f"{key}_words", persist_state="session")
            .strip()
            .casefold()
        )
        places = places[contains(frame, words)] if words else places
    column = row[0].selectbox(
        "Sort all rows by",
        list(frame),
        index=None,
        key=f"{key}_sort",
        placeholder="As listed",
        persist_state="session",
        format_func=lambda name: _title(name, config),
    )
    falling = row[1].toggle(
        "Descending", key=f"{key}_falling", disabled=column is None, persist_state="session"
    )
    if column is not None:
        places = places[sorted_places(frame[column].iloc[places], falling)]
    return _page(places, len(frame), key, row)


def _page(places: np.ndarray, total: int, key: str, row: list) -> np.ndarray:
    """One page of the rows. Other rows, or another order, start on their first page."""
    last_page = max(-(-len(places) // PAGE_ROWS), 1)
    order = crc32(places.tobytes())
    page = row[2].number_input(
        "Page",
        1,
        last_page,
        key=f"{key}_page_{total}_{order}",
        help=f"Of {last_page:,}.",
        persist_state="session",
    )
    first = (page - 1) * PAGE_ROWS
    shown = places[first : first + PAGE_ROWS]
    found = (
        amount(total, "row") if len(places) == total else f"{len(places):,} found in {amount(total, 'row')}"
    )
    row[3].caption(f"Showing {first + bool(len(shown)):,}–{first + len(shown):,} of {found}")
    return shown


def contains(frame: pd.DataFrame, words: str) -> np.ndarray:
    """Which rows have the words, in lower case, in one of their columns."""
    columns = [[_text(value).casefold() for value in frame[name].tolist()] for name in frame]
    hits = [any(words in text for text in texts) for texts in zip(*columns, strict=True)]
    return np.array(hits, dtype=bool)


def sorted_places(column: pd.Series, falling: bool = False) -> np.ndarray:
    """The places of a column's values in rising or falling order, in any case; those of empty ones last."""
    values = column.reset_index(drop=True)
    if not pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_datetime64_any_dtype(values):
        texts = [_text(value).casefold() or None for value in values.tolist()]
        values = pd.Series(texts, dtype="str")
    ordered = values.sort_values(ascending=not falling, kind="stable", na_position="last")
    return ordered.index.to_numpy()


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return "" if pd.isna(value) else str(value)


def _title(name: str, config: Mapping) -> str:
    column = config.get(name, name)
    return column if isinstance(column, str) else column.get("label") or name
