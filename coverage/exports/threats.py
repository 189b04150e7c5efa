"""Coverage against a threat profile as JSON-ready values."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd

from coverage.exports.columns import NAMES
from coverage.exports.tables import records
from coverage.measures.adversaries import adversaries, adversary_ids, adversary_tactics
from coverage.measures.need import need_by_id, threat_coverage
from coverage.project.settings import ThreatSetting
from coverage.scope import View
from coverage.threats.threat import Threat


def threats_json(view: View, threat: Threat, order: pd.DataFrame, steps: pd.DataFrame) -> dict:
    """The profile, coverage weighted by need beside the plain count, adversaries, needs, gaps and steps.

    Parameters
    ----------
    view : View
    threat : Threat
    order : WORK_ORDER frame
        Only what the profile needs is in the result.
    steps : THREAT_STEPS frame
    """
    coverage = threat_coverage(view, threat)
    return {
        "stamp": view.scope.stamp(),
        "profile": {
            "name": threat.profile.name,
            "members": len(threat.members),
            "entries": [_entry(entry) for entry in threat.profile.entries],
        },
        "coverage": {
            "weighted": round(coverage.weighted, 6),
            "covered": _number(coverage.covered),
            "needed": coverage.needed,
            "need": round(coverage.need, 6),
            "need_covered": round(coverage.need_covered, 6),
            "out_of_scope": coverage.out_of_scope,
            **{
                grain: {"covered": _number(covered), "needed": needed}
                for grain, (covered, needed) in coverage.grains.items()
            },
        },
        "adversaries": [{"id": row.pop("member_id"), **row} for row in records(adversaries(view, threat))],
        "ids": records(adversary_ids(view, threat), NAMES),
        "tactics": records(adversary_tactics(view, threat)),
        "needs": records(need_by_id(view, threat), NAMES),
        "next": records(order[order["need"] > 0], NAMES),
        "plan": records(steps),
        "problems": records(threat.problems),
    }


def _entry(entry: ThreatSetting) -> dict:
    """What an entry says, without what it leaves out."""
    values = {field.name: getattr(entry, field.name) for field in fields(entry) if field.name != "lines"}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value not in ((), None)
    }


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else round(value, 6)
