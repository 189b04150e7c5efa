"""A plain table of rules: CSV with a header that names a rule and a technique column.

    rule,technique_id,tactic,name,severity,platforms,class,enabled
    SSH brute force,T1110.001; T1110.003,credential-access,,high,Linux,production,yes

One row a mapping, or several IDs in one cell; rows of one rule are put together, and what the first row says
counts. A separator may be a comma, a semicolon or a tab. Every other CSV is passed over: the two columns
must be there. Knows nothing of ATT&CK releases or of what counts as covered.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from coverage.loaders._scan import Lines
from coverage.loaders.outcome import (
    SEVERITY_WORDS,
    Built,
    Format,
    Mapped,
    meant_id,
    names,
    paired,
    severity,
    word_at,
)
from coverage.loaders.seam import (
    Context,
    DocPath,
    Issue,
    Parsed,
    Positions,
    RuleFile,
    Syntax,
    Unparsable,
    path_text,
)
from coverage.loaders.written_fields import YamlFields
from coverage.models import LoadResult, Rule
from coverage.vocabulary import RULE_CLASSES

MAX_BYTES = 64_000_000

# Header words (letters and digits alone count) -> the column they mean here.
COLUMNS = {
    "rule": "rule", "rulename": "rule", "detection": "rule", "detectionname": "rule", "ruleid": "rule_id",
    "techniqueid": "technique", "technique": "technique", "techniques": "technique", "techniqueids": "technique",
    "mitretechnique": "technique", "mitretechniqueid": "technique", "mitreattackid": "technique",
    "attackid": "technique", "attacktechnique": "technique", "subtechnique": "subtechnique",
    "subtechniqueid": "subtechnique", "tactic": "tactic", "tacticid": "tactic", "tactics": "tactic",
    "name": "name", "title": "name", "severity": "severity", "level": "severity", "platforms": "platforms",
    "platform": "platforms", "class": "class", "ruleclass": "class", "enabled": "enabled", "status": "status",
    "description": "description", "query": "query", "language": "language", "datasource": "data_sources",
    "datasources": "data_sources", "logsource": "data_sources", "logsources": "data_sources", "author": "author",
    "created": "created", "date": "created", "updated": "updated", "modified": "updated", "tags": "tags",
    "references": "references", "reference": "references", "attackversion": "version", "riskscore": "risk_score",
}  # fmt: skip
CLASSES = {name: name for name in RULE_CLASSES} | {"building block": "building_block", "hunting": "hunt"}
_PARTS = re.compile(r"\s*[;|,\n]\s*|\s+(?=T\d{4})")
_TECHNIQUE_COLUMNS = frozenset({"technique", "subtechnique"})
_RULE_COLUMNS = frozenset({"rule", "rule_id"})


def columns_of(header: list[str]) -> dict[str, int]:
    """Which column of a header means what; the first one of a meaning counts."""
    found: dict[str, int] = {}
    for place, word in enumerate(header):
        meaning = COLUMNS.get(re.sub(r"[^a-z0-9]", "", word.lower()))
        if meaning:
            found.setdefault(meaning, place)
    return found


def meant(text: str) -> bool:
    """Whether a text's first line names a rule and a technique column."""
    found = columns_of(_header(text))
    return not _RULE_COLUMNS.isdisjoint(found) and not _TECHNIQUE_COLUMNS.isdisjoint(found)


def _header(text: str) -> list[str]:
    first = _first_line(text)
    return [cell.strip().strip('"') for cell in first.split(_separator(first))]


def _first_line(text: str) -> str:
    return text.lstrip("\ufeff\r\n")[:10_000].partition("\n")[0]


def _separator(first: str) -> str:
    return max(",;\t", key=first.count)


def parse(text: str) -> Parsed:
    """The rows of a table after its header, each as column -> text.

    Raises
    ------
    Unparsable
        Code `bad-csv`, with the line where reading stopped.
    """
    found = Parsed()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(_first_line(text)), strict=False)
    places: dict[str, int] | None = None
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if places is None:
                places = columns_of(row)
            else:
                found.append({name: row[place].strip() for name, place in places.items() if place < len(row)})
    except csv.Error as error:
        raise Unparsable("bad-csv", f"Not readable as CSV: {error}.", reader.line_num) from error
    return found


def positions(text: str) -> Positions:
    """Where each row, and each of its cells by column, starts, inside the quotes of a text."""
    lines, places = Lines(text), None
    found: dict[DocPath, tuple[int, int]] = {}
    nth = 0
    for row in _rows(text):
        if not any(content.strip(' \t"') for _, content in row):
            continue
        if places is None:
            places = columns_of([content.strip(' \t"') for _, content in row])
            continue
        found[(nth,)] = lines.place(row[0][0])
        for name, place in places.items():
            if place < len(row):
                found[(nth, name)] = lines.place(row[place][0] + _lead(row[place][1]))
        nth += 1
    return found


