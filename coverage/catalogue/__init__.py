"""The ATT&CK catalogue: one release of one domain as a value. See `model`, `stix`, `store`, `shelf`, `fetch`."""

from coverage.catalogue.model import Catalogue, Release

__all__ = ["Catalogue", "Release"]
