"""The command line: a shell over the same functions as the dashboard. `python -m coverage.cli --help`.

Exit codes: 0 done, 1 a check failed, 2 it could not run (a sentence on standard error says why), 130
interrupted, 141 whoever read its output has gone.
Imports neither Streamlit nor Plotly. A command is one function in a module, and its word stands in COMMANDS.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import typer
from typer.models import CommandInfo

# The first word of a command -> the module beside this one that registers it, in the order of `--help`.
COMMANDS = {
    "summary": "coverage_commands",
    "gaps": "coverage_commands",
    "rules": "coverage_commands",
    "problems": "coverage_commands",
    "threats": "threats_command",
    "data": "data_command",
    "lint": "lint_command",
    "migrate": "migrate_command",
    "impact": "impact_commands",
    "compare": "compare_commands",
    "borrow": "compare_commands",
    "export": "export_command",
    "snapshot": "snapshot_command",
    "diff": "diff_command",
    "check": "check_command",
    "corpora": "corpora_commands",
    "attack": "attack_commands",
}


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application that can run these arguments: with the one command they begin with, else with every
    one.

    A command that is not asked for costs no import, which for all of them is a tenth of a short run.
    """
    from coverage.cli.main import app

    named = COMMANDS.get(arguments[0]) if arguments else None
    for module in [named] if named else dict.fromkeys(COMMANDS.values()):
        import_module(f"coverage.cli.{module}")
    app.registered_commands.sort(key=_place)
    return app


def _place(command: CommandInfo) -> int:
    """Where a command stands in `--help`, whichever module was imported first."""
    name = command.name or command.callback.__name__
    return list(COMMANDS).index(name)
