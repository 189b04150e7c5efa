"""What next: the gaps that a threat profile needs, by need x open x ease, and the few that help against most.

Ease is a product of factors from `data/priority.csv`: the kind of work, a rule of another rule set to start
from, and data that rules already use. Every factor stands in its own column.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import fsum, prod

import pandas as pd

from coverage.frames import rows_of
from coverage.measures.breadth import coverage_by_id
from coverage.measures.cover import greedy_cover
from coverage.measures.frames import GAPS, THREAT_STEPS, WORK_ORDER
from coverage.measures.gaps import gaps
from coverage.measures.need import need_by_id, need_terms, threat_coverage
from coverage.measures.next_steps import data_needed, next_steps
from coverage.scope import View, once_a_view
from coverage.threats.threat import Threat

_ADDED = [name for name in WORK_ORDER.columns if name not in GAPS.columns]


def work_order(
    view: View, threat: Threat, ease: Mapping[str, float], others: View | None = None
) -> pd.DataFrame:
    """WORK_ORDER: every gap, those that the profile needs first, by need x open x ease.

    Parameters
    ----------
    view : View
    threat : Threat
    ease : mapping
        What makes a gap easy to close: `tables.ease_factors`.
    others : View, optional
        Other rule sets in the same release and scope: a gap that one of their rules would close is easier.
    """
    return _work_order(view, threat, tuple(sorted(ease.items())), others)


@once_a_view(most=10)
def _work_order(
    view: View, threat: Threat, factors: tuple[tuple[str, float], ...], others: View | None
) -> pd.DataFrame:
    ease, found = dict(factors), gaps(view)
    needs = rows_of(need_by_id(view, threat), "attack_id", "need", "needed_by", "last_reported")
    needed = {attack_id: (need, by, _year(year)) for attack_id, need, by, year in needs}
    still_open = 1.0 - _covered(view, found["attack_id"])
    lent = next_steps(found, view, others)["other_rules"] if others is not None else [()] * len(found)
    data = data_needed(view)
    collected = frozenset(data.loc[data["collected"], "attack_id"].tolist())
    values: dict[str, list] = {name: found[name].tolist() for name in found} | {name: [] for name in _ADDED}
    for attack_id, kind, share, rules in zip(
        found["attack_id"].tolist(), found["gap_type"].tolist(), still_open.tolist(), lent, strict=True
    ):
        need, by, year = needed.get(attack_id, (0.0, (), None))
        factors_of_it = (
            ease[f"ease_{kind}"],
            ease["ease_borrow"] if len(rules) else 1.0,
            ease["ease_data"] if attack_id in collected else 1.0,
        )
        added = (need, by, year, share, *factors_of_it, prod((need, share, *factors_of_it)))
        for name, value in zip(_ADDED, added, strict=True):
            values[name].append(value)
    frame = WORK_ORDER.frame(values)
    frame["_place"] = range(len(frame))
    order = ["score", "need", "_place"]
    return frame.sort_values(order, ascending=[False, False, True], ignore_index=True).drop(columns="_place")


def with_need(found: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    """A GAPS frame with the columns that WORK_ORDER adds, in its order.

    A covered ID among the gaps (`fragile`, `platform`) has no row there: it stands behind them, with nothing
    open.
    """
    joined = found.merge(order[["attack_id", "gap_type", *_ADDED]], on=["attack_id", "gap_type"], how="left")
    joined["needed_by"] = [names if isinstance(names, tuple) else () for names in joined["needed_by"]]
    numbers = [name for name in _ADDED if name not in ("needed_by", "last_reported")]
    joined[numbers] = joined[numbers].fillna(0.0)
    place = {key: nth for nth, key in enumerate(zip(order["attack_id"], order["gap_type"], strict=True))}
    keys = rows_of(joined, "attack_id", "gap_type")
    joined["_place"] = [place.get(key, len(place)) for key in keys]
    return joined.sort_values("_place", kind="stable", ignore_index=True).drop(columns="_place")


def _year(value: object) -> int | None:
    return None if pd.isna(value) else int(value)


def _covered(view: View, attack_ids: pd.Series) -> pd.Series:
    coverage = coverage_by_id(view)
    share = dict(rows_of(coverage, "attack_id", "covered"))
    return pd.Series([share[one] for one in attack_ids.tolist()], index=attack_ids.index, dtype="float64")


@once_a_view(most=10)
def technique_steps(view: View, threat: Threat) -> pd.DataFrame:
    """THREAT_STEPS: which ID to write a rule for next, so that each step adds the most weighted coverage.

    A rule for a sub-technique covers its technique, too, under the roll-up `any`; under `all` and `share` a
    step gains its own ID alone.
    """
    found = gaps(view)
    needs = need_by_id(view, threat)
    need = dict(rows_of(needs, "attack_id", "need"))
    open_ = {one for one in found["attack_id"].tolist() if one in need}
    covered = _covered(view, needs["attack_id"]).tolist()
    left = {
        one: need[one] * (1 - share) for one, share in zip(needs["attack_id"].tolist(), covered, strict=True)
    }
    closes: dict[str, list[str]] = {}
    for one, parent, several in rows_of(found, "attack_id", "parent_id", "subtechniques"):
        own = [one] if one in open_ and (view.scope.rollup in ("any", "direct") or not several) else []
        lifted = [parent] if view.scope.rollup == "any" and parent in open_ else []
        if own or lifted:
            closes[one] = own + lifted
    # Of equal gains the ID that is needed itself, then by ID.
    ranks = {one: (one not in open_, one) for one in closes}
    steps = list(greedy_cover(closes, left, ranks))
    names = dict(rows_of(found, "attack_id", "name"))
    return steps_frame(
        view,
        threat,
        [(one, names[one], tuple(sorted(new)), fsum(left[i] for i in new)) for one, new in steps],
    )


def steps_frame(
    view: View, threat: Threat, steps: list[tuple[str, str, tuple[str, ...], float]]
) -> pd.DataFrame:
    """THREAT_STEPS from (what to add, its name, the IDs that it is the first to close, need gained)."""
    coverage, terms = threat_coverage(view, threat), need_terms(view, threat)
    by_id: dict[str, list[str]] = {}
    for attack_id, name in rows_of(terms, "attack_id", "name"):
        by_id.setdefault(attack_id, []).append(name)
    so_far = list(accumulate((gain for *_, gain in steps), initial=coverage.need_covered))[1:]
    rows = [
        (
            nth,
            what,
            name,
            new,
            gain,
            total / coverage.need if coverage.need else 0.0,
            len(helped),
            tuple(helped),
        )
        for nth, ((what, name, new, gain), total) in enumerate(zip(steps, so_far, strict=True), 1)
        for helped in [tuple(dict.fromkeys(who for one in new for who in by_id.get(one, ())))]
    ]
    return THREAT_STEPS.of_rows(rows)
