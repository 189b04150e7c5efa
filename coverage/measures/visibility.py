"""Whether the data arrives that MITRE's analytics name: per analytic, strategy and ID.

MITRE's log sources are suggestions, and a log source that arrives is all that an inventory proves: that data
arrives for an ID says that somebody can look, not that there is something to see.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.arrivals import ARRIVES, MISSING, NOT_TOLD, Arrivals
from coverage.measures.data_frames import ANALYTIC_DATA, ID_DATA
from coverage.measures.references import references
from coverage.measures.threat import by_family
from coverage.measures.verdicts import running_rules
from coverage.scope import View, once_a_view

_KEPT = 12


@dataclass(frozen=True)
class Reference:
    """One log source that an analytic names, in the scope's platforms."""

    analytic_id: str
    name: str
    component: str
    platforms: tuple[str, ...]
    sources: tuple[str, ...]  # empty: no table knows the name

    @property
    def names(self) -> tuple[str, ...]:
        """The log sources that it is, else what MITRE calls it."""
        return self.sources or (self.name,)

    def state(self, arrivals: Arrivals) -> str:
        """Whether its log source arrives, or another one that carries its data component there."""
        carried = [arrivals.component(self.component, platform) for platform in self.platforms]
        named = [arrivals.source(name, self.platforms) for name in self.sources]
        if ARRIVES in (*carried, *named):
            return ARRIVES
        told = bool(named) and {*carried, *named} == {MISSING}
        return MISSING if told else NOT_TOLD


@once_a_view
def references_in_scope(view: View) -> tuple[Reference, ...]:
    """What MITRE's analytics name, each once an analytic, on platforms in scope."""
    wanted = frozenset(view.scope.platforms)
    platforms = {
        analytic: tuple(one for one in every if not wanted or one in wanted)
        for analytic, every in rows_of(view.catalogue.analytics, "analytic_id", "platforms")
    }
    columns = ("analytic_id", "name", "component", "sources")
    found = dict.fromkeys(
        Reference(analytic, name, component, platforms.get(analytic, ()), sources)
        for analytic, name, component, sources in rows_of(references(view), *columns)
    )
    return tuple(one for one in found if one.platforms)


@once_a_view(most=_KEPT)
def _states(view: View, arrivals: Arrivals) -> dict[str, list[tuple[Reference, str]]]:
    """Analytic -> what it names, and whether that arrives."""
    known: dict[tuple, str] = {}
    found: dict[str, list[tuple[Reference, str]]] = {}
    for one in references_in_scope(view):
        key = (one.component, one.platforms, one.sources)
        if key not in known:
            known[key] = one.state(arrivals)
        found.setdefault(one.analytic_id, []).append((one, known[key]))
    return found


@once_a_view
def _detected(view: View) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """(strategy, analytic, ID that it is for, its platforms in scope), of IDs in scope."""
    wanted = frozenset(view.scope.platforms)
    here = frozenset(view.techniques["attack_id"].tolist())
    return [
        (strategy, analytic, attack_id, platforms)
        for strategy, analytic, attack_id, every in rows_of(
            view.catalogue.detections, "strategy_id", "analytic_id", "attack_id", "platforms"
        )
        if attack_id in here
        and (platforms := tuple(one for one in every if not wanted or one in wanted) if wanted else every)
    ]


@once_a_view(most=_KEPT)
def analytic_data(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """ANALYTIC_DATA: of each analytic how many of the log sources that it names arrive."""
    states = _states(view, arrivals)
    rows = []
    for strategy, analytic, attack_id, platforms in _detected(view):
        found = [state for _, state in states.get(analytic, ())]
        counts = (len(found), found.count(ARRIVES), found.count(MISSING))
        rows.append(
            (strategy, analytic, attack_id, platforms, *counts, bool(found) and counts[0] == counts[1])
        )
    return ANALYTIC_DATA.of_rows(rows)


@once_a_view(most=_KEPT)
def id_data(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """ID_DATA: whether data arrives for each ID in scope, and how much of what MITRE's analytics name.

    An ID for which MITRE names no log source has data when a rule on it can run, and is not told otherwise.
    """
    states, frame = _states(view, arrivals), analytic_data(view, arrivals)
    frame = frame[frame["sources"] > 0]
    analytics = by_family(
        frame["attack_id"],
        pd.Series(list(rows_of(frame, "strategy_id", "analytic_id", "sources", "arriving")), dtype=object),
        view.catalogue.techniques,
    )
    seen = _ids_of_running_rules(view, arrivals)
    rows = []
    for attack_id in view.techniques["attack_id"].tolist():
        mine = analytics.get(attack_id, set())
        found = [pair for one in {analytic for _, analytic, *_ in mine} for pair in states[one]]
        met = {(strategy, analytic) for strategy, analytic, needed, have in mine if needed == have}
        arriving = {name for one, state in found if state == ARRIVES for name in one.names}
        rows.append(
            (
                attack_id,
                _data({state for _, state in found}, attack_id in seen),
                len({analytic for _, analytic, *_ in mine}),
                len({analytic for _, analytic in met}),
                len({strategy for strategy, *_ in mine}),
                len({strategy for strategy, _ in met}),
                max((have / needed for *_, needed, have in mine), default=0.0),
                tuple(sorted(arriving)),
                tuple(sorted({name for one, _ in found for name in one.names} - arriving)),
            )
        )
    return ID_DATA.of_rows(rows)


def _data(states: set[str], rule_runs: bool) -> str:
    if not states:
        return ARRIVES if rule_runs else NOT_TOLD
    if ARRIVES in states:
        return ARRIVES
    return MISSING if states == {MISSING} else NOT_TOLD


def _ids_of_running_rules(view: View, arrivals: Arrivals) -> set[str]:
    """The IDs that rules which can run are read as, and the techniques of those that are sub-techniques."""
    running = running_rules(view, arrivals)
    pairs = rows_of(view.rules_on_ids, "attack_id", "rule_key")
    found = {attack_id for attack_id, key in pairs if key in running}
    return found | {attack_id.partition(".")[0] for attack_id in found}
