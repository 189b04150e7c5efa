"""The one list of corpora a user can choose by name, and those that are on by default.

Names come from `coverage.toml`, from what was fetched and from what was uploaded; anything else is a
path. The command line and the dashboard both ask here, so that they cannot disagree.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coverage.corpora.public import fetched_corpora
from coverage.corpora.uploads import kept_uploads
from coverage.project.settings import Settings
from coverage.tables import PROJECT

RULES_VARIABLE = "COVERAGE_RULES"
EXAMPLES = PROJECT / "rules"


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
        *(
            OfferedCorpus(c.name, folder / Path(c.path).expanduser(), "coverage.toml", c.colour, c.enabled)
            for c in settings.corpora
        ),
        *(OfferedCorpus(c.name, c.path, "fetched", commit=c.commit) for c in fetched_corpora()),
        *(OfferedCorpus(u.name, u.path, "uploaded") for u in kept_uploads()),
    ]


def default_texts(settings: Settings, environment: str | None = None, examples: bool = True) -> list[str]:
    """What is read when nothing is named, the first of these that there is: `$COVERAGE_RULES`, the settings'
    corpora that are on, `rules` beside the settings, `rules` in the current folder, and the example rules of
    the project.

    Without `examples` these are read inside the project alone, and elsewhere nothing: what is to be true of
    somebody's own rules must not be mixed with others.
    """
    environment = os.environ.get(RULES_VARIABLE, "") if environment is None else environment
    named = [part for part in environment.split(os.pathsep) if part]
    enabled = (
        [corpus.text for corpus in offered_corpora(settings) if corpus.enabled] if settings.corpora else []
    )
    if found := named or enabled or _rules_nearby(settings):
        return found
    return [str(EXAMPLES)] if examples or _in_project() else []


def _rules_nearby(settings: Settings) -> list[str]:
    """The folder `rules` beside the settings, else in the current folder, unless that is the project's."""
    folders = [settings.file.resolve().parent] if settings.file else []
    folders += [] if _in_project() else [Path()]
    return [str(folder / "rules") for folder in folders if os.path.isdir(folder / "rules")][:1]  # noqa: PTH112 - never raises


def _in_project() -> bool:
    """Whether the current folder is in the project, and in no other git work tree below it."""
    here = Path.cwd().resolve()
    if not here.is_relative_to(PROJECT):
        return False
    return not any(
        (folder / ".git").exists()
        for folder in (here, *here.parents)
        if folder != PROJECT and folder.is_relative_to(PROJECT)
    )


def resolved(texts: Iterable[str], settings: Settings) -> list[str]:
    """The texts, each that is not a path but a corpus's name turned into `name=path`.

    A path that exists always stays a path. Where several corpora have a name, the first offered is meant.
    """
    texts = list(texts)
    if all(os.path.lexists(text) for text in texts):
        return texts
    by_name = {corpus.name: corpus.text for corpus in reversed(offered_corpora(settings))}
    return [text if os.path.lexists(text) else by_name.get(text, text) for text in texts]
