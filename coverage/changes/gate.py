"""Conditions on coverage, each with its verdict: what was wanted, what was found, and what to do about it.

Knows views and conditions, no file and no exit code. An accepted gap never counts as covered here: it excuses
a loss against the baseline, and nothing else. Where it is missing all the same, its mark stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, fsum
from typing import NamedTuple

import pandas as pd

from coverage.changes.difference import Difference
from coverage.changes.rule_diff import unreadable_files
from coverage.changes.sides import GRAIN_WORDS
from coverage.frames import rows_of
from coverage.inventory.arrivals import NOT_TOLD
from coverage.inventory.verdicts import CANNOT_FIRE
from coverage.mapping.reader import Reader
from coverage.measures.accepted import marker
from coverage.measures.breadth import coverage_by_id, coverage_by_placement
from coverage.measures.need import need_by_id, threat_coverage
from coverage.measures.threat import threat_by_id
from coverage.measures.verdicts import rule_verdicts
from coverage.project.accepted_gaps import NO_ENTRIES, Accepted
from coverage.project.check_settings import ShareCondition, TargetsCondition
from coverage.scope import View, among
from coverage.threats.threat import Threat
from coverage.vocabulary import DATA_REASONS, id_kind
from coverage.words import amount, listed, noun, number

ENOUGH = 1e-9  # a sum of shares is not exact
_MOST_READ_AS = 5  # IDs named in a sentence
_MOST_REASONS = 2
# A rule with no current ID still has a mapping when it names only a tactic, or an ID of another domain or
# framework.
_MEANT = ("tactic_only", "other_domain")

Marker = Callable[[str, str | None], str]


class GateError(ValueError):
    """A condition that cannot be asked in this release: one sentence; `line` is the condition's in the
    settings.
    """

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
    accepted: str | None = None  # what gaps.toml says of it: `accepted until 2027-03-31`


class Target(NamedTuple):
    """An ID that must be covered as written: everywhere, or in one tactic (its name, as a layer has it)."""

    attack_id: str
    tactic: str | None = None


@dataclass(frozen=True)
class Verdict:
    """One condition and whether it holds. `covered` of `total`: the figures it was decided by, in `unit`."""

    condition: str  # its key in [check]
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


def share_verdict(
    condition: ShareCondition, view: View, reader: Reader, accepted: Accepted = NO_ENTRIES
) -> Verdict:
    """Whether a large enough share of a grain is covered. Raises GateError for a tactic the release does not
    have.
    """
    tactic = _tactic(condition, reader)
    rows = _units(view, condition.grain, tactic)
    covered, total = fsum(rows["covered"].tolist()), len(rows)
    words = f"{GRAIN_WORDS[condition.grain]}s" + (
        f" in {reader.chosen.tactic_names[tactic]}" if tactic else ""
    )
    needed = ceil(condition.at_least * total - ENOUGH)
    passed = bool(total) and covered >= condition.at_least * total - ENOUGH
    return Verdict(
        "share",
        f"at least {condition.at_least:.1%} of the {words}",
        passed,
        wanted=f"at least {condition.at_least:.1%}: {needed:,} of {total:,} {words} covered",
        found=f"{number(covered)} of {total:,} {words} covered"
        + (f" ({covered / total:.1%})" if total else ""),
        covered=covered,
        total=total,
        scope=view.scope.sentence(),
        line=condition.line,
        advice=""
        if passed
        else f"map rules to {ceil(needed - covered - ENOUGH):,} more of them ('gaps' lists those that most "
        "groups use first)"
        if total
        else "nothing is in this scope: look at its platforms and tactic",
        missing=() if passed else tuple(_open(rows, view, marker(accepted, view))),
    )


def _tactic(condition: ShareCondition, reader: Reader) -> str | None:
    if condition.tactic is None:
        return None
    by_id = id_kind(condition.tactic) == "tactic"
    found = reader.tactic(
        condition.tactic if by_id else None, None if by_id else condition.tactic, None
    ).tactic_id
    if found is None:
        names = ", ".join(reader.chosen.tactic_names.values())
        raise GateError(
            f"unknown tactic of {reader.release.title}: '{condition.tactic}'; choose from {names}",
            condition.line,
        )
    return found


def _units(view: View, grain: str, tactic: str | None) -> pd.DataFrame:
    rows = coverage_by_placement(view) if tactic or grain == "placements" else coverage_by_id(view)
    rows = rows[rows["tactic_id"] == tactic] if tactic else rows
    return rows if grain == "placements" else rows[rows["is_subtechnique"] == (grain == "subtechniques")]


def _open(rows: pd.DataFrame, view: View, mark: Marker) -> Iterator[Missing]:
    """What is not wholly covered, those that most groups use first."""
    tactics = dict(rows_of(view.catalogue.tactics, "tactic_id", "name"))
    groups = dict(rows_of(threat_by_id(view), "attack_id", "groups"))
    rows = rows.iloc[sorted(range(len(rows)), key=lambda at: (-groups[rows["attack_id"].iat[at]], at))]
    where = (
        rows["tactic_id"]
        if "tactic_id" in rows
        else pd.Series([None] * len(rows), index=rows.index, dtype="str")
    )
    for attack_id, name, covered, tactic in rows_of(
        rows.assign(where=where), "attack_id", "name", "covered", "where"
    ):
        if covered < 1:
            tactic = tactic if isinstance(tactic, str) else None
            why = _state(covered) + (f" in {tactics[tactic]}" if tactic else "")
            yield Missing(name, why, attack_id, accepted=mark(attack_id, tactic) or None)


def _state(covered: float) -> str:
    return "open" if not covered else f"covered to {covered:.0%}"


def targets_verdict(
    condition: TargetsCondition,
    targets: Iterable[Target],
    view: View,
    reader: Reader,
    accepted: Accepted = NO_ENTRIES,
) -> Verdict:
    """Whether every target is covered, one with a tactic in that very tactic. Targets are read as mappings
    are.

    Several that are read as one ID, in one tactic, are one target.

    Raises
    ------
    GateError
        When one of the condition's own `ids` is read as no current ID. A layer's is a target that is not
        covered.
    """
    wanted: dict[tuple, _Wanted] = {}
    for target in targets:
        found = _wanted(target, condition, reader)
        wanted.setdefault((found.attack_id, found.tactic_id, found.fault), found).written.setdefault(
            target.attack_id
        )
    missing = tuple(_missing_targets(wanted.values(), view, reader, marker(accepted, view)))
    covered, name = len(wanted) - len(missing), condition.name or condition.layer or "target techniques"
    return Verdict(
        "targets",
        f"targets: {name}",
        bool(wanted) and not missing,
        wanted=f"{len(wanted):,} of {amount(len(wanted), 'target')} covered",
        found=f"{covered:,} of {amount(len(wanted), 'target')} covered" + _read_as(wanted.values()),
        covered=covered,
        total=len(wanted),
        scope=view.scope.sentence(),
        missing=missing,
        line=condition.line,
        advice=""
        if not missing and wanted
        else "map a rule to each of these, or take it out of the targets"
        if wanted
        else "the layer has no technique with a score above 0",
    )


@dataclass
class _Wanted:
    """A target as read. `written`: the IDs that are read as it, in order; `fault`: why nothing could cover
    it.
    """

    attack_id: str
    tactic_id: str | None
    fault: str | None
    written: dict[str, None] = field(default_factory=dict)

    @property
    def others(self) -> list[str]:
        return [written for written in self.written if written != self.attack_id]


def _wanted(target: Target, condition: TargetsCondition, reader: Reader) -> _Wanted:
    leaf = reader.leaf(target.attack_id)
    if leaf.attack_id is None:
        if condition.ids:
            raise GateError(f"target {target.attack_id} cannot be used: {leaf.reason}", condition.line)
        return _Wanted(target.attack_id, None, leaf.reason or "it does not exist in this release")
    if target.tactic is None:
        return _Wanted(leaf.attack_id, None, None)
    tactic = reader.tactic(None, target.tactic, leaf.attack_id)
    if tactic.status not in ("valid", "renamed"):
        return _Wanted(leaf.attack_id, None, tactic.reason)
    return _Wanted(leaf.attack_id, tactic.tactic_id, None)


def _missing_targets(
    wanted: Iterable[_Wanted], view: View, reader: Reader, mark: Marker
) -> Iterator[Missing]:
    ids = dict(rows_of(coverage_by_id(view), "attack_id", "covered"))
    cells = {
        row[:2]: row[2] for row in rows_of(coverage_by_placement(view), "attack_id", "tactic_id", "covered")
    }
    for one in wanted:
        covered = cells.get((one.attack_id, one.tactic_id)) if one.tactic_id else ids.get(one.attack_id)
        if one.fault or covered is None or covered < 1:
            why = one.fault or ("not in the stated scope" if covered is None else _state(covered))
            why += (
                f" in {reader.chosen.tactic_names[one.tactic_id]}"
                if one.tactic_id and covered is not None
                else ""
            )
            why += (
                f"; {listed(one.others)} {noun(len(one.others), 'is', 'are')} read as it"
                if one.others
                else ""
            )
            yield Missing(
                reader.chosen.names.get(one.attack_id, ""),
                why,
                one.attack_id,
                accepted=mark(one.attack_id, one.tactic_id) or None,
            )


def _read_as(wanted: Iterable[_Wanted]) -> str:
    """`; T1562 and T1562.001 are read as T1685`: which targets are read as another ID."""
    others = {one.attack_id: one.others for one in wanted if one.others}
    words = [
        f"{listed(written)} {noun(len(written), 'is', 'are')} read as {attack_id}"
        for attack_id, written in others.items()
    ]
    more = len(words) - _MOST_READ_AS
    return "".join(f"; {text}" for text in words[:_MOST_READ_AS]) + (
        f"; and {amount(more, 'more is', 'more are')} read as another ID" if more > 0 else ""
    )


def threat_verdict(
    least: float, threat: Threat, view: View, accepted: Accepted = NO_ENTRIES, line: int | None = None
) -> Verdict:
    """Whether enough of what a threat profile needs is covered, weighted by need. A profile that needs
    nothing in the scope fails.
    """
    found = threat_coverage(view, threat)
    passed = bool(found.needed) and found.weighted >= least - ENOUGH
    name, mark = threat.profile.name, marker(accepted, view)
    needs = need_by_id(view, threat)
    needs = needs[needs["covered"] < 1]
    missing = tuple(
        Missing(
            title,
            f"{_state(covered)}, needed by {members:,} of {amount(total, 'member')} (need {need:.2f})",
            attack_id,
            accepted=mark(attack_id, None) or None,
        )
        for title, covered, members, total, need, attack_id in rows_of(
            needs, "name", "covered", "members", "members_total", "need", "attack_id"
        )
    )
    return Verdict(
        "min_threat_coverage",
        f"at least {least:.1%} against {name}",
        passed,
        wanted=f"at least {least:.1%} of the need of {name} covered",
        found=f"{found.weighted:.1%} of the need covered; {number(found.covered)} of "
        f"{amount(found.needed, 'needed ID')}",
        covered=found.covered,
        total=found.needed,
        scope=view.scope.sentence(),
        line=line,
        missing=() if passed else missing,
        advice=""
        if passed
        else "cover the most needed of these ('gaps --profile' says what is the easiest)"
        if found.needed
        else "nobody in the profile uses an ID in this scope: 'threats' says what could not be read",
    )


def lost_verdict(found: Difference, accepted: Accepted, line: int | None = None) -> Verdict:
    """Whether every technique and sub-technique covered before still is, or is an accepted gap.

    `found` compares two states in one release and scope, so that only rules make a difference. Before the
    first rules of a repository there was nothing to lose; a baseline with rules that cover nothing fails, and
    so does one without a rule when there is none now, either.
    """
    units, view = found.units[found.units["grain"] != "placements"], found.after
    lost = units[units["change"] == "lost"]
    excused = _excused(lost["attack_id"].tolist(), accepted, view)
    open_ = lost[~among(lost["attack_id"], pd.Series(sorted(excused), dtype="str"))]
    total, mark = int((coverage_by_id(found.before)["covered"] > 0).sum()), marker(accepted, view)
    before, after = found.base.loaded, found.head.loaded
    first = before.rules.empty and not unreadable_files(before) and not after.rules.empty
    return Verdict(
        "no_technique_lost",
        "no technique lost",
        (bool(total) or first) and open_.empty,
        wanted=f"none of the {amount(total, 'ID')} that {found.base.name} covers is lost",
        found=f"{len(open_) or 'none'} of {total:,} lost"
        + (
            f", and {amount(len(excused), 'more that is an accepted gap', 'more that are accepted gaps')}"
            if excused
            else ""
        )
        + (f": {found.base.name} has no rule yet" if first else ""),
        covered=total - len(open_),
        total=total,
        scope=view.scope.sentence(),
        line=line,
        missing=tuple(
            Missing(*row, accepted=mark(row[2], None) or None)
            for row in rows_of(open_, "name", "because", "attack_id")
        ),
        advice="the baseline covers no technique: are the rules at this path in it?"
        if not (total or first)
        else ""
        if open_.empty
        else "map a rule to each of these again, or record it in gaps.toml as accepted",
    )


def _excused(lost: Collection[str], accepted: Accepted, view: View) -> set[str]:
    day, homes = view.scope.date, {}
    for tactic, attack_id in rows_of(view.placements, "tactic_id", "attack_id"):
        homes.setdefault(attack_id, []).append(tactic)
    entries = {attack_id: accepted.of_id(attack_id, homes.get(attack_id, ()), day) for attack_id in lost}
    return {
        attack_id
        for attack_id, entry in entries.items()
        if entry and entry.state == "accepted" and not entry.expired(day)
    }


def unmapped_verdict(view: View, line: int | None = None) -> Verdict:
    """Whether every rule in scope has a mapping that is read as something, and there is one at all.

    A rule that names a tactic only, or an ID of another domain or framework, has one; `lint` is stricter. One
    whose IDs are all dead or unknown has none.
    """
    mappings, total = view.mappings_in_scope, len(view.rules)
    mapped = mappings[mappings["attack_id"].notna() | mappings["status"].isin(_MEANT)]
    rules = view.rules[~among(view.rules["rule_key"], mapped["rule_key"])]
    return Verdict(
        "no_unmapped_rule",
        "no rule without a mapping",
        bool(total) and rules.empty,
        wanted="every rule in scope has a mapping",
        found=f"{total - len(rules):,} of {amount(total, 'rule has', 'rules have')} a mapping",
        covered=total - len(rules),
        total=total,
        scope=view.scope.sentence(),
        line=line,
        missing=tuple(_unmapped(rules, mappings)),
        advice="no rule is in scope: is this the right folder?"
        if not total
        else ""
        if rules.empty
        else "map each of these rules to a technique",
    )


def _data_advice(rules: int, idle: int) -> str:
    if not rules:
        return "no rule is in scope: is this the right folder?"
    if not idle:
        return ""
    return (
        "connect one of the log sources of each ('data' says which helps most), or take the rule out of scope"
    )


def data_verdict(view: View, line: int | None = None) -> Verdict:
    """Whether every rule in scope may run on the data that arrives. One of which nothing tells is no fault.

    Raises
    ------
    GateError
        When no inventory says what arrives.
    """
    if view.arrivals is None:
        raise GateError("no_rule_without_data needs an inventory: [[data]] says what arrives", line)
    rules = rule_verdicts(view, view.arrivals)
    idle, total = rules[rules["verdict"] == CANNOT_FIRE], len(rules)
    not_told = int((rules["verdict"] == NOT_TOLD).sum())
    return Verdict(
        "no_rule_without_data",
        "no rule without data",
        bool(total) and idle.empty,
        wanted="no rule in scope of whose data none arrives",
        found=f"{len(idle) or 'none'} of {amount(total, 'rule')} cannot fire for want of data"
        + (f"; of {not_told:,} nothing tells" if not_told else ""),
        covered=total - len(idle),
        total=total,
        scope=view.scope.sentence(),
        line=line,
        missing=tuple(
            Missing(
                name,
                f"{DATA_REASONS[reason].lower()}: {', '.join(word.partition(':')[2] for word in words)}",
                None,
                corpus,
                path,
            )
            for name, reason, words, corpus, path in rows_of(
                idle, "name", "reason", "missing", "corpus", "path"
            )
        ),
        advice=_data_advice(total, len(idle)),
    )


def _unmapped(rules: pd.DataFrame, mappings: pd.DataFrame) -> Iterator[Missing]:
    reasons: dict[str, dict[str, None]] = {}
    for rule_key, leaf, reason in rows_of(mappings, "rule_key", "leaf_written", "reason"):
        reasons.setdefault(rule_key, {})[
            reason if isinstance(reason, str) else f"{leaf} does not exist in this release"
        ] = None
    for rule_key, name, corpus, path in rows_of(rules, "rule_key", "name", "corpus", "path"):
        causes = list(reasons.get(rule_key, ()))
        yield Missing(
            name,
            f"no ID of this release: {'; '.join(causes[:_MOST_REASONS])}" if causes else "no mapping",
            None,
            corpus,
            path,
        )
