"""One spec per frame: its grain, its key, and each column's dtype and meaning; and the one checker.

Frames stay long and typed. Text is pandas' `str` dtype with NA for "not said"; a `list` column
holds tuples; dates are `datetime64[s]`. Knows nothing of where a frame comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from coverage.models import Problem, Rule, WrittenMapping

TEXT, INT, MAYBE_INT, FLOAT, BOOL, MAYBE_BOOL, DATE, LIST = (
    "str",
    "int64",
    "Int64",
    "float64",
    "bool",
    "boolean",
    "datetime64[s]",
    "list",
)


class FrameError(ValueError):
    """A frame that does not fit its spec: always a programmer's error, never bad input."""


@dataclass(frozen=True)
class FrameSpec:
    """What a frame holds. `columns` maps a column to (dtype, meaning)."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: Mapping[str, tuple[str, str]]

    def empty(self) -> pd.DataFrame:
        """A frame of this spec without rows."""
        return self.frame({column: [] for column in self.columns})

    def frame(self, columns: Mapping[str, Sequence]) -> pd.DataFrame:
        """A frame of this spec from one sequence of values a column, in the spec's column order."""
        return pd.DataFrame(
            {name: _series(columns[name], dtype) for name, (dtype, _) in self.columns.items()}
        )


def _series(values: Sequence, dtype: str) -> pd.Series:
    if dtype == LIST:
        return pd.Series(list(values), dtype=object)
    if dtype == DATE:
        return pd.Series(pd.to_datetime(pd.Series(list(values), dtype=object), errors="coerce")).astype(DATE)
    return pd.Series(values, dtype=dtype)


def checked(frame: pd.DataFrame, spec: FrameSpec) -> pd.DataFrame:
    """The same frame, when it has the spec's columns, dtypes and a unique key.

    Raises
    ------
    FrameError
        Names every column that is missing, has another dtype, or breaks the key.
    """
    faults = [f"{spec.name}: column {column} is missing" for column in spec.columns if column not in frame]
    for column, (dtype, _) in spec.columns.items():
        found = str(frame[column].dtype) if column in frame else None
        wanted = "object" if dtype == LIST else dtype
        if found is not None and found != wanted:
            faults.append(f"{spec.name}: column {column} is {found}, not {wanted}")
    if not faults and spec.key and frame.duplicated(list(spec.key)).any():
        faults.append(f"{spec.name}: {', '.join(spec.key)} is not unique")
    if faults:
        raise FrameError("; ".join(faults))
    return frame


def _columns_of(items: Iterable, names: Iterable[str]) -> dict[str, list]:
    rows = list(items)
    return {name: [getattr(row, name) for row in rows] for name in names}


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
        "severity": (TEXT, "informational, low, medium, high, critical; NA when not said"),
        "risk_score": (FLOAT, "0-100; NaN when not said"),
        "type": (TEXT, "rule type as the format names it"),
        "language": (TEXT, "query language"),
        "platforms": (LIST, "ATT&CK platforms the rule works on; empty when not known"),
        "integrations": (LIST, "products or log integrations the rule needs"),
        "indices": (LIST, "index patterns it reads"),
        "data_sources": (LIST, "data sources as its tags name them"),
        "data_components": (
            LIST,
            "ATT&CK data components that its log sources give; empty when they do not tell",
        ),
        "tags": (LIST, "tags as written"),
        "authors": (LIST, "authors as written"),
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
        "written_for": (TEXT, "ATT&CK version the rule says the mapping is for; NA when not said"),
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

# ---- the ATT&CK catalogue: one release of one domain -----------------------------------------------

TACTICS = FrameSpec(
    "TACTICS",
    "one row a tactic",
    ("tactic_id",),
    {
        "tactic_id": (TEXT, "TA####"),
        "name": (TEXT, "name in this release"),
        "shortname": (TEXT, "kill chain phase name"),
        "position": (INT, "0-based column of the matrix; -1 when the tactic is not in it"),
        "status": (TEXT, "live, revoked or deprecated"),
        "url": (TEXT, "page on attack.mitre.org"),
    },
)

TECHNIQUES = FrameSpec(
    "TECHNIQUES",
    "one row a technique or sub-technique, live or not",
    ("attack_id",),
    {
        "attack_id": (TEXT, "T#### or T####.###"),
        "name": (TEXT, "name in this release"),
        "is_subtechnique": (BOOL, "a sub-technique"),
        "parent_id": (TEXT, "technique of a sub-technique; NA for a technique"),
        "platforms": (LIST, "ATT&CK platforms"),
        "tactics": (LIST, "tactic IDs in matrix order; of live IDs only"),
        "status": (TEXT, "live, revoked or deprecated"),
        "url": (TEXT, "page on attack.mitre.org"),
        "description": (TEXT, "MITRE's text; NA in the releases that come with the project"),
    },
)

PLACEMENTS = FrameSpec(
    "PLACEMENTS",
    "one row a (tactic, live technique or sub-technique) cell",
    ("tactic_id", "attack_id"),
    {
        "tactic_id": (TEXT, "TA####"),
        "attack_id": (TEXT, "T#### or T####.###"),
    },
)

