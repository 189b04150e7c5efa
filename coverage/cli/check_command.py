"""check: a gate for CI. Do the conditions of coverage.toml hold? Exit code 1 when one does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from coverage.catalogue import CatalogueError
from coverage.changes.difference import difference
from coverage.changes.gate import (
    GateError,
    Missing,
    Target,
    Verdict,
    data_verdict,
    lost_verdict,
    share_verdict,
    targets_verdict,
    threat_verdict,
    unmapped_verdict,
)
from coverage.changes.rule_diff import unreadable_files, unreadable_sentence
from coverage.changes.steps import State
from coverage.cli.gap_options import GapsFile
from coverage.cli.main import app
from coverage.cli.options import Paths, choice, loaded_rules, nearest, own_paths, stop
from coverage.cli.output import print_json
from coverage.cli.short_help import ADVANCED
from coverage.cli.states import Side, note_left_out, side_of
from coverage.cli.terminal import error_console, terminal, write_out
from coverage.cli.threat_options import note_problems
from coverage.exports.verdicts import verdict_annotations, verdicts_json
from coverage.loaders import CorpusSource, Loaded, load
from coverage.loaders.walk import Unreadable, decoded, file_bytes
from coverage.project.accepted_gaps import Accepted, accepted_in, gaps_files
from coverage.project.check_settings import ScopeSetting, TargetsCondition
from coverage.project.lint import review_root, source_file
from coverage.project.settings import Settings, SettingsError, release_in_use, settings_at
from coverage.reading import Reading, platforms_of, read_in
from coverage.scope import OPTIONS, Known, ScopeOption, View
from coverage.scope.options import MANY
from coverage.syntaxes.json_text import JSON
from coverage.syntaxes.syntax import Unparsable
from coverage.tables import TableError
from coverage.threats.profile import default_profile, profiles_of
from coverage.threats.threat import Threat, threat_in
from coverage.words import amount

FORMATS = ("table", "json", "github")
_MOST_SHOWN = 20

Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="FILE|REV",
        help="Snapshot, rules or git revision to compare with, for no_technique_lost. [default: that of "
        "coverage.toml]",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings with the conditions. [default: coverage.toml here or above, in this git work tree]",
        rich_help_panel=ADVANCED,
    ),
]
Form = Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"Output: {', '.join(FORMATS)}.")]


@app.command(
    epilog="Examples:  check  |  check my-rules --baseline origin/main  |  check rules --baseline "
    "baseline.jsonl --format github"
)
def check(
    paths: Paths = None,
    baseline: Baseline = None,
    config: Config = None,
    file: GapsFile = None,
    output_format: Form = "table",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Check the conditions of coverage.toml.

    Exit code 1 when one does not hold, 2 when it cannot be checked.
    """
    kind = "json" if as_json else choice("format", output_format, FORMATS)
    try:
        settings = settings_at(file=config)
        paths = own_paths(paths, settings)
        gate = _Gate(settings, loaded_rules(paths, settings), paths, baseline, file)
        verdicts = list(gate.verdicts())
    except GateError as error:
        raise stop(f"{settings.file}:{error.line or 1}: {error}") from error
    except (SettingsError, CatalogueError, TableError) as error:
        raise stop(str(error)) from error
    name, unreadable = _relative(Path(settings.file)), unreadable_files(gate.loaded)
    if unreadable:
        error_console.print(unreadable_sentence(unreadable))
    if kind == "json":
        print_json(verdicts_json(verdicts, name, unreadable))
    elif kind == "github":
        write_out(verdict_annotations(verdicts, name, gate.file_of))
    else:
        _print(verdicts)
    if not all(verdict.passed for verdict in verdicts):
        raise typer.Exit(1)


