"""One file of an inventory: from its path to what it holds. Its content tells its format. Never raises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coverage.inventory.files import dettect, elastic, own, sentinel, splunk
from coverage.inventory.files.seam import FileContent, InventoryFormat, WrittenRow, header_of, place_text
from coverage.loaders.given_files import given_bytes, problems_of
from coverage.loaders.sources import shown
from coverage.loaders.walk import Unreadable, text_of
from coverage.models import Problem
from coverage.syntaxes.csv_text import TABLE
from coverage.syntaxes.json_text import JSON
from coverage.syntaxes.lines_text import LINES
from coverage.syntaxes.syntax import Issue, Syntax, Unparsable
from coverage.syntaxes.yaml_text import YAML

# The first that recognises a document reads it.
FORMATS: tuple[InventoryFormat, ...] = (
    *splunk.FORMATS,
    *sentinel.FORMATS,
    *own.FORMATS,
    *elastic.FORMATS,
    *dettect.FORMATS,
)
_SYNTAX_OF: dict[str, tuple[Syntax, ...]] = {
    ".json": (JSON,),
    ".ndjson": (JSON,),
    ".jsonl": (JSON,),
    ".yaml": (YAML,),
    ".yml": (YAML,),
    ".csv": (TABLE,),
    ".tsv": (TABLE,),
}
_OF_LINES = (TABLE, LINES)


@dataclass
class ReadFile:
    """A file that was read: `path` as it is named in messages."""

    path: str
    content: FileContent = field(default_factory=FileContent)
    text: str = ""
    form: InventoryFormat | None = None
    _fault: Problem | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all of the file was understood, so that what it leaves out can be said not to arrive."""
        return self.form is not None and not any(issue.severity == "error" for issue in self.content.issues)

    def places(self) -> list[str]:
        """Where each row is: the line of a table, the path of a value in a document."""
        if self.form is None:
            return []
        of_lines = self.form.syntax in _OF_LINES
        lines = self.form.syntax.positions(self.text) if of_lines else {}
        return [place_text(row.path, of_lines, lines.get(row.path, (None,))[0]) for row in self.content.rows]

    def problems(self) -> list[Problem]:
        """What is wrong with the file, each with its line."""
        found = [self._fault] if self._fault else []
        return found + problems_of(
            self.path, self.content.issues, self.form.syntax if self.form else None, self.text
        )


def read_file(path: Path, named: str | None = None, content: bytes | None = None) -> ReadFile:
    """What a file holds. `named`: what it is called in messages, as whoever named it wrote it. `content`: of
    a file that lies in no folder.
    """
    read = ReadFile(shown(named or str(path)))
    try:
        text, warning = text_of(given_bytes(path, content))
        syntaxes = _syntaxes(path, text)
        for syntax in syntaxes:
            document = syntax.parse(text)
            form = next((one for one in FORMATS if one.syntax is syntax and one.meant(document)), None)
            if form is not None:
                read.content, read.text, read.form = form.read(document), text, form
                read.content.rows, repeated = _once(read.content.rows)
                read.content.issues += [*_faults_of(document), *repeated]
                if warning is not None:
                    at = None if warning.line is None else (warning.line, None)
                    read.content.issues.append(Issue((), warning.code, warning.severity, warning.message, at))
                if not read.content.rows and not read.content.issues:
                    read.content.note((), "no-rows", "warning", "The file names no data.")
                return read
    except Unreadable as fault:
        return _failed(read, fault.code, fault.message, fault.line, severity=fault.severity)
    except Unparsable as fault:
        return _failed(read, fault.code, fault.message, fault.line, fault.column)
    return _failed(read, "unknown-format", _unknown(syntaxes, document))


def read_document(path: Path) -> list[object]:
    """The YAML documents of a file; none where it cannot be read."""
    try:
        return YAML.parse(text_of(given_bytes(path))[0])
    except (Unreadable, Unparsable):
        return []


def _syntaxes(path: Path, text: str) -> tuple[Syntax, ...]:
    known = _SYNTAX_OF.get(path.suffix.lower())
    if known is not None:
        return known
    return (JSON,) if text.lstrip()[:1] in ("{", "[") else (TABLE, LINES)


def _unknown(syntaxes: Sequence[Syntax], document: object) -> str:
    titles = dict.fromkeys(form.title for form in FORMATS if form.syntax in syntaxes)
    message = f"Not read: it is none of {', '.join(titles)}."
    if TABLE in syntaxes and (columns := header_of(document)[1] if LINES not in syntaxes else ()):
        names = ", ".join(name[:40] for name in sorted(columns, key=columns.get)[:12])
        message += f" Its columns are {names}."
    return shown(message)


def _faults_of(document: object) -> list[Issue]:
    """Lines that are not JSON among lines of JSON."""
    return [
        Issue((), "bad-json", "error", message, (line, column))
        for line, column, message in getattr(document, "faults", ())
    ]


def _once(rows: Iterable[WrittenRow]) -> tuple[list[WrittenRow], list[Issue]]:
    """The rows without those that say the very same as one before, and a note on each of these."""
    kept: dict[tuple, WrittenRow] = {}
    issues = []
    for row in rows:
        key = tuple(getattr(row, name) for name in WrittenRow.__dataclass_fields__ if name != "path")
        if key in kept:
            message = f"'{row.words[0][1][:60]}' is listed twice with the same values; it counts once."
            issues.append(Issue(row.path, "duplicate-row", "note", message))
        else:
            kept[key] = row
    return list(kept.values()), issues


def _failed(
    read: ReadFile,
    code: str,
    message: str,
    line: int | None = None,
    column: int | None = None,
    severity: str = "error",
) -> ReadFile:
    read._fault = Problem(read.path, line, column, None, code, severity, message)
    return read