REVOCATIONS = FrameSpec(
    "REVOCATIONS",
    "one row a revoked technique ID and one of its successors",
    ("attack_id", "revoked_by"),
    {
        "attack_id": (TEXT, "the revoked ID"),
        "revoked_by": (TEXT, "the ID that took its place, as MITRE's relation says (may itself be revoked)"),
    },
)

GROUPS = FrameSpec(
    "GROUPS",
    "one row a live group",
    ("group_id",),
    {
        "group_id": (TEXT, "G####"),
        "name": (TEXT, "name"),
        "aliases": (LIST, "other names"),
        "url": (TEXT, "page"),
    },
)

SOFTWARE = FrameSpec(
    "SOFTWARE",
    "one row a live malware or tool",
    ("software_id",),
    {
        "software_id": (TEXT, "S####"),
        "name": (TEXT, "name"),
        "kind": (TEXT, "malware or tool"),
        "aliases": (LIST, "other names"),
        "platforms": (LIST, "ATT&CK platforms"),
        "url": (TEXT, "page"),
    },
)

CAMPAIGNS = FrameSpec(
    "CAMPAIGNS",
    "one row a live campaign",
    ("campaign_id",),
    {
        "campaign_id": (TEXT, "C####"),
        "name": (TEXT, "name"),
        "aliases": (LIST, "other names"),
        "first_seen": (DATE, "first seen"),
        "last_seen": (DATE, "last seen"),
        "url": (TEXT, "page"),
    },
)

USES = FrameSpec(
    "USES",
    "one row a live `uses` relation",
    ("source_id", "target_id"),
    {
        "source_id": (TEXT, "group, software or campaign ID"),
        "source_kind": (TEXT, "group, software or campaign"),
        "target_id": (TEXT, "technique, sub-technique or software ID"),
        "target_kind": (TEXT, "technique, subtechnique or software"),
    },
)

ATTRIBUTIONS = FrameSpec(
    "ATTRIBUTIONS",
    "one row a campaign attributed to a group",
    ("campaign_id", "group_id"),
    {
        "campaign_id": (TEXT, "C####"),
        "group_id": (TEXT, "G####"),
    },
)

MITIGATIONS = FrameSpec(
    "MITIGATIONS",
    "one row a live mitigation",
    ("mitigation_id",),
    {
        "mitigation_id": (TEXT, "M####"),
        "name": (TEXT, "name"),
        "url": (TEXT, "page"),
    },
)

MITIGATES = FrameSpec(
    "MITIGATES",
    "one row a mitigation of a live technique",
    ("mitigation_id", "attack_id"),
    {
        "mitigation_id": (TEXT, "M####"),
        "attack_id": (TEXT, "T#### or T####.###"),
    },
)

STRATEGIES = FrameSpec(
    "STRATEGIES",
    "one row a live detection strategy and technique it detects",
    ("strategy_id", "attack_id"),
    {
        "strategy_id": (TEXT, "DET####"),
        "name": (TEXT, "name"),
        "attack_id": (TEXT, "technique it detects"),
        "url": (TEXT, "page"),
    },
)

ANALYTICS = FrameSpec(
    "ANALYTICS",
    "one row a live analytic of a strategy",
    ("strategy_id", "analytic_id"),
    {
        "strategy_id": (TEXT, "DET####"),
        "analytic_id": (TEXT, "AN####"),
        "name": (TEXT, "name"),
        "platforms": (LIST, "ATT&CK platforms"),
        "url": (TEXT, "page"),
    },
)

LOG_SOURCES = FrameSpec(
    "LOG_SOURCES",
    "one row a log source reference of an analytic",
    ("analytic_id", "component_id", "name", "channel"),
    {
        "analytic_id": (TEXT, "AN####"),
        "component_id": (TEXT, "data component DC####, or its name before v18"),
        "name": (TEXT, "log source, such as auditd:SYSCALL"),
        "channel": (TEXT, "channel or event of the log source"),
    },
)

DATA_COMPONENTS = FrameSpec(
    "DATA_COMPONENTS",
    "one row a live data component",
    ("component_id",),
    {
        "component_id": (TEXT, "DC####, or its name in releases that gave none"),
        "name": (TEXT, "name"),
        "url": (TEXT, "page"),
    },
)

COMPONENT_DETECTS = FrameSpec(
    "COMPONENT_DETECTS",
    "one row a data component and a live technique it detects "
    "(MITRE's own relation before v18, through strategies and analytics since)",
    ("component_id", "attack_id"),
    {
        "component_id": (TEXT, "data component"),
        "attack_id": (TEXT, "technique"),
    },
)

CATALOGUE_FRAMES: dict[str, FrameSpec] = {
    "tactics": TACTICS,
    "techniques": TECHNIQUES,
    "placements": PLACEMENTS,
    "revocations": REVOCATIONS,
    "groups": GROUPS,
    "software": SOFTWARE,
    "campaigns": CAMPAIGNS,
    "uses": USES,
    "attributions": ATTRIBUTIONS,
    "mitigations": MITIGATIONS,
    "mitigates": MITIGATES,
    "strategies": STRATEGIES,
    "analytics": ANALYTICS,
    "log_sources": LOG_SOURCES,
    "data_components": DATA_COMPONENTS,
    "component_detects": COMPONENT_DETECTS,
}


