"""A plain table of rules: CSV with a header that names a rule and a technique column.

    rule,technique_id,tactic,name,severity,platforms,class,enabled
    SSH brute force,T1110.001; T1110.003,credential-access,,high,Linux,production,yes

One row a mapping, or several IDs in one cell; rows of one rule are put together, and the first row's other
values count. A separator may be a comma, a semicolon or a tab, or the one in Excel's line `sep=`. Every other
CSV is skipped: the two columns must be there. Independent of ATT&CK releases and of what counts as covered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from coverage.formats.outcome import (
    SEVERITY_WORDS,
    Built,
    Format,
    Mapped,
    id_part,
    meant_id,
    names,
    paired,
    rule_of,
    severity,
    word_at,
)
from coverage.formats.seam import Context, RuleFile
from coverage.formats.unread import named_texts
from coverage.models import LoadResult
from coverage.syntaxes import csv_text as _csv
from coverage.syntaxes.scanned import Lines
from coverage.syntaxes.syntax import DocPath, Issue, Kept, Parsed, Positions, Syntax, path_text
from coverage.syntaxes.written_fields import YamlFields
from coverage.vocabulary import RULE_CLASSES, parent_of

MAX_BYTES = 12_000_000  # a hundred thousand rows; more are not read in 5 s

# Header words (letters and digits alone count, without MITRE's name before them) -> the column they mean
# here.
COLUMNS = {
    "rule": "rule",
    "rulename": "rule",
    "detection": "rule",
    "detectionname": "rule",
    "ruleid": "rule_id",
    "techniqueid": "technique",
    "technique": "technique",
    "techniques": "technique",
    "techniqueids": "technique",
    "mitreid": "technique",
    "mitreattack": "technique",
    "mitreattackid": "technique",
    "mitreattackids": "technique",
    "mitre": "technique",
    "ttp": "technique",
    "ttps": "technique",
    "attackid": "technique",
    "attackids": "technique",
    "subtechnique": "subtechnique",
    "subtechniques": "subtechnique",
    "subtechniqueid": "subtechnique",
    "subtechniqueids": "subtechnique",
    "tactic": "tactic",
    "tacticid": "tactic",
    "tactics": "tactic",
    "tacticids": "tactic",
    "name": "name",
    "title": "name",
    "severity": "severity",
    "level": "severity",
    "platforms": "platforms",
    "platform": "platforms",
    "class": "class",
    "ruleclass": "class",
    "enabled": "enabled",
    "status": "status",
    "description": "description",
    "query": "query",
    "language": "language",
    "datasource": "data_sources",
    "datasources": "data_sources",
    "logsource": "data_sources",
    "logsources": "data_sources",
    "author": "author",
    "created": "created",
    "date": "created",
    "updated": "updated",
    "modified": "updated",
    "tags": "tags",
    "references": "references",
    "reference": "references",
    "attackversion": "version",
    "riskscore": "risk_score",
    "count": "count",
    "total": "count",
    "value": "count",
}
CLASSES = {name: name for name in RULE_CLASSES} | {"building block": "building_block", "hunting": "hunt"}
_SEPARATORS = re.compile(r"[;|,\r\n]")
_MITRE = re.compile(r"^(?:mitre)?(?:attack)?(?=tactic|technique|subtechnique)")
_CODE = re.compile(r"(?<![\w.])(?:AML\.)?TA?\d{3}\w*(?:[./-]\d\w*)*", re.IGNORECASE)  # what is meant as an ID
_TECHNIQUE_COLUMNS = frozenset({"technique", "subtechnique"})
_MAPPED_COLUMNS = frozenset({*_TECHNIQUE_COLUMNS, "tactic"})
_NOTHING = frozenset({"-", "–", "n/a", "na", "none", "null", "nan"})
# The number of a sub-technique without its technique: `001`, `.001`, `1` or `1.0` as spreadsheets write it.
_NUMBER = re.compile(r"\.?(?P<digits>\d{1,3})(?:\.0)?(?=\s*(?:$|[:(–-]))")
_RULE_COLUMNS = frozenset({"rule", "rule_id"})


def columns_of(header: list[str]) -> dict[str, int]:
    """Which column of a header means what. Of two that mean the same, the one named after an ID counts, then
    the first.
    """
    found: dict[str, int] = {}
    words = enumerate(map(_column_word, header))
    for place, word in sorted(words, key=lambda column: not column[1].endswith(("id", "ids"))):
        if meaning := COLUMNS.get(word):
            found.setdefault(meaning, place)
    return found


def _column_word(text: str) -> str:
    return _MITRE.sub("", re.sub(r"[^a-z0-9]", "", text.lower().replace("att&ck", "attack")))


def meant(text: str) -> bool:
    """Whether a text's first row names a rule and a technique column."""
    found = columns_of(_csv.header(text))
    return not _RULE_COLUMNS.isdisjoint(found) and not _TECHNIQUE_COLUMNS.isdisjoint(found)


