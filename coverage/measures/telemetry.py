"""What a rule would need to see: the data components and log sources MITRE's analytics name."""

from __future__ import annotations

import pandas as pd

from coverage.catalogue.model import Catalogue
from coverage.measures.frames import TELEMETRY
from coverage.measures.threat import by_family
from coverage.scope import View, once_a_view


@once_a_view
def telemetry_by_id(view: View) -> pd.DataFrame:
    """TELEMETRY: data components and log sources of each ID in scope, sorted by name.

    A technique's include its sub-techniques'. Under a platform filter only analytics for these
    platforms count.
    """
    catalogue = view.catalogue
    components, sources = named_components(catalogue), _log_sources(catalogue, view.scope.platforms)
    ids = view.techniques["attack_id"].tolist()
    columns = {"attack_id": ids}
    for column, pairs in (("data_components", components), ("log_sources", sources)):
        names = by_family(pairs["attack_id"], pairs["name"], catalogue.techniques)
        columns[column] = [tuple(sorted(names.get(attack_id, ()))) for attack_id in ids]
    return TELEMETRY.frame(columns)


def named_components(catalogue: Catalogue) -> pd.DataFrame:
    """One row a (technique, data component name)."""
    names = catalogue.data_components[["component_id", "name"]]
    return catalogue.component_detects.merge(names, on="component_id")[
        ["attack_id", "name"]
    ].drop_duplicates()


def _log_sources(catalogue: Catalogue, platforms: tuple[str, ...]) -> pd.DataFrame:
    detections = catalogue.detections
    if platforms:
        wanted = frozenset(platforms)
        detections = detections[[not wanted.isdisjoint(p) for p in detections["platforms"]]]
    pairs = detections.merge(catalogue.log_sources[["analytic_id", "name"]], on="analytic_id")
    return pairs[["attack_id", "name"]].drop_duplicates()
