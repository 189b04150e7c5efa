"""What the words of an inventory mean, by the table of log sources and the data components of ATT&CK."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import translate

from coverage.catalogue import CatalogueError, shelf
from coverage.inventory.files.own import SOURCE
from coverage.log_sources import LogSource, LogSourceTable

MOST_NEAREST = 200  # unknown words for which a near one is looked for, which takes milliseconds each
MOST_CHARACTERS = 200  # of such a word
_TRIED = 2  # words of a row for which a near one is looked for: the package of a dataset is near to anything
_WILD = re.compile(r"[*?\[]")
_COMPONENT, _ATTACK = "dettect", "attack"  # kinds of words that may be a name of ATT&CK's own


@dataclass(frozen=True)
class Meaning:
    """What a word means. `row`: of the table; `nearest`: the known word that is most like an unknown one."""

    kind: str
    word: str
    row: LogSource
    matched: bool
    nearest: str | None = None


class Words:
    """The words that are known, each looked up once."""

    def __init__(self, table: LogSourceTable):
        self._table = table
        self._found: dict[tuple, Meaning] = {}
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._unknown = 0
        self._components: dict[str, str] | None = None

    def meaning(self, words: tuple[tuple[str, str], ...]) -> Meaning:
        """What the first word means that is known to carry something, else the first that is listed."""
        if words not in self._found:
            self._found[words] = self._meaning(words)
        return self._found[words]

    def _meaning(self, words: tuple[tuple[str, str], ...]) -> Meaning:
        found = [(kind, word, row) for kind, word in words if (row := self._row(kind, word)) is not None]
        telling = [one for one in found if one[2].sources or one[2].components]
        # A pattern that carries anything, such as logs-*, says nothing of what fits it.
        listed = [one for one in found if one[2].word.lower() == one[1].lower()]
        shown = next(((kind, word) for kind, word in words if kind != SOURCE), (_ATTACK, words[0][1]))
        for _, word, row in (*telling, *listed):
            return Meaning(row.kind if word == shown[1] else shown[0], shown[1], row, True)
        self._unknown += 1
        tried = words[:_TRIED] if self._unknown <= MOST_NEAREST else ()
        near = (self._nearest(kind, word) for kind, word in tried if len(word) <= MOST_CHARACTERS)
        return Meaning(*shown, LogSource(*shown), False, next(filter(None, near), None))

    def _row(self, kind: str, word: str) -> LogSource | None:
        if kind == SOURCE:
            row = self._row(_ATTACK, word)
            if row is not None:
                return row
            if (source := self._table.sources.get(word.lower())) is not None:
                return LogSource(_ATTACK, source, (source,))
            return self._row(_COMPONENT, word)
        row = self._listed(kind, word)
        if row is None and kind == _COMPONENT and (name := self.components.get(word.lower())) is not None:
            return LogSource(_COMPONENT, name, components=(name,))
        return row

    def _listed(self, kind: str, word: str) -> LogSource | None:
        """The row of a word. One expression for all patterns of a kind says whether any fits, since an export
        may have tens of thousands of words.
        """
        if kind not in self._patterns:
            patterns = (row.word.lower() for row in self._table.rows if row.kind == kind)
            joined = "|".join(translate(one) for one in patterns if _WILD.search(one))
            self._patterns[kind] = re.compile(joined or "(?!)")
        if self._patterns[kind].match(word.lower()):
            return self._table.row_of(kind, word)
        return self._table.first([(kind, word)])

    def _nearest(self, kind: str, word: str) -> str | None:
        if kind in (SOURCE, _COMPONENT):
            known = {**self.components, **(self._table.sources if kind == SOURCE else {})}
            near = get_close_matches(word.lower(), known, n=1)
            if near:
                return known[near[0]]
        return self._table.nearest(_ATTACK if kind == SOURCE else kind, word)

    @property
    def components(self) -> dict[str, str]:
        """Every data component of the table and of the installed releases, by its name in small letters."""
        if self._components is None:
            names = [name for row in self._table.rows for name in row.components]
            for entry in shelf.installed_releases():
                try:
                    names += shelf.open_release(entry.release).data_components["name"].tolist()
                except CatalogueError:  # damaged since it was listed: the others name nearly the same
                    continue
            self._components = _by_small(names)
        return self._components


def _by_small(names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.lower(), name)
    return found
