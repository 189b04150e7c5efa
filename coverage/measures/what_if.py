"""What if data stopped, or started: which rules, which IDs. And which log source matters most.

One recount each, as if the rules that stop were not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.arrivals import ARRIVES, Arrivals
from coverage.measures.data_frames import WHAT_IF_IDS, WHAT_IF_RULES
from coverage.measures.data_states import id_states, state_counts
from coverage.measures.verdicts import verdict_by_rule, verdict_counts
from coverage.scope import View
from coverage.vocabulary import DATA_CHANGES


@dataclass(frozen=True)
class WhatIf:
    """The states before and after a change of the data, and what makes the difference."""

    before: dict[str, dict[str, int]]  # grain -> state -> how many
    after: dict[str, dict[str, int]]
    rules_before: dict[str, int]  # verdict -> how many
    rules_after: dict[str, int]
    ids: pd.DataFrame = field(repr=False)  # WHAT_IF_IDS
    rules: pd.DataFrame = field(repr=False)  # WHAT_IF_RULES

    def ids_that(self, change: str) -> list[str]:
        """The IDs with this change (vocabulary.DATA_CHANGES), in ID order."""
        return self.ids.loc[self.ids["change"] == change, "attack_id"].tolist()


def what_if(view: View, before: Arrivals, after: Arrivals) -> WhatIf:
    """What a change of the data does: `before.without(names)`, `before.with_(rows)` or both."""
    verdicts = [verdict_by_rule(view, one) for one in (before, after)]
    return WhatIf(
        *(state_counts(view, one) for one in (before, after)),
        *(verdict_counts(one) for one in verdicts),
        _ids(view, before, after),
        _rules(view, *verdicts),
    )


def _ids(view: View, before: Arrivals, after: Arrivals) -> pd.DataFrame:
    facts = ("attack_id", "name", "is_subtechnique")
    counted = ("state", "data", "covered", "rules_can_run")
    old, new = (id_states(view, one) for one in (before, after))
    rows = []
    for (*names, state, data, covered, rules), (state_after, data_after, _, rules_after) in zip(
        rows_of(old, *facts, *counted), rows_of(new, *counted), strict=True
    ):
        change = _change((state, state_after), (rules, rules_after))
        if not change and not covered and (data == ARRIVES) != (data_after == ARRIVES):
            change = "reach_lost" if data == ARRIVES else "in_reach"
        if change or state != state_after:
            rows.append((*names, change or "state", state, state_after, rules, rules_after))
    order = list(DATA_CHANGES)
    rows.sort(key=lambda row: (order.index(row[3]), row[0]))
    return WHAT_IF_IDS.of_rows(rows)


def _change(states: tuple[str, str], rules: tuple[int, int]) -> str:
    """The first of vocabulary.DATA_CHANGES that the rules make; "" for none."""
    covered, covered_after = (one == "data_and_rule" for one in states)
    if covered != covered_after:
        return "dark" if covered else "lit"
    before, after = rules
    if after < before:
        return "one_rule" if after == 1 else "fewer"
    return "more" if after > before else ""


def _rules(view: View, before: dict, after: dict) -> pd.DataFrame:
    columns = ("rule_key", "corpus", "name", "path")
    return WHAT_IF_RULES.of_rows(
        (key, *facts, before[key].verdict, after[key].verdict)
        for key, *facts in rows_of(view.rules, *columns)
        if before[key].verdict != after[key].verdict
    )


def unknown_names(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those of the names that are none of the known ones, in any case."""
    folded = {name.casefold() for name in known}
    return [name for name in names if name.casefold() not in folded]
