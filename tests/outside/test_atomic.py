"""What is written whole or not at all: real processes killed in the middle, and what the next run does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from coverage.outside.atomic import (
    MOST_SECONDS,
    Owner,
    folder_for,
    replaced_file,
    scratch_folder,
    sweep,
    this_process,
)
from coverage.tables import PROJECT
from tests.helpers.corpora_made import rule_text, zipped
from tests.helpers.file_server import serving
from tests.helpers.migrating import E19, entry, rule, technique

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes the POSIX way")

RULE = rule(entry("TA0005", "Defense Evasion", technique("T1562", "Impair Defenses")))
MOVED = rule(entry("TA0112", "Defense Impairment", technique("T1685", "Disable or Modify Tools")))


def environment(folder: Path, **more: str) -> dict[str, str]:
    own = {
        "PYTHONPATH": str(PROJECT),
        "COVERAGE_CACHE": str(folder / "cache"),
        "COVERAGE_DATA": str(folder / "data"),
        "TMPDIR": str(folder),
        "NO_PROXY": "127.0.0.1",
    }
    return {**os.environ, **own, **more}


def hidden(folder: Path) -> list[str]:
    """The names of what is on its way, anywhere below a folder."""
    return sorted(path.name for path in folder.rglob(".*attack-coverage*"))


def killed(folder: Path, event: str, code: str) -> None:
    """Run code in a process that is killed at its first event of Python's auditing with this name."""
    setup = f"""
    import os, signal, sys
    def audit(event, arguments):
        if event == {event!r}:
            os.kill(os.getpid(), signal.SIGKILL)
    """
    body = dedent(setup) + dedent(code).replace("START", "sys.addaudithook(audit)")
    done = subprocess.run(
        [sys.executable, "-c", body], cwd=folder, env=environment(folder), capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@contextmanager
def stopped(arguments: list[str], folder: Path, began, **more: str):
    """A command of ours, held still as soon as `began()`; killed when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "coverage.cli", *arguments],
        cwd=folder,
        env=environment(folder, **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None and not began():
            time.sleep(0.001)
        process.send_signal(signal.SIGSTOP)
        assert began(), "it was over before it could be held"
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "coverage.cli", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# ---- whole commands --------------------------------------------------------------------------------------


def test_a_killed_migration_is_swept_by_the_next_and_a_running_one_is_not(tmp_path):
    rules = tmp_path / "rules" / "deep"
    rules.mkdir(parents=True)
    big = "# " + "x" * 300_000 + "\n"
    for number in range(80):
        (rules / f"rule{number:03}.toml").write_text(RULE + big, encoding="utf-8")
    (rules / ".migrate-notes.part").write_text("the user's own")
    command = ["migrate", str(tmp_path / "rules"), "--to", E19, "--write"]
    with stopped(command, tmp_path, lambda: hidden(rules)):
        waiting = hidden(rules)
        fresh = tmp_path / "rules" / "fresh.toml"
        fresh.write_text(RULE, encoding="utf-8")
        again = run(tmp_path, "migrate", str(fresh), str(rules / "rule000.toml"), "--to", E19, "--write")
        assert again.returncode == 0, again.stderr
        assert fresh.read_text(encoding="utf-8") == MOVED
        assert hidden(rules) == waiting != []
    assert hidden(rules) == waiting
    done = run(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert hidden(tmp_path) == []
    assert (rules / ".migrate-notes.part").read_text() == "the user's own"
    texts = {path.read_text(encoding="utf-8") for path in rules.glob("*.toml")}
    assert texts == {MOVED + big}


def test_a_killed_migration_is_swept_though_nothing_is_left_to_write(tmp_path):
    (tmp_path / "a.toml").write_text(MOVED, encoding="utf-8")
    killed(
        tmp_path,
        "os.rename",
        """
        from pathlib import Path
        from coverage.outside.atomic import replaced_file
        START
        replaced_file(Path("a.toml"), b"never")
        """,
    )
    assert len(hidden(tmp_path)) == 1
    done = run(tmp_path, "migrate", ".", "--to", E19, "--write")
    assert done.returncode == 0, done.stderr
    assert hidden(tmp_path) == []
    assert (tmp_path / "a.toml").read_text(encoding="utf-8") == MOVED


def test_a_killed_fetch_is_swept_by_the_next_command_and_a_running_one_is_not(tmp_path):
    files = {f"sigma-x/rules/r{number:05}.yml": "title: a\n" for number in range(4000)}
    content = zipped(files, "")
    corpora = tmp_path / "data" / "corpora"
    with serving(lambda handler: handler.reply(content)) as (_, url):
        fetch = ["corpora", "fetch", "sigma"]
        with stopped(fetch, tmp_path, lambda: hidden(corpora), COVERAGE_CORPORA_URL=url):
            (half,) = hidden(corpora)
            assert run(tmp_path, "corpora", "list").returncode == 0
            assert hidden(corpora) == [half]
        assert hidden(corpora) == [half]
    assert run(tmp_path, "corpora", "list").returncode == 0
    assert [*corpora.iterdir()] == []


# ---- every writer ----------------------------------------------------------------------------------------

WRITERS = {
    "an exported file": (
        "os.rename",
        """
        from coverage.cli.output import write_bytes
        START
        write_bytes(b"new", "place")
        """,
    ),
    "an exported folder": (
        "os.rename",
        """
        from coverage.cli.folder_output import write_folder
        START
        write_folder([("a/b.csv", b"new")], "place")
        """,
    ),
    "an upload": (
        "os.rename",
        """
        from coverage.corpora.uploads import kept_upload
        START
        kept_upload([("a.yml", b"title: a")])
        """,
    ),
    "a release": (
        "os.rename",
        """
        from coverage.catalogue.shelf import cache_folder, open_release
        from coverage.catalogue.store import write_catalogue
        catalogue = open_release("ics-18.1")
        START
        write_catalogue(catalogue, cache_folder() / "place")
        """,
    ),
    "decisions": (
        "os.rename",
        """
        from pathlib import Path
        from coverage.migrate.decisions import added
        START
        added(Path("place"), ["# one"])
        """,
    ),
    "rules of a revision": (
        "shutil.rmtree",
        """
        from pathlib import Path
        from coverage.corpora.git import repository_of, revision
        from coverage.corpora.revision import load_revision
        from coverage.loaders import corpus_sources
        sources = corpus_sources([ROOT])
        head = revision(repository_of(sources), "HEAD")
        START
        load_revision(head, sources)
        """,
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_what_a_killed_writer_left_is_swept_from_its_folder(tmp_path, writer):
    event, code = WRITERS[writer]
    if "ROOT" in code:
        repository = tmp_path / "repository"
        repository.mkdir()
        (repository / "a.toml").write_text(rule_text("a"), encoding="utf-8")
        for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
            identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
            subprocess.run(["git", "-C", str(repository), *identity, *arguments], check=True)
        code = code.replace("ROOT", repr(str(repository)))
    killed(tmp_path, event, code)
    (name,) = hidden(tmp_path)
    (left,) = tmp_path.rglob(name)
    sweep(left.parent)
    assert hidden(tmp_path) == []


def test_a_folder_that_was_moved_away_by_a_killed_run_is_put_back(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "a").write_text("old")
    killed(
        tmp_path,
        "os.rename",
        """
        from pathlib import Path
        from coverage.outside.atomic import folder_for
        moves = []
        def audit(event, arguments):
            if event == "os.rename":
                moves.append(arguments)
                if len(moves) == 2:
                    os.kill(os.getpid(), signal.SIGKILL)
        START
        with folder_for(Path("place")) as new:
            (new / "a").write_text("new")
        """,
    )
    assert not place.exists() and len(hidden(tmp_path)) == 2
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert (place / "a").read_text() == "old"


# ---- what is swept, and what never -----------------------------------------------------------------------


def test_what_this_process_is_writing_is_left_alone(tmp_path):
    with folder_for(tmp_path / "place") as new:
        (new / "a").write_text("half")
        sweep(tmp_path)
        assert hidden(tmp_path) == [new.name]
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    with scratch_folder() as scratch:
        sweep(scratch.parent)
        assert scratch.is_dir() and scratch.stat().st_mode & 0o777 == 0o700
    assert not scratch.exists()


def gone() -> Owner:
    """The owner that a process had which has ended."""
    code = "from coverage.outside.atomic import this_process as o; p = o(); print(p.machine, p.pid, p.start)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    return Owner(told[0], int(told[1]), int(told[2]))


def test_only_names_of_ours_whose_process_is_gone_are_removed(tmp_path):
    owner, here = gone(), this_process()
    ours = owner.name("part")
    user = [
        ".migrate-12345678.part",
        ".sigma.0123abcd",
        ours[1:],
        f"{ours}.bak",
        ours.replace("attack-coverage", "coverage"),
        f".attack-coverage-{owner.machine}-{owner.pid}-part",
        f".attack-coverage-{owner.machine}-99999999999-1-0123abcd.part",
        here.name("part"),
    ]
    for name in (*user, ours, owner.name("old", "x" * 100), owner.name("old", "x\ny")):
        (tmp_path / name).write_text("text")
    for name in ("x" * 100, "x\ny"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / owner.name("part")).symlink_to(tmp_path / "folder")
    link = next(path.name for path in tmp_path.iterdir() if path.is_symlink())
    sweep(tmp_path)
    expected = {*user, "x" * 100, "x\ny", "folder", link}
    assert {path.name for path in tmp_path.iterdir()} == expected


def test_a_process_number_that_was_given_again_does_not_hold_a_leftover(tmp_path):
    here = this_process()
    if here.start == 0:
        pytest.skip("this system does not say when a process started")
    (tmp_path / Owner(here.machine, here.pid, here.start - 1).name("part")).write_text("of an earlier one")
    (tmp_path / Owner(here.machine, here.pid, 0).name("part")).write_text("of who knows")
    sweep(tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of who knows"]


def test_what_another_machine_left_goes_after_a_day(tmp_path):
    owner = gone()
    other = Owner("0" * 8, owner.pid, owner.start)
    fresh, stale = (tmp_path / other.name("part") for _ in range(2))
    for path, age in ((fresh, MOST_SECONDS - 60), (stale, MOST_SECONDS + 60)):
        path.write_text("half")
        os.utime(path, (time.time() - age,) * 2)
    sweep(tmp_path)
    assert [*tmp_path.iterdir()] == [fresh]


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
def test_what_another_user_left_is_theirs(tmp_path):
    path = tmp_path / gone().name("part")
    path.write_text("half")
    os.chown(path, 65534, 65534)
    sweep(tmp_path)
    assert path.exists()


def test_a_file_keeps_its_mode_and_a_new_one_has_the_usual(tmp_path):
    private, new = tmp_path / "private", tmp_path / "new"
    private.write_text("old")
    private.chmod(0o640)
    mask = os.umask(0o022)
    try:
        for path in (private, new):
            replaced_file(path, b"text")
    finally:
        os.umask(mask)
    assert [path.stat().st_mode & 0o777 for path in (private, new)] == [0o640, 0o644]
    assert [path.read_bytes() for path in (private, new)] == [b"text", b"text"]
