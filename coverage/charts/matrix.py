"""The ATT&CK matrix as a heatmap that can be read: names and numbers in the cells, tactics in order.

Two heatmap traces draw fill and outline (heatmap text picks a contrasting colour by itself and does
not fade when a point is selected); a marker trace over them carries hover and click, since a
heatmap reports no selected point. Takes frames, knows no page.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
import plotly.graph_objects as go

from coverage.charts.theme import (
    FONT,
    KINDS,
    RULE_BANDS,
    SHARE_BANDS,
    Band,
    Theme,
    band_of,
    laid_out,
    ordered,
)
from coverage.vocabulary import GAP_TYPES, GAP_WORK, SEVERITIES
from coverage.words import amount

CELL_HEIGHT = 58  # four lines of 10 px: three of the name, one of the number
HEAD_HEIGHT = 52
ACCEPTED_SIGN = "◇"  # beside the number of an open cell that gaps.toml answers for
_NAME_WIDTH = 13  # characters of 10 px that fit a fifteenth of 1366 px beside the sidebar


@dataclass(frozen=True)
class Shade:
    """What the colour says: its title, the column it reads, its bands (None: kinds), how a value is written."""

    title: str
    column: str
    bands: tuple[Band, ...] | None
    unit: str
    form: str = "{:.0f}"  # "": the number's line is left to what is drawn over it


_SEVERITY_BANDS = tuple(Band(i, i, name) for i, name in enumerate(SEVERITIES, 1))

SHADES: dict[str, Shade] = {
    "rules": Shade("Rules", "rules", RULE_BANDS, "rules"),
    "score": Shade("Score", "score", SHARE_BANDS, "score", "{:.2f}"),
    "depth": Shade("Depth", "depth", SHARE_BANDS, "depth", "{:.2f}"),
    "platforms": Shade("Platforms", "breadth", SHARE_BANDS, "platforms covered of its platforms", "{:.2f}"),
    "severity": Shade("Severity", "severity_rank", _SEVERITY_BANDS, "highest severity"),
    "gap": Shade("Kind of work", "gap_type", None, "rules"),
}


def matrix_cells(
    placements: pd.DataFrame, tactics: pd.DataFrame, unfolded: Collection[str] = ()
) -> pd.DataFrame:
    """`placements` (PLACEMENT_COVERAGE) that the matrix shows, with `x` (tactic column) and `y` (row).

    Techniques stand in name order; the sub-techniques of an unfolded technique follow it, in ID order.
    """
    columns = tactics.sort_values("position").reset_index(drop=True)
    x = pd.Series(columns.index, index=columns["tactic_id"])
    cells = placements[~placements["is_subtechnique"] | placements["parent_id"].isin(list(unfolded))].copy()
    cells["x"] = cells["tactic_id"].map(x)
    names = (
        placements.loc[~placements["is_subtechnique"]]
        .drop_duplicates("attack_id")
        .set_index("attack_id")["name"]
    )
    head = cells["parent_id"].fillna(cells["attack_id"])
    cells["_technique"] = head.map(names).fillna(cells["name"]).str.casefold()
    cells["_head"], cells["_below"] = head, cells["is_subtechnique"]
    cells = cells.sort_values(["x", "_technique", "_head", "_below", "attack_id"], ignore_index=True)
    cells["y"] = cells.groupby("x").cumcount()
    return cells.drop(columns=["_technique", "_head", "_below"])


def matrix_figure(
    cells: pd.DataFrame,
    tactics: pd.DataFrame,
    theme: Theme,
    shade: str | Shade = "rules",
    hover: Mapping[tuple[str, str], Sequence[str]] | None = None,
    dimmed: Collection[str] = (),
) -> go.Figure:
    """The matrix.

    Parameters
    ----------
    cells : frame from `matrix_cells`, with `severity` and, for shade "gap", `gap_type` (NA: covered); where it
        has `accepted`, the cells with a text there are marked, and it stands in their hover
    tactics : TACTIC_COVERAGE frame
    theme : Theme
    shade : key of SHADES, or a shade of one's own
    hover : (tactic ID, ATT&CK ID) -> names of the rules that count there, at most a few
    dimmed : ATT&CK IDs shown without fill, because a search left them out
    """
    chosen = SHADES[shade] if isinstance(shade, str) else shade
    values = _values(cells, chosen)
    figure = go.Figure()
    _draw_cells(figure, cells, values, chosen, theme, frozenset(dimmed))
    _draw_targets(figure, cells, tactics, values, chosen, hover or {})
    _draw_heads(figure, tactics, theme)
    _draw_legend(figure, chosen, theme, frozenset(_band(value, chosen) for value in values))
    if chosen.form and "accepted" in cells and cells["accepted"].any():
        _draw_key(
            figure, "accepted or planned gap", {"symbol": "diamond-open", "size": 10, "color": theme.text}
        )
    rows = int(cells["y"].max()) + 1 if len(cells) else 1
    figure.update_xaxes(visible=False, fixedrange=True, range=[-0.5, len(tactics) - 0.5])
    figure.update_yaxes(visible=False, fixedrange=True, range=[rows - 0.5, -0.5])
    laid_out(figure, theme, HEAD_HEIGHT + 44 + rows * CELL_HEIGHT)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": HEAD_HEIGHT + 40, "b": 4}, hoverdistance=60)


def _values(cells: pd.DataFrame, shade: Shade) -> pd.Series:
    if shade.column == "severity_rank":
        return cells["severity"].map({name: i for i, name in enumerate(SEVERITIES, 1)}).fillna(0)
    if shade.bands is None:
        kinds = {name: i for i, name in enumerate(GAP_TYPES, 1)}
        return cells[shade.column].map(kinds).fillna(0)
    return cells[shade.column]


def _steps(shade: Shade, theme: Theme) -> list[tuple[str, str]]:
    """(label, colour) from band 1 on."""
    if shade.bands is None:
        return [(GAP_WORK[name].lower(), colour) for name, colour in KINDS.items()]
    return [
        (band.label, colour)
        for band, colour in zip(shade.bands, ordered(theme, len(shade.bands)), strict=True)
    ]


def _band(value: float, shade: Shade) -> int:
    return int(value) if shade.bands is None else band_of(value, shade.bands)


def _label(row, value: float, shade: Shade) -> str:
    """The cell's text: the name in at most three lines, the number, and n/m of its sub-techniques."""
    indent = "›\u00a0" if row.is_subtechnique else ""  # no-break: the mark stays with the name
    name = (indent + row.name).replace("/", "/ ")  # a line may end behind a stroke, too
    lines = textwrap.wrap(name, _NAME_WIDTH, max_lines=3, placeholder="…", break_long_words=False)
    lines = [line.replace("/ ", "/") for line in lines]
    return "<br>".join([*map(escape, lines), _number(row, value, shade) if shade.form else "\u00a0"])


