"""The frames of measures: grain, key, and each column with its type and meaning."""

from __future__ import annotations

from coverage.frames import BOOL, DATE, FLOAT, INT, LIST, MAYBE_INT, TEXT, FrameSpec

SIDE_BY_SIDE = FrameSpec(
    "SIDE_BY_SIDE",
    "one row per mapping path of a rule, for people",
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
        "tactic_status": (TEXT, "how the tactic fits it: vocabulary.TACTIC_STATUSES"),
        "candidates": (LIST, "IDs a person can choose from"),
        "reason": (TEXT, "why the ID is read differently, or not at all"),
    },
)

WRITTEN_FOR = FrameSpec(
    "WRITTEN_FOR",
    "one row per rule with a mapping to the domain",
    ("rule_key",),
    {
        "rule_key": (TEXT, "the rule"),
        "corpus": (TEXT, "corpus of the rule"),
        "path": (TEXT, "file, relative to the corpus"),
        "name": (TEXT, "the rule's title"),
        "valid_in": (LIST, "installed releases in which its whole mapping is valid, oldest first"),
        "oldest": (TEXT, "the first of them; NA when there is none"),
        "newest": (TEXT, "the last of them; NA when there is none"),
    },
)

CORPUS_RELEASES = FrameSpec(
    "CORPUS_RELEASES",
    "one row per corpus and release",
    ("corpus", "release"),
    {
        "corpus": (TEXT, "the corpus"),
        "release": (TEXT, "an installed release"),
        "valid": (INT, "its rules whose whole mapping is valid in the release"),
        "rules": (INT, "its rules with a mapping to the domain"),
        "share": (FLOAT, "valid / rules, 0-1"),
    },
)

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
    "one row per technique or sub-technique in scope",
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
    "one row per placement in scope",
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
    "one row per cell of the matrix, in its order: techniques by name, the sub-techniques of each behind it",
    ("tactic_id", "attack_id"),
    {
        **PLACEMENT_COVERAGE.columns,
        "x": (INT, "0-based column of its tactic, among those that have a technique in scope"),
        "tactic": (TEXT, "name of the tactic"),
        "gap_type": (TEXT, "the next step for the open ID; NA when it is covered"),
        "sign": (
            TEXT,
            "beside its number: one of measures.matrix.MARKS; empty without an entry in gaps.toml",
        ),
        "mark": (TEXT, "the entry in gaps.toml for an open cell, with its reason; empty without one"),
    },
)

TACTIC_COVERAGE = FrameSpec(
    "TACTIC_COVERAGE",
    "one row per tactic of the matrix",
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
    "one row per platform in scope",
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
    "one row per technique or sub-technique in scope and corpus",
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
    "one row per placement in scope and corpus",
    ("tactic_id", "attack_id", "corpus"),
    {
        "tactic_id": (TEXT, "the tactic"),
        **CORPUS_COVERAGE.columns,
    },
)

CORPUS_SUMMARY = FrameSpec(
    "CORPUS_SUMMARY",
    "one row per corpus, and one for all of them together",
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
    "one row per technique or sub-technique in scope",
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
    "one row per technique or sub-technique in scope",
    ("attack_id",),
    {
        "attack_id": (TEXT, "technique or sub-technique; a technique's include its sub-techniques'"),
        "data_components": (LIST, "names of the data components MITRE's analytics need"),
        "log_sources": (LIST, "names of the log sources MITRE's analytics name"),
    },
)

REFERENCES = FrameSpec(
    "REFERENCES",
    "one row per log source reference of MITRE's analytics",
    ("analytic_id", "component", "name", "channel"),
    {
        "analytic_id": (TEXT, "AN####"),
        "component": (TEXT, "data component"),
        "name": (TEXT, "log source as MITRE writes it"),
        "channel": (TEXT, "channel or event as MITRE writes it; NA when not given"),
        "sources": (LIST, "log sources by data/log_sources.csv; empty when the name is not listed"),
        "resolved": (BOOL, "the name is listed"),
    },
)

