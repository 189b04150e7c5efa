"""The command line: a shell over the same functions as the dashboard. `python -m coverage.cli --help`.

Exit codes: 0 done, 1 a check failed, 2 it could not run (a sentence on standard error says why), 130
interrupted, 141 whoever read its output has gone.
Imports neither Streamlit nor Plotly. A command is one function in a module, and its word stands in COMMANDS.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

# The first word of a command -> the module beside this one that registers it, in the order of `--help`.
COMMANDS = {
    "summary": "coverage_commands",
    "gaps": "coverage_commands",
    "rules": "coverage_commands",
    "problems": "coverage_commands",
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
    """The application that can run these arguments: with the one command they begin with, else with every one.

    A command that is not asked for costs no import, which for all of them is a tenth of a short run.
    """
    from coverage.cli.main import app

    named = COMMANDS.get(arguments[0]) if arguments else None
    for module in [named] if named else dict.fromkeys(COMMANDS.values()):
        import_module(f"coverage.cli.{module}")
    return app


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command, after everything it wrote has left the program.

    The boundary of the command line: what keeps a command from reading or writing becomes one sentence here,
    wherever it happened. Anything else is a fault of the program, and keeps its traceback.
    """
    from coverage.cli.streams import CLOSED_PIPE, ClosedPipe, OutputError, guard_streams

    guard_streams()
    try:
        try:
            code = _ended(arguments)
        finally:
            sys.stdout.flush()
    except ClosedPipe:
        return CLOSED_PIPE
    except OutputError as error:
        return _told(str(error))
    except OSError as error:
        cause = error.strerror or str(error) or type(error).__name__
        return _told(f"{os.fsdecode(error.filename)}: {cause}" if error.filename else cause)
    except KeyboardInterrupt:
        return 130
    return code


def _ended(arguments: Sequence[str]) -> int:
    from coverage.catalogue import CatalogueError

    try:
        application(arguments)(list(arguments), prog_name="python -m coverage.cli")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except CatalogueError as error:  # a file of a release that is found damaged when it is read
        return _told(str(error))
    return 0


def _told(cause: str) -> int:
    from coverage.cli.options import shown

    sys.stderr.write(f"coverage: {shown(cause)}\n")
    return 2