def _number(row, value: float, shade: Shade) -> str:
    subs = f"{row.subtechniques_covered}/{row.subtechniques}" if row.subtechniques else ""
    if shade.bands is None:
        number = str(row.rules)
    elif shade.column == "severity_rank":
        number = SEVERITIES[int(value) - 1] if value else "-"
    elif shade.column == "breadth":
        number = f"{row.platforms_covered} of {row.platforms_total}"
    else:
        number = shade.form.format(value)
    return (
        f"<b>{number}</b>"
        + (f"  ·  {subs}" if subs else "")
        + (f"  {ACCEPTED_SIGN}" if getattr(row, "accepted", "") else "")
    )


def _draw_cells(figure, cells, values, shade, theme, dimmed) -> None:
    rows, columns = (
        (int(cells["y"].max()) + 1 if len(cells) else 1),
        int(cells["x"].max()) + 1 if len(cells) else 1,
    )
    fill = [[None] * columns for _ in range(rows)]
    outline = [[None] * columns for _ in range(rows)]
    text = [[""] * columns for _ in range(rows)]
    for row, value in zip(cells.itertuples(), values, strict=True):
        band = _band(value, shade)
        fill[row.y][row.x] = -1 if row.attack_id in dimmed else band
        outline[row.y][row.x] = 1
        text[row.y][row.x] = _label(row, value, shade)
    steps = [theme.off, theme.open, *(colour for _, colour in _steps(shade, theme))]
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


def _draw_targets(figure, cells, tactics, values, shade, hover) -> None:
    names = tactics.set_index("tactic_id")["name"]
    texts = [
        _hover(
            row,
            names.get(row.tactic_id, row.tactic_id),
            hover.get((row.tactic_id, row.attack_id), ()),
            bool(shade.form),
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
    lines.append(
        f"depth {row.depth:.2f} × platforms {row.platforms_covered} of {row.platforms_total} = score {row.score:.2f}"
    )
    if said := getattr(row, "accepted", ""):
        lines += [
            escape(line)
            for line in textwrap.wrap(f"{ACCEPTED_SIGN} gap {said}", 80, max_lines=3, placeholder="…")
        ]
    shown = [escape(textwrap.shorten(name, 70, placeholder="…")) for name in rules]
    lines += [f"· {name}" for name in shown]
    if are_rules and row.rules > len(shown) > 0:
        lines.append(f"… and {row.rules - len(shown)} more")
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


def _draw_legend(figure, shade, theme, drawn: frozenset[int]) -> None:
    """Every band of an ordered scale; of kinds only those that are drawn."""
    open_label = "covered" if shade.bands is None else "open (0)"
    entries = [(open_label, theme.open), *_steps(shade, theme)]
    if shade.bands is None:
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
            "title": {"text": f"{shade.title}:  "},
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": 12},
        }
    )
