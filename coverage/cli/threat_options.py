"""The options about a threat profile that commands share, and how they become a threat."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from coverage.cli.options import chosen_settings, nearest, stop
from coverage.cli.terminal import error_console
from coverage.project.accepted_gaps import place_and_message
from coverage.project.settings import SettingsError
from coverage.reading import Reading
from coverage.tables import TableError
from coverage.threats.profile import Profile, default_profile, group_profile, profile_in, profiles_of
from coverage.threats.threat import Threat, threat_in

ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME|FILE",
        help="A threat profile of coverage.toml, or a file with one: TOML with [[threat]], or one of those "
        "that docs/threats.md lists.",
    ),
]


def chosen_profile(name: str | None, groups: list[str] | None = None, day: date | None = None) -> Profile:
    """These groups, else the profile of that name or file, else the first of coverage.toml, else the default
    one of a day, by default today.
    """
    if groups:
        return group_profile(groups)
    settings = chosen_settings()
    profiles = profiles_of(settings)
    if name is None:
        return next(iter(profiles.values()), default_profile(day or date.today()))
    if name in profiles:
        return profiles[name]
    if not _is_file(name):
        known = nearest(name, profiles) if profiles else "coverage.toml states none"
        raise stop(f"'{name}' is no threat profile and no file; {known}")
    try:
        return profile_in(Path(name))
    except (SettingsError, ValueError) as error:
        raise stop(str(error)) from error


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def threat_of(profile: Profile, reading: Reading, day: date | None = None, strict: bool = False) -> Threat:
    """The profile in the release of a reading, on a day, by default today; what is wrong with it goes to
    standard error, or with `strict` stops.
    """
    try:
        threat = threat_in(profile, reading.catalogue, reading.reader, day or date.today())
    except TableError as error:
        raise stop(str(error)) from error
    errors = threat.problems.loc[threat.problems["severity"] == "error", "message"].tolist()
    if strict and errors:
        raise stop(errors[0])
    note_problems(threat)
    return threat


def note_problems(threat: Threat) -> None:
    """Say on standard error what could not be carried over; `threats --json` has the notes, too."""
    problems = threat.problems
    for problem in problems[problems["severity"] != "note"].to_dict("records"):
        error_console.print(f"{problem['severity']}: {place_and_message(problem)}")
