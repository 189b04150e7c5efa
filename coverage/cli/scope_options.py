"""The options of the scope on the command line, made from `coverage.scope.OPTIONS`.

A command that takes a scope has one parameter `scope: Given` and the decorator `takes_scope`; what was given
becomes a scope here, and exits with code 2 and one sentence where it cannot.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import wraps
from types import MappingProxyType
from typing import Annotated, Any, get_type_hints

import pandas as pd
import typer
from typer.models import OptionInfo

from coverage.catalogue import CatalogueError, Release, shelf
from coverage.cli.options import NEEDS_AN_INVENTORY, choice, chosen_release, loaded_rules, stop
from coverage.cli.short_help import ADVANCED, first_sentence
from coverage.cli.terminal import error_console
from coverage.inventory.arrivals import Arrivals
from coverage.inventory.verdicts import on_data
from coverage.loaders import Loaded
from coverage.project.settings import Settings
from coverage.reading import Reading, platforms_of, read_in
from coverage.scope import OPTIONS, Known, Scope, ScopeOption, View
from coverage.scope.options import ALL, FLAG, MANY, ONE, SIDEBAR
from coverage.tables import TableError

_PREFIX = "scope_"  # of parameters, beside those of a command's own

Attack = Annotated[
    str | None,
    typer.Option(
        "--attack",
        metavar="RELEASE",
        help="Release to read in, such as enterprise-18.1.",
        show_default="that of coverage.toml, else the project's newest Enterprise release",
    ),
]
Corpora = Annotated[
    list[str] | None,
    typer.Option(
        "--corpus",
        metavar="NAME",
        help="Only this rule set, of those read. Repeatable.",
        show_default="all",
    ),
]


@dataclass(frozen=True)
class Given:
    """The options of the scope that were given, and the release and the corpora chosen; None where one was
    not.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    attack: str | None = None
    corpora: Sequence[str] | None = None

    def options(self, platforms: Iterable[str], rules: pd.DataFrame | None, titles: str) -> dict[str, Any]:
        """The given options as `Scope` takes them, or an exit. `titles`: the release that the platforms are
        of.
        """
        known = Known(tuple(platforms), rules)
        return {
            name: _value(OPTIONS[name], value, known, titles)
            for name, value in self.values.items()
            if value is not None
        }

    def applied(self, scope: Scope, rules: pd.DataFrame | None = None) -> Scope:
        """A scope with the options that were given, or an exit."""
        if self.attack is not None:
            scope = replace(scope, attack=release_named(self.attack))
        return replace(scope, **self.options(_platforms(scope.attack), rules, scope.attack.title))


NOTHING = Given()  # what a command's `scope` is before the command line is read


