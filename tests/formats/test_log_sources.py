"""Data components of rules: exact on small rules of each format, and every name is one of ATT&CK's."""

from __future__ import annotations

import json

import pytest

from coverage.catalogue import shelf
from coverage.loaders import CorpusSource, load
from coverage.log_sources import KINDS, LOG_SOURCES_CSV, read_log_sources
from coverage.tables import PROJECT
from tests.helpers.formats import of_text

SHARED = PROJECT.parent / "shared" / "corpora"
SIGMA = "title: t\nid: i\nlogsource:\n  {}\ndetection:\n  s:\n    a: 1\n  condition: s\n"
ELASTIC = '[metadata]\nmaturity = "production"\n{}\n[rule]\nname = "n"\nrule_id = "r"\n{}\n'
LOGON = ("User Account Authentication", "Logon Session Creation")
FILES = ("File Creation", "File Modification")


def sigma(source: str) -> str:
    return SIGMA.format(source.replace("; ", "\n  "))


def elastic(rule: str, metadata: str = "") -> str:
    return ELASTIC.format(metadata, rule)


def splunk(source: str) -> str:
    return (
        "name: n\nid: i\nhow_to_implement: h\ntype: TTP\nstatus: production\nsearch: s\ndata_source:\n- "
        f"{source}\ntags:\n  mitre_attack_id:\n  - T1059\n"
    )


def sentinel(query: str) -> str:
    return f"id: i\nname: n\nkind: Scheduled\nseverity: Low\nquery: |\n  {query}\ntactics:\n- Execution\n"


def panther(log: str) -> str:
    return (
        f"AnalysisType: rule\nRuleID: r\nFilename: r.py\nEnabled: true\nSeverity: Low\nLogTypes:\n- {log}\n"
    )


CASES = [
    ("a.yml", sigma("product: windows; category: process_creation"), ("Process Creation",)),
    ("a.yml", sigma("category: process_creation"), ("Process Creation",)),
    ("a.yml", sigma("product: beos; category: file_event"), FILES),
    ("a.yml", sigma("product: paloalto; category: file_event"), ("Network Traffic Content",)),
    ("a.yml", sigma("product: windows; category: registry_set"), ("Windows Registry Key Modification",)),
    ("a.yml", sigma("product: windows; category: create_remote_thread"), ("Process Modification",)),
    ("a.yml", sigma("product: windows; service: security"), ()),
    ("a.yml", sigma("product: kubernetes; category: application"), ()),
    ("a.yml", sigma("product: django; category: application"), ("Application Log Content",)),
    ("a.yml", sigma("product: windows; service: starship"), ()),
    ("a.toml", elastic('language = "eql"\nquery = """\nprocess where true\n"""'), ("Process Creation",)),
    (
        "a.toml",
        elastic('language = "eql"\nquery = "sequence [file where true] [library where true]"'),
        (*FILES, "Module Load"),
    ),
    (
        "a.toml",
        elastic('language = "eql"\nquery = "process where true"\nindex = ["logs-endpoint.events.file-*"]'),
        ("Process Creation",),
    ),
    (
        "a.toml",
        elastic('language = "eql"\nquery = "any where true"\nindex = ["logs-endpoint.events.file-*"]'),
        FILES,
    ),
    (
        "a.toml",
        elastic(
            'language = "kuery"\nquery = "a:1"\nindex = ["logs-endpoint.events.process-*", "winlogbeat-*"]'
        ),
        ("Process Creation",),
    ),
    ("a.toml", elastic('query = "a:1"', 'integration = ["okta", "aws"]'), ("Application Log Content",)),
    ("a.toml", elastic('tags = ["Data Source: PowerShell Logs"]'), ("Script Execution", "Command Execution")),
    ("a.yml", splunk("Sysmon EventID 10"), ("Process Access",)),
    ("a.yml", splunk("Sysmon EventID 1"), ("Process Creation",)),
    ("a.yml", splunk("Okta Something"), ("Application Log Content",)),
    ("a.yml", splunk("AWS CloudTrail CreateUser"), ()),
    ("a.yaml", sentinel("SigninLogs | where a"), LOGON),
    ("a.yaml", sentinel("SecurityEvent | where a"), ()),
    ("a.yml", panther("AWS.VPCFlow"), ("Network Traffic Flow",)),
    ("a.yml", panther("AWS.CloudTrail"), ()),
    ("a.yml", panther("Okta.SystemLog"), ("Application Log Content",)),
    (
        "a.yml",
        "- rule: r\n  desc: d\n  condition: c\n  output: o\n  priority: NOTICE\n  tags: [T1059]\n",
        ("OS API Execution",),
    ),
    (
        "a.yml",
        "- rule: r\n  desc: d\n  condition: c\n  output: o\n  priority: NOTICE\n  source: okta\n",
        ("Application Log Content",),
    ),
    (
        "a.ndjson",
        json.dumps(
            {
                "rule_id": "r",
                "type": "query",
                "name": "n",
                "query": "a",
                "index": ["logs-cloud_defend.process-*"],
            }
        ),
        ("Process Creation",),
    ),
    (
        "a.yaral",
        'rule r {\n  meta:\n    data_source = "DNS"\n  events:\n    $e.a = "b"\n  condition:\n    $e\n}\n',
        ("Network Traffic Content",),
    ),
    (
        "a.rules",
        'alert dns any any -> any any (msg:"m"; sid:1; metadata: mitre_technique_id T1071;)\n',
        ("Network Traffic Content",),
    ),
    (
        "a.xml",
        '<group name="syscheck,"><rule id="100001" level="5"><description>d</description></rule></group>',
        (*FILES, "File Deletion"),
    ),
    ("a.csv", "rule,technique_id\nn,T1059\n", ()),
]


