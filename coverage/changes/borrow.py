"""What other corpora could lend: the rules that would close my gaps, and the few that close the most.

A rule closes a gap when the gap would be covered with it, under the scope's roll-up, beside the rules I have.
Reads no file: the weights are handed in (`tables.priority_weights`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import accumulate
from math import fsum

import numpy as np
import pandas as pd

from coverage.changes.closing import Closing
from coverage.changes.frames import BORROW, BORROW_PLAN
from coverage.changes.sides import GRAIN_WORDS, corpora_title, joint_scope
from coverage.frames import rows_of
from coverage.kept import kept_property
from coverage.measures.cover import greedy_cover
from coverage.measures.gaps import gaps
from coverage.measures.need import need_by_id
from coverage.measures.work_order import steps_frame
from coverage.scope import Scope, View, once_a_view
from coverage.threats.threat import Threat
from coverage.vocabulary import RULE_CLASSES, SEVERITIES
from coverage.words import amount, noun

_GRAINS = ("techniques", "subtechniques")
_WEIGHED = {"group": "groups", "software": "software", "campaign": "campaigns"}
_RULE_COLUMNS = ("rule_key", "corpus", "path", "rule_id", "severity", "rule_class")


@dataclass(frozen=True)
class Borrowing:
    """My corpus and others in one release and scope; made by `borrow`."""

    mine: View
    others: View
    weights: Mapping[str, float] = field(repr=False)
    threat: Threat | None = None

    @kept_property
    def scope(self) -> Scope:
        """The one scope of all, for stamps. Which classes count for the others is `others.scope`'s to say."""
        return joint_scope(self.mine, _counted_alike(self.others, self.mine))

    @kept_property
    def gaps(self) -> pd.DataFrame:
        """GAPS of mine with `weight`: once `gap`, and the others for each group, software and campaign; for a
        threat profile its need, and only the gaps that it needs. Heaviest first.
        """
        found = gaps(self.mine)
        if self.threat is not None:
            needs = need_by_id(self.mine, self.threat)
            need = dict(zip(needs["attack_id"].tolist(), needs["need"].tolist(), strict=True))
            found = found[[one in need for one in found["attack_id"].tolist()]]
            priced = found.assign(weight=[need[one] for one in found["attack_id"].tolist()])
            return priced.sort_values(["weight", "attack_id"], ascending=[False, True], ignore_index=True)
        parts = [found[column] * self.weights[term] for term, column in _WEIGHED.items()]
        priced = found.assign(
            weight=sum(parts, start=pd.Series(self.weights["gap"], index=found.index, dtype="float64"))
        )
        return priced.sort_values(["weight", "attack_id"], ascending=[False, True], ignore_index=True)

    @kept_property
    def own_log_sources(self) -> frozenset[str]:
        """Every integration and data source that my own rules in scope name, in lower case."""
        return frozenset(_word(name) for sources in _log_sources(self.mine.rules) for name in sources)

    @kept_property
    def own_data_components(self) -> frozenset[tuple[str, str]]:
        """(data component, platform it is collected on) of every rule of mine in scope; the platform "" where
        none is known.
        """
        return frozenset(pair for pairs in _collected(self.mine.rules) for pair in pairs)

    @kept_property
    def rows(self) -> pd.DataFrame:
        """BORROW: each gap that a rule of the others would close, and each such rule; heaviest gaps, severest
        rules first.
        """
        pairs = [
            (gap, self._places[rule_key], leaves)
            for gap, attack_id in enumerate(self.gaps["attack_id"].tolist())
            for rule_key, leaves in self._closing.closers(attack_id).items()
        ]
        pairs.sort()
        return self._joined(pairs)

    def restricted(
        self,
        log_sources: Collection[str] | None = None,
        platforms: Collection[str] = (),
        own_data: bool = False,
    ) -> pd.DataFrame:
        """BORROW rows of the rules that I have the logs for, and that are known to work on one of these
        platforms.

        The logs are there when the rule names one of `log_sources` (words are compared whole, ignoring
        case; `own_log_sources` are mine) or, with `own_data`, needs a data component that rules of mine need
        on the same platform. A rule that names none, or no platform, is left out where they are asked for:
        nothing says that it would work.
        """
        keep = np.ones(len(self.rows), dtype=bool)
        if log_sources is not None or own_data:
            words = frozenset(map(_word, log_sources or ()))
            keep = _meets(self.rows["rule_log_sources"], words, _word)
            if own_data:
                keep |= np.fromiter(
                    (bool(names) for names in self.rows["own_data_components"]),
                    dtype=bool,
                    count=len(self.rows),
                )
        if platforms:
            keep &= _meets(self.rows["rule_platforms"], frozenset(platforms), str)
        return self.rows[keep].reset_index(drop=True)

    def plan(self, rows: pd.DataFrame | None = None) -> pd.DataFrame:
        """BORROW_PLAN over candidate `rows` (default: all): the greedy cover of the gaps by their weight.

        Of equal gains the rule that closes more gaps goes first, then the severer, then by name and key.
        Under `all` and `share` a technique closes with the last of its open sub-techniques, and its weight is
        gained in equal parts on the way; one that the candidates cannot close weighs nothing.
        """
        rows = self.rows if rows is None else rows
        elements = self._closing.elements(rows["attack_id"].unique())
        sets: dict[str, list[str]] = {}
        for attack_id, rule_key in zip(rows["attack_id"].tolist(), rows["rule_key"].tolist(), strict=True):
            if attack_id in elements:
                sets.setdefault(rule_key, []).append(attack_id)
        weights = self._element_weights(elements)
        steps = list(greedy_cover(sets, weights, self._places))
        return self._steps_frame(steps, elements, weights)

    def helped(self, rows: pd.DataFrame | None = None) -> pd.DataFrame:
        """THREAT_STEPS: the steps of `plan`, with the members of the threat profile that each helps against.

        Raises
        ------
        ValueError
            When the borrowing has no threat profile.
        """
        if self.threat is None:
            raise ValueError("a borrowing without a threat profile helps against nobody by name")
        columns = ("rule_key", "rule_name", "closes")
        plan = self.plan(rows)
        price = dict(zip(self.gaps["attack_id"].tolist(), self.gaps["weight"].tolist(), strict=True))
        steps = [
            (key, name, closes, fsum(price[one] for one in closes))
            for key, name, closes in rows_of(plan, *columns)
        ]
        return steps_frame(self.mine, self.threat, steps)

    def figures(self, rows: pd.DataFrame | None = None) -> dict:
        """Counts with their denominators: rules that would close something, and gaps they can close, by
        grain.
        """
        rows = self.rows if rows is None else rows
        (closable,) = self._closing.closed_by([self._closing.elements(rows["attack_id"].unique())])
        return {
            "rules": int(rows["rule_key"].nunique()),
            "rules_of_all": int(self.rows["rule_key"].nunique()),
            **{
                grain: {
                    "closable": _count(closable, grain),
                    "open": _count(self.gaps["attack_id"], grain),
                }
                for grain in _GRAINS
            },
        }

    def sentence(self, rows: pd.DataFrame | None = None, steps: int | None = None) -> str:
        """What the others would close of mine, with both denominators, and how few rules are enough."""
        counts = self.figures(rows)
        closable = " and ".join(
            f"{counts[grain]['closable']:,} of {amount(counts[grain]['open'], f'open {GRAIN_WORDS[grain]}')}"
            for grain in _GRAINS
        )
        needed = f" that are needed against {self.threat.profile.name}" if self.threat is not None else ""
        few = ""
        if steps:
            candidates = noun(counts["rules"], "rule is", "rules are")
            few = f"; {steps:,} of {counts['rules']:,} candidate {candidates} enough"
        mine = corpora_title(self.mine)
        return f"{corpora_title(self.others)} would close {closable} of {mine}{needed}{few}."

    @kept_property
    def _rules(self) -> pd.DataFrame:
        """RULES in scope of the others, severest first, then by name and key: the order among equals."""
        rules = self.others.rules
        rank = rules["severity"].map({name: -number for number, name in enumerate(SEVERITIES)}).fillna(1)
        return rules.assign(_rank=rank).sort_values(
            ["_rank", "name", "rule_key"], kind="stable", ignore_index=True
        )

    @kept_property
    def _places(self) -> dict[str, int]:
        """Rule -> its row in `_rules`."""
        return {key: number for number, key in enumerate(self._rules["rule_key"].tolist())}

    @kept_property
    def _closing(self) -> Closing:
        return Closing(self.gaps["attack_id"].tolist(), self.mine, self.others)

    def _element_weights(self, closable: frozenset[str]) -> dict[str, float]:
        """What closing an ID is worth: its own weight, and its part of each technique that waits for it and
        can be closed.
        """
        price = dict(zip(self.gaps["attack_id"].tolist(), self.gaps["weight"].tolist(), strict=True))
        weights: dict[str, list[float]] = {}
        for gap, elements in self._closing.needs.items():
            if closable.issuperset(elements):
                for element in elements:
                    weights.setdefault(element, []).append(price[gap] / len(elements))
        return {element: fsum(parts) for element, parts in weights.items()}

    def _joined(self, pairs: Sequence[tuple[int, int, tuple[str, ...]]]) -> pd.DataFrame:
        gap_rows = np.array([pair[0] for pair in pairs], dtype=np.int64)
        rule_rows = [pair[1] for pair in pairs]
        values = self._lent(rule_rows) | {"closes_with": [pair[2] for pair in pairs]}
        gap_columns = [name for name in BORROW.columns if name not in values]
        values |= {name: self.gaps[name].array.take(gap_rows) for name in gap_columns}
        return BORROW.frame(values)

    @kept_property
    def _lendable(self) -> pd.DataFrame:
        """The columns that say which rule, of every rule in `_rules`, in its order."""
        rules, sources = self._rules, _log_sources(self._rules)
        own = [tuple(name for name in names if _word(name) in self.own_log_sources) for names in sources]
        have = [
            tuple(
                dict.fromkeys(
                    name for name, platform in pairs if (name, platform) in self.own_data_components
                )
            )
            for pairs in _collected(rules)
        ]
        return rules[list(_RULE_COLUMNS)].assign(
            rule_name=rules["name"],
            rule_platforms=rules["platforms"],
            rule_log_sources=pd.Series(sources, index=rules.index, dtype=object),
            own_log_sources=pd.Series(own, index=rules.index, dtype=object),
            rule_data_components=rules["data_components"],
            own_data_components=pd.Series(have, index=rules.index, dtype=object),
        )

    def _lent(self, places: Iterable[int]) -> dict[str, Iterable]:
        """The same for some rows of `_rules`, column by column."""
        rows = self._lendable.take(np.array(list(places), dtype=np.int64))
        return {name: rows[name].array for name in rows}

    def _steps_frame(
        self,
        steps: Sequence[tuple[str, frozenset[str]]],
        closable: frozenset[str],
        weights: Mapping[str, float],
    ) -> pd.DataFrame:
        gained = [fsum(weights[element] for element in new) for _, new in steps]
        so_far = list(accumulate((Fraction(weight) for weight in gained), initial=Fraction()))[1:]
        closed = list(self._closing.closed_by(new for _, new in steps))
        (can,) = self._closing.closed_by([closable])
        whole = fsum(weights[element] for element in closable)
        totals = [float(total) for total in so_far]
        counts = {
            f"{grain}_so_far": list(accumulate(_count(gaps, grain) for gaps in closed)) for grain in _GRAINS
        }
        same = {
            "weight_closable": whole,
            **{f"{grain}_closable": _count(can, grain) for grain in _GRAINS},
        }
        return BORROW_PLAN.frame(
            {
                "step": range(1, len(steps) + 1),
                "closes": closed,
                **counts,
                "weight": gained,
                "weight_so_far": totals,
                "share": [total / whole for total in totals],
                **{name: [value] * len(steps) for name, value in same.items()},
                **self._lent(self._places[key] for key, _ in steps),
            }
        )


