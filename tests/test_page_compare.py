"""Compare and Borrow through `app.py`: what each widget changes, the ways on, and one corpus alone."""

from __future__ import annotations

import json
import os

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.changes.borrow import borrow
from coverage.changes.compare import compare
from coverage.loaders import corpus_sources, load
from coverage.reading import read_in
from coverage.tables import PROJECT, priority_weights
from tests.seen import as_seen

PATHS = [f"{name}={PROJECT / 'rules' / name}" for name in ("windows", "linux", "macos")]


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app over three corpora, with a cache folder of its own, not yet run."""
    monkeypatch.setenv("COVERAGE_RULES", os.pathsep.join(PATHS))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


@pytest.fixture(scope="module")
def view():
    return read_in(load(corpus_sources(PATHS))).view()


def on(app: AppTest, file: str) -> AppTest:
    app.run()
    app.switch_page(f"coverage/pages/{file}").run()
    assert not app.exception, app.exception[0].message
    return app


def rerun(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, page.exception[0].message
    return page


def answer(page: AppTest) -> str:
    return as_seen(next(item.value for item in page.markdown if item.value.startswith("#### "))[5:])


def bars(page: AppTest, nth: int = 0) -> dict[str, list]:
    figure = json.loads(page.get("plotly_chart")[nth].proto.spec)
    return {trace["name"]: trace["x"] for trace in figure["data"]}


def by_name(view, *names):
    return [view.of_corpora([name]) for name in names]


# ---- Compare -------------------------------------------------------------------------------------------


def test_compare_opens_with_the_first_two(app, view):
    page = on(app, "compare.py")
    found = compare(*by_name(view, "windows", "linux"))
    assert answer(page) == found.sentence()
    assert any(found.sentence("subtechniques") in as_seen(item.value) for item in page.markdown)
    assert len(page.dataframe[0].value) == len(found.ids)
    assert list(bars(page)) == ["only windows", "both", "only linux", "neither"]
    assert list(bars(page, 1)) == list(bars(page))
    stamp = next(text for item in page.caption if "ATT&CK Enterprise" in (text := as_seen(item.value)))
    assert "windows: " in stamp and "linux: " in stamp and "macos" not in stamp


def test_each_choice_changes_who_is_compared(app, view):
    page = on(app, "compare.py")
    page.selectbox(key="compare_b").set_value("macos")
    assert answer(rerun(page)) == compare(*by_name(view, "windows", "macos")).sentence()
    page.selectbox(key="compare_a").set_value("macos")  # the second can no longer be macos
    assert answer(rerun(page)).startswith("macos covers ")
    assert page.selectbox(key="compare_b").value != "macos"


def test_a_link_opens_the_same_comparison(app, view):
    app.query_params["compare_a"] = "macos"
    app.query_params["compare_b"] = "linux"
    assert answer(on(app, "compare.py")) == compare(*by_name(view, "macos", "linux")).sentence()


def test_each_filter_narrows_the_table(app, view):
    page = on(app, "compare.py")
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
    page.multiselect(key="compare_tactic").set_value(["Impact"])
    rerun(page)
    narrowed = page.dataframe[0].value
    assert 0 < len(narrowed) < len(shown) and all("Impact" in names for names in narrowed["tactics"])
    page.text_input(key="compare_search").set_value("no such technique")
    assert "No technique matches" in rerun(page).info[0].value


def test_the_scope_counts_on_both_sides(app, view):
    page = on(app, "compare.py")
    before = answer(page)
    page.selectbox(key="rollup").set_value("direct")
    assert answer(rerun(page)) != before


def test_from_a_comparison_to_what_could_be_borrowed(app):
    page = on(app, "compare.py")
    page.button(key="compare_borrow_linux").click()
    assert "of linux; " in answer(rerun(page)) and answer(page).startswith("windows would close")
    assert page.multiselect(key="borrow_mine").value == ["linux"]


# ---- Borrow --------------------------------------------------------------------------------------------


def borrowed(view, mine: list[str], others: list[str]):
    return borrow(view.of_corpora(mine), view.of_corpora(others), priority_weights())


def rule_keys(table: pd.DataFrame) -> list[str]:
    return (table["corpus"] + "/" + table["path"]).tolist()


def test_borrow_opens_with_the_first_and_all_others(app, view):
    page = on(app, "borrow.py")
    found = borrowed(view, ["windows"], ["linux", "macos"])
    plan = found.plan()
    assert answer(page) == found.sentence(found.rows, len(plan))
    assert rule_keys(page.dataframe[0].value) == plan["rule_key"].tolist()
    assert rule_keys(page.dataframe[1].value) == found.rows["rule_key"].tolist()
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert figure["data"][0]["x"] == [0, *plan["step"]]


def test_who_lends_and_who_borrows_can_be_chosen(app, view):
    page = on(app, "borrow.py")
    page.multiselect(key="borrow_mine").set_value(["linux", "macos"])
    found = borrowed(view, ["linux", "macos"], ["windows"])
    assert answer(rerun(page)) == found.sentence(found.rows, len(found.plan()))
    page.multiselect(key="borrow_mine").set_value(["macos"])
    rerun(page).multiselect(key="borrow_others").set_value(["linux"])
    found = borrowed(view, ["macos"], ["linux"])
    assert answer(rerun(page)) == found.sentence(found.rows, len(found.plan()))


def test_a_lender_that_becomes_mine_lends_no_longer(app, view):
    page = on(app, "borrow.py")
    page.multiselect(key="borrow_others").set_value(["linux"])
    rerun(page).multiselect(key="borrow_mine").set_value(["linux"])
    found = borrowed(view, ["linux"], ["windows", "macos"])
    assert answer(rerun(page)) == found.sentence(found.rows, len(found.plan()))


def test_each_restriction_leaves_fewer_and_says_how_many(app, view):
    page = on(app, "borrow.py")
    found = borrowed(view, ["windows"], ["linux", "macos"])
    page.multiselect(key="borrow_platform").set_value(["Linux"])
    linux = found.restricted(platforms=["Linux"])
    rerun(page)
    assert rule_keys(page.dataframe[1].value) == linux["rule_key"].tolist()
    whole = found.figures()["rules"]
    assert any(
        f"{linux['rule_key'].nunique():,} of {whole:,} rules that would close a gap" in caption.value
        for caption in page.caption
    )
    page.multiselect(key="borrow_platform").set_value([])
    page.toggle(key="borrow_have").set_value(True)
    have = found.restricted(found.own_log_sources)
    rerun(page)
    assert 0 < len(have) < len(found.rows) and len(page.dataframe[1].value) == len(have)
    assert set(found.rows["rule_log_sources"].explode().dropna()) <= set(
        page.multiselect(key="borrow_source").options
    )
    other = sorted(
        set(found.rows["rule_log_sources"].explode().dropna())
        - set(found.rows["own_log_sources"].explode().dropna())
    )[0]
    page.multiselect(key="borrow_source").set_value([other])
    assert (
        len(rerun(page).dataframe[1].value)
        == len(found.restricted([*found.own_log_sources, other]))
        > len(have)
    )


def test_rules_of_every_class_are_more(app, monkeypatch):
    monkeypatch.setenv(
        "COVERAGE_RULES", os.pathsep.join([*PATHS, f"spare={PROJECT / 'rules' / 'building_block'}"])
    )
    page = on(app, "borrow.py")
    before = len(page.dataframe[1].value)
    page.toggle(key="borrow_any").set_value(True)
    rerun(page)
    assert len(page.dataframe[1].value) > before and "building_block" in set(
        page.dataframe[1].value["rule_class"]
    )


def test_the_list_is_searched_and_nothing_left_is_said(app):
    page = on(app, "borrow.py")
    whole, name = len(page.dataframe[1].value), page.dataframe[1].value["rule_name"].iloc[-1]
    page.text_input(key="borrow_search").set_value("T1")
    assert len(rerun(page).dataframe[1].value) == whole
    page.text_input(key="borrow_search").set_value(name.upper())
    assert set(rerun(page).dataframe[1].value["rule_name"]) == {name}
    page.text_input(key="borrow_search").set_value("no such rule")
    assert "No pair" in rerun(page).info[0].value
    page.multiselect(key="borrow_platform").set_value(["SaaS"])
    assert "No rule of the other corpora" in rerun(page).info[0].value


def test_choices_are_there_again_after_a_look_at_a_rule(app):
    page = on(app, "borrow.py")
    page.multiselect(key="borrow_mine").set_value(["macos"])
    page.multiselect(key="borrow_platform").set_value(["Linux"])
    page.toggle(key="borrow_have").set_value(True)
    before = answer(rerun(page))
    page.switch_page("coverage/pages/rules.py").run()
    page.query_params.clear()
    page.switch_page("coverage/pages/borrow.py")
    assert answer(rerun(page)) == before and page.toggle(key="borrow_have").value is True


def test_a_table_of_weights_that_cannot_be_used_is_said(app, monkeypatch, tmp_path):
    (tmp_path / "priority.csv").write_text("term,weight\nnation,1\n")
    monkeypatch.setattr("coverage.tables.priority_weights.__defaults__", (tmp_path / "priority.csv",))
    page = on(app, "borrow.py")
    assert "'nation' is not a term" in as_seen(page.error[0].value)


# ---- one corpus ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["compare.py", "borrow.py"])
def test_one_corpus_alone_is_told_how_to_add_another(app, file, monkeypatch):
    monkeypatch.setenv("COVERAGE_RULES", PATHS[0])
    page = on(app, file)
    assert answer(page) == "1 of the 2 corpora that this page needs is here: windows."
    for way in ("Rule folders", "other=path/to/others", "corpora fetch sigma"):
        assert way in page.info[0].value
