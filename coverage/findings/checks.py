"""The one table of checks: code -> function, severity, title and description. `docs/lint.md` is made from it.

A new check is one small function and one line here. Codes are stable: silences and alerts hang on them.
"""

from __future__ import annotations

from coverage.findings import paths, rules
from coverage.findings.model import Check

_VERSIONS = "https://attack.mitre.org/resources/versions/"
_TACTICS = "https://attack.mitre.org/tactics/"
_TECHNIQUES = "https://attack.mitre.org/techniques/"

# In the order a rule's findings at one place stand in.
CHECKS: dict[str, Check] = {
    "revoked-technique": Check(
        paths.leaf_read_as("replaced", with_fix=True),
        "error",
        "Revoked technique",
        "MITRE revoked the ID in this release or an earlier one. The fix is the current ID its revocations "
        "lead to.",
        invalid=True,
        page=_VERSIONS,
    ),
    "ambiguous-replacement": Check(
        paths.leaf_read_as("ambiguous"),
        "error",
        "Revoked in favour of several",
        "MITRE revoked the ID and its revocations lead to several current IDs: a person must choose.",
        invalid=True,
        unplaced=True,
        page=_VERSIONS,
    ),
    "deprecated-technique": Check(
        paths.leaf_read_as("deprecated"),
        "error",
        "Deprecated technique",
        "MITRE deprecated the ID without a replacement, so the mapping counts nowhere.",
        invalid=True,
        unplaced=True,
        page=_VERSIONS,
    ),
    "unknown-technique": Check(
        paths.unknown_id,
        "error",
        "Unknown technique",
        "The ID looks like a technique's, but no installed release knows it.",
        invalid=True,
        unplaced=True,
        page=_TECHNIQUES,
    ),
    "not-an-id": Check(
        paths.no_id,
        "error",
        "Not a technique ID",
        "The text does not look like a technique's ID. The fix is the ID in capitals and without spaces.",
        invalid=True,
        unplaced=True,
        page=_TECHNIQUES,
    ),
    "newer-technique": Check(
        paths.leaf_read_as("newer"),
        "warning",
        "Technique of a newer release",
        "The ID is from a newer release and has no single predecessor in this one, so the mapping counts "
        "nowhere. "
        "The message names the candidates.",
        invalid=True,
        unplaced=True,
        page=_VERSIONS,
    ),
    "newer-technique-read-back": Check(
        paths.leaf_read_as("read_back", with_fix=True),
        "warning",
        "Technique of a newer release, read as its predecessor",
        "The ID is from a newer release. It is read as the only ID of this release that it replaced, which "
        "is the fix.",
        invalid=True,
        page=_VERSIONS,
    ),
    "other-domain": Check(
        paths.other_domain,
        "note",
        "Other domain or framework",
        "The ID belongs to another domain (Mobile, ICS) or framework (MITRE ATLAS). It is not wrong; it "
        "counts nowhere here.",
        unplaced=True,
    ),
    "wrong-parent": Check(
        paths.wrong_parent,
        "error",
        "Sub-technique under the wrong technique",
        "A sub-technique is listed under a technique that is not its own.",
        invalid=True,
        page=_TECHNIQUES,
    ),
    "wrong-level": Check(
        paths.wrong_level,
        "error",
        "Technique and sub-technique mixed up",
        "A sub-technique's ID is where a technique belongs, or a technique's where a sub-technique belongs.",
        invalid=True,
        page=_TECHNIQUES,
    ),
    "unknown-tactic": Check(
        paths.unknown_tactic,
        "error",
        "Unknown tactic",
        "No installed release of this domain knows the tactic. The fix is the ID of the tactic name "
        "beside it.",
        invalid=True,
        unplaced=True,
        page=_TACTICS,
    ),
    "newer-tactic": Check(
        paths.newer_tactic,
        "warning",
        "Tactic of another release",
        "This release does not have the tactic, but another installed one does. The fix is the technique's "
        "only tactic here.",
        invalid=True,
        unplaced=True,
        page=_VERSIONS,
    ),
    "tactic-left": Check(
        rules.tactic_left,
        "error",
        "The technique has left the tactic",
        "The technique was in this tactic in another release and is not in it in this one. The fix is its "
        "only tactic, "
        "where it has one. In flat formats: none of the rule's techniques is in the tactic any more.",
        whole_rule=True,
        invalid=True,
        page=_VERSIONS,
    ),
    "tactic-never": Check(
        rules.tactic_never,
        "error",
        "The technique is not in the tactic",
        "The technique is not in this tactic in any installed release. The fix is its only tactic, "
        "where it has one.",
        whole_rule=True,
        invalid=True,
        page=_TACTICS,
    ),
    "tactic-mismatch": Check(
        paths.tactic_mismatch,
        "error",
        "Tactic ID and name disagree",
        "The tactic's name is not that of its ID in any installed release. The fix is the ID's name.",
        invalid=True,
        page=_TACTICS,
    ),
    "tactic-renamed": Check(
        rules.tactic_renamed,
        "warning",
        "The tactic has another name and meaning",
        "The tactic is written under the name it has in another release (TA0005 was Defense Evasion and is "
        "Stealth since "
        "19.0), and the technique is in it. The fix is its name in this release.",
        whole_rule=True,
        invalid=True,
        page=_VERSIONS,
    ),
    "technique-name": Check(
        paths.technique_name,
        "warning",
        "Not the technique's name",
        "The name beside a current technique or sub-technique ID is not its name in this release. The fix is "
        "the name.",
        invalid=True,
        page=_TECHNIQUES,
    ),
    "reference-url": Check(
        paths.reference_url,
        "warning",
        "Not the page of the ID",
        "The reference beside a tactic, technique or sub-technique ID is not its page on attack.mitre.org. "
        "The fix is the "
        "page. Pages of one version, http, a missing slash at the end and an anchor are accepted.",
        page=_TECHNIQUES,
    ),
    "duplicate-mapping": Check(
        rules.duplicate_mapping,
        "warning",
        "Mapped twice",
        "One rule names the same tactic and ID more than once; the later one is meant.",
        whole_rule=True,
    ),
    "parent-beside-subtechnique": Check(
        rules.parent_beside_subtechnique(flat=False),
        "warning",
        "Technique beside its own sub-technique",
        "Under one tactic, a technique is mapped by itself and again as the way to its sub-technique. The "
        "format has one "
        "technique entry that holds the sub-techniques.",
        whole_rule=True,
    ),
    "parent-and-subtechnique": Check(
        rules.parent_beside_subtechnique(flat=True),
        "note",
        "Technique and its sub-technique in one list",
        "A flat list (Sigma tags, a hunt's `mitre` ...) names a technique and its sub-technique. These "
        "formats allow it, "
        "and the technique adds nothing under the roll-up `any`.",
        whole_rule=True,
    ),
    "tag-not-mapped": Check(
        rules.tag_not_mapped,
        "warning",
        "Tactic tag without a mapping",
        "A `Tactic:` tag names a tactic that no mapping of the rule names; the fix is the tag of the same "
        "tactic under the "
        "name the mapping uses. In flat formats (Sigma's `attack.<tactic>`): a tactic that none of the "
        "rule's techniques is "
        "in, in any installed release.",
        whole_rule=True,
        page=_TACTICS,
    ),
    "tactic-not-tagged": Check(
        rules.tactic_not_tagged,
        "note",
        "Mapped tactic without its tag",
        "A rule that has tactic tags maps to a tactic without its tag; in flat formats, to a technique none "
        "of whose tactics "
        "is tagged.",
        whole_rule=True,
        page=_TACTICS,
    ),
    "no-mapping": Check(
        rules.no_mapping,
        "warning",
        "No mapping",
        "The rule maps to nothing, so it covers no technique.",
        whole_rule=True,
    ),
    "tactic-only": Check(
        rules.tactic_only,
        "note",
        "Tactic only",
        "The mapping names a tactic and no technique, so it covers none. In flat formats: the rule names "
        "nothing but tactics.",
        whole_rule=True,
        page=_TACTICS,
    ),
    "parent-only": Check(
        rules.parent_only,
        "note",
        "Technique without its sub-technique",
        "The technique has sub-techniques in this release, and the rule names none of them.",
        whole_rule=True,
        page=_TECHNIQUES,
    ),
}
