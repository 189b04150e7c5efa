"""attack list, import and fetch as people run them, and which release is read where none is chosen."""

from __future__ import annotations

import json
import subprocess

import pytest
from typer.testing import CliRunner

from coverage.cli import application
from coverage.project.settings import SettingsError, read_settings
from tests.helpers import small
from tests.helpers.bundles import bundle_bytes, changed, collection, small_bundle, small_objects, technique

SMALL = str(small.SMALL)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COVERAGE_RULES", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache" / "attack"


def inside(*arguments: str) -> subprocess.CompletedProcess:
    result = CliRunner().invoke(application(), list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def bundle(folder, content: bytes, name: str = "bundle.json") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


UNNAMED = bundle_bytes(small_objects())


def test_a_bundle_without_a_collection_is_told_its_version_and_the_error_names_the_option(tmp_path):
    refused = inside("attack", "import", bundle(tmp_path, UNNAMED))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "coverage: bundle.json: the bundle does not say which ATT&CK version it is; "
        "give the version with --release, such as --release 19.0\n"
    )
    done = inside(
        "attack", "import", bundle(tmp_path, UNNAMED), "--release", "20.0", "--domain", "enterprise"
    )
    assert done.returncode == 0
    assert done.stdout.startswith("enterprise-20.0 is ready (sha256 ")
    assert done.stdout.endswith(", from bundle.json. Use it with --attack enterprise-20.0.\n")


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (("--release", "newest"), "'newest' is not an ATT&CK version"),
        (
            ("--release", "20.0", "--domain", "cloud"),
            "unknown domain: 'cloud'; choose from enterprise, mobile, ics",
        ),
        (("--release", "20.0", "--domain", "ics"), "its techniques are of Enterprise, not of ICS"),
    ],
)
def test_a_release_or_domain_that_cannot_be_is_one_sentence(tmp_path, cache, options, cause):
    done = inside("attack", "import", bundle(tmp_path, UNNAMED), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert cause in done.stderr and done.stderr.count("\n") == 1
    assert not cache.exists()


def test_a_bundle_without_kill_chain_phases_is_refused(tmp_path, cache):
    objects = changed([collection("20.0"), *small_objects()], "attack-pattern", kill_chain_phases=[])
    done = inside("attack", "import", bundle(tmp_path, bundle_bytes(objects)))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "coverage: bundle.json: none of its techniques names a kill chain phase, so it is "
        "not an ATT&CK release\n"
    )
    assert not cache.exists()


def test_techniques_that_stand_in_no_tactic_are_named(tmp_path):
    one = inside("attack", "import", bundle(tmp_path, small_bundle("20.0")))
    assert one.returncode == 0
    assert one.stderr == (
        "warning: 1 current technique of bundle.json names no tactic, so no matrix shows it: T1006\n"
    )
    lost = [technique(f"T12{number:02}", ()) for number in range(6)]
    content = bundle_bytes([collection("21.0"), *small_objects(), *lost])
    seven = inside("attack", "import", bundle(tmp_path, content))
    assert seven.stderr == (
        "warning: 7 current techniques of bundle.json name no tactic, so no matrix shows them: "
        "T1006, T1200, T1201, T1202, T1203 …\n"
    )


def test_a_copy_of_the_projects_release_is_read_where_it_is_named_alone(tmp_path):
    before = inside("summary", SMALL, "--json")
    done = inside("attack", "import", bundle(tmp_path, small_bundle("19.0")))
    first, second = done.stdout.splitlines()
    name = first.partition(" ")[0]
    assert name.startswith("enterprise-19.0@")
    assert first.endswith(f"Use it with --attack {name}.")
    assert second == "enterprise-19.0 alone stays the one that comes with the project."
    assert inside("summary", SMALL, "--json").stdout == before.stdout
    assert inside("summary", SMALL, "--json", "--attack", "enterprise-19.0").stdout == before.stdout
    chosen = json.loads(inside("summary", SMALL, "--json", "--attack", name).stdout)
    assert chosen["stamp"]["attack"] == name
    assert chosen != json.loads(before.stdout)
    listed = json.loads(inside("attack", "list", "--json").stdout)
    assert [row["release"] for row in listed["releases"] if row["default"]] == ["enterprise-19.0"]


