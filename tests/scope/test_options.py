"""The options of a scope: one table from which command line, settings, snapshots, steps and sentences
derive.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields

import pandas as pd
import pytest

from coverage.catalogue import Release
from coverage.changes.difference import difference
from coverage.changes.snapshot import VERSION, SnapshotError, snapshot_bytes, snapshot_of
from coverage.changes.steps import State
from coverage.loaders import CorpusSource, Loaded, load
from coverage.loaders.frames import RULES
from coverage.reading import Reading
from coverage.scope import OPTIONS, Known, Scope
from coverage.scope.options import FLAG, MANY, ONE, SENTENCE
from tests.helpers import small
from tests.helpers.command_line import run
from tests.helpers.small import DAY, E19

# Six rules, so few that every filter can be counted by eye.
SIGMA = """\
title: {name}
id: 00000000-0000-0000-0000-00000000000{number}
status: stable
level: {level}
author: {author}
logsource:
  category: process_creation
  product: {product}
detection:
  a: {{b: c}}
  condition: a
tags: [attack.execution, attack.{technique}, {tag}]
"""
KIBANA = {
    "type": "eql",
    "language": "eql",
    "enabled": True,
    "query": "process where true",
    "tags": ["OS: Windows"],
    "threat": [
        {
            "framework": "MITRE ATT&CK",
            "tactic": {"id": "TA0002", "name": "Execution"},
            "technique": [{"id": "T1106", "name": "Native API"}],
        }
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("filters") / "rules"
    root.mkdir()
    rows = [
        (1, "low", "Ann", "windows", "t1059.001", "cve.2024.1"),
        (2, "high", "Ann, Bob", "windows", "t1059.003", "car.1"),
        (3, "critical", "Bob", "linux", "t1059.004", "car.1"),
        (4, "medium", "Cyd", "macos", "t1047", "detection.emerging-threats"),
    ]
    for number, level, author, product, technique, tag in rows:
        text = SIGMA.format(
            name=f"rule {number}",
            number=number,
            level=level,
            author=author,
            product=product,
            technique=technique,
            tag=tag,
        )
        (root / f"{number}.yml").write_text(text, encoding="utf-8")
    ours = {
        **KIBANA,
        "rule_id": "five",
        "name": "rule 5",
        "severity": "high",
        "rule_source": {"type": "internal"},
    }
    theirs = {**KIBANA, "rule_id": "six", "name": "rule 6", "immutable": True}
    lines = [json.dumps({**rule, "author": ["Dan"]}) for rule in (ours, theirs)]
    (root / "export.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def loaded(folder) -> Loaded:
    found = load([CorpusSource("filters", folder)])
    assert sorted(found.rules["name"]) == [f"rule {number}" for number in range(1, 7)]
    return found


@pytest.fixture(scope="module")
def reading(loaded) -> Reading:
    return small.read_embedded(loaded, E19)


def numbers(names: pd.Series) -> str:
    return "".join(sorted(name.removeprefix("rule ") for name in names))


FILTERS = [
    ({"min_severity": "high"}, ["--min-severity", "high"], "235"),
    ({"min_severity": "medium"}, ["--min-severity", "MEDIUM"], "2345"),
    ({"min_severity": "informational"}, ["--min-severity", "informational"], "12345"),  # 6 says none
    ({"tags": ("car.1",)}, ["--tag", "CAR.1"], "23"),
    ({"tags": ("car.1", "OS: Windows")}, ["--tag", "car.1", "--tag", "OS: Windows"], "2356"),
    ({"types": ("eql",)}, ["--type", "eql"], "56"),
    ({"authors": ("Bob",)}, ["--author", "Bob"], "23"),
    ({"authors": ("own",)}, ["--author", "own"], "5"),
    ({"authors": ("vendor", "Cyd")}, ["--author", "vendor", "--author", "Cyd"], "46"),
    (
        {"min_severity": "high", "authors": ("Bob",), "tags": ("car.1",)},
        ["--min-severity", "high", "--author", "Bob", "--tag", "car.1"],
        "23",
    ),
]


@pytest.mark.parametrize(("options", "arguments", "expected"), FILTERS)
def test_a_filter_keeps_the_same_rules_in_a_view_and_on_the_command_line(
    reading, folder, options, arguments, expected
):
    view = reading.view(on=DAY, **options)
    assert numbers(view.rules["name"]) == expected
    done = run("rules", str(folder), *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert numbers(pd.Series([row["name"] for row in json.loads(done.stdout)["rules"]])) == expected


def test_log_sources_are_products_data_sources_and_indices(reading):
    names = OPTIONS["log_sources"].choices(Known(rules=reading.loaded.rules))
    rules = reading.loaded.rules
    for name in names:
        view = reading.view(on=DAY, log_sources=(name,))
        columns = zip(
            rules["name"], rules["integrations"], rules["data_sources"], rules["indices"], strict=True
        )
        wanted = {rule for rule, *cells in columns if any(name in cell for cell in cells)}
        assert set(view.rules["name"]) == wanted != set()


def test_every_option_is_a_field_of_the_scope_with_the_same_default():
    stated = {f.name: f.default for f in fields(Scope) if f.name not in ("attack", "corpora", "date")}
    assert stated == {name: option.default for name, option in OPTIONS.items()}
    assert MISSING not in stated.values()
    assert set(SENTENCE) == set(OPTIONS)


def test_every_filter_looks_at_columns_that_rules_have():
    for option in OPTIONS.values():
        assert (option.keeps is None) == (option.columns == ())
        assert set(option.columns) <= set(RULES.columns)
        assert option.kind in (FLAG, ONE, MANY)


def test_the_sentence_and_the_stamp_name_a_filter_only_where_it_says_something(reading):
    plain, chosen = (
        reading.view(on=DAY).scope,
        reading.view(on=DAY, tags=("car.1",), min_severity="high").scope,
    )
    assert "tags" not in plain.stamp() and "tags" not in plain.sentence()
    assert chosen.stamp()["tags"] == ["car.1"] and chosen.stamp()["min_severity"] == "high"
    assert "severity: high or higher · tags: car.1" in chosen.sentence()


def test_a_snapshot_keeps_filters_and_what_they_look_at(reading, loaded):
    view = reading.view(on=DAY, tags=("car.1",), authors=("Bob",), min_severity="high")
    kept = snapshot_of(snapshot_bytes(view, loaded))
    assert kept.scope == view.scope
    columns = ["rule_key", *{column for option in OPTIONS.values() for column in option.columns}]
    before = loaded.rules[columns].sort_values("rule_key", ignore_index=True)
    after = kept.loaded.rules[columns].sort_values("rule_key", ignore_index=True)
    pd.testing.assert_frame_equal(before, after)


def test_a_snapshot_of_the_first_version_is_read_and_cannot_be_asked_for_tags(reading, loaded):
    lines = snapshot_bytes(reading.view(on=DAY), loaded).decode().splitlines()
    lines[0] = lines[0].replace(f'"version":{VERSION}', '"version":1')
    first = snapshot_of("".join(f"{line}\n" for line in lines).encode())
    scope = first.scope
    state = State("old", first.loaded, Scope(scope.attack, tags=("car.1",)), first)
    with pytest.raises(ValueError, match="is too old for 'tags'"):
        difference(state, state)
    assert difference(State("old", first.loaded, scope, first), State("now", loaded, scope)).units.empty


def test_a_snapshot_with_an_unknown_severity_is_refused(reading, loaded):
    text = snapshot_bytes(reading.view(on=DAY, min_severity="high"), loaded).decode()
    with pytest.raises(SnapshotError, match="its scope cannot be used"):
        snapshot_of(text.replace('"min_severity":"high"', '"min_severity":"dire"').encode())


@pytest.mark.parametrize(
    ("option", "value", "lost"),
    [("min_severity", "high", {"T1059.001", "T1047"}), ("tags", ("car.1",), {"T1059.001", "T1047", "T1106"})],
)
def test_a_filter_is_a_step_of_a_difference_with_its_own_words(loaded, option, value, lost):
    before = Scope(Release.parse(E19), date=DAY)
    after = Scope(Release.parse(E19), date=DAY, **{option: value})
    found = difference(State("all", loaded, before), State("some", loaded, after))
    assert [(step.cause, step.what) for step in found.steps] == [("scope", option), ("rule", "rules")]
    units = found.units[(found.units["grain"] != "placements") & (found.units["change"] == "lost")]
    assert set(units["attack_id"]) == lost
    assert f"{OPTIONS[option].title}: " in found.ledger["because"].iloc[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--tag", "no-such"), "unknown tag: 'no-such'; choose from "),
        (("--min-severity", "dire"), "unknown severity: 'dire'; choose from informational"),
        (("--author", "Bo"), "unknown author: 'Bo'; choose from vendor, own, Ann, Bob, Cyd, Dan"),
    ],
)
def test_a_word_that_is_not_there_is_refused_with_what_there_is(folder, arguments, words):
    done = run("summary", str(folder), *arguments)
    assert done.returncode == 2 and done.stderr.startswith(f"coverage: {words}"), done.stderr


def test_the_gate_takes_every_option(folder, tmp_path):
    file = tmp_path / "coverage.toml"
    file.write_text(
        '[check.scope]\ntags = ["CAR.1"]\nauthors = ["Bob"]\nmin_severity = "high"\ntypes = ["all"]\n'
        '[[check.targets]]\nids = ["T1059.003", "T1059.004"]\n'
        '[[check.targets]]\nids = ["T1059.001"]\n',
        encoding="utf-8",
    )
    done = run("check", str(folder), "--config", str(file), "--json")
    assert done.returncode == 1, done.stderr
    verdicts = json.loads(done.stdout)
    passed = [verdict["passed"] for verdict in verdicts["conditions"]]
    assert passed == [True, False]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('min_severity = "dire"', "is 'dire', none of informational"),
        ("tags = []", "is empty, which could mean all or none"),
        ('author = ["Bob"]', "check.scope.author is not a setting"),
    ],
)
def test_the_gate_says_what_is_wrong_with_an_option(folder, tmp_path, line, words):
    file = tmp_path / "coverage.toml"
    file.write_text(f"[check]\nno_unmapped_rule = true\n[check.scope]\n{line}\n", encoding="utf-8")
    done = run("check", str(folder), "--config", str(file))
    assert done.returncode == 2 and "coverage.toml:4" in done.stderr and words in done.stderr, done.stderr


def test_where_a_command_has_an_option_of_that_name_the_scope_takes_its_other_one(folder):
    done = run("gaps", str(folder), "--type", "parent_only", "--rule-type", "eql", "--json")
    assert done.returncode == 0, done.stderr
    stamp = json.loads(done.stdout)["stamp"]
    assert stamp["types"] == ["eql"]


@pytest.mark.parametrize(
    ("name", "value", "title", "words"),
    [
        ("enabled", "not_disabled", "Enabled or unknown", "enabled or unknown"),
        ("enabled", "any", "Enabled, disabled or unknown", "enabled, disabled or unknown"),
        ("rollup", "any", "Any sub-technique is", "counts as covered when any sub-technique is"),
        ("rollup", "all", "Every sub-technique is", "counts as covered when every sub-technique is"),
        ("rollup", "share", "Share of its sub-techniques", "counts as the share of its sub-techniques"),
        (
            "rollup",
            "direct",
            "A rule names the technique itself",
            "counts as covered when a rule names the technique itself",
        ),
    ],
)
def test_a_choice_reads_as_words_in_the_sidebar_and_in_the_sentence(name, value, title, words):
    option = OPTIONS[name]
    assert option.title_of(value, option.choices(Known())) == title
    assert f" · {words}" in Scope(Release.parse(E19), **{name: value}).sentence()
