"""One identity of a rule: what counts once, what is reported as a repeat, and what a diff calls the same rule
agree.
"""

from __future__ import annotations

import pytest

from coverage.changes.rule_diff import facts_of, matched
from coverage.identity import RuleId, id_of, same_rules
from coverage.loaders import CorpusSource, Loaded, load

UUID = "0b9f6f3e-6d0c-4f5e-9a55-6f3b3c1e9d10"
WAZUH = '<group name="g"><rule id="{id}" level="5"><description>{name}</description></rule></group>'
TABLE = "rule_id,name,technique,note\n{id},{name},T1059,{note}\n"


@pytest.mark.parametrize(
    ("rule_id", "form", "expected"),
    [
        (UUID, "sigma", RuleId(UUID)),
        (UUID, "table", RuleId(UUID)),
        ("R-1", "sigma", RuleId("R-1")),
        ("R-1", "table", RuleId("R-1", "table", "a name")),
        ("100001", "wazuh", RuleId("100001", "wazuh", "a name")),
        ("", "sigma", None),
        (None, "sigma", None),
    ],
)
def test_what_an_id_needs_beside_it(rule_id, form, expected):
    assert id_of(rule_id, form, "A  Name") == expected


def corpora(tmp_path, first: tuple[str, str], second: tuple[str, str]) -> Loaded:
    """Two corpora with a table of one rule each: (id, name)."""
    for corpus, (rule_id, name) in (("a", first), ("b", second)):
        (tmp_path / corpus).mkdir()
        text = TABLE.format(id=rule_id, name=name, note=corpus)
        (tmp_path / corpus / "rules.csv").write_text(text, encoding="utf-8")
    return load([CorpusSource(corpus, tmp_path / corpus) for corpus in "ab"])


@pytest.mark.parametrize(
    ("first", "second", "one_rule"),
    [
        (("R-1", "Shell"), ("R-1", "shell"), True),
        (("R-1", "Shell"), ("R-1", "Other"), False),  # anybody's first rule
        ((UUID, "Shell"), (UUID, "Other"), True),
        (("R-1", "Shell"), ("R-2", "Shell"), False),
    ],
)
def test_across_corpora_a_rule_counts_once_exactly_where_the_repeat_says_so(
    tmp_path, first, second, one_rule
):
    found = corpora(tmp_path, first, second)
    assert (same_rules(found.rules) != {}) is one_rule
    told = found.problems[found.problems["code"] == "duplicate-id"]
    assert (len(told) == 1) is one_rule
    assert all("it counts once" in message for message in told["message"])


@pytest.mark.parametrize("rule_id", ["R-1", UUID])
def test_over_time_a_rule_with_a_new_name_and_a_new_file_is_the_same_rule(tmp_path, rule_id):
    states = []
    for place, name in (("old.csv", "Shell"), ("new.csv", "Renamed")):
        folder = tmp_path / place.removesuffix(".csv") / "c"
        folder.mkdir(parents=True)
        (folder / place).write_text(TABLE.format(id=rule_id, name=name, note="x"), encoding="utf-8")
        states.append(facts_of(load([CorpusSource("c", folder)]).rules))
    assert matched(*states) == {"c/old.csv": "c/new.csv"}


def test_over_time_an_id_that_only_its_format_knows_is_no_rule_of_another_format(tmp_path):
    states = []
    for file, text in (("a.csv", TABLE), ("b.xml", WAZUH)):
        folder = tmp_path / file.partition(".")[0] / "c"
        folder.mkdir(parents=True)
        (folder / file).write_text(text.format(id="100001", name="Shell", note="x"), encoding="utf-8")
        found = load([CorpusSource("c", folder)])
        assert len(found.rules) == 1
        states.append(facts_of(found.rules))
    assert matched(*states) == {}


def test_within_a_corpus_two_rules_with_one_id_stay_two_and_are_told(tmp_path):
    for place, name in (("a.csv", "Shell"), ("b.csv", "Other")):
        (tmp_path / place).write_text(TABLE.format(id="R-1", name=name, note="x"), encoding="utf-8")
    found = load([CorpusSource("c", tmp_path)])
    assert same_rules(found.rules) == {} and len(found.rules) == 2
    (message,) = found.problems.loc[found.problems["code"] == "duplicate-id", "message"]
    assert "both rules are kept" in message
