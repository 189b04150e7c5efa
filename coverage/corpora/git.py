"""git, asked about one repository: its revisions, and the files of a tree with what they hold.

The work tree, the index and the current branch stay as they are; a partial clone may fetch objects. Knows no
rule.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from coverage.formats.registry import max_bytes
from coverage.loaders import CorpusSource
from coverage.loaders.sources import shown

SECONDS = 120
_LONGEST_LINK = 4096  # bytes of a link: what Linux follows at most
_FILE, _LINK, SUBMODULE = ("100", "120", "160")  # the first digits of a tree entry's mode
# Of these git takes another repository, or other objects, than those of the folder it is pointed at.
_REDIRECTS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
)
_PATHSPECS = (
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)  # none of them goes with literal ones
# How git itself fetches the objects that a partial clone lacks: no ref, no tag and no FETCH_HEAD is written.
_FETCH = (
    "-c",
    "fetch.negotiationAlgorithm=noop",
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--recurse-submodules=no",
    "--filter=blob:none",
)


class RevisionError(ValueError):
    """A revision that cannot be read: one sentence that says why."""


@dataclass(frozen=True)
class Revision:
    """One commit of a repository, named as the user wrote it."""

    name: str
    commit: str
    root: Path  # of the work tree


@dataclass(frozen=True)
class Entry:
    """One file, link or submodule in the tree of a commit."""

    mode: str
    blob: str
    path: str

    @property
    def is_link(self) -> bool:
        return self.mode[:3] == _LINK

    @property
    def limit(self) -> int:
        """The most bytes that are read of it; 0 for what no loader could read."""
        return _LONGEST_LINK if self.is_link else max_bytes(self.path) if self.mode[:3] == _FILE else 0


def repository_of(sources: Sequence[CorpusSource]) -> Path:
    """The root of the one git work tree that the rule paths lie in.

    Raises
    ------
    RevisionError
        When git is missing, the paths lie in no work tree or in several, or one is a link from one into
        another.
    """
    roots = {_root(source.path) for source in sources}
    if len(roots) != 1:
        raise RevisionError("the rule paths are in different git repositories: compare one at a time")
    return roots.pop()


def _root(path: Path) -> Path:
    """The work tree a path is in, or would be in if it were there: a revision may have what is gone now."""
    folder = next(place for place in (path.absolute(), *path.absolute().parents) if place.is_dir())
    root = _work_tree(folder)
    if folder.is_symlink() and folder == path.absolute() and not _lies_in(folder.parent, root):
        raise RevisionError(
            f"{shown(str(path))} is a link into another git repository, {root}: name the folder it leads to"
        )
    return root


def _work_tree(folder: Path) -> Path:
    return Path(os.fsdecode(_git(folder, ["rev-parse", "--show-toplevel"]).rstrip(b"\n")))


def _lies_in(folder: Path, root: Path) -> bool:
    with suppress(RevisionError):  # it may lie in no repository at all
        return _work_tree(folder) == root
    return False


def revision(root: Path, name: str) -> Revision:
    """The commit that a name stands for: a branch, a tag, a hash, `HEAD~2` ...

    Raises
    ------
    RevisionError
        When the repository has no such revision.
    """
    try:
        output = _git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"])
    except RevisionError as error:
        raise RevisionError(_no_such(name, root)) from error
    return Revision(name, output.decode("ascii").strip(), root)


def _no_such(name: str, root: Path) -> str:
    return (
        f"'{name}' is neither a file, a folder nor a revision of the git repository "
        f"{root}{_shallow_hint(root)}"
    )


def _shallow_hint(root: Path) -> str:
    """What to do about history that is not here, where the clone is shallow."""
    if _git(root, ["rev-parse", "--is-shallow-repository"]).strip() != b"true":
        return ""
    return (
        "; the clone is shallow, so fetch the history first (in CI: fetch-depth: 0, else: git fetch "
        "--unshallow)"
    )


def merge_base(root: Path, one: Revision, other: Revision) -> Revision:
    """The commit where two revisions parted: what `ONE...OTHER` compares with.

    Raises
    ------
    RevisionError
        When they have no commit in common.
    """
    try:
        output = _git(root, ["merge-base", one.commit, other.commit])
    except RevisionError as error:
        raise RevisionError(
            f"'{one.name}' and '{other.name}' have no commit in common{_shallow_hint(root)}"
        ) from error
    return Revision(f"merge base of {one.name} and {other.name}", output.decode("ascii").strip(), root)


def entries_below(revision: Revision, paths: Collection[str]) -> Iterator[Entry]:
    """The files, links and submodules of a commit below any of the paths. Asks for no size: a partial clone
    would fetch for it.
    """
    arguments = ["ls-tree", "-r", "-z", "--full-tree", "--", revision.commit, *_pathspecs(paths)]
    for line in _git(revision.root, arguments).split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _kind, blob = facts.decode("ascii").split()
        if is_plain(path := os.fsdecode(name)):
            yield Entry(mode, blob, path)


def is_plain(path: str) -> bool:
    """Whether a tree's path stays in the folder it is written to: a tree is untrusted."""
    if os.sep == "\\" and "\\" in path:  # elsewhere it is a letter like others
        return False
    return not path.startswith("/") and not {"", ".", "..", ".git"}.intersection(path.split("/"))


