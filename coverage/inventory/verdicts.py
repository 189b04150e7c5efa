"""Whether a rule can run on the data that arrives. `docs/numbers.md` says when.

A rule's words are alternatives: one that arrives is enough. What cannot be known is not guessed: a rule that
names no data, or data that no table knows, is not told. Knows RULES frames and no release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.arrivals import ARRIVES, MISSING, NOT_TOLD, Arrivals
from coverage.log_sources import LogSourceTable

CAN_RUN, CANNOT_FIRE = "can_run", "cannot_fire"  # beside NOT_TOLD
READ = ("log_words", "platforms", "type", "language")  # what of RULES a verdict is made from


@dataclass(frozen=True)
class Verdict:
    """One rule on the data that arrives. `hangs_on`: the one log source that all its ways go through."""

    verdict: str
    reason: str
    arriving: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    not_told: tuple[str, ...] = ()
    hangs_on: str | None = None


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


def can_run(rules: pd.DataFrame, arrivals: Arrivals, table: LogSourceTable) -> pd.Series:
    """Whether each rule of a RULES frame can run: NA where nothing tells."""
    judge = Judge(arrivals, table)
    worth = {CAN_RUN: True, CANNOT_FIRE: False, NOT_TOLD: None}
    found = [worth[judge.verdict(*facts).verdict] for facts in rows_of(rules, *READ)]
    return pd.Series(found, index=rules.index, dtype="boolean")
