"""`lint`: exit codes, every output format, silences and broken files."""

from __future__ import annotations

import csv
import io
import json
import re
import runpy
import subprocess
from pathlib import Path

import pytest

from coverage.exports.annotations import annotations, escaped
from coverage.findings import CHECKS
from coverage.findings.frames import FINDINGS
from coverage.frames import checked
from coverage.loaders import CorpusSource, load
from coverage.project.lint import counting, lint_results, loading_errors, review_root, severity_counts
from coverage.project.settings import Settings
from coverage.tables import PROJECT
from tests.helpers import command_line
from tests.helpers.findings_corpus import CASES, written_to
from tests.helpers.small import E19, read_embedded


def run(*arguments: str, cwd: Path = PROJECT) -> subprocess.CompletedProcess:
    return command_line.run("lint", *arguments, cwd=cwd)


@pytest.fixture
def repository(tmp_path) -> Path:
    """A work tree with rules/: one rule right, one with a note, one with a warning, one with an error."""
    (tmp_path / ".git").mkdir()
    written_to(tmp_path / "rules", ["right", "parent-only", "no-mapping", "tactic-never"])
    return tmp_path


@pytest.mark.parametrize(
    ("rules", "fail_on", "code"),
    [
        (["right"], "note", 0),
        (["parent-only"], "warning", 0),
        (["parent-only"], "note", 1),
        (["no-mapping"], "error", 0),
        (["no-mapping"], "warning", 1),
        (["tactic-never"], "error", 1),
        (["tactic-never"], "note", 1),
    ],
)
def test_the_exit_code_follows_the_threshold(tmp_path, rules, fail_on, code):
    done = run(str(written_to(tmp_path / "rules", rules)), "--fail-on", fail_on)
    assert done.returncode == code, done.stderr
    assert "1 rule, checked in Enterprise 19.0" in done.stdout


def test_a_broken_rule_fails_and_is_reported_at_its_place(tmp_path):
    folder = written_to(tmp_path / "rules", ["right"])
    (folder / "broken.toml").write_text("[rule]\nname = \n", encoding="utf-8")
    done = run(str(folder), "--format", "json", "--code", "parent-only", cwd=tmp_path)
    assert done.returncode == 1
    (only,) = json.loads(done.stdout)["findings"]
    assert (only["code"], only["severity"], only["line"], only["file"]) == (
        "bad-toml",
        "error",
        2,
        "rules/broken.toml",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-folder"], "file or folder not found: no-such-folder"),
        (["rules", "--attack", "enterprise-1.0"], "ATT&CK Enterprise 1.0 is not installed"),
        (["rules", "--fail-on", "fatal"], "unknown severity: 'fatal'; choose from error, warning, note"),
        (["rules", "--format", "xml"], "unknown format: 'xml'; choose from table, json, sarif, github, csv"),
        (["rules", "--code", "nonsense"], "unknown code of a check: 'nonsense'"),
        (["rules", "--config", "none.toml"], "none.toml: "),
        (["rules", "-o", "x.txt"], "a table goes to the terminal"),
        (["rules", "--format", "csv", "-o", "no/such/folder/x.csv"], "cannot write no/such/folder/x.csv"),
    ],
)
def test_it_says_in_one_sentence_why_it_cannot_run(repository, arguments, words):
    done = run(*arguments, cwd=repository)
    assert done.returncode == 2
    assert words in done.stderr and done.stderr.startswith("coverage: ") and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_settings_file_with_a_fault_stops_it_with_file_and_line(repository):
    (repository / "coverage.toml").write_text(
        '[[lint.silence]]\ncode = "parent-only"\npath = "**"\n', encoding="utf-8"
    )
    done = run("rules", cwd=repository)
    assert done.returncode == 2 and "coverage.toml:1: lint.silence[0] has no reason" in done.stderr


def test_a_silence_is_shown_with_its_reason_and_not_counted(repository):
    entry = (
        '[[lint.silence]]\ncode = "tactic-never"\npath = "rules/tactic-never.toml"\nreason = "Agreed '
        'with the red team"\n'
    )
    (repository / "coverage.toml").write_text(entry, encoding="utf-8")
    below = repository / "rules"
    done = run("rules", cwd=repository)
    assert done.returncode == 0
    assert "Agreed with the red team" in done.stdout and "1 silenced" in done.stdout
    assert run(".", cwd=below).returncode == 0  # found above, in the same work tree
    elsewhere = repository / "empty.toml"
    elsewhere.write_text("", encoding="utf-8")
    assert run("rules", "--config", str(elsewhere), cwd=repository).returncode == 1
    shown = json.loads(run("rules", "--json", cwd=repository).stdout)
    assert shown["counts"] == {"error": 0, "warning": 1, "note": 1, "silenced": 1}
    assert [f["silenced"] for f in shown["findings"] if f["code"] == "tactic-never"] == [
        "Agreed with the red team"
    ]


