"""The ATT&CK releases at hand: those that come with the project, and those the user imported.

A release the user imported stands before the embedded one of the same name, but the default release is
an embedded one: no number changes by itself because something was downloaded. Knows no STIX field.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coverage.atomic import sweep
from coverage.catalogue.bundle import file_bytes, sha256_of
from coverage.catalogue.model import Catalogue, CatalogueError, Release
from coverage.catalogue.store import RELEASE_FILE, open_catalogue, read_stored, write_catalogue
from coverage.folders import cache_root
from coverage.vocabulary import DOMAINS

EMBEDDED = Path(__file__).resolve().parents[2] / "data" / "attack"

HOW_TO_GET_MORE = "get more with 'python -m coverage.cli attack fetch' or '... attack import FILE'"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReleaseAtHand:
    """One stored release: which, where, from which bundle, and whether it came with the project."""

    release: Release
    folder: Path
    sha256: str
    source: str
    embedded: bool

    def open(self) -> Catalogue:
        """Its catalogue. Raises CatalogueError when its files are damaged."""
        return open_catalogue(self.folder, verify=not self.embedded)


def cache_folder() -> Path:
    """The folder of imported releases: the user's cache, or `$COVERAGE_CACHE`, and `attack` in it."""
    return cache_root() / "attack"


def releases_at_hand() -> list[ReleaseAtHand]:
    """Every release that can be opened, one entry each: domains in ATT&CK's order, newest version first.

    Folders that cannot be read are left out, with a warning in the log;
    `unreadable_folders` lists them.
    """
    best: dict[Release, ReleaseAtHand] = {}
    for found in _copies():
        best.setdefault(found.release, found)
    return _newest_first(best.values())


def unreadable_folders() -> list[tuple[Path, str]]:
    """(folder, why) for each folder that holds no release this program can read."""
    found = []
    for folder in [*_folders(cache_folder()), *_folders(EMBEDDED)]:
        try:
            read_stored(folder)
        except CatalogueError as error:
            found.append((folder, str(error)))
    return found


def _newest_first(releases: Iterable[ReleaseAtHand]) -> list[ReleaseAtHand]:
    domains = list(DOMAINS)
    by_version = sorted(releases, key=lambda found: found.release.version_key, reverse=True)
    return sorted(by_version, key=lambda found: domains.index(found.release.domain))


def _copies() -> Iterator[ReleaseAtHand]:
    """Every copy of every release, in the order they are preferred: the last import first."""
    sweep(cache_folder())
    imports = sorted(_folders(cache_folder()), key=_written_at, reverse=True)
    for folder in [*imports, *_folders(EMBEDDED)]:
        try:
            yield _at_hand(folder)
        except CatalogueError as error:
            log.warning("Left out a stored ATT&CK release: %s", error)


def _at_hand(folder: Path) -> ReleaseAtHand:
    stored = read_stored(folder)
    return ReleaseAtHand(stored.release, folder, stored.sha256, stored.source, folder.parent == EMBEDDED)


def _folders(root: Path) -> list[Path]:
    """The folders in `root`, by name; hidden ones are being written."""
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _written_at(folder: Path) -> tuple[int, str]:
    try:
        return (folder / RELEASE_FILE).stat().st_mtime_ns, folder.name
    except OSError:
        return 0, folder.name


def default_release() -> Release:
    """The newest Enterprise release that comes with the project.

    Raises
    ------
    CatalogueError
        When one of those cannot be read: an older one in its place would change the numbers.
    """
    embedded = [
        _at_hand(folder).release for folder in _folders(EMBEDDED) if folder.name.startswith("enterprise")
    ]
    if not embedded:
        raise CatalogueError(
            f"{EMBEDDED}: no Enterprise release there; rebuild it as data/attack/README.md says"
        )
    return max(embedded)


def open_release(release: Release | str) -> Catalogue:
    """The catalogue of a release at hand (`enterprise-19.0`). A damaged copy in the cache is passed over.

    Raises
    ------
    CatalogueError
        When the text names no release, or the release is not at hand: with what is, and how to get more.
    """
    wanted = _parsed(release)
    for found in _copies():
        if found.release == wanted:
            try:
                return found.open()
            except CatalogueError as error:
                log.warning("Passed over a stored ATT&CK release: %s", error)
    at_hand = ", ".join(str(found.release) for found in releases_at_hand()) or "none"
    raise CatalogueError(f"ATT&CK {wanted.title} is not at hand. At hand: {at_hand}; {HOW_TO_GET_MORE}.")


def _parsed(release: Release | str) -> Release:
    if isinstance(release, Release):
        return release
    try:
        return Release.parse(release)
    except ValueError as error:
        raise CatalogueError(str(error)) from None


def import_bundle(path: Path | str, version: str | None = None, source: str | None = None) -> Catalogue:
    """The catalogue of a STIX bundle file, read once and kept in the cache by the hash of its content.

    Parameters
    ----------
    path : Path or str
        `.json` or `.json.gz`, STIX 2.0 or 2.1.
    version : str, optional
        ATT&CK version, for bundles that do not name theirs.
    source : str, optional
        Where it came from, for people; the file's name when not given.

    Raises
    ------
    CatalogueError
        When the file is no whole ATT&CK release, or the cache cannot be written.
    """
    path = Path(path)
    return import_bytes(file_bytes(path), path.name, version, source)


def import_bytes(
    content: bytes, name: str, version: str | None = None, source: str | None = None
) -> Catalogue:
    """As `import_bundle`, for the (unpacked) JSON bytes themselves. `name` stands in messages."""
    sha256 = sha256_of(content)
    known = imported(sha256, version)
    if known is not None:
        return known
    from coverage.catalogue.stix import catalogue_of  # brings what only reading needs

    catalogue = catalogue_of(content, name, version, source)
    try:
        write_catalogue(catalogue, cache_folder() / f"{catalogue.release}-{sha256[:12]}")
    except CatalogueError:
        if imported(sha256) is None:  # else another process imported it meanwhile
            raise
    return imported(sha256, version) or catalogue


def imported(sha256: str, version: str | None = None) -> Catalogue | None:
    """The catalogue in the cache that was read from the bundle with this hash (as that version), or None."""
    for folder in _folders(cache_folder()):
        if folder.name.endswith(sha256[:12]):
            try:
                catalogue = open_catalogue(folder, verify=True)
            except CatalogueError as error:
                log.warning("Reading the bundle again: %s", error)
                continue
            if catalogue.sha256 == sha256 and version in (None, catalogue.release.version):
                return catalogue
    return None
