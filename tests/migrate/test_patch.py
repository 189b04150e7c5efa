"""The patch is what the real `git apply` takes, byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.migrate.unified_diff import file_diff
from tests.helpers.examples import examples

NAMES = [
    "rule.toml",
    "with blank.toml",
    'quo"te.toml',
    "back\\slash.toml",
    "tab\there.toml",
    "grüße.toml",
    "deep/er/rule.toml",
]


def git(folder: Path, *arguments: str, given: bytes | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], input=given, capture_output=True, check=False
    )


def applied(folder: Path, name: str, before: bytes, after: bytes) -> bytes:
    """What git makes of the file with our patch."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(before)
    patch = file_diff(before, after, name)
    for more in (["--check"], []):
        done = git(folder, "apply", *more, "-", given=patch)
        assert done.returncode == 0, done.stderr.decode() + patch.decode(errors="replace")
    return path.read_bytes()


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    assert git(folder, "init", "-q").returncode == 0
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_any_name(repository, name):
    assert applied(repository, name, b"a\nb\nc\n", b"a\nB\nc\n") == b"a\nB\nc\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
        (b"a\nb", b"a\nB"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfa\nc\n"),
        (b"a\x0bb\x0cc\xe2\x80\xa8d\n1\n", b"a\x0bb\x0cc\xe2\x80\xa8d\n2\n"),
        (b"x\nx\nx\ny\nx\nx\nx\n", b"x\nx\nx\nx\nx\nx\n"),
        (
            b"".join(b"%d\n" % n for n in range(40)),
            b"".join(b"%d\n" % n for n in range(40) if n not in (5, 12, 30)),
        ),
    ],
)
def test_line_ends_and_hunks(repository, before, after):
    assert applied(repository, "rule.toml", before, after) == after


def test_the_same_text_gives_no_patch():
    assert file_diff(b"a\n", b"a\n", "rule.toml") == b""


LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"", b"d\r"]), max_size=30)


@examples(30)
@given(LINES, LINES, st.booleans(), st.booleans())
def test_any_two_texts(repository, old, new, old_ended, new_ended):
    before = b"\n".join(old) + b"\n" * (old_ended and bool(old))
    after = b"\n".join(new) + b"\n" * (new_ended and bool(new))
    if before and after and before != after:
        assert applied(repository, "any.toml", before, after) == after
