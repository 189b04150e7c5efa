"""The frames of data and rules: what rules read, what arrives, and what that makes of each ID."""

from __future__ import annotations

from coverage.frames import BOOL, DATE, FLOAT, INT, LIST, TEXT, FrameSpec

RULE_DATA = FrameSpec(
    "RULE_DATA",
    "one row per rule in scope",
    ("rule_key",),
    {
        "rule_key": (TEXT, "the rule"),
        "corpus": (TEXT, "corpus of the rule"),
        "name": (TEXT, "the rule's title"),
        "path": (TEXT, "file, relative to the corpus"),
        "platforms": (LIST, "platforms it works on"),
        "log_words": (LIST, "the data it names, as its format writes it; any one of them is enough"),
        "log_sources": (LIST, "the log sources that these words are"),
        "arriving": (LIST, "its words that arrive"),
        "missing": (LIST, "its words of which an inventory says that they do not"),
        "not_told": (LIST, "its words of which nothing tells"),
        "verdict": (TEXT, "vocabulary.VERDICTS: can_run, cannot_fire or not_told"),
        "reason": (TEXT, "vocabulary.DATA_REASONS"),
        "hangs_on": (TEXT, "the one log source without which it cannot run; NA when there are several ways"),
    },
)

ANALYTIC_DATA = FrameSpec(
    "ANALYTIC_DATA",
    "one row per analytic of MITRE's and ID in scope that its strategy detects",
    ("strategy_id", "analytic_id", "attack_id"),
    {
        "strategy_id": (TEXT, "DET####"),
        "analytic_id": (TEXT, "AN####"),
        "attack_id": (TEXT, "the ID that its strategy detects"),
        "platforms": (LIST, "its platforms in scope"),
        "sources": (INT, "log source references that it names"),
        "arriving": (INT, "those of them that arrive"),
        "missing": (INT, "those of which an inventory says that they do not"),
        "met": (BOOL, "it names some, and all of them arrive; one such analytic meets its strategy"),
    },
)

ID_DATA = FrameSpec(
    "ID_DATA",
    "one row per technique or sub-technique in scope",
    ("attack_id",),
    {
        "attack_id": (TEXT, "technique or sub-technique; a technique's include its sub-techniques'"),
        "data": (TEXT, "arrives, missing or not_told: whether any of its data does"),
        "analytics": (INT, "analytics of MITRE's for it, on platforms in scope, that name a log source"),
        "analytics_met": (INT, "those of them all of whose log sources arrive"),
        "strategies": (INT, "detection strategies that these analytics are of"),
        "strategies_met": (INT, "those of them with an analytic that is met"),
        "visibility": (FLOAT, "largest share of an analytic's log sources that arrives, 0-1; 0 without any"),
        "sources_arriving": (LIST, "names of the log sources of its analytics that arrive"),
        "sources_open": (LIST, "names of the others"),
    },
)

_STATE_COLUMNS = {
    "attack_id": (TEXT, "technique or sub-technique in scope"),
    "name": (TEXT, "name in this release"),
    "is_subtechnique": (BOOL, "a sub-technique"),
    "parent_id": (TEXT, "its technique; NA for a technique"),
    "state": (TEXT, "vocabulary.DATA_STATES"),
    "data": (TEXT, "arrives, missing or not_told: whether any of its data does"),
    "covered": (BOOL, "rules in scope cover it wholly under the roll-up, whether they can run or not"),
    "rules": (INT, "distinct rules in scope that count under the roll-up"),
    "rules_can_run": (INT, "those of them that can run"),
    "rules_cannot_fire": (INT, "those that cannot fire for want of data"),
    "rules_not_told": (INT, "those of which nothing tells"),
}

ID_STATES = FrameSpec(
    "ID_STATES", "one row per technique or sub-technique in scope", ("attack_id",), _STATE_COLUMNS
)

PLACEMENT_STATES = FrameSpec(
    "PLACEMENT_STATES",
    "one row per placement in scope",
    ("tactic_id", "attack_id"),
    {"tactic_id": (TEXT, "the tactic"), **_STATE_COLUMNS},
)

SOURCES = FrameSpec(
    "SOURCES",
    "one row per log source that an inventory lists, a rule in scope reads or an analytic of MITRE's names",
    ("source",),
    {
        "source": (TEXT, "the log source; a word of an inventory where no table knows it"),
        "state": (TEXT, "arrives, stale, missing or not_told"),
        "known": (BOOL, "data/log_sources.csv has it"),
        "words": (LIST, "what the inventories call it"),
        "inventories": (LIST, "the inventories that list it"),
        "platforms": (LIST, "platforms that the inventories' words for it are about"),
        "last_event": (DATE, "newest event in an inventory; NA when none tells"),
        "rules": (INT, "rules in scope that can read it"),
        "rules_only": (INT, "those of them that run through it alone"),
        "ids": (INT, "IDs in scope that these rules are read as"),
        "ids_dark": (INT, "IDs in scope that no rule that can run would cover without it"),
        "analytics": (INT, "analytics of MITRE's, on platforms in scope, that name it"),
    },
)

NEXT_SOURCES = FrameSpec(
    "NEXT_SOURCES",
    "one row per log source that does not arrive, the one that helps most first",
    ("source",),
    {
        "source": (TEXT, "the log source"),
        "state": (TEXT, "stale, missing or not_told"),
        "need": (FLOAT, "sum of the need of the IDs in the next two columns"),
        "covered": (LIST, "IDs that rules which start to run would cover"),
        "in_reach": (LIST, "open IDs for which data would arrive"),
        "rules": (INT, "rules in scope that would start to run"),
        "analytics": (INT, "analytics of MITRE's, on platforms in scope, that name it"),
    },
)

WHAT_IF_IDS = FrameSpec(
    "WHAT_IF_IDS",
    "one row per ID in scope that a change of the data makes a difference to",
    ("attack_id",),
    {
        "attack_id": (TEXT, "technique or sub-technique"),
        "name": (TEXT, "name in this release"),
        "is_subtechnique": (BOOL, "a sub-technique"),
        "change": (TEXT, "vocabulary.DATA_CHANGES"),
        "state_before": (TEXT, "vocabulary.DATA_STATES"),
        "state_after": (TEXT, "vocabulary.DATA_STATES"),
        "rules_before": (INT, "rules that can run and count under the roll-up"),
        "rules_after": (INT, "the same afterwards"),
    },
)

WHAT_IF_RULES = FrameSpec(
    "WHAT_IF_RULES",
    "one row per rule in scope whose verdict a change of the data turns",
    ("rule_key",),
    {
        "rule_key": (TEXT, "the rule"),
        "corpus": (TEXT, "corpus of the rule"),
        "name": (TEXT, "the rule's title"),
        "path": (TEXT, "file, relative to the corpus"),
        "before": (TEXT, "vocabulary.VERDICTS"),
        "after": (TEXT, "vocabulary.VERDICTS"),
    },
)

SWITCH_ON = FrameSpec(
    "SWITCH_ON",
    "one row per log source and event that MITRE's analytics name for an open ID in scope",
    ("source", "channel"),
    {
        "source": (TEXT, "the log source"),
        "channel": (TEXT, "event or channel, as MITRE words it; empty where it names none"),
        "audit": (LIST, "sub-categories of the Windows audit policy that write it, where known"),
        "state": (TEXT, "arrives, missing or not_told: the log source, not the event"),
        "platforms": (LIST, "platforms of these analytics in scope"),
        "components": (LIST, "data components that it gives"),
        "ids": (LIST, "the open IDs"),
        "analytics": (INT, "analytics of MITRE's that name it for them"),
    },
)
