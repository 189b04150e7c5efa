"""Microsoft Sentinel, as YAML and as ARM: exact values on fixtures, and the real samples against PyYAML."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from coverage.identity import same_rules
from coverage.loaders import CorpusSource, load
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

HUNT, RULE, ARM, API = "Hunting Queries/storage.yaml", "analytics.yaml", "export.json", "api.json"
GUID = "00000000-0000-4000-8000-0000000000c9"
SUBSCRIPTION = "/subscriptions/11111111-0000-4000-8000-000000000001/resourceGroups/g/providers"


@pytest.fixture(scope="module")
def found():
    return loaded("sentinel")


def test_every_rule_and_hunt(found):
    columns = ["rule_key", "format", "rule_class", "severity", "type"]
    assert found.rules[columns].fillna("-").values.tolist() == [
        [f"c/{HUNT}", "sentinel", "hunt", "-", "-"],
        [f"c/{RULE}", "sentinel", "production", "informational", "Scheduled"],
        [f"c/{API}", "sentinel_arm", "production", "low", "Scheduled"],
        [f"c/{API}#1", "sentinel_arm", "production", "high", "NRT"],
        [f"c/{ARM}", "sentinel_arm", "production", "medium", "Scheduled"],
        [f"c/{ARM}#1", "sentinel_arm", "hunt", "-", "-"],
    ]
    assert found.rules.enabled.astype(object).fillna("-").tolist() == ["-", "-", True, True, False, "-"]


def test_every_field_of_an_analytics_rule(found):
    row = rule(found, RULE)
    expected = {
        "rule_id": "00000000-0000-4000-8000-0000000000c1",
        "name": "Role given at night",
        "language": "kql",
        "platforms": ("Identity Provider",),
        "integrations": ("AzureActiveDirectory", "Starship"),
        "data_sources": ("AuditLogs", "Ship_CL"),
        "tags": ("Night",),
        "authors": ("Fixture Author",),
        "version": "1.0.10",
        "maturity": "Available",
        "description": "A role is given at night.",
        "query": "AuditLogs\n| where Hour < 5",
    }
    assert {name: row[name] for name in expected} == expected


def test_every_field_of_an_exported_rule_and_of_a_saved_hunt(found):
    row, hunt = rule(found, ARM), rule(found, f"{ARM}#1")
    assert (row["rule_id"], row["name"]) == ("00000000-0000-4000-8000-0000000000c3", "Mail forwarded outside")
    assert (row["version"], row["updated"]) == ("1.2.3", pd.Timestamp(2026, 3, 1))
    assert row["platforms"] == ("Office Suite",)  # told by the table that the query reads
    assert (hunt["rule_id"], hunt["name"], hunt["description"]) == (
        "own hunt",
        "Rare process",
        "A rare process.",
    )


def test_tactics_and_techniques_are_not_linked_and_arm_parents_are_the_way_to_subtechniques(found):
    assert mapped(found, RULE) == [
        (None, "T1098", None),
        (None, None, "T1098.003"),
        ("PrivilegeEscalation", None, None),
        ("Persistence", None, None),
    ]
    assert mapped(found, HUNT) == [(None, "T1530", None), ("Lateral Movement", None, None)]
    assert mapped(found, ARM) == [
        (None, "T1020", None),
        (None, "T1114", "T1114.003"),
        ("Collection", None, None),
        ("Exfiltration", None, None),
    ]
    assert mapped(found, f"{ARM}#1") == [
        (None, "T1059", None),
        (None, "T1204", None),
        ("Execution", None, None),
    ]
    for said, text in texts_at_mappings(found, FORMATS / "sentinel"):
        assert said in text.partition('"')[0]  # a saved hunt lists its techniques in one text


def test_problems(found):
    assert told(found) == [(RULE, None, "platform-word-unknown", "note")]


def test_other_shapes_of_an_export(tmp_path):
    rule_of = {
        "name": "00000000-0000-4000-8000-0000000000c9",
        "kind": "NRT",
        "properties": {
            "displayName": "x",
            "query": "T",
            "severity": "Extreme",
            "triggerOperator": "gt",
            "tactics": "Impact",
        },
    }
    for shape in (rule_of, [rule_of], {"value": [rule_of]}):
        found = of_text(tmp_path, "x.json", json.dumps(shape))
        assert found.rules.rule_id.tolist() == [rule_of["name"]] and mapped(found, "x.json") == [
            ("Impact", None, None)
        ]
        assert [code for _, _, code, _ in told(found)] == ["bad-severity"]
    found = of_text(tmp_path, "x.json", json.dumps({"query": "x", "triggerOperator": "gt", "properties": {}}))
    assert len(found.rules) == 0 and told(found) == []


def test_a_rule_of_the_api_bears_its_own_id_not_its_subscriptions(found):
    rows = found.rules[found.rules.path == API]
    assert rows.rule_id.tolist() == ["00000000-0000-4000-8000-0000000000d1", "made-by-a-script"]
    assert "duplicate-id" not in set(found.problems.code)


def test_rules_of_one_subscription_in_two_corpora_stay_apart(tmp_path):
    text = (FORMATS / "sentinel" / API).read_text(encoding="utf-8")
    for name, change in (("a", ("d1", "d1")), ("b", ("0000000000d1", "0000000000d2"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / API).write_text(text.replace(*change), encoding="utf-8")
    both = load([CorpusSource(name, tmp_path / name) for name in "ab"])
    assert same_rules(both.rules) == {f"b/{API}#1": f"a/{API}#1"}  # the one that is called the same


@pytest.mark.parametrize(
    ("name", "resource_id", "template", "rule_id"),
    [
        (GUID, f"{SUBSCRIPTION}/Microsoft.SecurityInsights/alertRules/{GUID}", None, GUID),
        (None, f"{SUBSCRIPTION}/Microsoft.SecurityInsights/alertRules/{GUID}", None, GUID),
        (None, f"{SUBSCRIPTION}/Microsoft.SecurityInsights/alertRules/own", GUID, "own"),
        (f"workspace/Microsoft.SecurityInsights/{GUID}", None, None, GUID),
        (f"[concat(parameters('workspace'),'/Microsoft.SecurityInsights/{GUID}')]", None, None, GUID),
        (f"[format('{{0}}/Microsoft.SecurityInsights/{{1}}', parameters('w'), '{GUID}')]", None, None, GUID),
        (
            "[variables('own')]",
            f"[concat(resourceId('x', '{SUBSCRIPTION}'), '/alertRules/{GUID}' )]",
            None,
            GUID,
        ),
        ("[parameters('n')]", f"[concat('{SUBSCRIPTION}/', parameters('id'))]", None, None),
        ("[parameters('n')]", None, GUID, GUID),
        ("a name", f"[resourceId('Microsoft.SecurityInsights/alertRules', '{GUID}')]", None, GUID),
    ],
)
def test_a_name_or_id_ends_with_the_rules_own(tmp_path, name, resource_id, template, rule_id):
    rule_of = {
        "name": name,
        "id": resource_id,
        "type": "Microsoft.SecurityInsights/alertRules",
        "properties": {
            "displayName": "x",
            "query": "T",
            "severity": "Low",
            "alertRuleTemplateName": template,
        },
    }
    found = of_text(tmp_path, "x.json", json.dumps({"resources": [rule_of]}))
    assert found.rules.rule_id.astype(object).where(found.rules.rule_id.notna(), None).tolist() == [rule_id]
    assert [code for _, _, code, _ in told(found)] == ["no-rule-id"] * (rule_id is None)


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("Microsoft.Insights/scheduledQueryRules", 0),
        ("Microsoft.Security/customRecommendations", 0),
        ("Microsoft.SecurityInsights/AlertRules", 1),
        ("Microsoft.OperationalInsights/workspaces/providers/alertRules", 1),
        (None, 1),
    ],
)
def test_another_resource_with_a_query_and_a_severity_is_no_rule(tmp_path, kind, rules):
    properties = {
        "displayName": "x",
        "query": "T",
        "severity": "Low",
        "tactics": ["Impact"],
        "subTechniques": [],
    }
    found = of_text(tmp_path, "x.json", json.dumps([{"name": "n", "type": kind, "properties": properties}]))
    assert len(found.rules) == rules and told(found) == []


@pytest.mark.corpora
def test_the_real_samples_agree_with_pyyaml(shared):
    root = shared("corpora", "samples", "sentinel")
    real = load([CorpusSource("c", root)])
    assert len(real.problems) == 0
    by_rule = real.written.groupby("rule_key")
    for row in real.rules.to_dict("records"):
        one = yaml.safe_load((root / row["path"]).read_text(encoding="utf-8"))
        assert (row["name"], row["rule_id"], row["severity"]) == (
            one["name"].strip(),
            one["id"],
            one["severity"].lower(),
        )
        written = (
            by_rule.get_group(row["rule_key"]) if row["rule_key"] in by_rule.groups else real.written[:0]
        )
        assert written["leaf_id"].dropna().tolist() == one.get("relevantTechniques", [])
        assert written["tactic_name"].dropna().tolist() == one.get("tactics", [])
    assert len(real.rules) == len(list(root.glob("*.yaml"))) == 15
