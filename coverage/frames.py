"""One spec per frame: its grain, its key, and each column's dtype and meaning; and the one checker.

Frames stay long and typed. Text is pandas' `str` dtype with NA for "unknown"; a `list` column
holds tuples; dates are `datetime64[s]`. Knows nothing of where a frame comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

TEXT, INT, MAYBE_INT, FLOAT, BOOL, MAYBE_BOOL, DATE, LIST = (
    "str",
    "int64",
    "Int64",
    "float64",
    "bool",
    "boolean",
    "datetime64[s]",
    "list",
)


class FrameError(ValueError):
    """A frame that does not fit its spec: always a programmer's error, never bad input."""


@dataclass(frozen=True)
class FrameSpec:
    """What a frame holds. `columns` maps a column to (dtype, meaning)."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: Mapping[str, tuple[str, str]]

    def empty(self) -> pd.DataFrame:
        """A frame of this spec without rows."""
        return self.frame({column: [] for column in self.columns})

    def frame(self, columns: Mapping[str, Sequence]) -> pd.DataFrame:
        """A frame of this spec from one sequence of values a column, in the spec's column order."""
        return pd.DataFrame(
            {name: _series(columns[name], dtype) for name, (dtype, _) in self.columns.items()}
        )

    def of_rows(self, rows: Iterable[Sequence]) -> pd.DataFrame:
        """A frame of this spec from rows of values, each in the spec's column order."""
        values = list(zip(*rows, strict=True)) or [()] * len(self.columns)
        return self.frame(dict(zip(self.columns, values, strict=True)))


def _series(values: Sequence, dtype: str) -> pd.Series:
    if dtype == LIST:
        return pd.Series(list(values), dtype=object)
    if dtype == DATE:
        return pd.Series(pd.to_datetime(pd.Series(list(values), dtype=object), errors="coerce")).astype(DATE)
    return pd.Series(values, dtype=dtype)


def checked(frame: pd.DataFrame, spec: FrameSpec) -> pd.DataFrame:
    """The same frame, when it has the spec's columns, dtypes and a unique key.

    Raises
    ------
    FrameError
        Names every column that is missing, has another dtype, or breaks the key.
    """
    faults = [f"{spec.name}: column {column} is missing" for column in spec.columns if column not in frame]
    for column, (dtype, _) in spec.columns.items():
        found = str(frame[column].dtype) if column in frame else None
        wanted = "object" if dtype == LIST else dtype
        if found is not None and found != wanted:
            faults.append(f"{spec.name}: column {column} is {found}, not {wanted}")
    if not faults and spec.key and frame.duplicated(list(spec.key)).any():
        faults.append(f"{spec.name}: {', '.join(spec.key)} is not unique")
    if faults:
        raise FrameError("; ".join(faults))
    return frame


def columns_of(items: Iterable, names: Iterable[str]) -> dict[str, list]:
    rows = list(items)
    return {name: [getattr(row, name) for row in rows] for name in names}


def rows_of(frame: pd.DataFrame, *names: str) -> Iterator[tuple]:
    """The rows of some columns, as plain values: by lists, as iterating over Arrow makes a scalar of each."""
    return zip(*(frame[name].tolist() for name in names), strict=True)