# ---- the join: as written -> as read ------------------------------------------------------------

MAPPINGS = FrameSpec(
    "MAPPINGS",
    "one row a mapping path, as written -> as read",
    ("rule_key", "position"),
    {
        "rule_key": (TEXT, "the rule"),
        "position": (INT, "0-based order in the rule"),
        "framework": (TEXT, "framework as written"),
        "written_for": (TEXT, "ATT&CK version the rule says the mapping is for; NA when not said"),
        "tactic_written": (TEXT, "tactic ID as written, or its name where no ID was"),
        "tactic_name_written": (TEXT, "tactic name as written"),
        "leaf_written": (TEXT, "deepest technique ID as written; NA when only a tactic was named"),
        "status": (TEXT, "how the leaf was read: vocabulary.READ_STATUSES"),
        "attack_id": (TEXT, "the live ID it is read as; NA when it is read as none"),
        "tactic_status": (TEXT, "how the tactic stands to it: vocabulary.TACTIC_STATUSES"),
        "tactic_id": (TEXT, "the tactic as read; NA when it has none in this release"),
        "candidates": (LIST, "IDs a person can choose from, where the reading is not certain"),
        "reason": (TEXT, "one sentence where reading changed or failed; NA when it is the same"),
    },
)

PLACED = FrameSpec(
    "PLACED",
    "one row a (rule, ID, tactic) that counts",
    ("rule_key", "attack_id", "tactic_id"),
    {
        "rule_key": (TEXT, "the rule"),
        "attack_id": (TEXT, "live technique or sub-technique the rule's leaf is read as"),
        "tactic_id": (TEXT, "tactic in whose placement it counts"),
    },
)

SIDE_BY_SIDE = FrameSpec(
    "SIDE_BY_SIDE",
    "one row a mapping path of a rule, for people",
    ("rule_key", "position"),
    {
        "rule_key": (TEXT, "the rule"),
        "corpus": (TEXT, "corpus of the rule"),
        "name": (TEXT, "the rule's title"),
        "path": (TEXT, "file, relative to the corpus"),
        "position": (INT, "0-based order in the rule"),
        "tactic_written": (TEXT, "tactic as written: ID and name"),
        "leaf_written": (TEXT, "technique or sub-technique as written; NA when only a tactic was named"),
        "tactic_read": (TEXT, "tactic as read: ID and name in this release; NA when it has none here"),
        "read_as": (
            TEXT,
            "technique or sub-technique as read: ID and name in this release; NA when it is read as none",
        ),
        "status": (TEXT, "how the leaf was read: vocabulary.READ_STATUSES"),
        "tactic_status": (TEXT, "how the tactic stands to it: vocabulary.TACTIC_STATUSES"),
        "candidates": (LIST, "IDs a person can choose from"),
        "reason": (TEXT, "why the reading is another one or none"),
    },
)

FINDINGS = FrameSpec(
    "FINDINGS",
    "one row a finding",
    (),
    {
        "rule_key": (TEXT, "the rule"),
        "corpus": (TEXT, "corpus of the rule"),
        "path": (TEXT, "file, relative to the corpus"),
        "rule_id": (TEXT, "the rule's own id"),
        "name": (TEXT, "the rule's title"),
        "position": (
            MAYBE_INT,
            "mapping path meant (WRITTEN.position); NA when the rule as a whole is meant",
        ),
        "field": (TEXT, "column of WRITTEN whose value is meant, or `tags`; NA when none"),
        "leaf": (TEXT, "technique or sub-technique as written in that mapping path; NA when none"),
        "line": (
            MAYBE_INT,
            "1-based line of the offending value; NA until `findings.placed` finds it, or when it has none",
        ),
        "column": (MAYBE_INT, "1-based column of the offending value"),
        "code": (TEXT, "stable code of the check"),
        "severity": (TEXT, "error, warning or note"),
        "value": (TEXT, "the offending value as written"),
        "fix": (TEXT, "what to write instead; NA when nobody but a person can say"),
        "message": (TEXT, "one sentence"),
        "silenced": (TEXT, "the reason given in coverage.toml for not counting it; NA when it counts"),
    },
)

WRITTEN_FOR = FrameSpec(
    "WRITTEN_FOR",
    "one row a rule with a mapping to the domain",
    ("rule_key",),
    {
        "rule_key": (TEXT, "the rule"),
        "corpus": (TEXT, "corpus of the rule"),
        "path": (TEXT, "file, relative to the corpus"),
        "name": (TEXT, "the rule's title"),
        "valid_in": (LIST, "releases at hand in which its whole mapping is valid, oldest first"),
        "oldest": (TEXT, "the first of them; NA when there is none"),
        "newest": (TEXT, "the last of them; NA when there is none"),
    },
)

CORPUS_RELEASES = FrameSpec(
    "CORPUS_RELEASES",
    "one row a corpus and release",
    ("corpus", "release"),
    {
        "corpus": (TEXT, "the corpus"),
        "release": (TEXT, "a release at hand"),
        "valid": (INT, "its rules whose whole mapping is valid in the release"),
        "rules": (INT, "its rules with a mapping to the domain"),
        "share": (FLOAT, "valid / rules, 0-1"),
    },
)

