"""Tables of rules: exact values on fixtures, header words and separators."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.formats import table
from coverage.identity import same_rules
from coverage.loaders import CorpusSource, load, locate
from coverage.loaders.places import Places
from coverage.syntaxes import csv_text as _csv
from tests.helpers.examples import examples
from tests.helpers.formats import FORMATS, loaded, mapped, of_text, rule, texts_at_mappings, told

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
    assert mapped(found, FILE) == [
        ("credential-access", None, "T1110.001"),
        ("credential-access", None, "T1110.003"),
    ]
    assert mapped(found, f"{FILE}#1") == [
        ("Persistence", None, "T1543.003"),
        ("Execution", None, "T1569.002"),
        ("Stealth", None, "T1569.002"),
    ]
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
        "rule,ttp\na,T1059\n",
        "rule,MITRE\na,T1059\n",
        "rule, technique_id\n a, T1059\n",
        "sep=;\nrule;technique_id\na;T1059\n",
        '\ufeff"SEP=|"\r\nrule|technique_id\r\na|T1059\r\n',
        "sep=\t\nrule,x\ttechnique_id\trule\n1\tT1059\ta",
        "Detection Name;MITRE ATT&CK Technique ID\na;T1059\n",
        "Rule,MITRE ATT&CK Technique\na,T1059\n",
        "Rule,MITRE ATT&CK,ATT&CK ID\na,Execution,T1059\n",
        "Rule,Technique,Technique ID\na,Command and Scripting Interpreter,T1059\n",
        '"Rule\nName","Technique\nID"\na,T1059\n',
    ],
)
def test_headers_and_separators(tmp_path, text):
    found = of_text(tmp_path, "x.csv", text)
    assert found.rules.name.tolist() == ["a"] and mapped(found, "x.csv") == [(None, "T1059", None)]
    assert told(found) == [] and texts_at_mappings(found, tmp_path)[0][1].startswith("T1059")


def test_lines_that_end_with_a_carriage_return_alone(tmp_path):
    text = "\r\rrule,technique_id\ra,T1059\rb, T1105\r"
    found = of_text(tmp_path, "x.csv", text)
    assert found.rules.name.tolist() == ["a", "b"] and found.written.technique_id.tolist() == [
        "T1059",
        "T1105",
    ]
    assert told(found) == [] and [locate(text, "table", 0, nth) for nth in (0, 1)] == [(4, 3), (5, 4)]
    assert Places(text, "table").of(0, value="T1105", nth=1) == (5, 4)


@pytest.mark.parametrize(
    "text",
    [
        "name,technique_id\na,T1059\n",
        "rule,owner\na,b\n",
        "# rule technique\na,b\n",
        "technique_id\nT1059\n",
        "\n\n",
        "rule",
    ],
)
def test_tables_without_both_columns_are_passed_over(tmp_path, text):
    found = of_text(tmp_path, "x.csv", text)
    assert told(found) == [] and len(found.rules) == 0


def test_a_header_alone_and_a_cell_that_never_ends(tmp_path):
    assert told(of_text(tmp_path, "x.csv", "rule,technique_id\n")) == [("x.csv", None, "no-rule", "note")]
    found = of_text(tmp_path, "x.csv", 'rule,technique_id\n"' + "a" * 200_000)
    assert told(found) == [("x.csv", 2, "bad-csv", "warning"), ("x.csv", 2, "bad-csv", "error")]
    assert found.rules.name.tolist() == ["a" * 200_000]


def test_a_cell_of_several_lines(tmp_path):
    found = of_text(
        tmp_path, "x.csv", 'rule,description,technique_id\n"a\nb","c ""d"", e",T1059\nf,g,T1105\n'
    )
    assert found.rules.name.tolist() == ["a\nb", "f"] and found.rules.description.tolist() == [
        'c "d", e',
        "g",
    ]
    assert texts_at_mappings(found, tmp_path) == [("T1059", "T1059"), ("T1105", "T1105")]


def test_a_row_that_ends_early_is_a_rule_without_mapping_and_told(tmp_path):
    found = of_text(tmp_path, "x.csv", "owner,rule,technique_id\no,a\no,b,\no\n")
    assert found.rules.name.tolist() == ["a", "b"] and len(found.written) == 0
    assert told(found) == [("x.csv", 4, "no-rule", "error"), ("x.csv", 2, "bad-csv", "warning")]


@pytest.mark.parametrize(
    ("rows", "names", "line", "severity"),
    [
        (['"a,T1059,x', "b,T1105,y", "c,T1003,z"], ["a", "b", "c"], 2, "error"),
        (["a,T1059,x", 'b,T1105,"y', "c,T1003,z"], ["a", "b", "c"], 3, "error"),
        (["a,T1059,x", 'b,T1105,"y', 'c,T1003,"z, of course"'], ["a", "b", "c"], 3, "error"),
        (['a,T1059,"x\nof ""two"" lines"', 'b,T1105,"y', "c,T1003,z"], ["a", "b", "c"], 4, "error"),
        (['a,T1059,"x" again', "b,T1105,y", "c,T1003,z"], ["a", "b", "c"], 2, "warning"),
        (['"a" ,T1059,x', 'b,T1105,"y', "c,T1003,z"], ["a", "b", "c"], 3, "error"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_quote_that_is_not_closed_costs_no_row(tmp_path, rows, names, line, severity, end):
    text = end.join(["rule,technique_id,description", *rows]).replace("\n", end)
    found = of_text(tmp_path, "x.csv", text)
    assert found.rules.name.tolist() == names and told(found) == [("x.csv", line, "bad-csv", severity)]
    assert found.written.technique_id.tolist() == ["T1059", "T1105", "T1003"]


def test_a_quote_in_the_header_that_is_not_closed(tmp_path):
    found = of_text(tmp_path, "x.csv", '"rule,technique_id\na,T1059\n')
    assert found.rules.name.tolist() == ["a"] and told(found) == [("x.csv", 1, "bad-csv", "error")]


def test_a_cell_beyond_the_librarys_limit_is_read_and_the_limit_stays(tmp_path):
    limit = csv.field_size_limit()
    found = of_text(
        tmp_path, "x.csv", f'rule,technique_id,query\na,T1059,"{"x" * (limit + 1)}"\nb,T1105,"y ""z"""\n'
    )
    assert found.rules["query"].tolist() == ["x" * (limit + 1), 'y "z"'] and told(found) == []
    assert csv.field_size_limit() == limit


