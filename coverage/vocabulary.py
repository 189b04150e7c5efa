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

# Who wrote a rule, where its format tells a vendor's rules from one's own.
ORIGINS: dict[str, str] = {"vendor": "The vendor's rules", "own": "Own rules"}

ROLLUPS: dict[str, str] = {
    "any": "any sub-technique is: a rule names the technique itself or any of its sub-techniques",
    "share": "share of its sub-techniques: a technique counts as the share of them that has a rule",
    "all": "every sub-technique is: each of its sub-techniques has a rule",
    "direct": "a rule names the technique itself: rules of its sub-techniques do not count for it",
}

GAP_TYPES: dict[str, str] = {
    "none": "No rule that counts for it",
    "not_production": "Only rules that are not in scope: building blocks, hunts, development or disabled "
    "rules",
    "parent_only": "The technique has a rule, this sub-technique has none",
    "partial": "Some of its sub-techniques are open",
    "fragile": "Covered by exactly one rule",
    "platform": "Covered, but not on every platform in scope",
}

# The work that closes a gap of each type, as people read it. Files keep the type.
GAP_WORK: dict[str, str] = {
    "none": "New rule",
    "not_production": "Promote a rule",
    "parent_only": "Refine parent's rule",
    "partial": "Fill sub-techniques",
    "fragile": "Second rule",
    "platform": "Other platforms",
}

# The gap types of IDs that are covered: listed on request, never by default.
COVERED_GAP_TYPES: frozenset[str] = frozenset({"fragile", "platform"})

# Which of two corpora covers an ID. In the order of a bar's parts.
SIDES: dict[str, str] = {
    "a_only": "Covered by the first rule set, but not by the second",
    "both": "Covered by both",
    "b_only": "Covered by the second rule set, but not by the first",
    "neither": "Covered by neither",
}

PRE_PLATFORM = "PRE"

# How a written leaf was read in the chosen release.
READ_STATUSES: dict[str, str] = {
    "same": "The ID is current in this release",
    "replaced": "The ID was revoked; read as its replacement",
    "read_back": "The ID is from a newer release; read as its only predecessor",
    "newer": "The ID is from a newer release and has no single predecessor here",
    "ambiguous": "The ID was revoked in favour of several; a person must choose",
    "deprecated": "MITRE deprecated the ID without a replacement",
    "other_domain": "The ID belongs to another domain (Mobile, ICS, ATLAS ...)",
    "unknown": "No installed release knows the ID",
    "tactic_only": "The mapping names a tactic and no technique",
}

# What rules there are for an ID that an adversary needs: the first that fits.
STATES: dict[str, str] = {
    "exact": "a rule is for this very ID",
    "sub_only": "only for a sub-technique of it",
    "parent_only": "only for its technique",
    "sibling_only": "only for another sub-technique of its technique",
    "none": "no rule near it",
}

# Whether a rule can run on the data that arrives.
VERDICTS: dict[str, str] = {
    "can_run": "data that it reads arrives",
    "cannot_fire": "none of the data that it reads arrives",
    "not_told": "nothing tells whether its data arrives",
}

# The same as a title.
VERDICT_TITLES: dict[str, str] = {
    "can_run": "can run",
    "cannot_fire": "cannot fire (no data)",
    "not_told": "not told",
}

# Whether data arrives, as a title.
ARRIVAL_TITLES: dict[str, str] = {
    "arrives": "arrives",
    "missing": "missing",
    "stale": "stale",
    "not_told": "not told",
}

# Why a rule has its verdict.
DATA_REASONS: dict[str, str] = {
    "arrives": "Data that it reads arrives",
    "stale": "Its data arrived once, and does no longer",
    "missing": "No inventory has any of its data",
    "machine_learning": "It reads a machine learning job, which names no data",
    "esql": "Its ES|QL names no data",
    "no_words": "It names no data, or a data view alone",
    "unknown_words": "It names data that data/log_sources.csv does not know",
    "incomplete": "No inventory that lists everything is about its platforms",
}

# What data and rules make of an ID together; exclusive. In the order in which they are shown.
DATA_STATES: dict[str, str] = {
    "data_and_rule": "data and rule: covered by rules that can run",
    "data_only": "data, no rule: data arrives, and no rule is there: build here first",
    "rule_only": "rule, no data: looks covered, and its rules cannot fire",
    "neither": "neither: no rule, and no data arrives",
    "not_told": "not told: nothing tells whether the data arrives",
}

