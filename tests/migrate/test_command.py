"""`coverage.cli migrate` as people run it: a process, real git, exit codes, and nothing half written."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coverage.tables import PROJECT
from tests.helpers.command_line import environment, run
from tests.helpers.migrating import E18, E19, entry, rule, technique

BEFORE = rule(
    entry("TA0005", "Defense Evasion", technique("T1562", "Impair Defenses")), '["Tactic: Defense Evasion"]'
)
AFTER = rule(
    entry("TA0112", "Defense Impairment", technique("T1685", "Disable or Modify Tools")),
    '["Tactic: Defense Impairment"]',
)
OPEN = rule(entry("TA0003", "Persistence", technique("T1574", "Hijack Execution Flow")))
SIGMA = (
    "title: Odd\nid: 0b1c\ntags:\n    - attack.defense-evasion\n    - attack.t1562.001\nlogsource:\n    "
    "product: windows\ndetection:\n    a: {b: c}\n    condition: a\n"
)
NEW_SIGMA = SIGMA.replace("defense-evasion", "defense-impairment").replace("t1562.001", "t1685")


def cli(
    *arguments: str | Path, cwd: Path = PROJECT, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess:
    """`migrate` in this process; in one of its own, started by another program, where one is named."""
    words = ["migrate", *map(str, arguments)]
    if not before:
        return run(*words, cwd=cwd)
    command = [*before, sys.executable, "-m", "coverage.cli", *words]
    return subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


def git(folder: Path, *arguments: str, given: str | None = None) -> str:
    identity = (
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "core.autocrlf=false",
        "-c",
        "commit.gpgsign=false",
    )
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def made_repository(folder: Path) -> Path:
    """A git repository with a rule to move, an open one and a Sigma rule, all committed."""
    for name, text in (
        ("rules/moves.toml", BEFORE),
        ("rules/open.toml", OPEN),
        ("sigma/odd rule.yml", SIGMA),
        ("README.md", "x\n"),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "start")
    return folder


@pytest.fixture
def repository(tmp_path):
    return made_repository(tmp_path / "repository")


def texts(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_the_patch_on_standard_output_applies(repository):
    before = texts(repository)
    done = cli(repository / "rules", repository / "sigma", "--to", E19)
    assert done.returncode == 0, done.stderr
    assert texts(repository) == before
    assert "diff --git a/rules/moves.toml b/rules/moves.toml" in done.stdout
    assert "[[decision]]" in done.stderr and 'from = "T1574"' in done.stderr
    assert "2 of 3 files change for Enterprise 19.0; 1 mapping is left for a person in 1 file." in done.stderr
    git(repository, "apply", "--check", "-", given=done.stdout)
    git(
        repository / "sigma", "apply", "-", given=done.stdout
    )  # below the top folder only what is there is patched
    assert texts(repository) == before | {"sigma/odd rule.yml": NEW_SIGMA}
    git(repository, "checkout", "-q", ".")
    git(repository, "apply", "-", given=done.stdout)
    assert texts(repository) == before | {"rules/moves.toml": AFTER, "sigma/odd rule.yml": NEW_SIGMA}
    again = cli(repository / "rules", repository / "sigma", "--to", E19, "--diff")
    assert (again.returncode, again.stdout) == (0, "")


def test_without_git_paths_start_at_the_current_folder(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "one.toml").write_text(BEFORE, encoding="utf-8")
    done = cli("mine", "--to", E19, cwd=tmp_path)
    assert "--- a/mine/one.toml\n" in done.stdout
    assert (
        subprocess.run(
            ["git", "apply", "-"], cwd=tmp_path, input=done.stdout, text=True, check=False
        ).returncode
        == 0
    )
    assert (tmp_path / "mine" / "one.toml").read_text(encoding="utf-8") == AFTER


def test_rules_of_two_repositories_do_not_fit_one_patch(repository, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "one.toml").write_text(BEFORE, encoding="utf-8")
    done = cli(repository, other, "--to", E19)
    assert (done.returncode, done.stdout) == (2, "")
    assert "several git work trees" in done.stderr


def test_write_keeps_the_mode_and_writes_only_what_changes(repository):
    path = repository / "rules" / "moves.toml"
    path.chmod(0o640)
    git(repository, "commit", "-q", "-a", "--allow-empty", "-m", "mode")
    old = (repository / "rules" / "open.toml").stat()
    done = cli(repository, "--to", E19, "--write")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert texts(repository) == {
        "rules/moves.toml": AFTER,
        "rules/open.toml": OPEN,
        "sigma/odd rule.yml": NEW_SIGMA,
        "README.md": "x\n",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert (repository / "rules" / "open.toml").stat().st_ino == old.st_ino
    assert "2 of 3 files were written" in done.stderr
    git(repository, "commit", "-q", "-a", "-m", "moved")
    assert cli(repository, "--to", E19, "--write").returncode == 0
    assert git(repository, "status", "--porcelain") == ""
    back = cli(repository, "--to", E18, "--write")
    assert back.returncode == 0 and "newer" in back.stderr


@pytest.mark.parametrize("change", ["rules/open.toml", "README.md", "staged", "untracked", "ignored"])
def test_a_dirty_tree_is_refused_unless_forced(repository, change):
    if change == "staged":
        (repository / "README.md").write_text("y\n", encoding="utf-8")
        git(repository, "add", "-A")
    elif change in ("untracked", "ignored"):
        (repository / "rules" / "new.toml").write_text(BEFORE, encoding="utf-8")
        if change == "ignored":
            (repository / ".git" / "info").mkdir(exist_ok=True)
            (repository / ".git" / "info" / "exclude").write_text("new.toml\n", encoding="utf-8")
    else:
        path = repository / change
        path.write_text(path.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    before = texts(repository)
    refused = cli(repository, "--to", E19, "--write")
    assert (refused.returncode, texts(repository)) == (2, before)
    assert "not committed" in refused.stderr and "--force" in refused.stderr
    forced = cli(repository, "--to", E19, "--write", "--force")
    assert forced.returncode == 0, forced.stderr
    assert texts(repository)["rules/moves.toml"] == AFTER


def test_files_that_are_not_touched_and_unknown_to_git_do_not_count(repository):
    (repository / "notes.txt").write_text("x", encoding="utf-8")
    assert cli(repository, "--to", E19, "--write").returncode == 0
    assert texts(repository)["rules/moves.toml"] == AFTER


def test_the_decisions_file_is_found_and_does_not_make_the_tree_dirty(repository):
    file = repository / "migrate-decisions.toml"
    file.write_text('[[decision]]\nfrom = "T1"\nto = "keep"\nreason = "x"\n', encoding="utf-8")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "decisions")
    file.write_text(
        '[[decision]]\nfrom = "T1574"\nto = "TA0002"\nreason = "x"\n[[decision]]\nfrom = "T1"\nto = '
        '"keep"\nreason = "x"\n',
        encoding="utf-8",
    )
    done = cli("rules", "--to", E19, "--write", cwd=repository)
    assert done.returncode == 0, done.stderr
    assert "Unused decisions: 2" in done.stderr
    assert texts(repository)["rules/open.toml"] == rule(
        entry("TA0002", "Execution", technique("T1574", "Hijack Execution Flow"))
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--to"),
        (("--to", "enterprise-99.0"), "Enterprise 99.0 is not installed"),
        (("--to", "nonsense"), "nonsense"),
        (("--to", E19, "--from", "mobile-18.1"), "different domains"),
        (("--to", E19, "--write", "--diff"), "choose one of"),
        (("--to", E19, "--json", "--diff"), "choose one of"),
        (("--to", E19, "--decisions", "none.toml"), "none.toml"),
        (("--to", E19, "--ask"), "terminal"),
        (("missing", "--to", E19), "missing"),
    ],
)
def test_what_cannot_run_says_so_in_a_sentence(repository, arguments, says):
    before = texts(repository)
    paths = () if arguments[:1] == ("missing",) else ("rules",)
    done = cli(*paths, *arguments, cwd=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr and "Traceback" not in done.stderr
    assert texts(repository) == before


def test_json_lists_changes_and_questions_with_ready_decisions(repository):
    made = json.loads(cli(repository, "--to", E19, "--from", E18, "--json").stdout)
    assert (made["from"], made["to"]) == (E18, E19)
    assert made["summary"]["files_read"] == 3 and made["summary"]["files_changed"] == 2
    assert [(file["path"], file["changes"][0]) for file in made["files"]] == [
        ("rules/moves.toml", {"kind": "mapping", "before": "T1562 in TA0005", "after": "T1685 in TA0112"}),
        (
            "sigma/odd rule.yml",
            {"kind": "tag", "before": "attack.defense-evasion", "after": "attack.defense-impairment"},
        ),
    ]
    (question,) = made["questions"]
    assert (question["code"], question["from"], question["tactic"], question["choices"]) == (
        "moved",
        "T1574",
        "TA0003",
        ["TA0002", "TA0005"],
    )
    assert OPEN.split("\n")[question["line"] - 1] == 'id = "T1574"'
    assert question["decisions"][0].startswith(
        '[[decision]]\nfrom = "T1574"\nto = "TA0002"\ntactic = "TA0003"\n'
    )


def test_help_says_that_the_date_is_left_alone(repository):
    shown = " ".join(cli("--help").stdout.replace("│", " ").split())
    assert "updated_date" in shown and "--touch-date" in shown
    cli(repository, "--to", E19, "--write")
    assert 'updated_date = "2025/03/04"' in texts(repository)["rules/moves.toml"]
    git(repository, "checkout", "-q", ".")
    cli(repository, "--to", E19, "--write", "--touch-date")
    assert f'updated_date = "{time.strftime("%Y/%m/%d")}"' in texts(repository)["rules/moves.toml"]
    assert 'updated_date = "2025/03/04"' in texts(repository)["rules/open.toml"]


def test_links_out_of_the_corpus_are_not_followed(repository, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "far.toml").write_text(BEFORE, encoding="utf-8")
    (repository / "rules" / "far.toml").symlink_to(outside / "far.toml")
    (repository / "rules" / "folder").symlink_to(outside)
    (repository / "rules" / "near.toml").symlink_to(repository / "rules" / "moves.toml")
    done = cli(repository, "--to", E19, "--write")
    assert done.returncode == 0, done.stderr
    assert (outside / "far.toml").read_text(encoding="utf-8") == BEFORE
    assert (repository / "rules" / "near.toml").is_symlink()
    assert (repository / "rules" / "moves.toml").read_text(encoding="utf-8") == AFTER


def test_a_folder_that_cannot_be_written_to_leaves_everything_as_it_was(repository):
    """Where the tests run as root, without the right that lets root pass every mode."""
    as_anyone = ()
    if os.geteuid() == 0:
        as_anyone = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv to give up root's right to write everywhere")
    before = texts(repository)
    (repository / "sigma").chmod(0o555)
    done = cli(repository, "--to", E19, "--write", "--force", before=as_anyone)
    (repository / "sigma").chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert "cannot write sigma/odd rule.yml: Permission denied; nothing was written" in done.stderr
    assert texts(repository) == before


def test_a_file_with_the_longest_name_is_written(repository):
    name = "x" * 250 + ".toml"
    (repository / "rules" / name).write_text(BEFORE, encoding="utf-8")
    assert cli(repository, "--to", E19, "--write", "--force").returncode == 0
    assert texts(repository)[f"rules/{name}"] == AFTER


def test_an_interrupted_write_leaves_no_half_file(tmp_path):
    """Killed at many moments, every rule is the old or the new one, whole."""
    folder = tmp_path / "rules"
    folder.mkdir()
    big = BEFORE + "# " + "x" * 300_000 + "\n"
    names = [f"rule{number:03}.toml" for number in range(60)]
    outcomes = set()
    for wait in (0.0, 0.02, 0.05, 0.1, 0.2):
        for name in names:
            (folder / name).write_text(big, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "coverage.cli", "migrate", str(folder), "--to", E19, "--write"],
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and not any(path.suffix == ".part" for path in folder.iterdir()):
            time.sleep(0.001)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = {(folder / name).read_text(encoding="utf-8") for name in names}
        assert found <= {big, AFTER + big[len(BEFORE) :]}
        outcomes.add(process.returncode)
        for path in folder.glob(".*.part"):
            path.unlink()
    assert -signal.SIGKILL in outcomes  # at least one was cut short


def test_questions_are_asked_on_a_terminal_and_answers_kept(repository):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "coverage.cli", "migrate", "rules", "--to", E19, "--ask"],
        cwd=repository,
        env=environment(TERM="dumb"),
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    heard = b""
    for wanted, typed in (
        (b"q to end", b"9\n"),
        (b"not one of the numbers", b""),
        (b"q to end", b"2\n"),
        (b"Why", b"we look at stealth\n"),
    ):
        while wanted not in heard:
            ready, _, _ = select.select([master], [], [], 60)
            assert ready, f"the command did not say {wanted!r}: {heard!r}"
            heard += os.read(master, 4096)
        heard = heard.partition(wanted)[2]
        os.write(master, typed)
    patch = process.stdout.read().decode()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    os.close(master)
    kept = (repository / "migrate-decisions.toml").read_text(encoding="utf-8")
    assert (
        kept
        == '[[decision]]\nfrom = "T1574"\nto = "TA0005"\ntactic = "TA0003"\nreason = "we look at stealth"\n'
    )
    git(repository, "apply", "-", given=patch)
    assert texts(repository)["rules/open.toml"] == rule(
        entry("TA0005", "Stealth", technique("T1574", "Hijack Execution Flow"))
    )
