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
    "str", "int64", "Int64", "float64", "bool", "boolean", "datetime64[s]", "list",
)  # fmt: skip


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


RULES = FrameSpec("RULES", "one row a rule", ("rule_key",), {
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
})  # fmt: skip

WRITTEN = FrameSpec("WRITTEN", "one row a mapping path of a rule, as written", ("rule_key", "position"), {
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
})  # fmt: skip

PROBLEMS = FrameSpec("PROBLEMS", "one row a problem", (), {
    "corpus": (TEXT, "name of the corpus"),
    "path": (TEXT, "file, relative to the corpus"),
    "line": (MAYBE_INT, "1-based line; NA when the whole file is meant"),
    "column": (MAYBE_INT, "1-based column"),
    "rule_id": (TEXT, "rule, when it is known"),
    "code": (TEXT, "stable code of the cause"),
    "severity": (TEXT, "error, warning or note"),
    "message": (TEXT, "one sentence"),
})  # fmt: skip

# ---- the ATT&CK catalogue: one release of one domain -----------------------------------------------

TACTICS = FrameSpec("TACTICS", "one row a tactic", ("tactic_id",), {
    "tactic_id": (TEXT, "TA####"),
    "name": (TEXT, "name in this release"),
    "shortname": (TEXT, "kill chain phase name"),
    "position": (INT, "0-based column of the matrix; -1 when the tactic is not in it"),
    "status": (TEXT, "live, revoked or deprecated"),
    "url": (TEXT, "page on attack.mitre.org"),
})  # fmt: skip

TECHNIQUES = FrameSpec("TECHNIQUES", "one row a technique or sub-technique, live or not", ("attack_id",), {
    "attack_id": (TEXT, "T#### or T####.###"),
    "name": (TEXT, "name in this release"),
    "is_subtechnique": (BOOL, "a sub-technique"),
    "parent_id": (TEXT, "technique of a sub-technique; NA for a technique"),
    "platforms": (LIST, "ATT&CK platforms"),
    "tactics": (LIST, "tactic IDs in matrix order; of live IDs only"),
    "status": (TEXT, "live, revoked or deprecated"),
    "url": (TEXT, "page on attack.mitre.org"),
    "description": (TEXT, "MITRE's text; NA in the releases that come with the project"),
})  # fmt: skip

PLACEMENTS = FrameSpec("PLACEMENTS", "one row a (tactic, live technique or sub-technique) cell",
                       ("tactic_id", "attack_id"), {
    "tactic_id": (TEXT, "TA####"),
    "attack_id": (TEXT, "T#### or T####.###"),
})  # fmt: skip

REVOCATIONS = FrameSpec("REVOCATIONS", "one row a revoked technique ID and one of its successors",
                        ("attack_id", "revoked_by"), {
    "attack_id": (TEXT, "the revoked ID"),
    "revoked_by": (TEXT, "the ID that took its place, as MITRE's relation says (may itself be revoked)"),
})  # fmt: skip

GROUPS = FrameSpec("GROUPS", "one row a live group", ("group_id",), {
    "group_id": (TEXT, "G####"), "name": (TEXT, "name"), "aliases": (LIST, "other names"), "url": (TEXT, "page"),
})  # fmt: skip

SOFTWARE = FrameSpec("SOFTWARE", "one row a live malware or tool", ("software_id",), {
    "software_id": (TEXT, "S####"), "name": (TEXT, "name"), "kind": (TEXT, "malware or tool"),
    "aliases": (LIST, "other names"), "platforms": (LIST, "ATT&CK platforms"), "url": (TEXT, "page"),
})  # fmt: skip

CAMPAIGNS = FrameSpec("CAMPAIGNS", "one row a live campaign", ("campaign_id",), {
    "campaign_id": (TEXT, "C####"), "name": (TEXT, "name"), "aliases": (LIST, "other names"),
    "first_seen": (DATE, "first seen"), "last_seen": (DATE, "last seen"), "url": (TEXT, "page"),
})  # fmt: skip

