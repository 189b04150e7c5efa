"""Which rules in scope can run on the data that arrives, and which cannot fire."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.arrivals import ARRIVES, MISSING, NOT_TOLD, Arrivals
from coverage.inventory.verdicts import CAN_RUN, CANNOT_FIRE, READ, Judge, Verdict, sources_of
from coverage.log_sources import listed_log_sources
from coverage.measures.data_frames import RULE_DATA
from coverage.scope import View, once_a_view

_BEST = (CAN_RUN, NOT_TOLD, CANNOT_FIRE)
_KEPT = 12  # arrivals whose verdicts are kept with a view


@once_a_view(most=_KEPT)
def verdict_by_rule(view: View, arrivals: Arrivals) -> dict[str, Verdict]:
    """Rule in scope -> its verdict. One that is in several places has the best of its copies'."""
    judge = Judge(arrivals, listed_log_sources())
    found: dict[str, list[Verdict]] = {}
    for key, *facts in rows_of(view.every_rule, "rule_key", *READ):
        found.setdefault(view.counts_as.get(key, key), []).append(judge.verdict(*facts))
    return {key: _united(verdicts) for key, verdicts in found.items()}


@once_a_view(most=_KEPT)
def running_rules(view: View, arrivals: Arrivals) -> frozenset[str]:
    """The rules in scope that can run."""
    verdicts = verdict_by_rule(view, arrivals)
    return frozenset(key for key, one in verdicts.items() if one.verdict == CAN_RUN)


def _united(verdicts: list[Verdict]) -> Verdict:
    """The verdict on a rule whose copies have these."""
    if len(verdicts) == 1:
        return verdicts[0]
    best = min(verdicts, key=lambda one: _BEST.index(one.verdict))
    hanging = {one.hangs_on for one in verdicts if one.verdict == CAN_RUN}
    parts = (
        tuple(dict.fromkeys(word for one in verdicts for word in getattr(one, name)))
        for name in ("arriving", "missing", "not_told")
    )
    return Verdict(best.verdict, best.reason, *parts, hanging.pop() if len(hanging) == 1 else None)


@once_a_view(most=_KEPT)
def rule_verdicts(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """RULE_DATA: each rule in scope, the data it names, what of it arrives, and whether it can run."""
    verdicts = verdict_by_rule(view, arrivals)
    rules = view.rules
    found = [verdicts[key] for key in rules["rule_key"].tolist()]
    added = ("arriving", "missing", "not_told", "verdict", "reason", "hangs_on")
    return RULE_DATA.frame(
        {name: rules[name].array for name in RULE_DATA.columns if name not in added}
        | {name: [getattr(one, name) for one in found] for name in added}
    )


def verdict_counts(verdicts: Mapping[str, Verdict]) -> dict[str, int]:
    """How many rules have each verdict, and how many there are."""
    found = [one.verdict for one in verdicts.values()]
    return {name: found.count(name) for name in (CAN_RUN, CANNOT_FIRE, NOT_TOLD)} | {"total": len(found)}


def rule_words(view: View, rule_key: str, arrivals: Arrivals) -> tuple[Verdict, list[tuple[str, str, str]]]:
    """The verdict on one rule, in scope or not, and of each word that it names: the word, its log sources in
    one text, and its state.
    """
    rule = view.all_rules[view.all_rules["rule_key"] == rule_key]
    (facts,) = rows_of(rule, *READ)
    table = listed_log_sources()
    verdict = Judge(arrivals, table).verdict(*facts)
    states = {
        word: state
        for state, words in zip(
            (ARRIVES, MISSING, NOT_TOLD), (verdict.arriving, verdict.missing, verdict.not_told), strict=True
        )
        for word in words
    }
    return verdict, [
        (word.partition(":")[2], ", ".join(sources_of(word, table)), states.get(word, NOT_TOLD))
        for word in facts[0]
    ]
