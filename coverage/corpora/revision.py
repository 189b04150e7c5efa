"""Rules as they stood at a git revision: read from the repository's objects, never through its work tree.

Only files that a loader could read are taken out, into a folder that is gone afterwards. Filters, export
attributes and submodules do not apply: a file is its blob. Knows no rule format and no ATT&CK.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from coverage.loaders import CorpusSource, Loaded, load
from coverage.loaders.formats import SUFFIXES, max_bytes, suffix_of
from coverage.loaders.sources import shown

SECONDS = 120
_FILE, _LINK, _SUBMODULE = ("100", "120", "160")  # the first digits of a tree entry's mode
# Of these git takes another repository, or other objects, than those of the folder it is pointed at.
_REDIRECTS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE",
              "GIT_ALTERNATE_OBJECT_DIRECTORIES")  # fmt: skip


class RevisionError(ValueError):
    """A revision that cannot be read: one sentence that says why."""


@dataclass(frozen=True)
class Revision:
    """One commit of a repository, named as the user wrote it."""

    name: str
    commit: str
    root: Path  # of the work tree


@dataclass(frozen=True)
class _Entry:
    """One file or link in the tree of a commit."""

    mode: str
    blob: str
    size: int
    path: str


def repository_of(sources: Sequence[CorpusSource]) -> Path:
    """The root of the one git work tree that the rule paths lie in.

    Raises
    ------
    RevisionError
        When git is missing, or the paths lie in no work tree or in several.
    """
    roots = {_root(source.path) for source in sources}
    if len(roots) != 1:
        raise RevisionError("the rule paths lie in different git repositories: compare one at a time")
    return roots.pop()


def _root(path: Path) -> Path:
    """The work tree a path is in, or would be in if it were there: a revision may have what is gone now."""
    folder = next(place for place in (path.absolute(), *path.absolute().parents) if place.is_dir())
    return Path(os.fsdecode(_git(folder, ["rev-parse", "--show-toplevel"]).rstrip(b"\n")))


def revision(root: Path, name: str) -> Revision:
    """The commit that a name stands for: a branch, a tag, a hash, `HEAD~2` ...

    Raises
    ------
    RevisionError
        When the repository has no such revision.
    """
    try:
        said = _git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"])
    except RevisionError as error:
        raise RevisionError(_no_such(name, root)) from error
    return Revision(name, said.decode("ascii").strip(), root)


def _no_such(name: str, root: Path) -> str:
    shallow = (root / ".git" / "shallow").exists()
    hint = "; the clone is shallow, so fetch the history first (in CI: fetch-depth: 0)" if shallow else ""
    return f"'{name}' is neither a file, a folder nor a revision of the git repository {root}{hint}"


def merge_base(root: Path, one: Revision, other: Revision) -> Revision:
    """The commit where two revisions parted: what `ONE...OTHER` compares with.

    Raises
    ------
    RevisionError
        When they have no commit in common.
    """
    try:
        said = _git(root, ["merge-base", one.commit, other.commit])
    except RevisionError as error:
        raise RevisionError(f"'{one.name}' and '{other.name}' have no commit in common") from error
    return Revision(f"merge base of {one.name} and {other.name}", said.decode("ascii").strip(), root)


def load_revision(revision: Revision, sources: Sequence[CorpusSource]) -> tuple[Loaded, int]:
    """The rules below some paths as they stood at a revision, and how many submodules there were left out.

    A path that the revision does not have gives no rule: there was none. Names and paths in the stamps are
    those of the sources, the commit is the revision's.

    Raises
    ------
    RevisionError
        When git cannot read the tree.
    """
    with tempfile.TemporaryDirectory(prefix="coverage-revision-") as folder:
        root = Path(folder).resolve() / (revision.root.name or "root")
        root.mkdir()
        inside = [_inside(source.path, revision.root) for source in sources]
        entries = list(_entries(revision, inside))
        _take_out(revision, [entry for entry in entries if entry.mode[:3] != _SUBMODULE], root)
        taken = [replace(source, path=root / path) for source, path in zip(sources, inside, strict=True)]
        for source in taken:
            if not os.path.lexists(source.path):
                source.path.mkdir(parents=True)
        loaded = load(taken)
    stamps = tuple(
        replace(stamp, path=shown(f"{source.path}@{revision.name}"), commit=revision.commit)
        for stamp, source in zip(loaded.corpora, sources, strict=True)
    )
    return replace(loaded, corpora=stamps), sum(entry.mode[:3] == _SUBMODULE for entry in entries)


def _inside(path: Path, root: Path) -> str:
    """A rule path relative to the work tree, POSIX; links above the last part of it are followed."""
    absolute = path.absolute()
    whole = Path(os.path.normpath(absolute.parent.resolve() / absolute.name))
    return whole.relative_to(root.resolve()).as_posix()


def _entries(revision: Revision, paths: Iterable[str]) -> Iterator[_Entry]:
    """The files, links and submodules of a commit below any of the paths."""
    wanted = [PurePosixPath(path).parts for path in paths]
    for line in _git(revision.root, ["ls-tree", "-r", "-l", "-z", "--full-tree", revision.commit]).split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _kind, blob, size = facts.decode("ascii").split()
        path = os.fsdecode(name)
        parts = PurePosixPath(path).parts
        if _is_plain(path) and any(parts[: len(start)] == start for start in wanted):
            yield _Entry(mode, blob, int(size) if size.isdecimal() else 0, path)


def _is_plain(path: str) -> bool:
    """Whether a tree's path stays in the folder it is written to: a tree is untrusted."""
    return not path.startswith("/") and "\\" not in path and not {"", ".", "..", ".git"}.intersection(path.split("/"))


