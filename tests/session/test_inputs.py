"""The one key of what is kept: whatever is read changes it, and a running dashboard follows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coverage.inputs import inputs_of
from coverage.loaders import CorpusSource
from coverage.tables import DATA, PROJECT

RULE = """\
title: A rule
id: 4f1c6f3e-52a1-4d8e-9a57-0f3f7f4f0a11
status: stable
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '.exe'
    condition: selection
level: high
tags:
    - attack.execution
    - attack.t1059
"""


@pytest.fixture
def place(monkeypatch, tmp_path) -> Path:
    """A folder with one rule, a table and a cache of its own, as the dashboard is started in."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rule.yml").write_text(RULE, encoding="utf-8")
    (tmp_path / "coverage.toml").write_text("", encoding="utf-8")
    shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("attack"))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def seen(place: Path):
    return inputs_of([CorpusSource("mine", place / "rules")], start=place, data=place / "data")


def imported(place: Path) -> None:
    folder = place / "cache" / "attack" / "enterprise-17.9-000000000000"
    shutil.copytree(DATA / "attack" / "enterprise-18.1", folder)
    release = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    (folder / "release.json").write_text(
        json.dumps({**release, "release": "enterprise-17.9", "sha256": "0" * 64}), encoding="utf-8"
    )


def rewritten(file: Path) -> None:
    """Another content of the same size and time, as an editor that is quick leaves it."""
    status = file.stat()
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


CHANGES = {
    **{
        f"tables {name}": ("tables", lambda place, name=name: rewritten(place / "data" / name))
        for name in ("weights.csv", "priority.csv", "platforms.csv", "log_sources.csv")
    },
    "tables another": ("tables", lambda place: (place / "data" / "new.csv").write_text("a\n")),
    "settings": ("settings", lambda place: (place / "coverage.toml").write_text("# a comment\n")),
    "gaps": ("gaps", lambda place: (place / "gaps.toml").write_text("")),
    "releases": ("releases", imported),
    "rules": ("rules", lambda place: (place / "rules" / "rule.yml").write_text(RULE + "\n")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_thing_that_is_read_changes_the_key(place, change):
    name, make = CHANGES[change]
    before = seen(place)
    assert seen(place) == before and seen(place).digest == before.digest
    make(place)
    after = seen(place)
    assert getattr(after, name) != getattr(before, name) and after.digest != before.digest
    others = {"sources", "rules", "tables", "settings", "gaps", "releases"} - {name}
    assert all(getattr(after, other) == getattr(before, other) for other in others)


def test_a_file_of_the_same_size_and_time_is_another_one(place):
    (place / "coverage.toml").write_text('[[corpora]]\nname = "a"\npath = "rules"\n', encoding="utf-8")
    before = seen(place)
    rewritten(place / "coverage.toml")
    assert seen(place).settings != before.settings


def test_the_gaps_beside_the_settings_count_before_those_of_the_rules(place):
    (place / "rules" / "gaps.toml").write_text("# theirs\n", encoding="utf-8")
    (place / "gaps.toml").write_text("# ours\n", encoding="utf-8")
    before = seen(place)
    (place / "rules" / "gaps.toml").write_text("# theirs, changed\n", encoding="utf-8")
    assert seen(place).gaps == before.gaps
    (place / "gaps.toml").write_text("# ours, changed\n", encoding="utf-8")
    assert seen(place).gaps != before.gaps


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> dict[str, list[str]]:
    """What a running dashboard said before and after each edit, in a copy of the checkout."""
    copy, folder = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("started_in")
    for name in ("coverage", "data", "docs", ".streamlit"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "app.py", copy)
    (folder / "rules").mkdir()
    (folder / "rules" / "rule.yml").write_text(RULE, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "COVERAGE_RULES": str(folder / "rules"),
        "COVERAGE_CACHE": str(folder / "cache"),
        "COVERAGE_DATA": str(folder / "kept"),
    }
    script = PROJECT / "tests" / "helpers" / "edits_while_running.py"
    done = subprocess.run(
        [sys.executable, str(script), str(folder)],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("edited", "before", "after"),
    [
        ("weights.csv", "0.50", "0.25"),
        ("platforms.csv", "Windows", "Linux"),
        ("log_sources.csv", "Process Creation", "File Access"),
        ("coverage.toml", "Silenced (0)", "Silenced (1)"),
        ("a rule", "T1059", "T1003"),
    ],
)
def test_a_running_dashboard_follows_an_edit(followed, edited, before, after):
    assert followed[edited] == [before, after]


def test_a_running_dashboard_follows_gaps_and_releases(followed):
    before, after = followed["gaps.toml"]
    assert "accepted" not in before and after == before.replace(" are open", " are open, of which 1 accepted")
    before, after = followed["a release"]
    assert "17.9" not in before and "17.9" in after
