"""Which release a rule was written for: exact values on rules made for it, and the words for people."""

from __future__ import annotations

import pytest

from coverage.frames import checked
from coverage.loaders import CorpusSource, load
from coverage.measures.frames import CORPUS_RELEASES, WRITTEN_FOR
from coverage.measures.written_for import (
    percent,
    release_sentence,
    releases_by_corpus,
    releases_of,
    written_for,
)
from tests.helpers.findings_corpus import SHELL, elastic, sigma, tactic, technique
from tests.helpers.small import E18, E19, read_embedded

IMPAIR = ("T1562.001", "Disable or Modify Tools")
HIDE = technique("T1036", "Masquerading")
RULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "both.toml": (elastic("both", tactic("TA0002", "Execution", SHELL)), (E18, E19)),
    "old-id.toml": (
        elastic("old-id", tactic("TA0005", "Defense Evasion", technique("T1562", "Impair Defenses", IMPAIR))),
        (E18,),
    ),
    "old-tactic-name.toml": (elastic("old-tactic-name", tactic("TA0005", "Defense Evasion", HIDE)), (E18,)),
    "new-tactic-name.toml": (elastic("new-tactic-name", tactic("TA0005", "Stealth", HIDE)), (E19,)),
    "old-name.toml": (
        elastic(
            "old-name", tactic("TA0005", "Stealth", technique("T1211", "Exploitation for Defense Evasion"))
        ),
        (),
    ),
    "old-pair.toml": (
        elastic(
            "old-pair",
            tactic(
                "TA0003", "Persistence", technique("T1574", "Hijack Execution Flow", ("T1574.001", "DLL"))
            ),
        ),
        (E18,),
    ),
    "new-id.toml": (
        elastic(
            "new-id", tactic("TA0112", "Defense Impairment", technique("T1685", "Disable or Modify Tools"))
        ),
        (E19,),
    ),
    "nothing.toml": (elastic("nothing", tactic("TA0002", "Execution", technique("T9999", "Nothing"))), ()),
    "links-and-tags.toml": (
        elastic(
            "links-and-tags",
            tactic("TA0002", "Execution", technique("T1106", "Native API", url="https://example.org/")),
            tags='"Tactic: Impact"',
        ),
        (E18, E19),
    ),
    "one-bad-path.toml": (
        elastic(
            "one-bad-path", tactic("TA0002", "Execution", SHELL), tactic("TA0005", "Defense Evasion", HIDE)
        ),
        (E18,),
    ),
    "old.yml": (sigma("old", "attack.defense_evasion", "attack.t1036"), (E18,)),
    "new.yml": (sigma("new", "attack.stealth", "attack.t1036"), (E19,)),
    "either.yml": (sigma("either", "attack.t1036"), (E18, E19)),
}
UNMAPPED = {
    "none.toml": elastic("none"),
    "atlas.toml": elastic(
        "atlas",
        tactic("AML.TA0002", "Reconnaissance", technique("AML.T0000", "Search"), framework="MITRE ATLAS"),
    ),
}


@pytest.fixture(autouse=True)
def only_embedded_releases(monkeypatch, tmp_path):
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    for name, text in {**{name: text for name, (text, _) in RULES.items()}, **UNMAPPED}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return read_embedded(load([CorpusSource("mine", folder)]), E19)


def test_each_rule_is_valid_in_the_releases_it_fits(reading):
    frame = checked(written_for(reading), WRITTEN_FOR)
    assert dict(zip(frame["path"], frame["valid_in"], strict=True)) == {
        name: releases for name, (_, releases) in RULES.items()
    }


def test_the_range_is_from_the_oldest_to_the_newest(reading):
    frame = written_for(reading).set_index("path")
    assert frame.loc["both.toml", ["oldest", "newest"]].tolist() == [E18, E19]
    assert frame.loc["old-id.toml", ["oldest", "newest"]].tolist() == [E18, E18]
    assert frame.loc["nothing.toml", ["oldest", "newest"]].isna().all()


def test_rules_that_map_to_nothing_here_are_in_no_denominator(reading):
    frame = written_for(reading)
    shares = checked(releases_by_corpus(frame, releases_of(reading)), CORPUS_RELEASES)
    assert shares.values.tolist() == [["mine", E18, 8, 13, 8 / 13], ["mine", E19, 6, 13, 6 / 13]]
    assert release_sentence(shares) == "mine is 62% valid in 18.1, 46% in 19.0"


def _set(version: str, tactic_id: str, name: str, attack_id: str, title: str) -> str:
    below = tactic(tactic_id, name, technique(attack_id, title)).replace(
        "rule.threat", "rule.threat_mappings.threat"
    )
    return f'[[rule.threat_mappings]]\nframework = "MITRE ATT&CK"\nversion = "{version}"\n{below}'


@pytest.mark.parametrize(
    ("sets", "releases"),
    [
        ((_set("18.1", "TA0005", "Defense Evasion", "T1562", "Impair Defenses"),), (E18,)),
        (
            (
                _set("18.1", "TA0005", "Defense Evasion", "T1562", "Impair Defenses"),
                _set("19.0", "TA0112", "Defense Impairment", "T1685", "Disable or Modify Tools"),
            ),
            (E18, E19),
        ),
        (
            (
                _set("18.1", "TA0005", "Defense Evasion", "T1562", "Impair Defenses"),
                _set("19.0", "TA0112", "Defense Impairment", "T1562", "Impair Defenses"),
            ),
            (E18,),
        ),
        ((_set("19.0", "TA0112", "Defense Impairment", "T1685", "Disable or Modify Tools"),), (E19,)),
    ],
    ids=["for 18.1", "one for each", "the one for 19.0 is wrong", "for 19.0"],
)
def test_each_mapping_set_is_judged_for_its_own_version(tmp_path, sets, releases):
    (tmp_path / "sets.toml").write_text(elastic("sets", *sets), encoding="utf-8")
    reading = read_embedded(load([CorpusSource("mine", tmp_path)]), E19)
    assert written_for(reading)["valid_in"].tolist() == [releases]


def test_no_rule_gives_empty_frames_and_no_words(tmp_path):
    reading = read_embedded(load([CorpusSource("none", tmp_path)]), E19)
    frame = checked(written_for(reading), WRITTEN_FOR)
    assert frame.empty
    assert checked(releases_by_corpus(frame, [E18, E19]), CORPUS_RELEASES).empty
    assert release_sentence(releases_by_corpus(frame, [E18, E19])) == ""


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0%"), (0.001, "<1%"), (0.014, "1%"), (0.5, "50%"), (0.999, ">99%"), (1, "100%")]
)
def test_only_all_is_100_percent_and_only_none_is_0(share, words):
    assert percent(share) == words
