"""Microsoft Sentinel: analytics rules and hunting queries as YAML, and as ARM or API JSON (DOMAIN section 3).

Class: an analytics rule is production; a query without the schedule and severity of one, in a folder of
hunting queries, or saved in the category "Hunting Queries", is a hunt; `status: Deprecated` or "[Deprecated]"
in the name is deprecated. `tactics` and `relevantTechniques` are two lists that are not linked. In ARM,
`techniques` holds the parents of `subTechniques`, so a parent of a listed sub-technique is the way to it.
Independent of ATT&CK releases and of what counts as covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    severity,
)
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, RuleFile
from coverage.formats.unread import named_texts
from coverage.models import LoadResult
from coverage.syntaxes import json_text as _json
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import DocPath, Issue
from coverage.syntaxes.written_fields import YamlFields
from coverage.syntaxes.yaml_scan import Documents
from coverage.syntaxes.yaml_text import YAML, duplicate_keys
from coverage.vocabulary import parent_of
from coverage.word_table import Term

ANALYTICS = ("triggerOperator", "queryFrequency", "severity", "kind")
HUNT_FOLDERS = frozenset({"hunting queries", "hunting", "hunting_queries", "huntingqueries"})
_NAMED = (
    "tactics",
    "relevantTechniques",
    "techniques",
    "requiredDataConnectors",
    "triggerOperator",
    "entityMappings",
)
_MEANT = re.compile(rf"^(?:{'|'.join(_NAMED)})[ \t]*:", re.MULTILINE)
_MEANT_ARM = re.compile(
    r"/alertRules|AlertRuleTemplates|Hunting Queries|relevantTechniques|\"subTechniques\"|\"triggerOperator\""
)
_ARM_RULE = re.compile(r"/(?:alertRules|AlertRuleTemplates)$", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LITERAL = re.compile(
    r"'([^']*)'[\s)]*\]\s*$"
)  # the last text of a template's expression, when it ends with one
_TABLE = re.compile(r"^\s*(?:union\s+)?([A-Z]\w+)\s*(?:\||$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parts:
    """What differs between the two ways a rule is written down."""

    rule: Fields  # the table with query and tactics
    rule_id: str | None
    name: str | None
    version: str | None
    kind: str | None
    author: tuple[str, ...]
    hunt: bool


def meant(text: str) -> bool:
    """Whether a YAML text has a query and a list that only Sentinel names so."""
    return "query:" in text and _MEANT.search(text) is not None


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's YAML documents is an analytics rule or a hunting query."""
    return isinstance(document, list) and any(map(_is_rule, document))


def _is_rule(values: Any) -> bool:
    return isinstance(values, dict) and "query" in values and any(key in values for key in _NAMED)


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules and hunting queries of one YAML file.

    Codes: `no-rule` (error: not kept), `no-name`, `no-rule-id`, `bad-severity`, those of `Fields`
    (warnings), `platform-word-unknown` (note).
    """
    kept = 0
    for place, values in enumerate(document):
        if _is_rule(values):
            rule = YamlFields(values, (place,), [])
            built = _built(file, _yaml_parts(rule, file), "sentinel", kept, context)
            kept += built.rule is not None
            yield built


def _yaml_parts(rule: Fields, file: RuleFile) -> Parts:
    rule_id, name = identity(rule, "id", "name")
    hunts = any(folder.lower() in HUNT_FOLDERS for folder in file.folders)
    metadata = rule.table("metadata")
    author = (
        metadata.table("author") if metadata and isinstance(metadata.values.get("author"), dict) else None
    )
    return Parts(
        rule,
        rule_id,
        name,
        rule.text("version"),
        rule.text("kind"),
        names([author.text("name") or ""]) if author else (),
        hunts or not any(key in rule.values for key in ANALYTICS),
    )


def meant_arm(text: str) -> bool:
    """Whether a JSON text names a resource type or a list that only Sentinel has."""
    return '"query"' in text and _MEANT_ARM.search(text) is not None


def sniff_arm(file: RuleFile, document: Any) -> bool:
    """Whether a file's JSON holds an analytics rule or a saved hunting query."""
    return isinstance(document, list) and next(_resources(document), None) is not None


def _resources(document: Any) -> Iterator[tuple[dict, DocPath]]:
    """Every object of a JSON document that is a rule with its properties, in order; none within another."""
    waiting: list[tuple[Any, DocPath]] = [(document, ())]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, dict) and _is_resource(value):
            yield (value, path)
        elif isinstance(value, (dict, list)):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            below = [(item, (*path, key)) for key, item in items if isinstance(item, (dict, list))]
            waiting += reversed(below)


