"""Each adversary of a threat profile: what it needs, what rules there are for that, and where it is open."""

from __future__ import annotations

from collections import Counter
from math import fsum

import pandas as pd

from coverage.frames import rows_of
from coverage.measures.breadth import coverage_by_id, coverage_by_placement
from coverage.measures.frames import (
    ADVERSARIES,
    ADVERSARY_IDS,
    ADVERSARY_TACTICS,
    THREAT_COMPARISON,
    THREAT_OVERLAY,
)
from coverage.measures.need import need_by_id, need_terms, state_by_id
from coverage.scope import View, once_a_view
from coverage.threats.threat import Threat
from coverage.vocabulary import STATES, attack_url

_KEPT = 20


@once_a_view(most=_KEPT)
def adversary_ids(view: View, threat: Threat) -> pd.DataFrame:
    """ADVERSARY_IDS: each member of a profile and each ID in scope that it needs, with its state and source.

    Members in their order, of each the open IDs first, then the most needed.
    """
    terms, states = need_terms(view, threat), state_by_id(view)
    coverage = coverage_by_id(view)
    covered = dict(rows_of(coverage, "attack_id", "covered"))
    names = dict(rows_of(coverage, "attack_id", "name"))
    needs = need_by_id(view, threat)
    need = dict(rows_of(needs, "attack_id", "need"))
    order = {member: place for place, member in enumerate(threat.members["member_id"].tolist())}
    columns = ("member_id", "name", "attack_id", "counts", "ways", "through", "last_reported")
    rows = [
        (
            member,
            name,
            attack_id,
            names[attack_id],
            states[attack_id],
            covered[attack_id],
            counts,
            need[attack_id],
            ways,
            through,
            None if pd.isna(year) else year,
            attack_url(attack_id),
        )
        for member, name, attack_id, counts, ways, through, year in rows_of(terms, *columns)
    ]
    place = {state: nth for nth, state in enumerate(reversed(STATES))}
    rows.sort(key=lambda row: (order[row[0]], place[row[4]], -row[7], row[2]))
    return ADVERSARY_IDS.of_rows(rows)


@once_a_view(most=_KEPT)
def adversaries(view: View, threat: Threat) -> pd.DataFrame:
    """ADVERSARIES: the members of a profile, and what rules there are for the IDs they need.

    The five states are disjoint and add up to `needed`. A member of which no ID is in scope has a row, too.
    """
    ids = adversary_ids(view, threat)
    states: dict[str, Counter[str]] = {}
    covered: dict[str, list[float]] = {}
    for member, state, share in rows_of(ids, "member_id", "state", "covered"):
        states.setdefault(member, Counter())[state] += 1
        covered.setdefault(member, []).append(share)
    columns = ("member_id", "name", "kind", "weight", "ids", "last_reported", "url")
    rows = []
    for member, name, kind, weight, every, year, url in rows_of(threat.members, *columns):
        counts = states.get(member, Counter())
        needed, total = counts.total(), fsum(covered.get(member, ()))
        rows.append(
            (
                member,
                name,
                kind,
                weight,
                needed,
                *(counts[state] for state in STATES),
                total,
                total / needed if needed else 0.0,
                every - needed,
                None if pd.isna(year) else year,
                url,
            )
        )
    return ADVERSARIES.of_rows(rows)


@once_a_view(most=_KEPT)
def adversary_tactics(view: View, threat: Threat) -> pd.DataFrame:
    """ADVERSARY_TACTICS: what each member needs in each tactic of the matrix, and how much of it is covered
    there.

    An ID counts in each of its tactics: what is linked to a group is the technique, not the cell.
    """
    cells = coverage_by_placement(view)
    by_id: dict[str, list[tuple[str, float, bool]]] = {}
    for tactic, attack_id, covered, direct in rows_of(cells, "tactic_id", "attack_id", "covered", "direct"):
        by_id.setdefault(attack_id, []).append((tactic, covered, direct))
    found: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    terms = need_terms(view, threat)
    for member, attack_id in rows_of(terms, "member_id", "attack_id"):
        for tactic, covered, direct in by_id.get(attack_id, ()):
            found.setdefault((member, tactic), []).append((covered, direct))
    tactics = view.catalogue.tactics
    tactics = tactics[tactics["position"] >= 0].sort_values("position")
    rows = [
        (
            member,
            name,
            tactic,
            title,
            len(cell),
            sum(direct for _, direct in cell),
            fsum(covered for covered, _ in cell),
            fsum(covered for covered, _ in cell) / len(cell) if cell else None,
        )
        for member, name in rows_of(threat.members, "member_id", "name")
        for tactic, title in rows_of(tactics, "tactic_id", "name")
        for cell in [found.get((member, tactic), [])]
    ]
    return ADVERSARY_TACTICS.of_rows(rows)


@once_a_view(most=_KEPT)
def threat_overlay(view: View, threat: Threat) -> pd.DataFrame:
    """THREAT_OVERLAY: what the profile needs over what is covered, in the order of IDs."""
    needs = need_by_id(view, threat).set_index("attack_id")
    columns = ("need", "members", "needed_by", "last_reported")
    needed = dict(zip(needs.index, rows_of(needs, *columns), strict=True))
    coverage = coverage_by_id(view)
    facts = ("attack_id", "name", "is_subtechnique", "parent_id", "covered", "rules")
    rows = []
    for attack_id, name, is_subtechnique, parent, covered, rules in rows_of(coverage, *facts):
        need, members, by, year = needed.get(attack_id, (0.0, 0, (), None))
        if need or covered:
            year = None if pd.isna(year) else year
            overlay = _overlay(need, covered)
            rows.append(
                (attack_id, name, is_subtechnique, parent, overlay, need, members, by, year, covered, rules)
            )
    return THREAT_OVERLAY.of_rows(rows)


def _overlay(need: float, covered: float) -> str:
    if not need:
        return "covered_only"
    return "needed_open" if not covered else "needed_covered" if covered == 1 else "needed_part"


@once_a_view(most=_KEPT)
def compare_threats(view: View, a: Threat, b: Threat) -> pd.DataFrame:
    """THREAT_COMPARISON: what two profiles, or two adversaries as profiles of their own, need; what both need
    first.
    """
    first, second = need_by_id(view, a), need_by_id(view, b)
    facts = pd.concat([first, second], ignore_index=True).drop_duplicates("attack_id")
    sides = [
        dict(zip(one["attack_id"].tolist(), zip(one["need"], one["needed_by"], strict=True), strict=True))
        for one in (first, second)
    ]
    columns = ("attack_id", "name", "is_subtechnique", "parent_id", "covered", "state", "url")
    rows = []
    for *row, covered, state, url in rows_of(facts, *columns):
        (need_a, by_a), (need_b, by_b) = (side.get(row[0], (0.0, ())) for side in sides)
        rows.append((*row, need_a, need_b, by_a, by_b, covered, state, url))
    rows.sort(key=lambda row: (-min(row[4], row[5]), -max(row[4], row[5]), row[0]))
    return THREAT_COMPARISON.of_rows(rows)
