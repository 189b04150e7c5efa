"""A plan put on disk: every file whole or none, in its mode, and only over what git can give back.

Two steps: all new contents are written beside their files, then each takes its file's place at once.
Asks git and writes files; knows nothing of mappings.
"""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from coverage.migrate.model import FilePlan, Plan
from coverage.words import amount

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
    """The git work tree of each file, None for none; git is asked once a folder of a corpus, not once a file."""
    known: dict[Path, Path | None] = {}
    return {location: _root_of(Path(location).parent, known) for location in locations}


def _root_of(folder: Path, known: dict[Path, Path | None]) -> Path | None:
    if folder not in known:
        at = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
        known[folder] = (git_root(at) or at) if at else None
    return known[folder]


def dirty_files(plan: Plan, but: Sequence[Path] = ()) -> list[str]:
    """What git could not give back: changed files of the work trees that are touched, and touched files it does not know.

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
                f"git does not say whether {root} has changes that are not committed; --force writes all the same"
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


def write(plan: Plan) -> int:
    """Put every changed file of a plan in its place; the number of files.

    Raises
    ------
    WriteError
        When a file cannot be written, or is no longer what was planned for. Then nothing was replaced; only
        when the replacing itself fails can some files be new, and the message says which was the first not to be.
    """
    if plan.faults:
        raise WriteError(f"{plan.faults[0].path}: {plan.faults[0].fault}; nothing was written")
    waiting: list[_Waiting] = []
    try:
        for file in plan.changed:
            waiting.append(_prepared(file))
        for place, one in enumerate(waiting):
            _replace(one, place, len(waiting))
    finally:
        for one in waiting:
            with suppress(OSError):
                one.part.unlink()
    return len(waiting)


def _prepared(file: FilePlan) -> _Waiting:
    target = Path(file.location)
    try:
        if target.read_bytes() != file.before:
            raise WriteError(f"{file.path} was changed in the meantime; nothing was written")
        return _Waiting(file, target, _beside(target, file.after))
    except OSError as error:
        raise WriteError(
            f"cannot write {file.path}: {error.strerror or error}; nothing was written"
        ) from error


def _beside(target: Path, data: bytes) -> Path:
    """A new hidden file with this content and the mode of `target`, in its folder."""
    handle, name = tempfile.mkstemp(prefix=".migrate-", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.chmod(stat.S_IMODE(target.stat().st_mode))
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return part


def _replace(one: _Waiting, place: int, total: int) -> None:
    try:
        one.part.replace(one.target)
    except OSError as error:
        done = (
            f"{place:,} of {amount(total, 'file was', 'files were')} written before"
            if place
            else "nothing was written"
        )
        raise WriteError(f"cannot replace {one.file.path}: {error.strerror or error}; {done}") from error


def patch_root(plan: Plan, here: Path) -> Path:
    """The folder that a patch's paths start from: the git work tree the files are in, else `here`, else what they share.

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
