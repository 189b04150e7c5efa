"""Conditions on coverage, each with its verdict: what was wanted, what was found, and what to do about it.

Knows views and conditions, no file and no exit code. An accepted gap never counts as covered here: it excuses
a loss against the baseline, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from math import ceil, fsum

import pandas as pd

from coverage.accepted import Accepted
from coverage.mapping import Reader
from coverage.measures.breadth import coverage_by_id, coverage_by_placement
from coverage.measures.difference import GRAIN_WORDS, Difference
from coverage.measures.impact import number
from coverage.measures.sides import columns
from coverage.measures.threat import threat_by_id
from coverage.scope import View, among
from coverage.settings_check import ShareCondition, TargetsCondition
from coverage.vocabulary import id_kind

ENOUGH = 1e-9  # a sum of shares is not exact


class GateError(ValueError):
    """A condition that cannot be asked in this release: one sentence; `line` is the condition's in the settings."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Missing:
    """One thing that keeps a condition from holding: an ID, or a rule with its file."""

    name: str
    why: str
    attack_id: str | None = None
    corpus: str | None = None
    path: str | None = None


@dataclass(frozen=True)
class Verdict:
    """One condition and whether it holds. `covered` of `total`: the figures it was decided by, in `unit`."""

    condition: str  # share, no_technique_lost, targets or no_unmapped_rule
    title: str
    passed: bool
    wanted: str
    found: str
    covered: float
    total: int
    advice: str
    scope: str  # in words
    missing: tuple[Missing, ...] = ()
    line: int | None = None


def share_verdict(condition: ShareCondition, view: View, reader: Reader) -> Verdict:
    """Whether a large enough share of a grain is covered. Raises GateError for a tactic the release does not have."""
    tactic = _tactic(condition, reader)
    rows = _units(view, condition.grain, tactic)
    covered, total = fsum(rows["covered"].tolist()), len(rows)
    words = f"{GRAIN_WORDS[condition.grain]}s" + (f" in {reader.chosen.tactic_names[tactic]}" if tactic else "")
    needed = ceil(condition.at_least * total - ENOUGH)
    passed = bool(total) and covered >= condition.at_least * total - ENOUGH
    return Verdict(
        "share", f"at least {condition.at_least:.1%} of the {words}", passed,
        wanted=f"at least {condition.at_least:.1%}: {needed:,} of {total:,} {words} covered",
        found=f"{number(covered)} of {total:,} {words} covered" + (f" ({covered / total:.1%})" if total else ""),
        covered=covered, total=total, scope=view.scope.sentence(), line=condition.line,
        advice="" if passed else f"map rules to {ceil(needed - covered - ENOUGH):,} more of them ('gaps' lists those that most groups use first)"
        if total else "nothing is in this scope: look at its platforms and tactic",
        missing=() if passed else tuple(_open(rows, view)),
    )  # fmt: skip


def _tactic(condition: ShareCondition, reader: Reader) -> str | None:
    if condition.tactic is None:
        return None
    by_id = id_kind(condition.tactic) == "tactic"
    found = reader.tactic(condition.tactic if by_id else None, None if by_id else condition.tactic, None).tactic_id
    if found is None:
        names = ", ".join(reader.chosen.tactic_names.values())
        raise GateError(f"'{condition.tactic}' is no tactic of {reader.release.title}; they are {names}", condition.line)
    return found


def _units(view: View, grain: str, tactic: str | None) -> pd.DataFrame:
    rows = coverage_by_placement(view) if tactic or grain == "placements" else coverage_by_id(view)
    rows = rows[rows["tactic_id"] == tactic] if tactic else rows
    return rows if grain == "placements" else rows[rows["is_subtechnique"] == (grain == "subtechniques")]


def _open(rows: pd.DataFrame, view: View) -> Iterator[Missing]:
    """What is not wholly covered, those that most groups use first."""
    tactics = dict(columns(view.catalogue.tactics, "tactic_id", "name"))
    groups = dict(columns(threat_by_id(view), "attack_id", "groups"))
    rows = rows.iloc[sorted(range(len(rows)), key=lambda at: (-groups[rows["attack_id"].iat[at]], at))]
    where = rows["tactic_id"] if "tactic_id" in rows else pd.Series([None] * len(rows), index=rows.index, dtype="str")
    for attack_id, name, covered, tactic in columns(rows.assign(where=where), "attack_id", "name", "covered", "where"):
        if covered < 1:
            state = "open" if not covered else f"covered to {covered:.0%}"
            yield Missing(name, state + (f" in {tactics[tactic]}" if isinstance(tactic, str) else ""), attack_id)