def test_json_has_findings_with_files_from_the_root_and_the_releases_written_for(repository):
    done = run(str(repository / "rules"), "--json", cwd=repository / "rules")
    shown = json.loads(done.stdout)
    assert list(shown) == ["stamp", "counts", "findings", "written_for"]
    assert shown["stamp"]["attack"] == E19
    by_code = {found["code"]: found for found in shown["findings"]}
    assert set(by_code) == {"no-mapping", "parent-only", "tactic-never"}
    assert set(by_code["tactic-never"]) == {*FINDINGS.columns, "file"}
    assert by_code["tactic-never"]["file"] == "rules/tactic-never.toml"
    assert by_code["no-mapping"]["line"] is None
    corpora = shown["written_for"]["corpora"]
    assert corpora == [
        {"corpus": "rules", "release": "enterprise-18.1", "valid": 2, "rules": 3, "share": 0.6667},
        {"corpus": "rules", "release": "enterprise-19.0", "valid": 2, "rules": 3, "share": 0.6667},
    ]
    valid = {row["path"]: row["valid_in"] for row in shown["written_for"]["rules"]}
    both = ["enterprise-18.1", "enterprise-19.0"]
    assert valid == {"parent-only.toml": both, "right.toml": both, "tactic-never.toml": []}


def test_csv_is_stamped_and_goes_to_a_file_whole(repository):
    target = repository / "lint.csv"
    done = run("rules", "--format", "csv", "-o", str(target), cwd=repository)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.strip() == "1 error, 1 warning and 1 note in 4 rules, checked in Enterprise 19.0"
    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8"))))
    assert [row["code"] for row in rows] == ["no-mapping", "parent-only", "tactic-never"]
    assert {row["attack"] for row in rows} == {E19}


def test_github_annotations_name_file_line_and_column(repository):
    done = run("rules", "--format", "github", cwd=repository)
    lines = done.stdout.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::warning", "::notice", "::error"]
    assert lines[2] == (
        "::error file=rules/tactic-never.toml,line=23,col=7,title=The technique is not in the "
        "tactic::T1059.001 is not in TA0040 Impact "
        "in Enterprise 19.0; it is in TA0002 Execution. Write: TA0002 (rule: tactic-never)"
    )


def test_no_rule_text_can_end_an_annotation_or_begin_one(tmp_path):
    name = "a%0A\\n::error::b, c: d"
    text = CASES["no-mapping"][0].replace('name = "no-mapping"', f'name = "{name}"')
    (tmp_path / "a,b:c.toml").write_text(text, encoding="utf-8")
    reading = read_embedded(load([CorpusSource("made", tmp_path)]), E19)
    results = lint_results(reading, Settings())
    (line,) = annotations(results, ["a,b:c.toml"]).decode().splitlines()
    assert line.startswith("::warning file=a%2Cb%3Ac.toml,line=1,title=No mapping::")
    assert line.endswith("(rule: a%250A ::error::b, c: d)")
    assert (
        escaped("%\r\n:,", {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
        == "%25%0D%0A%3A%2C"
    )


def test_only_the_codes_asked_for(repository):
    done = run("rules", "--json", "--code", "parent-only", "--code", "no-mapping", cwd=repository)
    assert done.returncode == 0
    assert {found["code"] for found in json.loads(done.stdout)["findings"]} == {"parent-only", "no-mapping"}


def test_the_same_rules_give_the_same_bytes(repository):
    first, second = (run("rules", "--format", "sarif", cwd=repository).stdout for _ in range(2))
    assert first == second and json.loads(first)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = written_to(tmp_path_factory.mktemp("all"))
    (folder / "broken.yml").write_text("title: x\ndetection: [\n", encoding="utf-8")
    reading = read_embedded(load([CorpusSource("made", folder)]), E19)
    return lint_results(reading, Settings())


def test_results_fit_the_spec_and_are_sorted_by_path_and_place(results):
    checked(results, FINDINGS)
    keys = list(zip(results["path"], results["line"].fillna(0), results["column"].fillna(0), strict=True))
    assert keys == sorted(keys)


def test_counting_leaves_out_what_is_silenced_or_less_severe(results):
    counts = severity_counts(results)
    assert len(counting(results, "error")) == counts["error"] == results["severity"].eq("error").sum()
    assert len(counting(results, "note")) == len(results)
    quiet = results.assign(silenced="x").astype({"silenced": "str"})
    assert counting(quiet, "note").empty and severity_counts(quiet)["silenced"] == len(results)


def test_loading_errors_alone_become_results(results):
    assert results.loc[results["code"] == "bad-yaml", "severity"].tolist() == ["error"]
    loaded = load([CorpusSource("none", PROJECT / "no-such-folder")])
    assert loading_errors(loaded.problems)["code"].tolist() == ["no-such-path"]


def test_the_root_is_that_of_the_work_tree(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert review_root(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere")
    assert review_root(tmp_path / "a" / "b") == tmp_path / "a"


def test_the_page_about_lint_is_made_from_the_checks():
    """docs/lint.md is what docs/write_lint.py writes. When this fails: python docs/write_lint.py."""
    expected = runpy.run_path(str(PROJECT / "docs" / "write_lint.py"))["page"]()
    text = (PROJECT / "docs" / "lint.md").read_text(encoding="utf-8")
    assert text == expected
    assert re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE) == list(CHECKS)
