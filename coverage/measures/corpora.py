"""Which corpus covers what: each corpus by its own rules alone, and all of them together.

No corpus is deduplicated against another here: a rule that two have counts for both. The union is the
view itself, where it counts once (`coverage.identity`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from math import fsum

import pandas as pd

from coverage.frames import FrameSpec
from coverage.measures.breadth import coverage_by_id
from coverage.measures.frames import CORPUS_COVERAGE, CORPUS_PLACEMENTS, CORPUS_SUMMARY
from coverage.measures.rollup import coverage_columns, rolled_up, units_with_parent
from coverage.scope import View, once_a_view


def corpus_names(view: View) -> list[str]:
    """The names of the corpora of a view, in the order they were named."""
    return [stamp.name for stamp in view.scope.corpora]


@once_a_view
def coverage_by_corpus(view: View) -> pd.DataFrame:
    """CORPUS_COVERAGE: how far each corpus alone covers each ID in scope, corpus by corpus."""
    ids = view.techniques[["attack_id", "is_subtechnique", "parent_id"]]
    pairs = (
        view.placed_copies[["attack_id", "rule_key"]].drop_duplicates()
        if view.counts_as
        else view.rules_on_ids
    )
    return _each_corpus(view, ids, pairs, ("corpus",), CORPUS_COVERAGE)


@once_a_view
def placements_by_corpus(view: View) -> pd.DataFrame:
    """CORPUS_PLACEMENTS: the same for each cell of the matrix, from the rules that count in that cell."""
    cells = units_with_parent(view.placements, view.techniques)
    return _each_corpus(view, cells, view.placed_copies, ("corpus", "tactic_id"), CORPUS_PLACEMENTS)


def _each_corpus(
    view: View, units: pd.DataFrame, pairs: pd.DataFrame, by: tuple[str, ...], spec: FrameSpec
) -> pd.DataFrame:
    """Coverage of every unit by every corpus: the roll-up with the corpus as one more grain, since no rule is
    of two.
    """
    names = corpus_names(view)
    if not names:
        return spec.empty()
    each = pd.concat(
        [units.assign(corpus=pd.Series(name, index=units.index, dtype="str")) for name in names],
        ignore_index=True,
    )
    corpus_of = dict(zip(view.all_rules["rule_key"].tolist(), view.all_rules["corpus"].tolist(), strict=True))
    pairs = pairs.assign(
        corpus=pd.Series(
            [corpus_of[key] for key in pairs["rule_key"].tolist()], index=pairs.index, dtype="str"
        )
    )
    found = coverage_columns(pairs, rolled_up(pairs, each, by), each, view.scope.rollup, by)
    return spec.frame({column: found[column].array for column in spec.columns})


def covering_corpora(coverage: pd.DataFrame, keys: list[str], least: float = 0.0) -> pd.Series:
    """The names of the corpora that cover each ID or placement, as tuples by `keys`, in the corpora's order.

    Parameters
    ----------
    coverage : CORPUS_COVERAGE or CORPUS_PLACEMENTS
    keys : ["attack_id"] or ["tactic_id", "attack_id"]
    least : float
        How much of it must be covered. 0: anything at all, which differs under the roll-up `share` only.
    """
    enough = (coverage["covered"] > 0) & (coverage["covered"] >= least)
    names: dict = {key: [] for key in _keys(coverage, keys)}
    for key, name in zip(_keys(coverage[enough], keys), coverage.loc[enough, "corpus"].tolist(), strict=True):
        names[key].append(name)
    index = (
        pd.MultiIndex.from_tuples(names, names=keys)
        if len(keys) > 1 and names
        else pd.Index(list(names), name=keys[0])
    )
    return pd.Series([tuple(found) for found in names.values()], index=index, dtype=object)


def _keys(frame: pd.DataFrame, keys: list[str]) -> list:
    columns = [frame[key].tolist() for key in keys]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def covered_elsewhere(view: View, names: Collection[str]) -> pd.Series:
    """ID in scope -> the other corpora of `view` that cover it wholly: who has what `names` may lack."""
    coverage = coverage_by_corpus(view)
    own = coverage["corpus"].isin(list(names))
    return covering_corpora(
        coverage.assign(covered=coverage["covered"].where(~own, 0.0)), ["attack_id"], least=1.0
    )


@once_a_view
def corpus_summary(view: View) -> pd.DataFrame:
    """CORPUS_SUMMARY: the figures of each corpus alone, and of all together in the last row.

    `only_here` counts the techniques that no other corpus covers in part or whole.
    """
    names, coverage = corpus_names(view), coverage_by_corpus(view)
    is_sub = dict(
        zip(view.techniques["attack_id"].tolist(), view.techniques["is_subtechnique"].tolist(), strict=True)
    )
    alone = Counter(
        found[0]
        for attack_id, found in covering_corpora(coverage, ["attack_id"]).items()
        if len(found) == 1 and not is_sub[attack_id]
    )
    read, in_scope = (Counter(rules["corpus"].tolist()) for rules in (view.all_rules, view.every_rule))
    rows = [
        {"corpus": name, "rules_read": read[name], "rules": in_scope[name], "only_here": alone[name]}
        | _figures(coverage[coverage["corpus"] == name], is_sub)
        for name in names
    ]
    whole = {"corpus": None, "rules_read": len(view.all_rules), "rules": len(view.rules), "only_here": None}
    rows.append(whole | _figures(coverage_by_id(view), is_sub))
    return CORPUS_SUMMARY.frame({column: [row[column] for row in rows] for column in CORPUS_SUMMARY.columns})


def _figures(coverage: pd.DataFrame, is_sub: dict[str, bool]) -> dict:
    """Covered and all techniques and sub-techniques of a frame with `attack_id` and `covered`."""
    subs = [is_sub[attack_id] for attack_id in coverage["attack_id"].tolist()]
    values = list(zip(coverage["covered"].tolist(), subs, strict=True))
    return {
        "covered": fsum(covered for covered, sub in values if not sub),
        "total": len(subs) - sum(subs),
        "subtechniques_covered": int(sum(covered for covered, sub in values if sub)),
        "subtechniques": sum(subs),
    }
