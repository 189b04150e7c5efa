"""Threat profiles: what settings and files say, carried into a release or listed; nothing else is lost."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from coverage.catalogue import shelf
from coverage.frames import checked
from coverage.inputs import inputs_of
from coverage.loaders import given_files
from coverage.mapping.reader import Reader
from coverage.project.settings import SettingsError, ThreatSetting, read_settings
from coverage.reading import other_releases
from coverage.syntaxes.yaml_text import YAML
from coverage.tables import TableError
from coverage.threats.files.reading import read_file
from coverage.threats.frames import MEMBER_USES, MEMBERS
from coverage.threats.profile import (
    Profile,
    default_profile,
    group_profile,
    profile_in,
    profile_toml,
    profiles_of,
)
from coverage.threats.sectors import victims_by_group
from coverage.threats.threat import Threat, threat_in

DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def catalogue():
    return shelf.open_release("enterprise-19.0")


@pytest.fixture(scope="module")
def read_in_19(catalogue):
    """A profile or an entry of one -> the threat that it is in Enterprise 19.0."""
    reader = Reader(catalogue, other_releases(catalogue))

    def read(profile: Profile | ThreatSetting) -> Threat:
        if isinstance(profile, ThreatSetting):
            profile = Profile(profile.name, (profile,))
        found = threat_in(profile, catalogue, reader, DAY)
        checked(found.members, MEMBERS)
        checked(found.uses, MEMBER_USES)
        return found

    return read


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def ids_of(threat: Threat, member: str | None = None) -> set[str]:
    uses = threat.uses if member is None else threat.uses[threat.uses["member_id"] == member]
    return set(uses.loc[uses["counts"] > 0, "attack_id"])


def said(threat: Threat) -> list[tuple]:
    columns = ("path", "line", "severity", "code")
    return [tuple(row[name] for name in columns) for row in threat.problems.to_dict("records")]


def strengths(threat: Threat) -> dict[str, float]:
    return dict(zip(threat.uses["attack_id"], threat.uses["strength"], strict=True))


# ---- the samples beside the project ----------------------------------------------------------------------


def _dettect(path: Path) -> set[str]:
    groups = YAML.parse(path.read_text(encoding="utf-8"))[-1]["groups"]
    return {text for group in groups for text in group["technique_id"]}


def _ctid(path: Path) -> set[str]:
    with path.open(encoding="utf-8") as file:
        return {row["technique_id"] for row in csv.DictReader(file)}


def _kev(path: Path) -> set[str]:
    mappings = json.loads(path.read_text(encoding="utf-8"))["mapping_objects"]
    return {one["attack_object_id"] for one in mappings if one["attack_object_id"]}


SAMPLES = {
    "dettect/groups.yaml": (_dettect, 28),
    "dettect/report-20200901-Cisco-Talos.yaml": (_dettect, 7),
    "dettect/report-20201209-Cisco-Talos.yaml": (_dettect, 12),
    "dettect/report-20210324-Cisco-Talos.yaml": (_dettect, 12),
    "ctid-top-techniques-2025-05.csv": (_ctid, 625),
    "kev-2025-07-28_attack-16.1.json": (_kev, 155),
}


@pytest.mark.corpora
@pytest.mark.parametrize("name", SAMPLES)
def test_every_id_of_a_sample_is_carried_or_listed(shared, read_in_19, name):
    path, (ids_in, count) = shared("threat", name), SAMPLES[name]
    threat = read_in_19(profile_in(path))
    ids = ids_in(path)
    carried = set(threat.uses["written"])
    told = {
        text for message in threat.problems["message"] for text in re.findall(r"T\d{4}(?:\.\d{3})?", message)
    }
    assert len(ids) == count and ids <= carried | told and carried <= ids
    assert not (threat.problems["severity"] == "error").any()
    assert set(threat.problems["path"]) <= {path.name}
    lines = path.read_text(encoding="utf-8").splitlines()
    for row in threat.problems[threat.problems["code"] == "threat-read-as"].to_dict("records"):
        assert row["message"].split()[0] in lines[row["line"] - 1]


@pytest.mark.corpora
def test_kev_weighs_the_cves_that_name_an_id_and_only_those_that_matter(shared, read_in_19, tmp_path):
    path = shared("threat", "kev-2025-07-28_attack-16.1.json")
    named: dict[str, set[str]] = {}
    for one in json.loads(path.read_text(encoding="utf-8"))["mapping_objects"]:
        named.setdefault(one["attack_object_id"], set()).add(one["capability_id"])
    most = max(map(len, named.values()))
    found = strengths(read_in_19(profile_in(path)))
    assert found["T1059"] == pytest.approx(len(named["T1059"]) / most)
    entry = ThreatSetting("ours", files=(str(path),), cves=("cve-2024-34102", "CVE-1999-0001"))
    threat = read_in_19(entry)
    assert ids_of(threat) == {one for one, cves in named.items() if "CVE-2024-34102" in cves}
    assert "CVE-1999-0001" in threat.problems["message"].str.cat()
    listed = written(tmp_path / "ours.txt", "we run CVE-2024-34102, patched\n")
    assert ids_of(read_in_19(replace(entry, cves=(str(listed),)))) == ids_of(threat)


@pytest.mark.corpora
@pytest.mark.parametrize(
    "name",
    [
        "dettect/data-sources-ics.yaml",
        "misp-threat-actor.json",
        "dettect/techniques-administration-endpoints.yaml",
    ],
)
def test_a_file_of_something_else_is_one_problem(shared, read_in_19, name):
    threat = read_in_19(profile_in(shared("threat", name)))
    assert threat.members.empty
    assert [row[2:] for row in said(threat)] == [("error", "unknown-format")]


# ---- formats -----------------------------------------------------------------------------------------------


def layer(*techniques: dict) -> dict:
    return {"name": "Ours", "domain": "enterprise-attack", "techniques": list(techniques)}


def test_scores_of_a_layer_are_weights(read_in_19, tmp_path):
    file = written(
        tmp_path / "layer.json",
        layer(
            {"techniqueID": "T1059", "score": 4},
            {"techniqueID": "T1059.001", "score": 1, "tactic": "execution"},
            {"techniqueID": "T1059.001", "score": 2, "tactic": "persistence"},
            {"techniqueID": "T1003", "color": "#ff0000"},
            {"techniqueID": "T1110", "score": 3, "enabled": False},
            {"techniqueID": "T1105", "score": float("nan")},
            {"techniqueID": "T1562.001", "score": 2},
            {"score": 9},
        ),
    )
    threat = read_in_19(profile_in(file))
    assert strengths(threat) == {
        "T1059": 1.0,
        "T1059.001": 0.5,
        "T1003": 0.0,
        "T1110": 0.0,
        "T1105": 0.0,
        "T1685": 0.5,
    }
    assert threat.members[["name", "kind", "ids"]].values.tolist() == [["Ours", "layer", 3]]
    assert [row[3] for row in said(threat)] == ["wrong-type", "threat-read-as", "no-id"]


def test_a_layer_without_scores_needs_what_is_marked(read_in_19, tmp_path):
    entries = [{"techniqueID": "T1059"}, {"techniqueID": "T1003", "comment": "seen"}]
    assert ids_of(read_in_19(profile_in(written(tmp_path / "a.json", layer(*entries))))) == {"T1003"}
    assert ids_of(read_in_19(profile_in(written(tmp_path / "b.json", [layer(entries[0])])))) == {"T1059"}


def test_counts_and_software_of_dettect(read_in_19, tmp_path):
    text = """\
