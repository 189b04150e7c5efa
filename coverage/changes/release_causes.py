"""Why an ID or placement counts differently in another release: what ATT&CK changed about it.

A unit enters or leaves the scope, or stays and is covered differently. The second is traced back to what
flipped: rules that are read as this ID in one release only, or sub-techniques that came, went or flipped.
Of several causes the one that most of them share is named. Knows causes; lines and sums are `ledger`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from coverage.changes.ledger import Cause
from coverage.changes.release_diff import successors
from coverage.changes.sides import Place, ReadMapping, Side, Unit
from coverage.mapping.reader import Reader
from coverage.vocabulary import IMPACT_CAUSES

_ORDER = list(IMPACT_CAUSES)

# A reason in words, by its detail: for a unit that gained by it, and for one that lost.
_WORDS: dict[str, tuple[str, str]] = {
    "new": ("{id} is new in {after}", "{id} is new in {after}"),
    "restored": ("{id} is current in {after} and {old_status} in {before}",) * 2,
    "revoked": ("{id} is revoked in {after}",) * 2,
    "deprecated": ("{id} is deprecated in {after}",) * 2,
    "removed": ("{id} is not in {after}",) * 2,
    "successor": (
        "rules written for {others} count for {id} in {after}",
        "rules written for {others} count for {id} no longer",
    ),
    "reading": (
        "rules written for {others} count for {id} in {after}",
        "rules written for {others} count for {id} no longer",
    ),
    "tactics": ("{id} {tactic_move}",) * 2,
    "tactic": (
        "rules name a tactic that does not hold {id} in {after}, so they count in all of its tactics",
        "rules name a tactic that holds {id} in {after}, so they count in that one alone",
    ),
    "platforms": ("{id} is for {new_platforms} in {after}, for {old_platforms} in {before}",) * 2,
    "parent": ("{id} has another parent in {after}",) * 2,
    "set": ("rules carry a mapping set for each release",) * 2,
    "none": ("no change of ATT&CK explains it",) * 2,
}
_READ_ELSEWHERE = frozenset({"revoked", "removed"})


@dataclass(frozen=True, slots=True)
class _Reason:
    """One thing that changed a unit. `sign`: whether it speaks for more (1) or less (-1) coverage."""

    cause: str
    detail: str
    place: Place
    sign: int
    others: tuple[str, ...] = ()


class ReleaseCauses:
    """Two sides that differ in the release alone, and why each unit differs."""

    def __init__(self, before: Side, after: Side) -> None:
        self.before, self.after = before, after
        self.rollup = after.view.scope.rollup
        self._reader = Reader(after.view.catalogue, [before.view.catalogue])

    def cause(self, unit: Unit) -> Cause:
        """Why a unit counts differently in the release moved to."""
        old, new = self.before.covered.get(unit), self.after.covered.get(unit)
        reasons = self._reasons(unit, old, new)
        first = _main(reasons)
        return Cause(
            cause=first.cause,
            detail=first.detail,
            because="; ".join(dict.fromkeys(map(self._sentence, reasons))),
            rules=tuple(sorted(self._rules(unit, old, new))),
            through=tuple(sorted({reason.place[1] for reason in reasons} - {unit[2]})),
            others=tuple(sorted({other for reason in reasons for other in reason.others})),
        )

    def _rules(self, unit: Unit, old: float | None, new: float | None) -> set[str]:
        place = unit[1:]
        if old is None or new is None:
            return (self.after if old is None else self.before).rules_at(place)
        return self.before.rules_at(place) ^ self.after.rules_at(place)

    def _reasons(self, unit: Unit, old: float | None, new: float | None) -> list[_Reason]:
        place = unit[1:]
        if old is None:
            return [self._entered(place, 1)]
        if new is None:
            return [self._left(place, -1)]
        sign = 1 if new > old else -1
        found = [reason for reason in self._what_flipped(place) if reason.sign == sign]
        return found or [_Reason("unexplained", "none", place, sign)]

    def _what_flipped(self, place: Place) -> Iterator[_Reason]:
        """Everything that could change how far a place is covered that is in scope in both releases."""
        old, new = self.before.subtechniques.get(place, set()), self.after.subtechniques.get(place, set())
        if self.rollup in ("any", "direct") or not (old or new):
            yield from self._flipped(place)
        if self.rollup == "direct":
            return
        for sub in sorted(new - old):
            if (covered := bool(self.after.rules.get(sub))) or self.rollup != "any":
                yield self._entered(sub, 1 if covered else -1)
        for sub in sorted(old - new):
            if (covered := bool(self.before.rules.get(sub))) or self.rollup != "any":
                yield self._left(sub, -1 if covered else 1)
        for sub in sorted(old & new):
            yield from self._flipped(sub)

    def _entered(self, place: Place, sign: int) -> _Reason:
        cause, detail = self._membership(place)
        others = self._written_at(place) if cause == "added" else ()
        return _Reason(cause, detail, place, sign, others)

    def _left(self, place: Place, sign: int) -> _Reason:
        cause, detail = self._membership(place)
        others = successors(place[1], self._reader) if detail in _READ_ELSEWHERE else ()
        return _Reason(cause, detail, place, sign, others)

    def _membership(self, place: Place) -> tuple[str, str]:
        """Why a place is in scope in one release only."""
        tactic, attack_id = place
        lived, lives = self.before.is_live(attack_id), self.after.is_live(attack_id)
        if lives and not lived:
            return "added", "restored" if attack_id in self.before.statuses else "new"
        if lived and not lives:
            return "revoked", self.after.statuses.get(attack_id, "removed")
        if tactic and (place in self.before.placements) != (place in self.after.placements):
            return "moved", "tactics"
        if (place in self.before.places) != (place in self.after.places):
            return "moved", "platforms"
        return "moved", "parent"

    def _written_at(self, place: Place) -> tuple[str, ...]:
        """Other IDs that were written, and are read as this place in the release moved to."""
        rules = self.after.rules.get(place, ())
        return tuple(
            sorted({read.leaf for _, read in _counted(self.after, rules, place) if read.leaf != place[1]})
        )

    def _flipped(self, place: Place) -> Iterator[_Reason]:
        """Why a place that is in scope in both has a rule of its own in one release only."""
        old, new = self.before.rules.get(place), self.after.rules.get(place)
        if bool(old) == bool(new):
            return
        here, there, sign = (self.after, self.before, 1) if new else (self.before, self.after, -1)
        found: dict[tuple[str, str], set[str]] = {}
        for (rule_key, position), read in _counted(here, new or old, place):
            other = there.readings.get(rule_key, {}).get(position)
            found.setdefault(self._read_differently(read, other), set()).add(read.leaf)
        for (cause, detail), leaves in sorted(found.items()):
            yield _Reason(cause, detail, place, sign, tuple(sorted(leaves - {place[1]})))

    def _read_differently(self, here: ReadMapping, there: ReadMapping | None) -> tuple[str, str]:
        """Why a mapping that counts at a place in one release does not in the other."""
        if there is None:
            return "mapping", "set"
        if here.attack_id == there.attack_id:
            return "moved", "tactic"
        status = self.before.statuses.get(here.leaf), self.after.statuses.get(here.leaf)
        if status[1] == "live":
            return "added", "new" if status[0] is None else "restored"
        if "revoked" in status:
            return "revoked", "successor"
        if status[0] == "live":
            return "revoked", status[1] or "removed"
        return self._led_elsewhere(here, there)

    def _led_elsewhere(self, here: ReadMapping, there: ReadMapping) -> tuple[str, str]:
        """Why an ID that neither release knows is read differently: what it leads to came or went."""
        leads = {here.attack_id, there.attack_id, *here.candidates, *there.candidates} - {None}
        if any(self.after.is_live(attack_id) and not self.before.is_live(attack_id) for attack_id in leads):
            return "added", "reading"
        if any(self.before.is_live(attack_id) and not self.after.is_live(attack_id) for attack_id in leads):
            return "revoked", "reading"
        return "unexplained", "none"

    def _sentence(self, reason: _Reason) -> str:
        tactic, attack_id = reason.place
        side, move = (
            (self.after, "joined") if reason.place in self.after.placements else (self.before, "left")
        )
        text = _WORDS[reason.detail][reason.sign < 0].format(
            id=attack_id,
            before=self.before.title,
            after=self.after.title,
            others=", ".join(reason.others),
            old_status=self.before.statuses.get(attack_id, "not there"),
            old_platforms=", ".join(self.before.platforms.get(attack_id, ())) or "no platform",
            new_platforms=", ".join(self.after.platforms.get(attack_id, ())) or "no platform",
            tactic_move=f"{move} {side.names[tactic]}" if reason.detail == "tactics" else "",
        )
        return text + self._consequence(reason)

    def _consequence(self, reason: _Reason) -> str:
        """What becomes of mappings to an ID that is gone, or came to one that is new."""
        if reason.detail in _READ_ELSEWHERE:
            if not reason.others:
                return ", without a successor"
            unsure = "; which of them a person must choose" if len(reason.others) > 1 else ""
            return f", read as {' or '.join(reason.others)}{unsure}"
        if reason.detail in ("new", "restored") and reason.others:
            return f"; rules written for {', '.join(reason.others)} count for it"
        return ""


def _counted(side: Side, rules: Iterable[str], place: Place) -> Iterator[tuple[tuple[str, int], ReadMapping]]:
    """((rule, position), mapping) of each mapping that makes one of the rules count at the place."""
    for rule_key in rules:
        for position, read in side.readings[rule_key].items():
            if read.counts_at(place):
                yield (rule_key, position), read


def _main(reasons: list[_Reason]) -> _Reason:
    """The first reason of the cause that most of them share."""
    often = Counter(reason.cause for reason in reasons)
    return min(reasons, key=lambda reason: (-often[reason.cause], _ORDER.index(reason.cause)))
