"""migrate: rewrite the mappings of rules for another ATT&CK release, as a patch or in place."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from coverage.catalogue import CatalogueError
from coverage.cli.main import app
from coverage.cli.options import AsJson, Paths, chosen_settings, own_paths, stop
from coverage.cli.output import print_json
from coverage.cli.short_help import ADVANCED
from coverage.cli.terminal import error_console, write_out
from coverage.corpora.offered import resolved
from coverage.loaders import CorpusSource, corpus_sources
from coverage.migrate import Decision, DecisionError, Plan, Target, open_target, plan_sources, read_decisions
from coverage.migrate.decisions import FILE_NAME
from coverage.migrate.listing import answers, question_list
from coverage.migrate.unified_diff import patch
from coverage.migrate.writing import WriteError, dirty_files, patch_root, sweep_folders, write
from coverage.words import amount, noun


@app.command(
    epilog="Examples:  migrate my-rules --to enterprise-19.0 > move.patch  |  migrate my-rules --to "
    "enterprise-19.0 --ask  |  "
    "migrate my-rules --to enterprise-19.0 --write"
)
def migrate(
    paths: Paths = None,
    to: Annotated[
        str, typer.Option("--to", metavar="RELEASE", help="Release to move to, such as enterprise-19.0.")
    ] = "",
    came_from: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RELEASE",
            help="Release the mappings were written for. [default: any installed one]",
            rich_help_panel=ADVANCED,
        ),
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print a patch that git apply takes (the default).")
    ] = False,
    write_files: Annotated[
        bool, typer.Option("--write", help="Write the files: all of them, or none.")
    ] = False,
    decisions: Annotated[
        Path | None,
        typer.Option(
            "--decisions",
            metavar="FILE",
            help=f"Answers to open questions. [default: {FILE_NAME} here, if there is one]",
            rich_help_panel=ADVANCED,
        ),
    ] = None,
    ask: Annotated[
        bool,
        typer.Option(
            "--ask", help="Ask open questions on the terminal. Answers are kept in the decisions file."
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="With --write: overwrite changes that are not committed.",
            rich_help_panel=ADVANCED,
        ),
    ] = False,
    touch_date: Annotated[
        bool,
        typer.Option(
            "--touch-date",
            help="Set updated_date (Sigma: modified) of changed rules to today. It is unchanged otherwise.",
            rich_help_panel=ADVANCED,
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rewrite the mappings of Elastic TOML and Sigma YAML for another ATT&CK release.

    IDs, names, links, tactics and their tags follow ATT&CK; every other byte stays. What only a person can
    decide is listed on standard error as decisions to fill in.
    """
    if not to:
        raise stop("name the release to move to, such as --to enterprise-19.0")
    if write_files and diff:
        raise stop("choose one of --write and --diff")
    if diff and as_json:
        raise stop("choose one of --diff and --json")
    sources, file = _sources(paths), decisions or Path(FILE_NAME)
    target, used = _opened(to, came_from, file, given=decisions is not None)
    today = date.today() if touch_date else None
    made = _planned(sources, target, used, today)
    if ask:
        made, used = _asked(made, target, file, sources, used, today)
    if write_files:
        _write(made, force, file)
    if as_json:
        print_json(_as_json(made))
    elif not write_files:
        _print_patch(made)
    _report(made, target, used, file, wrote=write_files)
    if made.faults:
        raise typer.Exit(1)


def _sources(paths: list[str] | None) -> tuple[CorpusSource, ...]:
    sources = corpus_sources(resolved(own_paths(paths), chosen_settings()))
    for source in sources:
        try:
            there = source.path.exists()
        except OSError:
            there = False
        if not there:
            raise stop(f"file or folder not found: {source.path!s}")
    return sources


def _opened(to: str, came_from: str | None, file: Path, given: bool) -> tuple[Target, tuple[Decision, ...]]:
    try:
        return open_target(to, came_from), read_decisions(file) if given or file.is_file() else ()
    except (CatalogueError, DecisionError) as error:
        raise stop(str(error)) from error


def _planned(
    sources: Sequence[CorpusSource], target: Target, decisions: Sequence[Decision], today: date | None
) -> Plan:
    if not error_console.is_terminal:
        return plan_sources(sources, target, decisions, today)
    from rich.progress import Progress

    with Progress(console=error_console, transient=True) as progress:
        task = progress.add_task("Reading mappings", total=None)
        return plan_sources(
            sources,
            target,
            decisions,
            today,
            lambda done, total, _: progress.update(task, completed=done, total=total),
        )


