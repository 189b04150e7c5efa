"""The one way coverage is counted: rules on IDs, rolled up from sub-techniques to techniques.

Works at three grains with the same code: an ID, an ID in a tactic, an ID on a platform. `by` names
the columns beside `attack_id`: () or ("tactic_id",) or ("platform",). Definitions: DOMAIN section 2.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd


def units_with_parent(units: pd.DataFrame, techniques: pd.DataFrame) -> pd.DataFrame:
    """`units` with `name`, `is_subtechnique` and `parent_id` of each ID, in the units' order."""
    facts = techniques[["attack_id", "name", "is_subtechnique", "parent_id"]]
    return units.merge(facts, on="attack_id", how="left")


def unit_rows(frame: pd.DataFrame, units: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """For each row of `frame` the position of its unit in `units`, -1 where there is none.

    `keys` are unique in `units`. A dict is many times as fast as a merge of text columns.
    """
    places = {key: row for row, key in enumerate(_keys_of(units, keys))}
    return np.fromiter(
        (places.get(key, -1) for key in _keys_of(frame, keys)), dtype=np.int64, count=len(frame)
    )


def _keys_of(frame: pd.DataFrame, keys: list[str]) -> Iterable:
    columns = [frame[key].tolist() for key in keys]
    return columns[0] if len(columns) == 1 else zip(*columns, strict=True)


def _parent_rows(units: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """For each unit the position of its technique's unit, -1 where it has none in scope; and a last -1."""
    parents = units[[*keys[:-1], "parent_id"]].set_axis(keys, axis=1)
    return np.append(unit_rows(parents, units, keys), -1)


def rolled_up(pairs: pd.DataFrame, units: pd.DataFrame, by: tuple[str, ...] = ()) -> pd.DataFrame:
    """One row a (unit, rule) that counts under `any`: a rule on the ID or on one of its sub-techniques.

    Parameters
    ----------
    pairs : frame of `by`, `attack_id`, `rule_key`
        Rules on the very ID; each once.
    units : frame of `by`, `attack_id`, `parent_id`
        The IDs in scope at this grain.
    """
    keys = [*by, "attack_id"]
    upward = _parent_rows(units, keys)[unit_rows(pairs, units, keys)]  # -1 picks the last -1
    lifted = pairs[upward >= 0].assign(attack_id=units["attack_id"].array[upward[upward >= 0]])
    return pd.concat([pairs, lifted], ignore_index=True).drop_duplicates(ignore_index=True)


def coverage_columns(
    pairs: pd.DataFrame, lifted: pd.DataFrame, units: pd.DataFrame, rollup: str, by: tuple[str, ...] = ()
) -> pd.DataFrame:
    """`units` with the roll-up columns (`frames._ROLLUP_COLUMNS`): all four roll-ups, and the chosen one.

    `lifted` is `rolled_up(pairs, units, by)`. A rule counts once a unit, however many paths it has.
    """
    keys = [*by, "attack_id"]
    result = units.copy()
    result["rules_direct"] = _tally(unit_rows(pairs, result, keys), len(result))
    result["rules_any"] = _tally(unit_rows(lifted, result, keys), len(result))
    result["direct"] = result["rules_direct"] > 0
    result["any"] = result["rules_any"] > 0
    parents = _parent_rows(result, keys)[:-1]
    result["subtechniques"] = _tally(parents, len(result))
    result["subtechniques_covered"] = _tally(parents[result["direct"].to_numpy()], len(result))
    result["share"] = (result["subtechniques_covered"] / result["subtechniques"]).where(
        result["subtechniques"] > 0, result["direct"].astype("float64")
    )
    result["all"] = result["share"] == 1.0
    result["covered"] = result[rollup].astype("float64")
    result["rules"] = result["rules_direct"] if rollup == "direct" else result["rules_any"]
    return result


def _tally(rows: np.ndarray, length: int) -> np.ndarray:
    """How often each row 0 ... `length` - 1 is named; -1 is nobody's."""
    return np.bincount(rows[rows >= 0], minlength=length)