# ---- measures -------------------------------------------------------------------------------------

_ROLLUP_COLUMNS = {
    "rules": (INT, "distinct rules in scope that count under the roll-up"),
    "rules_direct": (INT, "distinct rules in scope whose leaf is this ID"),
    "rules_any": (INT, "distinct rules in scope on this ID or any of its sub-techniques"),
    "subtechniques": (INT, "its sub-techniques in scope"),
    "subtechniques_covered": (INT, "those of them with a rule"),
    "any": (BOOL, "itself or any sub-technique has a rule"),
    "direct": (BOOL, "a rule's leaf is this ID"),
    "all": (BOOL, "every sub-technique has a rule; without sub-techniques: itself"),
    "share": (FLOAT, "covered share of its sub-techniques, 0-1; without sub-techniques: itself, 0 or 1"),
    "covered": (FLOAT, "what it counts as under the chosen roll-up: 0 or 1, or its share"),
}

_STRENGTH_COLUMNS = {
    "depth": (FLOAT, "1 - product over its rules of (1 - 0.5 weight), 0-1; a disabled rule weighs 0"),
    "platforms_total": (INT, "its platforms in scope, PRE left out"),
    "platforms_covered": (INT, "those of them on which a rule works"),
    "breadth": (
        FLOAT,
        "platforms_covered / platforms_total, 0-1; where it names no platform: 1 with a rule, else 0",
    ),
    "score": (FLOAT, "depth x breadth, 0-1"),
    "severity": (TEXT, "highest severity among its rules; NA without"),
}

_ID_COLUMNS = {
    "attack_id": (TEXT, "technique or sub-technique in scope"),
    "name": (TEXT, "name in this release"),
    "is_subtechnique": (BOOL, "a sub-technique"),
    "parent_id": (TEXT, "its technique; NA for a technique"),
}

ID_COVERAGE = FrameSpec(
    "ID_COVERAGE",
    "one row a technique or sub-technique in scope",
    ("attack_id",),
    {
        **_ID_COLUMNS,
        "platforms": (LIST, "its platforms in scope"),
        **_ROLLUP_COLUMNS,
        **_STRENGTH_COLUMNS,
        "open_platforms": (LIST, "its platforms in scope on which no rule works"),
    },
)

PLACEMENT_COVERAGE = FrameSpec(
    "PLACEMENT_COVERAGE",
    "one row a placement in scope",
    ("tactic_id", "attack_id"),
    {
        "tactic_id": (TEXT, "the tactic"),
        **_ID_COLUMNS,
        **_ROLLUP_COLUMNS,
        **_STRENGTH_COLUMNS,
    },
)

MATRIX_CELLS = FrameSpec(
    "MATRIX_CELLS",
    "one row a cell of the matrix, in its order: techniques by name, the sub-techniques of each behind it",
    ("tactic_id", "attack_id"),
    {
        **PLACEMENT_COVERAGE.columns,
        "x": (INT, "0-based column of its tactic, among those that have a technique in scope"),
        "tactic": (TEXT, "name of the tactic"),
        "gap_type": (TEXT, "the kind of work that closes the open ID; NA when it is covered"),
        "sign": (TEXT, "beside its number: one of measures.matrix.MARKS; empty where gaps.toml says nothing"),
        "mark": (TEXT, "what gaps.toml says of an open cell, and why; empty where it says nothing"),
    },
)

TACTIC_COVERAGE = FrameSpec(
    "TACTIC_COVERAGE",
    "one row a tactic of the matrix",
    ("tactic_id",),
    {
        "tactic_id": (TEXT, "the tactic"),
        "name": (TEXT, "name in this release"),
        "position": (INT, "0-based column of the matrix"),
        "covered": (FLOAT, "techniques placed in it that are covered under the roll-up"),
        "total": (INT, "techniques in scope placed in it"),
        "subtechniques_covered": (INT, "sub-techniques placed in it that have a rule there"),
        "subtechniques": (INT, "sub-techniques in scope placed in it"),
        "rules": (INT, "distinct rules in scope that count in it"),
    },
)

PLATFORM_COVERAGE = FrameSpec(
    "PLATFORM_COVERAGE",
    "one row a platform in scope",
    ("name",),
    {
        "name": (TEXT, "ATT&CK platform"),
        "covered": (FLOAT, "techniques on it that are covered by rules that work on it"),
        "total": (INT, "techniques in scope on it"),
        "subtechniques_covered": (INT, "sub-techniques on it with a rule that works on it"),
        "subtechniques": (INT, "sub-techniques in scope on it"),
        "rules": (INT, "distinct rules in scope that work on it and map to an ID in scope, on it or not"),
        "rules_counted": (
            INT,
            "those of them that map to an ID that is on it: what the covered figures are made of",
        ),
    },
)

CORPUS_COVERAGE = FrameSpec(
    "CORPUS_COVERAGE",
    "one row a technique or sub-technique in scope and corpus",
    ("attack_id", "corpus"),
    {
        "attack_id": (TEXT, "technique or sub-technique in scope"),
        "corpus": (TEXT, "the corpus, counted by its own rules alone"),
        "rules": (INT, "its distinct rules in scope that count under the roll-up"),
        "covered": (FLOAT, "what the ID counts as by them under the roll-up: 0 or 1, or its share"),
    },
)

