"""The frames of threat profiles: grain, key, and each column with its type and meaning."""

from __future__ import annotations

from coverage.frames import FLOAT, INT, LIST, MAYBE_INT, TEXT, FrameSpec

ATTACK_USES = FrameSpec(
    "ATTACK_USES",
    "one row an adversary of ATT&CK, a technique or sub-technique that it uses, and a way it comes to that",
    ("member_id", "attack_id", "way", "through"),
    {
        "member_id": (TEXT, "group, software or campaign ID"),
        "attack_id": (TEXT, "technique or sub-technique"),
        "way": (TEXT, "vocabulary.WAYS: direct, campaign or software"),
        "through": (TEXT, "the campaign or software; empty for a direct use"),
        "last_reported": (
            MAYBE_INT,
            "newest year among the citations of the use (software: of using the software); NA: undated",
        ),
    },
)

MEMBERS = FrameSpec(
    "MEMBERS",
    "one row a member of a threat profile: somebody, or something, that uses techniques",
    ("member_id",),
    {
        "member_id": (TEXT, "its ATT&CK ID; of one that only a file knows: the file and its name"),
        "name": (TEXT, "its name in the release, else in its file"),
        "kind": (TEXT, "group, software, campaign, report, layer, list or CVEs"),
        "source": (TEXT, "ATT&CK, or the file or settings that name it"),
        "weight": (FLOAT, "what it weighs among the members"),
        "ids": (
            INT,
            "distinct techniques and sub-techniques of this release that it needs, in every way that counts",
        ),
        "undated": (INT, "of these, the ones without a year"),
        "last_reported": (MAYBE_INT, "newest year among its uses; NA: none is dated"),
        "sectors": (LIST, "sectors that it is said to attack (data/group_sectors.csv)"),
        "countries": (LIST, "countries that it is said to attack"),
        "url": (TEXT, "page on attack.mitre.org; NA where it has none"),
    },
)

MEMBER_USES = FrameSpec(
    "MEMBER_USES",
    "one row a member of a profile, an ID that it uses, and a way it comes to that",
    ("member_id", "attack_id", "way", "through"),
    {
        "member_id": (TEXT, "the member"),
        "attack_id": (TEXT, "technique or sub-technique, live in this release"),
        "way": (TEXT, "vocabulary.WAYS: direct, campaign or software"),
        "through": (TEXT, "the campaign or software; empty for a direct use"),
        "last_reported": (MAYBE_INT, "newest year of the use; NA: undated"),
        "strength": (FLOAT, "1, or its score or count over the largest of its member, 0-1"),
        "decay": (FLOAT, "0.5 ^ (age in years / half-life), 0-1; 1 without a half-life or a year"),
        "counts": (FLOAT, "strength x decay: how much of a use it is, 0-1"),
        "written": (TEXT, "the ID or name as its source wrote it"),
        "source": (TEXT, "ATT&CK, or the file or settings that name it"),
    },
)
