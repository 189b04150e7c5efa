"""Rules exported from Kibana: a JSON object a line (DOMAIN section 3, "Kibana export").

A rule is an object with `rule_id` and `type`; exception lists, connectors and the summary between them are
not rules. The answer of Kibana's find API (`data`) is read too, and a list of rules. A rule with
`building_block_type` is a building block, every other one production: Kibana runs what it holds, where
`enabled` allows it. Independent of ATT&CK releases and of what counts as covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coverage.formats.elastic import detection_values
from coverage.formats.outcome import Built, Format, identity, rule_of, severity
from coverage.formats.seam import Context, RuleFile
from coverage.formats.threat import meant_threat, written_paths
from coverage.formats.unread import named_texts
from coverage.models import LoadResult, WrittenMapping
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.json_text import JSON, MAX_BYTES, JsonFields, duplicate_keys, each
from coverage.syntaxes.syntax import DocPath, Issue
from coverage.words import amount

_SUMMARY = ("exported_count", "exported_rules_count")


def meant(text: str) -> bool:
    """Whether a text has the keys that every exported rule has."""
    return '"rule_id"' in text and '"type"' in text


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's JSON values is an exported rule."""
    return next(_objects(document), None) is not None


def _objects(document: Any) -> Iterator[tuple[dict, DocPath]]:
    for value, path in each(document):
        if not isinstance(value, dict):
            continue
        if _is_rule(value) and (len(path) == 1 or _in_list(value)):
            yield (value, path)
        elif isinstance(value.get("data"), list):
            yield from (
                (item, (*path, "data", nth)) for nth, item in enumerate(value["data"]) if _is_rule(item)
            )


def _is_rule(value: Any) -> bool:
    return isinstance(value, dict) and "rule_id" in value and "type" in value


def _in_list(value: dict) -> bool:
    """Whether an object in a list has more of a rule: what any linter reports has a `rule_id` and a
    `type`.
    """
    return "threat" in value or "risk_score" in value


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules of one export.

    Codes: `no-rule` (error: not kept), `no-name`, `no-rule-id`, `bad-severity`, those of `Fields` and
    `written_paths` (warnings), `platform-word-unknown` (note).
    """
    kept = 0
    for values, path in _objects(document):
        built = _built(file, JsonFields(values, path, []), kept, context)
        kept += built.rule is not None
        yield built


def _built(file: RuleFile, rule: JsonFields, nth: int, context: Context) -> Built:
    rule_id, name = identity(rule, "rule_id", "name")
    if name is None:
        return Built(None, rule.issues)
    values, notes = detection_values(rule, _integrations(rule), file, rule_id, context)
    mapped = [(_part(path), path.leaf_path) for path in written_paths(rule)]
    read_rule = rule_of(
        file,
        LOADER.id,
        nth,
        rule_id=rule_id,
        name=name,
        rule_class="building_block" if rule.text("building_block_type") else "production",
        severity=severity(rule, "severity"),
        origin=_origin(rule.values),
        created=rule.day("created_at"),
        updated=rule.day("updated_at"),
        version=_version(rule),
        **values,
    )
    return Built(read_rule, rule.issues, mapped, notes, named=named_texts(rule.values, rule.path))


def _part(path) -> dict[str, str | None]:
    row = path.mapping("", 0)
    names = (name for name in WrittenMapping.__dataclass_fields__ if name not in ("rule_key", "position"))
    return {name: getattr(row, name) for name in names}


def _version(rule: Fields) -> str | None:
    value = rule.values.get("version")
    return str(value) if type(value) is int else rule.text("version")


def _integrations(rule: JsonFields) -> tuple[str, ...]:
    """The packages a rule needs, one of a data stream as `package.stream`, as Elastic's rules name them."""
    found = []
    for related in rule.tables("related_integrations"):
        package, stream = related.text("package"), related.text("integration")
        if package:
            found.append(f"{package}.{stream}" if stream else package)
    return tuple(dict.fromkeys(found))


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """What is wrong with the export as a whole.

    Codes: `bad-json` (error, a line), `count-differs`, `duplicate-key` (warnings), `only-custom-rules`
    (note).
    """
    yield from duplicate_keys(document)
    for line, column, message in getattr(document, "faults", ()):
        yield Issue((), "bad-json", "error", message, (line, column))
    for value, path in each(document):
        if isinstance(value, dict) and any(key in value for key in _SUMMARY):
            yield from _count_issue(value, path, len(result.rules))
    if result.rules and not any(_is_prebuilt(values) for values, _ in _objects(document)):
        message = (
            "This export has custom rules only: Kibana before 8.18 leaves prebuilt rules out of exports."
        )
        yield Issue((0,), "only-custom-rules", "note", message)


def _count_issue(summary: dict, path: DocPath, read: int) -> Iterator[Issue]:
    exported = summary.get("exported_rules_count")
    if type(exported) is int and exported != read:
        counts = f"{amount(exported, 'rule')}, but {amount(read, 'was', 'were')} read"
        message = f"The export's last line counts {counts}."
        yield Issue((*path, "exported_rules_count"), "count-differs", "warning", message)


def _is_prebuilt(values: dict) -> bool:
    return _origin(values) == "vendor"


def _origin(values: Mapping[str, Any]) -> str | None:
    """`vendor` for Elastic's own rules, `own` for others; None where the export does not name it."""
    source = values.get("rule_source")
    if isinstance(source, dict):
        return {"external": "vendor", "internal": "own"}.get(source.get("type"))
    return {True: "vendor", False: "own"}.get(values.get("immutable"))


FORMAT = Format(rules, JSON, remarks, meant_threat)
LOADER = FORMAT.loader(
    "kibana", "Kibana rule export", (".ndjson", ".jsonl", ".json"), sniff, meant, MAX_BYTES
)
