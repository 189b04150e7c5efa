"""Sigma rules and correlations: YAML, several documents a file (DOMAIN section 3, "Sigma").

Class: `deprecated` for the folders deprecated/ and unsupported/ and for these two statuses, since such a
rule is not to be deployed; then `hunt` for the folder rules-threat-hunting/ and the tag
`detection.threat-hunting`, which need a person whatever their status; then `experimental` is development,
and `stable`, `test` and no status (the format leaves it to the author) are production.

Tags are flat: a technique tag is a mapping without a tactic, a tactic tag one without a technique. Tags of
groups, software, campaigns and of other namespaces map nothing. Filters are not rules. Old collections
(`action: global`, `reset`, `repeat`) are put together document by document: a document's own words go before
the global ones, and `repeat` takes the whole of the document before it, with what was global then. Knows
nothing of ATT&CK releases or of what counts as covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from coverage.formats.outcome import (
    Built,
    Format,
    Mapped,
    id_part,
    identity,
    names,
    platforms_of,
    rule_of,
    severity,
    word_at,
)
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, RuleFile
from coverage.formats.unread import Named, ids_in, is_space, named_texts, not_read
from coverage.models import LoadResult
from coverage.syntaxes.syntax import Issue
from coverage.syntaxes.written_fields import YamlFields
from coverage.syntaxes.yaml_text import YAML, block_text, duplicate_keys
from coverage.vocabulary import id_kind

SPENT_FOLDERS = frozenset({"deprecated", "unsupported"})
HUNT_FOLDERS = frozenset({"rules-threat-hunting", "threat-hunting", "threat_hunting"})
HUNT_TAG = "detection.threat-hunting"
STATUS_CLASSES = {
    "stable": "production",
    "test": "production",
    "experimental": "development",
    "deprecated": "deprecated",
    "unsupported": "deprecated",
}
_ACTIONS = ("global", "reset", "repeat")
_MEANT = re.compile(r"(?:^|[{,])[ \t]*[\"']?(?:detection|logsource|correlation)[\"']?[ \t]*:", re.MULTILINE)
_NEAR = re.compile(r"(?P<space>[\w&-]{3,20})(?P<sign>[.:/])\s*(?P<name>[\w-]+)")
_TECHNIQUE_LIKE = re.compile(r"t\d")


@dataclass(frozen=True, slots=True)
class Part:
    """One rule of a file: its values, the document it is in, and the documents each key was taken
    from.
    """

    values: Mapping[str, Any]
    document: int
    origins: Mapping[str, tuple[int, ...]]

    def fields(self, issues: list[Issue]) -> YamlFields:
        return YamlFields(self.values, (self.document,), issues)


def meant(text: str) -> bool:
    """Whether a text has a key that only Sigma has, beside a title or an id."""
    return ("title" in text or "id" in text) and _MEANT.search(text) is not None


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's YAML documents is, or was plainly meant to be, a Sigma rule.

    In an old collection a rule may stand in several documents, none of which looks like one alone.
    """
    if not isinstance(document, list):
        return False
    return any(map(_like_a_rule, document)) or (
        any(map(_has_action, document)) and any(_like_a_rule(part.values) for part in parts(document, []))
    )


def _has_action(document: Any) -> bool:
    return isinstance(document, dict) and document.get("action") in _ACTIONS


