"""export: a state of coverage as files for the next person: layers, workbook, picture, report, frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated

import typer

from coverage.catalogue import CatalogueError
from coverage.cli.folder_output import write_folder
from coverage.cli.gap_options import GapsFile, accepted_gaps
from coverage.cli.main import app
from coverage.cli.options import Paths, choice, chosen_settings, given_day, stop
from coverage.cli.output import write_bytes
from coverage.cli.scope_options import NOTHING, Given, chosen_readings, takes_scope
from coverage.cli.short_help import ADVANCED
from coverage.cli.terminal import error_console
from coverage.cli.threat_options import ProfileName, chosen_profile, threat_of
from coverage.exports.briefing import changes_since
from coverage.exports.bundle import EXPORTS, Refused, Wishes, every_frame, everything
from coverage.exports.columns import EVERY_FRAME
from coverage.exports.content import Content
from coverage.exports.parquet import FORMS
from coverage.measures.cell import FILE_MEASURES
from coverage.tables import TableError
from coverage.threats.profile import profiles_of
from coverage.words import amount

_ALL = "all"
_KINDS = (*EXPORTS, *FORMS, _ALL)
_REPORTS = ("report", "markdown", _ALL)

What = Annotated[str, typer.Option("--what", metavar="KIND", help=f"What to write: {', '.join(_KINDS)}.")]
Output = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE_OR_FOLDER",
        help="File to write, - for standard output, or folder. A folder for all, and for csv, json and "
        "parquet without --frame.",
    ),
]
Measure = Annotated[
    list[str] | None,
    typer.Option(
        "--measure",
        metavar="MEASURE",
        help=f"Colour of layer and picture: {', '.join(FILE_MEASURES)}. For layer repeatable, or "
        "all: several layers in one file. [default: rules]",
    ),
]
Frame = Annotated[
    str | None,
    typer.Option(
        "--frame",
        metavar="NAME",
        help="One frame as csv, json or parquet. docs/columns.md lists them.",
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
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="BASE",
        help="Report the changes since this snapshot, folder of rules or git revision. As for diff.",
    ),
]


@app.command(
    epilog="Examples:  export --what layer -o coverage.json  |  export my-rules --what all -o coverage-files "
    " |  "
    "export --what parquet --frame gaps -o gaps.parquet  |  export --what report --baseline baseline.jsonl "
    "-o report.html"
)
@takes_scope()
def export(
    paths: Paths = None,
    what: What = "",
    output: Output = "",
    measure: Measure = None,
    frame: Frame = None,
    on: Day = None,
    baseline: Baseline = None,
    gaps_file: GapsFile = None,
    profile: ProfileName = None,
    scope: Given = NOTHING,
) -> None:
    """Coverage as Navigator layers, workbook, picture, report, CSV, JSON or Parquet.

    Written whole or not at all, with the scope's stamp.
    """
    if not what or not output:
        raise stop(
            "choose what to write and where, such as --what report -o report.html; --what is one of "
            f"{', '.join(_KINDS)}"
        )
    kind, wishes = choice("kind of file", what, _KINDS), Wishes(_measures(measure))
    name = _frame(frame, kind)
    if output == "-" and (kind == _ALL or (kind in FORMS and name is None)):
        raise stop(
            f"{kind} is several files; name a folder"
            + ("" if kind == _ALL else ", or one frame with --frame")
        )
    if baseline is not None and (kind not in _REPORTS or scope.corpora):
        raise stop(
            "--baseline is for report, markdown and all, over every corpus that is read: leave --corpus out"
        )
    ((reading, view),), _ = chosen_readings(paths, (scope.attack,), scope, given_day(on))
    settings = chosen_settings()
    stated = next(iter(profiles_of(settings).values()), None) if profile is None else chosen_profile(profile)
    threat = threat_of(stated, reading, view.scope.date) if stated is not None else None
    content = Content(reading, view, settings, accepted_gaps(view, gaps_file, reading.reader), threat)
    if baseline is not None:
        wishes = Wishes(wishes.measures, _changes(baseline, paths, content))
    try:
        _write(content, kind, name, wishes, output)
    except (Refused, TableError) as refusal:
        raise stop(str(refusal)) from refusal


def _write(content: Content, kind: str, frame: str | None, wishes: Wishes, output: str) -> None:
    if kind in EXPORTS:
        write_bytes(EXPORTS[kind].make(content, wishes), output)
    elif frame is not None:
        write_bytes(FORMS[kind][0](content, frame), output)
    else:
        count = write_folder(_files(content, kind, wishes), output)
        error_console.print(f"{amount(count, 'file')} in {output}")


def _files(content: Content, kind: str, wishes: Wishes) -> Iterator[tuple[str, bytes]]:
    return everything(content, wishes) if kind == _ALL else every_frame(content, kind)


def _measures(given: list[str] | None) -> tuple[str, ...]:
    chosen = [choice("measure", name, (*FILE_MEASURES, _ALL)) for name in given or ("rules",)]
    return tuple(FILE_MEASURES) if _ALL in chosen else tuple(dict.fromkeys(chosen))


def _frame(given: str | None, kind: str) -> str | None:
    if given is not None and kind not in FORMS:
        raise stop(f"--frame is for {', '.join(FORMS)}, not for {kind}")
    return None if given is None else choice("frame", given, EVERY_FRAME)


def _changes(baseline: str, paths: list[str] | None, content: Content) -> Mapping:
    """What the report says of the difference to the baseline, in the baseline's own scope when it is a
    snapshot.
    """
    from coverage.changes.difference import difference
    from coverage.changes.steps import State
    from coverage.changes.threat_state import threat_change
    from coverage.cli.states import CURRENT, note_left_out, side_of

    side = side_of(baseline, paths)
    note_left_out(side)
    scope = (
        side.snapshot.scope
        if side.snapshot
        else replace(content.view.scope, corpora=tuple(side.loaded.corpora))
    )
    try:
        found = difference(
            State(side.name, side.loaded, scope, side.snapshot),
            State(CURRENT, content.reading.loaded, content.view.scope),
        )
        threat = threat_change(found, content.threat.profile) if content.threat is not None else None
        return changes_since(found, content.accepted, threat)
    except (CatalogueError, TableError, ValueError) as error:
        raise stop(str(error)) from error
