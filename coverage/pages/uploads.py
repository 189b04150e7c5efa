"""The control to upload files that a session holds: those that are held, each with a button to remove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage.formats.registry import max_bytes
from coverage.session.held_files import HeldFiles
from coverage.text import plain

_MEGABYTE = 1_000_000


def uploads(
    box: DeltaGenerator,
    held: HeldFiles,
    label: str,
    suffixes: Iterable[str],
    help_: str,
    key: str,
    taken: Callable[[], None] | None = None,
    remove: Callable[[str], None] | None = None,
) -> None:
    """Draws the control.

    Parameters
    ----------
    suffixes : iterable of str
        With their dots.
    key : str
        How the keys of its widgets begin.
    taken : callable, optional
        Called when files were added.
    remove : callable, optional
        Removes the file of a name, in place of `held.remove`.
    """
    state, suffixes = st.session_state, tuple(suffixes)
    turn = state.setdefault(f"{key}_upload_turn", 0)  # drawn anew, and empty, when its files were taken
    widget = f"{key}_upload_{turn}"

    def take() -> None:
        files = ((file.name, file.getvalue()) for file in state[widget] or ())
        state[f"{key}_upload_faults"] = held.hold(files)
        state[f"{key}_upload_turn"] += 1
        if taken is not None:
            taken()

    box.file_uploader(
        label,
        type=[suffix.removeprefix(".") for suffix in suffixes],
        accept_multiple_files=True,
        key=widget,
        max_upload_size=max(max_bytes(f"one{suffix}") for suffix in suffixes) // _MEGABYTE or None,
        on_change=take,
        help=help_,
    )
    for fault in state.pop(f"{key}_upload_faults", ()):
        box.error(plain(fault))
    files = held.held()
    row = box.container(horizontal=True) if files else box
    for place, name in enumerate(files):
        row.button(
            f"Remove {plain(name)}",
            key=f"{key}_remove_{place}",
            icon=":material/delete:",
            on_click=remove or held.remove,
            args=(name,),
        )
