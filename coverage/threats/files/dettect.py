"""DeTT&CT's group administration (YAML): groups with the IDs they use, as a list or with a count each."""

from __future__ import annotations

from typing import Any

from coverage.syntaxes.fields import text_at
from coverage.syntaxes.syntax import DocPath
from coverage.syntaxes.yaml_text import YAML
from coverage.threats.files.seam import (
    FileContent,
    FileMember,
    ThreatFormat,
    WrittenUse,
    tables_at,
    weight_of,
)

_FILE_TYPE = "group-administration"
_OFF = ("false", "no", "off")  # YAML's words, as the syntax leaves them


def _meant(document: Any) -> bool:
    return any(isinstance(one, dict) and one.get("file_type") == _FILE_TYPE for one in document)


def _read(document: Any, name: str, cves: frozenset[str] | None) -> FileContent:
    content = FileContent()
    for place, one in enumerate(document):
        if isinstance(one, dict) and one.get("file_type") == _FILE_TYPE:
            for group, path in tables_at(one, "groups", (place,)):
                _group(group, path, name, content)
    return content


def _group(group: dict, path: DocPath, name: str, content: FileContent) -> None:
    title = text_at(group, "group_name") or name
    campaign = text_at(group, "campaign")
    member = FileMember(f"{title} ({campaign})" if campaign else title, "group", path)
    member.uses = _uses(group.get("technique_id"), (*path, "technique_id"), content)
    software, place = group.get("software_id"), (*path, "software_id")
    values = software if isinstance(software, list) else list(software) if isinstance(software, dict) else ()
    member.software = [
        (one.strip(), (*place, nth)) for nth, one in enumerate(values) if type(one) is str and one.strip()
    ]
    enabled = group.get("enabled", "true")
    if enabled is False or str(enabled).strip().lower() in _OFF:
        left_out = ", ".join([use.text for use in member.uses] + [text for text, _ in member.software])
        content.note(
            path, "threat-disabled", "note", f"{member.name} is not enabled, so it is left out: {left_out}."
        )
    elif member.uses or member.software:
        content.members.append(member)
    else:
        content.note(path, "threat-no-uses", "warning", f"{member.name} names no technique and no software.")


def _uses(value: Any, path: DocPath, content: FileContent) -> list[WrittenUse]:
    if isinstance(value, dict):
        return [_counted(text, count, (*path, text), content) for text, count in value.items()]
    if type(value) is str and value.strip():
        value = [value]
    uses = []
    for place, text in enumerate(value if isinstance(value, list) else ()):
        if type(text) is str and text.strip():
            uses.append(WrittenUse(text.strip(), (*path, place)))
        else:
            content.note((*path, place), "wrong-type", "warning", "is not the ID of a technique")
    return uses


def _counted(text: Any, count: Any, path: DocPath, content: FileContent) -> WrittenUse:
    weight = weight_of(count)
    if weight is None:
        content.note(path, "wrong-type", "warning", "is no number, so it counts 1")
    return WrittenUse(str(text).strip(), path, 1.0 if weight is None else max(weight, 0.0))


FORMAT = ThreatFormat("DeTT&CT group administration", YAML, _meant, _read)
