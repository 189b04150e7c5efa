"""A profile in one release: its members, what each uses, and everything that could not be carried over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches

import pandas as pd

from coverage.catalogue import Catalogue
from coverage.kept import kept_with
from coverage.loaders.frames import problems_frame
from coverage.loaders.given_files import given_bytes
from coverage.loaders.sources import shown
from coverage.loaders.walk import Unreadable, text_of
from coverage.mapping.reader import Reader
from coverage.models import Problem
from coverage.project.settings import ThreatSetting
from coverage.syntaxes.syntax import DocPath, Issue
from coverage.threats.files.reading import ReadFile, read_file
from coverage.threats.files.seam import CVE, FileMember, Named
from coverage.threats.frames import MEMBER_USES, MEMBERS
from coverage.threats.names import ids_by_name, name_key, names_of
from coverage.threats.profile import Profile
from coverage.threats.sectors import Victims, victims_by_group
from coverage.threats.uses import Uses, uses_by_member
from coverage.vocabulary import attack_url, id_kind

ATTACK = "ATT&CK"  # the source of what MITRE says itself


@dataclass(frozen=True, eq=False)
class Threat:
    """A profile as read in one release. Two are the same only when they are one object."""

    profile: Profile
    release: str
    day: date
    members: pd.DataFrame = field(repr=False)  # MEMBERS, heaviest first
    uses: pd.DataFrame = field(repr=False)  # MEMBER_USES
    problems: pd.DataFrame = field(repr=False)  # PROBLEMS

    def sentence(self) -> str:
        """What the profile is, in one line."""
        kinds = self.members["kind"].value_counts(sort=False)
        parts = ", ".join(
            f"{count} {kind if count == 1 else _PLURALS.get(kind, kind)}" for kind, count in kinds.items()
        )
        return f"{self.profile.name}: {parts or 'nobody'}"

    def of_member(self, member_id: str) -> Threat:
        """One of its members as a profile of its own, which counts as it does in this one."""
        return kept_with(self).get(_of_member, self, member_id)


def _of_member(threat: Threat, member_id: str) -> Threat:
    members = threat.members[threat.members["member_id"] == member_id].reset_index(drop=True)
    uses = threat.uses[threat.uses["member_id"] == member_id].reset_index(drop=True)
    profile = replace(threat.profile, name=members["name"].iloc[0])
    return replace(threat, profile=profile, members=members, uses=uses, problems=problems_frame([]))


_PLURALS = {
    "group": "groups",
    "campaign": "campaigns",
    "report": "reports",
    "layer": "layers",
    "list": "lists",
}


@dataclass
class _Use:
    year: int | None
    strength: float
    decay: float
    written: str
    source: str


@dataclass
class _Member:
    name: str
    kind: str
    source: str
    weight: float
    uses: dict[tuple[str, str, str], _Use] = field(default_factory=dict)  # (ID, way, through) -> use

    def add(self, attack_id: str, way: str, through: str, use: _Use) -> None:
        """Add a use; of two of one key the stronger, and the newer year."""
        key = (attack_id, way, through)
        old = self.uses.get(key)
        if old is not None:
            years = [year for year in (old.year, use.year) if year is not None]
            if (old.strength * old.decay, old.strength) >= (use.strength * use.decay, use.strength):
                use = old
            use.year = max(years, default=None)
        self.uses[key] = use


def threat_in(profile: Profile, catalogue: Catalogue, reader: Reader, day: date) -> Threat:
    """The profile in the release of a catalogue; `reader` is of the same release.

    Parameters
    ----------
    profile : Profile
    catalogue : Catalogue
    reader : Reader
        Reads IDs as it reads those of rules.
    day : date
        Today: the age of a use is counted from its year.

    Raises
    ------
    TableError
        When `data/group_sectors.csv` cannot be used. What is wrong with the profile or its files is in
        `problems`, with path, line and cause.
    """
    work = _Work(profile, catalogue, reader, day)
    for entry in profile.entries:
        work.take(entry)
    return work.threat()


class _Work:
    """A profile while it is read."""

    def __init__(self, profile: Profile, catalogue: Catalogue, reader: Reader, day: date) -> None:
        self.profile, self.catalogue, self.reader, self.day = profile, catalogue, reader, day
        self.settings = shown(str(profile.file)) if profile.file else "profile"
        self.victims = victims_by_group()
        self.names = {kind: names_of(catalogue, kind) for kind in ("group", "software", "campaign")}
        # A list that is the whole profile has its name.
        self._is_list = not any(map(_names_others, profile.entries))
        self.members: dict[str, _Member] = {}
        self.problems: list[Problem] = []
        self.mitre = uses_by_member(catalogue)

    # ---- entries ---------------------------------------------------------------------------------------

    def take(self, entry: ThreatSetting) -> None:
        """Add the members that an entry names."""
        for kind, key in (("group", "groups"), ("software", "software"), ("campaign", "campaigns")):
            for place, text in enumerate(getattr(entry, key)):
                if (found := self._named(kind, text, entry, (key, place))) is not None:
                    self._attack_member(found, kind, entry, asked=(key, place))
        if _picks_groups(entry):
            self._picked(entry)
        if entry.techniques:
            self._own_list(entry)
        cves = self._cves(entry)
        for place, text in enumerate(entry.files):
            read = read_file(self.profile.beside(text), text, cves, self.profile.contents.get(text))
            self._file(entry, read, place)

    def _named(self, kind: str, text: str, entry: ThreatSetting, key: tuple) -> str | None:
        """The ID of a group, software or campaign that a text names, or None and a problem."""
        found = self._ids(kind, text)
        if len(found) == 1:
            return found[0]
        release = self.catalogue.release.title
        if found:
            several = ", ".join(f"{one} {self.names[kind][one]}" for one in found)
            words = f"'{text}' fits several: {several}; write the ID."
            self._problem(entry, key, "threat-several", "error", words)
        else:
            words = f"'{text}' is no {kind} of {release}, by ID, name or alias{self._like(kind, text)}."
            self._problem(entry, key, "threat-unknown", "error", words)
        return None

    def _like(self, kind: str, text: str) -> str:
        """The names that are most like a text, as a part of a sentence; nothing where none is."""
        names = {name.casefold(): name for name in self.names[kind].values()}
        close = [name for name in names if name_key(text) and name_key(text) in name_key(name)]
        close += get_close_matches(text.casefold(), names, 3, 0.7)
        found = list(dict.fromkeys(names[one] for one in close))[:3]
        return f"; nearest: {', '.join(found)}" if found else ""

    def _ids(self, kind: str, text: str) -> tuple[str, ...]:
        if text.strip().upper() in self.names[kind]:
            return (text.strip().upper(),)
        return ids_by_name(self.catalogue, kind).get(name_key(text), ())

    def _attacking(self, entry: ThreatSetting) -> list[str]:
        """The groups that an entry picks by whom they attack; all of them where it says only since when."""
        wanted = {}
        for key in ("sectors", "countries"):
            texts = {text.strip().casefold(): place for place, text in enumerate(getattr(entry, key))}
            known = {word.casefold() for one in self.victims.values() for word in getattr(one, key)}
            for text, place in texts.items():
                if text not in known:
                    written = getattr(entry, key)[place]
                    words = f"No group is said to attack '{written}' (data/group_sectors.csv)."
                    self._problem(entry, (key, place), "threat-unknown", "error", words)
            wanted[key] = frozenset(texts)
        return [
            group
            for group in self.names["group"]
            if all(
                not words
                or not words.isdisjoint(word.casefold() for word in getattr(self._victims(group), key))
                for key, words in wanted.items()
            )
        ]

    def _picked(self, entry: ThreatSetting) -> None:
        """Add the groups that an entry picks; those of which nothing is dated are listed where it says since
        when.
        """
        groups = self._attacking(entry)
        for group in groups:
            self._attack_member(group, "group", entry)
        undated = [
            f"{group} {self.names['group'][group]}"
            for group in groups
            if group not in self.members
            and (uses := self._counting(group, entry))
            and not any(use[-1] for use in uses)
        ]
        if undated and entry.since is not None:
            words = f"Nothing says when these were reported, so they are left out: {', '.join(undated)}."
            self._problem(entry, (), "threat-undated", "note", words)

    def _counting(self, attack_id: str, entry: ThreatSetting) -> Uses:
        """(technique, way, through, year) of each use of an adversary in the ways that count for an entry."""
        return [use for use in self.mitre.get(attack_id, ()) if use[1] == "direct" or use[1] in entry.through]

    def _victims(self, group: str) -> Victims:
        return self.victims.get(group, Victims())

    def _attack_member(
        self, attack_id: str, kind: str, entry: ThreatSetting, asked: tuple | None = None
    ) -> None:
        """Add a group, software or campaign as MITRE knows it. `asked`: where it is named, when it is."""
        uses = self._counting(attack_id, entry)
        years = [year for *_, year in uses if year is not None]
        name = self.names[kind][attack_id]
        if not uses or (entry.since is not None and max(years, default=0) < entry.since):
            if asked is not None:
                lately = f" reported since {entry.since}" if uses else ""
                words = f"{attack_id} {name} has no technique{lately} in {self.catalogue.release.title}."
                self._problem(entry, asked, "threat-no-uses", "note", words)
            return
        member = self._member(attack_id, name, kind, ATTACK, entry)
        for technique, way, through, year in uses:
            use = _Use(year, 1.0, self._decay(year, entry), technique, ATTACK)
            member.add(technique, way, through, use)

    def _member(self, member_id: str, name: str, kind: str, source: str, entry: ThreatSetting) -> _Member:
        """The member of that ID, which weighs what the entry says that gives it most."""
        member = self.members.setdefault(member_id, _Member(name, kind, source, entry.weight))
        member.weight = max(member.weight, entry.weight)
        return member

    def _decay(self, year: int | None, entry: ThreatSetting) -> float:
        if entry.half_life is None or year is None:
            return 1.0
        return 0.5 ** (max(0, self.day.year - year) / entry.half_life)

    def _own_list(self, entry: ThreatSetting) -> None:
        member = None
        for place, text in enumerate(entry.techniques):
            attack_id, code, severity, words = self._technique(text)
            if words:
                self._problem(entry, ("techniques", place), code, severity, words)
            if attack_id is not None:
                name = entry.name if self._is_list else "Own techniques"
                member = member or self._member(f"list: {entry.name}", name, "list", self.settings, entry)
                member.add(attack_id, "direct", "", _Use(None, 1.0, 1.0, text, self.settings))

    def _technique(self, text: str) -> tuple[str | None, str, str, str]:
        """(live ID or None, code, severity, sentence or nothing) of a technique as written, by ID or name."""
        if id_kind(text.upper()) not in ("technique", "subtechnique"):
            found = self.reader.chosen.ids_by_name.get(text.lower(), [])
            if len(found) == 1:
                return found[0], "", "", ""
            words = f"fits {', '.join(found)}" if found else "is no technique by ID or name"
            return None, "threat-unknown-id", "error", f"'{text}' {words} in {self.catalogue.release.title}."
        leaf = self.reader.leaf(text.upper())
        if leaf.attack_id is not None:
            return leaf.attack_id, "threat-read-as", "note", f"{leaf.reason}." if leaf.reason else ""
        more = f"; it could be {', '.join(leaf.candidates)}" if leaf.candidates else ""
        known = leaf.status not in ("unknown", "other_domain")
        code, severity = ("threat-unread-id", "warning") if known else ("threat-unknown-id", "error")
        return None, code, severity, f"{leaf.reason or text}{more}."

    # ---- files -----------------------------------------------------------------------------------------

    def _cves(self, entry: ThreatSetting) -> frozenset[str] | None:
        """The CVEs that matter; None when every one does."""
        if not entry.cves:
            return None
        found: set[str] = set()
        for place, text in enumerate(entry.cves):
            if CVE.fullmatch(text.strip()):
                found.add(text.strip().upper())
                continue
            try:
                listed, _ = text_of(given_bytes(self.profile.beside(text), self.profile.contents.get(text)))
            except Unreadable as fault:
                self._problem(entry, ("cves", place), fault.code, "error", f"{text}: {fault.message}")
                continue
            found |= {one.upper() for one in CVE.findall(listed)}
        return frozenset(found)

    def _file(self, entry: ThreatSetting, read: ReadFile, place: int) -> None:
        issues: list[Issue] = []
        taken = False
        for one in read.content.members:
            taken |= self._file_member(entry, one, read, issues)
        for one in read.content.named:
            taken |= self._file_names(entry, one, issues)
        if not taken and not issues and not read.problems():
            issues.append(
                Issue((), "threat-no-uses", "warning", "The file names nobody who uses a technique.")
            )
        self.problems += read.problems(issues)

    def _file_names(self, entry: ThreatSetting, named: Named, issues: list[Issue]) -> bool:
        """Add a group that a file names, with what MITRE says that it uses."""
        found = self._ids(named.kind, named.text)
        if len(found) == 1:
            before = len(self.members)
            self._attack_member(found[0], named.kind, entry)
            if len(self.members) > before or found[0] in self.members:
                return True
            words = f"{found[0]} has no technique that counts here."
        else:
            words = (
                f"'{named.text}' fits {', '.join(found)}; nothing is guessed."
                if found
                else f"'{named.text}' is no {named.kind} of {self.catalogue.release.title}."
            )
        issues.append(Issue(named.path, "threat-unknown", "note", words))
        return False

    def _file_member(
        self, entry: ThreatSetting, one: FileMember, read: ReadFile, issues: list[Issue]
    ) -> bool:
        """Add a member that a file holds, with the uses that can be read in this release."""
        known = one.attack_id in self.names.get(one.kind, ())
        member_id = one.attack_id if known else f"{read.path}: {one.name}"
        most = max((use.weight for use in one.uses), default=0.0) or 1.0
        uses = [use for use in one.uses if use.way == "direct" or use.way in entry.through]
        rows = [(use.text, use.path, use.way, use.through or "", use.weight / most, use.year) for use in uses]
        rows += self._through_software(entry, one, issues)
        years = [year for *_, year in rows if year is not None]
        if entry.since is not None and max(years, default=0) < entry.since and years:
            words = f"{one.name} was not reported since {entry.since}."
            issues.append(Issue(one.path, "threat-no-uses", "note", words))
            return False
        carried = {}
        for text, path, way, through, strength, year in rows:
            attack_id = self._carried(text, path, issues)
            if attack_id is not None:
                carried[(attack_id, way, through, text)] = (strength, year)
        if not carried:
            return False
        name = self.names[one.kind][member_id] if known else one.name
        member = self._member(member_id, name, one.kind, read.path, entry)
        for (attack_id, way, through, text), (strength, year) in carried.items():
            use = _Use(year, strength, self._decay(year, entry), text, read.path)
            member.add(attack_id, way, through, use)
        return True

    def _carried(self, text: str, path: DocPath, issues: list[Issue]) -> str | None:
        attack_id, code, severity, words = self._technique(text)
        if words:
            issues.append(Issue(path, code, severity, words))
        return attack_id

    def _through_software(
        self, entry: ThreatSetting, one: FileMember, issues: list[Issue]
    ) -> Iterator[tuple[str, DocPath, str, str, float, int | None]]:
        """What software of a file's member can do, where that counts; software that is unknown is listed."""
        for text, path in one.software:
            found = self._ids("software", text)
            if len(found) != 1:
                words = f"fits {', '.join(found)}" if found else "is no software"
                words = f"'{text}' {words} of {self.catalogue.release.title}."
                issues.append(Issue(path, "threat-unknown", "warning", words))
            elif "software" in entry.through:
                for technique, way, _, _ in self.mitre.get(found[0], ()):
                    if way == "direct":
                        yield technique, path, "software", found[0], 1.0, None

    # ---- result ----------------------------------------------------------------------------------------

    def _problem(self, entry: ThreatSetting, key: tuple, code: str, severity: str, words: str) -> None:
        line = entry.lines.get(key) or entry.lines.get(())
        self.problems.append(Problem(self.settings, line, None, None, code, severity, shown(words)))

    def threat(self) -> Threat:
        order = sorted(
            self.members.items(), key=lambda item: (-item[1].weight, item[1].name.casefold(), item[0])
        )
        return Threat(
            self.profile,
            str(self.catalogue.release),
            self.day,
            MEMBERS.frame(_columns(MEMBERS.columns, (self._member_row(*item) for item in order))),
            MEMBER_USES.frame(
                _columns(MEMBER_USES.columns, (row for item in order for row in _use_rows(*item)))
            ),
            problems_frame(dict.fromkeys(self.problems)),
        )

    def _member_row(self, member_id: str, member: _Member) -> tuple:
        years: dict[str, int] = {}
        for (attack_id, _, _), use in member.uses.items():
            if use.strength > 0:
                years[attack_id] = max(years.get(attack_id, 0), use.year or 0)
        victims = self._victims(member_id)
        return (
            member_id,
            member.name,
            member.kind,
            member.source,
            member.weight,
            len(years),
            sum(not year for year in years.values()),
            max(years.values(), default=0) or None,
            victims.sectors,
            victims.countries,
            attack_url(member_id),
        )


def _picks_groups(entry: ThreatSetting) -> bool:
    """Whether an entry picks groups by what is known of them, not only by name."""
    if entry.sectors or entry.countries:
        return True
    named = (entry.groups, entry.software, entry.campaigns, entry.techniques, entry.files)
    return entry.since is not None and not any(named)


def _names_others(entry: ThreatSetting) -> bool:
    """Whether an entry has anybody beside a list of one's own."""
    named = (entry.groups, entry.software, entry.campaigns, entry.files)
    return any(named) or _picks_groups(entry)


def _use_rows(member_id: str, member: _Member) -> Iterator[tuple]:
    for (attack_id, way, through), use in sorted(member.uses.items()):
        counts = use.strength * use.decay
        yield (
            member_id,
            attack_id,
            way,
            through,
            use.year,
            use.strength,
            use.decay,
            counts,
            use.written,
            use.source,
        )


def _columns(names: Mapping[str, object], rows: Iterable[Sequence]) -> dict[str, Sequence]:
    listed = list(rows)
    return (
        dict(zip(names, zip(*listed, strict=True), strict=True)) if listed else {name: [] for name in names}
    )
