"""SARIF: valid by the official schema, what code scanning asks for, and fingerprints that outlive moved
lines.

The schema is `sarif-2.1.0-rtm.5.json` as the npm package `@microsoft/jest-sarif` 1.0.0-beta.0 (© Microsoft
Corporation, MIT licence) ships it.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from coverage.exports.sarif import FINGERPRINT, fingerprints, sarif
from coverage.findings import CHECKS
from coverage.loaders import CorpusSource, load
from coverage.project.lint import lint_results, relative_paths
from coverage.project.settings import LintSettings, Settings, Silence
from coverage.tables import PROJECT
from tests.helpers.findings_corpus import written_to
from tests.helpers.small import E19, read_embedded

SCHEMA = json.loads((PROJECT / "tests" / "fixtures" / "sarif-schema-2.1.0.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def linted(folder: Path, settings: Settings | None = None) -> tuple[pd.DataFrame, dict]:
    loaded = load([CorpusSource("rules", folder)])
    results = lint_results(read_embedded(loaded, E19), settings or Settings())
    log = json.loads(sarif(results, relative_paths(results, loaded.corpora, folder.parent), E19))
    VALIDATOR.validate(log)
    return results, log


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[pd.DataFrame, dict]:
    folder = written_to(tmp_path_factory.mktemp("repo") / "rules")
    (folder / "broken.toml").write_text("[rule\n", encoding="utf-8")
    (folder / "with space#1.toml").write_text(
        (folder / "no-mapping.toml").read_text("utf-8").replace("id-no", "other"), encoding="utf-8"
    )
    silence = Silence("parent-only", 'Meant: "all" of them', "**")
    results, log = linted(
        folder,
        Settings(
            folder.parent / "coverage.toml",
            LintSettings((silence, Silence("tactic-left", "x", "none/**", line=3))),
        ),
    )
    return results, log["runs"][0]


def test_the_validator_tells_a_bad_log_from_a_good_one(run):
    bad = {
        "version": "2.1.0",
        "runs": [
            {"tool": {"driver": {"name": "x"}}, "results": [{"message": {"text": "m"}, "level": "fatal"}]}
        ],
    }
    assert not VALIDATOR.is_valid(bad)
    assert not VALIDATOR.is_valid({"version": "2.1.0", "runs": [{"results": []}]})


def test_every_result_has_what_code_scanning_asks_for(run):
    results, log = run
    assert len(log["results"]) == len(results)
    for result, row in zip(log["results"], results.itertuples(), strict=True):
        rule = log["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert result["ruleId"] == rule["id"] == row.code
        assert result["level"] == row.severity
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        assert not place["artifactLocation"]["uri"].startswith(("/", "file:"))
        assert place["region"]["startLine"] == (1 if row.line is pd.NA else row.line)
        assert result["message"]["text"].startswith(row.message[:20])


def test_every_rule_has_its_help(run):
    _, log = run
    rules = {rule["id"]: rule for rule in log["tool"]["driver"]["rules"]}
    assert list(rules)[: len(CHECKS)] == list(CHECKS)
    assert set(rules) - set(CHECKS) == {"bad-toml", "silence-unused"}
    for code, rule in rules.items():
        assert rule["helpUri"].startswith("https://attack.mitre.org/")
        assert (
            rule["help"]["markdown"] and rule["shortDescription"]["text"] and rule["fullDescription"]["text"]
        )
        assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")
        if code in CHECKS:
            assert rule["defaultConfiguration"]["level"] == CHECKS[code].severity


def test_a_region_spans_the_value(run):
    results, log = run
    by_code = {
        (result["ruleId"], row.path): result
        for result, row in zip(log["results"], results.itertuples(), strict=True)
    }
    region = by_code["tactic-never", "tactic-never.toml"]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 23, "startColumn": 7, "endColumn": 13}
    assert by_code["no-mapping", "no-mapping.toml"]["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 1
    }


def test_paths_are_percent_encoded(run):
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run[1]["results"]
    }
    assert "rules/with%20space%231.toml" in uris and "rules/broken.toml" in uris and "coverage.toml" in uris


def test_a_silenced_finding_is_a_suppressed_result(run):
    results, log = run
    suppressed = [result for result in log["results"] if "suppressions" in result]
    assert len(suppressed) == results["silenced"].notna().sum() > 0
    assert {result["ruleId"] for result in suppressed} == {"parent-only"}
    assert suppressed[0]["suppressions"] == [{"kind": "external", "justification": 'Meant: "all" of them'}]


def test_fingerprints_are_distinct_and_hold_no_line(run, tmp_path):
    results, log = run
    marks = [result["partialFingerprints"][FINGERPRINT] for result in log["results"]]
    assert len(set(marks)) == len(marks)
    moved = results.assign(line=results["line"] + 40, column=results["column"] + 3)
    assert fingerprints(moved) == marks


def test_moved_lines_keep_their_fingerprints_in_the_files_themselves(tmp_path):
    folder = written_to(tmp_path / "rules", ["technique-name", "not-an-id", "tag-not-mapped"])
    before, _ = linted(folder)
    for file in folder.iterdir():
        file.write_text("# a comment\n\n" + file.read_text("utf-8"), encoding="utf-8")
    after, _ = linted(folder)
    assert after["line"].dropna().tolist() == [line + 2 for line in before["line"].dropna()]
    assert fingerprints(after) == fingerprints(before)


def test_several_of_one_code_with_one_value_in_one_rule_differ(tmp_path):
    folder = written_to(tmp_path / "rules", ["duplicate-mapping"])
    file = folder / "duplicate-mapping.toml"
    entry = file.read_text("utf-8").partition("[[rule.threat]]")[2]
    file.write_text(file.read_text("utf-8") + f"[[rule.threat]]{entry}", encoding="utf-8")
    results, _ = linted(folder)
    assert results["code"].tolist() == ["duplicate-mapping"] * 3
    assert len(set(fingerprints(results))) == 3


def test_no_rule_text_becomes_a_link_or_a_placeholder(tmp_path):
    folder = written_to(tmp_path / "rules", ["no-mapping"])
    file = folder / "no-mapping.toml"
    file.write_text(
        file.read_text("utf-8").replace('name = "no-mapping"', 'name = "[a](1) {0}"'), encoding="utf-8"
    )
    _, log = linted(folder)
    assert log["runs"][0]["results"][0]["message"]["text"].endswith("(rule: [a] (1) {{0}})")


def test_a_file_outside_the_root_is_named_absolutely(tmp_path):
    folder = written_to(tmp_path / "rules", ["no-mapping"])
    loaded = load([CorpusSource("rules", folder)])
    results = lint_results(read_embedded(loaded, E19), Settings())
    log = json.loads(sarif(results, relative_paths(results, loaded.corpora, tmp_path / "elsewhere"), E19))
    VALIDATOR.validate(log)
    location = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": (folder / "no-mapping.toml").as_uri()}


def test_no_finding_is_a_valid_log_too(tmp_path):
    _, log = linted(written_to(tmp_path / "rules", ["right"]))
    assert log["runs"][0]["results"] == []
