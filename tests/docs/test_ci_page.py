"""docs/ci.md works: its YAML is what the two systems expect, and its commands run in a repository as it
describes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from coverage.exports.difference import MARK
from coverage.project.settings import read_settings
from coverage.tables import PROJECT
from tests.helpers.states import committed, git, rule_file

PAGE = (PROJECT / "docs" / "ci.md").read_text(encoding="utf-8")
RULES = {"one": "T1003.001", "two": "T1059.001", "three": "T1105"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def workflow() -> dict:
    return yaml.safe_load(next(text for text in blocks("yaml") if text.startswith("name: coverage")))


def pipeline() -> dict:
    return yaml.safe_load(next(text for text in blocks("yaml") if text.startswith("coverage:")))


@pytest.fixture
def repository(tmp_path) -> Path:
    """What a pull request finds: main with three rules and the settings of docs/ci.md, and a branch that is
    checked out.
    """
    root = tmp_path / "repo"
    for name, attack_id in RULES.items():
        rule_file(root / "rules" / f"{name}.toml", f"r-{name}", attack_id)
    settings = next(text for text in blocks("toml") if "[check]" in text)
    layer = {
        "name": "t",
        "domain": "enterprise-attack",
        "versions": {"layer": "4.5"},
        "techniques": [{"techniqueID": "T1105", "score": 1}],
    }
    (root / "targets.json").write_text(json.dumps(layer), encoding="utf-8")
    (root / "coverage.toml").write_text(
        re.sub(r"at_least = 0\.\d+", "at_least = 0.001", settings), encoding="utf-8"
    )
    committed(root, "main")
    git(root, "checkout", "--quiet", "-b", "branch")
    rule_file(root / "rules" / "four.toml", "r-four", "T1190")
    committed(root, "one more")
    git(root, "update-ref", "refs/remotes/origin/main", "main")
    return root


def shell(root: Path, script: str, **environment: str) -> subprocess.CompletedProcess:
    """A script as CI runs it, with `python` being the one that runs these tests."""
    binaries = root.parent / "bin"
    binaries.mkdir(exist_ok=True)
    if not (binaries / "python").exists():
        (binaries / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
        (binaries / "python").chmod(0o755)
    whole = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "COVERAGE_CACHE": str(root.parent / "cache"),
    }
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=root,
        capture_output=True,
        text=True,
        env=whole | environment,
        check=False,
    )


def steps() -> dict[str, dict]:
    """Name (or what it uses or runs) -> each step of the workflow."""
    return {
        step.get("name") or step.get("uses") or step["run"]: step
        for step in workflow()["jobs"]["coverage"]["steps"]
    }


def test_the_workflow_is_one():
    found = workflow()
    assert set(found) == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads `on` as true
    assert found["permissions"] == {"contents": "read", "pull-requests": "write"}
    job = found["jobs"]["coverage"]
    assert set(job) == {"runs-on", "env", "steps"} and job["steps"][0]["with"] == {"fetch-depth": 0}
    for step in job["steps"]:
        assert set(step) <= {"name", "uses", "with", "run", "env", "if"} and ("uses" in step) != (
            "run" in step
        )
        assert "${{" not in step.get("run", "")  # what a branch is called never becomes a part of a script
    assert list(steps())[-4:] == ["Lint", "Check", "Compare", "Comment"]


def test_the_pipeline_is_one():
    job = pipeline()["coverage"]
    assert set(job) == {"image", "rules", "variables", "before_script", "script", "after_script", "artifacts"}
    for key in ("before_script", "script", "after_script"):
        assert job[key] and all(isinstance(line, str) for line in job[key])
    assert "merge_request_event" in job["rules"][0]["if"] and all(
        isinstance(value, str) for value in job["variables"].values()
    )


def test_every_command_of_the_workflow_runs(repository, tmp_path):
    summary = tmp_path / "summary.md"
    environment = {"BASE": "origin/main", "GITHUB_STEP_SUMMARY": str(summary)}
    for name in ("Lint", "Check", "Compare"):
        done = shell(repository, steps()[name]["run"], **environment)
        assert done.returncode == 0, (name, done.stdout, done.stderr)
    text = (repository / "comment.md").read_text(encoding="utf-8")
    assert summary.read_text(encoding="utf-8") == text
    assert "1 gained, 0 lost" in text and "`r-four` added" in text and "T1190" in text


@pytest.mark.parametrize("job", ["workflow", "pipeline"])
def test_the_jobs_run_for_the_pull_request_with_the_first_rules(repository, tmp_path, job):
    """main has no folder rules yet."""
    git(repository, "checkout", "--quiet", "--orphan", "first", "main")
    git(repository, "rm", "-r", "--quiet", "--cached", "rules")
    git(repository, "commit", "--quiet", "--message", "settings alone")
    git(repository, "update-ref", "refs/remotes/origin/main", "first")
    committed(repository, "the first rules")
    summary = tmp_path / "summary.md"
    environment = {"BASE": "origin/main", "GITHUB_STEP_SUMMARY": str(summary)}
    scripts = [steps()[name]["run"] for name in ("Lint", "Check", "Compare")]
    for script in scripts if job == "workflow" else ["\n".join(pipeline()["coverage"]["script"])]:
        done = shell(repository, script, **environment)
        assert done.returncode == 0, (script, done.stdout, done.stderr)
    text = (repository / "comment.md").read_text(encoding="utf-8")
    assert "compares the current rules with nothing" in text and "0 lost" in text


def test_a_branch_that_loses_a_technique_stops_the_workflow(repository, tmp_path):
    (repository / "rules" / "one.toml").unlink()
    rule_file(repository / "rules" / "five.toml", "r-five")
    environment = {"BASE": "origin/main", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    done = shell(repository, steps()["Check"]["run"], **environment)
    assert done.returncode == 1
    assert (
        "::error file=coverage.toml,line=2,title=no technique lost::2 of " in done.stdout
        and "T1003.001" in done.stdout
    )
    assert "::error file=rules/five.toml,line=1,title=no rule without a mapping::r-five" in done.stdout
    assert shell(repository, steps()["Compare"]["run"], **environment).returncode == 0
    assert (
        "2 lost" not in (repository / "comment.md").read_text(encoding="utf-8").splitlines()[1]
    )  # T1003 and, apart, T1003.001
    assert "**Lost: 1 technique and 1 sub-technique**" in (repository / "comment.md").read_text(
        encoding="utf-8"
    )


# The two services as programs: comments are kept in a file, and every request that changes one is.
GH = """\
import json, subprocess, sys
kept, words, options, endpoint = "kept.json", iter(sys.argv[1:]), {}, None
assert next(words) == "api"
for word in words:
    if word.startswith("--"):
        options[word] = word in ("--silent", "--paginate") or next(words)
    else:
        endpoint = word
