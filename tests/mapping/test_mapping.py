"""The join: every reading of an ID and of a tactic, on the small corpus and on made mappings."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.catalogue import shelf
from coverage.frames import checked
from coverage.loaders.frames import written_frame
from coverage.mapping.frames import MAPPINGS, PLACED
from coverage.mapping.reader import Reader, mappings_as_read, placed_rules
from coverage.reading import other_releases
from coverage.vocabulary import READ_STATUSES, TACTIC_STATUSES
from tests.helpers import small
from tests.helpers.small import E18, E19, catalogue, mapping, reading


def readings(release: str, letter: str) -> list[tuple]:
    """(leaf as written, status, ID as read, tactic status, tactic as read) of one small rule, in order."""
    frame = reading(release).mappings
    rows = frame[frame["rule_key"] == f"small/{small.PATHS[letter]}"]
    columns = ["leaf_written", "status", "attack_id", "tactic_status", "tactic_id"]
    return [tuple(None if pd.isna(v) else v for v in row) for row in rows[columns].itertuples(index=False)]


# ---- the small corpus ------------------------------------------------------------------------------

ALIKE = {  # rules that are read the same in both releases
    "a": [
        ("T1053.005", "same", "T1053.005", "valid", "TA0003"),
        ("T1053.005", "same", "T1053.005", "valid", "TA0002"),
    ],
    "b": [
        ("T1003", "same", "T1003", "valid", "TA0006"),
        ("T1003.001", "same", "T1003.001", "valid", "TA0006"),
    ],
    "c": [("T1003.001", "same", "T1003.001", "valid", "TA0006")],
    "g": [(None, "tactic_only", None, "valid", "TA0007")],
    "h": [],
    "i": [(i, "same", i, "missing", None) for i in ("T1071.001", "T1105", "T1132.001", "T1132.002")],
    "j": [("AML.T0051", "other_domain", None, "unknown", None)],
    "m": [("T1057", "same", "T1057", "valid", "TA0007")],
    "n": [
        ("T1053.003", "same", "T1053.003", "missing", None),
        ("AML.T0051", "other_domain", None, "missing", None),
    ],
    "p": [("T1059.001", "same", "T1059.001", "valid", "TA0002")],
    "q": [
        ("T1046", "same", "T1046", "unknown", None),
        ("T9999", "unknown", None, "valid", "TA0007"),
        ("T1625", "other_domain", None, "valid", "TA0007"),
        ("T1053.004", "deprecated", None, "valid", "TA0002"),
    ],
}
ATLAS_SET = ("AML.T0051", "other_domain", None, "unknown", None)
OWN = {
    E18: {
        "d": [("T1562.001", "same", "T1562.001", "valid", "TA0005")],
        "e": [("T1574.001", "same", "T1574.001", "valid", "TA0003")],
        "f": [
            ("T1078", "same", "T1078", "valid", "TA0001"),
            ("T1078", "same", "T1078", "valid", "TA0005"),
            ("T1595.002", "same", "T1595.002", "valid", "TA0043"),
        ],
        "k": [("T1562.003", "same", "T1562.003", "valid", "TA0005"), ATLAS_SET],
        "l": [
            ("T1685", "newer", None, "moved", None),
            ("T1685.001", "read_back", "T1562.002", "moved", None),
            ("T1027.018", "newer", None, "renamed", "TA0005"),
            ("T1070", "same", "T1070", "renamed", "TA0005"),
        ],
        "o": [
            ("T1070.001", "same", "T1070.001", "valid", "TA0005"),
            ("T1546.008", "same", "T1546.008", "valid", "TA0003"),
        ],
    },
    E19: {
        "d": [("T1562.001", "replaced", "T1685", "moved", "TA0005")],
        "e": [("T1574.001", "same", "T1574.001", "moved", "TA0003")],
        "f": [
            ("T1078", "same", "T1078", "valid", "TA0001"),
            ("T1078", "same", "T1078", "renamed", "TA0005"),
            ("T1595.002", "same", "T1595.002", "valid", "TA0043"),
        ],
        "k": [("T1690", "same", "T1690", "valid", "TA0112"), ATLAS_SET],
        "l": [
            ("T1685", "same", "T1685", "valid", "TA0112"),
            ("T1685.001", "same", "T1685.001", "valid", "TA0112"),
            ("T1027.018", "same", "T1027.018", "valid", "TA0005"),
            ("T1070", "same", "T1070", "valid", "TA0005"),
        ],
        "o": [
            ("T1070.001", "replaced", "T1685.005", "moved", "TA0005"),
            ("T1546.008", "same", "T1546.008", "valid", "TA0003"),
        ],
    },
}


@pytest.mark.parametrize("letter", sorted(small.PATHS))
@pytest.mark.parametrize("release", [E18, E19])
def test_every_mapping_of_the_small_corpus_as_read(release, letter):
    assert readings(release, letter) == OWN[release].get(letter, ALIKE.get(letter))


@pytest.mark.parametrize("release", [E18, E19])
def test_mappings_and_placed_fit_their_specs_and_words(release):
    mappings = checked(reading(release).mappings, MAPPINGS)
    assert set(mappings["status"]) <= set(READ_STATUSES)
    assert set(mappings["tactic_status"]) <= set(TACTIC_STATUSES)
    changed = ~mappings["status"].isin(["same", "tactic_only"]) | ~mappings["tactic_status"].isin(
        ["valid", "missing"]
    )
    assert (mappings["reason"].notna() == changed).all()
    checked(placed_rules(mappings, catalogue(release)), PLACED)


# Rule by rule, the cells it lights and no others (DOMAIN 5: crossed tactics).
PLACED_ALIKE = {
    ("a", "TA0003", "T1053.005"),
    ("a", "TA0002", "T1053.005"),  # not Privilege Escalation
    ("b", "TA0006", "T1003"),
    ("b", "TA0006", "T1003.001"),
    ("c", "TA0006", "T1003.001"),
    ("f", "TA0001", "T1078"),
    ("f", "TA0005", "T1078"),
    ("f", "TA0043", "T1595.002"),
    ("i", "TA0011", "T1071.001"),
    ("i", "TA0011", "T1105"),
    ("i", "TA0011", "T1132.001"),
    ("i", "TA0011", "T1132.002"),
    ("m", "TA0007", "T1057"),
    ("p", "TA0002", "T1059.001"),
    ("q", "TA0007", "T1046"),
    ("o", "TA0003", "T1546.008"),
    # no tactic named: everywhere
    ("n", "TA0002", "T1053.003"),
    ("n", "TA0003", "T1053.003"),
    ("n", "TA0004", "T1053.003"),
    ("l", "TA0005", "T1070"),
}
PLACED_IN = {
    E18: {
        ("d", "TA0005", "T1562.001"),
        ("e", "TA0003", "T1574.001"),
        ("k", "TA0005", "T1562.003"),
        ("l", "TA0005", "T1562.002"),
        ("o", "TA0005", "T1070.001"),
    },
    E19: {
        ("d", "TA0112", "T1685"),
        ("e", "TA0002", "T1574.001"),
        ("e", "TA0005", "T1574.001"),  # it left Persistence
        ("k", "TA0112", "T1690"),
        ("l", "TA0112", "T1685"),
        ("l", "TA0112", "T1685.001"),
        ("l", "TA0005", "T1027.018"),
        ("o", "TA0112", "T1685.005"),
    },
}


@pytest.mark.parametrize("release", [E18, E19])
def test_every_cell_a_rule_counts_in(release):
    placed = placed_rules(reading(release).mappings, catalogue(release))
    cells = [(small.LETTERS[r.rule_key], r.tactic_id, r.attack_id) for r in placed.itertuples()]
    assert sorted(cells) == sorted(PLACED_ALIKE | PLACED_IN[release])


# ---- readings of one ID ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVERAGE_CACHE", str(small.SMALL / "no-cache-here"))
        yield {
            name: Reader(chosen, other_releases(chosen))
            for name in (E18, E19, "mobile-18.1", "ics-18.1")
            for chosen in [shelf.open_release(name)]
        }


@pytest.mark.parametrize(
    ("release", "written", "status", "attack_id", "candidates"),
    [
        (E18, "T1685", "newer", None, ("T1562", "T1562.001", "T1562.006")),  # three of 18.1's IDs became it
        (E18, "T1690", "read_back", "T1562.003", ()),
        (E18, "T1686", "read_back", "T1562.004", ()),
        (E18, "T1684.001", "read_back", "T1656", ()),  # a sub-technique that was a technique
        (E18, "T1685.005", "read_back", "T1070.001", ()),
        (E18, "T1687", "newer", None, ()),
        (E18, "T1686.003", "newer", None, ()),  # its technique is new as well
        (E18, "T1027.018", "newer", None, ("T1027",)),
        (E19, "T1562", "replaced", "T1685", ()),
        (E19, "T1562.001", "replaced", "T1685", ()),
        (E19, "T1562.006", "replaced", "T1685", ()),
        (E19, "T1562.003", "replaced", "T1690", ()),
        (E19, "T1656", "replaced", "T1684.001", ()),
        (E18, "T1086", "replaced", "T1059.001", ()),  # PowerShell before sub-techniques
        (E18, "T1053.004", "deprecated", None, ()),
        (E18, "T1625", "other_domain", None, ()),
        (E18, "T0800", "other_domain", None, ()),
        (E18, "AML.T0051.001", "other_domain", None, ()),
        (E18, "T9999", "unknown", None, ()),
        (E18, "T1059.999", "unknown", None, ()),
        (E18, "PowerShell", "unknown", None, ()),
        (E18, "t1059", "unknown", None, ()),  # never guessed
        ("mobile-18.1", "T1625", "same", "T1625", ()),
        ("mobile-18.1", "T1059", "other_domain", None, ()),
        ("mobile-18.1", "T1690", "other_domain", None, ()),
        ("ics-18.1", "T0800", "same", "T0800", ()),
    ],
)
def test_a_leaf_as_read(readers, release, written, status, attack_id, candidates):
    leaf = readers[release].leaf(written)
    assert (leaf.status, leaf.attack_id, leaf.candidates) == (status, attack_id, candidates)
    assert (leaf.reason is None) == (status == "same")


def test_every_id_of_19_is_read_in_18_as_the_revocations_say(readers):
    """Backwards by hand from the revocations of 19.0: one live predecessor in 18.1, or none at all."""
    techniques = catalogue(E19).techniques
    revocations = catalogue(E19).revocations
    live_18 = set(catalogue(E18).techniques.query("status == 'live'")["attack_id"])
    known_18 = set(catalogue(E18).techniques["attack_id"])
    wrong = {}
    for new in techniques.loc[techniques["status"] == "live", "attack_id"]:
        before = set(revocations.loc[revocations["revoked_by"] == new, "attack_id"]) & live_18
        leaf = readers[E18].leaf(new)
        expected = new if new in live_18 else next(iter(before)) if len(before) == 1 else None
        if new not in known_18 | live_18 and leaf.attack_id != expected:
            wrong[new] = (leaf, expected)
    assert wrong == {}


def test_without_the_newer_release_its_ids_are_unknown():
    alone = Reader(catalogue(E18))
    assert alone.leaf("T1690").status == "unknown"
    assert alone.tactic("TA0112", None, None).status == "unknown"


@pytest.mark.parametrize(
    ("release", "tactic_id", "name", "attack_id", "status", "read_as"),
    [
        (E18, "TA0005", "Defense Evasion", "T1070", "valid", "TA0005"),
        (E18, "TA0005", None, "T1070", "valid", "TA0005"),
        (E18, "TA0005", "Stealth", "T1070", "renamed", "TA0005"),
        (E19, "TA0005", "Stealth", "T1070", "valid", "TA0005"),
        (E19, "TA0005", "Defense Evasion", "T1070", "renamed", "TA0005"),
        (E19, "TA0005", "Defense Evasion", "T1685", "moved", "TA0005"),
        (E19, "TA0003", "Persistence", "T1574.001", "moved", "TA0003"),
        (E18, "TA0112", "Defense Impairment", "T1562.002", "moved", None),
        (E18, "TA0112", "Defense Impairment", None, "moved", None),
        (E18, None, "defense-evasion", "T1070", "valid", "TA0005"),
        (E18, None, "DefenseEvasion", "T1070", "valid", "TA0005"),
        (E18, None, "command_and_control", "T1105", "valid", "TA0011"),
        (E19, None, "Defense Evasion", "T1070", "renamed", "TA0005"),
        (E18, None, "Stealth", "T1070", "renamed", "TA0005"),
        (E18, None, None, "T1070", "missing", None),
        (E18, "", "", "T1070", "missing", None),
        (E18, "TA9999", None, "T1070", "unknown", None),
        (E18, "TA0027", "Initial Access", "T1078", "unknown", None),  # Mobile's
        (E18, None, "daydreaming", "T1070", "unknown", None),
    ],
)
def test_a_tactic_as_read(readers, release, tactic_id, name, attack_id, status, read_as):
    tactic = readers[release].tactic(tactic_id, name, attack_id)
    assert (tactic.status, tactic.tactic_id) == (status, read_as)
    assert (tactic.reason is None) == (status in ("valid", "missing"))


# ---- the choice among mapping sets ------------------------------------------------------------------


def read_sets(release: str, *versions: str | None, framework: str = "MITRE ATT&CK") -> list[str]:
    """Which of one rule's sets is read: set n maps to the nth ID."""
    ids = ["T1003", "T1021", "T1046", "T1057"]
    rows = [
        mapping("r", n, ids[n], written_for=version, framework=framework)
        for n, version in enumerate(versions)
    ]
    read = mappings_as_read(written_frame(rows), Reader(catalogue(release)))
    return [versions[ids.index(leaf)] for leaf in read["leaf_written"]]


