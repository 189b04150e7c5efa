"""Splunk security content (contentctl): YAML with `search` and `tags` (DOMAIN section 3, "Splunk
contentctl").

Class: `status: deprecated` (or the folder deprecated/ or removed/) first, then type `Hunting` is a hunt,
then `experimental` is development. Type Correlation is production: it alerts on what others found. Severity
follows the risk score: up to 20 informational, 40 low, 60 medium, 80 high, 100 critical; the score is
tags.risk_score of older files, or the highest of `rba.risk_objects`. `mitre_attack_id` is flat: techniques
without tactics. Independent of ATT&CK releases and of what counts as covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from coverage.formats.outcome import (
    Built,
    Format,
    Mapped,
    identity,
    meant_id,
    names,
    platforms_of,
    rule_of,
    word_at,
)
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, RuleFile
from coverage.formats.unread import named_texts
from coverage.models import LoadResult
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import Issue
from coverage.syntaxes.written_fields import YamlFields
from coverage.syntaxes.yaml_text import YAML, duplicate_keys
from coverage.word_table import beginnings

SPENT_FOLDERS = frozenset({"deprecated", "removed"})
STATUS_CLASSES = {
    "production": "production",
    "experimental": "development",
    "validation": "development",
    "deprecated": "deprecated",
    "removed": "deprecated",
}
TYPES = {name: name for name in ("ttp", "anomaly", "hunting", "correlation")}
NO_DETECTIONS = frozenset({"baseline", "investigation", "response"})  # they look, and alert on nothing
_BANDS = ((20, "informational"), (40, "low"), (60, "medium"), (80, "high"), (100, "critical"))
_MEANT = ("search:", "tags:", "how_to_implement:")


def meant(text: str) -> bool:
    """Whether a text has the keys that every Splunk detection has."""
    return all(word in text for word in _MEANT)


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's YAML documents is a Splunk detection: no story, baseline, investigation, macro
    or lookup.
    """
    return isinstance(document, list) and any(map(_is_rule, document))


def _is_rule(values: Any) -> bool:
    """Whether a document has a detection's type; without one, or with a mistaken one, what only detections
    tell.
    """
    if not isinstance(values, dict) or "search" not in values or "tags" not in values:
        return False
    kind = str(values.get("type")).lower()
    return kind in TYPES or ("known_false_positives" in values and kind not in NO_DETECTIONS)


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The detections of one file.

    Codes: `no-rule` (error: not kept), `no-name`, `no-rule-id`, `bad-status`, `bad-type`, those of
    `Fields` (warnings), `platform-word-unknown` (note).
    """
    kept = 0
    for place, values in enumerate(document):
        if _is_rule(values):
            built = _built(file, YamlFields(values, (place,), []), kept, context)
            kept += built.rule is not None
            yield built


def _built(file: RuleFile, rule: YamlFields, nth: int, context: Context) -> Built:
    rule_id, name = identity(rule, "id", "name")
    if name is None:
        return Built(None, rule.issues)
    tags = rule.table("tags") or YamlFields({}, (*rule.path, "tags"), rule.issues)
    sources, asset = rule.texts("data_source", single=True), tags.texts("asset_type", single=True)
    platforms, notes = platforms_of(_words(sources, asset), file, rule_id, context)
    score = _risk_score(rule, tags)
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=rule_id,
            name=name,
            rule_class=_rule_class(rule, file.folders),
            severity=_severity(score),
            risk_score=score,
            type=rule.text("type"),
            language="spl",
            platforms=platforms,
            integrations=sources,
            data_sources=sources,
            **context.log_sources.data_of(beginnings("splunk_source", source) for source in sources),
            tags=(*tags.texts("analytic_story", single=True), *asset),
            authors=names(rule.texts("author", single=True)),
            updated=rule.day("date"),
            version=rule.text("version"),
            maturity=rule.text("status"),
            description=rule.text("description"),
            query=rule.text("search"),
            setup=rule.text("how_to_implement"),
            references=rule.texts("references", single=True),
            false_positives=rule.texts("known_false_positives", single=True),
        ),
        rule.issues,
        list(_mapped(tags)),
        notes,
        named=named_texts(rule.values, rule.path),
    )


def _rule_class(rule: YamlFields, folders: tuple[str, ...]) -> str:
    # A file without a status is one that somebody took out of contentctl: nothing marks it as unfinished.
    found = word_at(rule, "status", STATUS_CLASSES, missing="production", unknown="development")
    kind = word_at(rule, "type", TYPES, missing="ttp", unknown="ttp")
    if not SPENT_FOLDERS.isdisjoint(folders):
        return "deprecated"
    return "hunt" if kind == "hunting" and found != "deprecated" else found


def _words(sources: tuple[str, ...], assets: tuple[str, ...]) -> RuleWords:
    """Data sources give the platform; without any, the asset type does. A source is looked up by its first
    words.
    """
    return RuleWords(others=[beginnings("splunk_source", source) for source in sources or assets])


def _risk_score(rule: YamlFields, tags: Fields) -> float | None:
    if (score := tags.number("risk_score", 0, 100)) is not None:
        return score
    rba = rule.table("rba")
    objects = rba.tables("risk_objects") if rba else ()
    scores = [score for one in objects if (score := one.number("score", 0, 100)) is not None]
    return max(scores, default=None)


def _severity(score: float | None) -> str | None:
    if score is None:
        return None
    return next(name for limit, name in _BANDS if score <= limit)


def _mapped(tags: Fields) -> Iterator[Mapped]:
    value = tags.values.get("mitre_attack_id")
    tags.texts("mitre_attack_id", single=True)  # adds an issue for what is not text
    if type(value) is str and value.strip():
        yield (meant_id(value), (*tags.path, "mitre_attack_id"))
    for place, text in enumerate(value if type(value) is list else ()):
        if type(text) is str and text.strip():
            yield (meant_id(text), (*tags.path, "mitre_attack_id", place))


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Keys written twice (`duplicate-key`)."""
    return duplicate_keys(document)


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    return f"tags.mitre_attack_id: [{attack_id}]"


FORMAT = Format(rules, YAML, remarks, _meant)
LOADER = FORMAT.loader("splunk", "Splunk detection", (".yml", ".yaml"), sniff, meant)
