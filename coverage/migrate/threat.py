"""Editing `threat` entries in a TOML tree: IDs, names, references, and techniques that go to another tactic.

Every technique is split by where its paths go; then entries are retargeted, joined or dropped. Parts
move as text (`toml_moves`). `paths.review` lists what stays open. Knows no tags and no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from coverage.migrate.model import Change
from coverage.migrate.mover import KEPT, Mover, Names, Placed
from coverage.migrate.paths import is_ours
from coverage.migrate.technique import Part, Split, joined, write
from coverage.syntaxes.layout import Layout
from coverage.syntaxes.toml_moves import carry, children, comments, copied, set_children
from coverage.syntaxes.toml_parts import Block, Table, blank

TECHNIQUE, TACTIC = "technique", "tactic"


@dataclass(eq=False)
class Entry:
    """One `threat` entry: the tactic it names now, the parts it keeps and those that leave it."""

    node: Table
    tactic: str | None
    ours: bool  # of the framework that is migrated
    alone: bool = False  # names a tactic and no technique
    stays: list[Part] = field(default_factory=list)
    goes: list[Part] = field(default_factory=list)
    heirs: list[Entry] = field(default_factory=list)  # where its parts went
    newest: Table | None = None  # the last entry that was made behind it
    dropped: bool = False


@dataclass
class Moves:
    """What the tags have to follow: tactics named before and after, and where the paths of each went."""

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    went: dict[str, list[str]] = field(default_factory=dict)

    def note(self, tactic: str | None, to: Iterable[str | None]) -> None:
        """A path of `tactic` now stands under `to`."""
        if tactic:
            known = self.went.setdefault(tactic, [])
            known.extend(one for one in to if one and one not in known)


class ThreatEdit:
    """One edit of a list of entries.

    Parameters
    ----------
    add, drop : callable
        Put an entry behind another one, and take one out of the list they stand in.
    """

    def __init__(
        self,
        mover: Mover,
        names: Names,
        eol: str,
        add: Callable[[Table, Table], None],
        drop: Callable[[Table], None],
    ) -> None:
        self.mover, self.names, self.eol, self._add, self._drop = mover, names, eol, add, drop
        self.changes: list[Change] = []
        self.moves = Moves()
        self.entries: list[Entry] = []
        self._relied: set[Entry] = set()

    def run(self, nodes: Sequence[Table]) -> None:
        """Edit the entries.

        Raises
        ------
        Layout
            When something would have to be written in a way that the text's layout does not allow.
        """
        self.entries = [self._entry(node) for node in nodes]
        ours = [entry for entry in self.entries if entry.ours]
        self.moves.before = [entry.tactic for entry in ours if entry.tactic]
        for entry in ours:
            self._split(entry)
        for entry in ours:
            self._retarget(entry)
        for entry in ours:
            for part in entry.goes:
                self._deliver(entry, part)
        for entry in self.entries:
            self._settle(entry)
        self.moves.after = [e.tactic for e in self.entries if e.ours and e.tactic and not e.dropped]

    def _entry(self, node: Table) -> Entry:
        if any(len(item.names) > 1 for item in node.items):
            raise Layout("the mapping is written with dotted keys")
        tactic = _tactic_table(node)
        written, name = (tactic.text("id"), tactic.text("name")) if tactic else (None, None)
        techniques = children(node, TECHNIQUE)
        ours = is_ours(node.text("framework"), [written, *(one.text("id") for one in techniques)])
        return Entry(node, self.mover.tactic_id(written, name), ours, alone=not techniques)

    # ---- where every path goes ---------------------------------------------------------------------------

    def _split(self, entry: Entry) -> None:
        if entry.alone:
            self._split_alone(entry)
            return
        tactic = _tactic_table(entry.node)
        written, name = (tactic.text("id"), tactic.text("name")) if tactic else (None, None)
        split = Split(
            self.mover, self.names, self.eol, entry.tactic, (written, name), self.changes, self.moves.note
        )
        for technique in children(entry.node, TECHNIQUE):
            for part in split.parts(technique):
                (entry.stays if part.tactic == entry.tactic else entry.goes).append(part)

    def _split_alone(self, entry: Entry) -> None:
        tactic = _tactic_table(entry.node)
        written, name = (tactic.text("id"), tactic.text("name")) if tactic else (None, None)
        outcome = self.mover.path(written, name, None, self.names) if written or name else KEPT
        if not isinstance(outcome, Placed):
            return
        self.moves.note(entry.tactic, outcome.tactics)
        if outcome.tactics != (entry.tactic,):
            self.changes.append(Change("mapping", f"{entry.tactic}", ", ".join(map(str, outcome.tactics))))
        self._alone_under(entry, [one for one in outcome.tactics if one])

    def _alone_under(self, entry: Entry, tactics: list[str]) -> None:
        """Make a tactic-only entry name these tactics: one in place, the others behind it; those named
        elsewhere not again.
        """
        own = entry.tactic
        if own not in tactics:
            taken = {
                other.tactic: other
                for other in self.entries
                if other is not entry and other.ours and not other.dropped
            }
            entry.heirs += [taken[one] for one in tactics if one in taken]
            tactics = [one for one in tactics if one not in taken]
            own = tactics[0] if tactics else None
        if own is None:
            self._leave(entry)
            return
        self._name(entry, own)
        for tactic in tactics:
            if tactic != own:
                self._new_entry(entry, tactic)

    # ---- entries -----------------------------------------------------------------------------------------

    def _retarget(self, entry: Entry) -> None:
        """Give an entry whose parts all leave the first of their tactics that no other entry names."""
        if entry.stays or not entry.goes or entry in self._relied:
            return
        for tactic in dict.fromkeys(part.tactic for part in entry.goes):
            other = self._named(tactic, but=entry)
            if other is not None:
                self._relied.add(other)
            elif tactic:
                self._name(entry, tactic)
                entry.stays = [part for part in entry.goes if part.tactic == tactic]
                entry.goes = [part for part in entry.goes if part.tactic != tactic]
                return

    def _named(self, tactic: str | None, but: Entry | None = None) -> Entry | None:
        found = (e for e in self.entries if e is not but and e.ours and not e.dropped and e.tactic == tactic)
        return next(found, None)

    def _deliver(self, entry: Entry, part: Part) -> None:
        heir = self._named(part.tactic, but=entry) or self._new_entry(entry, f"{part.tactic}")
        heir.stays.append(part)
        entry.heirs.append(heir)

    def _new_entry(self, entry: Entry, tactic: str) -> Entry:
        node = copied(entry.node)
        if isinstance(node, Block):
            node.lead = blank(entry.node.lead)
        self._add(entry.newest or entry.node, node)
        entry.newest = node
        twin = Entry(node, None, True, alone=entry.alone)
        self._name(twin, tactic)
        self.entries.insert(self.entries.index(entry) + 1, twin)
        return twin

    def _name(self, entry: Entry, tactic: str) -> None:
        entry.tactic = tactic
        table = _tactic_table(entry.node)
        if table is None:
            raise Layout("the entry has no tactic table")
        write(table, tactic, self.mover.target, self.changes, "tactic")

    def _settle(self, entry: Entry) -> None:
        """Write the parts an entry has now, or take it out when it has none left."""
        if not entry.ours or entry.dropped or (entry.alone and not entry.stays):
            return
        if not entry.stays:
            self._leave(entry)
            return
        parts = joined(entry.stays, self.eol)
        set_children(entry.node, TECHNIQUE, [part.node for part in parts])
        if entry.tactic in self.mover.target.tactics and any(part.decided for part in parts):
            self._name(entry, f"{entry.tactic}")

    def _leave(self, entry: Entry) -> None:
        set_children(entry.node, TECHNIQUE, [])
        if lost := comments(entry.node):
            if not entry.heirs:
                raise Layout("a comment stands in an entry that would go")
            carry(lost, entry.heirs[0].node, self.eol)
        entry.dropped = True
        self._drop(entry.node)


def _tactic_table(node: Table) -> Table | None:
    return next(iter(children(node, TACTIC)), None)
