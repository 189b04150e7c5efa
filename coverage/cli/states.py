"""What BASE and HEAD, or a baseline, may be: a snapshot, rules in files, or rules at a git revision.

Turns their text into states, and exits with code 2 and one sentence where it is none of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path, PurePath
from typing import Annotated

import pandas as pd
import typer

from coverage.catalogue import Release, shelf
from coverage.changes.snapshot import Snapshot, SnapshotError, is_snapshot, read_snapshot
from coverage.changes.steps import State
from coverage.cli.options import chosen_release, chosen_settings, loaded_rules, own_paths, stop, told
from coverage.cli.scope_options import Given
from coverage.cli.terminal import error_console
from coverage.corpora.git import Revision, RevisionError, merge_base, repository_of, revision
from coverage.corpora.offered import resolved
from coverage.corpora.revision import load_revision
from coverage.loaders import CorpusSource, Loaded, corpus_sources
from coverage.scope import Scope
from coverage.words import amount

CURRENT = "the current rules"
WHAT = "a snapshot, a folder or file of rules, or a git revision"

RulePaths = Annotated[
    list[str] | None,
    typer.Option(
        "--path",
        metavar="PATH",
        help="Rules to read at a revision, and where no HEAD is given. Repeatable. "
        "[default: the folder or file that a revision is compared with, else as without PATH elsewhere, "
        "and never the example rules]",
    ),
]


@dataclass(frozen=True)
class Side:
    """What a text turned out to be, and the notes on it for standard error."""

    name: str
    loaded: Loaded = field(repr=False)
    snapshot: Snapshot | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    absent: str = ""  # the rule paths, where a revision has none of them


def two_sides(base: str, head: str | None, paths: list[str] | None) -> tuple[Side, Side]:
    """What BASE and HEAD are. `ONE..OTHER` as BASE is both; `ONE...OTHER` starts where the two parted.

    A revision is compared with rules in files as `git diff REV PATH` does: it is that of their repository.
    One that has none of their paths is compared as nothing, as long as the other state has one: so the first
    rules of a repository can be compared with what was there before.
    """
    sides = _two_sides(base, head, paths)
    if all(side.absent for side in sides):
        raise stop(
            f"neither {sides[0].name} nor {sides[1].name} has {sides[0].absent}: "
            "name rules that were there, or compare with a snapshot"
        )
    return sides


def _two_sides(base: str, head: str | None, paths: list[str] | None) -> tuple[Side, Side]:
    if head is None:
        if _is_range(base):
            one, dots, other = base.partition("..." if "..." in base else "..")
            return _range(one or "HEAD", other or "HEAD", len(dots) == 3, paths)
        return side_of(base, paths), current_side(paths)
    if both := next(filter(_is_range, (base, head)), None):
        raise stop(f"{both} already names both states; use --path for the rules to read")
    return side_of(base, paths or _rules_in(head)), side_of(head, paths or _rules_in(base))


def _is_range(text: str) -> bool:
    """Whether a text is two revisions; a way up, as `../rules`, is a path even where it leads nowhere."""
    return ".." in text and ".." not in PurePath(text).parts and not _is_there(text)


def _rules_in(text: str) -> list[str] | None:
    """A text that is rules in files as the paths to read; None for a snapshot and for a revision."""
    return [text] if _is_rules(text) and not is_snapshot(Path(text)) else None


def _is_rules(text: str) -> bool:
    return _is_there(text) or resolved([text], chosen_settings()) != [text]


def current_side(paths: list[str] | None) -> Side:
    """The rules as they are now."""
    return Side(CURRENT, loaded_rules(own_paths(paths)))


def side_of(text: str, paths: list[str] | None) -> Side:
    """A snapshot, a folder or file of rules, a corpus by name, or a revision of the repository that the rules
    are in.
    """
    if not text.strip():
        raise stop(f"nothing to compare with: name {WHAT}")
    if is_snapshot(Path(text)):
        return _kept(text)
    if _is_rules(text):
        loaded = loaded_rules([text])
        if Path(text).is_file() and loaded.rules.empty:
            raise stop(f"{text} is not a snapshot, and no rules could be read from it")
        return Side(text, loaded)
    try:
        sources = _sources(paths)
        return _at(revision(repository_of(sources), text), sources)
    except RevisionError as error:
        raise stop(str(error)) from error


def _kept(text: str) -> Side:
    try:
        snapshot = read_snapshot(Path(text))
    except SnapshotError as error:
        raise stop(str(error)) from error
    return Side(text, snapshot.loaded, snapshot, tuple(_other_release(text, snapshot)))


def _other_release(text: str, snapshot: Snapshot) -> Iterator[str]:
    """That the snapshot's release is not the installed one, although it has the same version."""
    release, then = snapshot.scope.attack, snapshot.release_sha256
    now = next((found.sha256 for found in shelf.installed_releases() if found.release == release), then)
    if then and now != then:
        yield (
            f"{text}: its {release.title} has the SHA-256 {then[:12]}, the installed one {now[:12]}, so the "
            "same rules may be read differently"
        )


