"""Frames as files: each form has every documented column and the same rows; docs/columns.md says what is."""

from __future__ import annotations

import csv
import io
import json
import runpy

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.exports.columns import COLUMNS_VERSION, EVERY_FRAME, FRAMES, NAMES, TYPES, exported
from coverage.exports.content import Content
from coverage.exports.parquet import FORMS, frame_csv, frame_json, frame_parquet
from coverage.exports.tables import cell
from coverage.frames import checked
from coverage.loaders import CorpusSource, load
from coverage.measures import MEASURES
from coverage.tables import PROJECT
from tests.helpers import small
from tests.helpers.exporting import content, hostile, made
from tests.helpers.small import E19


def test_every_column_is_documented():
    """When this fails: python docs/write_columns.py. And see there when COLUMNS_VERSION must go up."""
    expected = runpy.run_path(str(PROJECT / "docs" / "write_columns.py"))["page"]()
    assert (PROJECT / "docs" / "columns.md").read_text(encoding="utf-8") == expected
    assert f"version {COLUMNS_VERSION} of the columns" in expected


def test_every_measure_and_every_frame_of_a_release_can_leave():
    assert set(MEASURES) < set(FRAMES) and {"rules", "mappings", "written", "findings", "problems"} < set(
        FRAMES
    )
    assert {"rule_texts", *(f"attack_{name}" for name in CATALOGUE_FRAMES)} == set(EVERY_FRAME) - set(FRAMES)
    assert len({head for entry in EVERY_FRAME.values() for head in entry.heads()} & set(NAMES)) == 0


@pytest.mark.parametrize("name", EVERY_FRAME)
def test_a_frame_is_as_its_spec_says(name):
    entry = EVERY_FRAME[name]
    checked(entry.make(content(E19))[list(entry.spec.columns)], entry.spec)


@pytest.mark.parametrize("name", EVERY_FRAME)
def test_the_three_forms_have_the_same_rows_and_columns(name):
    state, heads = content(E19), EVERY_FRAME[name].heads()
    frame = exported(state, name)
    rows = list(csv.reader(io.StringIO(frame_csv(state, name).decode("utf-8"), newline=""), strict=True))
    told = json.loads(frame_json(state, name))
    parquet = pq.read_table(io.BytesIO(frame_parquet(state, name)))
    assert (
        rows[0] == [*heads, "attack", "scope", "corpora"] and told["columns"] == heads == parquet.column_names
    )
    assert len(rows) - 1 == len(told["rows"]) == parquet.num_rows == len(frame)
    as_lists = parquet.to_pylist()
    for row, said, kept in zip(rows[1:], told["rows"], as_lists, strict=True):
        assert list(said) == heads
        for text, head in zip(row, heads, strict=False):
            assert text == cell(kept[head]) == cell(said[head]), (name, head)


@pytest.mark.parametrize("name", EVERY_FRAME)
def test_parquet_has_the_types_and_the_metadata_that_are_documented(name):
    state = content(E19)
    schema = pq.read_schema(io.BytesIO(frame_parquet(state, name)))
    for field, (dtype, _) in zip(schema, EVERY_FRAME[name].spec.columns.values(), strict=True):
        shown = (
            f"list<{field.type.value_type}>"
            if pa.types.is_list(field.type)
            else str(field.type).replace("[day]", "")
        )
        assert shown == TYPES[dtype][1]
    meta = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    assert (meta["frame"], meta["columns_version"]) == (name, str(COLUMNS_VERSION))
    assert json.loads(meta["stamp"]) == state.view.scope.stamp()


def test_json_says_scope_and_version():
    told = json.loads(frame_json(content(E19), "gaps"))
    assert told["columns_version"] == COLUMNS_VERSION and told["stamp"] == content(E19).view.scope.stamp()
    assert told["rows"][0]["technique_id"] == content(E19).gaps["attack_id"].iloc[0]


def test_the_frames_of_a_part_of_the_corpora_are_that_part_s(tmp_path):
    """Problems, findings and mappings as written follow the view's corpora."""
    for name, data in (
        ("broken", b"[rule\nname = 1"),
        ("mine", (small.SMALL / small.PATHS["q"]).read_bytes()),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rule.toml").write_bytes(data)
    corpora = [
        CorpusSource("small", small.SMALL),
        *(CorpusSource(name, tmp_path / name) for name in ("mine", "broken")),
    ]
    reading = small.read_embedded(load(corpora), E19)
    whole, mine, broken = (
        Content(reading, reading.view(on=small.DAY, corpora=names)) for names in ([], ["mine"], ["broken"])
    )
    assert set(broken.problems["corpus"]) == {"broken"} and "broken" not in set(mine.problems["corpus"])
    small_ones = whole.problems[
        whole.problems["corpus"] == "small"
    ]  # IDs that could not be placed, all of them
    assert len(whole.problems) == len(small_ones) + len(mine.problems) + len(broken.problems)
    assert [len(broken.problems), len(reading.loaded.problems)] == [1, 2]  # one that is like another's, too
    figures = [part.figures["rules"] for part in (whole, mine, broken)]
    assert [one["problems"] for one in figures] == [2, 1, 1]
    assert [one["problems"] + one["unplaced"] for one in figures] == [
        len(part.problems) for part in (whole, mine, broken)
    ]
    assert len(content(E19).written) + len(mine.written) == len(whole.written)
    assert set(mine.findings["corpus"]) == {"mine"} and set(whole.findings["corpus"]) == {"mine", "small"}
    for name in ("rules", "mappings", "written", "findings"):
        assert len(exported(broken, name)) == 0 < len(exported(mine, name)) < len(exported(whole, name))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["rules", "gaps", "mappings"])
def test_any_text_and_no_rule_at_all_can_leave(form, name):
    for state in (
        hostile(),
        made([], []),
        made([small.rule("made/a", corpus="made", tags=("\ud800x",), references=("\udfff",))], []),
    ):
        first, second = (FORMS[form][0](state, name) for _ in range(2))
        assert first == second and first
