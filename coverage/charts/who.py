"""Who covers what: the matrix coloured by how many corpora cover a cell, and a letter for each that does.

A letter has its corpus's colour and its own place in the cell, so that neither alone has to be seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
import plotly.graph_objects as go

from coverage.charts.matrix import matrix_figure
from coverage.charts.theme import FONT, Theme, ink_on
from coverage.measures.cell import CellMeasure
from coverage.palette import Band
from coverage.words import amount

MOST = 6
LETTERS = "ABCDEF"
_SIZES = {
    1: 11,
    2: 11,
    3: 11,
    4: 11,
    5: 10,
    6: 9,
}  # pixels of a letter's square, by how many stand side by side
_SLOTS = {1: 0.2, 2: 0.2, 3: 0.2, 4: 0.19, 5: 0.165, 6: 0.145}  # and how far apart they are, in columns
_LEGEND_ROW = 20  # pixels from the legend of fills down to that of letters
_BELOW = 0.36  # of a row, under the middle of the cell: where other shades have their number


@dataclass(frozen=True)
class Corpora:
    """The corpora set beside one another, at most MOST: names in order, each with its colour."""

    colours: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return list(self.colours)

    @property
    def measure(self) -> CellMeasure:
        """How many of them cover a cell; the letters stand where other measures have their number."""
        count = len(self.colours)
        bands = tuple(Band(i, i, f"{i} of {count}") for i in range(1, count + 1))
        return CellMeasure("Corpora", "corpora_count", "corpora that cover it", bands, in_files=False)


def who_figure(
    cells: pd.DataFrame,
    tactics: pd.DataFrame,
    theme: Theme,
    corpora: Corpora,
    rules: Mapping[tuple[str, str], Mapping[str, int]],
    dimmed: Collection[str] = (),
) -> go.Figure:
    """The matrix of who covers what.

    Parameters
    ----------
    cells : frame from `measures.matrix.shown_cells`, with `corpora`: the names of those that cover the cell
    tactics : TACTIC_COVERAGE frame
    theme : Theme
    corpora : Corpora
    rules : (tactic ID, ATT&CK ID) -> corpus -> its rules that count there
    dimmed : ATT&CK IDs shown without fill, because a search left them out
    """
    counted = cells.assign(
        corpora_count=[sum(name in corpora.colours for name in found) for found in cells["corpora"]]
    )
    hover = {
        (row.tactic_id, row.attack_id): _hover(
            row.corpora, corpora.names, rules.get((row.tactic_id, row.attack_id), {})
        )
        for row in counted.itertuples()
    }
    figure = matrix_figure(counted, tactics, theme, corpora.measure, hover, dimmed)
    figure.update_layout(
        legend2={
            **figure.layout.legend.to_plotly_json(),
            "title": {"text": "Letters:  "},
            "y": 1 - _LEGEND_ROW / figure.layout.height,
        }
    )
    shown = counted[~counted["attack_id"].isin(list(dimmed))]
    for slot, name in enumerate(corpora.names):
        _draw_letter(
            figure,
            shown[[name in found for found in shown["corpora"]]],
            slot,
            len(corpora.names),
            name,
            corpora.colours[name],
            theme,
        )
    return figure


def _hover(covering: Sequence[str], names: Sequence[str], rules: Mapping[str, int]) -> list[str]:
    lines = [
        f"{LETTERS[slot]} {name}: {amount(rules.get(name, 0), 'rule')}"
        for slot, name in enumerate(names)
        if name in covering
    ]
    missing = [name for name in names if name not in covering]
    return [*lines, *([f"not covered by {', '.join(missing)}"] if missing else [])]


def _draw_letter(
    figure: go.Figure, cells: pd.DataFrame, slot: int, count: int, name: str, colour: str, theme: Theme
) -> None:
    offset = (slot - (count - 1) / 2) * _SLOTS[count]
    marker = {
        "symbol": "square",
        "size": _SIZES[count],
        "color": colour,
        "line": {"color": theme.paper, "width": 1},
        "opacity": 1,
    }
    figure.add_scatter(
        x=cells["x"] + offset,
        y=cells["y"] + _BELOW,
        mode="markers+text",
        text=[LETTERS[slot]] * len(cells),
        textposition="middle center",
        textfont={"size": _SIZES[count] - 2, "color": ink_on(colour), "family": FONT},
        marker=marker,
        hoverinfo="skip",
        showlegend=False,
        name=f"corpus {slot}",
        customdata=cells[["attack_id", "tactic_id"]].to_numpy(),
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    label = f"{LETTERS[slot]} {escape(name if len(name) <= 24 else f'{name[:23]}…')}"
    figure.add_scatter(
        x=[None], y=[None], mode="markers", name=label, hoverinfo="skip", marker=marker, legend="legend2"
    )
