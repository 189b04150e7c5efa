"""Which rules can run on the data that arrives, and which cannot fire. `docs/numbers.md` says when.

A rule's words are alternatives: one that arrives is enough. What cannot be known is not guessed: a rule that
names no data, or data that no table knows, is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.arrivals import ARRIVES, MISSING, NOT_TOLD, Arrivals
from coverage.log_sources import LogSourceTable, read_log_sources
from coverage.measures.data_frames import RULE_DATA
from coverage.scope import View, once_a_view

CAN_RUN, CANNOT_FIRE = "can_run", "cannot_fire"  # beside NOT_TOLD
_BEST = (CAN_RUN, NOT_TOLD, CANNOT_FIRE)
_KEPT = 12  # arrivals whose verdicts are kept with a view

_READ = ("log_words", "platforms", "type", "language")


@dataclass(frozen=True)
class Verdict:
    """One rule on the data that arrives. `hangs_on`: the one log source that all its ways go through."""

    verdict: str
    reason: str
    arriving: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    not_told: tuple[str, ...] = ()
    hangs_on: str | None = None


@once_a_view
def log_source_table(view: View) -> LogSourceTable:
    """`data/log_sources.csv`, read once a view."""
    return read_log_sources()


class Judge:
    """Verdicts on rules; rules that name the same data have one between them."""

    def __init__(self, arrivals: Arrivals, table: LogSourceTable) -> None:
        self.arrivals, self.table = arrivals, table
        self._found: dict[tuple, Verdict] = {}

    def verdict(
        self, words: tuple[str, ...], platforms: tuple[str, ...], kind: object = None, language: object = None
    ) -> Verdict:
        """The verdict on a rule.

        Parameters
        ----------
        words : tuple of str
            `log_words` of RULES: "kind:word".
        platforms : tuple of str
            Those that it works on; () where they are not known.
        kind, language : str or NA
            `type` and `language` of RULES.
        """
        key = (words, platforms, kind == "machine_learning", language == "esql")
        if key not in self._found:
            self._found[key] = self._judged(*key)
        return self._found[key]

    def _judged(self, words: tuple[str, ...], platforms: tuple[str, ...], learns: bool, esql: bool) -> Verdict:
        if learns:
            return Verdict(NOT_TOLD, "machine_learning", not_told=words)
        if not words:
            return Verdict(NOT_TOLD, "esql" if esql else "no_words")
        states: dict[str, list[str]] = {ARRIVES: [], MISSING: [], NOT_TOLD: []}
        ways, known, stale = [], True, False
        for word in words:
            sources = sources_of(word, self.table)
            kind, _, text = word.partition(":")
            state, found = self.arrivals.word(kind, text, sources, platforms)
            states[state].append(word)
            ways += found
            known &= bool(sources)
            stale |= any(self.arrivals.stale(name) for name in sources)
        parts = tuple(tuple(states[state]) for state in (ARRIVES, MISSING, NOT_TOLD))
        if ways:
            return Verdict(CAN_RUN, "arrives", *parts, _common(way.sources for way in ways))
        if not parts[2]:
            return Verdict(CANNOT_FIRE, "stale" if stale else "missing", *parts)
        return Verdict(NOT_TOLD, "incomplete" if known else "unknown_words", *parts)


def sources_of(word: str, table: LogSourceTable) -> tuple[str, ...]:
    """The log sources that a word ("kind:word") is; () where the table does not know it."""
    kind, _, text = word.partition(":")
    return tuple(dict.fromkeys(name for row in table.rows(kind, text) for name in row.sources))


def _common(ways: Iterable[tuple[str, ...]]) -> str | None:
    """The log source without which every way is lost."""
    single = {sources[0] if len(sources) == 1 else None for sources in ways}
    return single.pop() if len(single) == 1 else None


@once_a_view(most=_KEPT)
def verdict_by_rule(view: View, arrivals: Arrivals) -> dict[str, Verdict]:
    """Rule in scope -> its verdict. One that is in several places has the best of its copies'."""
    judge = Judge(arrivals, log_source_table(view))
    found: dict[str, list[Verdict]] = {}
    for key, *facts in rows_of(view.every_rule, "rule_key", *_READ):
        found.setdefault(view.counts_as.get(key, key), []).append(judge.verdict(*facts))
    return {key: _united(verdicts) for key, verdicts in found.items()}


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


def can_run(rules: pd.DataFrame, arrivals: Arrivals, table: LogSourceTable) -> pd.Series:
    """Whether each rule of a RULES frame can run: NA where nothing tells."""
    judge = Judge(arrivals, table)
    worth = {CAN_RUN: True, CANNOT_FIRE: False, NOT_TOLD: None}
    found = [worth[judge.verdict(*facts).verdict] for facts in rows_of(rules, *_READ)]
    return pd.Series(found, index=rules.index, dtype="boolean")
