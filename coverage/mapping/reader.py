"""The join: each mapping "as written -> as read" in one ATT&CK release.

The only module where rules and catalogue meet. It changes no rule and counts nothing: what a
reading is worth is decided in `scope` and `measures`. Definitions: DOMAIN section 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from coverage.catalogue.model import Catalogue, Release
from coverage.frames import rows_of
from coverage.mapping.frames import MAPPINGS, PLACED
from coverage.vocabulary import DOMAINS, id_kind, parent_of


@dataclass(frozen=True, slots=True)
class LeafReading:
    """How one written technique ID is read: a key of READ_STATUSES, the current ID, and why."""

    status: str
    attack_id: str | None = None
    candidates: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TacticReading:
    """How one written tactic fits the technique as read: a key of TACTIC_STATUSES, and why."""

    status: str
    tactic_id: str | None = None
    reason: str | None = None


def word(text: str) -> str:
    """A tactic's name reduced to its letters, so that `DefenseEvasion` and `defense-evasion` are one."""
    return re.sub(r"[^a-z]", "", text.lower())


class ReleaseFacts:
    """What reading needs of one catalogue, as plain sets and dicts, each made when first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.release = catalogue.release

    @cached_property
    def status(self) -> dict[str, str]:
        return dict(rows_of(self._catalogue.techniques, "attack_id", "status"))

    @cached_property
    def successors(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for old, new in rows_of(self._catalogue.revocations, "attack_id", "revoked_by"):
            found.setdefault(old, []).append(new)
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """Technique and sub-technique ID -> its name, of current IDs and others."""
        return dict(rows_of(self._catalogue.techniques, "attack_id", "name"))

    @cached_property
    def ids_by_name(self) -> dict[str, list[str]]:
        """Name in lower case -> the current IDs that bear it."""
        found: dict[str, list[str]] = {}
        for attack_id, name, status in rows_of(self._catalogue.techniques, "attack_id", "name", "status"):
            if status == "live":
                found.setdefault(name.lower(), []).append(attack_id)
        return found

    @cached_property
    def subtechniques(self) -> dict[str, list[str]]:
        """Technique ID -> its live sub-techniques."""
        found: dict[str, list[str]] = {}
        for attack_id, parent, status in rows_of(
            self._catalogue.techniques, "attack_id", "parent_id", "status"
        ):
            if status == "live" and isinstance(parent, str):
                found.setdefault(parent, []).append(attack_id)
        return found

    @cached_property
    def homes(self) -> dict[str, list[str]]:
        """Live technique or sub-technique -> the tactics it is placed in, in the release's order."""
        found: dict[str, list[str]] = {}
        for tactic_id, attack_id in rows_of(self._catalogue.placements, "tactic_id", "attack_id"):
            found.setdefault(attack_id, []).append(tactic_id)
        return found

    @cached_property
    def _tactics(self) -> list[tuple[str, str, str]]:
        tactics = self._catalogue.tactics
        return list(rows_of(tactics[tactics["status"] == "live"], "tactic_id", "name", "shortname"))

    @cached_property
    def tactic_names(self) -> dict[str, str]:
        return {tactic_id: name for tactic_id, name, _ in self._tactics}

    @cached_property
    def tactics_by_word(self) -> dict[str, str]:
        names = {word(name): tactic_id for tactic_id, name, _ in self._tactics}
        return names | {word(short): tactic_id for tactic_id, _, short in self._tactics}

    @cached_property
    def placements(self) -> frozenset[tuple[str, str]]:
        return frozenset(rows_of(self._catalogue.placements, "tactic_id", "attack_id"))

    def live_ends(self, attack_id: str) -> set[str]:
        """The current IDs at the ends of the revocation chains that start at `attack_id`."""
        ends, seen, waiting = set(), set(), [attack_id]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            if self.status.get(current) == "live":
                ends.add(current)
            waiting.extend(self.successors.get(current, ()))
        return ends

    def predecessors(self, attack_id: str) -> set[str]:
        """The revoked IDs whose chain ends where that of `attack_id` ends."""
        ends = self.live_ends(attack_id) or {attack_id}
        return {old for old in self.successors if old != attack_id and self.live_ends(old) & ends}


