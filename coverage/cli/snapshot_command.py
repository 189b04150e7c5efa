"""snapshot: the state of the rules and their coverage in one file, to compare with later."""

from __future__ import annotations

from typing import Annotated

import typer

from coverage.changes.snapshot import snapshot_bytes
from coverage.changes.threat_state import threat_state
from coverage.cli.main import app
from coverage.cli.options import Paths, given_day, own_paths, stop
from coverage.cli.output import write_bytes
from coverage.cli.scope_options import NOTHING, Given, chosen_readings, takes_scope
from coverage.cli.short_help import ADVANCED
from coverage.cli.terminal import error_console
from coverage.cli.threat_options import ProfileName, chosen_profile, threat_of
from coverage.measures import summary
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
    profile: ProfileName = None,
    scope: Given = NOTHING,
) -> None:
    """Keep rules, mappings, scope, release and threat coverage in one file, to compare with later."""
    if not output:
        raise stop("name the file to write, such as -o baseline.jsonl")
    day = given_day(on)
    ((reading, view),), loaded = chosen_readings(own_paths(paths), (scope.attack,), scope, day)
    against = threat_state(view, threat_of(chosen_profile(profile, day=day), reading, day))
    write_bytes(snapshot_bytes(view, loaded, output.endswith(".gz"), against), output)
    if output != "-":
        counts = summary(view)["techniques"]
        words = (
            f"{amount(len(loaded.rules), 'rule')}, {counts['covered']:,} of "
            f"{amount(counts['total'], 'technique')} covered in {view.scope.attack.title}; against "
            f"{against.name} {against.words()}"
        )
        error_console.print(f"{output}: {words}")
