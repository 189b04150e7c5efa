"""Corpora on disk: which files they hold, and a file's bytes. Nothing here can hang or raise on a folder.

A corpus is a folder of any depth, or one file. Knows which suffixes are wanted, and no rule format.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from coverage.formats.registry import SUFFIXES, is_meant, max_bytes, suffix_of
from coverage.formats.seam import MAX_BYTES
from coverage.loaders.sources import CorpusSource, folder_name, shown
from coverage.models import Problem
from coverage.words import amount, noun

HEAD_BYTES = 262_144  # read of a file that cannot be read whole, to decide whether it is meant to be a rule
MOST_FOREIGN = 1_000_000  # bytes beyond ASCII up to which each is looked at by itself
_DAMAGED = ("too-large", "not-utf8", "empty-file")
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})  # and hidden folders and files

_FALLBACK, _FALLBACK_BYTES = "cp1252", "coverage.windows-1252"
_ASCII = bytes(range(128))
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # no text has these


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file of a corpus with what the walk learnt of it."""

    path: str  # where to open it
    relative: str  # relative to the corpus, POSIX, always valid text
    size: int
    mtime_ns: int
    identity: tuple[int, int] | str  # the same for two paths to one file
    ctime_ns: int = 0


@dataclass
class Walk:
    """What a corpus holds: its files by relative path, and what stood in the way."""

    source: CorpusSource
    root: Path
    folder: str = ""  # name of the root
    files: list[FoundFile] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)  # relative paths of files that an earlier corpus holds, too
    problems: list[Problem] = field(default_factory=list)

    def problem(self, relative: str, code: str, message: str, severity: str = "warning") -> None:
        self.problems.append(
            Problem(relative, None, None, None, code, severity, shown(message), self.source.name)
        )


class Unreadable(Exception):
    """A file that gave no text. Caught at the per-file boundary."""

    def __init__(self, code: str, message: str, line: int | None = None, severity: str = "error"):
        super().__init__(message)
        self.code, self.message, self.line, self.severity = code, message, line, severity


def walked(source: CorpusSource) -> Walk:
    """The files of a corpus with a known suffix, sorted by relative path, and problems of the walk.

    Hidden folders and files, `node_modules` and `__pycache__` are skipped. Linked folders are followed
    once the real ones are known; a file is listed once. Codes: `no-such-path`, `unreadable-folder`,
    `not-a-file` (errors), `symlink-loop`, `dangling-link`, `unknown-format` (warnings), `same-file` (note).
    """
    walk = Walk(source, source.path, folder_name(source.path))
    try:
        status = source.path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        missing = isinstance(error, FileNotFoundError)
        reason = "does not exist" if missing else f"cannot be read: {error}"
        walk.problem(".", "no-such-path", f"The corpus path '{source.path}' {reason}.", "error")
        return walk
    if stat.S_ISDIR(status.st_mode):
        _Folders(walk).all_of(source.path, status)
    else:
        _single(walk, status)
    return walk


def _single(walk: Walk, status: os.stat_result) -> None:
    path = walk.source.path
    walk.root, walk.folder = path.parent, folder_name(path.parent)
    relative = shown(path.name)
    if not stat.S_ISREG(status.st_mode):
        walk.problem(relative, "not-a-file", "This is neither a file nor a folder.", "error")
    elif suffix_of(path.name) not in SUFFIXES:
        walk.problem(
            relative, "unknown-format", f"No supported rule format has files named *{suffix_of(path.name)}."
        )
    else:
        walk.files.append(_found(str(path), relative, status))


def _found(path: str, relative: str, status: os.stat_result) -> FoundFile:
    return FoundFile(
        path, relative, status.st_size, status.st_mtime_ns, _identity(status, path), status.st_ctime_ns
    )


