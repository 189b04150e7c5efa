"""One technique table of a `threat` entry: split by where its paths go, written anew, joined with its like.

Knows no entry and no tactic beyond the name of the one a part goes to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from coverage.migrate.model import Change
from coverage.migrate.mover import KEPT, Mover, Names, Placed
from coverage.migrate.target import Target
from coverage.syntaxes.layout import Layout
from coverage.syntaxes.toml_moves import carry, children, comments, copied, set_children
from coverage.syntaxes.toml_parts import Block, Table, blank
from coverage.vocabulary import parent_of

SUBTECHNIQUE = "subtechnique"
Key = tuple[str | None, str | None]  # tactic, ID of the technique table
# The sub-technique table of a path (None: the path ends at the technique), and its new ID (None: left as it
# is).
Leaf = tuple[Table | None, str | None]


@dataclass(eq=False)
class Part:
    """A technique table on its way: the tactic it goes to, whether a path of it was decided, and one
    changed.
    """

    tactic: str | None
    node: Table
    decided: bool
    changed: bool


@dataclass
class Split:
    """Splits the technique tables of one entry. `named` is its tactic as written: ID and name."""

    mover: Mover
    names: Names
    eol: str
    tactic: str | None
    named: tuple[str | None, str | None]
    changes: list[Change]
    note: Callable[[str | None, Iterable[str | None]], None]

    def parts(self, technique: Table) -> list[Part]:
        """A technique table as one part a destination, in the order of its paths.

        The part that stays in its tactic under its ID keeps the table, else the first one does; the others
        get a copy without comments. A leaf's table goes with its path.
        """
        groups = self._groups(technique)
        if not groups and comments(technique):
            raise Layout("a comment stands in a mapping that would go")
        own = (self.tactic, technique.text("id"))
        keeper = own if own in groups else next(iter(groups), None)
        twins = {key: technique if key == keeper else copied(technique) for key in groups}
        becomes_sub = any(
            leaf is None and new and parent_of(new) for leaves in groups.values() for leaf, new in leaves
        )
        model = copied(technique) if becomes_sub else technique  # as it is before anything is written
        was = (own, [*map(id, children(technique, SUBTECHNIQUE))])
        used: set[int] = set()
        return [self._part(key, twins[key], leaves, model, was, used) for key, leaves in groups.items()]

    def _groups(self, technique: Table) -> dict[Key, list[Leaf]]:
        groups: dict[Key, list[Leaf]] = {}
        for leaf in children(technique, SUBTECHNIQUE) or [None]:
            written = (technique if leaf is None else leaf).text("id")
            outcome = self.mover.path(*self.named, written, self.names) if written else KEPT
            if not isinstance(outcome, Placed):
                groups.setdefault((self.tactic, technique.text("id")), []).append((leaf, None))
                continue
            self.note(self.tactic, outcome.tactics)
            self._record(f"{written}", outcome)
            for tactic in outcome.tactics:
                top = parent_of(f"{outcome.leaf}") or outcome.leaf
                groups.setdefault((tactic, top), []).append((leaf, outcome.leaf))
        return groups

    def _record(self, written: str, outcome: Placed) -> None:
        if outcome != Placed((self.tactic,), written):
            new = ", ".join(
                f"{outcome.leaf} in {one}" if one else f"{outcome.leaf}" for one in outcome.tactics
            )
            self.changes.append(
                Change("mapping", f"{written} in {self.tactic}" if self.tactic else written, new)
            )

    def _part(
        self, key: Key, node: Table, leaves: list[Leaf], model: Table, was: tuple, used: set[int]
    ) -> Part:
        tactic, top = key
        below: list[tuple[Table, bool]] = []  # with whether its ID is another one than before
        for leaf, new in leaves:
            if leaf is None:
                if new and parent_of(new):
                    self._below(as_subtechnique(model), new, below)
                continue
            mine = copied(leaf) if id(leaf) in used else leaf
            used.add(id(leaf))
            if new is None or parent_of(new):
                self._below(mine, new, below)
            else:  # it became the technique
                carry(comments(mine), node, self.eol)
        tables = [table for table, _ in below]
        changed = was != ((tactic, top), [*map(id, tables)]) or any(anew for _, anew in below)
        if decided := any(new for _, new in leaves):
            write(node, f"{top}", self.mover.target, self.changes)
        set_children(node, SUBTECHNIQUE, tables)
        return Part(tactic, node, decided, changed)

    def _below(self, table: Table, new: str | None, below: list[tuple[Table, bool]]) -> None:
        """Add the sub-technique table of a path, unless the move made it the same as one that stands
        there.
        """
        anew = new is not None and new != table.text("id")
        twin = next((one for one, other in below if new and (anew or other) and one.text("id") == new), None)
        if twin is not None:
            carry(comments(table), twin, self.eol)
            return
        if new is not None:
            write(table, new, self.mover.target, self.changes)
        below.append((table, anew))


def write(table: Table, attack_id: str, target: Target, changes: list[Change], kind: str = "") -> None:
    """Write the ID, name and reference of a live ID where the table has such keys."""
    before = {key: table.text(key) for key in ("id", "name", "reference")}
    table.put("id", attack_id)
    table.put("name", target.name(attack_id))
    if before["reference"] is not None:
        table.put("reference", target.reference(attack_id, before["reference"]))
    same_id = before["id"] in (None, attack_id)
    for key in ("name", "reference"):
        after = table.text(key)
        if same_id and before[key] != after:
            changes.append(Change(f"{kind} {key}".strip(), f"{before[key]}", f"{after}"))


def as_subtechnique(technique: Table) -> Table:
    """A copy of a technique table as a sub-technique's: below the same header, without tables of its own."""
    twin = copied(technique)
    item = twin.item(SUBTECHNIQUE)
    if item is not None:
        twin.items.remove(item)
    if isinstance(twin, Block):
        if not twin.many:
            raise Layout("a technique is one table, not a list of tables")
        bracket = twin.head.index("]]")
        twin.head = f"{twin.head[:bracket].rstrip()}.{SUBTECHNIQUE}{twin.head[bracket:]}"
        twin.path, twin.blocks, twin.lead = (*twin.path, SUBTECHNIQUE), [], blank(twin.lead)
    return twin


def joined(parts: Sequence[Part], eol: str) -> list[Part]:
    """The parts with those of one ID made one, where the move brought them together. Twice the same leaf
    becomes once.
    """
    kept: list[Part] = []
    for part in parts:
        twin = next((one for one in kept if _meet(one, part)), None)
        if twin is None:
            kept.append(part)
        else:
            _join(twin, part, eol)
    return kept


def _meet(one: Part, other: Part) -> bool:
    together = one.decided and other.decided and (one.changed or other.changed)
    return together and one.node.text("id") == other.node.text("id")


def _join(twin: Part, part: Part, eol: str) -> None:
    below = children(twin.node, SUBTECHNIQUE)
    more = children(part.node, SUBTECHNIQUE)
    set_children(part.node, SUBTECHNIQUE, [])
    carry(comments(part.node), twin.node, eol)
    known = {one.text("id"): one for one in below}
    for table in more:
        if (same := known.get(table.text("id"))) is not None:
            carry(comments(table), same, eol)
        else:
            below.append(table)
    set_children(twin.node, SUBTECHNIQUE, below)
    twin.changed = True
