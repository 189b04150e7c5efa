"""Every colour, band and size of the charts, for light and dark.

Covered cells run on one hue, ordered by lightness, in fixed named bands, so that they survive print
and colour blindness; kinds take the Okabe-Ito palette. Open cells are grey: a gap is work, no error.
"""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go


@dataclass(frozen=True)
class Theme:
    """The colours of one appearance. `steps` go from least to most."""

    name: str
    paper: str
    text: str
    faint: str  # grid lines, outlines of open cells
    open: str  # fill of an open cell
    off: str  # fill of a cell the filter leaves out
    steps: tuple[str, str, str, str, str]
    accent: str
    rest: str  # the uncovered part of a bar


LIGHT = Theme(
    "light", "#ffffff", "#1f2933", "#9aa5b1", "#f4f5f7", "#ffffff",
    ("#dbe9f6", "#aecde8", "#7fb2dc", "#1f66ad", "#0a3a72"), "#1f66ad", "#e4e7eb",
)  # fmt: skip
DARK = Theme(
    "dark", "#0e1117", "#e6e9ee", "#5b6673", "#171b22", "#0e1117",
    ("#12304f", "#184673", "#1f5f9e", "#7db7ea", "#c9e3fa"), "#7db7ea", "#2b323c",
)  # fmt: skip
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

# Okabe-Ito: kinds that have no order, told apart by people who see colours differently.
KINDS: dict[str, str] = {
    "none": "#D55E00",
    "not_production": "#E69F00",
    "parent_only": "#56B4E9",
    "partial": "#0072B2",
    "fragile": "#CC79A7",
    "platform": "#009E73",
}

FONT = '"Source Sans", "Segoe UI", Helvetica, Arial, sans-serif'


@dataclass(frozen=True)
class Band:
    """One named band of a scale: values from `low` up to and including `high`."""

    low: float
    high: float
    label: str


RULE_BANDS: tuple[Band, ...] = (
    Band(1, 1, "1"), Band(2, 2, "2"), Band(3, 6, "3-6"), Band(7, 14, "7-14"), Band(15, float("inf"), "15+"),
)  # fmt: skip
SHARE_BANDS: tuple[Band, ...] = (
    Band(1e-9, 0.2, "up to 0.2"), Band(0.2, 0.4, "0.2-0.4"), Band(0.4, 0.6, "0.4-0.6"),
    Band(0.6, 0.8, "0.6-0.8"), Band(0.8, 1.0, "0.8-1"),
)  # fmt: skip


def band_of(value: float, bands: tuple[Band, ...]) -> int:
    """Position of the band that holds `value` (0 = open, then 1 ... len(bands))."""
    return next((i for i, band in enumerate(bands, 1) if value <= band.high), len(bands)) if value > 0 else 0


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