def _rows(text: str) -> Iterator[list[tuple[int, str]]]:
    """The cells of each row as (offset, text as written)."""
    separator = re.escape(_separator(_first_line(text)))
    cell = re.compile(rf'((?:[ \t]*"(?:[^"]|"")*")?[^{separator}\r\n]*)({separator}|\r?\n|\r|$)')
    row, at = [], 0
    while at < len(text):
        match = cell.match(text, at)
        if match is None:
            return
        row.append((at, match[1]))
        at = match.end()
        if not match[2].strip("\r\n"):
            yield row
            row = []
    if row:
        yield row


def _lead(written: str) -> int:
    match = re.match(r'[ \t]*"?[ \t]*', written)
    return match.end() if match else 0


CSV = Syntax("CSV", parse, positions)


class RowFields(YamlFields):
    """`Fields` of one row, whose cells are text. Messages name the column alone."""

    __slots__ = ()

    def issue(self, below, code: str, message: str, severity: str = "warning") -> None:
        """Note a fault at `below` this row (empty: the row itself); the column opens the message."""
        path = (*self.path, *below)
        self.issues.append(Issue(path, code, severity, f"{path_text(path[1:]) or 'The row'} {message}."))


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether a file's rows have a rule and a technique."""
    return isinstance(document, list) and (not document or any(map(_is_row, document)))


def _is_row(values: Any) -> bool:
    return isinstance(values, dict) and not _RULE_COLUMNS.isdisjoint(values) and not _TECHNIQUE_COLUMNS.isdisjoint(values)


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules of one table, in the order of their first rows.

    Codes: `no-rule` (error: a row without a rule's name, not kept), `bad-severity`, `bad-class`,
    `platform-unknown`, those of `Fields` (warnings).
    """
    grouped: dict[str, list[RowFields]] = {}
    for place, values in enumerate(document):
        if _is_row(values):
            row = RowFields(values, (place,), [])
            key = row.text("rule_id") or row.text("rule")
            if key is None:
                row.issue((), "no-rule", "names no rule, so it was not read", "error")
                yield Built(None, row.issues)
            else:
                grouped.setdefault(key, []).append(row)
    for nth, (key, rows) in enumerate(grouped.items()):
        yield _built(file, key, rows, nth)


def _built(file: RuleFile, key: str, rows: list[RowFields], nth: int) -> Built:
    first = rows[0]
    issues = first.issues
    return Built(Rule(
        rule_key=file.rule_key(nth), corpus=file.corpus, path=file.path, format=LOADER.id, rule_id=key,
        name=first.text("name") or first.text("rule") or key,
        rule_class=word_at(first, "class", CLASSES, missing="production", unknown="development"),
        enabled=first.flag("enabled"), severity=severity(first, "severity", SEVERITY_WORDS),
        risk_score=first.number("risk_score", 0, 100) if first.text("risk_score") else None,
        language=first.text("language"), platforms=_cells(rows, "platforms"), data_sources=_cells(rows, "data_sources"),
        tags=_cells(rows, "tags"), authors=names([first.text("author") or ""]), created=_day(first, "created"),
        updated=_day(first, "updated"), maturity=first.text("status"), description=first.text("description"),
        query=first.text("query"), references=_cells(rows, "references"), content_hash=file.content_hash,
    ), issues, [one for row in rows for one in _mapped(row)], (), first.text("version"))  # fmt: skip


def _day(row: RowFields, key: str):
    return row.day(key) if row.text(key) else None


def _cells(rows: list[RowFields], key: str) -> tuple[str, ...]:
    """The words in a column of some rows, in order, each once."""
    parts = (part for row in rows for part in re.split(r"\s*[;|,]\s*", row.text(key) or ""))
    return tuple(dict.fromkeys(part for part in parts if part))


def _mapped(row: RowFields) -> list[Mapped]:
    tactics = [(_tactic(text), (*row.path, "tactic")) for text in _split(row, "tactic")]
    key = "subtechnique" if row.text("subtechnique") else "technique"
    techniques = [(meant_id(text), (*row.path, key)) for text in _split(row, key)]
    return paired(tactics, techniques)


def _split(row: RowFields, key: str) -> list[str]:
    return [part for part in _PARTS.split(row.text(key) or "") if part]


def _tactic(text: str) -> dict[str, str | None]:
    return {"tactic_id": text.upper()} if re.fullmatch(r"(?i:TA)\d{4}", text) else {"tactic_name": text}


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """A table without rows: `no-rule` (note)."""
    if not len(document):
        yield Issue((), "no-rule", "note", "The table has a header and no rules.")


FORMAT = Format(rules, CSV, remarks)
LOADER = FORMAT.loader("table", "Table of rules (CSV)", (".csv", ".tsv"), sniff, meant, MAX_BYTES)
