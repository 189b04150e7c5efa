"""How `check`, `lint` and `diff` end: 1 says that a condition failed, 2 that it could not be told, whatever
the cause.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coverage.tables import PROJECT
from tests.helpers.command_line import in_a_process, run
from tests.helpers.states import committed, rule_file

LONG = "x" * 300  # no file can have this name
CONDITIONS = "[check]\nno_unmapped_rule = true\nno_technique_lost = true\nbaseline = 'HEAD'\n"


@pytest.fixture
def project(tmp_path) -> Path:
    """A repository in which check, lint and diff have nothing to complain of, and what they cannot read."""
    root = tmp_path / "project"
    rule_file(root / "rules" / "a.toml", "a", "T1105", tactic="TA0011", name="A rule")
    (root / "rules" / "a.toml").write_text(
        (root / "rules" / "a.toml")
        .read_text()
        .replace('"x"', '"Ingress Tool Transfer"')
        .replace('name = ""', 'name = "Command and Control"')
    )
    (root / "coverage.toml").write_text(CONDITIONS, encoding="utf-8")
    (root / "bad.toml").write_bytes(b"\xff\xfe")
    (root / "bad.jsonl").write_text('{"snapshot":"x"}\n', encoding="utf-8")
    (root / "bad.jsonl.gz").write_bytes(b"\x1f\x8b\x08broken")
    (root / "folder").mkdir()
    (root / "old.toml").write_text(
        f'{CONDITIONS}[check.scope]\nattack = "enterprise-1.0"\n', encoding="utf-8"
    )
    (root / "layer.toml").write_text('[[check.targets]]\nlayer = "folder"\n', encoding="utf-8")
    committed(root)
    return root


@pytest.mark.parametrize(
    "arguments", [("check", "rules"), ("lint", "rules"), ("diff", "HEAD", "--path", "rules")]
)
def test_where_all_is_well_it_is_0(project, arguments):
    done = run(*arguments, cwd=project)
    assert done.returncode == 0, (done.stdout, done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        # a folder that is not there
        ("check", "none"),
        ("check", LONG),
        ("lint", "none"),
        ("lint", LONG),
        ("diff", "HEAD", "--path", "none"),
        # settings that cannot be used
        ("check", "rules", "--config", "none.toml"),
        ("check", "rules", "--config", "folder"),
        ("check", "rules", "--config", "bad.toml"),
        ("check", "rules", "--config", LONG),
        ("check", "rules", "--config", "layer.toml"),
        ("lint", "rules", "--config", "folder"),
        ("lint", "rules", "--config", "bad.toml"),
        ("lint", "rules", "--config", LONG),
        ("check", "rules", "--gaps-file", "none.toml"),
        ("check", "rules", "--gaps-file", "folder"),
        ("check", "rules", "--gaps-file", LONG),
        ("diff", "HEAD", "--path", "rules", "--gaps-file", "folder"),
        ("diff", "HEAD", "--path", "rules", "--gaps-file", LONG),
        # a snapshot or revision that is none
        ("check", "rules", "--baseline", "bad.jsonl"),
        ("check", "rules", "--baseline", "bad.jsonl.gz"),
        ("check", "rules", "--baseline", "none"),
        ("check", "rules", "--baseline", LONG),
        ("diff", "bad.jsonl"),
        ("diff", "bad.jsonl.gz"),
        ("diff", "none"),
        ("diff", LONG),
        # a release that is not installed
        ("check", "rules", "--config", "old.toml"),
        ("lint", "rules", "--attack", "enterprise-1.0"),
        ("diff", "HEAD", "--path", "rules", "--attack", "enterprise-1.0"),
        # a file that cannot be written
        ("lint", "rules", "--format", "csv", "-o", "folder"),
        ("diff", "HEAD", "--path", "rules", "--csv", "folder"),
    ],
)
def test_what_could_not_be_told_is_2(project, arguments):
    done = run(*arguments, cwd=project)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stderr.startswith("coverage: ") and "Traceback" not in done.stderr and done.stdout == ""


COMMANDS = [
    ("check", "rules"),
    ("check", "rules", "--json"),
    ("lint", "rules"),
    ("lint", "rules", "--json"),
    ("diff", "HEAD", "--path", "rules"),
    ("diff", "HEAD", "--path", "rules", "--json"),
]


def process(arguments, cwd: Path, **options) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "COVERAGE_CACHE": str(PROJECT / "no-cache-here")}
    command = [sys.executable, "-m", "coverage.cli", *arguments]
    return subprocess.Popen(command, cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", COMMANDS)
def test_output_that_cannot_be_written_is_2(project, arguments):
    with Path("/dev/full").open("w") as full, process(arguments, project, stdout=full) as done:
        _, said = done.communicate()
    assert done.returncode == 2 and "No space left on device" in said and "Traceback" not in said


def test_a_pipe_that_nobody_reads_is_quiet_and_no_failed_check(project):
    reader, writer = os.pipe()
    os.close(reader)
    with process(("lint", "rules", "--json"), project, stdout=writer) as done:
        os.close(writer)
        _, said = done.communicate()
    assert done.returncode == 141 and said == ""


@pytest.mark.skipif(os.name == "nt", reason="a folder that is open cannot be removed")
@pytest.mark.parametrize("command", ["check", "lint", "diff HEAD"])
def test_a_current_folder_that_is_gone_is_2(tmp_path, command):
    script = f'mkdir gone && cd gone && rmdir ../gone && exec "{sys.executable}" -m coverage.cli {command}'
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and done.stderr.startswith("coverage: ") and done.stderr.count("\n") == 1


def test_a_fault_of_the_program_is_2_and_shows_its_trace(project, tmp_path):
    """A measure that stops with an exception, which a module put in before the command starts."""
    (tmp_path / "sitecustomize.py").write_text(
        "import coverage.changes.gate as gate\n"
        "def stopped(*_):\n    raise KeyError('a fault made by a test')\n"
        "gate.unmapped_verdict = stopped\n",
        encoding="utf-8",
    )
    path = os.pathsep.join([str(tmp_path), str(PROJECT)])
    done = in_a_process("check", "rules", cwd=project, PYTHONPATH=path)
    assert done.returncode == 2
    assert (
        "Traceback" in done.stderr and "coverage: internal error, please report it: KeyError" in done.stderr
    )