@dataclass
class _Gate:
    """The conditions of one settings file, asked of the rules as they are now."""

    settings: Settings
    loaded: Loaded = field(repr=False)
    paths: list[str] | None
    baseline: str | None
    gaps: Path | None
    _readings: dict[str, Reading] = field(default_factory=dict)
    _by_release: dict[str, Accepted] = field(default_factory=dict)

    def verdicts(self) -> Iterator[Verdict]:
        asked = self.settings.check
        if asked.is_empty:
            file = self.settings.file
            missing = f"{file} has no condition" if file else "no coverage.toml here or above with conditions"
            raise SettingsError(f"{missing} under [check]; docs/ci.md has examples")
        for share in asked.shares:
            view, reading = self._view(share.scope, share.line)
            yield share_verdict(share, view, reading.reader, self._accepted(reading))
        for targets in asked.targets:
            view, reading = self._view(targets.scope, targets.line)
            yield targets_verdict(
                targets, self._targets(targets), view, reading.reader, self._accepted(reading)
            )
        if asked.no_technique_lost:
            yield self._lost(asked.lines.get("no_technique_lost"))
        if asked.no_unmapped_rule:
            view, _ = self._view(ScopeSetting(), asked.lines.get("no_unmapped_rule"))
            yield unmapped_verdict(view, asked.lines.get("no_unmapped_rule"))
        if asked.no_rule_without_data:
            line = asked.lines.get("no_rule_without_data")
            yield data_verdict(self._view(ScopeSetting(), line)[0], line)
        if asked.min_threat_coverage is not None:
            line = asked.lines.get("min_threat_coverage")
            view, reading = self._view(ScopeSetting(), line)
            threat = self._threat(asked.threat, reading, line)
            yield threat_verdict(asked.min_threat_coverage, threat, view, self._accepted(reading), line)

    def file_of(self, missing: Missing) -> str:
        """The file of a rule, from the root of the repository."""
        return _relative(source_file(missing.corpus or "", missing.path or "", self.loaded.corpora))

    def _view(self, stated: ScopeSetting, line: int | None) -> tuple[View, Reading]:
        scope = stated.over(self.settings.check.scope)
        release = release_in_use(self.settings, scope.attack)
        if release not in self._readings:
            self._readings[release] = read_in(self.loaded, release)
        reading = self._readings[release]
        options = {
            name: self._value(OPTIONS[name], value, reading, line) for name, value in scope.options.items()
        }
        if options.get("runs") and self.loaded.arrivals is None:
            raise GateError("runs needs an inventory: [[data]] says what arrives", line)
        return reading.view(**options, on=date.today()), reading

    def _value(self, option: ScopeOption, value: Any, reading: Reading, line: int | None) -> Any:
        """A stated value in the spelling of the release or of the rules; a GateError where they do not have
        it.
        """
        choices = option.choices(Known(platforms_of(reading.catalogue), self.loaded.rules))
        if option.kind != MANY or choices is None:
            return value
        known = {name.casefold(): name for name in choices}
        if unknown := [name for name in value if name.casefold() not in known]:
            where = reading.catalogue.release.title if option.name == "platforms" else "the rules"
            raise GateError(
                f"unknown {option.noun} of {where}: '{unknown[0]}'; {nearest(unknown[0], choices)}", line
            )
        return tuple(known[name.casefold()] for name in value)

    def _targets(self, condition: TargetsCondition) -> tuple[Target, ...]:
        if condition.ids:
            return tuple(map(Target, condition.ids))
        file = self._beside(condition.layer or "")
        layer = load([CorpusSource("layer", file)])
        errors = layer.problems[layer.problems["severity"].isin(["error", "warning"])]
        if len(errors):
            raise GateError(
                f"the layer {condition.layer} cannot be used: {errors.iloc[0]['message']}", condition.line
            )
        if set(layer.rules["format"]) - {"navigator"} or (
            layer.rules.empty and layer.problems.empty and not _is_empty_layer(file)
        ):
            raise GateError(f"{condition.layer} is not a Navigator layer", condition.line)
        rows = layer.written.dropna(subset="leaf_id")
        return tuple(
            Target(leaf, name if isinstance(name, str) else None)
            for leaf, name in zip(rows["leaf_id"], rows["tactic_name"], strict=True)
        )

    def _threat(self, name: str | None, reading: Reading, line: int | None) -> Threat:
        """The profile of that name, else the first of the settings, else the default one."""
        profiles = profiles_of(self.settings)
        if name is not None and name not in profiles:
            raise GateError(f"unknown threat profile: '{name}'; {nearest(name, profiles)}", line)
        profile = profiles[name] if name else next(iter(profiles.values()), default_profile(date.today()))
        threat = threat_in(profile, reading.catalogue, reading.reader, date.today())
        note_problems(threat)
        return threat

    def _lost(self, line: int | None) -> Verdict:
        text = self.settings.check.baseline if self.baseline is None else self.baseline
        if text is None:
            raise GateError(
                "no_technique_lost needs something to compare with: --baseline FILE|REV, or baseline = in "
                "[check]",
                line,
            )
        side = self._baseline(text)
        note_left_out(side)
        view, reading = self._view(ScopeSetting(), line)
        before = State(side.name, side.loaded, replace(view.scope, corpora=tuple(side.loaded.corpora)))
        return lost_verdict(
            difference(before, State("the current rules", self.loaded, view.scope)),
            self._accepted(reading),
            line,
        )

    def _baseline(self, text: str) -> Side:
        """A baseline named in the settings lies beside them; one on the command line where the command
        runs.
        """
        beside = self._beside(text) if self.baseline is None else Path(text)
        return side_of(str(beside) if text.strip() and beside.exists() else text, self.paths)

    def _accepted(self, reading: Reading) -> Accepted:
        """What gaps.toml says. A fault in it stops a check that it could excuse a loss in, and is noted in
        any other.
        """
        release = str(reading.catalogue.release)
        if release not in self._by_release:
            accepted = accepted_in(
                gaps_files(self.settings.file, self.loaded.corpora, self.gaps), reading.reader
            )
            if accepted.errors and self.settings.check.no_technique_lost:
                raise SettingsError(accepted.errors[0])
            for error in accepted.errors:
                error_console.print(f"error: {error}")
            self._by_release[release] = accepted
        return self._by_release[release]

    def _beside(self, text: str) -> Path:
        return (self.settings.file.parent if self.settings.file else Path()) / text