TECHNIQUE_RULES = FrameSpec(
    "TECHNIQUE_RULES",
    "one row per rule on one technique or its sub-techniques",
    ("rule_key",),
    {
        "rule_key": (TEXT, "the rule"),
        "name": (TEXT, "the rule's title"),
        "mapped_to": (LIST, "those of the technique and its sub-techniques that the rule is read as"),
        "direct": (BOOL, "whether the technique itself is among them"),
        "in_scope": (BOOL, "whether the scope counts the rule"),
        "rule_class": (TEXT, "rule class"),
        "severity": (TEXT, "severity; NA when unknown"),
        "platforms": (LIST, "platforms it works on"),
        "corpus": (TEXT, "corpus"),
        "path": (TEXT, "file, relative to the corpus"),
    },
)

ACTIVITY = FrameSpec(
    "ACTIVITY",
    "one row per month",
    ("month",),
    {
        "month": (DATE, "first day of the month"),
        "created": (INT, "rules in scope created in it"),
        "updated": (INT, "rules in scope last updated in it"),
    },
)

GAPS = FrameSpec(
    "GAPS",
    "one row per gap",
    ("attack_id", "gap_type"),
    {
        "attack_id": (TEXT, "the open ID (or, on request, a fragile or platform one)"),
        "name": (TEXT, "name in this release"),
        "gap_type": (TEXT, "its next step: vocabulary.GAP_TYPES"),
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
        "data": (TEXT, "whether any of its data arrives: arrives, missing or not_told"),
    },
)

ACCEPTED_GAPS = FrameSpec(
    "ACCEPTED_GAPS",
    "one row per gap, with its entry in gaps.toml",
    GAPS.key,
    {
        **GAPS.columns,
        "accepted": (TEXT, "accepted or planned (vocabulary.ACCEPTANCES); NA without an entry"),
        "accepted_reason": (TEXT, "why, as written"),
        "accepted_owner": (TEXT, "its owner"),
        "accepted_ticket": (TEXT, "ticket"),
        "accepted_until": (DATE, "last day on which it holds; NA without an end"),
        "accepted_expired": (BOOL, "that day is over: the gap is an open one again"),
    },
)

NEXT_STEPS = FrameSpec(
    "NEXT_STEPS",
    "one row per gap",
    GAPS.key,
    {
        "attack_id": (TEXT, "the gap's ID"),
        "gap_type": (TEXT, "its next step: vocabulary.GAP_TYPES"),
        "step": (TEXT, "what to do, which rules others have, and the data it needs, in one sentence"),
        "action": (TEXT, "what to do alone"),
        "start_rules": (LIST, "keys of one's own rules to start from, best first"),
        "other_rules": (LIST, "keys of rules of other rule sets that would cover it, best first"),
        "data": (LIST, "the first log source of each platform in scope; data components without analytics"),
    },
)

DATA_NEEDED = FrameSpec(
    "DATA_NEEDED",
    "one row per ID, a platform and a log source of MITRE's analytics for it",
    ("attack_id", "platform", "log_source", "channel", "data_component"),
    {
        "attack_id": (TEXT, "the ID; a technique has its sub-techniques' too"),
        "platform": (TEXT, "platform of the ID in scope that the analytic is for"),
        "source": (TEXT, "log source and event in a few words"),
        "log_source": (TEXT, "log source as MITRE names it"),
        "channel": (TEXT, "channel or event as MITRE words it; empty without one"),
        "data_component": (TEXT, "data component"),
        "analytics": (INT, "analytics that use it"),
        "collected": (BOOL, "a rule in scope needs this data component on this platform"),
    },
)

NEED_TERMS = FrameSpec(
    "NEED_TERMS",
    "one row an ID in scope and a member of a threat profile that needs it",
    ("attack_id", "member_id"),
    {
        "attack_id": (TEXT, "technique or sub-technique"),
        "member_id": (TEXT, "the member"),
        "name": (TEXT, "its name"),
        "weight": (FLOAT, "what the member weighs"),
        "counts": (FLOAT, "how much of a use it is, 0-1: the largest over its ways"),
        "share": (FLOAT, "weight x counts / the weight of all members: its part of the need"),
        "direct": (FLOAT, "the same of its direct use alone, 0 without one"),
        "campaign": (FLOAT, "of the uses of its campaigns alone"),
        "software": (FLOAT, "of what its software can do alone"),
        "ways": (LIST, "vocabulary.WAYS that it comes to it"),
        "through": (LIST, "the campaigns and software of these ways"),
        "last_reported": (MAYBE_INT, "newest year over its ways; NA: undated"),
    },
)