@pytest.mark.parametrize(("name", "text", "expected"), CASES)
def test_what_a_rule_of_each_format_tells(tmp_path, name, text, expected):
    found = of_text(tmp_path, name, text)
    assert found.rules.data_components.tolist() == [expected]


def test_the_table_is_whole_and_names_only_components_of_the_default_release():
    table = read_log_sources()
    names = set(shelf.open_release(shelf.default_release()).frame("data_components")["name"])
    assert table.faults == () and {row.kind for row in table.rows} == set(KINDS)
    assert {name for row in table.rows for name in row.components} - names == set()
    keys = [(row.kind, row.word.lower()) for row in table.rows]
    assert sorted(keys) == sorted(set(keys))


def test_an_unlisted_word_is_silent_and_a_wrong_table_is_told(tmp_path):
    (tmp_path / "a.yml").write_text(sigma("product: windows; service: starship"))
    assert load([CorpusSource("c", tmp_path)]).problems.empty
    table = tmp_path / "t.csv"
    table.write_text(
        "kind,word,sources,channel,components,platforms,note\nmood,happy,,,File Access,,\n"
        "sigma_logsource,starship,bridge:log,,File Access; Drive Access,,\n"
    )
    found = load([CorpusSource("c", tmp_path / "a.yml")], log_sources_csv=table)
    assert found.problems.code.tolist() == ["log-sources-table"] and found.rules.data_components.tolist() == [
        ("File Access", "Drive Access")
    ]
    assert load([], log_sources_csv=tmp_path / "none.csv").problems.code.tolist() == ["log-sources-table"]
    assert LOG_SOURCES_CSV.is_file()


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("corpus", "share"), [("sigma/rules", 0.8), ("elastic/rules", 0.65), ("elastic-endpoint", 0.95)]
)
def test_most_real_rules_have_a_component(corpus, share):
    if not (SHARED / corpus).is_dir():
        pytest.skip("no corpora here")
    rules = load([CorpusSource("c", SHARED / corpus)]).rules
    assert rules.data_components.map(bool).mean() > share
    if corpus == "sigma/rules":
        made = rules[rules.data_sources.map(lambda said: "windows/process_creation" in said)]
        assert len(made) > 1000 and set(made.data_components) == {("Process Creation",)}
