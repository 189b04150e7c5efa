"""Whether a rule can run on the data that arrives. `docs/numbers.md` says when.

A rule's words are alternatives: one that arrives is enough. What cannot be known is not guessed: a rule that
names no data, or data that no table knows, is not told. Knows RULES frames and no release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.arrivals import ARRIVES, INDEX, MISSING, NOT_TOLD, Arrivals, Way
from coverage.loaders import Loaded
from coverage.log_sources import LogSource, LogSourceTable, listed_log_sources
from coverage.word_table import beginnings

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

    def _judged(
        self, words: tuple[str, ...], platforms: tuple[str, ...], learns: bool, esql: bool
    ) -> Verdict:
        if learns:
            return Verdict(NOT_TOLD, "machine_learning", not_told=words)
        if not words:
            return Verdict(NOT_TOLD, "esql" if esql else "no_words")
        rows = {word: meaning(word, self.table) for word in words}
        wide = [word for word, row in rows.items() if row is not None and not row.sources]
        found = {word: self._of_word(word, row, platforms) for word, row in rows.items() if word not in wide}
        states: dict[str, list[str]] = {ARRIVES: [], MISSING: [], NOT_TOLD: []}
        others_missing = bool(found) and {state for state, _ in found.values()} == {MISSING}
        for word in words:
            state = self._of_wide(word, others_missing) if word in wide else found[word][0]
            states[state].append(word)
        ways = [way for _, of_word in found.values() for way in of_word]
        parts = tuple(tuple(states[state]) for state in (ARRIVES, MISSING, NOT_TOLD))
        if ways:
            return Verdict(CAN_RUN, "arrives", *parts, _common(way.sources for way in ways))
        if not parts[2]:
            stale = any(self.arrivals.stale(name) for row in rows.values() if row for name in row.sources)
            return Verdict(CANNOT_FIRE, "stale" if stale else "missing", *parts)
        known = bool(found) and None not in rows.values()
        return Verdict(NOT_TOLD, "incomplete" if known else "unknown_words", *parts)

    def _of_word(
        self, word: str, row: LogSource | None, platforms: tuple[str, ...]
    ) -> tuple[str, tuple[Way, ...]]:
        kind, _, text = word.partition(":")
        return self.arrivals.word(kind, text, row.sources if row else (), platforms)

    def _of_wide(self, word: str, others_missing: bool) -> str:
        """The state of a word that may be of any log source. It proves nothing: where what the rule's other
        words name is missing, it only leaves open that this is it, if something unknown arrives under it.
        """
        kind, _, text = word.partition(":")
        return MISSING if others_missing and not self.arrivals.carries_any(kind, text) else NOT_TOLD


def meaning(word: str, table: LogSourceTable) -> LogSource | None:
    """The row of one of a rule's `log_words` ("kind:word"), else of the next wider word that has one."""
    kind, _, text = word.partition(":")
    if (row := table.row_of(kind, text)) is not None:
        return row
    wider = text.split("/")[::-1] if kind == "sigma_logsource" else [text.partition(".")[0]]
    words = [*((kind, one) for one in wider if one != text), *beginnings(kind, text)]
    return table.first(words) if kind != INDEX else None


def sources_of(word: str, table: LogSourceTable) -> tuple[str, ...]:
    """The log sources that a word ("kind:word") may be; () where it may be any, or no table knows it."""
    row = meaning(word, table)
    return row.sources if row else ()


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


def on_data(loaded: Loaded, arrivals: Arrivals) -> Loaded:
    """The same rules, and whether each can run on the data that arrives."""
    rules = loaded.rules.assign(can_run=can_run(loaded.rules, arrivals, listed_log_sources()))
    return replace(loaded, rules=rules[list(loaded.rules.columns)], arrivals=arrivals)
