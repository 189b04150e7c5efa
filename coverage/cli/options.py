"""Options that commands share, and how they become a view. Exits with code 2 and one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coverage.catalogue import CatalogueError
from coverage.loaders import Loaded, corpus_sources, load
from coverage.reading import platforms_of, read_in
from coverage.scope import ENABLED_CHOICES, View
from coverage.tables import PROJECT, TableError
from coverage.vocabulary import PRE_PLATFORM, ROLLUPS, RULE_CLASSES

error_console = Console(stderr=True, highlight=False, soft_wrap=True)


def shown(text: str) -> str:
    """Text that is safe on a terminal: control signs and stray bytes are replaced."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def one_output(as_json: bool, csv: str | None) -> None:
    """Stop when both forms of output are asked for: one of them would be lost."""
    if as_json and csv is not None:
        raise stop("choose one of --json and --csv")


def stop(message: str) -> typer.Exit:
    """The exit with code 2, after its reason went to standard error; raise the result."""
    error_console.print(f"coverage: {message}", markup=False)
    return typer.Exit(2)


Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH ...]", help="Rule folders or files; NAME=PATH gives a corpus its name.", show_default=False),
]
Attack = Annotated[str | None, typer.Option("--attack", metavar="RELEASE", help="Release to read in, such as enterprise-18.1.")]
Classes = Annotated[
    list[str] | None,
    typer.Option("--class", metavar="CLASS", help=f"Rule class that counts; repeatable: {', '.join(RULE_CLASSES)}. [default: production]"),
]
Enabled = Annotated[str, typer.Option("--enabled", metavar="CHOICE", help=f"Rules by switch: {', '.join(ENABLED_CHOICES)}.")]
Platforms = Annotated[
    list[str] | None, typer.Option("--platform", metavar="PLATFORM", help="Platform that counts; repeatable. [default: all]")
]
Pre = Annotated[bool, typer.Option("--pre", help="Count techniques that happen before a SIEM sees anything (PRE only), too.")]
Rollup = Annotated[str, typer.Option("--rollup", metavar="ROLLUP", help=f"What covers a technique: {', '.join(ROLLUPS)}.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
CsvFile = Annotated[str | None, typer.Option("--csv", metavar="FILE", help="Write CSV to FILE; - is standard output.")]


def default_paths(environment: str | None = None) -> list[str]:
    """The rule paths read when none is given: those of COVERAGE_RULES, else the project's `rules/`."""
    text = os.environ.get("COVERAGE_RULES", "") if environment is None else environment
    return [part for part in text.split(os.pathsep) if part] or [str(PROJECT / "rules")]


def loaded_rules(paths: list[str] | None) -> Loaded:
    sources = corpus_sources(paths or default_paths())
    for source in sources:
        if not _exists(source.path):
            raise stop(f"there is no file or folder {shown(str(source.path))}")
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


def chosen_view(paths, attack, classes, enabled, platforms, pre, rollup) -> tuple[View, Loaded]:
    classes = [choice("rule class", name, RULE_CLASSES) for name in classes or ("production",)]
    enabled, rollup = choice("--enabled choice", enabled, ENABLED_CHOICES), choice("roll-up", rollup, ROLLUPS)
    loaded = loaded_rules(paths)
    try:
        reading = read_in(loaded, attack)
        known = [name for name in platforms_of(reading.catalogue) if name != PRE_PLATFORM]
        chosen = [choice(f"platform of {reading.catalogue.release.title}", name, known) for name in platforms or ()]
        view = reading.view(platforms=chosen, pre=pre, classes=classes, enabled=enabled, rollup=rollup)
    except (CatalogueError, TableError) as error:
        raise stop(str(error)) from error
    return view, loaded
