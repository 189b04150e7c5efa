"""Suricata rules: exact values on fixtures, and lines that are no rule."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.syntaxes.budget import MAX_PROBLEMS
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

FILE = "local.rules"


@pytest.fixture(scope="module")
def found():
    return loaded("suricata")


def test_every_rule_a_commented_one_is_disabled_and_pass_is_none(found):
    assert found.rules[["rule_id", "name", "enabled", "severity", "type"]].fillna("-").values.tolist() == [
        ["9000001", "FIXTURE Beacon; over HTTP", True, "high", "alert"],
        ["9000002", "FIXTURE Tunnel", False, "high", "alert"],
        ["9000004", "FIXTURE Split over lines", True, "-", "drop"],
    ]


def test_every_field_of_a_rule(found):
    row = rule(found, FILE)
    expected = {
        "format": "suricata",
        "rule_class": "production",
        "language": "suricata",
        "platforms": ("Windows",),
        "integrations": ("suricata",),
        "data_sources": ("http",),
        "created": pd.Timestamp(2026, 1, 2),
        "updated": pd.Timestamp(2026, 2, 3),
        "version": "3",
        "description": "trojan-activity",
        "references": ("https://example.org/beacon", "CVE-2024-1"),
    }
    assert {name: row[name] for name in expected} == expected
    assert row["query"].startswith("alert http $HOME_NET") and row["query"].endswith("2026_02_03;)")
    assert "mitre_technique_id T1071" in row["tags"] and len(row["tags"]) == 8
    assert rule(found, f"{FILE}#1")["platforms"] == ("Network Devices",)


def test_tactics_and_techniques_in_the_same_order_are_linked(found):
    assert mapped(found, FILE) == [("TA0011", "T1071", None)]
    assert mapped(found, f"{FILE}#1") == [
        ("Command_And_Control", None, "T1071.004"),
        ("Command_And_Control", "T1572", None),
    ]
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, FORMATS / "suricata"))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (
            "mitre_tactic_id TA0001, mitre_technique_id T1190, mitre_tactic_id TA0002, mitre_technique_id "
            "T1059",
            [("TA0001", "T1190", None), ("TA0002", "T1059", None)],
        ),
        (
            "mitre_tactic_id TA0001, mitre_tactic_id TA0002, mitre_technique_id T1, mitre_technique_id T2, "
            "mitre_technique_id T3",
            [
                (None, "T1", None),
                (None, "T2", None),
                (None, "T3", None),
                ("TA0001", None, None),
                ("TA0002", None, None),
            ],
        ),
        ("mitre_tactic_name Impact", [("Impact", None, None)]),
        ("former_category MALWARE", []),
    ],
)
def test_metadata_and_mappings(tmp_path, metadata, expected):
    text = f'alert tcp any any -> any any (msg:"m"; sid:1; metadata:{metadata};)\n'
    assert mapped(of_text(tmp_path, "x.rules", text), "x.rules") == expected


def test_broken_rules_have_lines_and_the_others_are_read(found):
    assert told(found) == [
        (FILE, 5, "bad-severity", "warning"),
        (FILE, 7, "bad-rule", "error"),
        (FILE, 8, "bad-rule", "error"),
        (FILE, None, "platform-word-unknown", "note"),
    ]


def test_other_files_of_that_suffix_are_passed_over(tmp_path):
    for text in ('SUBSYSTEM=="usb", MODE="0666"\n', "# alert (sid: a comment)\n", "groups:\n - alert: (x)\n"):
        found = of_text(tmp_path, "x.rules", text)
        assert told(found) == [] and len(found.rules) == 0


def of_rules(folder, text):
    return of_text(folder, "x.rules", text)


SNORT3 = """alert http
(
    msg:"over lines";
    # a note (with brackets);
    content:"(foo", nocase;
    metadata: policy balanced-ips drop,
        mitre_tactic_id TA0001,
        mitre_technique_id T1190;
    reference:url,example.org/a; reference:cve,2024-1;
    sid:1; rev:1;
)
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "head",
    [
        "alert http\n(",
        "alert http (",
        "alert http\n\n  (",
        "alert http any any -> any any (",
        "alert http any any ->\n any any\n(",
        "alert http any any -> \\\n any any \\\n(",
    ],
)
def test_a_rule_over_several_lines_is_read(tmp_path, head, end):
    text = (
        "# top\n"
        + SNORT3.replace("alert http\n(", head)
        + 'drop tcp any any -> any any (msg:"next"; sid:2; metadata:mitre_technique_id T1105;)\n'
    )
    found = of_rules(tmp_path, text.replace("\n", end))
    assert found.rules[["rule_id", "name", "enabled", "type"]].values.tolist() == [
        ["1", "over lines", True, "alert"],
        ["2", "next", True, "drop"],
    ]
    assert (mapped(found, "x.rules"), mapped(found, "x.rules#1")) == (
        [("TA0001", "T1190", None)],
        [(None, "T1105", None)],
    )
    assert told(found) == [] and all(
        text.startswith(said) for said, text in texts_at_mappings(found, tmp_path)
    )
    row = rule(found, "x.rules")
    assert (row["data_sources"], row["references"]) == (("http",), ("https://example.org/a", "CVE-2024-1"))
    assert row["query"].startswith("alert http") and row["query"].endswith("rev:1;" + end + ")")


