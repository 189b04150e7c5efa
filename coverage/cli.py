"""The command line: a shell over the same functions as the dashboard. `python -m coverage.cli --help`.

Exit codes: 0 done, 2 it could not run (a sentence on standard error says why). Imports neither
Streamlit nor Plotly.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from coverage.catalogue import CatalogueError, shelf
from coverage.exports.tables import GAP_NAMES, cell, records, stamped_csv, without_text
from coverage.loaders import Loaded, corpus_sources, load
from coverage.loaders.sources import shown
from coverage.measures import gaps as gap_list
from coverage.measures import rules_with_ids
from coverage.measures import summary as figures
from coverage.reading import platforms_of, read_in
from coverage.scope import ENABLED_CHOICES, Scope, View
from coverage.tables import PROJECT, TableError
from coverage.vocabulary import COVERED_GAP_TYPES, DOMAINS, GAP_TYPES, PRE_PLATFORM, ROLLUPS, RULE_CLASSES

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What detection rules cover of MITRE ATT&CK, and what they do not.",
    epilog="Without PATH the rules of COVERAGE_RULES are read (several joined by the system's path separator), "
    "else those of rules/.",
)
attack_app = typer.Typer(no_args_is_help=True, help="ATT&CK releases: list them, import a bundle, fetch MITRE's.")
app.add_typer(attack_app, name="attack")

_error_console = Console(stderr=True, highlight=False, soft_wrap=True)


@app.callback()
def _prepared() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a sign the terminal does not know never stops a report


def _stop(message: str) -> typer.Exit:
    """Print why it cannot run to standard error; raise the result."""
    _error_console.print(f"coverage: {message}", markup=False)
    return typer.Exit(2)


def _one_output(as_json: bool, csv: str | None) -> None:
    if as_json and csv == "-":
        raise _stop("--json and --csv - both write to standard output; give --csv a file")


# ---- options shared by every command over rules ----------------------------------------------------

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH ...]", help="Rule folders or files; NAME=PATH gives a corpus its name.", show_default=False),
]
Attack = Annotated[str | None, typer.Option("--attack", metavar="RELEASE", help="Release to read in, such as enterprise-18.1.")]
Classes = Annotated[
    list[str] | None,
    typer.Option("--class", metavar="CLASS", help=f"Rule class that counts; repeatable: {', '.join(RULE_CLASSES)}. [default: production]"),
]
Enabled = Annotated[str, typer.Option("--enabled", metavar="CHOICE", help=f"Rules by switch: {', '.join(ENABLED_CHOICES)}.")]
Platforms = Annotated[
    list[str] | None, typer.Option("--platform", metavar="PLATFORM", help="Platform that counts; repeatable. [default: all]")
]
Pre = Annotated[bool, typer.Option("--pre", help="Count techniques that happen before a SIEM sees anything (PRE only), too.")]
Rollup = Annotated[str, typer.Option("--rollup", metavar="ROLLUP", help=f"What covers a technique: {', '.join(ROLLUPS)}.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
CsvFile = Annotated[str | None, typer.Option("--csv", metavar="FILE", help="Write CSV to FILE; - is standard output.")]


def default_paths(environment: str | None = None) -> list[str]:
    """The rule paths read when none is given: those of COVERAGE_RULES, else the project's `rules/`."""
    text = os.environ.get("COVERAGE_RULES", "") if environment is None else environment
    return [part for part in text.split(os.pathsep) if part] or [str(PROJECT / "rules")]


def _loaded(paths: list[str] | None) -> Loaded:
    sources = corpus_sources(paths or default_paths())
    for source in sources:
        if not _exists(source.path):
            raise _stop(f"there is no file or folder {shown(str(source.path))}")
    if not _error_console.is_terminal:
        return load(sources)
    from rich.progress import Progress

    with Progress(console=_error_console, transient=True) as progress:
        task = progress.add_task("Reading rules", total=None)
        return load(sources, lambda done, total, _path: progress.update(task, completed=done, total=total))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be entered
        return False