NEED = FrameSpec(
    "NEED",
    "one row an ID in scope that a member of a threat profile needs",
    ("attack_id",),
    {
        **_ID_COLUMNS,
        "members": (INT, "members that need it"),
        "members_total": (INT, "members of the profile"),
        "weight_using": (FLOAT, "sum of weight x counts over the members that need it"),
        "weight_total": (FLOAT, "sum of the weights of all members"),
        "need": (FLOAT, "weight_using / weight_total, 0-1"),
        "direct": (FLOAT, "the need by direct uses alone, 0-1"),
        "campaign": (FLOAT, "the need by campaigns alone, 0-1; 0 where they do not count"),
        "software": (FLOAT, "the need by software alone, 0-1; 0 where it does not count"),
        "needed_by": (LIST, "names of the members that need it, those with the largest part first"),
        "last_reported": (MAYBE_INT, "newest year of a use; NA: none is dated"),
        "covered": (FLOAT, "what it counts as under the chosen roll-up: 0 or 1, or its share"),
        "state": (TEXT, "what rules there are for it: vocabulary.STATES"),
        "rules": (INT, "distinct rules in scope that count under the roll-up"),
        "url": (TEXT, "page on attack.mitre.org"),
    },
)

ADVERSARIES = FrameSpec(
    "ADVERSARIES",
    "one row a member of a threat profile",
    ("member_id",),
    {
        "member_id": (TEXT, "the member"),
        "name": (TEXT, "its name"),
        "kind": (TEXT, "group, software, campaign, report, layer, list or CVEs"),
        "weight": (FLOAT, "what it weighs among the members"),
        "needed": (INT, "IDs in scope that it needs; the five states add up to it"),
        "exact": (INT, "of these with a rule for this very ID"),
        "sub_only": (INT, "with a rule for a sub-technique of it alone"),
        "parent_only": (INT, "with a rule for its technique alone"),
        "sibling_only": (INT, "with a rule for another sub-technique of its technique alone"),
        "none": (INT, "with no rule near it"),
        "covered": (FLOAT, "of these covered under the chosen roll-up"),
        "share": (FLOAT, "covered / needed, 0-1"),
        "out_of_scope": (INT, "IDs that it needs and the scope leaves out, such as pre-attack ones"),
        "last_reported": (MAYBE_INT, "newest year among its uses; NA: none is dated"),
        "url": (TEXT, "page on attack.mitre.org; NA where it has none"),
    },
)

ADVERSARY_IDS = FrameSpec(
    "ADVERSARY_IDS",
    "one row a member of a threat profile and an ID in scope that it needs",
    ("member_id", "attack_id"),
    {
        "member_id": (TEXT, "the member"),
        "member": (TEXT, "its name"),
        "attack_id": (TEXT, "technique or sub-technique"),
        "name": (TEXT, "name of the ID in this release"),
        "state": (TEXT, "what rules there are for it: vocabulary.STATES"),
        "covered": (FLOAT, "what it counts as under the chosen roll-up: 0 or 1, or its share"),
        "counts": (FLOAT, "how much of a use it is, 0-1"),
        "need": (FLOAT, "the need of the ID in the whole profile, 0-1"),
        "ways": (LIST, "vocabulary.WAYS that the member comes to it"),
        "through": (LIST, "the campaigns and software of these ways"),
        "last_reported": (MAYBE_INT, "newest year of the use; NA: undated"),
        "url": (TEXT, "page on attack.mitre.org"),
    },
)

ADVERSARY_TACTICS = FrameSpec(
    "ADVERSARY_TACTICS",
    "one row a member of a threat profile and a tactic of the matrix",
    ("member_id", "tactic_id"),
    {
        "member_id": (TEXT, "the member"),
        "member": (TEXT, "its name"),
        "tactic_id": (TEXT, "the tactic"),
        "tactic": (TEXT, "its name in this release"),
        "needed": (INT, "IDs in scope placed in it that the member needs"),
        "exact": (INT, "of these with a rule for the very ID in this tactic"),
        "covered": (FLOAT, "of these covered in this tactic under the chosen roll-up"),
        "share": (FLOAT, "covered / needed, 0-1; NA where it needs nothing there"),
    },
)

