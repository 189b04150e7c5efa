"""A stored release: read back as written, whole or not at all, and never trusted when damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.catalogue import Catalogue, CatalogueError, Release, store
from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.catalogue.stix import catalogue_of
from coverage.catalogue.store import open_catalogue, read_stored, write_catalogue
from coverage.frames import BOOL, DATE, INT, LIST, MAYBE_INT, TEXT
from coverage.tables import PROJECT
from tests.helpers.bundles import small_bundle
from tests.helpers.examples import examples


@pytest.fixture(scope="module")
def small() -> Catalogue:
    return catalogue_of(small_bundle(), "small.json")


@pytest.fixture
def folder(small, tmp_path) -> Path:
    write_catalogue(small, tmp_path / "enterprise-18.1")
    return tmp_path / "enterprise-18.1"


def same_frames(one: Catalogue, other: Catalogue) -> None:
    for name in CATALOGUE_FRAMES:
        pd.testing.assert_frame_equal(one.frame(name), other.frame(name))
        for column, (dtype, _) in CATALOGUE_FRAMES[name].columns.items():
            if dtype == LIST:
                assert {type(value) for value in one.frame(name)[column]} <= {tuple}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_what_is_read_is_what_was_written(small, folder):
    opened = open_catalogue(folder)
    assert (opened.release, opened.sha256, opened.source) == (small.release, small.sha256, "small.json")
    same_frames(opened, small)
    assert opened.techniques["description"].notna().all()


def frames_like(spec):
    """Rows of any values that fit a spec."""
    of = {
        TEXT: st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        INT: st.integers(-(2**63), 2**63 - 1),
        MAYBE_INT: st.none() | st.integers(-(2**63), 2**63 - 1),
        BOOL: st.booleans(),
        DATE: st.none()
        | st.datetimes(pd.Timestamp(1700, 1, 1), pd.Timestamp(2200, 1, 1)).map(
            lambda d: d.replace(microsecond=0)
        ),
        LIST: st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3).map(tuple),
    }
    row = st.tuples(*(of[dtype] for dtype, _ in spec.columns.values()))
    return st.lists(row, max_size=6).map(
        lambda rows: spec.frame({name: [row[i] for row in rows] for i, name in enumerate(spec.columns)})
    )


@examples(10)
@given(st.fixed_dictionaries({name: frames_like(spec) for name, spec in CATALOGUE_FRAMES.items()}))
def test_any_frames_are_read_back_equal(tmp_path, frames):
    catalogue = Catalogue.of_frames(Release.parse("mobile-9.0"), "0" * 64, "ünïcode", frames)
    write_catalogue(catalogue, tmp_path / "any")
    same_frames(open_catalogue(tmp_path / "any"), catalogue)


def test_opening_reads_no_frame_and_a_frame_only_its_file(small, folder):
    for name in CATALOGUE_FRAMES:
        if name != "tactics":
            (folder / f"{name}.parquet").write_bytes(b"nonsense")
    opened = open_catalogue(folder)
    pd.testing.assert_frame_equal(opened.tactics, small.tactics)
    with pytest.raises(
        CatalogueError, match=r"techniques\.parquet: the file is damaged; get Enterprise 18\.1 again"
    ):
        _ = opened.techniques


def test_verifying_finds_damage_at_once(folder):
    open_catalogue(folder, verify=True)
    path = folder / "uses.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CatalogueError, match=r"uses\.parquet: the file is damaged"):
        open_catalogue(folder, verify=True)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"release": "enterprise-18.1"}', "\x00", '"text"'])
def test_a_damaged_release_file(folder, text):
    (folder / "release.json").write_text(text)
    with pytest.raises(CatalogueError, match="is damaged"):
        open_catalogue(folder)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"format": "0-old"}, "stored by another version of this program"),
        ({"release": "enterprise"}, "is damaged"),
        ({"files": []}, "lacks tactics.parquet"),
        ({"files": 5}, "is damaged"),
        ({"more": 1}, "is damaged"),
    ],
)
def test_a_release_file_that_says_something_else(folder, change, cause):
    said = json.loads((folder / "release.json").read_text())
    (folder / "release.json").write_text(json.dumps({**said, **change}))
    with pytest.raises(CatalogueError, match=cause):
        read_stored(folder)


def test_a_missing_file_or_folder(folder, tmp_path):
    (folder / "groups.parquet").unlink()
    with pytest.raises(CatalogueError, match=r"lacks groups\.parquet"):
        read_stored(folder)
    with pytest.raises(CatalogueError, match=r"release\.json is missing"):
        read_stored(tmp_path / "nothing")


def test_the_format_follows_the_columns(monkeypatch):
    before = store.format_of_frames()
    spec = CATALOGUE_FRAMES["groups"]
    monkeypatch.setitem(
        CATALOGUE_FRAMES, "groups", replace(spec, columns={**spec.columns, "more": (TEXT, "more")})
    )
    assert store.format_of_frames() != before


# ---- whole or not at all ---------------------------------------------------------------------------


class Broken(Exception):
    pass


def breaking_at(catalogue: Catalogue, frame: str, error: type[Exception]) -> Catalogue:
    def load(name: str):
        if name == frame:
            raise error("no more")
        return catalogue.frame(name)

    return Catalogue(catalogue.release, catalogue.sha256, "another source", load)


@pytest.mark.parametrize("error", [Broken, OSError])
@pytest.mark.parametrize("frame", ["tactics", "component_detects"])
def test_a_write_that_breaks_leaves_what_was_there(small, folder, error, frame):
    before = contents(folder.parent)
    with pytest.raises(CatalogueError if error is OSError else Broken):
        write_catalogue(breaking_at(small, frame, error), folder)
    assert contents(folder.parent) == before
    assert names(folder.parent) == ["enterprise-18.1"]


def test_a_write_that_breaks_leaves_nothing_where_nothing_was(small, tmp_path):
    with pytest.raises(Broken):
        write_catalogue(breaking_at(small, "uses", Broken), tmp_path / "new")
    assert names(tmp_path) == []


def test_a_write_takes_the_place_of_what_was_there(small, folder):
    (folder / "stray.txt").write_text("of an older format")
    write_catalogue(replace(small, source="again"), folder)
    assert open_catalogue(folder, verify=True).source == "again"
    assert not (folder / "stray.txt").exists()
    assert names(folder.parent) == ["enterprise-18.1"]


def test_an_unwritable_place_is_one_sentence(small, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CatalogueError, match="the release cannot be stored"):
        write_catalogue(small, tmp_path / "file" / "enterprise-18.1")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_one_sentence(small, folder, monkeypatch):
    def write_bytes(path, content):  # the kernel's own error for a full disk
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(content)

    before = contents(folder.parent)
    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(CatalogueError, match="No space left on device"):
        write_catalogue(small, folder)
    assert contents(folder.parent) == before


def test_the_same_catalogue_gives_the_same_bytes(small, tmp_path):
    write_catalogue(small, tmp_path / "a")
    write_catalogue(catalogue_of(small_bundle(), "small.json"), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_opening_a_stored_release_imports_nothing_slow():
    code = (
        "import sys\n"
        "import coverage.catalogue.fetch\n"
        "from coverage.catalogue.shelf import default_release, open_release, installed_releases\n"
        "installed_releases(); open_release(default_release()).techniques\n"
        "print(sorted({'mitreattack', 'stix2', 'requests', 'loguru', 'streamlit', 'plotly'} & "
        "set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
