"""The ATT&CK matrix as a heatmap that can be read: names and numbers in the cells, tactics in order.

Two heatmap traces draw fill and outline (heatmap text picks a contrasting colour by itself and does
not fade when a point is selected); a marker trace over them carries hover and click, since a
heatmap reports no selected point. Takes frames, knows no page.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go

from coverage.charts.theme import FONT, Theme, laid_out
from coverage.measures.cell import CELL_MEASURES, CellMeasure, score_factors
from coverage.measures.matrix import mark_keys
from coverage.words import amount

CELL_HEIGHT = 58  # four lines of 10 px: three of the name, one of the number
HEAD_HEIGHT = 52
MOST_RULES = 6  # names in a hover; the count of the others stands behind them
_CLEAR = "rgba(0,0,0,0)"
_NAME_WIDTH = 13  # characters of 10 px that fit a fifteenth of 1366 px beside the sidebar


def matrix_figure(
    cells: pd.DataFrame,
    tactics: pd.DataFrame,
    theme: Theme,
    measure: str | CellMeasure = "rules",
    hover: Mapping[tuple[str, str], Sequence[str]] | None = None,
    dimmed: Collection[str] = (),
) -> go.Figure:
    """The matrix.

    Parameters
    ----------
    cells : frame from `measures.matrix.shown_cells`
    tactics : TACTIC_COVERAGE of its columns
    theme : Theme
    measure : key of CELL_MEASURES, or a measure of one's own, whose column `cells` then has
    hover : (tactic ID, ATT&CK ID) -> names of the rules that count there; without a number, lines
    dimmed : ATT&CK IDs shown without fill, because a search left them out
    """
    chosen = CELL_MEASURES[measure] if isinstance(measure, str) else measure
    bands = [chosen.band(value) for value in cells[chosen.column].tolist()]
    figure = go.Figure()
    _draw_cells(figure, cells, bands, chosen, theme, frozenset(dimmed))
    _draw_targets(figure, cells, tactics, chosen, hover or {})
    _draw_heads(figure, tactics, theme)
    _draw_legend(figure, chosen, theme, frozenset(bands))
    for key in mark_keys(set(cells["sign"])) if chosen.form else ():
        _draw_key(figure, key, {"color": _CLEAR})  # the sign in it is the picture
    rows = int(cells["y"].max()) + 1 if len(cells) else 1
    figure.update_xaxes(visible=False, fixedrange=True, range=[-0.5, len(tactics) - 0.5])
    figure.update_yaxes(visible=False, fixedrange=True, range=[rows - 0.5, -0.5])
    laid_out(figure, theme, HEAD_HEIGHT + 44 + rows * CELL_HEIGHT)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": HEAD_HEIGHT + 40, "b": 4}, hoverdistance=60)


def _label(row, measure: CellMeasure) -> str:
    """The cell's text: the name in at most three lines, the number, and n/m of its sub-techniques."""
    indent = "›\u00a0" if row.is_subtechnique else ""  # no-break: the mark stays with the name
    name = (indent + row.name).replace("/", "/ ")  # a line may end behind a stroke, too
    lines = textwrap.wrap(name, _NAME_WIDTH, max_lines=3, placeholder="…", break_long_words=False)
    lines = [line.replace("/ ", "/") for line in lines]
    return "<br>".join([*map(escape, lines), _number(row, measure) if measure.form else "\u00a0"])


def _number(row, measure: CellMeasure) -> str:
    subs = f"  ·  {row.subtechniques_covered}/{row.subtechniques}" if row.subtechniques else ""
    sign = f"  {row.sign}" if row.sign else ""
    return f"<b>{measure.in_cell(row)}</b>{subs}{sign}"


