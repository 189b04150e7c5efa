"""A STIX bundle as MITRE publishes it: bytes, their hash, the objects, and which release they are.

Knows files, gzip and JSON, and the two things that name a release: MITRE's list of hashes and the
bundle's own collection object. Knows no frames.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coverage.catalogue.model import CatalogueError, Release
from coverage.vocabulary import DOMAINS
from coverage.words import listed

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
        raise CatalogueError(f"{path}: file not found") from None
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
        raise CatalogueError(f"{name}: this is JSON, but not a STIX bundle")
    if not all(_is_stix(stix) for stix in objects):
        raise CatalogueError(f"{name}: the STIX bundle holds objects without a type or an id")
    if not any(stix["type"] == "attack-pattern" for stix in objects):
        raise CatalogueError(f"{name}: the STIX bundle holds no techniques, so it is not an ATT&CK release")
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


@dataclass(frozen=True)
class Named:
    """Which release a bundle is, and what there is to say of how that is known."""

    release: Release
    note: str | None = None


@dataclass(frozen=True)
class Published:
    """What MITRE published with one hash: releases, the oldest first, and the names of betas."""

    releases: tuple[Release, ...] = ()
    betas: tuple[str, ...] = ()

    @property
    def titles(self) -> str:
        """For people: `Mobile 10.1, 11.0 and 11.1`."""
        first, *others = self.releases
        return listed([first.title, *(release.version for release in others)])


def published_as(sha256: str) -> Published:
    """What mitreattack-python lists as published with this hash, in STIX 2.0 or 2.1.

    One file may be several releases: a domain that nothing changed in was published again as it was.
    """
    from mitreattack import release_info  # slow to import

    names = [
        (domain, version)
        for hashes in (release_info.STIX21, release_info.STIX20)
        for domain, versions in hashes.items()
        for version, known in versions.items()
        if known == sha256
    ]
    releases = {release for name in names if (release := Release.of(*name)) is not None}
    betas = [f"{domain} {version}" for domain, version in names if Release.of(domain, version) is None]
    return Published(tuple(sorted(releases)), tuple(dict.fromkeys(betas)))


def release_of(bundle: Bundle, version: str | None = None, domain: str | None = None) -> Release:
    """The release a bundle is, as `named` finds it."""
    return named(bundle, version, domain).release


def named(bundle: Bundle, version: str | None = None, domain: str | None = None) -> Named:
    """The release a bundle is: by MITRE's list of hashes, else as its collection says, else as given.

    A hash is the whole file, so what the file says of itself cannot overrule it. Where MITRE published
    the file under several versions, the one given or named by the collection is meant, else the oldest.

    Raises
    ------
    CatalogueError
        When the bundle names no domain or version, two versions, or others than those given.
    """
    known = published_as(bundle.sha256)
    if known.releases:
        return _published(bundle, known, version, domain)
    if known.betas and version is None:
        raise CatalogueError(
            f"{bundle.name}: this is MITRE's {known.betas[0]}, a beta and not a release; "
            "give the version to read it as with --release"
        )
    return _as_written(bundle, version, domain)


def _published(bundle: Bundle, known: Published, version: str | None, domain: str | None) -> Named:
    if domain is not None and domain != known.releases[0].domain:
        raise CatalogueError(
            f"{bundle.name}: the bundle is MITRE's {known.titles}, not {DOMAINS[domain].title}"
        )
    by_version = {release.version: release for release in known.releases}
    written = [_release(bundle.name, known.releases[0].domain, version)] if version is not None else []
    if written and written[0] not in known.releases:
        raise CatalogueError(f"{bundle.name}: the bundle is {known.titles}, not version {version}")
    in_collection = _collection_versions(bundle)
    written += [by_version[text] for text in in_collection if text in by_version]
    release = next(iter(written), known.releases[0])
    notes = [f"its SHA-256 is that of MITRE's {known.titles}"] if len(known.releases) > 1 else []
    wrong = [text for text in in_collection if text not in by_version]
    if wrong:
        notes = [f"its SHA-256 is that of MITRE's {known.titles}, although its collection says {wrong[0]}"]
    return Named(release, listed(notes) or None)


def _as_written(bundle: Bundle, version: str | None, domain: str | None) -> Named:
    domain = _domain(bundle, domain)
    found = {release for text in _collection_versions(bundle) if (release := Release.of(domain, text))}
    given = None if version is None else _release(bundle.name, domain, version)
    if not found and given is None:
        raise CatalogueError(f"{bundle.name}: {_no_version(bundle)}")
    if given is not None and found and given not in found:
        titles = listed([release.title for release in sorted(found)])
        raise CatalogueError(f"{bundle.name}: the bundle is {titles}, not version {version}")
    if given is None and len(found) > 1:
        titles = listed([release.title for release in sorted(found)])
        raise CatalogueError(
            f"{bundle.name}: the bundle says that it is {titles}; give the version with --release"
        )
    release = given or next(iter(found))
    in_name = _version_in(bundle.name)
    other = in_name is not None and Release.of(domain, in_name) != release
    return Named(release, f"the file's name says {in_name}" if other else None)


def _no_version(bundle: Bundle) -> str:
    written, in_name = _collection_versions(bundle), _version_in(bundle.name)
    if written:
        cause = f"its collection's version '{written[0]}' is not an ATT&CK version"
    else:
        cause = "the bundle does not say which ATT&CK version it is"
    return f"{cause}; give the version with --release, such as --release {in_name or '19.0'}"


def _version_in(name: str) -> str | None:
    """The version that a file's name says: `19.0` of `enterprise-attack-19.0.json`."""
    found = re.search(r"-attack-v?(\d+(?:\.\d+)+)", name)
    return found[1] if found else None


