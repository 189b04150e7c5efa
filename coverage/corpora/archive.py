"""A zip of rules -> a folder of rule files, whole or not at all. An archive is untrusted.

Refused whole: a name that leads out of its folder (`..`, an absolute path, a drive letter), a link or
device, an encrypted or damaged entry, two entries of one name, too many files, too many bytes, and
bytes packed far tighter than rules ever are. What is left over is written as plain files with plain
modes. Knows no rule format: the caller chooses which names to keep.
"""

from __future__ import annotations

import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from coverage.outside.atomic import folder_for
from coverage.outside.folders import FILES
from coverage.words import amount


class ArchiveError(ValueError):
    """An archive or a set of files that cannot become a corpus; the message is one sentence."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold. `ratio` is unpacked bytes to packed, counted beyond `ratio_from`
    bytes.
    """

    files: int = 20_000
    bytes: int = 200_000_000
    ratio: int = 100  # rules pack to a tenth, the same rule again and again to a fiftieth
    ratio_from: int = 1_000_000


LIMITS = Limits()
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)
_UNIX = 3  # what made the entry, where it has a file mode


def zip_files(
    data: bytes, inside: Callable[[str], str | None], limits: Limits = LIMITS
) -> Iterator[tuple[str, bytes]]:
    """(path, content) of the files of a zip, checked one after the other.

    Parameters
    ----------
    data : bytes
    inside : callable
        From an entry's clean path to the path to keep it under, None for an entry nobody wants.
    limits : Limits

    Raises
    ------
    ArchiveError
        As soon as an entry breaks a rule: take nothing before the last one was given.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            wanted = _wanted(archive.infolist(), inside, limits)
            _checked_size(wanted.values(), len(data), limits)
            left = limits.bytes
            for path, entry in wanted.items():
                content = _content(archive, entry, left)
                left -= len(content)
                yield path, content
    except ArchiveError:
        raise
    except _FAULTS as error:
        raise ArchiveError(f"not a readable zip archive ({_cause(error)})") from error


def zip_comment(data: bytes) -> str:
    """The comment of a zip; "" where it has none or is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.comment.decode("ascii", "replace")
    except _FAULTS:
        return ""


def _wanted(
    entries: Iterable[zipfile.ZipInfo], inside: Callable[[str], str | None], limits: Limits
) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        path = safe_path(entry.filename)
        if path is None:
            raise ArchiveError(f"an entry points outside its folder: {_shown(entry.filename)}")
        if entry.is_dir() or (kept := inside(path)) is None:
            continue
        _plain_file(entry)
        if kept in found:
            raise ArchiveError(f"it holds {_shown(path)} twice")
        found[kept] = entry
        if len(found) > limits.files:
            raise ArchiveError(f"it holds more than {amount(limits.files, 'file')}")
    return found


def safe_path(name: str) -> str | None:
    """A path that stays where it is put, `/` between its parts; None when it would not."""
    parts = name.replace("\\", "/").split("/")
    if not name or name[0] in "/\\" or ".." in parts or any(_unsafe(part) for part in parts):
        return None
    return "/".join(part for part in parts if part not in ("", "."))


def _unsafe(part: str) -> bool:
    return ":" in part or any(ord(sign) < 32 for sign in part)


def _plain_file(entry: zipfile.ZipInfo) -> None:
    mode = entry.external_attr >> 16 if entry.create_system == _UNIX else 0
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise ArchiveError(f"an entry is a link or a device, not a file: {_shown(entry.filename)}")
    if entry.flag_bits & 0x1:
        raise ArchiveError(f"an entry is encrypted: {_shown(entry.filename)}")


def _checked_size(entries: Iterable[zipfile.ZipInfo], archive_bytes: int, limits: Limits) -> None:
    sizes = [(entry.file_size, entry.compress_size) for entry in entries]
    unpacked = sum(size for size, _ in sizes)
    packed = min(sum(size for _, size in sizes), archive_bytes)  # entries may share their bytes
    if unpacked > limits.bytes:
        raise ArchiveError(f"it holds {unpacked:,} bytes unpacked; the limit is {limits.bytes:,}")
    if unpacked > limits.ratio_from and unpacked > limits.ratio * max(packed, 1):
        raise ArchiveError(f"it unpacks to more than {limits.ratio} times its size, as rules never do")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(entry) as file:
        content = file.read(min(entry.file_size, most) + 1)  # never more, whatever the entry says of itself
    if len(content) > most:
        raise ArchiveError("it holds more bytes than its header states")
    return content


def written_folder(files: Iterable[tuple[str, bytes]], folder: Path, about: Mapping[str, bytes]) -> int:
    """Write files as `folder`/`files` in place of what was there, and `about` beside them; how many files.

    Raises
    ------
    ArchiveError
        When there is no file, or one cannot be written. Whatever is raised, also by `files`: what was
        there is as it was.
    """
    count = 0
    try:
        with folder_for(folder) as new:
            for count, (path, content) in enumerate(files, 1):  # noqa: B007 - counts
                target = new / FILES / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            if not count:
                raise ArchiveError("it holds no rule file")
            for name, content in about.items():
                (new / name).write_bytes(content)
    except OSError as error:
        raise ArchiveError(f"it cannot be stored in {folder.parent} ({error.strerror or error})") from error
    return count


def _cause(error: BaseException) -> str:
    return " ".join(_shown(str(error)).split()) or type(error).__name__


def _shown(text: str) -> str:
    """A name from an archive, for a sentence: printable, and not too long."""
    clean = "".join(sign if sign.isprintable() else "?" for sign in text)
    return clean if len(clean) <= 80 else f"{clean[:79]}…"
