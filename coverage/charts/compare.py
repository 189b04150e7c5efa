"""Two corpora: who covers what in each tactic, and how far a list of borrowed rules goes."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from coverage.charts.theme import SIDES, Theme, laid_out
from coverage.words import amount

_ROW_HEIGHT = 27


def side_bars(
    tactics: pd.DataFrame, labels: Mapping[str, str], theme: Theme, title: str, unit: str = "techniques"
) -> go.Figure:
    """One bar a tactic: only A, both, only B, neither, each part with its number.

    Parameters
    ----------
    tactics : rows of COMPARISON_TACTICS of one grain
    labels : side -> how it is called, such as `only sigma`
    """
    figure = go.Figure()
    for side, label in labels.items():
        fill, ink = SIDES.get(side, (theme.rest, theme.text))
        figure.add_bar(
            x=tactics[side],
            y=tactics["name"],
            orientation="h",
            name=_as_text(label),
            marker={"color": fill, "line": {"color": theme.faint, "width": 0 if side in SIDES else 1}},
            text=[f"{count:,}" if count else "" for count in tactics[side]],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": ink},
            customdata=tactics["total"],
            hovertemplate=f"%{{y}}: %{{x}} of %{{customdata}} {unit}, %{{fullData.name}}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        bargap=0.15,
        uniformtext={"minsize": 12, "mode": "hide"},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0, "traceorder": "normal"},
    )
    figure.update_yaxes(autorange="reversed", ticksuffix="  ", automargin=True)
    figure.update_xaxes(automargin=True, title=f"{unit} in scope", gridcolor=theme.rest, zeroline=False)
    laid_out(figure, theme, 124 + _ROW_HEIGHT * max(len(tactics), 1), title)
    below_the_title = {"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 6}}
    return figure.update_layout(title=below_the_title, margin_t=64)


def plan_curve(plan: pd.DataFrame, theme: Theme, title: str) -> go.Figure:
    """The share of what can be closed that the first n rules close, with the gaps themselves on hover.
    `plan`: BORROW_PLAN.
    """
    steps, shares = [0, *plan["step"]], [0.0, *plan["share"]]
    names = [
        "no rule yet",
        *(f"{step}. {name}" for step, name in zip(plan["step"], plan["rule_name"], strict=True)),
    ]
    counts = [
        "",
        *(
            _closed(*row)
            for row in plan[
                ["techniques_so_far", "techniques_closable", "subtechniques_so_far", "subtechniques_closable"]
            ].itertuples(index=False)
        ),
    ]
    figure = go.Figure(
        go.Scatter(
            x=steps,
            y=shares,
            mode="lines+markers",
            line={"color": theme.accent, "shape": "hv"},
            marker={"size": 5, "color": theme.accent},
            customdata=list(zip(map(_as_text, names), counts, strict=True)),
            hovertemplate="%{customdata[0]}<br>%{y:.0%} of the weight%{customdata[1]}<extra></extra>",
        )
    )
    figure.update_xaxes(
        title="rules borrowed, best first",
        gridcolor=theme.rest,
        zeroline=False,
        rangemode="tozero",
        automargin=True,
    )
    figure.update_yaxes(
        title="share of closable weight",
        tickformat=".0%",
        range=[0, 1.04],
        gridcolor=theme.rest,
        zeroline=False,
        automargin=True,
    )
    return laid_out(figure, theme, 290, title)


def _closed(techniques: int, techniques_all: int, subtechniques: int, subtechniques_all: int) -> str:
    return (
        f"<br>{techniques:,} of {amount(techniques_all, 'technique')}, "
        f"{subtechniques:,} of {amount(subtechniques_all, 'sub-technique')}"
    )


def _as_text(name: str) -> str:
    """A rule's name that Plotly shows as text: it reads some HTML in labels."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
