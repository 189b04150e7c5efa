"""How well an ID is covered: depth, breadth over platforms, score, highest severity.

Takes the (unit, rule) pairs that count and adds the columns. Definitions: DOMAIN section 2; the
weights are data (`data/weights.csv`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from coverage.measures.rollup import unit_rows
from coverage.vocabulary import PRE_PLATFORM, SEVERITIES


def rule_weights(rules: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """What each rule of a RULES frame is worth, 0-1, by `rule_key`: its class's weight, 0 when disabled.

    A disabled rule detects nothing, so it stays at 0 in a scope that counts such rules as covering.
    """
    worth = rules["rule_class"].map(dict(weights)).astype("float64").fillna(0.0)
    worth = worth.where(rules["enabled"].fillna(True).astype(bool), 0.0)
    return worth.set_axis(rules["rule_key"])


def strength_columns(
    counted: pd.DataFrame,
    units: pd.DataFrame,
    rules: pd.DataFrame,
    rule_platforms: pd.DataFrame,
    weights: Mapping[str, float],
    by: tuple[str, ...] = (),
) -> pd.DataFrame:
    """`units` with depth, platforms_total, platforms_covered, breadth, score, severity, open_platforms.

    Parameters
    ----------
    counted : frame of `by`, `attack_id`, `rule_key`
        The rules that count on each unit under the roll-up, each once.
    units : frame of `by`, `attack_id`, `platforms`
        The IDs in scope, with their platforms in scope.
    rules, rule_platforms : the rules in scope, and the platforms in scope each works on
    weights : rule class -> weight, 0-1
    """
    keys = [*by, "attack_id"]
    result = units.copy()
    rows, rule_keys = unit_rows(counted, result, keys), counted["rule_key"].tolist()
    result["depth"] = _depth(rows, rule_keys, len(result), rule_weights(rules, weights))
    result["severity"] = pd.Series(
        _highest_severity(rows, rule_keys, len(result), rules), index=result.index, dtype="str"
    )
    covered = _covered_platforms(rows, rule_keys, result["platforms"], rule_platforms)
    result["platforms_covered"] = [len(found) for found in covered]
    targets = [tuple(p for p in platforms if p != PRE_PLATFORM) for platforms in result["platforms"]]
    result["platforms_total"] = [len(platforms) for platforms in targets]
    result["open_platforms"] = pd.Series(
        [tuple(p for p in all_ if p not in found) for all_, found in zip(targets, covered, strict=True)],
        index=result.index,
        dtype=object,
    )
    with_rule = np.bincount(rows[rows >= 0], minlength=len(result)) > 0
    has_rule = pd.Series(with_rule, index=result.index).astype("float64")
    breadth = result["platforms_covered"] / result["platforms_total"].where(result["platforms_total"] > 0)
    result["breadth"] = breadth.fillna(has_rule)  # PRE and ICS name no platform a rule could run on
    result["score"] = result["depth"] * result["breadth"]
    return result


def _depth(rows: np.ndarray, rule_keys: list[str], length: int, worth: pd.Series) -> np.ndarray:
    weights = worth.to_dict()
    left = np.ones(length)
    np.multiply.at(left, rows, 1 - 0.5 * np.array([weights.get(key, 0.0) for key in rule_keys], dtype=float))
    return 1 - left


def _highest_severity(
    rows: np.ndarray, rule_keys: list[str], length: int, rules: pd.DataFrame
) -> list[str | None]:
    ranks = {name: rank for rank, name in enumerate(SEVERITIES)}
    by_rule = {
        key: ranks.get(severity, -1)
        for key, severity in zip(rules["rule_key"].tolist(), rules["severity"].tolist(), strict=True)
    }
    highest = np.full(length, -1)
    np.maximum.at(highest, rows, np.array([by_rule.get(key, -1) for key in rule_keys], dtype=int))
    names = (*SEVERITIES, None)  # -1 is the last: no rule says
    return [names[rank] for rank in highest]


def _covered_platforms(
    rows: np.ndarray, rule_keys: list[str], platforms: pd.Series, rule_platforms: pd.DataFrame
) -> list[set[str]]:
    by_rule: dict[str, list[str]] = {}
    for key, platform in zip(
        rule_platforms["rule_key"].tolist(), rule_platforms["platform"].tolist(), strict=True
    ):
        by_rule.setdefault(key, []).append(platform)
    found: list[set[str]] = [set() for _ in platforms]
    for row, key in zip(rows.tolist(), rule_keys, strict=True):
        found[row].update(by_rule.get(key, ()))
    return [here.intersection(wanted) for here, wanted in zip(found, platforms, strict=True)]
