"""The frames of what loading gives: rules, mappings as written, problems: grain, key, and each column with
its type and meaning.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from coverage.frames import DATE, FLOAT, INT, LIST, MAYBE_BOOL, MAYBE_INT, TEXT, FrameSpec, columns_of
from coverage.models import Problem, Rule, WrittenMapping

RULES = FrameSpec(
    "RULES",
    "one row a rule",
    ("rule_key",),
    {
        "rule_key": (TEXT, "unique over all corpora: corpus, path, and #n for the nth rule of a file"),
        "corpus": (TEXT, "name of the corpus the rule was read from"),
        "path": (TEXT, "file, relative to the corpus, POSIX separators"),
        "format": (TEXT, "rule format that read it"),
        "rule_id": (TEXT, "the rule's own id; may repeat when two files claim it"),
        "name": (TEXT, "the rule's title"),
        "rule_class": (TEXT, "production, development, building_block, hunt or deprecated"),
        "enabled": (MAYBE_BOOL, "NA when the format does not know"),
        "can_run": (MAYBE_BOOL, "data that it reads arrives; NA without an inventory, or when nothing tells"),
        "severity": (TEXT, "informational, low, medium, high, critical; NA when not given"),
        "risk_score": (FLOAT, "0-100; NaN when not given"),
        "type": (TEXT, "rule type as the format names it"),
        "language": (TEXT, "query language"),
        "platforms": (LIST, "ATT&CK platforms the rule works on; empty when not known"),
        "integrations": (LIST, "products or log integrations the rule needs"),
        "indices": (LIST, "index patterns it reads"),
        "data_sources": (LIST, "data sources as its tags name them"),
        "log_words": (LIST, "what it reads as it writes it: kind:word, kinds of data/log_sources.csv"),
        "log_sources": (LIST, "log sources any of which gives it data; empty when unknown"),
        "data_components": (
            LIST,
            "ATT&CK data components that its log sources give; empty when unknown",
        ),
        "tags": (LIST, "tags as written"),
        "authors": (LIST, "authors as written"),
        "origin": (TEXT, "vendor or own; NA when the format does not name it"),
        "created": (DATE, "creation date"),
        "updated": (DATE, "date of the last update"),
        "version": (TEXT, "the rule's own version"),
        "maturity": (TEXT, "maturity or status as written"),
        "license": (TEXT, "licence as written"),
        "description": (TEXT, "what the rule detects"),
        "query": (TEXT, "the detection itself"),
        "note": (TEXT, "triage guide, Markdown"),
        "setup": (TEXT, "setup guide, Markdown"),
        "references": (LIST, "links as written"),
        "false_positives": (LIST, "known false positives"),
        "content_hash": (TEXT, "SHA-256 of the file"),
    },
)

WRITTEN = FrameSpec(
    "WRITTEN",
    "one row a mapping path of a rule, as written",
    ("rule_key", "position"),
    {
        "rule_key": (TEXT, "the rule"),
        "position": (INT, "0-based order in the rule"),
        "framework": (TEXT, "framework as written"),
        "written_for": (TEXT, "ATT&CK version the mapping is for, as the rule states; NA when not given"),
        "tactic_id": (TEXT, "tactic ID as written"),
        "tactic_name": (TEXT, "tactic name as written"),
        "tactic_reference": (TEXT, "tactic URL as written"),
        "technique_id": (TEXT, "technique ID as written"),
        "technique_name": (TEXT, "technique name as written"),
        "technique_reference": (TEXT, "technique URL as written"),
        "subtechnique_id": (TEXT, "sub-technique ID as written"),
        "subtechnique_name": (TEXT, "sub-technique name as written"),
        "subtechnique_reference": (TEXT, "sub-technique URL as written"),
        "leaf_id": (TEXT, "deepest technique ID of the path; NA when it names a tactic only"),
    },
)

PROBLEMS = FrameSpec(
    "PROBLEMS",
    "one row a problem in reading, or an ID that could not be placed",
    (),
    {
        "corpus": (TEXT, "name of the corpus"),
        "path": (TEXT, "file, relative to the corpus"),
        "line": (MAYBE_INT, "1-based line; NA when the whole file is meant"),
        "column": (MAYBE_INT, "1-based column"),
        "rule_id": (TEXT, "rule, when it is known"),
        "code": (TEXT, "stable code of the cause, or of the check that found the ID"),
        "severity": (TEXT, "error, warning or note"),
        "message": (TEXT, "one sentence"),
    },
)


def rules_frame(rules: Iterable[Rule]) -> pd.DataFrame:
    """RULES: one row a rule, in the order given."""
    return RULES.frame(columns_of(rules, RULES.columns))


def written_frame(written: Iterable[WrittenMapping]) -> pd.DataFrame:
    """WRITTEN: one row a mapping path, in the order given."""
    return WRITTEN.frame(columns_of(written, WRITTEN.columns))


def problems_frame(problems: Iterable[Problem]) -> pd.DataFrame:
    """PROBLEMS: one row a problem, in the order given."""
    return PROBLEMS.frame(columns_of(problems, PROBLEMS.columns))
