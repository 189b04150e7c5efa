"""The frames of what changed between two states, and between two sets of rules: grain, key, and each column
with its type and meaning.
"""

from __future__ import annotations

from coverage.frames import BOOL, FLOAT, INT, LIST, MAYBE_BOOL, TEXT, FrameSpec
from coverage.measures.frames import _ID_COLUMNS

RELEASE_CHANGES = FrameSpec(
    "RELEASE_CHANGES",
    "one row per change of an ID between two releases of a domain",
    ("attack_id", "change"),
    {
        "attack_id": (TEXT, "tactic, technique or sub-technique"),
        "kind": (TEXT, "tactic, technique or subtechnique"),
        "name": (
            TEXT,
            "name in the release moved to; in the one moved from, where it is current in that one only",
        ),
        "change": (TEXT, "what happened: vocabulary.RELEASE_CHANGES"),
        "before": (TEXT, "status, name, tactics, technique or platforms in the release moved from"),
        "after": (TEXT, "the same in the release moved to"),
        "successors": (
            LIST,
            "current IDs it is read as in the release moved to; several: a person must choose",
        ),
        "gained": (LIST, "tactic IDs or platforms it gained"),
        "lost": (LIST, "tactic IDs or platforms it lost"),
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
    "one row per rule and a change that touches it",
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
    "one row per unit (an ID, or a placement) that differs between two releases",
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
    "one row per grain",
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
    "one row per grain and cause",
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

COMPARISON = FrameSpec(
    "COMPARISON",
    "one row per technique or sub-technique in scope",
    ("attack_id",),
    {
        **_ID_COLUMNS,
        "side": (TEXT, "which of the two corpora, A and B, covers it: vocabulary.SIDES"),
        "rules_a": (INT, "distinct rules of A in scope that count under the roll-up"),
        "rules_b": (INT, "the same of B"),
        "covered_a": (
            FLOAT,
            "what it counts as for A under the roll-up: 0 or 1, or its share; "
            "it stands with A when this is 1",
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
    "one row per grain",
    ("grain",),
    {
        "grain": (TEXT, "techniques or subtechniques"),
        **_SIDE_COLUMNS,
    },
)

COMPARISON_TACTICS = FrameSpec(
    "COMPARISON_TACTICS",
    "one row per tactic of the matrix and grain",
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
    "severity": (TEXT, "severity; NA when unknown"),
    "rule_class": (TEXT, "rule class"),
    "rule_platforms": (LIST, "platforms it works on; empty when not known"),
    "rule_log_sources": (LIST, "integrations and data sources it names, as written"),
    "own_log_sources": (LIST, "those of them that my own rules in scope name too, ignoring case"),
    "rule_data_components": (LIST, "ATT&CK data components it needs, by data/log_sources.csv"),
    "own_data_components": (LIST, "those of them that my own rules in scope need on the same platform"),
}

BORROW = FrameSpec(
    "BORROW",
    "one row per gap of mine and a rule of another corpus that would close it",
    ("attack_id", "rule_key"),
    {
        "attack_id": (TEXT, "the open ID"),
        "name": (TEXT, "name in this release"),
        "is_subtechnique": (BOOL, "a sub-technique"),
        "parent_id": (TEXT, "its technique; NA for a technique"),
        "gap_type": (TEXT, "my next step: vocabulary.GAP_TYPES"),
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
    "one row per step: the rule that closes the most of what is left",
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

RULE_DIFF = FrameSpec(
    "RULE_DIFF",
    "one row per rule with a change that coverage can differ by",
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
        "same_file": (BOOL, "the file is the same: this program, or one of its tables, reads it differently"),
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
    "one row per unit (an ID, or a placement) and step by which it counts differently",
    ("grain", "tactic_id", "attack_id", "step"),
    {
        "step": (INT, "0-based: the states differ step by step, and the steps add up"),
        **_UNIT_COLUMNS,
        "cause": (TEXT, "why: vocabulary.DIFFERENCE_CAUSES"),
        "detail": (
            TEXT,
            "the finer word: vocabulary.RULE_DIFFERENCES, vocabulary.IMPACT_DETAILS, `read`, or the option "
            "of the scope",
        ),
        "rules": (LIST, "the rules that make it covered, or made it"),
        "because": (TEXT, "the cause in one sentence"),
    },
)

DIFF_UNITS = FrameSpec(
    "DIFF_UNITS",
    "one row per unit (an ID, or a placement) that differs between two states",
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
    "one row per grain and cause",
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
    "one row per grain",
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
