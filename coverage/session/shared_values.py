"""Values kept for all sessions by their inputs, and the progress bar of making one."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import wraps
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage.inputs import Inputs, inputs_of
from coverage.words import amount

Value = TypeVar("Value")


class _Outdated(Exception):
    """A value made while its inputs changed: it is shown, and not kept for those it was asked for."""

    def __init__(self, value: object) -> None:
        super().__init__("the inputs changed while a value was made of them")
        self.value = value


def kept_for_all(most: int) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Keeps the last few values of a function for all sessions, by its inputs and its other arguments.

    Arguments whose names start with `_` are not part of the key. Streamlit makes a value once: only those
    who ask for it meanwhile wait.
    """

    def decorated(make: Callable[..., Value]) -> Callable[..., Value]:
        @wraps(make)
        def checked(inputs: Inputs, *arguments: Any) -> Value:
            value = make(inputs, *arguments)
            if inputs_of(inputs.sources, inputs.rules) != inputs:
                raise _Outdated(value)
            return value

        hashes = {Inputs: lambda inputs: inputs.digest}
        kept = st.cache_resource(max_entries=most, show_spinner=False, hash_funcs=hashes)(checked)

        @wraps(make)
        def asked(inputs: Inputs, *arguments: Any) -> Value:
            try:
                return kept(inputs, *arguments)
            except _Outdated as outdated:
                return outdated.value

        return asked

    return decorated


class ProgressBar:
    """A progress bar on the page while something is made; gone afterwards, absent when nothing is made.

    It is drawn as if outside of the function that keeps the value: what is drawn inside, Streamlit draws
    again each time the value is used.
    """

    def __init__(self, words: str, every: int) -> None:
        self._words, self._every = words, every
        self._outside = copy_context()
        self._bar: DeltaGenerator | None = None

    def __call__(self, done: int, total: int, _path: str) -> None:
        if total and (done == 1 or done % self._every == 0 or done == total):
            self._outside.run(self._show, done, total)

    def _show(self, done: int, total: int) -> None:
        share, text = min(done / total, 1.0), f"{self._words}: {done:,} of {amount(total, 'file')}"
        if self._bar is None:
            self._bar = st.progress(share, text)
        else:
            self._bar.progress(share, text)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.empty()
