"""One threat file: from its path to what it holds. Its format is recognised by content. Never raises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from coverage.loaders.given_files import given_bytes, problems_of
from coverage.loaders.sources import shown
from coverage.loaders.walk import Unreadable, text_of
from coverage.models import Problem
from coverage.syntaxes.csv_text import TABLE
from coverage.syntaxes.json_text import JSON
from coverage.syntaxes.syntax import Issue, Syntax, Unparsable
from coverage.syntaxes.yaml_text import YAML
from coverage.threats.files import dettect, mappings, misp, navigator, stix_bundle, table
from coverage.threats.files.seam import FileContent, ThreatFormat

FORMATS: tuple[ThreatFormat, ...] = (
    navigator.FORMAT,
    mappings.FORMAT,
    misp.FORMAT,
    stix_bundle.FORMAT,
    dettect.FORMAT,
    table.FORMAT,
)

_SYNTAX_OF: dict[str, tuple[Syntax, ...]] = {
    ".json": (JSON,),
    ".yaml": (YAML,),
    ".yml": (YAML,),
    ".csv": (TABLE,),
}
SUFFIXES = tuple(_SYNTAX_OF)


@dataclass
class ReadFile:
    """A file that was read: `path` as it is named in messages."""

    path: str
    content: FileContent = field(default_factory=FileContent)
    text: str = ""
    syntax: Syntax | None = None
    _fault: Problem | None = None

    def problems(self, more: Iterable[Issue] = ()) -> list[Problem]:
        """What is wrong with the file and, with `more`, with what it says; each with its line."""
        found = [self._fault] if self._fault else []
        return found + problems_of(self.path, [*self.content.issues, *more], self.syntax, self.text)


def read_file(
    path: Path,
    named: str | None = None,
    cves: frozenset[str] | None = None,
    content: bytes | None = None,
) -> ReadFile:
    """What a file holds. `named`: what it is called in messages, as whoever named it wrote it. `content`: of
    a file that lies in no folder.
    """
    read = ReadFile(shown(named or str(path)))
    syntaxes = _SYNTAX_OF.get(path.suffix.lower())
    if syntaxes is None:
        known = ", ".join(_SYNTAX_OF)
        return _failed(read, "unknown-format", f"Not read: a threat file's name ends in one of {known}.")
    try:
        text, warning = text_of(given_bytes(path, content))
        for syntax in syntaxes:
            document = syntax.parse(text)
            form = next((one for one in FORMATS if one.syntax is syntax and one.meant(document)), None)
            if form is not None:
                read.content, read.text, read.syntax = form.read(document, path.name, cves), text, syntax
                if warning is not None:
                    read.content.note((), warning.code, warning.severity, warning.message)
                return read
    except Unreadable as fault:
        return _failed(read, fault.code, fault.message, fault.line)
    except Unparsable as fault:
        return _failed(read, fault.code, fault.message, fault.line, fault.column)
    titles = ", ".join(form.title for form in FORMATS if form.syntax in syntaxes)
    return _failed(read, "unknown-format", f"Not read: it is none of {titles}.")


def _failed(
    read: ReadFile, code: str, message: str, line: int | None = None, column: int | None = None
) -> ReadFile:
    read._fault = Problem(read.path, line, column, None, code, "error", message)
    return read
