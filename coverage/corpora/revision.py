"""Rules as they stood at a git revision: read from the repository's objects, never through its work tree.

Only files that a loader could read are taken out, into a folder that is gone afterwards. Filters, export
attributes and submodules do not apply: a file is its blob. Knows no rule format and no ATT&CK.
"""

from __future__ import annotations

import os
import posixpath
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from coverage.loaders import CorpusSource, Loaded, load
from coverage.loaders.formats import max_bytes
from coverage.loaders.sources import shown

SECONDS = 120
_MOST_LINKS, _LONGEST_LINK = 40, 4096  # links one after another, and bytes of a link: what Linux follows at most
_FILE, _LINK, _SUBMODULE = ("100", "120", "160")  # the first digits of a tree entry's mode
# Of these git takes another repository, or other objects, than those of the folder it is pointed at.
_REDIRECTS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE",
              "GIT_ALTERNATE_OBJECT_DIRECTORIES")  # fmt: skip
_PATHSPECS = ("GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS")  # none of them goes with literal ones
# How git itself fetches the objects that a partial clone lacks: no ref, no tag and no FETCH_HEAD is written.
_FETCH = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
          "--recurse-submodules=no", "--filter=blob:none")  # fmt: skip


class RevisionError(ValueError):
    """A revision that cannot be read: one sentence that says why."""


@dataclass(frozen=True)
class Revision:
    """One commit of a repository, named as the user wrote it."""

    name: str
    commit: str
    root: Path  # of the work tree


@dataclass(frozen=True)
class RevisionRules:
    """What a revision gave, and what it did not: the paths it does not have, and how many submodules were left out."""

    loaded: Loaded
    missing: tuple[str, ...]
    submodules: int


