"""threats: how far are we covered against whom, and what next?"""

from __future__ import annotations

from typing import Annotated

import typer

from coverage.cli.main import app
from coverage.cli.options import AsJson, CsvFile, EveryRow, Paths, one_output, stop
from coverage.cli.output import MOST_ROWS, print_json, print_table, write_bytes
from coverage.cli.scope_options import NOTHING, Given, takes_scope
from coverage.cli.terminal import error_console, terminal
from coverage.cli.threat_options import BorrowFrom, ProfileName, chosen_profile, threat_of, views_apart
from coverage.exports.tables import stamped_csv
from coverage.exports.threats import threats_json
from coverage.measures.adversaries import adversaries
from coverage.measures.need import threat_coverage
from coverage.measures.work_order import technique_steps, work_order
from coverage.tables import TableError, ease_factors
from coverage.threats.profile import with_ways
from coverage.vocabulary import STATES, WAYS
from coverage.words import amount

_MOST_GAPS = 10
_STEP_COLUMNS = ["step", "add", "name", "closes", "members", "weighted_so_far"]

Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="ID|NAME",
        help="In place of a profile: this group, software or campaign. Repeatable.",
    ),
]
Through = Annotated[
    list[str] | None,
    typer.Option(
        "--through",
        metavar="WAY",
        help="Count also what adversaries of ATT&CK come to this way: campaign, software. Repeatable.",
    ),
]

Layer = Annotated[
    str | None,
    typer.Option(
        "--layer",
        metavar="FILE",
        help="Write a Navigator layer of what is needed over what is covered. Beside the rest; - is standard "
        "output, in place of it.",
    ),
]


@app.command(
    epilog='Examples:  threats  |  threats my-rules --group G0016 --group "Volt Typhoon" --json  |  threats '
    "--profile incidents.yaml --csv adversaries.csv"
)
@takes_scope(defaults={"pre": True})
def threats(
    paths: Paths = None,
    profile: ProfileName = None,
    group: Groups = None,
    through: Through = None,
    borrow_from: BorrowFrom = None,
    layer: Layer = None,
    scope: Given = NOTHING,
    as_json: AsJson = False,
    csv: CsvFile = None,
    every_row: EveryRow = False,
) -> None:
    """Coverage against a threat profile, for each adversary, and what to do next. Pre-attack techniques count
    unless --no-pre is given: an adversary uses them, too.
    """
    one_output(as_json, csv)
    if profile is not None and group:
        raise stop("choose one of --profile and --group")
    ways = [way for way in WAYS if way != "direct"]
    if unknown := [way for way in through or () if way not in ways]:
        raise stop(f"unknown way: '{unknown[0]}'; choose from {', '.join(ways)}")
    chosen = with_ways(chosen_profile(profile, group), through or ())
    reading, view, others = views_apart(paths, borrow_from, scope)
    threat = threat_of(chosen, reading, strict=bool(group))
    if threat.members.empty and not len(threat.problems):
        error_console.print(f"nobody in the profile {chosen.name} uses a technique of this release")
    if layer is not None:
        from coverage.exports.navigator import layer_file, threat_layer

        write_bytes(layer_file([threat_layer(view, threat)]), layer)
        if layer == "-":
            return
    rows = adversaries(view, threat)
    if csv is not None:
        write_bytes(stamped_csv(rows, view.scope), csv)
        return
    try:
        order = work_order(view, threat, ease_factors(), others)
    except TableError as error:
        raise stop(str(error)) from error
    steps = technique_steps(view, threat)
    if as_json:
        print_json(threats_json(view, threat, order, steps))
        return
    coverage = threat_coverage(view, threat)
    console = terminal(soft_wrap=True)
    console.print(threat.sentence(), coverage.sentence(chosen.name), sep="\n")
    most = None if every_row else MOST_ROWS
    worst = rows.sort_values(["share", "needed"], ascending=[True, False], kind="stable")
    print_table(
        worst[["member_id", "name", "needed", *STATES, "covered", "last_reported"]],
        f"{amount(len(rows), 'member')}, the least covered first",
        most=most,
    )
    print_table(
        steps[_STEP_COLUMNS],
        f"{amount(len(steps), 'ID')} to cover, each the one that adds the most",
        view.scope.sentence(),
        view.scope.corpora_sentence(),
        most=None if every_row else _MOST_GAPS,
    )