version: 1
file_type: group-administration
groups:
  - group_name: Ransom
    campaign: 2026
    technique_id: {T1486: 4, T1059.001: 1, T9999: 2}
    software_id: [S0002, S9999]
    enabled: true
"""
    file = written(tmp_path / "groups.yaml", text)
    threat = read_in_19(profile_in(file))
    assert strengths(threat) == {"T1486": 1.0, "T1059.001": 0.25}
    assert said(threat) == [
        ("groups.yaml", 6, "error", "threat-unknown-id"),
        ("groups.yaml", 7, "warning", "threat-unknown"),
    ]
    entry = ThreatSetting("x", files=(str(file),), through=("software",))
    more = read_in_19(entry)
    mimikatz = more.uses[more.uses["through"] == "S0002"]
    assert set(mimikatz["way"]) == {"software"} and "T1003.001" in set(mimikatz["attack_id"])


def stix(kind: str, name: str, **more) -> dict:
    return {"type": kind, "id": f"{kind}--{name}", "name": name, **more}


def uses(source: dict, target: dict, kind: str = "uses", **more) -> dict:
    ends = {"source_ref": source["id"], "target_ref": target["id"]}
    return (
        {"type": "relationship", "id": f"relationship--{len(str(ends))}{ends}", "relationship_type": kind}
        | ends
        | more
    )


def mitre(external_id: str) -> dict:
    return {"external_references": [{"source_name": "mitre-attack", "external_id": external_id}]}


def test_a_stix_bundle_of_opencti_and_workbench(read_in_19, tmp_path):
    by_id = stix("attack-pattern", "Whatever", **mitre("T1059.001"))
    by_opencti = stix("attack-pattern", "Copy", x_mitre_id="T1003")
    by_name = stix("attack-pattern", "Phishing")
    nobody_s = stix("attack-pattern", "Unused", x_mitre_id="T1110")
    reported = stix("attack-pattern", "In a report", x_mitre_id="T1105")
    unknown = stix("attack-pattern", "No such thing")
    gone = stix("attack-pattern", "Gone", revoked=True, x_mitre_id="T1486")
    bear = stix("intrusion-set", "Our bear", **mitre("G0016"))
    local = stix("threat-actor", "Local crew")
    malware, alone = stix("malware", "Loader"), stix("malware", "Alone")
    campaign = stix("campaign", "Spring", first_seen="2025-03-01T00:00:00Z")
    report = stix(
        "report",
        "A report",
        published="2024-02-01T00:00:00Z",
        object_refs=[reported["id"], by_id["id"], bear["id"], 3],
    )
    dated = {
        "external_references": [
            {"source_name": "x", "description": "Us. (2022, May 1). Bear. Retrieved 2024."}
        ]
    }
    objects = [
        *(
            by_id,
            by_opencti,
            by_name,
            nobody_s,
            reported,
            unknown,
            gone,
            bear,
            local,
            malware,
            alone,
            campaign,
            report,
        ),
        uses(bear, by_id, **dated),
        uses(bear, malware),
        uses(malware, by_opencti),
        uses(campaign, by_name, start_time="2025-03-02T00:00:00Z"),
        uses(campaign, bear, "attributed-to"),
        uses(local, by_name),
        uses(local, unknown),
        uses(local, gone),
        uses(alone, by_opencti),
        uses(alone, by_id, revoked=True),
        {"type": "relationship", "id": "relationship--odd", "relationship_type": "uses", "source_ref": 5},
    ]
    file = written(tmp_path / "bundle.json", {"type": "bundle", "id": "bundle--1", "objects": objects})
    threat = read_in_19(profile_in(file))
    rows = threat.uses[["member_id", "attack_id", "way", "last_reported"]].astype(object)
    assert sorted(map(tuple, rows.where(rows.notna(), None).values.tolist())) == [
        ("G0016", "T1059.001", "direct", 2022),
        ("bundle.json: A report", "T1105", "direct", 2024),
        ("bundle.json: Alone", "T1003", "direct", None),
        ("bundle.json: Local crew", "T1566", "direct", None),
        ("bundle.json: Spring", "T1566", "direct", 2025),
    ]
    assert sorted((row[2], row[3]) for row in said(threat)) == [
        ("error", "threat-unknown-id"),
        ("note", "threat-unused"),
    ]
    every = read_in_19(ThreatSetting("x", files=(str(file),), through=("campaign", "software")))
    assert set(zip(every.uses["attack_id"], every.uses["way"], every.uses["through"], strict=True)) >= {
        ("T1003", "software", "Loader"),
        ("T1566", "campaign", "Spring"),
    }
    only = written(tmp_path / "patterns.json", [nobody_s, by_name])
    assert ids_of(read_in_19(profile_in(only))) == {"T1110", "T1566"}


def test_misp_events_and_both_spellings_of_a_tag(read_in_19, tmp_path):
    event = {
        "info": "Wave of May",
        "date": "2025-05-02",
        "Tag": [
            {"name": 'misp-galaxy:mitre-attack-pattern="Phishing - T1566"'},
            {"name": 'misp-galaxy:attack-pattern="Execution - PowerShell [T1059.001]"'},
            {"name": 'misp-galaxy:mitre-intrusion-set="APT29 - G0016"'},
            {"name": 'misp-galaxy:threat-actor="Nobody Knows Them"'},
            {"name": "tlp:amber"},
        ],
        "Galaxy": [
            {
                "type": "mitre-attack-pattern",
                "GalaxyCluster": [
                    {"type": "mitre-attack-pattern", "value": "Phishing - T1566"},
                    {"type": "mitre-attack-pattern", "value": "Brute Force"},
                ],
            }
        ],
        "Object": [
            {
                "Attribute": [
                    {"Tag": [{"name": 'misp-galaxy:mitre-attack-pattern="OS Credential Dumping - T1003"'}]}
                ]
            }
        ],
    }
    file = written(tmp_path / "event.json", {"response": [{"Event": event}, {"Event": {"info": "Empty"}}]})
    threat = read_in_19(profile_in(file))
    mine = "event.json: Wave of May"
    assert ids_of(threat, mine) == {"T1566", "T1059.001", "T1003", "T1110"}
    assert set(threat.uses.loc[threat.uses["member_id"] == mine, "last_reported"]) == {2025}
    assert set(threat.members["member_id"]) == {mine, "G0016"}
    assert [row[2:] for row in said(threat)] == [("note", "threat-unknown"), ("note", "threat-no-uses")]


def test_a_table_with_weights_names_and_years(read_in_19, tmp_path):
    head = "Technique ID;Adversary;Score;Year\n"
    text = f"{head}T1059;Crew;2;2024\n\nOS Credential Dumping;Crew;1;\n;Crew;1;\nT1;;x;\n"
    threat = read_in_19(profile_in(written(tmp_path / "ours.csv", text)))
    assert strengths(threat) == {"T1059": 1.0, "T1003": 0.5}
    assert threat.members["last_reported"].tolist() == [2024]
    assert [(row[1], row[3]) for row in said(threat)] == [
        (5, "no-id"),
        (6, "wrong-type"),
        (6, "threat-unknown-id"),
    ]


# ---- bad files lose nothing else ---------------------------------------------------------------------------


def test_a_bad_file_is_a_problem_with_its_path_and_costs_no_other(read_in_19, tmp_path, monkeypatch):
    good = written(tmp_path / "good.csv", "attack_id\nT1059\n")
    written(tmp_path / "cut.json", '{"techniques": [{"techniqueID": "T1059"')
    written(tmp_path / "deep.json", "[" * 100_000)
    written(tmp_path / "bad.yaml", "groups: [a\n  b: {")
    (tmp_path / "bytes.csv").write_bytes(b"\x00\x01\x02\xff")
    written(tmp_path / "empty.json", "")
    written(tmp_path / "what.xlsx", "x")
    names = ("cut.json", "deep.json", "bad.yaml", "bytes.csv", "empty.json", "what.xlsx", "none.json")
    file = written(tmp_path / "coverage.toml", "")
    entry = ThreatSetting("x", files=(*names, "good.csv"))
    threat = read_in_19(Profile("x", (entry,), file))
    assert ids_of(threat) == {"T1059"}
    assert [(row[0], row[2]) for row in said(threat)] == [(name, "error") for name in names]
    monkeypatch.setattr(given_files, "file_bytes", lambda path: b"attack_id\n" + b"T1059\n" * 40_000_000)
    assert read_file(good).problems()[0].code == "too-costly"


def test_problems_of_one_file_are_counted_beyond_a_budget(read_in_19, tmp_path):
    rows = "".join(f"T{number}\n" for number in range(5000, 6000))
    threat = read_in_19(profile_in(written(tmp_path / "odd.csv", f"attack_id\n{rows}")))
    assert len(threat.problems) == 201
    assert threat.problems["message"].iloc[-1] == "800 more problems of this kind in the file."


# ---- who is meant ------------------------------------------------------------------------------------------


def test_names_and_aliases_find_groups_and_what_fits_several_is_listed(read_in_19):
    entry = ThreatSetting("x", groups=("cozy bear", "g1017", "Nobody at all"), lines={("groups", 2): 7})
    threat = read_in_19(entry)
    assert threat.members["member_id"].tolist() == ["G0016", "G1017"]
    assert said(threat) == [("profile", 7, "error", "threat-unknown")]


def test_since_keeps_who_was_reported_and_lists_who_has_no_date(read_in_19, catalogue):
    threat = read_in_19(default_profile(DAY))
    frame = catalogue.uses[
        (catalogue.uses["source_kind"] == "group") & (catalogue.uses["target_kind"] != "software")
    ]
    newest = frame.groupby("source_id")["last_reported"].max()
    assert set(threat.members["member_id"]) == set(newest.index[newest >= 2023])
    assert set(threat.members["weight"]) == {1.0}
    told = set(re.findall(r"G\d{4}", threat.problems["message"].str.cat()))
    assert told == set(newest.index[newest.isna()])


def test_sectors_and_countries_pick_groups(read_in_19, catalogue):
    victims = victims_by_group()
    threat = read_in_19(ThreatSetting("x", sectors=("finance", "Energy"), countries=("germany",)))
    picked = {
        group
        for group, one in victims.items()
        if {"Finance", "Energy"} & {*one.sectors} and "Germany" in one.countries
    }
    with_uses = set(catalogue.uses.loc[catalogue.uses["target_kind"] != "software", "source_id"])
    assert len(picked) > 5 and set(threat.members["member_id"]) == picked & with_uses
    wrong = read_in_19(ThreatSetting("x", sectors=("Fishing",)))
    assert wrong.members.empty and [row[3] for row in said(wrong)] == ["threat-unknown"]


def test_entries_of_one_name_are_one_profile_and_the_heavier_counts(read_in_19):
    entries = (
        ThreatSetting("x", groups=("G0016", "G1017")),
        ThreatSetting("x", groups=("G0016",), weight=3.0),
    )
    threat = read_in_19(Profile("x", entries))
    assert dict(zip(threat.members["member_id"], threat.members["weight"], strict=True)) == {
        "G0016": 3.0,
        "G1017": 1.0,
    }


def test_a_half_life_lets_old_uses_fade_and_undated_ones_stand(read_in_19):
    threat = read_in_19(ThreatSetting("x", groups=("G0016",), half_life=5.0))
    years, decay = threat.uses["last_reported"], threat.uses["decay"]
    for year, factor in zip(years, decay, strict=True):
        assert factor == (1.0 if year is years.dtype.na_value else pytest.approx(0.5 ** ((2026 - year) / 5)))


def test_a_table_of_sectors_that_cannot_be_used_says_where(tmp_path):
    file = written(tmp_path / "s.csv", "group_id,joined,sectors,countries\nG0001,perhaps,a,b\n")
    with pytest.raises(TableError, match=r"s\.csv:2: joined is 'perhaps'"):
        victims_by_group(file)


# ---- coverage.toml -----------------------------------------------------------------------------------------


SETTINGS = """\
[[threat]]
name = "Our sector"
sectors = ["Finance"]
since = 2022

