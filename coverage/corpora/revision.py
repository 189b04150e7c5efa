"""Rules as they stood at a git revision: read from the repository's objects, never through its work tree.

Only files that a loader could read are taken out, into a folder that is gone afterwards. Filters, export
attributes and submodules do not apply: a file is its blob. Knows no rule format and no ATT&CK.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from coverage.corpora.git import (
    SUBMODULE,
    Entry,
    Revision,
    RevisionError,
    blobs,
    entries_below,
    fetch_lacking,
    is_plain,
    sizes,
)
from coverage.loaders import CorpusSource, Loaded, load
from coverage.loaders.repository import repository_name
from coverage.loaders.sources import shown
from coverage.outside.atomic import scratch_folder

_MOST_LINKS = 40  # one after another: what Linux follows at most


@dataclass(frozen=True)
class RevisionRules:
    """What a revision gave, and what it did not: the paths it does not have, and how many submodules were
    left out.
    """

    loaded: Loaded
    missing: tuple[str, ...]
    submodules: int


def load_revision(revision: Revision, sources: Sequence[CorpusSource]) -> RevisionRules:
    """The rules below some paths as they stood at a revision, and what was not read there.

    A path that the revision does not have gives no rule, and is one of `missing`. Links are followed as long
    as they stay in the repository. Names and paths in the stamps are those of the sources, the commit is the
    revision's.

    Raises
    ------
    RevisionError
        When git cannot read the tree, or the files cannot be written.
    """
    places = [_places(source.path, revision.root) for source in sources]
    with scratch_folder() as folder:
        taken = _Taken(revision, folder.resolve() / (revision.root.name or "root"))
        try:
            taken.take(place for both in places for place in both)
            found = [next(filter(taken.has, both), None) for both in places]
            paths = [taken.folder_at(place or both[0]) for place, both in zip(found, places, strict=True)]
        except OSError as error:
            raise RevisionError(
                f"the rules at '{revision.name}' could not be read from git: {error}"
            ) from error
        loaded = load([replace(source, path=path) for source, path in zip(sources, paths, strict=True)])
    stamps = tuple(
        replace(
            stamp,
            path=shown(f"{source.path}@{revision.name}"),
            commit=revision.commit,
            repository=repository_name(revision.root),
            changed=False,
        )
        for stamp, source in zip(loaded.corpora, sources, strict=True)
    )
    missing = tuple(
        shown(str(source.path)) for source, place in zip(sources, found, strict=True) if place is None
    )
    return RevisionRules(replace(loaded, corpora=stamps), missing, taken.submodules)


def _places(path: Path, root: Path) -> tuple[str, ...]:
    """Where in the work tree a rule path may lie, POSIX: under its own name, and where that leads today if it
    is a link.

    The first is what the revision may have, as a folder or as a link; the second is for a link that git does
    not know.
    """
    own, base = path.absolute(), os.path.realpath(root)
    named = os.path.normpath(Path(os.path.realpath(own.parent)) / own.name)
    inside = [
        Path(place)
        for place in dict.fromkeys((named, os.path.realpath(own)))
        if Path(place).is_relative_to(base)
    ]
    if not inside:
        raise RevisionError(f"{shown(str(path))} is not in the git repository {root}")
    return tuple(place.relative_to(base).as_posix() for place in inside)


@dataclass
class _Taken:
    """What a revision has below some paths, and below what links there lead to, taken out into a folder."""

    revision: Revision
    root: Path
    entries: dict[str, Entry] = field(default_factory=dict)  # path -> entry
    links: dict[str, str] = field(default_factory=dict)  # path -> where it leads, as the link says

    def take(self, paths: Iterable[str]) -> None:
        """Write what a loader could read below the paths; links last, so that nothing is written through
        one.
        """
        self.root.mkdir()
        wanted, seen = set(paths), set()
        for _ in range(_MOST_LINKS):
            if not wanted:
                break
            seen |= wanted
            ends = {self.end(link) for link in self._taken_below(wanted)}
            wanted = {
                end for end in ends if end is not None and not any(_is_below(end, start) for start in seen)
            }
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
        """The path in the tree that a link leads to; None where it leaves the tree, or leads to a folder it
        stands in.
        """
        target = self.links[link]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        return (
            place
            if target and "\0" not in target and is_plain(place) and not _is_below(link, place)
            else None
        )

    def folder_at(self, path: str) -> Path:
        """Where a path was taken out to; an empty folder where nothing was that a loader could read."""
        place = self.root / path
        end = Path(os.path.realpath(place))
        if end.is_relative_to(self.root) and not end.exists():
            end.mkdir(parents=True)
        return place

    @property
    def submodules(self) -> int:
        return sum(entry.mode[:3] == SUBMODULE for entry in self.entries.values())

    def _taken_below(self, paths: Collection[str]) -> list[str]:
        """Write the files below the paths that were not there yet, and return the links among them."""
        found = [entry for entry in entries_below(self.revision, paths) if entry.path not in self.entries]
        self.entries |= {entry.path: entry for entry in found}
        readable = [entry for entry in found if entry.limit]
        fetch_lacking(self.revision, paths, readable)
        size_of = dict(zip(readable, sizes(self.revision, readable), strict=True))
        small = [entry for entry in readable if size_of[entry] <= entry.limit]
        for entry, data in zip(small, blobs(self.revision, small), strict=True):
            if entry.is_link:
                self.links[entry.path] = os.fsdecode(data)
            else:
                _placed(self.root, entry.path).write_bytes(data)
        for entry in set(readable).difference(small):
            self._too_large(entry, size_of[entry])
        return [entry.path for entry in found if entry.is_link]

    def _too_large(self, entry: Entry, size: int) -> None:
        if entry.is_link:
            self.links[entry.path] = ""  # leads nowhere
        else:  # as large as it was, so that it is reported as it would be
            with _placed(self.root, entry.path).open("wb") as file:
                file.truncate(size)


def _is_below(path: str, start: str) -> bool:
    """Whether a path of the tree is another one or lies below it; everything lies below `.`."""
    return start in (".", path) or path.startswith(f"{start}/")


def _placed(root: Path, path: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _linked(root: Path, links: dict[str, str]) -> None:
    """Make the links of a tree that stay in it; where others lead to is not part of the revision."""
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
