"""A release small enough to count by hand, as STIX 2.0 and 2.1, before and since v18; and bad bundles."""

from __future__ import annotations

import gzip
import hashlib
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.catalogue import CatalogueError
from coverage.catalogue.bundle import parsed_bundle, published_as, release_of
from coverage.catalogue.stix import catalogue_of, read_bundle
from tests.helpers.bundles import (
    bundle_bytes,
    changed,
    collection,
    small_bundle,
    small_objects,
    technique,
    thing,
)
from tests.helpers.examples import examples


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple]:
    return list(frame[list(columns)].itertuples(index=False, name=None))


@pytest.fixture(scope="module", params=["2.0", "2.1"])
def small(request):
    return catalogue_of(small_bundle(stix=request.param), "small.json")


def test_release_and_hash(small):
    assert str(small.release) == "enterprise-18.1"
    assert small.source == "small.json"
    assert len(small.sha256) == 64


def test_tactics_are_in_matrix_order_and_only_live_ones_have_a_column(small):
    assert rows(small.tactics, "tactic_id", "name", "shortname", "position", "status") == [
        ("TA0002", "Execution", "execution", 0, "live"),
        ("TA0001", "Initial Access", "initial-access", 1, "live"),
        ("TA0099", "Old", "old", -1, "deprecated"),
    ]


def test_techniques_are_the_best_object_of_each_id(small):
    assert rows(small.techniques, "attack_id", "is_subtechnique", "platforms", "tactics", "status") == [
        ("T1001", False, ("Windows", "Linux"), ("TA0002", "TA0001"), "live"),
        ("T1001.001", True, ("Linux",), ("TA0002",), "live"),
        ("T1002", False, (), (), "revoked"),
        ("T1003", False, (), (), "revoked"),
        ("T1004", False, (), (), "deprecated"),
        ("T1005", False, (), ("TA0002",), "live"),
        ("T1006", False, (), (), "live"),
    ]
    by_id = small.techniques.set_index("attack_id")
    assert by_id["parent_id"].dropna().to_dict() == {"T1001.001": "T1001"}
    assert by_id.loc["T1001", ["name", "url", "description"]].tolist() == [
        "Name of T1001",
        "https://attack.mitre.org/x/T1001",
        "Text.",
    ]


def test_placements(small):
    assert rows(small.placements, "tactic_id", "attack_id") == [
        ("TA0002", "T1001"),
        ("TA0002", "T1001.001"),
        ("TA0002", "T1005"),
        ("TA0001", "T1001"),
    ]


def test_revocations_are_direct_and_leave_out_an_id_that_is_live_again(small):
    assert rows(small.revocations, "attack_id", "revoked_by") == [("T1002", "T1003"), ("T1003", "T1001")]


def test_who_uses_what_between_live_objects_once(small):
    assert rows(small.groups, "group_id", "name", "aliases") == [("G0001", "Group", ("Bear",))]
    assert rows(small.software, "software_id", "kind", "aliases", "platforms") == [
        ("S0001", "malware", ("Ware",), ("Windows",)),
        ("S0002", "tool", (), ()),
    ]
    assert rows(small.uses, "source_id", "source_kind", "target_id", "target_kind") == [
        ("C0001", "campaign", "S0002", "software"),
        ("G0001", "group", "T1001", "technique"),
        ("S0001", "software", "T1001.001", "subtechnique"),
    ]
    assert small.uses["last_reported"].isna().tolist() == [True, False, True]
    assert small.uses["last_reported"][1] == 2021
    assert small.uses["procedure"].tolist()[1] == "Fox did it."
    assert rows(small.attributions, "campaign_id", "group_id") == [("C0001", "G0001")]


def test_campaign_dates_are_days(small):
    assert small.campaigns["first_seen"].tolist() == [pd.Timestamp("2019-09-01")]
    assert small.campaigns["last_seen"].isna().tolist() == [True]


