"""Navigator layers as a corpus: what counts as covered, and what a layer beside rules is."""

from __future__ import annotations

import json

import pytest

from coverage.exports.navigator import coverage_layer, gaps_layer, layer_file
from coverage.measures import summary
from coverage.reading import read_in
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told


@pytest.fixture(scope="module")
def found():
    return loaded("navigator")


def test_one_rule_a_covered_technique(found):
    assert found.rules[["rule_key", "name", "rule_class"]].values.tolist() == [
        ["c/vendor.json", "Vendor A: T1059.001", "production"],
        ["c/vendor.json#1", "Vendor A: T1078", "production"],
        ["c/vendor.json#2", "Vendor A: T1110", "production"],
    ]
    assert set(found.rules.format) == {"navigator"} and found.rules.rule_id.isna().all()


def test_every_field_and_mapping(found):
    first, second = rule(found, "vendor.json"), rule(found, "vendor.json#1")
    assert (first["platforms"], first["description"], first["note"]) == (
        ("Windows", "Linux"),
        "Logs scripts.",
        "Score in the layer: 3",
    )
    assert (second["note"], second["references"]) == (
        "Score in the layer: 1, 0.5",
        ("https://example.org/l",),
    )
    assert mapped(found, "vendor.json") == [("execution", None, "T1059.001")]
    assert mapped(found, "vendor.json#1") == [
        ("persistence", "T1078", None),
        ("initial-access", "T1078", None),
    ]
    assert mapped(found, "vendor.json#2") == [(None, "T1110", None)]
    assert set(found.written.written_for) == {"18"}
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, FORMATS / "navigator"))


def test_a_layer_without_scores_covers_nothing_and_says_so(found):
    assert told(found) == [("gaps.json", 2, "no-scores", "note"), ("vendor.json", 14, "no-id", "warning")]


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        ({"score": 1}, True),
        ({"score": 0.1}, True),
        ({"score": 1, "enabled": True}, True),
        ({"score": 0}, False),
        ({"score": -1}, False),
        ({}, False),
        ({"score": None}, False),
        ({"color": "#f00"}, False),
        ({"score": 1, "enabled": False}, False),
        ({"score": True}, False),
        ({"score": "1"}, False),
    ],
)
def test_what_counts_as_covered(tmp_path, entry, covered):
    layer = {"name": "n", "domain": "enterprise-attack", "techniques": [{"techniqueID": "T1059"} | entry]}
    assert len(of_text(tmp_path, "x.json", json.dumps(layer)).rules) == covered


def test_a_list_of_layers_is_read_layer_by_layer(tmp_path):
    layers = [
        {"name": "a", "domain": "enterprise-attack", "techniques": [{"techniqueID": "T1059", "score": 1}]},
        {
            "name": "b",
            "domain": "enterprise-attack",
            "techniques": [{"techniqueID": "T1078", "score": 0}, {"score": 1}],
        },
        {
            "name": "c",
            "domain": "enterprise-attack",
            "techniques": [{"score": 1}, {"techniqueID": "T1110", "tactic": "impact", "score": 2}],
        },
    ]
    found = of_text(tmp_path, "x.json", "[" + ",\n".join(map(json.dumps, layers)) + "]")
    assert found.rules[["rule_key", "name"]].values.tolist() == [
        ["c/x.json", "a: T1059"],
        ["c/x.json#1", "c: T1110"],
    ]
    assert mapped(found, "x.json#1") == [("impact", "T1110", None)]
    assert told(found) == [
        ("x.json", 3, "no-id", "warning"),
        ("x.json", 2, "no-id", "warning"),
        ("x.json", 2, "no-scores", "note"),
    ]
    assert texts_at_mappings(found, tmp_path)[1][1].startswith("T1110")


def test_the_layers_that_the_export_writes_are_read_back(tmp_path):
    view = read_in(loaded("navigator"), "enterprise-18.1").view()
    layers = [coverage_layer(view), gaps_layer(view)]
    found = of_text(tmp_path, "x.json", layer_file(layers))
    names = found.rules.name.str.rpartition(": ")
    scored = {entry["techniqueID"] for entry in layers[0]["techniques"] if entry.get("score")}
    assert {"T1059.001", "T1078", "T1110"} <= scored
    assert names.groupby(0)[2].agg(set).to_dict() == {layers[0]["name"]: scored}  # gaps have no score above 0
    assert told(found) == [("x.json", 1, "no-scores", "note")]


@pytest.mark.parametrize(
    ("top", "entry", "rules"),
    [
        ({"name": "x"}, {"techniqueID": "a"}, None),
        ({"name": "x", "version": "1.0.0"}, {"techniqueID": "a", "score": 1}, None),
        ({"name": "x"}, {"techniqueID": "T1059"}, None),
        ({"name": "x"}, {"techniqueID": "T1059", "score": 1}, 1),
        ({"domain": "enterprise-attack"}, {"techniqueID": "T1059"}, 0),
        ({"versions": {"layer": "4.5"}}, {"techniqueID": "T1059"}, 0),
        ({"version": "2.2"}, {"techniqueID": "T1059"}, 0),
    ],
)
def test_other_json_with_techniques_is_passed_over(tmp_path, top, entry, rules):
    """No rules and no note (None), or a layer: its rules, and a note where it has none."""
    found = of_text(tmp_path, "x.json", json.dumps({**top, "techniques": [entry]}))
    assert len(found.rules) == (rules or 0) and [code for _, _, code, _ in told(found)] == ["no-scores"] * (
        rules == 0
    )


def test_the_summary_counts_what_the_layer_scores(found):
    view = read_in(found, "enterprise-18.1").view()
    assert summary(view)["techniques"]["covered"] == 3 and summary(view)["subtechniques"]["covered"] == 1
    # PowerShell and the technique above it, two of Valid Accounts' four placements, Brute Force
    assert summary(view)["placements"]["covered"] == 5


def test_beside_rules_a_layer_is_a_picture_of_them(tmp_path):
    for part in ("navigator/vendor.json", "sigma/rules/archiver_in_temp.yml"):
        source = FORMATS / part
        (tmp_path / source.name).write_bytes(source.read_bytes())
    found = loaded(tmp_path)
    assert set(found.rules.format) == {"sigma"} and set(found.written.rule_key) == {"c/archiver_in_temp.yml"}
    assert told(found) == [("vendor.json", None, "layer-beside-rules", "note")]
