"""Where each value of a TOML text is, found in its tree. Independent of rule formats."""

from __future__ import annotations

import re
from contextlib import suppress

from coverage.syntaxes.syntax import DocPath
from coverage.syntaxes.toml_parts import Block, Inline, Item
from coverage.syntaxes.toml_tree import Tree

_QUOTES = re.compile(r'"""\r?\n?|\'\'\'\r?\n?|"|\'')


def value_offsets(text: str) -> dict[DocPath, int]:
    """Where each value starts: document path -> offset in the text, inside the quotes of a text value.

    A table written with a header is where its header starts; both header style and inline arrays and
    tables are walked. Text that is not TOML gives the places before its fault.
    """
    places = _Places(text)
    with suppress(RecursionError):  # what was found so far is still right
        places.walk(Tree.before_fault(text))
    return places.found


class _Places:
    """Walks the parts of a tree in the order of their text and keeps the offset of every value in `found`."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._lengths: dict[DocPath, int] = {}  # arrays of tables written with [[headers]]
        self.found: dict[DocPath, int] = {}

    def walk(self, tree: Tree) -> None:
        for item in tree.root.items:
            self._item(item, ())
        for block in tree.blocks:
            self._at += len(block.lead)
            path = self._header(block)
            self._at += len(block.head)
            for item in block.items:
                self._item(item, path)

    def _header(self, block: Block) -> DocPath:
        path: DocPath = ()
        for key in block.path[:-1]:
            path = (*path, key)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        path = (*path, block.path[-1])
        if block.many:
            self.found.setdefault(path, self._at)
            place = self._lengths.get(path, 0)
            self._lengths[path] = place + 1
            path = (*path, place)
        self.found.setdefault(path, self._at)
        return path

    def _item(self, item: Item, table: DocPath) -> None:
        path = (*table, *item.names)
        self._at += len(item.lead) + len(item.key)
        if isinstance(item.value, Inline):
            self.found[path] = self._at
            self._inline(item.value, path)
        else:
            quotes = _QUOTES.match(self._text, self._at)
            self.found[path] = quotes.end() if quotes else self._at
            self._at += len(item.value.raw)
        self._at += len(item.post)

    def _inline(self, inline: Inline, path: DocPath) -> None:
        self._at += len(inline.head)
        last = len(inline.items) - 1
        for place, item in enumerate(inline.items):
            self._item(item, (*path, place) if inline.head == "[" else path)
            self._at += place < last or inline.comma
        self._at += len(inline.close)