def _choice(kind: str, value: str, known: Iterable[str]) -> str:
    names = {name.casefold(): name for name in known}
    if value.casefold() not in names:
        raise _stop(f"'{value}' is no {kind}; choose from {', '.join(names.values())}")
    return names[value.casefold()]


def _view(paths, attack, classes, enabled, platforms, pre, rollup) -> tuple[View, Loaded]:
    classes = [_choice("rule class", name, RULE_CLASSES) for name in classes or ("production",)]
    enabled, rollup = _choice("--enabled choice", enabled, ENABLED_CHOICES), _choice("roll-up", rollup, ROLLUPS)
    loaded = _loaded(paths)
    try:
        reading = read_in(loaded, attack)
        known = [name for name in platforms_of(reading.catalogue) if name != PRE_PLATFORM]
        chosen = [_choice(f"platform of {reading.catalogue.release.title}", name, known) for name in platforms or ()]
        view = reading.view(platforms=chosen, pre=pre, classes=classes, enabled=enabled, rollup=rollup)
    except (CatalogueError, TableError) as error:
        raise _stop(str(error)) from error
    return view, loaded


# ---- output ------------------------------------------------------------------------------------------


def _write_csv(data: bytes, target: str) -> None:
    """Write whole or not at all; `-` is standard output. A device or pipe is written to, never replaced."""
    if target == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(target)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace_file(path.resolve(), data)  # what a link leads to, not the link
    except OSError as error:
        raise _stop(f"cannot write {shown(target)}: {error.strerror or error}") from error


def _replace_file(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _print_json(value: object) -> None:
    """JSON is UTF-8 whatever the terminal speaks."""
    sys.stdout.buffer.write(f"{json.dumps(value, indent=2, ensure_ascii=False)}\n".encode())


def _print_table(frame: pd.DataFrame, title: str, note: str) -> None:
    """A readable table on a terminal; the same columns, never cut, when piped."""
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    table = Table(title=title, title_justify="left", caption=note, caption_justify="left", expand=False)
    for name, dtype in frame.dtypes.items():
        table.add_column(str(name), justify="right" if dtype.kind in "iuf" else "left", overflow="fold")
    for row in zip(*(frame[name].tolist() for name in frame.columns), strict=True):
        table.add_row(*(_escaped(cell(value)) for value in row))
    console.print(table)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "�" for c in text))


def _emit(frame: pd.DataFrame, scope: Scope | None, name: str, shown: list[str], title: str, *, as_json: bool, csv: str | None,
          names: dict[str, str] | None = None) -> None:  # fmt: skip
    """The frame in the form asked for: JSON, CSV or a table of the columns `shown`."""
    _one_output(as_json, csv)
    if csv is not None:
        _write_csv(stamped_csv(frame, scope, names), csv)
    if as_json:
        stamp = {"stamp": scope.stamp()} if scope else {}
        _print_json(stamp | {name: records(frame, names)})
    elif csv is None:
        note = f"{scope.sentence()}\n{scope.corpora_sentence()}" if scope else ""
        _print_table(frame[shown].rename(columns=names or {}), title, note)


# ---- commands ----------------------------------------------------------------------------------------


@app.command(
    epilog="Examples:  summary ../detection-rules/rules  |  summary --attack enterprise-18.1 --platform Linux --json"
)
def summary(paths: Paths = None, attack: Attack = None, classes: Classes = None, enabled: Enabled = "not_disabled",
            platforms: Platforms = None, pre: Pre = False, rollup: Rollup = "any", as_json: AsJson = False,
            csv: CsvFile = None) -> None:  # fmt: skip
    """Covered techniques, sub-techniques and placements, by tactic and platform, with every denominator."""
    _one_output(as_json, csv)
    view, loaded = _view(paths, attack, classes, enabled, platforms, pre, rollup)
    result = figures(view, problems=len(loaded.problems))
    if csv is not None:
        rows = [{"grain": grain, "name": "all", **result[grain]} for grain in ("techniques", "subtechniques", "placements")]
        rows += [{"grain": "tactic", "name": row["name"], "covered": row["covered"], "total": row["total"]} for row in result["tactics"]]
        rows += [{"grain": "platform", **{k: row[k] for k in ("name", "covered", "total")}} for row in result["platforms"]]
        _write_csv(stamped_csv(pd.DataFrame(rows), view.scope), csv)
    if as_json:
        _print_json(result)
    elif csv is None:
        _print_summary(result, view.scope)


