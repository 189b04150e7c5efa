"""Rebuilds `data/attack`, the releases that come with the project, from a folder of STIX bundles.

    python -m coverage.catalogue.build ../shared/attack

Facts only: no descriptions. The same bundles give the same files.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from coverage.catalogue.model import Catalogue, CatalogueError, Release
from coverage.catalogue.shelf import EMBEDDED
from coverage.catalogue.stix import read_bundle
from coverage.catalogue.store import write_catalogue

GATHERED = "MITRE's own STIX objects, gathered into one bundle"
REBUILT = "rebuilt from public facts on MITRE's 18.1 objects (data/attack/README.md)"

# The releases that come with the project, and where each is from.
RELEASES = {
    Release.parse("enterprise-19.0"): REBUILT,
    Release.parse("enterprise-18.1"): GATHERED,
    Release.parse("mobile-18.1"): GATHERED,
    Release.parse("ics-18.1"): GATHERED,
}


def facts_only(catalogue: Catalogue) -> Catalogue:
    """The same catalogue without descriptions and procedures."""
    bare = {
        name: _without(catalogue.frame(name), column)
        for name, column in (("techniques", "description"), ("uses", "procedure"))
    }
    return replace(
        catalogue, load=lambda name: bare[name] if name in bare else catalogue.frame(name), _frames={}
    )


def _without(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    return frame.assign(**{column: pd.Series([None] * len(frame), dtype="str", index=frame.index)})


def bundle_path(folder: Path, release: Release) -> Path:
    """The bundle of a release in a folder of bundles. Raises CatalogueError when it is not there."""
    name = f"{release.domain}-attack-{release.version}.json"
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise CatalogueError(f"{folder}: {name}.gz is not there")


def build(bundles: Path, target: Path = EMBEDDED, releases: Mapping[Release, str] = RELEASES) -> list[Path]:
    """The folders written in `target`, one a release, named as the release."""
    folders = []
    for release, source in releases.items():
        catalogue = read_bundle(bundle_path(bundles, release), release.version)
        write_catalogue(replace(facts_only(catalogue), source=source), target / str(release))
        folders.append(target / str(release))
    return folders


def main(arguments: list[str]) -> int:
    """The exit code: 0, or 1 with one sentence on standard error."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m coverage.catalogue.build FOLDER_OF_BUNDLES\n")
        return 2
    try:
        folders = build(Path(arguments[0]))
    except CatalogueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{folder}\n" for folder in folders))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
