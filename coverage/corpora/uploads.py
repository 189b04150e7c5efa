"""Files or zips that a user uploads -> a corpus folder in the cache, named by its content.

Checked by `archive` before anything is written; the same files give the same folder. Knows no widget.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage.corpora.archive import LIMITS, ArchiveError, Limits, safe_path, written_folder, zip_files
from coverage.formats.registry import SUFFIXES, suffix_of
from coverage.outside.folders import FILES, RECORD, cache_root, kept_corpora
from coverage.words import amount

ZIP = ".zip"


@dataclass(frozen=True)
class Upload:
    """One uploaded corpus: what it is called, where its rules lie, and how many files it has."""

    name: str
    path: Path
    files: int


def uploads_folder() -> Path:
    """The folder of uploaded corpora."""
    return cache_root() / "uploads"


def kept_upload(files: Sequence[tuple[str, bytes]], limits: Limits = LIMITS) -> Upload:
    """The corpus of some uploaded (name, content); kept in the cache, whole or not at all.

    A zip gives the rule files in it, any other file is one itself. Several zips stand side by side.

    Raises
    ------
    ArchiveError
        With one sentence: what is wrong with which of them. Nothing is then written.
    """
    if not files:
        raise ArchiveError("no file was given")
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode("utf-8", "replace"))
    folder, name = uploads_folder() / digest.hexdigest()[:16], _corpus_name(files)
    rule_files = list(_rule_files(files, limits))
    if not rule_files:
        raise ArchiveError(f"{files[0][0]}: it has no file of a supported rule format")
    record = json.dumps({"name": name, "files": len(rule_files)}).encode()
    written_folder(rule_files, folder, {RECORD: record})
    return Upload(name, folder / FILES, len(rule_files))


def _corpus_name(files: Sequence[tuple[str, bytes]]) -> str:
    """What the upload is called: its one file's stem, or `upload`."""
    stem = Path(files[0][0]).stem if len(files) == 1 else "upload"
    return "".join(sign if sign.isalnum() or sign in " ._-" else "-" for sign in stem).strip(" .") or "upload"


def _rule_files(files: Sequence[tuple[str, bytes]], limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Every rule file in files and zips, within the limits together."""
    taken: set[str] = set()
    size = 0
    zips = sum(suffix_of(name) == ZIP for name, _ in files)
    for name, content in files:
        base = f"{Path(name).stem}/" if zips > 1 else ""
        for path, inner in _of_one(name, content, base, limits):
            size += len(inner)
            if path in taken:
                raise ArchiveError(f"{name}: {path} is there twice")
            taken.add(path)
            if len(taken) > limits.files or size > limits.bytes:
                most = f"{amount(limits.files, 'file')} or {amount(limits.bytes, 'byte')}"
                raise ArchiveError(f"{name}: the upload has more than {most}")
            yield path, inner


def _of_one(name: str, content: bytes, base: str, limits: Limits) -> Iterator[tuple[str, bytes]]:
    try:
        if suffix_of(name) == ZIP:
            yield from ((base + path, inner) for path, inner in zip_files(content, _rule_file, limits))
        elif (path := safe_path(name)) is None:
            raise ArchiveError("the name points outside its folder")
        elif _rule_file(path):
            yield path, content
    except ArchiveError as error:
        raise ArchiveError(f"{name}: {error}") from error


def _rule_file(path: str) -> str | None:
    """The same path when some rule format has files of its suffix."""
    return path if suffix_of(path) in SUFFIXES else None


def kept_uploads() -> list[Upload]:
    """The uploaded corpora, by name."""
    found = [
        Upload(str(record.get("name")), folder / FILES, record["files"])
        for folder, record in kept_corpora(uploads_folder())
        if isinstance(record.get("files"), int)
    ]
    return sorted(found, key=lambda upload: (upload.name, str(upload.path)))


def remove_upload(upload: Upload) -> None:
    """Remove an uploaded corpus from the cache; anything else is left alone."""
    if upload in kept_uploads():
        shutil.rmtree(upload.path.parent, ignore_errors=True)
