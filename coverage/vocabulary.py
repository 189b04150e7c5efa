"""The words of the field: domains, kinds of ATT&CK ID, severities, rule classes, roll-ups.

Facts that every other module shares, and nothing computed. Knows no frame, file or library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """One ATT&CK domain: its id here, its kill chain name in STIX and its title."""

    id: str
    kill_chain: str
    title: str


DOMAINS: dict[str, Domain] = {
    domain.id: domain
    for domain in (
        Domain("enterprise", "mitre-attack", "Enterprise"),
        Domain("mobile", "mitre-mobile-attack", "Mobile"),
        Domain("ics", "mitre-ics-attack", "ICS"),
    )
}


@dataclass(frozen=True)
class IdKind:
    """One kind of ATT&CK ID: how it is written, its STIX types, and its page on attack.mitre.org."""

    name: str
    pattern: re.Pattern[str]
    stix_types: tuple[str, ...]
    page: str  # folder on attack.mitre.org, "" where the kind has no page of its own

    def matches(self, text: str) -> bool:
        return self.pattern.fullmatch(text) is not None


def _kind(name: str, pattern: str, stix_types: tuple[str, ...], page: str) -> IdKind:
    return IdKind(name, re.compile(pattern), stix_types, page)


# The one table of ATT&CK ID kinds. A new kind is one line.
ID_KINDS: dict[str, IdKind] = {
    kind.name: kind
    for kind in (
        _kind("tactic", r"TA\d{4}", ("x-mitre-tactic",), "tactics"),
        _kind("technique", r"T\d{4}", ("attack-pattern",), "techniques"),
        _kind("subtechnique", r"T\d{4}\.\d{3}", ("attack-pattern",), "techniques"),
        _kind("group", r"G\d{4}", ("intrusion-set",), "groups"),
        _kind("software", r"S\d{4}", ("malware", "tool"), "software"),
        _kind("campaign", r"C\d{4}", ("campaign",), "campaigns"),
        _kind("mitigation", r"M\d{4}", ("course-of-action",), "mitigations"),
        _kind("data_source", r"DS\d{4}", ("x-mitre-data-source",), "datasources"),
        _kind("data_component", r"DC\d{4}", ("x-mitre-data-component",), "datacomponents"),
        _kind("detection_strategy", r"DET\d{4}", ("x-mitre-detection-strategy",), "detectionstrategies"),
        _kind("analytic", r"AN\d{4}", ("x-mitre-analytic",), ""),
        _kind("atlas", r"AML\.(TA|T|M)\d{4}(\.\d{3})?", (), ""),
    )
}


def id_kind(text: str) -> str | None:
    """The name of the ID kind that `text` is written as ("technique", "group", ...), or None."""
    for kind in ID_KINDS.values():
        if kind.matches(text):
            return kind.name
    return None


def parent_of(attack_id: str) -> str | None:
    """The technique ID of a sub-technique ID (`T1059.001` -> `T1059`), or None for any other text."""
    return attack_id.partition(".")[0] if ID_KINDS["subtechnique"].matches(attack_id) else None


def attack_url(attack_id: str) -> str | None:
    """The page of an ATT&CK ID on attack.mitre.org, or None where it has none."""
    kind = ID_KINDS.get(id_kind(attack_id) or "")
    if kind is None or not kind.page:
        return None
    return f"https://attack.mitre.org/{kind.page}/{attack_id.replace('.', '/')}/"


# Lowest first; a rule without severity has none of these.
SEVERITIES: tuple[str, ...] = ("informational", "low", "medium", "high", "critical")

# Best evidence first. DOMAIN: one class a rule.
RULE_CLASSES: dict[str, str] = {
    "production": "Production",
    "development": "Development",
    "building_block": "Building block",
    "hunt": "Hunt",
    "deprecated": "Deprecated",
}

ROLLUPS: dict[str, str] = {
    "any": "Any: the technique itself or any of its sub-techniques has a rule",
    "share": "Share: a technique counts as the covered share of its sub-techniques",
    "all": "All: every sub-technique has a rule",
    "direct": "Direct: a rule names the technique itself",
}

GAP_TYPES: dict[str, str] = {
    "none": "No rule at all",
    "not_production": "Only rules that are not in scope: building blocks, hunts, development or disabled rules",
    "parent_only": "The technique has a rule, this sub-technique has none",
    "partial": "Some of its sub-techniques are open",
    "fragile": "Covered by exactly one rule",
    "platform": "Covered, but not on every platform in scope",
}

# The gap types of IDs that are covered: listed on request, never by default.
COVERED_GAP_TYPES: frozenset[str] = frozenset({"fragile", "platform"})

PRE_PLATFORM = "PRE"

# How a written leaf was read in the chosen release.
READ_STATUSES: dict[str, str] = {
    "same": "The ID is live in this release",
    "replaced": "The ID was revoked; read as its replacement",
    "read_back": "The ID is from a newer release; read as its only predecessor",
    "newer": "The ID is from a newer release and has no single predecessor here",
    "ambiguous": "The ID was revoked in favour of several; a person must choose",
    "deprecated": "MITRE deprecated the ID without a replacement",
    "other_domain": "The ID belongs to another domain (Mobile, ICS, ATLAS ...)",
    "unknown": "No release at hand knows the ID",
    "tactic_only": "The mapping names a tactic and no technique",
}

# How the written tactic stands to the technique as read.
TACTIC_STATUSES: dict[str, str] = {
    "valid": "The technique is in this tactic",
    "renamed": "The tactic has another name in this release; the technique is in it",
    "moved": "The technique is not in this tactic in this release; it counts in every tactic it is in",
    "missing": "No tactic was named; the technique counts in every tactic it is in",
    "unknown": "The tactic is none of this domain; the technique counts in every tactic it is in",
}

PROBLEM_SEVERITIES: tuple[str, ...] = ("error", "warning", "note")