class Reader:
    """Reads written IDs and tactics in one release, with the help of the other installed releases.

    Parameters
    ----------
    catalogue : Catalogue
        The chosen release.
    others : iterable of Catalogue
        Releases that explain what the chosen one does not know: newer ones of the same domain (read
        backwards through their revocations), older ones (former tactic names), other domains.
    """

    def __init__(self, catalogue: Catalogue, others: Iterable[Catalogue] = ()) -> None:
        self._chosen = ReleaseFacts(catalogue)
        others = sorted((ReleaseFacts(other) for other in others), key=lambda other: other.release)
        mine = self._chosen.release
        self._siblings = [o for o in others if o.release.domain == mine.domain and o.release != mine]
        self._newer = [o for o in self._siblings if o.release > mine]
        self._foreign = [o for o in others if o.release.domain != mine.domain]
        self._leaves: dict[str, LeafReading] = {}
        self._tactics: dict[tuple, TacticReading] = {}

    @property
    def release(self) -> Release:
        return self._chosen.release

    @property
    def chosen(self) -> ReleaseFacts:
        """The chosen release's facts, for checks that ask more than how an ID is read."""
        return self._chosen

    @property
    def siblings(self) -> list[ReleaseFacts]:
        """The facts of the other releases of the same domain, oldest first."""
        return self._siblings

    @property
    def foreign(self) -> list[ReleaseFacts]:
        """The facts of the releases of other domains."""
        return self._foreign

    def leaf(self, attack_id: str) -> LeafReading:
        """How a written technique or sub-technique ID is read in the chosen release."""
        if attack_id not in self._leaves:
            self._leaves[attack_id] = self._read_leaf(attack_id)
        return self._leaves[attack_id]

    def _read_leaf(self, attack_id: str) -> LeafReading:
        chosen = self._chosen
        status = chosen.status.get(attack_id)
        if status == "live":
            return LeafReading("same", attack_id)
        if status is None:
            return self._read_absent(attack_id)
        ends = sorted(chosen.live_ends(attack_id))
        if len(ends) == 1:
            return LeafReading(
                "replaced",
                ends[0],
                reason=f"{attack_id} is revoked in {chosen.release.title}: replaced by {ends[0]}",
            )
        if ends:
            return LeafReading(
                "ambiguous", None, tuple(ends), f"{attack_id} is revoked in favour of several: choose one"
            )
        return LeafReading(
            "deprecated", reason=f"{attack_id} is {status} in {chosen.release.title}, without a replacement"
        )

    def _read_absent(self, attack_id: str) -> LeafReading:
        for newer in self._newer:
            if attack_id in newer.status:
                return self._read_back(attack_id, newer)
        for foreign in self._foreign:
            if attack_id in foreign.status:
                title = DOMAINS[foreign.release.domain].title
                return LeafReading("other_domain", reason=f"{attack_id} is an ID of ATT&CK {title}")
        if id_kind(attack_id) == "atlas":
            return LeafReading("other_domain", reason=f"{attack_id} is an ID of MITRE ATLAS")
        if id_kind(attack_id) in ("technique", "subtechnique"):
            return LeafReading("unknown", reason=f"No installed release knows {attack_id}")
        return LeafReading("unknown", reason="Not an ATT&CK technique ID")

    def _read_back(self, attack_id: str, newer: ReleaseFacts) -> LeafReading:
        chosen = self._chosen
        fits = sorted(old for old in newer.predecessors(attack_id) if chosen.status.get(old) == "live")
        if len(fits) == 1:
            return LeafReading(
                "read_back",
                fits[0],
                reason=f"{attack_id} is from a newer release; in {newer.release.title} it replaced {fits[0]}",
            )
        parent = parent_of(attack_id)
        if not fits and parent and chosen.status.get(parent) == "live":
            fits = [parent]
        several = (
            "it replaced several IDs of this release"
            if len(fits) > 1
            else "it replaced no ID of this release"
        )
        return LeafReading(
            "newer",
            None,
            tuple(fits),
            f"{attack_id} is from a newer release ({newer.release.title}); {several}",
        )

    def tactic(self, tactic_id: str | None, name: str | None, attack_id: str | None) -> TacticReading:
        """How a written tactic (ID, or name where no ID was) stands to the technique as read.

        `attack_id` None asks for the tactic alone, as a tactic-only mapping does.
        """
        key = (tactic_id, name, attack_id)
        if key not in self._tactics:
            self._tactics[key] = self._read_tactic(tactic_id, name, attack_id)
        return self._tactics[key]

    def _read_tactic(self, tactic_id: str | None, name: str | None, attack_id: str | None) -> TacticReading:
        chosen, written = self._chosen, tactic_id or name
        if not written:
            return TacticReading("missing")
        found = tactic_id or self._tactic_named(written)
        known = found in chosen.tactic_names or any(found in other.tactic_names for other in self._siblings)
        if not known:
            return TacticReading("unknown", reason=f"unknown tactic: '{written}'")
        here = found if found in chosen.tactic_names else None
        if attack_id is not None and (here, attack_id) not in chosen.placements:
            label = chosen.tactic_names.get(found) or name or found
            return TacticReading("moved", here, f"{attack_id} is not in {label} in {chosen.release.title}")
        if here is None:
            return TacticReading("moved", None, f"{chosen.release.title} has no tactic {written}")
        if not name or word(name) in (word(chosen.tactic_names[here]), self._short_word(here)):
            return TacticReading("valid", here)
        if word(name) in chosen.tactics_by_word:  # the name of another tactic is a slip, not a former name
            return TacticReading(
                "valid", here, f"{here} is '{chosen.tactic_names[here]}', not '{name}': read by its ID"
            )
        return TacticReading(
            "renamed", here, f"{here} '{name}' is '{chosen.tactic_names[here]}' in {chosen.release.title}"
        )

    def _short_word(self, tactic_id: str) -> str:
        return next((w for w, tid in self._chosen.tactics_by_word.items() if tid == tactic_id), "")

    def _tactic_named(self, name: str) -> str | None:
        for release in (self._chosen, *reversed(self._siblings)):
            if (found := release.tactics_by_word.get(word(name))) is not None:
                return found
        return None


