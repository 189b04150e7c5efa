"""`coverage.toml`: a project's own settings, read and checked. `docs/coverage-toml.md` describes it.

`SECTIONS` is the table of what may stand in it: a new section is one function and one line. Knows TOML
only through the TOML loaders' syntax, and no command and no page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from coverage.catalogue.model import Release
from coverage.findings.checks import CHECKS
from coverage.loaders._toml import TOML
from coverage.loaders.fields import Fields
from coverage.loaders.seam import Issue, Unparsable, place_of
from coverage.loaders.walk import Unreadable, decoded, file_bytes
from coverage.settings_check import CheckSettings, check_section

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
class Settings:
    """What a settings file says; without a file, what counts where nothing is said."""

    file: Path | None = None
    lint: LintSettings = field(default_factory=LintSettings)
    corpora: tuple[CorpusSetting, ...] = ()
    check: CheckSettings = field(default_factory=CheckSettings)
    attack: str | None = None  # the release to read in where none is chosen


def settings_at(start: Path | None = None, file: Path | None = None) -> Settings:
    """The settings of `file`, else of the `coverage.toml` found from the folder `start` upwards, else none.

    Raises
    ------
    SettingsError
        When the file cannot be read, or holds something no section knows.
    """
    found = file or find_settings(start or Path.cwd())
    return read_settings(found) if found else Settings()


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
    text, document = _document(file)
    issues: list[Issue] = []
    root = Fields(document, (), issues)
    known_keys(root, SECTIONS)
    sections = {name: section for name, read in SECTIONS.items() if (section := read(root)) is not None}
    lines = TOML.positions(text)
    if issues:
        raise SettingsError(f"{file}:{place_of(issues[0].path, lines)[0] or 1}: {issues[0].message}")
    return Settings(
        file, **{name: section(lambda path: place_of(path, lines)[0]) for name, section in sections.items()}
    )


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


def known_keys(table: Fields, known: Mapping[str, object] | tuple[str, ...]) -> None:
    """Note every key of a table that is not one of `known`."""
    for key in table.values:
        if key not in known:
            table.issue((key,), "unknown-key", f"is no setting; known here: {', '.join(known)}")


LineOf = Callable[[tuple], int | None]  # document path -> line
Section = Callable[[LineOf], Any]  # gives what a section says, once lines can be told


def _attack(root: Fields) -> Section | None:
    if (text := root.text("attack")) is None:
        return None
    try:
        release = str(Release.parse(text))
    except ValueError:
        cause = "is no release; write a domain and a version, such as enterprise-19.0"
        root.issue(("attack",), "bad-release", cause)
        return None
    return lambda _line_of: release


def _lint(root: Fields) -> Section | None:
    if (table := root.table("lint")) is None:
        return None
    known_keys(table, ("silence",))
    entries = list(_silences(table))
    return lambda line_of: LintSettings(tuple(Silence(*values, line_of(path)) for path, values in entries))


_SILENCE_KEYS = ("code", "reason", "path", "rule", "until")


def _silences(table: Fields) -> Iterator[tuple[tuple, tuple]]:
    for entry in table.tables("silence"):
        known_keys(entry, _SILENCE_KEYS)
        code, reason, path, rule = (entry.text(key) for key in _SILENCE_KEYS[:4])
        if code not in CHECKS:
            what = "has no code" if code is None else f"is '{code}', which is no code of a check"
            entry.issue(
                ("code",) if code else (), "unknown-code", f"{what}; the codes are {', '.join(CHECKS)}"
            )
        if reason is None:
            entry.issue((), "no-reason", "has no reason; say why these findings do not count")
        if path is None and rule is None:
            entry.issue((), "no-target", 'names neither a path nor a rule; path = "**" is every file')
        yield entry.path, (code, reason, path, rule, entry.day("until"))


_CORPUS_KEYS = ("name", "path", "colour", "enabled")


def _corpora(root: Fields) -> Section:
    found = tuple(_corpus_settings(root))
    return lambda _line_of: found


def _corpus_settings(root: Fields) -> Iterator[CorpusSetting]:
    names: set[str] = set()
    for entry in root.tables("corpora"):
        known_keys(entry, _CORPUS_KEYS)
        name, path, colour = (entry.text(key) for key in _CORPUS_KEYS[:3])
        enabled = entry.flag("enabled")
        if name is None or set(name) & set("=/\\") or name in names:
            what = (
                "has no name"
                if name is None
                else "is the name of two corpora"
                if name in names
                else "holds one of = / \\"
            )
            entry.issue(("name",) if name else (), "bad-name", what)
        if path is None:
            entry.issue((), "no-path", "has no path")
        if colour is not None and not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
            entry.issue(("colour",), "bad-colour", 'is no colour written "#0072B2"')
        names.add(name or "")
        yield CorpusSetting(name or "", path or "", colour, enabled is not False)


# Section -> its reader: notes what is wrong in the Fields' issues, and gives what the section says, if it is there.
SECTIONS: dict[str, Callable[[Fields], Section | None]] = {
    "lint": _lint,
    "corpora": _corpora,
    "check": check_section,
    "attack": _attack,
}
