"""Every colour and band of the matrix, the charts and the files, for light and dark. Knows no drawing
library.

Covered cells run on one hue, ordered by lightness, in fixed named bands, so that they survive print
and colour blindness; kinds take the Okabe-Ito palette. Open cells are grey: a gap is work, no error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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
    "light",
    "#ffffff",
    "#1f2933",
    "#9aa5b1",
    "#f4f5f7",
    "#ffffff",
    ("#dbe9f6", "#aecde8", "#7fb2dc", "#1f66ad", "#0a3a72"),
    "#1f66ad",
    "#e4e7eb",
)
DARK = Theme(
    "dark",
    "#0e1117",
    "#e6e9ee",
    "#5b6673",
    "#171b22",
    "#0e1117",
    ("#12304f", "#184673", "#1f5f9e", "#7db7ea", "#c9e3fa"),
    "#7db7ea",
    "#2b323c",
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

# Okabe-Ito: kinds without an order, distinguishable with colour blindness.
KINDS: dict[str, str] = {
    "none": "#D55E00",
    "not_production": "#E69F00",
    "parent_only": "#56B4E9",
    "partial": "#0072B2",
    "fragile": "#CC79A7",
    "platform": "#009E73",
}

# What was lost beside what was gained (the accent): Okabe-Ito's orange, distinct from every blue.
LOST = "#E69F00"

# Which of two corpora covers: Okabe-Ito's blue, green and orange with a text colour that reads on each;
# neither is `rest`.
SIDES: dict[str, tuple[str, str]] = {
    "a_only": ("#0072B2", "#ffffff"),
    "both": ("#009E73", "#10181f"),
    "b_only": ("#E69F00", "#10181f"),
}

# What a threat profile needs over what is covered (vocabulary.OVERLAYS): Okabe-Ito's vermilion, orange and
# green, and a grey.
OVERLAY_COLOURS: dict[str, str] = {
    "needed_open": "#D55E00",
    "needed_part": "#E69F00",
    "needed_covered": "#009E73",
    "covered_only": "#C9D1D9",
}

# What data and rules make of an ID (vocabulary.DATA_STATES): Okabe-Ito's green, light blue and orange, and
# two greys.
DATA_STATE_COLOURS: dict[str, str] = {
    "data_and_rule": "#009E73",
    "data_only": "#56B4E9",
    "rule_only": "#E69F00",
    "neither": "#9AA0A8",
    "not_told": "#E3E6EA",
}

# How severe a finding is: Okabe-Ito's vermilion, orange and blue, also of three lightnesses.
SEVERITY_COLOURS: dict[str, str] = {"error": "#D55E00", "warning": "#E69F00", "note": "#56B4E9"}

# Corpora by their place: Okabe-Ito without its yellow, which no light page shows.
CORPUS_COLOURS: tuple[str, ...] = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")

FONT = '"Source Sans", "Segoe UI", Helvetica, Arial, sans-serif'


@dataclass(frozen=True)
class Band:
    """One named band of a scale: values from `low` up to and including `high`."""

    low: float
    high: float
    label: str


RULE_BANDS: tuple[Band, ...] = (
    Band(1, 1, "1"),
    Band(2, 2, "2"),
    Band(3, 6, "3-6"),
    Band(7, 14, "7-14"),
    Band(15, float("inf"), "15+"),
)
SHARE_BANDS: tuple[Band, ...] = (
    Band(1e-9, 0.2, "up to 0.2"),
    Band(0.2, 0.4, "0.2-0.4"),
    Band(0.4, 0.6, "0.4-0.6"),
    Band(0.6, 0.8, "0.6-0.8"),
    Band(0.8, 1.0, "0.8-1"),
)


def band_of(value: float, bands: tuple[Band, ...]) -> int:
    """Position of the band that holds `value` (0 = open, then 1 ... len(bands))."""
    return next((i for i, band in enumerate(bands, 1) if value <= band.high), len(bands)) if value > 0 else 0


def colours_by_place(names: Sequence[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name -> its chosen colour, else one of those nobody chose, by its place; beyond six the colours come
    again.
    """
    chosen = chosen or {}
    taken = {chosen[name].upper() for name in names if name in chosen}
    free = [colour for colour in CORPUS_COLOURS if colour not in taken] or list(CORPUS_COLOURS)
    places = iter(range(len(names)))
    return {name: chosen[name] if name in chosen else free[next(places) % len(free)] for name in names}


def ink_on(colour: str) -> str:
    """The text colour that reads best on a colour written #rrggbb: WCAG's contrast, black or white."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return "#10181f" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


def ordered(theme: Theme, count: int) -> list[str]:
    """`count` colours from least to most, along the theme's steps; its strongest but one for a single
    colour.
    """
    last = len(theme.steps) - 1
    places = [last * i / (count - 1) for i in range(count)] if count > 1 else [last - 1.0]
    return [
        _between(theme.steps[int(place)], theme.steps[min(int(place) + 1, last)], place % 1)
        for place in places
    ]


def _between(one: str, other: str, share: float) -> str:
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
