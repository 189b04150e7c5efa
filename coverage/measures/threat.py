"""Who uses a technique: how many groups, software and campaigns MITRE links to it."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from coverage.frames import THREAT
from coverage.scope import View, once_a_view


def with_parents(pairs: pd.DataFrame, techniques: pd.DataFrame, column: str) -> pd.DataFrame:
    """(`attack_id`, `column`) pairs, and each sub-technique's also on its technique; each once."""
    with_parent = techniques[techniques["parent_id"].notna()]
    parents = dict(zip(with_parent["attack_id"].tolist(), with_parent["parent_id"].tolist(), strict=True))
    own = list(zip(pairs["attack_id"].tolist(), pairs[column].tolist(), strict=True))
    lifted = ((parents[attack_id], value) for attack_id, value in own if attack_id in parents)
    return pd.DataFrame(list(dict.fromkeys([*own, *lifted])), columns=["attack_id", column], dtype="str")


def listed(frame: pd.DataFrame, key: str, column: str, wanted: pd.Series) -> pd.Series:
    """For each value of `wanted` the tuple of `column` in the rows with this `key`, in the frame's order."""
    lists: dict[str, list] = {}
    for owner, value in zip(frame[key].tolist(), frame[column].tolist(), strict=True):
        lists.setdefault(owner, []).append(value)
    return pd.Series([tuple(lists.get(owner, ())) for owner in wanted.tolist()], index=wanted.index, dtype=object)


@once_a_view
def threat_by_id(view: View) -> pd.DataFrame:
    """THREAT: distinct groups, software and campaigns that use each ID in scope.

    A technique's numbers include its sub-techniques'; `groups_direct` is MITRE's own count for the
    very ID. Relations are direct `uses` relations between live objects; what a group does only
    through its software or an attributed campaign is not added.
    """
    live = view.catalogue.techniques
    uses = view.catalogue.uses
    uses = uses[uses["target_kind"] != "software"].rename(columns={"target_id": "attack_id"})
    ids = view.techniques["attack_id"].tolist()
    columns = {"attack_id": ids}
    for kind, column in (("group", "groups"), ("software", "software"), ("campaign", "campaigns")):
        pairs = uses.loc[uses["source_kind"] == kind, ["attack_id", "source_id"]]
        counts = Counter(with_parents(pairs, live, "source_id")["attack_id"].tolist())
        columns[column] = [counts[attack_id] for attack_id in ids]
    direct = Counter(uses.loc[uses["source_kind"] == "group", "attack_id"].tolist())
    return THREAT.frame({**columns, "groups_direct": [direct[attack_id] for attack_id in ids]})
