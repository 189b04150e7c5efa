"""The release that mappings move to: how an ID is read there, where it belongs, and what a tactic became.

Reads catalogues and knows no rule, file or text. Built on `mapping.Reader`, so that a migration and every
number read a mapping alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from coverage.catalogue import shelf
from coverage.catalogue.model import Catalogue, CatalogueError, Release
from coverage.frames import rows_of
from coverage.mapping.reader import LeafReading, Reader, word
from coverage.migrate.model import Asked
from coverage.reading import other_releases
from coverage.vocabulary import attack_url, parent_of

# How a reading that gives no ID is asked about; an ID of another domain is not wrong and is left as it is.
_UNREAD = {"ambiguous": "several", "newer": "newer", "deprecated": "deprecated", "unknown": "unknown"}
OTHER_DOMAIN = "other_domain"


@dataclass(frozen=True, slots=True)
class TacticName:
    """A live tactic of a release."""

    id: str
    name: str
    shortname: str


class _Era:
    """One release as the source of mappings: which (tactic, technique) pairs were valid in it."""

    def __init__(self, catalogue: Catalogue, others: Iterable[Catalogue]) -> None:
        self.release = catalogue.release
        self._catalogue = catalogue
        self.reader = Reader(catalogue, [other for other in others if other.release != catalogue.release])

    @cached_property
    def tactics(self) -> dict[str, TacticName]:
        frame = self._catalogue.tactics
        live = frame[frame["status"] == "live"]
        return {row[0]: TacticName(*row) for row in rows_of(live, "tactic_id", "name", "shortname")}

    @property
    def names(self) -> dict[str, str]:
        """Technique or sub-technique -> name."""
        return self.reader.chosen.names

    @property
    def homes(self) -> dict[str, list[str]]:
        """Technique or sub-technique -> its tactics, in matrix order."""
        return self.reader.chosen.homes

    def had(self, tactic_id: str, attack_id: str) -> bool:
        """Whether the technique, as this release reads it, was in the tactic; of a newer one, what it was
        made of.
        """
        reading = self.reader.leaf(attack_id)
        read = reading.candidates if reading.attack_id is None else (reading.attack_id,)
        return any(tactic_id in self.homes.get(one, ()) for one in read)


class Target:
    """How mappings are read and placed in one release.

    Parameters
    ----------
    catalogue : Catalogue
        The release to move to.
    others : iterable of Catalogue
        Every other installed release.
    source : Release, optional
        The release the mappings were written for; without it, every other release of the domain may
        be where a mapping comes from.
    """

    def __init__(
        self, catalogue: Catalogue, others: Iterable[Catalogue], source: Release | None = None
    ) -> None:
        others = list(others)
        self.release, self.source = catalogue.release, source
        everything = [catalogue, *others]
        self._here = _Era(catalogue, everything)
        siblings = sorted(
            (o for o in others if o.release.domain == self.release.domain), key=lambda o: o.release
        )
        self._siblings = [_Era(other, everything) for other in siblings]
        self._sources = [era for era in self._siblings if source is None or era.release == source]
        self._halves: dict[str, tuple[str, ...]] = {}

    # ---- IDs ------------------------------------------------------------------------------------

    def leaf(self, attack_id: str) -> LeafReading:
        """How a written technique ID is read in the target release."""
        return self._here.reader.leaf(attack_id)

    def unread(self, attack_id: str, tactic: str | None) -> Asked | None:
        """The question about an ID that is read as none; None for one of another domain."""
        reading = self.leaf(attack_id)
        code = _UNREAD.get(reading.status)
        return code and Asked(code, attack_id, tactic, reading.candidates, f"{reading.reason}")

    def name(self, attack_id: str) -> str:
        """The name of a live technique, sub-technique or tactic."""
        tactic = self._here.tactics.get(attack_id)
        return tactic.name if tactic else self._here.names[attack_id]

    def is_live(self, attack_id: str) -> bool:
        """Whether the text is a live technique, sub-technique or tactic ID of the target release."""
        return attack_id in self._here.tactics or self.leaf(attack_id).status == "same"

    def homes(self, attack_id: str) -> tuple[str, ...]:
        """The tactics a live technique is in, in matrix order."""
        return tuple(self._here.homes.get(attack_id, ()))

    def chain(self, attack_id: str) -> tuple[str, ...]:
        """The IDs of a mapping path down to a live ID: technique, and sub-technique where it is one."""
        parent = parent_of(attack_id)
        return (parent, attack_id) if parent else (attack_id,)

    # ---- tactics --------------------------------------------------------------------------------

    @property
    def tactics(self) -> dict[str, TacticName]:
        """The live tactics by ID."""
        return self._here.tactics

    def tactic_named(self, text: str) -> tuple[str | None, bool]:
        """The tactic that a name or short name means, and whether it is a name of the target release."""
        wanted = word(text)
        for era in (self._here, *reversed(self._siblings)):
            for tactic in era.tactics.values():
                if wanted in (word(tactic.name), word(tactic.shortname)):
                    return tactic.id, era is self._here
        return None, False

    def is_tactic(self, tactic_id: str) -> bool:
        """Whether any installed release of this domain has the tactic."""
        return any(tactic_id in era.tactics for era in (self._here, *self._siblings))

    def names_it(self, tactic_id: str, name: str) -> bool:
        """Whether `name` is the tactic's name or short name in the target release, letter case and signs
        aside.
        """
        tactic = self._here.tactics.get(tactic_id)
        return tactic is not None and word(name) in (word(tactic.name), word(tactic.shortname))

    def halves(self, tactic_id: str) -> tuple[str, ...]:
        """What a tactic of another release became here: itself where it is live, and tactics that came out of
        it.

        A tactic that one release has and the other has not came out of the one its techniques are in there.
        """
        if tactic_id not in self._halves:
            found = {tactic_id} & set(self.tactics)
            for era in self._sources:
                found |= {new for old, new in _shed(era, self._here) if old == tactic_id}
                found |= {
                    old
                    for old, new in _shed(self._here, era)
                    if new == tactic_id and tactic_id not in self.tactics
                }
            self._halves[tactic_id] = tuple(tactic for tactic in self.tactics if tactic in found)
        return self._halves[tactic_id]

    def had(self, tactic_id: str, attack_id: str) -> bool:
        """Whether the technique was in the tactic in a release the mapping may come from."""
        return any(era.had(tactic_id, attack_id) for era in self._sources)

    def place(
        self, tactic_id: str, tactic_name: str | None, written: str, attack_id: str
    ) -> tuple[str, ...] | Asked:
        """The tactics in which a mapping to `written`, read as the live `attack_id`, belongs; or why nobody
        can say.

        The tactic named, where the technique is in it; else the technique's only tactic, or the only one
        that the tactic named became. Nothing is moved that was wrong in every installed release.
        """
        homes, halves = self.homes(attack_id), self.halves(tactic_id)
        label = tactic_name or self._label(tactic_id)
        fits = tuple(home for home in homes if home in halves)
        if tactic_id in homes:
            old_name = tactic_name is not None and not self.names_it(tactic_id, tactic_name)
            if old_name and len(fits) > 1:
                return Asked(
                    "split",
                    written,
                    tactic_id,
                    fits,
                    f"{label} was split, and {attack_id} is in more than one part of it",
                )
            return (tactic_id,)
        if not self.is_tactic(tactic_id):
            return Asked(
                "tactic-unknown", written, tactic_id, homes, f"'{label}' is not a tactic of this domain"
            )
        if not self.had(tactic_id, written):
            return Asked(
                "never",
                written,
                tactic_id,
                homes,
                f"{written} was in {label} in no installed release, so the technique or the tactic is wrong",
            )
        if len(homes) == 1:
            return homes
        if len(fits) == 1:
            return fits
        return Asked(
            "moved",
            written,
            tactic_id,
            fits or homes,
            f"{attack_id} is not in {label} in {self.release.title} and is in several others",
        )

    def alone(self, tactic_id: str, tactic_name: str | None) -> tuple[str, ...] | Asked:
        """The same for a mapping that names a tactic and no technique."""
        if not self.is_tactic(tactic_id):
            return Asked(
                "tactic-unknown",
                tactic_id,
                None,
                (),
                f"'{tactic_name or tactic_id}' is not a tactic of this domain",
            )
        halves = self.halves(tactic_id)
        here = tactic_id in self.tactics and (tactic_name is None or self.names_it(tactic_id, tactic_name))
        if here or len(halves) == 1:
            return (tactic_id,) if here else halves
        became = "was split" if halves else f"is not in {self.release.title}"
        return Asked(
            "split",
            tactic_id,
            None,
            halves,
            f"{tactic_name or self._label(tactic_id)} {became}, and no technique says which part is meant",
        )

    def _label(self, tactic_id: str) -> str:
        for era in (self._here, *reversed(self._siblings)):
            if tactic_id in era.tactics:
                return era.tactics[tactic_id].name
        return tactic_id

    # ---- references -----------------------------------------------------------------------------

    def reference(self, attack_id: str, written: str) -> str:
        """The address to write for an ID: the one written where it is this ID's page, else its page, in the
        same style.
        """
        page = attack_url(attack_id) or written
        bare = page.rstrip("/")
        if (
            written.rstrip("/").endswith(bare.removeprefix("https://attack.mitre.org"))
            and "attack.mitre.org/" in written
        ):
            return written
        return page if written.endswith("/") or "attack.mitre.org/" not in written else bare


def _shed(before: _Era, after: _Era) -> Iterator[tuple[str, str]]:
    """Pairs (tactic, new tactic) where a technique left the first one for one that `before` does not have."""
    for attack_id, homes in before.homes.items():
        now = after.homes.get(after.reader.leaf(attack_id).attack_id or "", ())
        new = [tactic for tactic in now if tactic not in before.tactics]
        for tactic in homes:
            if new and tactic not in now and len(set(homes) - set(now)) == 1:
                yield from ((tactic, one) for one in new)


def open_target(release: str, source: str | None = None) -> Target:
    """The target for a release such as "enterprise-19.0", with every installed release to read from.

    Raises
    ------
    CatalogueError
        When a release is not installed, or the source is of another domain.
    """
    catalogue = shelf.open_release(release)
    came_from = shelf.open_release(source).release if source else None
    if came_from is not None and came_from.domain != catalogue.release.domain:
        raise CatalogueError(f"{came_from} and {catalogue.release} are of different domains.")
    return Target(catalogue, other_releases(catalogue), came_from)
