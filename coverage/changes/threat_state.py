"""How far a state was covered against a threat profile, and what became of that between two states.

A snapshot keeps it, since the profile that is in use later may be another one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from coverage.changes.difference import Difference
from coverage.changes.snapshot import ThreatState
from coverage.changes.steps import State
from coverage.frames import rows_of
from coverage.mapping.reader import Reader
from coverage.measures.need import threat_coverage
from coverage.reading import other_releases
from coverage.scope import View
from coverage.threats.profile import Profile
from coverage.threats.threat import Threat, threat_in
from coverage.words import listed

_MOST_NAMED = 5


def threat_state(view: View, threat: Threat) -> ThreatState:
    """A view against a profile: who is in it with which weight, and what of their need is covered."""
    found = threat_coverage(view, threat)
    members = tuple(rows_of(threat.members, "member_id", "name", "weight"))
    return ThreatState(
        threat.profile.name,
        members,
        found.covered,
        found.needed,
        round(found.need_covered, 9),
        round(found.need, 9),
    )


@dataclass(frozen=True)
class ThreatChange:
    """Two states against the profile of each; `before` is None where its snapshot keeps none."""

    before: ThreatState | None
    after: ThreatState

    def differences(self) -> list[str]:
        """How the two profiles differ, in sentences; none where they are the same."""
        if self.before is None or (self.before.name, self.before.weights) == (
            self.after.name,
            self.after.weights,
        ):
            return []
        old, new = self.before.weights, self.after.weights
        names = {one: name for state in (self.before, self.after) for one, name, _ in state.members}
        found = []
        if self.before.name != self.after.name:
            found.append(f"The threat profile was {self.before.name}, and is {self.after.name}.")
        for ids, words in (
            (old.keys() - new.keys(), "Only before against"),
            (new.keys() - old.keys(), "Only after against"),
            ({one for one in old.keys() & new.keys() if old[one] != new[one]}, "Other weights:"),
        ):
            if ids:
                found.append(f"{words} {_named(sorted(names[one] for one in ids))}.")
        return found

    def sentence(self) -> str:
        """What became of the coverage weighted by need, beside the plain counts."""
        after = self.after
        if self.before is None:
            return f"Against {after.name}: {after.words()}. The state before keeps no threat profile."
        points = 100 * (after.weighted - self.before.weighted)
        change = f"{points:+.1f} points" if abs(points) >= 0.05 else "no change"
        who = after.name if not self.differences() else "two threat profiles that differ"
        return f"Against {who}: {self.before.words()}, before; {after.words()}, after ({change})."

    def values(self) -> dict:
        """All of it, as JSON-ready values."""
        return {
            "before": None if self.before is None else _values(self.before),
            "after": _values(self.after),
            "differences": self.differences(),
            "sentence": self.sentence(),
        }


def threat_change(found: Difference, profile: Profile) -> ThreatChange:
    """What became of a difference's states: as their snapshots keep it, and where they do not, or the scope
    is another one, against a profile.

    Raises
    ------
    TableError
        When a table of `data/` cannot be used.
    """
    before, after = (
        _kept(state) or threat_state(view, _in(profile, view))
        for state, view in ((found.base, found.before), (found.head, found.after))
    )
    return ThreatChange(before, after)


def _kept(state: State) -> ThreatState | None:
    same = state.snapshot is not None and state.scope.stamp() == state.snapshot.scope.stamp()
    return state.snapshot.threat if same else None


def _in(profile: Profile, view: View) -> Threat:
    reader = Reader(view.catalogue, other_releases(view.catalogue))
    return threat_in(profile, view.catalogue, reader, view.scope.date)


def _named(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return listed([*names[:_MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def _values(state: ThreatState) -> dict:
    members = [dict(zip(("id", "name", "weight"), member, strict=True)) for member in state.members]
    return {**asdict(state), "members": members, "weighted": round(state.weighted, 6)}
