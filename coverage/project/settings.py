"""`coverage.toml`: a project's own settings, read and checked. `docs/coverage-toml.md` describes it.

`coverage.project.settings_model` defines what it may hold. Knows TOML only through the TOML loaders'
syntax, and no command and no page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.catalogue import CatalogueError, shelf
from coverage.loaders.walk import Unreadable, decoded, file_bytes
from coverage.project.check_settings import CheckSettings, check_settings
from coverage.syntaxes.syntax import Unparsable, place_of
from coverage.syntaxes.toml_text import TOML

if TYPE_CHECKING:
    from coverage.project.settings_model import SettingsFile
    from coverage.project.validation import LineOf, Table

FILE_NAME = "coverage.toml"


class SettingsError(ValueError):
    """A settings file that cannot be used; the message names file, line and cause."""


@dataclass(frozen=True)
class Silence:
    """One `[[lint.silence]]`: findings of a code, in some files or one rule, that do not count, and why."""

    code: str
    reason: str
    path: str | None = None  # glob
    rule: str | None = None  # rule id
    until: date | None = None  # the last day on which it holds
    line: int | None = None  # in the settings file

    def expired(self, today: date) -> bool:
        return self.until is not None and self.until < today


@dataclass(frozen=True)
class LintSettings:
    """The section `[lint]`."""

    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True)
class CorpusSetting:
    """One `[[corpora]]`: a corpus by name, where it lies, its colour, and whether it is on by default."""

    name: str
    path: str  # as written: relative to the settings file, or absolute
    colour: str | None = None  # #rrggbb
    enabled: bool = True


@dataclass(frozen=True)
class ThreatSetting:
    """One `[[threat]]`: who is against us, and what each of them weighs. Entries of one name are one profile.

    `lines`: where it starts (no key), and where each value of a list stands.
    """

    name: str
    groups: tuple[str, ...] = ()  # IDs, names or aliases
    software: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()  # groups that attack one of these
    countries: tuple[str, ...] = ()  # and one of these
    since: int | None = None  # only who was reported in that year or later
    techniques: tuple[str, ...] = ()  # a list of one's own
    files: tuple[str, ...] = ()  # as written: relative to the settings file, or absolute
    cves: tuple[str, ...] = ()  # CVEs that matter in the files, or files that list them
    through: tuple[str, ...] = ()  # vocabulary.WAYS beside direct
    half_life: float | None = None  # years after which a use counts half
    weight: float = 1.0  # of each member
    lines: Mapping[tuple[str | int, ...], int | None] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class DataSetting:
    """One `[[data]]`: an inventory of the data that arrives.

    `lines`: where it starts (no key), and where each of its files is named.
    """

    name: str
    files: tuple[str, ...] = ()  # as written: relative to the settings file, or absolute
    platforms: tuple[str, ...] = ()  # what it is about; empty: everything
    complete: bool | None = None  # what it does not list does not arrive; None: as its format says
    stale_after: int | None = None  # days
    as_of: date | None = None  # the day that events are compared with; None: of each file its newest event
    lines: Mapping[tuple[str | int, ...], int | None] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Settings:
    """A settings file's content; without a file, the defaults."""

    file: Path | None = None
    lint: LintSettings = field(default_factory=LintSettings)
    corpora: tuple[CorpusSetting, ...] = ()
    check: CheckSettings = field(default_factory=CheckSettings)
    attack: str | None = None  # the release to read in where none is chosen
    threats: tuple[ThreatSetting, ...] = ()
    data: tuple[DataSetting, ...] = ()


def settings_at(start: Path | None = None, file: Path | None = None) -> Settings:
    """The settings of `file`, else of the `coverage.toml` found from the folder `start` upwards, else none.

    Raises
    ------
    SettingsError
        When the file cannot be read, or holds something no section knows.
    """
    found = file or find_settings(start or Path.cwd())
    return read_settings(found) if found else Settings()


def release_in_use(settings: Settings, release: str | None = None) -> str:
    """The release to read in: the one chosen, else that of `coverage.toml`, else `shelf.default_release()`.

    Raises
    ------
    CatalogueError
        When the settings' release is not installed.
    """
    if release or settings.attack is None:
        return release or str(shelf.default_release())
    try:
        shelf.open_release(settings.attack)
    except CatalogueError as error:
        raise CatalogueError(f'{settings.file} says attack = "{settings.attack}": {error}') from error
    return settings.attack


def find_settings(start: Path) -> Path | None:
    """The nearest `coverage.toml` in a folder or those above it, up to the root of its git work tree.

    Outside a git work tree only the folder itself is looked in: a file further up is somebody else's.
    """
    folders = [start.resolve(), *start.resolve().parents]
    roots = [place for place, folder in enumerate(folders) if (folder / ".git").exists()]
    looked_in = folders[: roots[0] + 1] if roots else folders[:1]
    return next((folder / FILE_NAME for folder in looked_in if (folder / FILE_NAME).is_file()), None)


def read_settings(file: Path) -> Settings:
    """The settings of one file.

    Raises
    ------
    SettingsError
        With the first fault: file, line and cause.
    """
    from coverage.project.settings_model import SettingsFile  # pydantic: only where there is a file
    from coverage.project.validation import validated

    text, document = _document(file)
    lines = TOML.positions(text)
    written, faults = validated(SettingsFile, document)
    if written is None:
        line = place_of(faults[0].path, lines)[0]
        raise SettingsError(f"{file}:{line or 1}: {faults[0].message}")
    return _settings(file, written, lambda path: place_of(path, lines)[0])


def _document(file: Path) -> tuple[str, Mapping[str, Any]]:
    try:
        text = decoded(file_bytes(file))
        return text, TOML.parse(text)
    except Unreadable as fault:
        if fault.code == "empty-file":
            return "", {}
        raise SettingsError(f"{file}: {fault.message}") from fault
    except Unparsable as fault:
        raise SettingsError(f"{file}:{fault.line or 1}: {fault.message}") from fault


def _settings(file: Path, written: SettingsFile, line_of: LineOf) -> Settings:
    """What a file says, with the lines where it says so."""
    silences = (
        Silence(**dict(silence), line=line_of(("lint", "silence", place)))
        for place, silence in enumerate(written.lint.silence)
    )
    return Settings(
        file,
        lint=LintSettings(tuple(silences)),
        corpora=tuple(CorpusSetting(**dict(corpus)) for corpus in written.corpora),
        check=check_settings(written.check, line_of),
        attack=written.attack,
        threats=tuple(
            ThreatSetting(**_with_lines("threat", place, one, line_of))
            for place, one in enumerate(written.threat)
        ),
        data=tuple(
            DataSetting(**_with_lines("data", place, one, line_of)) for place, one in enumerate(written.data)
        ),
    )


def _with_lines(section: str, place: int, written: Table, line_of: LineOf) -> dict[str, Any]:
    """The values of one table of a section, and `lines`: where it and each value of a list stand."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in written}
    keys = [
        (name, nth) for name, value in values.items() if type(value) is tuple for nth in range(len(value))
    ]
    lines = {key: line_of((section, place, *key)) for key in ((), *keys)}
    return {**{name: value for name, value in values.items() if value is not None}, "lines": lines}
