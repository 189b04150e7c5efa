"""Kibana exports: exact values on fixtures; lines between rules; what is told about the export."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

RULE = {"rule_id": "r", "name": "n", "type": "query", "severity": "low", "rule_source": {"type": "external"}}


@pytest.fixture(scope="module")
def found():
    return loaded("kibana")


def test_rules_are_read_and_exception_lists_connectors_and_the_summary_are_not(found):
    assert found.rules[["rule_key", "format", "rule_class"]].values.tolist() == [
        ["c/custom_only.ndjson", "kibana", "production"],
        ["c/export.ndjson", "kibana", "production"],
        ["c/export.ndjson#1", "kibana", "building_block"],
        ["c/found.json", "kibana", "production"],
    ]
    assert found.rules.enabled.tolist() == [True, True, False, True]


def test_every_field_of_a_rule(found):
    row = rule(found, "export.ndjson")
    expected = {
        "rule_id": "aaaa-1",
        "name": "Shell from the print spooler",
        "severity": "high",
        "risk_score": 73.0,
        "type": "eql",
        "language": "eql",
        "platforms": ("Windows", "Identity Provider"),
        "integrations": ("endpoint", "azure.signinlogs"),
        "indices": ("logs-endpoint.events.process-*",),
        "data_sources": ("Sysmon",),
        "tags": ("OS: Windows", "Data Source: Sysmon"),
        "authors": ("Fixture Author",),
        "created": pd.Timestamp(2026, 1, 2),
        "updated": pd.Timestamp(2026, 2, 3),
        "version": "7",
        "license": "MIT",
        "description": "A shell.",
        "query": "process where true",
        "note": "Look.",
        "setup": "None.",
        "references": ("https://example.org/a",),
        "false_positives": ("Drivers",),
    }
    assert {name: row[name] for name in expected} == expected
    assert rule(found, "export.ndjson#1")["indices"] == ("logs-okta.system-*",)


def test_mappings_with_names_and_references(found):
    assert mapped(found, "export.ndjson") == [("TA0002", "T1059", "T1059.001"), ("TA0003", None, None)]
    assert mapped(found, "export.ndjson#1") == [("TA0006", "T1110", None)]
    row = found.written.iloc[0]
    assert (row.tactic_name, row.technique_name, row.subtechnique_name) == (
        "Execution",
        "Command and Scripting Interpreter",
        "PowerShell",
    )
    assert row.subtechnique_reference == "https://attack.mitre.org/techniques/T1059/001/"
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, FORMATS / "kibana"))


def test_a_cut_line_a_wrong_count_and_an_export_of_custom_rules_alone_are_told(found):
    assert told(found) == [
        ("custom_only.ndjson", 3, "count-differs", "warning"),
        ("custom_only.ndjson", 1, "only-custom-rules", "note"),
        ("custom_only.ndjson", 2, "bad-json", "error"),
    ]


@pytest.mark.parametrize(
    ("change", "custom"),
    [
        ({}, False),
        ({"rule_source": {"type": "internal"}}, True),
        ({"rule_source": None, "immutable": True}, False),
        ({"rule_source": None, "immutable": False}, True),
        ({"rule_source": None}, True),
    ],
)
def test_prebuilt_rules_are_known_by_rule_source_or_by_immutable(tmp_path, change, custom):
    found = of_text(tmp_path, "x.ndjson", json.dumps(RULE | change))
    assert [code for _, _, code, _ in told(found)] == ["only-custom-rules"] * custom


def test_no_summary_no_rule_and_indented_json(tmp_path):
    assert told(of_text(tmp_path, "x.json", json.dumps([RULE["name"]]))) == []
    found = of_text(tmp_path, "x.json", json.dumps(RULE, indent=2))
    assert found.rules.name.tolist() == ["n"] and told(found) == []
    found = of_text(tmp_path, "x.json", '{"id": 1, "type": "dashboard"}\n{"exported_count": 1}\n')
    assert len(found.rules) == 0 and told(found) == []


def test_surrogates_nan_and_keys_written_twice(tmp_path):
    text = json.dumps(RULE)[:-1] + ', "risk_score": NaN, "query": "a\\ud800b \\ud83d\\ude00", "name": "m"}'
    found = of_text(tmp_path, "x.json", text)
    row = rule(found, "x.json")
    assert (row["name"], row["query"], row["risk_score"]) == ("m", "a\ufffdb \U0001f600", None)
    assert {(line, code) for _, line, code, _ in told(found)} == {(1, "bad-value"), (1, "duplicate-key")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"rule_id": "a",\n "type": "query"', 2),
        ('{"rule_id": "a",\n "type": query}', 2),
        ('{"rule_id": "a", "type": "b",\n"y": "[]\\"[[",\n"x": ' + "[" * 5000, 3),
        ('{"rule_id": "a", "type": "b",\n"y": [[]], "x":\n' + '{"a": ' * 5000, 3),
        (
            '{"rule_id": "a", "type": "b",\n"y": 0.'
            + "1" * 5000
            + ',\n"z": "'
            + "9" * 5000
            + '", "x": 1,\n"x": -'
            + "9" * 100_000
            + "}",
            4,
        ),
    ],
)
def test_a_broken_export_is_a_problem(tmp_path, text, line):
    assert told(of_text(tmp_path, "x.json", text)) == [("x.json", line, "bad-json", "error")]


@pytest.mark.parametrize("broken", ["[" * 5000, "9" * 5000, '{"rule_id": '])
@pytest.mark.parametrize("first", [True, False])
def test_a_line_beyond_the_readers_limits_costs_no_other_line(tmp_path, broken, first):
    lines = [broken, json.dumps(RULE)] if first else [json.dumps(RULE), broken]
    found = of_text(tmp_path, "x.ndjson", "\n".join(lines))
    assert found.rules.name.tolist() == ["n"]
    assert told(found) == [("x.ndjson", 1 if first else 2, "bad-json", "error")]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_a_line_ends_at_a_line_feed_alone(tmp_path, sign):
    rules = [RULE | {"rule_id": name, "query": f"a{sign}b"} for name in "pq"]
    found = of_text(
        tmp_path, "x.ndjson", "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rules)
    )
    assert found.rules.rule_id.tolist() == ["p", "q"] and found.rules["query"].tolist() == [f"a{sign}b"] * 2
    assert told(found) == []


def test_a_list_of_rules_is_read_like_an_export(tmp_path):
    threat = [
        {
            "framework": "MITRE ATT&CK",
            "tactic": {"id": "TA0002", "name": "Execution"},
            "technique": [{"id": "T1059", "name": "x"}],
        }
    ]
    rules = [
        RULE | {"threat": threat},
        {"item_id": "i", "type": "simple"},
        RULE | {"rule_id": "s", "risk_score": 181},
        5,
        {"exported_rules_count": 3},
    ]
    found = of_text(tmp_path, "x.json", json.dumps(rules, indent=0))
    assert found.rules.rule_id.tolist() == ["r", "s"] and mapped(found, "x.json") == [
        ("TA0002", "T1059", None)
    ]
    lines = json.dumps(rules, indent=0).split("\n")
    assert told(found) == [
        ("x.json", lines.index('"risk_score": 181') + 1, "bad-value", "warning"),
        ("x.json", lines.index('"exported_rules_count": 3') + 1, "count-differs", "warning"),
    ]
    assert "[2].risk_score" in found.problems.message[0]
    assert texts_at_mappings(found, tmp_path)[0][1].startswith("T1059")


def test_a_linters_report_is_no_list_of_rules(tmp_path):
    report = [{"rule_id": "W605", "type": "warning", "name": "n", "line": 3}]
    found = of_text(tmp_path, "x.json", json.dumps(report))
    assert len(found.rules) == 0 and told(found) == []
