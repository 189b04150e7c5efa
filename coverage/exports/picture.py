"""The matrix as a picture for an A3 sheet, landscape: names and numbers in the cells, title, legend and
stamp.

A view in, a `Drawing` out; `drawing` turns it into SVG or PNG. Sub-techniques are folded: a cell says how
many of them have a rule.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from coverage.changes.sides import corpora_title
from coverage.exports.cells import legend, ratio
from coverage.exports.drawing import UNITS_A_MILLIMETRE, Drawing, png, svg
from coverage.exports.lettering import BOLD, width, wrapped
from coverage.frames import rows_of
from coverage.measures import coverage_by_id
from coverage.measures.cell import FILE_MEASURES, CellMeasure
from coverage.measures.matrix import MatrixColumn, mark_keys, matrix_columns
from coverage.palette import LIGHT, ink_on
from coverage.project.accepted_gaps import NO_ENTRIES, Accepted, Entry
from coverage.scope import View, once_a_view
from coverage.words import noun

A3 = (420 * UNITS_A_MILLIMETRE, 297 * UNITS_A_MILLIMETRE)
_EDGE = 32.0  # 8 mm, which printers leave white
_HEAD, _COLUMN_HEAD, _FOOT = 64.0, 40.0, 22.0
_LOW, _HIGH = 16.0, 40.0  # least and most height of a cell
_SIZES = (9.6, 9.0, 8.4, 7.8, 7.2)  # 6.8 to 5.1 points
_NUMBER = 27.0  # room for the numbers at a cell's right edge


def matrix_drawing(view: View, measure: str = "rules", accepted: Accepted = NO_ENTRIES) -> Drawing:
    """The matrix of a view on an A3 sheet, coloured by one of FILE_MEASURES.

    Open cells in `accepted` are marked. Made once for a view and `accepted`: nobody
    changes it.
    """
    return _drawn(view, measure, tuple(accepted.by_place.items()))


@once_a_view(most=2 * len(FILE_MEASURES))  # as it is and with marks
def _drawn(view: View, measure: str, entries: tuple[tuple[tuple[str, str], Entry], ...]) -> Drawing:
    columns = matrix_columns(view, Accepted(by_place=dict(entries)))
    chosen, ids = FILE_MEASURES[measure], coverage_by_id(view)
    techniques = ids[~ids["is_subtechnique"]]
    title = (
        f"{corpora_title(view)}: {ratio(techniques['covered'].sum(), len(techniques))} "
        f"{noun(len(techniques), 'technique')} covered"
    )
    drawing = Drawing(*A3, title, f"{view.scope.sentence()}. {view.scope.corpora_sentence()}", LIGHT.paper)
    _draw_head(drawing, title, chosen, {sign for column in columns for sign in column.cells["sign"]})
    most = max((len(column.cells) for column in columns), default=1)
    top = _EDGE + _HEAD + _COLUMN_HEAD
    high = min(_HIGH, (drawing.height - _EDGE - _FOOT - top) / most)
    wide = (drawing.width - 2 * _EDGE) / max(len(columns), 1)
    for place, column in enumerate(columns):
        _draw_column(drawing, column, chosen, (_EDGE + place * wide, top, wide - 3, high))
    _draw_foot(drawing, view, columns)
    return drawing


def matrix_svg(view: View, measure: str = "rules", accepted: Accepted = NO_ENTRIES) -> bytes:
    """The picture as SVG."""
    return svg(matrix_drawing(view, measure, accepted)).encode("utf-8")


def matrix_png(view: View, measure: str = "rules", accepted: Accepted = NO_ENTRIES) -> bytes:
    """The picture as PNG: 3360 x 2376 dots, 203 an inch."""
    return png(matrix_drawing(view, measure, accepted))


def _draw_head(drawing: Drawing, title: str, chosen: CellMeasure, signs: Collection[str]) -> None:
    (line,) = wrapped(title, drawing.width - 2 * _EDGE, 24, 1, BOLD)
    drawing.line(_EDGE, _EDGE + 20, line, 24, LIGHT.text, bold=True)
    x, y = _EDGE, _EDGE + 48
    entries = [("open", LIGHT.open), *legend(chosen)]
    drawing.line(x, y, f"{chosen.title} ({chosen.unit}):", 13, LIGHT.text, bold=True)
    x += width(f"{chosen.title} ({chosen.unit}):", 13, BOLD) + 12
    for label, colour in entries:
        drawing.box(x, y - 11, 14, 14, colour, LIGHT.faint)
        drawing.line(x + 20, y, label, 13, LIGHT.text)
        x += 20 + width(label, 13) + 18
    for key in mark_keys(signs):
        drawing.line(x, y, key, 13, LIGHT.text)
        x += width(key, 13) + 18
    how = "In a cell: the technique; its number; covered/all of its sub-techniques in that tactic."
    drawing.line(drawing.width - _EDGE, y, how, 13, LIGHT.text, anchor="end")


def _draw_foot(drawing: Drawing, view: View, columns: Sequence[MatrixColumn]) -> None:
    y = drawing.height - _EDGE
    stamp = f"{view.scope.sentence()}  ·  {view.scope.date.isoformat()}"
    drawing.line(_EDGE, y - 14, wrapped(stamp, drawing.width - 2 * _EDGE, 12, 1)[0], 12, LIGHT.text)
    if not columns:
        drawing.line(_EDGE, _EDGE + _HEAD + 20, "No technique is in scope.", 16, LIGHT.text)
    (corpora,) = wrapped(view.scope.corpora_sentence(), drawing.width - 2 * _EDGE, 12, 1)
    drawing.line(_EDGE, y, corpora, 12, LIGHT.text)


def _draw_column(
    drawing: Drawing, column: MatrixColumn, chosen: CellMeasure, frame: tuple[float, float, float, float]
) -> None:
    x, top, wide, high = frame
    names = wrapped(column.name, wide, 13, 2, BOLD)
    for nth, name in enumerate(names):
        drawing.line(
            x + wide / 2,
            top - 38 + 13 + nth * 13 - 13 * (len(names) - 1) / 2,
            name,
            13,
            LIGHT.text,
            bold=True,
            anchor="middle",
        )
    drawing.line(x + wide / 2, top - 6, ratio(column.covered, column.total), 11, LIGHT.text, anchor="middle")
    columns = ("name", "subtechniques", "subtechniques_covered", "sign", chosen.column)
    colours = chosen.colours(LIGHT)
    for nth, (name, subs, covered, sign, value) in enumerate(rows_of(column.cells, *columns)):
        fill = colours[chosen.band(value)]
        y, ink = top + nth * high, ink_on(fill)
        drawing.box(x, y, wide, high - 2.5, fill, LIGHT.faint)
        text, right, middle = chosen.text(float(value)), x + wide - 4, y + (high - 2.5) / 2
        room = max(_NUMBER, _beside(text) + width(sign, 11) + 2) if sign else _NUMBER
        _draw_name(drawing, name, (x + 4, y, wide - 8 - room, high - 2.5), ink)
        drawing.line(right, middle + (0.5 if subs else 4), text, 11, ink, bold=True, anchor="end")
        if sign:
            drawing.line(right - _beside(text), middle + (0.5 if subs else 4), sign, 11, ink, anchor="end")
        if subs:
            drawing.line(right, middle + 9, f"{covered}/{subs}", 8, ink, anchor="end")


def _beside(number: str) -> float:
    """How far left of a cell's right edge there is room beside its number."""
    return width(number, 11, BOLD) + 3


def _draw_name(drawing: Drawing, name: str, frame: tuple[float, float, float, float], ink: str) -> None:
    """The name in the largest size in which all of it fits, else cut in the smallest."""
    x, y, wide, high = frame
    for size in _SIZES:
        lines = wrapped(name, wide, size, max(1, int((high - 2) / (size * 1.06))))
        if not any(line.endswith("…") for line in lines):
            break
    start = y + (high - len(lines) * size * 1.06) / 2 + size * 0.84
    for nth, line in enumerate(lines):
        drawing.line(x, start + nth * size * 1.06, line, size, ink)