def _is_empty_layer(file: Path) -> bool:
    """Whether a file is a layer without any technique, of which no loader makes anything."""
    try:
        values = JSON.parse(decoded(file_bytes(file)))
    except (Unreadable, Unparsable):
        return False
    return any(
        isinstance(value, dict) and value.get("techniques") == [] and "domain" in value for value in values
    )


def _relative(path: Path) -> str:
    root, whole = review_root(Path.cwd()), path.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()


def _print(verdicts: list[Verdict]) -> None:
    console = terminal(soft_wrap=True)
    for verdict in verdicts:
        console.print(f"{'passed' if verdict.passed else 'FAILED'}  {verdict.title}", style="bold")
        rows = [
            ("wanted", verdict.wanted),
            ("found", verdict.found),
            ("to do", verdict.advice),
            ("scope", verdict.scope),
        ]
        for name, text in rows:
            if text:
                console.print(f"        {name + ':':8}{text}")
        for missing in verdict.missing[:_MOST_SHOWN]:
            console.print(f"        - {_missing(missing)}")
        if len(verdict.missing) > _MOST_SHOWN:
            console.print(
                f"        … and {len(verdict.missing) - _MOST_SHOWN:,} more; --json lists them all",
            )
    failed = sum(not verdict.passed for verdict in verdicts)
    words = amount(len(verdicts), "condition")
    error_console.print(
        f"{failed:,} of {words} failed"
        if failed
        else f"all {words} hold"
        if len(verdicts) > 1
        else "the condition holds",
    )


def _missing(missing: Missing) -> str:
    behind = "".join(f" ({text})" for text in (missing.accepted, missing.path) if text)
    return " ".join(filter(None, (missing.attack_id, missing.name))) + f": {missing.why}{behind}"