def _draw_cells(figure, cells, bands, measure, theme, dimmed) -> None:
    rows, columns = (
        (int(cells["y"].max()) + 1 if len(cells) else 1),
        int(cells["x"].max()) + 1 if len(cells) else 1,
    )
    fill = [[None] * columns for _ in range(rows)]
    outline = [[None] * columns for _ in range(rows)]
    text = [[""] * columns for _ in range(rows)]
    for row, band in zip(cells.itertuples(), bands, strict=True):
        fill[row.y][row.x] = -1 if row.attack_id in dimmed else band
        outline[row.y][row.x] = 1
        text[row.y][row.x] = _label(row, measure)
    steps = [theme.off, *measure.colours(theme)]
    scale = [stop for i, c in enumerate(steps) for stop in ((i / len(steps), c), ((i + 1) / len(steps), c))]
    common = {"showscale": False, "hoverinfo": "skip"}
    figure.add_heatmap(z=outline, colorscale=[(0, theme.faint), (1, theme.faint)], xgap=3, ygap=3, **common)
    figure.add_heatmap(
        z=fill,
        zmin=-1.5,
        zmax=len(steps) - 1.5,
        colorscale=scale,
        xgap=5,
        ygap=5,
        text=text,
        texttemplate="%{text}",
        textfont={"size": 10, "family": FONT},
        **common,
    )


def _draw_targets(figure, cells, tactics, measure, hover) -> None:
    names = tactics.set_index("tactic_id")["name"]
    texts = [
        _hover(
            row,
            names.get(row.tactic_id, row.tactic_id),
            hover.get((row.tactic_id, row.attack_id), ()),
            bool(measure.form),
        )
        for row in cells.itertuples()
    ]
    figure.add_scatter(
        x=cells["x"],
        y=cells["y"],
        mode="markers",
        name="cells",
        showlegend=False,
        marker={"symbol": "square", "size": 40, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=cells[["attack_id", "tactic_id"]].to_numpy(),
        text=texts,
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(row, tactic: str, rules: Sequence[str], are_rules: bool) -> str:
    lines = [f"<b>{escape(row.name)}</b>  {row.attack_id} · {escape(tactic)}"]
    subs = (
        f" · {row.subtechniques_covered} of {amount(row.subtechniques, 'sub-technique')}"
        if row.subtechniques
        else ""
    )
    lines.append(f"{amount(row.rules, 'rule')} ({row.rules_direct} on it directly){subs}")
    lines.append(f"{score_factors(row)} = score {row.score:.2f}")
    if row.mark:
        mark = textwrap.wrap(f"{row.sign} gap {row.mark}", 80, max_lines=3, placeholder="…")
        lines += map(escape, mark)
    first = rules[:MOST_RULES] if are_rules else rules
    shown = [escape(textwrap.shorten(name, 70, placeholder="…")) for name in first]
    lines += [f"· {name}" for name in shown]
    if len(rules) > len(shown):
        lines.append(f"… and {len(rules) - len(shown)} more")
    return "<br>".join([*lines, "<i>Click to open</i>"])


def _draw_heads(figure, tactics, theme) -> None:
    for x, row in enumerate(tactics.sort_values("position").itertuples()):
        share = f"{row.covered / row.total:.0%}" if row.total else "-"
        covered = f"{row.covered:.0f}" if float(row.covered).is_integer() else f"{row.covered:.1f}"
        name = "<br>".join(map(escape, textwrap.wrap(row.name, 13, break_long_words=False)))
        figure.add_annotation(
            x=x,
            y=1,
            xref="x",
            yref="paper",
            yanchor="bottom",
            yshift=2,
            showarrow=False,
            align="center",
            text=f"<b>{name}</b><br>{covered}/{row.total} · {share}",
            font={"size": 10.5, "color": theme.text},
        )


def _draw_key(figure, label: str, marker: dict) -> None:
    figure.add_scatter(x=[None], y=[None], mode="markers", name=label, hoverinfo="skip", marker=marker)


def _draw_legend(figure, measure, theme, drawn: frozenset[int]) -> None:
    """Every band of an ordered scale; of kinds only those that are drawn."""
    open_label = "covered" if measure.are_kinds else "open (0)"
    entries = list(zip([open_label, *measure.labels], measure.colours(theme), strict=True))
    if measure.are_kinds:
        entries = [entry for band, entry in enumerate(entries) if band in drawn or band == 0]
    for label, colour in entries:
        _draw_key(
            figure,
            label,
            {"symbol": "square", "size": 13, "color": colour, "line": {"color": theme.faint, "width": 1}},
        )
    figure.update_layout(
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "x": 0,
            "xanchor": "left",
            "title": {"text": f"{measure.label}:  "},
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": 12},
        }
    )
