"""IDs that stand where a format does not read them: told of with what was meant, never counted; and no false
alarm.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.formats.unread import IDS, ids_in
from coverage.loaders import CorpusSource, load
from tests.helpers.formats import loaded, mapped, of_text, told

SIGMA = """title: Rule
id: 6f5e1c3a-0000-4000-8000-000000000001
tags:
    - {tag}
logsource: {{product: windows}}
detection: {{s: {{a: b}}, condition: s}}
"""


def not_read(found):
    """What is told of IDs that are not read, as (line, column, message)."""
    rows = found.problems[found.problems.code == "id-not-read"]
    assert set(rows.severity) <= {"warning"}
    return list(rows[["line", "column", "message"]].itertuples(index=False, name=None))


def meant(found):
    """The places and suggestions alone, as (line, suggestion)."""
    return [
        (line, message.partition("did you mean ")[2].removesuffix("?"))
        for line, _, message in not_read(found)
    ]


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("atack.t1059.001", "attack.t1059.001"),
        ("attack-t1059.001", "attack.t1059.001"),
        ("attack_t1059", "attack.t1059"),
        ("mitre.t1059", "attack.t1059"),
        ("attack:t1059", "attack.t1059"),
        ("'attack: t1059'", "attack.t1059"),
        ("t1059.001", "attack.t1059.001"),
        ("T1059-001", "attack.t1059.001"),
        ("mitre_attack.T1059", "attack.t1059"),
        ("att&ck.t1059", "attack.t1059"),
        ("attacks.ta0002", "attack.ta0002"),
        ("atack.execution", "attack.execution"),
        ("attack:execution", "attack.execution"),
        ("mitre.initial-access", "attack.initial-access"),
    ],
)
def test_a_tag_that_is_nearly_one_of_attack(tmp_path, tag, said):
    found = of_text(tmp_path, "x.yml", SIGMA.format(tag=tag))
    written = tag.strip("'")
    message = f"tags has {written!r}, which is not read as a mapping: did you mean {said}?"
    assert not_read(found) == [(4, 7 + tag.startswith("'"), message)]
    assert mapped(found, "x.yml") == []


@pytest.mark.parametrize(
    "tag",
    [
        "attack.t1059.001",
        "attack.execution",
        "attack.g0007",
        "cve.2021-44228",
        "car.2016-04-005",
        "detection.threat-hunting",
        "attack-surface",
        "stp.4a",
        "tlp.red",
        "t1000x",
        "xt1059",
        "host.t1059",
        "https://attack.mitre.org/techniques/T1059/",
    ],
)
def test_another_tag_is_none(tmp_path, tag):
    assert not_read(of_text(tmp_path, "x.yml", SIGMA.format(tag=tag))) == []


def test_an_id_in_words_links_queries_and_comments_is_no_mapping(tmp_path):
    text = (
        SIGMA.format(tag="attack.execution")
        + "description: T1059 was seen\n"
        + "references: [T1059, https://attack.mitre.org/techniques/T1059/001/]\n"
        + "falsepositives: [T1059]\n# mitre: T1059\n"
        + "simulation: [{technique: T1059}]\n"
    ).replace("{a: b}", "{mitre: T1059, tags: [attack_t1059]}")
    assert told(of_text(tmp_path, "x.yml", text)) == []


def test_a_tag_beside_the_same_id_that_is_read_is_silent(tmp_path):
    text = SIGMA.format(tag="attack.t1059.001\n    - attack_t1059\n    - t1059.001\n    - t1078")
    assert meant(of_text(tmp_path, "x.yml", text)) == [(7, "attack.t1078")]


CASES = {
    "panther-key": (
        "x.yml",
        "AnalysisType: rule\nRuleID: r\nLogTypes: [Okta.SystemLog]\nReports:\n  TA0004:\n    - T1548\n",
        [(6, "Reports: MITRE ATT&CK: ['TA0004:T1548']")],
    ),
    "panther-name": (
        "x.yml",
        "AnalysisType: rule\nRuleID: r\nLogTypes: [Okta.SystemLog]\nReports:\n  MITRE:\n    - TA0004:T1548\n",
        [(6, "Reports: MITRE ATT&CK: ['TA0004:T1548']")],
    ),
    "panther-below": (
        "x.yml",
        "AnalysisType: rule\nRuleID: r\nLogTypes: [Okta.SystemLog]\nReports:\n  MITRE ATT&CK:\n    TA0004:\n "
        "     - T1548\n",
        [(7, "Reports: MITRE ATT&CK: ['TA0004:T1548']")],
    ),
    "panther-tag": (
        "x.yml",
        "AnalysisType: rule\nRuleID: r\nLogTypes: [Okta.SystemLog]\nTags: [T1548, own]\n",
        [(4, "Reports: MITRE ATT&CK: ['T1548']")],
    ),
    "splunk-key": (
        "x.yml",
        "name: n\nid: i\ntype: TTP\nsearch: s\nhow_to_implement: h\ntags:\n  mitre_attack_ids:\n  - "
        "T1059.001\n",
        [(8, "tags.mitre_attack_id: [T1059.001]")],
    ),
    "splunk-top": (
        "x.yml",
        "name: n\nid: i\ntype: TTP\nsearch: s\nhow_to_implement: h\nmitre_attack: T1059\ntags: {}\n",
        [(6, "tags.mitre_attack_id: [T1059]")],
    ),
    "sentinel": (
        "x.yaml",
        "id: i\nname: n\nquery: q\ntactics: [Execution]\nrelevantTechnique: [T1059]\ntechnique: T1078\n",
        [(5, "relevantTechniques: [T1059]"), (6, "relevantTechniques: [T1078]")],
    ),
    "sentinel-arm": (
        "x.json",
        '{"type": "Microsoft.SecurityInsights/alertRules", "name": "a", "properties": {"displayName": "n",\n'
        '"query": "q", "severity": "High", "triggerOperator": "x",\n"subtechniques": ["T1059.001"]}}',
        [(3, "subTechniques: [T1059.001]")],
    ),
    "falco": (
        "x.yaml",
        "- rule: r\n  condition: c\n  output: o\n  priority: ERROR\n"
        "  tags: [mitre_T1059, mitre-execution, attack.t1078, T1548]\n",
        [(5, "the tag mitre_execution"), (5, "the tag T1059"), (5, "the tag T1078")],
    ),
    "kibana": (
        "x.ndjson",
        '{"rule_id": "r", "name": "n", "type": "query", "immutable": true, "tags": ["T1059.001 - '
        'PowerShell", "a"],'
        ' "threats": [{"technique": [{"id": "T1078", "reference": '
        '"https://attack.mitre.org/techniques/T1110/"}]}]}',
        [(1, "threat[].technique[].subtechnique[].id = T1059.001"), (1, "threat[].technique[].id = T1078")],
    ),
    "elastic": (
        "x.toml",
        '[metadata]\nmaturity = "production"\n[rule]\nname = "n"\nrule_id = "r"\n[[rule.threats]]\n'
        'framework = "MITRE ATT&CK"\n[[rule.threats.technique]]\nid = "T1059"\n',
        [(9, "threat[].technique[].id = T1059")],
    ),
    "elastic-top": (
        "x.toml",
        '[metadata]\nmaturity = "production"\n[rule]\nname = "n"\nrule_id = "r"\n[[threat]]\n'
        '[threat.tactic]\nid = "TA0002"\n',
        [(8, "threat[].tactic.id = TA0002")],
    ),
    "elastic-hunt": (
        "x.toml",
        '[hunt]\nname = "n"\nuuid = "r"\nmitre_ids = ["T1059"]\n',
        [(4, 'mitre = ["T1059"]')],
    ),
    "wazuh": (
        "x.xml",
        '<group name="g,">\n<rule id="100001" level="5">\n<description>T1059</description>\n'
        "<mitre>\n<ID>T1059</ID>\n</mitre>\n<group>attack_t1078,own</group>\n</rule></group>\n",
        [(5, "<mitre><id>T1059</id></mitre>"), (7, "<mitre><id>T1078</id></mitre>")],
    ),
    "suricata": (
        "x.rules",
        'alert tcp any any -> any any (msg:"T1110"; sid:1; metadata:mitre_techniqueid T1059, tag T1078;)\n',
        [(1, "mitre_technique_id T1059"), (1, "mitre_technique_id T1078")],
    ),
    "yaral": (
        "x.yaral",
        'rule a {\nmeta:\n mitre_attack_techniqe = "T1059"\n description = "T1078"\n tags = "x, T1110"\n'
        "events:\n $e\ncondition:\n $e\n}\n",
        [(3, 'mitre_attack_technique_id = "T1059"'), (5, 'mitre_attack_technique_id = "T1110"')],
    ),
    "table": (
        "x.csv",
        "rule,technique_id,tags,description\na,T1059,attack.t1078,T1110\n",
        [(2, "T1078 in the column technique_id")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_id_where_the_format_reads_none_is_told_with_what_was_meant(tmp_path, case):
    name, text, expected = CASES[case]
    found = of_text(tmp_path, name, text)
    assert len(found.rules) == 1 and meant(found) == expected
    lost = {one for _, said in expected for one in ("T1059", "T1078", "T1548", "T1110") if one in said}
    assert lost.isdisjoint(found.written.leaf_id.dropna())


def test_a_rule_of_very_many_such_values_has_few_problems(tmp_path):
    tags = "\n    - ".join(f"attack_t{1000 + nth}" for nth in range(900))
    assert len(not_read(of_text(tmp_path, "x.yml", SIGMA.format(tag=tags)))) == 20


@pytest.mark.parametrize(
    "value",
    [
        '{"T1059": ' * 90 + "{}" + "}" * 90,
        '{"T1059": [' * 45 + "1" + ", 1]}" * 45,
        "{" + ", ".join(f'"T1059 {nth}": {{"a": [1, 2]}}' for nth in range(20_000)) + "}",
        "[" + ", ".join(['"' + "T1059 (" * 40 + '"'] * 20_000) + "]",
        "[" + ", ".join(['"' + "a " * 140 + 'T1059"'] * 20_000) + "]",
    ],
    ids=["nested", "lists", "keys", "brackets", "words"],
)
def test_hostile_values_are_looked_at_all_the_same(tmp_path, value):
    text = (
        f'{{"rule_id": "r", "name": "n", "type": "query", "immutable": true, "mitre": {value}, "tags": '
        f"{value}}}"
    )
    found = of_text(tmp_path, "x.ndjson", text)
    assert len(found.rules) == 1 and len(not_read(found)) <= 20


def test_the_fixtures_have_no_such_id():
    assert not_read(loaded(".")) == []


@pytest.mark.corpora
def test_no_real_rule_is_told_of_without_cause(shared):
    """Looked through by hand: none of the rules in these corpora names an ID where it is lost."""
    roots = [shared("corpora", name) for name in ("elastic", "elastic-endpoint", "sigma")]
    roots += [
        shared("corpora", "samples", name) for name in ("chronicle", "falco", "panther", "sentinel", "splunk")
    ]
    found = load([CorpusSource(root.name, root) for root in roots])
    assert len(found.rules) > 7_900 and not_read(found) == []


# ---- the search in a whole text ------------------------------------------------------------------------

PIECES = [
    "T1059",
    "t1059",
    "T0",
    "TA0001",
    "ta0",
    "001",
    ".001",
    "/002",
    "_003",
    "AML.",
    "aml.",
    "aMl.",
    *"Tt1059._-/ zKſ\n٣",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_fast_search_finds_what_the_pattern_of_ids_finds(text):
    """But for an ID whose own letters are of both cases, which the fast search never looked for."""
    found = {one for one in IDS.findall(text) if one[:2] not in ("Ta", "tA")}
    assert ids_in(text) == {re.sub("[/_-]", ".", one.upper()) for one in found}


@pytest.mark.parametrize("text", ["aT1059", "AML.T1059", "T10591", "t1059x", "T2059", "TA1001"])
def test_no_id_is_found_in_a_longer_word(text):
    assert ids_in(text) == set() and ids_in("T1059.001 t1105") == {"T1059.001", "T1105"}
