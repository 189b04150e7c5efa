"""MITRE's official releases from the network into the cache: downloaded, checked by hash, imported.

A download stays in memory until its hash is right, so nothing half-written can be left. The only
module that opens a connection. Knows no STIX field.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coverage.catalogue.bundle import sha256_of
from coverage.catalogue.model import Catalogue, CatalogueError, Release
from coverage.catalogue.shelf import import_bytes, imported
from coverage.vocabulary import DOMAINS

if TYPE_CHECKING:
    import requests

MITRE_URL = "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master"

# Another place with the same layout: a mirror, or a test's server.
URL_VARIABLE = "COVERAGE_ATTACK_URL"

CHUNK_BYTES = 1 << 16
MOST_BYTES = 1 << 30  # twenty times the largest release

Progress = Callable[[int, int | None], None]
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
        raise CatalogueError(f"'{domain}' is no ATT&CK domain; there are {', '.join(DOMAINS)}")
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
    known = imported(sha256)
    if known is not None:
        return known
    name = f"{domain}-attack-{release.version}.json"
    url = _url(base_url or os.environ.get(URL_VARIABLE) or MITRE_URL, f"{domain}-attack/{name}")
    content = _downloaded(url, progress, timeout)
    if sha256_of(content) != sha256:
        raise CatalogueError(
            f"{_shown(url)}: the file is not MITRE's {release.title}, its SHA-256 is another one"
        )
    return import_bytes(content, name, source=_shown(url))


def _mitre_hashes() -> Hashes:
    from mitreattack import release_info  # slow to import

    return release_info.STIX21


def _wanted(domain: str, version: str | None, hashes: Hashes) -> tuple[Release, str]:
    versions = known_versions(domain, hashes)
    release = Release.of(domain, version or versions[0])
    if release is None:
        raise CatalogueError(f"'{version}' is no ATT&CK version; one looks like 19.0")
    if release.version not in versions:
        newest = ", ".join(versions[:5])
        raise CatalogueError(f"no {release.title} is known to be published; the newest versions are {newest}")
    return release, hashes[domain][release.version]


def _url(base: str, path: str) -> str:
    try:
        parts = urlsplit(base)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise CatalogueError(f"'{base}' is no http or https address to fetch ATT&CK from")
    return f"{base.rstrip('/')}/{path}"


def _shown(url: str) -> str:
    """The address without a user name or password in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _downloaded(url: str, progress: Progress | None, timeout: float) -> bytes:
    import requests  # slow to import

    shown = _shown(url)
    try:
        with requests.get(url, stream=True, timeout=timeout) as response:
            if response.status_code != requests.codes.ok:
                raise CatalogueError(
                    f"{shown}: the server answered HTTP {response.status_code} {response.reason}"
                )
            return _body(response, shown, progress)
    except requests.Timeout:
        raise CatalogueError(f"{shown}: no answer within {timeout:g} seconds") from None
    except requests.exceptions.SSLError as error:
        raise CatalogueError(
            f"{shown}: the server's certificate was not accepted ({_cause(error)})"
        ) from error
    except requests.ConnectionError as error:
        raise CatalogueError(f"{shown}: no connection; is the network up? ({_cause(error)})") from error
    except requests.RequestException as error:
        raise CatalogueError(f"{shown}: the download failed ({_cause(error)})") from error


def _body(response: requests.Response, shown: str, progress: Progress | None) -> bytes:
    import requests

    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    content = bytearray()
    try:
        for chunk in response.iter_content(CHUNK_BYTES):
            content += chunk
            if progress is not None:
                progress(response.raw.tell(), total)  # as sent: the server may compress
            if len(content) > MOST_BYTES:
                raise CatalogueError(f"{shown}: the file is larger than any ATT&CK release")
    except requests.RequestException as error:
        received = f"{response.raw.tell():,} bytes" + (f" of {total:,}" if total is not None else "")
        raise CatalogueError(f"{shown}: the download broke off after {received}") from error
    return bytes(content)


def _cause(error: BaseException) -> str:
    """The innermost cause in words; requests wraps the causes of its errors several times over."""
    inner: object = error
    while isinstance(inner, BaseException):
        error = inner
        inner = getattr(error, "reason", None) or next(
            (a for a in error.args if isinstance(a, Exception)), None
        )
    return " ".join(str(error).rpartition(": ")[2].split()) or type(error).__name__
