"""XML text without a single root, as Wazuh writes it: its elements, and the place of every text.

The text is wrapped in one root before expat reads it, so that a document type, and with it any entity of the
file's own, is a syntax error: nothing can expand or reach out. A lone `&`, and `<` after a backslash, are
text, and a comment may hold `--`, as Wazuh reads them. Independent of rule formats.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from xml.parsers import expat

from coverage.syntaxes import budget
from coverage.syntaxes.scanned import Lines, Scanned
from coverage.syntaxes.syntax import DocPath, Positions, Syntax, Unparsable, afford_signs, afford_time

MAX_DEPTH = 100
MAX_BYTES = 16_000_000
MAX_SIGNS = 1_000_000  # expat reports each tag, entity and line
_ROOT = "wrapped"
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_LONE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)")
_ESCAPED = re.compile(r"(?<=\\)<")
_SKIPPED = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL
)  # closed or not, so each is looked at once
_AMPERSAND, _LESS = "\ue000", "\ue001"  # stand in for a sign, so that no column moves


def parse(text: str) -> Scanned:
    """The elements of a text in order: {tag, attributes, text, children}; `spans` of each by its path.

    Raises
    ------
    Unparsable
        Code `bad-xml`, with the line and column where expat stopped; also beyond MAX_DEPTH. `too-costly` for
        more elements than the budget of the text's size allows.
    """
    afford_signs(text, budget.XML_SIGNS)
    afford_time(sum(map(text.count, "<&\n=")), MAX_SIGNS, "tags, entities, attributes and lines")
    return _Builder(text).elements()


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each element's text starts (of an empty one: the element), by its path; nothing for text that is
    not XML.

    `wanted`: the paths that are asked for, by default all.
    """
    try:
        found = parse(text)
    except Unparsable:
        return {}
    lines = Lines(text)
    return {
        path: lines.place(offset)
        for path, offset in found.offsets.items()
        if wanted is None or path in wanted
    }


XML = Syntax("XML", parse, positions)


class _Builder:
    """One run of expat over one text."""

    def __init__(self, text: str):
        declaration = _DECLARATION.match(text)
        blank = re.sub(r"[^\n]", " ", declaration[0]) if declaration else ""
        self.text = blank + text[len(blank) :]
        self.found = Scanned()
        self.starts = [0]
        self.open: list[tuple[dict[str, Any], DocPath, int, list[str]]] = []  # the last: its text, in parts
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = False  # a buffered text is reported where it ends, not where it starts
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def elements(self) -> Scanned:
        safe = _SKIPPED.sub(_skipped, _ESCAPED.sub(_LESS, _LONE.sub(_AMPERSAND, self.text)))
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        try:
            self.parser.Parse(f"<{_ROOT}>\n{safe}</{_ROOT}>", True)
        except expat.ExpatError as error:
            message = f"Not valid XML: {expat.ErrorString(error.code)}."
            raise Unparsable("bad-xml", message, max(error.lineno - 1, 1), error.offset + 1) from error
        except (ValueError, UnicodeError) as error:
            raise Unparsable("bad-xml", f"Not readable as XML: {error}.") from error
        return self.found

    def _offset(self) -> int:
        line = min(self.parser.CurrentLineNumber - 2, len(self.starts) - 1)
        return self.starts[max(line, 0)] + self.parser.CurrentColumnNumber

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.open and tag == _ROOT and not self.found.known.get("root"):
            self.found.known["root"] = True
            return
        if len(self.open) >= MAX_DEPTH:
            raise Unparsable(
                "bad-xml",
                f"Not readable as XML: nested more than {MAX_DEPTH} levels deep.",
                self.parser.CurrentLineNumber - 1,
                self.parser.CurrentColumnNumber + 1,
            )
        holder, below = (
            (self.open[-1][0]["children"], (*self.open[-1][1], "children")) if self.open else (self.found, ())
        )
        attributes = {_unmasked(key): _unmasked(value) for key, value in attributes.items()}
        element = {"tag": tag, "attributes": attributes, "text": "", "children": []}
        path = (*below, len(holder))
        holder.append(element)
        self.found.offsets[path] = self._offset()
        self.open.append((element, path, self._offset(), []))

    def _end(self, tag: str) -> None:
        if self.open:
            element, path, start, parts = self.open.pop()
            element["text"] = _unmasked("".join(parts)).strip()
            self.found.spans[path] = (start, self._offset() + len(tag) + 3)

    def _characters(self, data: str) -> None:
        if not self.open:
            return
        _, path, _, parts = self.open[-1]
        if data.strip():
            lead = len(data) - len(data.lstrip())
            self.found.offsets.setdefault((*path, "text"), self._offset() + lead)
        parts.append(data)


def _unmasked(text: str) -> str:
    return text.replace(_AMPERSAND, "&").replace(_LESS, "<")


def _skipped(match: re.Match) -> str:
    """A comment as blanks, as long as it was and over as many lines; CDATA as it is."""
    found = match[0]
    if found.startswith("<!["):
        return found
    if len(found) < len("<!---->") or not found.endswith("-->"):
        raise Unparsable(
            "bad-xml", "Not valid XML: a comment is not closed.", *Lines(match.string).place(match.start())
        )
    return "<!--" + "\n".join(" " * len(line) for line in found[4:-3].split("\n")) + "-->"
