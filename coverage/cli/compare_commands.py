"""compare, borrow: two corpora compared, and what mine could take from the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from coverage.changes.borrow import Borrowing, borrow, with_classes
from coverage.changes.compare import GRAINS, Comparison, compare
from coverage.cli.main import app
from coverage.cli.options import AsJson, CsvFile, choice, one_output, stop
from coverage.cli.output import print_json, print_table, write_bytes
from coverage.cli.scope_options import NOTHING, Given, chosen_readings, chosen_view, takes_scope
from coverage.cli.terminal import terminal
from coverage.cli.threat_options import ProfileName, chosen_profile, threat_of
from coverage.exports.compare import borrow_csv, borrow_json, comparison_csv, comparison_json
from coverage.reading import platforms_of
from coverage.scope import View
from coverage.tables import TableError, priority_weights
from coverage.words import amount, noun

_NAMED = "a folder or file. NAME=PATH gives them a name."
First = Annotated[str, typer.Argument(metavar="A", help=f"The first rules: {_NAMED}", show_default=False)]
Second = Annotated[str, typer.Argument(metavar="B", help=f"The second rules: {_NAMED}", show_default=False)]
Mine = Annotated[
    str,
    typer.Argument(
        metavar="MINE", help=f"My rules, whose gaps are to be closed: {_NAMED}", show_default=False
    ),
]
Others = Annotated[
    list[str],
    typer.Argument(metavar="OTHER", help=f"Rules that may be borrowed: {_NAMED}", show_default=False),
]
Have = Annotated[
    bool,
    typer.Option("--have-log-sources", help="Only rules with a log source that my rules in scope have."),
]
HaveData = Annotated[
    bool,
    typer.Option(
        "--have-data",
        help="Only rules with a data component that my rules in scope have. On the same platform; adds to "
        "--have-log-sources.",
    ),
]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--log-source",
        metavar="NAME",
        help="Only rules with this log source. Repeatable; adds to --have-log-sources.",
    ),
]
On = Annotated[
    list[str] | None,
    typer.Option("--on", metavar="PLATFORM", help="Only rules known to work on this platform. Repeatable."),
]
AnyClass = Annotated[
    bool,
    typer.Option(
        "--any-class",
        help="Borrow rules of every class, enabled or not. [default: the classes in scope]",
    ),
]
Plan = Annotated[
    bool,
    typer.Option(
        "--plan",
        help="The fewest rules that close the gaps, best first. Without it every rule for every gap.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="At most N rows. With --plan the first N rules."),
]


@app.command(
    "compare",
    epilog="Examples:  compare ours=my-rules sigma=../sigma/rules  |  compare my-rules ../sigma/rules "
    "--platform Linux --csv compare.csv",
)
@takes_scope(corpora=False)
def compare_command(
    a: First,
    b: Second,
    scope: Given = NOTHING,
    as_json: AsJson = False,
    csv: CsvFile = None,
) -> None:
    """What only A covers, only B, both and neither, each read in one release."""
    one_output(as_json, csv)
    found = compare(*_apart([a, b], scope))
    if csv is not None:
        write_bytes(comparison_csv(found), csv)
    if as_json:
        print_json(comparison_json(found))
    elif csv is None:
        _print_comparison(found)


def _apart(paths: list[str], scope: Given) -> list[View]:
    """One view a path, of one set of rules in one scope."""
    view, _ = chosen_view(paths, scope)
    return [view.of_corpora([stamp.name]) for stamp in view.scope.corpora]


def _print_comparison(found: Comparison) -> None:
    console = terminal()
    for grain in GRAINS:
        console.print(found.sentence(grain))
    console.print(_tactic_table(found))
    for side, name, rules in (("a_only", found.names[0], "rules_a"), ("b_only", found.names[1], "rules_b")):
        rows = found.ids[found.ids["side"] == side].sort_values(
            ["groups", "attack_id"], ascending=[False, True]
        )
        columns = ["attack_id", "name", rules, "groups", "software", "tactics"]
        counts = [
            f"{found.count(grain)[side]:,} of {found.count(grain)['total']:,} {words}"
            for grain, words in GRAINS.items()
        ]
        title = f"Only {name}: {' and '.join(counts)} in scope"
        print_table(rows[columns].rename(columns={rules: "rules"}), title)
    _print_stamp(found.scope)


def _tactic_table(found: Comparison) -> Table:
    a, b = found.names
    heads = [f"only {a}", "both", f"only {b}", "neither", "in scope"]
    table = Table("by tactic", *heads, *(f"sub-techniques: {heads[0]}", *heads[1:]), box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    counts = found.tactics.set_index(["name", "grain"])[["a_only", "both", "b_only", "neither", "total"]]
    for name in found.tactics["name"].unique():
        table.add_row(name, *(f"{value:,}" for grain in GRAINS for value in counts.loc[(name, grain)]))
    return table


@app.command(
    "borrow",
    epilog="Examples:  borrow ours=my-rules sigma=../sigma/rules --plan --limit 10  |  borrow my-rules "
    "../sigma/rules --have-log-sources --have-data --csv borrow.csv",
)
@takes_scope(corpora=False)
def borrow_command(
    mine: Mine,
    others: Others,
    have: Have = False,
    have_data: HaveData = False,
    log_sources: Sources = None,
    on: On = None,
    any_class: AnyClass = False,
    plan: Plan = False,
    limit: Limit = None,
    profile: ProfileName = None,
    scope: Given = NOTHING,
    as_json: AsJson = False,
    csv: CsvFile = None,
) -> None:
    """Rules of other rule sets that would close my gaps; with --plan the fewest.

    With a threat profile only the gaps that it needs, each worth its need.
    """
    one_output(as_json, csv)
    found = _borrowing([mine, *others], any_class, scope, profile)
    words = [*(found.own_log_sources if have else ()), *(log_sources or ())] if have or log_sources else None
    candidates = found.restricted(words, _platforms(found, on), have_data)
    rows = found.plan(candidates) if plan else candidates
    rows, steps = (rows if limit is None else rows.head(limit)), len(rows) if plan else None
    if csv is not None:
        write_bytes(borrow_csv(rows, found), csv)
    if as_json:
        print_json(borrow_json(found, candidates, rows, "plan" if plan else "rules"))
    elif csv is None:
        _print_borrow(found, candidates, rows, steps)


def _borrowing(paths: list[str], any_class: bool, scope: Given, profile: str | None) -> Borrowing:
    chosen = chosen_profile(profile) if profile is not None else None
    ((reading, view),), _ = chosen_readings(paths, (scope.attack,), scope)
    threat = threat_of(chosen, reading) if chosen is not None else None
    first, *rest = (stamp.name for stamp in view.scope.corpora)
    others = view.of_corpora(rest)
    try:
        return borrow(
            view.of_corpora([first]),
            with_classes(others) if any_class else others,
            priority_weights(),
            threat,
        )
    except TableError as error:
        raise stop(str(error)) from error


def _platforms(found: Borrowing, names: Iterable[str] | None) -> list[str]:
    known = platforms_of(found.mine.catalogue)
    return [choice(f"platform of {found.mine.catalogue.release.title}", name, known) for name in names or ()]


def _print_borrow(found: Borrowing, candidates: pd.DataFrame, rows: pd.DataFrame, steps: int | None) -> None:
    console = terminal()
    console.print(found.sentence(candidates, steps))
    counts = found.figures(candidates)
    if counts["rules"] < counts["rules_of_all"]:
        console.print(
            f"{counts['rules']:,} of {amount(counts['rules_of_all'], 'rule')} that would close a gap "
            f"{noun(counts['rules'], 'fits', 'fit')} the restrictions.",
        )
    if steps is None:
        columns = [
            "attack_id",
            "rule_name",
            "name",
            "weight",
            "severity",
            "rule_platforms",
            "rule_log_sources",
            "corpus",
            "path",
        ]
        print_table(
            rows[columns],
            f"{_shown(len(rows), len(candidates), 'pair')} of a gap and a rule, heaviest gaps first",
        )
    else:
        _print_plan(found, candidates, rows, steps)
    _print_stamp(found.scope)


def _shown(count: int, total: int, noun_: str) -> str:
    """`5 of 8 pairs`, and `8 pairs` where that is all."""
    return amount(total, noun_) if count == total else f"{count:,} of {amount(total, noun_)}"


def _print_plan(found: Borrowing, candidates: pd.DataFrame, rows: pd.DataFrame, steps: int) -> None:
    table = rows[
        ["step", "rule_name", "severity", "closes", "weight", "rule_log_sources", "corpus", "path"]
    ].copy()
    so_far = [
        f"{done:,.1f} of {whole:,.1f} ({share:.0%})"
        for done, whole, share in zip(
            rows["weight_so_far"], rows["weight_closable"], rows["share"], strict=True
        )
    ]
    table.insert(5, "weight so far", pd.Series(so_far, index=table.index, dtype="str"))
    weights = ", ".join(f"{value:g} per {term}" for term, value in found.weights.items())
    if found.threat is not None:
        weights = f"what is needed against {found.threat.profile.name}"
        helped = found.helped(candidates).head(len(table))
        table.insert(5, "helps against", helped["members"].tolist())
        covered = [f"{share:.1%}" for share in helped["weighted_so_far"]]
        table.insert(6, "weighted coverage", pd.Series(covered, index=table.index, dtype="str"))
    print_table(
        table,
        f"{_shown(len(rows), steps, 'step')}; each takes the rule that closes the most weight of "
        f"what is left ({weights})",
    )


def _print_stamp(scope) -> None:
    terminal().print(scope.sentence(), scope.corpora_sentence(), sep="\n", style="dim")
