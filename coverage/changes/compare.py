"""Two corpora compared: what A alone covers, B alone, both, and neither of them.

Both are read in one release and looked at in one scope, however each was written. Knows views only:
where the rules come from is `reading`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coverage.changes.frames import COMPARISON, COMPARISON_TACTICS, COMPARISON_TOTALS
from coverage.changes.sides import GRAIN_WORDS, corpora_title, joint_scope
from coverage.kept import kept_property
from coverage.measures.breadth import covered_by_id, covered_by_placement
from coverage.measures.gaps import tactic_names
from coverage.measures.threat import threat_by_id
from coverage.scope import Scope, View, once_a_view
from coverage.vocabulary import SIDES, attack_url
from coverage.words import amount

# The grains that two corpora are compared by, for people.
GRAINS: dict[str, str] = {grain: f"{GRAIN_WORDS[grain]}s" for grain in ("techniques", "subtechniques")}


@dataclass(frozen=True)
class Comparison:
    """Two corpora in one release and scope; made by `compare`. A and B are what the frames call them."""

    a: View
    b: View

    @kept_property
    def names(self) -> tuple[str, str]:
        """What A and B are called."""
        return corpora_title(self.a), corpora_title(self.b)

    @kept_property
    def scope(self) -> Scope:
        """The one scope of both, for stamps."""
        return joint_scope(self.a, self.b)

    @kept_property
    def ids(self) -> pd.DataFrame:
        """COMPARISON: each technique and sub-technique in scope, in ID order."""
        a, b = covered_by_id(self.a), covered_by_id(self.b)
        frame = a.assign(
            side=_sides(a, b),
            rules_a=a["rules"],
            rules_b=b["rules"],
            covered_a=a["covered"],
            covered_b=b["covered"],
            tactics=tactic_names(self.a, a["attack_id"]),
            url=[attack_url(attack_id) for attack_id in a["attack_id"]],
        ).merge(threat_by_id(self.a), on="attack_id", how="left")
        return frame[list(COMPARISON.columns)].astype({"side": "str", "url": "str"})

    @kept_property
    def totals(self) -> pd.DataFrame:
        """COMPARISON_TOTALS: how many techniques, and how many sub-techniques, stand on each side."""
        return _counted(self.ids, [])[list(COMPARISON_TOTALS.columns)]

    @kept_property
    def tactics(self) -> pd.DataFrame:
        """COMPARISON_TACTICS: the same in each tactic, from the rules that count there; in matrix order."""
        a, b = covered_by_placement(self.a), covered_by_placement(self.b)
        tactics = self.a.catalogue.tactics
        tactics = tactics.loc[tactics["position"] >= 0, ["tactic_id", "name", "position"]]
        frame = tactics.merge(pd.DataFrame({"grain": list(GRAINS)}, dtype="str"), how="cross")
        frame = frame.merge(
            _counted(a.assign(side=_sides(a, b)), ["tactic_id"]), on=["tactic_id", "grain"], how="left"
        )
        counts = [*SIDES, "total"]
        frame = frame.fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, "int64"))
        return frame.sort_values(["position", "grain"], ascending=[True, False], ignore_index=True)[
            list(COMPARISON_TACTICS.columns)
        ]

    def count(self, grain: str) -> dict[str, int]:
        """The four sides and the total of one of `GRAINS`."""
        return self.totals.set_index("grain").loc[grain].astype(int).to_dict()

    def sentence(self, grain: str = "techniques") -> str:
        """`elastic covers 161 and sigma 150 of 201 techniques: 12 only elastic, ...`."""
        (a, b), counts = self.names, self.count(grain)
        covered_a, covered_b = counts["a_only"] + counts["both"], counts["b_only"] + counts["both"]
        total = amount(counts["total"], GRAIN_WORDS[grain])
        return (
            f"{a} covers {covered_a:,} and {b} {covered_b:,} of {total}: {counts['a_only']:,} only {a}, "
            f"{counts['b_only']:,} only {b}, {counts['both']:,} both, {counts['neither']:,} neither."
        )


def compare(a: View, b: View) -> Comparison:
    """Two corpora compared: two views of one release and one scope.

    An ID stands with a corpus when it is covered whole under the roll-up, as in the gap list: under `share`
    a part is open, and the shares themselves stand in `covered_a` and `covered_b`.

    Raises
    ------
    ValueError
        When the views differ in more than their corpora.
    """
    joint_scope(a, b)
    return _comparison(a, b)


@once_a_view(most=1)  # pages ask again and again
def _comparison(a: View, b: View) -> Comparison:
    return Comparison(a, b)


def _sides(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    in_a, in_b = a["covered"].to_numpy() == 1, b["covered"].to_numpy() == 1
    return np.select([in_a & in_b, in_a, in_b], ["both", "a_only", "b_only"], "neither")


def _counted(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """How many rows stand on each side, for each value of `by` and each grain; techniques first."""
    grains = np.where(frame["is_subtechnique"], "subtechniques", "techniques")
    rows = frame.assign(grain=pd.Series(grains, index=frame.index, dtype="str"))
    counts = rows.groupby([*by, "grain", "side"]).size().unstack("side", fill_value=0)
    if not by:
        counts = counts.reindex(pd.Index(list(GRAINS), name="grain", dtype="str"), fill_value=0)
    counts = counts.reindex(columns=list(SIDES), fill_value=0).astype("int64")
    return counts.assign(total=counts.sum(axis=1)).reset_index().rename_axis(columns=None)