def targets_verdict(condition: TargetsCondition, targets: Iterable[str], view: View, reader: Reader) -> Verdict:
    """Whether every target is covered. Targets are read as mappings are.

    Raises
    ------
    GateError
        When one of the condition's own `ids` is read as no live ID. A layer's is a target that is not covered.
    """
    covered = dict(columns(coverage_by_id(view), "attack_id", "covered"))
    wanted, missing = list(dict.fromkeys(targets)), []
    for target in wanted:
        leaf = reader.leaf(target)
        if leaf.attack_id is None and condition.ids:
            raise GateError(f"target {target} cannot be used: {leaf.reason}", condition.line)
        if (why := _not_covered(leaf.attack_id, covered, leaf.reason)) is not None:
            name = reader.chosen.names.get(leaf.attack_id or target, "")
            missing.append(Missing(name, why, leaf.attack_id or target))
    name = condition.name or condition.layer or "target techniques"
    return Verdict(
        "targets", f"targets: {name}", bool(wanted) and not missing, wanted=f"{len(wanted):,} of {len(wanted):,} targets covered",
        found=f"{len(wanted) - len(missing):,} of {len(wanted):,} targets covered", covered=len(wanted) - len(missing), total=len(wanted),
        scope=view.scope.sentence(), missing=tuple(missing), line=condition.line,
        advice="" if not missing and wanted else "map a rule to each of these, or take it out of the targets" if wanted
        else "the layer has no technique with a score above 0",
    )  # fmt: skip


def _not_covered(attack_id: str | None, covered: dict[str, float], reason: str | None) -> str | None:
    if attack_id is None:
        return reason or "it is read as no live ID"
    if attack_id not in covered:
        return "not in the stated scope"
    value = covered[attack_id]
    return None if value == 1 else "open" if not value else f"covered to {value:.0%}"


def lost_verdict(found: Difference, accepted: Accepted, line: int | None = None) -> Verdict:
    """Whether every technique and sub-technique covered before still is, or is an accepted gap.

    `found` compares two states in one release and scope, so that only rules make a difference.
    """
    units = found.units[found.units["grain"] != "placements"]
    lost = units[units["change"] == "lost"]
    excused = _excused(lost["attack_id"].tolist(), accepted, found.after)
    open_ = lost[~among(lost["attack_id"], pd.Series(sorted(excused), dtype="str"))]
    total = int((coverage_by_id(found.before)["covered"] > 0).sum())
    return Verdict(
        "no_technique_lost", "no technique lost", open_.empty,
        wanted=f"0 of {total:,} techniques and sub-techniques lost that {found.base.name} covers",
        found=f"{len(open_):,} of {total:,} lost" + (f", and {len(excused):,} more that are accepted gaps" if excused else ""),
        covered=total - len(open_), total=total, scope=found.after.scope.sentence(), line=line,
        missing=tuple(Missing(*values) for values in columns(open_, "name", "because", "attack_id")),
        advice="" if open_.empty else "map a rule to each of these again, or record it in gaps.toml as accepted",
    )  # fmt: skip


def _excused(lost: Collection[str], accepted: Accepted, view: View) -> set[str]:
    day, homes = view.scope.date, {}
    for tactic, attack_id in columns(view.placements, "tactic_id", "attack_id"):
        homes.setdefault(attack_id, []).append(tactic)
    said = {attack_id: accepted.of_id(attack_id, homes.get(attack_id, ()), day) for attack_id in lost}
    return {attack_id for attack_id, entry in said.items() if entry and entry.state == "accepted" and not entry.expired(day)}


def unmapped_verdict(view: View, line: int | None = None) -> Verdict:
    """Whether every rule in scope has a mapping. One that names a tactic only has one; `lint` is stricter."""
    rules = view.rules[~among(view.rules["rule_key"], view.mappings_in_scope["rule_key"])]
    total = len(view.rules)
    return Verdict(
        "no_unmapped_rule", "no rule without a mapping", rules.empty, wanted=f"0 of {total:,} rules in scope without a mapping",
        found=f"{len(rules):,} of {total:,} rules in scope without a mapping", covered=total - len(rules), total=total,
        scope=view.scope.sentence(), line=line,
        missing=tuple(Missing(name, "no mapping", None, corpus, path) for name, corpus, path in columns(rules, "name", "corpus", "path")),
        advice="" if rules.empty else "map each of these rules to a technique",
    )  # fmt: skip


