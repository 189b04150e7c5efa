"""Each log source: what hangs on it, what its loss would darken, and which one to connect next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import fsum

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.arrivals import ARRIVES, Arrivals, Listed
from coverage.inventory.verdicts import sources_of
from coverage.log_sources import LogSourceTable, listed_log_sources
from coverage.measures.data_frames import NEXT_SOURCES, SOURCES
from coverage.measures.data_states import id_states
from coverage.measures.need import need_by_id
from coverage.measures.verdicts import running_rules, verdict_by_rule
from coverage.measures.visibility import id_data, references_in_scope
from coverage.scope import View, once_a_view
from coverage.threats.threat import Threat

_KEPT = 12


# ---- what connecting a log source would bring ----------------------------------------------------------


def connected(names: Iterable[str], table: LogSourceTable) -> tuple[Listed, ...]:
    """Rows of an inventory in which these log sources arrive, with what the table says that they carry."""
    carried = _carried(table)
    return tuple(dict.fromkeys(row for name in names for row in _arriving(name, carried)))


def _carried(table: LogSourceTable) -> dict[str, dict[Listed, None]]:
    """Log source -> what the table's words that mean it alone say that it carries."""
    found: dict[str, dict[Listed, None]] = {}
    for row in table.rows:
        if len(row.sources) == 1:
            (name,) = row.sources
            listed = Listed("", name, row.sources, row.components, row.platforms)
            found.setdefault(name.casefold(), {})[listed] = None
    return found


def _arriving(name: str, carried: Mapping[str, Iterable[Listed]]) -> tuple[Listed, ...]:
    return (Listed("", name, (name,)), *carried.get(name.casefold(), ()))


# ---- which IDs rules cover -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Covering:
    """Which IDs in scope are wholly covered, from the IDs that rules are on: the roll-up over sets."""

    ids: frozenset[str]
    parents: Mapping[str, str]  # sub-technique -> technique, both in scope
    below: Mapping[str, frozenset[str]]  # technique -> its sub-techniques in scope
    rollup: str

    def of(self, direct: Collection[str]) -> frozenset[str]:
        """The IDs that rules on these very IDs cover."""
        direct = self.ids & frozenset(direct)
        if self.rollup == "direct":
            return direct
        if self.rollup == "any":
            return direct | {self.parents[one] for one in direct if one in self.parents}
        whole = {one for one, subs in self.below.items() if subs <= direct}
        return (direct - self.below.keys()) | whole


@once_a_view
def _covering(view: View) -> _Covering:
    ids = frozenset(view.techniques["attack_id"].tolist())
    parents = {
        one: parent
        for one, parent in rows_of(view.techniques, "attack_id", "parent_id")
        if isinstance(parent, str) and parent in ids
    }
    below: dict[str, set[str]] = {}
    for one, parent in parents.items():
        below.setdefault(parent, set()).add(one)
    return _Covering(ids, parents, {one: frozenset(subs) for one, subs in below.items()}, view.scope.rollup)


@once_a_view
def _rules_on(view: View) -> dict[str, tuple[str, ...]]:
    """Rule in scope -> the very IDs in scope that it is on."""
    found: dict[str, list[str]] = {}
    for attack_id, key in rows_of(view.rules_on_ids, "attack_id", "rule_key"):
        found.setdefault(key, []).append(attack_id)
    return {key: tuple(ids) for key, ids in found.items()}


def _ids_of(view: View, keys: Iterable[str]) -> set[str]:
    on = _rules_on(view)
    return {attack_id for key in keys for attack_id in on.get(key, ())}


# ---- every log source ----------------------------------------------------------------------------------


@once_a_view
def rules_by_source(view: View) -> dict[str, tuple[str, ...]]:
    """Log source -> the rules in scope that can read it: one of their words is it."""
    table, found = listed_log_sources(), {}
    for key, words in rows_of(view.every_rule, "rule_key", "log_words"):
        for word in words:
            for name in sources_of(word, table):
                found.setdefault(name, {})[view.counts_as.get(key, key)] = None
    return {name: tuple(keys) for name, keys in found.items()}


@once_a_view
def analytics_by_source(view: View) -> dict[str, int]:
    """Log source -> how many of MITRE's analytics, on platforms in scope, name it."""
    found: dict[str, set[str]] = {}
    for one in references_in_scope(view):
        for name in one.names:
            found.setdefault(name, set()).add(one.analytic_id)
    return {name: len(analytics) for name, analytics in found.items()}


@once_a_view(most=_KEPT)
def lost_with(view: View, arrivals: Arrivals) -> dict[str, frozenset[str]]:
    """Log source -> the IDs in scope that rules which can run cover, and would not without it."""
    verdicts, running = verdict_by_rule(view, arrivals), running_rules(view, arrivals)
    hanging: dict[str, set[str]] = {}
    for key in running:
        if (name := verdicts[key].hangs_on) is not None:
            hanging.setdefault(name, set()).add(key)
    covering = _covering(view)
    covered = covering.of(_ids_of(view, running))
    return {
        name: covered - covering.of(_ids_of(view, running - keys)) for name, keys in sorted(hanging.items())
    }


