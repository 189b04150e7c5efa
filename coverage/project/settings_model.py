"""What may stand in coverage.toml: a model a table.

A new section is one model and one field of `SettingsFile`. The keys of a scope are
those of `coverage.scope.options.OPTIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, Field, create_model, model_validator

from coverage.catalogue import Release
from coverage.findings.checks import CHECKS
from coverage.project.check_settings import GRAINS
from coverage.project.validation import (
    Day,
    NeededText,
    Table,
    Text,
    Texts,
    is_blank,
    number,
    one_of,
    wrong,
)
from coverage.scope import OPTIONS, Known, ScopeOption
from coverage.scope.options import ALL, FLAG, MANY
from coverage.vocabulary import WAYS


def _release(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(Release.parse(text))
    except ValueError:
        raise wrong(
            "bad-release", "is not a release; write a domain and a version, such as enterprise-19.0"
        ) from None


ReleaseName = Annotated[Text, AfterValidator(_release)]


# ---- [lint] --------------------------------------------------------------------------------------------


_CODES = f"the codes are {', '.join(CHECKS)}"


def _code(code: str) -> str:
    if code not in CHECKS:
        raise wrong("unknown-code", f"is '{code}', which is not a check; {_CODES}")
    return code


class SilenceTable(Table):
    """One `[[lint.silence]]`."""

    code: Annotated[NeededText, AfterValidator(_code)] = Field(description=_CODES)
    reason: NeededText = Field(description="give the reason why these findings do not count")
    path: Text = None
    rule: Text = None
    until: Day = None

    @model_validator(mode="after")
    def _has_a_target(self) -> SilenceTable:
        if self.path is None and self.rule is None:
            raise wrong("no-target", 'names neither a path nor a rule; path = "**" is every file')
        return self


class LintTable(Table):
    """The section `[lint]`."""

    silence: list[SilenceTable] = Field(default_factory=list)


# ---- [[corpora]] ---------------------------------------------------------------------------------------


def _corpus_name(name: str) -> str:
    if set(name) & set("=/\\"):
        raise wrong("bad-name", "holds one of = / \\")
    return name


def _colour(colour: str | None) -> str | None:
    if colour is not None and not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
        raise wrong("bad-colour", 'is not a colour written "#0072B2"')
    return colour


class CorpusTable(Table):
    """One `[[corpora]]`."""

    name: Annotated[NeededText, AfterValidator(_corpus_name)]
    path: NeededText
    colour: Annotated[Text, AfterValidator(_colour)] = None
    enabled: bool = True


def _each_name_once(tables: list[Table]) -> list[Table]:
    names: set[str] = set()
    for place, table in enumerate(tables):
        if table.name in names:
            what = "corpora" if isinstance(table, CorpusTable) else "inventories"
            raise wrong("bad-name", f"is the name of two {what}", place, "name")
        names.add(table.name)
    return tables


# ---- [check] -------------------------------------------------------------------------------------------


def _option_type(option: ScopeOption) -> Any:
    """The type of an option's value, checked as far as its choices are fixed."""
    if option.kind == FLAG:
        return bool | None
    choices = option.choices(Known())
    if option.kind != MANY:
        return Text if choices is None else Annotated[Text, one_of(choices)]
    return Annotated[list[str] | None, AfterValidator(_values_of(option))]


def _values_of(option: ScopeOption) -> Callable[[list[str] | None], tuple[str, ...] | None]:
    """What a list of an option's values means. Nobody can say whether an empty one means all or none."""
    choices, means_all = option.choices(Known()), option.default == ()

    def values(written: list[str] | None) -> tuple[str, ...] | None:
        if written is None:
            return None
        named = {place: text for place, text in enumerate(written) if not is_blank(text)}
        if not named:
            every = f'write "{ALL}", ' if means_all else ""
            raise wrong(
                "empty-list",
                f"is empty, which could mean all or none; name at least one, {every}or leave it out",
            )
        if means_all and ALL in map(str.casefold, named.values()):
            return ()
        for place, name in named.items():
            if choices is not None and name not in choices:
                raise wrong("bad-value", f"is '{name}', none of {', '.join(choices)}", place)
        return tuple(named.values())

    return values