class Rows(Parsed):
    """The rows of a table after its header, each as column -> text; `faults` has what is wrong with the
    text.
    """

    def __init__(self, values: Iterable[dict[str, str]] = (), faults: Iterable[Issue] = (), more: int = 0):
        super().__init__(list(values))
        self.faults = Kept()
        self.faults += faults
        self.faults.more += more


def parse(text: str) -> Rows:
    """The rows of a table. A row that ends early lacks the columns after its end."""
    rows, faults = _csv.read(text, _values)
    lines = _lines(text) if faults else None
    issues = [Issue((), "bad-csv", *fault, lines.place(offset)) for offset, *fault in faults]
    return Rows(rows, issues, faults.more)


def _values(rows: Iterable[list[str]]) -> list[dict[str, str]]:
    filled = (row for row in rows if any(cell.strip() for cell in row))
    places = columns_of(next(filled, []))
    return [
        {name: row[place].strip() for name, place in places.items() if place < len(row)} for row in filled
    ]


def _lines(text: str) -> Lines:
    """The lines of a text; where no line ends otherwise, a carriage return ends it."""
    return Lines(text if "\n" in text else text.replace("\r", "\n"))


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each row, and each of its cells by column, starts, inside the quotes of a text.

    `wanted`: the paths that are asked for, by default all.
    """
    last = None if wanted is None else max((path[0] for path in wanted), default=-1)
    lines = _lines(text)
    rows = (row for row in _csv.scanned(text) if any(cell.value.strip() for cell in row))
    places = columns_of([cell.value for cell in next(rows, [])])
    found: dict[DocPath, tuple[int, int]] = {}
    for nth, row in enumerate(rows):
        if last is not None and nth > last:
            break
        if wanted is not None and (nth,) not in wanted:
            continue
        found[(nth,)] = lines.place(row[0].start)
        found |= {
            (nth, name): lines.place(row[place].start) for name, place in places.items() if place < len(row)
        }
    return found


CSV = Syntax("CSV", parse, positions)


class RowFields(YamlFields):
    """`Fields` of one row, whose cells are text. Messages name the column alone."""

    __slots__ = ()

    def issue(self, below, code: str, message: str, severity: str = "warning") -> None:
        """Add a fault at `below` this row (empty: the row itself); the column opens the message."""
        path = (*self.path, *below)
        self.issues.append(Issue(path, code, severity, f"{path_text(path[1:]) or 'The row'} {message}."))


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether a file's rows are rules: any are, unless they count something and name no ID."""
    if not isinstance(document, list):
        return False
    rows = [values for values in document if isinstance(values, dict)]
    return bool(rows or not document) and not _is_measurement(rows)


def _is_measurement(rows: list[dict]) -> bool:
    """Whether rows have a count, and techniques that are not ATT&CK's: a table of what happened how
    often.

    The word `technique` alone means anything. A table that counts the alerts of rules with their IDs still
    lists rules; one without a count whose techniques are names is kept and reported.
    """
    return any("count" in row for row in rows) and not any(_names_an_id(row) for row in rows)