class _Folders:
    """One walk over the folders of a corpus."""

    def __init__(self, walk: Walk):
        self.walk = walk
        self.seen_folders: set[tuple[int, int] | str] = set()
        self.linked_folders: list[tuple[str, str, os.stat_result]] = []
        self.linked_files: list[FoundFile] = []

    def all_of(self, root: Path, status: os.stat_result) -> None:
        self._tree(str(root), "", status)
        while self.linked_folders:
            self._linked(*self.linked_folders.pop(0))
        taken = {file.identity for file in self.walk.files}
        for file in sorted(self.linked_files, key=lambda file: file.relative):
            if file.identity in taken:
                self.walk.problem(file.relative, "same-file", "A link to a file that is read anyway.", "note")
            else:
                taken.add(file.identity)
                self.walk.files.append(file)
        self.walk.files.sort(key=lambda file: file.relative)
        self.walk.problems.sort(key=lambda problem: problem.path)

    def _linked(self, path: str, relative: str, status: os.stat_result) -> None:
        target, here = os.path.realpath(path), os.path.realpath(Path(path).parent)
        if here == target or here.startswith(target.rstrip(os.sep) + os.sep):
            self.walk.problem(
                relative,
                "symlink-loop",
                "The link leads back to a folder that contains it, so it was not followed.",
            )
        elif _identity(status, path) in self.seen_folders:
            self.walk.problem(relative, "same-file", "A link to a folder that is read anyway.", "note")
        else:
            self._tree(path, relative, status)

    def _tree(self, path: str, relative: str, status: os.stat_result) -> None:
        self.seen_folders.add(_identity(status, path))
        waiting = [(path, relative)]
        while waiting:
            folder, inside = waiting.pop()
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                message = f"The folder cannot be read: {_reason(error)}."
                self.walk.problem(inside or ".", "unreadable-folder", message, "error")
                continue
            for entry in listed:
                if not entry.name.startswith(".") and entry.name not in SKIPPED_FOLDERS:
                    self._entry(
                        entry, f"{inside}/{shown(entry.name)}" if inside else shown(entry.name), waiting
                    )

    def _entry(self, entry: os.DirEntry, relative: str, waiting: list[tuple[str, str]]) -> None:
        try:
            if entry.is_symlink():
                self._link(entry, relative)
            elif entry.is_dir(follow_symlinks=False):
                self._folder(entry, relative, waiting)
            elif suffix_of(entry.name) in SUFFIXES:
                self._file(entry.path, relative, entry.stat(follow_symlinks=False), self.walk.files)
        except OSError as error:
            self.walk.problem(relative, _fault_code(entry, error), f"Not read: {_reason(error)}.")

    def _folder(self, entry: os.DirEntry, relative: str, waiting: list[tuple[str, str]]) -> None:
        identity = _identity(entry.stat(follow_symlinks=False), entry.path)
        if identity in self.seen_folders:  # below a linked folder, or mounted twice
            self.walk.problem(
                relative, "same-file", "This folder is already read under another path.", "note"
            )
        else:
            self.seen_folders.add(identity)
            waiting.append((entry.path, relative))

    def _link(self, entry: os.DirEntry, relative: str) -> None:
        status = Path(entry.path).stat()
        if stat.S_ISDIR(status.st_mode):
            self.linked_folders.append((entry.path, relative, status))
        elif suffix_of(entry.name) in SUFFIXES:
            self._file(entry.path, relative, status, self.linked_files)

    def _file(self, path: str, relative: str, status: os.stat_result, files: list[FoundFile]) -> None:
        if stat.S_ISREG(status.st_mode):
            files.append(_found(path, relative, status))
        else:
            self.walk.problem(
                relative, "not-a-file", "A pipe, socket or device, not a file, so it was not opened.", "error"
            )


def _fault_code(entry: os.DirEntry, error: OSError) -> str:
    """What is wrong with an entry that could not be looked at. Asks the folder's list alone, which cannot
    fail.
    """
    if not entry.is_symlink():
        return "unreadable-file"
    return "symlink-loop" if error.errno == errno.ELOOP else "dangling-link"


def _reason(error: OSError | ValueError) -> str:
    """Why, without the path, which is shown beside it and may be too long to be read."""
    return getattr(error, "strerror", None) or str(error)


def _identity(status: os.stat_result, path: str) -> tuple[int, int] | str:
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)


