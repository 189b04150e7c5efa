"""Microsoft Sentinel, as YAML and as ARM: exact values on fixtures, and the real samples against PyYAML."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from coverage.loaders import CorpusSource, load
from tests.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

HUNT, RULE, ARM = "Hunting Queries/storage.yaml", "analytics.yaml", "export.json"


@pytest.fixture(scope="module")
def found():
    return loaded("sentinel")


def test_every_rule_and_hunt(found):
    columns = ["rule_key", "format", "rule_class", "severity", "type"]
    assert found.rules[columns].fillna("-").values.tolist() == [
        [f"c/{HUNT}", "sentinel", "hunt", "-", "-"],
        [f"c/{RULE}", "sentinel", "production", "informational", "Scheduled"],
        [f"c/{ARM}", "sentinel_arm", "production", "medium", "Scheduled"],
        [f"c/{ARM}#1", "sentinel_arm", "hunt", "-", "-"],
    ]
    assert found.rules.enabled.isna().tolist() == [True, True, False, True] and not found.rules.enabled[2]


def test_every_field_of_an_analytics_rule(found):
    row = rule(found, RULE)
    expected = {
        "rule_id": "00000000-0000-4000-8000-0000000000c1", "name": "Role given at night", "language": "kql",
        "platforms": ("Identity Provider",), "integrations": ("AzureActiveDirectory", "Starship"),
        "data_sources": ("AuditLogs", "Ship_CL"), "tags": ("Night",), "authors": ("Fixture Author",),
        "version": "1.0.10", "maturity": "Available", "description": "A role is given at night.",
        "query": "AuditLogs\n| where Hour < 5",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_every_field_of_an_exported_rule_and_of_a_saved_hunt(found):
    row, hunt = rule(found, ARM), rule(found, f"{ARM}#1")
    assert (row["rule_id"], row["name"]) == ("00000000-0000-4000-8000-0000000000c3", "Mail forwarded outside")
    assert (row["version"], row["updated"]) == ("1.2.3", pd.Timestamp(2026, 3, 1))
    assert row["platforms"] == ("Office Suite",)  # told by the table that the query reads
    assert (hunt["rule_id"], hunt["name"], hunt["description"]) == ("own hunt", "Rare process", "A rare process.")


def test_tactics_and_techniques_are_not_linked_and_arm_parents_are_the_way_to_subtechniques(found):
    assert mapped(found, RULE) == [
        (None, "T1098", None), (None, None, "T1098.003"), ("PrivilegeEscalation", None, None), ("Persistence", None, None),
    ]  # fmt: skip
    assert mapped(found, HUNT) == [(None, "T1530", None), ("Lateral Movement", None, None)]
    assert mapped(found, ARM) == [
        (None, "T1020", None), (None, "T1114", "T1114.003"), ("Collection", None, None), ("Exfiltration", None, None),
    ]  # fmt: skip
    assert mapped(found, f"{ARM}#1") == [(None, "T1059", None), (None, "T1204", None), ("Execution", None, None)]
    for said, text in texts_at_mappings(found, FORMATS / "sentinel"):
        assert said in text.partition('"')[0]  # a saved hunt lists its techniques in one text


def test_problems(found):
    assert told(found) == [(RULE, None, "platform-word-unknown", "note")]


def test_other_shapes_of_an_export(tmp_path):
    rule_of = {"name": "00000000-0000-4000-8000-0000000000c9", "kind": "NRT", "properties": {
        "displayName": "x", "query": "T", "severity": "Extreme", "triggerOperator": "gt", "tactics": "Impact"}}  # fmt: skip
    for shape in (rule_of, [rule_of], {"value": [rule_of]}):
        found = of_text(tmp_path, "x.json", json.dumps(shape))
        assert found.rules.rule_id.tolist() == [rule_of["name"]] and mapped(found, "x.json") == [("Impact", None, None)]
        assert [code for _, _, code, _ in told(found)] == ["bad-severity"]
    found = of_text(tmp_path, "x.json", json.dumps({"query": "x", "triggerOperator": "gt", "properties": {}}))
    assert len(found.rules) == 0 and told(found) == []


@pytest.mark.corpora
def test_the_real_samples_agree_with_pyyaml(shared):
    root = shared("corpora", "samples", "sentinel")
    real = load([CorpusSource("c", root)])
    assert len(real.problems) == 0
    by_rule = real.written.groupby("rule_key")
    for row in real.rules.to_dict("records"):
        one = yaml.safe_load((root / row["path"]).read_text(encoding="utf-8"))
        assert (row["name"], row["rule_id"], row["severity"]) == (one["name"].strip(), one["id"], one["severity"].lower())
        written = by_rule.get_group(row["rule_key"]) if row["rule_key"] in by_rule.groups else real.written[:0]
        assert written["leaf_id"].dropna().tolist() == one.get("relevantTechniques", [])
        assert written["tactic_name"].dropna().tolist() == one.get("tactics", [])
    assert len(real.rules) == len(list(root.glob("*.yaml"))) == 15
