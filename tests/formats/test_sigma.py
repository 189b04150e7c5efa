"""Sigma: exact values on fixtures, and every real rule against an independent count."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd
import pytest
import yaml

from coverage.formats.sigma import mapping_of
from coverage.loaders import CorpusSource, load
from coverage.measures import summary
from coverage.reading import read_in
from coverage.syntaxes.yaml_text import parse, positions
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told


@pytest.fixture(scope="module")
def found():
    return loaded("sigma")


def test_every_rule_its_class_and_severity_in_file_order(found):
    assert found.rules[["rule_key", "rule_class", "severity", "type"]].fillna("-").values.tolist() == [
        ["c/deprecated/old_collection.yml", "deprecated", "-", "-"],
        ["c/deprecated/old_collection.yml#1", "deprecated", "-", "-"],
        ["c/deprecated/old_collection.yml#2", "deprecated", "-", "-"],
        ["c/deprecated/old_collection.yml#3", "deprecated", "-", "-"],
        ["c/rules-threat-hunting/rare_parent.yml", "hunt", "medium", "-"],
        ["c/rules/archiver_in_temp.yml", "production", "high", "-"],
        ["c/rules/two_documents.yml", "development", "low", "-"],
        ["c/rules/two_documents.yml#1", "production", "critical", "correlation"],
        ["c/rules/web_of_no_product.yaml", "production", "-", "-"],
    ]
    assert set(found.rules.format) == {"sigma"} and set(found.rules.language) == {"sigma"}


def test_every_field_of_a_rule(found):
    row = rule(found, "rules/archiver_in_temp.yml")
    expected = {
        "rule_id": "00000000-0000-4000-8000-0000000000a1",
        "name": "Archiver started from a temporary folder",
        "enabled": None,
        "risk_score": None,
        "platforms": ("Windows",),
        "integrations": ("windows",),
        "data_sources": ("windows/process_creation",),
        "authors": ("First Author (One, Two)", "Second Author"),
        "created": pd.Timestamp(2025, 2, 3),
        "updated": pd.Timestamp(2026, 1, 31),
        "maturity": "test",
        "license": "MIT",
        "description": "An archiver starts from a folder\nthat only short-lived files use.",
        "query": "detection:\n    # the folder first\n    selection:\n        Image|contains: '\\Temp\\'\n"
        "        Image|endswith: '\\7z.exe'\n    condition: selection",
        "note": "Fields to look at: `CommandLine`\n\nRelated rule: `00000000-0000-4000-8000-0000000000ff` "
        "(obsolete)",
        "references": ("https://example.org/archiver",),
        "false_positives": ("Installers", "Unknown"),
    }
    assert {name: row[name] for name in expected} == expected
    assert len(row["tags"]) == 12 and len(row["content_hash"]) == 64


def test_tags_are_flat_and_other_namespaces_groups_and_software_map_nothing(found):
    assert mapped(found, "rules/archiver_in_temp.yml") == [
        ("collection", None, None),
        (None, None, "T1560.001"),
        (None, "T1059", None),
        ("privilege_escalation", None, None),
        ("TA0010", None, None),
        (None, "T15", None),
    ]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("attack.t1059.001", {"subtechnique_id": "T1059.001"}),
        ("ATTACK.T1059", {"technique_id": "T1059"}),
        ("attack.ta0002", {"tactic_id": "TA0002"}),
        ("attack.command-and-control", {"tactic_name": "command-and-control"}),
        ("attack.command and control", {"tactic_name": "command and control"}),
        ("attack.stealth", {"tactic_name": "stealth"}),
        ("attack.t1059.1", {"technique_id": "T1059.1"}),
        ("attack.g0007", None),
        ("attack.s0154", None),
        ("attack.c0001", None),
        ("attack.m1036", None),
        ("attack.ds0009", None),
        ("attack.", None),
        ("attack", None),
        ("cve.2024-1", None),
        ("detection.threat-hunting", None),
        ("car.2016-03-001", None),
    ],
)
def test_what_a_tag_maps(tag, expected):
    assert mapping_of(tag) == expected


def test_a_file_of_several_documents_a_correlation_and_a_filter(found):
    first, second = rule(found, "rules/two_documents.yml"), rule(found, "rules/two_documents.yml#1")
    assert first["platforms"] == ("Identity Provider",) and first["data_sources"] == ("azure/signinlogs",)
    assert (second["platforms"], second["data_sources"]) == ((), ())
    assert second["query"].startswith("correlation:\n    type: value_count")
    assert mapped(found, "rules/two_documents.yml") == [
        ("initial-access", None, None),
        (None, None, "T1078.004"),
    ]
    assert mapped(found, "rules/two_documents.yml#1") == [(None, "T1078", None)]


def test_old_collections_are_put_together(found):
    rows = [rule(found, "deprecated/old_collection.yml" + nth) for nth in ("", "#1", "#2", "#3")]
    assert [row["data_sources"] for row in rows] == [
        ("windows/system",),
        ("windows/security",),
        ("windows/registry_set", "windows/security"),
        ("plan9",),
    ]
    assert [row["rule_id"][-2:] for row in rows] == ["a6", "a6", "a6", "a7"]
    assert rows[2]["name"] == "Service installed by hand, seen by the agent"
    assert (
        rows[0]["query"] == "detection:\n    condition: selection\ndetection:\n    selection: {EventID: 7045}"
    )
    assert mapped(found, "deprecated/old_collection.yml#1") == [
        ("persistence", None, None),
        (None, None, "T1543.003"),
    ]
    assert mapped(found, "deprecated/old_collection.yml#3") == []


def test_problems_have_lines_and_what_is_no_rule_is_passed_over(found):
    assert told(found) == [
        ("deprecated/old_collection.yml", 30, "bad-status", "warning"),
        ("deprecated/old_collection.yml", 29, "bad-severity", "warning"),
        ("rules/no_detection.yml", 1, "no-detection", "error"),
        ("deprecated/old_collection.yml", None, "platform-word-unknown", "note"),
        ("deprecated/old_collection.yml", None, "duplicate-id", "warning"),
        ("deprecated/old_collection.yml", None, "duplicate-id", "warning"),
    ]


def test_the_text_at_each_mapping_is_its_tag(found):
    for said, text in texts_at_mappings(found, FORMATS / "sigma"):
        assert text.lower().startswith(f"attack.{said.lower()}")


def test_words_that_yaml_would_change_stay_as_written(tmp_path):
    text = (
        "title: 2024-01-01\nid: 1.10\nstatus: stable\nlevel: low\ndate: 2024-01-01\nmodified: 2024/1/2\n"
        "license: no\ntags: [attack.t1059, 12, yes, ~]\nlogsource: {product: linux}\ndetection: {a: {b: on}, "
        "condition: a}\n"
    )
    found = of_text(tmp_path, "x.yml", text)
    row = rule(found, "x.yml")
    assert (row["name"], row["rule_id"], row["license"]) == ("2024-01-01", "1.10", "no")
    assert row["tags"] == ("attack.t1059", "12", "yes")
    assert (row["created"], row["updated"]) == (pd.Timestamp(2024, 1, 1), pd.Timestamp(2024, 1, 2))
    assert told(found) == [("x.yml", 8, "wrong-type", "warning")]


def test_a_collection_whose_documents_look_like_no_rule_alone_is_read(tmp_path):
    head = "action: global\ntitle: Odd\nid: 1\nlevel: low\ntags: [attack.t1059]\n---\n"
    part = "logsource: {product: linux}\ndetection: {a: {b: c}, condition: a}\n"
    found = of_text(tmp_path, "x.yml", head + part + "---\n" + part)
    assert found.rules["name"].tolist() == ["Odd", "Odd"]
    assert mapped(found, "x.yml") == mapped(found, "x.yml#1") == [(None, "T1059", None)]
    (tmp_path / "x.yml").unlink()
    assert of_text(tmp_path, "y.yml", "title: x\naction: global\n---\ndetection: none\n").rules.empty


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path, newline, mark):
    text = (FORMATS / "sigma/rules/two_documents.yml").read_text(encoding="utf-8")
    found = of_text(tmp_path, "x.yml", mark + text.replace("\n", newline).encode())
    assert told(found) == [] and mapped(found, "x.yml#1") == [(None, "T1078", None)]
    for said, at in texts_at_mappings(found, tmp_path):
        assert at.lower().startswith(f"attack.{said.lower()}")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title: x\nlogsource:\n\tproduct: windows\ndetection: {}\n", 3),
        ("title: x\nlogsource: {product: windows\ndetection: {a: b}\n", 3),
        ("title: 'x\ndetection: {}\n", 3),
        ("title: x\ndetection:\n  a: *nowhere\n", 3),
    ],
)
def test_a_broken_rule_is_a_problem_with_its_line(tmp_path, text, line):
    assert told(of_text(tmp_path, "x.yml", text)) == [("x.yml", line, "bad-yaml", "error")]


def test_tactic_tags_beside_techniques_do_not_make_a_rule_tactic_only(tmp_path):
    rules = {
        "both": "attack.execution, attack.t1059.001",
        "tactic": "attack.execution",
        "group": "attack.g0007",
    }
    for name, tags in rules.items():
        text = (
            f"title: {name}\nid: {name}\ntags: [{tags}]\nlogsource: {{product: windows}}\ndetection: "
            "{a: "
            "b}\n"
        )
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    counts = summary(read_in(loaded(tmp_path), "enterprise-19.0").view())["rules"]
    assert {name: counts[name] for name in ("in_scope", "unmapped", "tactic_only", "unread")} == {
        "in_scope": 3,
        "unmapped": 1,
        "tactic_only": 1,
        "unread": 0,
    }


GLOBAL, RESET, REPEAT = ({"action": word} for word in ("global", "reset", "repeat"))
FOUND = {"detection": {"s": {"a": "b"}, "condition": "s"}}


def tagged(*tags):
    return {"tags": [f"attack.{tag}" for tag in tags]}


def named(name):
    return {"title": name, "id": name}


COLLECTIONS = {
    "repeat takes the document before, with what was global then": (
        [GLOBAL | tagged("t1059") | {"level": "high"}, named("a") | FOUND, REPEAT | named("b")],
        [("a", "high", ["T1059"]), ("b", "high", ["T1059"])],
    ),
    "reset takes nothing from what is repeated": (
        [
            GLOBAL | tagged("t1059") | {"level": "high"},
            named("a") | FOUND,
            RESET,
            REPEAT | named("b"),
            named("c") | FOUND | tagged("t1105"),
        ],
        [("a", "high", ["T1059"]), ("b", "high", ["T1059"]), ("c", None, ["T1105"])],
    ),
    "repeat takes its own words before those repeated, and none of a later global": (
        [
            GLOBAL | tagged("t1059") | {"level": "high"},
            named("a") | FOUND,
            GLOBAL | tagged("t1003") | {"level": "low"},
            named("b") | FOUND,
            REPEAT | named("c") | tagged("t1105"),
        ],
        [("a", "high", ["T1059"]), ("b", "low", ["T1003"]), ("c", "low", ["T1105"])],
    ),
    "repeat after a global one takes that": (
        [
            named("a") | FOUND | tagged("t1059"),
            GLOBAL | named("g") | FOUND | tagged("t1003"),
            REPEAT | named("b"),
        ],
        [("a", None, ["T1059"]), ("b", None, ["T1003"])],
    ),
    "repeat of a repeat": (
        [named("a") | FOUND | tagged("t1059"), REPEAT | named("b") | {"level": "low"}, REPEAT | named("c")],
        [("a", None, ["T1059"]), ("b", "low", ["T1059"]), ("c", "low", ["T1059"])],
    ),
    "repeat with nothing before it": (
        [REPEAT | named("a") | FOUND | tagged("t1059")],
        [("a", None, ["T1059"])],
    ),
}


@pytest.mark.parametrize("case", COLLECTIONS)
def test_an_old_collection_is_put_together(tmp_path, case):
    documents, expected = COLLECTIONS[case]
    found = of_text(tmp_path, "x.yml", yaml.safe_dump_all(documents))
    leaves = found.written.groupby("rule_key")["leaf_id"].agg(list)
    rows = found.rules[["name", "severity"]].itertuples(index=False)
    read = [(name, None if pd.isna(level) else level) for name, level in rows]
    read = [(*row, leaves.get(key, [])) for row, key in zip(read, found.rules.rule_key, strict=True)]
    assert read == expected and told(found) == []
    assert all(
        text.startswith(said.lower()) or text.startswith(f"attack.{said.lower()}")
        for said, text in texts_at_mappings(found, tmp_path)
    )


# ---- the real rules ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sigma(shared):
    return shared("corpora", "sigma")


@pytest.fixture(scope="module")
def real(sigma):
    return load([CorpusSource("c", sigma)])


@pytest.fixture(scope="module")
def recount(sigma):
    """(path, documents that are rules, with the words of an old collection's first document) by PyYAML
    alone.
    """
    found = []
    for path in sorted(sigma.rglob("*.yml")):
        documents = [one for one in yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader) if one]
        first = documents[0] if documents[0].get("action") == "global" else {}
        rules = [one for one in documents if one is not first]
        found.append((path.relative_to(sigma).as_posix(), [{**first, **one} for one in rules]))
    return found


@pytest.mark.corpora
def test_as_many_real_rules_as_documents_with_a_title_and_a_detection(real, recount):
    counted = {
        path: len([one for one in rules if "title" in one and "detection" in one]) for path, rules in recount
    }
    assert real.rules.groupby("path").size().to_dict() == counted
    assert set(real.problems.code) == {"duplicate-id"} and sum(counted.values()) > 4000


@pytest.mark.corpora
def test_real_tags_agree_with_a_recount(real, recount):
    expected = Counter()
    for _, rules in recount:
        for tag in [tag for one in rules for tag in one.get("tags") or []]:
            namespace, _, word = tag.partition(".")
            kind = word[:1] if word[1:2].isdigit() else word[:2] if word[2:3].isdigit() else "tactic"
            if namespace == "attack":
                expected[{"t": word.upper(), "ta": word.upper(), "tactic": word}.get(kind)] += 1
    del expected[None]  # groups, software, data sources
    said = real.written["leaf_id"].fillna(real.written["tactic_id"]).fillna(real.written["tactic_name"])
    assert said.value_counts().to_dict() == dict(expected)


@pytest.mark.corpora
def test_real_fields_agree_with_pyyaml(real, recount):
    rows: dict[str, list[dict]] = {}
    for row in real.rules.to_dict("records"):
        rows.setdefault(row["path"], []).append(row)
    for path, rules in recount:
        for row, one in zip(rows[path], rules, strict=True):
            assert row["name"] == one["title"].strip() and row["rule_id"] == one["id"]
            assert row["severity"] == one["level"] and row["maturity"] == one["status"]
            assert row["description"] == one["description"].strip()
            assert str(row["created"].date()) == str(one["date"]).replace("/", "-")
            assert list(row["tags"]) == list(one.get("tags") or ())
            assert list(row["references"]) == [text for text in one.get("references") or () if text]


@pytest.mark.corpora
def test_the_query_of_every_real_rule_reads_back_as_its_detection(real, recount):
    rows = real.rules.groupby("path", sort=False)["query"].apply(list).to_dict()
    single = [(path, rules[0]) for path, rules in recount if len(rules) == 1 and "action" not in rules[0]]
    assert all(
        yaml.load(rows[path][0], yaml.CSafeLoader) == {"detection": one["detection"]}
        for path, one in single[:1500]
    )


def below(value, path):
    yield (path, value)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from below(item, (*path, key))


@pytest.mark.corpora
def test_every_value_of_every_real_rule_stands_where_its_place_says(sigma):
    tags = 0
    for path in sigma.rglob("*.yml"):
        text = path.read_text(encoding="utf-8")
        lines, places = text.split("\n"), positions(text)
        for place, value in below(list(parse(text)), ()):
            if isinstance(value, str):
                line, column = places[place]
                start = lines[line - 1][column - 1 :]
                stem = re.match(r"\s*[^\s'\"\\]*", value)[0]  # up to what may be escaped
                assert start.startswith((stem, "\\")), (path.name, place)
                if place[1:2] == ("tags",):
                    assert start.startswith(value)
                    tags += 1
    assert tags > 12_000


@pytest.mark.corpora
def test_every_log_source_of_the_real_rules_is_known(real):
    assert "platform-word-unknown" not in set(real.problems.code)
    assert (real.rules.platforms.map(len) > 0).mean() > 0.98
