"""The small tables in `data/` that a user may edit, read and checked."""

from __future__ import annotations

import csv
from pathlib import Path

from coverage.vocabulary import RULE_CLASSES

PROJECT = Path(__file__).resolve().parent.parent
DATA = PROJECT / "data"


class TableError(ValueError):
    """A table in `data/` that cannot be used; the message names file, line and cause."""


def depth_weights(path: Path = DATA / "weights.csv") -> dict[str, float]:
    """What a rule of each class is worth for depth: rule class -> weight, 0-1.

    A class the table leaves out keeps 0.

    Raises
    ------
    TableError
        For an unknown class or a weight that is no number from 0 to 1.
    """
    weights = dict.fromkeys(RULE_CLASSES, 0.0)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                weights[_known_class(row, path, line)] = _weight(row, path, line)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    return weights


def _known_class(row: dict, path: Path, line: int) -> str:
    name = (row.get("rule_class") or "").strip()
    if name not in RULE_CLASSES:
        raise TableError(f"{path}:{line}: '{name}' is no rule class; the classes are {', '.join(RULE_CLASSES)}")
    return name


def _weight(row: dict, path: Path, line: int) -> float:
    text = (row.get("weight") or "").strip()
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise TableError(f"{path}:{line}: the weight '{text}' is no number from 0 to 1")
    return value
