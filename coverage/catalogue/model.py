"""A catalogue: one ATT&CK release of one domain, as a value with a version and named frames.

Frames are loaded when first asked for, since a page or a command needs few of them. They are
shared: nobody changes one in place. Knows nothing of STIX, files or where a release came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.kept import kept_property
from coverage.vocabulary import DOMAINS

COPY_DIGITS = 12  # of a bundle's SHA-256, where it tells two files of one release apart


class CatalogueError(Exception):
    """What kept a release from being read, stored, found or fetched: one sentence, for people."""


@dataclass(frozen=True, order=True)
class Release:
    """One ATT&CK release: domain and version. Orders by domain, then version number.

    `str(release)` is its id, such as `enterprise-19.0`. `copy` is set for an imported bundle that is
    another file than the project's release of that name, `enterprise-19.0@0123456789ab`: the start of
    its SHA-256, so that each id always means the same facts.
    """

    domain: str
    version_key: tuple[int, ...]
    copy: str = ""

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS or not self.version_key:
            raise ValueError(f"not an ATT&CK release: {self.domain!r} {self.version_key!r}")

    @classmethod
    def parse(cls, text: str) -> Release:
        """The release that `enterprise-19.0` (or `enterprise-attack-19.0`) names.

        Raises
        ------
        ValueError
            When the text is not a release id; the message says what one looks like.
        """
        name, at, copy = text.strip().lower().partition("@")
        domain, _, version = name.replace("-attack-", "-").rpartition("-")
        parts = version.lstrip("v").split(".")
        if (
            domain not in DOMAINS
            or not all(part.isascii() and part.isdecimal() for part in parts)
            or (at and not re.fullmatch(rf"[0-9a-f]{{{COPY_DIGITS}}}", copy))
        ):
            raise ValueError(
                f"'{text}' is not an ATT&CK release; write a domain and a version, such as enterprise-19.0"
            )
        numbers = tuple(int(part) for part in parts)
        return cls(domain, numbers if len(numbers) > 1 else (*numbers, 0), copy)

    @classmethod
    def of(cls, domain: str, version: str) -> Release | None:
        """The release of that domain and version, or None where there is none such (`11.0-beta`)."""
        try:
            return cls.parse(f"{domain}-{version}")
        except ValueError:
            return None

    def copied(self, sha256: str) -> Release:
        """The same release as another file than the project's, distinguished by the bundle's hash."""
        return Release(self.domain, self.version_key, sha256[:COPY_DIGITS])

    def same_version(self, other: Release) -> bool:
        """Whether the other is this release or another file of it."""
        return (self.domain, self.version_key) == (other.domain, other.version_key)

    @property
    def version(self) -> str:
        return ".".join(str(number) for number in self.version_key)

    @property
    def title(self) -> str:
        """For people: `Enterprise 19.0`."""
        title = f"{DOMAINS[self.domain].title} {self.version}"
        return f"{title} (copy {self.copy})" if self.copy else title

    def __str__(self) -> str:
        return f"{self.domain}-{self.version}" + (f"@{self.copy}" if self.copy else "")


@dataclass(frozen=True)
class Catalogue:
    """One ATT&CK release. Each frame of `frames.CATALOGUE_FRAMES` is an attribute.

    Parameters
    ----------
    release : Release
    sha256 : str
        SHA-256 of the STIX bundle (uncompressed JSON) it was read from.
    source : str
        Where the bundle came from, for people.
    load : callable
        Frame name -> frame. Called once a frame.
    """

    release: Release
    sha256: str
    source: str
    load: Callable[[str], pd.DataFrame] = field(repr=False, compare=False)
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of_frames(
        cls, release: Release, sha256: str, source: str, frames: Mapping[str, pd.DataFrame]
    ) -> Catalogue:
        """A catalogue whose frames are all in memory."""
        return cls(release, sha256, source, frames.__getitem__, dict(frames))

    def frame(self, name: str) -> pd.DataFrame:
        """The frame of that name (a key of `frames.CATALOGUE_FRAMES`). Treat it as read-only."""
        if name not in CATALOGUE_FRAMES:
            raise KeyError(f"unknown catalogue frame: {name!r}")
        if name not in self._frames:
            self._frames[name] = self.load(name)
        return self._frames[name]

    @kept_property
    def detections(self) -> pd.DataFrame:
        """One row per (technique, analytic for it): `strategy_id`, `attack_id`, `analytic_id` and the
        `platforms` of the analytic.
        """
        return self.strategies[["strategy_id", "attack_id"]].merge(
            self.analytics[["strategy_id", "analytic_id", "platforms"]], on="strategy_id"
        )

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in CATALOGUE_FRAMES:
            return self.frame(name)
        raise AttributeError(name)


def unplaced_techniques(catalogue: Catalogue) -> list[str]:
    """The IDs of current techniques that are in no tactic, so that no cell of the matrix shows them."""
    techniques = catalogue.techniques
    placed = set(catalogue.placements["attack_id"].tolist())
    return [
        attack_id
        for attack_id in techniques.loc[techniques["status"] == "live", "attack_id"].tolist()
        if attack_id not in placed
    ]
