"""lint: is every mapping right in one ATT&CK release? For people, and for CI through its exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from coverage.catalogue import CatalogueError
from coverage.cli.main import app
from coverage.cli.options import Paths, choice, loaded_rules, own_paths, stop
from coverage.cli.output import json_bytes, print_table, write_bytes
from coverage.cli.scope_options import Attack
from coverage.cli.short_help import ADVANCED
from coverage.cli.terminal import error_console, write_line
from coverage.exports.annotations import annotations
from coverage.exports.sarif import sarif
from coverage.exports.tables import records, stamped_csv
from coverage.findings.checks import CHECKS
from coverage.measures.written_for import release_sentence, releases_by_corpus, releases_of, written_for
from coverage.project.lint import counting, lint_results, relative_paths, review_root, severity_counts
from coverage.project.settings import SettingsError, release_in_use, settings_at
from coverage.reading import Reading, read_in
from coverage.scope import Scope
from coverage.tables import TableError
from coverage.vocabulary import PROBLEM_SEVERITIES, RULE_CLASSES
from coverage.words import amount, listed

Output = Callable[[pd.DataFrame, list[str], Reading], bytes]


def _scope(reading: Reading) -> Scope:
    """The stamp of a lint: every rule read."""
    return reading.view(pre=True, classes=tuple(RULE_CLASSES), enabled="any").scope


def _as_json(results: pd.DataFrame, paths: list[str], reading: Reading) -> bytes:
    rules = written_for(reading)
    return json_bytes(
        {
            "stamp": _scope(reading).stamp(),
            "counts": severity_counts(results),
            "findings": records(results.assign(file=paths)),
            "written_for": {
                "corpora": records(releases_by_corpus(rules, releases_of(reading))),
                "rules": records(rules.drop(columns=["name"])),
            },
        }
    )


def _as_csv(results: pd.DataFrame, paths: list[str], reading: Reading) -> bytes:
    return stamped_csv(results.assign(file=paths), _scope(reading))


FORMATS: dict[str, Output] = {
    "json": _as_json,
    "sarif": lambda results, paths, reading: sarif(results, paths, str(reading.catalogue.release)),
    "github": lambda results, paths, reading: annotations(results, paths),
    "csv": _as_csv,
}
_TABLE = "table"


@app.command(
    epilog="Examples:  lint my-rules --fail-on warning  |  lint --attack enterprise-18.1 --format sarif -o "
    "lint.sarif  |  "
    "lint --code revoked-technique --code tactic-left --format csv -o -"
)
def lint(
    paths: Paths = None,
    attack: Attack = None,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="SEVERITY",
            help=f"Lowest severity that gives exit code 1: {', '.join(PROBLEM_SEVERITIES)}.",
        ),
    ] = "error",
    output_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"Output: {_TABLE}, {', '.join(FORMATS)}.")
    ] = _TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE; - is standard output.")
    ] = "-",
    code: Annotated[
        list[str] | None,
        typer.Option(
            "--code",
            metavar="CODE",
            help="Only findings of this check. Repeatable; files that cannot be read are always reported.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Settings. [default: coverage.toml here or above, in this git work tree]",
            rich_help_panel=ADVANCED,
        ),
    ] = None,
) -> None:
    """Check every mapping against one ATT&CK release: IDs, tactics, names, links and tags.

    Exit code 1 for a finding of the --fail-on severity or a worse one, and for a file that cannot be read.
    """
    fail_on = choice("severity", fail_on, PROBLEM_SEVERITIES)
    kind = "json" if as_json else choice("format", output_format, (_TABLE, *FORMATS))
    codes = [choice("code of a check", name, CHECKS) for name in code or ()]
    if kind == _TABLE and output != "-":
        raise stop(f"a table goes to the terminal; choose --format {', '.join(FORMATS)} for {output}")
    reading, results = _results(paths, attack, config, codes)
    files = relative_paths(results, reading.loaded.corpora, review_root(Path.cwd()))
    if kind == _TABLE:
        _print(results, files, reading, fail_on)
    else:
        write_bytes(FORMATS[kind](results, files, reading), output)
        if output != "-":
            error_console.print(_summary(results, reading))
    if len(counting(results, fail_on)):
        raise typer.Exit(1)


def _results(
    paths: list[str] | None, attack: str | None, config: Path | None, codes: list[str]
) -> tuple[Reading, pd.DataFrame]:
    try:
        settings = settings_at(file=config)
        release = release_in_use(settings, attack)
        reading = read_in(loaded_rules(own_paths(paths, settings)), release)
        return reading, lint_results(reading, settings, codes)
    except (CatalogueError, TableError, SettingsError) as error:
        raise stop(str(error)) from error


def _summary(results: pd.DataFrame, reading: Reading) -> str:
    counts = severity_counts(results)
    parts = [amount(counts[name], name) for name in PROBLEM_SEVERITIES if counts[name]]
    parts += [f"{counts['silenced']:,} silenced"] if counts["silenced"] else []
    return (
        f"{listed(parts) or 'No findings'} in {amount(len(reading.loaded.rules), 'rule')}, "
        f"checked in {reading.catalogue.release.title}"
    )


def _print(results: pd.DataFrame, files: list[str], reading: Reading, fail_on: str) -> None:
    """Results that meet the threshold one a line, as compilers write them; the others by code, silenced ones
    with their reason; the figures last, where a terminal shows them.
    """
    shown = results.assign(
        place=[
            _place(*values)
            for values in zip(files, results["line"].tolist(), results["column"].tolist(), strict=True)
        ]
    )
    listed = counting(shown, fail_on)
    rest = shown[shown["silenced"].isna()].drop(listed.index)
    for row in listed.itertuples(index=False):
        write = f" Write {row.fix}." if isinstance(row.fix, str) else ""
        write_line(f"{row.place}: {row.severity} {row.code}: {row.message}{write}")
    if len(rest):
        counts = rest.groupby(["severity", "code"], sort=False).size().rename("findings").reset_index()
        print_table(counts.sort_values("findings", ascending=False), "Other findings, by code")
    hidden = shown[shown["silenced"].notna()]
    if len(hidden):
        print_table(hidden[["code", "place", "name", "silenced"]], f"{len(hidden):,} silenced, and why")
    by_corpus = releases_by_corpus(written_for(reading), releases_of(reading))
    print_table(results.head(0), _summary(results, reading), release_sentence(by_corpus))


def _place(file: str, line: object, column: object) -> str:
    return ":".join([file, *(str(part) for part in (line, column) if part is not pd.NA)])
