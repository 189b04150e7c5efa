"""The options about a threat profile that commands share, and how they become a threat."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from coverage.cli.options import choice, chosen_settings, default_paths, nearest, stop
from coverage.cli.scope_options import Given, chosen_readings
from coverage.cli.terminal import error_console
from coverage.corpora.offered import resolved
from coverage.loaders import corpus_sources
from coverage.project.accepted_gaps import place_and_message
from coverage.project.settings import SettingsError
from coverage.reading import Reading
from coverage.scope import View
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

BorrowFrom = Annotated[
    list[str] | None,
    typer.Option(
        "--borrow-from",
        metavar="PATH",
        help="Rules that may be borrowed: a gap that one of them would close is easier. Repeatable.",
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


def views_apart(
    paths: list[str] | None, lenders: list[str] | None, scope: Given
) -> tuple[Reading, View, View | None]:
    """The reading of all rules, the view of those in `paths`, and of those that may be borrowed, or None.

    Both views are in one scope; `--corpus` chooses among those in `paths`.
    """
    own = list(paths or default_paths())
    chosen = scope if not lenders else replace(scope, corpora=None)
    ((reading, view),), loaded = chosen_readings([*own, *(lenders or ())], (scope.attack,), chosen)
    if not lenders:
        return reading, view, None
    count = len(corpus_sources(resolved(own, chosen_settings())))
    names = [stamp.name for stamp in loaded.corpora]
    mine, others = names[:count], names[count:]
    wanted = [choice("rule set", name, mine) for name in scope.corpora or mine]
    return reading, view.of_corpora(wanted), view.of_corpora(others) if others else None