def _is_there(text: str) -> bool:
    """Whether a text is a path that exists, perhaps with a corpus's name before it."""
    try:
        (source,) = corpus_sources([text])
        return source.path.exists()
    except (OSError, ValueError):
        return False


def _sources(paths: list[str] | None) -> tuple[CorpusSource, ...]:
    return corpus_sources(resolved(own_paths(paths), chosen_settings()))


def _range(one: str, other: str, parted: bool, paths: list[str] | None) -> tuple[Side, Side]:
    try:
        sources = _sources(paths)
        root = repository_of(sources)
        start, end = revision(root, one), revision(root, other)
        return _at(merge_base(root, start, end) if parted else start, sources), _at(end, sources)
    except RevisionError as error:
        raise stop(str(error)) from error


def _at(found: Revision, sources: Sequence[CorpusSource]) -> Side:
    """The rules at a revision, and a note on each of their paths that was not there."""
    read = load_revision(found, sources)
    name, missing = f"{found.name} ({found.commit[:12]})", ", ".join(read.missing)
    notes = [f"{name} has no {missing}: no rules are read there"] if missing else []
    if read.submodules:
        count = amount(read.submodules, "submodule is", "submodules are")
        notes.append(f"{name}: {count} not read; a folder that is checked out is")
    absent = missing if len(read.missing) == len(sources) else ""
    return Side(name, told(read.loaded, chosen_settings()), notes=tuple(notes), absent=absent)


def states(base: Side, head: Side, options: Given) -> tuple[State, State]:
    """Both sides with the scope each is looked at in.

    A snapshot before has its own scope, whatever the options say: they are the scope after. What is not
    given is as it was before, so that without options like is compared with like.
    """
    given = head.snapshot or base.snapshot
    default = given.scope if given else Scope(Release.parse(chosen_release()))
    rules = _rules_of(base, head)
    old = base.snapshot.scope if base.snapshot else options.applied(default, rules)
    new = options.applied(head.snapshot.scope if head.snapshot else old, rules)
    new = new if head.snapshot and new == head.snapshot.scope else replace(new, date=date.today())
    return _state(base, old), _state(head, new)


def _rules_of(*sides: Side) -> pd.DataFrame:
    """RULES of all sides: what tags, log sources, types and authors are chosen from."""
    return pd.concat([side.loaded.rules for side in sides], ignore_index=True)


def _state(side: Side, scope: Scope) -> State:
    scope = scope if side.snapshot else replace(scope, date=date.today())
    return State(side.name, side.loaded, replace(scope, corpora=tuple(side.loaded.corpora)), side.snapshot)


def note_left_out(*sides: Side) -> None:
    """Say on standard error what was not read of a state, and what stands against comparing it."""
    for note in dict.fromkeys(note for side in sides for note in side.notes):
        error_console.print(note)