def _names_an_id(row: dict) -> bool:
    return any(_CODE.search(str(row.get(key))) for key in _TECHNIQUE_COLUMNS)


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules of one table, in the order of their first rows. A rule without an ID is known by its name.

    Codes: `no-rule` (error: a row without a rule's name, not kept), `bad-csv` (a row that ends early),
    `bad-severity`, `bad-class`, `platform-unknown`, those of `Fields` (warnings).
    """
    grouped: dict[str, list[RowFields]] = {}
    for place, values in enumerate(document):
        if not isinstance(values, dict):
            continue
        row = RowFields(values, (place,), [])
        key = row.text("rule_id") or row.text("rule")
        if key is None:
            row.issue((), "no-rule", "has no rule name or ID, so it was not read", "error")
            yield Built(None, row.issues)
        else:
            grouped.setdefault(key, []).append(row)
    for nth, (key, rows) in enumerate(grouped.items()):
        yield _built(file, key, rows, nth)


def _built(file: RuleFile, key: str, rows: list[RowFields], nth: int) -> Built:
    first = rows[0]
    mapped = [one for row in rows for one in _mapped(row)]
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=first.text("rule_id"),
            name=first.text("name") or first.text("rule") or key,
            rule_class=word_at(first, "class", CLASSES, missing="production", unknown="development"),
            enabled=first.flag("enabled"),
            severity=severity(first, "severity", SEVERITY_WORDS),
            risk_score=first.number("risk_score", 0, 100) if first.text("risk_score") else None,
            language=first.text("language"),
            platforms=_cells(rows, "platforms"),
            data_sources=_cells(rows, "data_sources"),
            tags=_cells(rows, "tags"),
            authors=names([first.text("author") or ""]),
            created=_day(first, "created"),
            updated=_day(first, "updated"),
            maturity=first.text("status"),
            description=first.text("description"),
            query=first.text("query"),
            references=_cells(rows, "references"),
        ),
        [issue for row in rows for issue in row.issues],
        mapped,
        (),
        first.text("version"),
        (one for row in rows for one in named_texts(row.values, row.path)),
    )


def _day(row: RowFields, key: str):
    return row.day(key) if row.text(key) else None


def _cells(rows: list[RowFields], key: str) -> tuple[str, ...]:
    """The words in a column of some rows, in order, each once."""
    return tuple(dict.fromkeys(part for row in rows for part in _split(row, key)))


def _mapped(row: RowFields) -> list[Mapped]:
    if _TECHNIQUE_COLUMNS.isdisjoint(row.values):
        row.issue((), "bad-csv", "ends before its technique, so it maps nothing")
    tactics = [(one, (*row.path, "tactic")) for part in _split(row, "tactic") for one in _tactics(part)]
    return paired(tactics, _techniques(row))


def _techniques(row: RowFields) -> list[Mapped]:
    """The sub-techniques of a row, after the techniques that are not the way to one of them."""
    ways = [one for part in _split(row, "technique") for one in _meant_ids(part)]
    below = _subtechniques(_split(row, "subtechnique"), ways)
    parents = {parent_of(one.upper()) for one in below}
    own = [
        one for one in ways if one.upper() not in {*parents, *below} and (not below or _CODE.fullmatch(one))
    ]
    return [
        (meant_id(one), (*row.path, key))
        for key, ids in (("technique", own), ("subtechnique", below))
        for one in ids
    ]


def _subtechniques(parts: list[str], ways: list[str]) -> list[str]:
    """The IDs in the column for sub-techniques, where a number alone belongs to the technique beside it.

    Several numbers belong to one technique, or each to its own; otherwise a number stays as it is
    written.
    """
    bases = [one.upper().partition(".")[0] for one in ways if id_part(one)]
    bases = bases * len(parts) if len(bases) == 1 else bases
    found: list[str] = []
    for nth, part in enumerate(parts):
        number = _NUMBER.match(part)
        if number and len(bases) == len(parts):
            found.append(f"{bases[nth]}.{int(number['digits']):03d}")
        else:
            found += [
                one.upper().replace("/", ".") if id_part(one.replace("/", ".")) else one
                for one in _meant_ids(part)
            ]
    return found


def _split(row: RowFields, key: str) -> list[str]:
    parts = (part.strip() for part in _SEPARATORS.split(row.text(key) or ""))
    return [part for part in parts if part and not (key in _MAPPED_COLUMNS and part.lower() in _NOTHING)]


def _meant_ids(part: str) -> list[str]:
    """What one part of a cell names: the IDs in it, a mistaken one among them too; without any, the part
    itself.
    """
    codes = [part] if id_part(part) else _CODE.findall(part)
    return codes if any(map(id_part, codes)) else [part]


@lru_cache(maxsize=4096)
def _tactics(part: str) -> tuple[Mapping[str, str | None], ...]:
    codes = [code.upper() for code in _CODE.findall(part) if re.fullmatch(r"(?i:TA)\d{4}", code)]
    return tuple({"tactic_id": code} for code in codes) or ({"tactic_name": part},)


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Text that is not valid CSV: `bad-csv` (error or warning). A table without rows: `no-rule` (note)."""
    yield from getattr(document, "faults", ())
    if not len(document):
        yield Issue((), "no-rule", "note", "The table has a header but no rules.")


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    return f"{attack_id} in the column {'tactic' if attack_id.startswith('TA') else 'technique_id'}"


FORMAT = Format(rules, CSV, remarks, _meant)
LOADER = FORMAT.loader("table", "Table of rules (CSV)", (".csv", ".tsv"), sniff, meant, MAX_BYTES)
