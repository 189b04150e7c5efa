"""Where coverage is missing or weak: the tactics or platforms that stand out, and a sentence about them."""

from __future__ import annotations

import pandas as pd

WEAK = 0.6  # covered share below which a platform is called weak
_MOST = 3  # weak ones named in a sentence


def worst_first(coverage: pd.DataFrame) -> pd.DataFrame:
    """TACTIC_COVERAGE or PLATFORM_COVERAGE with `share` (0-1), lowest first; without those that have nothing
    in scope.
    """
    rows = coverage[coverage["total"] > 0]
    rows = rows.assign(share=rows["covered"] / rows["total"])
    return rows.sort_values(["share", "total", "name"], ascending=[True, False, True], ignore_index=True)


def blind_spots(coverage: pd.DataFrame) -> str:
    """`Blind on ESXi (0 of 64); weak on SaaS 36%, macOS 58%.`, from PLATFORM_COVERAGE; "" without platforms.

    Blind: none of a platform's techniques is covered. Weak: less than WEAK of them, the three lowest.
    """
    rows = worst_first(coverage)
    if rows.empty:
        return ""
    blind = [f"{row.name} (0 of {row.total})" for row in rows.itertuples(index=False) if row.covered == 0]
    weak = rows[(rows["covered"] > 0) & (rows["share"] < WEAK)].head(_MOST)
    parts = [f"blind on {', '.join(blind)}"] if blind else []
    if len(weak):
        parts.append("weak on " + ", ".join(_percent(row) for row in weak.itertuples(index=False)))
    if not parts:
        lowest = _percent(next(rows.itertuples(index=False)))
        return f"No platform is below {WEAK:.0%}; the lowest is {lowest}."
    sentence = "; ".join(parts)
    return sentence[:1].upper() + sentence[1:] + "."


def _percent(row) -> str:
    return f"{row.name} {row.share:.0%}"
