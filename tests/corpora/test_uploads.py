"""Uploads and archives: what is taken, and everything that must not get out of its folder, or in at all."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.corpora.archive import ArchiveError, Limits, safe_path, written_folder, zip_files
from coverage.corpora.uploads import kept_upload, kept_uploads, remove_upload, uploads_folder
from coverage.loaders import corpus_sources, load
from tests.helpers.corpora_made import rule_text, zipped
from tests.helpers.examples import examples

RULE = rule_text("a", ["T1053"])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def kept(data: bytes, **limits) -> dict[str, bytes]:
    return dict(zip_files(data, lambda path: path, Limits(**limits)))


# ---- an upload becomes a corpus --------------------------------------------------------------------------


def test_a_zip_becomes_a_corpus_of_its_rule_files():
    data = zipped(
        {
            "mine/rules/a.toml": RULE,
            "mine/rules/deep/b.toml": rule_text("b"),
            "mine/README.md": "# no rule",
            "mine/logo.png": b"\x89PNG",
        }
    )
    upload = kept_upload([("My rules.zip", data)])
    assert (upload.name, upload.files) == ("My rules", 2)
    assert set(everything(upload.path)) == {"mine/rules/a.toml", "mine/rules/deep/b.toml"}
    loaded = load(corpus_sources([f"{upload.name}={upload.path}"]))
    assert loaded.rules["rule_id"].tolist() == ["a", "b"] and loaded.problems.empty
    assert loaded.rules["corpus"].tolist() == ["My rules"] * 2


def test_single_files_and_several_zips_stand_side_by_side():
    upload = kept_upload(
        [
            ("a.toml", RULE.encode()),
            ("one.zip", zipped({"r.toml": RULE})),
            ("two.zip", zipped({"r.toml": rule_text("b")})),
        ]
    )
    assert upload.name == "upload" and set(everything(upload.path)) == {"a.toml", "one/r.toml", "two/r.toml"}
    assert everything(upload.path)["two/r.toml"] == rule_text("b").encode()


def test_the_same_content_is_the_same_folder_and_other_content_another():
    one, again = kept_upload([("a.toml", RULE.encode())]), kept_upload([("a.toml", RULE.encode())])
    other = kept_upload([("a.toml", rule_text("b").encode())])
    assert one == again != other
    assert one.path.parent.parent == uploads_folder()
    assert [upload.path for upload in kept_uploads()] == sorted([one.path, other.path])


def test_an_upload_can_be_removed_and_nothing_else_can(tmp_path):
    one, other = kept_upload([("a.toml", RULE.encode())]), kept_upload([("b.toml", RULE.encode())])
    remove_upload(one)
    assert kept_uploads() == [other] and not one.path.exists()
    remove_upload(one)
    outside = tmp_path / "precious" / "files"
    outside.mkdir(parents=True)
    remove_upload(type(one)("x", outside, 0))
    assert outside.exists()


def test_a_damaged_folder_in_the_cache_is_passed_over():
    upload = kept_upload([("a.toml", RULE.encode())])
    for name, text in (
        ("torn", "{"),
        ("list", "[1]"),
        ("deep", "[" * 100_000),
        ("other", '{"name": "x", "files": "many"}'),
    ):
        (uploads_folder() / name / "files").mkdir(parents=True)
        (uploads_folder() / name / "corpus.json").write_text(text)
    (uploads_folder() / "stray.txt").write_text("no folder")
    assert kept_uploads() == [upload]


@pytest.mark.parametrize("name", ["../../up=load.zip", "…/x.zip", "a\x00b.zip", ".zip", "=.zip"])
def test_the_name_of_a_corpus_is_harmless_whatever_the_file_is_called(name):
    upload = kept_upload([(name, zipped({"a.toml": RULE}))])
    assert upload.name and not set(upload.name) & set("=/\\\0")
    (source,) = corpus_sources([f"{upload.name}={upload.path}"])
    assert source.path == upload.path and source.name == upload.name


# ---- what is refused, each with one sentence, and nothing written ------------------------------------------


def patched(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """The zip with bytes of its first such header overwritten."""
    at = data.index(signature) + offset
    return data[:at] + value + data[at + len(value) :]


def encrypted() -> bytes:
    data = patched(zipped({"a.toml": RULE}), b"PK\x01\x02", 8, b"\x01\x00")
    return patched(data, b"PK\x03\x04", 6, b"\x01\x00")


def twice() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("a.toml", RULE)
        archive.writestr("a.toml", RULE)
    return buffer.getvalue()


REFUSED = {
    "up and out": (lambda: zipped({"../a.toml": RULE}), "an entry points outside its folder: ../a.toml"),
    "up in the middle": (lambda: zipped({"a/../../b.toml": RULE}), "points outside its folder"),
    "up although no rule": (
        lambda: zipped({"a.toml": RULE, "../../.bashrc": "x"}),
        "points outside its folder",
    ),
    "absolute": (lambda: zipped({"/etc/a.toml": RULE}), "points outside its folder"),
    "drive letter": (lambda: zipped({"C:/a.toml": RULE}), "points outside its folder"),
    "drive letter of Windows": (lambda: zipped({"C:\\a.toml": RULE}), "points outside its folder"),
    "backslashes": (lambda: zipped({"..\\..\\a.toml": RULE}), "points outside its folder"),
    "share": (lambda: zipped({"\\\\server\\share\\a.toml": RULE}), "points outside its folder"),
    "stream": (lambda: zipped({"a.toml:hidden": RULE}), "points outside its folder"),
    "control sign": (lambda: zipped({"a\nb.toml": RULE}), "points outside its folder: a.b.toml"),
    "link": (
        lambda: zipped({"a.toml": RULE}, links={"b.toml": "/etc/passwd"}),
        "an entry is a link or a device, not a file: b.toml",
    ),
    "link to a folder": (lambda: zipped({"d/a.toml": RULE}, links={"d.toml": ".."}), "is a link or a device"),
    "encrypted": (encrypted, "an entry is encrypted: a.toml"),
    "one name twice": (twice, "it holds a.toml twice"),
    "no rule": (lambda: zipped({"README.md": "# hello"}), "it has no file of a supported rule format"),
    "empty": (lambda: zipped({}), "it has no file of a supported rule format"),
    "no zip": (lambda: b"PK\x03\x04 and then nonsense", "not a readable zip archive"),
    "nothing": (lambda: b"", "not a readable zip archive"),
    "cut off": (lambda: zipped({"a.toml": RULE})[:-30], "not a readable zip archive"),
    "wrong sum": (
        lambda: patched(zipped({"a.toml": RULE}), b"PK\x01\x02", 16, b"\0\0\0\0"),
        "not a readable zip archive",
    ),
    "says it is smaller": (
        lambda: patched(zipped({"a.toml": RULE}), b"PK\x01\x02", 24, b"\x05\0\0\0"),
        "not a readable zip archive",
    ),
    "bomb": (
        lambda: zipped({"a.toml": b"#" * 5_000_000}),
        "it unpacks to more than 100 times its size, as rules never do",
    ),
    "bomb of many": (
        lambda: zipped({f"{n}.toml": b"#" * 20_000 for n in range(100)}),
        "it unpacks to more than 100 times its size",
    ),
    "method nobody has": (
        lambda: patched(
            patched(zipped({"a.toml": RULE}), b"PK\x01\x02", 10, b"\x63\0"), b"PK\x03\x04", 8, b"\x63\0"
        ),
        "not a readable zip archive",
    ),
    "name too long": (lambda: zipped({f"{'a' * 300}.toml": RULE}), "it cannot be stored in"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_one_sentence_and_nothing_is_written(case, tmp_path, cache):
    make, sentence = REFUSED[case]
    before = kept_upload([("good.toml", RULE.encode())])
    told = everything(tmp_path)
    with pytest.raises(ArchiveError) as caught:
        kept_upload([("x.zip", make())])
    text = str(caught.value)
    assert sentence.replace("a.b.toml", "a?b.toml") in text and "\n" not in text
    assert everything(tmp_path) == told and kept_uploads() == [before]
    assert [path.name for path in (cache / "uploads").iterdir()] == [before.path.parent.name]


def test_the_limits_are_counted_over_all_files_of_an_upload():
    zips = [(f"{n}.zip", zipped({"a.toml": RULE, "b.toml": RULE})) for n in range(3)]
    assert kept_upload(zips, Limits(files=6)).files == 6
    with pytest.raises(ArchiveError, match="the upload has more than 5"):
        kept_upload(zips, Limits(files=5))
    with pytest.raises(ArchiveError, match="2\\.zip: the upload has more than"):
        kept_upload(zips, Limits(bytes=5 * len(RULE)))
    with pytest.raises(ArchiveError, match="0\\.zip: it holds more than 1 file"):
        kept_upload(zips, Limits(files=1))
    with pytest.raises(ArchiveError, match="0\\.zip: it holds 7,000 bytes unpacked; the limit is 6,999"):
        kept_upload([("0.zip", zipped({"a.toml": "x" * 7000}))], Limits(bytes=6999))
    with pytest.raises(ArchiveError, match="no file was given"):
        kept_upload([])


def test_two_files_of_one_name_are_refused():
    with pytest.raises(ArchiveError, match=r"a\.toml: a\.toml is there twice"):
        kept_upload([("a.toml", b"1"), ("a.toml", b"2")])


def test_a_single_file_with_a_path_for_a_name_is_refused():
    with pytest.raises(ArchiveError, match="the name points outside its folder"):
        kept_upload([("../a.toml", RULE.encode())])


def test_rules_that_repeat_themselves_pack_well_and_are_taken():
    rules = {f"{n}.toml": rule_text(str(n), ["T1053", "T1059.001"], name=f"Rule {n}") * 5 for n in range(500)}
    assert len(kept(zipped(rules))) == 500


def test_a_zip_made_on_windows_is_taken_as_it_was_meant():
    assert list(kept(zipped({"rules\\windows\\a.toml": RULE}))) == ["rules/windows/a.toml"]


def test_an_unwritable_cache_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("a file where the cache should be")
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "occupied"))
    with pytest.raises(ArchiveError, match="it cannot be stored in"):
        kept_upload([("a.toml", RULE.encode())])
    assert kept_uploads() == []


def test_a_folder_stays_as_it_was_when_its_successor_fails(tmp_path):
    def breaks():
        yield "a.toml", b"new"
        raise ArchiveError("something is wrong with the second file")

    folder = tmp_path / "kept"
    written_folder([("a.toml", b"old")], folder, {"corpus.json": b"{}"})
    for files in (breaks(), []):
        with pytest.raises(ArchiveError):
            written_folder(files, folder, {"corpus.json": b"[]"})
        assert everything(folder) == {"files/a.toml": b"old", "corpus.json": b"{}"}
        assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    written_folder([("b.toml", b"new")], folder, {})
    assert everything(folder) == {"files/b.toml": b"new"}


@examples(75)
@given(st.text(max_size=30))
def test_a_safe_path_stays_below_its_folder(name):
    path = safe_path(name)
    if path is not None:
        root = Path("/root/folder")
        assert (
            (root / path).is_relative_to(root)
            and ".." not in Path(path).parts
            and not path.startswith(("/", "\\"))
        )


@examples(30)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_a_damaged_zip_gives_whole_files_or_one_sentence(seed, changes):
    source = {"rules/a.toml": RULE, "rules/b.toml": rule_text("b", ["T1003"], tactic="TA0006")}
    data, chance = bytearray(zipped(source)), random.Random(seed)
    for _ in range(changes):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        found = kept(bytes(data))
    except ArchiveError as error:
        assert "\n" not in str(error)
    else:
        assert set(found.values()) <= {text.encode() for text in source.values()}