def test_mitigations(small):
    assert rows(small.mitigations, "mitigation_id", "name") == [("M1001", "Mitigation")]
    assert rows(small.mitigates, "mitigation_id", "attack_id") == [("M1001", "T1001")]


def test_detection_since_v18(small):
    assert rows(small.strategies, "strategy_id", "attack_id") == [("DET0001", "T1001")]
    assert rows(small.analytics, "strategy_id", "analytic_id", "platforms") == [
        ("DET0001", "AN0001", ("Windows",))
    ]
    assert rows(small.log_sources, "analytic_id", "component_id", "name", "channel") == [
        ("AN0001", "DC0001", "Sysmon", "EventCode=1"),
        ("AN0001", "DC0002", "Sysmon", "EventCode=11"),
    ]
    assert rows(small.data_components, "component_id", "name") == [
        ("DC0001", "Process Creation"),
        ("DC0002", "File Creation"),
    ]
    assert rows(small.component_detects, "component_id", "attack_id") == [
        ("DC0001", "T1001"),
        ("DC0002", "T1001"),
    ]


def test_detection_before_v18_from_relations_and_from_text():
    old = catalogue_of(small_bundle("16.1", since_v18=False), "old.json")
    assert old.strategies.empty and old.analytics.empty and old.log_sources.empty
    assert old.data_components["component_id"].tolist() == ["File Creation", "Process Creation"]
    assert rows(old.component_detects, "component_id", "attack_id") == [
        ("File Creation", "T1001.001"),
        ("Process Creation", "T1001"),
        ("Process Creation", "T1001.001"),
    ]


def test_the_latest_version_of_an_object_counts():
    newer = technique("T1006", ("execution",), x_mitre_platforms=["macOS"]) | {
        "modified": "2026-01-01T00:00:00.000Z"
    }
    for objects in ([newer, *small_objects()], [*small_objects(), newer]):
        techniques = catalogue_of(bundle_bytes([collection("18.1"), *objects]), "two.json").techniques
        assert techniques.set_index("attack_id").loc["T1006", "platforms"] == ("macOS",)


def test_a_second_live_matrix_comes_after_the_larger_one():
    tactic = thing("x-mitre-tactic", "TA0003", "Third", x_mitre_shortname="third")
    second = thing("x-mitre-matrix", "second", "Second", tactic_refs=[tactic["id"]])
    found = catalogue_of(bundle_bytes([collection("9.0"), second, tactic, *small_objects()]), "two.json")
    assert found.tactics["tactic_id"].tolist() == ["TA0002", "TA0001", "TA0003", "TA0099"]


# ---- which release a bundle is ---------------------------------------------------------------------


def named(objects: list[dict], version: str | None = None) -> str:
    return str(release_of(parsed_bundle(bundle_bytes(objects), "bundle.json"), version))


@pytest.mark.parametrize(
    ("name", "domain"), [("Mobile ATT&CK", "mobile"), ("ICS ATT&CK", "ics"), ("ATT&CK", "enterprise")]
)
def test_the_collection_names_the_release(name, domain):
    assert named([collection("9.0", name), *small_objects()]) == f"{domain}-9.0"


def test_a_bundle_without_collection_takes_the_version_given():
    assert named(small_objects(), "17.1") == "enterprise-17.1"
    with pytest.raises(CatalogueError, match="does not say which ATT&CK version it is"):
        named(small_objects())


def test_a_bundle_without_collection_is_known_by_its_hash(monkeypatch):
    from mitreattack import release_info

    content = bundle_bytes(small_objects())
    sha256 = parsed_bundle(content, "x").sha256
    monkeypatch.setitem(release_info.STIX20["ics"], "12.1", sha256)
    assert str(release_of(parsed_bundle(content, "cti.json"))) == "ics-12.1"


def hashed_as(monkeypatch, content: bytes, *names: str, stix: str = "STIX20") -> str:
    """The file's SHA-256, entered into MITRE's list under those names (`mobile 10.1`); hashes cannot be
    forged.
    """
    from mitreattack import release_info

    sha256 = hashlib.sha256(content).hexdigest()
    for name in names:
        domain, _, version = name.partition(" ")
        monkeypatch.setitem(getattr(release_info, stix)[domain], version, sha256)
    return sha256


