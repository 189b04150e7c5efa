"""What arrives, made in a test: inventories of single log sources and of words as SIEMs list them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from coverage.inventory.arrivals import Arrivals, Listed
from coverage.log_sources import listed_log_sources
from coverage.scope import View

EVERYTHING = ((),)  # an inventory that lists all there is


def listing(*words: str, complete: tuple = EVERYTHING, state: str = "arrives") -> Arrivals:
    """An inventory of words ("kind:word"), each with what the table says of it."""
    return Arrivals(tuple(listed(word, state) for word in words), complete)


def listed(text: str, state: str = "arrives") -> Listed:
    kind, _, word = text.partition(":")
    row = listed_log_sources().row_of(kind, word)
    parts = (row.sources, row.components, row.platforms) if row else ((), (), ())
    return Listed(kind, word, *parts, state)


def reading_sources(view: View) -> list[str]:
    """Every log source that a rule of a view can read, in name order."""
    return sorted({name for names in view.rules["log_sources"] for name in names})


def states_of(frame: pd.DataFrame, attack_ids: Iterable[str]) -> dict[str, str]:
    """ID -> its state, of some IDs."""
    found = dict(zip(frame["attack_id"], frame["state"], strict=True))
    return {attack_id: found[attack_id] for attack_id in attack_ids}
