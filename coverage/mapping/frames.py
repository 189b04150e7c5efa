"""The frames of mappings as read: grain, key, and each column with its type and meaning."""

from __future__ import annotations

from coverage.frames import INT, LIST, TEXT, FrameSpec

MAPPINGS = FrameSpec(
    "MAPPINGS",
    "one row per mapping path, as written -> as read",
    ("rule_key", "position"),
    {
        "rule_key": (TEXT, "the rule"),
        "position": (INT, "0-based order in the rule"),
        "framework": (TEXT, "framework as written"),
        "written_for": (TEXT, "ATT&CK version the mapping was written for; NA when unknown"),
        "tactic_written": (TEXT, "tactic ID as written, or its name where no ID was"),
        "tactic_name_written": (TEXT, "tactic name as written"),
        "leaf_written": (TEXT, "deepest technique ID as written; NA when only a tactic was named"),
        "status": (TEXT, "how the leaf was read: vocabulary.READ_STATUSES"),
        "attack_id": (TEXT, "the current ID it is read as; NA without one"),
        "tactic_status": (TEXT, "how the tactic fits it: vocabulary.TACTIC_STATUSES"),
        "tactic_id": (TEXT, "the tactic as read; NA when it has none in this release"),
        "candidates": (LIST, "IDs a person can choose from, where the reading is not certain"),
        "reason": (TEXT, "one sentence where reading changed or failed; NA when it is the same"),
    },
)

PLACED = FrameSpec(
    "PLACED",
    "one row per (rule, ID, tactic) that counts",
    ("rule_key", "attack_id", "tactic_id"),
    {
        "rule_key": (TEXT, "the rule"),
        "attack_id": (TEXT, "current technique or sub-technique the rule's leaf is read as"),
        "tactic_id": (TEXT, "tactic in whose placement it counts"),
    },
)
