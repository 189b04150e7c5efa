"""The figures a manager asks for first, as plain values: counts with their denominators."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from coverage.identity import same_rules, united
from coverage.measures.breadth import (
    coverage_by_id,
    coverage_by_placement,
    coverage_by_platform,
    coverage_by_tactic,
    covered_by_id,
)
from coverage.measures.corpora import corpus_summary
from coverage.scope import View, once_a_view, rules_in_scope
from coverage.vocabulary import RULE_CLASSES


def summary(view: View, problems: int = 0, unplaced: int = 0) -> dict:
    """The scope's stamp and its figures, as JSON-ready values. `docs/numbers.md` says what each is.

    `covered` is a whole number under the roll-ups `any`, `all` and `direct`; under `share` it is the
    sum of the shares. `rollups.share` is the mean share over the techniques in scope, 0-1.

    Parameters
    ----------
    view : View
    problems, unplaced : int
        How many problems were met in reading the files, and how many IDs could not be placed; together they
        are what the command `problems` lists.
    """
    ids, cells = coverage_by_id(view), coverage_by_placement(view)
    techniques, subtechniques = ids[~ids["is_subtechnique"]], ids[ids["is_subtechnique"]]
    return {
        "stamp": view.scope.stamp(),
        "rules": rule_counts(view) | {"problems": problems, "unplaced": unplaced},
        "techniques": _ratio(techniques),
        "techniques_with_pre": techniques_with_pre(view),
        "subtechniques": _ratio(subtechniques),
        "placements": _ratio(cells),
        "rollups": {
            **{name: int(techniques[name].sum()) for name in ("any", "all", "direct")},
            "share": _round(techniques["share"].mean()) if len(techniques) else 0.0,
        },
        "tactics": _rows(coverage_by_tactic(view), {"id": "tactic_id", "name": "name"}),
        "platforms": _rows(coverage_by_platform(view), {"name": "name"}, "rules_counted"),
        "corpora": []
        if len(view.scope.corpora) < 2
        else _rows(corpus_summary(view).dropna(subset="corpus"), {"name": "corpus"}),
    }


@once_a_view
def techniques_with_pre(view: View) -> dict:
    """Covered and total techniques with pre-attack ones in, in any scope, so that both can be
    shown.
    """
    ids = coverage_by_id(view) if view.scope.pre else covered_by_id(view.with_pre())
    return _ratio(ids[~ids["is_subtechnique"]])


@once_a_view
def rule_counts(view: View) -> dict:
    """How many rules were read, by class, in scope, and how many of those in scope map to nothing.

    `read` and `by_class` count what the files hold; in every other count a rule that is in several
    places counts once. `same_elsewhere`: the copies in scope that are left out of `in_scope` for that.
    `unmapped`: no mapping at all. `tactic_only`: mappings, but none names a technique. `unread`:
    techniques named, but none is read as a current ID of this release. `platform_unknown`: in scope by
    class and left out, or not counted for any platform, because nothing says where the rule works.
    """
    mine, keys = view.mappings_in_scope[["rule_key", "leaf_written", "attack_id"]], view.rules["rule_key"]
    with_leaf = mine.loc[mine["leaf_written"].notna(), "rule_key"].unique()
    read = mine.loc[mine["attack_id"].notna(), "rule_key"].unique()
    mapped = mine["rule_key"].unique()
    by_class = view.all_rules["rule_class"].value_counts()
    return {
        "read": len(view.all_rules),
        "by_class": {name: int(by_class.get(name, 0)) for name in RULE_CLASSES},
        "in_scope": len(keys),
        "same_elsewhere": int(view.in_scope.sum()) - len(keys),
        "unmapped": len(keys) - len(mapped),
        "tactic_only": len(mapped) - len(with_leaf),
        "unread": len(with_leaf) - len(read),
        "platform_unknown": _platform_unknown(view),
    }


def _platform_unknown(view: View) -> int:
    if not view.scope.platforms:
        return sum(not platforms for platforms in view.rules["platforms"].tolist())
    in_wide_scope = view.all_rules[rules_in_scope(view.all_rules, replace(view.scope, platforms=()))]
    return sum(not platforms for platforms in united(in_wide_scope, same_rules(in_wide_scope))["platforms"])


def _round(value: float) -> float:
    return round(float(value), 4)


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else _round(value)


def _ratio(rows: pd.DataFrame) -> dict:
    return {"covered": _number(rows["covered"].sum()), "total": len(rows)}


def _rows(frame: pd.DataFrame, names: dict[str, str], *more: str) -> list[dict]:
    counts = ("total", "subtechniques_covered", "subtechniques", "rules", *more)
    return [
        {key: row[column] for key, column in names.items()}
        | {"covered": _number(row["covered"])}
        | {key: int(row[key]) for key in counts}
        for row in frame.to_dict("records")
    ]