MOBILE_10 = ("mobile 10.1", "mobile 11.0", "mobile 11.1", "mobile 11.2")


def test_mitre_published_files_under_several_versions():
    """So that the tests below stand for something real: Mobile 10.1 to 11.2 is one file in STIX 2.0."""
    from mitreattack import release_info

    mobile = release_info.STIX20["mobile"]
    assert len({mobile[name.partition(" ")[2]] for name in MOBILE_10}) == 1
    found = published_as(mobile["10.1"])
    assert [str(release) for release in found.releases] == [name.replace(" ", "-") for name in MOBILE_10]
    assert found.titles == "Mobile 10.1, 11.0, 11.1 and 11.2"


def test_a_file_published_under_several_versions_is_the_oldest_and_says_so(monkeypatch):
    content = bundle_bytes(in_mobile(small_objects()))
    hashed_as(monkeypatch, content, *MOBILE_10)
    found = catalogue_of(content, "mobile-attack.json")
    assert str(found.release) == "mobile-10.1"
    assert found.source == (
        "mobile-attack.json (its SHA-256 is that of MITRE's Mobile 10.1, 11.0, 11.1 and 11.2)"
    )
    assert str(catalogue_of(content, "mobile-attack.json", "11.1").release) == "mobile-11.1"
    with pytest.raises(CatalogueError, match=r"the bundle is Mobile 10\.1, 11\.0, .* not version 12\.0"):
        catalogue_of(content, "mobile-attack.json", "12.0")


def test_one_of_several_versions_is_meant_that_the_collection_names(monkeypatch):
    content = bundle_bytes([collection("11.2", "Mobile ATT&CK"), *in_mobile(small_objects())])
    hashed_as(monkeypatch, content, *MOBILE_10)
    assert str(catalogue_of(content, "mobile-attack.json").release) == "mobile-11.2"


def test_the_hash_overrules_what_a_file_says_of_itself(monkeypatch):
    content = bundle_bytes([collection("11.2", "Enterprise ATT&CK"), *in_mobile(small_objects())], "2.1")
    hashed_as(monkeypatch, content, "mobile 10.1", stix="STIX21")
    found = catalogue_of(content, "mobile-attack-11.2.json")
    assert str(found.release) == "mobile-10.1"
    assert found.source == (
        "mobile-attack-11.2.json (its SHA-256 is that of MITRE's Mobile 10.1, although its collection says "
        "11.2)"
    )
    with pytest.raises(CatalogueError, match=r"the bundle is MITRE's Mobile 10\.1, not Enterprise"):
        catalogue_of(content, "mobile-attack.json", domain="enterprise")


def test_a_beta_is_no_release_until_it_is_given_a_version(monkeypatch):
    content = bundle_bytes([collection("11.0", "Mobile ATT&CK"), *in_mobile(small_objects())])
    hashed_as(monkeypatch, content, "mobile 11.0-beta", stix="STIX21")
    with pytest.raises(CatalogueError, match=r"MITRE's mobile 11\.0-beta, a beta and not a release"):
        catalogue_of(content, "beta.json")
    assert str(catalogue_of(content, "beta.json", "11.0").release) == "mobile-11.0"


def test_a_collection_that_names_no_version_and_a_file_that_names_another(monkeypatch):
    unnamed = bundle_bytes([collection("next"), *small_objects()])
    with pytest.raises(CatalogueError) as caught:
        catalogue_of(unnamed, "enterprise-attack-20.0.json")
    assert str(caught.value) == (
        "enterprise-attack-20.0.json: its collection's version 'next' is not an ATT&CK version; "
        "give the version with --release, such as --release 20.0"
    )
    assert str(catalogue_of(unnamed, "x.json", "20").release) == "enterprise-20.0"
    renamed = catalogue_of(small_bundle("19.0"), "enterprise-attack-20.0.json")
    assert str(renamed.release) == "enterprise-19.0"
    assert renamed.source == "enterprise-attack-20.0.json (the file's name says 20.0)"