CELLS = {
    "T1059 - Command and Scripting Interpreter": ["T1059"],
    "PowerShell (T1059.001)": ["T1059.001"],
    "T1059.001: PowerShell, T1105: Ingress Tool Transfer": ["T1059.001", "T1105"],
    "T1059 T1105/T1003 and T1566.": ["T1059", "T1105", "T1003", "T1566"],
    "t1059.001 (PowerShell)": ["T1059.001"],
    "https://attack.mitre.org/techniques/T1059/": ["T1059"],
    "https://attack.mitre.org/techniques/T1059/001/": ["https://attack.mitre.org/techniques/T1059/001/"],
    "T1059 T105 (T1105)": ["T1059", "T105", "T1105"],
    "T1059; PowerShell": ["T1059", "PowerShell"],
    "T1059.1": ["T1059.1"],
    "PowerShell v2": ["PowerShell v2"],
    "AML.T0051 and T1059": ["AML.T0051", "T1059"],
    "xT1059": ["xT1059"],
    ";| ,\n": [],
}


@pytest.mark.parametrize("cell", CELLS)
def test_ids_among_words(tmp_path, cell):
    found = of_text(tmp_path, "x.csv", f'rule,technique_id\na,"{cell}"\n')
    assert found.written.leaf_id.tolist() == CELLS[cell]


@pytest.mark.parametrize(
    ("technique", "subtechnique", "expected"),
    [
        ("T1059", "001", ["T1059.001"]),
        ("T1059", ".001", ["T1059.001"]),
        ("T1059", "1", ["T1059.001"]),  # a spreadsheet takes noughts away
        ("T1059", "1.0", ["T1059.001"]),
        ("T1059", "T1059.001", ["T1059.001"]),
        ("T1059", "T1059/001", ["T1059.001"]),
        ("T1059.001", "001", ["T1059.001"]),
        ("t1059 - Command and Scripting Interpreter", "001: PowerShell", ["T1059.001"]),
        ("Command and Scripting Interpreter (T1059)", "PowerShell (T1059.001)", ["T1059.001"]),
        ("Command and Scripting Interpreter", "T1059.001", ["T1059.001"]),
        ("T1059", "001; 003", ["T1059.001", "T1059.003"]),
        ("T1059", "001, T1059.003", ["T1059.001", "T1059.003"]),
        ("T1059; T1003", "001; 002", ["T1059.001", "T1003.002"]),
        ("T1059", "", ["T1059"]),
        ("T1059", "N/A", ["T1059"]),
        ("T1059", "-", ["T1059"]),
        ("", "T1059.001", ["T1059.001"]),
        # Nothing is guessed, and nothing that is written is left out.
        ("", "001", ["001"]),
        ("T1059; T1003; T1078", "001; 002", ["T1059", "T1003", "T1078", "001", "002"]),
        ("T1059; T1078", "T1059.001", ["T1078", "T1059.001"]),
        ("T1001", "T1059", ["T1001", "T1059"]),
        ("T1059", "PowerShell", ["T1059", "PowerShell"]),
        ("n/a", "none", []),
    ],
)
def test_a_technique_and_its_subtechnique_in_two_columns(tmp_path, technique, subtechnique, expected):
    text = f'rule,technique,subtechnique\na,"{technique}","{subtechnique}"\n'
    found = of_text(tmp_path, "x.csv", text)
    assert found.written.leaf_id.tolist() == expected and told(found) == []


