"""Panther detections: exact values on fixtures, and the real samples against PyYAML."""

from __future__ import annotations

import pytest
import yaml

from coverage.loaders import CorpusSource, load
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told


@pytest.fixture(scope="module")
def found():
    return loaded("panther")


def test_every_detection_its_class_and_switch(found):
    assert found.rules[["rule_key", "rule_class", "enabled", "severity", "type"]].values.tolist() == [
        ["c/beta.yml", "development", True, "medium", "policy"],
        ["c/root_login.yml", "production", True, "informational", "rule"],
        ["c/signal.yml", "building_block", False, "critical", "scheduled_rule"],
    ]


def test_every_field_of_a_rule(found):
    row = rule(found, "root_login.yml")
    expected = {
        "rule_id": "Fixture.RootLogin",
        "name": "Root signed in",
        "language": "python",
        "platforms": ("IaaS",),
        "integrations": ("AWS", "Starship"),
        "data_sources": ("AWS.CloudTrail", "Starship.Log"),
        "tags": ("Cloud",),
        "description": "The root user signed in.",
        "query": None,
        "note": "Ask the owner.",
        "setup": "The detection itself is the Python file `root_login.py`.",
        "references": ("https://example.org/root",),
    }
    assert {name: row[name] for name in expected} == expected
    signal = rule(found, "signal.yml")
    assert (signal["name"], signal["language"]) == ("Fixture.Signal", "panther")
    assert signal["query"].startswith("Detection:\n  - Key: eventName")
    assert rule(found, "beta.yml")["data_sources"] == ("AWS.S3.Bucket",)


def test_reports_link_a_tactic_and_a_technique(found):
    assert mapped(found, "root_login.yml") == [
        ("TA0001", None, "T1078.004"),
        ("TA0004", "T1078", None),
        ("TA0003", None, None),
    ]
    assert mapped(found, "signal.yml") == []
    for said, text in texts_at_mappings(found, FORMATS / "panther"):
        assert text.endswith(said)


def test_an_unknown_log_type_is_a_note_and_a_helper_is_no_rule(found):
    assert told(found) == [("root_login.yml", None, "platform-word-unknown", "note")]


def test_faults_have_lines(tmp_path):
    text = (FORMATS / "panther/root_login.yml").read_text(encoding="utf-8")
    assert told(of_text(tmp_path, "x.yml", text.replace("Enabled: true", "Enabled: perhaps")))[0] == (
        "x.yml",
        5,
        "wrong-type",
        "warning",
    )
    assert told(of_text(tmp_path, "x.yml", text.replace("[Cloud]", "[Cloud"))) == [
        ("x.yml", 11, "bad-yaml", "error")
    ]
    text = "AnalysisType: rule\nSeverity: Low\n"
    assert told(of_text(tmp_path, "x.yml", text)) == [("x.yml", 1, "no-rule", "error")]


@pytest.mark.corpora
def test_the_real_samples_agree_with_pyyaml(shared):
    root = shared("corpora", "samples", "panther")
    real = load([CorpusSource("c", root)])
    pairs = real.written["tactic_id"] + ":" + real.written["leaf_id"]
    said = pairs.groupby(real.written["rule_key"]).apply(list).to_dict()
    assert len(real.problems) == 0 and len(real.rules) == len(list(root.rglob("*.yml"))) == 60
    for row in real.rules.to_dict("records"):
        one = yaml.safe_load((root / row["path"]).read_text(encoding="utf-8"))
        assert (row["rule_id"], row["enabled"]) == (one["RuleID"], one["Enabled"])
        assert row["severity"] == {"Info": "informational"}.get(one["Severity"], one["Severity"].lower())
        assert said.get(row["rule_key"], []) == one.get("Reports", {}).get("MITRE ATT&CK", [])
        assert list(row["data_sources"]) == one.get("LogTypes", [])
