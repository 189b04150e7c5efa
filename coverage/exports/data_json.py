"""What arrives and what it makes of rules and IDs, as JSON-ready values."""

from __future__ import annotations

from coverage.exports.columns import NAMES
from coverage.exports.tables import records
from coverage.inventory.arrivals import Arrivals
from coverage.inventory.reading import Inventories
from coverage.inventory.verdicts import CANNOT_FIRE
from coverage.measures.connections import next_sources, sources
from coverage.measures.data_states import data_summary
from coverage.measures.verdicts import rule_verdicts
from coverage.measures.what_if import WhatIf
from coverage.scope import View
from coverage.threats.threat import Threat


def data_json(
    view: View, arrivals: Arrivals, threat: Threat, found: Inventories, change: WhatIf | None = None
) -> dict:
    """States, log sources, verdicts and what to connect next; with `change` also what it does.

    Parameters
    ----------
    view : View
    arrivals : Arrivals
    threat : Threat
        By whose need log sources to connect are ranked.
    found : Inventories
        What `arrivals` was made of: words that are unknown, and what is wrong with the files.
    change : WhatIf, optional
    """
    verdicts = rule_verdicts(view, arrivals)
    unmatched = found.unmatched[["inventory", "file", "place", "word", "nearest"]]
    return {
        "stamp": view.scope.stamp(),
        **data_summary(view, arrivals),
        "sources": records(sources(view, arrivals)),
        "next": records(next_sources(view, arrivals, threat)),
        "rules_without_data": records(verdicts[verdicts["verdict"] == CANNOT_FIRE]),
        "unmatched": records(unmatched),
        "problems": records(found.problems),
        **({"what_if": _what_if(change)} if change is not None else {}),
    }


def _what_if(change: WhatIf) -> dict:
    return {
        "before": {"states": change.before, "rules": change.rules_before},
        "after": {"states": change.after, "rules": change.rules_after},
        "ids": records(change.ids, NAMES),
        "rules": records(change.rules),
    }