CORPUS_PLACEMENTS = FrameSpec(
    "CORPUS_PLACEMENTS",
    "one row a placement in scope and corpus",
    ("tactic_id", "attack_id", "corpus"),
    {
        "tactic_id": (TEXT, "the tactic"),
        **CORPUS_COVERAGE.columns,
    },
)

CORPUS_SUMMARY = FrameSpec(
    "CORPUS_SUMMARY",
    "one row a corpus, and one for all of them together",
    ("corpus",),
    {
        "corpus": (
            TEXT,
            "the corpus, counted by its own rules alone; NA: all together, a rule that several have once",
        ),
        "rules_read": (INT, "rules read, copies of other corpora's included"),
        "rules": (INT, "its rules in scope"),
        "covered": (FLOAT, "techniques covered under the roll-up"),
        "total": (INT, "techniques in scope"),
        "only_here": (
            MAYBE_INT,
            "techniques that no other corpus covers, in part or whole; NA for all together",
        ),
        "subtechniques_covered": (INT, "sub-techniques with a rule"),
        "subtechniques": (INT, "sub-techniques in scope"),
    },
)

THREAT = FrameSpec(
    "THREAT",
    "one row a technique or sub-technique in scope",
    ("attack_id",),
    {
        "attack_id": (TEXT, "technique or sub-technique; a technique's numbers include its sub-techniques"),
        "groups": (INT, "distinct groups that use it"),
        "software": (INT, "distinct malware and tools that use it"),
        "campaigns": (INT, "distinct campaigns that use it"),
        "groups_direct": (INT, "groups MITRE links to this very ID"),
    },
)

TELEMETRY = FrameSpec(
    "TELEMETRY",
    "one row a technique or sub-technique in scope",
    ("attack_id",),
    {
        "attack_id": (TEXT, "technique or sub-technique; a technique's include its sub-techniques'"),
        "data_components": (LIST, "names of the data components MITRE's analytics need"),
        "log_sources": (LIST, "names of the log sources MITRE's analytics name"),
    },
)

TECHNIQUE_RULES = FrameSpec(
    "TECHNIQUE_RULES",
    "one row a rule on one technique or its sub-techniques",
    ("rule_key",),
    {
        "rule_key": (TEXT, "the rule"),
        "name": (TEXT, "the rule's title"),
        "mapped_to": (LIST, "those of the technique and its sub-techniques that the rule is read as"),
        "direct": (BOOL, "whether the technique itself is among them"),
        "in_scope": (BOOL, "whether the scope counts the rule"),
        "rule_class": (TEXT, "rule class"),
        "severity": (TEXT, "severity; NA when not said"),
        "platforms": (LIST, "platforms it works on"),
        "corpus": (TEXT, "corpus"),
        "path": (TEXT, "file, relative to the corpus"),
    },
)

ACTIVITY = FrameSpec(
    "ACTIVITY",
    "one row a month",
    ("month",),
    {
        "month": (DATE, "first day of the month"),
        "created": (INT, "rules in scope created in it"),
        "updated": (INT, "rules in scope last updated in it"),
    },
)

GAPS = FrameSpec(
    "GAPS",
    "one row a gap",
    ("attack_id", "gap_type"),
    {
        "attack_id": (TEXT, "the open ID (or, on request, a fragile or platform one)"),
        "name": (TEXT, "name in this release"),
        "gap_type": (TEXT, "kind of work it is: vocabulary.GAP_TYPES"),
        "tactics": (LIST, "names of its tactics in scope"),
        "parent_id": (TEXT, "its technique; NA for a technique"),
        "platforms": (LIST, "its platforms in scope"),
        "groups": (INT, "distinct groups that use it (a technique: or its sub-techniques)"),
        "software": (INT, "distinct malware and tools that use it"),
        "campaigns": (INT, "distinct campaigns that use it"),
        "rules": (INT, "rules in scope on it or its sub-techniques"),
        "is_subtechnique": (BOOL, "a sub-technique"),
        "subtechniques_covered": (INT, "its sub-techniques with a rule"),
        "subtechniques": (INT, "its sub-techniques in scope"),
        "open_platforms": (LIST, "its platforms in scope on which no rule works"),
        "rules_out_of_scope": (
            INT,
            "rules on it that are not in scope: other classes, disabled or other platforms",
        ),
        "data_components": (LIST, "data components MITRE's analytics need"),
        "log_sources": (LIST, "log sources MITRE's analytics name"),
        "url": (TEXT, "page on attack.mitre.org"),
    },
)


# ---- two releases beside one another ----------------------------------------------------------------

RELEASE_CHANGES = FrameSpec(
    "RELEASE_CHANGES",
    "one row a change of an ID between two releases of a domain",
    ("attack_id", "change"),
    {
        "attack_id": (TEXT, "tactic, technique or sub-technique"),
        "kind": (TEXT, "tactic, technique or subtechnique"),
        "name": (
            TEXT,
            "name in the release moved to; in the one moved from, where it is live in that one only",
        ),
        "change": (TEXT, "what happened: vocabulary.RELEASE_CHANGES"),
        "before": (TEXT, "status, name, tactics, technique or platforms in the release moved from"),
        "after": (TEXT, "the same in the release moved to"),
        "successors": (LIST, "live IDs it is read as in the release moved to; several: a person must choose"),
        "gained": (LIST, "tactic IDs or platforms it has now and had not"),
        "lost": (LIST, "tactic IDs or platforms it had and has no longer"),
    },
)

