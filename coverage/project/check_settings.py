"""The section `[check]` of coverage.toml: the conditions that a gate in CI asks for, as values.

Knows names of options and of grains; whether a platform or an ID is one of a release is found out when the
gate runs (`measures.gate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coverage.scope import OPTIONS

if TYPE_CHECKING:
    from coverage.project.settings_model import CheckTable
    from coverage.project.validation import LineOf, Table

GRAINS = ("techniques", "subtechniques", "placements")
_FLAGS = ("no_technique_lost", "no_unmapped_rule", "no_rule_without_data")


@dataclass(frozen=True)
class ScopeSetting:
    """What is stated of a scope: the release, and options of `coverage.scope.OPTIONS`. What is not stated is
    not here.
    """

    attack: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def over(self, below: ScopeSetting) -> ScopeSetting:
        """The same, with what is not stated taken from another."""
        return ScopeSetting(self.attack or below.attack, {**below.options, **self.options})


@dataclass(frozen=True)
class ShareCondition:
    """One `[[check.share]]`: at least this share of a grain is covered, in one tactic or everywhere."""

    grain: str
    at_least: float  # 0-1
    tactic: str | None = None  # ID or name
    scope: ScopeSetting = ScopeSetting()
    line: int | None = None


@dataclass(frozen=True)
class TargetsCondition:
    """One `[[check.targets]]`: these IDs, or the scored techniques of a Navigator layer, are covered."""

    ids: tuple[str, ...] = ()
    layer: str | None = None  # as written: relative to the settings file, or absolute
    name: str | None = None
    scope: ScopeSetting = ScopeSetting()
    line: int | None = None


@dataclass(frozen=True)
class CheckSettings:
    """The section `[check]`. `lines`: where each flag stands."""

    scope: ScopeSetting = ScopeSetting()
    shares: tuple[ShareCondition, ...] = ()
    targets: tuple[TargetsCondition, ...] = ()
    no_technique_lost: bool = False
    no_unmapped_rule: bool = False
    baseline: str | None = None  # a snapshot's file, relative to the settings file, or a git revision
    min_threat_coverage: float | None = None  # 0-1, weighted by need
    threat: str | None = None  # the profile that is meant
    no_rule_without_data: bool = False
    lines: Mapping[str, int | None] = field(default_factory=dict, compare=False)

    @property
    def is_empty(self) -> bool:
        asked = (self.shares, self.targets, *(getattr(self, name) for name in _FLAGS))
        return not any(asked) and self.min_threat_coverage is None


def check_settings(table: CheckTable, line_of: LineOf) -> CheckSettings:
    """What `[check]` says, with the lines where it says so."""
    shares = (
        ShareCondition(
            one.grain or "techniques",
            one.at_least,
            one.tactic,
            _scope(one),
            line_of(("check", "share", place)),
        )
        for place, one in enumerate(table.share)
    )
    targets = (
        TargetsCondition(
            tuple(text.strip().upper() for text in one.ids),
            one.layer,
            one.name,
            _scope(one),
            line_of(("check", "targets", place)),
        )
        for place, one in enumerate(table.targets)
    )
    return CheckSettings(
        _scope(table.scope) if table.scope is not None else ScopeSetting(),
        tuple(shares),
        tuple(targets),
        table.no_technique_lost,
        table.no_unmapped_rule,
        table.baseline,
        table.min_threat_coverage,
        table.threat,
        table.no_rule_without_data,
        lines={name: line_of(("check", name)) for name in (*_FLAGS, "min_threat_coverage")},
    )


def _scope(table: Table) -> ScopeSetting:
    """The scope that a table states."""
    stated = {name: getattr(table, name) for name in OPTIONS}
    return ScopeSetting(table.attack, {name: value for name, value in stated.items() if value is not None})
