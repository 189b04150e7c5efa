"""MITRE's official releases from the network into the cache: downloaded, checked by hash, imported.

A download stays in memory until its hash is right, so nothing half-written can be left. Knows no STIX
field.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from coverage.catalogue.bundle import sha256_of
from coverage.catalogue.model import Catalogue, CatalogueError, Release
from coverage.catalogue.shelf import import_bytes, imported
from coverage.outside.download import DownloadError, Progress, address, downloaded, shown
from coverage.vocabulary import DOMAINS

MITRE_URL = "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master"

# Another place with the same layout: a mirror, or a test's server.
URL_VARIABLE = "COVERAGE_ATTACK_URL"

MOST_BYTES = 1 << 30  # twenty times the largest release

Hashes = Mapping[str, Mapping[str, str]]  # domain -> version -> SHA-256 of the STIX 2.1 JSON


def known_versions(domain: str = "enterprise", hashes: Hashes | None = None) -> list[str]:
    """The versions of a domain that can be fetched, newest first; betas are left out.

    Raises
    ------
    CatalogueError
        When there is no such domain.
    """
    known = (_mitre_hashes() if hashes is None else hashes).get(domain)
    if not known or domain not in DOMAINS:
        raise CatalogueError(f"'{domain}' is not an ATT&CK domain; choose from {', '.join(DOMAINS)}")
    releases = [release for version in known if (release := Release.of(domain, version)) is not None]
    return [release.version for release in sorted(releases, reverse=True)]


def fetch(
    domain: str = "enterprise",
    version: str | None = None,
    base_url: str | None = None,
    progress: Progress | None = None,
    timeout: float = 30.0,
    hashes: Hashes | None = None,
) -> Catalogue:
    """The catalogue of MITRE's official release, downloaded unless the cache has it already.

    Parameters
    ----------
    domain : str
    version : str, optional
        The newest that mitreattack-python knows the hash of, when not given.
    base_url : str, optional
        Folder of `<domain>-attack/<domain>-attack-<version>.json`; else `$COVERAGE_ATTACK_URL`, else MITRE's.
    progress : callable, optional
        Called with the bytes received and their total, None where the server does not say.
    timeout : float
        Seconds of silence after which the download is given up.
    hashes : mapping, optional
        Expected SHA-256 by domain and version; mitreattack-python's list when not given.

    Raises
    ------
    CatalogueError
        One sentence, for an unknown version, every network failure, a wrong hash and an unwritable cache.
        What was in the cache is then as it was.
    """
    hashes = _mitre_hashes() if hashes is None else hashes
    release, sha256 = _wanted(domain, version, hashes)
    known = imported(sha256, release.version, domain)
    if known is not None:
        return known
    name = f"{domain}-attack-{release.version}.json"
    try:
        url = address(
            base_url or os.environ.get(URL_VARIABLE) or MITRE_URL, f"{domain}-attack/{name}", "ATT&CK"
        )
        content = downloaded(url, MOST_BYTES, "any ATT&CK release", progress, timeout)
    except DownloadError as error:
        raise CatalogueError(str(error)) from error
    if sha256_of(content) != sha256:
        raise CatalogueError(f"{shown(url)}: the file is not MITRE's {release.title}: its SHA-256 differs")
    return import_bytes(content, name, release.version, shown(url), domain)


def _mitre_hashes() -> Hashes:
    from mitreattack import release_info  # slow to import

    return release_info.STIX21


def _wanted(domain: str, version: str | None, hashes: Hashes) -> tuple[Release, str]:
    versions = known_versions(domain, hashes)
    release = Release.of(domain, version or versions[0])
    if release is None:
        raise CatalogueError(f"'{version}' is not an ATT&CK version, such as 19.0")
    if release.version not in versions:
        newest = ", ".join(versions[:5])
        raise CatalogueError(f"unknown release: {release.title}; the newest versions are {newest}")
    return release, hashes[domain][release.version]
