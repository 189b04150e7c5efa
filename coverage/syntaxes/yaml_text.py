"""YAML text as a syntax: the documents it holds, the place of every value, and an entry as it is written.

Independent of rule formats.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from textwrap import dedent
from typing import Any

from coverage.syntaxes.scanned import Lines
from coverage.syntaxes.syntax import DocPath, Issue, Positions, Syntax, Unparsable, path_text
from coverage.syntaxes.yaml_places import Places
from coverage.syntaxes.yaml_scan import Documents, scan


def parse(text: str) -> Documents:
    """The documents of a YAML text, scalars as written. Raises Unparsable (`bad-yaml`) as `scan` does."""
    return scan(text)


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each value starts: document path -> 1-based (line, column), inside the quotes of a text.

    A path starts with the number of its document. A value that an alias or a merge repeats is where its
    anchor is; a mapping or list is where its first entry starts. Text that is not YAML gives nothing.

    Parameters
    ----------
    wanted
        The paths that are asked for, by default all of them.
    """
    places = Places(text, wanted)
    try:
        documents = scan(text, places)
    except Unparsable:
        return {}
    lines = Lines(text)
    return {path: lines.place(offset) for path, offset in places.of(documents).items()}


YAML = Syntax("YAML", parse, positions)


def block_text(text: str, documents: Any, place: int, key: str) -> str | None:
    """A document's top-level entry as it is written, without the blanks before its lines; None without
    one.
    """
    spans = getattr(documents, "spans", ())
    if place >= len(spans) or key not in spans[place]:
        return None
    start, end = spans[place][key]
    return dedent(text[start:end].rstrip()) or None


def duplicate_keys(documents: Any, place: int | None = None) -> Iterator[Issue]:
    """One warning `duplicate-key` a key written twice, of one document or of all."""
    for path in getattr(documents, "duplicates", ()):
        if place is None or path[0] == place:
            message = f"{path_text(path[1:])} is written more than once; the last one was read."
            yield Issue(path, "duplicate-key", "warning", message)
