"""Copies of the small corpus that differ from it in a way that can be said, git repositories of them, and the
CLI as a process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.helpers.small import PATHS, SMALL

GIT = (
    "-c",
    "user.name=A Tester",
    "-c",
    "user.email=a@example.org",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "protocol.file.allow=always",
)


def copy_of_small(folder: Path) -> Path:
    """The small corpus in a folder of its own."""
    shutil.copytree(SMALL, folder)
    return folder


# What `changed` does to coverage in 18.1, counted by hand: grain -> (gained, lost).
GAINED_AND_LOST = {
    "techniques": ({"T1059", "T1190"}, {"T1053"}),
    "subtechniques": ({"T1574.006", "T1059.001"}, {"T1053.005", "T1562.001", "T1574.001"}),
    "placements": (
        {("TA0003", "T1574.006"), ("TA0002", "T1059.001"), ("TA0002", "T1059"), ("TA0001", "T1190")},
        {
            ("TA0002", "T1053"),
            ("TA0002", "T1053.005"),
            ("TA0003", "T1053"),
            ("TA0003", "T1053.005"),
            ("TA0005", "T1562.001"),
            ("TA0003", "T1574.001"),
        },
    ),
}


def changed(folder: Path) -> Path:
    """The small corpus after a day's work: a is gone, c is in another file, d is in development, e names
    T1574.006, p is enabled, i has another query and the same mapping, and r is new.
    """
    (folder / PATHS["a"]).unlink()
    (folder / PATHS["c"]).rename(folder / "rules" / "windows" / "renamed.toml")
    replaced(folder / PATHS["d"], 'maturity = "production"', 'maturity = "development"')
    replaced(folder / PATHS["e"], 'id = "T1574.001"', 'id = "T1574.006"')
    replaced(folder / PATHS["p"], "enabled = false", "enabled = true")
    replaced(folder / PATHS["i"], "event.category:process", "event.category:network")
    rule_file(folder / "rules" / "network" / "new.toml", "r-new", "T1190", name="New rule", tactic="TA0001")
    return folder


def replaced(file: Path, old: str, new: str) -> None:
    """Write a file again with a text in the place of another, which must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file}: no {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def rule_file(
    file: Path,
    rule_id: str,
    *techniques: str,
    name: str | None = None,
    tactic: str | None = None,
    more: str = "",
) -> Path:
    """A minimal Elastic rule, production and for Windows, on some techniques."""
    file.parent.mkdir(parents=True, exist_ok=True)
    threats = "".join(_threat(one, tactic) for one in techniques)
    title = (name or rule_id).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    file.write_text(
        f'[metadata]\ncreation_date = "2026/01/02"\nmaturity = "production"\n{more}\n[rule]\nname = '
        f'"{title}"\nrule_id = "{rule_id}"\n'
        'type = "query"\nlanguage = "kuery"\nquery = "process.name : x"\nseverity = "low"\ntags = ["OS: '
        f'Windows"]\n{threats}',
        encoding="utf-8",
    )
    return file


def _threat(technique: str, tactic: str | None) -> str:
    head = '[[rule.threat]]\nframework = "MITRE ATT&CK"\n'
    head += f'[rule.threat.tactic]\nid = "{tactic}"\nname = ""\nreference = ""\n' if tactic else ""
    parent = technique.partition(".")[0]
    text = f'{head}[[rule.threat.technique]]\nid = "{parent}"\nname = "x"\nreference = ""\n'
    return text + (
        f'[[rule.threat.technique.subtechnique]]\nid = "{technique}"\nname = "x"\nreference = ""\n'
        if "." in technique
        else ""
    )


def git(folder: Path, *arguments: str) -> str:
    """What git says in a folder; it must succeed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    done = subprocess.run(
        ["git", *GIT, *arguments], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def committed(folder: Path, message: str = "a change") -> str:
    """Everything in a folder as a commit of its repository, which is made when there is none; the commit's
    hash.
    """
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def refused(done: subprocess.CompletedProcess, words: str) -> None:
    """The process could not run, and said so in one sentence."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert words in done.stderr and done.stderr.startswith("coverage: ") and done.stderr.count("\n") == 1, (
        done.stderr
    )
    assert done.stdout == ""
