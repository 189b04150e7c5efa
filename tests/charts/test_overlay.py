"""The matrix of what is needed over what is covered: three states, told apart without colour."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from coverage.charts.matrix import CELL, NEEDED, needs
from coverage.charts.overlay import overlay_data, overlay_sentence
from coverage.charts.theme import DARK, LIGHT
from coverage.loaders import corpus_sources, load
from coverage.measures import coverage_by_id
from coverage.measures.adversaries import adversaries, threat_overlay
from coverage.measures.matrix import matrix_cells, matrix_tactics
from coverage.measures.need import need_by_id
from coverage.reading import read_in
from coverage.threats.profile import default_profile, group_profile
from coverage.threats.threat import threat_in
from tests.helpers.pages import PATHS

APT29 = "G0016"
AT = {name: place for place, name in enumerate(CELL)}


@pytest.fixture(scope="module")
def reading():
    return read_in(load(corpus_sources(PATHS)))


@pytest.fixture(scope="module")
def everybody(reading):
    return threat_in(default_profile(date.today()), reading.catalogue, reading.reader, date.today())


def test_a_member_alone_counts_as_it_does_among_the_others_and_as_its_own_profile(reading, everybody):
    view = reading.view(pre=True)
    alone = everybody.of_member(APT29)
    assert alone is everybody.of_member(APT29) and alone.profile.name == "APT29"
    own = threat_in(group_profile([APT29]), reading.catalogue, reading.reader, date.today())
    for found in (need_by_id(view, alone), need_by_id(view, own)):
        assert found["need"].eq(1).all()
    assert need_by_id(view, alone)["attack_id"].tolist() == need_by_id(view, own)["attack_id"].tolist()
    row = adversaries(view, everybody).set_index("member_id").loc[APT29]
    assert len(need_by_id(view, alone)) == row["needed"]


@pytest.mark.parametrize("rollup", ["any", "all", "direct", "share"])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_each_cell_has_the_state_of_its_id_by_outline_dot_and_fill(reading, everybody, theme, rollup):
    view = reading.view(rollup=rollup)
    alone = everybody.of_member(APT29)
    overlay = threat_overlay(view, alone)
    data = overlay_data(matrix_cells(view), matrix_tactics(view), theme, overlay, needs(view, alone))
    covered = dict(zip(*(coverage_by_id(view)[name] for name in ("attack_id", "covered")), strict=True))
    needed = set(need_by_id(view, alone)["attack_id"])
    legend = {(one["band"], one["open"]): one for one in data["bands"]}
    for cell in data["cells"]:
        one = cell[AT["attack_id"]]
        is_open, has_dot = bool(cell[AT["is_open"]]), NEEDED in cell[AT["sign"]]
        label = legend[cell[AT["band"]], is_open]["label"]
        assert has_dot == (one in needed) == label.startswith(NEEDED)
        assert is_open == (one in needed and not covered[one])
        assert (label == "neither") == (one not in needed and not covered[one])
        assert ("in part" in label) == (one in needed and 0 < covered[one] < 1)
    fills = [one["fill"] for one in data["bands"] if one["label"] != "neither"]
    assert len(set(fills)) == len(fills)
    assert all(legend[band, False]["ink"] != legend[band, False]["fill"] for band, shut in legend if not shut)


def test_the_counts_of_the_sentence_add_up(reading, everybody):
    view = reading.view()
    alone = everybody.of_member(APT29)
    overlay = threat_overlay(view, alone)
    counts = Counter(overlay["overlay"])
    needed = len(need_by_id(view, alone))
    assert counts["needed_covered"] + counts["needed_open"] == needed
    assert sum(counts.values()) - counts["needed_open"] == int(coverage_by_id(view)["covered"].sum())
    assert overlay_sentence(overlay) == (
        f"Of {needed} needed techniques and sub-techniques {counts['needed_covered']} are covered, "
        f"{counts['needed_open']} open; {counts['covered_only']} more are covered and not needed."
    )
