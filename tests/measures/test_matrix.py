"""The matrix as a measure: its order and values, and every cell lists as many rules as its number says."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, zip_longest

import openpyxl
import pytest

from coverage.charts.matrix import CELL, MOST_RULES, cards, matrix_data
from coverage.charts.theme import LIGHT
from coverage.exports.content import Content
from coverage.exports.drawing import Line
from coverage.exports.navigator import MOST_RULES as MOST_IN_A_LAYER
from coverage.exports.navigator import coverage_layer
from coverage.exports.picture import matrix_drawing
from coverage.exports.workbook import workbook
from coverage.frames import checked
from coverage.loaders import CorpusSource, load
from coverage.measures import coverage_by_placement, coverage_by_tactic, gaps
from coverage.measures.cell import CELL_MEASURES, FILE_MEASURES, PAGE_MEASURES
from coverage.measures.frames import MATRIX_CELLS
from coverage.measures.matrix import (
    IN_FORCE,
    MARKS,
    OVER,
    cell_rules,
    first_rules,
    mark_keys,
    matrix_cells,
    matrix_columns,
    matrix_tactics,
    with_status,
)
from coverage.palette import KINDS
from coverage.project.accepted_gaps import NO_ENTRIES, Accepted, Entry
from coverage.reading import Reading
from coverage.scope import View
from coverage.tables import PROJECT
from coverage.vocabulary import GAP_TYPES, ROLLUPS, SEVERITIES, parent_of
from tests.helpers import small
from tests.helpers.exporting import content, placements
from tests.helpers.small import DAY, E18, E19

Place = tuple[str, str]  # tactic ID, ATT&CK ID


@pytest.fixture(scope="module")
def example() -> Reading:
    return small.read_embedded(load([CorpusSource("example", PROJECT / "rules")]), E19)


@pytest.fixture(scope="module", params=["example", pytest.param("elastic", marks=pytest.mark.corpora)])
def reading(request, example, shared) -> Reading:
    if request.param == "example":
        return example
    return small.elastic_reading(shared("corpora", "elastic"), E19)


@pytest.fixture(scope="module", params=ROLLUPS)
def view(request, reading) -> View:
    return reading.view(on=DAY, rollup=request.param)


def counted_apart(view: View) -> dict[Place, set[str]]:
    """The rules of each cell in plain Python: those placed there and, but under `direct`, below it."""
    found: dict[Place, set[str]] = defaultdict(set)
    columns = (view.placed[name].tolist() for name in ("tactic_id", "attack_id", "rule_key"))
    for tactic_id, attack_id, rule_key in zip(*columns, strict=True):
        found[tactic_id, attack_id].add(rule_key)
        parent = parent_of(attack_id)
        if parent and view.scope.rollup != "direct":
            found[tactic_id, parent].add(rule_key)
    return found


def numbers(view: View) -> dict[Place, int]:
    """The number of rules in each cell."""
    cells = coverage_by_placement(view)
    places = zip(cells["tactic_id"].tolist(), cells["attack_id"].tolist(), strict=True)
    return dict(zip(places, cells["rules"].tolist(), strict=True))


def drawn(data: dict) -> Iterator[tuple[Place, dict]]:
    """((tactic ID, ID), what the page draws) of each cell."""
    for values in data["cells"]:
        cell = dict(zip(CELL, values, strict=True))
        yield (data["tactics"][cell["x"]]["id"], cell["attack_id"]), cell


def page_cells(view: View) -> Iterator[tuple[Place, dict, list[str]]]:
    """((tactic ID, ID), what is drawn, names of the rules on its card) of each cell of the page."""
    data = matrix_data(matrix_cells(view), matrix_tactics(view), LIGHT, cards=cards(view))
    for place, cell in drawn(data):
        yield place, cell, [data["rules"][nth][1] for nth in cell["rules"]]


# ---- the rules of a cell ---------------------------------------------------------------------------------


def test_a_cell_has_as_many_rules_as_its_number(view):
    wanted, rules = counted_apart(view), cell_rules(view)
    assert {place: number for place, number in numbers(view).items() if number} == {
        place: len(keys) for place, keys in wanted.items() if place in numbers(view)
    }
    names = dict(zip(view.rules["rule_key"].tolist(), view.rules["name"].tolist(), strict=True))
    for place, number in numbers(view).items():
        listed = rules.get(place, [])
        assert len(listed) == number, place
        assert sorted(name for name, _ in listed) == sorted(names[key] for key in wanted.get(place, ())), (
            place
        )


def test_the_card_of_the_page_lists_as_many_as_the_number(view):
    """Under `direct` it listed rules in 55 cells of the example rules whose number is 0."""
    wanted, seen = numbers(view), 0
    for place, cell, names in page_cells(view):
        assert len(names) + cell["more"] == wanted[place], (place, cell)
        assert len(names) == min(wanted[place], MOST_RULES)
        assert cell["number"] == str(wanted[place])
        if wanted[place]:
            assert cell["facts"][0].startswith(f"{wanted[place]:,} rule")
        else:
            assert "Open: no rule in scope" in cell["open"] and cell["facts"] == []
        seen += 1
    assert seen == len(wanted)


def test_a_layer_lists_as_many_as_the_number(view):
    wanted, listed = numbers(view), {}
    for place, entry in placements(coverage_layer(view), view):
        values = [pair["value"] for pair in entry["metadata"] if pair["name"] == "Rule"]
        more = [
            int(match[1].replace(",", "")) for v in values if (match := re.fullmatch(r"and ([\d,]+) more", v))
        ]
        listed[place] = len(values) - len(more) + sum(more)
        assert entry["score"] == wanted[place] and len(values) <= MOST_IN_A_LAYER + 1
    assert listed == {place: number for place, number in wanted.items() if number}


def test_workbook_and_picture_have_the_number(view, reading):
    wanted = numbers(view)
    order = [(column.tactic_id, one) for column in matrix_columns(view) for one in column.cells["attack_id"]]
    # read_only: of the sheets, only this one is parsed
    book = openpyxl.load_workbook(io.BytesIO(workbook(Content(reading, view))), read_only=True)
    rows = book["Matrix"].iter_rows(min_row=3, values_only=True)
    columns = list(zip_longest(*rows))[1::2]
    in_sheet = [value for column in columns for value in column if value is not None]
    lines = [shape for shape in matrix_drawing(view).shapes if isinstance(shape, Line)]
    drawn = [int(line.text.replace(",", "")) for line in lines if line.bold and line.anchor == "end"]
    assert in_sheet == drawn == [wanted[place] for place in order]


def test_page_and_files_name_the_same_rules_each_in_its_order(view):
    """A file: those on the very ID first, each part by name. A card: the severest first, then the most
    specific.
    """
    rules = view.rules.set_index("rule_key")
    names, severity = rules["name"].to_dict(), rules["severity"].fillna("").to_dict()
    listed, on_cards = cell_rules(view), first_rules(view)
    ids = view.placed.groupby("rule_key")["attack_id"].nunique().to_dict()
    rank = {name: -nth for nth, name in enumerate(SEVERITIES)}
    assert set(listed) == set(on_cards)
    for place, keys in on_cards.items():
        assert sorted(names[key] for key in keys) == sorted(name for name, _ in listed[place])
        ranks = [(rank.get(severity[key], 1), ids[key], names[key]) for key in keys]
        assert ranks == sorted(ranks), place
    for place, _, shown in page_cells(view):
        assert shown == [names[key] for key in on_cards.get(place, [])[:MOST_RULES]]
    layer = dict(placements(coverage_layer(view), view))
    for place, entry in layer.items():
        written = [pair["value"] for pair in entry["metadata"] if pair["name"] == "Rule"]
        if written:
            assert written[0][:40] == " ".join(listed[place][0][0].split())[:40], place
    direct = {(t, one, key) for t, one, key in view.placed[["tactic_id", "attack_id", "rule_key"]].values}
    key_of = dict(zip(view.rules["name"].tolist(), view.rules["rule_key"].tolist(), strict=True))
    if len(key_of) == len(view.rules):
        for place, rules in listed.items():
            ranks = [((*place, key_of[name]) not in direct, name) for name, _ in rules]
            assert ranks == sorted(ranks)


# ---- order and values ------------------------------------------------------------------------------------


def test_the_cells_are_a_frame_in_the_order_of_the_matrix(view):
    cells, placed = checked(matrix_cells(view), MATRIX_CELLS), coverage_by_placement(view)
    assert list(cells) == list(MATRIX_CELLS.columns)
    assert cells.sort_index()[list(placed)].equals(placed)
    names = dict(zip(placed["attack_id"].tolist(), placed["name"].tolist(), strict=True))
    keys = [
        (row.x, names[parent_of(row.attack_id) or row.attack_id].casefold(), row.attack_id)
        for row in cells.itertuples()
    ]
    assert keys == sorted(keys)
    tactics = coverage_by_tactic(view)
    shown = tactics.loc[tactics["total"] > 0, ["tactic_id", "name"]].values.tolist()
    assert cells.drop_duplicates("x")[["tactic_id", "tactic"]].values.tolist() == shown
    work = dict(zip(gaps(view)["attack_id"].tolist(), gaps(view)["gap_type"].tolist(), strict=True))
    assert cells["gap_type"].fillna("").tolist() == [work.get(one, "") for one in cells["attack_id"]]


def test_the_files_have_the_techniques_in_the_order_of_the_page(example):
    view = example.view(on=DAY)
    cells = matrix_cells(view)
    techniques = cells.loc[~cells["is_subtechnique"], "attack_id"].tolist()
    in_files = [column.cells["attack_id"] for column in matrix_columns(view)]
    assert list(chain.from_iterable(in_files)) == techniques
    shown = [cell["attack_id"] for _, cell, _ in page_cells(view) if not cell["is_subtechnique"]]
    assert shown == techniques


def test_a_scope_without_techniques_has_no_cell():
    nothing = content(E18, platforms=("No such platform",)).view
    assert matrix_cells(nothing).empty and matrix_columns(nothing) == []
    assert list(page_cells(nothing)) == [] and cell_rules(nothing) == {}


# ---- the table -------------------------------------------------------------------------------------------


def test_page_and_files_offer_what_they_offered():
    assert list(PAGE_MEASURES) == ["rules", "score", "depth", "platforms", "severity", "gap", "status"]
    assert list(FILE_MEASURES) == ["rules", "score", "depth", "share", "platforms", "covered"]
    assert set(PAGE_MEASURES) | set(FILE_MEASURES) == set(CELL_MEASURES)
    columns = {measure.column for measure in CELL_MEASURES.values()}
    assert columns <= {*MATRIX_CELLS.columns, "status"}


@pytest.mark.parametrize("name", CELL_MEASURES)
def test_every_band_has_a_name_and_a_colour(name):
    measure = CELL_MEASURES[name]
    assert len(measure.colours(LIGHT)) == len(measure.labels) + 1 == len(measure.percent_labels) + 1
    assert len(set(measure.colours(LIGHT))) == len(measure.labels) + 1
    assert measure.title and measure.unit and (not measure.on_page or (measure.form and measure.number))


def test_values_that_are_words_have_a_band_each():
    severity, work = CELL_MEASURES["severity"], CELL_MEASURES["gap"]
    assert [severity.band(name) for name in SEVERITIES] == [1, 2, 3, 4, 5] and severity.band(
        float("nan")
    ) == 0
    assert [work.band(name) for name in GAP_TYPES] == [1, 2, 3, 4, 5, 6] and work.band(float("nan")) == 0
    assert work.colours(LIGHT)[1:] == [KINDS[name] for name in GAP_TYPES]


def test_the_number_in_a_cell_of_the_page():
    """Two rules on LSASS memory (b, critical, and c), which Windows alone has; nothing on T1020."""
    view = small.view(E18)
    cells = with_status(matrix_cells(view), view).set_index("attack_id")
    rows = {name: next(cells.loc[[name]].itertuples()) for name in ("T1003.001", "T1020")}
    written = {name: [one.in_cell(row) for one in PAGE_MEASURES.values()] for name, row in rows.items()}
    assert written == {
        "T1003.001": ["2", "0.75", "0.75", "100%", "critical", "covered", "2"],
        "T1020": ["0", "0.00", "0.00", "0%", "open", "new rule", "0"],
    }


# ---- marks -----------------------------------------------------------------------------------------------


def accepted(**until) -> Accepted:
    entries = {
        (attack_id, ""): Entry(attack_id, "accepted", "a <b>", "me", until=last)
        for attack_id, last in until.items()
    }
    return Accepted(by_place=entries)


def test_page_and_files_mark_a_cell_with_the_same_sign():
    """T1020 is accepted, T1123 was, T1003 is covered."""
    view = small.view(E18)
    said = accepted(T1020=None, T1123=DAY.replace(day=30), T1003=None)
    cells = matrix_cells(view, said)
    cells = cells[~cells["is_subtechnique"]]
    signs = {row.attack_id: (row.sign, row.mark) for row in cells.itertuples() if row.sign}
    assert signs == {
        "T1020": (IN_FORCE, "accepted: a <b>"),
        "T1123": (OVER, "accepted until 2026-03-30, expired: a <b>"),
    }
    data = matrix_data(cells, matrix_tactics(view), LIGHT)
    page = {place[1]: cell for place, cell in drawn(data)}
    assert {one: cell["sign"] for one, cell in page.items() if cell["sign"]} == {
        one: sign for one, (sign, _) in signs.items()
    }
    assert page["T1123"]["open"][0] == f"{OVER} accepted until 2026-03-30, expired: a <b>"
    assert page["T1020"]["open"][0] == f"{IN_FORCE} accepted: a <b>"
    assert page["T1020"]["spoken"].endswith("accepted: a <b>")
    lines = [shape.text for shape in matrix_drawing(view, "rules", said).shapes if isinstance(shape, Line)]
    assert [text for text in lines if text in MARKS] == [row.sign for row in cells.itertuples() if row.sign]
    for key in ("◊ accepted or planned gap", "◊! accepted, expired"):
        assert key in data["signs"] and key in lines


def test_the_legend_names_the_signs_that_are_drawn():
    assert mark_keys({"", IN_FORCE}) == ["◊ accepted or planned gap"]
    assert mark_keys({OVER}) == ["◊! accepted, expired"] and mark_keys({""}) == []
    cells = matrix_cells(small.view(E18), NO_ENTRIES)
    assert set(cells["sign"]) == set(cells["mark"]) == {""}
