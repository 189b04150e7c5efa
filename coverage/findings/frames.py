"""The frames of findings: grain, key, and each column with its type and meaning."""

from __future__ import annotations

from coverage.frames import MAYBE_INT, TEXT, FrameSpec

FINDINGS = FrameSpec(
    "FINDINGS",
    "one row per finding",
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
        "fix": (TEXT, "what to write instead; NA when a person must decide"),
        "message": (TEXT, "one sentence"),
        "silenced": (TEXT, "the reason in coverage.toml for not counting it; NA when it counts"),
    },
)
