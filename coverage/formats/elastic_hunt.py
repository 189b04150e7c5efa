"""Elastic hunts: TOML with `[hunt]` (DOMAIN section 3, "Elastic hunts")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from coverage.formats.elastic import esql_sources, lost
from coverage.formats.outcome import identity, platforms_of, rule_of
from coverage.formats.platforms import RuleWords
from coverage.formats.problems import problems_from
from coverage.formats.seam import Context, Loader, RuleFile
from coverage.formats.threat import ATLAS, ATTACK
from coverage.formats.unread import ids_in, named_texts, unread_issues
from coverage.models import LoadResult, Problem, Rule, WrittenMapping
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import DocPath, Issue
from coverage.syntaxes.toml_text import TOML
from coverage.vocabulary import id_kind

# A new kind of ID in a hunt's `mitre` list: which part of the path it is.
_PARTS = {"tactic": "tactic_id", "subtechnique": "subtechnique_id"}


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether a TOML document is a hunt."""
    return isinstance(document, dict) and "hunt" in document and "rule" not in document


def read(file: RuleFile, document: dict, context: Context) -> LoadResult:
    """The hunt of one file, one mapping an ID of its `mitre` list, and every problem met.

    Codes: `no-rule` (error), `no-name`, `no-rule-id`, `no-id` and those of `Fields` (warnings),
    `platform-word-unknown` (note).
    """
    issues: list[Issue] = []
    hunt = Fields(document, (), issues).table("hunt")
    rule, notes = _rule(file, hunt, context) if hunt else (None, [])
    if rule is None or hunt is None:
        return lost(issues, file)
    written = [_mapping(rule.rule_key, nth, text) for nth, (text, _) in enumerate(_ids(hunt))]
    issues += unread_issues(named_texts(document, ()), written, ids_in(file.text), _meant)
    return LoadResult([rule], written, [*problems_from(issues, file, rule.rule_id, TOML), *notes])


def _rule(file: RuleFile, hunt: Fields, context: Context) -> tuple[Rule | None, list[Problem]]:
    rule_id, name = identity(hunt, "uuid", "name")
    if name is None:
        return (None, [])
    queries, integrations = hunt.texts("query", single=True), hunt.texts("integration", single=True)
    indices = tuple(dict.fromkeys(source for query in queries for source in esql_sources(query)))
    platforms, notes = platforms_of(RuleWords((), (), integrations, indices), file, rule_id, context)
    return (
        rule_of(
            file,
            LOADER.id,
            rule_id=rule_id,
            name=name,
            rule_class="deprecated" if "_deprecated" in file.folders else "hunt",
            language=", ".join(hunt.texts("language", single=True)) or None,
            platforms=platforms,
            integrations=integrations,
            indices=indices,
            **context.log_sources.elastic((), integrations, indices),
            authors=hunt.texts("author", single=True),
            license=hunt.text("license"),
            description=hunt.text("description"),
            query="\n\n".join(queries) or None,
            note="\n".join(f"- {note}" for note in hunt.texts("notes", single=True)) or None,
            references=hunt.texts("references", single=True),
        ),
        notes,
    )


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    return f'mitre = ["{attack_id}"]'


def _ids(hunt: Fields) -> Iterator[tuple[str, DocPath]]:
    hunt.texts("mitre", single=True)  # adds an issue for what is not text
    value = hunt.values.get("mitre")
    if type(value) is str:
        yield (value, (*hunt.path, "mitre"))
    elif type(value) is list:
        for place, text in enumerate(value):
            if type(text) is str and text.strip():
                yield (text, (*hunt.path, "mitre", place))


def _mapping(rule_key: str, position: int, text: str) -> WrittenMapping:
    kind = id_kind(text)
    if kind == "atlas":
        kind = (
            "tactic" if text.startswith("AML.TA") else "subtechnique" if text.count(".") > 1 else "technique"
        )
        return WrittenMapping(rule_key, position, ATLAS, **{_PARTS.get(kind, "technique_id"): text})
    return WrittenMapping(rule_key, position, ATTACK, **{_PARTS.get(kind or "", "technique_id"): text})


def leaf_paths(document: dict, nth: int) -> list[DocPath]:
    """Where each ID of the `mitre` list is, by position. A file holds one hunt."""
    hunt = Fields(document, (), []).table("hunt")
    return [path for _, path in _ids(hunt)] if hunt else []


LOADER = Loader("elastic_hunt", "Elastic hunt", (".toml",), TOML, sniff, read, leaf_paths)
