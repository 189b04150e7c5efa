"""A move between two releases as CSV, JSON and a small table of before and after."""

from __future__ import annotations

import pandas as pd

from coverage.changes.impact import Impact
from coverage.changes.sides import GRAINS
from coverage.exports.tables import records, stamped_csv
from coverage.words import number, signed

# Name of a table -> its attribute of `Impact`.
TABLES: dict[str, str] = {
    "ledger": "ledger",
    "changes": "changes",
    "rules": "rule_changes",
    "causes": "by_cause",
}
_GRAIN_WORDS = {"techniques": "techniques", "subtechniques": "sub-techniques", "placements": "matrix cells"}


def comparison(found: Impact) -> pd.DataFrame:
    """Two rows a grain, covered and in scope: before, one column a cause, after, difference; all text for
    people.
    """
    totals = found.totals.set_index("grain")
    causes = found.by_cause.set_index(["grain", "cause"])
    return pd.DataFrame(
        [
            {
                "counted": f"{_GRAIN_WORDS[grain]} {words}",
                "before": number(totals.loc[grain, f"{kind}_before"]),
                **{cause: signed(row[f"{kind}_change"]) for cause, row in causes.loc[grain].iterrows()},
                "after": number(totals.loc[grain, f"{kind}_after"]),
                "difference": signed(
                    totals.loc[grain, f"{kind}_after"] - totals.loc[grain, f"{kind}_before"]
                ),
            }
            for grain in GRAINS
            for kind, words in (("covered", "covered"), ("total", "in scope"))
        ]
    ).fillna("0")


def with_releases(frame: pd.DataFrame, found: Impact) -> pd.DataFrame:
    """The frame with the two releases in front, so that a file of it says what was compared."""
    named = {
        "from_release": str(found.before.catalogue.release),
        "to_release": str(found.after.catalogue.release),
    }
    return pd.concat([pd.DataFrame(named, index=frame.index), frame], axis=1)


def impact_csv(found: Impact, table: str = "ledger") -> bytes:
    """One of `TABLES` as CSV, with both releases in front and the scope's stamp behind."""
    return stamped_csv(with_releases(getattr(found, TABLES[table]), found), found.after.scope)


def impact_json(found: Impact) -> dict:
    """Everything, as JSON-ready values."""
    return {
        "from": str(found.before.catalogue.release),
        "to": str(found.after.catalogue.release),
        "stamp": found.after.scope.stamp(),
        "sentence": found.sentence(),
        "totals": records(found.totals),
        "by_cause": records(found.by_cause),
        "changes": records(found.changes),
        "ledger": records(found.ledger),
        "rules": records(found.rule_changes),
    }