def test_a_rule_over_several_lines_that_is_commented_out_is_disabled(tmp_path):
    off = "".join(f"# {line}\n" for line in SNORT3.splitlines())
    found = of_rules(tmp_path, off + SNORT3.replace("sid:1", "sid:2"))
    assert found.rules[["rule_id", "name", "enabled"]].values.tolist() == [
        ["1", "over lines", False],
        ["2", "over lines", True],
    ]
    assert told(found) == [] and all(
        text.startswith(said) for said, text in texts_at_mappings(found, tmp_path)
    )


GOOD = 'alert tcp any any -> any any (msg:"good"; sid:7;)\n'


@pytest.mark.parametrize(
    "broken",
    [
        'alert tcp any any -> any any (msg:"a"; sid:1;\n',
        'alert tcp any any -> any any (\n msg:"a";\n sid:1;\n',
        "alert tcp any any -> any any\n",
        'alert tcp any any -> any any (msg:"a"; sid:1\n',
        'alert tcp any any -> any any (msg:"a; sid:1;)\n',
        "alert tcp\n(\n sid:1\n)\n",
        'alert tcp any any -> any any (msg:"a"; sid:1; \\\n',
        "alert http\n(\n",
    ],
)
@pytest.mark.parametrize(
    "after",
    [GOOD, "#" + GOOD.replace("7", "6") + GOOD, GOOD.replace("alert", "pass").replace("7", "6") + GOOD],
)
def test_a_broken_rule_costs_no_other_rule(tmp_path, broken, after):
    found = of_rules(tmp_path, "\n" + broken + after)
    assert told(found) == [("x.rules", 2, "bad-rule", "error")]
    expected = [("6", False), ("7", True)] if after.startswith("#") else [("7", True)]
    assert list(zip(found.rules.rule_id, found.rules.enabled, strict=True)) == expected


def test_metadata_that_goes_on_behind_a_backslash(tmp_path):
    found = of_rules(
        tmp_path,
        "alert tcp any any -> any any (sid:1; \\\n metadata:former_category X, \\\n mitre_technique_id "
        "T1105;)\n",
    )
    assert rule(found, "x.rules")["tags"] == ("former_category X", "mitre_technique_id T1105")
    assert mapped(found, "x.rules") == [(None, "T1105", None)] and texts_at_mappings(found, tmp_path) == [
        ("T1105", "T1105;)")
    ]


def test_a_rule_without_a_protocol_and_the_actions_of_snort_3(tmp_path):
    text = (
        "alert ( sid:1; )\nreact http ( sid:2; )\nrewrite tcp ( sid:3; )\nrejectsrc ip any any -> any "
        "any "
        "(sid:4;)\nconfig dns any any -> any any (sid:5;)\n"
    )
    found = of_rules(tmp_path, text)
    assert found.rules[["rule_id", "type", "data_sources"]].values.tolist() == [
        ["1", "alert", ()],
        ["2", "react", ("http",)],
        ["3", "rewrite", ("tcp",)],
        ["4", "rejectsrc", ("ip",)],
    ]
    assert told(found) == []


