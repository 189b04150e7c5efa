"""What a bundle holds, looked up: every object with an ATT&CK ID, and the relations between them.

Decides which objects are current, and which object is meant when several share an ID. Knows no frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coverage.vocabulary import DOMAINS, ID_KINDS

if TYPE_CHECKING:
    from mitreattack.stix20 import MitreAttackData

# Among objects that share an ATT&CK ID the first of these is the one meant.
STATUSES = ("live", "deprecated", "revoked")

# MITRE's word in ICS for a technique that is bound to no platform.
NO_PLATFORM = "None"


@dataclass(frozen=True)
class Item:
    """One object that has an ATT&CK ID (a data component: its name, where MITRE gave it none)."""

    id: str
    kind: str  # a key of ID_KINDS
    status: str
    stix: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return self.stix.get("name") or self.id

    @property
    def url(self) -> str | None:
        return next(
            (ref.get("url") for ref in _references(self.stix) if ref.get("external_id") == self.id), None
        )

    @property
    def shortname(self) -> str | None:
        """Of a tactic: the kill chain phase that techniques name."""
        return self.stix.get("x_mitre_shortname")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list field without repeats, in MITRE's order."""
        texts = self.stix.get(key) or ()
        if isinstance(texts, str):
            raise TypeError(f"{key} of {self.id} is a text, not a list")
        return tuple(dict.fromkeys(texts))

    @property
    def platforms(self) -> tuple[str, ...]:
        return tuple(text for text in self.texts("x_mitre_platforms") if text != NO_PLATFORM)

    def aliases(self, key: str) -> tuple[str, ...]:
        return tuple(text for text in self.texts(key) if text != self.name)


@dataclass(frozen=True)
class Items:
    """A bundle, looked up: every item by its STIX id, and the items that stand for their ATT&CK ID."""

    kill_chain: str
    by_ref: Mapping[str, Item]
    best: Mapping[str, Mapping[str, Item]]  # kind -> ATT&CK ID -> item, IDs in order
    relations: Mapping[str, list[Mapping[str, Any]]]  # relationship type -> current relationships
    tactic_columns: Mapping[str, int]  # current tactic ID -> column of the matrix

    def all(self, *kinds: str) -> Iterator[Item]:
        for kind in kinds:
            yield from self.best.get(kind, {}).values()

    def live(self, *kinds: str) -> Iterator[Item]:
        return (item for item in self.all(*kinds) if item.status == "live")

    def techniques(self) -> list[Item]:
        return sorted(self.all("technique", "subtechnique"), key=lambda item: item.id)

    def tactics(self) -> list[Item]:
        """Those in the matrix in its order, then the others by ID."""
        off = len(self.tactic_columns)
        return sorted(self.all("tactic"), key=lambda item: (self.tactic_columns.get(item.id, off), item.id))

    def tactics_of(self, technique: Item) -> list[Item]:
        """The current tactics of a current technique, in matrix order; none of any other."""
        if technique.status != "live":
            return []
        named = technique.stix.get("kill_chain_phases") or ()
        phases = {phase["phase_name"] for phase in named if phase["kill_chain_name"] == self.kill_chain}
        return [item for item in self.tactics() if item.status == "live" and item.shortname in phases]

    def pairs(self, relation: str) -> Iterator[tuple[Item, Item]]:
        """Both ends of each current relationship of that type, where both have an ATT&CK ID."""
        return ((source, target) for source, target, _ in self._ends(relation))

    def live_pairs(self, relation: str) -> Iterator[tuple[Item, Item]]:
        """The pairs both ends of which are current."""
        return ((source, target) for source, target, _ in self.live_relations(relation))

    def live_relations(self, relation: str) -> Iterator[tuple[Item, Item, Mapping[str, Any]]]:
        """The same with the relationship itself."""
        return (ends for ends in self._ends(relation) if ends[0].status == ends[1].status == "live")

    def _ends(self, relation: str) -> Iterator[tuple[Item, Item, Mapping[str, Any]]]:
        for stix in self.relations.get(relation, ()):
            source, target = self.by_ref.get(stix["source_ref"]), self.by_ref.get(stix["target_ref"])
            if source and target:
                yield source, target, stix


def items_of(data: MitreAttackData, domain: str) -> Items:
    """The items of a release that mitreattack-python has read."""
    from stix2 import Filter

    stix_types = dict.fromkeys(stix_type for kind in ID_KINDS.values() for stix_type in kind.stix_types)
    objects = [stix for stix_type in stix_types for stix in data.get_objects_by_type(stix_type)]
    by_ref = {stix["id"]: item for stix in objects if (item := _item(stix)) is not None}
    relations: dict[str, list[Mapping[str, Any]]] = {}
    for stix in data.src.query([Filter("type", "=", "relationship")]):
        if _status(stix) == "live":
            relations.setdefault(stix["relationship_type"], []).append(stix)
    columns = _tactic_columns(data.get_matrices(remove_revoked_deprecated=True), by_ref)
    return Items(DOMAINS[domain].kill_chain, by_ref, _best(by_ref.values()), relations, columns)


def _tactic_columns(matrices: list[Mapping[str, Any]], by_ref: Mapping[str, Item]) -> dict[str, int]:
    """Live tactic ID -> column. The largest matrix comes first: Mobile once had a small second one."""
    largest_first = sorted(matrices, key=lambda stix: -len(stix["tactic_refs"]))
    items = [by_ref[ref] for stix in largest_first for ref in stix["tactic_refs"] if ref in by_ref]
    ids = dict.fromkeys(item.id for item in items if item.status == "live")
    return {tactic_id: column for column, tactic_id in enumerate(ids)}


def _item(stix: Mapping[str, Any]) -> Item | None:
    kinds = [kind for kind in ID_KINDS.values() if stix["type"] in kind.stix_types]
    for reference in _references(stix):
        attack_id = reference.get("external_id") or ""
        kind = next((kind for kind in kinds if kind.matches(attack_id)), None)
        if kind is not None and "mitre" in reference["source_name"]:
            return Item(attack_id, kind.name, _status(stix), stix)
    if stix["type"] == "x-mitre-data-component":  # MITRE gave them IDs in v18
        return Item(stix["name"], "data_component", _status(stix), stix)
    return None


def _references(stix: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return stix.get("external_references") or ()


def _status(stix: Mapping[str, Any]) -> str:
    if stix.get("revoked"):
        return "revoked"
    return "deprecated" if stix.get("x_mitre_deprecated") else "live"


def _best(items: Iterable[Item]) -> dict[str, dict[str, Item]]:
    best: dict[str, dict[str, Item]] = {}
    # The best comes last, since a later one takes the place of an earlier one.
    for item in sorted(items, key=lambda item: (item.id, -STATUSES.index(item.status), _modified(item))):
        best.setdefault(item.kind, {})[item.id] = item
    return best


def _modified(item: Item) -> str:
    return str(item.stix.get("modified", ""))