comments = json.load(open(kept))
if "--jq" in options:
    assert endpoint == "repos/us/rules/issues/7/comments" and options["--paginate"]
    jq = ["jq", "--raw-output", options["--jq"]]
    sys.exit(subprocess.run(jq, input=json.dumps(comments), text=True).returncode)
name, _, file = options["--field"].partition("=@")
assert name == "body" and options["--silent"]
if options["--method"] == "PATCH":
    (one,) = [one for one in comments if endpoint == f"repos/us/rules/issues/comments/{one['id']}"]
    one["body"] = open(file).read()
else:
    assert options["--method"] == "POST" and endpoint == "repos/us/rules/issues/7/comments"
    author = {"login": "github-actions[bot]"}
    comments.append({"id": 90 + len(comments), "user": author, "body": open(file).read()})
json.dump(comments, open(kept, "w"))
"""
CURL = """\
import json, sys
kept, words = "kept.json", sys.argv[1:]
assert words[words.index("--header") + 1] == "PRIVATE-TOKEN: secret" and "--fail" in words
notes = "https://gitlab.example.com/api/v4/projects/1/merge_requests/7/notes"
address, comments = words[-1].removeprefix(notes), json.load(open(kept))
if "--request" not in words:
    assert address == "?per_page=100"
    print(json.dumps(comments))
    sys.exit()
method = words[words.index("--request") + 1]
name, _, file = words[words.index("--data-urlencode") + 1].partition("@")
assert name == "body"
if method == "PUT":
    (one,) = [one for one in comments if address == f"/{one['id']}"]
    one["body"] = open(file).read()
else:
    assert method == "POST" and address == ""
    comments.append({"id": 90 + len(comments), "body": open(file).read()})
