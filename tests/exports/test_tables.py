"""CSV and JSON: the columns, the stamp, stable bytes, harmless cells; read back with the csv module."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coverage.catalogue import Release
from coverage.exports.tables import cell, gaps_csv, harmless, records, stamped_csv, without_text
from coverage.measures import MEASURES, gaps, rules_with_ids
from coverage.measures.frames import GAPS
from coverage.models import CorpusStamp
from coverage.scope import Scope
from tests.helpers import small
from tests.helpers.small import DAY, E18, E19, by_id, view

FIRST = [
    "technique_id",
    "name",
    "gap_type",
    "tactics",
    "parent_id",
    "platforms",
    "groups",
    "software",
    "campaigns",
    "rules",
]
LAST = ["attack", "scope", "corpora"]
STARTS = ("=", "+", "-", "@", "\t", "\r")


def read_back(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))


def test_the_columns_of_the_gap_report():
    rows = read_back(gaps_csv(gaps(view()), view().scope))
    assert rows[0][:10] == FIRST
    assert rows[0][-3:] == LAST
    assert rows[0][10:-3] == [
        "is_subtechnique",
        "subtechniques_covered",
        "subtechniques",
        "open_platforms",
        "rules_out_of_scope",
        "data_components",
        "log_sources",
        "url",
        "data",
    ]
    assert len(rows) == 1 + 581
    assert {len(row) for row in rows} == {22}


def test_a_row_of_the_gap_report_says_what_the_frame_says():
    found = gaps(view(E19))
    rows = {
        row["technique_id"]: row
        for row in csv.DictReader(io.StringIO(gaps_csv(found, view(E19).scope).decode(), newline=""))
    }
    assert list(rows) == found["attack_id"].tolist()
    row, frame = rows["T1546.008"], by_id(found, "T1546.008")
    assert row["tactics"] == "Persistence; Privilege Escalation"
    assert (row["parent_id"], row["platforms"], row["gap_type"], row["rules"]) == (
        "T1546",
        "Windows",
        "none",
        "0",
    )
    assert (row["groups"], row["software"], row["rules_out_of_scope"]) == (
        str(frame["groups"]),
        str(frame["software"]),
        "1",
    )
    assert row["data_components"].split("; ") == list(frame["data_components"])
    assert rows["T1057"]["parent_id"] == ""  # a technique has none
    assert (row["attack"], row["scope"]) == ("enterprise-19.0", view(E19).scope.sentence())
    assert row["corpora"] == view(E19).scope.corpora_sentence()
    assert rows["T1057"]["gap_type"] == "not_production"


def test_it_is_rfc_4180():
    frame = pd.DataFrame({"a": ['say "no"', "one,two", "two\nlines", "plain"], "b": [1, 2, 3, 4]})
    data = stamped_csv(frame, None)
    assert data == b'a,b\r\n"say ""no""",1\r\n"one,two",2\r\n"two\nlines",3\r\nplain,4\r\n'
    assert read_back(data)[1:] == [['say "no"', "1"], ["one,two", "2"], ["two\nlines", "3"], ["plain", "4"]]


def test_it_is_utf_8_without_a_mark():
    data = stamped_csv(pd.DataFrame({"name": ["Zählung – 規則"]}), view().scope)
    assert "Zählung – 規則".encode() in data
    assert not data.startswith(b"\xef\xbb\xbf")


def test_the_same_input_gives_the_same_bytes():
    here, again = (
        small.reading().view(on=DAY),
        small.reading().view(on=date(2027, 1, 1)),
    )  # no clock in the file
    assert gaps_csv(gaps(here), here.scope) == gaps_csv(gaps(again), again.scope)
    other = small.reading().view(on=DAY, pre=True)
    assert gaps_csv(gaps(other), other.scope) != gaps_csv(gaps(here), here.scope)


def test_making_a_file_changes_no_frame():
    found = gaps(view())
    before = found.copy(deep=True)
    gaps_csv(found, view().scope), records(found)
    pd.testing.assert_frame_equal(found, before)


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_measure_can_be_a_file_of_csv_and_json(name):
    frame = MEASURES[name].function(view())
    rows = read_back(stamped_csv(frame, view().scope))
    assert rows[0] == [*frame.columns, *LAST]
    assert len(rows) == len(frame) + 1 and {len(row) for row in rows} == {len(rows[0])}
    plain = json.loads(json.dumps(records(frame), allow_nan=False))
    assert len(plain) == len(frame) and all(list(row) == list(frame.columns) for row in plain)


