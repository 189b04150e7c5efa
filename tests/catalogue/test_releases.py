"""Every ATT&CK bundle in ../shared, three ways: our frames, mitreattack-python, and the raw JSON.

A bundle takes seconds to load, so each is loaded once and all its tests run together.
"""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass

import pandas as pd
import pytest
from mitreattack.stix20 import MitreAttackData

from coverage.catalogue import Catalogue, Release
from coverage.catalogue.build import RELEASES, build, facts_only
from coverage.catalogue.bundle import parsed_bundle, release_of, unpacked
from coverage.catalogue.citations import years_reported
from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.catalogue.shelf import EMBEDDED
from coverage.catalogue.stix import attack_data, frames_of
from coverage.catalogue.store import open_catalogue

pytestmark = pytest.mark.corpora

BUNDLES = (
    "enterprise-16.1",
    "enterprise-17.1",
    "enterprise-18.1",
    "enterprise-19.0",
    "mobile-18.1",
    "ics-18.1",
)
SOFTWARE = ("malware", "tool")


@dataclass(frozen=True)
class Loaded:
    """One bundle: its objects as JSON, as mitreattack-python reads it, and our catalogue."""

    name: str
    objects: list[dict]
    data: MitreAttackData
    catalogue: Catalogue

    def live(self, *types: str) -> dict[str, dict]:
        return {o["id"]: o for o in self.objects if o["type"] in types and status(o) == "live"}

    def relations(self, kind: str) -> list[dict]:
        return [
            o
            for o in self.objects
            if o["type"] == "relationship" and o["relationship_type"] == kind and status(o) == "live"
        ]


@pytest.fixture(scope="module", params=BUNDLES)
def loaded(request, shared) -> Loaded:
    domain, _, version = request.param.partition("-")
    content = unpacked(shared("attack", f"{domain}-attack-{version}.json.gz").read_bytes(), request.param)
    bundle = parsed_bundle(content, request.param)
    release = release_of(bundle)
    gc.disable()  # a quarter faster: it would look through millions of objects again and again
    data = attack_data(bundle)
    gc.enable()
    frames = frames_of(data, release, years_reported(bundle.objects))
    catalogue = Catalogue.of_frames(release, bundle.sha256, request.param, frames)
    return Loaded(request.param, bundle.objects, data, catalogue)


def status(stix) -> str:
    return "revoked" if stix.get("revoked") else "deprecated" if stix.get("x_mitre_deprecated") else "live"


def attack_id(stix) -> str:
    return stix["external_references"][0]["external_id"]


def pairs(frame: pd.DataFrame, *columns: str) -> list[tuple]:
    return sorted(frame[list(columns)].itertuples(index=False, name=None))


# ---- counts MITRE publishes ------------------------------------------------------------------------

# tactics, live techniques, live sub-techniques, placements, revocations
COUNTS = {
    "enterprise-16.1": (14, 203, 453, 852, 131),
    "enterprise-17.1": (14, 211, 468, 874, 132),
    "enterprise-18.1": (14, 216, 475, 887, 132),
    "enterprise-19.0": (15, 222, 475, 872, 149),
    "mobile-18.1": (12, 77, 47, 144, 52),
    "ics-18.1": (12, 83, 0, 94, 0),
}


def test_counts(loaded):
    catalogue = loaded.catalogue
    live = catalogue.techniques[catalogue.techniques["status"] == "live"]
    subtechniques = int(live["is_subtechnique"].sum())
    tactics = int((catalogue.tactics["position"] >= 0).sum())
    found = (
        tactics,
        len(live) - subtechniques,
        subtechniques,
        len(catalogue.placements),
        len(catalogue.revocations),
    )
    assert found == COUNTS[loaded.name]
    assert str(catalogue.release) == loaded.name


# ---- against mitreattack-python --------------------------------------------------------------------


