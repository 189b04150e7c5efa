"""The Share page and the buttons on other pages: what they offer, for which reader, in which state."""

from __future__ import annotations

import os

import pytest

from coverage.exports.columns import EVERY_FRAME
from coverage.exports.content import Content
from coverage.loaders import corpus_sources, load
from coverage.measures.cell import FILE_MEASURES
from coverage.reading import read_in
from coverage.tables import PROJECT
from tests.helpers.pages import answer, numbers, on


def labels(at) -> list[str]:
    return [button.proto.label for button in at.get("download_button")]


@pytest.fixture(scope="module")
def ours() -> Content:
    reading = read_in(load(corpus_sources([str(PROJECT / "rules")])))
    return Content(reading, reading.view())


def test_it_offers_a_form_for_each_reader(app):
    at = on(app, "share.py")
    assert {
        "Coverage",
        "Gaps, by next step",
        "Matrix as SVG",
        "Matrix as PNG",
        "Report as HTML",
        "Report as Markdown",
        "Excel workbook",
        "CSV",
        "JSON",
        "Parquet",
        "Everything (ZIP)",
    } <= set(labels(at))
    assert "One rule set against the other" not in labels(at)  # there is one corpus
    heads = [text.value for text in at.markdown if text.value.startswith("**For ")]
    assert len(heads) == 6 and "**To compare with later**" in [text.value for text in at.markdown]
    assert at.selectbox(key="export_frame").options == list(EVERY_FRAME)


def test_its_answer_is_the_overview_s(app, ours):
    told = ours.figures["techniques"]
    assert numbers(answer(on(app, "share.py")))[:2] == [told["covered"], told["total"]]


def test_two_corpora_can_be_set_against_each_other(app, monkeypatch, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.toml").write_bytes(
        next((PROJECT / "rules" / "windows").glob("*.toml")).read_bytes()
    )
    monkeypatch.setenv("COVERAGE_RULES", os.pathsep.join([str(PROJECT / "rules"), str(tmp_path / "other")]))
    assert "One rule set against the other" in labels(on(app, "share.py"))


@pytest.mark.parametrize("measure", FILE_MEASURES)
def test_the_picture_below_is_coloured_as_chosen(app, measure):
    at = on(app, "share.py")
    at.selectbox(key="export_measure").set_value(measure).run()
    assert not at.exception


def test_the_matrix_and_the_gap_list_have_theirs(app):
    assert {"Navigator layer", "Picture for A3 (SVG)", "Picture for A3 (PNG)"} <= set(
        labels(on(app, "matrix.py"))
    )
    at = on(app, "plan.py")
    before = [label for label in labels(at) if label.startswith("Navigator layer of these gaps")]
    at.selectbox(key="gap_grain").set_value("techniques").run()
    after = [label for label in labels(at) if label.startswith("Navigator layer of these gaps")]
    assert len(before) == len(after) == 1 and numbers(after[0])[0] < numbers(before[0])[0]
