"""What closes a gap under each roll-up: the IDs that it needs, and the rules that cover these.

The gaps that need nothing but themselves are the *elements* that a list of rules is made to cover; under
`all` and `share` a technique needs all of its open sub-techniques instead. Knows no weight and no plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from coverage.scope import View


class Closing:
    """The gaps of one view, and how rules of another close them.

    Parameters
    ----------
    gap_ids : sequence of str
        The open IDs of `mine`, in the order of the list.
    mine, others : View
    """

    def __init__(self, gap_ids: Sequence[str], mine: View, others: View) -> None:
        techniques = mine.techniques
        known = techniques[
            techniques["parent_id"].notna() & techniques["parent_id"].isin(techniques["attack_id"])
        ]
        self._parents = dict(zip(known["attack_id"].tolist(), known["parent_id"].tolist(), strict=True))
        self._lift = self._parents if mine.scope.rollup == "any" else {}
        self.needs = self._needs(gap_ids, mine.scope.rollup)
        self._leaves = self._leaves_by_id(others)
        self._waiting: dict[str, list[str]] = {}
        for gap, elements in self.needs.items():
            for element in elements:
                self._waiting.setdefault(element, []).append(gap)

    def _needs(self, gap_ids: Sequence[str], rollup: str) -> dict[str, tuple[str, ...]]:
        """Gap -> the elements it needs: itself, or all its open sub-techniques under `all` and `share`."""
        needs = {gap: (gap,) for gap in gap_ids}
        if rollup in ("all", "share"):
            below: dict[str, list[str]] = {}
            for gap in sorted(gap_ids):
                if gap in self._parents:
                    below.setdefault(self._parents[gap], []).append(gap)
            needs |= {parent: tuple(open_ones) for parent, open_ones in below.items() if parent in needs}
        return needs

    def _leaves_by_id(self, others: View) -> dict[str, dict[str, set[str]]]:
        """ID -> rule -> the rule's leaves that cover it: the ID itself and, under `any`, its
        sub-techniques.
        """
        found: dict[str, dict[str, set[str]]] = {}
        placed = others.placed
        for leaf, rule_key in zip(placed["attack_id"].tolist(), placed["rule_key"].tolist(), strict=True):
            for attack_id in (leaf, self._lift[leaf]) if leaf in self._lift else (leaf,):
                found.setdefault(attack_id, {}).setdefault(rule_key, set()).add(leaf)
        return found

    def closers(self, gap: str) -> dict[str, tuple[str, ...]]:
        """Rule -> its leaves that close the gap; only rules that close it alone."""
        parts = [self._leaves.get(element, {}) for element in self.needs[gap]]
        rules = set(parts[0]).intersection(*parts[1:])
        return {
            rule_key: tuple(sorted(set().union(*(part[rule_key] for part in parts)))) for rule_key in rules
        }

    def elements(self, gap_ids: Iterable[str]) -> frozenset[str]:
        """Those of some gaps that need nothing but themselves."""
        return frozenset(gap for gap in gap_ids if self.needs[gap] == (gap,))

    def closed_by(self, steps: Iterable[Collection[str]]) -> Iterator[tuple[str, ...]]:
        """For each step, which covers elements that none before it did, the gaps that it closes, in their
        order.
        """
        missing = {gap: len(elements) for gap, elements in self.needs.items()}
        order = {gap: number for number, gap in enumerate(self.needs)}
        for elements in steps:
            closed = []
            for gap in (gap for element in elements for gap in self._waiting[element]):
                missing[gap] -= 1
                if not missing[gap]:
                    closed.append(gap)
            yield tuple(sorted(closed, key=order.__getitem__))