def test_techniques_agree_with_mitreattack(loaded):
    data = loaded.data
    parents = {
        attack_id(data.src.get(sub)): attack_id(entries[0]["object"])
        for sub, entries in data.get_all_parent_techniques_of_all_subtechniques().items()
        if entries
    }
    theirs = {
        data.get_attack_id(t["id"]) or attack_id(t): (
            t["name"],
            bool(t.get("x_mitre_is_subtechnique")),
            tuple(p for p in t.get("x_mitre_platforms", ()) if p != "None"),
            status(t),
        )
        for t in data.get_techniques()
    }
    frame = loaded.catalogue.techniques
    columns = frame[["name", "is_subtechnique", "platforms", "status"]].itertuples(index=False, name=None)
    assert dict(zip(frame["attack_id"], columns, strict=True)) == theirs
    ours = frame.set_index("attack_id")["parent_id"].dropna().to_dict()
    assert {sub: ours[sub] for sub in parents} == parents
    # Some revoked sub-techniques have no relation to their parent; the ID says it.
    assert all(sub.startswith(f"{parent}.") for sub, parent in ours.items())


def test_tactics_agree_with_mitreattack(loaded):
    data = loaded.data
    tactics = {t["x_mitre_shortname"]: attack_id(t) for t in data.get_tactics(remove_revoked_deprecated=True)}
    theirs = {
        (tactics[phase["phase_name"]], attack_id(t))
        for t in data.get_techniques(remove_revoked_deprecated=True)
        for phase in t["kill_chain_phases"]
    }
    assert set(pairs(loaded.catalogue.placements, "tactic_id", "attack_id")) == theirs
    frame = loaded.catalogue.tactics
    assert {t["name"]: attack_id(t) for t in data.get_tactics()} == dict(
        zip(frame["name"], frame["tactic_id"], strict=True)
    )
    (matrix,) = (m["name"] for m in data.get_matrices(remove_revoked_deprecated=True))
    order = [attack_id(t) for t in data.get_tactics_by_matrix()[matrix]]
    assert frame.loc[frame["position"] >= 0, "tactic_id"].tolist() == order


def test_the_tactics_column_says_what_the_placements_say(loaded):
    frame, order = loaded.catalogue.techniques, loaded.catalogue.tactics["tactic_id"].tolist()
    said = [
        (tactic, i)
        for i, tactics in zip(frame["attack_id"], frame["tactics"], strict=True)
        for tactic in tactics
    ]
    assert sorted(said) == pairs(loaded.catalogue.placements, "tactic_id", "attack_id")
    assert all(list(tactics) == sorted(tactics, key=order.index) for tactics in frame["tactics"])


def test_revocations_agree_with_mitreattack(loaded):
    ours = pairs(loaded.catalogue.revocations, "attack_id", "revoked_by")
    everything = {o["id"]: attack_id(o) for o in loaded.objects if o["type"] == "attack-pattern"}
    raw = [
        (everything[r["source_ref"]], everything[r["target_ref"]])
        for r in loaded.relations("revoked-by")
        if r["source_ref"] in everything
    ]
    assert ours == sorted(raw)
    # mitreattack-python knows those whose successor is live.
    related = loaded.data.get_related("attack-pattern", "revoked-by", "attack-pattern")
    theirs = {
        (everything[old], attack_id(entry["object"])) for old, entries in related.items() for entry in entries
    }
    techniques = loaded.catalogue.techniques.set_index("attack_id")["status"]
    assert {pair for pair in ours if techniques[pair[1]] == "live"} == theirs
    assert set(techniques[[old for old, _ in ours]]) <= {"revoked"}


def test_groups_software_campaigns_and_mitigations_agree_with_mitreattack(loaded):
    data, catalogue = loaded.data, loaded.catalogue
    for frame, theirs in (
        (catalogue.groups, data.get_groups(remove_revoked_deprecated=True)),
        (catalogue.software, data.get_software(remove_revoked_deprecated=True)),
        (catalogue.campaigns, data.get_campaigns(remove_revoked_deprecated=True)),
        (catalogue.mitigations, data.get_mitigations(remove_revoked_deprecated=True)),
    ):
        assert pairs(frame, frame.columns[0], "name") == sorted((attack_id(o), o["name"]) for o in theirs)


# ---- against the raw JSON --------------------------------------------------------------------------


def test_uses_agree_with_the_json(loaded):
    ends = loaded.live("attack-pattern", "intrusion-set", "campaign", *SOFTWARE)
    refs = {(r["source_ref"], r["target_ref"]) for r in loaded.relations("uses")}
    raw = [(ends[source], ends[target]) for source, target in refs if source in ends and target in ends]
    kinds = {"intrusion-set": "group", "campaign": "campaign", "malware": "software", "tool": "software"}

    def kind(stix):
        sub = "subtechnique" if stix.get("x_mitre_is_subtechnique") else "technique"
        return kinds.get(stix["type"], sub)

    expected = {(attack_id(a), kind(a), attack_id(b), kind(b)) for a, b in raw}
    assert (
        set(pairs(loaded.catalogue.uses, "source_id", "source_kind", "target_id", "target_kind")) == expected
    )
    assert len(loaded.catalogue.uses) == len(expected) > 200


