"""Wazuh rules: exact values on fixtures; XML that tries to expand or reach out."""

from __future__ import annotations

import pytest

from tests.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

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
        "name": "Certutil downloads a file", "format": "wazuh", "enabled": None, "language": "wazuh",
        "platforms": ("Windows",), "integrations": ("windows",), "tags": ("windows", "sysmon", "attack", "pci_dss_10.6.1"),
        "references": ("https://example.org/certutil",),
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["query"].startswith('<rule id="100101" level="12">') and row["query"].endswith("</rule>")
    assert r"certutil\.exe & more \<x>" in row["query"]
    ssh = rule(found, f"{FILE}#2")
    assert (ssh["name"], ssh["platforms"], ssh["data_sources"]) == ("SSH: a user that does not exist", ("Linux",), ("sshd",))


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
    for text in ("<project><id>T1059</id></project>", "<decoder name='x'/>", "<ruleset><rule ref='a'/></ruleset>", "<a>", "{}"):
        found = of_text(tmp_path, "x.xml", text)
        assert told(found) == [] and len(found.rules) == 0


def test_a_declaration_line_ends_and_signs_do_not_move_a_place(tmp_path):
    text = '<?xml version="1.0"?>\r\n<group name="é">\r\n<rule id="1" level="3"><description>ü & 😀</description><mitre><id>T1059</id></mitre></rule>\r\n</group>'
    found = of_text(tmp_path, "x.xml", text)
    assert rule(found, "x.xml")["name"] == "ü & 😀" and rule(found, "x.xml")["query"].endswith("</mitre></rule>")
    assert texts_at_mappings(found, tmp_path) == [("T1059", "T1059</id></mitre></rule>\r")]