@once_a_view(most=_KEPT)
def sources(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """SOURCES: every log source that an inventory lists, a rule in scope reads or an analytic names.

    Those that arrive first, then by rules and name.
    """
    listed: dict[str, list[Listed]] = {}
    for row in arrivals.rows:
        for name in row.names:
            listed.setdefault(name, []).append(row)
    rules, analytics = rules_by_source(view), analytics_by_source(view)
    verdicts, dark = verdict_by_rule(view, arrivals), lost_with(view, arrivals)
    hanging: dict[str, int] = {}
    for one in verdicts.values():
        if one.hangs_on is not None:
            hanging[one.hangs_on] = hanging.get(one.hangs_on, 0) + 1
    known = frozenset(listed_log_sources().sources.values())
    rows = []
    for name in {*listed, *rules, *analytics}:
        mine, keys = listed.get(name, []), rules.get(name, ())
        rows.append(
            (
                name,
                arrivals.arrival(name),
                name in known,
                *(_each(getattr(row, part) for row in mine) for part in ("word", "inventory")),
                _each(platform for row in mine for platform in row.platforms),
                max((row.last_event for row in mine if row.last_event), default=None),
                len(keys),
                hanging.get(name, 0),
                len(_ids_of(view, keys)),
                len(dark.get(name, ())),
                analytics.get(name, 0),
            )
        )
    rows.sort(key=lambda row: (row[1] != ARRIVES, -row[7], -row[11], row[0].casefold(), row[0]))
    return SOURCES.of_rows(rows)


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))


# ---- which one next ------------------------------------------------------------------------------------


@once_a_view(most=_KEPT)
def next_sources(view: View, arrivals: Arrivals, threat: Threat) -> pd.DataFrame:
    """NEXT_SOURCES: what each log source that does not arrive would bring, by the need of a threat profile.

    Of equal need the one that brings more IDs goes first, then more rules, then by name. One that brings
    nothing is left out.
    """
    need = dict(rows_of(need_by_id(view, threat), "attack_id", "need"))
    carried, analytics = _carried(listed_log_sources()), analytics_by_source(view)
    wanted = sorted({*rules_by_source(view), *analytics})
    waiting, gaps = _Waiting(view, arrivals), _Reach(view, arrivals)
    rows = []
    for name in wanted:
        if arrivals.source(name) == ARRIVES:
            continue
        new = Arrivals(_arriving(name, carried))
        starting = waiting.by_source.get(name, frozenset())
        covered = waiting.covered_with(starting)
        reach = gaps.reached_with(new, _ids_of(view, starting)) - covered
        if starting or covered or reach:
            gain = fsum(need.get(one, 0.0) for one in covered | reach)
            parts = (tuple(sorted(covered)), tuple(sorted(reach)))
            rows.append((name, arrivals.arrival(name), gain, *parts, len(starting), analytics.get(name, 0)))
    rows.sort(key=lambda row: (-row[2], -len(row[3]) - len(row[4]), -row[5], row[0].casefold(), row[0]))
    return NEXT_SOURCES.of_rows(rows)


class _Waiting:
    """The rules that cannot run yet, and what they would cover."""

    def __init__(self, view: View, arrivals: Arrivals) -> None:
        self.view, self.covering = view, _covering(view)
        running = running_rules(view, arrivals)
        self.direct = _ids_of(view, running)
        self.covered = self.covering.of(self.direct)
        self.by_source: dict[str, set[str]] = {}  # log source -> the rules that would run with it
        table = listed_log_sources()
        for key, words, kind in rows_of(view.every_rule, "rule_key", "log_words", "type"):
            best = view.counts_as.get(key, key)
            if best in running or kind == "machine_learning":
                continue
            for word in words:
                for name in sources_of(word, table):
                    self.by_source.setdefault(name, set()).add(best)

    def covered_with(self, starting: Collection[str]) -> frozenset[str]:
        """The IDs that these rules would be the first to cover."""
        more = _ids_of(self.view, starting)
        return self.covering.of(self.direct | more) - self.covered if more else frozenset()


class _Reach:
    """Open IDs whose data does not arrive, and what MITRE's analytics name for them."""

    def __init__(self, view: View, arrivals: Arrivals) -> None:
        states = id_states(view, arrivals)
        data = dict(rows_of(id_data(view, arrivals), "attack_id", "data"))
        covering = _covering(view)
        self.open = {
            one
            for one, state in rows_of(states, "attack_id", "state")
            if state != "data_and_rule" and data[one] != ARRIVES
        } - covering.of(_ids_of(view, view.rules["rule_key"].tolist()))
        parents = covering.parents
        self.by_analytic: dict[str, set[str]] = {}
        for attack_id, analytic in rows_of(view.catalogue.detections, "attack_id", "analytic_id"):
            for one in (attack_id, parents.get(attack_id)):
                if one in self.open:
                    self.by_analytic.setdefault(analytic, set()).add(one)
        self.references = [one for one in references_in_scope(view) if one.analytic_id in self.by_analytic]
        named = {one.analytic_id for one in self.references}
        self.unnamed = self.open - {
            one for analytic, ids in self.by_analytic.items() if analytic in named for one in ids
        }
        self.parents = parents

    def reached_with(self, new: Arrivals, with_rule: Collection[str]) -> frozenset[str]:
        """Those for which data would arrive; `with_rule`: the IDs of rules that would run then."""
        names = {name for row in new.rows for name in row.sources}
        components = {name for row in new.rows for name in row.components}
        by_rule = {*with_rule, *(self.parents[one] for one in with_rule if one in self.parents)}
        return frozenset(self.unnamed & by_rule) | {
            attack_id
            for one in self.references
            if one.component in components or not names.isdisjoint(one.sources)
            if one.state(new) == ARRIVES
            for attack_id in self.by_analytic[one.analytic_id]
        }
