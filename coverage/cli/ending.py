"""How a command ends: with 1 only when a check failed, with 2 for anything that kept it from an answer.

Python ends with 1 on an exception, and click on a broken pipe; a gate in CI would take either for a failed
check.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

COULD_NOT_RUN = 2
INTERRUPTED = 130  # as a shell has it: 128 and the number of the signal


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
        return _could_not_run(str(error))
    except OSError as error:
        return _could_not_run(_sentence(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the boundary of the process: no exception is a failed check
        import traceback

        traceback.print_exc()
        return _could_not_run(f"internal error, please report it: {type(error).__name__}: {error}")
    return code


def _ended(arguments: Sequence[str]) -> int:
    from coverage.catalogue import CatalogueError
    from coverage.cli import application

    try:
        application(arguments)(list(arguments), prog_name="python -m coverage.cli")
    except SystemExit as end:
        return _code(end)
    except CatalogueError as error:  # a file of a release that is found damaged when it is read
        return _could_not_run(str(error))
    return 0


def _code(end: SystemExit) -> int:
    """The code of an exit; click says 1 for an interrupt."""
    from click.exceptions import Abort

    if isinstance(end.__context__, Abort):
        return INTERRUPTED
    return end.code if isinstance(end.code, int) else 0 if end.code is None else COULD_NOT_RUN


def _sentence(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{os.fsdecode(error.filename)}: {reason}" if error.filename else reason


def _could_not_run(message: str) -> int:
    from coverage.text import printable

    sys.stderr.write(f"coverage: {printable(message)}\n")
    return COULD_NOT_RUN
