"""Suricata rules: exact values on fixtures, and lines that are no rule."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

FILE = "local.rules"


@pytest.fixture(scope="module")
def found():
    return loaded("suricata")


def test_every_rule_a_commented_one_is_disabled_and_pass_is_none(found):
    assert found.rules[["rule_id", "name", "enabled", "severity", "type"]].fillna("-").values.tolist() == [
        ["9000001", "FIXTURE Beacon; over HTTP", True, "high", "alert"],
        ["9000002", "FIXTURE Tunnel", False, "high", "alert"],
        ["9000004", "FIXTURE Split over lines", True, "-", "drop"],
    ]


def test_every_field_of_a_rule(found):
    row = rule(found, FILE)
    expected = {
        "format": "suricata", "rule_class": "production", "language": "suricata", "platforms": ("Windows",),
        "integrations": ("suricata",), "data_sources": ("http",), "created": pd.Timestamp(2026, 1, 2),
        "updated": pd.Timestamp(2026, 2, 3), "version": "3", "description": "trojan-activity",
        "references": ("https://example.org/beacon", "CVE-2024-1"),
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["query"].startswith("alert http $HOME_NET") and row["query"].endswith("2026_02_03;)")
    assert "mitre_technique_id T1071" in row["tags"] and len(row["tags"]) == 8
    assert rule(found, f"{FILE}#1")["platforms"] == ("Network Devices",)


def test_tactics_and_techniques_in_the_same_order_are_linked(found):
    assert mapped(found, FILE) == [("TA0011", "T1071", None)]
    assert mapped(found, f"{FILE}#1") == [("Command_And_Control", None, "T1071.004"), ("Command_And_Control", "T1572", None)]
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, FORMATS / "suricata"))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("mitre_tactic_id TA0001, mitre_technique_id T1190, mitre_tactic_id TA0002, mitre_technique_id T1059",
         [("TA0001", "T1190", None), ("TA0002", "T1059", None)]),
        ("mitre_tactic_id TA0001, mitre_tactic_id TA0002, mitre_technique_id T1, mitre_technique_id T2, mitre_technique_id T3",
         [(None, "T1", None), (None, "T2", None), (None, "T3", None), ("TA0001", None, None), ("TA0002", None, None)]),
        ("mitre_tactic_name Impact", [("Impact", None, None)]),
        ("former_category MALWARE", []),
    ],
)  # fmt: skip
def test_metadata_and_mappings(tmp_path, metadata, expected):
    text = f'alert tcp any any -> any any (msg:"m"; sid:1; metadata:{metadata};)\n'
    assert mapped(of_text(tmp_path, "x.rules", text), "x.rules") == expected


def test_broken_rules_have_lines_and_the_others_are_read(found):
    assert told(found) == [
        (FILE, 5, "bad-severity", "warning"),
        (FILE, 7, "bad-rule", "error"),
        (FILE, 8, "bad-rule", "error"),
        (FILE, None, "platform-word-unknown", "note"),
    ]


def test_other_files_of_that_suffix_are_passed_over(tmp_path):
    for text in ('SUBSYSTEM=="usb", MODE="0666"\n', "# alert (sid: a comment)\n", "groups:\n - alert: (x)\n"):
        found = of_text(tmp_path, "x.rules", text)
        assert told(found) == [] and len(found.rules) == 0
