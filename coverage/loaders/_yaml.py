"""YAML text: the documents it holds, and the place of every value in the text.

Every scalar stays the text that was written (only null becomes None), so that a date, a version such as
`1.10` or the word `no` is what the field that asks for it makes of it (`written_fields.YamlFields`). Nothing is ever
constructed from a tag. libyaml reads the text; it composes by recursion, so text that could nest deeply
is first walked event by event. Aliases are written out up to a limit, which ends alias bombs and
recursive anchors alike. Knows no rule format.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import yaml
from yaml.cyaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode

from coverage.loaders.seam import DocPath, Issue, Parsed, Positions, Syntax, Unparsable, path_text

MAX_DEPTH = 100
MAX_VALUES = 500_000  # values of one text with its aliases written out
_SAFE_DEPTH = 1_000  # levels of recursion that fit the smallest stack a thread has (1 MB)

_NULL, _MERGE, _TEXT = "null", "merge", "text"
_PLAIN_TAGS = {"": _NULL, "~": _NULL, "null": _NULL, "Null": _NULL, "NULL": _NULL, "<<": _MERGE}
_OPENERS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSERS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_PROPERTIES = re.compile(r"(?:[!&][^\s,\[\]{}]*\s+)*")  # a tag or an anchor before the value
_BLOCK_HEAD = re.compile(r"[|>][^\n]*\n(?:[ \t]*\r?\n)*[ \t]*")


class Documents(Parsed):
    """The documents of one text in order, each a dict, list, text or None.

    `spans` has, for each document that is a mapping, where its top-level entries start and end in the
    text; `duplicates` the paths of keys that were written more than once (the last one is kept).
    """

    def __init__(self, values: list, spans: list[dict[str, tuple[int, int]]], duplicates: list[DocPath]):
        super().__init__(values)
        self.spans, self.duplicates = spans, duplicates


class _Composer(CParser):
    """libyaml's nodes, with plain words that mean null or merge told apart, and no other tag looked at."""

    def resolve(self, kind: type, value: str, implicit: Any) -> str:
        if kind is ScalarNode and implicit[0]:
            return _PLAIN_TAGS.get(value, _TEXT)
        return _TEXT

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Nothing: no tag depends on its place."""

    def ascend_resolver(self) -> None:
        """Nothing: no tag depends on its place."""


def parse(text: str) -> Documents:
    """The documents of a YAML text, scalars as written.

    Raises
    ------
    Unparsable
        Code `bad-yaml`, with the line and column where libyaml stopped; also for nesting beyond
        MAX_DEPTH and for aliases that would make more than MAX_VALUES values.
    """
    roots = _composed(text)
    builder = _Builder(text)
    values = [builder.value(root, 0) for root in roots]
    duplicates = list(_duplicates(roots, text)) if builder.has_duplicates else []
    return Documents(values, [_spans(root) for root in roots], duplicates)


def _composed(text: str) -> list[Node]:
    try:
        if _could_nest(text) > _SAFE_DEPTH:
            _check_depth(text)
        composer = _Composer(text)
        roots = []
        while composer.check_node():
            roots.append(composer.get_node())
        return roots
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise Unparsable("bad-yaml", f"Not valid YAML: {_said(error)}.", *place) from error
    except (yaml.YAMLError, UnicodeError) as error:
        line = _line_of_fault(error, text)
        raise Unparsable("bad-yaml", f"Not readable as YAML: {_one_line(str(error))}.", line) from error


def _said(error: yaml.MarkedYAMLError) -> str:
    return _one_line(", ".join(part for part in (error.context, error.problem) if part) or "unknown fault")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")


def _line_of_fault(error: Exception, text: str) -> int | None:
    position = getattr(error, "position", None)  # of yaml.reader.ReaderError: the byte of a sign YAML forbids
    if position is None:
        return None
    return text.encode("utf-8", "replace").count(b"\n", 0, position) + 1


def _could_nest(text: str) -> int:
    """More levels than a text can have: a block level needs a column of its own, a flow level a bracket."""
    longest = max(map(len, text.split("\n")))
    return 2 * (longest + text.count("[") + text.count("{"))


def _check_depth(text: str) -> None:
    parser, depth = CParser(text), 0
    while parser.check_event():
        event = parser.get_event()
        if isinstance(event, _OPENERS):
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep(event.start_mark)
        elif isinstance(event, _CLOSERS):
            depth -= 1


def _too_deep(mark: yaml.Mark) -> Unparsable:
    message = (
        f"Not readable as YAML: nested more than {MAX_DEPTH} levels deep, or an alias inside its own anchor."
    )
    return Unparsable("bad-yaml", message, mark.line + 1, mark.column + 1)


class _Builder:
    """Nodes -> plain values. Aliases are written out, so that the result is a tree without shared parts."""

    def __init__(self, text: str):
        self.text, self.count, self.has_duplicates = text, 0, False

    def value(self, node: Node, depth: int) -> Any:
        self.count += 1
        if type(node) is ScalarNode:
            return None if node.tag is _NULL else node.value
        if depth > MAX_DEPTH:
            raise _too_deep(node.start_mark)
        if self.count > MAX_VALUES:
            message = f"Not readable as YAML: with its aliases written out it has over {MAX_VALUES:,} values."
            raise Unparsable("bad-yaml", message, node.start_mark.line + 1, node.start_mark.column + 1)
        if type(node) is MappingNode:
            return self._mapping(node, depth)
        return [self.value(item, depth + 1) for item in node.value]

    def _mapping(self, node: MappingNode, depth: int) -> dict:
        found: dict[str, Any] = {}
        merged: list[Node] = []
        for key_node, item in node.value:
            if key_node.tag is _MERGE:
                merged.append(item)
                continue
            key = _key(key_node, self.text)
            if key in found:
                self.has_duplicates = True
            found[key] = self.value(item, depth + 1)
        for item in merged:
            for part in _merge_parts(item):
                found = {**self._mapping_at(part, depth + 1), **found}
        return found

    def _mapping_at(self, node: Node, depth: int) -> dict:
        value = self.value(node, depth)
        return value if isinstance(value, dict) else {}


def _key(node: Node, text: str) -> str:
    if type(node) is ScalarNode:
        return node.value
    return text[node.start_mark.index : node.end_mark.index].strip()


def _merge_parts(node: Node) -> list[Node]:
    """The mappings of a `<<`; of two with the same key, the one named first wins."""
    if type(node) is MappingNode:
        return [node]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _spans(root: Node) -> dict[str, tuple[int, int]]:
    if type(root) is not MappingNode:
        return {}
    return {
        key.value: (key.start_mark.index, value.end_mark.index)
        for key, value in root.value
        if type(key) is ScalarNode
    }


def _duplicates(roots: list[Node], text: str) -> Iterator[DocPath]:
    for place, root in enumerate(roots):
        for path, node in _walk(root, (place,), text):
            if type(node) is MappingNode:
                keys = Counter(_key(key, text) for key, _ in node.value if key.tag is not _MERGE)
                yield from ((*path, key) for key, count in keys.items() if count > 1)


def _walk(node: Node, path: DocPath, text: str) -> Iterator[tuple[DocPath, Node]]:
    """Every value below a node with its path; of a key written twice and of merged keys as `parse` keeps them.

    Only for nodes that `_Builder` accepted: it has told that they are few enough and end.
    """
    yield (path, node)
    if type(node) is MappingNode:
        for key, item in _entries(node, text).items():
            yield from _walk(item, (*path, key), text)
    elif not isinstance(node, ScalarNode):
        for place, item in enumerate(node.value):
            yield from _walk(item, (*path, place), text)


def _entries(node: MappingNode, text: str) -> dict[str, Node]:
    found = {_key(key, text): item for key, item in node.value if key.tag is not _MERGE}
    for key, item in node.value:
        if key.tag is _MERGE:
            for part in _merge_parts(item):
                if type(part) is MappingNode:
                    found = {**_entries(part, text), **found}
    return found


def positions(text: str) -> Positions:
    """Where each value starts: document path -> 1-based (line, column), inside the quotes of a text.

    A path starts with the number of its document. A value that an alias or a merge repeats is where its
    anchor stands; a mapping or list is where its first entry starts. Text that is no YAML gives nothing.
    """
    try:
        roots = _composed(text)
        builder = _Builder(text)
        for root in roots:
            builder.value(root, 0)
    except Unparsable:
        return {}
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return {
        path: _line_column(_start(node, text), starts)
        for place, root in enumerate(roots)
        for path, node in _walk(root, (place,), text)
    }


def _start(node: Node, text: str) -> int:
    start = node.start_mark.index
    if type(node) is not ScalarNode:
        return start
    match = _PROPERTIES.match(text, start)
    start = match.end() if match and node.value else start
    if node.style in ("'", '"'):
        return start + 1
    head = _BLOCK_HEAD.match(text, start) if node.style in ("|", ">") else None
    return head.end() if head else start


def _line_column(offset: int, starts: list[int]) -> tuple[int, int]:
    line = bisect_right(starts, offset)
    return (line, offset - starts[line - 1] + 1)


YAML = Syntax("YAML", parse, positions)


def block_text(text: str, documents: Any, place: int, key: str) -> str | None:
    """A document's top-level entry as it is written, without the blanks before its lines; None without one."""
    spans = getattr(documents, "spans", ())
    if place >= len(spans) or key not in spans[place]:
        return None
    start, end = spans[place][key]
    return dedent(text[start:end].rstrip()) or None


def duplicate_keys(documents: Any, place: int | None = None) -> Iterator[Issue]:
    """One warning `duplicate-key` a key written twice, of one document or of all."""
    for path in getattr(documents, "duplicates", ()):
        if place is None or path[0] == place:
            message = f"{path_text(path[1:])} is written more than once; the last one was read."
            yield Issue(path, "duplicate-key", "warning", message)