# What a change of the data does to an ID: the first that fits.
DATA_CHANGES: dict[str, str] = {
    "dark": "no rule that can run covers it any longer",
    "lit": "rules that can run cover it now",
    "one_rule": "one rule that can run is left",
    "fewer": "fewer rules that can run are left",
    "more": "more rules can run",
    "reach_lost": "open, and its data no longer arrives",
    "in_reach": "open, and its data arrives now",
    "state": "only what is told of it changes",
}

# How an ID fits what a threat profile needs and what is covered.
OVERLAYS: dict[str, str] = {
    "needed_open": "needed, and open",
    "needed_part": "needed, and covered in part",
    "needed_covered": "needed, and covered",
    "covered_only": "covered, and not needed",
}

# How an adversary comes to a technique that it is said to use.
WAYS: dict[str, str] = {
    "direct": "it is linked to the technique itself",
    "campaign": "a campaign that is attributed to it is",
    "software": "software that it uses is",
}

# How the written tactic fits the technique as read.
TACTIC_STATUSES: dict[str, str] = {
    "valid": "The technique is in this tactic",
    "renamed": "The tactic has another name in this release; the technique is in it",
    "moved": "The technique is not in this tactic in this release; it counts in every tactic it is in",
    "missing": "No tactic was named; the technique counts in every tactic it is in",
    "unknown": "The tactic is not one of this domain; the technique counts in every tactic it is in",
}

PROBLEM_SEVERITIES: tuple[str, ...] = ("error", "warning", "note")

# What can happen to an ID between two releases. Read from one release to the other, in either direction.
RELEASE_CHANGES: dict[str, str] = {
    "added": "Current in the release moved to, but not in the one moved from",
    "revoked": "Current before; revoked now, in favour of its successors",
    "deprecated": "Current before; deprecated now, without a successor",
    "removed": "Current before; the release moved to does not have it",
    "renamed": "Current in both, under another name",
    "moved": "Current in both, in other tactics",
    "parent": "Current in both, under another technique",
    "platforms": "Current in both, on other platforms",
}

# Why coverage differs between two releases. The first three are ATT&CK's doing, the fourth the rules' own.
IMPACT_CAUSES: dict[str, str] = {
    "added": "ATT&CK added the ID",
    "revoked": "ATT&CK revoked, deprecated or dropped the ID; its rules count for its successor, when it has "
    "one",
    "moved": "ATT&CK moved the technique to other tactics, platforms or another parent",
    "mapping": "The rule itself has another mapping for this release",
    "unexplained": "None of these: an error in this program, please report it",
}

ATTACK_CAUSES: tuple[str, ...] = ("added", "revoked", "moved")

# The finer word beside a cause.
IMPACT_DETAILS: dict[str, str] = {
    "new": "It was not in the release before",
    "restored": "It was revoked or deprecated in the release before",
    "revoked": "It is revoked",
    "deprecated": "It is deprecated",
    "removed": "It is not in the release",
    "successor": "Rules on an ID that is revoked count here",
    "reading": "A mapping with an ID of neither release is read differently, "
    "because what it leads to changed",
    "tactics": "The technique joined or left the tactic",
    "tactic": "Rules name a tactic that holds the technique in one of the two releases only",
    "platforms": "Its platforms brought it into the scope or took it out (pre-attack techniques among them)",
    "parent": "The sub-technique has another parent",
    "set": "The rule carries a mapping set for each release",
    "none": "No change of ATT&CK explains it",
}

# Why coverage differs between two states. The order decides between causes of equal weight.
DIFFERENCE_CAUSES: dict[str, str] = {
    "rule": "Rules were added, removed or changed",
    "attack": "The states are read in different ATT&CK releases, or with other releases installed",
    "scope": "The two scopes have different options",
}

# What can change about a rule so that coverage can differ by it.
RULE_DIFFERENCES: dict[str, str] = {
    "added": "It is new",
    "removed": "It is gone",
    "unreadable": "Its file is there and can no longer be read",
    "remapped": "It names other techniques or tactics",
    "class": "It is of another class",
    "enabled": "It was enabled or disabled",
    "data": "Its data arrives now, or no longer does",
    "platforms": "It works on other platforms",
}

# What became of an ID or placement between two states.
UNIT_CHANGES: dict[str, str] = {
    "gained": "It counts for more than before: covered now, or covered to a larger share",
    "lost": "It counts for less than before: open now, gone, or covered to a smaller share",
    "entered": "It is in scope now and open",
    "left": "It was open and is no longer in scope",
}

# What a file of accepted gaps can say of one.
ACCEPTANCES: dict[str, str] = {
    "accepted": "The gap is accepted: nobody will close it",
    "planned": "Closing the gap is planned",
}
