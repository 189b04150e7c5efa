"""A view: a catalogue, the rules and the mappings, cut down to one scope.

Every number on a page or in a file is made from a `View`. Computes no measure itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, TypeVar

import pandas as pd

from coverage.catalogue.model import Catalogue
from coverage.identity import IDENTITY_COLUMNS, copies_within, counted, same_rules, united
from coverage.kept import kept_property, kept_with
from coverage.mapping.reader import placed_rules
from coverage.models import CorpusStamp
from coverage.scope.options import OPTIONS
from coverage.scope.value import Scope
from coverage.vocabulary import PRE_PLATFORM

Result = TypeVar("Result")


def once_a_view(
    measure: Callable[..., Result] | None = None, *, most: int | None = None
) -> Callable[..., Any]:
    """The same measure, made once for each view and its further arguments, and kept with the view.

    Parameters
    ----------
    measure : callable
        Of a view and of values that can be hashed, such as texts, tuples and other views.
    most : int, optional
        How many argument lists to keep, those last asked for. Without it all are kept: for measures of the
        view alone, and for arguments of which there are few.
    """
    if measure is None:
        return lambda function: once_a_view(function, most=most)

    @wraps(measure)
    def remembered(view: View, *arguments: Hashable) -> Result:
        return kept_with(view).get(measure, view, *arguments, most=most)

    return remembered


@dataclass(frozen=True, eq=False)
class View:
    """The rules of some corpora in one release, and the scope they are looked at in.

    A rule that is in several places (`identity.same_rules`) counts once, with the mappings and
    platforms of all its copies that are in scope: every frame here but `all_rules` and `mappings` has it
    under one key. What is made from a view is kept with it (`kept_property`, `once_a_view`); two views are
    the same only when they are one object.

    Parameters
    ----------
    catalogue : Catalogue
    all_rules : RULES frame
        Every rule read, in scope or not.
    mappings : MAPPINGS frame
        Of every rule read.
    scope : Scope
    weights : mapping of rule class -> float
        What a rule of each class is worth for depth, 0-1.
    arrivals : inventory.arrivals.Arrivals, optional
        What arrives, where inventories say so: what `can_run` of the rules was told by. Only carried here.
    """

    catalogue: Catalogue
    all_rules: pd.DataFrame = field(repr=False)
    mappings: pd.DataFrame = field(repr=False)
    scope: Scope
    weights: Mapping[str, float] = field(repr=False)
    arrivals: Hashable | None = field(default=None, repr=False)

    @kept_property
    def every_rule(self) -> pd.DataFrame:
        """RULES in scope, each once in each corpus: the rows of `rules`, and those of other corpora that
        count as one of them.
        """
        return (
            self.all_rules[self.in_scope & ~among(self.all_rules["rule_key"], self._twins)]
            if len(self._twins)
            else self.all_rules[self.in_scope]
        )

    @kept_property
    def in_scope(self) -> pd.Series:
        """Boolean mask of `all_rules`: which count in this scope, copies included."""
        return rules_in_scope(self.all_rules, self.scope)

    @kept_property
    def counts_as(self) -> dict[str, str]:
        """Key of a copy -> key of the rule it counts as. A copy that is out of scope never stands in for one
        that is in it.
        """
        return (
            self._inside_and_out(same_rules)
            if self._may_have_copies or self.all_rules["corpus"].nunique() > 1
            else {}
        )

    @kept_property
    def _twins(self) -> pd.Series:
        """Keys of the rules that another rule of their corpus stands for."""
        return pd.Series(
            list(self._inside_and_out(copies_within)) if self._may_have_copies else [], dtype="str"
        )

    @kept_property
    def _may_have_copies(self) -> bool:
        """Whether two rules may have the same content."""
        hashes = self.all_rules["content_hash"].tolist()
        return len(set(hashes)) < len(hashes)

    def _inside_and_out(self, copies: Callable[[pd.DataFrame], dict[str, str]]) -> dict[str, str]:
        rules = self.all_rules[IDENTITY_COLUMNS]
        return copies(rules[self.in_scope]) | copies(rules[~self.in_scope])

    @kept_property
    def rules(self) -> pd.DataFrame:
        """RULES: the rules in scope, each once."""
        return united(self.every_rule, self.counts_as)

    @kept_property
    def mappings_in_scope(self) -> pd.DataFrame:
        """MAPPINGS of the rules in scope, those of a copy under the key of the rule it counts as."""
        return counted(
            self.mappings[among(self.mappings["rule_key"], self.every_rule["rule_key"])], self.counts_as
        )

    @kept_property
    def techniques(self) -> pd.DataFrame:
        """TECHNIQUES: the current IDs in scope, `platforms` cut down to the platforms in scope."""
        return techniques_in_scope(self.catalogue.techniques, self.scope)

    @kept_property
    def placements(self) -> pd.DataFrame:
        """PLACEMENTS: the cells of IDs in scope."""
        placements = self.catalogue.placements
        return placements[among(placements["attack_id"], self.techniques["attack_id"])]

    @kept_property
    def _placed_files(self) -> pd.DataFrame:
        """PLACED of every rule read, copies apart."""
        return placed_rules(self.mappings, self.catalogue)

    @kept_property
    def placed_anywhere(self) -> pd.DataFrame:
        """PLACED of every rule read, for every current ID, in scope or not."""
        if not self.counts_as:
            return self._placed_files
        return counted(self._placed_files, self.counts_as).drop_duplicates(ignore_index=True)

    @kept_property
    def all_placed(self) -> pd.DataFrame:
        """PLACED of every rule read, for IDs in scope."""
        return self.placed_anywhere[among(self.placed_anywhere["attack_id"], self.techniques["attack_id"])]

    @kept_property
    def placed(self) -> pd.DataFrame:
        """PLACED of the rules in scope, for IDs in scope."""
        return self.all_placed[among(self.all_placed["rule_key"], self.rules["rule_key"])]

    @kept_property
    def rules_on_ids(self) -> pd.DataFrame:
        """One row a (technique or sub-technique in scope, rule in scope on the very ID): `attack_id`,
        `rule_key`.
        """
        return self.placed[["attack_id", "rule_key"]].drop_duplicates(ignore_index=True)

    @kept_property
    def placed_copies(self) -> pd.DataFrame:
        """PLACED of every copy in scope under its own key, for IDs in scope: what each corpus has by
        itself.
        """
        if not self.counts_as:
            return self.placed
        placed = self._placed_files[among(self._placed_files["attack_id"], self.techniques["attack_id"])]
        return placed[among(placed["rule_key"], self.every_rule["rule_key"])]

    @kept_property
    def rule_platforms(self) -> pd.DataFrame:
        """One row a (rule in scope, platform in scope it works on)."""
        wanted = frozenset(self.scope.platforms)
        pairs = [
            (rule_key, platform)
            for rule_key, platforms in zip(
                self.rules["rule_key"].tolist(), self.rules["platforms"], strict=True
            )
            for platform in platforms
            if not wanted or platform in wanted
        ]
        return pd.DataFrame(pairs, columns=["rule_key", "platform"], dtype="str")

    def with_pre(self) -> View:
        """The same view with pre-attack techniques in scope. What does not hang on them is not made again."""
        wide = replace(self, scope=replace(self.scope, pre=True))
        kept_with(wide).share(kept_with(self), (part.make for part in _WITHOUT_TECHNIQUES))
        return wide

    def of_corpora(self, names: Collection[str]) -> View:
        """The rules of these corpora alone, in the same release and scope: what loading only them would give.

        Raises
        ------
        ValueError
            When a name is of no corpus of the view.
        """
        if unknown := set(names) - {stamp.name for stamp in self.scope.corpora}:
            raise ValueError(f"unknown rule set: {', '.join(sorted(unknown))}")
        stamps = tuple(stamp for stamp in self.scope.corpora if stamp.name in names)
        return self if stamps == self.scope.corpora else self._part(stamps)

    @once_a_view
    def _part(self, stamps: tuple[CorpusStamp, ...]) -> View:
        rules = self.all_rules[
            among(self.all_rules["corpus"], pd.Series([stamp.name for stamp in stamps], dtype="str"))
        ]
        mappings, placed = (
            frame[among(frame["rule_key"], rules["rule_key"])]
            for frame in (self.mappings, self._placed_files)
        )
        scope = replace(self.scope, corpora=stamps)
        part = replace(self, all_rules=rules, mappings=mappings, scope=scope)
        kept_with(part).put(View._placed_files.make, placed)
        return part


# What of a view does not depend on which techniques are in scope.
_WITHOUT_TECHNIQUES = (
    View.in_scope,
    View._may_have_copies,
    View._twins,
    View.every_rule,
    View.counts_as,
    View.rules,
    View._placed_files,
    View.placed_anywhere,
    View.mappings_in_scope,
    View.rule_platforms,
)


def among(values: pd.Series, wanted: pd.Series) -> pd.Series:
    """Boolean mask of the texts that are one of `wanted`.

    Ten times as fast as `values.isin(wanted)`, which makes an Arrow scalar of every wanted text.
    """
    known = frozenset(wanted.tolist())
    return pd.Series([value in known for value in values.tolist()], index=values.index, dtype=bool)


def rules_in_scope(rules: pd.DataFrame, scope: Scope) -> pd.Series:
    """Boolean mask of a RULES frame: which rules count in this scope, as each of its options says."""
    mask = pd.Series(True, index=rules.index, dtype=bool)
    for option in OPTIONS.values():
        value = getattr(scope, option.name)
        if option.keeps is not None and option.restricts(value):
            mask &= option.keeps(rules, value)
    return mask


def techniques_in_scope(techniques: pd.DataFrame, scope: Scope) -> pd.DataFrame:
    """TECHNIQUES: current IDs in scope, their `platforms` cut down to the platforms in scope.

    Pre-attack techniques are in only when the scope says so, with any platforms.
    """
    wanted = frozenset(scope.platforms)
    keep, cut = [], []
    for platforms, status in zip(techniques["platforms"], techniques["status"], strict=True):
        pre_only = platforms == (PRE_PLATFORM,)
        here = tuple(p for p in platforms if not wanted or p in wanted or (p == PRE_PLATFORM and scope.pre))
        keep.append(status == "live" and (scope.pre if pre_only else bool(here) or not wanted))
        cut.append(here)
    frame = techniques.assign(platforms=pd.Series(cut, index=techniques.index, dtype=object))
    return frame[pd.Series(keep, index=techniques.index, dtype=bool)]


def unread_rules(view: View) -> pd.DataFrame:
    """RULES in scope none of whose mappings is read as a current ID (tactic-only and unmapped ones too)."""
    read = view.mappings_in_scope.loc[view.mappings_in_scope["attack_id"].notna(), "rule_key"]
    return view.rules[~among(view.rules["rule_key"], read)]
