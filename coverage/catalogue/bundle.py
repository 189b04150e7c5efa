"""A STIX bundle as MITRE publishes it: bytes, their hash, the objects, and which release they are.

Knows files, gzip and JSON, and the two things that name a release: the bundle's own collection object
and MITRE's list of hashes. Knows no frames.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coverage.catalogue.model import CatalogueError, Release
from coverage.vocabulary import DOMAINS

GZIP_MAGIC = b"\x1f\x8b"

StixObject = dict[str, Any]


@dataclass(frozen=True)
class Bundle:
    """One STIX bundle: the name of its file, the SHA-256 of its uncompressed JSON, its objects."""

    name: str
    sha256: str
    objects: list[StixObject] = field(repr=False)

    def of_type(self, stix_type: str) -> list[StixObject]:
        return [stix for stix in self.objects if stix["type"] == stix_type]


def file_bytes(path: Path) -> bytes:
    """The JSON bytes of a bundle file, unpacked when it is gzipped.

    Raises
    ------
    CatalogueError
        When the file is not there, cannot be read, or is a broken gzip file.
    """
    try:
        return unpacked(path.read_bytes(), path.name)
    except FileNotFoundError:
        raise CatalogueError(f"{path}: there is no such file") from None
    except OSError as error:
        raise CatalogueError(f"{path}: the file cannot be read ({error.strerror or error})") from error


def unpacked(content: bytes, name: str) -> bytes:
    """The same bytes, or what they hold when they are gzipped. Raises CatalogueError when that is broken."""
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except EOFError:
        raise CatalogueError(f"{name}: the gzip file is cut off") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise CatalogueError(f"{name}: the gzip file is damaged ({error})") from error


def sha256_of(content: bytes) -> str:
    """The SHA-256 of the bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def parsed_bundle(content: bytes, name: str) -> Bundle:
    """The bundle that these (unpacked) JSON bytes hold; of each object only its latest version.

    Raises
    ------
    CatalogueError
        When the bytes are not JSON, cut-off JSON, no STIX bundle, or a bundle without ATT&CK techniques.
    """
    document = _json(content, name)
    objects = document.get("objects") if isinstance(document, dict) else None
    if not isinstance(objects, list) or document.get("type") != "bundle":
        raise CatalogueError(f"{name}: this is JSON, but no STIX bundle")
    if not all(_is_stix(stix) for stix in objects):
        raise CatalogueError(f"{name}: the STIX bundle holds objects without a type or an id")
    if not any(stix["type"] == "attack-pattern" for stix in objects):
        raise CatalogueError(f"{name}: the STIX bundle holds no techniques, so it is no ATT&CK release")
    return Bundle(name, sha256_of(content), _latest(objects))


def _json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        if _is_cut_off(error):
            raise CatalogueError(f"{name}: the JSON is cut off after {len(content):,} bytes") from None
        raise CatalogueError(f"{name}: this is not JSON (line {error.lineno}: {error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise CatalogueError(f"{name}: this is not JSON ({type(error).__name__})") from None


def _is_cut_off(error: json.JSONDecodeError) -> bool:
    """A file that starts as an object and fails only at its very end was not written whole."""
    at_the_end = error.pos >= len(error.doc.rstrip()) - len("false")
    return error.doc.startswith("{") and (at_the_end or error.msg.startswith("Unterminated string"))


def _is_stix(stix: object) -> bool:
    return isinstance(stix, dict) and isinstance(stix.get("type"), str) and isinstance(stix.get("id"), str)


def _latest(objects: list[StixObject]) -> list[StixObject]:
    """One version an id: the one modified last."""
    latest: dict[str, StixObject] = {}
    for stix in objects:
        known = latest.get(stix["id"])
        if known is None or str(stix.get("modified", "")) >= str(known.get("modified", "")):
            latest[stix["id"]] = stix
    return list(latest.values())


def release_of(bundle: Bundle, version: str | None = None) -> Release:
    """The release a bundle is: as its collection says, else by MITRE's list of hashes, else `version`.

    Raises
    ------
    CatalogueError
        When the bundle names no domain or version, or another version than the one given.
    """
    known = _known_release(bundle.sha256)
    domain = _collection_domain(bundle) or (known.domain if known else None) or _kill_chain_domain(bundle)
    found = _collection_version(bundle) or (known.version if known else None)
    if domain is None:
        raise CatalogueError(f"{bundle.name}: no kill chain of ATT&CK in it, so it is no ATT&CK release")
    if found is None and version is None:
        raise CatalogueError(
            f"{bundle.name}: the bundle does not say which ATT&CK version it is; give the version"
        )
    release = _release(bundle.name, domain, found or version)
    if version is not None and release != _release(bundle.name, domain, version):
        raise CatalogueError(f"{bundle.name}: the bundle is {release.title}, not version {version}")
    return release


def _release(name: str, domain: str, version: str) -> Release:
    release = Release.of(domain, version)
    if release is None:
        raise CatalogueError(f"{name}: '{version}' is no ATT&CK version; one looks like 19.0")
    return release


def _collection_version(bundle: Bundle) -> str | None:
    versions = [stix.get("x_mitre_version") for stix in bundle.of_type("x-mitre-collection")]
    return next((version for version in versions if isinstance(version, str) and version), None)


def _collection_domain(bundle: Bundle) -> str | None:
    for stix in bundle.of_type("x-mitre-collection"):
        said = " ".join([str(stix.get("name", "")), *map(str, stix.get("x_mitre_domains") or ())]).lower()
        for domain in DOMAINS:
            if domain in said.replace("-", " ").split():
                return domain
    return None


def _kill_chain_domain(bundle: Bundle) -> str | None:
    chains = Counter(
        phase.get("kill_chain_name")
        for stix in bundle.of_type("attack-pattern")
        for phase in stix.get("kill_chain_phases") or ()
    )
    found = [domain for domain in DOMAINS.values() if domain.kill_chain in chains]
    return max(found, key=lambda domain: chains[domain.kill_chain]).id if found else None


def _known_release(sha256: str) -> Release | None:
    """The newest release MITRE published with this hash, as STIX 2.0 or 2.1."""
    from mitreattack import release_info  # slow to import

    found = [
        release
        for hashes in (release_info.STIX21, release_info.STIX20)
        for domain, versions in hashes.items()
        for version, known in versions.items()
        if known == sha256 and (release := Release.of(domain, version)) is not None
    ]
    return max(found, default=None)