def _is_resource(value: dict) -> bool:
    properties = value.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("query"), str):
        return False
    if properties.get("category") == "Hunting Queries":
        return True
    kind = str(value.get("type"))
    # other resources (an alert rule of Azure Monitor, a recommendation) have a query and a severity, too
    is_analytics = "/" not in kind and ("triggerOperator" in properties or "severity" in properties)
    return is_analytics or _ARM_RULE.search(kind) is not None


def arm_rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules and saved hunting queries of one JSON file. Codes: those of `rules`."""
    kept = 0
    for value, path in _resources(document):
        resource = _json.JsonFields(value, path, [])
        built = _built(file, _arm_parts(resource), "sentinel_arm", kept, context)
        kept += built.rule is not None
        yield built


def _arm_parts(resource: Fields) -> Parts:
    rule = resource.table("properties") or resource
    rule_id = _arm_id(resource.values, rule.values)
    name = rule.text("displayName") or rule_id
    if name is None:
        rule.issue((), "no-rule", "has no displayName and no name, so it was not read", "error")
    elif rule_id is None:
        rule.issue((), "no-rule-id", "has no name or id of its own")
    version = rule.values.get("templateVersion", rule.values.get("version"))
    hunt = rule.values.get("category") == "Hunting Queries"
    return Parts(
        rule, rule_id, name, str(version) if version is not None else None, resource.text("kind"), (), hunt
    )


def _arm_id(resource: Mapping[str, Any], rule: Mapping[str, Any]) -> str | None:
    """What a resource is called: by a GUID of its own, else by any name of its own, else as the template it
    is made from.
    """
    own = [found for key in ("name", "id") if (found := _own_name(resource.get(key)))]
    template = _own_name(rule.get("alertRuleTemplateName"))
    return next(filter(_GUID.fullmatch, own), None) or next(iter(own), template)


def _own_name(written: Any) -> str | None:
    """The last part of a name or of a resource id; what comes before it names the subscription and the
    workspace.

    Of an expression in a template, the GUID in the text that it ends with: any other text may be a
    parameter's name.
    """
    text = str(written or "").strip()
    if not text.startswith("["):
        return text.rstrip("/").rpartition("/")[2] or None
    literal = _LITERAL.search(text)
    guid = _GUID.search(literal[1].rpartition("/")[2]) if literal else None
    return guid.group() if guid else None


def _built(file: RuleFile, parts: Parts, format_id: str, nth: int, context: Context) -> Built:
    rule = parts.rule
    if parts.name is None:
        return Built(None, rule.issues)
    connectors, tables = _connectors(rule)
    query = rule.text("query")
    platforms, notes = platforms_of(_words(connectors, tables, query, context), file, parts.rule_id, context)
    status = rule.text("status")
    return Built(
        rule_of(
            file,
            format_id,
            nth,
            rule_id=parts.rule_id,
            name=parts.name,
            rule_class=_rule_class(parts, status),
            enabled=rule.flag("enabled"),
            severity=severity(rule, "severity"),
            type=parts.kind,
            language="kql",
            platforms=platforms,
            integrations=connectors,
            data_sources=tables,
            **context.log_sources.data_of(_data_read(tables, query, context)),
            tags=_plain_tags(rule),
            authors=parts.author,
            updated=rule.day("lastModifiedUtc"),
            version=parts.version,
            maturity=status,
            description=_description(rule),
            query=query,
        ),
        rule.issues,
        list(_mapped(rule)),
        notes,
        named=named_texts(rule.values, rule.path),
    )


def _rule_class(parts: Parts, status: str | None) -> str:
    if (status or "").lower() == "deprecated" or (parts.name or "").lower().startswith(
        ("[deprecated]", "deprecated")
    ):
        return "deprecated"
    return "hunt" if parts.hunt else "production"


def _connectors(rule: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The connectors a rule requires, and the tables (data types) it reads from them."""
    connectors, tables = [], []
    for connector in rule.tables("requiredDataConnectors"):
        connectors.append(connector.text("connectorId"))
        tables += connector.texts("dataTypes", single=True)
    return (tuple(dict.fromkeys(filter(None, connectors))), tuple(dict.fromkeys(tables)))


