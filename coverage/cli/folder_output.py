"""A folder of files, written whole or not at all; a folder of an earlier export is replaced, any other
refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from coverage.cli.options import stop
from coverage.exports.bundle import MANIFEST
from coverage.outside.atomic import folder_for


def write_folder(files: Iterable[tuple[str, bytes]], target: str) -> int:
    """Write (name, bytes) into a folder and give how many. The old folder stays until the new one is
    whole.
    """
    folder = Path(target).resolve()
    if folder.exists() and not _is_ours(folder):
        raise stop(
            f"{target} holds something that is not an earlier export; name another folder, or an empty one"
        )
    made = list(files)  # all of it is made before any of it is written
    try:
        with folder_for(folder) as new:
            _fill(new, made)
    except OSError as error:
        raise stop(f"cannot write {target}: {error.strerror or error}") from error
    return len(made)


def _fill(folder: Path, files: Sequence[tuple[str, bytes]]) -> None:
    for name, data in files:
        path = folder.joinpath(*name.split("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _is_ours(folder: Path) -> bool:
    """Whether it is empty, or an export and nothing beside it, so that replacing it loses nobody's work."""
    if not folder.is_dir():
        return False
    try:
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) if there else {}
        return there <= {MANIFEST, *(entry["name"] for entry in listed.get("files", ()))}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
