"""Falco rules: a YAML list of rules, macros and lists (DOMAIN section 3, "Falco").

A rule has a condition; an entry that only changes a rule of another file (`override`, `append`, `enabled`
alone) is not a rule, and one that changes a rule of the same file has the last word on its `enabled`.
Class by the maturity tag: stable (or none) is production, incubating and sandbox are development, deprecated
is deprecated. Tags are flat. Independent of ATT&CK releases and of what counts as covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from coverage.formats.outcome import Built, Format, Mapped, id_part, platforms_of, rule_of, severity
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, RuleFile
from coverage.formats.unread import ids_in, named_texts, not_read
from coverage.models import LoadResult
from coverage.syntaxes.syntax import DocPath, Issue
from coverage.syntaxes.written_fields import YamlFields
from coverage.syntaxes.yaml_text import YAML, duplicate_keys

SEVERITIES = {
    "emergency": "critical",
    "alert": "critical",
    "critical": "critical",
    "error": "high",
    "warning": "medium",
    "notice": "low",
    "informational": "informational",
    "info": "informational",
    "debug": "informational",
}
MATURITY_CLASSES = {
    "maturity_stable": "production",
    "maturity_incubating": "development",
    "maturity_sandbox": "development",
    "maturity_deprecated": "deprecated",
}
_MEANT = re.compile(r"^[ \t]*-[ \t]*[\"']?rule[\"']?[ \t]*:", re.MULTILINE)
_TACTIC = "mitre_"
_NEAR_TACTIC = re.compile(r"(?i)mitre[.:/ -]\s*(?P<name>[a-z][\w-]*)")


def meant(text: str) -> bool:
    """Whether a text has a list entry `rule:` and a priority or a condition."""
    return ("priority" in text or "condition" in text) and _MEANT.search(text) is not None


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's YAML documents is a list with a Falco rule."""
    return isinstance(document, list) and next(_entries(document), None) is not None


def _entries(document: Any) -> Iterator[tuple[dict, DocPath]]:
    """The rules of a document, broken ones too: where one entry is sure to be Falco's, less will do for the
    others.
    """
    named = [
        (entry, (place, nth))
        for place, values in enumerate(document)
        for nth, entry in enumerate(values if isinstance(values, list) else ())
        if isinstance(entry, dict) and "rule" in entry
    ]
    if any(_is_sure(entry) for entry, _ in named):
        yield from (one for one in named if "condition" in one[0] or "priority" in one[0])


def _is_sure(entry: dict) -> bool:
    """Whether an entry has two marks of a Falco rule: a firewall's rules have a priority as well, as a
    number.
    """
    marks = sum(key in entry for key in ("condition", "output", "desc"))
    return marks + (str(entry.get("priority")).strip().lower() in SEVERITIES) >= 2


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules of one file.

    Codes: `no-rule`, `no-condition` (errors: not kept), `bad-severity`, those of `Fields` (warnings),
    `platform-word-unknown` (note).
    """
    kept, switches = 0, _switches(document)
    for values, path in _entries(document):
        if "override" not in values and values.get("append") not in ("true", True):
            built = _built(file, YamlFields(values, path, []), switches, kept, context)
            kept += built.rule is not None
            yield built


def _switches(document: Any) -> dict[str, Any]:
    """The last word of a file on whether a rule is enabled, by the rule's name."""
    entries = (entry for values in document if isinstance(values, list) for entry in values)
    return {
        str(entry["rule"]): entry["enabled"]
        for entry in entries
        if isinstance(entry, dict) and "rule" in entry and "enabled" in entry
    }


def _built(file: RuleFile, rule: YamlFields, switches: dict[str, Any], nth: int, context: Context) -> Built:
    name, condition, tags = rule.text("rule"), rule.text("condition"), rule.texts("tags", single=True)
    if name is None or condition is None:
        missing = "no-rule", "has no name" if name is None else "has no condition"
        rule.issue(
            (), "no-rule" if name is None else "no-condition", f"{missing[1]}, so it was not read", "error"
        )
        return Built(None, rule.issues)
    source = rule.text("source") or "syscall"
    platforms, notes = platforms_of(_words(source, tags, context), file, name, context)
    maturity = next((tag for tag in tags if tag.startswith("maturity_")), None)
    switch = YamlFields({"enabled": switches.get(name, "true")}, rule.path, rule.issues)
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=name,
            name=name,
            rule_class=MATURITY_CLASSES.get(maturity or "maturity_stable", "development"),
            enabled=switch.flag("enabled"),
            severity=severity(rule, "priority", SEVERITIES),
            language="falco",
            platforms=platforms,
            integrations=(source,),
            data_sources=(source,),
            **context.log_sources.data_of([[("falco_source", source)]]),
            tags=tags,
            maturity=maturity,
            description=rule.text("desc"),
            query=condition,
        ),
        [*rule.issues, *_near_tactics(rule)],
        list(_mapped(rule)),
        notes,
        named=named_texts(rule.values, rule.path),
    )


def _words(source: str, tags: tuple[str, ...], context: Context) -> RuleWords:
    """The source gives the platform, and tags that the table knows (`container`) add to it."""
    known = [tag for tag in tags if context.platforms.knows("falco_tag", tag)]
    return RuleWords(others=[[("falco_source", source)], *([("falco_tag", tag)] for tag in known)])


def _mapped(rule: YamlFields) -> Iterator[Mapped]:
    for tag, path in _tags(rule):
        if (part := _part(tag)) is not None:
            yield (part, path)


def _tags(rule: YamlFields) -> Iterator[tuple[str, DocPath]]:
    """The tags of a rule with their places; one text may be written instead of a list of one."""
    value, path = rule.values.get("tags"), (*rule.path, "tags")
    if type(value) is str:
        yield (value.strip(), path)
    for place, tag in enumerate(value if type(value) is list else ()):
        if type(tag) is str:
            yield (tag.strip(), (*path, place))


def _part(tag: str) -> dict[str, str] | None:
    if tag.lower().startswith(_TACTIC) and len(tag) > len(_TACTIC):
        name = tag[len(_TACTIC) :]
        return None if ids_in(name) else {"tactic_name": name}  # `mitre_T1059` names no tactic
    if (part := id_part(tag)) is not None:
        return dict(part)
    return {"technique_id": tag} if re.match(r"[Tt]\d{3}", tag) else None


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Keys written twice (`duplicate-key`)."""
    return duplicate_keys(document)


def _near_tactics(rule: YamlFields) -> Iterator[Issue]:
    """Tags that are nearly a tactic's: `mitre-execution`, `mitre:execution`."""
    for tag, path in _tags(rule):
        if (near := _NEAR_TACTIC.fullmatch(tag)) and not ids_in(tag):
            yield not_read("tags", tag, f"the tag {_TACTIC}{near['name'].lower()}", path)


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    return f"the tag {attack_id}"


FORMAT = Format(rules, YAML, remarks, _meant)
LOADER = FORMAT.loader("falco", "Falco rules", (".yml", ".yaml"), sniff, meant)
