"""Accepted gaps on the pages, through `app.py`: marked, counted apart, left out where it is said, and never
covered.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.charts.matrix import matrix_data
from coverage.charts.theme import LIGHT
from coverage.loaders import CorpusSource, load
from coverage.measures import gaps
from coverage.measures.matrix import IN_FORCE, matrix_cells, matrix_tactics
from coverage.project.accepted_gaps import Accepted, Entry
from coverage.tables import PROJECT
from tests.helpers.seen import as_seen, cells_of, matrix_of
from tests.helpers.small import E19, read_embedded
from tests.helpers.states import rule_file

TODAY = date.today()
TECHNIQUE = "rules.py"  # which opens a technique, too


@pytest.fixture(scope="module")
def rules(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "mine"
    rule_file(folder / "one.toml", "r-one", "T1003.001")
    return folder


@pytest.fixture(scope="module")
def open_ids(rules) -> pd.DataFrame:
    """The gaps of that corpus, found without the page."""
    found = gaps(read_embedded(load([CorpusSource("mine", rules)]), E19).view())
    return found[~found["is_subtechnique"]]


@pytest.fixture
def app(monkeypatch, tmp_path, rules):
    monkeypatch.setenv("COVERAGE_RULES", str(rules))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COVERAGE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    (tmp_path / "coverage.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)  # where the dashboard was started
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


@pytest.fixture
def answered(tmp_path, open_ids) -> list[str]:
    """The two most used open techniques are accepted and planned, the third was accepted once; one more in
    one of its tactics.
    """
    first, second, third = open_ids["attack_id"].head(3)
    fourth, (tactic, *_) = next(
        (one, names)
        for one, names in zip(open_ids["attack_id"].iloc[3:], open_ids["tactics"].iloc[3:], strict=True)
        if len(names) > 1
    )
    entries = [
        (first, "accepted", f"until = {(TODAY + timedelta(days=9)).isoformat()}"),
        (second, "planned", ""),
        (third, "accepted", f"until = {(TODAY - timedelta(days=1)).isoformat()}"),
        (fourth, "accepted", f'tactic = "{tactic}"'),
    ]
    text = "".join(
        f'[[gap]]\nid = "{one}"\nstate = "{state}"\nreason = "because <b>"\nowner = "me"\n{more}\n'
        for one, state, more in entries
    )
    (tmp_path / "gaps.toml").write_text(text, encoding="utf-8")
    return [first, second, third, fourth]


def on(app: AppTest, file: str) -> AppTest:
    app.run()
    app.switch_page(f"coverage/pages/{file}").run()
    assert not app.exception, app.exception[0].message
    return app


def answer(page: AppTest) -> str:
    return next(item.value for item in page.markdown if item.value.startswith("#### "))[5:]


def table(page: AppTest) -> pd.DataFrame:
    return next(frame.value for frame in page.dataframe if {"gap_type", "step"} & set(frame.value))


def test_the_gaps_page_counts_and_marks_them(app, answered):
    page = on(app, "plan.py")
    assert answer(page).endswith("in scope are open, of which 1 accepted, 1 planned and 1 expired.")
    marked = table(page).set_index("attack_id")["mark"]
    assert (
        marked[answered[0]] == f"accepted until {(TODAY + timedelta(days=9)).isoformat()}"
        and marked[answered[1]] == "planned"
    )
    assert marked[answered[2]].endswith(", expired") and (marked != "").sum() == 3


@pytest.mark.parametrize(
    ("choice", "left"),
    [("all", [0, 1, 2]), ("not accepted", [2]), ("accepted or planned", [0, 1]), ("expired", [2])],
)
def test_the_filter_leaves_what_it_says(app, answered, choice, left):
    page = on(app, "plan.py")
    whole = len(table(page))
    page.selectbox(key="gap_accepted").set_value(choice).run()
    shown = set(table(page)["attack_id"])
    assert shown & set(answered[:3]) == {answered[place] for place in left}
    assert (
        len(shown)
        == {"all": whole, "not accepted": whole - 2, "accepted or planned": 2, "expired": 1}[choice]
    )
    assert "of which 1 accepted" in answer(page)  # the answer is about all of them


def test_without_a_file_nothing_is_marked(app):
    page = on(app, "plan.py")
    assert "of which" not in answer(page) and "mark" not in table(page).columns
    assert not page.warning


def test_the_numbers_are_the_same_with_the_file_and_without(app, tmp_path, answered):
    with_file = answer(on(app, "plan.py"))
    (tmp_path / "gaps.toml").unlink()
    without = answer(on(app, "plan.py"))
    assert with_file.partition(", of which")[0] + "." == without


def test_faults_are_said_and_idle_entries_named(app, tmp_path):
    (tmp_path / "gaps.toml").write_text(
        '[[gap]]\nid = "T9999"\nstate = "accepted"\nreason = "x"\nowner = "y"\n[[gap]]\nid = '
        '"T1003.001"\nstate = "accepted"\nreason = "x"\nowner = "y"\n',
        encoding="utf-8",
    )
    page = on(app, "plan.py")
    assert "No installed release knows T9999" in as_seen(page.warning[0].value)
    assert any(
        "about no open gap" in caption.value and "T1003.001" in as_seen(caption.value)
        for caption in page.caption
    )


def test_the_overview_leaves_them_out_and_says_so(app, answered, open_ids):
    page = on(app, "overview.py")
    expected = [one for one in open_ids["attack_id"] if one not in answered[:2]][:3]
    offered = [button.label for button in page.button if button.label.startswith("Open T")]
    assert offered == [f"Open {one}" for one in expected]
    assert any("2 accepted or planned gaps are left out" in caption.value for caption in page.caption)


def test_the_matrix_marks_their_cells(app, answered, tmp_path):
    drawn = matrix_of(on(app, "matrix.py"))
    assert "◊ accepted or planned gap" in drawn["signs"]
    (first, *_) = (cell for cell in cells_of(drawn) if cell["attack_id"] == answered[0])
    assert first["sign"] == IN_FORCE and first["open"][0].endswith(": because <b>")
    (tmp_path / "gaps.toml").unlink()
    assert matrix_of(on(app, "matrix.py"))["signs"] == []


def test_the_technique_page_says_why(app, answered):
    app.query_params["technique"] = answered[3]
    page = on(app, TECHNIQUE)
    page.run()
    said = [item.value for item in page.markdown if item.value.startswith("Gap **")]
    assert len(said) == 1
    assert re.fullmatch(r"Gap \*\*accepted\*\* in .+: because \\<b\\> \(me\)", said[0])


def test_a_covered_technique_has_no_note(app, tmp_path):
    (tmp_path / "gaps.toml").write_text(
        '[[gap]]\nid = "T1003.001"\nstate = "accepted"\nreason = "x"\nowner = "y"\n', encoding="utf-8"
    )
    app.query_params["technique"] = "T1003.001"
    page = on(app, TECHNIQUE)
    assert not [item for item in page.markdown if item.value.startswith("Gap **")]


def below_the_table(attack_id: str) -> None:
    """What stands below the table of the Gaps page when a gap is selected there."""
    from coverage import session
    from coverage.measures import gaps
    from coverage.measures.accepted import with_accepted
    from coverage.pages import gap_parts

    now = session.view("enterprise-19.0")
    found = with_accepted(gaps(now), session.accepted(now), now)
    gap_parts.entry_to_paste(found[found["attack_id"] == attack_id].iloc[0], now)


def test_the_selected_gap_has_an_entry_to_paste_that_the_reader_takes(app, answered, open_ids, tmp_path):
    chosen = next(one for one in open_ids["attack_id"].iloc[5:] if one not in answered)
    page = AppTest.from_function(below_the_table, args=(chosen,), default_timeout=60).run()
    assert not page.exception
    text = page.code[0].value
    assert (
        page.expander[0].label == f"Accept or plan {chosen} in gaps.toml" and page.expander[0].proto.expanded
    )
    (tmp_path / "gaps.toml").write_text(
        text.replace('reason = ""', 'reason = "why"').replace('owner = ""', 'owner = "who"'), encoding="utf-8"
    )
    page = AppTest.from_function(below_the_table, args=(chosen,), default_timeout=60).run()
    until = (TODAY + timedelta(days=180)).isoformat()
    assert as_seen(page.markdown[0].value) == f"**{chosen} accepted until {until}** — why (who)"
    assert not page.expander[0].proto.expanded


def test_the_sign_stands_in_marked_open_cells_alone(rules):
    view = read_embedded(load([CorpusSource("mine", rules)]), E19).view()
    tactics, ids = matrix_tactics(view), ("T1059", "T1003")  # T1003 is covered
    said = Accepted(by_place={(one, ""): Entry(one, "accepted", "because <b>", "me") for one in ids})
    data = matrix_data(matrix_cells(view, said), tactics, LIGHT)
    assert {cell["attack_id"] for cell in cells_of(data) if cell["sign"]} == {"T1059"}
    assert {
        cell["attack_id"] for cell in cells_of(data) if f"{IN_FORCE} accepted: because <b>" in cell["open"]
    } == {"T1059"}
    assert data["signs"] == ["◊ accepted or planned gap"]
    assert matrix_data(matrix_cells(view), tactics, LIGHT)["signs"] == []
