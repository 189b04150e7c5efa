"""Moving the parts of a TOML text: tables below tables, copies of them, and the comments that go along.

The same for tables with a header and for inline tables. Independent of rule formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from coverage.syntaxes.layout import Layout
from coverage.syntaxes.toml_parts import COMMENT, Block, Inline, Item, Table, Value, blank


def children(table: Table, name: str) -> list[Table]:
    """The tables below a table under one name; a single one counts as a list of one."""
    item = table.item(name)
    if item is not None and isinstance(item.value, Inline):
        inline = item.value
        return (
            [inline]
            if inline.head == "{"
            else [i.value for i in inline.items if isinstance(i.value, Inline) and i.value.head == "{"]
        )
    return [block for block in table.blocks if block.path[-1] == name] if isinstance(table, Block) else []


def set_children(table: Table, name: str, wanted: list[Table]) -> None:
    """Make these the tables below a table under one name.

    Raises
    ------
    Layout
        When tables with a header and inline tables would have to become one list.
    """
    if [*map(id, children(table, name))] == [*map(id, wanted)]:
        return
    item = table.item(name)
    if item is None and isinstance(table, Block) and all(isinstance(one, Block) for one in wanted):
        _set_blocks(table, name, wanted)
    elif any(isinstance(one, Block) for one in wanted):
        raise Layout("tables with a header and inline tables are mixed")
    elif item is None:
        if isinstance(table, Inline) and wanted:
            _add_array(table, name, wanted)
        elif wanted:
            raise Layout("tables with a header and inline tables are mixed")
    else:
        _set_inline(table, name, item, wanted)


def _set_blocks(table: Block, name: str, wanted: list[Block]) -> None:
    old = [place for place, block in enumerate(table.blocks) if block.path[-1] == name]
    first = table.blocks[old[0]] if old else None
    place = old[0] if old else len(table.blocks)
    if first is not None and wanted and wanted[0] is not first and "#" not in wanted[0].lead:
        wanted[0].lead = blank(first.lead)
    others = [block for block in table.blocks if block.path[-1] != name]
    table.blocks = [*others[:place], *wanted, *others[place:]]


def _set_inline(table: Table, name: str, item: Item, wanted: list[Inline]) -> None:
    if not isinstance(item.value, Inline) or item.value.head != "[":
        raise Layout(f"{name} is one table, not a list of tables")
    array = item.value
    held = {id(one.value): one for one in array.items}
    if len(held) != len(children(table, name)):
        raise Layout(f"{name} has items other than tables")
    if not wanted and isinstance(table, Inline):
        table.remove(item)
        return
    keep = {id(one) for one in wanted}
    for one in wanted:
        if id(one) not in held:
            array.add(one, None)
    for old in list(array.items):
        if id(old.value) not in keep:
            array.remove(old)


def _add_array(table: Inline, name: str, wanted: list[Inline]) -> None:
    array = Inline("[", [], "]")
    for one in wanted:
        array.add(one)
    last = table.items[-1] if table.items else None
    spaced = last is None or " = " in last.key
    item = table.add(array)
    item.key, item.names = f"{name} = " if spaced else f"{name}=", (name,)
    if last is not None and "\n" not in item.lead and item.lead == "" and last.lead:
        item.lead = " "


# ---- copies and comments ---------------------------------------------------------------------------------


def copied(table: Table) -> Table:
    """A copy without its comments."""
    twin = _copy(table)
    for owner, name in _slots(twin):
        text = getattr(owner, name)
        if "#" in text:
            setattr(owner, name, _without_comments(text, name))
    return twin


def _copy(part: Value | Table) -> Value | Table:
    if isinstance(part, Value):
        return Value(part.raw)
    items = [Item(item.lead, item.key, item.names, _copy(item.value), item.post) for item in part.items]
    if isinstance(part, Inline):
        return Inline(part.head, items, part.close, part.comma)
    return Block(part.path, part.many, part.lead, part.head, items, [_copy(block) for block in part.blocks])


def _without_comments(text: str, name: str) -> str:
    if name == "head" or (name == "post" and "\n" in text):
        return re.sub(r"[ \t]*#[^\r\n]*", "", text)
    return blank(text)


def comments(part: Table | Value) -> list[str]:
    """Every comment in a part, in order."""
    if isinstance(part, Value):
        return []
    return [
        found
        for owner, name in _slots(part)
        for found in COMMENT.findall(_outside_keys(getattr(owner, name), name))
    ]


def _outside_keys(text: str, name: str) -> str:
    return text.partition("]")[2] if name == "head" else text


def _slots(part: Table) -> Iterator[tuple[object, str]]:
    """Every place of a part that can hold a comment, in the order of the text."""
    if isinstance(part, Block):
        yield part, "lead"
        yield part, "head"
    for item in part.items:
        yield item, "lead"
        if isinstance(item.value, Inline):
            yield from _slots(item.value)
        yield item, "post"
    if isinstance(part, Inline):
        yield part, "close"
    else:
        for block in part.blocks:
            yield from _slots(block)


def carry(lost: list[str], survivor: Table, eol: str) -> None:
    """Write comments of a part that is gone before the header of the one that took its place.

    Raises
    ------
    Layout
        For an inline table, which has no such place.
    """
    if not lost:
        return
    if not isinstance(survivor, Block):
        raise Layout("a comment is in a part that would be removed")
    indent = survivor.lead.rpartition("\n")[2]
    survivor.lead = (
        survivor.lead[: len(survivor.lead) - len(indent)]
        + "".join(f"{indent}{text}{eol}" for text in lost)
        + indent
    )
