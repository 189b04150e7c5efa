"""An ATT&CK Navigator layer as a corpus: the coverage of a tool that is only known as a picture (DOMAIN
section 4).

Each covered technique is one pseudo rule of class production, named after the layer and the technique, so
that it can be compared with rules. Covered is an entry with a score above 0 that is not `enabled: false`; an
entry without a score, whatever its colour or comment, covers nothing, and neither does 0. Entries of one
technique in several tactics are one rule with several mappings; an entry without a tactic counts in every
one. A layer beside rules in one corpus is not counted (`without_layers`). Independent of ATT&CK releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coverage.formats.outcome import Built, Format, Mapped, id_part, meant_id, rule_of
from coverage.formats.seam import Context, RuleFile
from coverage.models import LoadResult, Problem
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.json_text import JSON, MAX_BYTES, JsonFields, duplicate_keys, each
from coverage.syntaxes.syntax import DocPath, Issue

_LAYER_VERSION = re.compile(r"\d(?:\.\d)?")  # of the oldest layers, beside their domain


def meant(text: str) -> bool:
    """Whether a text has the keys of a layer."""
    return '"techniqueID"' in text and '"techniques"' in text


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether a file's JSON is a Navigator layer, or a list with one."""
    return next(_layers(document), None) is not None


def _layers(document: Any) -> Iterator[Fields]:
    """The layers of a document, each with issues of its own. The Navigator writes all of its tabs as one
    list.
    """
    return (JsonFields(value, path, []) for value, path in each(document) if _is_layer(value))


def _is_layer(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("techniques"), list):
        return False
    named = any(isinstance(entry, dict) and "techniqueID" in entry for entry in value["techniques"])
    return named and (_has_layer_keys(value) or any(map(_scores, value["techniques"])))


def _has_layer_keys(value: dict) -> bool:
    """Whether an object has what only a layer has at its top; `version` alone is on every package."""
    old = _LAYER_VERSION.fullmatch(str(value.get("version")))
    return "domain" in value or isinstance(value.get("versions"), dict) or old is not None


def _scores(entry: Any) -> bool:
    return isinstance(entry, dict) and "score" in entry and id_part(str(entry.get("techniqueID"))) is not None


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """One pseudo rule a covered technique, layer by layer, in the order of the first entry of each.

    Codes: those of `Fields` (warnings); an entry without a techniqueID is skipped with `no-id`.
    """
    kept = 0
    for layer in _layers(document):
        for built in _layer_rules(file, layer, kept):
            kept += 1
            yield built


def _layer_rules(file: RuleFile, layer: Fields, kept: int) -> Iterator[Built]:
    covered = _covered(layer)
    built = [
        _built(file, layer, technique, same, kept + nth)
        for nth, (technique, same) in enumerate(covered.items())
    ]
    if built:
        built[0].issues = layer.issues
    yield from built


def _covered(layer: Fields) -> dict[str, list[Fields]]:
    """The entries that cover, by technique ID, in order."""
    entries: dict[str, list[Fields]] = {}
    for entry in layer.tables("techniques"):
        technique = entry.text("techniqueID")
        if technique is None:
            entry.issue((), "no-id", "has no techniqueID, so it maps nothing")
        elif _is_covered(entry):
            entries.setdefault(technique.strip(), []).append(entry)
    return entries


def _is_covered(entry: Fields) -> bool:
    score = entry.values.get("score")
    if entry.flag("enabled") is False:
        return False
    if score is not None and type(score) not in (int, float):
        entry.issue(("score",), "wrong-type", "is not a number, so the technique does not count as covered")
        return False
    return score is not None and score > 0


def _built(file: RuleFile, layer: Fields, technique: str, entries: list[Fields], nth: int) -> Built:
    title = layer.text("name") or file.path.rpartition("/")[2]
    comments = dict.fromkeys(filter(None, (entry.text("comment") for entry in entries)))
    scores = dict.fromkeys(f"{entry.values['score']:g}" for entry in entries)
    filters = layer.table("filters")
    links = (link.text("url") for entry in entries for link in entry.tables("links"))
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=None,
            name=f"{title}: {technique}",
            rule_class="production",
            type="layer",
            platforms=filters.texts("platforms") if filters else (),
            description="\n\n".join(comments) or None,
            note=f"Score in the layer: {', '.join(scores)}",
            references=tuple(dict.fromkeys(filter(None, links))),
        ),
        [],
        [_mapped(entry, technique) for entry in entries],
        (),
        _version(layer),
    )


def _mapped(entry: Fields, technique: str) -> Mapped:
    path: DocPath = (*entry.path, "techniqueID")
    return ({"tactic_name": entry.text("tactic"), **meant_id(technique)}, path)


def _version(layer: Fields) -> str | None:
    """The ATT&CK version for which a layer was made, as it states."""
    versions = layer.values.get("versions")
    value = versions.get("attack") if isinstance(versions, dict) else None
    return str(value) if type(value) in (str, int, float) and str(value).strip() else None


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """What is wrong with a layer as a whole. Codes: `no-scores` (note), `duplicate-key` (warning)."""
    yield from duplicate_keys(document)
    for layer in _layers(document):
        if not _covers(layer):
            yield from layer.issues
            message = "No technique of this layer has a score above 0, so it covers nothing."
            yield Issue((*layer.path, "techniques"), "no-scores", "note", message)


def _covers(layer: Fields) -> bool:
    """Whether a layer gave a rule; when not, its issues say why."""
    if any(entry.text("techniqueID") and _is_covered(entry) for entry in layer.tables("techniques")):
        return True
    layer.issues.clear()
    return bool(_covered(layer))


FORMAT = Format(rules, JSON, remarks)


def without_layers(corpus: LoadResult) -> LoadResult:
    """The corpus without its Navigator layers, when it has rules of another format: beside rules, a layer
    shows their coverage, and counting it would count them twice.

    Adds one note `layer-beside-rules` a layer left out.
    """
    layers = {rule.rule_key: rule for rule in corpus.rules if rule.format == LOADER.id}
    if not layers or len(layers) == len(corpus.rules):
        return corpus
    message = (
        "This Navigator layer is beside rules, so it was not counted; "
        "to count it, load it as a rule set of its own."
    )
    firsts = {rule.path: rule for rule in reversed(layers.values())}
    notes = [
        Problem(path, None, None, None, "layer-beside-rules", "note", message, rule.corpus)
        for path, rule in sorted(firsts.items())
    ]
    return LoadResult(
        [rule for rule in corpus.rules if rule.rule_key not in layers],
        [row for row in corpus.written if row.rule_key not in layers],
        [*(problem for problem in corpus.problems if problem.path not in firsts), *notes],
    )


LOADER = FORMAT.loader(
    "navigator", "ATT&CK Navigator layer", (".json",), sniff, meant, MAX_BYTES, without_layers
)
