"""Elastic endpoint behaviour rules: TOML with `[rule]` and top-level `[[threat]]` (DOMAIN section 3)."""

from __future__ import annotations

from typing import Any

from coverage.formats.elastic import SEVERITY_NAMES, data_sources, lost, result_of
from coverage.formats.outcome import identity, platforms_of, rule_of, severity
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, Loader, RuleFile
from coverage.formats.threat import written_paths
from coverage.models import LoadResult, Problem, Rule
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import DocPath, Issue
from coverage.syntaxes.toml_text import TOML


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether a TOML document is an endpoint behaviour rule: `os_list`, or an `id` beside top-level
    threats.
    """
    rule = document.get("rule") if isinstance(document, dict) else None
    if not isinstance(rule, dict) or "rule_id" in rule or "metadata" in document:
        return False
    return "os_list" in rule or ("id" in rule and "threat" in document)


def read(file: RuleFile, document: dict, context: Context) -> LoadResult:
    """The rule of one file with its mappings, and every problem met.

    Codes: `no-rule` (error), `no-name`, `no-rule-id`, `bad-severity` and those of `Fields` and
    `written_paths` (warnings), `platform-word-unknown` (note).
    """
    issues: list[Issue] = []
    root = Fields(document, (), issues)
    rule = root.table("rule")
    if rule is None:
        return lost(issues, file)
    return result_of(_rule(file, rule, context), root, issues, file, document)


def _rule(file: RuleFile, rule: Fields, context: Context) -> tuple[Rule | None, list[Problem]]:
    rule_id, name = identity(rule, "id", "name")
    if name is None:
        return (None, [])
    tags = rule.texts("tags")
    platforms, notes = platforms_of(RuleWords(tags, rule.texts("os_list")), file, rule_id, context)
    return (
        rule_of(
            file,
            LOADER.id,
            rule_id=rule_id,
            name=name,
            rule_class="deprecated" if "_deprecated" in file.folders else "production",
            severity=severity(rule, "severity", SEVERITY_NAMES),
            language="eql",
            platforms=platforms,
            integrations=("endpoint",),  # these rules run inside Elastic Defend and nowhere else
            **context.log_sources.elastic(tags, ("endpoint",), language="eql", query=rule.text("query")),
            data_sources=data_sources(tags),
            tags=tags,
            authors=rule.texts("author", single=True),
            version=rule.text("version"),
            license=rule.text("license"),
            description=rule.text("description"),
            query=rule.text("query"),
            references=rule.texts("reference", single=True),
        ),
        notes,
    )


def leaf_paths(document: dict, nth: int) -> list[DocPath]:
    """Where each mapping's leaf is in the document, by position. A file holds one rule."""
    return [path.leaf_path for path in written_paths(Fields(document, (), []))]


LOADER = Loader(
    "elastic_endpoint", "Elastic endpoint behaviour rule", (".toml",), TOML, sniff, read, leaf_paths
)
