"""Everything that a number depends on beside the scope, as one value: what is kept is kept under it.

Small files are identified by their content, rule files by `loaders.fingerprint`. Knows no page, no command.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from coverage.catalogue import shelf
from coverage.inventory.reading import data_files
from coverage.loaders import CorpusSource, fingerprint
from coverage.project.accepted_gaps import gaps_files
from coverage.project.settings import find_settings
from coverage.tables import DATA
from coverage.threats.profile import threat_files


@dataclass(frozen=True)
class Inputs:
    """Where the rules are, and the state of each thing that is read: two are equal when every number is."""

    sources: tuple[CorpusSource, ...]
    rules: str  # the rule files
    tables: str  # every table in `data/`
    settings: str  # the coverage.toml that counts
    gaps: str  # every gaps.toml that counts
    releases: str  # the ATT&CK releases that can be opened
    threats: str  # every file that a threat profile of coverage.toml reads
    data: str  # every file that an inventory of coverage.toml reads

    @cached_property
    def digest(self) -> str:
        """One text for all of it."""
        return _digest(str(getattr(self, field.name)) for field in fields(self))


def inputs_of(
    sources: Sequence[CorpusSource], rules: str | None = None, start: Path | None = None, data: Path = DATA
) -> Inputs:
    """The inputs as they are now.

    Parameters
    ----------
    sources : sequence of CorpusSource
    rules : str, optional
        Their `loaders.fingerprint`, when it is known already: finding it costs a walk through all files.
    start : Path, optional
        The folder from which coverage.toml is looked for; by default the current one.
    data : Path
        The folder of the tables.
    """
    settings = find_settings(start or Path.cwd())
    return Inputs(
        tuple(sources),
        fingerprint(sources) if rules is None else rules,
        _contents(sorted(data.glob("*.csv"))),
        _contents([settings] if settings else []),
        _contents(gaps_files(settings, sources)),
        _digest(f"{entry.release} {entry.sha256}" for entry in shelf.installed_releases()),
        _contents(threat_files(settings)),
        _contents(data_files(settings)),
    )


def _contents(files: Iterable[Path]) -> str:
    return _digest(part for file in files for part in (str(file), _content(file)))


def _content(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
