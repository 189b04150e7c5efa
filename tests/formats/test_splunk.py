"""Splunk detections: exact values on fixtures, and the real samples against PyYAML."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from coverage.loaders import CorpusSource, load
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told


@pytest.fixture(scope="module")
def found():
    return loaded("splunk")


def test_every_detection_its_class_score_and_severity(found):
    columns = ["rule_key", "rule_class", "risk_score", "severity", "type"]
    assert found.rules[columns].values.tolist() == [
        ["c/credential_dump.yml", "production", 81.0, "critical", "TTP"],
        ["c/deprecated/gone.yml", "deprecated", 40.5, "medium", "Hunting"],
        ["c/hunting.yml", "hunt", 20.0, "informational", "Hunting"],
        ["c/new_account.yml", "development", 41.0, "medium", "Anomaly"],
    ]


def test_every_field_of_a_detection(found):
    row = rule(found, "credential_dump.yml")
    expected = {
        "rule_id": "00000000-0000-4000-8000-0000000000b1",
        "name": "Memory of the logon process read",
        "format": "splunk",
        "enabled": None,
        "language": "spl",
        "platforms": ("Windows",),
        "data_sources": ("Sysmon EventID 10", "CrowdStrike ProcessRollup2"),
        "tags": ("Credential Dumping", "Endpoint"),
        "authors": ("Fixture Author", "Example Team"),
        "created": None,
        "updated": pd.Timestamp(2026, 3, 4),
        "version": "3",
        "maturity": "production",
        "description": "A process reads the memory of the logon process.",
        "query": "| tstats count from datamodel=Endpoint.Processes",
        "setup": "Collect process access.",
        "references": ("https://example.org/dump",),
        "false_positives": ("Backup agents.",),
    }
    assert {name: row[name] for name in expected} == expected
    assert rule(found, "new_account.yml")["version"] == "10"


def test_techniques_have_no_tactic_and_an_asset_type_tells_the_platform_without_a_data_source(found):
    assert mapped(found, "credential_dump.yml") == [(None, None, "T1003.001"), (None, "T1003", None)]
    assert mapped(found, "hunting.yml") == []
    assert rule(found, "new_account.yml")["platforms"] == ("Identity Provider",)
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, FORMATS / "splunk"))


def test_an_unknown_data_source_is_a_note_and_a_macro_is_no_rule(found):
    assert told(found) == [("hunting.yml", None, "platform-word-unknown", "note")]
    assert "'Starship'" in found.problems.message[0]


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        (0, "informational"),
        (20, "informational"),
        (21, "low"),
        (40, "low"),
        (60, "medium"),
        (80, "high"),
        (100, "critical"),
    ],
)
def test_severity_follows_the_risk_score(tmp_path, score, severity):
    text = (
        (FORMATS / "splunk/credential_dump.yml")
        .read_text(encoding="utf-8")
        .replace("risk_score: 81", f"risk_score: {score}")
    )
    assert of_text(tmp_path, "x.yml", text).rules.severity.tolist() == [severity]


def test_faults_have_lines(tmp_path):
    text = (FORMATS / "splunk/credential_dump.yml").read_text(encoding="utf-8")
    faulty = (
        text.replace("status: production", "status: shipped")
        .replace("risk_score: 81", "risk_score: 181")
        .replace("- T1003\n", "- [T1003]\n")
    )
    assert told(of_text(tmp_path, "x.yml", faulty)) == [
        ("x.yml", 24, "bad-value", "warning"),
        ("x.yml", 6, "bad-status", "warning"),
        ("x.yml", 23, "wrong-type", "warning"),
    ]
    assert told(of_text(tmp_path, "x.yml", text + "tags: [a\n")) == [("x.yml", 27, "bad-yaml", "error")]


@pytest.mark.parametrize(
    ("kind", "rules", "codes"),
    [
        ("type: Baseline\n", 0, []),
        ("type: Investigation\n", 0, []),
        ("type: Response\n", 0, []),
        ("", 1, []),
        ("type:\n", 1, []),
        ("type: anomaly\n", 1, []),
        ("type: Anomoly\n", 1, ["bad-type"]),
    ],
)
def test_what_alerts_on_nothing_is_no_rule_and_a_mistaken_type_is_told(tmp_path, kind, rules, codes):
    text = (FORMATS / "splunk/credential_dump.yml").read_text(encoding="utf-8")
    assert "type: TTP\n" in text and "known_false_positives" in text
    found = of_text(tmp_path, "x.yml", text.replace("type: TTP\n", kind))
    assert len(found.rules) == rules and [code for _, _, code, _ in told(found)] == codes
    assert set(found.rules.rule_class) <= {"production"}


@pytest.mark.corpora
def test_the_real_samples_agree_with_pyyaml(shared):
    root = shared("corpora", "samples", "splunk")
    real = load([CorpusSource("c", root)])
    rows = real.rules.set_index("path")
    ids = (
        real.written.assign(path=real.written.rule_key.str[2:])
        .groupby("path")["leaf_id"]
        .apply(list)
        .to_dict()
    )
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.yml"))
    assert real.rules.path.tolist() == paths and len(real.problems) == 0
    for path in paths:
        one = yaml.safe_load((root / path).read_text(encoding="utf-8"))
        row = rows.loc[path]
        assert (row["name"], row["rule_id"], row["type"]) == (one["name"], one["id"], one["type"])
        assert row["risk_score"] == one["tags"]["risk_score"] and row["query"] == one["search"].strip()
        assert ids.get(path, []) == (one["tags"].get("mitre_attack_id") or [])
        assert (row["rule_class"] == "deprecated") == (one["status"] == "deprecated")
