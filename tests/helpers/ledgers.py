"""What holds for every ledger between two releases."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.changes.frames import (
    IMPACT_BY_CAUSE,
    IMPACT_LEDGER,
    IMPACT_TOTALS,
    RULE_CHANGES,
    TOUCHED_CHANGES,
)
from coverage.changes.impact import Impact
from coverage.frames import checked
from coverage.measures import coverage_by_id, coverage_by_placement
from coverage.scope import View, once_a_view
from coverage.vocabulary import IMPACT_CAUSES, IMPACT_DETAILS

GRAINS = ("techniques", "subtechniques", "placements")


def unit(found: Impact, attack_id: str, tactic_id: str | None = None) -> pd.Series:
    ledger = found.ledger
    same_tactic = ledger["tactic_id"].isna() if tactic_id is None else ledger["tactic_id"] == tactic_id
    rows = ledger[(ledger["attack_id"] == attack_id) & same_tactic]
    assert len(rows) == 1, f"{attack_id} {tactic_id}: {len(rows)} rows"
    return rows.iloc[0]


def brief(row: pd.Series) -> tuple:
    return row["before"], row["after"], row["cause"], row["detail"]


@once_a_view
def totals_again(view: View) -> dict[str, tuple[float, int]]:
    """Covered and total at each grain from the measures that the pages show."""
    ids, cells = coverage_by_id(view), coverage_by_placement(view)
    parts = {
        "techniques": ids[~ids["is_subtechnique"]],
        "subtechniques": ids[ids["is_subtechnique"]],
        "placements": cells,
    }
    return {grain: (float(rows["covered"].sum()), len(rows)) for grain, rows in parts.items()}


def assert_adds_up(found: Impact) -> None:
    """The ledger's sums are the differences of the totals, and every line has a cause that is one."""
    old, new = totals_again(found.before), totals_again(found.after)
    exact = {"abs": 1e-9} if found.after.scope.rollup == "share" else {"abs": 0.0, "rel": 0.0}
    for grain in GRAINS:
        rows = found.ledger[found.ledger["grain"] == grain]
        assert rows["covered_change"].sum() == pytest.approx(new[grain][0] - old[grain][0], **exact)
        assert rows["total_change"].sum() == new[grain][1] - old[grain][1]
        causes = found.by_cause[found.by_cause["grain"] == grain]
        assert causes["covered_change"].sum() == pytest.approx(new[grain][0] - old[grain][0], **exact)
        assert causes["total_change"].sum() == new[grain][1] - old[grain][1]
        row = found.totals.set_index("grain").loc[grain]
        assert (row["covered_before"], row["total_before"]) == pytest.approx(old[grain])
        assert (row["covered_after"], row["total_after"]) == pytest.approx(new[grain])
    assert not set(found.ledger["cause"]) - (set(IMPACT_CAUSES) - {"unexplained"})
    assert not set(found.ledger["detail"]) - (set(IMPACT_DETAILS) - {"none"})
    assert ((found.ledger["covered_change"] != 0) | (found.ledger["total_change"] != 0)).all()
    assert (found.ledger["because"].str.len() > 5).all()


def assert_specs(found: Impact) -> None:
    for frame, spec in (
        (found.ledger, IMPACT_LEDGER),
        (found.totals, IMPACT_TOTALS),
        (found.by_cause, IMPACT_BY_CAUSE),
        (found.changes, TOUCHED_CHANGES),
        (found.rule_changes, RULE_CHANGES),
    ):
        checked(frame, spec)
