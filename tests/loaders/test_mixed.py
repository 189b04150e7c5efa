"""A folder of every format among files that are no rules; damaged files; what is passed over in silence."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.formats.registry import SUFFIXES, is_meant, max_bytes
from coverage.loaders import LOADERS
from coverage.loaders.corpora import load
from coverage.loaders.sources import CorpusSource
from coverage.tables import PROJECT
from tests.helpers.formats import FORMATS, loaded, of_text, told

SIGMA = "title: x\nid: a\nlogsource: {product: linux}\ndetection: {a: b, condition: a}\n"


def test_a_mixed_folder_is_read_by_content_and_what_is_no_rule_gives_nothing():
    found = loaded("mixed")
    assert found.rules.groupby("path")["format"].agg(["first", "size"]).reset_index().values.tolist() == [
        ["analytics.yaml", "sentinel", 1],
        ["archiver_in_temp.yml", "sigma", 1],
        ["credential_dump.yml", "splunk", 1],
        ["export.ndjson", "kibana", 2],
        ["falco_rules.yaml", "falco", 3],
        ["local.rules", "suricata", 3],
        ["local_rules.xml", "wazuh", 5],
        ["root_login.yml", "panther", 1],
        ["rules.csv", "table", 4],
        ["sentinel_export.json", "sentinel_arm", 2],
        ["two_rules.yaral", "yaral", 3],
    ]
    silent = {
        "README.md",
        "docker-compose.yml",
        "package.json",
        "charts/template.yaml",
        "workflow.yml",
        "playbook.yaml",
        "pom.xml",
        "prices.csv",
        "dashboard.ndjson",
    }
    assert all((FORMATS / "mixed" / path).exists() for path in silent)
    assert silent.isdisjoint(found.problems.path) and "loader-failed" not in set(found.problems.code)
    assert (
        found.corpora[0].files == 12 and found.corpora[0].rules == 26
    )  # eleven with rules and the layer's note


def test_the_same_whatever_the_suffix_of_yaml_is(tmp_path):
    for name in ("a.yml", "a.yaml", "A.YML"):
        assert of_text(tmp_path, name, SIGMA).rules.format.tolist()[-1] == "sigma"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("x.yml", SIGMA.encode("utf-16"), "not-utf8"),
        ("x.yml", SIGMA.encode() + b"# \xff", "not-utf8"),
        ("x.yml", SIGMA.encode() + b"# \xff\0", "not-utf8"),
        ("x.yml", SIGMA.encode() + b"#" * 5_000_000, "too-large"),
        ("x.yml", SIGMA.encode() + b"#" * 20_000_000, "too-large"),
        ("x.ndjson", '{"rule_id": "a", "type": "b"}'.encode("utf-16") + b"x", "not-utf8"),
        ("x.yml", SIGMA.encode() + b"x: \x00", "bad-yaml"),
        ("x.toml", b"", "empty-file"),
    ],
)
def test_a_damaged_file_that_is_meant_to_be_a_rule_is_a_problem(tmp_path, name, data, code):
    assert [row[2] for row in told(of_text(tmp_path, name, data))] == [code]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.yml", "a: b".encode("utf-16")),
        ("x.csv", "a,b".encode("utf-16")),
        ("x.json", b"\xff{}"),
        ("x.json", b""),
        ("x.yml", b"a: b\n" * 2_000_000),
        ("x.xml", b"<a>\xff"),
        ("x.rules", b"\xff"),
        ("x.yml", b" \n"),
        ("x.yml", b"a: [b\n"),
        ("x.json", b"{"),
        ("x.xml", b"<a"),
        ("x.csv", b'"a'),
        ("x.yml", b"{{ template }}\ntitle: x\n"),
    ],
)
def test_any_other_damaged_file_is_passed_over(tmp_path, name, data):
    found = of_text(tmp_path, name, data)
    assert told(found) == [] and len(found.rules) == 0 and found.corpora[0].files == 0


def test_an_export_may_be_larger_than_a_rule(tmp_path):
    line = (
        '{"rule_id": "r%d", "name": "n", "type": "query", "immutable": true, "query": "'
        + "x" * 60_000
        + '"}\n'
    )
    found = of_text(tmp_path, "x.ndjson", "".join(line % nth for nth in range(100)))
    assert len(found.rules) == 100 and told(found) == []
    assert max_bytes("a/b.ndjson") == 40_000_000 and max_bytes("b.yml") == 5_000_000 == max_bytes("x.toml")
    assert max_bytes("b.md") == 0 and ".md" not in SUFFIXES


def test_what_is_meant_is_told_by_its_words():
    assert is_meant("x.yml", SIGMA) and not is_meant("x.yml", "a: b") and not is_meant("x.md", SIGMA)
    assert is_meant("x.toml", "") and all(loader.meant is not None for loader in LOADERS.values())


def test_every_rule_of_a_file_has_a_key_of_its_own_and_files_are_in_path_order():
    found = load([CorpusSource("c", FORMATS)])
    assert found.rules.rule_key.is_unique and set(found.written.rule_key) <= set(found.rules.rule_key)
    assert found.rules.path.drop_duplicates().is_monotonic_increasing


@pytest.mark.corpora
def test_no_real_file_is_read_by_the_wrong_format(shared):
    folders = {
        "splunk": {"splunk"},
        "sentinel": {"sentinel"},
        "panther": {"panther"},
        "chronicle": {"yaral"},
        "falco": {"falco"},
    }
    found = load([CorpusSource(name, shared("corpora", "samples", name)) for name in folders])
    assert found.rules.groupby("corpus")["format"].agg(set).to_dict() == folders
    assert set(load([CorpusSource("sigma", shared("corpora", "sigma"))]).rules.format) == {"sigma"}


def test_the_table_in_the_docs_is_the_table_of_formats():
    text = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = [line.replace("\\|", "/").split("|") for line in text.splitlines() if line.startswith("| `")]
    told_of = [
        (row[1].strip(" `"), row[2].strip(), tuple(row[3].replace("`", "").split()))
        for row in rows
        if len(row) > 4  # not the table of limits
    ]
    assert told_of == [(loader.id, loader.title, loader.suffixes) for loader in LOADERS.values()]


ENABLED = {
    "elastic": (
        "x.toml",
        '[metadata]\nmaturity = "production"\n[rule]\nname = "n"\nrule_id = "r"\nenabled = false\n',
    ),
    "elastic_endpoint": ("x.toml", '[rule]\nname = "n"\nid = "r"\nos_list = ["linux"]\nenabled = false\n'),
    "elastic_hunt": ("x.toml", '[hunt]\nname = "n"\nuuid = "r"\nenabled = false\n'),
    "sigma": ("x.yml", SIGMA + "enabled: false\n"),
    "splunk": (
        "x.yml",
        "name: n\nid: i\ntype: TTP\nsearch: s\nhow_to_implement: h\ntags: {}\nenabled: false\n",
    ),
    "sentinel": ("x.yml", "id: i\nname: n\nquery: q\ntactics: [Execution]\nenabled: false\n"),
    "panther": ("x.yml", "AnalysisType: rule\nRuleID: r\nEnabled: false\n"),
    "falco": ("x.yml", "- rule: r\n  condition: c\n  output: o\n  enabled: false\n"),
    "kibana": (
        "x.ndjson",
        '{"rule_id": "r", "name": "n", "type": "query", "immutable": true, "enabled": false}',
    ),
    "sentinel_arm": (
        "x.json",
        '{"type": "Microsoft.SecurityInsights/alertRules", "name": "a", "properties":'
        ' {"displayName": "n", "query": "q", "severity": "High", "triggerOperator": "x", "enabled": false}}',
    ),
    "navigator": (
        "x.json",
        '{"domain": "enterprise-attack", "techniques": [{"techniqueID": "T1059", "score": 1, "enabled": '
        "true}]}",
    ),
    "yaral": ("x.yaral", 'rule a {\nmeta:\n enabled = "false"\nevents:\n $e\ncondition:\n $e\n}\n'),
    "suricata": ("x.rules", '# alert tcp any any -> any any (msg:"n"; sid:1;)\n'),
    "wazuh": ("x.xml", '<rule id="1" level="1" enabled="no"><description>d</description></rule>'),
    "table": ("x.csv", "rule,technique_id,enabled\na,T1059,no\n"),
}
SILENT_ON_ENABLED = {"elastic_endpoint", "elastic_hunt", "splunk", "navigator", "yaral", "wazuh"}


@pytest.mark.parametrize("format_id", LOADERS)
def test_what_says_whether_a_rule_is_enabled_is_what_the_docs_say(tmp_path, format_id):
    found = of_text(tmp_path, *ENABLED[format_id])
    assert found.rules.format.tolist() == [format_id]
    read = [None if pd.isna(value) else bool(value) for value in found.rules.enabled]
    assert read == ([None] if format_id in SILENT_ON_ENABLED else [False])
    docs = " ".join((PROJECT / "docs" / "formats.md").read_text(encoding="utf-8").split())
    known, _, unknown = docs.partition("**Enabled**")[2].partition("**Severity**")[0].partition("is off. ")
    names = {
        "sentinel_arm": "exports",
        "elastic_endpoint": "endpoint",
        "elastic_hunt": "hunts",
        "navigator": "layers",
    }
    name = names.get(format_id, "YARA-L" if format_id == "yaral" else format_id.capitalize())
    assert name.lower() in (unknown if format_id in SILENT_ON_ENABLED else known).lower()
