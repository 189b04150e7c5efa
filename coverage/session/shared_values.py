"""Values kept for all sessions by their inputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import streamlit as st

from coverage.inputs import Inputs, inputs_of

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
