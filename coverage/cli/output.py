"""How commands print and write: JSON, CSV or a table. Files are written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd
from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.table import Table

from coverage.cli.options import one_output, stop
from coverage.cli.terminal import error_console, lines, terminal, write_out
from coverage.exports.tables import records, stamped_csv, text
from coverage.frames import rows_of
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


MOST_ROWS = 20  # of a table on a terminal, unless all are asked for
_MOST = 40  # characters that a column of words asks for, as long as others are left out for want of room
_GAP = 3  # blanks between two columns
_MOST_ITEMS = 2  # of a list in a cell on a terminal


def print_table(
    frame: pd.DataFrame, title: str, *notes: str, most: int | None = None, all_columns: bool = False
) -> None:
    """A readable table on a terminal, its notes below it; every column and row, never cut, when piped.

    On a terminal the columns that fit its width are shown, IDs and numbers whole, and the first `most` rows;
    a line says what is left out. With `all_columns` nothing is: where they do not fit, a row is a few lines.
    """
    console = terminal()
    if frame.empty:
        console.print(title, *notes, sep="\n")
        return
    if not console.is_terminal:
        console.print(_table(frame, frame.columns, title, notes, overflow="fold"))
        return
    shown = frame if most is None else frame.head(most)
    shown = shown.assign(
        **{name: shown[name].map(_short) for name in shown.select_dtypes(["object", "str"]).columns}
    )
    fitting = columns_that_fit(shown, console.width)
    left_out = [str(name) for name in shown.columns if name not in fitting]
    more = [f"{len(frame) - len(shown):,} more (--all)"] if len(shown) < len(frame) else []
    if left_out and all_columns:
        under = [line for row in shown.to_dict("records") for line in _as_lines(row)]
        console.print(title, *under, *more, *notes, sep="\n")
        return
    if left_out:
        more.append(f"not shown at this width: {', '.join(left_out)}")
    console.print(_table(shown[fitting], fitting, title, (*more, *notes), overflow="ellipsis"))


def _as_lines(row: dict) -> list[str]:
    """A row under another: the values without blanks in one line, each other one in its own."""
    values = [words for value in row.values() if (words := text(value))]
    short = "  ".join(words for words in values if " " not in words)
    return [short, *(f"  {words}" for words in values if " " in words)]


def _short(value: object) -> object:
    """A list of many as its first items and how many more: `T1105; T1048; +3`."""
    if not isinstance(value, tuple) or len(value) <= _MOST_ITEMS:
        return value
    return (*value[:_MOST_ITEMS], f"+{len(value) - _MOST_ITEMS}")


def columns_that_fit(frame: pd.DataFrame, width: int) -> list[str]:
    """The columns that fit a terminal side by side, in order. The first is always among them."""
    found, used = [], 2
    for name in frame.columns:
        needed = _whole_width(frame[name]) or max(len(str(name)), min(_longest(frame[name]), _MOST))
        if found and used + needed + _GAP > width:
            continue
        found.append(name)
        used += needed + _GAP
    return found


def _longest(column: pd.Series) -> int:
    return max((len(text(value)) for value in column.tolist()), default=0)


def _whole_width(column: pd.Series) -> int | None:
    """The width of a column whose values must not be cut: IDs and other single words, lists of them, numbers.
    None for one of sentences and names.
    """
    cells = column.tolist()
    words = [item for cell in cells for item in (cell if isinstance(cell, tuple) else (text(cell),))]
    if column.dtype.kind not in "iuf" and any(" " in str(word) for word in words):
        return None
    return max(_longest(column), len(str(column.name)))


def _table(
    frame: pd.DataFrame, columns: Sequence[str], title: str, notes: Sequence[str], overflow: str
) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        caption=lines(*notes),
        caption_justify="left",
        expand=False,
        box=HEAVY_HEAD if overflow == "fold" else SIMPLE_HEAD,
    )
    for name in columns:
        whole = _whole_width(frame[name])
        table.add_column(
            str(name),
            justify="right" if frame[name].dtype.kind in "iuf" else "left",
            overflow=overflow,
            no_wrap=overflow == "ellipsis",
            min_width=whole if overflow == "ellipsis" else None,
        )
    for row in rows_of(frame, *columns):
        table.add_row(*map(text, row))
    return table


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
    every_row: bool = True,
    all_columns: bool = False,
) -> None:
    """The frame in the form asked for: JSON, CSV or a table of some `columns`, none left out where
    `all_columns` is set.
    """
    one_output(as_json, csv)
    if csv is not None:
        write_bytes(stamped_csv(frame, scope, names), csv)
    if as_json:
        stamp = {"stamp": scope.stamp()} if scope else {}
        print_json(stamp | {name: records(frame, names)})
    elif csv is None:
        notes = (scope.sentence(), scope.corpora_sentence()) if scope else ()
        most = None if every_row else MOST_ROWS
        shown = frame[columns].rename(columns=names or {})
        print_table(shown, title, *notes, most=most, all_columns=all_columns)
