"""YAML text with some scalars and list items written anew, and every other byte as it was.

Works on the places that it is told; what it cannot find written as itself (escapes, aliases,
anchors, folded text) is a Layout. Knows no rule format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from coverage.syntaxes.layout import Layout

_DYNAMIC = re.compile(r"(?:^|[\s,\[:-])[&*!][^\s,\]]")
_BLOCK_ITEM = re.compile(r"[ \t]*-[ \t]+[\"']?")
_REST = re.compile(r"[\"']?[ \t]*(#[^\r\n]*)?\r?")


class Splice:
    """Collects edits of one text. Nothing is written before `text`.

    Parameters
    ----------
    text
    positions
        Where each value starts in a text: document path -> 1-based (line, column), inside the quotes of a
        text. Asked only when something is edited.
    """

    def __init__(
        self, text: str, positions: Callable[[str], Mapping[tuple[str | int, ...], tuple[int, int]]]
    ) -> None:
        self._text, self._positions = text, positions
        self._edits: list[tuple[int, int, str]] = []

    def text(self) -> str:
        """The text with all edits."""
        parts, end = [], len(self._text)
        for start, stop, new in sorted(self._edits, reverse=True):
            parts += [self._text[stop:end], new]
            end = start
        return "".join(reversed([*parts, self._text[:end]])) if self._edits else self._text

    @cached_property
    def _places(self) -> dict:
        return dict(self._positions(self._text))

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self._text))]

    def _offset(self, path: tuple, text: str) -> int:
        if path not in self._places:
            raise Layout("the value is not found")
        line, column = self._places[path]
        offset = self._starts[line - 1] + column - 1
        if self._text[offset : offset + len(text)] != text:
            raise Layout("the value is written with escapes or over several lines")
        return offset

    def value(self, path: tuple, before: str, after: str) -> None:
        """Write one scalar anew."""
        start = self._offset(path, before)
        self._edits.append((start, start + len(before), after))

    def list_items(
        self, documents: Any, place: int, key: str, becomes: dict[int, list[str]], texts: Sequence[str]
    ) -> None:
        """Write items of a top-level list anew: item number -> texts that stand in its place.

        Raises
        ------
        Layout
            When one of them cannot be written; then none is.
        """
        if not becomes:
            return
        start, stop = documents.spans[place].get(key, (0, 0))
        if not stop or _DYNAMIC.search(_without_comments(self._text[start:stop])):
            raise Layout("the list has anchors, aliases or tags of YAML, or is merged into its document")
        gone = sum(not after for after in becomes.values())
        if gone == len(texts):
            raise Layout("the list would become empty")
        edits: list[tuple[int, int, str]] = []
        for nth, after in becomes.items():
            edits += self._item((place, key, nth), texts[nth], after)
        self._edits += edits

    def _item(self, path: tuple, before: str, after: list[str]) -> list[tuple[int, int, str]]:
        offset = self._offset(path, before)
        end = offset + len(before)
        line = self._text.rfind("\n", 0, offset) + 1
        rest = _REST.match(self._text, end)
        stop = rest.end() if rest else end
        block = _BLOCK_ITEM.fullmatch(self._text[line:offset]) and (
            stop == len(self._text) or self._text[stop] == "\n"
        )
        if block and rest is not None:
            return self._block_item(line, offset, end, rest, after)
        return self._flow_item(offset, end, after)

    def _block_item(
        self, line: int, offset: int, end: int, rest: re.Match, after: list[str]
    ) -> list[tuple[int, int, str]]:
        stop = rest.end()  # before the line feed
        if after:
            more = self._text[line:offset]
            quote = more[-1] if more[-1] in "\"'" else ""
            eol = "\r\n" if self._text[stop - 1 : stop] == "\r" or "\r\n" in self._text[:stop] else "\n"
            behind = stop - 1 if self._text[stop - 1 : stop] == "\r" else stop
            new = (
                [(behind, behind, "".join(f"{eol}{more}{one}{quote}" for one in after[1:]))]
                if after[1:]
                else []
            )
            return [(offset, end, after[0]), *new]
        if rest.group(1):  # its comment stays, on a line of its own
            indent = re.match(r"[ \t]*", self._text[line:offset])
            return [(line, rest.start(1), indent.group() if indent else "")]
        if stop < len(self._text):
            return [(line, stop + 1, "")]
        before = line - (2 if self._text[line - 2 : line] == "\r\n" else 1)
        return [(max(before, 0), stop, "")]

    def _flow_item(self, offset: int, end: int, after: list[str]) -> list[tuple[int, int, str]]:
        quote = (
            self._text[offset - 1]
            if self._text[offset - 1] in "\"'" and self._text[end : end + 1] == self._text[offset - 1]
            else ""
        )
        if after:
            more = "".join(f", {quote}{one}{quote}" for one in after[1:])
            behind = end + len(quote)
            return [(offset, end, after[0])] + ([(behind, behind, more)] if more else [])
        start, stop = offset - len(quote), end + len(quote)
        if comma := re.compile(r"[ \t]*,[ \t]*").match(self._text, stop):
            return [(start, comma.end(), "")]
        if comma := re.search(r",[ \t]*$", self._text[:start]):
            return [(comma.start(), stop, "")]
        raise Layout("an item of a list between brackets has comments or line ends beside it")


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)(^|[ \t])#.*$", "", text)
