"""A plan put on disk: every file whole or none, in its mode, and only over what git can give back.

Two steps: all new contents are written beside their files, then each takes its file's place at once. When one
cannot, those before it are put back. Asks git and writes files; knows nothing of mappings.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage.migrate.model import FilePlan, Plan
from coverage.outside.atomic import part_beside, removed, replaced_file, sweep

GIT_SECONDS = 60


class WriteError(Exception):
    """Why nothing, or not all, was written: one sentence, for people."""


@dataclass(frozen=True)
class _Waiting:
    """A new content that waits beside its file."""

    file: FilePlan
    target: Path
    part: Path


def git_root(folder: Path) -> Path | None:
    """The top folder of the git work tree a folder is in, or None."""
    found = _git(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(found.rstrip(b"\r\n"))) if found else None


def roots(locations: Iterable[str]) -> dict[str, Path | None]:
    """The git work tree of each file, None for none; git is asked once a folder of a corpus, not once a
    file.
    """
    known: dict[Path, Path | None] = {}
    return {location: _root_of(Path(location).parent, known) for location in locations}


def _root_of(folder: Path, known: dict[Path, Path | None]) -> Path | None:
    if folder not in known:
        at = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
        known[folder] = (git_root(at) or at) if at else None
    return known[folder]


def dirty_files(plan: Plan, but: Sequence[Path] = ()) -> list[str]:
    """What git could not give back: changed files of the work trees that are touched, and touched files it
    does not know.

    `but` are files that do not count: the decisions file is written while a migration is prepared.

    Raises
    ------
    WriteError
        When a folder is a git work tree and git does not answer.
    """
    touched = {Path(file.location) for file in plan.changed}
    found: list[str] = []
    for root in dict.fromkeys(
        root for root in roots(file.location for file in plan.changed).values() if root
    ):
        answer = _git(root, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
        if answer is None:
            raise WriteError(
                f"git does not say whether {root} has changes that are not committed; --force writes all the "
                "same"
            )
        for entry in answer.split(b"\0"):
            mark, name = entry[:2], os.fsdecode(entry[3:])
            path = root / name
            if name and path not in but and (mark != b"??" or path in touched):
                found.append(name)
    ignored = _ignored(touched)
    return sorted([*found, *ignored])


def _ignored(touched: Iterable[Path]) -> list[str]:
    """Touched files that git ignores: it could not give them back, and its status does not name them."""
    known: dict[Path, Path | None] = {}
    by_root: dict[Path, list[Path]] = {}
    for path in touched:
        if (root := _root_of(path.parent, known)) is not None:
            by_root.setdefault(root, []).append(path)
    names: list[str] = []
    for root, paths in by_root.items():
        asked = b"\0".join(os.fsencode(path) for path in paths)
        answer = _git(root, "check-ignore", "-z", "--stdin", given=asked)
        names += [os.path.relpath(os.fsdecode(name), root) for name in (answer or b"").split(b"\0") if name]
    return names


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes | None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            input=given,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
            env=environment,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def sweep_folders(plan: Plan) -> None:
    """Remove what a killed run left half-written beside the files of a plan."""
    for folder in sorted(plan.folders):
        sweep(Path(folder))


def write(plan: Plan) -> int:
    """Put every changed file of a plan in its place; the number of files.

    Raises
    ------
    WriteError
        When a file cannot be written or replaced, or is no longer what was planned for. Every file is then as
        it was; the message names those that could not be put back, if there are any.
    """
    if plan.faults:
        raise WriteError(f"{plan.faults[0].path}: {plan.faults[0].fault}; nothing was written")
    waiting: list[_Waiting] = []
    try:
        for file in plan.changed:
            waiting.append(_prepared(file))
        _replace_all(waiting)
    finally:
        for one in waiting:
            removed(one.part)
    return len(waiting)


def _prepared(file: FilePlan) -> _Waiting:
    target = Path(file.location)
    try:
        if target.read_bytes() != file.before:
            raise WriteError(f"{file.path} was changed in the meantime; nothing was written")
        return _Waiting(file, target, part_beside(target, file.after))
    except OSError as error:
        raise WriteError(
            f"cannot write {file.path}: {error.strerror or error}; nothing was written"
        ) from error


def _replace_all(waiting: Sequence[_Waiting]) -> None:
    place = 0
    try:
        for place, one in enumerate(waiting):  # noqa: B007 - the last one is named
            one.part.replace(one.target)
    except OSError as error:
        new = _put_back(waiting)
        done = f"could not be put back: {', '.join(new)}" if new else "nothing was written"
        raise WriteError(
            f"cannot replace {waiting[place].file.path}: {error.strerror or error}; {done}"
        ) from error
    except BaseException:  # stopped by the user
        _put_back(waiting)
        raise


def _put_back(waiting: Sequence[_Waiting]) -> list[str]:
    """Give the files that were replaced their old content; the paths of those that cannot have it."""
    replaced = [one for one in waiting if not one.part.exists()]
    for one in waiting:  # room on the disk for the old contents
        removed(one.part)
    new = []
    for one in replaced:
        try:
            if one.target.read_bytes() != one.file.after:  # somebody else's already
                continue
            replaced_file(one.target, one.file.before)
        except OSError:
            new.append(one.file.path)
    return new


def patch_root(plan: Plan, here: Path) -> Path:
    """The folder that a patch's paths start from: the git work tree the files are in, else `here`, else what
    they share.

    Raises
    ------
    WriteError
        When the files are in several git work trees, or some in none.
    """
    found = set(roots(file.location for file in plan.changed).values())
    if len(found) > 1:
        raise WriteError(
            "the rules lie in several git work trees, and a patch fits one: name the paths of one at a time"
        )
    root = next(iter(found), None)
    if root is not None:
        return root.resolve()
    here = here.resolve()
    locations = [Path(file.location) for file in plan.changed]
    if all(location.is_relative_to(here) for location in locations):
        return here
    return Path(os.path.commonpath([str(location.parent) for location in locations]))