json.dump(comments, open(kept, "w"))
"""


def program(root: Path, name: str, text: str) -> None:
    """A program of this name for `shell`, written in Python."""
    shell(root, "true")  # makes the folder of programs
    (root.parent / "bin" / name).write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    (root.parent / "bin" / name).chmod(0o755)


def commented(root: Path, script: str, others: list[dict], **environment: str) -> list[dict]:
    """The comments after a script ran twice, with another text each time, where these were there."""
    (root / "kept.json").write_text(json.dumps(others), encoding="utf-8")
    for text in ("first", "second"):
        (root / "comment.md").write_text(f"{MARK}\n{text}\n", encoding="utf-8")
        done = shell(root, script, **environment)
        assert done.returncode == 0, done.stderr
    return json.loads((root / "kept.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq, which gh has built in")
def test_the_workflow_updates_its_own_comment_and_no_other(repository):
    program(repository, "gh", GH)
    bot, someone = {"login": "github-actions[bot]"}, {"login": "someone"}
    others = [
        {"id": 1, "user": someone, "body": f"{MARK}\nnot the bot's"},
        {"id": 2, "user": bot, "body": "another workflow's"},
        {"id": 3, "user": bot, "body": f"quotes {MARK}"},
    ]
    after = commented(repository, steps()["Comment"]["run"], others, GITHUB_REPOSITORY="us/rules", NUMBER="7")
    assert after == [*others, {"id": 93, "user": bot, "body": f"{MARK}\nsecond\n"}]


def test_the_pipeline_updates_its_own_note_and_no_other(repository):
    program(repository, "curl", CURL)
    others = [{"id": 1, "body": "somebody's"}, {"id": 2, "body": f"quotes {MARK}"}]
    environment = {
        "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
        "CI_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_IID": "7",
        "COMMENT_TOKEN": "secret",
    }
    after = commented(repository, "\n".join(pipeline()["coverage"]["after_script"]), others, **environment)
    assert after == [*others, {"id": 92, "body": f"{MARK}\nsecond\n"}]


@pytest.mark.parametrize(("loses", "code"), [(False, 0), (True, 1)])
def test_the_script_of_the_pipeline_runs(repository, loses, code):
    if loses:
        (repository / "rules" / "one.toml").unlink()
    done = shell(
        repository, "\n".join(pipeline()["coverage"]["script"]), BASE=git(repository, "rev-parse", "main")
    )
    assert done.returncode == code, done.stderr
    assert json.loads((repository / "lint.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert ("**Lost: " in (repository / "comment.md").read_text(encoding="utf-8")) is loses


def test_the_baseline_in_a_file_runs(repository):
    script = next(text for text in blocks("sh") if "snapshot" in text)
    done = shell(repository, script)
    assert done.returncode == 0, done.stderr
    assert "all 6 conditions hold" in done.stderr
    (repository / "rules" / "two.toml").unlink()
    assert shell(repository, script.splitlines()[1]).returncode == 1


def test_the_settings_that_are_shown_can_be_read(tmp_path):
    (text,) = (text for text in blocks("toml") if "[check]" in text)
    (tmp_path / "coverage.toml").write_text(text, encoding="utf-8")
    found = read_settings(tmp_path / "coverage.toml").check
    assert (len(found.shares), len(found.targets), found.baseline) == (2, 2, "baseline.jsonl.gz")


def test_every_option_that_is_shown_is_one():
    """The calls in the page name commands and options of the program."""
    from typer.main import get_command

    from coverage.cli import application

    known = get_command(application()).commands
    calls = [
        shlex.split(call)
        for call in re.findall(
            r"python -m coverage\.cli ([^|>\n]+)", "\n".join(blocks("yaml") + blocks("sh"))
        )
    ]
    assert len(calls) >= 8
    for name, *words in calls:
        options = {
            text for parameter in known[name].params for text in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {word for word in words if word.startswith("-")} <= options, (name, words)


@pytest.mark.parametrize("name", ["accepted-gaps.md", "snapshots.md"])
def test_the_other_pages_show_what_is_read(name, tmp_path):
    from coverage.project.accepted_gaps import accepted_in
    from tests.helpers.small import E19, reading

    text = (PROJECT / "docs" / name).read_text(encoding="utf-8")
    for block in re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        (tmp_path / "gaps.toml").write_text(block, encoding="utf-8")
        accepted = accepted_in([tmp_path / "gaps.toml"], reading(E19).reader)
        assert accepted.problems.empty and len(accepted.by_place) == block.count("[[gap]]")
    assert "`--accepted hide`" in text or "one rule a line" in text
