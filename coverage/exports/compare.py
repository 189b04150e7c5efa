"""Two corpora compared, and what one could borrow, as CSV and JSON that name who is who."""

from __future__ import annotations

import pandas as pd

from coverage.changes.borrow import Borrowing
from coverage.changes.compare import Comparison
from coverage.changes.sides import corpora_title
from coverage.exports.tables import GAP_NAMES, records, stamped_csv


def with_corpora(frame: pd.DataFrame, found: Comparison) -> pd.DataFrame:
    """The frame with the two corpora in front, so that a file of it says what A and B are."""
    return _led(frame, {"corpus_a": found.names[0], "corpus_b": found.names[1]})


def with_mine(frame: pd.DataFrame, found: Borrowing) -> pd.DataFrame:
    """The frame with the corpora whose gaps these are in front."""
    return _led(frame, {"mine": corpora_title(found.mine)})


def _led(frame: pd.DataFrame, values: dict[str, str]) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(values, index=frame.index, dtype="str"), frame], axis=1)


def comparison_csv(found: Comparison) -> bytes:
    """COMPARISON as CSV: both corpora in front, the scope's stamp behind."""
    return stamped_csv(with_corpora(found.ids, found), found.scope, GAP_NAMES)


def comparison_json(found: Comparison) -> dict:
    """Everything, as JSON-ready values."""
    return {
        "a": found.names[0],
        "b": found.names[1],
        "stamp": found.scope.stamp(),
        "sentence": found.sentence(),
        "totals": records(found.totals),
        "tactics": records(found.tactics),
        "ids": records(found.ids, GAP_NAMES),
    }


def borrow_csv(rows: pd.DataFrame, found: Borrowing) -> bytes:
    """BORROW or BORROW_PLAN rows as CSV: whose gaps in front, the scope's stamp behind."""
    return stamped_csv(with_mine(rows, found), found.scope, GAP_NAMES)


def borrow_json(found: Borrowing, candidates: pd.DataFrame, shown: pd.DataFrame, name: str) -> dict:
    """What was asked for under `name` (`rules` or `plan`), with the figures of the candidates it was made
    from.
    """
    return {
        "mine": corpora_title(found.mine),
        "others": corpora_title(found.others),
        "stamp": found.scope.stamp(),
        "lent_classes": list(found.others.scope.classes),
        "weights": dict(found.weights),
        "figures": found.figures(candidates),
        name: records(shown, GAP_NAMES),
    }