@pytest.mark.parametrize(
    ("hostile", "faults"),
    [
        ("\t" * 300_000, 0),
        (" " * 300_000 + "# " * 1000, 0),
        ("alert tcp " + " " * 300_000, 0),
        ("alert tcp a" + " " * 300_000, 1),
        ("alert tcp a (metadata:" + " " * 300_000, 1),
        ("alert tcp a (metadata:" + " " * 300_000 + ";)", 1),
        ("alert tcp a (\\\n" * 20_000, 20_000),
        ("# alert tcp a (a:\\\n" * 20_000, 0),
        ("alert tcp a \\\n" * 20_000, 20_000),
        ("alert tcp a (" + 'a:"\\"' * 100_000, 1),
        ("alert tcp a\n" + "\n" * 300_000, 1),
        ("#" * 300_000, 0),
        ("# alert tcp a (x:y\n" + "#\n" * 200_000, 0),
        ("alert tcp a (x" + "\\\n" * 200_000, 1),
    ],
)
def test_text_that_never_becomes_a_rule_costs_no_other_rule(tmp_path, hostile, faults):
    found = of_rules(tmp_path, GOOD + hostile + "\n" + GOOD.replace("7", "8"))
    assert found.rules.rule_id.tolist() == ["7", "8"]
    more = ["more-problems"] * (faults > MAX_PROBLEMS)
    assert [code for _, _, code, _ in told(found)] == ["bad-rule"] * min(faults, MAX_PROBLEMS) + more


RULE = 'alert tcp any any -> any any (msg:"{}"; sid:{}; metadata:mitre_technique_id T1059;)'
ONE, TWO = RULE.format("one", 1), RULE.format("two", 2)


@pytest.mark.parametrize(
    "text",
    [
        f"/* a comment */\n{ONE}\n",
        f'/*\n * alert on what follows (see there);\n * "x\n */\n{ONE}\n',
        f"/* alert tcp any any ( is how it starts */ {ONE}\n",
        'alert tcp any any -> any any ( /* why; ) */ msg:"one"; /* " */ sid:1; /* drop it:\n later; */\n'
        "metadata:mitre_technique_id T1059; /* end */ ) /* after */\n",
        'alert tcp any /* (any) */ any -> any\nany /* " */ (msg:"one"; sid:1; metadata:mitre_technique_id '
        "T1059;)\n",
        'alert tcp any any -> any any (\n  /* alert on x */\n  msg:"one"; sid:1; metadata:mitre_technique_id '
        "T1059;\n)\n",
        f"# /* no comment behind this\n{ONE}\n# */\n",
    ],
)
def test_a_comment_between_slashes_and_stars_is_passed_over(tmp_path, text):
    found = of_text(tmp_path, "x.rules", text)
    assert found.rules[["rule_id", "name", "enabled"]].values.tolist() == [["1", "one", True]]
    assert told(found) == [] and mapped(found, "x.rules") == [(None, "T1059", None)]
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, tmp_path))


def test_slashes_and_stars_within_a_value_start_no_comment(tmp_path):
    text = (
        'alert http any any -> any any (msg:"/* m"; pcre:"/x/*"; reference:url,example.org/*; sid:1;)\n'
        f'{TWO}\nalert http any any -> any any (msg:"*/"; sid:3;)\n'
    )
    found = of_text(tmp_path, "x.rules", text)
    assert found.rules.rule_id.tolist() == ["1", "2", "3"] and told(found) == []
    assert found.rules.references[0] == ("https://example.org/*",)


@pytest.mark.parametrize("comment", ["/* {} */", "/*\n{}\n*/", "/* off since 2026:\n{}\nalert nobody\n*/"])
def test_a_rule_in_such_a_comment_is_disabled(tmp_path, comment):
    found = of_text(tmp_path, "x.rules", f"{comment.format(ONE)}\n{TWO}\n")
    assert found.rules[["rule_id", "enabled"]].values.tolist() == [["1", False], ["2", True]]
    assert told(found) == [] and found.rules["query"].tolist() == [ONE, TWO]


def test_a_comment_that_is_not_closed_is_told_and_costs_no_rule(tmp_path):
    found = of_text(tmp_path, "x.rules", f"{ONE}\n/* from here on\n{TWO}\n")
    assert found.rules.rule_id.tolist() == ["1", "2"]
    assert told(found) == [("x.rules", 2, "bad-rule", "error")]


@pytest.mark.parametrize(
    "hostile", ["/* " * 300_000, "/* */ " * 200_000, '" /* ' * 200_000 + "*/", "*/ /* x\n" * 100_000]
)
def test_hostile_comments_are_scanned_all_the_same(tmp_path, hostile):
    found = of_text(tmp_path, "x.rules", f"{ONE}\n#{hostile}\n{TWO}\n")
    assert {"1", "2"} <= set(found.rules.rule_id)
