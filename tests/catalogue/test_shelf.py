"""The installed releases: embedded and imported, which is preferred, and what a damaged cache does."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coverage.catalogue import CatalogueError, Release, build, shelf
from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.catalogue.shelf import (
    cache_folder,
    default_release,
    import_bundle,
    installed_releases,
    open_release,
    unreadable_folders,
)
from coverage.reading import newest_other_release, other_releases, releases_beside
from tests.helpers.bundles import bundle_bytes, collection, small_bundle, small_objects

EMBEDDED = ["enterprise-19.0", "enterprise-18.1", "mobile-18.1", "ics-18.1"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "attack"


@pytest.fixture
def bundle(tmp_path):
    """A file with the small release, as the version given."""

    def write(version="21.0", name="small.json", packed=False, stix="2.0", source=None):
        content = small_bundle(version, stix) if source is None else source
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if packed else content)
        return path

    return write


def installed() -> list[str]:
    return [str(found.release) for found in installed_releases()]


def test_the_embedded_releases_are_installed_by_domain_newest_first():
    assert installed() == EMBEDDED
    assert all(found.embedded for found in installed_releases())
    assert not cache_folder().exists()


def test_the_default_is_the_newest_embedded_enterprise_release_whatever_was_imported(bundle):
    assert default_release() == Release.parse("enterprise-19.0")
    import_bundle(bundle("21.0"))
    assert installed() == ["enterprise-21.0", *EMBEDDED]
    assert default_release() == Release.parse("enterprise-19.0")


@pytest.mark.parametrize(
    "text", ["enterprise-19.0", "Enterprise-attack-19.0", Release.parse("enterprise-19.0")]
)
def test_opening_by_text_or_release(text):
    catalogue = open_release(text)
    assert catalogue.release.title == "Enterprise 19.0"
    assert (catalogue.techniques["status"] == "live").sum() == 697


def test_a_release_not_installed_says_what_is_and_how_to_get_more():
    with pytest.raises(CatalogueError) as caught:
        open_release("enterprise-1.0")
    assert str(caught.value) == (
        "ATT&CK Enterprise 1.0 is not installed. Installed: enterprise-19.0, enterprise-18.1, mobile-18.1, "
        "ics-18.1; "
        "get more with 'python -m coverage.cli attack fetch' or '... attack import FILE'."
    )
    with pytest.raises(CatalogueError, match="'newest' is not an ATT&CK release"):
        open_release("newest")


@pytest.mark.parametrize(("packed", "stix"), [(False, "2.0"), (True, "2.0"), (False, "2.1"), (True, "2.1")])
def test_an_imported_release_is_installed(bundle, cache, packed, stix):
    path = bundle(packed=packed, stix=stix)
    catalogue = import_bundle(path)
    assert str(catalogue.release) == "enterprise-21.0"
    assert catalogue.source == "small.json"
    assert [folder.name for folder in cache.iterdir()] == [f"enterprise-21.0-{catalogue.sha256[:12]}"]
    path.unlink()
    opened = open_release("enterprise-21.0")
    assert opened == catalogue
    for name in CATALOGUE_FRAMES:
        pd.testing.assert_frame_equal(opened.frame(name), catalogue.frame(name))


def test_importing_the_same_content_again_reads_no_stix(bundle, monkeypatch):
    first = import_bundle(bundle())
    monkeypatch.setattr("coverage.catalogue.stix.catalogue_of", None)  # calling it would raise
    for path in (bundle(), bundle(name="packed.json.gz", packed=True)):
        assert import_bundle(path) == first


def test_another_file_of_a_release_of_the_project_has_an_id_of_its_own_and_changes_nothing(bundle):
    """What was asked for by a name, or by none, stays what it was: numbers change only where the copy is
    chosen.
    """
    embedded = open_release("enterprise-19.0")
    copy = import_bundle(bundle("19.0"))
    assert str(copy.release) == f"enterprise-19.0@{copy.sha256[:12]}"
    assert copy.release.title == f"Enterprise 19.0 (copy {copy.sha256[:12]})"
    assert installed() == ["enterprise-19.0", str(copy.release), *EMBEDDED[1:]]
    assert default_release() == embedded.release
    assert open_release("enterprise-19.0") == open_release(default_release()) == embedded
    assert open_release(str(copy.release)) == copy
    assert Release.parse(str(copy.release)) == copy.release
    for others in (other_releases(embedded), other_releases(copy)):
        assert [str(other.release) for other in others] == ["enterprise-18.1", "ics-18.1", "mobile-18.1"]
    assert [str(other) for other in releases_beside(embedded)] == ["enterprise-18.1"]
    assert str(newest_other_release(embedded.release)) == "enterprise-18.1"


def test_the_same_file_as_the_projects_keeps_the_name(bundle, tmp_path, monkeypatch):
    embedded = tmp_path / "embedded"
    monkeypatch.setattr(shelf, "EMBEDDED", embedded)
    catalogue = build.facts_only(build.read_bundle(bundle("19.0")))
    build.write_catalogue(catalogue, embedded / "enterprise-19.0")
    assert str(import_bundle(bundle("19.0")).release) == "enterprise-19.0"
    assert installed() == ["enterprise-19.0"]
    assert (
        open_release("enterprise-19.0").techniques["description"].notna().all()
    )  # only MITRE's file has them


def test_the_newest_older_release_is_what_a_release_is_compared_with(bundle):
    import_bundle(bundle("20.0"))
    import_bundle(bundle("21.0", name="newest.json"))
    found = {
        text: str(newest_other_release(Release.parse(text)))
        for text in ("enterprise-19.0", "enterprise-21.0", "enterprise-18.1", "mobile-18.1")
    }
    assert found == {
        "enterprise-19.0": "enterprise-18.1",
        "enterprise-21.0": "enterprise-20.0",
        "enterprise-18.1": "enterprise-19.0",
        "mobile-18.1": "None",
    }


def test_the_last_import_of_a_release_stands_first(bundle):
    first = import_bundle(bundle("21.0"))
    assert open_release("enterprise-21.0") == first
    os.utime(installed_releases()[0].folder / "release.json", (1, 1))
    second = import_bundle(bundle("21.0", stix="2.1"))
    assert open_release("enterprise-21.0") == second != first
    assert not installed_releases()[0].embedded


def test_the_version_can_be_given_for_a_bundle_that_names_none(bundle):
    path = bundle(source=bundle_bytes(small_objects()))
    with pytest.raises(CatalogueError, match="give the version"):
        import_bundle(path)
    assert str(import_bundle(path, version="7.2").release) == "enterprise-7.2"
    assert str(import_bundle(path, version="7.1").release) == "enterprise-7.1"
    assert installed() == [*EMBEDDED[:2], "enterprise-7.2", "enterprise-7.1", *EMBEDDED[2:]]


def test_a_bad_bundle_leaves_the_cache_as_it_was(bundle, cache):
    import_bundle(bundle())
    before = sorted(path.name for path in cache.rglob("*"))
    with pytest.raises(CatalogueError):
        import_bundle(bundle("22.0", source=small_bundle("22.0")[:-9]))
    assert sorted(path.name for path in cache.rglob("*")) == before


def changed_frame(folder, change):
    """Another table in a file, with a hash in `release.json` that fits it."""
    table = change(pq.read_table(folder / "uses.parquet"))
    pq.write_table(table, folder / "uses.parquet")
    rehashed(folder)


def rehashed(folder):
    content = json.loads((folder / "release.json").read_text())
    content["files"]["uses.parquet"] = hashlib.sha256((folder / "uses.parquet").read_bytes()).hexdigest()
    (folder / "release.json").write_text(json.dumps(content))


def garbage_with_its_hash(folder):
    (folder / "uses.parquet").write_bytes(b"PAR1 garbage PAR1")
    rehashed(folder)


def other_values(folder, **values):
    content = json.loads((folder / "release.json").read_text())
    (folder / "release.json").write_text(json.dumps({**content, **values}))


def cut_off(folder):
    content = (folder / "uses.parquet").read_bytes()
    (folder / "uses.parquet").write_bytes(content[: len(content) // 2])


DAMAGE = {
    "release.json": lambda folder: (folder / "release.json").write_text("{"),
    "deep release.json": lambda folder: (folder / "release.json").write_text("[" * 200_000),
    "old format": lambda folder: other_values(folder, format="0"),
    "a number for a hash": lambda folder: other_values(folder, sha256=5),
    "empty": lambda folder: (folder / "uses.parquet").write_bytes(b""),
    "cut off": cut_off,
    "garbage": lambda folder: (folder / "uses.parquet").write_bytes(b"garbage"),
    "garbage with its hash": garbage_with_its_hash,
    "missing": lambda folder: (folder / "uses.parquet").unlink(),
    "a column less": lambda folder: changed_frame(folder, lambda table: table.drop_columns(["target_id"])),
    "a column of another type": lambda folder: changed_frame(
        folder, lambda table: table.set_column(0, "source_id", pa.array([1] * len(table)))
    ),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_import_is_left_out_with_its_cause_and_mended_by_importing_again(bundle, how, caplog):
    path = bundle("21.0")
    imported = import_bundle(path)
    folder = next(cache_folder().iterdir())
    DAMAGE[how](folder)
    with caplog.at_level(logging.WARNING):
        assert installed() == EMBEDDED
    assert str(folder) in caplog.text
    ((damaged, cause),) = unreadable_folders()
    assert damaged == folder
    with pytest.raises(CatalogueError) as caught:
        open_release("enterprise-21.0")
    assert str(caught.value).startswith("ATT&CK Enterprise 21.0 is in your cache, but cannot be used: ")
    assert cause in str(caught.value) and "attack import FILE" in str(caught.value)
    # What is sound can still be used: every other release explains what the chosen one does not know.
    assert [str(other.release) for other in other_releases(open_release("enterprise-19.0"))] == [
        "enterprise-18.1",
        "ics-18.1",
        "mobile-18.1",
    ]
    again = import_bundle(path)
    assert again == imported
    assert open_release("enterprise-21.0") == imported
    assert unreadable_folders() == []


def test_the_last_sound_copy_is_read_where_a_newer_import_is_damaged(bundle):
    first = import_bundle(bundle("21.0"))
    second = import_bundle(bundle("21.0", stix="2.1"))
    folder = next(path for path in cache_folder().iterdir() if path.name.endswith(second.sha256[:12]))
    (folder / "uses.parquet").write_bytes(b"")
    assert open_release("enterprise-21.0") == first


def test_unreadable_folders_are_named_with_the_cause(bundle, cache):
    import_bundle(bundle())
    (cache / "enterprise-5.0-0123456789ab").mkdir()
    (cache / ".enterprise-6.0.half-written").mkdir()
    (cache / "file").write_text("no folder")
    assert installed() == ["enterprise-21.0", *EMBEDDED]
    ((folder, why),) = unreadable_folders()
    assert folder.name == "enterprise-5.0-0123456789ab"
    assert "release.json is missing" in why


def test_a_damaged_embedded_release_stops_the_default_but_not_the_others(tmp_path, monkeypatch, bundle):
    embedded = tmp_path / "embedded"
    embedded.mkdir()
    monkeypatch.setattr(shelf, "EMBEDDED", embedded)
    with pytest.raises(CatalogueError, match="no Enterprise release there"):
        default_release()
    for version in ("18.1", "19.0"):
        catalogue = build.facts_only(build.read_bundle(bundle(version)))
        build.write_catalogue(catalogue, embedded / f"enterprise-{version}")
    assert default_release().version == "19.0"
    (embedded / "enterprise-19.0" / "release.json").unlink()
    assert installed() == ["enterprise-18.1"]
    with pytest.raises(CatalogueError, match=r"enterprise-19\.0: not a stored ATT&CK release"):
        default_release()


def test_a_cache_that_cannot_be_written_is_one_sentence(bundle, tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("a file where the cache should be")
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "occupied"))
    assert installed() == EMBEDDED
    with pytest.raises(CatalogueError, match="the release cannot be stored"):
        import_bundle(bundle())


def test_two_imports_at_once_give_one_release(bundle, cache):
    path = bundle()
    with ThreadPoolExecutor(4) as pool:
        catalogues = list(pool.map(import_bundle, [path] * 4))
    assert len({catalogue.sha256 for catalogue in catalogues}) == 1
    assert [folder.name for folder in cache.iterdir()] == [f"enterprise-21.0-{catalogues[0].sha256[:12]}"]
    assert open_release("enterprise-21.0").techniques["attack_id"].tolist()[0] == "T1001"


def test_the_cache_is_the_users_unless_the_variable_says_otherwise(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache" / "attack"
    monkeypatch.delenv("COVERAGE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder().name == "attack"
    assert "attack-coverage" in cache_folder().parts


# ---- building what comes with the project ----------------------------------------------------------


def test_build_says_what_is_missing(tmp_path, capsys):
    assert build.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path}: enterprise-attack-19.0.json.gz is not there\n"
    assert build.main([]) == 2


def test_build_writes_facts_only_and_names_the_source(tmp_path):
    content = bundle_bytes([collection("9.0", "Mobile ATT&CK"), *small_objects()])
    mobile = content.replace(b'"mitre-attack", "phase_name"', b'"mitre-mobile-attack", "phase_name"')
    (tmp_path / "mobile-attack-9.0.json").write_bytes(mobile)
    (folder,) = build.build(tmp_path, tmp_path / "out", {Release.parse("mobile-9.0"): "a test"})
    catalogue = shelf.open_catalogue(folder, verify=True)
    assert (str(catalogue.release), catalogue.source) == ("mobile-9.0", "a test")
    assert catalogue.techniques["description"].isna().all()
    assert catalogue.techniques["name"].notna().all()
