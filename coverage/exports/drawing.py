"""A drawing of boxes and lines of text, and the same drawing as SVG and as PNG. Knows nothing of ATT&CK.

Both forms come from one list of shapes, so they cannot differ. The unit is a quarter of a millimetre.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from coverage.exports.lettering import BOLD, REGULAR, font, width
from coverage.palette import FONT

UNITS_A_MILLIMETRE = 4
PIXELS_A_UNIT = 2  # 203 dots an inch
_CONTROL = dict.fromkeys(
    [*range(32), 127, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], " "
)  # XML has no such signs


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, with an outline where `line` is a colour."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text; `y` is its baseline, `anchor` start, middle or end."""

    x: float
    y: float
    text: str
    size: float
    ink: str
    bold: bool = False
    anchor: str = "start"


@dataclass
class Drawing:
    """Shapes on a sheet of paper, the first drawn first. `title` and `about` are for people who cannot see
    it.
    """

    width: float
    height: float
    title: str
    about: str
    paper: str
    shapes: list[Box | Line] = field(default_factory=list)

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, line: str | None = None
    ) -> None:
        self.shapes.append(Box(x, y, width, height, fill, line))

    def line(
        self, x: float, y: float, text: str, size: float, ink: str, bold: bool = False, anchor: str = "start"
    ) -> None:
        self.shapes.append(Line(x, y, text.translate(_CONTROL), size, ink, bold, anchor))


def svg(drawing: Drawing, *, inline: bool = False) -> str:
    """The drawing as SVG. `inline`: to stand in an HTML page, without the XML head and as wide as its place.

    Every line of text says how wide it is, so that it keeps to its cell in any typeface.
    """
    wide, high = drawing.width / UNITS_A_MILLIMETRE, drawing.height / UNITS_A_MILLIMETRE
    size = 'width="100%"' if inline else f'width="{_short(wide)}mm" height="{_short(high)}mm"'
    head = "" if inline else '<?xml version="1.0" encoding="UTF-8"?>\n'
    return "".join(
        (
            head,
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {_short(drawing.width)} '
            f'{_short(drawing.height)}" '
            'role="img" '
            f"font-family='{escape(FONT)}'>\n<title>{_text(drawing.title)}</title>\n<desc>{_text(drawing.about)}</desc>\n"
            f'<rect width="100%" height="100%" fill="{drawing.paper}"/>\n',
            *_elements(drawing),
            "</svg>\n",
        )
    )


def _elements(drawing: Drawing) -> Iterator[str]:
    for shape in drawing.shapes:
        if isinstance(shape, Box):
            outline = f' stroke="{shape.line}"' if shape.line else ""
            places = (
                f'x="{_short(shape.x)}" y="{_short(shape.y)}" width="{_short(shape.width)}" '
                f'height="{_short(shape.height)}"'
            )
            yield f'<rect {places} fill="{shape.fill}"{outline}/>\n'
        elif shape.text.strip():
            weight = ' font-weight="bold"' if shape.bold else ""
            anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
            wide = _short(width(shape.text, shape.size, BOLD if shape.bold else REGULAR))
            yield (
                f'<text x="{_short(shape.x)}" y="{_short(shape.y)}" font-size="{_short(shape.size)}" '
                f'fill="{shape.ink}"{weight}{anchor} '
                f'textLength="{wide}" lengthAdjust="spacingAndGlyphs">{_text(shape.text)}</text>\n'
            )


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    return escape(text.translate(_CONTROL), quote=False)


def png(drawing: Drawing) -> bytes:
    """The drawing as PNG at 203 dots an inch, drawn by Pillow: no browser and no font of the machine takes
    part.
    """
    from PIL import Image, ImageDraw

    scale = PIXELS_A_UNIT
    image = Image.new("RGB", (round(drawing.width * scale), round(drawing.height * scale)), drawing.paper)
    draw = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        if isinstance(shape, Box):
            right, low = (shape.x + shape.width) * scale, (shape.y + shape.height) * scale
            draw.rectangle(
                (round(shape.x * scale), round(shape.y * scale), round(right), round(low)),
                shape.fill,
                shape.line,
                scale,
            )
        else:
            letters = font(round(shape.size * scale), BOLD if shape.bold else REGULAR)
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            draw.text(
                (round(shape.x * scale), round(shape.y * scale)), shape.text, shape.ink, letters, anchor
            )
    data = io.BytesIO()
    dots = UNITS_A_MILLIMETRE * scale * 25.4
    image.save(data, "PNG", dpi=(dots, dots), compress_level=3)
    return data.getvalue()
