"""Measures: one file a question, each function from a `View` to a frame (`summary`: to plain values).

`MEASURES` is the table that the command line, the exports and the benchmark choose from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from coverage.frames import FrameSpec
from coverage.measures.activity import activity_by_month, severity_mix
from coverage.measures.breadth import (
    coverage_by_id,
    coverage_by_placement,
    coverage_by_platform,
    coverage_by_tactic,
)
from coverage.measures.corpora import (
    corpus_summary,
    coverage_by_corpus,
    covered_elsewhere,
    covering_corpora,
    placements_by_corpus,
)
from coverage.measures.frames import (
    ACTIVITY,
    CORPUS_COVERAGE,
    CORPUS_SUMMARY,
    GAPS,
    ID_COVERAGE,
    PLACEMENT_COVERAGE,
    PLATFORM_COVERAGE,
    TACTIC_COVERAGE,
    TELEMETRY,
    THREAT,
)
from coverage.measures.gaps import gaps
from coverage.measures.rule import (
    mappings_side_by_side,
    rule_data,
    rule_mappings,
    rule_neighbours,
    rules_with_ids,
    search_ranks,
)
from coverage.measures.summary import rule_counts, summary
from coverage.measures.technique import open_work, technique_facts, technique_rules
from coverage.measures.telemetry import telemetry_by_id
from coverage.measures.threat import threat_by_id
from coverage.scope import View


@dataclass(frozen=True)
class Measure:
    """One measure: what computes it, the spec of its frame, and the question it answers."""

    function: Callable[[View], pd.DataFrame]
    spec: FrameSpec
    question: str


MEASURES: dict[str, Measure] = {
    "techniques": Measure(
        coverage_by_id, ID_COVERAGE, "How far is each technique and sub-technique covered?"
    ),
    "placements": Measure(
        coverage_by_placement, PLACEMENT_COVERAGE, "How far is each cell of the matrix covered?"
    ),
    "tactics": Measure(
        coverage_by_tactic, TACTIC_COVERAGE, "How many techniques of each tactic are covered?"
    ),
    "platforms": Measure(
        coverage_by_platform, PLATFORM_COVERAGE, "How many techniques of each platform are covered?"
    ),
    "corpora": Measure(coverage_by_corpus, CORPUS_COVERAGE, "Which corpus covers each technique?"),
    "corpus_summary": Measure(
        corpus_summary, CORPUS_SUMMARY, "How much does each corpus cover, alone and together?"
    ),
    "threat": Measure(threat_by_id, THREAT, "Who uses each technique?"),
    "telemetry": Measure(telemetry_by_id, TELEMETRY, "What must be logged to see each technique?"),
    "activity": Measure(activity_by_month, ACTIVITY, "When were rules created and updated?"),
    "gaps": Measure(gaps, GAPS, "Which techniques are open, and what is the next step for each?"),
}

__all__ = [
    "MEASURES",
    "Measure",
    "activity_by_month",
    "corpus_summary",
    "coverage_by_corpus",
    "coverage_by_id",
    "coverage_by_placement",
    "coverage_by_platform",
    "coverage_by_tactic",
    "covered_elsewhere",
    "covering_corpora",
    "gaps",
    "mappings_side_by_side",
    "open_work",
    "placements_by_corpus",
    "rule_counts",
    "rule_data",
    "rule_mappings",
    "rule_neighbours",
    "rules_with_ids",
    "search_ranks",
    "severity_mix",
    "summary",
    "technique_facts",
    "technique_rules",
    "telemetry_by_id",
    "threat_by_id",
]