def test_a_number_counts_below_the_technique_of_its_own_row(tmp_path):
    text = (
        "rule,technique,sub-technique,tactic\na,T1059,001,Execution\na,T1003,001,Credential "
        "Access\na,T1078,,\n"
    )
    assert mapped(of_text(tmp_path, "x.csv", text), "x.csv") == [
        ("Execution", None, "T1059.001"),
        ("Credential Access", None, "T1003.001"),
        (None, "T1078", None),
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("TA0002 - Execution", ["TA0002"]),
        ("Execution (ta0002)", ["TA0002"]),
        ("Execution|Persistence ", ["Execution", "Persistence"]),
    ],
)
def test_tactics_among_words(tmp_path, cell, expected):
    found = of_text(tmp_path, "x.csv", f"Rule,ATT&CK ID,MITRE Tactic\na,T1059,{cell}\n")
    assert mapped(found, "x.csv") == [(tactic, "T1059", None) for tactic in expected]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("T1059" + " " * 100_000 + "x", ["T1059"]),
        (" " * 100_000 + "T1059", ["T1059"]),
        ("T1059" + ".1" * 50_000, ["T1059" + ".1" * 50_000]),
        ("T111" * 30_000, ["T111" * 30_000]),
    ],
)
def test_a_hostile_cell_is_read_all_the_same(tmp_path, cell, expected):
    found = of_text(tmp_path, "x.csv", f"rule,technique_id,tags\nA,{cell},{cell}\nB,T1105,x\n")
    assert found.written.leaf_id.tolist() == [*expected, "T1105"] and found.rules.tags[0] == (cell.strip(),)


@pytest.mark.parametrize(
    ("lines", "rows", "faults"),
    [
        ('"a""b\n' * 100_000, 100_000, 100_000),  # each quote meets the next line's
        ('"' + '""' * 500_000, 1, 2),  # and a cell beyond the longest
        ('"a\n' + '""b\n' * 100_000, 100_001, 100_001),
        (" " * 500_000 + '"', 1, 1),
    ],
)
def test_hostile_quotes_are_scanned_all_the_same(lines, rows, faults):
    found: list = []
    assert len(list(_csv.scanned(f"rule,technique_id\n{lines}", found))) == rows + 1 and len(found) == faults


def test_a_rule_without_an_id_is_known_by_its_name_alone(tmp_path):
    found = of_text(tmp_path, "x.csv", "rule,rule_id,technique_id\na,,T1059\nb,7,T1105\na,,T1003\n")
    assert found.rules.name.tolist() == ["a", "b"] and found.rules.rule_id.astype(object).fillna(
        "-"
    ).tolist() == ["-", "7"]
    for name, text in (("one", "rule,technique_id\na,T1059\n"), ("two", "rule,technique_id\na,T1105\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text(text)
    both = load([CorpusSource(name, tmp_path / name) for name in ("one", "two")])
    assert len(both.rules) == 2 and same_rules(both.rules) == {} and len(both.problems) == 0


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("date,rule,technique,count\n2025-01-01,r,regex,3\n", 0),
        ("date,rule,technique,count\n2025-01-01,r,T1059,3\n", 1),
        ("date,rule,technique\n2025-01-01,r,regex\n", 1),
    ],
)
def test_a_table_of_counts_without_an_id_is_passed_over(tmp_path, text, rules):
    found = of_text(tmp_path, "x.csv", text)
    assert len(found.rules) == rules and told(found) == []


SIGNS = st.text(st.sampled_from('a ,;"\n\r\t\0T'), max_size=40)


@examples(250)
@given(SIGNS)
def test_the_scan_reads_good_text_as_the_library_does(text):
    separator, start = _csv.layout(text)
    lines = io.StringIO(text[start:], newline="")
    try:
        expected = list(csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error:
        return
    faults = []
    found = [[cell.value for cell in row] for row in _csv.scanned(text, faults)]
    assert stripped(found) == stripped(expected) and faults == []


def stripped(rows):
    cells = ([cell.strip() for cell in row] for row in rows)
    return [row for row in cells if any(row)]


@examples(150)
@given(SIGNS)
def test_a_cell_of_any_text_starts_where_its_place_says(text):
    text = "rule,technique_id,tags\n" + text
    places = table.positions(text)
    for nth, row in enumerate(table.parse(text)):
        assert (nth,) in places and {(nth, name) for name in row} <= set(places)
