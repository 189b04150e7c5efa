"""The small tables in `data/` that a user may edit, read and checked."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from coverage.vocabulary import RULE_CLASSES

PROJECT = Path(__file__).resolve().parent.parent
DATA = PROJECT / "data"
PRIORITY_TERMS = ("gap", "group", "software", "campaign")
EASE_TERMS = (
    "ease_none",
    "ease_parent_only",
    "ease_partial",
    "ease_not_production",
    "ease_borrow",
    "ease_data",
)


class TableError(ValueError):
    """A table in `data/` that cannot be used; the message names file, line and cause."""


def depth_weights(path: Path = DATA / "weights.csv") -> dict[str, float]:
    """What a rule of each class is worth for depth: rule class -> weight, 0-1.

    A class the table leaves out keeps 0.

    Raises
    ------
    TableError
        For an unknown class or a weight that is not a number from 0 to 1.
    """
    return _weights(path, "rule_class", "rule class", RULE_CLASSES, most=1)


def priority_weights(path: Path = DATA / "priority.csv") -> dict[str, float]:
    """What closing a gap is worth: term -> weight. `gap` counts once, the others for each that uses the
    technique.

    A term the table leaves out keeps 0.

    Raises
    ------
    TableError
        For an unknown term, a weight that is not a number from 0 to 1000, or no weight for `gap`: then some
        gaps would count nothing.
    """
    weights = _priorities(path)
    if not weights["gap"]:
        raise TableError(f"{path}: 'gap' needs a weight of more than 0, so that every gap counts")
    return {term: weights[term] for term in PRIORITY_TERMS}


def ease_factors(path: Path = DATA / "priority.csv") -> dict[str, float]:
    """What makes a gap easy to close: term -> factor. `ease_` and a gap type for the kind of work,
    `ease_borrow` where another rule set has a rule for it, `ease_data` where its data is there.

    A term the table leaves out is 1.

    Raises
    ------
    TableError
        As `priority_weights`, but for `gap`.
    """
    weights = _priorities(path, 1.0)
    return {term: weights[term] for term in EASE_TERMS}


def _priorities(path: Path, left_out: float = 0.0) -> dict[str, float]:
    return _weights(path, "term", "term of a priority", (*PRIORITY_TERMS, *EASE_TERMS), 1000, left_out)


def _weights(
    path: Path, column: str, kind: str, known: Iterable[str], most: int, left_out: float = 0.0
) -> dict[str, float]:
    """The table's `weight` of each known name; `left_out` for one it leaves out."""
    weights = dict.fromkeys(known, left_out)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                name = (row.get(column) or "").strip()
                if name not in weights:
                    raise TableError(
                        f"{path}:{line}: '{name}' is not a {kind}; choose from {', '.join(weights)}"
                    )
                weights[name] = _weight(row, path, line, most)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: not a CSV file in UTF-8: {error}") from error
    return weights


def _weight(row: dict, path: Path, line: int, most: int) -> float:
    text = (row.get("weight") or "").strip()
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise TableError(f"{path}:{line}: the weight '{text}' is not a number from 0 to {most}")
    return value
