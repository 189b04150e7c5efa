"""Why a text cannot be edited in place, the same for every syntax."""

from __future__ import annotations


class Layout(Exception):
    """Text whose layout cannot be rewritten in place; the message says why."""
