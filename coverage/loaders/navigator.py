"""An ATT&CK Navigator layer as a corpus: the coverage of a tool that is only known as a picture (DOMAIN section 4).

Each covered technique is one pseudo rule of class production, named after the layer and the technique, so
that it can be compared with rules. Covered is an entry with a score above 0 that is not `enabled: false`;
an entry without a score, whatever its colour or comment, says nothing, and neither does 0. Entries of one
technique in several tactics are one rule with several mappings; an entry without a tactic counts in every one. A
layer beside rules in one corpus is not counted (`corpora.without_layers`). Knows nothing of ATT&CK releases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coverage.loaders._json import JSON, MAX_BYTES, JsonFields, duplicate_keys
from coverage.loaders.fields import Fields
from coverage.loaders.outcome import Built, Format, Mapped, meant_id
from coverage.loaders.seam import Context, DocPath, Issue, RuleFile
from coverage.models import LoadResult, Rule


def meant(text: str) -> bool:
    """Whether a text has the keys of a layer."""
    return '"techniqueID"' in text and '"techniques"' in text


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's JSON values is a Navigator layer."""
    return isinstance(document, list) and any(map(_is_layer, document))


def _is_layer(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("techniques"), list):
        return False
    named = any(isinstance(entry, dict) and "techniqueID" in entry for entry in value["techniques"])
    return named and any(key in value for key in ("domain", "versions", "version", "name"))


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """One pseudo rule a covered technique, layer by layer, in the order of the first entry of each.

    Codes: those of `Fields` (warnings); an entry without a techniqueID is passed over with `no-id`.
    """
    kept = 0
    for place, value in enumerate(document):
        if _is_layer(value):
            layer = JsonFields(value, (place,), [])
            for built in _layer_rules(file, layer, kept):
                kept += 1
                yield built


def _layer_rules(file: RuleFile, layer: Fields, kept: int) -> Iterator[Built]:
    covered = _covered(layer)
    built = [_built(file, layer, technique, same, kept + nth) for nth, (technique, same) in enumerate(covered.items())]
    if built:
        built[0].issues = layer.issues
    yield from built


def _covered(layer: Fields) -> dict[str, list[Fields]]:
    """The entries that cover, by technique ID, in order."""
    entries: dict[str, list[Fields]] = {}
    for entry in layer.tables("techniques"):
        technique = entry.text("techniqueID")
        if technique is None:
            entry.issue((), "no-id", "has no techniqueID, so nothing is mapped by it")
        elif _is_covered(entry):
            entries.setdefault(technique.strip(), []).append(entry)
    return entries


def _is_covered(entry: Fields) -> bool:
    score = entry.values.get("score")
    if entry.flag("enabled") is False:
        return False
    if score is not None and type(score) not in (int, float):
        entry.issue(("score",), "wrong-type", "is no number, so the technique does not count as covered")
        return False
    return score is not None and score > 0


def _built(file: RuleFile, layer: Fields, technique: str, entries: list[Fields], nth: int) -> Built:
    title = layer.text("name") or file.path.rpartition("/")[2]
    comments = dict.fromkeys(filter(None, (entry.text("comment") for entry in entries)))
    scores = dict.fromkeys(f"{entry.values['score']:g}" for entry in entries)
    filters = layer.table("filters")
    links = (link.text("url") for entry in entries for link in entry.tables("links"))
    return Built(Rule(
        rule_key=file.rule_key(nth), corpus=file.corpus, path=file.path, format=LOADER.id, rule_id=None,
        name=f"{title}: {technique}", rule_class="production", type="layer",
        platforms=filters.texts("platforms") if filters else (), description="\n\n".join(comments) or None,
        note=f"Score in the layer: {', '.join(scores)}", references=tuple(dict.fromkeys(filter(None, links))),
        content_hash=file.content_hash,
    ), [], [_mapped(entry, technique) for entry in entries], (), _version(layer))  # fmt: skip


def _mapped(entry: Fields, technique: str) -> Mapped:
    path: DocPath = (*entry.path, "techniqueID")
    return ({"tactic_name": entry.text("tactic"), **meant_id(technique)}, path)


def _version(layer: Fields) -> str | None:
    """The ATT&CK version a layer says it was made for."""
    versions = layer.values.get("versions")
    value = versions.get("attack") if isinstance(versions, dict) else None
    return str(value) if type(value) in (str, int, float) and str(value).strip() else None


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """What is wrong with the layer as a whole. Codes: `no-scores` (note), `duplicate-key` (warning)."""
    yield from duplicate_keys(document)
    if not result.rules:
        for place, value in enumerate(document):
            if _is_layer(value):
                layer = JsonFields(value, (place,), [])
                _covered(layer)
                yield from layer.issues
        message = "No technique of this layer has a score above 0, so it covers nothing."
        yield Issue((0, "techniques"), "no-scores", "note", message)


FORMAT = Format(rules, JSON, remarks)
LOADER = FORMAT.loader("navigator", "ATT&CK Navigator layer", (".json",), sniff, meant, MAX_BYTES)
