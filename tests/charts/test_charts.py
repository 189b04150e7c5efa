"""Charts: what a figure shows equals the frame it was made from; titles, labels and legends are there."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from coverage.charts import bars
from coverage.charts.matrix import CELL, cards, matrix_data
from coverage.charts.theme import DARK, LIGHT
from coverage.loaders import corpus_sources, load
from coverage.measures import (
    activity_by_month,
    coverage_by_tactic,
    severity_mix,
)
from coverage.measures.cell import PAGE_MEASURES
from coverage.measures.matrix import matrix_cells, with_status
from coverage.palette import KINDS, RULE_BANDS, SHARE_BANDS, band_of
from coverage.reading import read_in
from coverage.tables import PROJECT
from coverage.vocabulary import GAP_TYPES, GAP_WORK


@pytest.fixture(scope="module")
def view():
    return read_in(load(corpus_sources([str(PROJECT / "rules")]))).view(pre=True)


@pytest.fixture(scope="module")
def placements(view):
    return matrix_cells(view)


@pytest.fixture(scope="module")
def tactics(view):
    return coverage_by_tactic(view)


def drawn(data: dict) -> list[dict]:
    return [dict(zip(CELL, cell, strict=True)) for cell in data["cells"]]


def test_matrix_shows_each_technique_placement_once_in_tactic_order(placements, tactics):
    found = drawn(matrix_data(placements, tactics, LIGHT))
    assert [(cell["x"], cell["attack_id"]) for cell in found] == list(
        zip(placements["x"], placements["attack_id"], strict=True)
    )
    assert len({(cell["x"], cell["attack_id"]) for cell in found}) == len(found)
    order = placements.drop_duplicates("x").sort_values("x")["tactic_id"].tolist()
    assert order == tactics.sort_values("position")["tactic_id"].tolist()
    techniques = [cell for cell in found if not cell["is_subtechnique"]]
    assert len(techniques) == (~placements["is_subtechnique"]).sum()
    for x in range(len(order)):
        names = [cell["name"].casefold() for cell in techniques if cell["x"] == x]
        assert names and names == sorted(names)


def test_sub_techniques_come_right_below_their_technique(placements, tactics):
    found = drawn(matrix_data(placements, tactics, LIGHT))
    x = next(cell["x"] for cell in found if cell["attack_id"] == "T1059")
    ids = [cell["attack_id"] for cell in found if cell["x"] == x]
    start = ids.index("T1059")
    below = [i for i in ids if i.startswith("T1059.")]
    assert below and ids[start + 1 : start + 1 + len(below)] == sorted(below)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("shade", PAGE_MEASURES)
def test_matrix_equals_its_frame(view, placements, tactics, shade, theme):
    cells, measure = with_status(placements, view), PAGE_MEASURES[shade]
    data = matrix_data(cells, tactics, theme, shade)
    numbers = [cell["number"] for cell in drawn(data)]
    assert numbers == [measure.in_cell(row) for row in cells.itertuples()]
    assert len(data["tactics"]) == len(tactics)
    for head, row in zip(data["tactics"], tactics.sort_values("position").itertuples(), strict=True):
        assert head["id"] == row.tactic_id and f"{row.covered:.0f}/{row.total}" in head["figures"]
    labels = [entry["label"] for entry in data["bands"]]
    if measure.are_kinds:
        assert set(labels) == {
            "covered",
            *(GAP_WORK[name].lower() for name in cells["gap_type"].dropna().unique()),
        }
    else:
        assert labels[0] == "open" and labels[-len(measure.page_labels) :] == measure.page_labels


def test_open_cells_are_band_zero_and_the_number_is_in_the_cell(placements, tactics):
    found = drawn(matrix_data(placements, tactics, LIGHT))
    for cell, row in zip(found, placements.itertuples(), strict=True):
        assert cell["band"] == band_of(row.rules, RULE_BANDS)
        assert cell["number"] == str(row.rules)
        assert (cell["band"] == 0) == bool(cell["is_open"]) == (row.rules == 0)


def test_a_rule_name_stays_the_text_it_is(view, placements, tactics):
    """Nothing is escaped or parsed on the way: the browser puts it in as text."""
    name = '<a href="javascript:x">evil</a>'
    said = cards(view)
    place, keys = next((place, keys) for place, keys in said.rules.items() if keys)
    said = replace(said, names={**said.names, keys[0]: (name, "high")})
    data = matrix_data(placements, tactics, LIGHT, cards=said)
    assert ["high", name] in data["rules"]
    x = int(placements.loc[placements["tactic_id"] == place[0], "x"].iloc[0])
    cell = next(cell for cell in drawn(data) if (cell["x"], cell["attack_id"]) == (x, place[1]))
    assert data["rules"][cell["rules"][0]] == ["high", name]


@pytest.mark.parametrize(
    ("value", "bands", "band"),
    [
        (0, RULE_BANDS, 0),
        (1, RULE_BANDS, 1),
        (2, RULE_BANDS, 2),
        (3, RULE_BANDS, 3),
        (6, RULE_BANDS, 3),
        (7, RULE_BANDS, 4),
        (14, RULE_BANDS, 4),
        (15, RULE_BANDS, 5),
        (900, RULE_BANDS, 5),
        (0.0, SHARE_BANDS, 0),
        (0.01, SHARE_BANDS, 1),
        (0.2, SHARE_BANDS, 1),
        (0.21, SHARE_BANDS, 2),
        (1.0, SHARE_BANDS, 5),
    ],
)
def test_bands(value, bands, band):
    assert band_of(value, bands) == band


def test_steps_are_ordered_by_lightness_and_kinds_are_distinct():
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = [lightness(c) for c in LIGHT.steps], [lightness(c) for c in DARK.steps]
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)
    assert list(KINDS) == list(GAP_TYPES) and len(set(KINDS.values())) == len(KINDS)


def test_count_and_activity_bars_equal_their_frames(view):
    mix = severity_mix(view)
    assert mix.sum() == len(view.rules)
    assert list(bars.count_bars(mix, LIGHT, "t", "rules").data[0].x) == mix.tolist()
    months = activity_by_month(view)
    figure = bars.activity_bars(months, LIGHT, "t")
    assert list(figure.data[0].y) == months["created"].tolist()
    assert list(figure.data[1].y) == months["updated"].tolist()
    assert pd.to_datetime(figure.data[0].x[-1]).month == view.scope.date.month
