"""Where the values of a YAML text stand, logged while it is scanned, and how its lists are laid out.
Independent of rule formats.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import yaml

from coverage.syntaxes.syntax import DocPath

MAX_ANCHORED = 20_000  # places logged of values that an alias may repeat

_PROPERTIES = re.compile(r"(?:[!&][^\s,\[\]{}]*\s+)*")  # a tag or an anchor before the value
_BLOCK_HEAD = re.compile(r"[|>][^\n]*\n(?:[ \t]*\r?\n)*[ \t]*")


class Places:
    """Where values start, by path: of all values, or of the wanted ones and those that an alias may
    repeat.
    """

    def __init__(self, text: str, wanted: Collection[DocPath] | None = None):
        self._text = text
        self._wanted = None if wanted is None else set(wanted)
        self._of_anchors = 0
        self.log: list[tuple[DocPath, int]] = []  # in the order of the text
        self.dashes: dict[DocPath, int | None] = {}  # of a list: the 0-based column of its dashes, if any
        self.dynamic: set[DocPath] = set()  # top-level entries with an anchor, an alias or a tag in them

    def add(self, path: DocPath, event: Any, anchored: bool) -> None:
        """Log where the value of an event starts. `anchored`: an alias may repeat it."""
        if event.anchor is not None or event.tag is not None:
            self.dynamic.add(path[:2])
        if self._is_wanted(path, anchored):
            self.log.append((path, _start(event, self._text)))
            if type(event) is yaml.SequenceStartEvent:
                self.dashes[path] = None if event.flow_style else event.start_mark.column

    def repeat(
        self,
        path: DocPath,
        of: DocPath,
        places: tuple[int, int],
        anchored: bool,
        keys: Collection | None = None,
    ) -> None:
        """Log the places of what is at the path `of` below another path, perhaps of some keys alone."""
        self.dynamic.add(path[:2])
        for below, offset in self.log[slice(*places)]:
            rest = below[len(of) :]
            meant = below[: len(of)] == of and (keys is None or (rest and rest[0] in keys))
            if meant and self._is_wanted((*path, *rest), anchored):
                self.log.append(((*path, *rest), offset))

    def _is_wanted(self, path: DocPath, anchored: bool) -> bool:
        if self._wanted is None or path in self._wanted:
            return True
        self._of_anchors += anchored
        return anchored and self._of_anchors <= MAX_ANCHORED

    def of(self, values: list) -> dict[DocPath, int]:
        """The places of what `values` hold: of a key written twice, and of a merge, as `parse` keeps them."""
        return {path: offset for path, offset in self.log if _holds(values, path)}


def _holds(values: Any, path: DocPath) -> bool:
    for part in path:
        if isinstance(values, dict):
            if part not in values:
                return False
        elif not isinstance(values, list) or not isinstance(part, int) or part >= len(values):
            return False
        values = values[part]
    return True


def _start(event: Any, text: str) -> int:
    start = event.start_mark.index
    if type(event) is not yaml.ScalarEvent:
        return start
    match = _PROPERTIES.match(text, start)
    start = match.end() if match and event.value else start
    if event.style in ("'", '"'):
        return start + 1
    head = _BLOCK_HEAD.match(text, start) if event.style in ("|", ">") else None
    return head.end() if head else start
