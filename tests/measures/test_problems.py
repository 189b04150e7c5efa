"""What could not be placed: `problems`, `lint`, the page and the exported frame say the same of
it.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coverage.findings import CHECKS
from coverage.findings.frames import FINDINGS
from coverage.findings.unplaced import UNPLACED
from coverage.frames import checked
from coverage.loaders import CorpusSource, load
from coverage.loaders.frames import PROBLEMS
from coverage.measures.problems import problem_list
from coverage.tables import PROJECT
from tests.helpers import small
from tests.helpers.command_line import run
from tests.helpers.findings_corpus import CASES, elastic, sigma, tactic, technique, written_to
from tests.helpers.small import E18, E19, read_embedded

PANTHER = """\
AnalysisType: rule
RuleID: Team.One
DisplayName: One
Enabled: true
Filename: one.py
LogTypes: [AWS.CloudTrail]
Severity: Low
Reports:
  MITRE ATT&CK:
    - TA0003:T0018.000
    - TA003:T1078
    - no ID at all
"""
# Codes as `lint` calls them; reading gives one problem of its own, in one.toml.
UNREAD = [("one.toml", "wrong-type", 28)]
EXPECTED = [
    ("one.toml", "not-an-id", 15),  # t1059
    ("one.toml", "unknown-tactic", 19),  # TA003, beside a technique
    ("one.toml", "unknown-technique", 31),  # T0018.000
    ("one.toml", "other-domain", 39),  # AML.T0051
    ("panther.yml", "unknown-technique", 10),
    ("panther.yml", "unknown-tactic", 11),
    ("panther.yml", "not-an-id", 12),
    ("sigma.yml", "unknown-technique", 6),
    ("sigma.yml", "unknown-tactic", 7),  # attack.TA003, a tactic alone
    ("sigma.yml", "deprecated-technique", 8),
    ("sigma.yml", "other-domain", 9),
]


@pytest.fixture
def corpus(tmp_path) -> Path:
    """Rules whose IDs cannot be placed, in three formats, and one ID that cannot even be read."""
    folder = tmp_path / "mine"
    folder.mkdir()
    odd = (
        tactic("TA003", "Persistence?", technique("t1059", "Command and Scripting Interpreter")),
        '[[rule.threat]]\nframework = "MITRE ATT&CK"\n[[rule.threat.technique]]\nid = "T1003"\n'
        "[[rule.threat.technique.subtechnique]]\nid = 5\n"
        '[[rule.threat.technique.subtechnique]]\nname = "x"\nid = "T0018.000"\n'
        '[rule.threat.tactic]\nid = "TA0006"\nname = "Credential Access"\n\n',
        tactic("AML.TA0005", "Execution", technique("AML.T0051", "Prompt"), framework="MITRE ATLAS"),
    )
    (folder / "one.toml").write_text(elastic("one", *odd), encoding="utf-8")
    tags = ("attack.t0018.000", "attack.TA003", "attack.t1043", "attack.t1625", "attack.t1059.001")
    (folder / "sigma.yml").write_text(sigma("two", *tags), encoding="utf-8")
    (folder / "panther.yml").write_text(PANTHER, encoding="utf-8")
    return folder


def places(rows) -> list[tuple]:
    """(file, code, line), in order of the files."""
    return sorted((row["path"], row["code"], int(row["line"])) for row in rows)


def json_of(*arguments: str) -> dict:
    done = run(*arguments)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_problems_lint_and_the_exported_frame_say_the_same(corpus, tmp_path):
    listed = json_of("problems", str(corpus), "--json")["problems"]
    assert places(listed) == sorted([*UNREAD, *EXPECTED])
    linted = json_of("lint", str(corpus), "--json")["findings"]
    assert places(row for row in linted if CHECKS[row["code"]].unplaced) == sorted(EXPECTED)
    columns = ("path", "line", "column", "rule_id", "code", "severity", "message")
    unplaced = [{name: row[name] for name in columns} for row in linted if row["code"] in UNPLACED]
    assert [{name: row[name] for name in columns} for row in listed if row["code"] in UNPLACED] == unplaced
    done = run("export", str(corpus), "--what", "csv", "--frame", "problems", "-o", "-")
    assert places(csv.DictReader(io.StringIO(done.stdout))) == places(listed)
    rules = json_of("summary", str(corpus), "--json")["rules"]
    assert (rules["problems"], rules["unplaced"]) == (len(UNREAD), len(EXPECTED))
    words = run("problems", str(corpus)).stdout.replace("\n", " ")
    assert "12 problems in 3 rules read: 1 in reading and 11 IDs that could not be placed" in words


def test_the_page_says_the_same(corpus, monkeypatch, tmp_path):
    monkeypatch.setenv("COVERAGE_RULES", str(corpus))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    page.query_params["health"] = "problems"
    page.run()
    page.switch_page("coverage/pages/mapping.py").run()
    assert not page.exception, page.exception[0].message
    unread, unplaced = (table.value.to_dict("records") for table in page.dataframe)
    assert places(unread) == UNREAD and places(unplaced) == sorted(EXPECTED)


def test_the_release_says_what_can_be_placed(tmp_path):
    folder = written_to(tmp_path / "rules", ["right-sigma"])
    (folder / "new.yml").write_text(sigma("new", "attack.t1685", "attack.TA0112"), encoding="utf-8")
    assert json_of("problems", str(folder), "--json")["problems"] == []
    rows = json_of("problems", str(folder), "--attack", E18, "--json")["problems"]
    assert {row["code"] for row in rows} == {"newer-technique", "newer-tactic"}
    done = run("problems", str(folder), "--attack", "enterprise-1.0")
    assert done.returncode == 2 and "is not installed" in done.stderr


def test_of_several_corpora_each_has_its_own(corpus, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.yml").write_text(sigma("a", "attack.t9999"), encoding="utf-8")
    texts = (str(corpus), str(tmp_path / "other"))
    (row,) = json_of("problems", *texts, "--corpus", "other", "--json")["problems"]
    assert (row["corpus"], row["code"]) == ("other", "unknown-technique")
    assert json_of("summary", *texts, "--corpus", "other", "--json")["rules"]["unplaced"] == 1
    assert len(json_of("problems", *texts, "--json")["problems"]) == len(UNREAD) + len(EXPECTED) + 1


@pytest.mark.parametrize("release", [E18, E19])
def test_the_part_that_is_checked_alone_is_that_of_all_findings(release, tmp_path):
    """`Reading.unplaced` checks only some rules; every check over every rule must find the same."""
    written_to(tmp_path / "cases", list(CASES))
    sources = [CorpusSource("small", small.SMALL), CorpusSource("cases", tmp_path / "cases")]
    reading = read_embedded(load(sources), release)
    everything = reading.findings[reading.findings["code"].isin(UNPLACED)]
    checked(reading.unplaced, FINDINGS)
    assert reading.unplaced.to_dict("records") == everything.to_dict("records") and len(everything) > 10
    checked(problem_list(reading), PROBLEMS)


@pytest.mark.parametrize(("release", "count"), [(E18, 8), (E19, 6)])
def test_each_technique_that_is_read_as_none_stands_there_once(release, count):
    """Nothing that was written is dropped: each such row of MAPPINGS has one problem."""
    reading = read_embedded(small.loaded(), release)
    rows = reading.mappings[reading.mappings["attack_id"].isna() & reading.mappings["leaf_written"].notna()]
    found = reading.unplaced[reading.unplaced["field"].isin(["technique_id", "subtechnique_id"])]
    keys = ["rule_key", "position"]
    assert Counter(map(tuple, found[keys].to_numpy())) == Counter(map(tuple, rows[keys].to_numpy()))
    assert len(rows) == count  # g names a tactic alone, which can be placed


@pytest.mark.corpora
@pytest.mark.parametrize("name", ["elastic", "sigma", "samples/panther", "samples/splunk"])
def test_on_real_rules_each_such_technique_stands_there_once(name, shared):
    reading = read_embedded(load([CorpusSource("c", shared("corpora", *name.split("/")))]), E18)
    everything = reading.findings[reading.findings["code"].isin(UNPLACED)]
    assert reading.unplaced.to_dict("records") == everything.to_dict("records")
    rows = reading.mappings[reading.mappings["attack_id"].isna() & reading.mappings["leaf_written"].notna()]
    found = everything[everything["field"].isin(["technique_id", "subtechnique_id"])]
    keys = ["rule_key", "position"]
    assert Counter(map(tuple, found[keys].to_numpy())) == Counter(map(tuple, rows[keys].to_numpy()))


# ---- what migrate speaks of --------------------------------------------------------------------------------

# A question of migrate about an ID that is read as none -> the code of the same ID under Problems.
SAME_ID = {
    "several": "ambiguous-replacement",
    "newer": "newer-technique",
    "deprecated": "deprecated-technique",
}


def test_every_file_and_id_that_migrate_cannot_read_is_a_problem(corpus, tmp_path):
    """Beside the rules lie damaged files of the same suffixes that are no rules, and a link that leads
    out.
    """
    (corpus / "notes.csv").write_bytes(b"\xff\xfe\xff")
    (corpus / "empty.yml").touch()
    (corpus / "other.json").write_text('{"a": ', encoding="utf-8")
    (corpus / "workflow.yml").write_text("on: [push\n", encoding="utf-8")
    (corpus / "broken.toml").write_text("[rule\nname = 1", encoding="utf-8")
    (corpus / "not_utf8.yml").write_bytes(b"title: \xff\nlogsource:\ndetection:\n")
    (tmp_path / "elsewhere.yml").write_text(sigma("out", "attack.t1059.001"), encoding="utf-8")
    (corpus / "link.yml").symlink_to(tmp_path / "elsewhere.yml")
    done = run("migrate", str(corpus), "--to", E19, "--json")
    made, listed = json.loads(done.stdout), json_of("problems", str(corpus), "--json")["problems"]
    unreadable = {row["path"] for row in listed if row["code"] in ("bad-toml", "not-utf8")}
    assert unreadable == {"broken.toml", "not_utf8.yml"}
    assert (made["summary"]["files_unreadable"], made["summary"]["files_outside"]) == (2, 1)
    assert "2 files could not be read (see problems); 1 link leads out of the rules' folder" in done.stderr
    known = {(row["path"], row["line"], row["code"]) for row in listed}
    questions = [one for one in made["questions"] if one["code"] in (*SAME_ID, "unknown")]
    assert len(questions) == 4  # t1059, T0018.000 twice, T1043
    for one in questions:
        codes = [SAME_ID[one["code"]]] if one["code"] in SAME_ID else ["unknown-technique", "not-an-id"]
        assert any((one["path"], one["line"], code) in known for code in codes), one


def test_every_id_migrate_asks_about_in_the_small_corpus_is_a_problem():
    for release in (E18, E19):
        made = json_of("migrate", str(small.SMALL), "--to", release, "--json")
        listed = json_of("problems", str(small.SMALL), "--attack", release, "--json")["problems"]
        known = {(row["path"], row["line"]) for row in listed}
        asked = [one for one in made["questions"] if one["code"] in (*SAME_ID, "unknown")]
        assert asked and all((one["path"], one["line"]) in known for one in asked)
        tactics = {one["path"] for one in made["questions"] if one["code"] == "tactic-unknown"}
        assert tactics <= {row["path"] for row in listed if row["code"] == "unknown-tactic"}