USES = FrameSpec("USES", "one row a live `uses` relation", ("source_id", "target_id"), {
    "source_id": (TEXT, "group, software or campaign ID"),
    "source_kind": (TEXT, "group, software or campaign"),
    "target_id": (TEXT, "technique, sub-technique or software ID"),
    "target_kind": (TEXT, "technique, subtechnique or software"),
})  # fmt: skip

ATTRIBUTIONS = FrameSpec("ATTRIBUTIONS", "one row a campaign attributed to a group", ("campaign_id", "group_id"), {
    "campaign_id": (TEXT, "C####"), "group_id": (TEXT, "G####"),
})  # fmt: skip

MITIGATIONS = FrameSpec("MITIGATIONS", "one row a live mitigation", ("mitigation_id",), {
    "mitigation_id": (TEXT, "M####"), "name": (TEXT, "name"), "url": (TEXT, "page"),
})  # fmt: skip

MITIGATES = FrameSpec("MITIGATES", "one row a mitigation of a live technique", ("mitigation_id", "attack_id"), {
    "mitigation_id": (TEXT, "M####"), "attack_id": (TEXT, "T#### or T####.###"),
})  # fmt: skip

STRATEGIES = FrameSpec("STRATEGIES", "one row a live detection strategy and technique it detects",
                       ("strategy_id", "attack_id"), {
    "strategy_id": (TEXT, "DET####"), "name": (TEXT, "name"), "attack_id": (TEXT, "technique it detects"),
    "url": (TEXT, "page"),
})  # fmt: skip

ANALYTICS = FrameSpec("ANALYTICS", "one row a live analytic of a strategy", ("strategy_id", "analytic_id"), {
    "strategy_id": (TEXT, "DET####"), "analytic_id": (TEXT, "AN####"), "name": (TEXT, "name"),
    "platforms": (LIST, "ATT&CK platforms"), "url": (TEXT, "page"),
})  # fmt: skip

LOG_SOURCES = FrameSpec("LOG_SOURCES", "one row a log source reference of an analytic",
                        ("analytic_id", "component_id", "name", "channel"), {
    "analytic_id": (TEXT, "AN####"), "component_id": (TEXT, "data component DC####, or its name before v18"),
    "name": (TEXT, "log source, such as auditd:SYSCALL"), "channel": (TEXT, "channel or event of the log source"),
})  # fmt: skip

DATA_COMPONENTS = FrameSpec("DATA_COMPONENTS", "one row a live data component", ("component_id",), {
    "component_id": (TEXT, "DC####, or its name in releases that gave none"), "name": (TEXT, "name"),
    "url": (TEXT, "page"),
})  # fmt: skip

COMPONENT_DETECTS = FrameSpec("COMPONENT_DETECTS", "one row a data component and a live technique it detects "
                              "(MITRE's own relation before v18, through strategies and analytics since)",
                              ("component_id", "attack_id"), {
    "component_id": (TEXT, "data component"), "attack_id": (TEXT, "technique"),
})  # fmt: skip

CATALOGUE_FRAMES: dict[str, FrameSpec] = {
    "tactics": TACTICS, "techniques": TECHNIQUES, "placements": PLACEMENTS, "revocations": REVOCATIONS,
    "groups": GROUPS, "software": SOFTWARE, "campaigns": CAMPAIGNS, "uses": USES, "attributions": ATTRIBUTIONS,
    "mitigations": MITIGATIONS, "mitigates": MITIGATES, "strategies": STRATEGIES, "analytics": ANALYTICS,
    "log_sources": LOG_SOURCES, "data_components": DATA_COMPONENTS, "component_detects": COMPONENT_DETECTS,
}  # fmt: skip


def rules_frame(rules: Iterable[Rule]) -> pd.DataFrame:
    """RULES: one row a rule, in the order given."""
    return RULES.frame(_columns_of(rules, RULES.columns))


def written_frame(written: Iterable[WrittenMapping]) -> pd.DataFrame:
    """WRITTEN: one row a mapping path, in the order given."""
    return WRITTEN.frame(_columns_of(written, WRITTEN.columns))


def problems_frame(problems: Iterable[Problem]) -> pd.DataFrame:
    """PROBLEMS: one row a problem, in the order given."""
    return PROBLEMS.frame(_columns_of(problems, PROBLEMS.columns))
