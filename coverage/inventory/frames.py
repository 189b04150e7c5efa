"""The frames of inventories: grain, key, and each column with its type and meaning."""

from __future__ import annotations

from coverage.frames import BOOL, DATE, FLOAT, INT, LIST, TEXT, FrameSpec

ARRIVES, MISSING, STALE = "arrives", "missing", "stale"

INVENTORY = FrameSpec(
    "INVENTORY",
    "one row a row of an inventory's file",
    ("inventory", "file", "place"),
    {
        "inventory": (TEXT, "name of the inventory"),
        "file": (TEXT, "file, as it is named in settings or on the command line"),
        "place": (TEXT, "line of the file, or the path of a value in it"),
        "kind": (TEXT, "whose word it is, one of log_sources.KINDS"),
        "word": (TEXT, "what the file names: index, sourcetype, table, data component ..."),
        "sources": (LIST, "log sources that it carries, by data/log_sources.csv"),
        "components": (LIST, "data components that it surely gives"),
        "platforms": (LIST, "platforms that it is of; empty: any"),
        "systems": (LIST, "systems that it is of, where the file names some; empty: any"),
        "last_event": (DATE, "newest event, UTC; NA: not told"),
        "volume": (FLOAT, "how much there is, in `unit`; NA: not told"),
        "unit": (TEXT, "bytes, MB or events; NA without a volume"),
        "quality": (FLOAT, "quality of the data, 0 to 5; NA: not told"),
        "state": (
            TEXT,
            "arrives; missing: the file says that there is none; stale: its last event is too old",
        ),
        "matched": (BOOL, "the word is known"),
        "nearest": (
            TEXT,
            "of an unmatched word, the known one that is most like it; NA: none is, or not looked for",
        ),
    },
)

VISIBILITY = FrameSpec(
    "VISIBILITY",
    "one row a technique or sub-technique and a system of DeTT&CT's that has a platform of it",
    ("attack_id", "system"),
    {
        "attack_id": (TEXT, "technique or sub-technique"),
        "system": (TEXT, "system, as the file names it"),
        "available": (
            INT,
            "data components of the technique on the system's platforms that the file lists for it",
        ),
        "total": (INT, "data components of the technique on the system's platforms"),
        "percentage": (FLOAT, "available / total x 100; 0 where there is none"),
        "score": (INT, "visibility score: 0 for none, 1 up to 49 %, 2 up to 74 %, 3 up to 99 %, 4 above"),
    },
)
