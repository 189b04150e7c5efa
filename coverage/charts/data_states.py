"""The matrix of what data and rules make of each cell. Its state is a word in the cell, beside the colour."""

from __future__ import annotations

from typing import Any

import pandas as pd

from coverage.charts.matrix import Cards, matrix_data
from coverage.charts.theme import Theme
from coverage.frames import rows_of
from coverage.measures.cell import CellMeasure
from coverage.palette import DATA_STATE_COLOURS
from coverage.vocabulary import DATA_STATES

TITLES = {name: words.partition(":")[0] for name, words in DATA_STATES.items()}
_IN_CELL = {
    "data_and_rule": "runs",
    "data_only": "build",
    "rule_only": "no data",
    "neither": "neither",
    "not_told": "not told",
}
_MEASURE = CellMeasure(
    "Data and rules",
    "state",
    "what data and rules make of it",
    words={
        name: title if title == _IN_CELL[name] else f"{_IN_CELL[name]}: {title}"
        for name, title in TITLES.items()
    },
    are_kinds=True,
    fills=tuple(DATA_STATE_COLOURS[name] for name in DATA_STATES),
    form="{cell.state_word}",
    number="what data and rules make of it",
    in_files=False,
)


def data_state_matrix(
    cells: pd.DataFrame,
    tactics: pd.DataFrame,
    theme: Theme,
    states: pd.DataFrame,
    cards: Cards | None = None,
) -> dict[str, Any]:
    """The matrix as `matrix_data` gives it, each cell in its state.

    Parameters
    ----------
    cells : MATRIX_CELLS
    tactics : TACTIC_COVERAGE of its columns
    theme : Theme
    states : PLACEMENT_STATES
    cards : what the hover cards say
    """
    of_place = {
        (tactic_id, attack_id): state
        for tactic_id, attack_id, state in rows_of(states, "tactic_id", "attack_id", "state")
    }
    found = [of_place[place] for place in rows_of(cells, "tactic_id", "attack_id")]
    shown = cells.assign(
        state=pd.Series(found, index=cells.index, dtype="str"),
        state_word=pd.Series([_IN_CELL[state] for state in found], index=cells.index, dtype="str"),
    )
    return matrix_data(shown, tactics, theme, _MEASURE, cards)
