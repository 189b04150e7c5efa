"""Options that commands share, and how they become a view. Exits with code 2 and one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from coverage.catalogue import CatalogueError
from coverage.cli.terminal import error_console
from coverage.corpora.offered import default_texts, resolved
from coverage.loaders import CorpusSource, Loaded, corpus_sources, load
from coverage.project.settings import Settings, SettingsError, release_in_use, settings_at
from coverage.syntaxes.fields import parsed_day


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
        metavar="PATH",
        show_default=False,
        help="Rule folders or files; NAME=PATH gives a rule set its name. The name of one that 'corpora "
        "list' shows is its path.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
CsvFile = Annotated[
    str | None, typer.Option("--csv", metavar="FILE", help="Write CSV to FILE; - is standard output.")
]

EveryRow = Annotated[
    bool, typer.Option("--all", help="Show every row on a terminal, not the first 20. Files have every row.")
]


# What an option wants that counts by the data that arrives.
NEEDS_AN_INVENTORY = "needs an inventory: [[data]] in coverage.toml says what arrives (docs/data.md)"


def default_paths(environment: str | None = None) -> list[str]:
    """The rule paths read when none is given, as `offered.default_texts` says."""
    return default_texts(chosen_settings(), environment)


def own_paths(paths: list[str] | None, settings: Settings | None = None) -> list[str]:
    """The rule paths given, else the default ones, of a command that must not speak of the example rules by
    mistake.

    Outside the project it stops rather than read them.
    """
    found = paths or default_texts(settings or chosen_settings(), examples=False)
    if not found:
        raise stop("no folder named rules here: give a path, or put [[corpora]] in coverage.toml")
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


def loaded_rules(paths: list[str] | None, settings: Settings | None = None) -> Loaded:
    """The rules of some paths, told which of them can run where coverage.toml names inventories.

    `settings` are those that name the inventories, by default of the folder the command runs in.
    """
    sources = corpus_sources(resolved(paths or default_paths(), chosen_settings()))
    for source in sources:
        if not _exists(source.path):
            raise stop(f"file or folder not found: {source.path!s}")
    return told(_loaded(sources), settings or chosen_settings())


def told(loaded: Loaded, settings: Settings) -> Loaded:
    """Rules with what the inventories of coverage.toml say of them; the same rules where it names none."""
    if not settings.data:
        return loaded
    from coverage.cli.data_options import with_data

    return with_data(loaded, settings)


def _loaded(sources: Sequence[CorpusSource]) -> Loaded:
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


_MOST_CHOICES = 40  # named in a message; of more the nearest


def given_day(text: str | None) -> date | None:
    """The day that a text names, or an exit; None for none."""
    day = parsed_day(text) if text is not None else None
    if text is not None and day is None:
        raise stop(f"'{text}' is not a date; write it as 2026-03-31")
    return day


def choice(kind: str, value: str, known: Iterable[str]) -> str:
    """The one of the known words that a text is, upper and lower case alike, or an exit that names them."""
    names = {name.casefold(): name for name in known}
    if value.casefold() not in names:
        raise stop(f"unknown {kind}: '{value}'; {nearest(value, names.values())}")
    return names[value.casefold()]


def nearest(value: str, known: Iterable[str]) -> str:
    """What to choose from in place of a text: a few words all, of many those that are most like it."""
    names = list(known)
    if not names:
        return "nothing to choose from"
    if len(names) <= _MOST_CHOICES:
        return f"choose from {', '.join(names)}"
    close = get_close_matches(value.casefold(), [name.casefold() for name in names], 5, 0.5)
    like = [name for name in names if name.casefold() in close]
    return f"nearest of {len(names):,}: {', '.join(like)}" if like else f"none of {len(names):,} is similar"