def _text(value: object) -> str | None:
    """A frame's text cell as str, or None for NA."""
    return value if isinstance(value, str) else None


def _version_key(text: str) -> tuple[int, ...]:
    numbers = tuple(int(n) for n in re.findall(r"\d+", text))
    return numbers if len(numbers) > 1 else (*numbers, 0)


def _best_set(versions: Sequence[str | None], release: Release) -> str | None:
    """Of the versions one rule's mapping sets are written for, the one that fits the release best.

    The release itself; else the nearest older (revocations lead forward from it); else plain
    `threat`, which names no version; else the nearest newer; else a set whose version is empty.
    """
    keyed = {version: _version_key(version) for version in versions if version}
    older = {version: key for version, key in keyed.items() if key <= release.version_key}
    if older:
        return max(older, key=older.__getitem__)
    if None in versions:
        return None
    return min(keyed, key=keyed.__getitem__) if keyed else ""


def _chosen_sets(written: pd.DataFrame, release: Release) -> pd.DataFrame:
    """WRITTEN without the mapping sets that another set of the same rule and framework stands in for."""
    versioned = written["written_for"].notna()
    if not versioned.any():
        return written
    several = written["rule_key"].isin(written.loc[versioned, "rule_key"])
    keep = ~several
    candidates = written[several]
    is_attack = candidates["framework"].str.contains("ATT&CK", regex=False)
    framework = candidates["framework"].mask(
        is_attack, "ATT&CK"
    )  # an ATLAS set never stands in for an ATT&CK one
    for _, rows in candidates.groupby(["rule_key", framework], sort=False):
        versions = [_text(value) for value in rows["written_for"].unique()]
        best = _best_set(versions, release)
        keep.loc[rows.index] = rows["written_for"].isna() if best is None else rows["written_for"] == best
    return written[keep]


def _read_rows(written: pd.DataFrame, reader: Reader) -> Iterator[tuple[LeafReading, TacticReading]]:
    for framework, leaf_id, tactic_id, tactic_name in rows_of(
        written, "framework", "leaf_id", "tactic_id", "tactic_name"
    ):
        leaf_id, tactic_id, tactic_name = _text(leaf_id), _text(tactic_id), _text(tactic_name)
        if "ATT&CK" not in framework:
            tactic = TacticReading("unknown" if tactic_id or tactic_name else "missing")
            yield LeafReading("other_domain", reason=f"The mapping is to {framework}"), tactic
            continue
        leaf = LeafReading("tactic_only") if leaf_id is None else reader.leaf(leaf_id)
        yield leaf, reader.tactic(tactic_id, tactic_name, leaf.attack_id)


def mappings_as_read(written: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    """MAPPINGS: each mapping as written and as read in the reader's release.

    Parameters
    ----------
    written : WRITTEN frame
        Where a rule has several mapping sets (`threat_mappings`), the one that fits the release
        best is read and the others are left out.
    reader : Reader
    """
    written = _chosen_sets(written, reader.release)
    readings = list(_read_rows(written, reader))
    leaves, tactics = [leaf for leaf, _ in readings], [tactic for _, tactic in readings]
    return MAPPINGS.frame(
        {
            "rule_key": written["rule_key"].array,
            "position": written["position"].array,
            "framework": written["framework"].array,
            "written_for": written["written_for"].array,
            "tactic_written": written["tactic_id"].fillna(written["tactic_name"]).array,
            "tactic_name_written": written["tactic_name"].array,
            "leaf_written": written["leaf_id"].array,
            "status": [leaf.status for leaf in leaves],
            "attack_id": [leaf.attack_id for leaf in leaves],
            "tactic_status": [tactic.status for tactic in tactics],
            "tactic_id": [tactic.tactic_id for tactic in tactics],
            "candidates": [leaf.candidates for leaf in leaves],
            "reason": [
                "; ".join(filter(None, (leaf.reason, tactic.reason))) or None for leaf, tactic in readings
            ],
        }
    )


def placed_rules(mappings: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """PLACED: the placements in which each rule counts, each once.

    A rule counts in the placement it names when that is valid in the release; when it names no
    tactic, or one the technique is not in, it counts in every placement of the technique.
    """
    homes: dict[str, list[str]] = {}
    for tactic_id, attack_id in rows_of(catalogue.placements, "tactic_id", "attack_id"):
        homes.setdefault(attack_id, []).append(tactic_id)
    named, everywhere = [], []
    read = mappings[mappings["attack_id"].notna()]
    for rule_key, attack_id, tactic_id, status in rows_of(
        read, "rule_key", "attack_id", "tactic_id", "tactic_status"
    ):
        if status in ("valid", "renamed"):
            named.append((rule_key, attack_id, tactic_id))
        else:
            everywhere.extend((rule_key, attack_id, home) for home in homes.get(attack_id, ()))
    return pd.DataFrame(list(dict.fromkeys([*named, *everywhere])), columns=list(PLACED.columns), dtype="str")
