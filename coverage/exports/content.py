"""What files are made from: a view, the reading behind it, and what is wrong in it. Knows no file format."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from coverage.kept import kept_property
from coverage.measures import gaps, rules_with_ids, summary
from coverage.measures.accepted import with_accepted
from coverage.measures.problems import problem_list
from coverage.project.accepted_gaps import Accepted
from coverage.project.settings import Settings
from coverage.project.silencing import silenced
from coverage.reading import Reading
from coverage.scope import View, among
from coverage.threats.profile import default_profile
from coverage.threats.threat import Threat, threat_in


@dataclass(frozen=True)
class Content:
    """One state of coverage. Every export of it says the same, since all of them are made from it.

    Parameters
    ----------
    reading : Reading
    view : View
        Of that reading.
    settings : Settings
        Which findings are silenced; by default none.
    accepted : Accepted
        The accepted gaps; by default none.
    threat : Threat, optional
        Against whom: the reports then have a section on it, and the frames and the workbook are about it.
    """

    reading: Reading
    view: View
    settings: Settings = field(default_factory=Settings)
    accepted: Accepted = field(default_factory=Accepted)
    threat: Threat | None = None

    @kept_property
    def against(self) -> Threat:
        """The threat profile of the frames and the workbook: the one that is given, else the default."""
        if self.threat is not None:
            return self.threat
        day = self.view.scope.date
        return threat_in(default_profile(day), self.view.catalogue, self.reading.reader, day)

    @kept_property
    def _corpora(self) -> pd.Series:
        return pd.Series([stamp.name for stamp in self.view.scope.corpora], dtype="str")

    @kept_property
    def problems(self) -> pd.DataFrame:
        """PROBLEMS of the view's corpora: what could not be read, and what could not be placed, with its
        lines.
        """
        found = problem_list(self.reading)
        return found[among(found["corpus"], self._corpora)]

    @kept_property
    def findings(self) -> pd.DataFrame:
        """FINDINGS of the view's corpora, those that coverage.toml silences marked as such; without lines."""
        found = silenced(
            self.reading.findings, self.settings, self.reading.loaded.corpora, self.view.scope.date
        )
        return found[among(found["corpus"], self._corpora)]

    @kept_property
    def written(self) -> pd.DataFrame:
        """WRITTEN of the view's corpora."""
        found = self.reading.loaded.written
        return found[among(found["rule_key"], self.view.all_rules["rule_key"])]

    @property
    def rules(self) -> pd.DataFrame:
        """RULES of every rule read, with the IDs each is read as and the other corpora that have it."""
        return rules_with_ids(self.view)

    @kept_property
    def gaps(self) -> pd.DataFrame:
        """ACCEPTED_GAPS: every open ID in scope, with its entry."""
        return with_accepted(gaps(self.view), self.accepted, self.view)

    @property
    def figures(self) -> dict:
        """What `summary --json` prints."""
        read, found = self.reading.loaded.problems, self.reading.unplaced
        return summary(
            self.view,
            problems=int(among(read["corpus"], self._corpora).sum()),
            unplaced=int(among(found["corpus"], self._corpora).sum()),
        )
