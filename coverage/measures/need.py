"""What is needed against a threat profile, and how much of it is covered. `docs/numbers.md` has the formulas.

The need of an ID is the weighted share of the profile's members that use it: the sum of weight x counts over
its users, over the sum of the weights of all members. Nothing here is called risk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum

import pandas as pd

from coverage.frames import rows_of
from coverage.measures.breadth import coverage_by_id
from coverage.measures.frames import NEED, NEED_TERMS
from coverage.scope import View, among, once_a_view
from coverage.threats.threat import Threat
from coverage.vocabulary import WAYS, attack_url
from coverage.words import number

_KEPT = 20  # profiles whose needs are kept with a view
_TERMS_IN_A_SUM = 12
_FACTS = ("attack_id", "name", "is_subtechnique", "parent_id", "covered", "rules")


@once_a_view(most=_KEPT)
def need_terms(view: View, threat: Threat) -> pd.DataFrame:
    """NEED_TERMS: each member of a profile and each ID in scope that it needs: what the sums are made of.

    Of several ways to one ID the one that counts most is taken, once.
    """
    weights = dict(rows_of(threat.members, "member_id", "weight"))
    names = dict(rows_of(threat.members, "member_id", "name"))
    total = fsum(weights.values())
    uses = threat.uses[
        (threat.uses["counts"] > 0) & among(threat.uses["attack_id"], view.techniques["attack_id"])
    ]
    columns = ("member_id", "attack_id", "way", "through", "counts", "last_reported")
    found: dict[tuple[str, str], dict] = {}
    for member, attack_id, way, through, counts, year in rows_of(uses, *columns):
        term = found.setdefault(
            (attack_id, member),
            {"counts": 0.0, "ways": set(), "through": set(), "year": 0, **dict.fromkeys(WAYS, 0.0)},
        )
        term["counts"] = max(term["counts"], counts)
        term[way] = max(term[way], counts)
        term["ways"].add(way)
        term["through"] |= {through} - {""}
        term["year"] = max(term["year"], 0 if pd.isna(year) else year)
    rows = [
        (
            attack_id,
            member,
            names[member],
            weights[member],
            term["counts"],
            weights[member] * term["counts"] / total,
            *(term[way] for way in WAYS),
            tuple(way for way in WAYS if way in term["ways"]),
            tuple(sorted(term["through"])),
            term["year"] or None,
        )
        for (attack_id, member), term in found.items()
    ]
    rows.sort(key=lambda row: (row[0], -row[5], row[2].casefold(), row[1]))
    return NEED_TERMS.of_rows(rows)


@once_a_view(most=_KEPT)
def need_by_id(view: View, threat: Threat) -> pd.DataFrame:
    """NEED: every ID in scope that a member of the profile needs, the most needed first."""
    terms, states = need_terms(view, threat), state_by_id(view)
    weights = fsum(threat.members["weight"].tolist())
    users: dict[str, list[tuple]] = {}
    columns = ("name", "weight", "counts", *WAYS, "last_reported")
    for attack_id, *term in zip(
        terms["attack_id"].tolist(), *(terms[column].tolist() for column in columns), strict=True
    ):
        users.setdefault(attack_id, []).append(tuple(term))
    coverage = coverage_by_id(view)
    facts = rows_of(coverage, *_FACTS)
    rows = []
    for attack_id, name, is_subtechnique, parent, covered, rules in facts:
        if attack_id in users:
            names, weight, counts, *ways, years = zip(*users[attack_id], strict=True)
            using = fsum(_products(weight, counts))
            known = [year for year in years if not pd.isna(year)]
            rows.append(
                (
                    attack_id,
                    name,
                    is_subtechnique,
                    parent,
                    len(names),
                    len(threat.members),
                    using,
                    weights,
                    using / weights,
                    *(fsum(_products(weight, way)) / weights for way in ways),
                    names,
                    max(known, default=None),
                    covered,
                    states[attack_id],
                    rules,
                    attack_url(attack_id),
                )
            )
    rows.sort(key=lambda row: (-row[8], row[0]))
    return NEED.of_rows(rows)


def _products(weights: Iterable[float], counts: Iterable[float]) -> list[float]:
    return [weight * count for weight, count in zip(weights, counts, strict=True)]


def need_sum(view: View, threat: Threat, attack_id: str) -> str:
    """The sum that the need of an ID is, in words: `(1 APT29 + 3 x 0.5 Red team) / 12 = 0.208`."""
    terms = need_terms(view, threat)
    terms = terms[terms["attack_id"] == attack_id]
    total = fsum(threat.members["weight"].tolist())
    parts = [
        f"{number(weight)} {name}" if counts == 1 else f"{number(weight)} x {counts:.3g} {name}"
        for weight, counts, name in terms[["weight", "counts", "name"]].itertuples(index=False)
    ]
    more = len(parts) - _TERMS_IN_A_SUM
    listed = parts[:_TERMS_IN_A_SUM] + ([f"{more} more"] if more > 0 else [])
    need = fsum(_products(terms["weight"], terms["counts"])) / total if total else 0.0
    return f"({' + '.join(listed) or '0'}) / {number(total)} = {need:.3f}"


@once_a_view
def state_by_id(view: View) -> dict[str, str]:
    """Each ID in scope -> what rules in scope there are for it: a key of `vocabulary.STATES`.

    By the rules on the very IDs, whatever the roll-up; the first that fits, so that the five are disjoint.
    """
    ids = view.techniques["attack_id"].tolist()
    parents = [
        parent if isinstance(parent, str) else None for parent in view.techniques["parent_id"].tolist()
    ]
    exact = frozenset(view.rules_on_ids["attack_id"].tolist())
    with_rule = {parent for one, parent in zip(ids, parents, strict=True) if parent and one in exact}
    return {
        one: "exact"
        if one in exact
        else "sub_only"
        if one in with_rule
        else "parent_only"
        if parent in exact
        else "sibling_only"
        if parent in with_rule
        else "none"
        for one, parent in zip(ids, parents, strict=True)
    }


@dataclass(frozen=True)
class ThreatCoverage:
    """How much of what a profile needs is covered, over IDs in scope."""

    needed: int  # IDs in scope that somebody needs
    covered: float  # of these under the roll-up; under `share` a sum of shares
    need: float  # sum of their needs
    need_covered: float  # sum of need x covered
    out_of_scope: int  # IDs that somebody needs and the scope leaves out
    grains: Mapping[str, tuple[float, int]]  # techniques, subtechniques -> covered, needed

    @property
    def weighted(self) -> float:
        """sum(need x covered) / sum(need), 0-1; 0 when nothing is needed."""
        return self.need_covered / self.need if self.need else 0.0

    def sentence(self, name: str) -> str:
        """Both figures with what they are of."""
        grains = ", ".join(
            f"{number(covered)} of {needed:,} {words}"
            for (covered, needed), words in zip(
                self.grains.values(), ("techniques", "sub-techniques"), strict=True
            )
        )
        return (
            f"Against {name}: {number(self.covered)} of {self.needed:,} needed IDs are covered ({grains}); "
            f"weighted by need {self.weighted:.1%}."
        )


@once_a_view(most=_KEPT)
def threat_coverage(view: View, threat: Threat) -> ThreatCoverage:
    """Threat-weighted coverage beside the plain count."""
    needs = need_by_id(view, threat)
    need, covered = needs["need"].tolist(), needs["covered"].tolist()
    every = set(threat.uses.loc[threat.uses["counts"] > 0, "attack_id"].tolist())
    subtechnique = needs["is_subtechnique"]
    return ThreatCoverage(
        len(needs),
        fsum(covered),
        fsum(need),
        fsum(_products(need, covered)),
        len(every - set(needs["attack_id"].tolist())),
        {
            grain: (fsum(needs.loc[mask, "covered"].tolist()), int(mask.sum()))
            for grain, mask in (("techniques", ~subtechnique), ("subtechniques", subtechnique))
        },
    )
