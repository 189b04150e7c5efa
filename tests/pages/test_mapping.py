"""The findings of Mapping health and of a rule: first render, what each widget changes, silences, files as
downloads.
"""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from coverage.findings import CHECKS
from coverage.tables import PROJECT
from tests.helpers.findings_corpus import CASES, written_to
from tests.helpers.pages import answer, numbers, on
from tests.helpers.seen import as_seen, with_open_sidebar

SEEN_AT_19 = ("revoked-technique", "tactic-left", "parent-only", "no-mapping", "right", "right-sigma")


@pytest.fixture
def app(monkeypatch, tmp_path) -> AppTest:
    """The app over six rules made for it, started in a folder of its own."""
    folder = tmp_path / "made"
    written_to(folder, list(SEEN_AT_19))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COVERAGE_RULES", str(folder))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return with_open_sidebar(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60))


def table(page: AppTest, column: str):
    """The first table that has the column."""
    return next(item.value for item in page.dataframe if column in item.value)


def test_the_first_line_answers_with_denominators_and_releases(app):
    page = on(app, "mapping.py")
    assert answer(page) == "3 of 7 mappings need work for Enterprise 19.0."
    assert any("made is 80% valid in 18.1, 60% in 19.0." in as_seen(item.value) for item in page.markdown)
    shares = table(page, "share")
    assert shares[["release", "valid", "rules"]].values.tolist() == [
        ["enterprise-18.1", 4, 5],
        ["enterprise-19.0", 3, 5],
    ]
    assert table(page, "error").values.tolist() == [["made", 6, 3, 1, 2]]


def test_the_figure_has_the_findings_by_cause(app):
    import json

    page = on(app, "mapping.py")
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    bars = {trace["name"]: dict(zip(trace["y"], trace["text"], strict=True)) for trace in figure["data"]}
    assert bars == {
        "error": {CHECKS["tactic-left"].title: "2", CHECKS["revoked-technique"].title: "1"},
        "warning": {CHECKS["no-mapping"].title: "1"},
        "note": {CHECKS["parent-only"].title: "2"},
    }


def test_each_filter_narrows_the_findings(app):
    page = on(app, "mapping.py")
    assert len(table(page, "cause")) == 6
    page.multiselect(key="map_severity").set_value(["error"]).run()
    assert set(table(page, "cause")["severity"]) == {"error"}
    page.multiselect(key="map_code").set_value(["revoked-technique"]).run()
    assert table(page, "cause")[["value", "fix"]].values.tolist() == [["T1562.001", "T1685"]]
    page.text_input(key="map_search").set_value("no such rule").run()
    assert "No finding matches" in page.info[0].value
    page.text_input(key="map_search").set_value("t1562").run()
    assert len(table(page, "cause")) == 1
    page.multiselect(key="map_corpus").set_value(["made"]).run()
    assert len(table(page, "cause")) == 1


def test_only_rules_in_scope_on_request(app):
    page = on(app, "mapping.py")
    page.multiselect(key="class").set_value(["hunt"]).run()
    assert len(table(page, "cause")) == 6
    page.toggle(key="map_scope").set_value(True).run()
    assert not page.exception and "No finding matches" in page.info[0].value


def test_the_release_in_the_sidebar_is_the_one_checked_against(app):
    page = on(app, "mapping.py")
    page.selectbox(key="attack").set_value("enterprise-18.1").run()
    assert answer(page) == "1 of 7 mappings need work for Enterprise 18.1."
    assert any("By release: made is 80% valid in 18.1" in as_seen(item.value) for item in page.markdown)
    assert "newer-tactic" not in table(page, "cause")["cause"].tolist()
    assert CHECKS["newer-tactic"].title in table(page, "cause")["cause"].tolist()


def test_mappings_stand_side_by_side_and_are_filtered_by_how_they_are_read(app):
    page = on(app, "mapping.py")
    everything = table(page, "tactic_read")
    assert len(everything) == 7
    page.multiselect(key="map_status").set_value(["replaced"]).run()
    (row,) = table(page, "tactic_read").to_dict("records")
    assert (row["tactic_written"], row["leaf_written"], row["read_as"], row["tactic_read"]) == (
        "TA0112 Defense Impairment",
        "T1562.001",
        "T1685 Disable or Modify Tools",
        "TA0112 Defense Impairment",
    )
    page.multiselect(key="map_tactic_status").set_value(["unknown"]).run()
    assert any("No mapping is read that way" in info.value for info in page.info)


def test_a_silence_is_shown_apart_with_its_reason_and_not_counted(app, tmp_path):
    (tmp_path / "coverage.toml").write_text(
        '[[lint.silence]]\ncode = "revoked-technique"\npath = "**"\nreason = "Until we move"\n',
        encoding="utf-8",
    )
    page = on(app, "mapping.py")
    assert numbers(answer(page))[0] == 2
    silenced = [
        item.value
        for item in page.dataframe
        if "silenced" in item.value and (item.value["silenced"] != "").any()
    ]
    assert silenced[0][["value", "silenced"]].values.tolist() == [["T1562.001", "Until we move"]]


def test_a_settings_file_with_a_fault_is_said_and_silences_nothing(app, tmp_path):
    (tmp_path / "coverage.toml").write_text(
        '[[lint.silence]]\ncode = "revoked-technique"\npath = "**"\n', encoding="utf-8"
    )
    page = on(app, "mapping.py")
    assert numbers(answer(page))[0] == 3
    assert "coverage.toml:1: lint.silence[0] has no reason" in as_seen(page.warning[0].value)


def test_rules_without_a_fault_are_said_to_have_none(app, monkeypatch, tmp_path):
    monkeypatch.setenv("COVERAGE_RULES", str(written_to(tmp_path / "good", ["right", "right-sigma"])))
    page = on(app, "mapping.py")
    assert answer(page).startswith("0 of 3 mappings need work")
    assert page.success[0].value == "No check finds anything in these rules."


def test_a_rule_shows_its_own_findings_with_their_lines(app):
    page = on(app, "rules.py")
    page.query_params["rule"] = "made/revoked-technique.toml"
    page.run()
    assert not page.exception
    found = table(page, "cause")
    line = CASES["revoked-technique"][0][: CASES["revoked-technique"][0].index('"T1562.001"')].count("\n") + 1
    assert found[["value", "line"]].values.tolist() == [["T1562.001", line]] * 2
    page.query_params["rule"] = "made/right.toml"
    page.run()
    assert any("No check finds anything wrong" in caption.value for caption in page.caption)


def test_the_page_is_thin():
    for name in ("mapping.py", "mapping_findings.py", "mapping_parts.py"):
        assert len((PROJECT / "coverage" / "pages" / name).read_text("utf-8").splitlines()) < 130
