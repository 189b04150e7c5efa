"""The Plan page through `app.py`: gaps that open and become a plan, and the view of rules to borrow."""

from __future__ import annotations

import json
import os

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.changes.borrow import borrow
from coverage.loaders import corpus_sources, load
from coverage.measures import coverage_by_platform, gaps
from coverage.reading import read_in
from coverage.tables import PROJECT, priority_weights
from tests.helpers.pages import PATHS, answer, on, rerun
from tests.helpers.seen import as_seen

ALL = [str(PROJECT / "rules")]


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app over three rule sets, with a cache folder of its own, not yet run."""
    monkeypatch.setenv("COVERAGE_RULES", os.pathsep.join(PATHS))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


@pytest.fixture(scope="module")
def view():
    return read_in(load(corpus_sources(PATHS))).view()


# ---- gaps ----------------------------------------------------------------------------------------------


def table(page: AppTest) -> pd.DataFrame:
    return page.dataframe[0].value


def button(page: AppTest, label: str):
    return next(one for one in page.get("download_button") if one.proto.label.startswith(label)).proto


def test_a_link_filters_by_tactic_and_platform(app, view):
    app.query_params["gap_tactic"] = "TA0007"
    page = on(app, "plan.py")
    found = gaps(view)
    wanted = found.loc[["Discovery" in names for names in found["tactics"]], "attack_id"]
    assert table(page)["attack_id"].tolist() == wanted.tolist()
    assert page.session_state["address_shown"] == {"gap_tactic": ["TA0007"]}
    page.button(key="gap_clear").click().run()
    assert len(table(page)) == len(found) and page.session_state["address_shown"] == {}


def test_open_on_a_platform_lists_what_the_platform_lacks(app, view):
    app.query_params["gap_platform"] = "ESXi"
    shown = table(on(app, "plan.py"))
    row = coverage_by_platform(view).set_index("name").loc["ESXi"]
    techniques = ~shown["attack_id"].str.contains(".", regex=False)
    assert techniques.sum() == row["total"] - row["covered"]
    assert all("ESXi" in names for names in shown["open_platforms"])


def test_chosen_rows_become_a_plan(app):
    page = on(app, "plan.py")
    assert button(page, "Plan as Markdown").disabled
    page.text_input(key="gap_search").set_value("T1003").run()
    page.button(key="gap_all").click().run()
    count = len(table(page))
    assert count > 1 and button(page, "Plan as Markdown").label == f"Plan as Markdown ({count} gaps)"
    assert not button(page, "Plan as CSV").disabled
    page.button(key="gap_none").click().run()
    assert button(page, "Plan as CSV").disabled


def test_a_gap_opens_on_its_next_step_and_closes_with_the_filters_kept(app):
    page = on(app, "plan.py")
    page.text_input(key="gap_search").set_value("T1003").run()
    first = table(page).iloc[0]
    page.session_state["gap_pending"] = first["attack_id"]
    page.run()
    assert page.title[0].value.startswith(as_seen(first["attack_id"]).replace(".", "\\."))
    assert as_seen(answer(page)) == f"{first['step']}."
    assert page.session_state["address_shown"] == {"gap": [first["attack_id"]]}
    page.button(key="gap_back").click().run()
    assert page.text_input(key="gap_search").value == "T1003" and table(page).iloc[0].equals(first)


def test_an_id_that_is_no_gap_is_said_so(app):
    app.query_params["gap"] = "T9999"
    page = on(app, "plan.py")
    assert "T9999 is not open in this scope" in as_seen(page.info[0].value)


def test_a_view_stays_when_its_count_changes(app):
    page = on(app, "plan.py")
    page.segmented_control(key="plan").set_value("borrow").run()
    before = page.segmented_control(key="plan").options
    page.multiselect(key="platform").set_value(["Linux"]).run()
    assert page.segmented_control(key="plan").options != before
    assert page.segmented_control(key="plan").value == "borrow"


# ---- rules to borrow -----------------------------------------------------------------------------------


def opened(app: AppTest) -> AppTest:
    app.query_params["plan"] = "borrow"
    return on(app, "plan.py")


def every(page: AppTest) -> pd.DataFrame:
    """The list of every rule for each gap."""
    if page.segmented_control(key="borrow_list").value != "all":
        page.segmented_control(key="borrow_list").set_value("all")
        rerun(page)
    return page.dataframe[0].value


def borrowed(view, mine: list[str], others: list[str]):
    return borrow(view.of_corpora(mine), view.of_corpora(others), priority_weights())


def rule_keys(table: pd.DataFrame) -> list[str]:
    return (table["corpus"] + "/" + table["path"]).tolist()


def test_borrow_opens_with_the_first_and_all_others(app, view):
    page = opened(app)
    found = borrowed(view, ["windows"], ["linux", "macos"])
    plan = found.plan()
    assert answer(page) == found.sentence(found.rows, len(plan))
    assert rule_keys(page.dataframe[0].value) == plan["rule_key"].tolist()
    assert rule_keys(every(page)) == found.rows["rule_key"].tolist()
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert figure["data"][0]["x"] == [0, *plan["step"]]


def test_who_lends_and_who_borrows_can_be_chosen(app, view):
    page = opened(app)
    page.multiselect(key="borrow_mine").set_value(["linux", "macos"])
    found = borrowed(view, ["linux", "macos"], ["windows"])
    assert answer(rerun(page)) == found.sentence(found.rows, len(found.plan()))
    page.multiselect(key="borrow_mine").set_value(["macos"])
    rerun(page).multiselect(key="borrow_others").set_value(["linux"])
    found = borrowed(view, ["macos"], ["linux"])
    assert answer(rerun(page)) == found.sentence(found.rows, len(found.plan()))


def test_a_lender_that_becomes_mine_lends_no_longer(app, view):
    page = opened(app)
    page.multiselect(key="borrow_others").set_value(["linux"])
    rerun(page).multiselect(key="borrow_mine").set_value(["linux"])
    found = borrowed(view, ["linux"], ["windows", "macos"])
    assert answer(rerun(page)) == found.sentence(found.rows, len(found.plan()))


def test_each_restriction_leaves_fewer_and_says_how_many(app, view):
    page = opened(app)
    found = borrowed(view, ["windows"], ["linux", "macos"])
    page.multiselect(key="borrow_platform").set_value(["Linux"])
    linux = found.restricted(platforms=["Linux"])
    rerun(page)
    assert rule_keys(every(page)) == linux["rule_key"].tolist()
    whole = found.figures()["rules"]
    assert any(
        f"{linux['rule_key'].nunique():,} of {whole:,} rules that would close a gap" in caption.value
        for caption in page.caption
    )
    page.multiselect(key="borrow_platform").set_value([])
    page.toggle(key="borrow_have").set_value(True)
    have = found.restricted(found.own_log_sources)
    rerun(page)
    assert 0 < len(have) < len(found.rows) and len(every(page)) == len(have)
    assert set(found.rows["rule_log_sources"].explode().dropna()) <= set(
        page.multiselect(key="borrow_source").options
    )
    other = sorted(
        set(found.rows["rule_log_sources"].explode().dropna())
        - set(found.rows["own_log_sources"].explode().dropna())
    )[0]
    page.multiselect(key="borrow_source").set_value([other])
    assert len(every(rerun(page))) == len(found.restricted([*found.own_log_sources, other])) > len(have)


def test_rules_of_every_class_are_more(app, monkeypatch):
    monkeypatch.setenv(
        "COVERAGE_RULES", os.pathsep.join([*PATHS, f"spare={PROJECT / 'rules' / 'building_block'}"])
    )
    page = opened(app)
    before = len(every(page))
    page.toggle(key="borrow_any").set_value(True)
    rerun(page)
    assert len(every(page)) > before and "building_block" in set(every(page)["rule_class"])


def test_the_list_is_searched_and_nothing_left_is_said(app):
    page = opened(app)
    whole, name = len(every(page)), every(page)["rule_name"].iloc[-1]
    page.text_input(key="borrow_search").set_value("T1")
    assert len(every(rerun(page))) == whole
    page.text_input(key="borrow_search").set_value(name.upper())
    assert set(every(rerun(page))["rule_name"]) == {name}
    page.text_input(key="borrow_search").set_value("no such rule")
    assert "No pair" in rerun(page).info[0].value
    page.multiselect(key="borrow_platform").set_value(["SaaS"])
    assert "No rule of the other rule sets" in rerun(page).info[0].value


def test_choices_are_there_again_after_a_look_at_a_rule(app):
    page = opened(app)
    page.multiselect(key="borrow_mine").set_value(["macos"])
    page.multiselect(key="borrow_platform").set_value(["Linux"])
    page.toggle(key="borrow_have").set_value(True)
    before = answer(rerun(page))
    page.switch_page("coverage/pages/rules.py").run()
    page.query_params.clear()
    page.switch_page("coverage/pages/plan.py")
    assert answer(rerun(page)) == before and page.toggle(key="borrow_have").value is True


def test_a_table_of_weights_that_cannot_be_used_is_said(app, monkeypatch, tmp_path):
    (tmp_path / "priority.csv").write_text("term,weight\nnation,1\n")
    monkeypatch.setattr("coverage.tables.priority_weights.__defaults__", (tmp_path / "priority.csv",))
    page = opened(app)
    assert "'nation' is not a term" in as_seen(page.error[0].value)