@pytest.mark.parametrize(
    ("release", "versions", "best"),
    [
        (E18, (None, "18.1", "19.0"), "18.1"),
        (E19, (None, "18.1", "19.0"), "19.0"),
        (E18, ("17.1", "16.1", "19.0"), "17.1"),  # the nearest older
        (E19, ("16.1", "18.1", "17.1"), "18.1"),
        (E18, (None, "19.0"), None),  # without an older one: the set that names no version
        (E18, ("20.0", "19.0"), "19.0"),  # else the nearest newer
        (E18, (None, "9.0", "10.0"), "10.0"),  # as numbers, not as text
        (E18, ("18", "v17"), "18"),
        (E18, (None,), None),
    ],
)
def test_the_set_that_fits_the_release_best(release, versions, best):
    assert read_sets(release, *versions) == [best]


def test_sets_of_other_rules_and_other_frameworks_are_no_rivals():
    rows = [
        mapping("r", 0, "T1003"),
        mapping("r", 1, "AML.T0051", framework="MITRE ATLAS", written_for="5.1"),
        mapping("s", 0, "T1021"),
        mapping("t", 0, "T1046", written_for="19.0"),
        mapping("t", 1, "T1057", written_for="18.1"),
        mapping("t", 2, "T1057", "TA0007", written_for="18.1"),
    ]
    read = mappings_as_read(written_frame(rows), Reader(catalogue(E18)))
    assert list(zip(read["rule_key"], read["leaf_written"], strict=True)) == [
        ("r", "T1003"),
        ("r", "AML.T0051"),
        ("s", "T1021"),
        ("t", "T1057"),
        ("t", "T1057"),
    ]


def test_reading_changes_no_input_and_no_mappings_at_all_are_read_as_none():
    before = small.loaded().written.copy(deep=True)
    mappings_as_read(small.loaded().written, Reader(catalogue(E18)))
    pd.testing.assert_frame_equal(small.loaded().written, before)
    empty = mappings_as_read(written_frame([]), Reader(catalogue(E18)))
    assert checked(empty, MAPPINGS).empty
    assert checked(placed_rules(empty, catalogue(E18)), PLACED).empty


def test_a_cell_is_lit_once_however_often_it_is_written():
    rows = [mapping("r", n, "T1053.005", tactic) for n, tactic in enumerate(["TA0002", "TA0002", None])]
    placed = placed_rules(mappings_as_read(written_frame(rows), Reader(catalogue(E18))), catalogue(E18))
    assert sorted(placed["tactic_id"]) == ["TA0002", "TA0003", "TA0004"]
