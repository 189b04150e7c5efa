"""Elastic detection rules: TOML with `[metadata]` and `[rule]` (DOMAIN section 3, "Elastic TOML").

Detection rules, building blocks and deprecated rules. Independent of folders outside the corpus, of ATT&CK
releases and of what counts as covered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from coverage.formats.outcome import identity, platforms_of, rule_of, severity
from coverage.formats.platforms import RuleWords
from coverage.formats.problems import problems_from
from coverage.formats.seam import Context, Loader, RuleFile
from coverage.formats.threat import meant_threat, not_in_threat, written_paths
from coverage.formats.unread import ids_in, named_texts, unread_issues
from coverage.models import LoadResult, Problem, Rule
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import DocPath, Issue
from coverage.syntaxes.toml_text import TOML
from coverage.vocabulary import SEVERITIES

DATA_SOURCE = "Data Source:"
SEVERITY_NAMES = {name: name for name in SEVERITIES}
# The FROM of an ES|QL query names what the rule reads; such rules have no `index`.
_FROM = re.compile(r"^\s*from\s+(.+?)\s*(?:\||metadata\b|//|$)", re.IGNORECASE | re.MULTILINE)


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether a TOML document is, or was plainly meant to be, an Elastic detection rule."""
    if not isinstance(document, dict):
        return False
    metadata = document.get("metadata")
    meant = isinstance(metadata, dict) and ("maturity" in metadata or "creation_date" in metadata)
    return "rule" in document or meant or "rule_id" in document


def read(file: RuleFile, document: dict, context: Context) -> LoadResult:
    """The rule of one file with its mappings, and every problem met.

    Codes: `no-rule-table` (error), `no-rule` (error: neither a name nor an id, not kept), `no-name`,
    `no-rule-id`, `no-maturity`, `bad-severity` and those of `Fields` and `written_paths` (warnings),
    `platform-word-unknown` (note).
    """
    issues: list[Issue] = []
    root = Fields(document, (), issues)
    rule = root.table("rule")
    if rule is None:
        if not issues:
            issues.append(
                Issue(
                    ("metadata",),
                    "no-rule-table",
                    "error",
                    "The file has no [rule] table, so no rule was read.",
                )
            )
        return lost(issues, file)
    metadata = root.table("metadata") or Fields({}, ("metadata",), issues)
    return result_of(_rule(file, rule, metadata, context), rule, issues, file, document)


def _rule(
    file: RuleFile, rule: Fields, metadata: Fields, context: Context
) -> tuple[Rule | None, list[Problem]]:
    rule_id, name = identity(rule, "rule_id", "name")
    if name is None:
        return (None, [])
    maturity = metadata.text("maturity")
    if maturity is None:
        metadata.issue(("maturity",), "no-maturity", "is missing, so the rule counts as development")
    integrations = metadata.texts("integration", single=True)
    values, notes = detection_values(rule, integrations, file, rule_id, context)
    read_rule = rule_of(
        file,
        LOADER.id,
        rule_id=rule_id,
        name=name,
        rule_class=rule_class(file.folders, maturity, rule.text("building_block_type")),
        severity=severity(rule, "severity", SEVERITY_NAMES),
        created=metadata.day("creation_date"),
        updated=metadata.day("updated_date"),
        maturity=maturity,
        **values,
    )
    return (read_rule, notes)


def detection_values(
    rule: Fields, integrations: Sequence[str], file: RuleFile, rule_id: str | None, context: Context
) -> tuple[dict[str, Any], list[Problem]]:
    """The fields of `Rule` that a detection rule has alike in its file and in Kibana's export, and the notes
    on its platforms.
    """
    tags, query, language = rule.texts("tags"), rule.text("query"), rule.text("language")
    indices = rule.texts("index") or (esql_sources(query) if language == "esql" else ())
    words = RuleWords(tags, (), integrations, indices, rule.texts("machine_learning_job_id", single=True))
    platforms, notes = platforms_of(words, file, rule_id, context)
    values = {
        # As written. Few prebuilt rules have it: `false` on those that would repeat the alerts of "Endpoint
        # Security" (and on a sample), `true` on two that Kibana switches on. Others leave it to the user.
        "enabled": rule.flag("enabled"),
        "risk_score": rule.number("risk_score", 0, 100),
        "type": rule.text("type"),
        "language": language,
        "platforms": platforms,
        "integrations": integrations,
        "indices": indices,
        **context.log_sources.elastic(tags, integrations, indices, language, query),
        "data_sources": data_sources(tags),
        "tags": tags,
        "authors": rule.texts("author", single=True),
        "license": rule.text("license"),
        "description": rule.text("description"),
        "query": query,
        "note": rule.text("note"),
        "setup": rule.text("setup"),
        "references": rule.texts("references"),
        "false_positives": rule.texts("false_positives"),
    }
    return (values, notes)


def result_of(
    read_rule: tuple[Rule | None, list[Problem]],
    holder: Fields,
    issues: list[Issue],
    file: RuleFile,
    document: dict,
) -> LoadResult:
    """A rule, its mappings below `holder`, and its issues as problems. Without a rule, the problems alone.

    IDs elsewhere in the document that are meant as a mapping are reported (`id-not-read`).
    """
    rule, notes = read_rule
    if rule is None:
        return lost(issues, file)
    written = [path.mapping(rule.rule_key, nth) for nth, path in enumerate(written_paths(holder))]
    issues += not_in_threat(
        unread_issues(named_texts(document, ()), written, ids_in(file.text), meant_threat), issues
    )
    return LoadResult([rule], written, [*problems_from(issues, file, rule.rule_id, TOML), *notes])


def lost(issues: Sequence[Issue], file: RuleFile) -> LoadResult:
    """No rule, and its issues as errors, since they cost the rule."""
    return LoadResult(
        problems=problems_from([replace(issue, severity="error") for issue in issues], file, None, TOML)
    )


def rule_class(folders: Sequence[str], maturity: str | None, building_block_type: str | None) -> str:
    """The rule class by DOMAIN section 2: deprecated first, then maturity, then hunt and building block."""
    stage = (maturity or "").strip().lower()
    if "_deprecated" in folders or stage == "deprecated":
        return "deprecated"
    if stage != "production":
        return "development"
    if "hunting" in folders:
        return "hunt"
    if building_block_type or any("building_block" in folder for folder in folders):
        return "building_block"
    return "production"


def data_sources(tags: Sequence[str]) -> tuple[str, ...]:
    """The values of `Data Source: ...` tags, in order, each once."""
    values = (tag[len(DATA_SOURCE) :].strip() for tag in tags if tag.startswith(DATA_SOURCE))
    return tuple(dict.fromkeys(value for value in values if value))


def esql_sources(query: str | None) -> tuple[str, ...]:
    """The index patterns in the FROM of an ES|QL query."""
    match = _FROM.search(query or "")
    return tuple(part.strip() for part in match.group(1).split(",") if part.strip()) if match else ()


def leaf_paths(document: dict, nth: int) -> list[DocPath]:
    """Where each mapping's leaf is in the document, by position. A file holds one rule."""
    rule = Fields(document, (), []).table("rule")
    return [path.leaf_path for path in written_paths(rule)] if rule else []


LOADER = Loader("elastic", "Elastic detection rule", (".toml",), TOML, sniff, read, leaf_paths)