@pytest.mark.parametrize("command", ["summary", "gaps", "rules", "lint", "impact"])
def test_a_newer_import_changes_no_default(tmp_path, command):
    arguments = (command, SMALL, "--json")
    before = json.loads(inside(*arguments).stdout)
    assert inside("attack", "import", bundle(tmp_path, small_bundle("21.0"))).returncode == 0
    after = json.loads(inside(*arguments).stdout)
    for found in (before, after):
        found.pop("written_for", None)  # has every installed release
    assert after == before


def test_coverage_toml_names_the_release_to_read_in(tmp_path):
    (tmp_path / "coverage.toml").write_text('attack = "enterprise-18.1"\n')
    assert json.loads(inside("summary", SMALL, "--json").stdout)["stamp"]["attack"] == "enterprise-18.1"
    assert json.loads(inside("lint", SMALL, "--json").stdout)["stamp"]["attack"] == "enterprise-18.1"
    chosen = inside("summary", SMALL, "--json", "--attack", "enterprise-19.0")
    assert json.loads(chosen.stdout)["stamp"]["attack"] == "enterprise-19.0"
    listed = json.loads(inside("attack", "list", "--json").stdout)
    assert [row["release"] for row in listed["releases"] if row["default"]] == ["enterprise-18.1"]
    assert " covered in Enterprise 18.1; " in inside("snapshot", SMALL, "-o", "state.jsonl").stderr


def test_coverage_toml_names_the_release_that_conditions_are_checked_in(tmp_path):
    (tmp_path / "coverage.toml").write_text(
        'attack = "enterprise-18.1"\n\n[[check.targets]]\nids = ["T1562.001"]\n'
    )
    assert inside("check", SMALL).returncode == 0
    (tmp_path / "coverage.toml").write_text('attack = "enterprise-7.0"\n\n[check]\nno_unmapped_rule = true\n')
    done = inside("check", SMALL)
    assert done.returncode == 2 and 'says attack = "enterprise-7.0"' in done.stderr


def test_a_release_of_coverage_toml_that_is_not_installed_is_one_sentence(tmp_path):
    (tmp_path / "coverage.toml").write_text('attack = "enterprise-21.0"\n')
    done = inside("summary", SMALL)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        f'coverage: {tmp_path / "coverage.toml"} says attack = "enterprise-21.0": '
        "ATT&CK Enterprise 21.0 is not installed."
    )
    inside("attack", "import", bundle(tmp_path, small_bundle("21.0")))
    assert json.loads(inside("summary", SMALL, "--json").stdout)["stamp"]["attack"] == "enterprise-21.0"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            '\nattack = "newest"\n',
            ":2: attack is not a release; write a domain and a version, such as enterprise-19.0.",
        ),
        ("attack = 19.0\n", ":1: attack is a number, not text."),
    ],
)
def test_a_release_in_coverage_toml_that_is_none(tmp_path, text, cause):
    (tmp_path / "coverage.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path / "coverage.toml")
    assert str(caught.value) == f"{tmp_path / 'coverage.toml'}{cause}"


def test_a_damaged_import_is_listed_and_stops_no_other_release(tmp_path, cache):
    before = inside("summary", SMALL, "--json")
    inside("attack", "import", bundle(tmp_path, small_bundle("21.0")))
    (folder,) = cache.iterdir()
    (folder / "techniques.parquet").write_bytes(b"PAR1 nonsense PAR1")
    listed = inside("attack", "list", "--json")
    assert listed.returncode == 0
    (damaged,) = json.loads(listed.stdout)["damaged"]
    assert damaged["folder"] == str(folder)
    assert "techniques.parquet: the file is damaged; get Enterprise 21.0 again" in damaged["cause"]
    table = inside("attack", "list").stdout
    assert "Damaged: import or fetch these again, or remove the folder" in table
    assert inside("summary", SMALL, "--json").stdout == before.stdout
    done = inside("summary", SMALL, "--attack", "enterprise-21.0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Enterprise 21.0 is in your cache, but cannot be used" in done.stderr
    assert "techniques.parquet" in done.stderr and "attack import FILE" in done.stderr
