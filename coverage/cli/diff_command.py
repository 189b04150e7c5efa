"""diff: what became of coverage between two states, and which rule, release or option made it so."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from coverage.catalogue import CatalogueError
from coverage.changes.difference import Difference, difference, grain_counts, scopes_differ
from coverage.changes.rule_diff import change_words
from coverage.changes.threat_state import ThreatChange, threat_change
from coverage.cli.gap_options import GapsFile, accepted_gaps
from coverage.cli.main import app
from coverage.cli.options import AsJson, CsvFile, stop
from coverage.cli.output import print_json, print_table, write_bytes
from coverage.cli.scope_options import NOTHING, Given, takes_scope
from coverage.cli.states import WHAT, RulePaths, note_left_out, states, two_sides
from coverage.cli.terminal import terminal, write_out
from coverage.cli.threat_options import ProfileName, chosen_profile
from coverage.exports.difference import (
    difference_csv,
    difference_json,
    difference_markdown,
    figures,
    rule_counts,
)
from coverage.measures.accepted import unit_marks
from coverage.project.accepted_gaps import Accepted
from coverage.tables import TableError
from coverage.threats.profile import Profile

Base = Annotated[
    str,
    typer.Argument(
        metavar="BASE", help=f"What to compare with: {WHAT}. A..B is two revisions.", show_default=False
    ),
]
Head = Annotated[
    str | None,
    typer.Argument(
        metavar="HEAD", help=f"{WHAT.capitalize()}. [default: the current rules]", show_default=False
    ),
]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown for a comment on a pull request.")]


@app.command(
    epilog="Examples:  diff main..HEAD --path rules --markdown  |  diff baseline.jsonl  |  diff "
    "baseline.jsonl my-rules --attack enterprise-19.0 --json"
)
@takes_scope(corpora=False, default="as in BASE, where that is a snapshot")
def diff(
    base: Base,
    head: Head = None,
    paths: RulePaths = None,
    profile: ProfileName = None,
    scope: Given = NOTHING,
    as_json: AsJson = False,
    markdown: Markdown = False,
    csv: CsvFile = None,
    file: GapsFile = None,
) -> None:
    """Techniques gained or lost between two states with their causes, changed rules, and threat coverage.

    Options that are not given are as in BASE when it is a snapshot, so that like is compared with like.
    """
    if sum((as_json, markdown, csv is not None)) > 1:
        raise stop("choose one of --json, --markdown and --csv")
    sides = two_sides(base, head, paths)
    against = chosen_profile(profile)
    found = _found(*states(*sides, scope))
    note_left_out(*sides)
    accepted = accepted_gaps(found.after, file)
    if csv is not None:
        write_bytes(difference_csv(found, accepted), csv)
        return
    threat = _threat(found, against)
    if as_json:
        print_json(difference_json(found, accepted, threat))
    elif markdown:
        text = difference_markdown(found, accepted=accepted, threat=threat)
        write_out(text.encode("utf-8", "replace"))
    else:
        _print(found, accepted, threat)


def _found(base, head) -> Difference:
    try:
        return difference(base, head)
    except (CatalogueError, TableError, ValueError) as error:
        raise stop(str(error)) from error


def _threat(found: Difference, profile: Profile) -> ThreatChange:
    try:
        return threat_change(found, profile)
    except TableError as error:
        raise stop(str(error)) from error


_WIDE = 105  # signs that the figures with every cause take


def _figures(found: Difference, narrow: bool) -> Table:
    """The figures; `narrow`: without the causes that changed nothing."""
    rows = figures(found)
    if narrow:
        idle = [name for name in rows.columns if name.startswith("by ") and (rows[name] == "0").all()]
        rows = rows.drop(columns=idle)
    table = Table(*rows.columns, box=None)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows.itertuples(index=False):
        table.add_row(*row)
    return table


def _print(found: Difference, accepted: Accepted, threat: ThreatChange) -> None:
    console = terminal()
    console.print(found.sentence())
    for text in found.without_rules:
        console.print(text)
    console.print(_figures(found, narrow=console.is_terminal and console.width < _WIDE))
    for text in (threat.sentence(), *threat.differences()):
        console.print(text)
    units = found.units.assign(accepted=unit_marks(found.units, accepted, found.after))
    ids = units[units["grain"] != "placements"]
    for change in ("lost", "gained"):
        rows = ids[ids["change"] == change]
        if len(rows):
            marked = ["accepted"] if rows["accepted"].any() else []
            print_table(
                rows[["attack_id", "name", "before", "after", *marked, "cause", "because"]],
                f"{change.capitalize()}: {grain_counts(rows)}",
            )
    rules = found.rules.frame
    if len(rules):
        shown_rules = pd.DataFrame(
            {
                "rule": rules["name"],
                "change": [change_words(row) for row in rules.to_dict("records")],
                "file": rules["path"],
            }
        )
        print_table(shown_rules, "Rules that changed")
    console.print(rule_counts(found))
    for text in scopes_differ(found.base.scope, found.head.scope):
        console.print(text)
    for word, state in (("before", found.base), ("after", found.head)):
        console.print(
            f"{word}: {state.name} · {state.scope.sentence()} · {state.scope.corpora_sentence()}",
            style="dim",
        )
