"""Findings: how many each cause has, in the colour of its severity."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from coverage.charts.theme import SEVERITY_COLOURS, Theme, laid_out

_ROW_HEIGHT = 24


def cause_bars(counts: pd.DataFrame, theme: Theme, title: str) -> go.Figure:
    """One bar a cause. `counts`: title, severity, findings; most severe and most frequent first.

    Every bar carries its number, so that a note's hundreds beside an error's two need no axis.
    """
    figure = go.Figure(
        [
            go.Bar(
                x=rows["findings"],
                y=rows["title"],
                orientation="h",
                name=severity,
                marker_color=SEVERITY_COLOURS[severity],
                text=[f"{value:,}" for value in rows["findings"]],
                textposition="outside",
                textfont={"color": theme.text},
                cliponaxis=False,
                hovertemplate="%{y}, findings (" + severity + "): %{x}<extra></extra>",
            )
            for severity in SEVERITY_COLOURS
            if len(rows := counts[counts["severity"] == severity])
        ]
    )
    figure.update_layout(
        barmode="stack",
        bargap=0.3,
        legend={
            "orientation": "h",
            "yanchor": "bottom",
            "y": 1.0,
            "xanchor": "right",
            "x": 1,
            "traceorder": "normal",
        },
    )
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=counts["title"].tolist(),
        autorange="reversed",
        ticksuffix="  ",
        automargin=True,
    )
    longest = float(counts["findings"].max()) if len(counts) else 1.0
    figure.update_xaxes(
        automargin=True, title="findings", range=[0, longest * 1.15], showgrid=False, zeroline=False
    )
    laid_out(figure, theme, 96 + _ROW_HEIGHT * max(len(counts), 1), title)
    return figure.update_layout(margin_r=24)  # on a phone the longest bar's figure needs it
