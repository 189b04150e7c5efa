"""YAML text with some scalars and list items written anew, and every other byte as it was.

Edits values at the places that `yaml_scan` found; one that is not written there as itself (escapes, aliases,
anchors, folded text) is a Layout. Independent of rule formats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from coverage.syntaxes.layout import Layout
from coverage.syntaxes.scanned import Lines
from coverage.syntaxes.syntax import DocPath
from coverage.syntaxes.yaml_places import Places
from coverage.syntaxes.yaml_scan import scan

_REST = re.compile(r"[\"']?[ \t]*(#[^\r\n]*)?\r?")  # of a line behind a value
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_COMMA_BEFORE = re.compile(r",[ \t]*$")

_Edit = tuple[int, int, str]  # start, stop, the text that takes its place


class Splice:
    """Collects edits of one text. Nothing is written before `text`, and nothing scanned before the first
    edit.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._edits: list[_Edit] = []

    def text(self) -> str:
        """The text with all edits."""
        parts, end = [], len(self._text)
        for start, stop, new in sorted(self._edits, reverse=True):
            parts += [self._text[stop:end], new]
            end = start
        return "".join(reversed([*parts, self._text[:end]])) if self._edits else self._text

    @cached_property
    def _scanned(self) -> tuple[list[dict[str, tuple[int, int]]], Places, dict[DocPath, int]]:
        """The spans of top-level entries by document, the layout of lists, and where each value starts."""
        places = Places(self._text)
        documents = scan(self._text, places)
        return documents.spans, places, places.of(documents)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._text)

    def _offset(self, path: DocPath, text: str) -> int:
        offset = self._scanned[2].get(path)
        if offset is None:
            raise Layout("the value is not found")
        if not self._text.startswith(text, offset):
            raise Layout("the value is written with escapes or over several lines")
        return offset

    def value(self, path: DocPath, before: str, after: str) -> None:
        """Write one scalar anew."""
        start = self._offset(path, before)
        self._edits.append((start, start + len(before), after))

    def list_items(self, path: DocPath, becomes: dict[int, list[str]], texts: Sequence[str]) -> None:
        """Write items of a top-level list anew: item number -> texts that stand in its place.

        Raises
        ------
        Layout
            When one of them cannot be written; then none is.
        """
        if not becomes:
            return
        spans, places, _ = self._scanned
        place, key = path
        if key not in spans[place] or path in places.dynamic:
            raise Layout("the list has anchors, aliases or tags of YAML, or is merged into its document")
        gone = sum(not after for after in becomes.values())
        if gone == len(texts):
            raise Layout("the list would become empty")
        edits: list[_Edit] = []
        for nth, after in becomes.items():
            edits += self._item((*path, nth), texts[nth], after)
        self._edits += edits

    def _item(self, path: DocPath, before: str, after: list[str]) -> list[_Edit]:
        start = self._offset(path, before)
        end = start + len(before)
        dash = self._scanned[1].dashes[path[:-1]]
        if dash is None:
            return self._flow_item(start, end, after)
        line = self._lines.start(self._lines.place(start)[0])
        rest = _REST.match(self._text, end)
        is_whole_line = rest.end() == len(self._text) or self._text[rest.end()] == "\n"
        if is_whole_line and self._text[line + dash] == "-":
            return self._block_item(line, dash, (start, end), rest, after)
        if len(after) == 1:
            return [(start, end, after[0])]
        raise Layout("an item of the list is not on the line of its dash")

    def _block_item(
        self, line: int, dash: int, span: tuple[int, int], rest: re.Match, after: list[str]
    ) -> list[_Edit]:
        """An item on a line of its own; `line` is where that starts, `dash` the column of its dash."""
        stop = rest.end()  # before the line feed
        if after:
            start, end = span
            more = self._text[line:start]
            quote = more[-1] if more[-1] in "\"'" else ""
            cr = self._text[stop - 1] == "\r"
            eol = "\r\n" if cr or "\r\n" in self._text[:stop] else "\n"
            behind = stop - 1 if cr else stop
            others = "".join(f"{eol}{more}{one}{quote}" for one in after[1:])
            return [(start, end, after[0]), *([(behind, behind, others)] if others else [])]
        if rest.group(1):  # its comment stays, on a line of its own
            return [(line + dash, rest.start(1), "")]
        if stop < len(self._text):
            return [(line, stop + 1, "")]
        before = line - (2 if self._text[line - 2 : line] == "\r\n" else 1)
        return [(max(before, 0), stop, "")]

    def _flow_item(self, start: int, end: int, after: list[str]) -> list[_Edit]:
        """An item of a list between brackets."""
        before = self._text[start - 1]
        quote = before if before in "\"'" and self._text.startswith(before, end) else ""
        if after:
            others = "".join(f", {quote}{one}{quote}" for one in after[1:])
            behind = end + len(quote)
            return [(start, end, after[0]), *([(behind, behind, others)] if others else [])]
        start, end = start - len(quote), end + len(quote)
        if comma := _COMMA.match(self._text, end):
            return [(start, comma.end(), "")]
        if comma := _COMMA_BEFORE.search(self._text, 0, start):
            return [(comma.start(), end, "")]
        raise Layout("an item of a list in brackets has comments or line ends beside it")
