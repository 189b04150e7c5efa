"""What ATT&CK's own groups, software and campaigns use, and how they come to it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from coverage.catalogue import Catalogue
from coverage.frames import rows_of
from coverage.kept import kept_with
from coverage.threats.frames import ATTACK_USES

Uses = list[tuple[str, str, str, int | None]]  # technique, way, through, year


def attack_uses(catalogue: Catalogue) -> pd.DataFrame:
    """ATTACK_USES: every technique that each group, software and campaign uses, by way.

    `campaign`: a campaign attributed to the group uses it. `software`: a malware or tool that the group or
    campaign itself is said to use can do it. Software of an attributed campaign is not added to the group.
    """
    return kept_with(catalogue).get(_attack_uses, catalogue)


def _attack_uses(catalogue: Catalogue) -> pd.DataFrame:
    frame = catalogue.uses
    techniques: dict[str, list[tuple[str, int | None]]] = {}
    software: dict[str, list[tuple[str, int | None]]] = {}
    columns = ("source_id", "target_id", "target_kind", "last_reported")
    for source, target, kind, year in rows_of(frame, *columns):
        where = software if kind == "software" else techniques
        where.setdefault(source, []).append((target, None if pd.isna(year) else int(year)))
    rows = [
        (source, target, "direct", "", year) for source, found in techniques.items() for target, year in found
    ]
    pairs = zip(
        catalogue.attributions["campaign_id"].tolist(),
        catalogue.attributions["group_id"].tolist(),
        strict=True,
    )
    for campaign, group in pairs:
        rows += [(group, target, "campaign", campaign, year) for target, year in techniques.get(campaign, ())]
    for source, found in software.items():
        for one, year in found:  # the year it was seen to use the software: what that can do has no date
            rows += [(source, target, "software", one, year) for target, _ in techniques.get(one, ())]
    rows.sort(key=lambda row: row[:4])
    return ATTACK_USES.frame(
        dict(zip(ATTACK_USES.columns, zip(*rows, strict=True), strict=True)) if rows else _nothing()
    )


def uses_by_member(catalogue: Catalogue) -> Mapping[str, Uses]:
    """The same as plain values: group, software or campaign ID -> what it uses."""
    return kept_with(catalogue).get(_uses_by_member, catalogue)


def _uses_by_member(catalogue: Catalogue) -> dict[str, Uses]:
    frame = attack_uses(catalogue)
    found: dict[str, Uses] = {}
    columns = ("member_id", "attack_id", "way", "through", "last_reported")
    for member, *use, year in rows_of(frame, *columns):
        found.setdefault(member, []).append((*use, None if pd.isna(year) else int(year)))
    return found


def _nothing() -> dict[str, list]:
    return {name: [] for name in ATTACK_USES.columns}
