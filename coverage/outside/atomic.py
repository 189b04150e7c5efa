"""Files and folders that are written whole or not at all. What a killed run left of them is removed by the
next.

What is not whole yet is beside its place under a hidden name that says which process makes it.
`sweep` removes such files and folders when their process is gone, and nothing else. Knows no format and no
folder of the program.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import stat
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# After this time a leftover of another machine is swept too: whether its process runs cannot be known here.
MOST_SECONDS = 24 * 60 * 60

PART, OLD = "part", "old"  # on its way into a place; what stood there before
_MARK = "attack-coverage"
_NAME = re.compile(
    rf"\.(?:(?P<target>.+)\.)?{_MARK}"
    r"-(?P<machine>[0-9a-f]{8})-(?P<pid>[1-9]\d{0,8})-(?P<start>\d{1,20})-[0-9a-f]{8}"
    rf"\.(?P<kind>{PART}|{OLD})",
    re.DOTALL,
)


@dataclass(frozen=True)
class Owner:
    """A process, distinguished from a later one of the same number by when it started (0: not known)."""

    machine: str
    pid: int
    start: int

    def name(self, kind: str, target: str = "") -> str:
        """A new hidden name for something this process makes; `target` is the name of the place it is for."""
        before = f".{target}" if target else ""
        return f"{before}.{_MARK}-{self.machine}-{self.pid}-{self.start}-{uuid.uuid4().hex[:8]}.{kind}"

    def is_gone(self) -> bool | None:
        """Whether the process has ended; None where that cannot be known."""
        if self.machine != _machine() or sys.platform == "win32":  # there, signal 0 would end the process
            return None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass  # it runs, for another user
        start = _start_of(self.pid)
        return bool(self.start and start) and start != self.start


def this_process() -> Owner:
    """The owner of what is written now."""
    return Owner(_machine(), os.getpid(), _start_of(os.getpid()))


def _machine() -> str:
    """Eight signs that tell machines and containers apart: process numbers are those of one of them."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - it leads to no path
    except OSError:
        space = ""
    return hashlib.sha256(f"{platform.node()}\0{space}".encode()).hexdigest()[:8]


def _start_of(pid: int) -> int:
    """When a process started, in the kernel's own count; 0 where it does not say."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(facts.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


# ---- writing -------------------------------------------------------------------------------------------


def part_beside(target: Path, data: bytes) -> Path:
    """A new hidden file with this content beside `target`, in its mode if it is there, to take its place.

    Raises
    ------
    OSError
        When it cannot be written; nothing is left then.
    """
    part = target.parent / this_process().name(PART)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    try:
        with open(part, "xb", opener=_new_file if mode is None else _private_file) as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())  # a full disk may show only now
        if mode is not None:
            part.chmod(mode)
    except BaseException:
        removed(part)
        raise
    return part


def _new_file(path: str, flags: int) -> int:
    return os.open(path, flags, 0o666)


def _private_file(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def replaced_file(target: Path, data: bytes) -> None:
    """Write a file whole, in place of what was there.

    Raises
    ------
    OSError
        When it cannot be written; what was there is then as it was.
    """
    sweep(target.parent)
    part = part_beside(target, data)
    try:
        part.replace(target)
    except BaseException:
        removed(part)
        raise


@contextmanager
def folder_for(folder: Path) -> Iterator[Path]:
    """A new empty folder that takes the place of `folder` when the block ends, and is removed when it raises.

    Raises
    ------
    OSError
        When it cannot be made or put in place; what was there is then as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent)
    owner = this_process()
    part = folder.with_name(owner.name(PART))
    try:
        part.mkdir()
        yield part
        _take_place(part, folder, folder.with_name(owner.name(OLD, folder.name)))
    finally:
        removed(part)


def _take_place(new: Path, folder: Path, old: Path) -> None:
    with suppress(FileNotFoundError):
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    removed(old)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder for the user alone among the system's temporary ones, removed when the block ends.

    Raises
    ------
    OSError
        When it cannot be made.
    """
    root = Path(tempfile.gettempdir())
    sweep(root)
    folder = root / this_process().name(PART)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        removed(folder)


def removed(path: Path) -> None:
    """Remove a file or a folder with all it holds, if it is there and can be removed."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


# ---- what a killed run left ----------------------------------------------------------------------------


def sweep(folder: Path) -> None:
    """Remove what processes that are gone left half-written in a folder; put back a folder that one moved
    away.

    Only what has a name of `Owner.name` and belongs to the user. What a process that may still run makes is
    left alone; one of another machine counts as gone after MOST_SECONDS. What cannot be removed is passed
    over.
    """
    for name, found in _leftovers(folder):
        path = folder / name
        with suppress(OSError):
            if not _is_abandoned(path, found):
                continue
            place = folder / (found["target"] or name)
            if found["kind"] == OLD and not place.exists():
                path.rename(place)
            else:
                removed(path)


def _leftovers(folder: Path) -> list[tuple[str, re.Match[str]]]:
    try:
        names = sorted(name for name in os.listdir(folder) if _MARK in name)  # noqa: PTH208 - names alone
    except OSError:
        return []
    return [(name, found) for name in names if (found := _NAME.fullmatch(name))]


def _is_abandoned(path: Path, found: re.Match[str]) -> bool:
    facts = path.lstat()
    if hasattr(os, "getuid") and facts.st_uid != os.getuid():
        return False
    if not (stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode)):
        return False
    gone = Owner(found["machine"], int(found["pid"]), int(found["start"])).is_gone()
    return time.time() - facts.st_mtime > MOST_SECONDS if gone is None else gone
