"""The picture: every cell with its number and colour, within the sheet, the same as SVG and as PNG."""

from __future__ import annotations

import io
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageFont

from coverage.exports.cells import legend
from coverage.exports.drawing import Box, Drawing, Line, png, svg
from coverage.exports.lettering import BOLD, REGULAR, font, font_file, width, wrapped
from coverage.exports.picture import A3, matrix_drawing, matrix_png, matrix_svg
from coverage.measures import coverage_by_placement, summary
from coverage.measures.cell import FILE_MEASURES
from coverage.measures.matrix import MARKS, matrix_cells, matrix_columns
from coverage.palette import LIGHT
from coverage.project.accepted_gaps import Accepted, accepted_in
from tests.helpers import small
from tests.helpers.exporting import content, hostile, made
from tests.helpers.small import E18, E19

SVG = "{http://www.w3.org/2000/svg}"


def texts(data: bytes) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(data).iter(f"{SVG}text")]


def test_the_cells_stand_as_on_the_page():
    view = small.view(E19, pre=True)
    cells = matrix_cells(view)
    page = cells[~cells["is_subtechnique"]]
    mine = [
        (column.tactic_id, attack_id)
        for column in matrix_columns(view)
        for attack_id in column.cells["attack_id"]
    ]
    assert mine == list(zip(page["tactic_id"], page["attack_id"], strict=True))


@pytest.mark.parametrize("release", [E18, E19])
@pytest.mark.parametrize("measure", FILE_MEASURES)
def test_every_cell_is_drawn_with_its_colour_and_number(release, measure):
    view, chosen = small.view(release), FILE_MEASURES[measure]
    drawing = matrix_drawing(view, measure)
    columns = matrix_columns(view)
    values = [float(value) for column in columns for value in column.cells[chosen.column]]
    boxes = [shape for shape in drawing.shapes if isinstance(shape, Box)]
    colours = chosen.colours(LIGHT)
    assert [box.fill for box in boxes[len(legend(chosen)) + 1 :]] == [
        colours[chosen.band(value)] for value in values
    ]
    numbers = [
        shape.text
        for shape in drawing.shapes
        if isinstance(shape, Line) and shape.bold and shape.anchor == "end"
    ]
    assert numbers == [chosen.text(value) for value in values]


@pytest.mark.parametrize("release", [E18, E19])
def test_everything_is_on_the_sheet_and_nothing_overlaps(release):
    view = small.view(release, pre=True)
    drawing = matrix_drawing(view)
    assert (drawing.width, drawing.height) == A3
    for shape in drawing.shapes:
        if isinstance(shape, Box):
            assert shape.x >= 0 and shape.x + shape.width <= A3[0] and shape.y + shape.height <= A3[1]
        else:
            wide = width(shape.text, shape.size, BOLD if shape.bold else REGULAR)
            left = shape.x - {"start": 0, "middle": wide / 2, "end": wide}[shape.anchor]
            assert left >= 0 and left + wide <= A3[0] and 0 < shape.y <= A3[1]
            assert shape.size >= 7  # five points
    cells = [shape for shape in drawing.shapes if isinstance(shape, Box)][
        len(legend(FILE_MEASURES["rules"])) + 1 :
    ]
    assert len(cells) == (~coverage_by_placement(view)["is_subtechnique"]).sum()
    for one, other in pairwise(cells):
        assert other.x > one.x or other.y >= one.y + one.height


def test_the_svg_says_what_it_is_and_in_which_scope():
    view = small.view(E18)
    data = matrix_svg(view)
    root = ElementTree.fromstring(data)
    assert (root.get("width"), root.get("height"), root.get("role")) == ("420mm", "297mm", "img")
    assert root.find(f"{SVG}title").text == "small: 9 of 197 (5%) techniques covered"
    shown = texts(data)
    told = summary(view)
    assert (
        f"small: {told['techniques']['covered']} of {told['techniques']['total']} (5%) techniques covered"
        in shown
    )
    assert (
        any(view.scope.sentence() in text and "2026-03-31" in text for text in shown)
        and view.scope.corpora_sentence() in shown
    )
    assert {"open", "1", "2", "3-6", "7-14", "15+"} <= set(shown)
    heads = [
        f"{row['covered']} of {row['total']} ({row['covered'] / row['total']:.0%})"
        for row in told["tactics"]
        if row["total"]
    ]
    assert [text for text in shown if text in set(heads)] == heads


def test_no_text_breaks_out_of_the_svg():
    state = hostile()
    evil = made([], [], corpus="<script>alert(1)</script>&\x07\"'")
    for data in (
        matrix_svg(state.view),
        matrix_svg(evil.view),
        svg(matrix_drawing(evil.view), inline=True).encode(),
    ):
        tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(data).iter()}
        assert tags == {"svg", "title", "desc", "rect", "text"}
    assert any("<script>alert(1)</script>" in text for text in texts(matrix_svg(evil.view)))


def test_the_png_is_the_sheet_at_203_dots_an_inch():
    drawing = matrix_drawing(small.view(E18))
    image = Image.open(io.BytesIO(png(drawing)))
    assert image.size == (3360, 2376) and image.info["dpi"] == pytest.approx((203.2, 203.2), abs=0.1)
    for box in [shape for shape in drawing.shapes if isinstance(shape, Box)][:40]:
        corner = round((box.x + 2) * 2), round((box.y + 2) * 2)
        assert "#{:02x}{:02x}{:02x}".format(*image.getpixel(corner)) == box.fill
    ink = sum(image.convert("L").crop((0, 0, 3360, 130)).histogram()[:100])
    assert ink > 2_000  # the title is there


