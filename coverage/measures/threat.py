"""Who uses a technique: how many groups, software and campaigns MITRE links to it."""

from __future__ import annotations

from collections import Counter, defaultdict

import pandas as pd

from coverage.measures.frames import THREAT
from coverage.scope import View, once_a_view


def by_family(attack_ids: pd.Series, values: pd.Series, techniques: pd.DataFrame) -> dict[str, set]:
    """ID -> its values; a technique has its sub-techniques' too."""
    with_parent = techniques[techniques["parent_id"].notna()]
    parents = dict(zip(with_parent["attack_id"].tolist(), with_parent["parent_id"].tolist(), strict=True))
    found: defaultdict[str, set] = defaultdict(set)
    for attack_id, value in zip(attack_ids.tolist(), values.tolist(), strict=True):
        found[attack_id].add(value)
        if attack_id in parents:
            found[parents[attack_id]].add(value)
    return found


def listed(frame: pd.DataFrame, key: str, column: str, wanted: pd.Series) -> pd.Series:
    """For each value of `wanted` the tuple of `column` in the rows with this `key`, in the frame's order."""
    lists: dict[str, list] = {}
    for owner, value in zip(frame[key].tolist(), frame[column].tolist(), strict=True):
        lists.setdefault(owner, []).append(value)
    return pd.Series(
        [tuple(lists.get(owner, ())) for owner in wanted.tolist()], index=wanted.index, dtype=object
    )


@once_a_view
def threat_by_id(view: View) -> pd.DataFrame:
    """THREAT: distinct groups, software and campaigns that use each ID in scope.

    A technique's numbers include its sub-techniques'; `groups_direct` is MITRE's own count for the
    very ID. Relations are direct `uses` relations between current objects; what a group does only
    through its software or an attributed campaign is not added.
    """
    uses = view.catalogue.uses
    ids = view.techniques["attack_id"].tolist()
    columns = {"attack_id": ids}
    for kind, column in (("group", "groups"), ("software", "software"), ("campaign", "campaigns")):
        pairs = uses[uses["source_kind"] == kind]
        users = by_family(pairs["target_id"], pairs["source_id"], view.catalogue.techniques)
        columns[column] = [len(users.get(attack_id, ())) for attack_id in ids]
    direct = Counter(uses.loc[uses["source_kind"] == "group", "target_id"].tolist())
    return THREAT.frame({**columns, "groups_direct": [direct[attack_id] for attack_id in ids]})