def test_the_year_a_use_was_last_reported_agrees_with_the_json(loaded):
    """Read another way: word by word, and the brackets before `Retrieved` alone."""
    ends = loaded.live("attack-pattern", "intrusion-set", "campaign", *SOFTWARE)
    expected: dict[tuple, int] = {}
    for one in loaded.relations("uses"):
        if one["source_ref"] in ends and one["target_ref"] in ends:
            key = (attack_id(ends[one["source_ref"]]), attack_id(ends[one["target_ref"]]))
            years = [0]
            for reference in one.get("external_references", ()):
                before = reference.get("description", "").split("Retrieved ")[0]
                opened = [part.split(")")[0] for part in before.split("(")[1:]]
                dated = [words[:4] for words in opened if words[:4].isdigit() and words[:2] in ("19", "20")]
                years += map(int, dated[:1])
            expected[key] = max(expected.get(key, 0), *years)
    uses = loaded.catalogue.uses
    found = zip(uses["source_id"], uses["target_id"], uses["last_reported"].fillna(0), strict=True)
    assert {(source, target): year for source, target, year in found} == expected
    assert uses["last_reported"].notna().sum() > 30
    texts = {one.get("description") for one in loaded.relations("uses")}
    assert uses["procedure"].notna().any() and set(uses["procedure"].dropna()) <= texts


@pytest.mark.parametrize(
    ("frame", "kind", "source", "target"),
    [
        ("mitigates", "mitigates", "course-of-action", "attack-pattern"),
        ("attributions", "attributed-to", "campaign", "intrusion-set"),
    ],
)
def test_relations_agree_with_the_json(loaded, frame, kind, source, target):
    ends = loaded.live(source, target)
    expected = {
        (attack_id(ends[r["source_ref"]]), attack_id(ends[r["target_ref"]]))
        for r in loaded.relations(kind)
        if r["source_ref"] in ends and r["target_ref"] in ends
    }
    found = loaded.catalogue.frame(frame)
    assert set(pairs(found, *found.columns)) == expected
    assert len(found) == len(expected) > 0


def test_strategies_analytics_and_log_sources_agree_with_the_json(loaded):
    strategies, analytics = loaded.live("x-mitre-detection-strategy"), loaded.live("x-mitre-analytic")
    techniques, components = loaded.live("attack-pattern"), loaded.live("x-mitre-data-component")
    detects = {
        (attack_id(strategies[r["source_ref"]]), attack_id(techniques[r["target_ref"]]))
        for r in loaded.relations("detects")
        if r["source_ref"] in strategies and r["target_ref"] in techniques
    }
    of = {
        (attack_id(s), attack_id(analytics[a]))
        for s in strategies.values()
        for a in s.get("x_mitre_analytic_refs", ())
        if a in analytics
    }
    sources = {
        (attack_id(a), attack_id(components[s["x_mitre_data_component_ref"]]), s["name"], s["channel"])
        for a in analytics.values()
        for s in a.get("x_mitre_log_source_references", ())
    }
    catalogue = loaded.catalogue
    assert pairs(catalogue.strategies, "strategy_id", "attack_id") == sorted(detects)
    assert pairs(catalogue.analytics, "strategy_id", "analytic_id") == sorted(of)
    assert pairs(catalogue.log_sources, "analytic_id", "component_id", "name", "channel") == sorted(sources)
    assert (len(sources) > 0) == (catalogue.release.version_key >= (18, 0))