WORK_ORDER = FrameSpec(
    "WORK_ORDER",
    "one row a gap, beside what a threat profile says of it",
    GAPS.key,
    {
        **GAPS.columns,
        "need": (FLOAT, "its need in the profile, 0-1"),
        "needed_by": (LIST, "names of the members that need it"),
        "last_reported": (MAYBE_INT, "newest year of a use; NA: none is dated"),
        "open": (FLOAT, "1 - covered under the chosen roll-up, 0-1"),
        "kind_factor": (FLOAT, "how easy its kind of work is: ease_ and its gap type in data/priority.csv"),
        "borrow_factor": (FLOAT, "ease_borrow where another rule set has a rule that would close it, else 1"),
        "data_factor": (FLOAT, "ease_data where rules in scope use the data that it needs, else 1"),
        "score": (FLOAT, "need x open x the three factors"),
    },
)

THREAT_STEPS = FrameSpec(
    "THREAT_STEPS",
    "one row a step: what adds the most to threat-weighted coverage of what is left",
    ("step",),
    {
        "step": (INT, "1, 2, 3 ..."),
        "add": (TEXT, "the ID to write a rule for, or the rule to take over"),
        "name": (TEXT, "its name"),
        "closes": (LIST, "the needed gaps closed by this step and by none before it"),
        "need_gained": (FLOAT, "sum of their needs that it adds"),
        "weighted_so_far": (FLOAT, "threat-weighted coverage up to and with this step, 0-1"),
        "members": (INT, "members of the profile that it helps against"),
        "helps_against": (LIST, "their names"),
    },
)

THREAT_OVERLAY = FrameSpec(
    "THREAT_OVERLAY",
    "one row an ID in scope that a threat profile needs, or that is covered",
    ("attack_id",),
    {
        **_ID_COLUMNS,
        "overlay": (TEXT, "how it stands between need and coverage: vocabulary.OVERLAYS"),
        "need": (FLOAT, "its need in the profile, 0-1"),
        "members": (INT, "members of the profile that need it"),
        "needed_by": (LIST, "their names, those with the largest part first"),
        "last_reported": (MAYBE_INT, "newest year of a use; NA: none is dated"),
        "covered": (FLOAT, "what it counts as under the chosen roll-up: 0 or 1, or its share"),
        "rules": (INT, "distinct rules in scope that count under the roll-up"),
    },
)

THREAT_COMPARISON = FrameSpec(
    "THREAT_COMPARISON",
    "one row an ID in scope that one of two threat profiles needs",
    ("attack_id",),
    {
        **_ID_COLUMNS,
        "need_a": (FLOAT, "its need in the first profile, 0-1"),
        "need_b": (FLOAT, "its need in the second profile, 0-1"),
        "needed_by_a": (LIST, "names of the members of the first that need it"),
        "needed_by_b": (LIST, "names of the members of the second that need it"),
        "covered": (FLOAT, "what it counts as under the chosen roll-up: 0 or 1, or its share"),
        "state": (TEXT, "what rules there are for it: vocabulary.STATES"),
        "url": (TEXT, "page on attack.mitre.org"),
    },
)

TECHNIQUE_USERS = FrameSpec(
    "TECHNIQUE_USERS",
    "one row a group, software or campaign of ATT&CK that comes to one ID, and a way it does",
    ("member_id", "way", "through"),
    {
        "member_id": (TEXT, "group, software or campaign ID"),
        "name": (TEXT, "its name"),
        "kind": (TEXT, "group, software or campaign"),
        "way": (TEXT, "vocabulary.WAYS: direct, campaign or software"),
        "through": (TEXT, "name of the campaign or software; empty for a direct use"),
        "last_reported": (MAYBE_INT, "newest year among the citations of the use; NA: undated"),
        "procedure": (TEXT, "MITRE's text of how; NA where the release carries none, and for other ways"),
        "url": (TEXT, "page on attack.mitre.org"),
    },
)
