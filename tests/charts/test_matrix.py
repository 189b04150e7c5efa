"""What the browser draws of the matrix equals its frame; bands, cards and spoken names."""

from __future__ import annotations

import json

import pytest

from coverage.charts.matrix import CELL, MOST_RULES, cards, coverage_data, matrix_data
from coverage.charts.theme import DARK, LIGHT
from coverage.measures.cell import PAGE_MEASURES, quantile_bands
from coverage.measures.matrix import matrix_cells, matrix_tactics, with_status
from coverage.project.accepted_gaps import NO_ENTRIES, Accepted
from tests.helpers import small
from tests.helpers.small import E18


@pytest.fixture(scope="module")
def view():
    return small.view(E18)


def drawn(data: dict) -> list[dict]:
    return [dict(zip(CELL, cell, strict=True)) for cell in data["cells"]]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", PAGE_MEASURES)
def test_every_cell_of_the_frame_is_drawn_in_its_band(view, name, theme):
    cells, measure = with_status(matrix_cells(view), view), PAGE_MEASURES[name]
    data = matrix_data(cells, matrix_tactics(view), theme, measure, cards(view))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    found = drawn(data)
    assert [cell["attack_id"] for cell in found] == cells["attack_id"].tolist()
    assert [cell["band"] for cell in found] == [measure.band(v) for v in cells[measure.column].tolist()]
    assert [bool(cell["is_open"]) for cell in found] == (cells["rules"] == 0).tolist()
    known = {entry["band"] for entry in data["bands"] if not entry["open"]}
    assert {cell["band"] for cell in found if not cell["is_open"]} <= known


def test_the_matrix_of_a_view_is_made_once_for_each_way_to_look_at_it(view):
    made = coverage_data(view, NO_ENTRIES, LIGHT, "rules", True)
    assert made == matrix_data(matrix_cells(view), matrix_tactics(view), LIGHT, "rules", cards(view))
    assert coverage_data(view, Accepted(), LIGHT, "rules", True) is made
    others = [
        coverage_data(view, NO_ENTRIES, DARK, "rules", True),
        coverage_data(view, NO_ENTRIES, LIGHT, "score", True),
        coverage_data(view, NO_ENTRIES, LIGHT, "status"),
    ]
    assert len({made["id"], *(other["id"] for other in others)}) == 4


def test_a_card_leads_with_what_is_open_and_counts_its_rules(view):
    cells = matrix_cells(view)
    data = matrix_data(cells, matrix_tactics(view), LIGHT, "rules", cards(view))
    for cell, rules in zip(drawn(data), cells["rules"].tolist(), strict=True):
        assert len(cell["rules"]) + cell["more"] == rules and len(cell["rules"]) <= MOST_RULES
        assert ("Open: no rule in scope" in cell["open"]) == (rules == 0)
        assert cell["spoken"].startswith(f"{cell['attack_id']} {cell['name']}, ")


def test_bands_by_quantiles_hold_every_value_once():
    bands = quantile_bands([0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55])
    assert [band.label for band in bands] == ["1", "2-3", "5-8", "13-21", "34-55"]
    assert quantile_bands([0, 0]) == () and [b.label for b in quantile_bands([4, 4, 4])] == ["4"]
