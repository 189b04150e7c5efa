"""DeTT&CT's visibility of each technique, counted by its rules, so that its users can compare.

For each system of a data source administration and each technique of its platforms: how many of the
technique's data components the file lists for the system. A component counts when it has any quality score
above 0; whether it is available for analytics does not matter. Techniques that the file lists as exceptions
are left out. The percentage gives the score. DeTT&CT's picture shows the mean over the systems of a
technique: `technique_visibility`.

Two inputs differ from DeTT&CT's. Which components a platform has is what MITRE's analytics name (before
ATT&CK 18: every component that detects the technique), not DeTT&CT's own table. Its own data sources, such as
`Web [DeTT&CT data source]`, are no part of ATT&CK and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from coverage.catalogue import Catalogue
from coverage.inventory.files.dettect import ALL, has_quality, is_administration, systems_of
from coverage.inventory.files.reading import read_document
from coverage.inventory.files.seam import texts_of
from coverage.inventory.frames import VISIBILITY
from coverage.syntaxes.fields import text_at

STEPS = ((4, 99.0), (3, 74.0), (2, 49.0), (1, 0.0))  # score -> the percentage that is below it


def dettect_visibility(path: Path, catalogue: Catalogue) -> pd.DataFrame:
    """VISIBILITY of a data source administration in a release, by technique and system.

    No rows for a file that cannot be read, or is none or of another domain: `read_inventories` says why.
    """
    rows = []
    for document in read_document(path):
        if is_administration(document) and _is_of(document, catalogue):
            rows += _rows(document, catalogue)
    return VISIBILITY.of_rows({row[:2]: row for row in rows}.values())


def technique_visibility(visibility: pd.DataFrame) -> dict[str, float]:
    """Technique or sub-technique -> its percentage, 0-100: the mean over its systems."""
    return visibility.groupby("attack_id", sort=False)["percentage"].mean().to_dict()


def visibility_score(percentage: float) -> int:
    """DeTT&CT's score of a percentage: 0 for none, 1 up to 49, 2 up to 74, 3 up to 99, 4 above."""
    return next((score for score, below in STEPS if percentage > below), 0)


def _is_of(document: dict, catalogue: Catalogue) -> bool:
    domain = text_at(document, "domain") or "enterprise-attack"
    return domain.removesuffix("-attack") == catalogue.release.domain


def _rows(document: dict, catalogue: Catalogue) -> Iterator[tuple]:
    systems, components = systems_of(document), _components_by_place(catalogue)
    listed = {system.name: _listed(document, system.name) for system in systems}
    exceptions = {text.upper() for text in _exceptions(document)}
    techniques = catalogue.techniques
    live = techniques[techniques["status"] == "live"]
    for attack_id, platforms in zip(live["attack_id"], live["platforms"], strict=True):
        if attack_id in exceptions:
            continue
        for system in systems:
            shared = [one for one in platforms if not system.platforms or one in system.platforms]
            if shared:
                wanted = set().union(*(components.get((attack_id, one), ()) for one in shared))
                available = len(wanted & listed[system.name])
                percentage = available / len(wanted) * 100 if wanted else 0.0
                score = visibility_score(percentage)
                yield (attack_id, system.name, available, len(wanted), percentage, score)


def _components_by_place(catalogue: Catalogue) -> dict[tuple[str, str], set[str]]:
    """(technique, platform) -> the names of its data components, in small letters."""
    names = dict(
        zip(
            catalogue.data_components["component_id"],
            catalogue.data_components["name"].str.lower(),
            strict=True,
        )
    )
    found: dict[tuple[str, str], set[str]] = {}
    for attack_id, platforms, component in _detections(catalogue):
        if component in names:
            for platform in platforms:
                found.setdefault((attack_id, platform), set()).add(names[component])
    return found


def _detections(catalogue: Catalogue) -> Iterable[tuple[str, tuple[str, ...], str]]:
    """(technique, platforms, component) of MITRE's analytics; before them, of its relations."""
    if len(catalogue.analytics):
        joined = catalogue.detections.merge(
            catalogue.log_sources[["analytic_id", "component_id"]], on="analytic_id"
        )
    else:
        joined = catalogue.component_detects.merge(
            catalogue.techniques[["attack_id", "platforms"]], on="attack_id"
        )
    return joined[["attack_id", "platforms", "component_id"]].itertuples(index=False, name=None)


def _listed(document: dict, system: str) -> set[str]:
    """The names, in small letters, of what a file lists for a system with any quality."""
    found = set()
    sources = document.get("data_sources")
    for source in sources if isinstance(sources, list) else ():
        name = text_at(source, "data_source_name") if isinstance(source, dict) else None
        details = source.get("data_source") if name else None
        for detail in details if isinstance(details, list) else ():
            if has_quality(detail) and _applies(detail, system):
                found.add(name.lower())
    return found


def _applies(detail: dict, system: str) -> bool:
    named = {text.lower() for text in texts_of(detail.get("applicable_to"))}
    return ALL in named or system.lower() in named


def _exceptions(document: dict) -> Iterator[str]:
    values: Any = document.get("exceptions")
    for one in values if isinstance(values, list) else ():
        text = text_at(one, "technique_id") if isinstance(one, dict) else None
        if text is not None:
            yield text
