"""Exact values, counted by hand, from the small corpus in fixtures/loaders/corpus."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from coverage.frames import checked
from coverage.loaders import LOADERS, CorpusSource, fingerprint, load, locate, rule_document
from coverage.loaders.frames import PROBLEMS, RULES, WRITTEN
from coverage.loaders.sources import corpus_sources
from coverage.models import CorpusStamp
from coverage.syntaxes.fields import parsed_day
from coverage.syntaxes.toml_text import parse, positions
from tests.states import committed, git, rule_file

CORPUS = Path(__file__).parent / "fixtures" / "loaders" / "corpus"


@pytest.fixture(scope="module")
def loaded():
    return load([CorpusSource("small", CORPUS)])


def rule(loaded, path: str) -> pd.Series:
    return loaded.rules.set_index("path").loc[path]


def written(loaded, path: str) -> list[tuple]:
    rows = loaded.written[loaded.written.rule_key == f"small/{path}"]
    columns = ["position", "framework", "written_for", "tactic_id", "technique_id", "subtechnique_id"]
    return [tuple(None if pd.isna(v) else v for v in row) for row in rows[columns].itertuples(index=False)]


def test_frames_fit_their_specs(loaded):
    checked(loaded.rules, RULES)
    checked(loaded.written, WRITTEN)
    checked(loaded.problems, PROBLEMS)


def test_every_rule_its_format_and_class_in_path_order(loaded):
    assert loaded.rules[["path", "format", "rule_class"]].values.tolist() == [
        ["behavior/sudo_heap.toml", "elastic_endpoint", "production"],
        ["hunting/linux/rare_cron.toml", "elastic_hunt", "hunt"],
        ["rules/_deprecated/old_log_clearing.toml", "elastic", "deprecated"],
        ["rules/cloud/inline_sets.toml", "elastic", "development"],
        ["rules/windows/hidden_by_default.toml", "elastic", "building_block"],
        ["rules/windows/print_spooler_child.toml", "elastic", "production"],
        ["rules_building_block/by_folder.toml", "elastic", "building_block"],
    ]


def test_every_field_of_a_detection_rule(loaded):
    row = rule(loaded, "rules/windows/print_spooler_child.toml")
    expected = {
        "rule_key": "small/rules/windows/print_spooler_child.toml",
        "corpus": "small",
        "rule_id": "00000000-0000-4000-8000-000000000001",
        "name": "Shell started by the print spooler",
        "severity": "high",
        "risk_score": 73.0,
        "type": "eql",
        "language": "eql",
        "platforms": ("Windows",),
        "integrations": ("endpoint", "windows"),
        "indices": ("winlogbeat-*", "logs-endpoint.events.process-*"),
        "data_sources": ("Sysmon", "Elastic Defend"),
        "authors": ("Fixture Author",),
        "created": pd.Timestamp(2026, 1, 15),
        "updated": pd.Timestamp(2026, 2, 28),
        "maturity": "production",
        "license": "MIT",
        "description": "The print spooler starts a shell.",
        "query": 'process where process.parent.name == "spoolsv.exe"',
        "note": "Look at the parent.",
        "setup": "Nothing to set up.",
        "references": ("https://example.org/spooler",),
        "false_positives": ("A printer driver's installer.",),
    }
    assert {column: row[column] for column in expected} == expected
    assert pd.isna(row["enabled"]) and pd.isna(row["version"]) and len(row["tags"]) == 5


def test_a_technique_with_subtechniques_is_the_way_to_them_and_a_lone_tactic_is_kept(loaded):
    attack = "MITRE ATT&CK"
    assert written(loaded, "rules/windows/print_spooler_child.toml") == [
        (0, attack, None, "TA0002", "T1059", "T1059.001"),
        (1, attack, None, "TA0002", "T1059", "T1059.003"),
        (2, attack, None, "TA0002", "T1106", None),
        (3, attack, None, "TA0004", None, None),
    ]


def test_all_mapping_sets_are_handed_on_with_their_version_and_framework(loaded):
    attack = "MITRE ATT&CK"
    assert written(loaded, "rules/cloud/inline_sets.toml") == [
        (0, attack, None, "TA0001", "T1078", "T1078.004"),
        (1, "MITRE ATLAS", None, "AML.TA0004", "AML.T0012", None),
        (2, attack, "19", "TA0112", "T1078", None),
        (3, attack, "20.0", None, "T1078", "T1078.004"),
    ]


def test_an_empty_list_of_subtechniques_leaves_the_technique_a_mapping(loaded):
    assert written(loaded, "rules_building_block/by_folder.toml") == [
        (0, "MITRE ATT&CK", None, "TA0011", "T1071", None)
    ]


def test_names_and_references_stand_beside_the_ids(loaded):
    row = loaded.written[loaded.written.rule_key == "small/behavior/sudo_heap.toml"].iloc[0]
    assert row.technique_name == "Exploitation for Privilege Escalation"
    assert row.technique_reference == "https://attack.mitre.org/techniques/T1068/"
    assert (row.tactic_name, row.tactic_reference) == (
        "Privilege Escalation",
        "https://attack.mitre.org/tactics/TA0004/",
    )
    assert row.leaf_id == "T1068"


def test_a_hunt_and_its_ids_by_their_form(loaded):
    row = rule(loaded, "hunting/linux/rare_cron.toml")
    assert (row.language, row.note) == ("ES|QL, EQL", "- Compare with a clean host.\n- Ask the owner.")
    assert row["query"] == "from logs-endpoint.events.file-* | limit 1\n\nfile where true"
    assert row.indices == ("logs-endpoint.events.file-*",)
    assert row.authors == ("Fixture Author",)
    assert row.platforms == ("Windows", "macOS", "Linux")
    attack, atlas = "MITRE ATT&CK", "MITRE ATLAS"
    assert written(loaded, "hunting/linux/rare_cron.toml") == [
        (0, attack, None, None, None, "T1053.003"),
        (1, attack, None, None, "T1053", None),
        (2, attack, None, "TA0003", None, None),
        (3, atlas, None, None, None, "AML.T0051.000"),
        (4, atlas, None, None, "AML.T0051", None),
        (5, attack, None, None, "cron", None),
    ]


def test_an_endpoint_rule(loaded):
    row = rule(loaded, "behavior/sudo_heap.toml")
    assert (row.rule_id, row.version, row.language) == (
        "00000000-0000-4000-8000-000000000007",
        "1.0.3",
        "eql",
    )
    assert row.platforms == ("macOS", "Linux")
    assert row.references == ("https://example.org/sudo",)


def test_platforms_and_enabled_of_the_others(loaded):
    by_name = loaded.rules.set_index("path")
    assert by_name.platforms.to_dict() == {
        "behavior/sudo_heap.toml": ("macOS", "Linux"),
        "hunting/linux/rare_cron.toml": ("Windows", "macOS", "Linux"),
        "rules/_deprecated/old_log_clearing.toml": ("Linux",),
        "rules/cloud/inline_sets.toml": ("Identity Provider", "IaaS"),
        "rules/windows/hidden_by_default.toml": ("Windows",),
        "rules/windows/print_spooler_child.toml": ("Windows",),
        "rules_building_block/by_folder.toml": ("Network Devices",),
    }
    known = by_name.enabled.dropna().to_dict()
    assert known == {"rules/cloud/inline_sets.toml": False, "rules/windows/hidden_by_default.toml": True}


def test_esql_rules_read_what_their_from_names(loaded):
    assert rule(loaded, "rules/cloud/inline_sets.toml").indices == (
        "logs-azure.signinlogs-*",
        "logs-azure.activitylogs-*",
    )


def test_the_only_problem_is_the_unknown_word(loaded):
    assert loaded.problems[["path", "code", "severity", "rule_id", "message"]].values.tolist() == [
        [
            "rules_building_block/by_folder.toml",
            "platform-word-unknown",
            "note",
            "00000000-0000-4000-8000-000000000005",
            "The integration 'an_unheard_of_product' is not in data/platforms.csv, so it gives no "
            "platform "
            "(1 rule).",
        ]
    ]


def test_the_stamp_counts_rule_files_and_hashes_their_content(loaded, tmp_path):
    (stamp,) = loaded.corpora
    assert (stamp.name, stamp.files, stamp.rules) == ("small", 7, 7)
    assert stamp.content.startswith("sha256:") and len(stamp.content) == 71
    assert stamp.file("behavior/sudo_heap.toml").is_file()
    again = load([CorpusSource("another name", CORPUS)]).corpora[0]
    assert again.content == stamp.content
    (tmp_path / "changed.toml").write_text('[hunt]\nname = "x"\nuuid = "y"\n')
    assert load([CorpusSource("small", tmp_path)]).corpora[0].content != stamp.content


def test_the_commit_is_the_heads_or_none(tmp_path):
    assert load([CorpusSource("x", tmp_path)]).corpora[0].commit is None
    commit = load([CorpusSource("small", CORPUS)]).corpora[0].commit
    assert commit is None or len(commit) == 40


def stamp_of(path: Path) -> CorpusStamp:
    (stamp,) = load([CorpusSource("c", path)]).corpora
    return stamp


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A repository with two rules in folders, one commit."""
    rule_file(tmp_path / "team-rules" / "rules" / "a.toml", "a", "T1059")
    rule_file(tmp_path / "team-rules" / "more" / "b.toml", "b", "T1059")
    committed(tmp_path / "team-rules")
    return tmp_path / "team-rules"


