"""The Excel workbook: summary, matrix, techniques, gaps, rules, mappings, findings, need, adversaries, scope;
real tables, no formulas.

Rule text is written as text whatever it starts with; what a cell cannot hold is cut with a mark. The same
view gives the same bytes. Which rows a sheet has is the measures' affair; `SHEETS` says which frame stands
where.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd

from coverage.exports.cells import legend, ratio
from coverage.exports.columns import exported
from coverage.exports.content import Content
from coverage.exports.tables import GAP_NAMES, LIST_SEPARATOR
from coverage.frames import rows_of
from coverage.measures import coverage_by_id, mappings_side_by_side
from coverage.measures.cell import CELL_MEASURES
from coverage.measures.matrix import MARKS, mark_keys, matrix_columns
from coverage.palette import LIGHT, ink_on
from coverage.project.accepted_gaps import Accepted
from coverage.scope import View, among
from coverage.text import web_link
from coverage.vocabulary import attack_url

CUT = " … (cut)"
MOST_SIGNS = 32_767  # of a cell
MOST_LINKS = 65_530  # of a sheet
MOST_LINK_SIGNS = 2_079
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDEST = 60  # signs

# Column -> number format; other whole numbers take thousands.
_FORMS = {
    "share": "0.0%",
    "depth": "0.00",
    "breadth": "0.00",
    "score": "0.00",
    "covered": "0.##",
    "need": "0.000",
    "weight": "0.##",
    "risk_score": "0",
}
_LINKED = {"url": "url", "link": "link"}


def cell_text(value: object) -> str:
    """Text that a cell can hold: lists joined, control signs left out, too long text cut with a mark."""
    text = LIST_SEPARATOR.join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    text = text if text.isprintable() else _NO_XML.sub("", text)
    return text if len(text) <= MOST_SIGNS else text[: MOST_SIGNS - len(CUT)] + CUT


@dataclass
class _Book:
    """A workbook being written, with its formats by what they look like."""

    book: object
    formats: dict[tuple, object] = field(default_factory=dict)

    def form(self, **look) -> object:
        key = tuple(sorted(look.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(look)
        return self.formats[key]


def workbook(content: Content) -> bytes:
    """The workbook as .xlsx."""
    import xlsxwriter  # only here is it needed

    view, data = content.view, io.BytesIO()
    book = xlsxwriter.Workbook(
        data,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "max_url_length": MOST_LINK_SIGNS,
            "default_date_format": "yyyy-mm-dd",
        },
    )
    made = datetime(
        view.scope.date.year, view.scope.date.month, view.scope.date.day
    )  # else the clock's time stands in it
    book.set_properties(
        {
            "title": "ATT&CK coverage",
            "subject": cell_text(view.scope.sentence()),
            "comments": cell_text(view.scope.corpora_sentence()),
            "created": made,
        }
    )
    kit = _Book(book)
    _summary_sheet(kit, content)
    _matrix_sheet(kit, view, content.accepted)
    for name, frame in SHEETS.items():
        sheet = book.add_worksheet(name.capitalize())
        _write_table(kit, sheet, frame(content), name)
        sheet.freeze_panes(1, 2)
        _print_setup(sheet, view)
    _scope_sheet(kit, view)
    book.close()
    return data.getvalue()


# ---- frames of the sheets ------------------------------------------------------------------------------


def _techniques(content: Content) -> pd.DataFrame:
    frame = coverage_by_id(content.view)
    return frame.assign(url=_urls(frame["attack_id"])).rename(columns=GAP_NAMES)


def _gaps(content: Content) -> pd.DataFrame:
    return content.gaps.rename(columns=GAP_NAMES)


_RULE_COLUMNS = (
    "name",
    "attack_ids",
    "rule_class",
    "in_scope",
    "enabled",
    "severity",
    "risk_score",
    "type",
    "language",
    "platforms",
    "integrations",
    "tags",
    "created",
    "updated",
    "version",
    "corpus",
    "path",
    "rule_id",
    "also_in",
)


def _rules(content: Content) -> pd.DataFrame:
    frame = content.rules.assign(in_scope=among(content.rules["rule_key"], content.view.rules["rule_key"]))
    links = [
        next(filter(None, map(web_link, references)), None) for references in frame["references"].tolist()
    ]
    return frame[list(_RULE_COLUMNS)].assign(link=pd.Series(links, index=frame.index, dtype="str"))


def _mappings(content: Content) -> pd.DataFrame:
    return mappings_side_by_side(content.view).drop(columns=["rule_key"])


def _findings(content: Content) -> pd.DataFrame:
    return content.findings[
        ["severity", "code", "name", "message", "fix", "value", "leaf", "field", "corpus", "path", "silenced"]
    ]


def _need(content: Content) -> pd.DataFrame:
    return exported(content, "need")


def _adversaries(content: Content) -> pd.DataFrame:
    return exported(content, "adversaries")


SHEETS: dict[str, Callable[[Content], pd.DataFrame]] = {
    "techniques": _techniques,
    "gaps": _gaps,
    "rules": _rules,
    "mappings": _mappings,
    "findings": _findings,
    "need": _need,
    "adversaries": _adversaries,
}


def _urls(ids: pd.Series) -> list[str | None]:
    return [attack_url(attack_id) for attack_id in ids.tolist()]


# ---- tables --------------------------------------------------------------------------------------------


def _write_table(kit: _Book, sheet, frame: pd.DataFrame, name: str, top: int = 0) -> None:
    """A frame as an Excel table: its columns' names as heads, a filter on each, numbers as numbers, links as
    links.
    """
    links = iter(range(MOST_LINKS))
    for place, column in enumerate(frame.columns):
        form = _form(kit, column, frame[column].dtype.kind)
        values = frame[column].tolist()
        _write_column(sheet, place, top + 1, values, form, links if column in _LINKED else None)
        sheet.set_column(place, place, _width(column, values))
    heads = [{"header": column} for column in frame.columns]
    bottom = top + max(len(frame), 1)
    sheet.add_table(
        top,
        0,
        bottom,
        len(heads) - 1,
        {"name": f"{name}_table", "columns": heads, "style": "Table Style Light 1"},
    )


def _form(kit: _Book, column: str, kind: str) -> object | None:
    if column in _FORMS:
        return kit.form(num_format=_FORMS[column])
    if kind == "M":
        return kit.form(num_format="yyyy-mm-dd")
    return kit.form(num_format="#,##0") if kind in "iu" else None


def _write_column(
    sheet, place: int, row: int, values: Sequence, form: object | None, links: Iterator[int] | None
) -> None:
    text, number = sheet.write_string, sheet.write_number
    for value in values:
        if isinstance(value, str):
            if links is None or len(value) > MOST_LINK_SIGNS or next(links, None) is None:
                text(row, place, cell_text(value))
            else:
                sheet.write_url(row, place, value, string=cell_text(value))
        elif isinstance(value, bool):
            sheet.write_boolean(row, place, value)
        elif isinstance(value, tuple | list):
            if value:
                text(row, place, cell_text(value))
        elif value is None or value is pd.NA or value is pd.NaT or value != value:
            pass
        elif isinstance(value, date):
            sheet.write_datetime(row, place, value, form)
        else:
            number(row, place, value, form)
        row += 1


def _width(column: str, values: Sequence) -> float:
    """Wide enough for the head with its filter button and for most of the first values."""
    texts = [cell_text(value) if isinstance(value, tuple | list) else str(value) for value in values[:300]]
    longest = sorted(len(text) for text in texts)[int(len(texts) * 0.9)] if texts else 0
    return min(max(len(column) + 3, longest + 2, 8), _WIDEST)


def _print_setup(sheet, view: View) -> None:
    sheet.set_landscape()
    sheet.set_paper(8)  # A3
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    stamp = view.scope.sentence().replace("&", "&&")
    sheet.set_footer(f"&L{stamp[:180]}&R&A, page &P of &N")


# ---- summary, matrix and scope ---------------------------------------------------------------------------


def figures_frame(figures: dict) -> pd.DataFrame:
    """The figures of `summary` as rows: grain, name, covered, total, share, sub-techniques, rules."""
    grains = ("techniques", "techniques_with_pre", "subtechniques", "placements")
    rows = [{"grain": grain, "name": "all", **figures[grain]} for grain in grains]
    rows += [
        {
            "grain": kind,
            "name": row["name"],
            **{k: row[k] for k in ("covered", "total", "subtechniques_covered", "subtechniques", "rules")},
        }
        for kind, part in (("tactic", "tactics"), ("platform", "platforms"))
        for row in figures[part]
    ]
    frame = pd.DataFrame(
        rows, columns=["grain", "name", "covered", "total", "subtechniques_covered", "subtechniques", "rules"]
    )
    frame.insert(4, "share", frame["covered"] / frame["total"].where(frame["total"] > 0))
    return frame.astype(dict.fromkeys(("subtechniques_covered", "subtechniques", "rules"), "Int64"))


def counts_frame(figures: dict) -> pd.DataFrame:
    """The counts of rules and the four roll-ups of `summary` as rows: figure, number."""
    rules = {name: value for name, value in figures["rules"].items() if not isinstance(value, dict)}
    rows = [(f"rules_{name}", value) for name, value in rules.items()]
    rows += [(f"rules_class_{name}", value) for name, value in figures["rules"]["by_class"].items()]
    rows += [(f"techniques_rollup_{name}", value) for name, value in figures["rollups"].items()]
    return pd.DataFrame(rows, columns=["figure", "number"]).astype({"number": object})


def _summary_sheet(kit: _Book, content: Content) -> None:
    figures = content.figures
    sheet = kit.book.add_worksheet("Summary")
    frame, counts = figures_frame(figures), counts_frame(figures)
    _write_table(kit, sheet, frame, "summary")
    sheet.conditional_format(
        1,
        4,
        len(frame),
        4,
        {
            "type": "data_bar",
            "bar_color": LIGHT.steps[1],
            "min_type": "num",
            "min_value": 0,
            "max_type": "num",
            "max_value": 1,
        },
    )
    _write_table(kit, sheet, counts, "counts", top=len(frame) + 3)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 26)
    sheet.freeze_panes(1, 0)
    _print_setup(sheet, content.view)


def _matrix_sheet(kit: _Book, view: View, accepted: Accepted) -> None:
    """Two columns a tactic: the technique in its colour, and its number of rules as a number; an open one
    that is accepted or planned has its sign.
    """
    sheet, chosen = kit.book.add_worksheet("Matrix"), CELL_MEASURES["rules"]
    colours = chosen.colours(LIGHT)
    head = kit.form(bold=True, align="center", text_wrap=True, valign="vcenter")
    for place, column in enumerate(matrix_columns(view, accepted)):
        sheet.merge_range(0, 2 * place, 0, 2 * place + 1, column.name, head)
        sheet.merge_range(
            1, 2 * place, 1, 2 * place + 1, ratio(column.covered, column.total), kit.form(align="center")
        )
        names = ("name", "rules", "subtechniques", "subtechniques_covered", "sign")
        for row, (name, rules, subs, covered, sign) in enumerate(rows_of(column.cells, *names), 2):
            fill = colours[chosen.band(rules)]
            look = {
                "bg_color": fill,
                "font_color": ink_on(fill),
                "border": 1,
                "border_color": LIGHT.faint,
                "valign": "vcenter",
            }
            sheet.write_string(
                row,
                2 * place,
                cell_text((f"{name} ({covered}/{subs})" if subs else name) + (f" {sign}" if sign else "")),
                kit.form(**look, text_wrap=True),
            )
            sheet.write_number(row, 2 * place + 1, rules, kit.form(**look, bold=True, num_format="#,##0"))
        sheet.set_column(2 * place, 2 * place, 21)
        sheet.set_column(2 * place + 1, 2 * place + 1, 5)
    sheet.freeze_panes(2, 0)
    _print_setup(sheet, view)


def _scope_sheet(kit: _Book, view: View) -> None:
    """The stamp, so that nobody wonders later what was counted; and what the colours of the matrix mean."""
    sheet, bold = kit.book.add_worksheet("Scope"), kit.form(bold=True)
    stamp = view.scope.stamp()
    rows: list[tuple[str, object]] = [(name, value) for name, value in stamp.items() if name != "corpora"]
    rows += [("in words", view.scope.sentence())]
    rows += [
        (f"rule set {corpus['name']}", ", ".join(f"{k} {v}" for k, v in corpus.items() if v is not None))
        for corpus in stamp["corpora"]
    ]
    for row, (name, value) in enumerate(rows):
        sheet.write_string(row, 0, cell_text(name), bold)
        sheet.write_string(row, 1, cell_text(value), kit.form(text_wrap=True))
    sheet.write_string(len(rows) + 1, 0, "colours of the matrix", bold)
    for row, (label, colour) in enumerate(
        [("open", LIGHT.open), *legend(CELL_MEASURES["rules"])], len(rows) + 2
    ):
        sheet.write_string(
            row,
            0,
            label if row == len(rows) + 2 else f"{label} {'rule' if label == '1' else 'rules'}",
            kit.form(bg_color=colour, font_color=ink_on(colour), border=1),
        )
    for below, key in enumerate(mark_keys(MARKS), row + 1):
        sheet.write_string(below, 0, key)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 110)
    _print_setup(sheet, view)
