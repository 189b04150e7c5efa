"""An ATT&CK Navigator layer as a list of what is needed: a score is a weight.

In a layer with scores an entry without one, or with 0, is named and not needed. In a layer without any score
the entries that somebody coloured or commented count alike; where none is, all do.
"""

from __future__ import annotations

from typing import Any

from coverage.syntaxes.fields import text_at
from coverage.syntaxes.json_text import JSON, each
from coverage.syntaxes.syntax import DocPath
from coverage.threats.files.seam import (
    FileContent,
    FileMember,
    ThreatFormat,
    WrittenUse,
    tables_at,
    weight_of,
)


def _meant(document: Any) -> bool:
    return any(map(_is_layer, (value for value, _ in each(document))))


def _is_layer(value: Any) -> bool:
    entries = value.get("techniques") if isinstance(value, dict) else None
    return isinstance(entries, list) and any(
        isinstance(one, dict) and "techniqueID" in one for one in entries
    )


def _read(document: Any, name: str, cves: frozenset[str] | None) -> FileContent:
    content = FileContent()
    for value, path in each(document):
        if _is_layer(value):
            content.members.append(_layer(value, path, name, content))
    return content


def _layer(layer: dict, path: DocPath, name: str, content: FileContent) -> FileMember:
    entries = []
    for entry, place in tables_at(layer, "techniques", path):
        if text_at(entry, "techniqueID") is None:
            content.note(place, "no-id", "warning", "has no techniqueID, so it names nothing")
        else:
            entries.append((entry, place))
    scored = any(entry.get("score") is not None for entry, _ in entries)
    marked = any(_is_marked(entry) for entry, _ in entries)
    member = FileMember(text_at(layer, "name") or name, "layer", path)
    for entry, place in entries:
        if entry.get("enabled") is False:
            weight = 0.0
        elif scored:
            weight = _score(entry, place, content)
        else:
            weight = float(_is_marked(entry) or not marked)
        member.uses.append(WrittenUse(text_at(entry, "techniqueID") or "", (*place, "techniqueID"), weight))
    return member


def _is_marked(entry: dict) -> bool:
    return bool(text_at(entry, "color") or text_at(entry, "comment"))


def _score(entry: dict, place: DocPath, content: FileContent) -> float:
    if entry.get("score") is None:
        return 0.0
    score = weight_of(entry["score"])
    if score is None:
        content.note((*place, "score"), "wrong-type", "warning", "is no number, so nothing is needed by it")
    return max(score or 0.0, 0.0)


FORMAT = ThreatFormat("ATT&CK Navigator layer", JSON, _meant, _read)