def file_bytes(path: str | Path) -> bytes:
    """The bytes of a regular file no larger than its suffix allows. Never waits for a pipe.

    Raises
    ------
    Unreadable
        Code `too-large` (by its size, not read), `not-a-file` or `unreadable-file`.
    """
    try:
        with _opened(path) as (handle, size):
            limit = max_bytes(str(path)) or MAX_BYTES
            if size > limit:
                raise too_large(size, limit)
            return os.read(handle, size + 1)
    except (OSError, ValueError) as error:
        raise Unreadable("unreadable-file", f"The file cannot be read: {_reason(error)}.") from error


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[int, int]]:
    """A handle of a regular file, whatever the path has become since it was listed, and its size. Never waits
    for a pipe.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("not-a-file", "A pipe, socket or device, not a file.")
        yield (handle, status.st_size)
    finally:
        os.close(handle)


def head_text(path: str | Path) -> str:
    """The start of a file as text, whatever its encoding: for what it looks like, not for what it holds."""
    try:
        with _opened(path) as (handle, _):
            data = os.read(handle, HEAD_BYTES)
    except (OSError, ValueError, Unreadable):
        return ""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return data.decode("utf-16" if wide else "utf-8-sig", "replace")


def is_passed_over(fault: Unreadable, relative: str, path: str | Path) -> bool:
    """Whether a damaged file is some other file of a suffix that rules share with all the world, and no
    problem.
    """
    return fault.code in _DAMAGED and not is_meant(relative, head_text(path))


def decoded(data: bytes) -> str:
    """The text of a file's bytes: UTF-8, with or without a byte order mark.

    Raises
    ------
    Unreadable
        Code `not-utf8` with the line of the first bad byte, or `empty-file` (a note).
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"Not UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}."
        raise Unreadable("not-utf8", message, line) from error
    if not text.strip():
        raise Unreadable("empty-file", "The file is empty.", severity="note")
    return text


def text_of(data: bytes) -> tuple[str, Unreadable | None]:
    """The text of a rule file's bytes, and the warning `not-utf8` where it is not UTF-8.

    With the mark of UTF-16 it is read as that. Else each byte that is not UTF-8 is read as windows-1252, and
    every other sign as it is: one letter that a spreadsheet or an old editor wrote costs no rule.

    Raises
    ------
    Unreadable
        As `decoded`; `not-utf8` for bytes that are not text (NULs or other control characters).
    """
    try:
        return (decoded(data), None)
    except Unreadable as error:
        if error.code != "not-utf8":
            raise
        fault = error
    wide = data.startswith(_WIDE_MARKS)
    text = _wide_text(data) if wide else _mixed_text(data)
    if text is None or _CONTROL.search(text):
        raise fault
    if not text.strip():
        raise Unreadable("empty-file", "The file is empty.", severity="note")
    message = f"{fault.message} It and bytes like it were read as windows-1252."
    if wide:
        message = "Not UTF-8 text: its byte order mark is that of UTF-16, so it was read as UTF-16."
    return (text, Unreadable("not-utf8", message, fault.line, "warning"))


def _wide_text(data: bytes) -> str | None:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError:
        return None


def _mixed_text(data: bytes) -> str:
    """Bytes as UTF-8, except those that are not. Where there are very many, all as windows-1252, which is
    faster.
    """
    foreign = len(data.translate(None, _ASCII))
    if foreign > MOST_FOREIGN:
        return data.decode(_FALLBACK, "replace")
    return data.decode("utf-8-sig", _FALLBACK_BYTES)


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """What replaces bytes that are not UTF-8, so that the decoder goes on after them."""
    assert isinstance(error, UnicodeDecodeError)
    return (error.object[error.start : error.end].decode(_FALLBACK, "replace"), error.end)


codecs.register_error(_FALLBACK_BYTES, _as_windows)


def too_large(size: int, limit: int = MAX_BYTES) -> Unreadable:
    """The fault of a file of this size."""
    return Unreadable(
        "too-large", f"The file has {size:,} bytes, more than the limit of {limit:,}, so it was not read."
    )


def listed(sources: Sequence[CorpusSource]) -> list[Walk]:
    """One walk a source, in order. A file that two sources hold is in both: each corpus has all of its own
    rules.

    Adds one note `same-file` a pair of corpora that overlap, saying how many files they share.
    """
    walks, owners = [], {}
    for source in sources:
        walk = walked(source)
        shared: dict[str, list[FoundFile]] = {}
        for file in walk.files:
            owner = owners.setdefault(file.identity, source.name)
            if owner != source.name:
                shared.setdefault(owner, []).append(file)
                walk.shared.add(file.relative)
        for owner, files in shared.items():
            count = len(files)
            walk.problem(
                files[0].relative,
                "same-file",
                f"{amount(count, 'file')} from here on {noun(count, 'is', 'are')} in the corpus '{owner}' "
                "as well; "
                f"{noun(count, 'its rule counts', 'their rules count')} once.",
                "note",
            )
        walks.append(walk)
    return walks
