"""Bars: rules a severity, rules a month."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from coverage.charts.theme import Theme, laid_out

_ROW_HEIGHT = 27


_LEGEND = {
    "orientation": "h",
    "yanchor": "bottom",
    "y": 1.0,
    "xanchor": "right",
    "x": 1,
    "traceorder": "normal",
}


def count_bars(counts: pd.Series, theme: Theme, title: str, unit: str) -> go.Figure:
    """One bar an index value of `counts`, in its order, with the number and its share of the sum."""
    total = int(counts.sum())
    figure = go.Figure(
        go.Bar(
            x=counts.to_numpy(),
            y=[str(name) for name in counts.index],
            orientation="h",
            marker_color=theme.accent,
            text=[f"{value:,} ({value / total:.0%})" if total else "0" for value in counts],
            textposition="outside",
            textfont={"color": theme.text},
            cliponaxis=False,
            hovertemplate="%{y}: %{x} of " + f"{total:,} {unit}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", ticksuffix="  ", automargin=True)
    figure.update_xaxes(
        automargin=True,
        title=unit,
        range=[0, (counts.max() if len(counts) else 1) * 1.38 or 1],
        showgrid=False,
        zeroline=False,
    )
    return laid_out(figure, theme, 96 + _ROW_HEIGHT * max(len(counts), 1), title)


def activity_bars(months: pd.DataFrame, theme: Theme, title: str) -> go.Figure:
    """Rules created and rules last updated in each month. `months`: month (date), created, updated."""
    figure = go.Figure(
        [
            go.Bar(x=months["month"], y=months["created"], name="created", marker_color=theme.accent),
            go.Bar(
                x=months["month"],
                y=months["updated"],
                name="last updated",
                marker={"color": theme.rest, "line": {"color": theme.faint, "width": 1}},
            ),
        ]
    )
    figure.update_traces(hovertemplate="%{x|%B %Y}, rules %{fullData.name}: %{y}<extra></extra>")
    figure.update_layout(barmode="group", bargap=0.25, legend=_LEGEND)
    figure.update_yaxes(automargin=True, title="rules", gridcolor=theme.rest, zeroline=False)
    figure.update_xaxes(automargin=True, tickformat="%b %Y")
    return laid_out(figure, theme, 300, title)
