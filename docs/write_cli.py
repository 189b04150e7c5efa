"""Writes `docs/cli.md` from the commands themselves: `python docs/write_cli.py` from the project's folder.

`tests/docs/test_docs.py` fails when the page and the commands differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "cli.md"
PROGRAM = "python -m coverage.cli"

INTRODUCTION = f"""\
# The command line

`{PROGRAM}`, from the project's folder and in its environment (`.venv/bin/python` after the README's first
command).
The same functions as the dashboard, so the numbers are the same. Written by `docs/write_cli.py`; do not edit.

Exit codes: 0 done, 1 a check failed, 2 it could not run or its output could not be written (one sentence
on standard
error says why), 130 interrupted, 141 whoever read its output has gone. A CSV file is written whole or not at
all.
Without PATH the rules of `COVERAGE_RULES` are read (several joined by the system's path separator), else
the corpora of `coverage.toml` that are on, else `rules/` beside it or in the current folder, else the
example rules, which
`check`, `diff`, `lint`, `migrate` and `snapshot` never read from elsewhere. [corpora.md](corpora.md) says
how corpora are named,
and [configuration.md](configuration.md) has every environment variable.
"""


def page() -> str:
    """The text of `docs/cli.md`."""
    import typer

    from coverage.cli import application

    root = typer.main.get_command(application())
    return INTRODUCTION + "".join(f"\n{section}" for section in _sections(root, ()))


def _sections(group, names: tuple[str, ...]) -> Iterator[str]:
    for name, command in group.commands.items():
        path = (*names, name)
        if hasattr(command, "commands"):
            yield f"## {' '.join(path)}\n\n{command.help}\n"
            yield from _sections(command, path)
        else:
            yield _section(command, path)


def _section(command, path: tuple[str, ...]) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([PROGRAM, *path, *(["[OPTIONS]"] if options else []), *(_metavar(a) for a in arguments)])
    lines = [
        f"{'#' * (len(path) + 1)} {' '.join(path)}",
        "",
        _one_line(command.help),
        "",
        "```",
        usage,
        "```",
        "",
    ]
    if arguments or options:
        lines += ["| | |", "|---|---|", *(_row(p) for p in [*arguments, *options]), ""]
    if examples := _examples(command.epilog or ""):
        lines += ["```sh", *(f"{PROGRAM} {example}" for example in examples), "```", ""]
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _metavar(parameter) -> str:
    name = (parameter.metavar or parameter.name.upper()) + (" ..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _row(parameter) -> str:
    if parameter.param_type_name == "argument":
        name = _metavar(parameter)
    else:
        value = "" if parameter.is_flag else f" {parameter.metavar or 'NAME'}"
        name = ", ".join(f"{text}{value}" for text in (*parameter.opts, *parameter.secondary_opts))
    return f"| `{name}` | {_one_line(parameter.help or '')}{_default(parameter)} |"


def _default(parameter) -> str:
    """What an option is where it is not given: its value, or the words that help has for it."""
    if isinstance(parameter.default, str) and parameter.default:
        return f" Default: `{parameter.default}`."
    words = getattr(parameter, "show_default", None)
    return f" Default: {words}." if isinstance(words, str) else ""


def _examples(epilog: str) -> list[str]:
    _, found, text = epilog.partition(":")
    return (
        [example.strip() for example in text.split("  |  ")] if found and epilog.startswith("Example") else []
    )


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    PAGE.write_text(page(), encoding="utf-8")
