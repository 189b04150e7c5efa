"""Elastic's `threat` tables -> mappings as written. The same in TOML and in Kibana's JSON.

The shape is DOMAIN section 3: framework, tactic {id, name, reference}, technique[] {..., subtechnique[]}, and
`threat_mappings[]` {framework, version, threat[]} beside it. Independent of ATT&CK releases: every set is
handed on with the version it was written for, and the mapping step chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coverage.models import WrittenMapping
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import DocPath, Issue

ATTACK, ATLAS = "MITRE ATT&CK", "MITRE ATLAS"
# What a set of `threat_mappings` without a version was written for: not the same as plain `threat` (None).
NO_VERSION = ""

Entry = tuple[str | None, str | None, str | None]  # id, name, reference
NOTHING: Entry = (None, None, None)


@dataclass(frozen=True, slots=True)
class WrittenPath:
    """One mapping path before its rule and position are known, and where its leaf is."""

    framework: str
    written_for: str | None
    tactic: Entry
    technique: Entry
    subtechnique: Entry
    leaf_path: DocPath

    def mapping(self, rule_key: str, position: int) -> WrittenMapping:
        return WrittenMapping(
            rule_key,
            position,
            self.framework,
            self.written_for,
            *self.tactic,
            *self.technique,
            *self.subtechnique,
        )


def written_paths(holder: Fields) -> Iterator[WrittenPath]:
    """Every mapping path below `threat` and then `threat_mappings` of a table, in written order.

    A technique with sub-techniques is the way to them, not a path of its own; an entry with a tactic
    alone gives one tactic-only path. Codes: `wrong-type`; `no-id` for a technique or sub-technique
    without an id (its path is left out: nothing is counted that was not written); `empty-threat` for
    an entry that names nothing; `no-version` for a set that does not say its version.
    """
    yield from _paths(holder, None, None)
    for mapping_set in holder.tables("threat_mappings"):
        yield from _paths(mapping_set, mapping_set.text("framework"), _version(mapping_set))


def meant_threat(keys: Sequence[str], text: str, attack_id: str) -> str:
    """Where an ID belongs that was written where no `threat` is read."""
    kind = (
        "tactic"
        if attack_id.startswith("TA")
        else "technique[].subtechnique[]"
        if "." in attack_id
        else "technique[]"
    )
    return f"threat[].{kind}.id = {attack_id}"


def not_in_threat(unread: Sequence[Issue], issues: Sequence[Issue]) -> list[Issue]:
    """The IDs that are not read, without those that `issues` already explain."""
    return [
        one
        for one in unread
        if not (one.path[-1:] == ("id",) and any(_holds(one.path[:-1], other.path) for other in issues))
    ]


def _holds(table: DocPath, path: DocPath) -> bool:
    return path[: len(table)] == table


def _version(mapping_set: Fields) -> str:
    value = mapping_set.values.get("version")
    if type(value) is int or type(value) is float:
        return str(value)
    text = mapping_set.text("version")
    if text is None:
        mapping_set.issue((), "no-version", "does not say the ATT&CK version it was written for")
    return NO_VERSION if text is None else text.strip()


def _paths(holder: Fields, framework: str | None, written_for: str | None) -> Iterator[WrittenPath]:
    for threat in holder.tables("threat"):
        table = threat.table("tactic")
        tactic = _entry(table) if table else NOTHING
        leaves = list(_leaves(threat))
        if not leaves and tactic != NOTHING and table is not None:
            leaves = [(NOTHING, NOTHING, (*table.path, "id"))]
        elif not leaves and not threat.values.get("technique"):
            threat.issue((), "empty-threat", "names neither a tactic nor a technique")
        own = threat.text("framework") or framework
        for technique, subtechnique, path in leaves:
            named = own or _framework(subtechnique[0] or technique[0] or tactic[0])
            yield WrittenPath(named, written_for, tactic, technique, subtechnique, path)


def _leaves(threat: Fields) -> Iterator[tuple[Entry, Entry, DocPath]]:
    for technique in threat.tables("technique"):
        below = list(technique.tables("subtechnique"))
        way = _entry(technique, needs_id=True)
        for subtechnique in below:
            entry = _entry(subtechnique, needs_id=True)
            if entry[0]:
                yield (way, entry, (*subtechnique.path, "id"))
        if way[0] and not technique.values.get("subtechnique"):
            yield (way, NOTHING, (*technique.path, "id"))


def _entry(table: Fields, needs_id: bool = False) -> Entry:
    written = table.text("id")
    if needs_id and written is None and type(table.values.get("id")) in (str, type(None)):
        table.issue((), "no-id", "has no id, so it maps nothing")
    return (written, table.text("name"), table.text("reference"))


def _framework(attack_id: str | None) -> str:
    return ATLAS if (attack_id or "").startswith("AML.") else ATTACK
