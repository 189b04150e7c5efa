"""Google SecOps YARA-L: exact values on fixtures, and the real samples against a line-by-line count."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.loaders import CorpusSource, load
from tests.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

FILE = "two_rules.yaral"


@pytest.fixture(scope="module")
def found():
    return loaded("yaral")


def test_every_rule_its_class_and_severity(found):
    assert found.rules[["rule_key", "name", "rule_class", "severity"]].fillna("-").values.tolist() == [
        [f"c/{FILE}", "Bucket made public", "production", "high"],
        [f"c/{FILE}#1", "two_and_two", "hunt", "informational"],
        [f"c/{FILE}#2", "name_without_id", "production", "-"],
    ]


def test_every_field_of_a_rule(found):
    row = rule(found, FILE)
    expected = {
        "rule_id": "mr_00000001", "type": "Alert", "language": "yara-l", "platforms": ("IaaS",),
        "integrations": ("GCP", "Starship"), "data_sources": ("GCP Cloud Audit",),
        "authors": ("Fixture Author", "Example Team"), "created": pd.Timestamp(2026, 1, 5),
        "description": 'A "bucket" is public. // not a comment', "references": ("https://example.org/bucket",),
        "false_positives": ("Public sites",),
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["query"].startswith("events:\n    $e.metadata") and row["query"].endswith("condition:\n    $e")
    assert rule(found, f"{FILE}#1")["platforms"] == ("Identity Provider",)


def test_one_technique_in_two_tactics_a_pair_and_a_name_without_an_id(found):
    assert mapped(found, FILE) == [("Defense Evasion", "T1537", None), ("Exfiltration", "T1537", None)]
    assert mapped(found, f"{FILE}#1") == [("TA0001", None, "T1078.004")]
    assert mapped(found, f"{FILE}#2") == [("Impact", None, None)]
    assert found.written.written_for.fillna("-").tolist() == ["14.1", "14.1", "-", "-"]
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, FORMATS / "yaral"))


def test_problems_have_lines_and_plain_yara_is_passed_over(found):
    assert told(found) == [
        ("open.yaral", 1, "bad-yaral", "error"),
        (FILE, 53, "bad-severity", "warning"),
        (FILE, 52, "no-id", "warning"),
        (FILE, None, "platform-word-unknown", "note"),
    ]


def test_several_tactics_and_techniques_are_not_crossed(tmp_path):
    text = 'rule a {\nmeta:\n tactic = "TA0001, TA0002"\n technique = "T1078, T1059"\nevents:\n $e\ncondition:\n $e\n}\n'
    assert mapped(of_text(tmp_path, "x.yaral", text), "x.yaral") == [
        (None, "T1078", None), (None, "T1059", None), ("TA0001", None, None), ("TA0002", None, None),
    ]  # fmt: skip


def test_an_id_in_the_link_alone_and_braces_in_patterns(tmp_path):
    text = (
        'rule a {\nmeta:\n mitre_attack_url = "https://attack.mitre.org/versions/v14/techniques/T1098/001/"\n'
        "events:\n $e.a = /x{/ nocase\n $e.b = `}`\ncondition:\n $e\n}\nrule b {\nmeta:\nevents:\n $e\ncondition:\n $e\n}\n"
    )
    found = of_text(tmp_path, "x.yaral", text)
    assert found.rules.name.tolist() == ["a", "b"] and mapped(found, "x.yaral") == [(None, None, "T1098.001")]


@pytest.mark.corpora
def test_the_real_samples_agree_with_a_count_of_lines(shared):
    root = shared("corpora", "samples", "chronicle")
    real = load([CorpusSource("c", root)])
    assert len(real.problems) == 0 and len(real.rules) == len(list(root.rglob("*.yaral"))) == 50
    leaves = real.written.dropna(subset=["leaf_id"]).groupby("rule_key")["leaf_id"].agg(set).to_dict()
    for row in real.rules.to_dict("records"):
        lines = [line.strip() for line in (root / row["path"]).read_text(encoding="utf-8").split("\n")]
        pairs = [line.split("=", 1) for line in lines if line.partition("=")[2].count('"') >= 2]
        said = {key.strip(): value.split('"')[1] for key, value in reversed(pairs)}
        assert (row["name"], row["severity"]) == (said["rule_name"], {"Info": "informational"}.get(said["severity"], said["severity"].lower()))
        url = said.get("mitre_attack_url", "").rstrip("/").partition("/techniques/")[2].replace("/", ".")
        assert leaves.get(row["rule_key"], set()) == ({said.get("technique", url)} - {""})