def _words(
    connectors: tuple[str, ...], tables: tuple[str, ...], query: str | None, context: Context
) -> RuleWords:
    """What gives the platforms: the connectors; without any, the tables that the query reads and the table
    knows.
    """
    if connectors:
        return RuleWords(others=[[("sentinel_connector", connector)] for connector in connectors])
    known = [name for name in _read_tables(tables, query) if context.platforms.knows("sentinel_table", name)]
    return RuleWords(others=[[("sentinel_table", name)] for name in known])


def _read_tables(tables: tuple[str, ...], query: str | None) -> tuple[str, ...]:
    """The tables that a rule lists, then those at the start of a line of its query."""
    return tuple(dict.fromkeys([*tables, *_TABLE.findall(query or "")]))


def _data_read(tables: tuple[str, ...], query: str | None, context: Context) -> Iterator[Term]:
    """The same, of a query only the known ones: a line may also begin with a variable."""
    for name in _read_tables(tables, query):
        if name in tables or context.log_sources.knows("sentinel_table", name):
            yield [("sentinel_table", name)]


def _plain_tags(rule: Fields) -> tuple[str, ...]:
    """Tags that are plain words. Some are tables (a schema and its version, ARM's own fields)."""
    tags = rule.values.get("tags")
    return tuple(tag for tag in tags if type(tag) is str and tag.strip()) if isinstance(tags, list) else ()


def _description(rule: Fields) -> str | None:
    text = rule.text("description") or dict(_arm_tags(rule)).get("description", ("", ()))[0]
    return text.strip("'\n ") or None


def _arm_tags(rule: Fields) -> Iterator[tuple[str, tuple[str, DocPath]]]:
    """The (name, (value, place)) tags of a saved query."""
    tags = rule.values.get("tags")
    for nth, tag in enumerate(tags if isinstance(tags, list) else ()):
        if isinstance(tag, dict) and isinstance(tag.get("name"), str) and isinstance(tag.get("value"), str):
            yield (tag["name"], (tag["value"], (*rule.path, "tags", nth, "value")))


def _mapped(rule: Fields) -> Iterator[Mapped]:
    subtechniques = list(_texts(rule, "subTechniques"))
    ways = {parent_of(text.strip()) for text, _ in subtechniques}
    for key in ("relevantTechniques", "techniques"):
        for text, path in _texts(rule, key):
            if text.strip() not in ways:
                yield (meant_id(text), path)
    for text, path in subtechniques:
        yield (_with_parent(text), path)
    for text, path in _texts(rule, "tactics"):
        yield ({"tactic_name": text.strip()}, path)


def _with_parent(text: str) -> dict[str, str | None]:
    parent = parent_of(text.strip().upper())
    return {"technique_id": parent, **meant_id(text)} if parent else dict(meant_id(text))


def _texts(rule: Fields, key: str) -> Iterator[tuple[str, DocPath]]:
    """The texts of a list with their places; for a saved query, those of its tag of that name, split at
    commas.
    """
    if rule.values.get(key) is not None:
        rule.texts(key, single=True)  # notes what is no text
        value = rule.values[key]
        listed = (
            [((), value)]
            if type(value) is str
            else [((nth,), one) for nth, one in enumerate(value)]
            if type(value) is list
            else []
        )
        yield from (
            (text, (*rule.path, key, *below)) for below, text in listed if type(text) is str and text.strip()
        )
    tags = dict(_arm_tags(rule))
    if key in tags:
        value, path = tags[key]
        yield from ((part, path) for part in value.split(",") if part.strip())


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Keys written twice (`duplicate-key`)."""
    yield from (
        duplicate_keys(document) if isinstance(document, Documents) else _json.duplicate_keys(document)
    )


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    return f"{'tactics' if attack_id.startswith('TA') else 'relevantTechniques'}: [{attack_id}]"


def _meant_arm(keys: Sequence[str], text: str, attack_id: str) -> str:
    key = "tactics" if attack_id.startswith("TA") else "subTechniques" if "." in attack_id else "techniques"
    return f"{key}: [{attack_id}]"


FORMAT = Format(rules, YAML, remarks, _meant)
LOADER = FORMAT.loader(
    "sentinel", "Microsoft Sentinel rule or hunting query", (".yml", ".yaml"), sniff, meant
)
ARM_FORMAT = Format(arm_rules, _json.JSON, remarks, _meant_arm)
ARM_LOADER = ARM_FORMAT.loader(
    "sentinel_arm", "Microsoft Sentinel ARM or API export", (".json",), sniff_arm, meant_arm, _json.MAX_BYTES
)