def borrow(mine: View, others: View, weights: Mapping[str, float], threat: Threat | None = None) -> Borrowing:
    """What the rules of `others` in their scope would close of the gaps of `mine`.

    Parameters
    ----------
    mine, others : View
        Of different corpora, in one release and scope. Only the rule classes and the switch may differ:
        `with_classes` widens what the others may lend.
    weights : mapping
        What a gap is worth: `tables.priority_weights`.
    threat : Threat, optional
        A gap is then worth what the profile needs it, and one that it does not need is no candidate.

    Raises
    ------
    ValueError
        When the views differ in more than that.
    """
    joint_scope(mine, _counted_alike(others, mine))
    return _borrowing(mine, others, tuple(weights.items()), threat)


@once_a_view(most=1)  # pages ask again and again
def _borrowing(
    mine: View, others: View, weights: tuple[tuple[str, float], ...], threat: Threat | None
) -> Borrowing:
    return Borrowing(mine, others, dict(weights), threat)


def with_classes(view: View, classes: Collection[str] = tuple(RULE_CLASSES), enabled: str = "any") -> View:
    """The same view counting rules of these classes, whether they are enabled or not."""
    scope = replace(view.scope, classes=tuple(classes), enabled=enabled)
    return view if scope == view.scope else _in_scope(view, scope)


