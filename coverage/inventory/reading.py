"""The inventories of a project: every row of their files, matched or listed, and what is wrong with them.

An inventory is a `[[data]]` of coverage.toml, or a file given instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from coverage.inventory.files.reading import ReadFile, read_file
from coverage.inventory.files.seam import WrittenRow, newest
from coverage.inventory.frames import ARRIVES, INVENTORY, STALE
from coverage.inventory.words import Words
from coverage.loaders.frames import problems_frame
from coverage.loaders.sources import shown
from coverage.log_sources import LogSourceTable, listed_log_sources
from coverage.models import Problem
from coverage.project.settings import DataSetting, Settings, SettingsError, read_settings

STALE_AFTER = 30  # days, where nothing else is set


@dataclass(frozen=True)
class InventoryFile:
    """One file of an inventory: what it is, and what can be concluded from it.

    `complete`: what it does not list does not arrive, on its `platforms` (empty: on any).
    """

    inventory: str
    file: str
    title: str  # of its format; empty for a file that was not read
    platforms: tuple[str, ...]
    complete: bool
    as_of: date | None  # the day that its events are compared with
    rows: int
    matched: int


@dataclass(frozen=True, eq=False)
class Inventories:
    """What the inventories of a project say. Two are the same only when they are one object."""

    rows: pd.DataFrame = field(repr=False)  # INVENTORY
    files: tuple[InventoryFile, ...]
    problems: pd.DataFrame = field(repr=False)  # PROBLEMS

    @property
    def unmatched(self) -> pd.DataFrame:
        """INVENTORY: the rows whose word is unknown."""
        return self.rows[~self.rows["matched"]].reset_index(drop=True)


def read_inventories(
    settings: Settings,
    files: Sequence[str | Path] = (),
    start: Path | None = None,
    table: LogSourceTable | None = None,
    contents: Mapping[str, bytes] | None = None,
) -> Inventories:
    """What the inventories of a project say. Never raises for what is in a file.

    Parameters
    ----------
    settings : Settings
        Its `[[data]]`, whose files lie beside it.
    files : sequence of str or Path, optional
        Files to read instead, each an inventory of its own by the name of its file.
    start : Path, optional
        The folder of relative `files`; by default the current one.
    table : LogSourceTable, optional
        By default `data/log_sources.csv`.
    contents : mapping of str to bytes, optional
        What is in files that lie in no folder, by the names that `files` or the settings have for them.
    """
    asked = [_given(str(file)) for file in dict.fromkeys(map(str, files))] if files else list(settings.data)
    folder = (start or Path()) if files or settings.file is None else settings.file.parent
    words = Words(table or listed_log_sources())
    work = _Work(words, folder, contents or {})
    for one in _with_own_names(asked):
        work.take(one)
    return Inventories(INVENTORY.of_rows(work.rows), tuple(work.files), problems_frame(work.problems))


def data_files(settings: Path | None) -> list[Path]:
    """Every file that the inventories of a settings file read; none where it cannot be used."""
    if settings is None:
        return []
    try:
        found = read_settings(settings).data
    except SettingsError:
        return []
    return sorted({settings.parent / file for one in found for file in one.files})


def _given(file: str) -> DataSetting:
    return DataSetting(Path(file).stem, (file,))


def _with_own_names(asked: Iterable[DataSetting]) -> list[DataSetting]:
    """The settings, where several given files of one name are told apart by their paths."""
    found: dict[str, DataSetting] = {}
    for one in asked:
        name = one.name if one.name not in found else one.files[0]
        found[name] = replace(one, name=name)
    return list(found.values())


class _Work:
    """Inventories while they are read."""

    def __init__(self, words: Words, folder: Path, contents: Mapping[str, bytes]):
        self.words, self.folder, self.contents = words, folder, contents
        self.rows: list[tuple] = []
        self.files: list[InventoryFile] = []
        self.problems: list[Problem] = []

    def take(self, asked: DataSetting) -> None:
        """Add the files of one inventory."""
        for file in dict.fromkeys(asked.files):
            read = read_file(self.folder / file, file, self.contents.get(file))
            self.problems += read.problems()
            self._file(asked, read)

    def _file(self, asked: DataSetting, read: ReadFile) -> None:
        as_of = asked.as_of or newest(row.last_event for row in read.content.rows)
        limit = STALE_AFTER if asked.stale_after is None else asked.stale_after
        oldest = None if as_of is None else as_of - timedelta(days=limit)
        matched = 0
        for row, place in zip(read.content.rows, read.places(), strict=True):
            meaning = self.words.meaning(row.words)
            matched += meaning.matched
            self.rows.append(
                (
                    asked.name,
                    read.path,
                    place,
                    meaning.kind,
                    shown(meaning.word),
                    meaning.row.sources,
                    meaning.row.components,
                    _platforms(row, asked, meaning.row.platforms),
                    tuple(map(shown, row.systems)),
                    row.last_event,
                    row.volume,
                    row.unit,
                    row.quality,
                    _state(row, oldest),
                    meaning.matched,
                    meaning.nearest,
                )
            )
        self.files.append(self._conclusion(asked, read, as_of, matched))

    def _conclusion(
        self, asked: DataSetting, read: ReadFile, as_of: date | None, matched: int
    ) -> InventoryFile:
        complete = read.form.complete if read.form and asked.complete is None else bool(asked.complete)
        return InventoryFile(
            asked.name,
            read.path,
            read.form.title if read.form else "",
            asked.platforms or read.content.platforms,
            complete and read.is_whole,
            as_of,
            len(read.content.rows),
            matched,
        )


def _platforms(row: WrittenRow, asked: DataSetting, listed: tuple[str, ...]) -> tuple[str, ...]:
    """The platforms of a row: those it names itself, else those of its word, within the inventory's."""
    if row.platforms or not asked.platforms:
        return tuple(map(shown, row.platforms)) or listed
    return tuple(name for name in listed if name in asked.platforms) or listed or asked.platforms


def _state(row: WrittenRow, oldest: date | None) -> str:
    if row.state == ARRIVES and oldest is not None and row.last_event is not None:
        return STALE if row.last_event.date() < oldest else ARRIVES
    return row.state
