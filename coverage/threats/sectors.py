"""Whom groups are said to attack: `data/group_sectors.csv`. `data/README.md` says where it is from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from coverage.tables import DATA, TableError

JOINED = {"yes": True, "no": False}


@dataclass(frozen=True)
class Victims:
    """Sectors and countries that a group is said to attack, in order."""

    sectors: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


def victims_by_group(path: Path = DATA / "group_sectors.csv") -> dict[str, Victims]:
    """Group ID -> whom it attacks, over its rows that are joined.

    Raises
    ------
    TableError
        For a table that cannot be read, or a word under `joined` that is neither yes nor no.
    """
    found: dict[str, tuple[set[str], set[str]]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                joined = JOINED.get((row.get("joined") or "").strip().lower())
                if joined is None:
                    raise TableError(f"{path}:{line}: joined is '{row.get('joined')}', neither yes nor no")
                if joined:
                    sectors, countries = found.setdefault((row.get("group_id") or "").strip(), (set(), set()))
                    sectors.update(_words(row.get("sectors")))
                    countries.update(_words(row.get("countries")))
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: not a CSV file in UTF-8: {error}") from error
    return {
        group: Victims(tuple(sorted(sectors)), tuple(sorted(countries)))
        for group, (sectors, countries) in found.items()
    }


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(";") if word.strip()]
