"""A file whose content is given, as an upload is, is read as the same file on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coverage.project.settings import ThreatSetting
from coverage.threats.files.reading import SUFFIXES, read_file
from coverage.threats.profile import Profile, profile_in, profile_toml

MISP = {
    "Event": {
        "info": "Phish",
        "Tag": [{"name": 'misp-galaxy:mitre-attack-pattern="Phishing - T1566"'}],
    }
}
STIX = {
    "type": "bundle",
    "id": "bundle--11111111-1111-4111-8111-111111111111",
    "objects": [
        {"type": "report", "id": "report--1", "name": "One", "object_refs": ["attack-pattern--1"]},
        {
            "type": "attack-pattern",
            "id": "attack-pattern--1",
            "name": "Phishing",
            "external_references": [{"source_name": "mitre-attack", "external_id": "T1566"}],
        },
    ],
}


@pytest.mark.corpora
def test_every_sample_reads_alike_by_path_and_by_content(shared):
    files = [path for path in sorted(shared("threat").rglob("*")) if path.suffix in SUFFIXES]
    assert len(files) >= 8
    for path in files:
        on_disk, given = read_file(path, path.name), read_file(Path(path.name), None, None, path.read_bytes())
        assert on_disk.content == given.content, path
        assert on_disk.problems() == given.problems(), path


@pytest.mark.parametrize(("name", "document"), [("event.json", MISP), ("bundle.json", STIX)])
def test_a_platforms_export_reads_alike_too(tmp_path, name, document):
    data = json.dumps(document).encode()
    (tmp_path / name).write_bytes(data)
    on_disk, given = read_file(tmp_path / name, name), read_file(Path(name), None, None, data)
    assert on_disk.content == given.content and on_disk.problems() == given.problems()
    assert {use.text for one in given.content.members for use in one.uses} == {"T1566"}


def test_a_hostile_name_stays_in_its_comment_and_its_quotes(tmp_path):
    name = 'a"]\n[[threat]]\nname = "b.csv'
    profile = Profile("Ours", (ThreatSetting("Ours", files=(name,)),), contents={name: b""})
    file = tmp_path / "threat.toml"
    file.write_text(profile_toml(profile), encoding="utf-8")
    found = profile_in(file)
    assert found.name == "Ours" and [entry.files for entry in found.entries] == [(name,)]


def test_another_content_is_another_digest():
    one, other = (Profile("", (), contents={"a.csv": data}) for data in (b"1", b"2"))
    assert one.digest != other.digest == Profile("", (), contents={"a.csv": b"2"}).digest
