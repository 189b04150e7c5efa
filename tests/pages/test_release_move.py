"""The view of Mapping health that moves to another release, through `app.py`: what it answers, what each
widget changes, and what it says alone.
"""

from __future__ import annotations

import json

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.changes.impact import impact
from coverage.cli.options import default_paths
from coverage.loaders import corpus_sources, load
from coverage.tables import PROJECT
from tests.helpers.seen import as_seen, with_open_sidebar
from tests.helpers.small import E18, E19, read_embedded


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app over `rules/`, with a cache folder of its own, not yet run."""
    monkeypatch.setenv("COVERAGE_RULES", str(PROJECT / "rules"))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return with_open_sidebar(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60))


@pytest.fixture(scope="module")
def expected():
    """The comparison that the page shows first, made without it."""
    loaded = load(corpus_sources(default_paths(str(PROJECT / "rules"))))
    return impact(*(read_embedded(loaded, release).view() for release in (E18, E19)))


def opened(app: AppTest) -> AppTest:
    app.query_params["health"] = "move"
    app.run()
    app.switch_page("coverage/pages/mapping.py").run()
    assert not app.exception, app.exception[0].message
    return app


def answer(page: AppTest) -> str:
    return as_seen(next(item.value for item in page.markdown if item.value.startswith("#### ")))[5:]


def table(page: AppTest, column: str) -> pd.DataFrame:
    """The one table that has this column."""
    found = [frame.value for frame in page.dataframe if column in frame.value]
    assert len(found) == 1
    return found[0]


def test_the_page_answers_with_the_sentence_and_the_stamp(app, expected):
    page = opened(app)
    assert page.title[0].value == "Mapping health"
    assert answer(page) == expected.sentence()
    assert any(
        "ATT&CK Enterprise 19.0 · production rules" in as_seen(caption.value) for caption in page.caption
    )


def test_the_tables_are_those_of_the_measure(app, expected):
    page = opened(app)
    frames = [frame.value for frame in page.dataframe]
    touching = expected.changes[expected.changes["rules"].map(len) > 0]
    assert [len(frame) for frame in frames] == [
        6,
        len(touching),
        len(expected.rule_changes),
        (expected.ledger["grain"] == "techniques").sum(),
        len(expected.changes),
    ]
    assert frames[1]["rules_in_scope"].is_monotonic_decreasing
    assert (
        table(page, "because")["covered_change"].sum()
        == expected.totals.eval("covered_after - covered_before").iloc[0]
    )


def test_the_grain_changes_figure_and_ledger(app, expected):
    page = opened(app)
    page.segmented_control(key="release_grain").set_value("placements").run()
    assert not page.exception
    ledger = table(page, "because")
    assert len(ledger) == (expected.ledger["grain"] == "placements").sum() and "tactic" in ledger
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["annotations"][0]["text"].startswith("Matrix cells covered: ")


def test_the_way_back_is_chosen_by_the_widgets_and_by_the_sidebar(app):
    page = opened(app)
    page.selectbox(key="release_to").set_value(E18).run()
    assert answer(page).startswith("Moving from Enterprise 19.0 to 18.1")
    page.selectbox(key="release_to").set_value(None).run()
    page.selectbox(key="attack").set_value(E18).run()
    assert answer(page).startswith("Moving from Enterprise 19.0 to 18.1")
    page.selectbox(key="release_from").set_value(E18).run()
    assert "both sides" in answer(page)
    assert "two different releases" in page.info[0].value


def test_a_link_chooses_the_releases(app):
    app.query_params["release_to"] = E18
    page = opened(app)
    page.query_params["release_to"] = E18
    page.run()
    assert answer(page).startswith("Moving from Enterprise 19.0 to 18.1")


def test_the_scope_of_the_sidebar_counts(app):
    page = opened(app)
    before = answer(page)
    page.selectbox(key="rollup").set_value("share").run()
    assert answer(page) != before
    assert not page.exception


def test_the_only_release_of_its_domain_has_nothing_beside_it(app):
    page = opened(app)
    page.selectbox(key="attack").set_value("mobile-18.1").run()
    assert not page.exception
    assert "Mobile 18.1 is the only installed release of its domain" in answer(page)
    assert "Get another ATT&CK release" in page.info[0].value and "attack import" in page.info[0].value
