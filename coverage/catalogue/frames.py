"""The frames of one ATT&CK release: grain, key, and each column with its type and meaning."""

from __future__ import annotations

from coverage.frames import BOOL, DATE, INT, LIST, MAYBE_INT, TEXT, FrameSpec

TACTICS = FrameSpec(
    "TACTICS",
    "one row per tactic",
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
    "one row per technique or sub-technique, current or not",
    ("attack_id",),
    {
        "attack_id": (TEXT, "T#### or T####.###"),
        "name": (TEXT, "name in this release"),
        "is_subtechnique": (BOOL, "a sub-technique"),
        "parent_id": (TEXT, "technique of a sub-technique; NA for a technique"),
        "platforms": (LIST, "ATT&CK platforms"),
        "tactics": (LIST, "tactic IDs in matrix order; of current IDs only"),
        "status": (TEXT, "live, revoked or deprecated"),
        "url": (TEXT, "page on attack.mitre.org"),
        "description": (TEXT, "MITRE's text; NA in the releases that come with the project"),
    },
)

PLACEMENTS = FrameSpec(
    "PLACEMENTS",
    "one row per (tactic, current technique or sub-technique) cell",
    ("tactic_id", "attack_id"),
    {
        "tactic_id": (TEXT, "TA####"),
        "attack_id": (TEXT, "T#### or T####.###"),
    },
)

REVOCATIONS = FrameSpec(
    "REVOCATIONS",
    "one row per revoked technique ID and one of its successors",
    ("attack_id", "revoked_by"),
    {
        "attack_id": (TEXT, "the revoked ID"),
        "revoked_by": (TEXT, "the ID that replaced it, by MITRE's relation (may itself be revoked)"),
    },
)

GROUPS = FrameSpec(
    "GROUPS",
    "one row per current group",
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
    "one row per current malware or tool",
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
    "one row per current campaign",
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
    "one row per current `uses` relation",
    ("source_id", "target_id"),
    {
        "source_id": (TEXT, "group, software or campaign ID"),
        "source_kind": (TEXT, "group, software or campaign"),
        "target_id": (TEXT, "technique, sub-technique or software ID"),
        "target_kind": (TEXT, "technique, subtechnique or software"),
        "last_reported": (MAYBE_INT, "newest year among its dated citations; NA when none is dated"),
        "procedure": (TEXT, "MITRE's text of how; NA in the releases that come with the project"),
    },
)

ATTRIBUTIONS = FrameSpec(
    "ATTRIBUTIONS",
    "one row per campaign attributed to a group",
    ("campaign_id", "group_id"),
    {
        "campaign_id": (TEXT, "C####"),
        "group_id": (TEXT, "G####"),
    },
)

MITIGATIONS = FrameSpec(
    "MITIGATIONS",
    "one row per current mitigation",
    ("mitigation_id",),
    {
        "mitigation_id": (TEXT, "M####"),
        "name": (TEXT, "name"),
        "url": (TEXT, "page"),
    },
)

MITIGATES = FrameSpec(
    "MITIGATES",
    "one row per mitigation of a current technique",
    ("mitigation_id", "attack_id"),
    {
        "mitigation_id": (TEXT, "M####"),
        "attack_id": (TEXT, "T#### or T####.###"),
    },
)

STRATEGIES = FrameSpec(
    "STRATEGIES",
    "one row per current detection strategy and technique it detects",
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
    "one row per current analytic of a strategy",
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
    "one row per log source reference of an analytic",
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
    "one row per current data component",
    ("component_id",),
    {
        "component_id": (TEXT, "DC####, or its name in releases that gave none"),
        "name": (TEXT, "name"),
        "url": (TEXT, "page"),
    },
)

COMPONENT_DETECTS = FrameSpec(
    "COMPONENT_DETECTS",
    "one row per data component and a current technique it detects "
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