@once_a_view(most=2)
def _in_scope(view: View, scope: Scope) -> View:
    return replace(view, scope=scope)


def _counted_alike(others: View, mine: View) -> View:
    """`others` counting rules of the classes and status that count for `mine`."""
    return with_classes(others, mine.scope.classes, mine.scope.enabled)


def _log_sources(rules: pd.DataFrame) -> list[tuple[str, ...]]:
    pairs = zip(rules["integrations"], rules["data_sources"], strict=True)
    return [tuple(dict.fromkeys((*integrations, *sources))) for integrations, sources in pairs]


def _collected(rules: pd.DataFrame) -> list[list[tuple[str, str]]]:
    """For each rule its data components, each with each of its platforms."""
    pairs = zip(rules["data_components"].tolist(), rules["platforms"].tolist(), strict=True)
    return [
        [(name, platform) for name in names for platform in platforms or ("",)] for names, platforms in pairs
    ]


def _meets(lists: pd.Series, wanted: frozenset[str], form: Callable[[str], str]) -> np.ndarray:
    """Which lists have a wanted word."""
    return np.fromiter(
        (not wanted.isdisjoint(map(form, names)) for names in lists), dtype=bool, count=len(lists)
    )


def _word(text: str) -> str:
    return text.strip().casefold()


def _count(gap_ids: Iterable[str], grain: str) -> int:
    return sum(("." in gap) == (grain == "subtechniques") for gap in gap_ids)