def takes_scope(
    *,
    attack: bool = True,
    corpora: bool = True,
    default: str = "",
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> Callable[[Callable], Callable]:
    """A command with its parameter `scope` replaced by the options of the scope.

    Parameters
    ----------
    attack, corpora : bool
        Whether the command takes `--attack` and `--corpus`, too.
    default : str
        What help says an option is where it is not given, in place of the option's own default.
    defaults : mapping of option name -> value
        What an option is where it is not given, for a command whose default is another one.
    """

    def decorated(command: Callable) -> Callable:
        signature, hints = inspect.signature(command), get_type_hints(command, include_extras=True)
        own = [
            parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            for name, parameter in signature.parameters.items()
            if name != "scope"
        ]
        taken = {flag for parameter in own for flag in _flags(parameter.annotation)}
        added = list(_parameters(attack, corpora, default, taken, defaults))
        place = list(signature.parameters).index("scope")

        @wraps(command)
        def run(**arguments: Any) -> Any:
            given = {
                parameter.name.removeprefix(_PREFIX): arguments.pop(parameter.name) for parameter in added
            }
            values = {
                name: defaults.get(name) if value is None else value
                for name, value in given.items()
                if name in OPTIONS
            }
            scope = Given(values, given.get("attack"), given.get("corpora"))
            return command(**arguments, scope=scope)

        run.__signature__ = signature.replace(parameters=[*own[:place], *added, *own[place:]])
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
        return run

    return decorated


def _flags(annotation: Any) -> tuple[str, ...]:
    """The names of an option on the command line: of `Annotated[..., typer.Option("--csv")]`, `--csv`."""
    found = [meta for meta in getattr(annotation, "__metadata__", ()) if isinstance(meta, OptionInfo)]
    return tuple(name for meta in found for name in (meta.default, *(meta.param_decls or ())))


def _parameters(
    attack: bool, corpora: bool, default: str, taken: set[str], defaults: Mapping[str, Any]
) -> Iterator[inspect.Parameter]:
    if attack:
        yield _parameter("attack", Attack)
    if corpora:
        yield _parameter("corpora", Corpora)
    for name in sorted(OPTIONS, key=_rank):
        option = OPTIONS[name]
        flag = option.other_flag if option.flag in taken else option.flag
        names = (f"{flag}/--no-{flag.removeprefix('--')}",) if option.kind == FLAG else (flag,)
        kind = {FLAG: bool, MANY: list[str]}.get(option.kind, str)
        words = typer.Option(
            *names,
            metavar=option.metavar or None,
            help=_help(option),
            show_default=default or _default(option, defaults),
            rich_help_panel=None if option.name in SIDEBAR else ADVANCED,
        )
        yield _parameter(option.name, Annotated[kind | None, words])


def _rank(name: str) -> int:
    """The place of an option in help: those that every reader needs first."""
    return SIDEBAR.index(name) if name in SIDEBAR else len(SIDEBAR)


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(
        _PREFIX + name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _help(option: ScopeOption) -> str:
    first, choices = first_sentence(option.help), option.choices(Known())
    rest = option.help.removeprefix(first)
    if choices:
        first = f"{first.removesuffix('.')}: {', '.join(choices)}."
    return f"{first}{rest} Repeatable." if option.kind == MANY else f"{first}{rest}"


def _default(option: ScopeOption, defaults: Mapping[str, Any]) -> str | bool:
    """The default as one types it."""
    if option.kind == FLAG:
        return f"on; off: --no-{option.flag.removeprefix('--')}" if defaults.get(option.name) else False
    return str(option.default or "any") if option.kind == ONE else option.words(option.default)


def _value(option: ScopeOption, value: Any, known: Known, titles: str) -> Any:
    if option.kind == FLAG:
        return value
    choices = option.choices(known)
    noun = f"{option.noun} of {titles}" if option.name == "platforms" else option.noun
    if option.kind != MANY:
        return choice(noun, value, choices or ())
    if ALL in map(str.casefold, value):
        return () if option.default == () else tuple(choices or ())
    return tuple(dict.fromkeys(choice(noun, one, choices) if choices is not None else one for one in value))


def release_named(text: str) -> Release:
    """The release that a text names, or an exit."""
    try:
        return Release.parse(text)
    except ValueError as error:
        raise stop(str(error)) from error


def _platforms(release: Release) -> list[str]:
    try:
        return platforms_of(shelf.open_release(str(release)))
    except CatalogueError as error:
        raise stop(str(error)) from error


# ---- views ---------------------------------------------------------------------------------------------


def chosen_view(paths: list[str] | None, scope: Given) -> tuple[View, Loaded]:
    """The rules of some paths in the scope that was given, and what was loaded."""
    ((_, view),), loaded = chosen_readings(paths, (scope.attack,), scope)
    return view, loaded


def chosen_readings(
    paths: list[str] | None,
    releases: Sequence[str | None],
    scope: Given,
    on: date | None = None,
    arrivals: Arrivals | None = None,
) -> tuple[list[tuple[Reading, View]], Loaded]:
    """The same rules in each of the releases, and in the same scope.

    `on` is the stamp's date, today by default. `arrivals`: what arrives, in place of what the inventories of
    coverage.toml say.
    """
    loaded = loaded_rules(paths) if arrivals is None else on_data(loaded_rules(paths, Settings()), arrivals)
    if loaded.rules.empty and loaded.problems.empty:
        error_console.print("no rules found: no file has a format that docs/formats.md lists")
    try:
        readings = [read_in(loaded, chosen_release(release)) for release in releases]
        titles = " or ".join(reading.catalogue.release.title for reading in readings)
        platforms = {name for reading in readings for name in platforms_of(reading.catalogue)}
        options = scope.options(platforms, loaded.rules, titles)
        corpora = [
            choice("rule set", name, (stamp.name for stamp in loaded.corpora)) for name in scope.corpora or ()
        ]
        if options.get("runs") and loaded.arrivals is None:
            raise stop(f"--can-run {NEEDS_AN_INVENTORY}")
        return [(reading, reading.view(**options, corpora=corpora, on=on)) for reading in readings], loaded
    except (CatalogueError, TableError) as error:
        raise stop(str(error)) from error
