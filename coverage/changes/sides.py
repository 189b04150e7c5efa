"""The sides of a comparison: what is in scope there, how far it is covered, by which rules and why.

A `Side` is a `View` turned into plain sets and dicts, since a ledger asks for few IDs in many ways. Two
views of different corpora are sides too: what they are called, and the one scope that both are counted in.
Counts nothing itself: `covered` is what `breadth` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from coverage.frames import FrameSpec, rows_of
from coverage.kept import kept_property
from coverage.measures.breadth import covered_by_id, covered_by_placement
from coverage.scope import Scope, View

# (tactic ID, technique ID): a placement; the tactic is "" for the ID itself, wherever it is placed.
Place = tuple[str, str]
# (grain, tactic ID or "", technique ID): what is counted.
Unit = tuple[str, str, str]

GRAINS = ("techniques", "subtechniques", "placements")
# One of a grain, for people.
GRAIN_WORDS = {"techniques": "technique", "subtechniques": "sub-technique", "placements": "matrix cell"}


@dataclass(frozen=True, slots=True)
class ReadMapping:
    """One mapping of a rule as one release reads it."""

    leaf: str | None
    status: str
    attack_id: str | None
    candidates: tuple[str, ...]
    tactic_written: str | None
    tactic_id: str | None  # only when the rule counts in this tactic alone

    def counts_at(self, place: Place) -> bool:
        """Whether it makes its rule count at that ID or placement."""
        tactic, attack_id = place
        return self.attack_id == attack_id and (not tactic or self.tactic_id in (None, tactic))


class Side:
    """What a comparison asks of one view."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.title = view.catalogue.release.title

    @kept_property
    def covered(self) -> dict[Unit, float]:
        """What each unit in scope counts as under the roll-up, 0-1."""
        return {unit: covered for unit, _, covered in self._units}

    @kept_property
    def subtechniques(self) -> dict[Place, set[Place]]:
        """The sub-techniques in scope of each technique, at each tactic both are placed in ("": anywhere)."""
        found: dict[Place, set[Place]] = {}
        for (_, tactic, attack_id), parent, _ in self._units:
            if parent is not None:
                found.setdefault((tactic, parent), set()).add((tactic, attack_id))
        return found

    @kept_property
    def _units(self) -> list[tuple[Unit, str | None, float]]:
        """(unit, its parent's ID, covered) of everything in scope."""
        ids = covered_by_id(self.view)
        cells = covered_by_placement(self.view)
        rows = [
            (("subtechniques" if is_sub else "techniques", "", attack_id), _text(parent), covered)
            for is_sub, attack_id, parent, covered in rows_of(
                ids, "is_subtechnique", "attack_id", "parent_id", "covered"
            )
        ]
        return rows + [
            (("placements", tactic, attack_id), _text(parent), covered)
            for tactic, attack_id, parent, covered in rows_of(
                cells, "tactic_id", "attack_id", "parent_id", "covered"
            )
        ]

    @kept_property
    def places(self) -> set[Place]:
        """Every ID and placement in scope."""
        return {(tactic, attack_id) for _, tactic, attack_id in self.covered}

    @kept_property
    def placements(self) -> set[Place]:
        """Every placement of the release, in scope or not."""
        return set(rows_of(self.view.catalogue.placements, "tactic_id", "attack_id"))

    @kept_property
    def rules(self) -> dict[Place, set[str]]:
        """The rules in scope on the very ID, and on the very ID at each tactic."""
        found: dict[Place, set[str]] = {}
        for rule_key, attack_id, tactic in rows_of(self.view.placed, "rule_key", "attack_id", "tactic_id"):
            found.setdefault(("", attack_id), set()).add(rule_key)
            found.setdefault((tactic, attack_id), set()).add(rule_key)
        return found

    def rules_at(self, place: Place) -> set[str]:
        """The rules that cover a place under the roll-up: its own, and those of its sub-techniques."""
        own = self.rules.get(place, set())
        if self.view.scope.rollup == "direct":
            return own
        return own.union(*(self.rules.get(sub, set()) for sub in self.subtechniques.get(place, ())))

    @kept_property
    def statuses(self) -> dict[str, str]:
        """Status of each technique ID that the release knows."""
        return dict(rows_of(self.view.catalogue.techniques, "attack_id", "status"))

    def is_live(self, attack_id: str | None) -> bool:
        return attack_id is not None and self.statuses.get(attack_id) == "live"

    @kept_property
    def names(self) -> dict[str, str]:
        """Names of tactics and techniques."""
        catalogue = self.view.catalogue
        return dict(rows_of(catalogue.tactics, "tactic_id", "name")) | dict(
            rows_of(catalogue.techniques, "attack_id", "name")
        )

    @kept_property
    def platforms(self) -> dict[str, tuple[str, ...]]:
        """All platforms of each technique ID."""
        return dict(rows_of(self.view.catalogue.techniques, "attack_id", "platforms"))

    @kept_property
    def readings(self) -> dict[str, dict[tuple[str, int], ReadMapping]]:
        """Rule -> (its copy that says it, position) -> the mapping as read here. See `View.counts_as`."""
        found: dict[str, dict[int, ReadMapping]] = {}
        names = (
            "rule_key",
            "position",
            "leaf_written",
            "status",
            "attack_id",
            "candidates",
            "tactic_written",
            "tactic_id",
            "tactic_status",
        )
        for (
            rule_key,
            position,
            leaf,
            status,
            attack_id,
            candidates,
            written,
            tactic,
            tactic_status,
        ) in rows_of(self.view.mappings, *names):
            alone = _text(tactic) if tactic_status in ("valid", "renamed") else None
            read = ReadMapping(_text(leaf), status, _text(attack_id), candidates, _text(written), alone)
            found.setdefault(self.view.counts_as.get(rule_key, rule_key), {})[rule_key, position] = read
        return found

    def reading_text(self, read: ReadMapping | None) -> str:
        """A mapping as read, for people: `T1685 in Defense Impairment`."""
        if read is None:
            return "not read: another mapping set of the rule is"
        if read.attack_id is None:
            return f"nothing ({read.status.replace('_', ' ')})"
        return (
            f"{read.attack_id} in {self.names[read.tactic_id] if read.tactic_id else 'every tactic it has'}"
        )


def corpora_title(view: View) -> str:
    """The names of a view's corpora for a heading: `elastic`, `elastic + ours`."""
    return " + ".join(stamp.name for stamp in view.scope.corpora) or "no rule set"


def joint_scope(a: View, b: View) -> Scope:
    """The one scope two views of different corpora share, with the corpora of both.

    Raises
    ------
    ValueError
        When they differ in more than their corpora: what is compared must be counted alike.
    """
    if replace(a.scope, corpora=()) != replace(b.scope, corpora=()) or a.catalogue is not b.catalogue:
        raise ValueError("the two views differ by more than their corpora")
    return replace(a.scope, corpora=tuple(dict.fromkeys((*a.scope.corpora, *b.scope.corpora))))


def frame_of(spec: FrameSpec, rows: list[dict]) -> pd.DataFrame:
    """A frame of a spec from its rows; what the spec has no column for is left out."""
    return spec.frame({name: [row[name] for row in rows] for name in spec.columns})


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
