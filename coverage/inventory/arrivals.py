"""What arrives, as one value: what the inventories list, and how far they are complete.

Answers for a word of a rule, a log source and a data component whether it arrives, is missing, or nothing
tells. A source that arrives is all that an inventory proves: not that a certain event is in it. Knows no rule
and no release.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.frames import ARRIVES, MISSING, STALE
from coverage.kept import kept_property

if TYPE_CHECKING:
    from coverage.inventory.reading import Inventories

NOT_TOLD = "not_told"  # beside ARRIVES and MISSING. STALE counts as MISSING

INDEX = "index"  # the kind of words that are patterns in rules and names in an inventory


@dataclass(frozen=True)
class Listed:
    """One row of an inventory, as far as measures need it. `state` is ARRIVES, MISSING or STALE."""

    kind: str
    word: str
    sources: tuple[str, ...] = ()  # empty: the word is in no table
    components: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()  # empty: not known, so any
    state: str = ARRIVES
    inventory: str = ""
    last_event: date | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The log sources that it is; its own word where no table knows it."""
        return self.sources or (self.word,)


@dataclass(frozen=True)
class Way:
    """One way in which a word arrives: through a row as the rule writes it, or a common log source."""

    word: str  # what the inventory calls it
    sources: tuple[str, ...]  # it is lost when the last of these is


@dataclass(frozen=True)
class Arrivals:
    """What arrives and what does not, by all inventories together.

    Parameters
    ----------
    rows : tuple of Listed
    complete : tuple of tuple of str
        The platforms of each inventory that lists all there is; () is every platform.
    """

    rows: tuple[Listed, ...] = ()
    complete: tuple[tuple[str, ...], ...] = ()
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.rows, self.complete)))  # once: it is a key all over

    def __hash__(self) -> int:
        return self._hash

    @kept_property
    def _by_word(self) -> dict[tuple[str, str], list[Listed]]:
        return _grouped(((row.kind, row.word.casefold()), row) for row in self.rows)

    @kept_property
    def _by_kind(self) -> dict[str, list[Listed]]:
        return _grouped((row.kind, row) for row in self.rows)

    @kept_property
    def _by_source(self) -> dict[str, list[Listed]]:
        return _grouped((name.casefold(), row) for row in self.rows for name in row.names)

    @kept_property
    def _by_component(self) -> dict[str, list[Listed]]:
        return _grouped((name, row) for row in self.rows for name in row.components)

    @kept_property
    def _answers(self) -> dict[tuple, tuple]:
        return {}

    # ---- what is known -------------------------------------------------------------------------------------

    def complete_for(self, platforms: Collection[str]) -> bool:
        """Whether what is not listed does not arrive on these platforms; on any, where there are none."""
        if () in self.complete:
            return True
        told = {platform for names in self.complete for platform in names}
        return bool(platforms) and told.issuperset(platforms)

    def word(
        self, kind: str, word: str, sources: Sequence[str], platforms: Collection[str] = ()
    ) -> tuple[str, tuple[Way, ...]]:
        """The state of a word of a rule, and the ways in which it arrives.

        Parameters
        ----------
        kind, word : str
            As `data/log_sources.csv` has them.
        sources : sequence of str
            The log sources that the table gives for it: empty for one that it does not know.
        platforms : collection of str
            Those that the rule works on; empty: not known, so any.
        """
        key = (kind, word, tuple(sources), tuple(platforms))
        if key not in self._answers:
            self._answers[key] = self._word(kind, word, tuple(sources), frozenset(platforms))
        return self._answers[key]

    def _word(
        self, kind: str, word: str, sources: tuple[str, ...], platforms: frozenset[str]
    ) -> tuple[str, tuple[Way, ...]]:
        written = list(self._as_written(kind, word.casefold()))
        ways = [Way(row.word, row.names) for row in written if row.state == ARRIVES]
        ways += [
            Way(row.word, (source,))
            for source in sources
            for row in self._through(source, platforms, ARRIVES)
        ]
        if ways:
            return ARRIVES, tuple(dict.fromkeys(ways))
        missing = bool(sources) and all(self.source(name, platforms) == MISSING for name in sources)
        return MISSING if missing else NOT_TOLD, ()

    def carries_any(self, kind: str, word: str) -> bool:
        """Whether something arrives under a word as a rule writes it of which no table says what it is."""
        return any(
            row.state == ARRIVES and not row.sources for row in self._as_written(kind, word.casefold())
        )

    def _as_written(self, kind: str, word: str) -> Iterator[Listed]:
        if kind != INDEX or not set("*?[") & set(word):
            yield from self._by_word.get((kind, word), ())
            return
        for row in self._by_kind.get(INDEX, ()):
            if fnmatchcase(row.word.casefold(), word):
                yield row

    def _through(self, source: str, platforms: Collection[str], *states: str) -> Iterator[Listed]:
        """The rows in one of these states that are a log source, on one of the platforms."""
        for row in self._by_source.get(source.casefold(), ()):
            if row.state in states and (
                not platforms or not row.platforms or not set(row.platforms).isdisjoint(platforms)
            ):
                yield row

    def source(self, name: str, platforms: Collection[str] = ()) -> str:
        """The state of a log source on any of these platforms."""
        if any(self._through(name, platforms, ARRIVES)):
            return ARRIVES
        told = any(self._through(name, platforms, MISSING, STALE)) or self.complete_for(platforms)
        return MISSING if told else NOT_TOLD

    def stale(self, name: str) -> bool:
        """Whether a log source arrived once and does no longer."""
        return self.source(name) != ARRIVES and any(self._through(name, (), STALE))

    def arrival(self, name: str) -> str:
        """The state of a log source on any platform, STALE where it arrived once and does no longer."""
        return STALE if self.stale(name) else self.source(name)

    def component(self, name: str, platform: str) -> str:
        """The state of a data component on a platform: ARRIVES where a row that carries it does."""
        rows = [
            row for row in self._by_component.get(name, ()) if not row.platforms or platform in row.platforms
        ]
        if any(row.state == ARRIVES for row in rows):
            return ARRIVES
        return MISSING if rows or self.complete_for((platform,)) else NOT_TOLD

    @kept_property
    def arriving(self) -> tuple[str, ...]:
        """The names of the log sources that arrive, in name order."""
        return tuple(sorted({name for row in self.rows if row.state == ARRIVES for name in row.names}))

    def knows(self, name: str) -> bool:
        """Whether a log source, or a word of an inventory, has this name."""
        return name.casefold() in self._by_source or any(name.casefold() == word for _, word in self._by_word)

    # ---- what if -------------------------------------------------------------------------------------------

    def without(self, names: Iterable[str]) -> Arrivals:
        """The same as if these log sources (or words of an inventory) did not arrive.

        A row that is several log sources arrives for as long as one of them does.
        """
        lost = {name.casefold() for name in names}
        return replace(self, rows=tuple(part for row in self.rows for part in _parted(row, lost)))

    def with_(self, rows: Iterable[Listed]) -> Arrivals:
        """The same as if these arrived, too."""
        return replace(self, rows=tuple(dict.fromkeys((*self.rows, *rows))))


