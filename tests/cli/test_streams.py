"""What a command does when nobody can take what it writes: a full disk, a reader that left, a closed
stream.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coverage.cli import COMMANDS
from coverage.tables import PROJECT
from tests.helpers import small

SMALL = str(small.SMALL)
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, a disk that is always full")

# Everything that can write to standard output: a line a command and form.
WRITING = [
    ("--help",),
    ("summary", "--help"),
    ("summary", SMALL),
    ("summary", SMALL, "--json"),
    ("summary", SMALL, "--csv", "-"),
    ("gaps", SMALL),
    ("gaps", SMALL, "--csv", "-"),
    ("rules", SMALL),
    ("rules", SMALL, "--json"),
    ("problems", SMALL),
    ("data", SMALL),
    ("data", SMALL, "--json"),
    ("lint", SMALL),
    ("lint", SMALL, "--format", "sarif"),
    ("migrate", SMALL, "--to", "enterprise-19.0"),
    ("migrate", SMALL, "--to", "enterprise-19.0", "--json"),
    ("impact", SMALL),
    ("impact", SMALL, "--json"),
    ("compare", f"a={SMALL}/rules", f"b={SMALL}/hunting"),
    ("borrow", f"a={SMALL}/rules", f"b={SMALL}/hunting"),
    ("export", SMALL, "--what", "layer", "-o", "-"),
    ("snapshot", SMALL, "-o", "-"),
    ("diff", SMALL, f"{SMALL}/rules"),
    ("diff", SMALL, f"{SMALL}/rules", "--markdown"),
    ("check", SMALL, "--config", "{config}"),
    ("check", SMALL, "--config", "{config}", "--format", "github"),
    ("threats", SMALL),
    ("threats", SMALL, "--json"),
    ("corpora", "list"),
    ("attack", "list"),
    ("attack", "list", "--json"),
]

# One process for all of them, since Python's start costs seconds: descriptor 1 is what is asked for.
DRIVER = """
import contextlib, json, os, sys
from coverage.cli.ending import run
found = []
for arguments in json.loads(sys.argv[1]):
    target = os.open(sys.argv[2], os.O_WRONLY)
    os.dup2(target, 1); os.close(target)
    kept = os.dup(2)
    taken = os.open(sys.argv[3], os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(taken, 2)
    code = run(arguments)
    sys.stderr.flush()
    os.lseek(taken, 0, 0)
    found.append((code, os.read(taken, 100000).decode()))
    os.close(taken); os.dup2(kept, 2); os.close(kept)
open(sys.argv[4], "w").write(json.dumps(found))
"""


def environment(cache: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE_", "PYTHONUNBUFFERED"))}
    return {**kept, "COVERAGE_CACHE": str(cache), "COLUMNS": "100"}


def test_every_command_is_among_them():
    assert {arguments[0] for arguments in WRITING} - {"--help"} == set(COMMANDS)


@needs_full
def test_a_full_disk_is_one_sentence_and_code_2_for_every_command(tmp_path):
    config = tmp_path / "coverage.toml"
    config.write_text("[check]\nno_unmapped_rule = true\n")
    lines = [[part.replace("{config}", str(config)) for part in arguments] for arguments in WRITING]
    done = subprocess.run(
        [
            *(sys.executable, "-c", DRIVER, json.dumps(lines)),
            *(str(FULL), str(tmp_path / "stderr"), str(tmp_path / "found")),
        ],
        cwd=PROJECT,
        check=False,
        timeout=400,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=environment(tmp_path / "cache"),
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads((tmp_path / "found").read_text())
    sentence = "coverage: cannot write to standard output: No space left on device\n"
    wrong = [
        (arguments, code, error)
        for arguments, (code, error) in zip(lines, found, strict=True)
        if code != 2 or not error.endswith(sentence) or "Traceback" in error or "Exception" in error
    ]
    assert wrong == []


def started(*arguments: str, cache: Path, **streams) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "coverage.cli", *arguments],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        env=environment(cache) | streams.pop("environment", {}),
        **streams,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("form", [("--csv", "-"), ()])
def test_a_reader_that_left_is_no_fault(tmp_path, form, unbuffered):
    reading, writing = os.pipe()
    process = started(
        *("gaps", SMALL, *form),
        cache=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
        environment={"PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writing)
    os.close(reading)
    _, error = process.communicate(timeout=120)
    assert (process.returncode, error) == (141, b"")


@pytest.mark.skipif(os.name != "posix", reason="closes a descriptor as a POSIX shell does")
def test_a_closed_standard_output_is_one_sentence_unless_nothing_is_written_there(tmp_path):
    def closed(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "coverage.cli", *arguments],
            cwd=PROJECT,
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(tmp_path),
        )

    done = closed("summary", SMALL)
    assert (done.returncode, done.stderr) == (2, b"coverage: cannot write to standard output: it is closed\n")
    done = closed("gaps", SMALL, "--csv", str(tmp_path / "gaps.csv"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "gaps.csv").read_bytes().startswith(b"technique_id,")


@needs_full
def test_a_full_standard_error_loses_notes_and_nothing_else(tmp_path):
    with FULL.open("wb") as full:
        process = started(
            "snapshot", SMALL, "-o", str(tmp_path / "s.jsonl"), cache=tmp_path, stdout=full, stderr=full
        )
        assert process.wait(120) == 0
    assert (tmp_path / "s.jsonl").stat().st_size > 1000
    with FULL.open("wb") as full:
        process = started("summary", "no-such-folder", cache=tmp_path, stdout=full, stderr=full)
        assert process.wait(120) == 2


FILES = {
    "a folder": ("{tmp}", "Is a directory"),
    "in no folder": ("{tmp}/none/out.csv", "No such file or directory"),
    "below a file": ("{tmp}/file/out.csv", "Not a directory"),
    "a full disk": ("/dev/full", "No space left on device"),
    "a name too long": ("{tmp}/" + "x" * 300, "File name too long"),
}
WITH_FILE = [
    ("summary", SMALL, "--csv"),
    ("gaps", SMALL, "--csv"),
    ("lint", SMALL, "--format", "json", "-o"),
    ("impact", SMALL, "--csv"),
    ("export", SMALL, "--what", "layer", "-o"),
    ("snapshot", SMALL, "-o"),
    ("diff", SMALL, SMALL, "--csv"),
]


@needs_full
@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path, case, capfd, monkeypatch):
    from coverage.cli.ending import run

    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "no-cache"))
    (tmp_path / "file").write_text("a file")
    name, cause = FILES[case]
    target = name.replace("{tmp}", str(tmp_path))
    for arguments in WITH_FILE:
        monkeypatch.setattr(sys, "stdout", None)
        monkeypatch.setattr(sys, "stderr", None)
        code = run([*arguments, target])
        monkeypatch.undo()
        monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "no-cache"))
        told = capfd.readouterr()
        assert (code, told.out) == (2, ""), arguments
        assert told.err == f"coverage: cannot write {target}: {cause}\n", arguments


def test_a_file_that_vanishes_is_one_sentence_and_a_fault_of_the_program_a_traceback(monkeypatch, capfd):
    import coverage.cli as cli
    from coverage.cli.ending import run

    def missing(_):
        raise FileNotFoundError(2, "No such file or directory", "rules/gone.toml")

    def broken(_):
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "application", missing)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert run(["summary"]) == 2
    assert capfd.readouterr().err == "coverage: rules/gone.toml: No such file or directory\n"
    monkeypatch.setattr(cli, "application", broken)
    assert run(["summary"]) == 2
    told = capfd.readouterr().err
    assert told.startswith("Traceback") and "ZeroDivisionError" in told
    assert "coverage: internal error, please report it: ZeroDivisionError" in told
