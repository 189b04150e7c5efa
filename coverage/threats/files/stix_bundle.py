"""A STIX 2.1 bundle (JSON), as OpenCTI and ATT&CK Workbench export it: who `uses` which attack pattern.

Members are intrusion sets, threat actors and campaigns with uses, malware and tools that none of these uses,
and reports with attack patterns that nobody they name uses. An attack pattern is known by its external ID,
else by `x_mitre_id`, else by its name. Revoked and deprecated objects and relations are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from coverage.catalogue.citations import year_of
from coverage.syntaxes.fields import text_at
from coverage.syntaxes.json_text import JSON, each
from coverage.syntaxes.syntax import DocPath
from coverage.threats.files.seam import (
    TECHNIQUE,
    FileContent,
    FileMember,
    ThreatFormat,
    WrittenUse,
    tables_at,
)

_ACTORS = {"intrusion-set": "group", "threat-actor": "group", "campaign": "campaign"}
_SOFTWARE = ("malware", "tool")
_IDS = re.compile(r"[GSC]\d{4}")
_YEAR = re.compile(r"(?:19|20)\d\d(?=-)")


@dataclass
class _Bundle:
    """The objects of a file by STIX ID, with their places, and its relations by kind."""

    objects: dict[str, tuple[dict, DocPath]] = field(default_factory=dict)
    uses: list[dict] = field(default_factory=list)
    attributed: list[dict] = field(default_factory=list)
    used: set[str] = field(default_factory=set)  # attack patterns that a member uses

    def of_type(self, *types: str) -> Iterable[tuple[str, dict, DocPath]]:
        return ((ref, stix, path) for ref, (stix, path) in self.objects.items() if stix["type"] in types)

    def type_of(self, ref: Any) -> str | None:
        return self.objects[ref][0]["type"] if type(ref) is str and ref in self.objects else None


def _meant(document: Any) -> bool:
    return any(_is_bundle(value) or _is_object(value) for value, _ in each(document))


def _is_bundle(value: Any) -> bool:
    return (
        isinstance(value, dict) and value.get("type") == "bundle" and isinstance(value.get("objects"), list)
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and "--" in str(value.get("id")) and type(value.get("type")) is str


def _read(document: Any, name: str, cves: frozenset[str] | None) -> FileContent:
    content, bundle = FileContent(), _bundle(document)
    for ref, stix, path in bundle.of_type(*_ACTORS):
        member = _member(ref, stix, path, _ACTORS[stix["type"]], bundle)
        if member.uses or member.software:
            content.members.append(member)
    taken = {one["target_ref"] for one in bundle.uses if bundle.type_of(one["source_ref"]) in _ACTORS}
    for ref, stix, path in bundle.of_type(*_SOFTWARE):
        member = _member(ref, stix, path, "software", bundle)
        if ref not in taken and member.uses:
            content.members.append(member)
    for _, stix, path in bundle.of_type("report"):
        _report(stix, path, bundle, content)
    _left_over(bundle, content, name)
    return content


def _bundle(document: Any) -> _Bundle:
    bundle = _Bundle()
    relations = []
    for value, path in each(document):
        inside = tables_at(value, "objects", path) if _is_bundle(value) else [(value, path)]
        for stix, place in inside:
            if not _is_object(stix) or stix.get("revoked") is True or stix.get("x_mitre_deprecated") is True:
                continue
            if stix["type"] == "relationship":
                relations.append(stix)
            else:
                bundle.objects[stix["id"]] = (stix, place)
    for one in relations:
        kind = one.get("relationship_type")
        if bundle.type_of(one.get("source_ref")) and bundle.type_of(one.get("target_ref")):
            if kind == "uses":
                bundle.uses.append(one)
            elif kind == "attributed-to":
                bundle.attributed.append(one)
    return bundle


def _member(ref: str, stix: dict, path: DocPath, kind: str, bundle: _Bundle) -> FileMember:
    attack_id = _mitre_id(stix)
    member = FileMember(text_at(stix, "name") or attack_id or ref, kind, path, attack_id)
    member.uses += _patterns(ref, bundle, "direct", None)
    for one in bundle.uses:
        if one["source_ref"] == ref and bundle.type_of(one["target_ref"]) in _SOFTWARE:
            software, place = bundle.objects[one["target_ref"]]
            text = _mitre_id(software) or text_at(software, "name") or one["target_ref"]
            uses = _patterns(one["target_ref"], bundle, "software", text)
            member.uses += uses
            if not uses:
                member.software.append((text, place))
    for one in bundle.attributed:
        if one["target_ref"] == ref and bundle.type_of(one["source_ref"]) == "campaign":
            campaign, _ = bundle.objects[one["source_ref"]]
            text = _mitre_id(campaign) or text_at(campaign, "name") or one["source_ref"]
            member.uses += _patterns(one["source_ref"], bundle, "campaign", text)
    return member


def _patterns(ref: str, bundle: _Bundle, way: str, through: str | None) -> list[WrittenUse]:
    uses = []
    for one in bundle.uses:
        if one["source_ref"] == ref and bundle.type_of(one["target_ref"]) == "attack-pattern":
            stix, path = bundle.objects[one["target_ref"]]
            bundle.used.add(one["target_ref"])
            uses.append(WrittenUse(_technique(stix), path, year=_reported(one), way=way, through=through))
    return uses


def _report(stix: dict, path: DocPath, bundle: _Bundle, content: FileContent) -> None:
    refs = (
        [ref for ref in stix.get("object_refs") or () if type(ref) is str]
        if isinstance(stix.get("object_refs"), list)
        else []
    )
    named = set(refs)
    theirs = {one["target_ref"] for one in bundle.uses if one["source_ref"] in named}
    member = FileMember(text_at(stix, "name") or stix["id"], "report", path)
    year = _year(text_at(stix, "published"))
    for ref in dict.fromkeys(refs):
        if bundle.type_of(ref) == "attack-pattern" and ref not in theirs:
            pattern, place = bundle.objects[ref]
            bundle.used.add(ref)
            member.uses.append(WrittenUse(_technique(pattern), place, year=year))
    if member.uses:
        content.members.append(member)


def _left_over(bundle: _Bundle, content: FileContent, name: str) -> None:
    """Attack patterns that nobody in the file uses: a list where it has no member at all, else noted."""
    rest = [(stix, path) for ref, stix, path in bundle.of_type("attack-pattern") if ref not in bundle.used]
    if rest and not content.members:
        uses = [WrittenUse(_technique(stix), path) for stix, path in rest]
        content.members.append(FileMember(name, "list", rest[0][1], None, uses))
        return
    for stix, path in rest:
        message = f"{_technique(stix)} is in the file, but nobody in it uses it."
        content.note(path, "threat-unused", "note", message)


def _technique(stix: dict) -> str:
    """The ID of an attack pattern as the file gives it, else its name."""
    for reference, _ in tables_at(stix, "external_references", ()):
        text = text_at(reference, "external_id") or ""
        if "mitre" in (text_at(reference, "source_name") or "") and TECHNIQUE.fullmatch(text):
            return text
    return text_at(stix, "x_mitre_id") or text_at(stix, "name") or stix["id"]


def _mitre_id(stix: dict) -> str | None:
    for reference, _ in tables_at(stix, "external_references", ()):
        text = text_at(reference, "external_id") or ""
        if "mitre" in (text_at(reference, "source_name") or "") and _IDS.fullmatch(text):
            return text
    text = text_at(stix, "x_mitre_id") or ""
    return text if _IDS.fullmatch(text) else None


def _reported(relation: dict) -> int | None:
    """The year a relation was last reported: of its citations, else of the time that it gives."""
    cited = [
        year_of(text_at(reference, "description") or "")
        for reference, _ in tables_at(relation, "external_references", ())
    ]
    years = [year for year in cited if year is not None]
    times = (_year(text_at(relation, key)) for key in ("stop_time", "start_time"))
    return max(years) if years else next(filter(None, times), None)


def _year(time: str | None) -> int | None:
    found = _YEAR.match(time or "")
    return int(found[0]) if found else None


FORMAT = ThreatFormat("STIX bundle", JSON, _meant, _read)
