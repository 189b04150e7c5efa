"""MISP events (JSON): the techniques, groups and software that an event's galaxies and tags name.

An event is one member. A technique is a galaxy cluster, or a tag in either spelling,
`misp-galaxy:mitre-attack-pattern="Phishing - T1566"` or
`misp-galaxy:attack-pattern="Initial Access - Phishing [T1566]"`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coverage.syntaxes.fields import text_at
from coverage.syntaxes.json_text import JSON, each
from coverage.syntaxes.syntax import DocPath
from coverage.threats.files.seam import (
    GROUP,
    SOFTWARE,
    TECHNIQUE,
    FileContent,
    FileMember,
    Named,
    ThreatFormat,
    WrittenUse,
    tables_at,
)

_TAG = re.compile(r'misp-galaxy:([\w-]+)="([^"]*)"')
_ACTORS = ("intrusion-set", "threat-actor")
_SOFTWARE = ("malware", "tool")
_MOST_DEEP = 4  # objects in events, attributes in objects


def _meant(document: Any) -> bool:
    return next(_events(document), None) is not None


def _events(document: Any) -> Iterator[tuple[dict, DocPath]]:
    """Each event: alone, in a list, or in what a search answers."""
    for value, path in each(document):
        if not isinstance(value, dict):
            continue
        if isinstance(value.get("Event"), dict):
            yield value["Event"], (*path, "Event")
        for one, place in tables_at(value, "response", path):
            if isinstance(one.get("Event"), dict):
                yield one["Event"], (*place, "Event")


def _read(document: Any, name: str, cves: frozenset[str] | None) -> FileContent:
    content = FileContent()
    for event, path in _events(document):
        member = FileMember(text_at(event, "info") or name, "report", path)
        year = _year(event)
        seen: set[tuple[str, str]] = set()
        for kind, value, place in _clusters(event, path, _MOST_DEEP):
            text = _meaning(kind, value)
            if text is None or (kind, text) in seen:
                continue
            seen.add((kind, text))
            if kind == "technique":
                member.uses.append(WrittenUse(text, place, year=year))
            elif kind == "software":
                member.software.append((text, place))
            else:
                content.named.append(Named("group", text, place))
        if member.uses or member.software:
            content.members.append(member)
        elif not seen:
            content.note(path, "threat-no-uses", "note", f"{member.name} names nothing of ATT&CK.")
    return content


def _year(event: dict) -> int | None:
    found = re.match(r"((?:19|20)\d\d)-", text_at(event, "date") or "")
    return int(found[1]) if found else None


def _clusters(holder: dict, path: DocPath, deep: int) -> Iterator[tuple[str, str, DocPath]]:
    """(kind, value, place) of every cluster and tag of an event and of what it holds."""
    for galaxy, place in tables_at(holder, "Galaxy", path):
        for cluster, below in tables_at(galaxy, "GalaxyCluster", place):
            kind = _kind(text_at(cluster, "type") or text_at(galaxy, "type") or "")
            if kind and (value := text_at(cluster, "value")):
                yield kind, value, (*below, "value")
    for tag, place in tables_at(holder, "Tag", path):
        if (found := _TAG.fullmatch(text_at(tag, "name") or "")) and (kind := _kind(found[1])):
            yield kind, found[2].strip(), (*place, "name")
    for key in ("Attribute", "Object") if deep else ():
        for one, place in tables_at(holder, key, path):
            yield from _clusters(one, place, deep - 1)


def _kind(galaxy: str) -> str | None:
    """What a galaxy is about: `mitre-attack-pattern` and `attack-pattern` are one."""
    if galaxy.endswith("attack-pattern"):
        return "technique"
    if galaxy.endswith(_ACTORS):
        return "group"
    return "software" if galaxy.startswith("mitre-") and galaxy.endswith(_SOFTWARE) else None


def _meaning(kind: str, value: str) -> str | None:
    """The ID at the end of a value, else the value as a name."""
    pattern = {"technique": TECHNIQUE, "group": GROUP, "software": SOFTWARE}[kind]
    ids = pattern.findall(value)
    return ids[-1] if ids else value or None


FORMAT = ThreatFormat("MISP event", JSON, _meant, _read)
