"""The year of a citation, as MITRE writes one: `Author. (2020, April 1). Title. Retrieved May 5, 2021.`

A year is a fact; the text it is read from is not kept. Knows no frames and no files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# The first brackets that open with a year; numbers such as (7777) are none.
_YEAR = re.compile(r"\(((?:19|20)\d\d)\b[^()]*\)")
_RETRIEVED = "Retrieved "  # when somebody read it, which says nothing of when it was written


def year_of(citation: str) -> int | None:
    """The year a cited text is of, or None where it names none (`(n.d.)`)."""
    found = _YEAR.search(citation.partition(_RETRIEVED)[0])
    return int(found[1]) if found else None


def years_reported(objects: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """STIX ID of a relationship -> the newest year among its citations; those without one are left out."""
    years = {}
    for stix in objects:
        if stix["type"] == "relationship":
            found = [
                year
                for reference in stix.get("external_references") or ()
                if (year := year_of(reference.get("description") or "")) is not None
            ]
            if found:
                years[stix["id"]] = max(found)
    return years
