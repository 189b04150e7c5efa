"""Standard output and standard error of a command: what became of them, in one sentence or in silence.

A full disk, a closed pipe and a closed stream show themselves at whatever line happens to write. Here they
become one exception, and what is still in a buffer when a command ends is no longer a Python exception.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

STDOUT, STDERR = 1, 2
# What a shell says of a program that a closed pipe ended: 128 and the number of SIGPIPE.
CLOSED_PIPE = 141


class OutputError(Exception):
    """Standard output cannot be written: a sentence. No OSError, which Click takes for its own."""


class ClosedPipe(OutputError):
    """Whoever read standard output has gone, as `head` does: nothing is wrong, and nobody is left to tell."""


class _Stream(io.RawIOBase):
    """A file descriptor whose faults are `OutputError`s; after the first, what is written is dropped."""

    def __init__(self, descriptor: int, silent: bool) -> None:
        super().__init__()
        self._descriptor, self._silent = descriptor, silent
        self._was_open = self._usable = _is_open(descriptor)
        self._raised = False

    def fileno(self) -> int:
        if not self._was_open:
            raise io.UnsupportedOperation("fileno")
        return self._descriptor

    def isatty(self) -> bool:
        return self._was_open and os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        if self._usable:
            try:
                return os.write(self._descriptor, data)
            except BrokenPipeError:
                self._fail(ClosedPipe("standard output was closed"))
            except OSError as error:
                self._fail(OutputError(f"cannot write to standard output: {error.strerror or error}"))
        elif not self._was_open:
            self._fail(OutputError("cannot write to standard output: it is closed"))
        return len(data)

    def _fail(self, error: OutputError) -> None:
        self._usable = False
        if not self._silent and not self._raised:
            self._raised = True
            raise error


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def guard_streams() -> None:
    """Put streams in the place of `sys.stdout` and `sys.stderr` whose faults are `OutputError`s.

    Faults of standard error are dropped: there is nowhere left to write them. A stream that is not a plain
    file descriptor (a test's, a Windows console) stays as it is.
    """
    if _replaceable(sys.stdout):
        sys.stdout = _text(STDOUT, sys.stdout, silent=False)
    if _replaceable(sys.stderr):
        sys.stderr = _text(STDERR, sys.stderr, silent=True)


def _replaceable(stream: TextIO | None) -> bool:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # without buffering (PYTHONUNBUFFERED) there is no layer between
    return stream is None or isinstance(raw, io.FileIO | _Stream)


def _text(descriptor: int, old: TextIO | None, silent: bool) -> TextIO:
    raw = _Stream(descriptor, silent)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=old.encoding if old else "utf-8",
        errors="replace",  # a sign that the terminal does not know never stops a report
        line_buffering=silent or raw.isatty(),
    )