def test_the_commit_bears_the_name_of_its_repository(checkout):
    head = git(checkout, "rev-parse", "HEAD")
    for path in (checkout, checkout / "rules", checkout / "rules" / "a.toml"):
        stamp = stamp_of(path)
        assert (stamp.commit, stamp.repository, stamp.changed) == (head, "team-rules", False), path
    assert (
        stamp_of(checkout / "rules")
        .sentence()
        .startswith(f"c: 1 rule (commit {head[:12]} of team-rules, sha256:")
    )
    assert stamp_of(checkout).as_dict() | {"commit": head, "repository": "team-rules", "changed": False} == (
        stamp_of(checkout).as_dict()
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://name:word@example.org/team/detections.git/",
        "git@example.org:team/detections.git",
        "detections",
    ],
)
def test_a_repository_is_called_what_its_origin_is(checkout, address):
    git(checkout, "remote", "add", "origin", address)
    assert stamp_of(checkout).repository == "detections"


def test_the_commit_around_rules_that_are_not_tracked_is_not_theirs(checkout):
    for folder in ("ignored", "untracked", "staged"):
        rule_file(checkout / folder / "x.toml", "x", "T1059")
    (checkout / ".gitignore").write_text("ignored/\n", encoding="utf-8")
    git(checkout, "add", "staged")
    for folder in ("ignored", "untracked", "staged"):
        stamp = stamp_of(checkout / folder)
        assert (stamp.rules, stamp.commit, stamp.repository, stamp.changed) == (1, None, None, False), folder
        assert "commit" not in stamp.sentence()
    (checkout / "ignored" / ".keep").touch()
    git(checkout, "add", "--force", "ignored/.keep")
    git(checkout, "commit", "--quiet", "--message", "a file beside rules that are ignored")
    assert stamp_of(checkout / "ignored").commit is None


