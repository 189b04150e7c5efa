"""Frames as CSV and as plain values: stable bytes, the scope's stamp in every row, no live formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date

import pandas as pd

from coverage.scope import Scope

LIST_SEPARATOR = "; "
_SIGNS = r"=+\-@＝＋－＠"  # that a formula begins with; full-width forms too
_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", " ", "\u00a0")
# Where another program may end a cell: a spreadsheet that separates by semicolons splits a comma-separated
# file there.
_INSIDE = re.compile(rf"[;|\t\r\n][ \u00a0]*(?=[{_SIGNS}])")
_FIRST = re.compile(rf"\A(?=[\t\r\n])|\A[ \u00a0]*(?=[{_SIGNS}])")

# Columns of RULES that no table shows.
LONG_TEXTS = ("description", "query", "note", "setup")

# Names in files differ from those in frames only where a reader expects another word.
GAP_NAMES = {"attack_id": "technique_id"}


def harmless(words: str) -> str:
    """Text in which no spreadsheet finds a formula: an apostrophe before it, at the start and behind a
    separator.
    """
    if words.startswith(_STARTS):
        words = _FIRST.sub(r"\g<0>'", words)
    return _INSIDE.sub(r"\g<0>'", words)


def cell(value: object) -> str:
    """One value as the text of a CSV cell: as `text`, and no spreadsheet takes it for a formula."""
    return harmless(text(value)) if isinstance(value, str | tuple | list) else text(value)


def text(value: object) -> str:
    """One value as text: lists joined, dates as ISO, NA empty, floats short."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list):
        return LIST_SEPARATOR.join(str(item) for item in value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value).lower() if isinstance(value, bool) else str(value)


def stamped_csv(frame: pd.DataFrame, scope: Scope | None, names: dict[str, str] | None = None) -> bytes:
    """UTF-8 CSV (RFC 4180) of `frame`, its columns in order, then `attack, scope, corpora`.

    The same frame and scope give the same bytes: the stamp names release, scope and content, no clock.
    `names` renames columns for the file. Without a scope the stamp's columns are left out.
    """
    stamp = [] if scope is None else [str(scope.attack), scope.sentence(), scope.corpora_sentence()]
    heads = [(names or {}).get(column, column) for column in frame.columns]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([*heads, *(["attack", "scope", "corpora"] if stamp else [])])
    tail = [cell(words) for words in stamp]
    columns = [_cells(values) for values in _plain_columns(frame)]
    writer.writerows([*row, *tail] for row in zip(*columns, strict=True))
    return buffer.getvalue().encode("utf-8", "replace")  # half a surrogate pair is not a text


def _cells(values: list) -> list[str]:
    """`cell` of each value; most are harmless text or whole numbers, or a list that was there before, and
    need no call.
    """
    starts, inside, lists = _STARTS, _INSIDE.search, _CellsOfLists()
    return [
        value
        if (kind := type(value)) is str and not value.startswith(starts) and inside(value) is None
        else str(value)
        if kind is int
        else lists[value]
        if kind is tuple
        else cell(value)
        for value in values
    ]


class _CellsOfLists(dict):
    """Each list of a column as its cell, joined once."""

    def __missing__(self, values: tuple) -> str:
        self[values] = joined = cell(values)
        return joined


def _plain_columns(frame: pd.DataFrame) -> list[list]:
    return [frame[column].tolist() for column in frame.columns]


def gaps_csv(gaps: pd.DataFrame, scope: Scope) -> bytes:
    """The gap report: GAPS as CSV, `technique_id` first, the stamp last."""
    return stamped_csv(gaps, scope, GAP_NAMES)


def records(frame: pd.DataFrame, names: dict[str, str] | None = None) -> list[dict]:
    """The rows of a frame as JSON-ready values: lists stay lists, NA is None, dates are ISO text."""
    heads = [(names or {}).get(column, column) for column in frame.columns]
    as_is = (str, int, bool)
    columns = [
        [value if type(value) in as_is else _plain(value) for value in values]
        for values in _plain_columns(frame)
    ]
    return [dict(zip(heads, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: object) -> object:
    if isinstance(value, tuple | list):
        return list(value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, date):
        return value.isoformat()[:10]
    return round(value, 4) if isinstance(value, float) else value


def without_text(rules: pd.DataFrame, columns: Iterable[str] = LONG_TEXTS) -> pd.DataFrame:
    """RULES without the long texts: what a table of rules shows and exports."""
    return rules.drop(columns=list(columns))
