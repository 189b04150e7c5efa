"""TOML text as a tree that gives back the same text: tables, and what stands between them.

Built only over text that the TOML loader's parser accepted, and only for files that change. Moving a
part moves its text as it is, so quoting, key order, blank lines and comments stay. Knows no rule format.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from coverage.loaders._toml import _GAP, _KEY, _SCALAR, _SPACE, _STRING, _unquoted
from coverage.migrate.toml_moves import comments
from coverage.migrate.toml_parts import Block, Inline, Item, Layout, Value

_LINE_REST = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_COMMENT = re.compile(r"#[^\r\n]*")
# The usual forms at once: most of a rule is `key = value` and `[a.b]`.
_PLAIN_KEY = re.compile(r"([A-Za-z0-9_-]+)[ \t]*=[ \t]*")
_PLAIN_HEADER = re.compile(r"(\[\[?)([A-Za-z0-9_.-]+)\]\]?[ \t]*\r?\n")


class Tree:
    """A TOML document. `render` gives the text it was made of, with what was changed in the tree."""

    def __init__(self, text: str) -> None:
        self.eol = "\r\n" if "\r\n" in text else "\n"
        self.ended = text.endswith("\n")
        self.root = Block((), False, "", "")
        self.blocks: list[Block] = []
        self.tail = ""
        _Parser(text if self.ended else text + self.eol, self).document()

    def render(self) -> str:
        """The whole text."""
        text = "".join([self.root.render(), *(block.render() for block in self.blocks), self.tail])
        return text if self.ended else text.removesuffix(self.eol)

    def table(self, *path: str) -> Block | None:
        """The table with this header (the root without a path), or None."""
        return (
            self.root if not path else next((b for b in self.blocks if b.path == path and not b.many), None)
        )

    def nest(self, path: tuple[str, ...]) -> list[Block]:
        """Put the tables below each `[[path]]` into it, however deep, and return those tables in order.

        Raises
        ------
        Layout
            When tables of one stand behind another table, or the list is no array of tables.
        """
        found: list[Block] = []
        flat, self.blocks = self.blocks, []
        open_ = False
        for block in flat:
            if block.path == path:
                if not block.many:
                    raise Layout(f"[{'.'.join(path)}] is one table, not a list of tables")
                found.append(block)
                self.blocks.append(block)
                open_ = True
            elif block.path[: len(path)] == path:
                if not open_:
                    raise Layout(f"tables of [[{'.'.join(path)}]] stand apart from it")
                _hang(found[-1], block, len(path))
            else:
                open_ = False
                self.blocks.append(block)
        return found

    def all_comments(self) -> list[str]:
        """Every comment of the document, in order."""
        parts = (comments(block) for block in (self.root, *self.blocks))
        return [*(text for part in parts for text in part), *_COMMENT.findall(self.tail)]


def _hang(entry: Block, block: Block, depth: int) -> None:
    parent = entry
    while len(block.path) > depth + 1:
        depth += 1
        below = [child for child in parent.blocks if child.path == block.path[:depth]]
        if not below:
            raise Layout(f"[{'.'.join(block.path)}] has no table to stand in")
        parent = below[-1]
    parent.blocks.append(block)


class _Parser:
    """Walks TOML text once. Text it does not understand is a Layout."""

    def __init__(self, text: str, tree: Tree) -> None:
        self.text, self.at, self.tree = text, 0, tree

    def document(self) -> None:
        table = self.tree.root
        lead = self._take(_GAP)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header(lead)
                self.tree.blocks.append(table)
            else:
                item = self._pair(lead)
                item.post = self._take(_LINE_REST)
                table.items.append(item)
            lead = self._take(_GAP)
        self.tree.tail = lead

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise Layout("the text is written in a way that is not understood")
        self.at = match.end()
        return match.group()

    def _needs(self, token: str) -> None:
        if not self.text.startswith(token, self.at):
            raise Layout("the text is written in a way that is not understood")
        self.at += len(token)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._take(_SPACE)
            keys.append(_unquoted(self._take(_KEY)))
            self._take(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _header(self, lead: str) -> Block:
        if plain := _PLAIN_HEADER.match(self.text, self.at):
            self.at = plain.end()
            return Block(tuple(plain[2].split(".")), plain[1] == "[[", lead, plain.group())
        start = self.at
        many = self.text.startswith("[[", start)
        self._needs("[[" if many else "[")
        keys = self._keys()
        self._needs("]]" if many else "]")
        self._take(_LINE_REST)
        return Block(tuple(keys), many, lead, self.text[start : self.at])

    def _pair(self, lead: str) -> Item:
        if plain := _PLAIN_KEY.match(self.text, self.at):
            self.at = plain.end()
            return Item(lead, plain.group(), plain[1], self._value())
        start = self.at
        keys = self._keys()
        self._needs("=")
        self._take(_SPACE)
        key = self.text[start : self.at]
        return Item(lead, key, ".".join(keys), self._value())

    def _value(self) -> Value | Inline:
        first = self.text[self.at : self.at + 1]
        if first == "[":
            return self._inline("[", "]", lambda lead: Item(lead, "", "", self._value()))
        if first == "{":
            return self._inline("{", "}", self._pair)
        return Value(self._take(_STRING if first in ('"', "'") else _SCALAR))

    def _inline(self, head: str, close: str, element: Callable[[str], Item]) -> Inline:
        self._needs(head)
        inline = Inline(head)
        while True:
            lead = self._take(_GAP)
            if self.text.startswith(close, self.at):
                self.at += 1
                inline.close, inline.comma = lead + close, bool(inline.items)
                return inline
            item = element(lead)
            item.post = self._take(_GAP)
            inline.items.append(item)
            if not self.text.startswith(",", self.at):
                self._needs(close)
                inline.close = close
                return inline
            self.at += 1
