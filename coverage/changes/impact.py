"""What a move to another ATT&CK release does to one corpus: coverage before and after, and every difference.

Compares two views of the same rules in the same scope. The lines of the ledger add up to the
differences of the totals, at every grain and under every roll-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from coverage.changes.frames import (
    IMPACT_BY_CAUSE,
    IMPACT_LEDGER,
    IMPACT_TOTALS,
    RULE_CHANGES,
    TOUCHED_CHANGES,
)
from coverage.changes.ledger import Ledger, lines_between
from coverage.changes.release_causes import ReleaseCauses
from coverage.changes.release_diff import release_changes
from coverage.changes.sides import ReadMapping, Side
from coverage.frames import rows_of
from coverage.kept import kept_property
from coverage.scope import View, once_a_view
from coverage.vocabulary import ATTACK_CAUSES, IMPACT_CAUSES
from coverage.words import amount, number, signed


@dataclass(frozen=True)
class Impact:
    """Two views of the same rules in the same scope, in two releases of one domain; made by `impact`."""

    before: View
    after: View

    @kept_property
    def book(self) -> Ledger:
        """The lines of the ledger, each with its cause, and their sums."""
        before, after = self._sides
        return Ledger(before, after, lines_between(before, after, ReleaseCauses(before, after).cause))

    @kept_property
    def ledger(self) -> pd.DataFrame:
        """IMPACT_LEDGER: every unit that counts differently, and why."""
        return self.book.frame(IMPACT_LEDGER)

    @kept_property
    def totals(self) -> pd.DataFrame:
        """IMPACT_TOTALS: covered and all units in scope of each grain, before and after."""
        return self.book.totals(IMPACT_TOTALS)

    @kept_property
    def by_cause(self) -> pd.DataFrame:
        """IMPACT_BY_CAUSE: the ledger summed for each grain and cause; causes that are not ATT&CK's only
        where they occur.
        """
        found = {line.why.cause for line in self.book.lines}
        causes = [cause for cause in IMPACT_CAUSES if cause in ATTACK_CAUSES or cause in found]
        return self.book.by_cause(IMPACT_BY_CAUSE, causes)

    @kept_property
    def changes(self) -> pd.DataFrame:
        """TOUCHED_CHANGES: what happened to each ID, and the rules each change touches."""
        found = release_changes(self.before.catalogue, self.after.catalogue)
        in_scope = frozenset(self.after.rules["rule_key"].tolist())
        rules = [tuple(self._touched.get(attack_id, ())) for attack_id in found["attack_id"].tolist()]
        return found.assign(
            rules=pd.Series(rules, index=found.index, dtype=object),
            rules_in_scope=pd.Series(
                [len(in_scope.intersection(keys)) for keys in rules], index=found.index, dtype="int64"
            ),
        )[list(TOUCHED_CHANGES.columns)]

    @kept_property
    def rule_changes(self) -> pd.DataFrame:
        """RULE_CHANGES: each rule read and each change that touches it, with the mappings meant, by the
        rule's name.
        """
        facts = {
            row[0]: row[1:] for row in rows_of(self.after.all_rules, "rule_key", "name", "corpus", "path")
        }
        in_scope = frozenset(self.after.rules["rule_key"].tolist())
        rows = [
            (
                rule_key,
                facts[rule_key][0],
                rule_key in in_scope,
                attack_id,
                change,
                *self._paths(rule_key, self._touched[attack_id][rule_key]),
                *facts[rule_key][1:],
            )
            for attack_id, change, rules in rows_of(self.changes, "attack_id", "change", "rules")
            for rule_key in rules
        ]
        rows.sort(key=lambda row: (row[1], row[0]))
        return (
            RULE_CHANGES.frame(dict(zip(RULE_CHANGES.columns, zip(*rows, strict=True), strict=True)))
            if rows
            else RULE_CHANGES.empty()
        )

    def sentence(self) -> str:
        """What happens to covered techniques, with both denominators and the sum of the causes."""
        row = self.totals.set_index("grain").loc["techniques"]
        parts = self.by_cause[(self.by_cause["grain"] == "techniques") & (self.by_cause["units"] > 0)]
        causes = ", ".join(
            f"{cause} {signed(change)}" for cause, change in rows_of(parts, "cause", "covered_change")
        )
        unexplained = int((self.ledger["cause"] == "unexplained").sum())
        verdict = (
            f"{amount(unexplained, 'difference is', 'differences are')} unexplained"
            if unexplained
            else "all explained"
        )
        return (
            f"Moving from {self.before.catalogue.release.title} to {self.after.catalogue.release.version}, "
            "covered techniques go "
            f"from {number(row['covered_before'])} of {number(row['total_before'])} to "
            f"{number(row['covered_after'])} of "
            f"{number(row['total_after'])}: {signed(row['covered_after'] - row['covered_before'])}, {verdict}"
            + (f" ({causes})." if causes else ".")
        )

    @kept_property
    def _sides(self) -> tuple[Side, Side]:
        return Side(self.before), Side(self.after)

    @kept_property
    def _touched(self) -> dict[str, dict[str, set[tuple[str, int]]]]:
        """ID -> rule -> positions of the mappings that write it, or are read as it in one of the releases."""
        found: dict[str, dict[str, set[int]]] = {}
        for side in self._sides:
            for rule_key, mappings in side.readings.items():
                for position, read in mappings.items():
                    for any_id in _ids_of(read):
                        found.setdefault(any_id, {}).setdefault(rule_key, set()).add(position)
        return found

    def _paths(self, rule_key: str, positions: set[tuple[str, int]]) -> Iterator[tuple[str, ...]]:
        """The mappings at these positions: as written, as read before, as read after."""
        readings = [side.readings.get(rule_key, {}) for side in self._sides]
        written = [readings[0].get(position) or readings[1][position] for position in sorted(positions)]
        yield tuple(_written_text(read) for read in written)
        for side, mappings in zip(self._sides, readings, strict=True):
            yield tuple(side.reading_text(mappings.get(position)) for position in sorted(positions))


def impact(before: View, after: View) -> Impact:
    """What a move from one release to another does, from two views that differ in nothing else.

    Raises
    ------
    ValueError
        When the releases are of two domains, or the views are of other rules or another scope: their
        difference would have causes that are not ATT&CK's.
    """
    if before.catalogue.release.domain != after.catalogue.release.domain:
        raise ValueError(f"{before.catalogue.release} and {after.catalogue.release} are of different domains")
    if replace(before.scope, attack=after.scope.attack) != after.scope:
        raise ValueError("the two views differ by more than the release")
    if before.all_rules["rule_key"].tolist() != after.all_rules["rule_key"].tolist():
        raise ValueError("the two views are of different rules")
    return _impact(after, before)


@once_a_view(most=1)  # pages ask again and again
def _impact(after: View, before: View) -> Impact:
    return Impact(before, after)


def _ids_of(read: ReadMapping) -> set[str]:
    leaf = None if read.status == "other_domain" else read.leaf
    return {any_id for any_id in (leaf, read.attack_id, read.tactic_written, read.tactic_id) if any_id}


def _written_text(read: ReadMapping) -> str:
    return f"{read.leaf or 'no technique'} in {read.tactic_written or 'no tactic'}"
