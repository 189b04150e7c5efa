"""The installed ATT&CK releases: those that come with the project, and those the user imported.

A name always means the same facts: an imported file that is another one than the project's release of
that name has an id of its own, `enterprise-19.0@0123456789ab`, and the default release is one of the
project's. So no number changes by itself because something was imported. Knows no STIX field.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock

from coverage.catalogue.bundle import file_bytes, published_as, sha256_of
from coverage.catalogue.model import Catalogue, CatalogueError, Release
from coverage.catalogue.store import RELEASE_FILE, open_catalogue, read_stored, write_catalogue
from coverage.outside.atomic import sweep
from coverage.outside.folders import cache_root
from coverage.vocabulary import DOMAINS

EMBEDDED = Path(__file__).resolve().parents[2] / "data" / "attack"

HOW_TO_GET_MORE = "get more with 'python -m coverage.cli attack fetch' or '... attack import FILE'"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InstalledRelease:
    """One stored release: which, where, from which bundle, and whether it came with the project."""

    release: Release
    folder: Path
    sha256: str
    source: str
    embedded: bool

    def open(self) -> Catalogue:
        """Its catalogue. Raises CatalogueError when its files are damaged."""
        return replace(open_catalogue(self.folder, verify=not self.embedded), release=self.release)


def cache_folder() -> Path:
    """The folder of imported releases: the user's cache, or `$COVERAGE_CACHE`, and `attack` in it."""
    return cache_root() / "attack"


def installed_releases() -> list[InstalledRelease]:
    """Every release that can be opened, one entry each: domains in ATT&CK's order, newest version first.

    Folders that cannot be read are left out, with a warning in the log;
    `unreadable_folders` lists them.
    """
    best: dict[Release, InstalledRelease] = {}
    for found in _copies():
        best.setdefault(found.release, found)
    return _newest_first(best.values())


def unreadable_folders() -> list[tuple[Path, str]]:
    """(folder, why) for each folder that holds no release this program can read, or a damaged one."""
    folders = [*_folders(cache_folder()), *_folders(EMBEDDED)]
    return [(folder, why) for folder in folders if (why := _damage(folder)) is not None]


def _damage(folder: Path) -> str | None:
    """Why a stored release cannot be used, every file of it checked; None for a sound one."""
    return _damage_as_of(folder, _state(folder))


@lru_cache(maxsize=256)
def _damage_as_of(folder: Path, state: tuple) -> str | None:
    try:
        open_catalogue(folder, verify=True)
    except CatalogueError as error:
        log.warning("Skipped a stored ATT&CK release: %s", error)
        return str(error)
    return None


def _state(folder: Path) -> tuple:
    """What changes with the files of a folder: their names, sizes and times."""
    try:
        files = sorted((path.name, path.stat()) for path in folder.iterdir())
    except OSError as error:
        return (str(error),)
    return tuple((name, status.st_size, status.st_mtime_ns) for name, status in files)


def _newest_first(releases: Iterable[InstalledRelease]) -> list[InstalledRelease]:
    domains = list(DOMAINS)
    by_copy = sorted(releases, key=lambda found: found.release.copy)
    by_version = sorted(by_copy, key=lambda found: found.release.version_key, reverse=True)
    return sorted(by_version, key=lambda found: domains.index(found.release.domain))


def _copies() -> Iterator[InstalledRelease]:
    """Every sound copy of every release, in the order they are preferred: the last import first."""
    sweep(cache_folder())
    yield from _imports()
    for folder in _folders(EMBEDDED):
        try:
            yield _installed(folder)
        except CatalogueError as error:
            log.warning("Skipped a stored ATT&CK release: %s", error)


def _imports() -> Iterator[InstalledRelease]:
    """Every sound release in the cache, the last import first."""
    for folder in sorted(_folders(cache_folder()), key=_written_at, reverse=True):
        if _damage(folder) is None:
            found = _installed(folder)
            yield replace(found, release=_own_id(found.release, found.sha256))


def _own_id(release: Release, sha256: str) -> Release:
    """The id of an imported bundle: a copy's where the project has another file of that release."""
    folder = EMBEDDED / str(release)
    if not folder.is_dir():
        return release
    try:
        same = read_stored(folder).sha256 == sha256
    except CatalogueError:
        same = False
    return release if same else release.copied(sha256)