def _print_summary(result: dict, scope: Scope) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    rules = result["rules"]
    console.print(f"{rules['in_scope']:,} of {rules['read']:,} rules are in scope; "
                  f"{rules['unmapped']:,} of these have no mapping, {rules['tactic_only']:,} name only a tactic, "
                  f"{rules['unread']:,} name no ID that is live here. {rules['problems']:,} problems.")  # fmt: skip
    for grain in ("techniques", "subtechniques", "placements"):
        part = result[grain]
        share = f"{part['covered'] / part['total']:.1%}" if part["total"] else "-"
        console.print(f"{part['covered']:>6,} of {part['total']:>4,} {grain.replace('sub', 'sub-')} covered ({share})")
    for title, rows in (("tactic", result["tactics"]), ("platform", result["platforms"])):
        table = Table(f"by {title}", "techniques covered", "of", "share", "sub-techniques covered", "of", "rules", box=None)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            share = f"{row['covered'] / row['total']:.0%}" if row["total"] else "-"
            table.add_row(row["name"], f"{row['covered']:g}", str(row["total"]), share,
                          str(row["subtechniques_covered"]), str(row["subtechniques"]), f"{row['rules']:,}")  # fmt: skip
        console.print(table)
    console.print(f"{scope.sentence()}\n{scope.corpora_sentence()}", style="dim", markup=False)


@app.command(epilog="Examples:  gaps --csv gaps.csv  |  gaps my-rules --also fragile --platform Windows")
def gaps(paths: Paths = None, attack: Attack = None, classes: Classes = None, enabled: Enabled = "not_disabled",
         platforms: Platforms = None, pre: Pre = False, rollup: Rollup = "any",
         also: Annotated[list[str] | None, typer.Option("--also", help=f"List covered IDs of this type too: {', '.join(sorted(COVERED_GAP_TYPES))}.")] = None,
         only: Annotated[list[str] | None, typer.Option("--type", help=f"Only gaps of this type; repeatable: {', '.join(GAP_TYPES)}.")] = None,
         as_json: AsJson = False, csv: CsvFile = None) -> None:  # fmt: skip
    """Open techniques and sub-techniques, those that most groups use first."""
    also = [_choice("gap type of covered IDs", name, COVERED_GAP_TYPES) for name in also or ()]
    only = [_choice("gap type", name, GAP_TYPES) for name in only or ()]
    view, _ = _view(paths, attack, classes, enabled, platforms, pre, rollup)
    found = gap_list(view, [*also, *(COVERED_GAP_TYPES & set(only))])
    if only:
        found = found[found["gap_type"].isin(only)]
    shown = ["attack_id", "name", "gap_type", "groups", "software", "campaigns", "tactics", "platforms"]
    title = f"{len(found):,} gaps among {len(view.techniques):,} techniques and sub-techniques in scope"
    _emit(found, view.scope, "gaps", shown, title, as_json=as_json, csv=csv, names=GAP_NAMES)


