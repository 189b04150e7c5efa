"""From rule folders and a release to a `View`: the one place that composes the parts.

The command line and the dashboard both go through here, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from coverage.catalogue import shelf
from coverage.catalogue.model import Catalogue, Release
from coverage.findings import findings
from coverage.findings.unplaced import unplaced_findings
from coverage.kept import kept_property
from coverage.loaders import Loaded
from coverage.mapping.reader import Reader, mappings_as_read
from coverage.scope import Scope, View
from coverage.tables import depth_weights


@dataclass(frozen=True)
class Reading:
    """Rules that were loaded, and their mappings as read in one release."""

    loaded: Loaded = field(repr=False)
    catalogue: Catalogue
    mappings: pd.DataFrame = field(repr=False)
    reader: Reader = field(repr=False, compare=False)

    @kept_property
    def findings(self) -> pd.DataFrame:
        """FINDINGS of every rule in this release, without lines (`findings.placed` finds them)."""
        return findings(self.loaded.rules, self.loaded.written, self.mappings, self.reader)

    @kept_property
    def unplaced(self) -> pd.DataFrame:
        """FINDINGS of the IDs that could not be placed in this release, without lines: a part of
        `findings`.
        """
        return unplaced_findings(self.loaded.rules, self.loaded.written, self.mappings, self.reader)

    def view(self, *, corpora: Sequence[str] = (), on: date | None = None, **options: Any) -> View:
        """What this reading is worth in one scope; `options` are those of `coverage.scope.OPTIONS`.

        `on` is the stamp's date, today by default. `corpora` names those that count, each of the loaded ones
        when empty; the stamp then names these alone.
        """
        stated = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
        scope = Scope(
            self.catalogue.release, corpora=tuple(self.loaded.corpora), date=on or date.today(), **stated
        )
        view = View(
            self.catalogue, self.loaded.rules, self.mappings, scope, depth_weights(), self.loaded.arrivals
        )
        return view.of_corpora(corpora) if corpora else view


def read_in(loaded: Loaded, release: str | None = None) -> Reading:
    """`loaded` read in a release such as "enterprise-19.0" (default: `shelf.default_release()`).

    Raises
    ------
    CatalogueError
        When the release is not installed.
    """
    catalogue = shelf.open_release(release or str(shelf.default_release()))
    reader = Reader(catalogue, other_releases(catalogue))
    return Reading(loaded, catalogue, mappings_as_read(loaded.written, reader), reader)


def other_releases(catalogue: Catalogue) -> list[Catalogue]:
    """Every other installed release: what explains an ID or a tactic that the chosen one does not know.

    A copy of a release that has another file (`enterprise-19.0@0123456789ab`) explains nothing: it counts
    where it is chosen, and nowhere else.
    """
    mine = catalogue.release
    others = [entry.release for entry in shelf.installed_releases() if not entry.release.copy]
    return [
        shelf.open_release(release) for release in sorted(others, key=str) if not release.same_version(mine)
    ]


def newest_other_release(release: Release) -> Release | None:
    """What a release is compared with by default: the newest older one of its domain, else the next newer."""
    others = _others_of(release)
    older = [other for other in others if other < release]
    return max(older, default=None) or min(others, default=None)


def releases_beside(catalogue: Catalogue) -> list[Release]:
    """The other installed releases of a catalogue's domain, oldest first, without a release's other files."""
    return sorted(_others_of(catalogue.release))


def _others_of(release: Release) -> list[Release]:
    installed = [entry.release for entry in shelf.installed_releases() if not entry.release.copy]
    return [
        other for other in installed if other.domain == release.domain and not other.same_version(release)
    ]


def platforms_of(catalogue: Catalogue) -> list[str]:
    """The platforms that current techniques of a release name, in name order."""
    techniques = catalogue.techniques
    live = techniques.loc[techniques["status"] == "live", "platforms"]
    return sorted({platform for platforms in live for platform in platforms})
