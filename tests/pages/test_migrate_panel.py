"""The panel of the Mapping page that previews a move: nothing before it is asked for, then the numbers of the
plan.
"""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from coverage.loaders import corpus_sources
from coverage.migrate import grouped, open_target, plan_sources
from coverage.tables import PROJECT
from tests.helpers.migrating import E18, E19
from tests.helpers.small import SMALL


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setenv("COVERAGE_RULES", str(SMALL))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    return opened(app, "findings")


def opened(app: AppTest, view: str) -> AppTest:
    """The Mapping health page, in one of its views."""
    app.query_params["health"] = view
    app.run()
    app.switch_page("coverage/pages/mapping.py").run()
    assert not app.exception and app.title[0].value == "Mapping health"
    return app


def texts(page: AppTest) -> str:
    return "\n".join(part.value for part in page.markdown)


def test_nothing_is_planned_before_it_is_asked_for(page):
    assert [one.value for one in page.code] == []
    assert "rule files change" not in texts(page)


def test_the_plan_is_shown(page):
    page.segmented_control(key="health").set_value("move").run()
    assert not page.exception
    made = plan_sources(corpus_sources([str(SMALL)]), open_target(E19))
    counts = made.summary()
    assert (
        f"{counts['files_changed']} of {counts['files_read']} rule files change; "
        f"{sum(counts['questions'].values())} mappings in"
        in texts(page)
        and "need your decision" in texts(page)
    )
    table = next(frame.value for frame in page.dataframe if "choices" in frame.value)
    assert table["mappings"].tolist() == [len(group) for _, group in grouped(made.questions)]
    assert page.code[0].language == "diff"
    assert page.code[0].value.startswith(f"diff --git a/{made.changed[0].path} b/")


def test_another_file_and_another_release(page):
    page.segmented_control(key="health").set_value("move").run()
    made = plan_sources(corpus_sources([str(SMALL)]), open_target(E19))
    last = made.changed[-1].path
    page.selectbox(key="move_file").set_value(last).run()
    assert f"--- a/{last}" in page.code[0].value
    page.selectbox(key="move_to").set_value(E18).run()
    assert not page.exception
    assert f"{len(plan_sources(corpus_sources([str(SMALL)]), open_target(E18)).changed)} of" in texts(page)
