"""The one list of corpora a user can choose by name, and those that are on when nothing is said.

Names come from `coverage.toml`, from what was fetched and from what was uploaded; anything else is a
path. The command line and the dashboard both ask here, so that they cannot disagree.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coverage.corpora.public import fetched_corpora
from coverage.corpora.uploads import uploads_at_hand
from coverage.settings import Settings
from coverage.tables import PROJECT

RULES_VARIABLE = "COVERAGE_RULES"


@dataclass(frozen=True)
class OfferedCorpus:
    """A corpus that can be chosen by its name."""

    name: str
    path: Path
    origin: str  # "coverage.toml", "fetched" or "uploaded"
    colour: str | None = None
    enabled: bool = False  # on by default
    commit: str | None = None

    @property
    def text(self) -> str:
        """How it is written where paths are: `name=path`."""
        return f"{self.name}={self.path}"


def offered_corpora(settings: Settings) -> list[OfferedCorpus]:
    """Every corpus that has a name: the settings' first, then the fetched and the uploaded ones."""
    folder = settings.file.resolve().parent if settings.file else Path()
    return [
        *(OfferedCorpus(c.name, folder / Path(c.path).expanduser(), "coverage.toml", c.colour, c.enabled) for c in settings.corpora),
        *(OfferedCorpus(c.name, c.path, "fetched", commit=c.commit) for c in fetched_corpora()),
        *(OfferedCorpus(u.name, u.path, "uploaded") for u in uploads_at_hand()),
    ]


def default_texts(settings: Settings, environment: str | None = None) -> list[str]:
    """What is read when nothing is named: `$COVERAGE_RULES`, else the settings' corpora that are on, else `rules/`."""
    environment = os.environ.get(RULES_VARIABLE, "") if environment is None else environment
    named = [part for part in environment.split(os.pathsep) if part]
    enabled = [corpus.text for corpus in offered_corpora(settings) if corpus.enabled] if settings.corpora else []
    return named or enabled or [str(PROJECT / "rules")]


def resolved(texts: Iterable[str], settings: Settings) -> list[str]:
    """The texts, each that is no path but the name of a corpus turned into `name=path`.

    A path that exists always stays a path. Where several corpora have a name, the first offered is meant.
    """
    texts = list(texts)
    if all(os.path.lexists(text) for text in texts):
        return texts
    by_name = {corpus.name: corpus.text for corpus in reversed(offered_corpora(settings))}
    return [text if os.path.lexists(text) else by_name.get(text, text) for text in texts]
