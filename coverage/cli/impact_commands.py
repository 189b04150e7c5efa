"""impact: what a move to another ATT&CK release changes for one's rules and their coverage."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from coverage.catalogue import CatalogueError, Release, shelf
from coverage.changes.impact import Impact
from coverage.changes.impact import impact as compare
from coverage.cli.main import app
from coverage.cli.options import AsJson, CsvFile, Paths, choice, chosen_release, one_output, stop
from coverage.cli.output import print_json, print_table, write_bytes
from coverage.cli.scope_options import NOTHING, Given, chosen_readings, takes_scope
from coverage.cli.terminal import terminal
from coverage.exports.impact import TABLES, comparison, impact_csv, impact_json
from coverage.reading import newest_other_release
from coverage.words import amount

From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="RELEASE", help="Release to move from. [default: the newest older one installed]"
    ),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="RELEASE", help="Release to move to. [default: as --attack elsewhere]"),
]
Which = Annotated[
    str, typer.Option("--table", metavar="TABLE", help=f"What --csv writes: {', '.join(TABLES)}.")
]

# The words of kinds and changes of IDs, where they are not their own.
_KIND_WORDS = {"subtechnique": "sub-technique"}
_CHANGE_WORDS = {"platforms": "on other platforms", "parent": "under another technique"}


@app.command(
    epilog="Examples:  impact --from enterprise-18.1 --to enterprise-19.0  |  impact my-rules --to "
    "enterprise-19.0 --table rules --csv touched.csv"
)
@takes_scope(attack=False, corpora=False)
def impact(
    paths: Paths = None,
    start: From = None,
    to: To = None,
    scope: Given = NOTHING,
    table: Which = "ledger",
    as_json: AsJson = False,
    csv: CsvFile = None,
) -> None:
    """What another ATT&CK release changes: coverage by cause, and the rules affected."""
    one_output(as_json, csv)
    table = choice("table", table, TABLES)
    releases = _releases(start, to)
    pairs, _ = chosen_readings(paths, releases, scope)
    found = compare(*(view for _, view in pairs))
    if csv is not None:
        write_bytes(impact_csv(found, table), csv)
    if as_json:
        print_json(impact_json(found))
    elif csv is None:
        _print_impact(found)


def _releases(start: str | None, to: str | None) -> tuple[str, str]:
    """The two releases meant, or an exit that says why there are none."""
    try:
        new = Release.parse(chosen_release(to))
        old = Release.parse(start) if start else newest_other_release(new)
    except (CatalogueError, ValueError) as error:
        raise stop(str(error)) from error
    if old is None:
        raise stop(f"{new.title} is the only installed release of its domain; {shelf.HOW_TO_GET_MORE}")
    if old == new or old.domain != new.domain:
        raise stop(f"choose two different releases of one domain, not {old} and {new}")
    return str(old), str(new)


def _print_impact(found: Impact) -> None:
    console = terminal(120)
    console.print(found.sentence())
    console.print(_comparison_table(found))
    changes = found.changes.assign(rules_read=[len(keys) for keys in found.changes["rules"]])
    touching = changes[changes["rules_read"] > 0].sort_values(
        ["rules_in_scope", "rules_read"], ascending=False, kind="stable"
    )
    shown = ["attack_id", "name", "change", "before", "after", "successors", "rules_in_scope", "rules_read"]
    print_table(
        touching[shown],
        f"{len(touching):,} of {amount(len(changes), 'change touches', 'changes touch')} rules",
    )
    console.print(_rest(changes[changes["rules_read"] == 0]))
    scope = found.after.scope
    console.print(scope.sentence(), scope.corpora_sentence(), sep="\n", style="dim")


def _comparison_table(found: Impact) -> Table:
    rows = comparison(found)
    table = Table(*rows.columns, title="Coverage before and after, by cause", title_justify="left", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows.itertuples(index=False):
        table.add_row(*row)
    return table


def _rest(changes: pd.DataFrame) -> str:
    counts = changes.groupby(["kind", "change"]).size()
    parts = [
        f"{amount(count, _KIND_WORDS.get(kind, kind))} {_CHANGE_WORDS.get(change, change)}"
        for (kind, change), count in counts.items()
    ]
    return f"No rule is touched by the rest: {', '.join(parts)}." if parts else "Every change touches a rule."