def _release(name: str, domain: str, version: str) -> Release:
    release = Release.of(domain, version)
    if release is None:
        raise CatalogueError(f"{name}: '{version}' is not an ATT&CK version, such as 19.0")
    return release


def _domain(bundle: Bundle, given: str | None) -> str:
    chains = domains_of(bundle)
    if given is not None and chains and given not in chains:
        titles = listed([DOMAINS[domain].title for domain in chains])
        raise CatalogueError(f"{bundle.name}: its techniques are of {titles}, not of {DOMAINS[given].title}")
    found = given or _collection_domain(bundle) or next(iter(chains), None)
    if found is None:
        raise CatalogueError(f"{bundle.name}: it has no ATT&CK kill chain, so it is not an ATT&CK release")
    return found


def _collection_versions(bundle: Bundle) -> list[str]:
    versions = [stix.get("x_mitre_version") for stix in bundle.of_type("x-mitre-collection")]
    return list(dict.fromkeys(text for text in versions if isinstance(text, str) and text))


def _collection_domain(bundle: Bundle) -> str | None:
    for stix in bundle.of_type("x-mitre-collection"):
        domains = stix.get("x_mitre_domains") or ()
        words = " ".join([str(stix.get("name", "")), *map(str, domains)]).lower().replace("-", " ").split()
        for domain in DOMAINS:
            if domain in words:
                return domain
    return None


def domains_of(bundle: Bundle) -> list[str]:
    """The ATT&CK domains whose kill chain current techniques name, that of most techniques first."""
    chains = Counter(chain for stix in live_techniques(bundle) for chain in kill_chains(stix))
    found = [domain for domain in DOMAINS.values() if domain.kill_chain in chains]
    return [domain.id for domain in sorted(found, key=lambda domain: -chains[domain.kill_chain])]


def live_techniques(bundle: Bundle) -> list[StixObject]:
    """The techniques and sub-techniques that are neither revoked nor deprecated."""
    patterns = bundle.of_type("attack-pattern")
    return [stix for stix in patterns if not stix.get("revoked") and not stix.get("x_mitre_deprecated")]


def kill_chains(stix: StixObject) -> set[str]:
    """The kill chains whose phases a technique names."""
    return {phase.get("kill_chain_name") for phase in stix.get("kill_chain_phases") or ()}