def _like_a_rule(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    if isinstance(document.get("correlation"), dict):
        return "title" in document or "name" in document
    if "title" in document and isinstance(document.get("detection"), dict):
        return True
    named = "title" in document or "id" in document or "action" in document
    return named and "logsource" in document and "filter" not in document


def parts(documents: Sequence[Any], issues: list[Issue]) -> Iterator[Part]:
    """The rules of a file in order, with the documents of an old collection put together.

    Codes: `no-table` (a document that is not a mapping), `unknown-action` (warnings).
    """
    shared: Part | None = None
    before: Part | None = None
    for place, values in enumerate(documents):
        if not isinstance(values, dict):
            if values is not None:
                issues.append(
                    Issue(
                        (place,), "no-table", "warning", "This document is not a mapping, so it was not read."
                    )
                )
            continue
        own = Part(values, place, dict.fromkeys(values, (place,)))
        action = values.get("action")
        if action == "global":
            shared = before = own
        elif action == "reset":
            shared = None
        else:
            if action is not None and action != "repeat":
                message = f"action is {str(action)[:40]!r}, not one of {', '.join(_ACTIONS)}."
                issues.append(Issue((place, "action"), "unknown-action", "warning", message))
            base = before if action == "repeat" and before else shared
            whole = before = _joined(base, own) if base else own
            if _is_rule(whole.values):
                yield whole


def _is_rule(values: Mapping[str, Any]) -> bool:
    filters = "filter" in values and "detection" not in values
    return not filters and ("detection" in values or "correlation" in values or "logsource" in values)


def _joined(base: Part, own: Part) -> Part:
    values = {key: value for key, value in base.values.items() if key != "action"}
    origins = dict(base.origins)
    for key, value in own.values.items():
        below = values.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            values[key], origins[key] = {**below, **value}, (*origins[key], own.document)
        else:
            values[key], origins[key] = value, (own.document,)
    return Part(values, own.document, origins)


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules and correlations of one file, and what cost the others.

    Codes: `no-rule`, `no-detection` (errors: the rule is not kept), `no-name`, `no-rule-id`,
    `bad-severity`, `bad-status`, those of `Fields` (warnings), `platform-word-unknown` (note).
    """
    kept = 0
    for part in parts(document, []):
        built = _built(file, part, kept, document, context)
        kept += built.rule is not None
        yield built


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """What is wrong with the documents beside their rules. Codes: `duplicate-key` and those of `parts`."""
    yield from duplicate_keys(document)
    issues: list[Issue] = []
    for _ in parts(document, issues):
        pass
    yield from issues


def _built(file: RuleFile, part: Part, nth: int, document: Any, context: Context) -> Built:
    issues: list[Issue] = []
    rule = part.fields(issues)
    rule_id, name = identity(rule, "id", "title")
    block = "correlation" if "correlation" in rule.values else "detection"
    if name is None or not _has_block(rule, block):
        return Built(None, issues)
    status, tags = rule.text("status"), rule.texts("tags")
    words, source, product = _log_source(rule)
    platforms, notes = platforms_of(words, file, rule_id, context)
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=rule_id,
            name=name,
            rule_class=_rule_class(rule, file.folders, tags),
            enabled=rule.flag("enabled"),
            severity=severity(rule, "level"),
            type="correlation" if block == "correlation" else None,
            language="sigma",
            platforms=platforms,
            integrations=product,
            data_sources=source,
            **context.log_sources.data_of(map(_source_words, source)),
            tags=tags,
            authors=names(rule.texts("author", single=True)),
            created=rule.day("date"),
            updated=rule.day("modified"),
            maturity=status,
            license=rule.text("license"),
            description=rule.text("description"),
            query=_block_text(file.text, document, part, block),
            note=_note(rule),
            references=rule.texts("references", single=True),
            false_positives=rule.texts("falsepositives", single=True),
        ),
        [*issues, *_near_tags(part)],
        list(mapped_tags(part)),
        notes,
        named=_named(part),
    )


def _has_block(rule: YamlFields, block: str) -> bool:
    if rule.values.get(block):
        return rule.table(block) is not None
    rule.issue((), "no-detection", f"has no {block}, so it detects nothing and was not read", "error")
    return False


def _rule_class(rule: YamlFields, folders: Sequence[str], tags: Sequence[str]) -> str:
    # A rule of an unknown status is not known to be in use.
    found = word_at(rule, "status", STATUS_CLASSES, missing="production", unknown="development")
    if not SPENT_FOLDERS.isdisjoint(folders):
        return "deprecated"
    hunts = HUNT_TAG in tags or not HUNT_FOLDERS.isdisjoint(folders)
    return "hunt" if hunts and found != "deprecated" else found


def _log_source(rule: YamlFields) -> tuple[RuleWords, tuple[str, ...], tuple[str, ...]]:
    """The words that name platforms, the log sources (`windows/process_creation`) and the product."""
    source = rule.table("logsource")
    if source is None:
        return (RuleWords(), (), ())
    product, category, service = (source.text(key) for key in ("product", "category", "service"))
    below = [word for word in (category, service) if word]
    named = tuple(f"{product}/{word}" for word in below) if product else tuple(below)
    return (
        _words(product, category, service),
        named or ((product,) if product else ()),
        (product,) if product else (),
    )


@lru_cache(maxsize=4096)
def _words(product: str | None, category: str | None, service: str | None) -> RuleWords:
    if product:
        narrow = [("sigma_service", f"{product}/{service}")] if service else []
        return RuleWords(others=([*narrow, ("sigma_product", product)],))
    services = [("sigma_service", service)] if service else []
    return RuleWords(others=([*services, *([("sigma_category", category)] if category else [])],))


@lru_cache(maxsize=4096)
def _source_words(source: str) -> Sequence[tuple[str, str]]:
    """A log source with its product, then the category or service alone: it means the same for many
    products.
    """
    return (("sigma_logsource", source), ("sigma_logsource", source.rpartition("/")[2]))


def _note(rule: YamlFields) -> str | None:
    fields = rule.texts("fields", single=True)
    lines = [f"Fields to look at: {', '.join(f'`{field}`' for field in fields)}"] if fields else []
    if isinstance(rule.values.get("related"), list):
        for other in rule.tables("related"):
            lines.append(f"Related rule: `{other.text('id')}` ({other.text('type') or 'related'})")
    return "\n\n".join(lines) or None


def _block_text(text: str, document: Any, part: Part, block: str) -> str | None:
    """The block as it is written in the file; for an old collection, its parts in document order."""
    pieces = (block_text(text, document, place, block) for place in part.origins.get(block, ()))
    return "\n".join(piece for piece in pieces if piece) or None


@lru_cache(maxsize=8192)
def mapping_of(tag: str) -> Mapping[str, str] | None:
    """The part of a mapping path that a tag names, as WrittenMapping's fields; None when it names none."""
    namespace, dot, name = tag.strip().partition(".")
    if not dot or namespace.lower() != "attack" or not name:
        return None
    if (part := id_part(name)) is not None:
        return part
    if id_kind(name.upper()) is not None:
        return None  # a group, software, campaign ...
    if _TECHNIQUE_LIKE.match(name.lower()):
        return {"technique_id": name.upper()}  # meant as a technique: the reading reports it as unknown
    return {"tactic_name": name}


def mapped_tags(part: Part) -> Iterator[Mapped]:
    """What each tag of a rule maps, and where the tag is, in written order."""
    tags = part.values.get("tags")
    if type(tags) is list:
        for place, tag in enumerate(tags):
            if type(tag) is str and (mapping := mapping_of(tag)) is not None:
                yield (mapping, (part.origins["tags"][-1], "tags", place))


def _named(part: Part) -> Iterator[Named]:
    for key, value in part.values.items():
        yield from named_texts({key: value}, (part.origins[key][-1],))


def _near_tags(part: Part) -> Iterator[Issue]:
    """Tags that are nearly one of ATT&CK's and have no ID, such as a tactic's: `atack.execution`,
    `attack:execution`.
    """
    tags = part.values.get("tags")
    for place, tag in enumerate(tags if type(tags) is list else ()):
        if type(tag) is str and (near := _NEAR.fullmatch(tag.strip())) and not ids_in(tag):
            space, sign, name = near["space"].lower(), near["sign"], near["name"]
            if (space == "attack" and sign in ":/") or (
                space != "attack" and sign == "." and is_space(space)
            ):
                path = (part.origins["tags"][-1], "tags", place)
                yield not_read("tags", tag, f"attack.{name.lower()}", path)


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    return f"attack.{attack_id.lower()}" if keys == ("tags",) else f"the tag attack.{attack_id.lower()}"


FORMAT = Format(rules, YAML, remarks, _meant)
LOADER = FORMAT.loader("sigma", "Sigma rule", (".yml", ".yaml"), sniff, meant)