TOUCHED_CHANGES = FrameSpec(
    "TOUCHED_CHANGES",
    RELEASE_CHANGES.grain,
    RELEASE_CHANGES.key,
    {
        **RELEASE_CHANGES.columns,
        "rules": (LIST, "every rule read that writes the ID or is read as it in one of the two releases"),
        "rules_in_scope": (INT, "those of them that the scope counts"),
    },
)

RULE_CHANGES = FrameSpec(
    "RULE_CHANGES",
    "one row a rule and a change that touches it",
    ("rule_key", "attack_id", "change"),
    {
        "rule_key": (TEXT, "the rule"),
        "name": (TEXT, "the rule's title"),
        "in_scope": (BOOL, "whether the scope counts the rule"),
        "attack_id": (TEXT, "the ID that changed"),
        "change": (TEXT, "what happened to it: vocabulary.RELEASE_CHANGES"),
        "written": (LIST, "the mapping paths meant, as written"),
        "read_before": (LIST, "the same as read in the release moved from"),
        "read_after": (LIST, "the same as read in the release moved to"),
        "corpus": (TEXT, "corpus"),
        "path": (TEXT, "file, relative to the corpus"),
    },
)

IMPACT_LEDGER = FrameSpec(
    "IMPACT_LEDGER",
    "one row a unit (an ID, or a placement) that differs between two releases",
    ("grain", "tactic_id", "attack_id"),
    {
        "grain": (TEXT, "techniques, subtechniques or placements"),
        "tactic_id": (TEXT, "the tactic of a placement; NA for an ID"),
        "tactic": (
            TEXT,
            "its name in the release moved to; in the one moved from, where the unit left; NA for an ID",
        ),
        "attack_id": (TEXT, "technique or sub-technique"),
        "name": (TEXT, "its name in the release moved to; in the one moved from, where the unit left"),
        "before": (TEXT, "absent (not in scope), open, partial (a share) or covered"),
        "after": (TEXT, "the same in the release moved to"),
        "covered_before": (FLOAT, "what it counts as under the roll-up, 0-1; 0 when absent"),
        "covered_after": (FLOAT, "the same in the release moved to"),
        "total_change": (INT, "what it adds to the denominator: -1, 0 or 1"),
        "covered_change": (FLOAT, "what it adds to the covered ones, -1 to 1"),
        "cause": (TEXT, "why: vocabulary.IMPACT_CAUSES"),
        "detail": (TEXT, "the finer word: vocabulary.IMPACT_DETAILS"),
        "through": (LIST, "the sub-techniques whose change is the cause; empty when it is the ID's own"),
        "others": (LIST, "successors of an ID that is gone; IDs as written of the rules that count here now"),
        "rules": (LIST, "the rules in scope that make it covered, or made it"),
        "because": (TEXT, "the cause in one sentence"),
    },
)

IMPACT_TOTALS = FrameSpec(
    "IMPACT_TOTALS",
    "one row a grain",
    ("grain",),
    {
        "grain": (TEXT, "techniques, subtechniques or placements"),
        "covered_before": (FLOAT, "covered in the release moved from"),
        "total_before": (INT, "in scope in the release moved from"),
        "covered_after": (FLOAT, "covered in the release moved to"),
        "total_after": (INT, "in scope in the release moved to"),
    },
)

IMPACT_BY_CAUSE = FrameSpec(
    "IMPACT_BY_CAUSE",
    "one row a grain and cause",
    ("grain", "cause"),
    {
        "grain": (TEXT, "techniques, subtechniques or placements"),
        "cause": (TEXT, "vocabulary.IMPACT_CAUSES"),
        "units": (INT, "rows of the ledger"),
        "covered_gained": (FLOAT, "added to the covered ones"),
        "covered_lost": (FLOAT, "taken from the covered ones, as a negative number"),
        "covered_change": (FLOAT, "the two together"),
        "total_gained": (INT, "added to the denominator"),
        "total_lost": (INT, "taken from the denominator, as a negative number"),
        "total_change": (INT, "the two together"),
    },
)


# ---- two corpora beside one another -----------------------------------------------------------------

COMPARISON = FrameSpec(
    "COMPARISON",
    "one row a technique or sub-technique in scope",
    ("attack_id",),
    {
        **_ID_COLUMNS,
        "side": (TEXT, "which of the two corpora, A and B, covers it: vocabulary.SIDES"),
        "rules_a": (INT, "distinct rules of A in scope that count under the roll-up"),
        "rules_b": (INT, "the same of B"),
        "covered_a": (
            FLOAT,
            "what it counts as for A under the roll-up: 0 or 1, or its share; it stands with A when this is 1",
        ),
        "covered_b": (FLOAT, "the same for B"),
        "tactics": (LIST, "names of its tactics in scope"),
        "platforms": (LIST, "its platforms in scope"),
        "groups": (INT, "distinct groups that use it (a technique: or its sub-techniques)"),
        "software": (INT, "distinct malware and tools that use it"),
        "campaigns": (INT, "distinct campaigns that use it"),
        "url": (TEXT, "page on attack.mitre.org"),
    },
)