@app.command(epilog="Examples:  rules --csv rules.csv  |  rules my-rules --technique T1059 --json")
def rules(paths: Paths = None, attack: Attack = None, classes: Classes = None, enabled: Enabled = "not_disabled",
          platforms: Platforms = None, pre: Pre = False, rollup: Rollup = "any",
          technique: Annotated[list[str] | None, typer.Option("--technique", metavar="ID", help="Only rules read as this ID or one of its sub-techniques; repeatable.")] = None,
          as_json: AsJson = False, csv: CsvFile = None) -> None:  # fmt: skip
    """The rules in scope, with the IDs they are read as."""
    view, _ = _view(paths, attack, classes, enabled, platforms, pre, rollup)
    found = without_text(rules_with_ids(view))
    found = found[found["rule_key"].isin(view.rules["rule_key"])]
    if technique:
        wanted = [name.upper() for name in technique]
        hits = [any(i == w or i.startswith(f"{w}.") for w in wanted for i in ids) for ids in found["attack_ids"]]
        found = found[hits]
    shown = ["name", "attack_ids", "severity", "type", "platforms", "updated", "path"]
    title = f"{len(found):,} rules of {len(view.all_rules):,} read"
    _emit(found, view.scope, "rules", shown, title, as_json=as_json, csv=csv)


@app.command(epilog="Examples:  problems  |  problems my-rules --csv -")
def problems(paths: Paths = None, as_json: AsJson = False, csv: CsvFile = None) -> None:
    """Everything that could not be read or placed, with path, line and cause."""
    loaded = _loaded(paths)
    shown = ["severity", "code", "path", "line", "message"]
    title = f"{len(loaded.problems):,} problems in {len(loaded.rules):,} rules read"
    _emit(loaded.problems, None, "problems", shown, title, as_json=as_json, csv=csv)


# ---- attack --------------------------------------------------------------------------------------------


@attack_app.command("list", epilog="Example:  attack list --json")
def attack_list(as_json: AsJson = False) -> None:
    """The ATT&CK releases at hand, and where each comes from."""
    rows = [
        {"release": str(entry.release), "from": "project" if entry.embedded else "your cache", "source": entry.source,
         "sha256": entry.sha256, "folder": str(entry.folder), "default": entry.release == shelf.default_release()}
        for entry in shelf.releases_at_hand()
    ]  # fmt: skip
    if as_json:
        _print_json({"releases": rows})
        return
    frame = pd.DataFrame(rows)
    frame["sha256"] = frame["sha256"].str[:12]
    frame["default"] = frame["default"].map({True: "default", False: ""})
    _print_table(frame[["release", "default", "from", "sha256", "source"]], "ATT&CK releases at hand", "")


@attack_app.command("import", epilog="Example:  attack import enterprise-attack-20.0.json.gz")
def attack_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A STIX bundle of MITRE's: .json or .json.gz, STIX 2.0 or 2.1.")],
) -> None:
    """Read an ATT&CK release from a STIX bundle and keep it in your cache."""
    try:
        catalogue = shelf.import_bundle(file)
    except CatalogueError as error:
        raise _stop(str(error)) from error
    _report_added(catalogue)


@attack_app.command("fetch", epilog="Examples:  attack fetch  |  attack fetch --domain mobile --release 18.1")
def attack_fetch(
    domain: Annotated[str, typer.Option("--domain", metavar="D", help=f"{', '.join(DOMAINS)}.")] = "enterprise",
    release: Annotated[str | None, typer.Option("--release", metavar="V", help="Version, such as 20.0. [default: newest]")] = None,
) -> None:
    """Download MITRE's official release, check its SHA-256 and keep it in your cache."""
    from coverage.catalogue.fetch import fetch

    domain = _choice("domain", domain, DOMAINS)
    try:
        catalogue = _with_download_progress(lambda progress: fetch(domain, release, progress=progress))
    except CatalogueError as error:
        raise _stop(str(error)) from error
    _report_added(catalogue)


def _with_download_progress(run: Callable):
    if not _error_console.is_terminal:
        return run(None)
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=_error_console, transient=True) as progress:
        task = progress.add_task("Fetching ATT&CK", total=None)
        return run(lambda done, total: progress.update(task, completed=done, total=total))


def _report_added(catalogue) -> None:
    sys.stdout.write(f"{catalogue.release} is ready (sha256 {catalogue.sha256[:12]}). Use it with --attack {catalogue.release}.\n")


if __name__ == "__main__":
    app()
