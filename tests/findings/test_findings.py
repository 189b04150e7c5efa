"""Findings on a corpus with one rule for each check: exact values, places, order."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.catalogue import Catalogue
from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.findings import CHECKS, findings
from coverage.findings.frames import FINDINGS
from coverage.findings.model import Check, quoted
from coverage.findings.places import nth_of, placed
from coverage.findings.rules import styled
from coverage.frames import checked
from coverage.loaders import CorpusSource, Loaded, Places, load
from coverage.loaders.frames import rules_frame, written_frame
from coverage.mapping.reader import Reader, mappings_as_read
from coverage.vocabulary import PROBLEM_SEVERITIES
from tests.helpers import small
from tests.helpers.findings_corpus import CASES, elastic, tactic, technique, written_to
from tests.helpers.small import E18, E19, mapping, read_embedded, rule


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Loaded:
    return load([CorpusSource("made", written_to(tmp_path_factory.mktemp("made")))])


@pytest.fixture(scope="module")
def found(corpus) -> dict[str, pd.DataFrame]:
    """Release -> FINDINGS with places."""
    return {release: placed(read_embedded(corpus, release).findings, corpus) for release in (E18, E19)}


def rows(frame: pd.DataFrame) -> list[tuple]:
    columns = [frame[name].tolist() for name in ("position", "field", "value", "fix", "code")]
    return [
        tuple(None if value is pd.NA or value != value else value for value in row)
        for row in zip(*columns, strict=True)
    ]


@pytest.mark.parametrize("name", CASES)
def test_each_rule_has_exactly_its_findings(name, found, corpus):
    assert corpus.problems.query("severity == 'error'").empty
    _, release, expected = CASES[name]
    assert rows(found[release].query("name == @name")) == expected


def test_every_check_but_the_one_without_a_real_case_is_found():
    assert {code for _, _, expected in CASES.values() for *_, code in expected} == set(CHECKS) - {
        "ambiguous-replacement"
    }


def test_the_frame_fits_its_spec_and_each_row_its_check(found):
    for frame in found.values():
        checked(frame, FINDINGS)
        assert frame["severity"].tolist() == [CHECKS[code].severity for code in frame["code"]]
        assert frame["silenced"].isna().all()
        assert frame["message"].str.fullmatch(r"[^\n]+\.").all()


def test_each_place_is_that_of_the_value(found, corpus):
    for frame in found.values():
        for row in frame.itertuples():
            if row.field != row.field:
                assert row.line is pd.NA and row.column is pd.NA
                continue
            line = corpus.corpora[0].file(row.path).read_text("utf-8").split("\n")[row.line - 1]
            assert line[row.column - 1 :].lower().startswith(row.value.lower())


def test_places_tell_equal_values_apart(found):
    places = {
        (row.code, row.line, row.column)
        for row in found[E19]
        .query("name in ('duplicate-mapping', 'tag-not-mapped', 'technique-name')")
        .itertuples()
    }
    assert places == {
        ("duplicate-mapping", 19, 7),  # the second of two equal entries, at lines 15 and 19
        ("tag-not-mapped", 10, 44),
        ("tag-not-mapped", 10, 62),
        ("tactic-not-tagged", 38, 7),
        ("technique-name", 16, 9),
        ("technique-name", 24, 9),
    }


def test_findings_stand_in_the_order_of_rules_then_positions_then_checks(corpus):
    frame = read_embedded(corpus, E19).findings
    order = {code: place for place, code in enumerate(CHECKS)}
    rule_order = {key: place for place, key in enumerate(corpus.rules["rule_key"])}
    keys = [
        (rule_order[r.rule_key], -1 if r.position is pd.NA else r.position, order[r.code])
        for r in frame.itertuples()
    ]
    assert keys == sorted(keys)


def test_a_revoked_id_with_several_successors_is_left_to_a_person():
    """No installed release has one, so one revocation is added to a copy of a real release."""
    real = small.catalogue(E19)
    frames = {name: real.frame(name) for name in CATALOGUE_FRAMES}
    more = pd.DataFrame({"attack_id": ["T1562.001"], "revoked_by": ["T1690"]}, dtype="str")
    frames["revocations"] = pd.concat([frames["revocations"], more], ignore_index=True)
    reader = Reader(Catalogue.of_frames(real.release, "made", "made", frames), [small.catalogue(E18)])
    rules, written = (
        rules_frame([rule("a")]),
        written_frame([mapping("a", 0, "T1562.001", "TA0112", technique_id="T1562")]),
    )
    frame = findings(rules, written, mappings_as_read(written, reader), reader)
    assert rows(frame) == [(0, "subtechnique_id", "T1562.001", None, "ambiguous-replacement")]
    assert frame["message"][0] == "T1562.001 is revoked in favour of several: choose one: T1685 or T1690."


def test_one_entry_with_several_techniques_has_one_finding_for_its_tactic():
    written = written_frame(
        [
            mapping("a", 0, "T1070.004", "TA0005", tactic_name="Defense Evasion"),
            mapping("a", 1, "T1027", "TA0005", tactic_name="Defense Evasion"),
            mapping("a", 2, "T1105", "TA0011", tactic_name="Command and Control"),
            mapping("a", 3, "T1036", "TA0005", tactic_name="Defense Evasion"),
        ]
    )
    reader = small.reading(E19).reader
    frame = findings(rules_frame([rule("a")]), written, mappings_as_read(written, reader), reader)
    assert frame.loc[frame["code"] == "tactic-renamed", "position"].tolist() == [0, 3]


def _mapping_set(version: str, tactic_id: str, name: str, attack_id: str) -> str:
    below = tactic(tactic_id, name, technique(attack_id, "Impair Defenses")).replace(
        "rule.threat", "rule.threat_mappings.threat"
    )
    return f'[[rule.threat_mappings]]\nframework = "MITRE ATT&CK"\nversion = "{version}"\n{below}'


def test_only_the_mapping_set_that_is_read_is_checked(tmp_path):
    text = (
        elastic("sets")
        + _mapping_set("18.1", "TA0005", "Defense Evasion", "T1562")
        + _mapping_set("19.0", "TA0112", "Defense Impairment", "T1686")
    )
    (tmp_path / "sets.toml").write_text(text, encoding="utf-8")
    loaded = load([CorpusSource("made", tmp_path)])
    assert loaded.problems.empty
    codes = {release: read_embedded(loaded, release).findings["code"].tolist() for release in (E18, E19)}
    assert codes == {E18: ["parent-only"], E19: ["technique-name", "parent-only"]}
    later = placed(read_embedded(loaded, E19).findings, loaded)
    assert set(later["line"]) == {
        text[: text.index('"T1686"')].count("\n") + 1,
        text[: text.rindex('"Impair Defenses"')].count("\n") + 1,
    }


def test_the_table_of_checks_is_whole():
    for code, check in CHECKS.items():
        assert check.severity in PROBLEM_SEVERITIES
        assert code == code.lower().replace("_", "-") and " " not in code
        assert check.title and check.description.endswith((".", ")"))
        assert check.page.startswith("https://attack.mitre.org/")
    assert Check.page.startswith("https://attack.mitre.org/")
    assert len({check.title for check in CHECKS.values()}) == len(CHECKS)


@pytest.mark.parametrize(
    ("name", "like", "styled_name"),
    [
        ("Stealth", "Defense Evasion", "Stealth"),
        ("Stealth", "defense-evasion", "stealth"),
        ("Defense Impairment", "defense_evasion", "defense_impairment"),
        ("Defense Impairment", "stealth", "defense-impairment"),
        ("Defense Impairment", "DefenseEvasion", "DefenseImpairment"),
        ("Defense Impairment", "defense evasion", "defense impairment"),
        ("Defense Impairment", "Stealth", "Defense Impairment"),
    ],
)
def test_a_tactic_is_written_the_way_the_old_one_was(name, like, styled_name):
    assert styled(name, like) == styled_name


def test_rule_text_in_messages_is_one_short_line():
    assert quoted("a\nb\x1b[31m" + "c" * 200) == "a b [31m" + "c" * 71 + "…"
    assert len(quoted("x" * 500)) == 80 and quoted(None) == ""


def test_a_place_in_a_file_that_has_changed_is_not_told(corpus):
    assert Places("", "elastic").of(0, "technique_id", "T1059") is None
    assert Places("[rule", "elastic").of(0) is None
    assert Places(CASES["right"][0], "elastic").of(9) is None
    assert Places(CASES["right"][0], "no such format").of(0, "tags", "Tactic: Execution") is None
    assert Places(CASES["no-mapping"][0], "elastic").of(None, "tags", "none such") is None
    assert [nth_of(key) for key in ("a/b.yml", "a/b.yml#2", "a/b#c.yml")] == [0, 2, 0]


def test_each_rule_of_a_file_has_its_own_places(tmp_path):
    both = CASES["tactic-renamed-sigma"][0] + "---\n" + CASES["tag-not-mapped-sigma"][0]
    (tmp_path / "both.yml").write_text(both, encoding="utf-8")
    loaded = load([CorpusSource("made", tmp_path)])
    frame = placed(read_embedded(loaded, E19).findings, loaded)
    places = {(row.rule_key, row.value): (row.line, row.column) for row in frame.itertuples()}
    lines = both.split("\n")
    assert places == {
        ("made/both.yml", "defense_evasion"): (lines.index("    - attack.defense_evasion") + 1, 14),
        ("made/both.yml#1", "impact"): (lines.index("    - attack.impact") + 1, 14),
    }
