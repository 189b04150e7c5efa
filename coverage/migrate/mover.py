"""What becomes of one mapping path: stays, is written anew, or is left with a question; and by which
decision.

The rules of the move in one place, for every format. Knows no text and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coverage.migrate.decisions import KEEP, REMOVE, Decision
from coverage.migrate.model import Asked
from coverage.migrate.target import OTHER_DOMAIN, Target

# What a decision may call a rule by: its id, its title, its path; then those of other rules of the file.
Names = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a path goes: the tactics (None: it names none; empty: it is taken out) and the live ID."""

    tactics: tuple[str | None, ...]
    leaf: str | None = None


class Kept:
    """A path that is left as it is without a question: of another framework or domain, or by a decision."""


KEPT = Kept()
Outcome = Placed | Asked | Kept


class Mover:
    """Applies a target's readings and a person's decisions to paths. Remembers which decisions were used."""

    def __init__(self, target: Target, decisions: Sequence[Decision] = ()) -> None:
        self.target = target
        self.decisions = [one for one in decisions if one.word or all(map(target.is_live, one.to))]
        self.used: set[Decision] = set()
        self._certain: dict[tuple, Outcome] = {}

    def tactic_id(self, tactic_id: str | None, name: str | None) -> str | None:
        """The tactic of a path: the ID written, else the one the name means."""
        return tactic_id or (self.target.tactic_named(name)[0] if name else None)

    def path(self, tactic_id: str | None, tactic_name: str | None, leaf: str | None, names: Names) -> Outcome:
        """What becomes of the path from a tactic to a technique or sub-technique; `leaf` None for a tactic
        alone.
        """
        key = (tactic_id, tactic_name, leaf)
        if key not in self._certain:
            self._certain[key] = self._read(tactic_id, tactic_name, leaf)
        outcome = self._certain[key]
        tactic = self.tactic_id(tactic_id, tactic_name)
        if isinstance(outcome, Kept) or outcome == Placed((tactic,), leaf):
            return outcome
        decision = self._decision(leaf or tactic or "", tactic if leaf else None, names)
        return self._decided(decision, outcome, tactic, tactic_name, leaf) if decision else outcome

    def technique(self, leaf: str, names: Names) -> Outcome:
        """The same for an ID that stands without a tactic."""
        return self.path(None, None, leaf, names)

    def _read(self, tactic_id: str | None, tactic_name: str | None, leaf: str | None) -> Outcome:
        tactic = self.tactic_id(tactic_id, tactic_name)
        if tactic is None and tactic_name:
            return Asked(
                "tactic-unknown",
                leaf or tactic_name,
                None,
                (),
                f"'{tactic_name}' is not a tactic of this domain",
            )
        if leaf is None:
            return self._tactic_alone(tactic, tactic_name)
        reading = self.target.leaf(leaf)
        if reading.attack_id is None:
            return KEPT if reading.status == OTHER_DOMAIN else self.target.unread(leaf, tactic) or KEPT
        if tactic is None:
            return Placed((None,), reading.attack_id)
        return _placed(self.target.place(tactic, tactic_name, leaf, reading.attack_id), reading.attack_id)

    def _tactic_alone(self, tactic: str | None, name: str | None) -> Outcome:
        return KEPT if tactic is None else _placed(self.target.alone(tactic, name), None)

    def _decision(self, written: str, tactic: str | None, names: Names) -> Decision | None:
        return next((one for one in self.decisions if one.fits(written, tactic, names)), None)

    def _decided(
        self, decision: Decision, outcome: Outcome, tactic: str | None, name: str | None, leaf: str | None
    ) -> Outcome:
        if decision.word == KEEP:
            result: Outcome = KEPT
        elif decision.word == REMOVE:
            result = Placed(())
        elif leaf is None:
            result = Placed(decision.tactics) if decision.tactics else outcome
        else:
            result = self._answer(decision, outcome, tactic, name, leaf)
        if result is not outcome:
            self.used.add(decision)
        return result

    def _answer(
        self, decision: Decision, outcome: Outcome, tactic: str | None, name: str | None, leaf: str
    ) -> Outcome:
        attack_id = decision.technique or self.target.leaf(leaf).attack_id
        if attack_id is None:
            return outcome
        homes = self.target.homes(attack_id)
        if decision.tactics:
            wrong = [one for one in decision.tactics if one not in homes]
            return (
                replace(outcome, reason=_unfit(attack_id, wrong))
                if wrong and isinstance(outcome, Asked)
                else (outcome if wrong else Placed(decision.tactics, attack_id))
            )
        if tactic is None or tactic in homes or len(homes) == 1:
            return Placed((tactic,) if tactic is None or tactic in homes else homes, attack_id)
        fits = tuple(home for home in homes if home in self.target.halves(tactic))
        if len(fits) == 1:
            return Placed(fits, attack_id)
        return Asked(
            "moved",
            leaf,
            tactic,
            homes,
            f"{attack_id}, as decided, is in several tactics and not in the one named: name a tactic too",
        )


def _placed(tactics: tuple[str, ...] | Asked, leaf: str | None) -> Outcome:
    return tactics if isinstance(tactics, Asked) else Placed(tactics, leaf)


def _unfit(attack_id: str, wrong: list[str]) -> str:
    return f"a decision puts {attack_id} into {', '.join(wrong)}, where this release does not have it"
