"""What a page shows while something is made: a sentence and a bar, and its title where its rules are read for
the first time.

Nothing is drawn where everything is kept already, or where only a part of a page runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context

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
    st.session_state[_OF_THIS_RUN] = Bar(st.empty(), title)
    try:
        yield
    finally:
        end()
        st.session_state.pop(_OF_THIS_RUN, None)


def start(sentence: str) -> None:
    """Shows the page's title and a sentence."""
    if (waiting := _of_this_run()) is not None:
        waiting.show(sentence, 0.0)


def files(done: int, total: int, _path: str) -> None:
    """Shows how many files of rules are read."""
    if (waiting := _of_this_run()) is not None:
        waiting.files("Reading rules")(done, total, _path)


def go_on(sentence: str) -> None:
    """Another sentence, where there is one: what takes a moment by itself needs none."""
    waiting = _of_this_run()
    if waiting is not None and waiting.is_shown:
        waiting.show(sentence, 1.0)


def end() -> None:
    """Makes room for the page."""
    if (waiting := _of_this_run()) is not None:
        waiting.end()


def _of_this_run() -> Bar | None:
    return st.session_state.get(_OF_THIS_RUN)


class Bar:
    """A sentence and a bar in a place that is empty but while something is made; `title` above them.

    They are drawn as if outside of the function that keeps a value: what is drawn inside, Streamlit draws
    again each time the value is used.
    """

    def __init__(self, place: DeltaGenerator, title: str | None = None) -> None:
        self._title, self._place = title, place
        self._outside = copy_context()
        self._bar: DeltaGenerator | None = None

    @property
    def is_shown(self) -> bool:
        return self._bar is not None

    def show(self, sentence: str, share: float) -> None:
        self._outside.run(self._draw, plain(sentence), share)

    def files(self, words: str) -> Progress:
        """Shows how many files are done: what a loader calls with each."""

        def progress(done: int, total: int, _path: str) -> None:
            if total and (done == 1 or done % _EVERY == 0 or done == total):
                self.show(f"{words}: {done:,} of {amount(total, 'file')}", min(done / total, 1.0))

        return progress

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