@dataclass(frozen=True)
class _Entry:
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
        When git is missing, the paths lie in no work tree or in several, or one is a link from one into another.
    """
    roots = {_root(source.path) for source in sources}
    if len(roots) != 1:
        raise RevisionError("the rule paths lie in different git repositories: compare one at a time")
    return roots.pop()


def _root(path: Path) -> Path:
    """The work tree a path is in, or would be in if it were there: a revision may have what is gone now."""
    folder = next(place for place in (path.absolute(), *path.absolute().parents) if place.is_dir())
    root = _work_tree(folder)
    if folder.is_symlink() and folder == path.absolute() and not _lies_in(folder.parent, root):
        raise RevisionError(f"{shown(str(path))} is a link into another git repository, {root}: name the folder it leads to")
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
        said = _git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"])
    except RevisionError as error:
        raise RevisionError(_no_such(name, root)) from error
    return Revision(name, said.decode("ascii").strip(), root)


def _no_such(name: str, root: Path) -> str:
    return f"'{name}' is neither a file, a folder nor a revision of the git repository {root}{_shallow_hint(root)}"


def _shallow_hint(root: Path) -> str:
    """What to do about history that is not here, where the clone is shallow."""
    if _git(root, ["rev-parse", "--is-shallow-repository"]).strip() != b"true":
        return ""
    return "; the clone is shallow, so fetch the history first (in CI: fetch-depth: 0, else: git fetch --unshallow)"


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
        raise RevisionError(f"'{one.name}' and '{other.name}' have no commit in common{_shallow_hint(root)}") from error
    return Revision(f"merge base of {one.name} and {other.name}", said.decode("ascii").strip(), root)


def load_revision(revision: Revision, sources: Sequence[CorpusSource]) -> RevisionRules:
    """The rules below some paths as they stood at a revision, and what was not read there.

    A path that the revision does not have gives no rule, and is one of `missing`. Links are followed as long as
    they stay in the repository. Names and paths in the stamps are those of the sources, the commit is the revision's.

    Raises
    ------
    RevisionError
        When git cannot read the tree, or the files cannot be written.
    """
    places = [_places(source.path, revision.root) for source in sources]
    with tempfile.TemporaryDirectory(prefix="coverage-revision-") as folder:
        taken = _Taken(revision, Path(folder).resolve() / (revision.root.name or "root"))
        try:
            taken.take(place for both in places for place in both)
            found = [next(filter(taken.has, both), None) for both in places]
            paths = [taken.folder_at(place or both[0]) for place, both in zip(found, places, strict=True)]
        except OSError as error:
            raise RevisionError(f"the rules at '{revision.name}' could not be taken out of git: {error}") from error
        loaded = load([replace(source, path=path) for source, path in zip(sources, paths, strict=True)])
    stamps = tuple(
        replace(stamp, path=shown(f"{source.path}@{revision.name}"), commit=revision.commit)
        for stamp, source in zip(loaded.corpora, sources, strict=True)
    )
    missing = tuple(shown(str(source.path)) for source, place in zip(sources, found, strict=True) if place is None)
    return RevisionRules(replace(loaded, corpora=stamps), missing, taken.submodules)


def _places(path: Path, root: Path) -> tuple[str, ...]:
    """Where in the work tree a rule path may lie, POSIX: under its own name, and where that leads today if it is a link.

    The first is what the revision may have, as a folder or as a link; the second is for a link that git does not know.
    """
    own, base = path.absolute(), os.path.realpath(root)
    named = os.path.normpath(Path(os.path.realpath(own.parent)) / own.name)
    inside = [Path(place) for place in dict.fromkeys((named, os.path.realpath(own))) if Path(place).is_relative_to(base)]
    if not inside:
        raise RevisionError(f"{shown(str(path))} does not lie in the git repository {root}")
    return tuple(place.relative_to(base).as_posix() for place in inside)


@dataclass
class _Taken:
    """What a revision has below some paths, and below what links there lead to, taken out into a folder."""

    revision: Revision
    root: Path
    entries: dict[str, _Entry] = field(default_factory=dict)  # path -> entry
    links: dict[str, str] = field(default_factory=dict)  # path -> where it leads, as the link says

    def take(self, paths: Iterable[str]) -> None:
        """Write what a loader could read below the paths; links last, so that nothing is written through one."""
        self.root.mkdir()
        wanted, seen = set(paths), set()
        for _ in range(_MOST_LINKS):
            if not wanted:
                break
            seen |= wanted
            ends = {self.end(link) for link in self._taken_below(wanted)}
            wanted = {end for end in ends if end is not None and not any(_is_below(end, start) for start in seen)}
        _linked(self.root, self.links)

    def has(self, path: str) -> bool:
        """Whether the revision has something there, be it by way of links."""
        place: str | None = path
        for _ in range(_MOST_LINKS):
            if place not in self.links:
                break
            place = self.end(place)
        there = place is not None and place not in self.links
        return there and (place == "." or any(_is_below(entry, place) for entry in self.entries))

    def end(self, link: str) -> str | None:
        """The path in the tree that a link leads to; None where it leaves the tree, or leads to a folder it stands in."""
        target = self.links[link]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        return place if target and "\0" not in target and _is_plain(place) and not _is_below(link, place) else None

    def folder_at(self, path: str) -> Path:
        """Where a path was taken out to; an empty folder where nothing was that a loader could read."""
        place = self.root / path
        end = Path(os.path.realpath(place))
        if end.is_relative_to(self.root) and not end.exists():
            end.mkdir(parents=True)
        return place

    @property
    def submodules(self) -> int:
        return sum(entry.mode[:3] == _SUBMODULE for entry in self.entries.values())

    def _taken_below(self, paths: Collection[str]) -> list[str]:
        """Write the files below the paths that were not there yet, and return the links among them."""
        found = [entry for entry in _entries(self.revision, paths) if entry.path not in self.entries]
        self.entries |= {entry.path: entry for entry in found}
        readable = [entry for entry in found if entry.limit]
        _fetch(self.revision, paths, readable)
        sizes = dict(zip(readable, _sizes(self.revision, readable), strict=True))
        small = [entry for entry in readable if sizes[entry] <= entry.limit]
        for entry, data in zip(small, _blobs(self.revision, small), strict=True):
            if entry.is_link:
                self.links[entry.path] = os.fsdecode(data)
            else:
                _placed(self.root, entry.path).write_bytes(data)
        for entry in set(readable).difference(small):
            self._too_large(entry, sizes[entry])
        return [entry.path for entry in found if entry.is_link]

    def _too_large(self, entry: _Entry, size: int) -> None:
        if entry.is_link:
            self.links[entry.path] = ""  # leads nowhere
        else:  # as large as it was, so that it is reported as it would be
            with _placed(self.root, entry.path).open("wb") as file:
                file.truncate(size)


def _is_below(path: str, start: str) -> bool:
    """Whether a path of the tree is another one or lies below it; everything lies below `.`."""
    return start in (".", path) or path.startswith(f"{start}/")


def _is_plain(path: str) -> bool:
    """Whether a tree's path stays in the folder it is written to: a tree is untrusted."""
    if os.sep == "\\" and "\\" in path:  # elsewhere it is a letter like others
        return False
    return not path.startswith("/") and not {"", ".", "..", ".git"}.intersection(path.split("/"))


