"""snapshot: the state of the rules and their coverage in one file, to compare with later."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from coverage.changes.snapshot import snapshot_bytes
from coverage.cli.main import app
from coverage.cli.options import Paths, own_paths, stop
from coverage.cli.output import write_bytes
from coverage.cli.scope_options import NOTHING, Given, chosen_view, takes_scope
from coverage.cli.short_help import ADVANCED
from coverage.cli.terminal import error_console
from coverage.measures import summary
from coverage.scope import View
from coverage.syntaxes.fields import parsed_day
from coverage.words import amount

Output = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="File to write; .gz is compressed, - is standard output.",
    ),
]
Day = Annotated[
    str | None,
    typer.Option(
        "--date",
        metavar="DAY",
        help="Date of the stamp, such as 2026-03-31. The same input and date give the same bytes. [default: "
        "today]",
        rich_help_panel=ADVANCED,
    ),
]


@app.command(
    "snapshot",
    epilog="Examples:  snapshot -o baseline.jsonl  |  snapshot my-rules --platform Windows -o "
    "baseline.jsonl.gz",
)
@takes_scope(corpora=False)
def snapshot_command(
    paths: Paths = None,
    output: Output = "",
    on: Day = None,
    scope: Given = NOTHING,
) -> None:
    """Keep rules, mappings, scope and release in one file, to compare with later."""
    if not output:
        raise stop("name the file to write, such as -o baseline.jsonl")
    view, loaded = chosen_view(own_paths(paths), scope)
    if on is not None:
        view = _dated(view, on)
    write_bytes(snapshot_bytes(view, loaded, output.endswith(".gz")), output)
    if output != "-":
        counts = summary(view)["techniques"]
        words = (
            f"{amount(len(loaded.rules), 'rule')}, {counts['covered']:,} of "
            f"{amount(counts['total'], 'technique')} covered in {view.scope.attack.title}"
        )
        error_console.print(f"{output}: {words}")


def _dated(view: View, text: str) -> View:
    from dataclasses import replace

    day: date | None = parsed_day(text)
    if day is None:
        raise stop(f"'{text}' is not a date; write it as 2026-03-31")
    return replace(view, scope=replace(view.scope, date=day))
