"""The only scanner of YAML: one pass over libyaml's events gives the documents of a text and, where they are
asked for, the places of its values.

Every scalar stays the text that was written (only null becomes None), so that a date, a version such as
`1.10` or the word `no` is what the field that asks for it makes of it (`written_fields.YamlFields`). Nothing
is ever constructed from a tag. Values are built from one event after the other, without a tree of nodes and
without recursion. What an alias repeats is the same object again, but counts as if it were written out: so
text never costs more than `budget.most` values, and alias bombs and recursive anchors end. Independent of
rule formats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.cyaml import CParser

from coverage.syntaxes import budget
from coverage.syntaxes.syntax import DocPath, Kept, Parsed, Unparsable
from coverage.syntaxes.yaml_places import Places

MAX_DEPTH = 100
MAX_VALUES = 500_000  # values of one text with its aliases written out
MAX_DIRECTIVES = 100  # libyaml compares each with all before it
MAX_ANCHORS = 10_000  # of one document
MAX_KEY = 1_000  # signs of a key that is a list or a mapping itself

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Documents(Parsed):
    """The documents of one text in order, each a dict, list, text or None.

    `spans` has, for each document that is a mapping, where its top-level entries start and end in the
    text; `duplicates` the paths of keys that were written more than once (the last one is kept).
    """

    def __init__(self, values: list, spans: list[dict[str, tuple[int, int]]], duplicates: Kept):
        super().__init__(values)
        self.spans, self.duplicates = spans, duplicates


def scan(text: str, places: Places | None = None) -> Documents:
    """The documents of a YAML text, scalars as written; `places` is given where their values stand.

    Raises
    ------
    Unparsable
        Code `bad-yaml`, with the line and column where libyaml stopped; also for nesting beyond
        MAX_DEPTH and for more values than the budget of its size allows, aliases written out.
    """
    if text.count("\n%") > MAX_DIRECTIVES and _directives(text) > MAX_DIRECTIVES:
        raise Unparsable("bad-yaml", f"Not readable as YAML: it has over {MAX_DIRECTIVES} directives.", 1, 1)
    builder = _Builder(text, places)
    try:
        parser = CParser(text)
        while (event := parser.get_event()) is not None:
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise Unparsable("bad-yaml", f"Not valid YAML: {_cause(error)}.", *place) from error
    except (yaml.YAMLError, UnicodeError) as error:
        line = _line_of_fault(error, text)
        raise Unparsable("bad-yaml", f"Not readable as YAML: {_one_line(str(error))}.", line) from error
    return Documents(builder.values, builder.spans, builder.duplicates)


def _directives(text: str) -> int:
    return len(re.findall(r"^%[A-Z]", text, re.MULTILINE))


def _cause(error: yaml.MarkedYAMLError) -> str:
    return _one_line(", ".join(part for part in (error.context, error.problem) if part) or "unknown fault")


def _one_line(text: str) -> str:
    return " ".join(text[:1000].split())[:200].rstrip(".")


def _line_of_fault(error: Exception, text: str) -> int | None:
    position = getattr(error, "position", None)  # of yaml.reader.ReaderError: the byte of a sign YAML forbids
    if position is None:
        return None
    return text.encode("utf-8", "replace").count(b"\n", 0, position) + 1


def _fault(mark: yaml.Mark, message: str) -> Unparsable:
    return Unparsable("bad-yaml", f"Not readable as YAML: {message}.", mark.line + 1, mark.column + 1)


def _too_deep(mark: yaml.Mark) -> Unparsable:
    return _fault(mark, f"nested more than {MAX_DEPTH} levels deep, or an alias inside its own anchor")


@dataclass(slots=True)
class _Anchor:
    """What an anchor names."""

    value: Any
    key: str  # what it is as a key of a mapping
    size: int  # values, itself counted
    height: int  # levels: 0 for a scalar
    path: DocPath
    places: tuple[int, int]  # from, to in `Places.log`


_NO_KEY, _MERGE = object(), object()


@dataclass(slots=True, eq=False)
class _Level:
    """An open mapping or list; the lowest is the list of documents."""

    value: Any
    path: DocPath
    anchor: str | None
    start: int
    before: int  # values counted before it
    logged: int  # places logged before it
    height: int = 1
    key: Any = _NO_KEY  # of a mapping: the key whose value comes next
    key_start: int = 0
    merged: list[tuple[Any, DocPath, tuple[int, int]]] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)


class _Builder:
    """The events of one text -> plain values, each mapping and list a level on a stack."""

    def __init__(self, text: str, places: Places | None = None):
        self._text, self._places = text, places
        self._most = min(MAX_VALUES, budget.most(len(text), budget.YAML_VALUE))
        self._anchors: dict[str, _Anchor | None] = {}  # None: its value has not ended yet
        self._open_anchors = self._count = 0
        self._words: dict[str, str] = {}  # each key once
        self.values: list[Any] = []
        self.spans: list[dict[str, tuple[int, int]]] = []
        self.duplicates = Kept("warning")
        self._stack = [_Level(self.values, (), None, 0, 0, 0)]
        self._takers = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._list,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, event: Any) -> None:
        """Add an event's value, or close its level."""
        if taker := self._takers.get(type(event)):
            taker(event)

    def _document(self, event: Any) -> None:
        self._anchors.clear()
        self.spans.append({})

    def _scalar(self, event: Any) -> None:
        level, text = self._stack[-1], event.value
        self._add(1, event)
        plain = event.implicit[0] and event.tag is None
        value = None if plain and text in _NULLS else text
        is_key = level.key is _NO_KEY and type(level.value) is dict
        logged = self._add_place(level, event) if self._places and (not is_key or event.anchor) else 0
        if event.anchor is not None:
            self._open(event)
            self._name(event.anchor, value, text, 1, 0, self._path(level), logged)
        if is_key:
            self._set_key(level, _MERGE if plain and text == "<<" else text, event)
        else:
            self._put(level, value, event, logged)

    def _alias(self, event: Any) -> None:
        level, name = self._stack[-1], event.anchor
        if name not in self._anchors:
            raise yaml.composer.ComposerError(None, None, "found undefined alias", event.start_mark)
        anchor = self._anchors[name]
        if anchor is None or len(self._stack) + anchor.height > MAX_DEPTH + 1:
            raise _too_deep(event.start_mark)
        self._add(anchor.size, event)
        level.height = max(level.height, anchor.height + 1)
        if level.key is _NO_KEY and type(level.value) is dict:
            return self._set_key(level, anchor.key, event)
        logged = 0
        if self._places:
            logged = len(self._places.log)
            self._places.repeat(self._path(level), anchor.path, anchor.places, self._open_anchors > 0)
        self._put(level, anchor.value, event, logged)

    def _mapping(self, event: Any) -> None:
        self._start({}, event)

    def _list(self, event: Any) -> None:
        self._start([], event)

    def _start(self, value: dict | list, event: Any) -> None:
        self._add(1, event)
        level = self._stack[-1]
        if len(self._stack) > MAX_DEPTH:
            raise _too_deep(event.start_mark)
        if event.anchor is not None:
            self._open(event)
            self._open_anchors += 1
        logged = self._add_place(level, event) if self._places else 0
        start = event.start_mark.index
        self._stack.append(_Level(value, self._path(level), event.anchor, start, self._count - 1, logged))

    def _end(self, event: Any) -> None:
        level = self._stack.pop()
        above = self._stack[-1]
        if level.merged:
            self._merge(level)
        above.height = max(above.height, level.height + 1)
        is_key = above.key is _NO_KEY and type(above.value) is dict
        key = ""
        if is_key or level.anchor is not None:
            key = self._text[level.start : min(event.end_mark.index, level.start + MAX_KEY)].strip()
        if level.anchor is not None:
            self._open_anchors -= 1
            size = self._count - level.before
            self._name(level.anchor, level.value, key, size, level.height, level.path, level.logged)
        if is_key:
            above.key_start = level.start
            self._set_key(above, key, None)
        else:
            self._put(above, level.value, event, level.logged)

    def _add(self, values: int, event: Any) -> None:
        self._count += values
        if self._count > self._most:
            raise _fault(event.start_mark, f"with its aliases written out it has over {self._most:,} values")

    def _open(self, event: Any) -> None:
        if len(self._anchors) >= MAX_ANCHORS:
            raise _fault(event.start_mark, f"it has over {MAX_ANCHORS:,} anchors")
        if event.anchor in self._anchors:
            raise yaml.composer.ComposerError(None, None, "found a duplicate anchor", event.start_mark)
        self._anchors[event.anchor] = None

    def _name(
        self, name: str, value: Any, key: str, size: int, height: int, path: DocPath, logged: int
    ) -> None:
        places = (logged, len(self._places.log)) if self._places else (0, 0)
        self._anchors[name] = _Anchor(value, key, size, height, path, places)

    def _path(self, level: _Level) -> DocPath:
        """Where the next value of a level is; a key that is not text has no place."""
        return (*level.path, len(level.value) if type(level.value) is list else level.key)

    def _add_place(self, level: _Level, event: Any) -> int:
        logged = len(self._places.log)
        anchored = self._open_anchors > 0 or event.anchor is not None
        self._places.add(self._path(level), event, anchored)
        return logged

    def _set_key(self, level: _Level, key: Any, event: Any) -> None:
        if event is not None:
            level.key_start = event.start_mark.index
        if key is not _MERGE:
            key = self._words.setdefault(key, key)
            if key in level.value and key not in level.repeated:
                level.repeated.add(key)
                self.duplicates.append((*level.path, key))
        level.key = key

    def _put(self, level: _Level, value: Any, event: Any, logged: int) -> None:
        """Add a value that ends with `event` to its level."""
        if type(level.value) is list:
            level.value.append(value)
            return
        if level.key is _MERGE:
            places = (logged, len(self._places.log)) if self._places else (0, 0)
            level.merged.append((value, self._path(level), places))
        else:
            level.value[level.key] = value
            if len(level.path) == 1:
                self.spans[-1][level.key] = (level.key_start, event.end_mark.index)
        level.key = _NO_KEY

    def _merge(self, level: _Level) -> None:
        """Add what a mapping's `<<` names: its own keys win, then those named first."""
        for value, path, places in level.merged:
            parts = enumerate(value) if type(value) is list else [(None, value)]
            for nth, part in parts:
                if type(part) is not dict:
                    continue
                added = {key: item for key, item in part.items() if key not in level.value}
                level.value.update(added)
                if self._places and added:
                    of = path if nth is None else (*path, nth)
                    self._places.repeat(level.path, of, places, self._open_anchors > 0, added)
