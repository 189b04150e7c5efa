"""YAML, JSON, XML and scanned text: places, bombs and depth; and nothing raises on any bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coverage.formats.platforms import read_platforms
from coverage.formats.seam import Context, RuleFile
from coverage.loaders import LOADERS, CorpusSource, load, locate
from coverage.loaders.walk import text_of
from coverage.syntaxes import json_text as json_syntax
from coverage.syntaxes import xml_text as xml_syntax
from coverage.syntaxes import yaml_text as yaml_syntax
from coverage.syntaxes.syntax import Unparsable
from tests.helpers.examples import examples
from tests.helpers.formats import FORMATS, of_text, told

CONTEXT = Context(read_platforms())
QUICK = examples(60)
FIXTURES = sorted(path for path in (FORMATS / "mixed").rglob("*") if path.suffix not in ("", ".md"))
OURS = {loader.id: loader for loader in LOADERS.values() if loader.syntax.name != "TOML"}
SUFFIXES = sorted({suffix for loader in OURS.values() for suffix in loader.suffixes})

RULE = "title: x\nid: a\nlogsource: {product: linux}\n"
BOMB = (
    RULE
    + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    + "detection: {a: *a11}\n"
)


# ---- YAML --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        RULE + "detection: &a\n  b: *a\n",
        RULE + "detection: &a\n  <<: *a\n",
        RULE + "detection: " + "[" * 100_000,
        RULE + "detection: " + "{a: " * 30_000 + "}" * 30_000,
        RULE + "detection: " + "[a: " * 30_000,
        RULE + "detection:\n" + "".join(" " * n + "a:\n" for n in range(1, 1500)),
        RULE + "detection:\n  " + "- " * 30_000 + "x",
        RULE + "detection:\n  " + "? " * 30_000 + "x",
    ],
)
def test_bombs_recursion_and_depth_end_as_a_problem(tmp_path, text):
    found = of_text(tmp_path, "x.yml", text)
    assert [(code, severity) for _, _, code, severity in told(found)] == [("bad-yaml", "error")]
    assert len(found.rules) == 0 and found.problems.line.notna().all()


def test_aliases_and_merges_are_written_out(tmp_path):
    document = yaml_syntax.parse(
        "base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}\nlist: {<<: [{z: 4}, *b]}\nsame: *b\n"
    )[0]
    assert document == {
        "base": {"x": "1", "y": "2"},
        "own": {"x": "1", "y": "3"},
        "list": {"z": "4", "x": "1", "y": "2"},
        "same": {"x": "1", "y": "2"},
    }
    assert document["same"] is document["base"]  # said twice, kept once: an alias costs no memory


def test_no_tag_makes_an_object_and_only_null_is_none():
    text = (
        "a: !!python/object/apply:os.system ['true']\nb: !!int 3\nc: !Own {d: ~}\ne: 'null'\nf: "
        "null\ng:\nh: !!str\n"
    )
    assert yaml_syntax.parse(text)[0] == {
        "a": ["true"],
        "b": "3",
        "c": {"d": None},
        "e": "null",
        "f": None,
        "g": None,
        "h": "",
    }


def test_keys_written_twice_are_told_and_the_last_counts(tmp_path):
    found = of_text(
        tmp_path, "x.yml", RULE + "detection: {a: {b: c, b: d}, condition: a}\nlevel: low\nlevel: high\n"
    )
    assert found.rules.severity.tolist() == ["high"]
    assert told(found) == [("x.yml", 4, "duplicate-key", "warning"), ("x.yml", 6, "duplicate-key", "warning")]
    assert "detection.a.b" in found.problems.message[0]


def test_places_of_every_style():
    text = (
        "a: plain\nb: \"q\"\nc: 's'\nd: |\n\n  block\ne: >-\n  folded\nf: !!str tagged\ng: &x "
        'anchored\nh: [1, {i: "é", j: 2}]\nk: *x\n"l": ~\n'
    )
    lines, places = text.split("\n"), yaml_syntax.positions(text)
    at = {path[1:]: lines[line - 1][column - 1 :] for path, (line, column) in places.items() if len(path) > 1}
    assert [at[(key,)][:6] for key in "abcdefgkl"] == [
        "plain",
        'q"',
        "s'",
        "block",
        "folded",
        "tagged",
        "anchor",
        "anchor",
        "~",
    ]
    assert at[("h", 1, "i")].startswith('é"') and at[("h", 1, "j")] == "2}]" and at[("h", 0)].startswith("1,")


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)
TREES = st.recursive(
    st.one_of(PLAIN, st.none(), st.integers(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(PLAIN, inner, max_size=4)),
    max_leaves=15,
)


def below(value, path):
    yield (path, value)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from below(item, (*path, key))


def as_text(value):
    """What `_yaml` makes of a value that PyYAML wrote."""
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return value if value is None or isinstance(value, str) else str(value).lower()


@QUICK
@given(st.lists(st.dictionaries(PLAIN, TREES, min_size=1, max_size=4), min_size=1, max_size=3), st.booleans())
def test_yaml_that_was_written_reads_back_and_every_value_has_a_place(documents, flow):
    text = yaml.safe_dump_all(documents, allow_unicode=True, default_flow_style=flow)
    read = yaml_syntax.parse(text)
    assert list(read) == [as_text(document) for document in documents]
    places = yaml_syntax.positions(text)
    assert {path for path, _ in below(list(read), ())} - {()} == set(places)


@QUICK
@given(TREES, st.sampled_from([None, 1]))
def test_json_that_was_written_reads_back_and_every_value_has_a_place(value, indent):
    text = json.dumps(value, indent=indent, ensure_ascii=bool(indent))
    read = json_syntax.parse(text)
    assert list(read) == [value]
    places, lines = json_syntax.positions(text), text.split("\n")
    for path, item in below([value], ()):
        if path:
            line, column = places[path]
            start = lines[line - 1][column - 1 :]
            assert start.startswith(json.dumps(item, ensure_ascii=bool(indent)).strip('"')[:1])


# ---- nothing raises ------------------------------------------------------------------------------------


@QUICK
@given(st.sampled_from(SUFFIXES), st.binary(max_size=300))
def test_any_bytes_give_rows_and_never_raise(tmp_path_factory, suffix, data):
    folder = tmp_path_factory.mktemp("any")
    (folder / f"x{suffix}").write_bytes(data)
    found = load([CorpusSource("c", folder)])
    assert found.corpora[0].rules == len(found.rules) and "loader-failed" not in set(found.problems.code)


BITS = [
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b"'",
    b"\n",
    b"\t",
    b"&a ",
    b"*a",
    b"---\n",
    b"<<: ",
    b"<a>",
    b"&b;",
    b"\\",
    b",",
    b":",
    b"\xff",
    b"\r",
]


@examples(125)
@given(st.sampled_from(FIXTURES), st.data())
def test_a_mutated_file_never_breaks_its_loader(tmp_path_factory, fixture, data):
    text = fixture.read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 30)))
        middle = data.draw(st.one_of(st.just(b""), st.binary(max_size=6), st.sampled_from(BITS)))
        text = text[:start] + middle + text[end:]
    path = tmp_path_factory.getbasetemp() / f"mutated{fixture.suffix}"
    path.write_bytes(text)
    found = load([CorpusSource("c", path)])
    assert "loader-failed" not in set(found.problems.code)
    formats = found.rules.set_index("rule_key")["format"].to_dict()
    decoded = (
        text_of(text)[0] if len(found.written) else ""
    )  # as loading reads it: not all of it need be UTF-8
    for row in found.written.itertuples():
        assert locate(decoded, formats[row.rule_key], row.position, int(row.rule_key.partition("#")[2] or 0))


KEYS = [
    "title",
    "id",
    "name",
    "tags",
    "detection",
    "logsource",
    "correlation",
    "action",
    "status",
    "level",
    "search",
    "mitre_attack_id",
    "rba",
    "risk_objects",
    "score",
    "type",
    "query",
    "tactics",
    "relevantTechniques",
    "techniques",
    "subTechniques",
    "requiredDataConnectors",
    "properties",
    "triggerOperator",
    "AnalysisType",
    "RuleID",
    "Reports",
    "MITRE ATT&CK",
    "LogTypes",
    "rule",
    "condition",
    "priority",
    "rule_id",
    "threat",
    "data",
    "techniqueID",
    "domain",
    "related_integrations",
    "exported_rules_count",
    "meta",
    "outcome",
    "sections",
    "options",
    "metadata",
    "sid",
    "tag",
    "attributes",
    "children",
    "text",
    "technique",
    "rule_id",
    "category",
    "value",
    "author",
    "versions",
    "attack",
]
WORDS = st.one_of(
    st.sampled_from(
        [
            "T1059",
            "attack.t1059",
            "global",
            "repeat",
            "rule",
            "events",
            "Hunting Queries",
            "true",
            "mitre",
            "level",
            "",
        ]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    st.one_of(WORDS, st.none(), st.integers(), st.floats(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=8)
    ),
    max_leaves=30,
)


@examples(250)
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=9), max_size=3))
def test_a_loader_reads_any_document_it_sniffs(document):
    file = RuleFile("c", "x", "")
    for loader in OURS.values():
        if loader.sniff(file, document):
            result = loader.read(file, document, CONTEXT)
            assert result.rules or result.problems
            assert len({rule.rule_key for rule in result.rules}) == len(result.rules)
            for nth, rule in enumerate(result.rules):
                rows = [row for row in result.written if row.rule_key == rule.rule_key]
                assert [row.position for row in rows] == list(range(len(rows)))
                assert len(loader.leaf_paths(document, nth)) == len(rows)


@QUICK
@given(st.text(max_size=300))
def test_places_of_any_text_never_raise(text):
    for loader in OURS.values():
        assert all(line >= 1 and column >= 1 for line, column in loader.syntax.positions(text).values())
        try:
            loader.syntax.parse(text)
        except Unparsable as fault:
            assert fault.code.startswith("bad-") and fault.message
        loader.meant(text)


@QUICK
@given(st.sampled_from([path for path in FIXTURES if path.suffix == ".xml"]), st.data())
def test_an_xml_element_stands_where_its_place_says(path: Path, data):
    text = path.read_text(encoding="utf-8")
    found = xml_syntax.parse(text)
    places, lines = xml_syntax.positions(text), text.split("\n")
    for at, offset in found.offsets.items():
        line, column = places[at]
        assert lines[line - 1][column - 1 :] == text[offset:].split("\n")[0]
    for start, end in found.spans.values():
        assert text[start] == "<" and text[end - 1] == ">"
