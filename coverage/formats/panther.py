"""Panther detections: the YAML beside a Python file (DOMAIN section 3, "Panther").

Rules, scheduled rules, correlation rules and policies; helpers, data models, packs, queries and lookup
tables are not rules. Class: `Status: Deprecated` is deprecated, `Experimental` and `Beta` are development; a
rule with `CreateAlert: false` only feeds others, so it is a building block. `Reports` links a tactic and a
technique: `TA0006:T1110`. Independent of ATT&CK releases and of what counts as covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from coverage.formats.outcome import (
    Built,
    Format,
    Mapped,
    identity,
    meant_id,
    platforms_of,
    rule_of,
    severity,
    word_at,
)
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, RuleFile
from coverage.formats.unread import named_texts
from coverage.models import LoadResult
from coverage.syntaxes.syntax import Issue
from coverage.syntaxes.written_fields import YamlFields
from coverage.syntaxes.yaml_text import YAML, block_text, duplicate_keys

ID_KEYS = {"rule": "RuleID", "scheduled_rule": "RuleID", "correlation_rule": "RuleID", "policy": "PolicyID"}
STATUS_CLASSES = {
    "stable": "production",
    "experimental": "development",
    "beta": "development",
    "deprecated": "deprecated",
}
_MEANT = re.compile(r"^AnalysisType[ \t]*:", re.MULTILINE)
_ATTACK_REPORT = re.compile(r"mitre\s*att", re.IGNORECASE)


def meant(text: str) -> bool:
    """Whether a text has the key that every Panther analysis item has."""
    return _MEANT.search(text) is not None


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's YAML documents is a Panther detection."""
    return isinstance(document, list) and any(_id_key(values) for values in document)


def _id_key(values: Any) -> str | None:
    return ID_KEYS.get(str(values.get("AnalysisType")).lower()) if isinstance(values, dict) else None


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The detections of one file.

    Codes: `no-rule` (error: not kept), `no-name`, `no-rule-id`, `bad-severity`, `bad-status`, those of
    `Fields` (warnings), `platform-word-unknown` (note).
    """
    kept = 0
    for place, values in enumerate(document):
        if id_key := _id_key(values):
            built = _built(file, YamlFields(values, (place,), []), id_key, kept, document, context)
            kept += built.rule is not None
            yield built


def _built(file: RuleFile, rule: YamlFields, id_key: str, nth: int, document: Any, context: Context) -> Built:
    rule_id, name = (
        identity(rule, id_key, "DisplayName") if "DisplayName" in rule.values else _by_id(rule, id_key)
    )
    if name is None:
        return Built(None, rule.issues)
    logs = rule.texts("LogTypes", single=True) or rule.texts("ResourceTypes", single=True)
    platforms, notes = platforms_of(
        RuleWords(others=[_log_words(log) for log in logs]), file, rule_id, context
    )
    references = [*rule.texts("Reference", single=True), *rule.texts("References", single=True)]
    python, block = rule.text("Filename"), "Detection" if "Detection" in rule.values else "Inline"
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=rule_id,
            name=name,
            rule_class=_rule_class(rule),
            enabled=rule.flag("Enabled"),
            severity=severity(rule, "Severity"),
            type=rule.text("AnalysisType"),
            language="python" if python else "panther",
            platforms=platforms,
            integrations=tuple(dict.fromkeys(log.partition(".")[0] for log in logs)),
            data_sources=logs,
            **context.log_sources.data_of(map(_log_words, logs)),
            tags=rule.texts("Tags", single=True),
            authors=rule.texts("Author", single=True),
            created=rule.day("CreatedAt"),
            updated=rule.day("LastModified"),
            maturity=rule.text("Status"),
            description=rule.text("Description"),
            query=block_text(file.text, document, rule.path[0], block),
            note=rule.text("Runbook"),
            setup=f"The detection itself is the Python file `{python}`." if python else None,
            references=tuple(references),
        ),
        rule.issues,
        list(_mapped(rule)),
        notes,
        named=named_texts(rule.values, rule.path),
    )


def _by_id(rule: YamlFields, id_key: str) -> tuple[str | None, str | None]:
    """A detection without a display name has its id as name: the format allows it, so there is no warning."""
    rule_id = rule.text(id_key)
    return (rule_id, rule_id) if rule_id else identity(rule, id_key, "DisplayName")


def _log_words(log: str) -> list[tuple[str, str]]:
    return [("panther_log", log), ("panther_log", log.partition(".")[0])]


def _rule_class(rule: YamlFields) -> str:
    found = word_at(rule, "Status", STATUS_CLASSES, missing="production", unknown="development")
    return "building_block" if found == "production" and rule.flag("CreateAlert") is False else found


def _mapped(rule: YamlFields) -> Iterator[Mapped]:
    reports = rule.table("Reports")
    for key in reports.values if reports else ():
        if reports is not None and _ATTACK_REPORT.match(key):
            reports.texts(key, single=True)  # adds an issue for what is not text
            value = reports.values[key]
            listed = value if type(value) is list else ()
            entries = (
                [((), value)] if type(value) is str else [((nth,), one) for nth, one in enumerate(listed)]
            )
            for below, text in entries:
                if type(text) is str and text.strip():
                    yield (_part(text), (*reports.path, key, *below))


def _part(text: str) -> dict[str, str | None]:
    """The path in `TA0006:T1110.001`; also of a tactic or a technique alone."""
    first, colon, rest = text.partition(":")
    if not colon:
        return dict(meant_id(text))
    return (
        {"tactic_id": first.strip().upper(), **meant_id(rest)}
        if rest.strip()
        else {"tactic_id": first.strip()}
    )


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Keys written twice (`duplicate-key`)."""
    return duplicate_keys(document)


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    tactic = next((key.strip() for key in reversed(keys) if re.fullmatch(r"(?i)\s*TA\d{4}\s*", key)), None)
    named = text.strip() if re.fullmatch(r"TA\d{4}:\S+", text.strip()) else attack_id
    return f"Reports: MITRE ATT&CK: ['{f'{tactic}:' if tactic else ''}{named}']"


FORMAT = Format(rules, YAML, remarks, _meant)
LOADER = FORMAT.loader("panther", "Panther detection", (".yml", ".yaml"), sniff, meant)