def _asked(
    made: Plan,
    target: Target,
    file: Path,
    sources: Sequence[CorpusSource],
    used: tuple[Decision, ...],
    today: date | None,
) -> tuple[Plan, tuple[Decision, ...]]:
    from coverage.cli.migrate_ask import ask_questions

    if not (sys.stdin is not None and sys.stdin.isatty() and error_console.is_terminal):
        raise stop("--ask needs a terminal to ask on")
    try:
        if not ask_questions(made, target, file):
            return made, used
        used = read_decisions(file)
    except DecisionError as error:
        raise stop(str(error)) from error
    return _planned(sources, target, used, today), used


def _write(made: Plan, force: bool, decisions: Path) -> None:
    sweep_folders(made)
    try:
        if not force and (dirty := dirty_files(made, (decisions.resolve(),))):
            more = f" and {len(dirty) - 3:,} more" if len(dirty) > 3 else ""
            raise stop(
                f"git has changes that are not committed ({', '.join(dirty[:3])}{more}); commit them, or "
                "write over them with --force"
            )
        write(made)
    except WriteError as error:
        raise stop(str(error)) from error


def _print_patch(made: Plan) -> None:
    if not made.changed:
        return
    try:
        root = patch_root(made, Path.cwd())
    except WriteError as error:
        raise stop(str(error)) from error
    write_out(patch(made, lambda file: Path(file.location).relative_to(root).as_posix()))
    error_console.print(f"Paths in the patch start at {root!s}: git -C {root!s} apply FILE")


def _report(made: Plan, target: Target, decisions: Sequence[Decision], file: Path, wrote: bool) -> None:
    """The open questions and a summary, on standard error."""
    if listed := question_list(made.questions, target):
        error_console.print(
            "", f"# Left for a person. Answers go into {file}:", "", *listed.split("\n"), sep="\n"
        )
    for refused in made.faults:
        error_console.print(f"coverage: {refused.path} is not changed: {refused.fault!s}")
    unused = [str(one.number) for one in decisions if one not in made.used]
    if unused:
        error_console.print(f"Unused decisions: {', '.join(sorted(unused, key=int))}")
    error_console.print(_summary(made, target, wrote))


def _summary(made: Plan, target: Target, wrote: bool) -> str:
    counts = made.summary()
    open_ = sum(counts["questions"].values())
    read = counts["files_read"]
    files = (
        noun(read, "file was written", "files were written")
        if wrote
        else noun(read, "file changes", "files change")
    )
    parts = [
        f"{counts['files_changed']:,} of {counts['files_read']:,} {files} for {target.release.title}",
    ]
    if open_:
        parts.append(
            f"{amount(open_, 'mapping is', 'mappings are')} left for a person in "
            f"{amount(counts['files_with_questions'], 'file')}"
        )
    if others := counts["files_of_other_formats"]:
        parts.append(
            f"{amount(others, 'file is of a format that is', 'files are of formats that are')} not rewritten"
        )
    if counts["files_unreadable"]:
        parts.append(f"{amount(counts['files_unreadable'], 'file')} could not be read (see problems)")
    if outside := counts["files_outside"]:
        parts.append(
            f"{amount(outside, 'link leads', 'links lead')} out of the rules' folder and "
            f"{noun(outside, 'was', 'were')} skipped"
        )
    return "; ".join(parts) + "."


def _as_json(made: Plan) -> dict:
    return {
        "from": made.source,
        "to": made.target,
        "summary": made.summary(),
        "files": [
            {
                "corpus": file.corpus,
                "path": file.path,
                "format": file.format,
                "rule_id": file.rule_id,
                "rule": file.rule,
                "changes": [
                    {"kind": one.kind, "before": one.before, "after": one.after} for one in file.changes
                ],
            }
            for file in made.changed
        ],
        "questions": [
            {
                "corpus": one.corpus,
                "path": one.path,
                "line": one.line,
                "column": one.column,
                "rule_id": one.rule_id,
                "rule": one.rule,
                "code": one.code,
                "from": one.written,
                "tactic": one.tactic,
                "choices": list(one.choices),
                "reason": one.reason,
                "decisions": list(answers(one)),
            }
            for one in made.questions
        ],
        "refused": [{"corpus": file.corpus, "path": file.path, "reason": file.fault} for file in made.faults],
    }
