"""The command data, and what else of the command line counts by the data that arrives."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from coverage.vocabulary import DATA_STATES
from tests.helpers.command_line import run

RULE = """\
title: {name}
id: 00000000-0000-0000-0000-00000000000{number}
status: stable
level: high
logsource:
  product: {product}
  {key}: {value}
detection:
  a: {{b: c}}
  condition: a
tags: [attack.{technique}]
"""
RULES = [
    (1, "trail", "aws", "service", "cloudtrail", "t1530"),
    (2, "sign-ins", "azure", "service", "signinlogs", "t1078.004"),
    (3, "own", "nobody", "service", "knows", "t1105"),
]
USAGE = "TimeGenerated,DataType,Quantity\n2026-03-01T00:00:00Z,SigninLogs,12\n2026-03-01T00:00:00Z,Odd_CL,1\n"
SETTINGS = '[[data]]\nname = "siem"\nfiles = ["usage.csv"]\n'


@pytest.fixture
def folder(tmp_path) -> Path:
    rules = tmp_path / "rules"
    rules.mkdir()
    for number, name, product, key, value, technique in RULES:
        text = RULE.format(
            number=number, name=name, product=product, key=key, value=value, technique=technique
        )
        (rules / f"{number}.yml").write_text(text, encoding="utf-8")
    (tmp_path / "usage.csv").write_text(USAGE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def project(folder) -> Path:
    (folder / "coverage.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


def json_of(*arguments: str, cwd: Path) -> dict:
    done = run(*arguments, "--json", cwd=cwd)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_json_says_what_arrives_and_what_it_makes_of_rules_and_ids(project):
    found = json_of("data", cwd=project)
    for counts in found["states"].values():
        assert list(counts) == [*DATA_STATES, "total"]
        assert sum(counts[name] for name in DATA_STATES) == counts["total"]
    assert found["states"]["subtechniques"]["data_and_rule"] == 1
    assert found["rules"] == {"can_run": 1, "cannot_fire": 1, "not_told": 1, "total": 3}
    words = found["log_source_words"]
    assert words["total"] == 4126 and words["resolved_share"] == round(words["resolved"] / 4126, 4) > 0.95
    by_name = {row["source"]: row for row in found["sources"]}
    assert by_name["azure:signinlogs"]["state"] == "arrives"
    assert by_name["azure:signinlogs"]["last_event"] == "2026-03-01"
    assert by_name["azure:signinlogs"]["inventories"] == ["siem"]
    assert by_name["AWS:CloudTrail"]["state"] == "missing"
    assert [row["name"] for row in found["rules_without_data"]] == ["trail"]
    assert [row["word"] for row in found["unmatched"]] == ["Odd_CL"]
    assert "what_if" not in found


def test_a_file_takes_the_place_of_the_inventories_of_the_settings(project):
    (project / "other.csv").write_text(USAGE.replace("SigninLogs", "AWSCloudTrail"), encoding="utf-8")
    found = json_of("data", "--inventory", "other.csv", cwd=project)
    assert [row["name"] for row in found["rules_without_data"]] == ["sign-ins"]


def test_what_if_a_source_stopped_or_started(project):
    found = json_of("data", "--without", "azure:SIGNINLOGS", "--with", "aws:cloudtrail", cwd=project)
    change = found["what_if"]
    assert [(row["name"], row["after"]) for row in change["rules"]] == [
        ("trail", "can_run"),
        ("sign-ins", "cannot_fire"),
    ]
    changes = {row["technique_id"]: row["change"] for row in change["ids"]}
    assert (changes["T1078.004"], changes["T1078"], changes["T1530"]) == ("dark", "dark", "lit")
    assert found["states"] == change["before"]["states"] != change["after"]["states"]
    word = json_of("data", "--without", "SigninLogs", cwd=project)["what_if"]
    assert [row["name"] for row in word["rules"]] == ["sign-ins"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--without", "AWS:CloudTrial"], "nearest of"),
        (["--with", "no such thing at all"], "unknown log source"),
        (["--without", "azure:audit", "--with", "AZURE:AUDIT"], "cannot both stop and arrive"),
    ],
)
def test_a_name_that_is_none_stops_with_a_sentence(project, arguments, words):
    done = run("data", *arguments, cwd=project)
    assert done.returncode == 2 and words in done.stderr and not done.stdout


def test_a_table_and_csv(project):
    table = run("data", cwd=project)
    assert (
        "1 of 3 rules in scope can run; 1 cannot fire for want of data; of 1 nothing tells." in table.stdout
    )
    assert "to connect, by what is needed against" in table.stdout
    change = run("data", "--without", "azure:signinlogs", cwd=project)
    assert "1 rule would stop, 0 rules would start to run." in change.stdout
    rows = list(csv.DictReader(io.StringIO(run("data", "--csv", "-", cwd=project).stdout)))
    assert {"source", "state", "rules", "scope"} <= set(rows[0])
    text = run("data", "--csv", "-", "--without", "azure:signinlogs", cwd=project).stdout
    dark = [row["attack_id"] for row in csv.DictReader(io.StringIO(text)) if row["change"] == "dark"]
    assert dark == ["T1078", "T1078.004"]


def test_without_an_inventory_nothing_is_told(folder):
    done = run("data", "--json", cwd=folder)
    assert "no inventory" in done.stderr
    found = json.loads(done.stdout)
    assert found["states"]["techniques"]["not_told"] == found["states"]["techniques"]["total"]
    assert found["rules"]["not_told"] == 3


def test_only_rules_that_can_run_are_counted_when_asked_for(project, folder):
    every, running = (json_of("summary", *more, cwd=project) for more in ([], ["--can-run"]))
    assert (every["rules"]["in_scope"], running["rules"]["in_scope"]) == (3, 1)
    assert "runs" not in every["stamp"] and running["stamp"]["runs"] is True
    assert "rules that can run" in run("summary", "--can-run", cwd=project).stdout
    (project / "coverage.toml").unlink()
    done = run("summary", "--can-run", cwd=project)
    assert done.returncode == 2 and "needs an inventory" in done.stderr


def test_gaps_by_whether_their_data_arrives(project):
    found = json_of("gaps", "--data", "arrives", cwd=project)["gaps"]
    assert found and {row["data"] for row in found} == {"arrives"}
    every = json_of("gaps", cwd=project)["gaps"]
    assert {row["data"] for row in every} == {"arrives", "missing", "not_told"}
    (project / "coverage.toml").unlink()
    assert run("gaps", "--data", "arrives", cwd=project).returncode == 2


def test_a_gate_fails_for_rules_without_data(project):
    condition = "\n[check]\nno_rule_without_data = true\n"
    (project / "coverage.toml").write_text(SETTINGS + condition, encoding="utf-8")
    found = json_of("check", cwd=project)
    (verdict,) = found["conditions"]
    assert (verdict["condition"], verdict["passed"], verdict["line"]) == ("no_rule_without_data", False, 6)
    assert [(row["name"], row["path"]) for row in verdict["missing"]] == [("trail", "1.yml")]
    assert "of 1 nothing tells" in verdict["found"]
    (project / "coverage.toml").write_text(
        SETTINGS + condition.replace("[check]", "[check]\nscope.runs = true")
    )
    assert json_of("check", cwd=project)["passed"]
    (project / "coverage.toml").write_text(condition, encoding="utf-8")
    done = run("check", cwd=project)
    assert done.returncode == 2 and "needs an inventory" in done.stderr and "coverage.toml:3" in done.stderr


def test_a_snapshot_keeps_which_rules_could_run(project):
    assert run("snapshot", "-o", "then.jsonl", cwd=project).returncode == 0
    (project / "usage.csv").write_text(USAGE.replace("SigninLogs", "AWSCloudTrail"), encoding="utf-8")
    found = json_of("diff", "then.jsonl", "--can-run", cwd=project)
    totals = {row["grain"]: (row["covered_before"], row["covered_after"]) for row in found["totals"]}
    assert totals["techniques"] == (3, 1)  # T1530 alone has a rule that can run now
    assert {row["cause"] for row in found["by_cause"] if row["units"]} == {"rule", "scope"}
    assert "unexplained" not in json.dumps(found)


def test_the_report_has_a_section_where_there_is_an_inventory(project):
    text = run("export", "--what", "markdown", "-o", "-", cwd=project).stdout
    assert "## What we can see" in text
    assert "1 of 3 rules in scope can run on the data that arrives" in text
    assert "signinlogs | 2 | 1 |" in text.split("## What we can see")[1].split("## Tactics")[0]
    frame = run("export", "--what", "csv", "--frame", "rule_data", "-o", "-", cwd=project).stdout
    rows = {row["name"]: row["verdict"] for row in csv.DictReader(io.StringIO(frame))}
    assert rows == {"trail": "cannot_fire", "sign-ins": "can_run", "own": "not_told"}
    (project / "coverage.toml").unlink()
    assert "What we can see" not in run("export", "--what", "markdown", "-o", "-", cwd=project).stdout


def test_a_file_that_cannot_be_used_is_named_and_loses_nothing_else(project):
    (project / "coverage.toml").write_text(SETTINGS.replace('"usage.csv"', '"gone.csv", "usage.csv"'))
    done = run("data", "--json", cwd=project)
    assert "gone.csv" in done.stderr
    found = json.loads(done.stdout)
    assert found["rules"]["can_run"] == 1
    assert [row["path"] for row in found["problems"] if row["severity"] == "error"] == ["gone.csv"]
