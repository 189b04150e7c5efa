"""The workbook, read back with openpyxl: its tables, its numbers, and that rule text stays text."""

from __future__ import annotations

import datetime
import io
import re
import warnings
import zipfile

import openpyxl
import pandas as pd
import pytest

from coverage.exports import workbook as module
from coverage.exports.cells import ratio
from coverage.exports.workbook import CUT, MOST_SIGNS, cell_text, workbook
from coverage.loaders.frames import rules_frame
from coverage.measures import coverage_by_id, gaps
from coverage.measures.cell import FILE_MEASURES
from coverage.measures.matrix import matrix_columns
from coverage.palette import LIGHT
from coverage.vocabulary import ROLLUPS
from tests.helpers import small
from tests.helpers.exporting import EVIL, content, hostile, made
from tests.helpers.small import E19

SHEETS = [
    "Summary",
    "Matrix",
    "Techniques",
    "Gaps",
    "Rules",
    "Mappings",
    "Findings",
    "Need",
    "Adversaries",
    "Scope",
]


def opened(data: bytes) -> openpyxl.Workbook:
    """The workbook; openpyxl must find nothing to warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return openpyxl.load_workbook(io.BytesIO(data))


def table(book: openpyxl.Workbook, name: str) -> pd.DataFrame:
    """An Excel table by its name, as a frame."""
    sheet = next(sheet for sheet in book if name in sheet.tables)
    head, *rows = [[cell.value for cell in row] for row in sheet[sheet.tables[name].ref]]
    return pd.DataFrame(rows, columns=head)


@pytest.fixture(scope="module")
def book():
    return opened(workbook(content(E19)))


def test_the_sheets_are_tables_with_filters_and_frozen_heads(book):
    assert book.sheetnames == SHEETS
    for name in SHEETS[2:7]:
        sheet = book[name]
        (found,) = sheet.tables.values()
        assert found.name == f"{name.lower()}_table" and found.autoFilter.ref == found.ref
        assert sheet.freeze_panes == "C2"
        assert all(8 <= dimension.width <= 61 for dimension in sheet.column_dimensions.values())


@pytest.mark.parametrize("rollup", ROLLUPS)
def test_its_numbers_are_the_summary_s(rollup):
    state = content(E19, rollup=rollup)
    book, told = opened(workbook(state)), state.figures
    rows = table(book, "summary_table")
    for grain in ("techniques", "techniques_with_pre", "subtechniques", "placements"):
        (row,) = rows[rows["grain"] == grain].to_dict("records")
        assert (row["covered"], row["total"]) == (told[grain]["covered"], told[grain]["total"])
        assert row["share"] == pytest.approx(told[grain]["covered"] / told[grain]["total"])
    for kind, part in (("tactic", "tactics"), ("platform", "platforms")):
        found = rows[rows["grain"] == kind].set_index("name")
        assert list(found.index) == [row["name"] for row in told[part]]
        for row in told[part]:
            for column in ("covered", "total", "subtechniques_covered", "subtechniques", "rules"):
                assert found.loc[row["name"], column] == row[column]
    counts = dict(zip(*(table(book, "counts_table")[name] for name in ("figure", "number")), strict=True))
    assert {name: counts[f"rules_{name}"] for name in ("read", "in_scope", "unmapped", "problems")} == {
        name: told["rules"][name] for name in ("read", "in_scope", "unmapped", "problems")
    }
    assert {name: counts[f"techniques_rollup_{name}"] for name in ROLLUPS} == told["rollups"]
    techniques = table(book, "techniques_table")
    assert techniques.loc[~techniques["is_subtechnique"], "covered"].sum() == pytest.approx(
        told["techniques"]["covered"], abs=0.0005
    )


def test_rows_are_the_frames_and_numbers_are_numbers(book):
    state = content(E19)
    techniques, frame = table(book, "techniques_table"), coverage_by_id(state.view)
    assert techniques["technique_id"].tolist() == frame["attack_id"].tolist()
    for column in ("rules", "subtechniques", "depth", "score", "breadth"):
        assert techniques[column].tolist() == pytest.approx(frame[column].tolist(), rel=1e-14)
        assert all(isinstance(value, int | float) for value in techniques[column])
    assert set(map(type, techniques["any"])) == {bool}
    found = table(book, "gaps_table")
    assert found["technique_id"].tolist() == gaps(state.view)["attack_id"].tolist()
    assert found["log_sources"][0] == "; ".join(gaps(state.view)["log_sources"][0])
    assert len(table(book, "mappings_table")) == len(state.view.mappings)
    assert len(table(book, "findings_table")) == len(state.findings) > 0
    rules = table(book, "rules_table")
    assert rules["in_scope"].sum() == state.figures["rules"]["in_scope"]
    dated = rules.set_index("name").loc["LSASS memory dumped", "created"]
    assert isinstance(dated, datetime.datetime) and dated.date().isoformat() == "2026-03-10"
    cell = book["Rules"].cell(
        rules["name"].tolist().index("LSASS memory dumped") + 2, list(rules.columns).index("created") + 1
    )
    assert cell.number_format == "yyyy-mm-dd"


def test_the_matrix_is_coloured_like_the_page(book):
    sheet, columns = book["Matrix"], matrix_columns(content(E19).view)
    rules = FILE_MEASURES["rules"]
    for place, column in enumerate(columns):
        assert sheet.cell(1, 2 * place + 1).value == column.name
        assert sheet.cell(2, 2 * place + 1).value == ratio(column.covered, column.total)
        for row, cell in enumerate(column.cells.itertuples(), 3):
            name, number = sheet.cell(row, 2 * place + 1), sheet.cell(row, 2 * place + 2)
            assert name.value.startswith(cell.name) and number.value == cell.rules
            assert number.fill.fgColor.rgb[2:].lower() == rules.colours(LIGHT)[rules.band(cell.rules)][1:]
    assert sheet.freeze_panes == "A3"


def test_the_scope_sheet_has_the_stamp(book):
    values = {row[0].value: row[1].value for row in book["Scope"].iter_rows(max_col=2)}
    assert values["attack"] == E19 and values["date"] == small.DAY.isoformat()
    assert values["in words"] == content(E19).view.scope.sentence()
    assert "sha256:" in values["rule set small"]


def test_links_lead_to_mitre(book):
    column = [cell.value for cell in book["Gaps"][1]].index("url") + 1
    cell = book["Gaps"].cell(2, column)
    assert cell.hyperlink.target == cell.value == gaps(content(E19).view)["url"][0]


# ---- text from outside -------------------------------------------------------------------------------------


def test_no_text_of_a_rule_is_a_formula_or_a_link_of_its_choosing():
    data = workbook(hostile())
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        sheets = [
            packed.read(name).decode() for name in packed.namelist() if name.startswith("xl/worksheets/sheet")
        ]
        links = "".join(packed.read(name).decode() for name in packed.namelist() if name.endswith(".rels"))
    assert not any("<f>" in sheet for sheet in sheets)
    assert "javascript:" not in links and "evil.example" not in links and "file:///" not in links
    rules = table(opened(data), "rules_table")
    assert rules["name"][0] == f"0 {EVIL}".replace("\x07", "").replace("\x00", "")
    assert set(rules["link"]) == {"https://example.org/good?a=1&b=2"}
    formulas = made(
        [small.rule("made/a", corpus="made", name="=1+1", tags=("=2",))],
        [small.mapping("made/a", 0, "T1105")],
    )
    found = opened(workbook(formulas))["Rules"]
    assert (found["A2"].value, found["A2"].data_type) == ("=1+1", "s")


def test_what_a_cell_cannot_hold_is_cut_with_a_mark():
    assert cell_text("a" * MOST_SIGNS) == "a" * MOST_SIGNS
    assert len(cell_text("a" * (MOST_SIGNS + 1))) == MOST_SIGNS and cell_text("a" * 40_000).endswith(CUT)
    assert cell_text("\ud800\x00a\x0bb\tc") == "ab\tc"
    state = made(
        [small.rule("made/a", corpus="made", name="n" * 40_000)], [small.mapping("made/a", 0, "T1105")]
    )
    assert len(table(opened(workbook(state)), "rules_table")["name"][0]) == MOST_SIGNS


def test_more_links_than_a_sheet_can_have_become_text(monkeypatch):
    monkeypatch.setattr(module, "MOST_LINKS", 3)
    data = workbook(content(E19))
    sheet = opened(data)["Techniques"]
    column = [cell.value for cell in sheet[1]].index("url") + 1
    cells = [sheet.cell(row, column) for row in range(2, 8)]
    assert [cell.hyperlink is not None for cell in cells] == [True] * 3 + [False] * 3
    assert all(cell.value.startswith("https://attack.mitre.org/") for cell in cells)


def test_a_view_without_rules_is_a_workbook_with_heads():
    book = opened(workbook(made([], [])))
    assert book.sheetnames == SHEETS
    assert list(table(book, "rules_table").columns)[:2] == ["name", "attack_ids"]
    assert rules_frame([]).empty


def test_the_same_state_gives_the_same_bytes_and_no_clock():
    first, second = workbook(content(E19)), workbook(content(E19))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        core = packed.read("docProps/core.xml").decode()
        assert {entry.date_time[:3] for entry in packed.infolist()} == {(1980, 1, 1)}
    assert re.findall(r">(\d{4}-[^<]+)<", core) == ["2026-03-31T00:00:00Z"] * 2
