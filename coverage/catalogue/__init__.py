"""The ATT&CK catalogue: one release of one domain as a value.

`model` is the value, `bundle` and `stix` read MITRE's files, `store` keeps a catalogue in a folder,
`shelf` finds the installed releases, `fetch` gets more, `build` makes the ones that come with the project.
"""

from coverage.catalogue.model import Catalogue, CatalogueError, Release

__all__ = ["Catalogue", "CatalogueError", "Release"]
