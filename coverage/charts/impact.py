"""What each cause adds to and takes from coverage between two releases: bars to both sides of nothing."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from coverage.charts.theme import LOST, Theme, laid_out

_ROW_HEIGHT = 44
# Column of IMPACT_TOTALS and IMPACT_BY_CAUSE -> what it counts.
_PANELS = {"covered": "covered", "total": "in scope"}


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _signed(value: float) -> str:
    return f"+{_count(value)}" if value > 0 else _count(value)


def impact_bars(totals: pd.Series, causes: pd.DataFrame, theme: Theme, unit: str) -> go.Figure:
    """Two panels, covered and in scope: a row a cause, what it added to the right, what it took to the left.

    Parameters
    ----------
    totals : a row of IMPACT_TOTALS
    causes : rows of IMPACT_BY_CAUSE of the same grain
    unit : what is counted, for titles: `techniques`
    """
    titles = [
        f"{unit.capitalize()} {words}: {_count(totals[f'{kind}_before'])} → "
        f"{_count(totals[f'{kind}_after'])} "
        f"({_signed(totals[f'{kind}_after'] - totals[f'{kind}_before'])})"
        for kind, words in _PANELS.items()
    ]
    figure = make_subplots(cols=2, shared_yaxes=True, horizontal_spacing=0.06, subplot_titles=titles)
    for column, kind in enumerate(_PANELS, 1):
        for name, colour in (("gained", theme.accent), ("lost", LOST)):
            values = causes[f"{kind}_{name}"]
            figure.add_bar(
                x=values,
                y=causes["cause"],
                orientation="h",
                name=name,
                marker_color=colour,
                legendgroup=name,
                showlegend=column == 1,
                text=[_signed(value) if value else "" for value in values],
                textposition="outside",
                textfont={"color": theme.text},
                cliponaxis=False,
                row=1,
                col=column,
                hovertemplate=f"%{{y}}: %{{x:+,.3~g}} {unit} {_PANELS[kind]}<extra></extra>",
            )
        widest = max(1.0, float(causes[[f"{kind}_gained", f"{kind}_lost"]].abs().to_numpy().max(initial=0)))
        figure.update_xaxes(
            range=[-widest * 1.25, widest * 1.25],
            title=f"{unit} {_PANELS[kind]}, difference",
            row=1,
            col=column,
        )
    figure.update_layout(
        barmode="relative", bargap=0.35, legend={"orientation": "h", "yanchor": "top", "y": -0.3, "x": 0}
    )
    figure.update_xaxes(
        zeroline=True, zerolinecolor=theme.faint, gridcolor=theme.rest, automargin=True, tickformat=",~g"
    )
    figure.update_yaxes(autorange="reversed", ticksuffix="  ", automargin=True)
    figure.update_annotations(font={"size": 14, "color": theme.text})
    laid_out(figure, theme, 132 + _ROW_HEIGHT * max(len(causes), 1))
    return figure.update_layout(margin={"t": 34, "b": 8})
