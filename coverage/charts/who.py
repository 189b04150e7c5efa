"""Who covers what: the matrix coloured by how many corpora cover a cell, and a letter for each that does.

A letter has its corpus's colour and its own sign, so that neither alone has to be seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from coverage.charts.matrix import Letters, Needs, matrix_data
from coverage.charts.theme import Theme
from coverage.frames import rows_of
from coverage.measures.cell import CellMeasure
from coverage.measures.matrix import Place
from coverage.palette import Band
from coverage.words import amount

MOST = 6
LETTERS = "ABCDEF"


@dataclass(frozen=True)
class Corpora:
    """The corpora compared, at most MOST: names in order, each with its colour."""

    colours: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return list(self.colours)

    @property
    def measure(self) -> CellMeasure:
        """How many of them cover a cell; the letters stand where other measures have their number."""
        count = len(self.colours)
        bands = tuple(Band(i, i, f"{i} of {count}") for i in range(1, count + 1))
        return CellMeasure("Rule sets", "corpora_count", "rule sets that cover it", bands, in_files=False)


def who_data(
    cells: pd.DataFrame,
    tactics: pd.DataFrame,
    theme: Theme,
    corpora: Corpora,
    rules: Mapping[Place, Mapping[str, int]],
    needs: Needs | None = None,
) -> dict[str, Any]:
    """The matrix of who covers what, as `matrix_data` gives it.

    Parameters
    ----------
    cells : MATRIX_CELLS with `corpora`: the names of those that cover the cell
    tactics : TACTIC_COVERAGE frame
    theme : Theme
    corpora : Corpora
    rules : (tactic ID, ATT&CK ID) -> corpus -> its rules that count there
    needs : of a threat profile
    """
    names = corpora.names
    counted = cells.assign(
        corpora_count=[sum(name in corpora.colours for name in found) for found in cells["corpora"]]
    )
    covering = {
        (tactic_id, attack_id): found
        for tactic_id, attack_id, found in rows_of(cells, "tactic_id", "attack_id", "corpora")
    }
    letters = Letters(
        [(LETTERS[slot], name, colour) for slot, (name, colour) in enumerate(corpora.colours.items())],
        {
            place: "".join(LETTERS[slot] for slot, name in enumerate(names) if name in found)
            for place, found in covering.items()
        },
        {place: _lines(found, names, rules.get(place, {})) for place, found in covering.items() if found},
    )
    return matrix_data(counted, tactics, theme, corpora.measure, letters=letters, needs=needs)


def _lines(covering: Sequence[str], names: Sequence[str], rules: Mapping[str, int]) -> list[str]:
    lines = [
        f"{LETTERS[slot]} {name}: {amount(rules.get(name, 0), 'rule')}"
        for slot, name in enumerate(names)
        if name in covering
    ]
    missing = [name for name in names if name not in covering]
    return [*lines, *([f"not covered by {', '.join(missing)}"] if missing else [])]
