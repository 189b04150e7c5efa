"""The section `[check]` of coverage.toml: the conditions that a gate in CI asks for, read and checked.

Knows names of options and of grains; whether a platform or an ID is one of a release is found out when the
gate runs (`measures.gate`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from coverage.catalogue.model import Release
from coverage.loaders.fields import Fields
from coverage.scope import ENABLED_CHOICES
from coverage.vocabulary import ROLLUPS, RULE_CLASSES

GRAINS = ("techniques", "subtechniques", "placements")
ALL_PLATFORMS = "all"
_SCOPE_KEYS = ("attack", "classes", "enabled", "platforms", "pre", "rollup")
_FLAGS = ("no_technique_lost", "no_unmapped_rule")
_KEYS = ("scope", "share", "targets", "baseline", *_FLAGS)

LineOf = Callable[[tuple], int | None]  # document path -> line


@dataclass(frozen=True)
class ScopeSetting:
    """The options of a scope that are stated; None where one is not."""

    attack: str | None = None
    classes: tuple[str, ...] | None = None
    enabled: str | None = None
    platforms: tuple[str, ...] | None = None  # empty: every platform
    pre: bool | None = None
    rollup: str | None = None

    def over(self, below: ScopeSetting) -> ScopeSetting:
        """The same, with what is not stated taken from another."""
        return replace(
            below, **{name: value for name in _SCOPE_KEYS if (value := getattr(self, name)) is not None}
        )

    def options(self) -> dict[str, Any]:
        """What is stated, as `Reading.view` takes it; the release apart."""
        return {name: value for name in _SCOPE_KEYS[1:] if (value := getattr(self, name)) is not None}


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
    lines: Mapping[str, int | None] = field(default_factory=dict, compare=False)

    @property
    def is_empty(self) -> bool:
        return not (self.shares or self.targets or self.no_technique_lost or self.no_unmapped_rule)


def check_section(root: Fields) -> Callable[[LineOf], CheckSettings] | None:
    """What `[check]` says, once lines can be told; None without the section. Notes what is wrong in the Fields' issues."""
    if (table := root.table("check")) is None:
        return None
    _known(table, _KEYS)
    flags = {name: table.flag(name) is True for name in _FLAGS}
    baseline = table.text("baseline")
    scope = _stated(stated) if (stated := table.table("scope")) is not None else ScopeSetting()
    shares, targets = list(_shares(table)), list(_targets(table))

    def section(line_of: LineOf) -> CheckSettings:
        return CheckSettings(
            scope,
            tuple(replace(one, line=line_of(path)) for path, one in shares),
            tuple(replace(one, line=line_of(path)) for path, one in targets),
            **flags,
            baseline=baseline,
            lines={name: line_of((*table.path, name)) for name in _FLAGS},
        )

    return section


def _shares(table: Fields) -> Iterator[tuple[tuple, ShareCondition]]:
    for entry in table.tables("share"):
        _known(entry, ("grain", "at_least", "tactic", *_SCOPE_KEYS))
        grain, at_least = entry.text("grain") or "techniques", entry.number("at_least", 0, 1)
        _one_of(entry, "grain", grain, GRAINS)
        if "at_least" not in entry.values:
            entry.issue((), "no-share", "has no at_least; say the smallest share that is enough, such as 0.8")
        yield (
            entry.path,
            ShareCondition(grain, at_least or 0.0, entry.text("tactic"), _stated(entry, others=True)),
        )


def _targets(table: Fields) -> Iterator[tuple[tuple, TargetsCondition]]:
    for entry in table.tables("targets"):
        _known(entry, ("ids", "layer", "name", *_SCOPE_KEYS))
        ids, layer = entry.texts("ids"), entry.text("layer")
        if bool(ids) == bool(layer):
            entry.issue(
                (),
                "no-targets",
                "names neither ids nor a layer"
                if not ids
                else "names both ids and a layer; use one entry each",
            )
        yield (
            entry.path,
            TargetsCondition(
                tuple(text.strip().upper() for text in ids),
                layer,
                entry.text("name"),
                _stated(entry, others=True),
            ),
        )


def _stated(table: Fields, others: bool = False) -> ScopeSetting:
    """The scope that a table states. `others`: it may say other things too."""
    if not others:
        _known(table, _SCOPE_KEYS)
    attack, enabled, rollup = (table.text(name) for name in ("attack", "enabled", "rollup"))
    if attack is not None:
        try:
            attack = str(Release.parse(attack))
        except ValueError:
            table.issue(
                ("attack",),
                "bad-release",
                "is no release; write a domain and a version, such as enterprise-19.0",
            )
    for key, value, known in (("enabled", enabled, ENABLED_CHOICES), ("rollup", rollup, ROLLUPS)):
        if value is not None:
            _one_of(table, key, value, known)
    classes, platforms = _listed(table, "classes"), _listed(table, "platforms")
    for place, name in enumerate(classes or ()):
        if name not in RULE_CLASSES:
            table.issue(("classes", place), "bad-value", f"is '{name}', none of {', '.join(RULE_CLASSES)}")
    everywhere = platforms is not None and ALL_PLATFORMS in map(str.casefold, platforms)
    return ScopeSetting(attack, classes, enabled, () if everywhere else platforms, table.flag("pre"), rollup)


def _listed(table: Fields, key: str) -> tuple[str, ...] | None:
    """The texts at a key, None without it. Of an empty list nobody can say whether it means all or none."""
    if key not in table.values:
        return None
    if table.values[key] == []:
        every = f'write "{ALL_PLATFORMS}", ' if key == "platforms" else ""
        table.issue(
            (key,),
            "empty-list",
            f"is empty, which could mean all or none; name at least one, {every}or leave it out",
        )
    return table.texts(key)


def _one_of(table: Fields, key: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        table.issue((key,), "bad-value", f"is '{value}', none of {', '.join(known)}")


def _known(table: Fields, known: Collection[str]) -> None:
    for key in table.values:
        if key not in known:
            table.issue((key,), "unknown-key", f"is no setting; known here: {', '.join(known)}")
