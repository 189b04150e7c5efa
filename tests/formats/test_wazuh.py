"""Wazuh rules: exact values on fixtures; XML that tries to expand or reach out."""

from __future__ import annotations

import pytest

from coverage.loaders import corpus_sources, load
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

FILE = "local_rules.xml"


@pytest.fixture(scope="module")
def found():
    return loaded("wazuh")


def test_every_rule_its_class_and_severity(found):
    assert found.rules[["rule_id", "rule_class", "severity"]].fillna("-").values.tolist() == [
        ["100100", "building_block", "informational"],
        ["100101", "production", "high"],
        ["100102", "production", "low"],
        ["100103", "building_block", "critical"],
        ["100104", "production", "-"],
    ]


def test_every_field_of_a_rule(found):
    row = rule(found, f"{FILE}#1")
    expected = {
        "name": "Certutil downloads a file",
        "format": "wazuh",
        "enabled": None,
        "language": "wazuh",
        "platforms": ("Windows",),
        "integrations": ("windows",),
        "tags": ("windows", "sysmon", "attack", "pci_dss_10.6.1"),
        "references": ("https://example.org/certutil",),
    }
    assert {name: row[name] for name in expected} == expected
    assert row["query"].startswith('<rule id="100101" level="12">') and row["query"].endswith("</rule>")
    assert r"certutil\.exe & more \<x>" in row["query"]
    ssh = rule(found, f"{FILE}#2")
    assert (ssh["name"], ssh["platforms"], ssh["data_sources"]) == (
        "SSH: a user that does not exist",
        ("Linux",),
        ("sshd",),
    )


def test_mitre_ids_stand_where_they_are(found):
    assert mapped(found, f"{FILE}#1") == [(None, "T1105", None), (None, "T1140", None)]
    assert mapped(found, f"{FILE}#2") == [(None, None, "T1110.001")]
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, FORMATS / "wazuh"))


def test_a_level_that_is_none_is_told(found):
    assert told(found) == [(FILE, 40, "bad-level", "warning")]


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (BOMB + '<group name="g"><rule id="1" level="3"><description>&c;</description></rule></group>', 1),
        (OUTSIDE + '<group name="g"><rule id="1" level="3"><description>&b;</description></rule></group>', 1),
        ('<rule id="1" level="3"><description>&b;</description></rule>', None),
        ('<group>\n<rule id="1" level="3">\n<description>d</rule></group>', 3),
        ('<group>\n<rule id="1" level="3">', 2),
        ('<rule id="1" level="3">' + "<a>" * 200, 1),
    ],
)
def test_xml_that_expands_reaches_out_or_is_broken(tmp_path, text, line):
    found = of_text(tmp_path, "x.xml", text)
    if line is None:  # an entity nobody defined is text
        assert rule(found, "x.xml")["name"] == "&b;"
    else:
        assert told(found) == [("x.xml", line, "bad-xml", "error")] and len(found.rules) == 0


def test_other_xml_is_passed_over(tmp_path):
    for text in (
        '<rules><rule id="x" level="warn" name="lint"/></rules>',
        '<rules><rule id="7" level="warn"/></rules>',
        '<group><rule id="x" level="warn"/></group>',
        "<project><id>T1059</id></project>",
        "<decoder name='x'/>",
        "<ruleset><rule ref='a'/></ruleset>",
        "<a>",
        "{}",
    ):
        found = of_text(tmp_path, "x.xml", text)
        assert told(found) == [] and len(found.rules) == 0


def test_a_declaration_line_ends_and_signs_do_not_move_a_place(tmp_path):
    text = (
        '<?xml version="1.0"?>\r\n<group name="é">\r\n<rule id="1" level="3"><description>ü & '
        "😀</description><mitre><id>T1059</id></mitre></rule>\r\n</group>"
    )
    found = of_text(tmp_path, "x.xml", text)
    assert rule(found, "x.xml")["name"] == "ü & 😀" and rule(found, "x.xml")["query"].endswith(
        "</mitre></rule>"
    )
    assert texts_at_mappings(found, tmp_path) == [("T1059", "T1059</id></mitre></rule>\r")]


RULE = '<rule id="{}" level="{}"{}><description>d{}</description><mitre><id>{}</id></mitre></rule>\n'


def test_comments_may_hold_dashes_and_no_line_moves(tmp_path):
    text = (
        "<!-- ------ SSH -- RULES ---\n--> <!----> <!-- a \x01 & \\< é 😀 --->\n<group name='sshd,'>\n"
        + RULE.format(5, "x", "", "", "T1110<!-- -- -->.001").replace(
            "</rule>", "<list>a<![CDATA[<!-- -- & ]]></list></rule>"
        )
        + "<!-- -- <rule id='6' level='3'><description>off</description></rule> -->\n</group>\n"
    )
    found = of_text(tmp_path, "x.xml", text)
    assert found.rules.rule_id.tolist() == ["5"] and mapped(found, "x.xml") == [(None, None, "T1110.001")]
    assert told(found) == [("x.xml", 4, "bad-level", "warning")]
    assert rule(found, "x.xml")["query"].endswith("<![CDATA[<!-- -- & ]]></list></rule>")
    assert texts_at_mappings(found, tmp_path)[0][1].startswith("T1110<!-- -- -->.001</id>")


