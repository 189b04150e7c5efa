"""What the data that arrives makes of the Overview, of one rule and of the sidebar."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from coverage.tables import PROJECT
from tests.helpers import small
from tests.helpers.pages import on
from tests.helpers.seen import as_seen, with_open_sidebar


@pytest.fixture
def app(tmp_path, monkeypatch) -> AppTest:
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.argv", ["app.py", str(small.SMALL)])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "streams.txt").write_text("logs-endpoint.events.process-default\n", encoding="utf-8")
    (tmp_path / "coverage.toml").write_text('[[data]]\nname = "siem"\nfiles = ["streams.txt"]\n')
    return with_open_sidebar(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120))


def captions(page: AppTest) -> str:
    return "\n".join(as_seen(item.value) for item in page.main.caption)


def test_the_overview_shows_both_figures_where_there_is_an_inventory(app, tmp_path):
    page = on(app, "overview.py")
    assert "by rules that can run" in captions(page)
    toggle = page.sidebar.toggle(key="can_run")
    assert toggle.value is False
    toggle.set_value(True).run()
    assert not page.exception
    assert "rules that can run" in as_seen(page.main.caption[0].value)  # the stamp
    (tmp_path / "coverage.toml").unlink()
    page.run()
    assert not page.exception
    assert "by rules that can run" not in captions(page)


def test_a_rule_shows_what_it_reads_and_whether_that_arrives(app):
    app.query_params["rule"] = f"small/{small.PATHS['n']}"
    page = on(app, "rules.py")
    text = "\n".join(as_seen(item.value) for item in page.markdown)
    assert "Data: cannot fire (no data)" in text
    (table,) = (one.value for one in page.dataframe if "word" in one.value)
    assert table["word"].tolist() == ["logs-*", "auditd_manager"]
    assert table["state"].tolist() == ["missing", "missing"]


def test_a_rule_that_names_no_data_says_so(app):
    app.query_params["rule"] = f"small/{small.PATHS['c']}"
    text = "\n".join(as_seen(item.value) for item in on(app, "rules.py").markdown)
    assert "Data: not told" in text and "It names no data" in text
