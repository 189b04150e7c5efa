"""The look of every chart: fonts, margins and hover labels. The colours are `coverage.palette`'s, named here
for the charts.
"""

from __future__ import annotations

import plotly.graph_objects as go

from coverage.palette import (
    CORPUS_COLOURS,
    DARK,
    FONT,
    LIGHT,
    LOST,
    SEVERITY_COLOURS,
    SIDES,
    THEMES,
    Theme,
    colours_by_place,
    ink_on,
)

__all__ = [
    "CORPUS_COLOURS",
    "DARK",
    "FONT",
    "LIGHT",
    "LOST",
    "SEVERITY_COLOURS",
    "SIDES",
    "THEMES",
    "Theme",
    "colours_by_place",
    "ink_on",
    "laid_out",
]


def laid_out(figure: go.Figure, theme: Theme, height: int, title: str = "") -> go.Figure:
    """The figure in the theme's colours, fonts and margins, at a height in pixels."""
    figure.update_xaxes(title_font_size=12).update_yaxes(title_font_size=12)
    return figure.update_layout(
        height=height,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": theme.text},
        title={"text": title, "font": {"size": 15}, "x": 0, "xanchor": "left"},
        margin={"l": 4, "r": 4, "t": 36 if title else 8, "b": 8},
        dragmode=False,
        hoverlabel={"align": "left", "bgcolor": theme.paper, "font": {"color": theme.text, "family": FONT}},
    )