@pytest.mark.parametrize("comment", ["<!-- -- ", "<!--", "<!-->", "<!-- " * 50_000])
def test_a_comment_that_is_not_closed_is_told_where_it_starts(tmp_path, comment):
    found = of_text(
        tmp_path,
        "x.xml",
        RULE.format(5, 3, "", "", "T1") + "\n  " + comment + "\n" + RULE.format(6, 3, "", "", "T1"),
    )
    assert told(found) == [("x.xml", 3, "bad-xml", "error")] and found.problems.column[0] == 3
    assert "comment" in found.problems.message[0]


def test_a_rule_that_overwrites_takes_the_place_of_the_others_in_its_file(tmp_path):
    yes = ' overwrite="yes"'
    text = "".join(
        RULE.format(*parts)
        for parts in [
            (1, 3, "", "a", "T1001"),
            (2, 3, "", "b", "T1002"),
            (1, 0, yes, "c", "T1003"),
            (3, 3, yes, "e", "T1005"),
            (1, 9, yes, "d", "T1004"),
            (4, 3, ' overwrite="no"', "f", "T1006"),
            (4, 3, "", "g", "T1007"),
        ]
    )
    found = of_text(tmp_path, "x.xml", text)
    assert found.rules[["rule_id", "name", "type"]].fillna("-").values.tolist() == [
        ["2", "db", "-"],
        ["3", "de", "overwrite"],
        ["1", "dd", "overwrite"],
        ["4", "df", "-"],
        ["4", "dg", "-"],
    ]
    assert [row for row in told(found) if row[3] == "note"] == [
        ("x.xml", 1, "overwritten", "note"),
        ("x.xml", 3, "overwritten", "note"),
    ]
    assert [said for said, _ in texts_at_mappings(found, tmp_path)] == [
        "T1002",
        "T1005",
        "T1004",
        "T1006",
        "T1007",
    ]
    assert all(text.startswith(said) for said, text in texts_at_mappings(found, tmp_path))


def test_a_rule_that_overwrites_takes_the_place_of_another_file_s(tmp_path):
    """A local file silences a stock rule; another corpus has its own."""
    texts = {
        "a/ruleset/0095-sshd.xml": RULE.format(5710, 5, "", "stock", "T1110")
        + RULE.format(5711, 5, "", "other", "T1021"),
        "a/etc/local.xml": RULE.format(5710, 0, ' overwrite="yes"', "local", "T1110"),
        "b/0095-sshd.xml": RULE.format(5710, 5, "", "stock", "T1110"),
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    found = load(corpus_sources([str(tmp_path / "a"), str(tmp_path / "b")]))
    assert found.rules[["corpus", "path", "rule_id", "rule_class"]].values.tolist() == [
        ["a", "etc/local.xml", "5710", "building_block"],
        ["a", "ruleset/0095-sshd.xml", "5711", "production"],
        ["b", "0095-sshd.xml", "5710", "production"],
    ]
    assert set(found.written["rule_key"]) == set(found.rules["rule_key"])
    (note,) = found.problems[found.problems["code"] == "overwritten"].to_dict("records")
    assert (note["corpus"], note["path"], note["rule_id"]) == (
        "a",
        "ruleset/0095-sshd.xml",
        "5710",
    ) and "etc/local.xml" in note["message"]


def test_a_rule_of_a_wazuh_file_without_a_number_is_kept_and_told(tmp_path):
    text = (
        '<group name="g,">\n<rule id="5" level="high"><description>a</description></rule>\n<rule '
        'id="6"><description>b</description></rule>\n'
        '<rule id="x" level="3"><description>c</description></rule>\n<rule ref="y"/></group>'
    )
    found = of_text(tmp_path, "x.xml", text)
    assert found.rules.rule_id.tolist() == ["5", "6", "x"]
    assert told(found) == [
        ("x.xml", 2, "bad-level", "warning"),
        ("x.xml", 3, "bad-level", "warning"),
        ("x.xml", 4, "bad-rule-id", "warning"),
    ]
    assert "has no level" in found.problems.message[1]


@pytest.mark.parametrize(
    "hostile",
    [
        "<rule " + "a" * 500_000,
        "<rule " * 200_000,
        "<rule " + "level " * 200_000,
        "<rule level" + " " * 500_000,
    ],
)
def test_text_that_never_becomes_a_rule_is_passed_over(tmp_path, hostile):
    found = of_text(tmp_path, "x.xml", "<rule " + "a" * 500_000 + hostile)
    assert told(found) == [] and len(found.rules) == 0


def test_a_text_of_many_lines_is_read_whole(tmp_path):
    lines = "line\n" * 400_000
    found = of_text(tmp_path, "x.xml", RULE.format(1, 3, "", "\n" + lines, "T1"))
    assert len(rule(found, "x.xml")["name"]) == len("d\n" + lines) - 1