_SCOPE_FIELDS: dict[str, Any] = {
    "attack": (ReleaseName, None),
    **{name: (_option_type(option), None) for name, option in OPTIONS.items()},
}


def _with_scope(own: type[Table]) -> type[Table]:
    """A table that states a scope beside its own keys."""
    return create_model(own.__name__, __base__=own, __doc__=own.__doc__, **_SCOPE_FIELDS)


@_with_scope
class ScopeTable(Table):
    """The section `[check.scope]`."""


@_with_scope
class ShareTable(Table):
    """One `[[check.share]]`."""

    grain: Annotated[Text, one_of(GRAINS)] = None
    at_least: Annotated[float, number(0, 1)] = Field(
        description="give the smallest share that is enough, such as 0.8"
    )
    tactic: Text = None


@_with_scope
class TargetsTable(Table):
    """One `[[check.targets]]`."""

    ids: Texts = Field(default_factory=list)
    layer: Text = None
    name: Text = None

    @model_validator(mode="after")
    def _names_ids_or_a_layer(self) -> TargetsTable:
        if self.ids and self.layer:
            raise wrong("no-targets", "names both ids and a layer; use one entry each")
        if not self.ids and not self.layer:
            raise wrong("no-targets", "names neither ids nor a layer")
        return self


class CheckTable(Table):
    """The section `[check]`."""

    scope: ScopeTable | None = None
    share: list[ShareTable] = Field(default_factory=list)
    targets: list[TargetsTable] = Field(default_factory=list)
    baseline: Text = None
    no_technique_lost: bool = False
    no_unmapped_rule: bool = False
    no_rule_without_data: bool = False
    min_threat_coverage: Annotated[float | None, number(0, 1)] = None
    threat: Text = None


# ---- [[threat]] ----------------------------------------------------------------------------------------


_WHO = ("groups", "software", "campaigns", "sectors", "countries", "techniques", "files")
_THROUGH = tuple(name for name in WAYS if name != "direct")


def _ways(written: list[str]) -> list[str]:
    for place, name in enumerate(written):
        if name not in _THROUGH:
            raise wrong("bad-value", f"is '{name}', none of {', '.join(_THROUGH)}", place)
    return written


class ThreatTable(Table):
    """One `[[threat]]`."""

    name: NeededText = Field(description="entries of one name are one profile")
    groups: Texts = Field(default_factory=list)
    software: Texts = Field(default_factory=list)
    campaigns: Texts = Field(default_factory=list)
    sectors: Texts = Field(default_factory=list)
    countries: Texts = Field(default_factory=list)
    since: Annotated[int | None, number(1990, 2100)] = None
    techniques: Texts = Field(default_factory=list)
    files: Texts = Field(default_factory=list)
    cves: Texts = Field(default_factory=list)
    through: Annotated[Texts, AfterValidator(_ways)] = Field(default_factory=list)
    half_life: Annotated[float | None, number(0.1, 100)] = None
    weight: Annotated[float, number(0.001, 1000)] = 1.0

    @model_validator(mode="after")
    def _names_somebody(self) -> ThreatTable:
        if self.since is None and not any(getattr(self, name) for name in _WHO):
            raise wrong("nobody", f"names nobody; say {', '.join(_WHO)} or since")
        if self.cves and not self.files:
            raise wrong("no-files", "names cves, which choose among CVE mappings, and no files")
        return self


# ---- [[data]] ------------------------------------------------------------------------------------------


class DataTable(Table):
    """One `[[data]]`."""

    name: NeededText
    files: Texts = Field(description="name the files that say what data arrives")
    platforms: Texts = Field(default_factory=list)
    complete: bool | None = None
    stale_after: Annotated[int | None, number(1, 10_000)] = None
    as_of: Day = None

    @model_validator(mode="after")
    def _names_files(self) -> DataTable:
        if not self.files:
            raise wrong("no-files", "names no files")
        return self


class SettingsFile(Table):
    """The whole file."""

    lint: LintTable = LintTable()
    corpora: Annotated[list[CorpusTable], AfterValidator(_each_name_once)] = Field(default_factory=list)
    check: CheckTable = CheckTable()
    attack: ReleaseName = None
    threat: list[ThreatTable] = Field(default_factory=list)
    data: Annotated[list[DataTable], AfterValidator(_each_name_once)] = Field(default_factory=list)