def test_two_collections_that_name_two_versions():
    objects = [collection("18.1"), collection("18.0", "ATT&CK"), *small_objects()]
    with pytest.raises(CatalogueError, match=r"says that it is Enterprise 18\.0 and Enterprise 18\.1; give"):
        named(objects)
    assert named(objects, "18.0") == "enterprise-18.0"


def in_mobile(objects: list[dict]) -> list[dict]:
    """The same objects with the phases of Mobile's kill chain."""
    text = json.dumps(objects).replace('"mitre-attack", "phase_name"', '"mitre-mobile-attack", "phase_name"')
    return json.loads(text)


def test_the_domain_can_be_given_and_must_be_that_of_the_techniques():
    content = bundle_bytes(in_mobile(small_objects()))
    assert str(catalogue_of(content, "x.json", "9.0", domain="mobile").release) == "mobile-9.0"
    with pytest.raises(CatalogueError, match=r"x\.json: its techniques are of Mobile, not of ICS"):
        catalogue_of(content, "x.json", "9.0", domain="ics")


def test_a_bundle_of_another_version_than_said():
    with pytest.raises(CatalogueError, match=r"bundle\.json: the bundle is Enterprise 18\.1, not version 19"):
        named([collection("18.1"), *small_objects()], "19")
    with pytest.raises(CatalogueError, match="'new' is not an ATT&CK version"):
        named(small_objects(), "new")


# ---- bad bundles -----------------------------------------------------------------------------------

GOOD = small_bundle()
NO_ATTACK = [
    technique("T1001", ()) | {"external_references": [{"source_name": "capec", "external_id": "CAPEC-1"}]}
]
DAMAGED = [
    {**stix, "source_ref": "nonsense"} if stix["type"] == "relationship" else stix for stix in small_objects()
]
TEXT_FOR_LIST = [technique("T1007", ("execution",), x_mitre_platforms="Windows"), *small_objects()]


def without(objects: list[dict], *types: str) -> list[dict]:
    return [stix for stix in objects if stix["type"] not in types]


NAMED = [collection("18.1"), *small_objects()]
PHASES_OF_NOTHING = [{"kill_chain_name": "mitre-attack", "phase_name": "no-such-tactic"}]
OTHER_CHAIN = [{"kill_chain_name": "lockheed", "phase_name": "execution"}]
MERGED = [*NAMED, *in_mobile([technique("T1400", ("execution",))])]

