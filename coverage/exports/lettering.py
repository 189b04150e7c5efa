"""Letters: the one typeface that pictures are measured and drawn with, and text broken into lines that fit.

The dashboard's own typeface (Source Sans, which Streamlit brings), else the one inside Pillow, so that the
same picture comes out on any machine. Knows no matrix.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

REGULAR, BOLD = 400, 650
_MEASURED_AT = 64  # widths are kept for one size and scaled: a typeface's widths grow with its size


@cache
def font_file() -> Path | None:
    """The dashboard's typeface, or None where Streamlit does not bring it (any more)."""
    streamlit = find_spec("streamlit")  # finds the folder, imports nothing
    folder = Path(streamlit.origin).parent if streamlit and streamlit.origin else None
    return (
        min(folder.glob("static/static/media/SourceSansVF-Upright*.woff2"), default=None) if folder else None
    )


@cache
def font(size: int, weight: int = REGULAR) -> ImageFont.FreeTypeFont:
    """The typeface at a size in pixels."""
    layout = ImageFont.Layout.BASIC  # no shaping library: the same everywhere, and faster
    try:
        found = ImageFont.truetype(str(font_file()), size, layout_engine=layout) if font_file() else None
        if found is not None:
            found.set_variation_by_axes([weight])
            return found
    except OSError:  # a FreeType without WOFF2, or without variable fonts
        pass
    return ImageFont.load_default(size).font_variant(size=size, layout_engine=layout)


@lru_cache(maxsize=4096)
def _width(text: str, weight: int) -> float:
    return font(_MEASURED_AT, weight).getlength(text) / _MEASURED_AT


def width(text: str, size: float, weight: int = REGULAR) -> float:
    """How wide a line of text is, in the unit of `size`."""
    return _width(text, weight) * size


def wrapped(text: str, room: float, size: float, most: int, weight: int = REGULAR) -> list[str]:
    """The text in at most `most` lines no wider than `room`; what does not fit ends in an ellipsis."""
    lines, left = (
        [],
        re.findall(r"[^\s/-]*[/-]|[^\s/-]+|\s+", " ".join(text.split())),
    )  # words, and the parts of a/b
    while left and len(lines) < most:
        count = _parts_that_fit(left, room, size, weight)
        lines.append("".join(left[:count]).strip())
        left = left[count + (left[count : count + 1] == [" "]) :]
    if left and lines:
        lines[-1] = f"{lines[-1]} {left[0]}"
    return [
        _cut(line, room, size, weight, bool(left) and place == len(lines) - 1)
        for place, line in enumerate(lines)
    ]


def _parts_that_fit(parts: list[str], room: float, size: float, weight: int) -> int:
    count = 1
    while count < len(parts) and width("".join(parts[: count + 1]).rstrip(), size, weight) <= room:
        count += 1
    return count


def _cut(line: str, room: float, size: float, weight: int, always: bool) -> str:
    if not always and width(line, size, weight) <= room:
        return line
    while line and width(f"{line}…", size, weight) > room:
        line = line[:-1].rstrip()
    return f"{line}…"