_SIDE_COLUMNS = {
    "a_only": (INT, "covered by A and not by B"),
    "both": (INT, "covered by each of them"),
    "b_only": (INT, "covered by B and not by A"),
    "neither": (INT, "covered by none of them"),
    "total": (INT, "in scope: the four together"),
}

COMPARISON_TOTALS = FrameSpec(
    "COMPARISON_TOTALS",
    "one row a grain",
    ("grain",),
    {
        "grain": (TEXT, "techniques or subtechniques"),
        **_SIDE_COLUMNS,
    },
)

COMPARISON_TACTICS = FrameSpec(
    "COMPARISON_TACTICS",
    "one row a tactic of the matrix and grain",
    ("tactic_id", "grain"),
    {
        "tactic_id": (TEXT, "the tactic"),
        "name": (TEXT, "name in this release"),
        "position": (INT, "0-based column of the matrix"),
        "grain": (TEXT, "techniques or subtechniques placed in it, by the rules that count there"),
        **_SIDE_COLUMNS,
    },
)

_LENT_RULE = {
    "rule_key": (TEXT, "a rule of another corpus"),
    "rule_name": (TEXT, "the rule's title"),
    "corpus": (TEXT, "its corpus"),
    "path": (TEXT, "its file, relative to the corpus"),
    "rule_id": (TEXT, "the rule's own id"),
    "severity": (TEXT, "severity; NA when not said"),
    "rule_class": (TEXT, "rule class"),
    "rule_platforms": (LIST, "platforms it works on; empty when not known"),
    "rule_log_sources": (LIST, "integrations and data sources it names, as written"),
    "own_log_sources": (LIST, "those of them that my own rules in scope name too, whatever the case"),
    "rule_data_components": (LIST, "ATT&CK data components it needs, by data/data_components.csv"),
    "own_data_components": (LIST, "those of them that my own rules in scope need on the same platform"),
}

BORROW = FrameSpec(
    "BORROW",
    "one row a gap of mine and a rule of another corpus that would close it",
    ("attack_id", "rule_key"),
    {
        "attack_id": (TEXT, "the open ID"),
        "name": (TEXT, "name in this release"),
        "is_subtechnique": (BOOL, "a sub-technique"),
        "parent_id": (TEXT, "its technique; NA for a technique"),
        "gap_type": (TEXT, "kind of work it is for me: vocabulary.GAP_TYPES"),
        "tactics": (LIST, "names of its tactics in scope"),
        "groups": (INT, "distinct groups that use it (a technique: or its sub-techniques)"),
        "software": (INT, "distinct malware and tools that use it"),
        "campaigns": (INT, "distinct campaigns that use it"),
        "weight": (FLOAT, "its priority: the sum of data/priority.csv over these numbers"),
        **_LENT_RULE,
        "closes_with": (LIST, "the IDs the rule is read as that close it"),
    },
)

BORROW_PLAN = FrameSpec(
    "BORROW_PLAN",
    "one row a step: the rule that closes the most of what is left",
    ("step",),
    {
        "step": (INT, "1, 2, 3 ..."),
        **_LENT_RULE,
        "closes": (LIST, "the gaps closed by this step and by none before it"),
        "techniques_so_far": (INT, "open techniques closed up to and with this step"),
        "techniques_closable": (INT, "open techniques that the candidate rules can close at all"),
        "subtechniques_so_far": (INT, "open sub-techniques closed up to and with this step"),
        "subtechniques_closable": (INT, "open sub-techniques that the candidate rules can close at all"),
        "weight": (FLOAT, "priority gained by this step"),
        "weight_so_far": (FLOAT, "priority gained up to and with this step"),
        "weight_closable": (FLOAT, "priority that the candidate rules can gain at all"),
        "share": (FLOAT, "weight_so_far / weight_closable, 0-1"),
    },
)


# ---- two states beside one another ------------------------------------------------------------------

RULE_DIFF = FrameSpec(
    "RULE_DIFF",
    "one row a rule with a change that coverage can differ by",
    ("rule_key",),
    {
        "rule_key": (TEXT, "the rule; its key in the state before when it is gone"),
        "key_before": (TEXT, "its key in the state before; NA for a new one"),
        "name": (TEXT, "the rule's title"),
        "rule_id": (TEXT, "the rule's own id"),
        "corpus": (TEXT, "corpus"),
        "path": (TEXT, "file, relative to the corpus"),
        "path_before": (TEXT, "its file in the state before; NA for a new one"),
        "changes": (LIST, "what changed: vocabulary.RULE_DIFFERENCES"),
        "same_file": (BOOL, "the file is the same: this program, or one of its tables, reads it otherwise"),
        "written_before": (LIST, "its mapping paths as written before"),
        "written_after": (LIST, "the same after"),
        "class_before": (TEXT, "rule class before"),
        "class_after": (TEXT, "rule class after"),
        "enabled_before": (MAYBE_BOOL, "whether it was enabled; NA when not known"),
        "enabled_after": (MAYBE_BOOL, "whether it is enabled; NA when not known"),
        "severity_before": (TEXT, "severity before"),
        "severity_after": (TEXT, "severity after"),
        "platforms_before": (LIST, "platforms it worked on"),
        "platforms_after": (LIST, "platforms it works on"),
    },
)

