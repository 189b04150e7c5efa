"""The ledger over releases made up for it: each rare cause once, and any two releases whatever they hold."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.catalogue import Catalogue, Release
from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.changes.impact import Impact, impact
from coverage.loaders.frames import rules_frame, written_frame
from coverage.mapping.reader import Reader, mappings_as_read
from coverage.scope import Scope, View
from coverage.tables import depth_weights
from coverage.vocabulary import ROLLUPS, parent_of
from tests.helpers.examples import examples
from tests.helpers.ledgers import assert_adds_up, assert_specs, brief, unit
from tests.helpers.small import DAY, mapping, rule

OLD, NEW, NEWER = "enterprise-90.0", "enterprise-91.0", "enterprise-92.0"
TACTICS = ("TA9001", "TA9002", "TA9003")


def release(
    name: str, ids: Mapping[str, dict], revoked_by: Mapping[str, tuple[str, ...]] | None = None
) -> Catalogue:
    """A release of these IDs. Each says what differs from: live, in TA9001, on Linux, below its own
    parent.
    """
    facts = {
        attack_id: {
            "status": "live",
            "tactics": ("TA9001",),
            "platforms": ("Linux",),
            "parent": parent_of(attack_id),
            **said,
        }
        for attack_id, said in ids.items()
    }
    live = {attack_id: fact for attack_id, fact in facts.items() if fact["status"] == "live"}
    frames = {name: spec.empty() for name, spec in CATALOGUE_FRAMES.items()}
    frames["tactics"] = CATALOGUE_FRAMES["tactics"].frame(
        {
            "tactic_id": TACTICS,
            "name": [f"Tactic {t}" for t in "abc"],
            "shortname": ["tactic-a", "tactic-b", "tactic-c"],
            "position": [0, 1, 2],
            "status": ["live"] * 3,
            "url": [None] * 3,
        }
    )
    frames["techniques"] = CATALOGUE_FRAMES["techniques"].frame(
        {
            "attack_id": list(facts),
            "name": list(facts),
            "is_subtechnique": ["." in i for i in facts],
            "parent_id": [f["parent"] for f in facts.values()],
            "platforms": [f["platforms"] for f in facts.values()],
            "tactics": [f["tactics"] if i in live else () for i, f in facts.items()],
            "status": [f["status"] for f in facts.values()],
            "url": [None] * len(facts),
            "description": [None] * len(facts),
        }
    )
    cells = [(tactic, i) for i, fact in live.items() for tactic in fact["tactics"]]
    frames["placements"] = pd.DataFrame(cells, columns=["tactic_id", "attack_id"], dtype="str")
    pairs = [(old, new) for old, ends in (revoked_by or {}).items() for new in ends]
    frames["revocations"] = pd.DataFrame(pairs, columns=["attack_id", "revoked_by"], dtype="str")
    return Catalogue.of_frames(Release.parse(name), name, "made", frames)


def moved(old: Catalogue, new: Catalogue, written, *others: Catalogue, **scope) -> Impact:
    """The impact on one rule a mapping key, with the two releases and `others` installed."""
    every = [old, new, *others]
    rules = rules_frame([rule(key, platforms=("Linux",)) for key in sorted({m.rule_key for m in written})])
    views = [
        View(
            c,
            rules,
            mappings_as_read(written_frame(written), Reader(c, [o for o in every if o is not c])),
            Scope(c.release, date=DAY, **scope),
            depth_weights(),
        )
        for c in (old, new)
    ]
    found = impact(*views)
    assert_specs(found)
    assert_adds_up(found)
    return found


# ---- each rare cause once ---------------------------------------------------------------------------------


def test_rules_on_a_revoked_id_count_for_a_successor_that_was_there_before():
    old = release(OLD, {"T9001": {}, "T9002": {}})
    new = release(NEW, {"T9001": {"status": "revoked"}, "T9002": {}}, {"T9001": ("T9002",)})
    row = unit(moved(old, new, [mapping("x", 0, "T9001")]), "T9002")
    assert (*brief(row), row["rules"], row["others"]) == (
        "open",
        "covered",
        "revoked",
        "successor",
        ("x",),
        ("T9001",),
    )
    assert row["because"] == "rules written for T9001 count for T9002 in Enterprise 91.0"
    back = unit(moved(new, old, [mapping("x", 0, "T9001")]), "T9002")
    assert brief(back) == ("covered", "open", "added", "restored")


def test_an_id_revoked_in_favour_of_several_covers_none_of_them():
    old = release(OLD, {"T9001": {}, "T9002": {}, "T9003": {}})
    new = release(
        NEW, {"T9001": {"status": "revoked"}, "T9002": {}, "T9003": {}}, {"T9001": ("T9002", "T9003")}
    )
    found = moved(old, new, [mapping("x", 0, "T9001")])
    row = unit(found, "T9001")
    assert (*brief(row), row["others"]) == ("covered", "absent", "revoked", "revoked", ("T9002", "T9003"))
    assert row["because"].endswith("read as T9002 or T9003; which of them a person must choose")
    assert set(found.ledger["attack_id"]) == {"T9001"}


def test_an_id_that_is_deprecated_leaves_without_a_successor():
    found = moved(
        release(OLD, {"T9001": {}}),
        release(NEW, {"T9001": {"status": "deprecated"}}),
        [mapping("x", 0, "T9001")],
    )
    row = unit(found, "T9001")
    assert (*brief(row), row["because"]) == (
        "covered",
        "absent",
        "revoked",
        "deprecated",
        "T9001 is deprecated in Enterprise 91.0",
    )


def test_an_id_of_neither_release_is_read_back_until_a_second_predecessor_comes():
    old = release(OLD, {"T9001": {}})
    new = release(NEW, {"T9001": {}, "T9003": {}})
    newer = release(
        NEWER,
        {"T9001": {"status": "revoked"}, "T9003": {"status": "revoked"}, "T9009": {}},
        {"T9001": ("T9009",), "T9003": ("T9009",)},
    )
    row = unit(moved(old, new, [mapping("x", 0, "T9009")], newer), "T9001")
    assert (*brief(row), row["others"]) == ("covered", "open", "added", "reading", ("T9009",))
    assert row["because"] == "rules written for T9009 count for T9001 no longer"


def test_a_subtechnique_that_gets_another_parent_changes_both():
    ids = {"T9001": {}, "T9002": {}, "T9001.001": {}, "T9001.002": {}}
    old, new = release(OLD, ids), release(NEW, {**ids, "T9001.001": {"parent": "T9002"}})
    found = moved(old, new, [mapping("x", 0, "T9001.001")], rollup="share")
    assert (*brief(unit(found, "T9001")), unit(found, "T9001")["through"]) == (
        "partial",
        "open",
        "moved",
        "parent",
        ("T9001.001",),
    )
    assert (*brief(unit(found, "T9002")), unit(found, "T9002")["covered_change"]) == (
        "open",
        "covered",
        "moved",
        "parent",
        1.0,
    )
    assert set(found.changes["change"]) == {"parent"}


def test_a_technique_that_gets_its_first_open_subtechnique_is_no_longer_all_covered():
    old, new = release(OLD, {"T9001": {}}), release(NEW, {"T9001": {}, "T9001.001": {}})
    row = unit(moved(old, new, [mapping("x", 0, "T9001")], rollup="all"), "T9001")
    assert (*brief(row), row["through"], row["rules"]) == (
        "covered",
        "open",
        "added",
        "new",
        ("T9001.001",),
        (),
    )
    assert (
        unit(moved(old, new, [mapping("x", 0, "T9001")]), "T9001.001")["total_change"] == 1
    )  # any: only the new one


def test_of_two_causes_the_line_bears_the_one_that_most_share_and_names_both():
    old = release(OLD, {"T9001": {}, "T9001.001": {}, "T9001.002": {}})
    new = release(
        NEW,
        {
            "T9001": {},
            "T9001.001": {},
            "T9001.002": {"status": "deprecated"},
            "T9001.003": {},
            "T9001.004": {},
        },
    )
    row = unit(
        moved(old, new, [mapping("x", 0, "T9001.001"), mapping("x", 1, "T9001.002")], rollup="share"), "T9001"
    )
    assert (row["covered_before"], row["covered_after"], row["cause"]) == (1.0, pytest.approx(1 / 3), "added")
    assert row["through"] == ("T9001.002", "T9001.003", "T9001.004")
    assert "T9001.003 is new" in row["because"] and "T9001.002 is deprecated" in row["because"]


def test_a_rule_that_names_a_tactic_the_technique_joins_counts_there_alone():
    old = release(OLD, {"T9001": {"tactics": ("TA9001", "TA9002")}})
    new = release(NEW, {"T9001": {"tactics": ("TA9001", "TA9002", "TA9003")}})
    row = unit(moved(old, new, [mapping("x", 0, "T9001", "TA9003")]), "T9001", "TA9001")
    assert (*brief(row), row["rules"]) == ("covered", "open", "moved", "tactic", ("x",))
    assert "so they count in that one alone" in row["because"]


# ---- any two releases
# ----------------------------------------------------------------------------------------

IDS = [f"T900{n}{sub}" for n in range(1, 5) for sub in ("", ".001", ".002")]
FACTS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["live", "live", "live", "revoked", "deprecated"]),
        "tactics": st.lists(st.sampled_from(TACTICS), min_size=1, max_size=3, unique=True).map(
            lambda t: tuple(sorted(t))
        ),
        "platforms": st.sampled_from([("Linux",), ("Windows",), ("Linux", "Windows"), ("PRE",)]),
    }
)


@st.composite
def releases(draw, name: str) -> Catalogue:
    ids = draw(st.dictionaries(st.sampled_from(IDS), FACTS, min_size=4))
    gone = [attack_id for attack_id, fact in ids.items() if fact["status"] == "revoked"]
    revoked_by = {
        i: tuple(draw(st.lists(st.sampled_from(sorted(ids)), max_size=2, unique=True))) for i in gone
    }
    return release(name, ids, revoked_by)


MAPPINGS = st.lists(
    st.tuples(
        st.sampled_from("uvwxyz"),
        st.one_of(st.none(), st.sampled_from([*IDS, "T9999"])),
        st.one_of(st.none(), st.sampled_from([*TACTICS, "TA9999"])),
        st.sampled_from([None, None, None, "90.0", "91.0"]),
    ),
    max_size=14,
)


@examples(30)
@given(
    old=releases(OLD),
    new=releases(NEW),
    newer=releases(NEWER),
    written=MAPPINGS,
    rollup=st.sampled_from(list(ROLLUPS)),
    pre=st.booleans(),
    platforms=st.sampled_from([(), ("Linux",)]),
)
def test_any_two_releases_add_up_and_nothing_is_left_unexplained(
    old, new, newer, written, rollup, pre, platforms
):
    rows = [
        mapping(key, n, attack_id, tactic, written_for=version)
        for n, (key, attack_id, tactic, version) in enumerate(written)
    ]
    there = moved(old, new, rows, newer, rollup=rollup, pre=pre, platforms=platforms)
    back = moved(new, old, rows, newer, rollup=rollup, pre=pre, platforms=platforms)
    assert there.ledger["attack_id"].tolist() == back.ledger["attack_id"].tolist()
    assert (there.ledger["covered_change"] + back.ledger["covered_change"]).abs().sum() < 1e-9
    in_scope = set(there.after.rules["rule_key"])
    assert {key for keys in there.ledger["rules"] for key in keys} <= in_scope
