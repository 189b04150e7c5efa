"""How commands print and write: JSON, CSV or a table. Files are written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pandas as pd
from rich.table import Table

from coverage.cli.options import one_output, stop
from coverage.cli.terminal import error_console, lines, terminal, write_out
from coverage.exports.tables import records, stamped_csv, text
from coverage.outside.atomic import replaced_file
from coverage.scope import Scope

Result = TypeVar("Result")


def write_bytes(data: bytes, target: str) -> None:
    """Write whole or not at all; `-` is standard output. A device or pipe is written to, never replaced."""
    if target == "-":
        write_out(data)
        return
    path = Path(target)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            replaced_file(path.resolve(), data)  # what a link leads to, not the link
    except OSError as error:
        raise stop(f"cannot write {target}: {error.strerror or error}") from error


def json_bytes(value: object) -> bytes:
    """JSON is UTF-8 whatever the terminal speaks."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n".encode()


def print_json(value: object) -> None:
    """JSON on standard output."""
    write_out(json_bytes(value))


def with_download_progress(title: str, run: Callable[[Callable | None], Result]) -> Result:
    """What `run` gives, with a bar on a terminal: it gets what to call with (bytes received, their total or
    None).
    """
    if not error_console.is_terminal:
        return run(None)
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=error_console, transient=True) as progress:
        task = progress.add_task(title, total=None)
        return run(lambda done, total: progress.update(task, completed=done, total=total))


def print_table(frame: pd.DataFrame, title: str, *notes: str) -> None:
    """A readable table on a terminal, its notes below it; the same columns, never cut, when piped."""
    console = terminal()
    if frame.empty:
        console.print(title, *notes, sep="\n")
        return
    table = Table(
        title=title, title_justify="left", caption=lines(*notes), caption_justify="left", expand=False
    )
    for name, dtype in frame.dtypes.items():
        table.add_column(str(name), justify="right" if dtype.kind in "iuf" else "left", overflow="fold")
    for row in zip(*(frame[name].tolist() for name in frame.columns), strict=True):
        table.add_row(*map(text, row))
    console.print(table)


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
        notes = (scope.sentence(), scope.corpora_sentence()) if scope else ()
        print_table(frame[columns].rename(columns=names or {}), title, *notes)
