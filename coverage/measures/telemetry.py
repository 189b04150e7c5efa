"""What a rule would need to see: the data components and log sources MITRE's analytics name."""

from __future__ import annotations

import pandas as pd

from coverage.catalogue.model import Catalogue
from coverage.frames import TELEMETRY
from coverage.measures.threat import listed, with_parents
from coverage.scope import View, once_a_view


@once_a_view
def telemetry_by_id(view: View) -> pd.DataFrame:
    """TELEMETRY: data components and log sources of each ID in scope, sorted by name.

    A technique's include its sub-techniques'. Under a platform filter only analytics for these
    platforms count.
    """
    catalogue = view.catalogue
    components, sources = named_components(catalogue), _log_sources(catalogue, view.scope.platforms)
    result = pd.DataFrame({"attack_id": view.techniques["attack_id"].array})
    for column, pairs in (("data_components", components), ("log_sources", sources)):
        lifted = with_parents(pairs, catalogue.techniques, "name").sort_values("name")
        result[column] = listed(lifted, "attack_id", "name", result["attack_id"])
    return result[list(TELEMETRY.columns)]


def named_components(catalogue: Catalogue) -> pd.DataFrame:
    """One row a (technique, data component name)."""
    names = catalogue.data_components[["component_id", "name"]]
    return catalogue.component_detects.merge(names, on="component_id")[["attack_id", "name"]].drop_duplicates()


def _log_sources(catalogue: Catalogue, platforms: tuple[str, ...]) -> pd.DataFrame:
    analytics = catalogue.analytics
    if platforms:
        wanted = frozenset(platforms)
        analytics = analytics[[not wanted.isdisjoint(p) for p in analytics["platforms"]]]
    pairs = catalogue.strategies[["strategy_id", "attack_id"]].merge(
        analytics[["strategy_id", "analytic_id"]], on="strategy_id"
    )
    pairs = pairs.merge(catalogue.log_sources[["analytic_id", "name"]], on="analytic_id")
    return pairs[["attack_id", "name"]].drop_duplicates()
