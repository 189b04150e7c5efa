"""TOML text as a tree that gives back the same text: tables, and what is between them.

The only scanner of TOML: for places and for edits, over text that the parser accepted, and only where one is
asked for. Moving a part moves its text as it is, so quoting, key order, blank lines and comments stay.
Independent of rule formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import tomli

from coverage.syntaxes.layout import Layout
from coverage.syntaxes.toml_moves import comments
from coverage.syntaxes.toml_parts import COMMENT, Block, Inline, Item, Value

_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY = re.compile(r'"(?:[^"\\\n]++|\\.)*+"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
_STRING = re.compile(
    r'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^\s,#\]}]+(?: \d[^\s,#\]}]*)?")  # a date and its time may have a space between them
_LINE_REST = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
# The usual forms at once: most of a rule is `key = value` and `[a.b]`.
_PLAIN_KEY = re.compile(r"([A-Za-z0-9_-]+)[ \t]*=[ \t]*")
_PLAIN_HEADER = re.compile(r"(\[\[?)([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(\]\]?)[ \t]*\r?\n")

_UNREAD = Value("")  # until the value at its place is read


class Tree:
    """A TOML document. `render` gives the text it was made of, with what was changed in the tree.

    Raises
    ------
    Layout
        When the text is written in a way that is not understood; text that the parser accepts never is.
    """

    def __init__(self, text: str) -> None:
        self._scan(text)

    @classmethod
    def before_fault(cls, text: str) -> Tree:
        """The tree of a text up to where it is not understood; the value that breaks off there is empty."""
        tree = cls.__new__(cls)
        with suppress(Layout):
            tree._scan(text)
        return tree

    def _scan(self, text: str) -> None:
        self.eol = "\r\n" if "\r\n" in text else "\n"
        self.ended = text.endswith("\n")
        self.root = Block((), False, "", "")
        self.blocks: list[Block] = []
        self.tail = ""
        try:
            _Scanner(text if self.ended else text + self.eol, self).document()
        except RecursionError:
            raise Layout("values are nested too deeply") from None

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
            When tables of one stand behind another table, or the list is not an array of tables.
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
                    raise Layout(f"tables of [[{'.'.join(path)}]] do not follow it directly")
                _hang(found[-1], block, len(path))
            else:
                open_ = False
                self.blocks.append(block)
        return found

    def all_comments(self) -> list[str]:
        """Every comment of the document, in order."""
        parts = (comments(block) for block in (self.root, *self.blocks))
        return [*(text for part in parts for text in part), *COMMENT.findall(self.tail)]


def _hang(entry: Block, block: Block, depth: int) -> None:
    parent = entry
    while len(block.path) > depth + 1:
        depth += 1
        below = [child for child in parent.blocks if child.path == block.path[:depth]]
        if not below:
            raise Layout(f"[{'.'.join(block.path)}] has no parent table")
        parent = below[-1]
    parent.blocks.append(block)


class _Scanner:
    """Walks TOML text once and hangs each part into the tree before it reads what the part holds.

    So the tree of a text that breaks off is right up to there. Text it does not understand is a Layout.
    """

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
                item = self._pair(lead, table)
                item.post = self._take(_LINE_REST)
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

    def _keys(self) -> tuple[str, ...]:
        keys = []
        while True:
            self._take(_SPACE)
            keys.append(_unquoted(self._take(_KEY)))
            self._take(_SPACE)
            if not self.text.startswith(".", self.at):
                return tuple(keys)
            self.at += 1

    def _header(self, lead: str) -> Block:
        plain = _PLAIN_HEADER.match(self.text, self.at)
        if plain and len(plain[1]) == len(plain[3]):
            self.at = plain.end()
            return Block(tuple(plain[2].split(".")), plain[1] == "[[", lead, plain.group())
        start = self.at
        many = self.text.startswith("[[", start)
        self._needs("[[" if many else "[")
        keys = self._keys()
        self._needs("]]" if many else "]")
        self._take(_LINE_REST)
        return Block(keys, many, lead, self.text[start : self.at])

    def _pair(self, lead: str, table: Block | Inline) -> Item:
        if plain := _PLAIN_KEY.match(self.text, self.at):
            self.at = plain.end()
            return self._valued(Item(lead, plain.group(), (plain[1],), _UNREAD), table)
        start = self.at
        keys = self._keys()
        self._needs("=")
        self._take(_SPACE)
        return self._valued(Item(lead, self.text[start : self.at], keys, _UNREAD), table)

    def _element(self, lead: str, array: Inline) -> Item:
        return self._valued(Item(lead, "", (), _UNREAD), array)

    def _valued(self, item: Item, holder: Block | Inline) -> Item:
        """The item in its holder, with the value that is at this place."""
        holder.items.append(item)
        first = self.text[self.at : self.at + 1]
        if first in ('"', "'"):
            item.value = Value(self._take(_STRING))
        elif first == "[":
            item.value = array = Inline("[")
            self._inline(array, "]", self._element)
        elif first == "{":
            item.value = table = Inline("{")
            self._inline(table, "}", self._pair)
        else:
            item.value = Value(self._take(_SCALAR))
        return item

    def _inline(self, inline: Inline, close: str, element: Callable[[str, Inline], Item]) -> None:
        self.at += 1
        while True:
            lead = self._take(_GAP)
            if self.text.startswith(close, self.at):
                self.at += 1
                inline.close, inline.comma = lead + close, bool(inline.items)
                return
            item = element(lead, inline)
            item.post = self._take(_GAP)
            if not self.text.startswith(",", self.at):
                self._needs(close)
                inline.close = close
                return
            self.at += 1


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    try:
        return next(iter(tomli.loads(f"{key} = 0")))
    except tomli.TOMLDecodeError:
        return key[1:-1]