def _take_out(revision: Revision, entries: list[_Entry], root: Path) -> None:
    """Write the entries that a loader could read below `root`, links last, so that nothing is written through one."""
    files = [entry for entry in entries if entry.mode[:3] == _FILE and suffix_of(entry.path) in SUFFIXES]
    links = [entry for entry in entries if entry.mode[:3] == _LINK]
    small = [entry for entry in files if entry.size <= max_bytes(entry.path)]
    contents = _blobs(revision, [*small, *links])
    for entry, data in zip(small, contents, strict=False):
        _placed(root, entry).write_bytes(data)
    _linked(root, [(entry, os.fsdecode(data)) for entry, data in zip(links, contents, strict=True)])
    for entry in files:
        if entry.size > max_bytes(entry.path):  # as large as it was, so that it is reported as it would be
            with _placed(root, entry).open("wb") as file:
                file.truncate(entry.size)


def _placed(root: Path, entry: _Entry) -> Path:
    file = root / entry.path
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _linked(root: Path, targets: Iterable[tuple[_Entry, str]]) -> None:
    """The links of a tree that stay in it; where others lead to is no part of the revision."""
    made = []
    for entry, target in targets:
        with suppress(OSError, ValueError):  # a tree may hold a link twice, or a name no file can have
            place = _placed(root, entry)
            if place.parent.resolve().is_relative_to(root):
                place.symlink_to(target)
                made.append(place)
    for place in made:
        if not Path(os.path.realpath(place)).is_relative_to(root):
            place.unlink()


def _blobs(revision: Revision, entries: list[_Entry]) -> Iterator[bytes]:
    """The content of each entry, in order."""
    said = _git(revision.root, ["cat-file", "--batch"], "".join(f"{entry.blob}\n" for entry in entries).encode("ascii"))
    at = 0
    for entry in entries:
        end = said.index(b"\n", at)
        head = said[at:end].split()
        if len(head) != 3:
            raise RevisionError(f"git does not have the content of {shown(entry.path)} at '{revision.name}'")
        size = int(head[2])
        yield said[end + 1 : end + 1 + size]
        at = end + size + 2


def _git(folder: Path, arguments: list[str], sent: bytes = b"") -> bytes:
    environment = {key: value for key, value in os.environ.items() if key not in _REDIRECTS}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "--no-replace-objects", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, input=sent, capture_output=True, timeout=SECONDS, check=False, env=environment)
    except FileNotFoundError as error:
        raise RevisionError("git is not installed here, and a revision can be read only with it") from error
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise RevisionError(f"git could not be asked: {error}") from error
    if done.returncode:
        raise RevisionError(_reason(done.stderr, folder))
    return done.stdout


def _reason(said: bytes, folder: Path) -> str:
    text = shown(said.decode("utf-8", "replace")).strip().splitlines()
    if text and "not a git repository" in text[0]:
        return f"{folder} is in no git repository"
    return f"git says: {text[0]}" if text else "git refused without a word"