@pytest.mark.parametrize("change", ["edited", "gone", "new", "staged"])
def test_a_work_tree_with_changes_is_marked(checkout, change):
    rules = checkout / "rules"
    if change == "gone":
        rule_file(rules / "c.toml", "c", "T1059")
        committed(checkout)
        (rules / "c.toml").unlink()
    else:
        rule_file(rules / ("c.toml" if change == "new" else "a.toml"), "changed", "T1003")
    if change == "staged":
        git(checkout, "add", "--all")
    head = git(checkout, "rev-parse", "HEAD")
    stamp = stamp_of(rules)
    assert (stamp.commit, stamp.changed) == (head, True)
    assert f"(commit {head[:12]}+changes of team-rules, " in stamp.sentence()
    assert not stamp_of(checkout / "more").changed and not stamp_of(checkout / "more" / "b.toml").changed


def test_files_that_are_no_rules_are_no_change_of_them(checkout):
    (checkout / "rules" / "comment.md").write_text("x", encoding="utf-8")
    assert not stamp_of(checkout / "rules").changed


def test_progress_is_called_once_a_file():
    calls = []
    load(
        [CorpusSource("small", CORPUS)], progress=lambda done, total, path: calls.append((done, total, path))
    )
    assert [call[0] for call in calls] == list(range(1, 9))
    assert {call[1] for call in calls} == {8}
    assert calls[0][2] == "behavior/sudo_heap.toml"


def test_a_single_file_is_a_corpus():
    path = CORPUS / "rules_building_block" / "by_folder.toml"
    found = load([CorpusSource("one", path)])
    assert found.rules[["path", "rule_class"]].values.tolist() == [["by_folder.toml", "building_block"]]
    assert found.corpora[0].file("by_folder.toml") == path


def test_the_class_knows_the_corpus_own_folder():
    found = load([CorpusSource("old", CORPUS / "rules" / "_deprecated")])
    assert found.rules.rule_class.tolist() == ["deprecated"]


