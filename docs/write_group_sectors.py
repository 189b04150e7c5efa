"""Writes data/group_sectors.csv: whom ATT&CK's groups are said to attack, after MISP's threat-actor galaxy.

    PYTHONPATH=. python docs/write_group_sectors.py threat-actor.json

The file is `clusters/threat-actor.json` of https://github.com/MISP/misp-galaxy (CC0). An entry of it and a
group of ATT&CK are one when they share a name. Where the names of an entry fit two groups, it goes to the
group whose ATT&CK name is the entry's own; for every other group the row says `no`, and adds nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from coverage.catalogue import Release, shelf
from coverage.catalogue.store import open_catalogue
from coverage.outside.atomic import replaced_file
from coverage.tables import DATA
from coverage.threats.names import name_key

COLUMNS = ("group_id", "group", "entry", "shared_names", "joined", "sectors", "countries", "also_fits")
SECTOR_KEYS, COUNTRY_KEYS = ("cfr-target-category", "targeted-sector"), ("cfr-suspected-victims",)

# One word where the galaxy has several; what stands in no line here keeps its own.
SAME_SECTOR = {
    "Academia - University": "Education",
    "Bank": "Finance",
    "Defense Contractor": "Defense",
    "Defense industrial base": "Defense",
    "Civil Society": "Civil society",
    "Dissident": "Dissidents",
    "Energy Company": "Energy",
    "Financial": "Finance",
    "Financial services": "Finance",
    "Gambling Websites": "Gambling companies",
    "Government Administration": "Government",
    "Government Institutions": "Government",
    "Government agencies and services": "Government",
    "Government, Administration": "Government",
    "Health": "Healthcare",
    "High tech": "Technology",
    "High-Tech": "Technology",
    "Information Technology": "Information technology",
    "Journalist": "Journalists",
    "Medical": "Healthcare",
    "News - Media": "Media",
    "Pharmacy": "Pharmaceuticals",
    "Private Sector": "Private sector",
    "Religious Organizations": "Religious organizations",
    "Religious organization": "Religious organizations",
    "Telecomms": "Telecommunications",
    "Telecoms": "Telecommunications",
    "Transportation systems": "Transportation",
    "Universities": "Education",
}
SAME_COUNTRY = {
    "Lebonon": "Lebanon",
    "Russian Federation": "Russia",
    "Southeast Asian": "Southeast Asia",
    "The Middle East": "Middle East",
    "The Philippines": "Philippines",
}
NO_SECTOR = {"Country", "Other"}
# Victims that are no country and no region.
NO_COUNTRY = re.compile(
    r"\b(Bank|Bancorp|Citigroup|PNC|BB&T|Wells|Capital One|HSBC|AT&T|NYSE|sector|activists|Agency|Federations"
    r"|Sony|exchanges|Ministry|Institute|Analyses|Uighurs|OSCE|NATO|Commission|Association|Cooperation|Global)\b"
)


def table(content: str) -> str:
    """The table that a galaxy gives, over the groups of every release that comes with the project."""
    entries, groups = json.loads(content)["values"], _groups()
    by_key: dict[str, list[int]] = {}  # a name -> the entries that have it
    for place, entry in enumerate(entries):
        for key in dict.fromkeys(map(name_key, _names(entry))):
            by_key.setdefault(key, []).append(place)
    fits: dict[int, dict[str, list[str]]] = {}  # entry -> group ID -> the names they share
    for group_id, names in groups.items():
        for name in names:
            for place in by_key.get(name_key(name), ()):
                fits.setdefault(place, {}).setdefault(group_id, []).append(name)
    rows = []
    for place, shared in fits.items():
        entry = entries[place]
        own = [one for one in shared if name_key(groups[one][0]) == name_key(entry["value"])]
        joined = set(own if len(own) == 1 else shared if len(shared) == 1 else ())
        rows += [
            _row(one, groups[one][0], entry, names, one in joined, set(shared) - {one})
            for one, names in shared.items()
        ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(rows, key=lambda row: (row[0], row[2].casefold())))
    return text.getvalue()


def _groups() -> dict[str, list[str]]:
    """Group ID -> its names in every release that comes with the project, the newest ATT&CK name first."""
    found: dict[str, list[str]] = {}
    releases = {Release.parse(folder.name): folder for folder in shelf.EMBEDDED.iterdir() if folder.is_dir()}
    for release in sorted(releases, reverse=True):
        groups = open_catalogue(releases[release]).groups
        for group_id, name, aliases in groups[["group_id", "name", "aliases"]].itertuples(index=False):
            known = found.setdefault(group_id, [])
            for one in (name, *aliases):
                if name_key(one) not in map(name_key, known):
                    known.append(one)
    return found


def _names(entry: Mapping[str, Any]) -> Iterator[str]:
    yield entry["value"]
    yield from entry.get("meta", {}).get("synonyms", ())


def _row(
    group_id: str, name: str, entry: Mapping[str, Any], shared: list[str], joined: bool, others: set[str]
) -> tuple[str, ...]:
    sectors = {SAME_SECTOR.get(word, word) for word in _words(entry, SECTOR_KEYS)} - NO_SECTOR
    countries = {SAME_COUNTRY.get(word, word) for word in _words(entry, COUNTRY_KEYS)}
    return (
        group_id,
        name,
        entry["value"],
        "; ".join(shared),
        "yes" if joined else "no",
        "; ".join(sorted(sectors)),
        "; ".join(sorted(word for word in countries if not NO_COUNTRY.search(word))),
        "; ".join(sorted(others)),
    )


def _words(entry: Mapping[str, Any], keys: Iterable[str]) -> set[str]:
    values = [entry.get("meta", {}).get(key) or () for key in keys]
    return {word.strip() for value in values for word in ([value] if isinstance(value, str) else value)}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: PYTHONPATH=. python docs/write_group_sectors.py threat-actor.json\n")
        return 2
    text = table(Path(arguments[0]).read_text(encoding="utf-8"))
    replaced_file(DATA / "group_sectors.csv", text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
