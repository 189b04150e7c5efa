"""summary, gaps, rules, problems: what is covered, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from coverage.catalogue import CatalogueError
from coverage.cli.gap_options import ACCEPTED_CHOICES, Accepted, GapsFile, with_accepted_gaps
from coverage.cli.main import app
from coverage.cli.options import (
    NEEDS_AN_INVENTORY,
    AsJson,
    CsvFile,
    EveryRow,
    Paths,
    choice,
    chosen_release,
    loaded_rules,
    one_output,
    stop,
)
from coverage.cli.output import emit, print_json, write_bytes
from coverage.cli.scope_options import (
    NOTHING,
    Attack,
    Corpora,
    Given,
    chosen_readings,
    takes_scope,
)
from coverage.cli.terminal import error_console, terminal
from coverage.cli.threat_options import BorrowFrom, ProfileName, chosen_profile, threat_of, views_apart
from coverage.exports.tables import GAP_NAMES, stamped_csv, without_text
from coverage.inventory.arrivals import ARRIVES, MISSING, NOT_TOLD
from coverage.loaders import CorpusStamp, Loaded
from coverage.mapping.reader import Reader
from coverage.measures import gaps as gap_list
from coverage.measures import rules_with_ids
from coverage.measures import summary as figures
from coverage.measures.accepted import counts_sentence, marks
from coverage.measures.problems import problem_count, problem_list, unplaced_count
from coverage.measures.work_order import with_need, work_order
from coverage.reading import read_in
from coverage.scope import Scope, View
from coverage.tables import TableError, ease_factors
from coverage.threats.threat import Threat
from coverage.vocabulary import COVERED_GAP_TYPES, GAP_TYPES
from coverage.words import amount, listed, noun

DATA = (ARRIVES, MISSING, NOT_TOLD)  # states of a gap's data

GRAIN_TITLES = {
    "techniques": ("technique", "techniques"),
    "subtechniques": ("sub-technique", "sub-techniques"),
    "placements": ("matrix cell", "matrix cells"),
}


@app.command(
    epilog="Examples:  summary ../detection-rules/rules  |  summary --attack enterprise-18.1 --platform "
    "Linux --json"
)
@takes_scope()
def summary(
    paths: Paths = None,
    scope: Given = NOTHING,
    as_json: AsJson = False,
    csv: CsvFile = None,
) -> None:
    """Covered techniques, sub-techniques and matrix cells, by tactic and platform."""
    one_output(as_json, csv)
    ((reading, view),), _ = chosen_readings(paths, (scope.attack,), scope)
    without = _corpora_without(reading.loaded, view.scope.corpora)
    result = figures(view, problem_count(reading, without), unplaced_count(reading, without))
    if csv is not None:
        rows = [
            {"grain": grain, "name": "all", **result[grain]}
            for grain in ("techniques", "subtechniques", "placements")
        ]
        rows += [
            {"grain": "tactic", "name": row["name"], "covered": row["covered"], "total": row["total"]}
            for row in result["tactics"]
        ]
        rows += [
            {"grain": "platform", **{k: row[k] for k in ("name", "covered", "total")}}
            for row in result["platforms"]
        ]
        rows += [
            {"grain": "corpus", "name": row["name"], "covered": row["covered"], "total": row["total"]}
            for row in result["corpora"]
        ]
        write_bytes(stamped_csv(pd.DataFrame(rows), view.scope), csv)
    if as_json:
        print_json(result)
    elif csv is None:
        _print_summary(result, view.scope)


def _print_summary(result: dict, scope: Scope) -> None:
    console = terminal(120)
    rules = result["rules"]
    for grain, title in GRAIN_TITLES.items():
        part = result[grain]
        share = f"{part['covered'] / part['total']:.1%}" if part["total"] else "-"
        console.print(
            f"{part['covered']:>6,} of {part['total']:>4,} {noun(part['total'], *title)} covered ({share})"
        )
    nowhere = {
        "unmapped": amount(rules["unmapped"], "has no mapping", "have no mapping"),
        "tactic_only": amount(rules["tactic_only"], "names only a tactic", "name only a tactic"),
        "unread": amount(rules["unread"], "names no ID of this release", "name no ID of this release"),
    }
    without = listed([words for name, words in nowhere.items() if rules[name]])
    console.print(
        f"{rules['in_scope']:,} of {amount(rules['read'], 'rule is', 'rules are')} in scope"
        + (f"; of these {without}. " if without else ". ")
        + f"{_copies(rules)}{_problems(rules['problems'], rules['unplaced'])}"
    )
    corpora = result["corpora"] if len(result["corpora"]) > 1 else []
    for title, rows in (
        ("tactic", result["tactics"]),
        ("platform", result["platforms"]),
        ("rule set", corpora),
    ):
        if not rows:
            continue
        table = Table(
            f"by {title}",
            "techniques",
            "of",
            "share",
            "sub-techniques",
            "of",
            "rules",
            *(["counted"] if title == "platform" else []),
            box=None,
        )
        for column in table.columns[1:]:
            column.justify, column.no_wrap = "right", True
        for row in rows:
            share = f"{row['covered'] / row['total']:.0%}" if row["total"] else "-"
            table.add_row(
                row["name"],
                f"{row['covered']:g}",
                str(row["total"]),
                share,
                str(row["subtechniques_covered"]),
                str(row["subtechniques"]),
                f"{row['rules']:,}",
                *([f"{row['rules_counted']:,}"] if title == "platform" else []),
            )
        console.print(table)
    console.print(scope.sentence(), scope.corpora_sentence(), sep="\n", style="dim")


def _problems(unread: int, unplaced: int) -> str:
    """What could not be read or placed, in a sentence."""
    parts = [
        *([amount(unread, "problem in reading", "problems in reading")] if unread else []),
        *([amount(unplaced, "unknown ID in mappings", "unknown IDs in mappings")] if unplaced else []),
    ]
    return f"{listed(parts)}: see problems." if parts else "Everything was read, and every ID is known."


def _copies(rules: dict) -> str:
    count = rules["same_elsewhere"]
    return (
        f"{amount(count, 'more is a copy of one of these and counts', 'more are copies of these and count')} "
        "once. "
        if count
        else ""
    )


@app.command(epilog="Examples:  gaps --csv gaps.csv  |  gaps my-rules --also fragile --platform Windows")
@takes_scope()
def gaps(
    paths: Paths = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="TYPE",
            help=f"Also covered IDs of this gap type: {', '.join(sorted(COVERED_GAP_TYPES))}.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--type", metavar="TYPE", help=f"Only this gap type: {', '.join(GAP_TYPES)}. Repeatable."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="STATE",
            help=f"Only gaps whose data is in this state: {', '.join(DATA)}. It wants an inventory.",
        ),
    ] = None,
    accepted: Accepted = "show",
    gaps_file: GapsFile = None,
    profile: ProfileName = None,
    borrow_from: BorrowFrom = None,
    scope: Given = NOTHING,
    as_json: AsJson = False,
    csv: CsvFile = None,
    every_row: EveryRow = False,
) -> None:
    """Open techniques and sub-techniques, those that most groups use first.

    With a threat profile those that it needs first (need x open x ease). Settled gaps are marked.
    """
    accepted = choice("--accepted choice", accepted, ACCEPTED_CHOICES)
    also = [choice("gap type of covered IDs", name, sorted(COVERED_GAP_TYPES)) for name in also or ()]
    only = [choice("gap type", name, GAP_TYPES) for name in only or ()]
    data = choice("state of data", data, DATA) if data is not None else None
    chosen = chosen_profile(profile) if profile is not None else None
    if borrow_from and chosen is None:
        raise stop("--borrow-from is for the order by a threat profile: name one with --profile")
    reading, view, others = views_apart(paths, borrow_from, scope)
    found = gap_list(view, [*also, *(COVERED_GAP_TYPES & set(only))])
    if only:
        found = found[found["gap_type"].isin(only)]
    if data is not None:
        if view.arrivals is None:
            raise stop(f"--data {NEEDS_AN_INVENTORY}")
        found = found[found["data"] == data]
    found = with_accepted_gaps(found, view, gaps_file)
    if chosen is not None:
        found = _by_need(found, view, threat_of(chosen, reading), others)
    every, found = len(found), found[ACCEPTED_CHOICES[accepted](found)]
    needed = ["score", "need", "needed_by", "last_reported"] if chosen is not None else []
    used = [] if chosen is not None else ["groups", "software", "campaigns"]
    told = ["data"] if view.arrivals is not None else []
    shown = ["attack_id", "name", "gap_type", *needed, *used, *told, "tactics", "platforms"]
    if not as_json and csv is None:
        found, shown = (
            found.assign(mark=marks(found)),
            [*shown[:3], *(["mark"] if found["accepted"].notna().any() else []), *shown[3:]],
        )
    title = (
        f"{amount(len(found), 'gap')} among "
        f"{amount(len(view.techniques), 'technique or sub-technique', 'techniques and sub-techniques')} in "
        f"scope{counts_sentence(found)}"
    )
    if chosen is not None:
        title += f", by what is needed against {chosen.name}"
    if every > len(found):
        title += f"; {amount(every - len(found), 'more is', 'more are')} left out by --accepted {accepted}"
    emit(
        found,
        view.scope,
        "gaps",
        shown,
        title,
        as_json=as_json,
        csv=csv,
        names=GAP_NAMES,
        every_row=every_row,
    )


def _by_need(found: pd.DataFrame, view: View, threat: Threat, others: View | None) -> pd.DataFrame:
    """Gaps with what a threat profile says of them, the most pressing first."""
    try:
        order = work_order(view, threat, ease_factors(), others)
    except TableError as error:
        raise stop(str(error)) from error
    return with_need(found, order)


@app.command(epilog="Examples:  rules --csv rules.csv  |  rules my-rules --technique T1059 --json")
@takes_scope()
def rules(
    paths: Paths = None,
    technique: Annotated[
        list[str] | None,
        typer.Option(
            "--technique",
            metavar="ID",
            help="Only rules on this ID or one of its sub-techniques. Repeatable.",
        ),
    ] = None,
    scope: Given = NOTHING,
    as_json: AsJson = False,
    csv: CsvFile = None,
    every_row: EveryRow = False,
) -> None:
    """The rules in scope, with the IDs they are read as."""
    ((reading, view),), _ = chosen_readings(paths, (scope.attack,), scope)
    found = without_text(rules_with_ids(view))
    found = found[found["rule_key"].isin(view.rules["rule_key"])]
    if technique:
        wanted = [_live(name, reading.reader) for name in technique]
        hits = [
            any(i == w or i.startswith(f"{w}.") for w in wanted for i in ids) for ids in found["attack_ids"]
        ]
        found = found[hits]
    shown = ["name", "attack_ids", "severity", "type", "platforms", "updated", "path"]
    title = f"{amount(len(found), 'rule')} in scope, of {len(view.all_rules):,} read"
    emit(found, view.scope, "rules", shown, title, as_json=as_json, csv=csv, every_row=every_row)


def _live(text: str, reader: Reader) -> str:
    """The ID that a text names, read as a mapping is: a revoked one stands for its successor, and is noted
    on standard error.
    """
    leaf = reader.leaf(text.strip().upper())
    if leaf.attack_id is None:
        raise stop(f"'{text}' cannot be used: {leaf.reason}")
    if leaf.reason:
        error_console.print(leaf.reason)
    return leaf.attack_id


@app.command(epilog="Examples:  problems  |  problems my-rules --csv -")
def problems(
    paths: Paths = None,
    attack: Attack = None,
    corpora: Corpora = None,
    as_json: AsJson = False,
    csv: CsvFile = None,
    every_row: EveryRow = False,
) -> None:
    """What could not be read, or placed in the release, with path, line and cause."""
    loaded = loaded_rules(paths)
    names = [
        choice("corpus that was read", name, (stamp.name for stamp in loaded.corpora))
        for name in corpora or ()
    ]
    stamps = [stamp for stamp in loaded.corpora if stamp.name in names or not names]
    without = _corpora_without(loaded, stamps)
    try:
        reading = read_in(loaded, chosen_release(attack))
    except (CatalogueError, TableError) as error:
        raise stop(str(error)) from error
    found = problem_list(reading, without)
    shown = ["severity", "code", "path", "line", "message"]
    title = _problems_title(
        amount(sum(stamp.rules for stamp in stamps), "rule"),
        problem_count(reading, without),
        unplaced_count(reading, without),
        reading.catalogue.release.title,
    )
    emit(
        found, None, "problems", shown, title, as_json=as_json, csv=csv, every_row=every_row, all_columns=True
    )


def _problems_title(rules: str, unread: int, unplaced: int, release: str) -> str:
    lost = f"{amount(unplaced, 'ID')} that could not be placed in {release}"
    if unread and unplaced:
        return f"{amount(unread + unplaced, 'problem')} in {rules} read: {unread:,} in reading and {lost}"
    if unread:
        return f"{amount(unread, 'problem')} in reading {rules}; every ID is in {release}"
    if unplaced:
        return f"{lost}, in {rules}; every file was read"
    return f"No problems in {rules}: every file was read, and every ID is in {release}"


def _corpora_without(loaded: Loaded, chosen: Sequence[CorpusStamp]) -> set[str]:
    """The names of the corpora that were read and are not among the chosen ones."""
    return {stamp.name for stamp in loaded.corpora} - {stamp.name for stamp in chosen}
