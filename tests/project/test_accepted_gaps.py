"""gaps.toml: what it may say, what it says of gaps, and that no number of coverage moves by it."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.exports.tables import gaps_csv
from coverage.frames import checked
from coverage.loaders import CorpusSource, load
from coverage.loaders.frames import PROBLEMS
from coverage.measures import gaps, summary
from coverage.measures.accepted import (
    COLUMNS,
    counts,
    counts_sentence,
    idle_entries,
    in_force,
    marks,
    notes_on,
    unit_marks,
    with_accepted,
)
from coverage.measures.frames import ACCEPTED_GAPS, GAPS
from coverage.measures.matrix import matrix_cells
from coverage.project.accepted_gaps import Accepted, accepted_in, as_toml, gaps_files, read_entries
from tests.helpers import small
from tests.helpers.command_line import run
from tests.helpers.examples import examples
from tests.helpers.small import DAY, E18, E19, SMALL
from tests.helpers.states import copy_of_small, refused

GOOD = """# ours
[[gap]]
id = "T1020"
state = "accepted"
reason = "The vendor's contract"
owner = "team"
ticket = "SEC-1"
until = 2026-03-31

[[gap]]
id = "t1119"
state = "planned"
reason = "Next quarter"
owner = "team"

[[gap]]
id = "T1123"
state = "accepted"
reason = "No microphones"
owner = "office"
until = 2026-03-30
"""


def entry(attack_id: str, state: str = "accepted", **more: str) -> str:
    values = {"id": attack_id, "state": state, "reason": "a reason", "owner": "an owner"} | more
    return "[[gap]]\n" + "".join(
        f"{key} = {value if key == 'until' else json.dumps(value)}\n" for key, value in values.items()
    )


def said(tmp_path: Path, text: str, release: str = E18) -> Accepted:
    file = tmp_path / "gaps.toml"
    file.write_text(text, encoding="utf-8")
    return accepted_in([file], small.reading(release).reader)


def rows(found: pd.DataFrame) -> dict[str, tuple]:
    """ID -> its accepted columns, where there are any."""
    return {
        row["attack_id"]: tuple(None if pd.isna(row[name]) else row[name] for name in COLUMNS)
        for row in found[found["accepted"].notna()].to_dict("records")
    }


# ---- what it says of gaps
# --------------------------------------------------------------------------------------


def test_gaps_get_columns_behind_their_own(tmp_path):
    view = small.view(E18)
    found = checked(with_accepted(gaps(view), said(tmp_path, GOOD), view), ACCEPTED_GAPS)
    assert list(found.columns) == [*GAPS.columns, *COLUMNS]
    assert COLUMNS == (
        "accepted",
        "accepted_reason",
        "accepted_owner",
        "accepted_ticket",
        "accepted_until",
        "accepted_expired",
    )
    pd.testing.assert_frame_equal(found[list(GAPS.columns)], gaps(view))
    assert rows(found) == {
        "T1020": ("accepted", "The vendor's contract", "team", "SEC-1", pd.Timestamp(2026, 3, 31), False),
        "T1119": ("planned", "Next quarter", "team", None, None, False),
        "T1123": ("accepted", "No microphones", "office", None, pd.Timestamp(2026, 3, 30), True),
    }
    assert counts(found) == {"accepted": 1, "planned": 1, "expired": 1}
    assert counts_sentence(found) == ", of which 1 accepted, 1 planned and 1 expired"
    by_id = dict(zip(found["attack_id"], marks(found), strict=True))
    assert (by_id["T1020"], by_id["T1119"], by_id["T1123"]) == (
        "accepted until 2026-03-31",
        "planned",
        "accepted until 2026-03-30, expired",
    )
    assert set(found.loc[in_force(found), "attack_id"]) == {"T1020", "T1119"}
    assert counts_sentence(found[~in_force(found)]) == ", of which 1 expired"


def test_no_entry_no_word():
    view = small.view(E18)
    found = checked(with_accepted(gaps(view), Accepted(), view), ACCEPTED_GAPS)
    assert (
        found["accepted"].isna().all()
        and not found["accepted_expired"].any()
        and counts_sentence(found) == ""
    )
    assert set(marks(found)) == {""}


@pytest.mark.parametrize(("day", "expired"), [(date(2026, 3, 31), False), (date(2026, 4, 1), True)])
def test_the_last_day_still_counts(tmp_path, day, expired):
    view = small.reading(E18).view(on=day)
    found = with_accepted(gaps(view), said(tmp_path, GOOD), view)
    assert bool(found.set_index("attack_id").loc["T1020", "accepted_expired"]) is expired


def test_an_id_is_read_as_a_mapping_is(tmp_path):
    """T1562.004 is revoked in 19.0 in favour of T1686; of T1562.001 in 18.1 nobody must choose."""
    old, new = said(tmp_path, entry("T1562.004")), said(tmp_path, entry("T1562.004"), E19)
    assert set(old.by_place) == {("T1562.004", "")} and old.problems.empty
    assert set(new.by_place) == {("T1686", "")}
    assert new.problems[["line", "code", "severity"]].values.tolist() == [[1, "gap-read-as", "note"]]
    back = said(tmp_path, entry("T1686"))
    assert set(back.by_place) == {("T1562.004", "")} and back.problems["code"].tolist() == ["gap-read-as"]


def test_a_placement_is_accepted_alone_and_an_id_when_all_of_its_placements_are(tmp_path):
    """T1098 is in Persistence (TA0003) and Privilege Escalation (TA0004)."""
    view = small.view(E18)
    one = said(tmp_path, entry("T1098", tactic="Persistence"))
    assert rows(with_accepted(gaps(view), one, view)) == {}
    cells = matrix_cells(view, one)
    marked = {(row.tactic_id, row.attack_id): row.mark for row in cells.itertuples() if row.mark}
    assert marked == {("TA0003", "T1098"): "accepted: a reason"}
    assert notes_on("T1098", one, view) == ["Gap **accepted** in Persistence: a reason (an owner)"]
    both = said(
        tmp_path,
        entry("T1098", tactic="TA0003", until="2026-05-01")
        + entry("T1098", "planned", tactic="privilege-escalation", owner="others"),
    )
    assert rows(with_accepted(gaps(view), both, view)) == {
        "T1098": ("planned", "a reason", "an owner; others", None, pd.Timestamp(2026, 5, 1), False)
    }
    over = said(
        tmp_path, entry("T1098", tactic="TA0003", until="2026-03-01") + entry("T1098", tactic="TA0004")
    )
    assert rows(with_accepted(gaps(view), over, view))["T1098"][-2:] == (pd.Timestamp(2026, 3, 1), True)


def test_what_holds_everywhere_holds_in_every_cell_and_never_in_a_covered_one(tmp_path):
    view = small.view(E18)
    accepted = said(tmp_path, entry("T1098") + entry("T1003"))
    cells = matrix_cells(view, accepted)
    marked = {(row.tactic_id, row.attack_id) for row in cells.itertuples() if row.mark}
    assert marked == {("TA0003", "T1098"), ("TA0004", "T1098")}  # T1003 is covered by b
    assert idle_entries(accepted, gaps(view)["attack_id"]) == ["T1003"]
    assert not set(rows(with_accepted(gaps(view), accepted, view))) & {"T1098.001", "T1098.002"}


def test_an_entry_in_force_stands_before_one_that_is_over(tmp_path):
    view = small.view(E18)
    accepted = said(
        tmp_path,
        entry("T1098", until="2026-01-01")
        + entry("T1098", tactic="TA0003", reason="here")
        + entry("T1098", tactic="TA0004", reason="there"),
    )
    assert accepted.at("T1098", "TA0003", DAY).reason == "here"
    assert rows(with_accepted(gaps(view), accepted, view))["T1098"][:2] == ("accepted", "here; there")


def test_no_number_of_coverage_moves(tmp_path):
    """The same summary with the file and without: an accepted gap never counts as covered."""
    folder = copy_of_small(tmp_path / "small")
    before = run("summary", str(folder), "--json").stdout
    (folder / "gaps.toml").write_text(GOOD, encoding="utf-8")
    assert run("summary", str(folder), "--json").stdout == before
    view = small.view(E18)
    with_accepted(gaps(view), said(tmp_path, GOOD), view)
    assert summary(view) == summary(small.reading(E18).view(on=DAY))


# ---- the file
# -----------------------------------------------------------------------------------------------------


def test_entries_as_written(tmp_path):
    file = tmp_path / "gaps.toml"
    file.write_text(GOOD, encoding="utf-8")
    entries, problems = read_entries(file)
    assert problems == [] and [(one.id, one.state, one.until, one.line) for one in entries] == [
        ("T1020", "accepted", date(2026, 3, 31), 2),
        ("T1119", "planned", None, 10),
        ("T1123", "accepted", date(2026, 3, 30), 16),
    ]


@pytest.mark.parametrize(
    ("text", "line", "code", "severity", "words"),
    [
        (
            "[[gap]]\n",
            1,
            "gap-incomplete",
            "error",
            "gap[0] has no id and no state and no reason and no owner",
        ),
        (entry("T1020", reason=" "), 1, "gap-incomplete", "error", "gap[0] has no reason"),
        (entry("T1020", "ignored"), 3, "gap-state", "error", "is 'ignored', neither accepted nor planned"),
        (
            entry("T1020", until='"soon"'),
            6,
            "gap-state",
            "error",
            "is not a date, so it is unclear whether the entry is in force",
        ),
        (entry("T1020") + entry("T9999"), 6, "gap-unknown-id", "error", "No installed release knows T9999"),
        (entry("none"), 1, "gap-unknown-id", "error", "Not an ATT&CK technique ID"),
        (entry("T1625"), 1, "gap-unknown-id", "error", "is an ID of ATT&CK Mobile"),
        (entry("T1685"), 1, "gap-unread-id", "warning", "it could be "),
        (entry("T1020", tactic="Impact"), 1, "gap-unknown-tactic", "error", "T1020 is not in Impact"),
        (entry("T1020", tactic="Nonsense"), 1, "gap-unknown-tactic", "error", "unknown tactic: 'Nonsense'"),
        (entry("T1020") + entry("T1020"), 6, "gap-twice", "warning", "T1020 is listed twice"),
        (entry("T1020", note="x"), 6, "unknown-key", "warning", "note is unknown"),
        ("[gaps]\n", 1, "unknown-key", "warning", "gaps is unknown"),
        ("[[gap]\n", 1, "bad-toml", "error", "Not valid TOML"),
        ('gap = "T1020"\n', 1, "wrong-type", "warning", "gap is text, not a list of tables"),
    ],
)
def test_each_fault_is_a_problem_with_its_line(tmp_path, text, line, code, severity, words):
    found = checked(said(tmp_path, text).problems, PROBLEMS)
    row = found[found["code"] == code].iloc[0]
    assert (row["line"], row["severity"], row["path"]) == (line, severity, str(tmp_path / "gaps.toml"))
    assert words in row["message"] and row["message"].endswith(".")


def test_an_entry_with_an_error_says_nothing_and_costs_no_other(tmp_path):
    accepted = said(tmp_path, entry("T1020", "ignored") + entry("T9999") + entry("T1119"))
    assert set(accepted.by_place) == {("T1119", "")} and len(accepted.errors) == 2
    assert accepted.errors[1].startswith(f"{tmp_path / 'gaps.toml'}:6: No installed release knows T9999")


def test_everything_wrong_with_an_entry_is_said_in_the_order_of_the_file(tmp_path):
    """A value that cannot be used is a warning of its own, and then one that the entry lacks."""
    text = '[[gap]]\nid = 3\nstate = "ignored"\nreason = "x"\nuntil = "soon"\nnote = "y"\n'
    file = tmp_path / "gaps.toml"
    file.write_text(text + entry("T1119", ticket=" "), encoding="utf-8")
    entries, problems = read_entries(file)
    assert [(one.id, one.ticket, one.line) for one in entries] == [("T1119", None, 7)]
    assert [(one.line, one.code, one.severity, one.message) for one in problems] == [
        (1, "gap-incomplete", "error", "gap[0] has no id and no owner."),
        (2, "wrong-type", "warning", "gap[0].id is a whole number, not text."),
        (5, "bad-date", "warning", "gap[0].until is 'soon', which is not a date written YYYY/MM/DD."),
        (
            6,
            "unknown-key",
            "warning",
            "gap[0].note is unknown; known: id, state, reason, owner, ticket, tactic, until.",
        ),
    ]


def test_a_table_alone_is_read_as_the_only_entry(tmp_path):
    file = tmp_path / "gaps.toml"
    file.write_text(entry("T1119", note="x").replace("[[gap]]", "[gap]"), encoding="utf-8")
    entries, problems = read_entries(file)
    assert [(one.id, one.line) for one in entries] == [("T1119", 1)]
    assert [(one.line, one.message.partition(";")[0]) for one in problems] == [
        (1, "gap is a table, not a list of tables"),
        (6, "gap.note is unknown"),
    ]


def test_what_cannot_be_read_is_a_problem(tmp_path):
    reader = small.reading(E18).reader
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    for path, code in (
        (tmp_path / "none.toml", "unreadable-file"),
        (tmp_path, "not-a-file"),
        (tmp_path / "bytes.toml", "not-utf8"),
    ):
        assert code in accepted_in([path], reader).problems["code"].tolist()
    (tmp_path / "empty.toml").write_text("\n", encoding="utf-8")
    assert accepted_in([tmp_path / "empty.toml"], reader).problems.empty


@examples(30)
@given(
    st.one_of(
        st.binary(max_size=120),
        st.text(max_size=120).map(str.encode),
        st.text(max_size=30).map(lambda text: entry(text, text, tactic=text).encode()),
    )
)
def test_no_bytes_raise(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("any") / "gaps.toml"
    file.write_bytes(data)
    accepted = accepted_in([file], small.reading(E18).reader)
    view = small.view(E18)
    checked(with_accepted(gaps(view), accepted, view), ACCEPTED_GAPS)


def test_where_the_file_is_looked_for(tmp_path):
    stamps = [
        load([CorpusSource("a", tmp_path / "a")]).corpora[0],
        load([CorpusSource("b", tmp_path / "b")]).corpora[0],
    ]
    settings_file = tmp_path / "coverage.toml"
    assert gaps_files(settings_file, stamps) == ()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gaps.toml").write_text("", encoding="utf-8")
    assert (
        gaps_files(None, stamps)
        == gaps_files(settings_file, stamps)
        == (tmp_path / "a" / "gaps.toml", tmp_path / "b" / "gaps.toml")
    )
    (tmp_path / "gaps.toml").write_text("", encoding="utf-8")
    assert gaps_files(settings_file, stamps) == (tmp_path / "gaps.toml",)
    assert gaps_files(settings_file, stamps, tmp_path / "mine.toml") == (tmp_path / "mine.toml",)


def test_the_entry_to_paste_is_read_once_it_is_filled_in(tmp_path):
    text = as_toml("T1020", 'Automated\nExfiltration "x"', date(2026, 9, 1))
    assert said(tmp_path, text).problems["code"].tolist() == ["gap-incomplete"]
    filled = text.replace('reason = ""', 'reason = "x"').replace('owner = ""', 'owner = "y"')
    accepted = said(tmp_path, filled)
    assert accepted.problems.empty and accepted.by_place[("T1020", "")].until == date(2026, 9, 1)


def test_what_is_said_on_a_page_is_plain_text(tmp_path):
    accepted = said(
        tmp_path, entry("T1020", reason="[click](javascript:x) <b> ![i](http://x/y)", owner="@me")
    )
    (note,) = notes_on("T1020", accepted, small.view(E18))
    assert "\\[click\\]\\(javascript" in note and "\\<b\\>" in note and "](" not in note


# ---- files and the command
# ----------------------------------------------------------------------------------------


def test_the_columns_stand_before_the_stamp(tmp_path):
    view = small.view(E18)
    found = with_accepted(gaps(view), said(tmp_path, GOOD + entry("T1098", reason="=HYPERLINK(1)")), view)
    table = list(csv.DictReader(io.StringIO(gaps_csv(found, view.scope).decode("utf-8"))))
    assert next(iter(table[0])) == "technique_id" and list(table[0])[-9:] == [
        *COLUMNS,
        "attack",
        "scope",
        "corpora",
    ]
    row = next(row for row in table if row["technique_id"] == "T1020")
    assert [row[name] for name in COLUMNS] == [
        "accepted",
        "The vendor's contract",
        "team",
        "SEC-1",
        "2026-03-31",
        "false",
    ]
    assert next(row for row in table if row["technique_id"] == "T1098")["accepted_reason"] == "'=HYPERLINK(1)"


def test_one_gap_is_no_gaps(tmp_path):
    (tmp_path / "gaps.toml").write_text(entry("T1020"), encoding="utf-8")
    done = run(
        "gaps", str(SMALL), "--attack", E18, "--accepted", "only", "--gaps-file", str(tmp_path / "gaps.toml")
    )
    assert done.stdout.startswith("1 gap among ")


def test_a_unit_of_a_comparison_has_its_mark_where_it_is_open(tmp_path):
    view, accepted = (
        small.view(E18),
        said(tmp_path, entry("T1098", tactic="Persistence") + entry("T1020", until="2026-03-30")),
    )
    rows = [
        ("T1020", None, "open"),
        ("T1098", None, "open"),
        ("T1098", "TA0003", "partial"),
        ("T1098", "TA0004", "open"),
        ("T1098", "TA0003", "covered"),
        ("T1020", None, "absent"),
    ]
    units = pd.DataFrame(rows, columns=["attack_id", "tactic_id", "after"], dtype="str")
    assert unit_marks(units, accepted, view) == [
        "accepted until 2026-03-30, expired",
        "",
        "accepted",
        "",
        "",
        "",
    ]


@pytest.fixture
def corpus(tmp_path) -> Path:
    folder = copy_of_small(tmp_path / "small")
    (folder / "gaps.toml").write_text(GOOD.replace("2026-03-31", "2999-01-01"), encoding="utf-8")
    return folder


def listed(*arguments: str) -> dict:
    return {
        row["technique_id"]: row
        for row in json.loads(run("gaps", *arguments, "--attack", E18, "--json").stdout)["gaps"]
    }


def test_the_command_shows_marks_hides_or_lists_alone(corpus):
    shown, hidden, only = (
        listed(str(corpus), *more) for more in ((), ("--accepted", "hide"), ("--accepted", "only"))
    )
    assert len(shown) == len(gaps(small.view(E18)))
    assert set(only) == {"T1020", "T1119"} and set(shown) - set(hidden) == set(only)
    assert shown["T1123"]["accepted_expired"] is True and "T1123" in hidden
    text = " ".join(run("gaps", str(corpus), "--attack", E18).stdout.split())
    assert f"{len(shown)} gaps among " in text and ", of which 1 accepted, 1 planned and 1 expired" in text
    hidden_text, only_text = (
        " ".join(run("gaps", str(corpus), "--attack", E18, "--accepted", choice).stdout.split())
        for choice in ("hide", "only")
    )
    assert (
        f"{len(shown) - 2} gaps among " in hidden_text
        and "in scope, of which 1 expired; 2 more are left out by --accepted hide" in hidden_text
    )
    assert (
        "2 gaps among " in only_text
        and f"in scope, of which 1 accepted and 1 planned; {len(shown) - 2} more are left out by --accepted "
        "only"
        in only_text
    )
    assert "┃ mark" in text and "2999-01-01" in text and "2026-03-30" in text  # a cell may be folded
    assert "mark" not in run("gaps", str(SMALL), "--attack", E18).stdout


def test_the_file_beside_the_settings_stands_before_the_corpus(corpus, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "coverage.toml").write_text("", encoding="utf-8")
    (tmp_path / "gaps.toml").write_text(entry("T1119"), encoding="utf-8")
    found = run("gaps", "small", "--attack", E18, "--accepted", "only", "--json", cwd=tmp_path)
    assert [row["technique_id"] for row in json.loads(found.stdout)["gaps"]] == ["T1119"]
    other = tmp_path / "mine.toml"
    other.write_text(entry("T1123"), encoding="utf-8")
    assert set(listed(str(corpus), "--accepted", "only", "--gaps-file", str(other))) == {"T1123"}


def test_faults_of_the_file_are_said_and_stop_nothing(corpus):
    (corpus / "gaps.toml").write_text(entry("T9999") + entry("T1020"), encoding="utf-8")
    done = run("gaps", str(corpus), "--attack", E18, "--accepted", "only", "--json")
    assert done.returncode == 0 and [row["technique_id"] for row in json.loads(done.stdout)["gaps"]] == [
        "T1020"
    ]
    assert f"error: {corpus / 'gaps.toml'}:1: No installed release knows T9999." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--accepted", "maybe"), "unknown --accepted choice: 'maybe'; choose from show, hide, only"),
        (("--gaps-file", "none.toml"), "file not found: none.toml"),
    ],
)
def test_the_command_says_why_it_cannot(corpus, arguments, words):
    refused(run("gaps", str(corpus), *arguments), words)


def test_the_file_among_the_rules_is_no_rule(corpus):
    found = load([CorpusSource("small", corpus)])
    assert len(found.rules) == 17 and found.corpora[0].content == small.loaded().corpora[0].content
    pd.testing.assert_frame_equal(found.problems, small.loaded().problems)