def test_what_data_components_detect_agrees_with_the_json(loaded):
    techniques, components = loaded.live("attack-pattern"), loaded.live("x-mitre-data-component")
    if loaded.catalogue.release.version_key < (18, 0):
        expected = {
            (components[r["source_ref"]]["name"], attack_id(techniques[r["target_ref"]]))
            for r in loaded.relations("detects")
            if r["source_ref"] in components and r["target_ref"] in techniques
        }
    else:
        strategies, analytics = loaded.live("x-mitre-detection-strategy"), loaded.live("x-mitre-analytic")
        expected = {
            (attack_id(components[s["x_mitre_data_component_ref"]]), attack_id(techniques[r["target_ref"]]))
            for r in loaded.relations("detects")
            if r["target_ref"] in techniques
            for a in strategies[r["source_ref"]].get("x_mitre_analytic_refs", ())
            for s in analytics[a].get("x_mitre_log_source_references", ())
        }
    assert set(pairs(loaded.catalogue.component_detects, "component_id", "attack_id")) == expected
    assert len(expected) > 100


def test_every_id_a_relation_names_is_in_its_frame(loaded):
    c = loaded.catalogue
    live = set(c.techniques.loc[c.techniques["status"] == "live", "attack_id"])
    actors = {*c.groups["group_id"], *c.software["software_id"], *c.campaigns["campaign_id"]}
    assert set(c.uses["source_id"]) <= actors
    assert set(c.uses["target_id"]) <= live | actors
    assert set(c.log_sources["analytic_id"]) <= set(c.analytics["analytic_id"])
    assert set(c.log_sources["component_id"]) <= set(c.data_components["component_id"])
    assert set(c.component_detects["component_id"]) <= set(c.data_components["component_id"])
    for frame in (c.placements, c.mitigates, c.strategies, c.component_detects):
        assert set(frame["attack_id"]) <= live


def test_no_platform_is_called_none(loaded):
    counted = Counter(p for platforms in loaded.catalogue.techniques["platforms"] for p in platforms)
    assert "None" not in counted
    assert counted["Android" if "mobile" in loaded.name else "Windows"] > 5


# ---- the releases that come with the project -------------------------------------------------------


def test_rebuilding_gives_the_embedded_frames(loaded):
    if loaded.catalogue.release not in RELEASES:
        pytest.skip(f"{loaded.name} does not come with the project")
    folder = EMBEDDED / loaded.name
    embedded = open_catalogue(folder, verify=True)
    rebuilt = facts_only(loaded.catalogue)
    assert embedded.sha256 == rebuilt.sha256
    for name in CATALOGUE_FRAMES:
        pd.testing.assert_frame_equal(embedded.frame(name), rebuilt.frame(name))


def test_building_twice_gives_the_same_bytes(shared, tmp_path):
    releases = {Release.parse("ics-18.1"): RELEASES[Release.parse("ics-18.1")]}
    first, second = (build(shared("attack"), tmp_path / n, releases)[0] for n in "ab")
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted([*(f"{name}.parquet" for name in CATALOGUE_FRAMES), "release.json"])
    assert [(first / n).read_bytes() for n in names] == [(second / n).read_bytes() for n in names]


def test_the_embedded_releases_hold_facts_only_and_stay_small():
    files = [path for path in EMBEDDED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    assert {path.name for path in EMBEDDED.iterdir()} == {*map(str, RELEASES), "README.md"}
    for release in RELEASES:
        catalogue = open_catalogue(EMBEDDED / str(release))
        assert catalogue.techniques["description"].isna().all() and catalogue.uses["procedure"].isna().all()


def test_the_readme_names_every_bundle_and_mitres_notice():
    readme = (EMBEDDED / "README.md").read_text(encoding="utf-8")
    for release in RELEASES:
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{release}`"))
        assert open_catalogue(EMBEDDED / str(release)).sha256 in row
    for text in (readme, (EMBEDDED.parent / "README.md").read_text(encoding="utf-8")):
        assert (
            "© 2026 The MITRE Corporation. This work is reproduced and distributed with the permission"
            in text
        )
    assert "non-exclusive, royalty-free license to use ATT&CK®" in text


def test_the_v19_split(loaded):
    """TA0005 means two things in two versions, and T1562 is gone from one to the next."""
    if loaded.name not in ("enterprise-18.1", "enterprise-19.0"):
        pytest.skip("about the step from 18.1 to 19.0")
    names = loaded.catalogue.tactics.set_index("tactic_id")["name"]
    live = loaded.catalogue.techniques.set_index("attack_id")["status"]
    new = loaded.name == "enterprise-19.0"
    assert names["TA0005"] == ("Stealth" if new else "Defense Evasion")
    assert names.get("TA0112") == ("Defense Impairment" if new else None)
    assert live["T1562"] == ("revoked" if new else "live")
