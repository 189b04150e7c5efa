"""Compare, a view of the Matrix page, through `app.py`: what widgets change, the ways on, one rule set."""

from __future__ import annotations

import json
import os

import pytest
from streamlit.testing.v1 import AppTest

from coverage.changes.compare import compare
from coverage.loaders import corpus_sources, load
from coverage.reading import read_in
from coverage.tables import PROJECT
from tests.helpers.pages import COMPARE, PATHS, answer, on, rerun
from tests.helpers.seen import as_seen, with_open_sidebar


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app over three corpora, with a cache folder of its own, not yet run."""
    monkeypatch.setenv("COVERAGE_RULES", os.pathsep.join(PATHS))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return with_open_sidebar(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60))


@pytest.fixture(scope="module")
def view():
    return read_in(load(corpus_sources(PATHS))).view()


def bars(page: AppTest, nth: int = 0) -> dict[str, list]:
    figure = json.loads(page.get("plotly_chart")[nth].proto.spec)
    return {trace["name"]: trace["x"] for trace in figure["data"]}


def by_name(view, *names):
    return [view.of_corpora([name]) for name in names]


# ---- Compare -------------------------------------------------------------------------------------------


def test_compare_opens_with_the_first_two(app, view):
    page = on(app, COMPARE)
    found = compare(*by_name(view, "windows", "linux"))
    assert answer(page) == found.sentence()
    assert any(found.sentence("subtechniques") in as_seen(item.value) for item in page.markdown)
    assert len(page.dataframe[0].value) == len(found.ids)
    assert list(bars(page)) == ["only windows", "both", "only linux", "neither"]
    assert list(bars(page, 1)) == list(bars(page))
    stamp = next(as_seen(item.help) for item in page.caption if "ATT&CK Enterprise" in as_seen(item.value))
    assert "windows: " in stamp and "linux: " in stamp and "macos" not in stamp


def test_each_choice_changes_who_is_compared(app, view):
    page = on(app, COMPARE)
    page.selectbox(key="compare_b").set_value("macos")
    assert answer(rerun(page)) == compare(*by_name(view, "windows", "macos")).sentence()
    page.selectbox(key="compare_a").set_value("macos")  # the second can no longer be macos
    assert answer(rerun(page)).startswith("macos covers ")
    assert page.selectbox(key="compare_b").value != "macos"


def test_a_link_opens_the_same_comparison(app, view):
    app.query_params["compare_a"] = "macos"
    app.query_params["compare_b"] = "linux"
    assert answer(on(app, COMPARE)) == compare(*by_name(view, "macos", "linux")).sentence()


def test_each_filter_narrows_the_table(app, view):
    page = on(app, COMPARE)
    found = compare(*by_name(view, "windows", "linux"))
    page.segmented_control(key="compare_side").set_value("b_only")
    rerun(page)
    assert set(page.dataframe[0].value["side"]) == {"only linux"}
    assert len(page.dataframe[0].value) == (found.ids["side"] == "b_only").sum()
    page.selectbox(key="compare_grain").set_value("techniques")
    rerun(page)
    shown = page.dataframe[0].value
    assert (
        len(shown) == found.count("techniques")["b_only"]
        and not shown["attack_id"].str.contains(".", regex=False).any()
    )
    page.multiselect(key="compare_tactic").set_value(["TA0040"])
    rerun(page)
    narrowed = page.dataframe[0].value
    assert 0 < len(narrowed) < len(shown) and all("Impact" in names for names in narrowed["tactics"])
    page.text_input(key="compare_search").set_value("no such technique")
    assert "No technique matches" in rerun(page).info[0].value


def test_the_scope_counts_on_both_sides(app, view):
    page = on(app, COMPARE)
    before = answer(page)
    page.selectbox(key="rollup").set_value("direct")
    assert answer(rerun(page)) != before


def test_from_a_comparison_to_what_could_be_borrowed(app):
    page = on(app, COMPARE)
    page.button(key="compare_borrow_linux").click()
    assert "of linux; " in answer(rerun(page)) and answer(page).startswith("windows would close")
    assert page.multiselect(key="borrow_mine").value == ["linux"]


# ---- one corpus ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [COMPARE])
def test_one_corpus_alone_is_told_how_to_add_another(app, file, monkeypatch):
    monkeypatch.setenv("COVERAGE_RULES", PATHS[0])
    page = on(app, file)
    assert answer(page) == "1 of the 2 rule sets that this view needs is here: windows."
    for way in ("Rule folders", "other=path/to/others", "corpora fetch sigma"):
        assert way in page.info[0].value
