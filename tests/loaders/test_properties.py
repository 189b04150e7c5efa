"""Properties: nothing raises on any bytes, order changes nothing, what is written comes back."""

from __future__ import annotations

import shutil
import string

from hypothesis import given
from hypothesis import strategies as st

from coverage.formats.platforms import RuleWords, read_platforms
from coverage.formats.seam import Context, RuleFile
from coverage.frames import checked
from coverage.loaders import LOADERS, CorpusSource, load, locate
from coverage.loaders.frames import PROBLEMS, RULES, WRITTEN
from coverage.loaders.sources import corpus_sources
from coverage.syntaxes.fields import Fields, parsed_day
from coverage.syntaxes.toml_text import parse, positions
from coverage.tables import PROJECT
from tests.helpers.examples import examples

CORPUS = PROJECT / "tests" / "fixtures" / "loaders" / "corpus"
CONTEXT = Context(read_platforms())
FIXTURES = sorted(CORPUS.rglob("*.toml"))
QUICK = examples(75)

KEYS = [
    "rule",
    "metadata",
    "hunt",
    "threat",
    "technique",
    "subtechnique",
    "tactic",
    "id",
    "name",
    "rule_id",
    "uuid",
    "os_list",
    "tags",
    "integration",
    "index",
    "mitre",
    "severity",
    "risk_score",
    "enabled",
    "framework",
    "version",
    "threat_mappings",
    "maturity",
    "creation_date",
    "query",
    "language",
    "reference",
]
TEXTS = st.one_of(
    st.sampled_from(
        ["T1059", "T1059.001", "AML.T0051", "TA0001", "production", "2026/01/01", "high", "", " "]
    ),
    st.text(max_size=12),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6)


def checked_frames(loaded):
    checked(loaded.rules, RULES)
    checked(loaded.written, WRITTEN)
    checked(loaded.problems, PROBLEMS)
    return loaded


def written_as_toml(value) -> str:
    """Inline TOML of a parsed value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = "".join(
            f"\\U{ord(c):08x}"
            if c in '"\\' or ord(c) < 32 or ord(c) == 127 or "\ud800" <= c <= "\udfff"
            else c
            for c in value
        )
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(written_as_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {written_as_toml(item)}" for key, item in value.items()) + "}"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_give_rows_and_never_raise(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("any")
    (folder / "x.toml").write_bytes(data)
    loaded = checked_frames(load([CorpusSource("c", folder)]))
    assert loaded.corpora[0].rules == len(loaded.rules)


@QUICK
@given(st.sampled_from(FIXTURES), st.data())
def test_a_mutated_rule_never_raises_nor_breaks_the_loader(tmp_path_factory, fixture, data):
    text = fixture.read_bytes()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    middle = data.draw(
        st.one_of(st.just(b""), st.binary(max_size=8), st.sampled_from([b"[", b'"""', b"=5", b"{}"]))
    )
    path = tmp_path_factory.getbasetemp() / "mutated.toml"
    path.write_bytes(text[:start] + middle + text[end:])
    loaded = checked_frames(load([CorpusSource("c", path)]))
    assert "loader-failed" not in set(loaded.problems.code)


@examples(200)
@given(DOCUMENTS)
def test_a_loader_reads_any_document_it_sniffs(document):
    file = RuleFile("c", "x.toml", "")
    for loader in LOADERS.values():
        if loader.sniff(file, document):
            result = loader.read(file, document, CONTEXT)
            assert len(loader.leaf_paths(document, 0)) >= len(result.written)
            assert [row.position for row in result.written] == list(range(len(result.written)))
            assert result.rules or result.problems
            assert all(problem.message and problem.path == "x.toml" for problem in result.problems)


@examples(150)
@given(DOCUMENTS)
def test_every_value_of_a_document_has_a_place(document):
    text = "".join(f"{key} = {written_as_toml(value)}\n" for key, value in document.items())
    places = positions(text)
    for path in paths_of(parse(text)):
        assert path in places


def paths_of(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths_of(item, (*path, key))


@QUICK
@given(st.text(max_size=300))
def test_places_of_any_text_never_raise(text):
    places = positions(text)
    assert all(line >= 1 and column >= 1 for line, column in places.values())
    for format_id in LOADERS:
        locate(text, format_id, 0)


@QUICK
@given(st.lists(st.sampled_from(KEYS), max_size=4), VALUES)
def test_fields_take_any_value(path, value):
    issues = []
    fields = Fields({"k": value}, tuple(path), issues)
    fields.text("k"), fields.texts("k"), fields.texts("k", single=True), fields.number("k", 0, 100)
    fields.flag("k"), fields.day("k"), fields.table("k"), list(fields.tables("k"))
    assert all(issue.path[: len(path)] == tuple(path) for issue in issues)


@examples(20)
@given(st.permutations(FIXTURES))
def test_the_order_in_which_files_were_written_changes_nothing(tmp_path_factory, order):
    folder = tmp_path_factory.mktemp("order") / "corpus"
    for path in order:
        target = folder / path.relative_to(CORPUS)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    first, again = load([CorpusSource("c", CORPUS)]), load([CorpusSource("c", folder)])
    assert again.rules.equals(first.rules) and again.written.equals(first.written)
    assert again.problems.equals(first.problems) and again.corpora[0].content == first.corpora[0].content


@QUICK
@given(st.lists(st.text(string.ascii_letters + "/=.~ \0é", max_size=8), max_size=6))
def test_sources_of_any_texts_have_names_of_their_own(texts):
    sources = corpus_sources(texts)
    names = [source.name for source in sources]
    assert len(set(names)) == len(texts) and all(name and "/" not in name for name in names)


@QUICK
@given(st.text(max_size=12))
def test_a_date_is_read_or_it_is_none(text):
    day = parsed_day(text)
    assert day is None or tuple(map(int, text.strip().replace("-", "/").split("/"))) == (
        day.year,
        day.month,
        day.day,
    )


WORDS = st.lists(
    st.one_of(st.text(max_size=10), st.sampled_from(["OS: Linux", "endpoint", "azure", "winlogbeat-*"]))
)


@QUICK
@given(WORDS, WORDS, WORDS, WORDS, WORDS)
def test_platforms_of_any_words_in_any_order(tags, os, integrations, indices, jobs):
    platforms, unknown = CONTEXT.platforms.platforms(RuleWords(tags, os, integrations, indices, jobs))
    turned = RuleWords(tags[::-1], os[::-1], integrations[::-1], indices[::-1], jobs[::-1])
    assert CONTEXT.platforms.platforms(turned)[0] == platforms
    assert set(CONTEXT.platforms.platforms(turned)[1]) == set(unknown)
