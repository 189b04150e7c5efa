"""The one list of problems: what could not be read, and what could not be placed in the release.

The command `problems`, the frame of that name in files, and the Problems page show it.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from coverage.findings.places import placed
from coverage.loaders.frames import PROBLEMS
from coverage.reading import Reading


def problem_list(reading: Reading, without: Collection[str] = ()) -> pd.DataFrame:
    """PROBLEMS of a reading: those of loading, then each ID that could not be placed, with its line and
    column.

    Parameters
    ----------
    reading : Reading
    without : names of corpora
        Their problems are left out; those of no corpus never are.
    """
    read = _without(reading.loaded.problems, without)
    found = placed(_without(reading.unplaced, without), reading.loaded)
    return pd.concat([read, found[list(PROBLEMS.columns)]], ignore_index=True)


def problem_count(reading: Reading, without: Collection[str] = ()) -> int:
    """How many problems were met in reading the files: the first rows of `problem_list`."""
    return len(_without(reading.loaded.problems, without))


def unplaced_count(reading: Reading, without: Collection[str] = ()) -> int:
    """How many IDs of mappings could not be placed: the rows that `problem_list` adds to the problems of
    loading.
    """
    return len(_without(reading.unplaced, without))


def _without(frame: pd.DataFrame, corpora: Collection[str]) -> pd.DataFrame:
    return frame[~frame["corpus"].isin(list(corpora))]
