"""What next: the gaps that a threat profile needs, by need x open x ease, and the few that help against most.

Ease is a product of factors from `data/priority.csv`: the kind of work, a rule of another rule set to start
from, and data that rules already use. Every factor stands in its own column.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import fsum

import pandas as pd

from coverage.measures.breadth import coverage_by_id
from coverage.measures.cover import greedy_cover
from coverage.measures.frames import GAPS, THREAT_STEPS, WORK_ORDER
from coverage.measures.gaps import gaps
from coverage.measures.need import columns_of_rows, need_by_id, need_terms, threat_coverage
from coverage.measures.next_steps import data_needed, next_steps
from coverage.scope import View, once_a_view
from coverage.threats.threat import Threat

_ADDED = ("need", "needed_by", "last_reported", "open", "kind_factor", "borrow_factor", "data_factor")


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
    needs = need_by_id(view, threat).set_index("attack_id")
    covered = 1.0 - _covered(view, found["attack_id"])
    lent = next_steps(found, view, others)["other_rules"] if others is not None else [()] * len(found)
    data = data_needed(view)
    at_hand = frozenset(data.loc[data["collected"], "attack_id"].tolist())
    rows = []
    for attack_id, kind, share, rules in zip(
        found["attack_id"].tolist(), found["gap_type"].tolist(), covered.tolist(), lent, strict=True
    ):
        known = attack_id in needs.index
        rows.append(
            (
                float(needs["need"][attack_id]) if known else 0.0,
                needs["needed_by"][attack_id] if known else (),
                _year(needs["last_reported"][attack_id]) if known else None,
                share,
                ease[f"ease_{kind}"],
                ease["ease_borrow"] if len(rules) else 1.0,
                ease["ease_data"] if attack_id in at_hand else 1.0,
            )
        )
    added = columns_of_rows(_ADDED, rows)
    values = {name: found[name].tolist() for name in found} | added
    values["score"] = [row[0] * row[3] * row[4] * row[5] * row[6] for row in rows]
    frame = WORK_ORDER.frame(values)
    frame["_place"] = range(len(frame))
    order = ["score", "need", "_place"]
    return frame.sort_values(order, ascending=[False, False, True], ignore_index=True).drop(columns="_place")


def with_need(found: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    """A GAPS frame with the columns that WORK_ORDER adds, in its order.

    A covered ID among the gaps (`fragile`, `platform`) has no row there: it stands behind them, with nothing
    open.
    """
    added = [name for name in WORK_ORDER.columns if name not in GAPS.columns]
    joined = found.merge(order[["attack_id", "gap_type", *added]], on=["attack_id", "gap_type"], how="left")
    joined["needed_by"] = [names if isinstance(names, tuple) else () for names in joined["needed_by"]]
    numbers = [name for name in added if name not in ("needed_by", "last_reported")]
    joined[numbers] = joined[numbers].fillna(0.0)
    place = {key: nth for nth, key in enumerate(zip(order["attack_id"], order["gap_type"], strict=True))}
    keys = zip(joined["attack_id"].tolist(), joined["gap_type"].tolist(), strict=True)
    joined["_place"] = [place.get(key, len(place)) for key in keys]
    return joined.sort_values("_place", kind="stable", ignore_index=True).drop(columns="_place")


def _year(value: object) -> int | None:
    return None if pd.isna(value) else int(value)


def _covered(view: View, attack_ids: pd.Series) -> pd.Series:
    coverage = coverage_by_id(view)
    share = dict(zip(coverage["attack_id"].tolist(), coverage["covered"].tolist(), strict=True))
    return pd.Series([share[one] for one in attack_ids.tolist()], index=attack_ids.index, dtype="float64")


@once_a_view(most=10)
def technique_steps(view: View, threat: Threat) -> pd.DataFrame:
    """THREAT_STEPS: which ID to write a rule for next, so that each step adds the most weighted coverage.

    A rule for a sub-technique covers its technique, too, under the roll-up `any`; under `all` and `share` a
    step gains its own ID alone.
    """
    found = gaps(view)
    needs = need_by_id(view, threat)
    need = dict(zip(needs["attack_id"].tolist(), needs["need"].tolist(), strict=True))
    open_ = {one for one in found["attack_id"].tolist() if one in need}
    covered = _covered(view, needs["attack_id"]).tolist()
    left = {
        one: need[one] * (1 - share) for one, share in zip(needs["attack_id"].tolist(), covered, strict=True)
    }
    closes: dict[str, list[str]] = {}
    for one, parent, several in zip(
        *(found[name].tolist() for name in ("attack_id", "parent_id", "subtechniques")), strict=True
    ):
        own = [one] if one in open_ and (view.scope.rollup in ("any", "direct") or not several) else []
        lifted = [parent] if view.scope.rollup == "any" and parent in open_ else []
        if own or lifted:
            closes[one] = own + lifted
    # Of equal gains the ID that is needed itself, then by ID.
    ranks = {one: (one not in open_, one) for one in closes}
    steps = list(greedy_cover(closes, left, ranks))
    names = dict(zip(found["attack_id"].tolist(), found["name"].tolist(), strict=True))
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
    for attack_id, name in zip(terms["attack_id"].tolist(), terms["name"].tolist(), strict=True):
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
    return THREAT_STEPS.frame(columns_of_rows(THREAT_STEPS.columns, rows))
