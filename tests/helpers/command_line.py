"""The command line, run in this process or in one of its own.

Python's start costs one to two seconds, so a test takes a process of its own (`in_a_process`) only where the
process is what is tested: exit codes of the interpreter, pipes, signals, what is imported.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from coverage.cli import ending
from coverage.tables import PROJECT


def environment(**chosen: str) -> dict[str, str]:
    """The environment of a command that finds no release and no corpus but those that come with the
    project.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {
        **kept,
        "PYTHONPATH": str(PROJECT),
        "COVERAGE_CACHE": str(PROJECT / "no-cache-here"),
        "COVERAGE_DATA": str(PROJECT / "no-data-here"),
        "COLUMNS": "200",
        **chosen,
    }


def in_a_process(
    *arguments: str | bytes, cwd: Path = PROJECT, text: bool = True, **chosen: str
) -> subprocess.CompletedProcess:
    """A command as a process of its own, with nothing on its standard input."""
    command = [sys.executable, "-m", "coverage.cli", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=text,
        cwd=cwd,
        env=environment(**chosen),
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def run(
    *arguments: str, cwd: Path = PROJECT, text: bool = True, **chosen: str
) -> subprocess.CompletedProcess:
    """The same in this process: the same arguments, folder, environment, bytes and exit code."""
    out, error = io.BytesIO(), io.BytesIO()
    output, errors = (io.TextIOWrapper(stream, encoding="utf-8", newline="\n") for stream in (out, error))
    code = run_with(list(arguments), cwd, environment(**chosen), output, errors)
    for stream in (output, errors):
        stream.flush()
        stream.detach()  # else the buffer closes with it
    streams = (out.getvalue(), error.getvalue())
    if text:
        streams = tuple(stream.decode("utf-8").replace("\r\n", "\n") for stream in streams)
    return subprocess.CompletedProcess(["coverage.cli", *arguments], code, *streams)


def run_with(
    arguments: list[str], cwd: Path, variables: Mapping[str, str], output: TextIO, errors: TextIO
) -> int:
    """The exit code of a command in this process, with these streams and nothing on standard input."""
    standard_input, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    try:
        with _at(cwd, variables), redirect_stdout(output), redirect_stderr(errors):
            return ending.run(arguments)
    finally:
        sys.stdin = standard_input


@contextmanager
def _at(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    before, variables_before = Path.cwd(), dict(os.environ)
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(variables)
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(variables_before)
