"""Falco rules: exact values on fixtures, and the real files against PyYAML."""

from __future__ import annotations

import pytest
import yaml

from coverage.loaders import CorpusSource, load
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

FILE = "falco_rules.yaml"


@pytest.fixture(scope="module")
def found():
    return loaded("falco")


def test_every_rule_its_class_switch_and_severity(found):
    assert found.rules[["rule_key", "rule_id", "rule_class", "enabled", "severity"]].values.tolist() == [
        [f"c/{FILE}", "Shell in a container", "production", False, "medium"],
        [f"c/{FILE}#1", "Pod made by nobody", "development", False, "critical"],
        [f"c/{FILE}#2", "Unknown source", "production", True, "informational"],
    ]


def test_every_field_of_a_rule(found):
    row = rule(found, FILE)
    expected = {
        "name": "Shell in a container",
        "language": "falco",
        "platforms": ("Linux", "Containers"),
        "integrations": ("syscall",),
        "maturity": "maturity_stable",
        "query": "spawned and container",
        "description": "A shell was started in a container.",
        "tags": ("maturity_stable", "container", "shell", "mitre_execution", "T1059.004", "TA0002"),
    }
    assert {name: row[name] for name in expected} == expected
    assert rule(found, f"{FILE}#1")["platforms"] == ("Containers",)


def test_tags_are_flat(found):
    assert mapped(found, FILE) == [
        ("execution", None, None),
        (None, None, "T1059.004"),
        ("TA0002", None, None),
    ]
    assert mapped(found, f"{FILE}#1") == [("persistence", None, None)]
    assert mapped(found, f"{FILE}#2") == [(None, "T105", None)]
    for said, text in texts_at_mappings(found, FORMATS / "falco"):
        assert text.removeprefix("mitre_").startswith(said)


def test_problems_have_lines_and_a_change_of_another_files_rule_is_no_rule(found):
    assert told(found) == [
        (FILE, 43, "no-condition", "error"),
        (FILE, None, "platform-word-unknown", "note"),
    ]


def test_macros_alone_and_other_lists_are_passed_over(tmp_path):
    assert told(of_text(tmp_path, "x.yaml", "- macro: a\n  condition: b\n- list: c\n  items: [d]\n")) == []
    assert told(of_text(tmp_path, "x.yaml", "- rule: broken\n  condition: [a\n")) == [
        ("x.yaml", 3, "bad-yaml", "error")
    ]


def test_one_tag_may_be_written_as_a_text(tmp_path):
    text = "- rule: r\n  desc: d\n  condition: c\n  output: o\n  priority: NOTICE\n  tags: T1610\n"
    found = of_text(tmp_path, "x.yaml", text)
    assert rule(found, "x.yaml")["tags"] == ("T1610",) and mapped(found, "x.yaml") == [(None, "T1610", None)]
    assert told(found) == [] and texts_at_mappings(found, tmp_path) == [("T1610", "T1610")]


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ("priority: 100\n  port: 22", []),
        ("priority: 100\n  desc: d", []),
        ("priority: Error", []),
        ("condition: c", []),
        ("priority: Error\n  desc: d", ["no-condition"]),
        ("output: o\n  desc: d\n  priority: 5", ["no-condition"]),
    ],
)
def test_other_rules_with_a_priority_are_not_meant(tmp_path, entry, codes):
    found = of_text(tmp_path, "x.yaml", f"- rule: r\n  {entry}\n")
    assert len(found.rules) == 0 and [code for _, _, code, _ in told(found)] == codes


def test_beside_a_rule_of_falco_less_is_meant_as_one(tmp_path):
    sure = "- rule: r\n  condition: c\n  output: o\n- rule: s\n  condition: d\n- rule: t\n  priority: 5\n"
    found = of_text(tmp_path, "x.yaml", sure)
    assert found.rules.name.tolist() == ["r", "s"] and told(found) == [("x.yaml", 6, "no-condition", "error")]


@pytest.mark.corpora
def test_the_real_files_agree_with_pyyaml(shared):
    root = shared("corpora", "samples", "falco")
    real = load([CorpusSource("c", root)])
    expected, tags = [], 0
    for path in sorted(root.glob("*.yaml")):
        for one in yaml.safe_load(path.read_text(encoding="utf-8")):
            if "rule" in one and "condition" in one:
                expected.append((path.name, one["rule"], one.get("enabled", True), tuple(one["tags"])))
                tags += sum(
                    tag.startswith("mitre_") or tag[1:5].isdigit() or tag[2:6].isdigit()
                    for tag in one["tags"]
                )
    rows = real.rules[["path", "name", "enabled", "tags"]].itertuples(index=False)
    assert [tuple(row) for row in rows] == expected and len(expected) == 93
    assert len(real.written) == tags and len(real.problems) == 0
