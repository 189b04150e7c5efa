"""Clauses of a sentence that would only say that nothing happened are left out."""

from __future__ import annotations

import re

import pytest

from coverage.words import listed
from tests.helpers.command_line import run
from tests.helpers.corpora_made import rule_text


@pytest.fixture
def rules(tmp_path):
    """A folder with one good rule; a second rule, a damaged file and an unknown ID go in by name."""

    def made(*names: str) -> str:
        texts = {
            "good": rule_text("a", ["T1053"]),
            "unknown": rule_text("b", ["T9999"]),
            "damaged": "[rule]\nname = ",
        }
        for name in ("good", *names):
            (tmp_path / f"{name}.toml").write_text(texts[name], encoding="utf-8")
        return str(tmp_path)

    return made


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "1 of 1 rule is in scope. Everything was read, and every ID is known."),
        (("damaged",), "1 of 1 rule is in scope. 1 problem in reading: see problems."),
        (
            ("unknown",),
            "2 of 2 rules are in scope; of these 1 names no ID of this release. 1 unknown ID in mappings: "
            "see problems.",
        ),
        (
            ("damaged", "unknown"),
            "2 of 2 rules are in scope; of these 1 names no ID of this release. 1 problem in reading and 1 "
            "unknown ID in mappings: see problems.",
        ),
    ],
)
def test_the_summary_names_only_what_there_is(rules, names, sentence):
    assert sentence in " ".join(run("summary", rules(*names)).stdout.split())


@pytest.mark.parametrize(
    ("names", "title"),
    [
        ((), "No problems in 1 rule: every file was read, and every ID is in Enterprise 19.0"),
        (("damaged",), "1 problem in reading 1 rule; every ID is in Enterprise 19.0"),
        (("unknown",), "1 ID that could not be placed in Enterprise 19.0, in 2 rules; every file was read"),
    ],
)
def test_problems_counts_only_the_kinds_there_are(rules, names, title):
    assert run("problems", rules(*names)).stdout.splitlines()[0].strip() == title


def test_lint_counts_only_the_severities_there_are(rules):
    words = " ".join(run("lint", rules("unknown")).stdout.split())
    found = re.search(r"[^│┘]*(?= in 2 rules, checked)", words)[0]
    assert "1 error" in found and "silenced" not in found and " 0 " not in found
    quiet = run("lint", rules("good"), "--code", "no-mapping").stdout
    assert "No findings in 2 rules, checked" in quiet


def test_a_comparison_of_equal_states_says_so_in_one_sentence(rules, tmp_path):
    kept = str(tmp_path / "kept.jsonl")
    run("snapshot", rules(), "-o", kept)
    text = run("diff", kept, rules()).stdout
    assert text.startswith("Covered techniques stay at 1 of 201: none gained, none lost.")
    assert "no rule differs" in text


@pytest.mark.parametrize(
    ("words", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_words_are_joined_as_in_a_sentence(words, text):
    assert listed(words) == text
