"""Charts: what a figure shows equals the frame it was made from; titles, labels and legends are there."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.charts import bars
from coverage.charts.matrix import matrix_figure
from coverage.charts.theme import DARK, LIGHT
from coverage.loaders import corpus_sources, load
from coverage.measures import (
    activity_by_month,
    coverage_by_platform,
    coverage_by_tactic,
    severity_mix,
)
from coverage.measures.cell import PAGE_MEASURES
from coverage.measures.matrix import matrix_cells, shown_cells
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


def cells_trace(figure):
    return next(trace for trace in figure.data if trace.name == "cells")


def test_matrix_shows_each_technique_placement_once_in_tactic_order(view, placements):
    tactics = coverage_by_tactic(view)
    cells = shown_cells(placements)
    assert len(cells) == (~placements["is_subtechnique"]).sum()
    assert not cells.duplicated(["x", "y"]).any()
    order = cells.drop_duplicates("x").sort_values("x")["tactic_id"].tolist()
    assert order == tactics.sort_values("position")["tactic_id"].tolist()
    for _, column in cells.groupby("x"):
        assert column["y"].tolist() == list(range(len(column)))
        assert column["name"].str.casefold().is_monotonic_increasing


def test_unfolding_puts_sub_techniques_below_their_technique(placements):
    cells = shown_cells(placements, ["T1059"])
    column = cells[cells["tactic_id"] == "TA0002"].sort_values("y")
    ids = column["attack_id"].tolist()
    start = ids.index("T1059")
    below = [i for i in ids if i.startswith("T1059.")]
    assert below and ids[start + 1 : start + 1 + len(below)] == sorted(below)
    folded = shown_cells(placements)
    assert len(cells) == len(folded) + len(below)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("shade", PAGE_MEASURES)
def test_matrix_figure_equals_its_frame(view, placements, shade, theme):
    tactics = coverage_by_tactic(view)
    cells = shown_cells(placements)
    figure = matrix_figure(cells, tactics, theme, shade)
    targets = cells_trace(figure)
    assert list(zip(targets.customdata[:, 0], targets.customdata[:, 1], strict=True)) == list(
        zip(cells["attack_id"], cells["tactic_id"], strict=True)
    )
    fill = next(trace for trace in figure.data if trace.type == "heatmap" and trace.text is not None)
    drawn = sum(value is not None for row in fill.z for value in row)
    assert drawn == len(cells)
    heads = [annotation.text for annotation in figure.layout.annotations]
    assert len(heads) == len(tactics)
    for head, row in zip(heads, tactics.sort_values("position").itertuples(), strict=True):
        assert f"{row.covered:.0f}/{row.total}" in head
    labels = [
        trace.name for trace in figure.data if trace.showlegend is not False and trace.type == "scatter"
    ]
    if not PAGE_MEASURES[shade].are_kinds:
        assert len(labels) == 6
    else:
        assert set(labels) == {
            "covered",
            *(GAP_WORK[name].lower() for name in cells["gap_type"].dropna().unique()),
        }


def test_open_cells_are_band_zero_and_the_number_is_in_the_cell(view, placements):
    tactics = coverage_by_tactic(view)
    cells = shown_cells(placements)
    fill = next(
        t for t in matrix_figure(cells, tactics, LIGHT).data if t.type == "heatmap" and t.text is not None
    )
    for row in cells.itertuples():
        assert fill.z[row.y][row.x] == band_of(row.rules, RULE_BANDS)
        assert f"<b>{row.rules}</b>" in fill.text[row.y][row.x]
        assert (fill.z[row.y][row.x] == 0) == (row.rules == 0)


def test_a_name_breaks_where_it_has_a_stroke(view, placements):
    """`Deobfuscate/Decode` is wider than a cell."""
    tactics = coverage_by_tactic(view)
    cells = shown_cells(placements)
    texts = [
        text
        for trace in matrix_figure(cells, tactics, LIGHT).data
        if trace.type == "heatmap" and trace.text
        for row in trace.text
        for text in row
    ]
    assert any(text.startswith("Deobfuscate/<br>Decode Files<br>") for text in texts)
    assert not any("/ " in text for text in texts)


def test_a_rule_name_cannot_bring_markup_into_the_hover(view, placements):
    tactics = coverage_by_tactic(view)
    cells = shown_cells(placements)
    first = cells.iloc[0]
    hover = {(first["tactic_id"], first["attack_id"]): ['<a href="javascript:x">evil</a>']}
    text = cells_trace(matrix_figure(cells, tactics, LIGHT, hover=hover)).text[0]
    assert "<a " not in text and "&lt;a href" in text


def test_dimmed_cells_lose_their_fill(view, placements):
    tactics = coverage_by_tactic(view)
    cells = shown_cells(placements)
    figure = matrix_figure(cells, tactics, LIGHT, dimmed=set(cells["attack_id"]))
    fill = next(t for t in figure.data if t.type == "heatmap" and t.text is not None)
    assert {value for row in fill.z for value in row if value is not None} == {-1}


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


@pytest.mark.parametrize("measure", [coverage_by_tactic, coverage_by_platform])
def test_share_bars_carry_their_denominators(view, measure):
    frame = measure(view)
    figure = bars.share_bars(frame, LIGHT, "A title")
    covered, rest = figure.data
    assert list(covered.x) == frame["covered"].tolist()
    assert [a + b for a, b in zip(covered.x, rest.x, strict=True)] == frame["total"].tolist()
    assert list(covered.y) == frame["name"].tolist()
    assert figure.layout.title.text == "A title" and figure.layout.xaxis.title.text == "techniques"
    for label, row in zip(rest.text, frame.itertuples(), strict=True):
        assert f"{row.covered:.0f}/{row.total}" in label if row.total else label == "none in scope"


def test_count_and_activity_bars_equal_their_frames(view):
    mix = severity_mix(view)
    assert mix.sum() == len(view.rules)
    assert list(bars.count_bars(mix, LIGHT, "t", "rules").data[0].x) == mix.tolist()
    months = activity_by_month(view)
    figure = bars.activity_bars(months, LIGHT, "t")
    assert list(figure.data[0].y) == months["created"].tolist()
    assert list(figure.data[1].y) == months["updated"].tolist()
    assert pd.to_datetime(figure.data[0].x[-1]).month == view.scope.date.month