def _pathspecs(paths: Collection[str]) -> list[str]:
    return [] if "." in paths else sorted(paths)


def fetch_lacking(revision: Revision, paths: Collection[str], entries: Iterable[Entry]) -> None:
    """Have a partial clone fetch what it lacks of the entries all at once: by itself git fetches one after
    another.
    """
    try:
        (remote, *_) = _git(
            revision.root, ["config", "--get-regexp", r"^remote\..*\.promisor$", "^true$"]
        ).split(b"\n")
    except RevisionError:  # every object is here
        return
    name = os.fsdecode(remote.split(b" ")[0].removeprefix(b"remote.").removesuffix(b".promisor"))
    output = _git(
        revision.root,
        ["rev-list", "--objects", "--missing=print", "--no-walk", revision.commit, "--", *_pathspecs(paths)],
    )
    lacked = {line[1:].decode("ascii") for line in output.split(b"\n") if line.startswith(b"?")}
    wanted = sorted({entry.blob for entry in entries} & lacked)
    if wanted:
        with suppress(RevisionError):  # an older git, say: then each is fetched when it is read
            _git(
                revision.root,
                [*_FETCH, "--stdin", name],
                "".join(f"{blob}\n" for blob in wanted).encode("ascii"),
            )


def sizes(revision: Revision, entries: Sequence[Entry]) -> Iterator[int]:
    """The size of each entry in bytes, in order."""
    output = _git(revision.root, ["cat-file", "--batch-check"], _named(entries)) if entries else b""
    for entry, line in zip(entries, output.splitlines(), strict=True):
        yield _size(revision, entry, line)


def blobs(revision: Revision, entries: Sequence[Entry]) -> Iterator[bytes]:
    """The content of each entry, in order."""
    output = _git(revision.root, ["cat-file", "--batch"], _named(entries)) if entries else b""
    at = 0
    for entry in entries:
        end = output.index(b"\n", at)
        size = _size(revision, entry, output[at:end])
        yield output[end + 1 : end + 1 + size]
        at = end + size + 2


def _named(entries: Iterable[Entry]) -> bytes:
    return "".join(f"{entry.blob}\n" for entry in entries).encode("ascii")


def _size(revision: Revision, entry: Entry, line: bytes) -> int:
    """The size in git's line on an object: its name, kind and size."""
    facts = line.split()
    if len(facts) != 3:
        raise RevisionError(f"git does not have the content of {shown(entry.path)} at '{revision.name}'")
    return int(facts[2])


def _git(folder: Path, arguments: list[str], sent: bytes = b"") -> bytes:
    environment = {key: value for key, value in os.environ.items() if key not in (*_REDIRECTS, *_PATHSPECS)}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "--no-replace-objects", "--literal-pathspecs", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command, input=sent, capture_output=True, timeout=SECONDS, check=False, env=environment
        )
    except FileNotFoundError as error:
        raise RevisionError("git is not installed here, and a revision can be read only with it") from error
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise RevisionError(f"git could not be run: {error}") from error
    if done.returncode:
        raise RevisionError(_reason(done.stderr, folder))
    return done.stdout


def _reason(output: bytes, folder: Path) -> str:
    text = shown(output.decode("utf-8", "replace")).strip().splitlines()
    if text and "not a git repository" in text[0]:
        return f"{folder} is not in a git repository"
    return f"git says: {text[0]}" if text else "git failed without a message"
