"""Where the program keeps what it was given or fetched, and what it records of it.

Knows no rule format: what is in the folders is their owners' business.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import platformdirs

from coverage.outside.atomic import sweep

# Where the cache and the data are, when set.
CACHE_VARIABLE = "COVERAGE_CACHE"
DATA_VARIABLE = "COVERAGE_DATA"
_PROGRAM = "attack-coverage"

# The record of a kept corpus: a file beside the folder that holds its rules.
RECORD, FILES = "corpus.json", "files"


def cache_root() -> Path:
    """The folder of what can be had again: the user's cache, or `$COVERAGE_CACHE`."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir(_PROGRAM))


def data_root() -> Path:
    """The folder of what the user asked to keep: the user's data folder, or `$COVERAGE_DATA`."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir(_PROGRAM))


def recorded(folder: Path) -> dict | None:
    """What the record of a kept corpus says; None when the folder is none, or its record is damaged."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return record if isinstance(record, dict) and (folder / FILES).is_dir() else None
    except (OSError, ValueError, RecursionError):
        return None


def kept_corpora(root: Path) -> list[tuple[Path, dict]]:
    """(folder, what its record says) of each kept corpus in `root`, by name; damaged ones are left out.

    What a killed run left half-written there is removed.
    """
    sweep(root)
    try:
        folders = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    except OSError:
        return []
    return [(folder, record) for folder in folders if (record := recorded(folder)) is not None]


def recorded_commit(path: Path) -> tuple[str, str | None] | None:
    """The commit that a kept corpus was fetched at, and its repository's name where the record has it.

    For its folder or one below; None for any other folder, and where no commit is recorded.
    """
    for folder in (path, *path.parents):
        if folder.name == FILES and (record := recorded(folder.parent)) is not None:
            commit, repository = record.get("commit"), record.get("repository")
            if not isinstance(commit, str) or not re.fullmatch(r"[0-9a-f]{40,64}", commit):
                return None
            return commit, repository if isinstance(repository, str) and repository.isprintable() else None
    return None