# ---- formulas
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", STARTS)
def test_a_cell_that_would_be_a_formula_is_harmless(start):
    text = f"{start}HYPERLINK(1)"
    assert harmless(text) == cell(text) == f"'{text}"
    assert cell((text, "b")) == f"'{text}; b"
    opens = start not in "\t\r\n"  # a cell of its own where semicolons end one
    assert cell(("a", text)) == (f"a; '{text}" if opens else f"a; {text}")
    assert cell([text]) == f"'{text}"
    assert harmless(f"a{text}") == f"a{text}"


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n", "|", ";  ", "\n\u00a0"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_no_formula_stands_behind_what_ends_a_cell_elsewhere(separator, sign):
    """As a spreadsheet of a country with decimal commas opens it: cells end at semicolons, and quotes inside
    one are text.
    """
    formula = f"{sign}cmd|' /C calc'!A0"
    frame = pd.DataFrame({"name": [f"a{separator}{formula};b"], "next": ["x"], "list": [("a", formula)]})
    text = stamped_csv(frame, None).decode()
    assert f"a{separator}'{formula};b" in text and f"a; '{formula}" in text
    cells = [part.strip(" \u00a0") for line in text.splitlines() for part in re.split(r"[;\t|]", line)]
    assert not [part for part in cells if part.startswith(tuple("=+-@＝＋－＠"))]


def test_text_without_a_formula_stays_as_it_is():
    for text in (
        "a; b",
        "T1059; T1021",
        "x = 1; y-2",
        "a|b",
        "one\ntwo",
        "a - b",
        "  two blanks",
        "user@host",
        "a,=b",
    ):
        assert cell(text) == text


def test_numbers_stay_numbers():
    assert [cell(v) for v in (-1, -0.5, 3, 0.25, 1 / 3, 2.0)] == ["-1", "-0.5", "3", "0.25", "0.3333", "2"]
    assert [cell(v) for v in (True, False, None, pd.NA, pd.NaT, float("nan"), (), "")] == [
        "true",
        "false",
        *[""] * 6,
    ]
    assert cell(pd.Timestamp(2026, 3, 31)) == cell(date(2026, 3, 31)) == "2026-03-31"


SIGNS = ("=", "+", "-", "@")
TEXTS = st.text(st.sampled_from("=+-@\t\r\n ;,\"'ab9"), max_size=6)


@given(st.lists(st.tuples(TEXTS, st.lists(TEXTS, max_size=3)), max_size=5))
@example([("\r\n=1", ["=1", "@"])])
def test_no_cell_opens_like_a_formula_and_all_text_is_there(rows):
    frame = pd.DataFrame(
        {
            "text": pd.Series([text for text, _ in rows], dtype="str"),
            "list": pd.Series([tuple(items) for _, items in rows], dtype=object),
        }
    )
    found = read_back(stamped_csv(frame, None))
    assert len(found) == len(rows) + 1
    for (text, items), (first, second) in zip(rows, found[1:], strict=True):
        assert not first.startswith(STARTS) and not second.startswith(STARTS)
        assert first.replace("'", "") == text.replace("'", "")  # apostrophes are put in, nothing else
        assert second.replace("'", "") == "; ".join(items).replace("'", "")
        assert not [cell for cell in re.split(r"[;\t\r\n|] *", f"{first};{second}") if cell.startswith(SIGNS)]


def test_formulas_in_a_real_frame_and_in_the_stamp():
    """Rule names, paths and corpus names come from outside."""
    rules = small.loaded().rules.head(1).assign(name="=cmd|'/c calc'!A1", path="@sum.toml")
    rules["tags"] = pd.Series([("-2+3", "x")], index=rules.index, dtype=object)
    corpus = CorpusStamp("=evil", "/x", 1, 1, "sha256:00")
    scope = replace(view().scope, corpora=(corpus,))
    (row,) = csv.DictReader(io.StringIO(stamped_csv(without_text(rules), scope).decode(), newline=""))
    assert row["name"] == "'=cmd|'/c calc'!A1"
    assert (row["path"], row["tags"]) == ("'@sum.toml", "'-2+3; x")
    assert row["corpora"].startswith("'=evil")


# ---- JSON
# ---------------------------------------------------------------------------------------------------


def test_json_says_null_where_nothing_is_said():
    rows = records(rules_with_ids(view()))
    cron = next(row for row in rows if row["format"] == "elastic_hunt")
    nothing = [
        cron[name] for name in ("enabled", "severity", "risk_score", "created", "version", "note", "maturity")
    ]
    assert nothing == [None, None, None, None, None, "- Look at the owner.", None]
    lsass = next(row for row in rows if row["name"] == "LSASS memory dumped")
    assert (lsass["created"], lsass["platforms"], lsass["risk_score"]) == ("2026-03-10", ["Windows"], 47.0)
    assert lsass["attack_ids"] == ["T1003", "T1003.001"]
    off = next(row for row in rows if row["name"] == "PowerShell download cradle")
    assert off["enabled"] is False
    json.dumps(rows, allow_nan=False)


def test_json_keeps_text_as_it_is():
    assert records(pd.DataFrame({"a": ["=1"], "b": [0.123456]}), {"a": "x"}) == [{"x": "=1", "b": 0.1235}]


def test_the_gap_report_without_gaps_has_its_head():
    scope = Scope(Release.parse(E18), date=DAY)
    (head,) = read_back(gaps_csv(GAPS.empty(), scope))
    assert head[:10] == FIRST and head[-3:] == LAST


def test_without_text_leaves_the_long_texts_out():
    rules = small.loaded().rules
    assert set(rules.columns) - set(without_text(rules).columns) == {"description", "query", "note", "setup"}
    assert "query" in rules