BAD = {
    "no phases": (
        bundle_bytes(changed(NAMED, "attack-pattern", kill_chain_phases=[])),
        "none of its techniques names a kill chain phase, so it is not an ATT&CK release",
    ),
    "no phases at all": (
        bundle_bytes([{k: v for k, v in stix.items() if k != "kill_chain_phases"} for stix in NAMED]),
        "none of its techniques names a kill chain phase",
    ),
    "phases of no tactic": (
        bundle_bytes(changed(NAMED, "attack-pattern", kill_chain_phases=PHASES_OF_NOTHING)),
        "none of its techniques names the phase of a tactic in its matrix",
    ),
    "another kill chain": (
        bundle_bytes(changed(NAMED, "attack-pattern", kill_chain_phases=OTHER_CHAIN)),
        "its techniques name phases of lockheed, but Enterprise's kill chain is mitre-attack",
    ),
    "another domain": (
        bundle_bytes([collection("18.1"), *in_mobile(small_objects())]),
        "phases of mitre-mobile-attack, but Enterprise's kill chain is mitre-attack",
    ),
    "two domains": (bundle_bytes(MERGED), "it holds techniques of Enterprise and of Mobile"),
    "no matrix": (bundle_bytes(without(NAMED, "x-mitre-matrix")), "no matrix in it names its tactics"),
    "a deprecated matrix": (
        bundle_bytes(changed(NAMED, "x-mitre-matrix", x_mitre_deprecated=True)),
        "no matrix in it names its tactics",
    ),
    "no tactics": (bundle_bytes(without(NAMED, "x-mitre-tactic")), "or no tactics"),
    "revoked tactics": (
        bundle_bytes(changed(NAMED, "x-mitre-tactic", revoked=True)),
        "every tactic in it is revoked or deprecated",
    ),
    "revoked techniques": (
        bundle_bytes(changed(NAMED, "attack-pattern", revoked=True)),
        "every technique in it is revoked or deprecated",
    ),
    "no phases, STIX 2.1": (
        bundle_bytes(changed(NAMED, "attack-pattern", kill_chain_phases=[]), "2.1"),
        "none of its techniques names a kill chain phase",
    ),
    "empty": (b"", "not JSON"),
    "text": (b"hello", "not JSON"),
    "binary": (b"\xff\xfe\x00\x81", "not JSON"),
    "deep": (b"[" * 200_000, "not JSON"),
    "page": (b"<html>\n<body>", "not JSON"),
    "broken in the middle": (GOOD[:900] + b",,," + GOOD[900:], "not JSON"),
    "list": (b"[1, 2]", "not a STIX bundle"),
    "object": (b'{"type": "report"}', "not a STIX bundle"),
    "bundle without objects": (b'{"type": "bundle", "id": "bundle--1"}', "not a STIX bundle"),
    "objects that are none": (b'{"type": "bundle", "objects": [1]}', "without a type or an id"),
    "no techniques": (bundle_bytes([collection("18.1")]), "no techniques"),
    "other techniques": (bundle_bytes(NO_ATTACK), "no ATT&CK kill chain"),
    "other techniques, named": (
        bundle_bytes([collection("18.1"), *NO_ATTACK]),
        "no ATT&CK techniques or no tactics",
    ),
    "cut off at the half": (GOOD[: len(GOOD) // 2], "cut off"),
    "cut off at the end": (GOOD[:-1], "cut off"),
    "damaged relation": (bundle_bytes([collection("18.1"), *DAMAGED]), "damaged object"),
    "text for a list": (
        bundle_bytes([collection("18.1"), *TEXT_FOR_LIST]),
        "damaged object .x_mitre_platforms of T1007",
    ),
    "gzip cut off": (gzip.compress(GOOD)[:-200], "gzip file is cut off"),
    "gzip damaged": (
        gzip.compress(GOOD)[:300] + b"\x00" * 90 + gzip.compress(GOOD)[390:],
        "gzip file is damaged",
    ),
    "gzip of text": (gzip.compress(b"hello"), "not JSON"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_bundle_is_one_clear_sentence(case, tmp_path):
    content, cause = BAD[case]
    path = tmp_path / "bad-file.json"
    path.write_bytes(content)
    with pytest.raises(CatalogueError, match=cause) as caught:
        read_bundle(path)
    assert str(caught.value).startswith("bad-file.json: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("length", range(1, len(GOOD), 997))
def test_a_bundle_cut_off_anywhere_is_called_cut_off(length):
    with pytest.raises(CatalogueError, match="cut off"):
        parsed_bundle(GOOD[:length], "cut.json")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@examples(25)
@given(st.data())
def test_a_bundle_with_any_value_in_any_field_is_read_or_refused(data):
    objects = [collection("18.1"), *small_objects(data.draw(st.booleans()))]
    place = data.draw(st.integers(0, len(objects) - 1))
    key = data.draw(st.sampled_from(sorted(objects[place])))
    objects[place] = {**objects[place], key: data.draw(JSON_VALUES)}
    try:
        catalogue = catalogue_of(bundle_bytes(objects), "any.json")
    except CatalogueError as error:
        assert str(error).startswith("any.json: ")
    else:
        assert len(catalogue.techniques) in (6, 7, 8)


def test_no_file(tmp_path):
    with pytest.raises(CatalogueError, match="file not found"):
        read_bundle(tmp_path / "none.json")
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_bundle(tmp_path)
