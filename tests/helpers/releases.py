"""Every Enterprise release in ../shared: two come with the project, two are imported into a cache of
their own.
"""

from __future__ import annotations

import fcntl
import gzip
import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coverage.catalogue import Catalogue, shelf
from coverage.loaders import Loaded
from coverage.outside.folders import CACHE_VARIABLE
from coverage.reading import Reading, read_in
from coverage.scope import View

RELEASES = ("enterprise-16.1", "enterprise-17.1", "enterprise-18.1", "enterprise-19.0")
PAIRS = [(old, new) for old in RELEASES for new in RELEASES if old != new]


class EveryRelease:
    """The releases of a cache folder and those of the project."""

    def __init__(self, cache: Path, bundle: Callable[[str], Path]) -> None:
        self.cache, self._bundle = cache, bundle
        self._catalogues: dict[str, Catalogue] = {}
        self._readings: dict[tuple[int, str], Reading] = {}
        self._views: dict[tuple[Hashable, ...], View] = {}
        self._raw: dict[str, RawRelease] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(CACHE_VARIABLE, str(self.cache))
            yield

    def catalogue(self, release: str) -> Catalogue:
        if release not in self._catalogues:
            with self.installed():
                self._catalogues[release] = shelf.open_release(release)
        return self._catalogues[release]

    def reading(self, rules: Loaded, release: str) -> Reading:
        """`rules` read in a release with all the others installed."""
        key = (id(rules), release)
        if key not in self._readings:
            with self.installed():
                self._readings[key] = read_in(rules, release)
        return self._readings[key]

    def view(self, rules: Loaded, release: str, **scope: Hashable) -> View:
        """That reading in a scope. A release is in six pairs: all of them have the same view."""
        key = (id(rules), release, *sorted(scope.items()))
        if key not in self._views:
            self._views[key] = self.reading(rules, release).view(**scope)
        return self._views[key]

    def raw(self, release: str) -> RawRelease:
        if release not in self._raw:
            self._raw[release] = RawRelease(self._bundle(release))
        return self._raw[release]


class RawRelease:
    """MITRE's bundle read plainly, with no code of the project: live IDs and what each says."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path) as file:
            objects = {o["id"]: o for o in json.load(file)["objects"]}
        patterns = {i: o for i, o in objects.items() if o["type"] == "attack-pattern"}
        self.status: dict[str, str] = {}
        self.live: dict[str, dict] = {}
        for o in patterns.values():
            attack_id = external(o)
            if is_live(o):
                self.live[attack_id] = o
            if self.status.get(attack_id) != "live":
                self.status[attack_id] = (
                    "live" if is_live(o) else "revoked" if o.get("revoked") else "deprecated"
                )
        self.tactics = {
            external(o): o["name"] for o in objects.values() if o["type"] == "x-mitre-tactic" and is_live(o)
        }
        short = {
            o["x_mitre_shortname"]: external(o)
            for o in objects.values()
            if o["type"] == "x-mitre-tactic" and is_live(o)
        }
        self.tactics_of = {
            i: {
                short[p["phase_name"]]
                for p in o["kill_chain_phases"]
                if p["kill_chain_name"] == "mitre-attack"
            }
            for i, o in self.live.items()
        }
        self.platforms = {i: set(o.get("x_mitre_platforms", ())) for i, o in self.live.items()}
        self.parents = {
            external(objects[r["source_ref"]]): external(objects[r["target_ref"]])
            for r in objects.values()
            if r["type"] == "relationship" and r["relationship_type"] == "subtechnique-of" and is_live(r)
        }
        self.revoked_by: dict[str, set[str]] = {}
        for r in objects.values():
            if (
                r["type"] == "relationship"
                and r["relationship_type"] == "revoked-by"
                and is_live(r)
                and r["source_ref"] in patterns
            ):
                self.revoked_by.setdefault(external(objects[r["source_ref"]]), set()).add(
                    external(objects[r["target_ref"]])
                )

    def live_ends(self, attack_id: str) -> set[str]:
        """Where the revocations that start at an ID end."""
        if attack_id in self.live:
            return {attack_id}
        return set().union(*(self.live_ends(new) for new in self.revoked_by.get(attack_id, ())))


def external(o: dict) -> str:
    return next(r["external_id"] for r in o["external_references"] if r["source_name"] == "mitre-attack")


def is_live(o: dict) -> bool:
    return not o.get("revoked") and not o.get("x_mitre_deprecated")


def every_release_in(cache: Path, shared: Callable[..., Path]) -> EveryRelease:
    """All four, imported into that cache folder."""

    def bundle(release: str) -> Path:
        return shared("attack", f"{release.replace('-', '-attack-')}.json.gz")

    cache.mkdir(exist_ok=True)
    found = EveryRelease(cache, bundle)
    with (cache / "importing").open("w") as lock, found.installed():
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be importing them
        for release in RELEASES[:2]:
            if release not in {str(one.release) for one in shelf.installed_releases()}:
                shelf.import_bundle(bundle(release))
    return found
