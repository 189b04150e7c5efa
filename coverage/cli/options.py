"""Options that commands share, and how they become a view. Exits with code 2 and one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from coverage.catalogue import CatalogueError
from coverage.cli.terminal import error_console
from coverage.corpora.offered import default_texts, resolved
from coverage.loaders import Loaded, corpus_sources, load
from coverage.reading import Reading, platforms_of, read_in, release_in_use
from coverage.scope import ENABLED_CHOICES, View
from coverage.settings import Settings, SettingsError, settings_at
from coverage.tables import TableError
from coverage.vocabulary import PRE_PLATFORM, ROLLUPS, RULE_CLASSES


def one_output(as_json: bool, csv: str | None) -> None:
    """Stop when both forms of output are asked for: one of them would be lost."""
    if as_json and csv is not None:
        raise stop("choose one of --json and --csv")


def stop(message: str) -> typer.Exit:
    """The exit with code 2, after its reason went to standard error; raise the result."""
    error_console.print(f"coverage: {message}")
    return typer.Exit(2)


Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH ...]",
        show_default=False,
        help="Rule folders or files; NAME=PATH gives a corpus its name. The name of a corpus that 'corpora list' shows is its path.",
    ),
]
Attack = Annotated[
    str | None,
    typer.Option(
        "--attack",
        metavar="RELEASE",
        help="Release to read in, such as enterprise-18.1. "
        "[default: that of coverage.toml, else the project's newest Enterprise release]",
    ),
]
Classes = Annotated[
    list[str] | None,
    typer.Option(
        "--class",
        metavar="CLASS",
        help=f"Rule class that counts; repeatable: {', '.join(RULE_CLASSES)}. [default: production]",
    ),
]
Enabled = Annotated[
    str, typer.Option("--enabled", metavar="CHOICE", help=f"Rules by switch: {', '.join(ENABLED_CHOICES)}.")
]
Platforms = Annotated[
    list[str] | None,
    typer.Option("--platform", metavar="PLATFORM", help="Platform that counts; repeatable. [default: all]"),
]
Pre = Annotated[
    bool,
    typer.Option("--pre", help="Count techniques that happen before a SIEM sees anything (PRE only), too."),
]
Corpora = Annotated[
    list[str] | None,
    typer.Option(
        "--corpus",
        metavar="NAME",
        help="Only the rules of this corpus, of those read; repeatable. [default: all]",
    ),
]
Rollup = Annotated[
    str, typer.Option("--rollup", metavar="ROLLUP", help=f"What covers a technique: {', '.join(ROLLUPS)}.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
CsvFile = Annotated[
    str | None, typer.Option("--csv", metavar="FILE", help="Write CSV to FILE; - is standard output.")
]


def default_paths(environment: str | None = None) -> list[str]:
    """The rule paths read when none is given, as `offered.default_texts` says."""
    return default_texts(chosen_settings(), environment)


def own_paths(paths: list[str] | None, settings: Settings | None = None) -> list[str]:
    """The rule paths given, else the default ones, of a command that must not speak of the example rules by mistake.

    Outside the project it stops rather than read them.
    """
    found = paths or default_texts(settings or chosen_settings(), examples=False)
    if not found:
        raise stop("there is no folder rules here: name the rules, or put [[corpora]] in coverage.toml")
    return found


def chosen_settings() -> Settings:
    """The settings of the folder the command runs in, or an exit that says what is wrong with them."""
    try:
        return settings_at()
    except SettingsError as error:
        raise stop(str(error)) from error


def chosen_release(attack: str | None = None, settings: Settings | None = None) -> str:
    """The release that --attack names, else that of coverage.toml, else the project's newest, or an exit."""
    try:
        return release_in_use(settings or chosen_settings(), attack)
    except CatalogueError as error:
        raise stop(str(error)) from error


def loaded_rules(paths: list[str] | None) -> Loaded:
    sources = corpus_sources(resolved(paths or default_paths(), chosen_settings()))
    for source in sources:
        if not _exists(source.path):
            raise stop(f"there is no file or folder {source.path!s}")
    if not error_console.is_terminal:
        return load(sources)
    from rich.progress import Progress

    with Progress(console=error_console, transient=True) as progress:
        task = progress.add_task("Reading rules", total=None)
        return load(sources, lambda done, total, _path: progress.update(task, completed=done, total=total))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be entered
        return False


def choice(kind: str, value: str, known: Iterable[str]) -> str:
    names = {name.casefold(): name for name in known}
    if value.casefold() not in names:
        raise stop(f"'{value}' is no {kind}; choose from {', '.join(names.values())}")
    return names[value.casefold()]


def chosen_view(paths, attack, classes, enabled, platforms, pre, rollup, corpora=None) -> tuple[View, Loaded]:
    (view,), loaded = chosen_views(paths, (attack,), classes, enabled, platforms, pre, rollup, corpora)
    return view, loaded


def chosen_views(
    paths, releases, classes, enabled, platforms, pre, rollup, corpora=None
) -> tuple[list[View], Loaded]:
    """The same rules in the same scope, in each of the releases."""
    pairs, loaded = chosen_readings(paths, releases, classes, enabled, platforms, pre, rollup, corpora)
    return [view for _, view in pairs], loaded


def chosen_readings(
    paths, releases, classes, enabled, platforms, pre, rollup, corpora=None, on: date | None = None
) -> tuple[list[tuple[Reading, View]], Loaded]:
    """The same rules in each of the releases, and in the same scope. `on` is the stamp's date, today by default."""
    classes = [choice("rule class", name, RULE_CLASSES) for name in classes or ("production",)]
    enabled, rollup = choice("--enabled choice", enabled, ENABLED_CHOICES), choice("roll-up", rollup, ROLLUPS)
    loaded = loaded_rules(paths)
    if loaded.rules.empty and loaded.problems.empty:
        error_console.print("no rule was found: no file there is of a format that docs/formats.md lists")
    try:
        readings = [read_in(loaded, chosen_release(release)) for release in releases]
        titles = " or ".join(reading.catalogue.release.title for reading in readings)
        known = sorted(
            {name for reading in readings for name in platforms_of(reading.catalogue)} - {PRE_PLATFORM}
        )
        scope = {
            "platforms": [choice(f"platform of {titles}", name, known) for name in platforms or ()],
            "pre": pre,
            "classes": classes,
            "enabled": enabled,
            "rollup": rollup,
            "on": on or date.today(),
            "corpora": [
                choice("corpus that was read", name, (stamp.name for stamp in loaded.corpora))
                for name in corpora or ()
            ],
        }
        pairs = [(reading, reading.view(**scope)) for reading in readings]
    except (CatalogueError, TableError) as error:
        raise stop(str(error)) from error
    return pairs, loaded
