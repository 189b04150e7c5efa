"""Which corpus covers what: each corpus by its own rules alone, and all of them together.

No corpus is deduplicated against another here: a rule that two have counts for both. The union is the
view itself, where it counts once (`coverage.identity`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import pandas as pd

from coverage.frames import CORPUS_COVERAGE, CORPUS_PLACEMENTS, CORPUS_SUMMARY, FrameSpec
from coverage.measures.breadth import covered_by_id, covered_by_placement
from coverage.scope import View, once_a_view


def corpus_names(view: View) -> list[str]:
    """The names of the corpora of a view, in the order they were named."""
    return [stamp.name for stamp in view.scope.corpora]


@once_a_view
def coverage_by_corpus(view: View) -> pd.DataFrame:
    """CORPUS_COVERAGE: how far each corpus alone covers each ID in scope, corpus by corpus."""
    return _each_corpus(view, covered_by_id, CORPUS_COVERAGE)


@once_a_view
def placements_by_corpus(view: View) -> pd.DataFrame:
    """CORPUS_PLACEMENTS: the same for each cell of the matrix, from the rules that count in that cell."""
    return _each_corpus(view, covered_by_placement, CORPUS_PLACEMENTS)


def _each_corpus(view: View, measure: Callable[[View], pd.DataFrame], spec: FrameSpec) -> pd.DataFrame:
    parts = [measure(view.of_corpora([name])).assign(corpus=name) for name in corpus_names(view)]
    if not parts:
        return spec.empty()
    found = pd.concat(parts, ignore_index=True)
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
    index = pd.MultiIndex.from_tuples(names, names=keys) if len(keys) > 1 and names else pd.Index(list(names), name=keys[0])
    return pd.Series([tuple(found) for found in names.values()], index=index, dtype=object)


def _keys(frame: pd.DataFrame, keys: list[str]) -> list:
    columns = [frame[key].tolist() for key in keys]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def covered_elsewhere(view: View, names: Collection[str]) -> pd.Series:
    """ID in scope -> the other corpora of `view` that cover it wholly: who has what `names` may lack."""
    coverage = coverage_by_corpus(view)
    own = coverage["corpus"].isin(list(names))
    return covering_corpora(coverage.assign(covered=coverage["covered"].where(~own, 0.0)), ["attack_id"], least=1.0)


@once_a_view
def corpus_summary(view: View) -> pd.DataFrame:
    """CORPUS_SUMMARY: the figures of each corpus alone, and of all together in the last row.

    `only_here` counts the techniques that no other corpus covers in part or whole.
    """
    names = corpus_names(view)
    coverage = coverage_by_corpus(view)
    techniques = frozenset(view.techniques.loc[~view.techniques["is_subtechnique"], "attack_id"].tolist())
    covering = covering_corpora(coverage, ["attack_id"])
    alone = [found[0] for attack_id, found in covering.items() if len(found) == 1 and attack_id in techniques]
    rows = [_figures(view.of_corpora([name]), name, alone.count(name)) for name in names]
    rows.append(_figures(view, None, None))
    return CORPUS_SUMMARY.frame({column: [row[column] for row in rows] for column in CORPUS_SUMMARY.columns})


def _figures(view: View, name: str | None, only_here: int | None) -> dict:
    ids = covered_by_id(view)
    is_sub = ids["is_subtechnique"]
    return {
        "corpus": name, "rules_read": len(view.all_rules), "rules": len(view.rules),
        "covered": ids.loc[~is_sub, "covered"].sum(), "total": int((~is_sub).sum()), "only_here": only_here,
        "subtechniques_covered": int(ids.loc[is_sub, "covered"].sum()), "subtechniques": int(is_sub.sum()),
    }  # fmt: skip
