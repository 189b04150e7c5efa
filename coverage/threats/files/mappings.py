"""CTID's Mappings Explorer (JSON): CVEs, and the techniques they are exploited with or lead to.

One member a file: an ID weighs as many CVEs as name it. With a list of the CVEs that matter only these count.
"""

from __future__ import annotations

from typing import Any

from coverage.syntaxes.fields import text_at
from coverage.syntaxes.json_text import JSON, each
from coverage.threats.files.seam import (
    CVE,
    FileContent,
    FileMember,
    ThreatFormat,
    WrittenUse,
    tables_at,
)
from coverage.words import amount


def _meant(document: Any) -> bool:
    return any(
        isinstance(value, dict) and isinstance(value.get("mapping_objects"), list)
        for value, _ in each(document)
    )


def _read(document: Any, name: str, cves: frozenset[str] | None) -> FileContent:
    content = FileContent()
    for value, path in each(document):
        if not isinstance(value, dict) or not isinstance(value.get("mapping_objects"), list):
            continue
        found: dict[str, tuple[tuple, set[str]]] = {}  # ID as written -> its first place, its CVEs
        known, without = set(), []
        for mapping, place in tables_at(value, "mapping_objects", path):
            what = (text_at(mapping, "capability_id") or "").upper()
            known.add(what)
            text = text_at(mapping, "attack_object_id")
            if cves is not None and what not in cves:
                continue
            if text is None:
                without.append((what, place))
            else:
                found.setdefault(text, ((*place, "attack_object_id"), set()))[1].add(what)
        for what, place in without:
            content.note(place, "no-id", "note", f"{what or 'An entry'} is mapped to no technique.")
        metadata = value.get("metadata") if isinstance(value.get("metadata"), dict) else {}
        title = text_at(metadata, "mapping_framework") or name
        member = FileMember(
            f"Mappings of {title}", "CVEs" if any(map(CVE.fullmatch, known)) else "list", path
        )
        member.uses = [
            WrittenUse(text, place, float(len(capabilities))) for text, (place, capabilities) in found.items()
        ]
        if cves is not None:
            _absent(sorted(cves - known), path, content)
        if member.uses:
            content.members.append(member)
    return content


def _absent(absent: list[str], path: tuple, content: FileContent) -> None:
    if absent:
        words = amount(len(absent), "CVE that matters is", "CVEs that matter are")
        content.note(path, "threat-unmapped-cve", "note", f"{words} not in this file: {', '.join(absent)}.")


FORMAT = ThreatFormat("Mappings Explorer", JSON, _meant, _read)
