"""How commands print and write: JSON, CSV or a table. Files are written whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coverage.atomic import replaced_file
from coverage.cli.options import error_console, one_output, shown, stop
from coverage.exports.tables import records, stamped_csv, text
from coverage.scope import Scope

Result = TypeVar("Result")


def write_bytes(data: bytes, target: str) -> None:
    """Write whole or not at all; `-` is standard output. A device or pipe is written to, never replaced."""
    if target == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(target)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            replaced_file(path.resolve(), data)  # what a link leads to, not the link
    except OSError as error:
        raise stop(f"cannot write {shown(target)}: {error.strerror or error}") from error


def json_bytes(value: object) -> bytes:
    """JSON is UTF-8 whatever the terminal speaks."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n".encode()


def print_json(value: object) -> None:
    """JSON on standard output."""
    sys.stdout.buffer.write(json_bytes(value))


def with_download_progress(title: str, run: Callable[[Callable | None], Result]) -> Result:
    """What `run` gives, with a bar on a terminal: it gets what to call with (bytes received, their total or None)."""
    if not error_console.is_terminal:
        return run(None)
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=error_console, transient=True) as progress:
        task = progress.add_task(title, total=None)
        return run(lambda done, total: progress.update(task, completed=done, total=total))


def print_table(frame: pd.DataFrame, title: str, note: str) -> None:
    """A readable table on a terminal; the same columns, never cut, when piped."""
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    if frame.empty:
        console.print(f"{title}\n{note}".strip(), markup=False)
        return
    table = Table(title=title, title_justify="left", caption=note, caption_justify="left", expand=False)
    for name, dtype in frame.dtypes.items():
        table.add_column(str(name), justify="right" if dtype.kind in "iuf" else "left", overflow="fold")
    for row in zip(*(frame[name].tolist() for name in frame.columns), strict=True):
        table.add_row(*(_escaped(text(value)) for value in row))
    console.print(table)


def _escaped(words: str) -> str:
    return escape(shown(words))


def emit(
    frame: pd.DataFrame,
    scope: Scope | None,
    name: str,
    columns: list[str],
    title: str,
    *,
    as_json: bool,
    csv: str | None,
    names: dict[str, str] | None = None,
) -> None:
    """The frame in the form asked for: JSON, CSV or a table of some `columns`."""
    one_output(as_json, csv)
    if csv is not None:
        write_bytes(stamped_csv(frame, scope, names), csv)
    if as_json:
        stamp = {"stamp": scope.stamp()} if scope else {}
        print_json(stamp | {name: records(frame, names)})
    elif csv is None:
        note = f"{scope.sentence()}\n{scope.corpora_sentence()}" if scope else ""
        print_table(frame[columns].rename(columns=names or {}), title, note)
