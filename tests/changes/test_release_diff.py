"""What changed between two releases, counted a second time from MITRE's bundles without our code."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.catalogue import shelf
from coverage.changes.frames import RELEASE_CHANGES
from coverage.changes.release_diff import ABSENT, release_changes
from coverage.frames import checked
from coverage.vocabulary import RELEASE_CHANGES as WORDS
from tests.helpers import small
from tests.helpers.releases import PAIRS
from tests.helpers.small import E18, E19


def changes(old: str, new: str) -> pd.DataFrame:
    return checked(release_changes(small.catalogue(old), small.catalogue(new)), RELEASE_CHANGES)


def one(frame: pd.DataFrame, attack_id: str, change: str) -> pd.Series:
    rows = frame[(frame["attack_id"] == attack_id) & (frame["change"] == change)]
    assert len(rows) == 1
    return rows.iloc[0]


# ---- 18.1 -> 19.0, as MITRE's release notes say
# -------------------------------------------------------------


def test_18_to_19_in_numbers():
    found = changes(E18, E19).groupby(["kind", "change"]).size().to_dict()
    assert found == {
        ("tactic", "added"): 1,
        ("tactic", "renamed"): 1,
        ("technique", "added"): 9,
        ("technique", "revoked"): 3,
        ("technique", "moved"): 18,
        ("technique", "renamed"): 1,
        ("technique", "platforms"): 2,
        ("subtechnique", "added"): 14,
        ("subtechnique", "revoked"): 14,
        ("subtechnique", "moved"): 54,
        ("subtechnique", "renamed"): 3,
    }


def test_the_tactic_that_was_split():
    found = changes(E18, E19)
    stealth = one(found, "TA0005", "renamed")
    assert (stealth["before"], stealth["after"], stealth["kind"]) == ("Defense Evasion", "Stealth", "tactic")
    assert one(found, "TA0112", "added")["before"] == ABSENT


def test_a_revoked_technique_names_its_successor():
    row = one(changes(E18, E19), "T1562.001", "revoked")
    assert (row["before"], row["after"], row["successors"]) == ("live", "revoked", ("T1685",))


def test_a_technique_that_left_three_tactics():
    row = one(changes(E18, E19), "T1574.001", "moved")
    assert row["before"] == "Persistence, Privilege Escalation, Defense Evasion"
    assert row["after"] == "Execution, Stealth"
    assert (row["gained"], row["lost"]) == (("TA0002",), ("TA0003", "TA0004"))


def test_backwards_the_revoked_id_is_live_again_and_the_new_one_is_gone():
    found = changes(E19, E18)
    again = one(found, "T1562.001", "added")
    assert (again["before"], again["after"]) == ("revoked", "live")
    gone = one(found, "T1685.001", "removed")
    assert (gone["before"], gone["after"], gone["successors"]) == ("live", ABSENT, ("T1562.002",))
    # Five of today's IDs became T1685: a person must choose.
    assert set(one(found, "T1685", "removed")["successors"]) > {"T1562", "T1562.001"}
    assert one(found, "T1027.018", "removed")["successors"] == ()


def test_nothing_changes_within_one_release():
    assert changes(E18, E18).empty


def test_only_releases_of_one_domain_are_compared():
    with pytest.raises(ValueError, match="of different domains"):
        release_changes(small.catalogue(E18), shelf.open_release("mobile-18.1"))


# ---- every pair, against the raw bundles
# ----------------------------------------------------------------------


def counted_by_hand(old, new) -> dict[str, set]:
    """change -> what it says, from two `RawRelease`s."""
    both = old.live.keys() & new.live.keys()
    gone = old.live.keys() - new.live.keys()
    return {
        "added": {(i, old.status.get(i, ABSENT)) for i in new.live.keys() - old.live.keys()},
        "revoked": {(i, tuple(sorted(new.live_ends(i)))) for i in gone if new.status.get(i) == "revoked"},
        "deprecated": {i for i in gone if new.status.get(i) == "deprecated"},
        "removed": {i for i in gone if i not in new.status},
        "renamed": {
            (i, old.live[i]["name"], new.live[i]["name"])
            for i in both
            if old.live[i]["name"] != new.live[i]["name"]
        },
        "moved": {
            (
                i,
                frozenset(new.tactics_of[i] - old.tactics_of[i]),
                frozenset(old.tactics_of[i] - new.tactics_of[i]),
            )
            for i in both
            if old.tactics_of[i] != new.tactics_of[i]
        },
        "parent": {
            (i, old.parents.get(i), new.parents.get(i))
            for i in both
            if old.parents.get(i) != new.parents.get(i)
        },
        "platforms": {
            (
                i,
                frozenset(new.platforms[i] - old.platforms[i]),
                frozenset(old.platforms[i] - new.platforms[i]),
            )
            for i in both
            if old.platforms[i] != new.platforms[i]
        },
    }


def counted_by_us(found: pd.DataFrame) -> dict[str, set]:
    techniques = found[found["kind"] != "tactic"]
    of = {change: techniques[techniques["change"] == change] for change in WORDS}
    return {
        "added": set(zip(of["added"]["attack_id"], of["added"]["before"], strict=True)),
        "revoked": set(zip(of["revoked"]["attack_id"], of["revoked"]["successors"], strict=True)),
        "deprecated": set(of["deprecated"]["attack_id"]),
        "removed": set(of["removed"]["attack_id"]),
        "renamed": set(
            zip(of["renamed"]["attack_id"], of["renamed"]["before"], of["renamed"]["after"], strict=True)
        ),
        "parent": set(
            zip(of["parent"]["attack_id"], of["parent"]["before"], of["parent"]["after"], strict=True)
        ),
        **{
            change: {
                (i, frozenset(g), frozenset(x))
                for i, g, x in zip(
                    of[change]["attack_id"], of[change]["gained"], of[change]["lost"], strict=True
                )
            }
            for change in ("moved", "platforms")
        },
    }


@pytest.mark.corpora
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_pair_agrees_with_the_raw_bundles(every_release, old, new):
    found = checked(
        release_changes(every_release.catalogue(old), every_release.catalogue(new)), RELEASE_CHANGES
    )
    raw_old, raw_new = every_release.raw(old), every_release.raw(new)
    by_hand = counted_by_hand(raw_old, raw_new)
    by_us = counted_by_us(found)
    for change, expected in by_hand.items():
        assert by_us[change] == expected, change
    assert by_hand["added"] or by_hand["removed"]
    tactics = found[found["kind"] == "tactic"]
    renamed = {
        i for i in raw_old.tactics.keys() & raw_new.tactics.keys() if raw_old.tactics[i] != raw_new.tactics[i]
    }
    assert set(tactics.loc[tactics["change"] == "renamed", "attack_id"]) == renamed
    assert (
        set(tactics.loc[tactics["change"] == "added", "attack_id"])
        == raw_new.tactics.keys() - raw_old.tactics.keys()
    )
    assert (
        set(tactics.loc[~tactics["change"].isin(["added", "renamed"]), "attack_id"])
        == raw_old.tactics.keys() - raw_new.tactics.keys()
    )
