"""The inventories that a command counts by: those of coverage.toml, or files given instead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coverage.cli.terminal import error_console
from coverage.inventory.arrivals import arrivals_in
from coverage.inventory.reading import Inventories, read_inventories
from coverage.inventory.verdicts import on_data
from coverage.loaders import Loaded
from coverage.project.accepted_gaps import place_and_message
from coverage.project.settings import Settings


def inventories(settings: Settings, files: Sequence[str] = ()) -> Inventories:
    """What they say; what is wrong with them goes to standard error."""
    found = read_inventories(settings, files, Path())
    problems = found.problems
    for problem in problems[problems["severity"] != "note"].to_dict("records"):
        error_console.print(f"{problem['severity']}: {place_and_message(problem)}")
    return found


def with_data(loaded: Loaded, settings: Settings) -> Loaded:
    """Rules, with what the inventories of coverage.toml say of them; the same rules where it names none."""
    return on_data(loaded, arrivals_in(inventories(settings))) if settings.data else loaded
