"""Google SecOps YARA-L: exact values on fixtures, and the real samples against a line-by-line count."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.loaders import CorpusSource, load
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

FILE = "two_rules.yaral"


@pytest.fixture(scope="module")
def found():
    return loaded("yaral")


def test_every_rule_its_class_and_severity(found):
    assert found.rules[["rule_key", "name", "rule_class", "severity"]].fillna("-").values.tolist() == [
        [f"c/{FILE}", "Bucket made public", "production", "high"],
        [f"c/{FILE}#1", "two_and_two", "hunt", "informational"],
        [f"c/{FILE}#2", "name_without_id", "production", "-"],
    ]


def test_every_field_of_a_rule(found):
    row = rule(found, FILE)
    expected = {
        "rule_id": "mr_00000001",
        "type": "Alert",
        "language": "yara-l",
        "platforms": ("IaaS",),
        "integrations": ("GCP", "Starship"),
        "data_sources": ("GCP Cloud Audit",),
        "authors": ("Fixture Author", "Example Team"),
        "created": pd.Timestamp(2026, 1, 5),
        "description": 'A "bucket" is public. // not a comment',
        "references": ("https://example.org/bucket",),
        "false_positives": ("Public sites",),
    }
    assert {name: row[name] for name in expected} == expected
    assert row["query"].startswith("events:\n    $e.metadata") and row["query"].endswith("condition:\n    $e")
    assert rule(found, f"{FILE}#1")["platforms"] == ("Identity Provider",)


def test_one_technique_in_two_tactics_a_pair_and_a_name_without_an_id(found):
    assert mapped(found, FILE) == [("Defense Evasion", "T1537", None), ("Exfiltration", "T1537", None)]
    assert mapped(found, f"{FILE}#1") == [("TA0001", None, "T1078.004")]
    assert mapped(found, f"{FILE}#2") == [("Impact", None, None)]
    assert found.written.written_for.fillna("-").tolist() == ["14.1", "14.1", "-", "-"]
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, FORMATS / "yaral"))


def test_problems_have_lines_and_plain_yara_is_passed_over(found):
    assert told(found) == [
        ("open.yaral", 1, "bad-yaral", "error"),
        (FILE, 53, "bad-severity", "warning"),
        (FILE, 52, "no-id", "warning"),
        (FILE, None, "platform-word-unknown", "note"),
    ]


def test_several_tactics_and_techniques_are_not_crossed(tmp_path):
    text = (
        'rule a {\nmeta:\n tactic = "TA0001, TA0002"\n technique = "T1078, T1059"\nevents:\n '
        "$e\ncondition:\n $e\n}\n"
    )
    assert mapped(of_text(tmp_path, "x.yaral", text), "x.yaral") == [
        (None, "T1078", None),
        (None, "T1059", None),
        ("TA0001", None, None),
        ("TA0002", None, None),
    ]


def test_an_id_in_the_link_alone_and_braces_in_patterns(tmp_path):
    text = (
        'rule a {\nmeta:\n mitre_attack_url = "https://attack.mitre.org/versions/v14/techniques/T1098/001/"\n'
        "events:\n $e.a = /x{/ nocase\n $e.b = `}`\ncondition:\n $e\n}\nrule b {\nmeta:\nevents:\n "
        "$e\ncondition:\n $e\n}\n"
    )
    found = of_text(tmp_path, "x.yaral", text)
    assert found.rules.name.tolist() == ["a", "b"] and mapped(found, "x.yaral") == [(None, None, "T1098.001")]


REST = 'events:\n $e.a = "b"\ncondition:\n $e\n}\n'


def of_meta(folder, *lines, rest=REST):
    """The frames of one rule with these lines in its meta, each of which stands from line 3 on."""
    return of_text(folder, "x.yaral", "rule a {\nmeta:\n" + "".join(f" {line}\n" for line in lines) + rest)


@pytest.mark.parametrize(
    "head",
    [
        "rule a\n{",
        "rule a // why {\n/* and\n{ */ {",
        "private rule a{",
        "rule\ta :one two\n{",
        "} rule a {",
        "/* x\nrule b {\n*/rule a\n\n{",
    ],
)
def test_the_brace_of_a_rule_may_stand_on_a_later_line(tmp_path, head):
    text = (
        head.replace("*/rule", "*/\nrule")
        + '\nmeta:\n technique = "T1059"\n'
        + REST
        + "rule z\n{\nmeta:\n"
        + REST
    )
    found = of_text(tmp_path, "x.yaral", text)
    assert found.rules.name.tolist() == ["a", "z"] and told(found) == []
    assert mapped(found, "x.yaral") == [(None, "T1059", None)]
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, tmp_path))


@pytest.mark.parametrize(
    "head", ["rule a", "rule a-b {", "rule a-b\n{", "rule {", 'rule "a" {', "rule", "rule a; {"]
)
def test_a_head_that_is_none_is_told_and_costs_no_other_rule(tmp_path, head):
    body = 'meta:\n technique = "T1059"\n' + REST
    found = of_text(tmp_path, "x.yaral", "rule y {\n" + body + f"\n{head}\n{body}rule z {{\n{body}")
    assert found.rules.name.tolist() == ["y", "z"] and told(found) == [("x.yaral", 10, "bad-yaral", "error")]
    alone = of_text(tmp_path, "x.yaral", f"\n{head}\n{body}")
    assert told(alone) == [("x.yaral", 2, "bad-yaral", "error")] and len(alone.rules) == 0


def test_a_rule_that_is_not_closed_costs_no_other_rule(tmp_path):
    text = (
        "rule a {\nmeta:\n"
        + REST.replace("}", "")
        + "rule b {\nmeta:\n"
        + REST
        + "rule c {\nmeta:\n"
        + REST.replace("}", "{")
    )
    found = of_text(tmp_path, "x.yaral", text)
    assert found.rules.name.tolist() == ["b"]
    assert told(found) == [("x.yaral", 1, "bad-yaral", "error"), ("x.yaral", 15, "bad-yaral", "error")]


def test_a_rule_on_one_line_is_read_and_one_without_events_is_told(tmp_path):
    text = (
        'rule a { meta: severity = "High" technique = "T1059" events: $e.x = "y" condition: $e } rule b '
        "{ "
        "meta: condition: $e }\n"
    )
    found = of_text(tmp_path, "x.yaral", text + 'rule c { strings: $a = "x" condition: $a }')
    assert found.rules[["name", "severity"]].values.tolist() == [["a", "high"]]
    assert mapped(found, "x.yaral") == [(None, "T1059", None)]
    assert (
        told(found) == [("x.yaral", 1, "bad-yaral", "error")]
        and "rule b has no events" in found.problems.message[0]
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['mitre_attack_technique = "T1003.001"'], [(None, None, "T1003.001")]),
        (
            ['mitre_attack_technique = "LSASS Memory (T1003.001), T1059"'],
            [(None, None, "T1003.001"), (None, "T1059", None)],
        ),
        (
            ['mitre_attack_tactic = "Credential Access (TA0006)"', 'technique = "T1003/001"'],
            [("TA0006", None, "T1003.001")],
        ),
        (
            ['technique_id = "T1003"', 'technique_id = "T1004"'],
            [(None, "T1003", None), (None, "T1004", None)],
        ),
        (["technique = `T1003`"], [(None, "T1003", None)]),
        (["technique = T1003.001 // T1004"], [(None, None, "T1003.001")]),
        (
            ['/* technique = "T1003"', 'technique = "T1004"', '*/ technique = "T1005"'],
            [(None, "T1005", None)],
        ),
        (['// technique = "T1003"', 'tactics = "TA0001"'], [("TA0001", None, None)]),
        (['reference = "https://attack.mitre.org/techniques/T1003/001/"'], [(None, None, "T1003.001")]),
        (
            [
                'references = "https://example.org/techniques/T1001, '
                'https://attack.mitre.org/versions/v14/techniques/T1003"'
            ],
            [(None, "T1003", None)],
        ),
        (['mitre_url = "https://attack.mitre.org/techniques/T1003.001"'], [(None, None, "T1003.001")]),
        (['mitre_attack_url = "https://attack.mitre.org/wiki/Technique/T1003"'], [(None, "T1003", None)]),
        (
            [
                'reference = "https://attack.mitre.org/tactics/TA0006/"',
                'reference = "https://attack.mitre.org/techniques/T1003"',
            ],
            [("TA0006", "T1003", None)],
        ),
        (
            ['reference = "https://attack.mitre.org/techniques/T1003"', 'technique = "T1004"'],
            [(None, "T1004", None)],
        ),
        (['mitre_t1 = "T1059"', 'mitre_TA = "TA0002"'], [("TA0002", "T1059", None)]),
        (
            ['MITRE_T1 = "T1059"', 'mitre_t2 = "t1053.005"', 'mitre_T3 = ""', 'mitre_ta = "execution"'],
            [("execution", "T1059", None), ("execution", None, "T1053.005")],
        ),
        (['Technique = "T1059x"'], [(None, "T1059x", None)]),
    ],
)
def test_keys_and_mappings(tmp_path, lines, expected):
    found = of_meta(tmp_path, *lines)
    assert mapped(found, "x.yaral") == expected and told(found) == []
    assert len(texts_at_mappings(found, tmp_path)) == len(expected)


def test_an_id_under_a_key_that_another_goes_before_is_told(tmp_path):
    found = of_meta(tmp_path, 'mitre_attack_technique = "T1001"', 'mitre_attack_technique_id = "T1002"')
    assert mapped(found, "x.yaral") == [(None, "T1002", None)]
    assert told(found) == [("x.yaral", 3, "id-not-read", "warning")]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (['author = "a"', 'technique = "Phishing"'], 4),
        (['mitre_attack_technique_id = "T1059, Phishing"'], 3),
        (['technique = "Phishing"', 'mitre_attack_technique = "Phishing"'], 4),
    ],
)
def test_a_technique_without_an_id_is_told_once(tmp_path, lines, line):
    assert told(of_meta(tmp_path, *lines)) == [("x.yaral", line, "no-id", "warning")]


def test_a_name_beside_an_id_is_no_problem(tmp_path):
    lines = ['mitre_attack_technique = "Phishing"', 'reference = "https://attack.mitre.org/techniques/T1566"']
    assert told(of_meta(tmp_path, *lines)) == []


def test_an_id_in_outcome_and_a_text_that_is_not_closed(tmp_path):
    rest = REST.replace(
        "condition",
        'outcome:\n $risk_score = max(5)\n $mitre_attack_technique = "T1059"\n $mitre_attack_tactic = '
        '"Execution"\ncondition',
    )
    found = of_meta(tmp_path, 'severity = "High"', 'technique = "T1078', rest=rest)
    assert mapped(found, "x.yaral") == [("Execution", "T1059", None)]
    assert told(found) == [("x.yaral", 4, "bad-yaral", "error")]


@pytest.mark.parametrize(
    ("hostile", "line"),
    [
        ("/* " * 200_000, 1),
        ("/*\n" * 200_000, 1),
        ('"\\"' + '\\"' * 200_000, 1),
        ("rule x /*\n" * 100_000, 1),
        ("/" + "/\\" * 200_000, 1),
    ],
)
def test_text_that_is_never_closed_is_told_where_its_rule_starts(tmp_path, hostile, line):
    found = of_text(tmp_path, "x.yaral", "rule a {\nmeta:\nevents:\n $e.a = " + hostile)
    assert told(found) == [("x.yaral", line, "bad-yaral", "error")] and len(found.rules) == 0


@pytest.mark.parametrize("hostile", ["/* " * 200_000, "/*\nrule x /*\n" * 100_000])
def test_a_comment_that_is_not_closed_is_told(tmp_path, hostile):
    found = of_text(tmp_path, "x.yaral", "rule a {\nmeta:\n" + REST + hostile)
    assert told(found) == [("x.yaral", 8, "bad-yaral", "error")] and found.rules.name.tolist() == ["a"]


@pytest.mark.parametrize(
    "hostile",
    ["a" * 300_000, " " * 300_000, "a\n" * 200_000, 'x = "' + " " * 300_000 + '"', "rule " * 100_000],
)
def test_long_meta_is_read_to_its_end(tmp_path, hostile):
    found = of_meta(tmp_path, hostile, 'technique = "T1059"', f'description = "{" " * 300_000}"')
    assert mapped(found, "x.yaral") == [(None, "T1059", None)] and told(found) == []


def test_a_key_that_is_written_many_times(tmp_path):
    found = of_meta(tmp_path, *['reference = "r"'] * 20_000, *['severity = "Low"'] * 20_000)
    assert len(rule(found, "x.yaral")["references"]) == 20_000 and rule(found, "x.yaral")["severity"] == "low"


@pytest.mark.corpora
def test_the_real_samples_agree_with_a_count_of_lines(shared):
    root = shared("corpora", "samples", "chronicle")
    real = load([CorpusSource("c", root)])
    assert len(real.problems) == 0 and len(real.rules) == len(list(root.rglob("*.yaral"))) == 50
    leaves = real.written.dropna(subset=["leaf_id"]).groupby("rule_key")["leaf_id"].agg(set).to_dict()
    for row in real.rules.to_dict("records"):
        lines = [line.strip() for line in (root / row["path"]).read_text(encoding="utf-8").split("\n")]
        pairs = [line.split("=", 1) for line in lines if line.partition("=")[2].count('"') >= 2]
        said = {key.strip(): value.split('"')[1] for key, value in reversed(pairs)}
        assert (row["name"], row["severity"]) == (
            said["rule_name"],
            {"Info": "informational"}.get(said["severity"], said["severity"].lower()),
        )
        url = said.get("mitre_attack_url", "").rstrip("/").partition("/techniques/")[2].replace("/", ".")
        assert leaves.get(row["rule_key"], set()) == ({said.get("technique", url)} - {""})


@pytest.mark.parametrize(
    ("lines", "platforms"),
    [
        # A cloud's name says less than the log that is read; of two logs both count.
        (['platform = "azure"', 'data_source = "o365"'], ("Office Suite",)),
        (['platform = "azure"', 'data_source = "azure ad"'], ("Identity Provider",)),
        (
            ['platform = "azure"', 'data_source = "o365, ms graph activity logs"'],
            ("Office Suite", "Identity Provider"),
        ),
        (['platform = "azure"'], ("IaaS",)),
        (['platform = "GCP"', 'data_source = "Cloud Audit Logs"'], ("IaaS",)),
        (['platform = "GCP"', 'data_source = "Workspace Activity, gmail"'], ("Office Suite",)),
        # An agent that runs on every system takes the system that is named.
        (['platform = "Windows"', 'data_source = "sentinelone"'], ("Windows",)),
        (['platform = "Windows, EDR"', 'data_source = "Microsoft Sysmon"'], ("Windows",)),
        (['data_source = "crowdstrike"'], ("Windows", "macOS", "Linux")),
        (['data_source = "crowdstrike, microsoft sysmon, microsoft defender atp"'], ("Windows",)),
        # A source is known by its first words.
        (['data_source = "Sysmon Windows Registry"'], ("Windows",)),
        (['data_source = "Sysmon for Linux"'], ("Linux",)),
        (['data_source = "Palo Alto Networks Firewall"'], ("Network Devices",)),
        (['data_source = "zscalar"'], ("Network Devices",)),
    ],
)
def test_platform_and_data_source_are_united(tmp_path, lines, platforms):
    found = of_meta(tmp_path, *lines)
    assert set(rule(found, "x.yaral")["platforms"]) == set(platforms)
    assert told(found) == []


@pytest.mark.parametrize(
    ("event", "platforms"),
    [
        ('$e.metadata.log_type = "OKTA"', ("Identity Provider",)),
        ('$e.metadata.product_name = "Office 365"', ("Office Suite",)),
        ('$e.metadata.vendor_name="Microsoft"\n $e.metadata.product_name="Azure AD"', ("Identity Provider",)),
        ('$e.metadata.product_name = "Own product"', ()),
        ('// $e.metadata.log_type = "OKTA"', ()),
        ('$e.metadata.product_name != "Okta"', ()),
    ],
)
def test_events_tell_the_platform_where_meta_does_not(tmp_path, event, platforms):
    rest = f"events:\n {event}\n $e.a = `b`\ncondition:\n $e\n}}\n"
    found = of_meta(tmp_path, 'author = "a"', rest=rest)
    assert rule(found, "x.yaral")["platforms"] == platforms and told(found) == []


def test_events_say_nothing_where_meta_does(tmp_path):
    rest = 'events:\n $e.metadata.log_type = "OKTA"\ncondition:\n $e\n}\n'
    assert rule(of_meta(tmp_path, 'data_source = "github"', rest=rest), "x.yaral")["platforms"] == ("SaaS",)


@pytest.mark.corpora
def test_the_samples_count_on_the_platform_of_their_log(shared):
    """Counted again from the lines themselves: what each rule's `data_source` line names."""
    meant = {
        "o365": "Office Suite",
        "azure ad": "Identity Provider",
        "azure ad audit": "Identity Provider",
        "ms graph activity logs": "Identity Provider",
        "sysmon": "Windows",
        "github": "SaaS",
        "gcp cloud audit": "IaaS",
        "aws cloudtrail": "IaaS",
        "workspace activity": "Office Suite",
        "okta": "Identity Provider",
    }
    root = shared("corpora", "samples", "chronicle")
    platforms = dict(load([CorpusSource("c", root)]).rules[["path", "platforms"]].itertuples(index=False))
    seen = []
    for path in sorted(root.rglob("*.yaral")):
        line = next(line for line in path.read_text().splitlines() if line.strip().startswith("data_source"))
        wanted = {meant[word] for word in line.split('"')[1].lower().split(", ") if word in meant}
        told_here = platforms[path.relative_to(root).as_posix()]
        assert wanted <= set(told_here) and told_here, (path, told_here)
        if 'platform = "azure"' in path.read_text().lower():
            assert "IaaS" not in told_here, path
        seen += wanted
    assert {name: seen.count(name) for name in set(seen)} == {
        "Office Suite": 8,
        "Identity Provider": 9,
        "Windows": 4,
        "SaaS": 5,
        "IaaS": 11,
    }
