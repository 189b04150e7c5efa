"""Tables of rules: exact values on fixtures, header words and separators."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

FILE = "rules.csv"


@pytest.fixture(scope="module")
def found():
    return loaded("table")


def test_rows_of_one_rule_are_put_together(found):
    columns = ["rule_key", "name", "rule_class", "severity", "platforms"]
    assert found.rules[columns].fillna("-").values.tolist() == [
        [f"c/{FILE}", "SSH; many tries", "production", "high", ("Linux",)],
        [f"c/{FILE}#1", "New service", "production", "-", ("Windows",)],
        [f"c/{FILE}#2", "Odd", "development", "-", ()],
        [f"c/{FILE}#3", "Without mapping", "hunt", "low", ()],
    ]
    assert found.rules.enabled.astype("object").fillna("-").tolist() == [True, False, "-", "-"]
    assert rule(found, FILE)["created"] == pd.Timestamp(2026, 1, 2)


def test_several_ids_in_a_cell_and_a_tactic_beside_them(found):
    assert mapped(found, FILE) == [("credential-access", None, "T1110.001"), ("credential-access", None, "T1110.003")]
    assert mapped(found, f"{FILE}#1") == [
        ("Persistence", None, "T1543.003"), ("Execution", None, "T1569.002"), ("Stealth", None, "T1569.002"),
    ]  # fmt: skip
    assert mapped(found, f"{FILE}#2") == [(None, "T1059", None)] and mapped(found, f"{FILE}#3") == []
    for said, text in texts_at_mappings(found, FORMATS / "table"):
        assert said in text.partition(";")[0]


def test_faults_have_lines_and_other_tables_are_passed_over(found):
    assert told(found) == [
        (FILE, 6, "no-rule", "error"),
        (FILE, 5, "bad-class", "warning"),
        (FILE, 5, "bad-severity", "warning"),
        (FILE, 5, "bad-date", "warning"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "rule,technique_id\na,T1059\n",
        "Rule Name;Technique\r\na;T1059\r\n",
        "technique\trule\nT1059\ta",
        "\ufeffrule_id,TECHNIQUE IDS\n\na,T1059\n",
        '"rule","technique_id"\n"a"," T1059 "\n',
        "rule,technique,subtechnique\na,T1001,T1059\n",
    ],
)
def test_headers_and_separators(tmp_path, text):
    found = of_text(tmp_path, "x.csv", text)
    assert found.rules.rule_id.tolist() == ["a"] and mapped(found, "x.csv") == [(None, "T1059", None)]
    assert told(found) == [] and texts_at_mappings(found, tmp_path)[0][1].startswith("T1059")


@pytest.mark.parametrize(
    "text", ["name,technique_id\na,T1059\n", "rule,owner\na,b\n", "# rule technique\na,b\n", "technique_id\nT1059\n", "\n\n", "rule"]
)
def test_tables_without_both_columns_are_passed_over(tmp_path, text):
    found = of_text(tmp_path, "x.csv", text)
    assert told(found) == [] and len(found.rules) == 0


def test_a_header_alone_and_a_cell_that_never_ends(tmp_path):
    assert told(of_text(tmp_path, "x.csv", "rule,technique_id\n")) == [("x.csv", None, "no-rule", "note")]
    assert told(of_text(tmp_path, "x.csv", 'rule,technique_id\n"' + "a" * 200_000)) == [("x.csv", 2, "bad-csv", "error")]


def test_a_cell_of_several_lines(tmp_path):
    found = of_text(tmp_path, "x.csv", 'rule,description,technique_id\n"a\nb","c ""d"", e",T1059\nf,g,T1105\n')
    assert found.rules.name.tolist() == ["a\nb", "f"] and found.rules.description.tolist() == ['c "d", e', "g"]
    assert texts_at_mappings(found, tmp_path) == [("T1059", "T1059"), ("T1105", "T1105")]