def test_the_letters_are_the_dashboard_s_and_fit_their_lines():
    assert font_file() is not None and font(20).getname()[0].startswith("SourceSans")
    assert width("Persistence", 10, BOLD) > width("Persistence", 10) > 0
    assert width("Persistence", 20) == pytest.approx(2 * width("Persistence", 10))
    lines = wrapped("Virtualization/Sandbox Evasion", 90, 10, 3)
    assert lines == ["Virtualization/", "Sandbox Evasion"]
    assert wrapped("Adversary-in-the-Middle", 70, 10, 2) == ["Adversary-in-", "the-Middle"]
    assert wrapped("one two three four", 30, 10, 1)[0].endswith("…")
    assert wrapped("", 30, 10, 2) == [] and wrapped("word", 400, 10, 2) == ["word"]
    for text in ("Unused/Unsupported Cloud Regions", "x" * 80, "a b c d e f g h"):
        assert all(width(line, 9) <= 60 for line in wrapped(text, 60, 9, 2))


def test_it_is_drawn_without_the_dashboard_s_letters_too(monkeypatch):
    font.cache_clear()
    monkeypatch.setattr("coverage.exports.lettering.font_file", lambda: None)
    try:
        assert isinstance(font(18), ImageFont.FreeTypeFont) and not font(18).getname()[0].startswith(
            "SourceSans"
        )
        assert len(png(Drawing(100, 40, "t", "a", "#ffffff", [Line(4, 20, "Text", 12, "#000000")]))) > 100
    finally:
        font.cache_clear()


def test_the_same_view_gives_the_same_bytes():
    view, again = small.view(E18), small.reading(E18).view(on=small.DAY)
    assert matrix_svg(view) == matrix_svg(again) and matrix_png(view) == matrix_png(again)


def accepted(tmp_path, release: str = E18) -> Accepted:
    """T1020 is accepted, T1119 planned, T1123 over; T1098 is accepted in one of its tactics, and T1003 is
    covered.
    """
    entries = (
        ("T1020", "accepted", ""),
        ("T1119", "planned", ""),
        ("T1123", "accepted", "until = 2026-03-30"),
        ("T1098", "accepted", 'tactic = "Persistence"'),
        ("T1003", "accepted", ""),
    )
    text = "".join(
        f'[[gap]]\nid = "{one}"\nstate = "{state}"\nreason = "r"\nowner = "o"\n{more}\n'
        for one, state, more in entries
    )
    (tmp_path / "gaps.toml").write_text(text, encoding="utf-8")
    return accepted_in([tmp_path / "gaps.toml"], small.reading(release).reader)


def test_open_accepted_cells_are_marked(tmp_path):
    view, said = small.view(E18), accepted(tmp_path)
    signs = {
        (column.tactic_id, one): sign
        for column in matrix_columns(view, said)
        for one, sign in zip(column.cells["attack_id"], column.cells["sign"], strict=True)
        if sign
    }
    assert signs == {
        ("TA0010", "T1020"): "◊",
        ("TA0009", "T1119"): "◊",
        ("TA0009", "T1123"): "◊!",
        ("TA0003", "T1098"): "◊",
    }
    marked, plain = texts(matrix_svg(view, "rules", said)), texts(matrix_svg(view))
    assert (marked.count("◊"), marked.count("◊!")) == (3, 1) and not any("◊" in text for text in plain)
    assert [text for text in marked if text not in plain] == [
        "◊ accepted or planned gap",
        "◊! accepted, expired",
        *(sign for sign in marked if sign in ("◊", "◊!")),
    ]


@pytest.mark.parametrize("measure", FILE_MEASURES)
def test_no_sign_stands_on_a_number_or_a_name(tmp_path, measure):
    for rollup in ("any", "share"):
        lines = [
            shape
            for shape in matrix_drawing(small.view(E18, rollup=rollup), measure, accepted(tmp_path)).shapes
            if isinstance(shape, Line)
        ]
        key = max(
            (line for line in lines if line.text.startswith("◊") and len(line.text) > 2),
            key=lambda line: line.x,
        )
        how = next(line for line in lines if line.text.startswith("In a cell"))
        assert key.x + width(key.text, key.size) < how.x - width(how.text, how.size)
        for place, sign in enumerate(lines):
            if sign.text in ("◊", "◊!"):
                number = lines[place - 1]
                assert number.y == sign.y and sign.x <= number.x - width(number.text, number.size, BOLD)
                names = [
                    line
                    for line in lines[place - 6 : place - 1]
                    if line.anchor == "start" and abs(line.y - sign.y) < 20
                ]
                assert names and all(
                    line.x + width(line.text, line.size) <= sign.x - width(sign.text, sign.size)
                    for line in names
                )


def test_the_drawing_is_kept_for_what_is_marked(tmp_path):
    view, said = small.view(E18), accepted(tmp_path)
    plain, marked = matrix_svg(view), matrix_svg(view, "rules", said)
    assert plain != marked and (matrix_svg(view), matrix_svg(view, "rules", said)) == (plain, marked)
    assert (
        matrix_drawing(view, "rules", said)
        is matrix_drawing(view, "rules", accepted(tmp_path))
        is not matrix_drawing(view)
    )
    again = small.reading(E18).view(on=small.DAY)
    assert matrix_png(again, "rules", said) == matrix_png(view, "rules", said) != matrix_png(view)


def test_the_letters_have_every_sign():
    """One that they do not have is a box, as every other that they do not have."""
    for sign in {sign for signs in MARKS for sign in signs}:
        assert bytes(font(40).getmask(sign)) != bytes(font(40).getmask("\uffff"))


def test_a_view_without_rules_or_techniques_is_a_picture_too():
    assert "0 of 197 (0%)" in "".join(texts(matrix_svg(made([], []).view)))
    nothing = content(E18, platforms=("No such platform",)).view
    assert "No technique is in scope." in texts(matrix_svg(nothing))
