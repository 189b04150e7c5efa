"""The parts of a TOML text that give back the text they were made of: values, arrays, inline tables, tables
with a header.

A part can be written anew, taken out or put in; all else of its text stays. Independent of rule formats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import tomli

from coverage.syntaxes.layout import Layout

COMMENT = re.compile(r"#[^\r\n]*")
_ESCAPED = re.compile(r'[\\"\x00-\x08\x0a-\x1f\x7f]')


@dataclass(eq=False, slots=True)
class Value:
    """A text, number, date or flag, as written."""

    raw: str

    @property
    def text(self) -> str | None:
        """The text it means; None for anything but a text."""
        if self.raw[:1] not in ("'", '"'):
            return None
        if "\\" not in self.raw and self.raw[:3] not in ("'''", '"""'):
            return self.raw[1:-1]
        return tomli.loads(f"v = {self.raw}")["v"]

    def put(self, text: str) -> None:
        """Write another text, in the quotes it had."""
        self.raw = quoted(text, "'" if self.raw[:1] == "'" else '"')


@dataclass(eq=False, slots=True)
class Item:
    """A key with its value, or an element of an array; `lead` and `post` are the blanks and comments around
    it.
    """

    lead: str
    key: str  # as written with its equals sign; "" in an array
    names: tuple[str, ...]  # the key it means, with the parts of a dotted one; () in an array
    value: Value | Inline
    post: str = ""


class Table:
    """What tables with a header and inline tables share: their own keys."""

    items: list[Item]

    def item(self, name: str) -> Item | None:
        """The entry of a key, or None."""
        return next((item for item in self.items if item.names == (name,)), None)

    def text(self, name: str) -> str | None:
        """The text at a key; None when it is missing or not text."""
        item = self.item(name)
        return item.value.text if item and isinstance(item.value, Value) else None

    def put(self, name: str, text: str) -> None:
        """Write a text at a key that has one; a key that is not there is not added."""
        item = self.item(name)
        if item and isinstance(item.value, Value) and item.value.text not in (None, text):
            item.value.put(text)


@dataclass(eq=False, slots=True)
class Inline(Table):
    """An array or an inline table."""

    head: str  # "[" or "{"
    items: list[Item] = field(default_factory=list)
    close: str = ""  # from behind the last element or comma to the bracket
    comma: bool = False  # a comma comes after the last element

    def render(self) -> str:
        """Its text."""
        last = len(self.items) - 1
        parts = [self.head]
        for place, item in enumerate(self.items):
            parts += (
                item.lead,
                item.key,
                rendered(item.value),
                item.post,
                "," if place < last or self.comma else "",
            )
        return "".join([*parts, self.close])

    def remove(self, item: Item) -> None:
        """Take an element out. Its comments stay; the first place and the end keep their layout."""
        place = self.items.index(item)
        after = self.items[place + 1] if place + 1 < len(self.items) else None
        before = self.items[place - 1] if place else None
        del self.items[place]
        kept = item.lead + item.post if "#" in item.lead + item.post else None
        if after is not None:
            if kept is not None:
                after.lead = kept + after.lead
            elif before is None and "#" not in after.lead:
                after.lead = item.lead
        elif before is not None and not self.comma:
            before.post += kept if kept is not None else item.post
        elif kept is not None:
            self.close = kept + self.close
        self.comma = self.comma and bool(self.items)

    def add(self, value: Value | Inline, after: Item | None = None) -> Item:
        """Put an element behind another one (at the end without one), with the blanks that its siblings
        have.
        """
        lead = ""
        if self.items:
            model = self.items[1] if len(self.items) > 1 else self.items[0]
            lead = blank(model.lead)
            if len(self.items) == 1 and "\n" not in lead and not lead:
                lead = " "
        item = Item(lead, "", (), value)
        place = self.items.index(after) + 1 if after in self.items else len(self.items)
        if place and place == len(self.items) and not self.comma:
            last = self.items[-1]
            if "#" in last.post:  # it would swallow the comma
                raise Layout("a comment follows the last element of an array")
            item.post, last.post = last.post, ""
        self.items.insert(place, item)
        return item


@dataclass(eq=False, slots=True)
class Block(Table):
    """A table with a header, the blank lines and comments before it, and the tables below it."""

    path: tuple[str, ...]
    many: bool
    lead: str
    head: str
    items: list[Item] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def render(self) -> str:
        """Its text."""
        own = (f"{item.lead}{item.key}{rendered(item.value)}{item.post}" for item in self.items)
        return "".join([self.lead, self.head, *own, *(block.render() for block in self.blocks)])


def rendered(part: Value | Inline | Block) -> str:
    """The text of a part."""
    return part.raw if isinstance(part, Value) else part.render()


def quoted(text: str, quote: str = '"') -> str:
    """A text as TOML, in these quotes where they can hold it."""
    if quote == "'" and not re.search(r"['\x00-\x08\x0a-\x1f\x7f]", text):
        return f"'{text}'"
    return (
        '"'
        + _ESCAPED.sub(
            lambda sign: f"\\{sign.group()}" if sign.group() in '\\"' else f"\\u{ord(sign.group()):04x}", text
        )
        + '"'
    )


def blank(lead: str) -> str:
    """The same blank lines and indentation without the comments."""
    return "".join(line for line in lead.splitlines(keepends=True) if "#" not in line)
