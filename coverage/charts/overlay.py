"""The matrix of what is needed over what is covered: needed and open, needed and covered, covered alone.

Three states that need no colour to be told apart: what is needed has a dot, what is open a dashed outline and
no fill, what is covered a fill, darker where it is needed.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from coverage.charts.matrix import CELL, NEEDED, NEEDED_BELOW, Cards, Needs, entry, matrix_data, with_id
from coverage.charts.theme import Theme
from coverage.frames import rows_of
from coverage.measures.cell import CellMeasure
from coverage.vocabulary import OVERLAYS
from coverage.words import number

_FILLED = ("covered_only", "needed_part", "needed_covered")  # from light to dark
_MEASURE = CellMeasure(
    "Need and coverage",
    "overlay",
    "whether it is needed, and covered",
    words={name: OVERLAYS[name] for name in _FILLED},
    zero="neither",
    form="{cell.rules}",
    number="rules",
    in_files=False,
)


def overlay_data(
    cells: pd.DataFrame,
    tactics: pd.DataFrame,
    theme: Theme,
    overlay: pd.DataFrame,
    needs: Needs,
    cards: Cards | None = None,
) -> dict[str, Any]:
    """The matrix as `matrix_data` gives it, each cell in the state of its ID.

    Parameters
    ----------
    cells : MATRIX_CELLS
    tactics : TACTIC_COVERAGE of its columns
    theme : Theme
    overlay : THREAT_OVERLAY
    needs : of the same profile: what it needs has a mark
    cards : what the hover cards say
    """
    state = dict(rows_of(overlay, "attack_id", "overlay"))
    states = [state.get(one, "") for one in cells["attack_id"].tolist()]
    shown = cells.assign(overlay=pd.Series(states, index=cells.index, dtype="str"))
    data = matrix_data(shown, tactics, theme, _MEASURE, cards, needs=needs)
    is_open = CELL.index("is_open")
    for cell, one in zip(data["cells"], states, strict=True):
        cell[is_open] = int(one == "needed_open")
    open_fill, *fills = _MEASURE.colours(theme)
    drawn = set(states)
    bands = [entry(f"{NEEDED} needed, and open", open_fill, 0, True)]
    bands += [
        entry(f"{NEEDED} {words}" if name.startswith("needed") else words, fill, band, False)
        for band, ((name, words), fill) in enumerate(zip(_MEASURE.words.items(), fills, strict=True), 1)
        if name != "needed_part" or name in drawn
    ]
    data["bands"] = [bands[0], *reversed(bands[1:]), entry("neither", open_fill, 0, False)]
    data["signs"][-2:] = [f"{NEEDED_BELOW} a sub-technique of it is needed"]
    return with_id(data)


def overlay_sentence(overlay: pd.DataFrame) -> str:
    """How many IDs are in each state; the needed ones add up."""
    counts = Counter(overlay["overlay"].tolist())
    part = f"{number(counts['needed_part'])} in part, " if counts["needed_part"] else ""
    needed = sum(count for name, count in counts.items() if name != "covered_only")
    return (
        f"Of {needed:,} needed techniques and sub-techniques {counts['needed_covered']:,} are covered, {part}"
        f"{counts['needed_open']:,} open; {counts['covered_only']:,} more are covered and not needed."
    )