def _installed(folder: Path) -> InstalledRelease:
    stored = read_stored(folder)
    return InstalledRelease(stored.release, folder, stored.sha256, stored.source, folder.parent == EMBEDDED)


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
        _installed(folder).release for folder in _folders(EMBEDDED) if folder.name.startswith("enterprise")
    ]
    if not embedded:
        raise CatalogueError(
            f"{EMBEDDED}: no Enterprise release there; rebuild it as data/attack/README.md says"
        )
    return max(embedded)


def open_release(release: Release | str) -> Catalogue:
    """The catalogue of an installed release (`enterprise-19.0`). A damaged copy in the cache is skipped.

    Raises
    ------
    CatalogueError
        When the text names no release, or the release is damaged or not installed: with what is, and how
        to get more.
    """
    wanted = _parsed(release)
    for found in _copies():
        if found.release == wanted:
            return found.open()
    installed = ", ".join(str(found.release) for found in installed_releases()) or "none"
    plain = str(replace(wanted, copy=""))
    for folder in _folders(cache_folder()):
        if folder.name.startswith(f"{plain}-") and (why := _damage(folder)) is not None:
            raise CatalogueError(
                f"ATT&CK {wanted.title} is in your cache, but cannot be used: {why}. Installed: {installed}; "
                f"{HOW_TO_GET_MORE}."
            )
    raise CatalogueError(
        f"ATT&CK {wanted.title} is not installed. Installed: {installed}; {HOW_TO_GET_MORE}."
    )


def _parsed(release: Release | str) -> Release:
    if isinstance(release, Release):
        return release
    try:
        return Release.parse(release)
    except ValueError as error:
        raise CatalogueError(str(error)) from None


def import_bundle(
    path: Path | str, version: str | None = None, source: str | None = None, domain: str | None = None
) -> Catalogue:
    """The catalogue of a STIX bundle file, read once and kept in the cache by the hash of its content.

    Parameters
    ----------
    path : Path or str
        `.json` or `.json.gz`, STIX 2.0 or 2.1.
    version : str, optional
        ATT&CK version, for bundles that do not name theirs.
    source : str, optional
        Where it came from, for people; the file's name when not given.
    domain : str, optional
        ATT&CK domain, for bundles that do not name theirs.

    Raises
    ------
    CatalogueError
        When the file is not a whole ATT&CK release, or the cache cannot be written.
    """
    path = Path(path)
    return import_bytes(file_bytes(path), path.name, version, source, domain)


def import_bytes(
    content: bytes,
    name: str,
    version: str | None = None,
    source: str | None = None,
    domain: str | None = None,
) -> Catalogue:
    """As `import_bundle`, for the (unpacked) JSON bytes themselves. `name` is for messages."""
    with _IMPORTING:
        return _import(content, name, version, source, domain)


# One import at a time in a process: a reader would find a folder that another one is just replacing.
_IMPORTING = Lock()


def _import(
    content: bytes, name: str, version: str | None, source: str | None, domain: str | None
) -> Catalogue:
    sha256 = sha256_of(content)
    known = imported(sha256, version, domain)
    if known is not None:
        return known
    from coverage.catalogue.stix import catalogue_of  # brings what only reading needs

    catalogue = catalogue_of(content, name, version, source, domain)
    release = catalogue.release
    try:
        write_catalogue(catalogue, cache_folder() / f"{release}-{sha256[:12]}")
    except CatalogueError:
        if imported(sha256, release.version) is None:  # else another process imported it meanwhile
            raise
    kept = imported(sha256, release.version)
    return kept or replace(catalogue, release=_own_id(release, sha256))


def imported(sha256: str, version: str | None = None, domain: str | None = None) -> Catalogue | None:
    """The catalogue in the cache that was read from the bundle with this hash, or None.

    `version` and `domain` say as what; without a version it is as MITRE published the bundle.
    """
    found = [kept for kept in _imports() if kept.sha256 == sha256 and domain in (None, kept.release.domain)]
    if not found:
        return None
    if version is None:
        version = next((release.version for release in published_as(sha256).releases), None)
    elif release := Release.of(found[0].release.domain, version):
        version = release.version
    kept = next((kept for kept in found if version in (None, kept.release.version)), None)
    return kept.open() if kept else None
