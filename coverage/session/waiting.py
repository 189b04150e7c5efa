"""What a page, or a part of one, shows while files are read for it the first time: a sentence and a bar.

Nothing is drawn where everything is kept already, or where only a part of a page runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage.loaders.corpora import Progress
from coverage.text import plain
from coverage.words import amount

_OF_THIS_RUN = "waiting"
_EVERY = 50  # files


@contextmanager
def page(title: str) -> Iterator[None]:
    """A run of a page that may have to wait."""
    st.session_state[_OF_THIS_RUN] = _Waiting(title)
    try:
        yield
    finally:
        end()
        st.session_state.pop(_OF_THIS_RUN, None)


@contextmanager
def part(words: str) -> Iterator[Progress]:
    """A bar in the place of a part of the page while its files are read."""
    waiting = _Waiting(None)
    try:
        yield partial(_read, waiting, words)
    finally:
        waiting.end()


def start(sentence: str) -> None:
    """Shows the page's title and a sentence."""
    if (waiting := _of_this_run()) is not None:
        waiting.show(sentence, 0.0)


def files(done: int, total: int, path: str) -> None:
    """Shows how many files of rules are read."""
    if (waiting := _of_this_run()) is not None:
        _read(waiting, "Reading rules", done, total, path)


def go_on(sentence: str) -> None:
    """Another sentence, where there is one: what takes a moment by itself needs none."""
    waiting = _of_this_run()
    if waiting is not None and waiting.is_shown:
        waiting.show(sentence, 1.0)


def end() -> None:
    """Makes room for the page."""
    if (waiting := _of_this_run()) is not None:
        waiting.end()


def _read(waiting: _Waiting, words: str, done: int, total: int, _path: str) -> None:
    if total and (done == 1 or done % _EVERY == 0 or done == total):
        waiting.show(f"{words}: {done:,} of {amount(total, 'file')}", min(done / total, 1.0))


def _of_this_run() -> _Waiting | None:
    return st.session_state.get(_OF_THIS_RUN)


class _Waiting:
    """The title of a page, and the sentence, where it is going to be.

    They are drawn as if outside of the function that keeps a value: what is drawn inside, Streamlit draws
    again each time the value is used.
    """

    def __init__(self, title: str | None) -> None:
        self._title, self._place = title, st.empty()
        self._outside = copy_context()
        self._bar: DeltaGenerator | None = None

    @property
    def is_shown(self) -> bool:
        return self._bar is not None

    def show(self, sentence: str, share: float) -> None:
        self._outside.run(self._draw, plain(sentence), share)

    def _draw(self, sentence: str, share: float) -> None:
        if self._bar is None:
            with self._place.container():
                if self._title is not None:
                    st.title(plain(self._title), anchor=False)
                self._bar = st.progress(share, sentence)
        else:
            self._bar.progress(share, sentence)

    def end(self) -> None:
        if self._bar is not None:
            self._place.empty()
            self._bar = None
