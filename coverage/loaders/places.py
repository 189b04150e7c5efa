"""Where the values of one rule file's mappings are in its text: line and column of an ID, a name, a tag.

Parses and scans the text once, when it is made. Knows the table of formats and no format itself: a leaf
whose document path ends in `id` is in nested tables (tactic -> technique -> sub-technique); any other
leaf is an entry of a flat list, where each field of the mapping is that entry. A value that is not
there (some formats name the tactic elsewhere) is looked for in the rest of the document. Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from coverage.formats.registry import LOADERS
from coverage.formats.seam import Loader
from coverage.syntaxes.syntax import DocPath, Unparsable, place_of

Place = tuple[int, int]  # 1-based line and column
TAGS = "tags"


class Places:
    """The places of one file's values.

    Parameters
    ----------
    text
        The file's text, as in `RuleDocument.text`.
    format_id
        The rules' `format`.
    """

    def __init__(self, text: str, format_id: str) -> None:
        self._text, self._loader = text, LOADERS.get(format_id)
        self._document = _parsed(self._loader, text)
        self._leaves: dict[int, Sequence[DocPath]] = {}

    def of(
        self, position: int | None, field: str | None = None, value: str | None = None, nth: int = 0
    ) -> Place | None:
        """Where a value of the mapping at `position` in the file's nth rule starts; None when it is
        unknown.

        Parameters
        ----------
        field
            Column of WRITTEN, or `tags` (for which `position` is not asked). Default: the leaf ID.
        value
            The value as in WRITTEN. Where the text there holds more (`attack.t1059` for `T1059`), the
            column is that of the value in it.
        """
        path = self._tag_path(value, nth) if field == TAGS else self._path(position, field, nth)
        place = self._place(path) if path else None
        if place is None or not value:
            return place
        column = self._aimed(place, value)
        if column is None and (elsewhere := self._place_of_value(value, path)):
            place, column = elsewhere, self._aimed(elsewhere, value)
        return (place[0], column or place[1])

    def _place(self, path: DocPath) -> Place | None:
        line, column = place_of(path, self._positions)
        return None if line is None or column is None else (line, column)

    def _aimed(self, place: Place, value: str) -> int | None:
        """The column of the value in the rest of the line, in upper or lower case."""
        line = self._lines[place[0] - 1] if place[0] <= len(self._lines) else ""
        found = line.lower().find(value.lower(), place[1] - 1)
        return found + 1 if found >= 0 else None

    def _place_of_value(self, value: str, near: DocPath) -> Place | None:
        """Where a value that is not at its mapping's own entry is: nearest to it, in the shortest text
        that holds it.
        """
        texts = {path: _value_at(self._document, path) for path in self._positions}
        wanted = value.casefold()
        found = [path for path, text in texts.items() if isinstance(text, str) and wanted in text.casefold()]
        return (
            self._place(max(found, key=lambda path: (_shared(path, near), -len(texts[path]))))
            if found
            else None
        )

    def _leaf_paths(self, nth: int) -> Sequence[DocPath]:
        if nth not in self._leaves:
            usable = self._loader is not None and self._document is not None
            self._leaves[nth] = self._loader.leaf_paths(self._document, nth) if usable else ()
        return self._leaves[nth]

    def _path(self, position: int | None, field: str | None, nth: int) -> DocPath | None:
        leaves = self._leaf_paths(nth)
        if position is None or not 0 <= position < len(leaves):
            return None
        return field_path(leaves[position], field) if field else leaves[position]

    def _tag_path(self, value: str | None, nth: int) -> DocPath | None:
        """The entry of the rule's own list of tags: of several lists, the one nearest to the rule's
        mapping.
        """
        found = [
            path
            for path in self._positions
            if path[-2:-1] == (TAGS,) and _value_at(self._document, path) == value
        ]
        leaf = next(iter(self._leaf_paths(nth)), ())
        return max(found, key=lambda path: _shared(path, leaf), default=None)

    @cached_property
    def _positions(self):
        return (
            self._loader.syntax.positions(self._text) if self._loader and self._document is not None else {}
        )

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.split("\n")


def _parsed(loader: Loader | None, text: str) -> Any:
    try:
        return loader.syntax.parse(text) if loader else None
    except Unparsable:
        return None


def field_path(leaf: DocPath, field: str) -> DocPath:
    """The document path of a field of WRITTEN beside a leaf: `technique_name` beside (..., "technique", 0,
    "id").
    """
    part, _, key = field.rpartition("_")
    if not leaf or leaf[-1] != "id" or part not in ("tactic", "technique", "subtechnique"):
        return leaf
    if part == "tactic":
        start = next((at for at in _places(leaf, "technique")), len(leaf) - 2)
        return (*leaf[:start], "tactic", key)
    at = next(iter(_places(leaf, part)), None)
    if at is None:
        return leaf
    end = at + 2 if isinstance(leaf[at + 1], int) else at + 1  # one table may stand instead of a list
    return (*leaf[:end], key)


def _places(path: DocPath, key: str) -> Iterator[int]:
    return (at for at in range(len(path) - 1, -1, -1) if path[at] == key)


def _value_at(document: Any, path: DocPath) -> Any:
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _shared(path: DocPath, other: DocPath) -> int:
    """How many parts two paths share from their start."""
    return next(
        (at for at, (a, b) in enumerate(zip(path, other, strict=False)) if a != b), min(len(path), len(other))
    )
