"""How a command ends: with 1 only when a check failed, with 2 for whatever kept it from an answer.

Python ends with 1 on an exception, and click on a broken pipe; a gate in CI would take either for a failed check.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

NOT_TOLD = 2
INTERRUPTED = 130  # as a shell has it: 128 and the number of the signal


def run(arguments: Sequence[str]) -> int:
    """The exit code of the command that these arguments name, after it ran. Nothing but an exit goes through."""
    try:
        from coverage.cli import application

        application(arguments)(list(arguments), prog_name="python -m coverage.cli")
        return _written(0)
    except SystemExit as end:
        return _written(_code(end))
    except OSError as error:
        if error.errno == errno.EPIPE:
            _drop_output()
        return _not_told(_sentence(error))
    except Exception as error:  # noqa: BLE001 - the boundary of the process: whatever it is, it is no failed check
        import traceback

        traceback.print_exc()
        return _not_told(f"this is a fault of the program: {type(error).__name__}: {error}")


def _written(code: int) -> int:
    """The code, once all output has left: what cannot be written, on a full disk say, is no answer."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _drop_output()
        return _not_told(f"cannot write the output: {_sentence(error)}")
    return code


def _drop_output() -> None:
    """Nothing more is written: the interpreter would try again as it ends, and fail with a code of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _code(end: SystemExit) -> int:
    """The code of an exit; click says 1 for an interrupt and for a pipe that nobody reads any more."""
    from click.exceptions import Abort

    cause = end.__context__
    if isinstance(cause, Abort):
        return INTERRUPTED
    if isinstance(cause, OSError) and cause.errno == errno.EPIPE:
        _drop_output()
        return NOT_TOLD
    return end.code if isinstance(end.code, int) else 0 if end.code is None else NOT_TOLD


def _sentence(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _not_told(message: str) -> int:
    text = "".join(sign if sign.isprintable() else "\ufffd" for sign in message)
    print(f"coverage: {text}", file=sys.stderr)
    return NOT_TOLD