[[threat]]
name = "Our sector"
groups = ["G0016"]
weight = 2
through = ["campaign"]

[[threat]]
name = "Red team"
files = ["ours.csv"]
techniques = ["T1059"]
half_life = 4.5
"""


def test_settings_state_profiles_and_a_profile_is_written_back(tmp_path, read_in_19):
    settings = read_settings(written(tmp_path / "coverage.toml", SETTINGS))
    found = profiles_of(settings)
    assert list(found) == ["Our sector", "Red team"]
    assert len(found["Our sector"].entries) == 2
    assert found["Our sector"].entries[1].lines[("groups", 0)] == 8
    for profile in found.values():
        again = profile_in(written(tmp_path / "saved.toml", profile_toml(profile)))
        assert again.entries == profile.entries
    odd = Profile('a "b" \\ ü', (ThreatSetting('a "b" \\ ü', techniques=("T1059", "\x07")),))
    assert profile_in(written(tmp_path / "odd.toml", profile_toml(odd))).entries == odd.entries
    threat = read_in_19(found["Red team"])
    assert ids_of(threat) == {"T1059"}
    assert [row[:1] + row[2:] for row in said(threat)] == [("ours.csv", "error", "unreadable-file")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("since = 2022\n", "has no name"),
        ('name = "x"\n', "names nobody"),
        ('name = "x"\nsince = 1022\n', "not a number from 1990 to 2100"),
        ('name = "x"\nsince = "2022"\n', "text, not a whole number"),
        ('name = "x"\ngroups = ["a"]\nthrough = ["friends"]\n', "none of campaign, software"),
        ('name = "x"\ngroups = ["a"]\ncves = ["CVE-2024-1"]\n', "and no files"),
        ('name = "x"\ngroup = ["a"]\n', "threat[0].group is not a setting"),
    ],
)
def test_what_is_wrong_in_settings_is_said_with_file_and_line(tmp_path, text, message):
    file = written(tmp_path / "coverage.toml", f"[[threat]]\n{text}")
    with pytest.raises(SettingsError, match=r"coverage\.toml:\d+: threat\[0\].*") as error:
        read_settings(file)
    assert message in str(error.value)


def test_a_file_that_a_profile_reads_is_part_of_what_numbers_depend_on(tmp_path):
    written(tmp_path / "coverage.toml", SETTINGS)
    before = inputs_of([], start=tmp_path)
    written(tmp_path / "ours.csv", "attack_id\nT1003\n")
    after = inputs_of([], start=tmp_path)
    assert before.threats != after.threats and before.digest != after.digest
    assert replace(after, threats=before.threats) == before


def test_groups_by_id_name_and_kind():
    (entry,) = group_profile(["G0016", "S0002", "C0024", "Turla"], ("software",)).entries
    assert (entry.groups, entry.software, entry.campaigns) == (("G0016", "Turla"), ("S0002",), ("C0024",))
