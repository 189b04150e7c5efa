"""Decisions: what a file may say, which one counts, and how answers are kept."""

from __future__ import annotations

import pytest

from coverage.migrate import DecisionError, read_decisions
from coverage.migrate.decisions import added, as_toml
from coverage.migrate.listing import answers, question_list
from tests.helpers.migrating import decision, entry, file_plan, planned, rule, target, technique

TEXT = """
# kept by hand
[[decision]]
from = "T1574"
to = "TA0002"
reason = "we look at execution"

[[decision]]
from = "T1574"
to = ["TA0002", "TA0005"]
tactic = "TA0003"
rule = "one"
reason = "both"

[[decision]]
from = "T1574"
to = "keep"
tactic = "TA0003"
reason = "under review"
"""


def written(tmp_path, text):
    path = tmp_path / "decisions.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_narrower_decision_comes_first(tmp_path):
    found = read_decisions(written(tmp_path, TEXT))
    assert [one.number for one in found] == [2, 3, 1]
    assert found[0].tactics == ("TA0002", "TA0005") and found[1].word == "keep" and found[2].technique is None
    fits = [
        next(one.number for one in found if one.fits("T1574", *ask))
        for ask in (("TA0003", ("one",)), ("TA0003", ("two",)), ("TA0004", ("one",)))
    ]
    assert fits == [2, 3, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[decision]]\nfrom = 'T1'\nreason = 'x'\n", "decision 1 has no 'to'"),
        ("[[decision]]\nto = 'T1059'\nreason = 'x'\n", "decision 1 has no 'from'"),
        ("[[decision]]\nfrom = 'T1'\nto = 'T1059'\n", "decision 1 has no 'reason'"),
        ("[[decision]]\nfrom = 'T1'\nto = ''\nreason = 'x'\n", "decision 1: 'to' is neither"),
        ("[[decision]]\nfrom = 'T1'\nto = ['T1059', 'T1053']\nreason = 'x'\n", "decision 1: 'to' is neither"),
        ("[[decision]]\nfrom = 'T1'\nto = ['keep', 'TA0002']\nreason = 'x'\n", "decision 1: 'to' is neither"),
        ("[[decision]]\nfrom = 1\nto = 'T1059'\nreason = 'x'\n", "'from' is not a text"),
        (
            "[[decision]]\nfrom = 'T1'\nto = 'T1059'\nreason = 'x'\nwhy = 'y'\n",
            "decision 1 has something else",
        ),
        ("[decision]\nfrom = 'T1'\n", "holds [[decision]] tables and nothing else"),
        ("[[decisions]]\n", "holds [[decision]] tables and nothing else"),
        ("[[decision\n", ":1: Not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, text, says):
    with pytest.raises(DecisionError) as caught:
        read_decisions(written(tmp_path, text))
    assert says in str(caught.value) and "decisions.toml" in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(DecisionError, match=r"none\.toml"):
        read_decisions(tmp_path / "none.toml")


def test_what_is_listed_can_be_answered_and_pasted(tmp_path):
    text = rule(entry("TA0003", "Persistence", technique("T1574", "Hijack Execution Flow")))
    listed = question_list(file_plan(text).questions, target())
    assert 'to = ""  # TA0002 (Execution), TA0005 (Stealth), keep, remove' in listed
    path = written(
        tmp_path, listed.replace('to = ""', 'to = "TA0005"').replace('reason = ""', 'reason = "so"')
    )
    (only,) = read_decisions(path)
    assert (only.written, only.to, only.tactic, only.reason) == ("T1574", ("TA0005",), "TA0003", "so")
    with pytest.raises(DecisionError):  # as it is listed it decides nothing
        read_decisions(written(tmp_path, listed))
    ready = [
        read_decisions(written(tmp_path, one.replace('reason = ""', 'reason = "so"')))[0]
        for one in answers(file_plan(text).questions[0])
    ]
    assert [one.to for one in ready] == [("TA0002",), ("TA0005",)]
    assert {one.rule for one in ready} == {"11111111-2222-3333-4444-555555555555"}


def test_answers_are_added_to_what_is_there(tmp_path):
    path = written(tmp_path, TEXT.lstrip())
    (question,) = file_plan(
        rule(entry("TA0003", "Persistence", technique("T1574", "Hijack Execution Flow")))
    ).questions
    added(path, [as_toml(question, ("TA0002",), 'with "quotes", a \\ and\nlines')])
    text = path.read_text(encoding="utf-8")
    assert text.startswith(TEXT.strip())
    assert read_decisions(path)[2].reason == 'with "quotes", a \\ and\nlines'
    added(tmp_path / "new.toml", [as_toml(question, ("TA0002", "TA0005"), "x")])
    assert read_decisions(tmp_path / "new.toml")[0].to == ("TA0002", "TA0005")
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".part"] == []


def test_which_decisions_were_used_is_told():
    text = rule(entry("TA0003", "Persistence", technique("T1574", "Hijack Execution Flow")))
    used, unused, dead = (
        decision("T1574", "TA0002"),
        decision("T1110", "TA0002"),
        decision("T1574", "T1562", tactic="TA0003"),
    )
    assert planned(text, decisions=(dead, used, unused)).used == {used}