NOTHING_TOLD = Arrivals()  # where there is no inventory


def arrivals_of(inventory: pd.DataFrame, complete: Iterable[Sequence[str]]) -> Arrivals:
    """What the rows of an INVENTORY frame say.

    Parameters
    ----------
    inventory : INVENTORY frame
    complete : iterable of sequences of str
        The platforms of each inventory that lists all there is; an empty one is about everything.
    """
    columns = ("kind", "word", "sources", "components", "platforms", "state", "inventory", "last_event")
    rows = (
        Listed(*row, None if pd.isna(last_event) else last_event.date())
        for *row, last_event in rows_of(inventory, *columns)
    )
    return Arrivals(tuple(dict.fromkeys(rows)), tuple(dict.fromkeys(map(tuple, complete))))


def arrivals_in(found: Inventories) -> Arrivals:
    """What the inventories of a project say together."""
    return arrivals_of(found.rows, (file.platforms for file in found.files if file.complete))


def _grouped(pairs: Iterable[tuple]) -> dict:
    found: dict = {}
    for key, row in pairs:
        found.setdefault(key, []).append(row)
    return found


def _parted(row: Listed, lost: Collection[str]) -> Iterator[Listed]:
    """A row as it is when some log sources are lost: what is left of it, and what is missing then."""
    if row.word.casefold() in lost:
        yield replace(row, state=MISSING)
        return
    gone = tuple(name for name in row.sources if name.casefold() in lost)
    if not gone:
        yield row
        return
    left = tuple(name for name in row.sources if name not in gone)
    if left:
        yield replace(row, sources=left)
    yield replace(row, sources=gone, components=() if left else row.components, state=MISSING)
