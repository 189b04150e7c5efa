"""The commit that some rule files stand at: of which repository, and whether the work tree has changed since.

Asks git and writes nothing. Knows paths and suffixes, and no rule.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from coverage.formats.registry import SUFFIXES, suffix_of

GIT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a git repository, and whether rule files of the work tree differ from it."""

    commit: str
    repository: str | None  # its name, where it is known
    changed: bool = False


def commit_of(folder: Path, files: Collection[str], only: str = ".") -> Commit | None:
    """The commit of the repository that tracks the files; None where none does, without git, or when git is
    slow.

    A folder may lie in the work tree of a repository that has nothing to do with it and ignores it: that
    repository's commit does not describe the files.

    Parameters
    ----------
    folder : Path
        What the rules were read from.
    files : paths that were read, relative to the folder, POSIX
    only : str
        The one file of the folder that is meant, where it is one.
    """
    head = _git(folder, "rev-parse", "--show-toplevel", "HEAD")
    tracked = _git(folder, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", only) if head else None
    if not head or not tracked:
        return None
    root, _, commit = head.rstrip("\n").rpartition("\n")
    if files and not set(files).intersection(tracked.split("\0")):
        return None
    changes = _git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", only)
    changed = any(suffix_of(path) in SUFFIXES for path in (changes or "").split("\0"))
    return Commit(commit, repository_name(Path(root)), changed)


def repository_name(root: Path) -> str:
    """What the repository is called where it came from, else the name of the folder of its work tree."""
    origin = _git(root, "config", "--get", "remote.origin.url") or ""
    address = origin.strip().replace("\\", "/").rstrip("/").removesuffix(".git").rstrip("/")
    name = address.replace(":", "/").rpartition("/")[2]  # `git@host:team/rules.git` too
    return "".join(sign for sign in name if sign.isprintable()) or root.name


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers in a folder; None when it cannot be asked or refuses."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "--literal-pathspecs", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=False, env=environment)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None
