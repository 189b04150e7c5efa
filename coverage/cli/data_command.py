"""data: which rules can run on the data that arrives, and what if a log source stopped, or started?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import pandas as pd
import typer

from coverage.cli.data_options import inventories
from coverage.cli.main import app
from coverage.cli.options import AsJson, CsvFile, EveryRow, Paths, chosen_settings, nearest, one_output, stop
from coverage.cli.output import MOST_ROWS, print_json, print_table, write_bytes
from coverage.cli.scope_options import NOTHING, Given, chosen_readings, takes_scope
from coverage.cli.terminal import error_console, terminal
from coverage.cli.threat_options import ProfileName, chosen_profile, threat_of
from coverage.exports.data_json import data_json
from coverage.exports.tables import stamped_csv
from coverage.inventory.arrivals import Arrivals, arrivals_in
from coverage.inventory.reading import Inventories
from coverage.log_sources import listed_log_sources
from coverage.measures.connections import connected, next_sources, sources
from coverage.measures.data_states import data_summary
from coverage.measures.what_if import WhatIf, what_if
from coverage.scope import View
from coverage.vocabulary import DATA_CHANGES, DATA_STATES
from coverage.words import amount

_MOST_NEXT = 10
_GRAINS = {"techniques": "techniques", "subtechniques": "sub-techniques", "placements": "matrix cells"}
_SOURCE_COLUMNS = ["source", "state", "rules", "rules_only", "ids", "ids_dark", "last_event"]
_NEXT_COLUMNS = ["source", "state", "need", "rules", "covered", "in_reach"]
_CHANGE_COLUMNS = [
    "attack_id",
    "name",
    "change",
    "rules_before",
    "rules_after",
    "state_before",
    "state_after",
]

Files = Annotated[
    list[str] | None,
    typer.Option(
        "--inventory",
        metavar="FILE",
        help="What arrives, in place of the inventories of coverage.toml: an export that docs/data.md lists. "
        "Repeatable.",
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="SOURCE",
        help="What if this log source, or word of an inventory, no longer arrived? Repeatable.",
    ),
]
With = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="SOURCE", help="What if this log source arrived, too? Repeatable."),
]


@app.command(
    epilog="Examples:  data my-rules --inventory streams.json  |  data --without AWS:CloudTrail --json  |  "
    "data --with WinEventLog:Sysmon  |  data --csv sources.csv"
)
@takes_scope()
def data(
    paths: Paths = None,
    inventory: Files = None,
    without: Without = None,
    with_: With = None,
    profile: ProfileName = None,
    scope: Given = NOTHING,
    as_json: AsJson = False,
    csv: CsvFile = None,
    every_row: EveryRow = False,
) -> None:
    """Which rules can run on the data that arrives, what that makes of each ID, and what to connect next."""
    one_output(as_json, csv)
    found = inventories(chosen_settings(), inventory or ())
    if not found.files:
        error_console.print("no inventory: name one with --inventory, or with [[data]] in coverage.toml")
    arrivals = arrivals_in(found)
    chosen = chosen_profile(profile)
    ((reading, view),), _ = chosen_readings(paths, (scope.attack,), scope, arrivals=arrivals)
    change = _change(view, arrivals, without or (), with_ or ())
    if csv is not None:
        rows = sources(view, arrivals) if change is None else change.ids
        write_bytes(stamped_csv(rows, view.scope), csv)
        return
    threat = threat_of(chosen, reading)
    if as_json:
        print_json(data_json(view, arrivals, threat, found, change))
        return
    _print_summary(view, arrivals, found)
    if change is not None:
        _print_change(view, change, every_row)
        return
    print_table(
        sources(view, arrivals)[_SOURCE_COLUMNS],
        "Log sources: those that arrive, then those that rules or MITRE's analytics want",
        most=None if every_row else MOST_ROWS,
    )
    next_ = next_sources(view, arrivals, threat)
    print_table(
        next_[_NEXT_COLUMNS],
        f"{amount(len(next_), 'log source')} to connect, by what is needed against {chosen.name}",
        view.scope.sentence(),
        view.scope.corpora_sentence(),
        most=None if every_row else _MOST_NEXT,
    )


def _change(view: View, arrivals: Arrivals, without: Sequence[str], with_: Sequence[str]) -> WhatIf | None:
    if not without and not with_:
        return None
    table = listed_log_sources()
    known = table.sources
    words = {row.word.casefold(): row.word for row in arrivals.rows}
    lost = [_named(name, {**known, **words}) for name in without]
    if added := [name for name in with_ if name.casefold() in map(str.casefold, lost)]:
        raise stop(f"'{added[0]}' cannot both stop and arrive")
    for name in lost:
        if not arrivals.knows(name):
            error_console.print(f"{name} is in no inventory, so nothing changes without it")
    more = connected([_named(name, known) for name in with_], table)
    return what_if(view, arrivals, arrivals.without(lost).with_(more))


def _named(name: str, known: dict[str, str]) -> str:
    if name.casefold() not in known:
        raise stop(f"unknown log source: '{name}'; {nearest(name, known.values())}")
    return known[name.casefold()]


def _print_summary(view: View, arrivals: Arrivals, found: Inventories) -> None:
    console, result = terminal(soft_wrap=True), data_summary(view, arrivals)
    rules, unmatched = result["rules"], len(found.unmatched)
    console.print(
        f"{amount(len(found.rows), 'row')} in {amount(len(found.files), 'inventory file')}"
        + (f", {unmatched:,} of them unknown words (--json lists them)." if unmatched else "."),
        f"{rules['can_run']:,} of {amount(rules['total'], 'rule')} in scope can run; "
        f"{rules['cannot_fire']:,} cannot fire for want of data; of {rules['not_told']:,} nothing tells.",
        sep="\n",
    )
    _print_states(result["states"], "What data and rules make of each ID")


def _print_states(states: dict, title: str, before: dict | None = None) -> None:
    rows = [
        {
            "": words,
            **{
                name.replace("_", " "): counts[name]
                if before is None or before[grain][name] == counts[name]
                else f"{before[grain][name]:,} → {counts[name]:,}"
                for name in (*DATA_STATES, "total")
            },
        }
        for grain, words in _GRAINS.items()
        for counts in [states[grain]]
    ]
    print_table(pd.DataFrame(rows), title)


def _print_change(view: View, change: WhatIf, every_row: bool) -> None:
    console = terminal(soft_wrap=True)
    turned = change.rules["after"]
    stopped = int((change.rules["before"] == "can_run").sum())
    started = int((turned == "can_run").sum())
    console.print(f"{amount(stopped, 'rule')} would stop, {amount(started, 'rule')} would start to run.")
    console.print(*_sentences(change), sep="\n")
    _print_states(change.after, "Before → after", change.before)
    print_table(
        change.ids[_CHANGE_COLUMNS],
        f"{amount(len(change.ids), 'ID')} to which it makes a difference",
        view.scope.sentence(),
        view.scope.corpora_sentence(),
        most=None if every_row else MOST_ROWS,
    )


def _sentences(change: WhatIf) -> Iterable[str]:
    for name, words in DATA_CHANGES.items():
        if count := len(change.ids_that(name)):
            yield f"{amount(count, 'ID')}: {words}"
