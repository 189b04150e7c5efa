"""STUB until words.ready."""
from __future__ import annotations
import csv
from dataclasses import dataclass
from functools import cached_property
from fnmatch import fnmatchcase
from pathlib import Path

@dataclass(frozen=True, slots=True)
class LogSource:
    kind: str
    word: str
    sources: tuple
    channel: str
    components: tuple
    platforms: tuple
    note: str = ""

class LogSourceTable:
    def __init__(self, rows):
        self.every_row = tuple(rows)
        self._by = {}
        self._kind = {}
        for r in self.every_row:
            self._by.setdefault((r.kind, r.word.lower()), []).append(r)
            self._kind.setdefault(r.kind, []).append(r)
        self._memo = {}
    def rows(self, kind, word):
        k = (kind, word.lower())
        if k not in self._memo:
            self._memo[k] = tuple(self._by.get(k) or [r for r in self._kind.get(kind, ()) if fnmatchcase(k[1], r.word.lower())])
        return self._memo[k]
    def nearest(self, kind, word):
        return None

def read_log_sources(path=Path(__file__).resolve().parent.parent / "data" / "data_components.csv"):
    from coverage.formats.components import read_components
    t = read_components()
    plat = lambda w: ("Windows",) if "windows" in w or "win" in w else ()
    rows = [LogSource(r.kind, r.word, tuple("C:"+c for c in r.components), "", r.components, plat(r.word)) for r in t.rows]
    from coverage.catalogue import shelf
    names = sorted(set(shelf.open_release("enterprise-18.1").log_sources["name"].tolist()))
    rows += [LogSource("attack", n, (n,), "", (), ()) for n in names]
    return LogSourceTable(rows)