def test_locating_each_leaf_of_every_rule(loaded):
    located = 0
    for row in loaded.rules.itertuples():
        text = (CORPUS / row.path).read_text(encoding="utf-8")
        lines = text.split("\n")
        for mapping in loaded.written[loaded.written.rule_key == row.rule_key].itertuples():
            shown = mapping.tactic_id if pd.isna(mapping.leaf_id) else mapping.leaf_id
            line, column = locate(text, row.format, mapping.position)
            assert lines[line - 1][column - 1 :].startswith(shown)
            located += 1
    assert located == 4 + 4 + 1 + 6 + 1


def test_locating_what_is_not_there():
    text = (CORPUS / "behavior" / "sudo_heap.toml").read_text(encoding="utf-8")
    assert locate(text, "elastic_endpoint", 1) is None
    assert locate(text, "elastic_endpoint", -1) is None
    assert locate(text, "no such format", 0) is None
    assert locate("[rule", "elastic", 0) is None


def test_the_rule_document_shows_every_table():
    document = rule_document(CORPUS / "behavior" / "sudo_heap.toml")
    assert (document.format, document.problem) == ("elastic_endpoint", None)
    assert document.tables["rule"]["os_list"] == ["linux", "macos"]
    assert document.text.startswith("[rule]")
    assert rule_document(CORPUS / "not_a_rule.toml").format is None


def test_corpora_are_named_after_their_folder_and_apart(tmp_path):
    sources = corpus_sources(["a/rules", "b/rules", "mine=c/rules", "rules=d", "./e=f/g", "."])
    assert [source.name for source in sources] == [
        "rules",
        "rules-2",
        "mine",
        "rules-3",
        "g",
        Path.cwd().name,
    ]
    assert [str(source.path) for source in sources[:5]] == ["a/rules", "b/rules", "c/rules", "d", "e=f/g"]
    assert corpus_sources(["a/b=x"])[0].name == "b=x"
    assert corpus_sources(["x/y=z"])[0].path == Path("x/y=z")


def test_the_fingerprint_changes_with_what_is_on_disk(tmp_path):
    source = [CorpusSource("x", tmp_path)]
    empty = fingerprint(source)
    assert fingerprint(source) == empty
    rule_file = tmp_path / "a.toml"
    rule_file.write_text("[hunt]")
    one = fingerprint(source)
    rule_file.write_text("[hunt] ")
    assert len({empty, one, fingerprint(source)}) == 3
    assert fingerprint([CorpusSource("y", tmp_path)]) != fingerprint(source)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026/02/28", date(2026, 2, 28)),
        ("2026-02-28", date(2026, 2, 28)),
        ("2026/02/30", None),
        ("2026/2", None),
        ("28.02.2026", None),
        ("", None),
        ("²/1/1", None),
        ("99999/1/1", None),
        ("0/1/1", None),
    ],
)
def test_dates(text, expected):
    assert parsed_day(text) == expected


def test_positions_of_every_way_to_write_a_value():
    text = (
        "a = 1\n"
        '"b c".d = [ "x", # [ not a bracket\n'
        "  '''y''', 2020-01-01 10:00:00 ]\n"
        '[t."u.v"]\n'
        'k = {m = "n", o = [{p = "q"}, {}]}\n'
        "[[l]]\n[l.sub]\nz = true\n[[l]]\n[[l.sub2]]\n"
        's = """\nline ""quoted"" \\"\\" """""\nafter = 5\r\n'
    )
    places = positions(text)
    document = parse(text)
    assert document["l"][1]["sub2"][0]["after"] == 5
    assert places[("a",)] == (1, 5)
    assert places[("b c", "d", 0)] == (2, 14)
    assert places[("b c", "d", 1)] == (3, 6)
    assert places[("b c", "d", 2)] == (3, 12)
    assert places[("t", "u.v")] == (4, 1)
    assert places[("t", "u.v", "k", "o", 0, "p")] == (5, 26)
    assert places[("l", 0, "sub", "z")] == (8, 5)
    assert places[("l", 1, "sub2", 0, "after")] == (13, 9)


def test_loaders_are_keyed_by_their_id_and_say_their_suffix():
    assert list(LOADERS) == [
        "elastic_hunt",
        "elastic_endpoint",
        "elastic",
        "sigma",
        "splunk",
        "sentinel",
        "panther",
        "falco",
        "kibana",
        "sentinel_arm",
        "navigator",
        "yaral",
        "suricata",
        "wazuh",
        "table",
    ]
    assert all(loader.id == key and loader.title and loader.suffixes for key, loader in LOADERS.items())
