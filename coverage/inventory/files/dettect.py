"""DeTT&CT's data source administration (YAML): data components and its own sources, for which systems they
are there, and how good they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from coverage.inventory.files.seam import (
    Cells,
    FileContent,
    InventoryFormat,
    WrittenRow,
    number_of,
    short,
    texts_of,
)
from coverage.inventory.frames import ARRIVES, MISSING
from coverage.syntaxes.fields import text_at
from coverage.syntaxes.syntax import DocPath
from coverage.syntaxes.yaml_text import YAML

FILE_TYPE = "data-source-administration"
ALL = "all"
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")  # YAML's words, as the syntax leaves them
# Dimension of quality -> how often it counts, after DeTT&CT's own score.
QUALITY = {
    "device_completeness": 2,
    "data_field_completeness": 2,
    "timeliness": 1,
    "consistency": 1,
    "retention": 2,
}
BEST = 5


@dataclass(frozen=True)
class System:
    """A system of a file: its name, and its ATT&CK platforms (empty: any)."""

    name: str
    platforms: tuple[str, ...] = ()


def systems_of(document: Any) -> tuple[System, ...]:
    """The systems that an administration names."""
    found = document.get("systems") if isinstance(document, dict) else None
    systems = []
    for one in found if isinstance(found, list) else ():
        name = text_at(one, "applicable_to") if isinstance(one, dict) else None
        if name is not None:
            platforms = texts_of(one.get("platform"))
            named = () if ALL in (text.lower() for text in platforms) else platforms
            systems.append(System(name, named))
    return tuple(systems)


def is_administration(one: Any) -> bool:
    """Whether a YAML document is a data source administration."""
    return isinstance(one, dict) and str(one.get("file_type")).strip() == FILE_TYPE


def _meant(document: Any) -> bool:
    return any(map(is_administration, document))


def _read(document: Any) -> FileContent:
    content, systems = FileContent(), []
    for place, one in enumerate(document):
        if is_administration(one):
            _File(one, (place,), content).take()
            systems += systems_of(one)
    content.platforms = _platforms(systems)
    return content


def _platforms(systems: Iterable[System]) -> tuple[str, ...]:
    """The platforms of some systems; none where one of them is of any."""
    found = [system.platforms for system in systems]
    return tuple(dict.fromkeys(name for names in found for name in names)) if all(found) else ()


class _File:
    """One administration while it is read."""

    def __init__(self, document: dict, path: DocPath, content: FileContent):
        self.document, self.path, self.content = document, path, content
        self.systems = {one.name.lower(): one for one in systems_of(document)}

    def take(self) -> None:
        sources = self.document.get("data_sources")
        if not isinstance(sources, list):
            self.content.note(self.path, "wrong-type", "error", "The file has no list data_sources.")
            return
        for nth, source in enumerate(sources):
            self._source(source, (*self.path, "data_sources", nth))

    def _source(self, source: Any, path: DocPath) -> None:
        name = text_at(source, "data_source_name") if isinstance(source, dict) else None
        if name is None:
            self.content.note(path, "no-name", "warning", "The entry has no data_source_name.")
            return
        details = source.get("data_source")
        if not isinstance(details, list):
            # Version 1.0 has the details beside the name.
            self.content.rows.append(self._row(name, source, path))
            return
        for nth, detail in enumerate(details):
            place = (*path, "data_source", nth)
            if isinstance(detail, dict):
                self.content.rows.append(self._row(name, detail, place))
            else:
                self.content.note(place, "wrong-type", "warning", f"{name}: the entry is not a mapping.")

    def _row(self, name: str, detail: dict, path: DocPath) -> WrittenRow:
        systems = self._systems(detail, path)
        return WrittenRow(
            (("dettect", name),),
            path,
            platforms=_platforms(systems),
            systems=tuple(system.name for system in systems),
            quality=self._quality(detail.get("data_quality"), (*path, "data_quality")),
            state=ARRIVES if self._available(detail, path) else MISSING,
        )

    def _systems(self, detail: dict, path: DocPath) -> list[System]:
        named = texts_of(detail.get("applicable_to")) or (ALL,)
        if ALL in (text.lower() for text in named):
            return list(self.systems.values())
        found = []
        for text in named:
            if text.lower() in self.systems:
                found.append(self.systems[text.lower()])
            else:
                message = f"{short(text)} is not one of the file's systems, so no platform of it is known."
                self.content.note((*path, "applicable_to"), "unknown-system", "warning", message)
                found.append(System(text))
        return found

    def _available(self, detail: dict, path: DocPath) -> bool:
        value = detail.get("available_for_data_analytics")
        word = str(value).strip().lower()
        if value is not None and word not in (*_YES, *_NO):
            message = f"{short(value)} is neither true nor false, so it does not count as available."
            self.content.note((*path, "available_for_data_analytics"), "wrong-type", "warning", message)
        return word in _YES

    def _quality(self, scores: Any, path: DocPath) -> float | None:
        if not isinstance(scores, dict):
            return None
        total = 0.0
        for name, weight in QUALITY.items():
            value = scores.get(name)
            number = Cells({name: value}, (*path, name), self.content).number(name)
            if number is not None and number > BEST:
                message = f"{name} is {short(value)}, more than {BEST}, so it counts {BEST}."
                self.content.note((*path, name), "bad-number", "warning", message)
            total += weight * min(number or 0.0, BEST)
        return total / sum(QUALITY.values())


def has_quality(detail: Any) -> bool:
    """Whether any score of quality is more than 0: DeTT&CT counts no other data source."""
    scores = detail.get("data_quality") if isinstance(detail, dict) else None
    return isinstance(scores, dict) and any((number_of(scores.get(name)) or 0) > 0 for name in QUALITY)


FORMATS = (InventoryFormat("DeTT&CT data source administration", YAML, _meant, _read),)