_UNIT_COLUMNS = {
    "grain": (TEXT, "techniques, subtechniques or placements"),
    "tactic_id": (TEXT, "the tactic of a placement; NA for an ID"),
    "tactic": (TEXT, "its name, in the later release that has it; NA for an ID"),
    "attack_id": (TEXT, "technique or sub-technique"),
    "name": (TEXT, "its name, in the later release that has it"),
    "before": (TEXT, "absent (not in scope), open, partial (a share) or covered"),
    "after": (TEXT, "the same afterwards"),
    "covered_before": (FLOAT, "what it counted as under the roll-up, 0-1; 0 when absent"),
    "covered_after": (FLOAT, "the same afterwards"),
    "covered_change": (FLOAT, "what it adds to the covered ones, -1 to 1"),
    "total_change": (INT, "what it adds to the denominator: -1, 0 or 1"),
}

DIFF_LEDGER = FrameSpec(
    "DIFF_LEDGER",
    "one row a unit (an ID, or a placement) and step by which it counts otherwise",
    ("grain", "tactic_id", "attack_id", "step"),
    {
        "step": (INT, "0-based: the states differ step by step, and the steps add up"),
        **_UNIT_COLUMNS,
        "cause": (TEXT, "why: vocabulary.DIFFERENCE_CAUSES"),
        "detail": (
            TEXT,
            "the finer word: vocabulary.RULE_DIFFERENCES, vocabulary.IMPACT_DETAILS, `read`, or the option of the scope",
        ),
        "rules": (LIST, "the rules that make it covered, or made it"),
        "because": (TEXT, "the cause in one sentence"),
    },
)

DIFF_UNITS = FrameSpec(
    "DIFF_UNITS",
    "one row a unit (an ID, or a placement) that differs between two states",
    ("grain", "tactic_id", "attack_id"),
    {
        **_UNIT_COLUMNS,
        "change": (TEXT, "what became of it: vocabulary.UNIT_CHANGES"),
        "by_rule": (FLOAT, "the part of covered_change that rules made"),
        "by_attack": (FLOAT, "the part that ATT&CK made"),
        "by_scope": (FLOAT, "the part that the scope made"),
        "cause": (TEXT, "the cause of the largest part"),
        "detail": (TEXT, "its finer word"),
        "rules": (LIST, "the rules behind it, of every cause"),
        "because": (TEXT, "every cause in words"),
    },
)

DIFF_CAUSES = FrameSpec(
    "DIFF_CAUSES",
    "one row a grain and cause",
    ("grain", "cause"),
    {
        "grain": (TEXT, "techniques, subtechniques or placements"),
        "cause": (TEXT, "vocabulary.DIFFERENCE_CAUSES"),
        "units": (INT, "units that the cause changed"),
        "covered_gained": (FLOAT, "added to the covered ones"),
        "covered_lost": (FLOAT, "taken from the covered ones, as a negative number"),
        "covered_change": (FLOAT, "the two together"),
        "total_change": (INT, "added to the denominator"),
    },
)

DIFF_TOTALS = FrameSpec(
    "DIFF_TOTALS",
    "one row a grain",
    ("grain",),
    {
        "grain": (TEXT, "techniques, subtechniques or placements"),
        "covered_before": (FLOAT, "covered before"),
        "total_before": (INT, "in scope before"),
        "covered_after": (FLOAT, "covered after"),
        "total_after": (INT, "in scope after"),
        "gained": (INT, "units that count for more"),
        "lost": (INT, "units that count for less"),
    },
)


# ---- gaps that somebody answered for -----------------------------------------------------------------

ACCEPTED_GAPS = FrameSpec(
    "ACCEPTED_GAPS",
    "one row a gap, and what is said of it in gaps.toml",
    GAPS.key,
    {
        **GAPS.columns,
        "accepted": (TEXT, "accepted or planned (vocabulary.ACCEPTANCES); NA when nothing is said"),
        "accepted_reason": (TEXT, "why, as written"),
        "accepted_owner": (TEXT, "who answers for it"),
        "accepted_ticket": (TEXT, "ticket"),
        "accepted_until": (DATE, "last day on which it holds; NA without an end"),
        "accepted_expired": (BOOL, "that day is over: the gap is an open one again"),
    },
)


def rules_frame(rules: Iterable[Rule]) -> pd.DataFrame:
    """RULES: one row a rule, in the order given."""
    return RULES.frame(_columns_of(rules, RULES.columns))


def written_frame(written: Iterable[WrittenMapping]) -> pd.DataFrame:
    """WRITTEN: one row a mapping path, in the order given."""
    return WRITTEN.frame(_columns_of(written, WRITTEN.columns))


def problems_frame(problems: Iterable[Problem]) -> pd.DataFrame:
    """PROBLEMS: one row a problem, in the order given."""
    return PROBLEMS.frame(_columns_of(problems, PROBLEMS.columns))