def _entries(revision: Revision, paths: Collection[str]) -> Iterator[_Entry]:
    """The files, links and submodules of a commit below any of the paths. Asks for no size: a partial clone would fetch for it."""
    arguments = ["ls-tree", "-r", "-z", "--full-tree", "--", revision.commit, *_pathspecs(paths)]
    for line in _git(revision.root, arguments).split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _kind, blob = facts.decode("ascii").split()
        if _is_plain(path := os.fsdecode(name)):
            yield _Entry(mode, blob, path)


def _pathspecs(paths: Collection[str]) -> list[str]:
    return [] if "." in paths else sorted(paths)


def _placed(root: Path, path: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _linked(root: Path, links: dict[str, str]) -> None:
    """Make the links of a tree that stay in it; where others lead to is no part of the revision."""
    made = []
    for path, target in links.items():
        with suppress(OSError, ValueError):  # a tree may hold a link twice, or a name no file can have
            place = _placed(root, path)
            if place.parent.resolve().is_relative_to(root):
                place.symlink_to(target)
                made.append(place)
    for place in made:
        if not Path(os.path.realpath(place)).is_relative_to(root):
            place.unlink()


def _fetch(revision: Revision, paths: Collection[str], entries: Iterable[_Entry]) -> None:
    """Have a partial clone fetch what it lacks of the entries all at once: by itself git fetches one after another."""
    try:
        (remote, *_) = _git(revision.root, ["config", "--get-regexp", r"^remote\..*\.promisor$", "^true$"]).split(b"\n")
    except RevisionError:  # every object is here
        return
    name = os.fsdecode(remote.split(b" ")[0].removeprefix(b"remote.").removesuffix(b".promisor"))
    said = _git(revision.root, ["rev-list", "--objects", "--missing=print", "--no-walk", revision.commit, "--", *_pathspecs(paths)])
    lacked = {line[1:].decode("ascii") for line in said.split(b"\n") if line.startswith(b"?")}
    wanted = sorted({entry.blob for entry in entries} & lacked)
    if wanted:
        with suppress(RevisionError):  # an older git, say: then each is fetched when it is read
            _git(revision.root, [*_FETCH, "--stdin", name], "".join(f"{blob}\n" for blob in wanted).encode("ascii"))


def _sizes(revision: Revision, entries: Sequence[_Entry]) -> Iterator[int]:
    """The size of each entry in bytes, in order."""
    said = _git(revision.root, ["cat-file", "--batch-check"], _named(entries)) if entries else b""
    for entry, line in zip(entries, said.splitlines(), strict=True):
        yield _size(revision, entry, line)


def _blobs(revision: Revision, entries: Sequence[_Entry]) -> Iterator[bytes]:
    """The content of each entry, in order."""
    said = _git(revision.root, ["cat-file", "--batch"], _named(entries)) if entries else b""
    at = 0
    for entry in entries:
        end = said.index(b"\n", at)
        size = _size(revision, entry, said[at:end])
        yield said[end + 1 : end + 1 + size]
        at = end + size + 2


def _named(entries: Iterable[_Entry]) -> bytes:
    return "".join(f"{entry.blob}\n" for entry in entries).encode("ascii")


def _size(revision: Revision, entry: _Entry, line: bytes) -> int:
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
