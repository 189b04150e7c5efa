"""A threat profile: who is against us, as settings or a page state it. Reads no release.

Profiles are `[[threat]]` in coverage.toml, or in a file of its own with the same tables; entries of one name
are one profile. Without any, the default is every group reported since three years ago, each alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from coverage.project.settings import Settings, SettingsError, ThreatSetting, read_settings
from coverage.threats.files.seam import CVE

DEFAULT_NAME = "Reported lately"
DEFAULT_YEARS = 3  # of which the default is made


@dataclass(frozen=True)
class Profile:
    """Entries of one name. `file`: the settings that state it, beside which its files are looked for.
    `contents`: of files that lie in no folder, by the names that entries have for them.
    """

    name: str
    entries: tuple[ThreatSetting, ...]
    file: Path | None = None
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def beside(self, path: str) -> Path:
        """Where a file lies that an entry names."""
        return (self.file.parent if self.file else Path()) / path

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the profile reads."""
        lists = (text for entry in self.entries for text in entry.cves if not CVE.fullmatch(text.strip()))
        named = (*(text for entry in self.entries for text in entry.files), *lists)
        return tuple(dict.fromkeys(map(self.beside, named)))

    @property
    def digest(self) -> str:
        """Another text when the profile states anything else, or a content is another."""
        parts = [str(self.file), profile_toml(self)]
        parts += [hashlib.sha256(self.contents[name]).hexdigest() for name in sorted(self.contents)]
        return "\n".join(parts)


def default_profile(today: date) -> Profile:
    """Every group with a use that was reported since three years ago, each alike."""
    return Profile(DEFAULT_NAME, (ThreatSetting(DEFAULT_NAME, since=today.year - DEFAULT_YEARS),))


def profiles_of(settings: Settings) -> dict[str, Profile]:
    """The profiles that settings state, by name, in their order."""
    entries: dict[str, list[ThreatSetting]] = {}
    for entry in settings.threats:
        entries.setdefault(entry.name, []).append(entry)
    return {name: Profile(name, tuple(found), settings.file) for name, found in entries.items()}


def threat_files(settings: Path | None) -> list[Path]:
    """Every file that the profiles of a settings file read; none where it cannot be used."""
    if settings is None:
        return []
    try:
        found = profiles_of(read_settings(settings))
    except SettingsError:
        return []
    return sorted({path for profile in found.values() for path in profile.files})


def profile_in(file: Path) -> Profile:
    """The profile that a file is: the first of a TOML file with `[[threat]]`, or what a threat file says.

    Raises
    ------
    SettingsError
        For a TOML file that cannot be used. What is wrong with any other file is a problem of the profile.
    ValueError
        For a TOML file without a `[[threat]]`.
    """
    if file.suffix.lower() != ".toml":
        return Profile(file.stem, (ThreatSetting(file.stem, files=(file.name,)),), file)
    found = profiles_of(read_settings(file))
    if not found:
        raise ValueError(f"{file}: there is no [[threat]] in it")
    return next(iter(found.values()))


def group_profile(groups: Iterable[str], through: Iterable[str] = ()) -> Profile:
    """These groups, software or campaigns, each alike."""
    names = tuple(groups)
    by_kind = {letter: [] for letter in "SC"}
    others = []
    for name in names:
        kind = name.strip()[:1].upper() if name.strip()[1:].isdecimal() else ""
        by_kind.get(kind, others).append(name)
    entry = ThreatSetting(
        ", ".join(names),
        groups=tuple(others),
        software=tuple(by_kind["S"]),
        campaigns=tuple(by_kind["C"]),
        through=tuple(through),
    )
    return Profile(entry.name, (entry,))


def with_ways(profile: Profile, ways: Iterable[str]) -> Profile:
    """The profile counting also what its members come to these ways (vocabulary.WAYS)."""
    more = tuple(ways)
    entries = (
        replace(entry, through=tuple(dict.fromkeys((*entry.through, *more)))) for entry in profile.entries
    )
    return replace(profile, entries=tuple(entries)) if more else profile


def profile_toml(profile: Profile) -> str:
    """The profile as the text of a file to commit, which `profile_in` reads back with its files beside it."""
    entries = "\n".join(map(_entry_toml, profile.entries))
    beside = ", ".join(map(_quoted, profile.contents))
    return f"# Put beside this file, or write where it lies: {beside}.\n{entries}" if beside else entries


def _entry_toml(entry: ThreatSetting) -> str:
    lines = ["[[threat]]"]
    for name, default in ThreatSetting.__dataclass_fields__.items():
        value = getattr(entry, name)
        if name == "lines" or (name != "name" and value == default.default):
            continue
        if type(value) is tuple:
            lines.append(f"{name} = [{', '.join(map(_quoted, value))}]")
        else:
            lines.append(f"{name} = {_quoted(value) if type(value) is str else value}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in escaped)
    return f'"{plain}"'
