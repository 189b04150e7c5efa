"""A threat profile of the reader's own, built on the page. Widgets, and the profile that they say.

What is typed and chosen is in the link; files are not: they count for this session, and the saved profile
names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage.pages import controls
from coverage.pages.uploads import uploads
from coverage.project.settings import ThreatSetting
from coverage.scope import View
from coverage.session import address
from coverage.session.held_files import HeldFiles
from coverage.threats.files.reading import SUFFIXES
from coverage.threats.files.seam import TECHNIQUE
from coverage.threats.names import names_of
from coverage.threats.profile import Profile
from coverage.threats.sectors import victims_by_group
from coverage.words import amount

EMPTY = "My own profile"
UPLOADS = HeldFiles("threat_uploads")
FILES_PLACE = (
    "A file counts in this session alone, and a link does not have it: commit it beside the profile that is "
    "saved as TOML, which names it."
)
_HALF_LIVES = (1, 2, 3, 5, 10)  # years
_NAMED = 3  # parts in the name of a profile
_OPEN, _TAKEN = "threat_more", "threat_taken"

# The parts of a profile, each of which has a weight.
_PARTS = {
    "named": "Weight of the named",
    "victims": "Weight by sector or country",
    "own": "Weight of my techniques",
    "files": "Weight of the files",
}
# The widgets, with what they are when nothing is chosen.
_ALL: dict[str, Any] = {
    "threat_groups": [],
    "threat_since": None,
    "threat_software": [],
    "threat_sectors": [],
    "threat_countries": [],
    "threat_techniques": "",
    "threat_cves": "",
    "threat_half_life": None,
    **{f"threat_weight_{part}": 1.0 for part in _PARTS},
}


@dataclass(frozen=True)
class Places:
    """Where the widgets are drawn. Those without a place keep their values."""

    who: DeltaGenerator | None = None
    since: DeltaGenerator | None = None
    actions: DeltaGenerator | None = None
    below: DeltaGenerator | None = None


def own_profile(places: Places, now: View) -> Profile:
    """The profile that the widgets say."""
    files = dict(UPLOADS.held())
    chosen = _multiselect(
        places.who, "Groups and campaigns", _names(now, "group", "campaign"), "threat_groups"
    )
    since = since_when(places.since)
    box = None if places.below is None else _opened(places.below)
    line = (None, None, None, None) if box is None else controls.side_by_side(250, 200, 200, 250, place=box)
    chosen += _multiselect(line[0], "Software", _names(now, "software"), "threat_software")
    victims = {"sectors": tuple(sectors(line[1])), "countries": tuple(countries(line[2]))}
    techniques = _texts(_techniques(line[3]))
    parts: dict[str, dict[str, tuple[str, ...]]] = {
        "named": {key: tuple(one for one in chosen if one[0] == letter) for key, letter in _LETTERS.items()},
        "victims": victims,
        "own": {"techniques": techniques},
        "files": {"files": tuple(files)},
    }
    there = [part for part, values in parts.items() if any(values.values())]
    half_life, cves, weights = _counting(box, there)
    if "files" in there:
        parts["files"]["cves"] = _texts(cves)
    if box is not None:
        _uploads(box)
    if places.actions is not None:
        _undo_and_clear(places.actions)
    names = _names(now, "group", "campaign", "software")
    name = _title([names[one] for one in chosen], victims, techniques, files)
    entries: dict[float, ThreatSetting] = {}
    for part in there:  # those of one weight are one entry
        weight = weights[part]
        entry = entries.get(weight, ThreatSetting(name, since=since, half_life=half_life, weight=weight))
        entries[weight] = replace(entry, **parts[part])
    return Profile(name, tuple(entries.values()), contents=files)


_LETTERS = {"groups": "G", "software": "S", "campaigns": "C"}


# ---- who -----------------------------------------------------------------------------------------------


def _names(now: View, *kinds: str) -> dict[str, str]:
    """ID -> name of what can be chosen, by name."""
    found = {one: name for kind in kinds for one, name in names_of(now.catalogue, kind).items()}
    return dict(sorted(found.items(), key=lambda item: item[1].casefold()))


def _multiselect(place: DeltaGenerator | None, label: str, names: Mapping[str, str], key: str) -> list[str]:
    return address.multiselect(
        place,
        label,
        list(names),
        key,
        page=address.SIDEBAR,
        placeholder="Search by name or ID",
        format_func=lambda one: f"{names[one]} ({one})",
    )


def sectors(place: DeltaGenerator | None) -> list[str]:
    """Sectors that groups are said to attack."""
    return address.multiselect(
        place,
        "Sectors",
        sorted({one for found in victims_by_group().values() for one in found.sectors}),
        "threat_sectors",
        page=address.SIDEBAR,
        placeholder="Choose a sector",
        help="Groups that are said to attack it: data/group_sectors.csv, which knows the sectors of some "
        "groups only.",
    )


def countries(place: DeltaGenerator | None) -> list[str]:
    """Countries that groups are said to attack."""
    return address.multiselect(
        place,
        "Countries",
        sorted({one for found in victims_by_group().values() for one in found.countries}),
        "threat_countries",
        page=address.SIDEBAR,
        placeholder="Any country",
        help="Groups that are said to attack it. With sectors, those that attack both.",
    )


def since_when(place: DeltaGenerator | None) -> int | None:
    """The year since which a group must have been reported; None for ever."""
    this_year = date.today().year
    return address.selectbox(
        place,
        "Reported since",
        range(this_year, this_year - 12, -1),
        "threat_since",
        page=address.SIDEBAR,
        placeholder="Ever",
        help="Only those with a use that was reported in that year or later.",
    )


def _techniques(place: DeltaGenerator | None) -> str:
    return address.text_input(
        place,
        "My techniques",
        "threat_techniques",
        page=address.SIDEBAR,
        placeholder="T1059.001, T1566",
        help="IDs or names, separated by commas, as one more member. An ID of another release is read as "
        "that of a rule is; what cannot be read is listed below.",
    )


def _texts(text: str) -> tuple[str, ...]:
    """The IDs and names in a text: separated by commas, semicolons or lines, and IDs by blanks, too."""
    pieces = [piece.strip() for piece in re.split(r"[,;\n]", text)]
    return tuple(
        dict.fromkeys(
            one for piece in pieces for one in (piece.split() if _only_ids(piece) else [piece]) if one
        )
    )


def _only_ids(text: str) -> bool:
    return all(TECHNIQUE.fullmatch(word.upper()) for word in text.split())


# ---- how it counts -------------------------------------------------------------------------------------


def _counting(box: DeltaGenerator | None, there: list[str]) -> tuple[float | None, str, dict[str, float]]:
    """The half life, the CVEs that matter, and the weight of each part; weights where there are several."""
    weighed = there if len(there) > 1 else []
    widths = (150, *([250] if "files" in there else []), *(190 for _ in weighed))
    line = iter(() if box is None else controls.side_by_side(*widths, place=box))
    half_life = address.selectbox(
        next(line, None),
        "A use counts half after",
        _HALF_LIVES,
        "threat_half_life",
        page=address.SIDEBAR,
        placeholder="Never",
        format_func=lambda years: amount(years, "year"),
        help="Half life: a use that was last reported so many years ago counts half. One without a year "
        "counts in full.",
    )
    cves = address.text_input(
        next(line, None) if "files" in there else None,
        "CVEs that matter",
        "threat_cves",
        page=address.SIDEBAR,
        placeholder="All in the files",
        help="In files of CVE mappings: only these CVEs count.",
    )
    weights = {
        part: address.number_input(
            next(line, None) if part in weighed else None,
            label,
            f"threat_weight_{part}",
            default=1.0,
            least=0.1,
            most=100.0,
            page=address.SIDEBAR,
            step=0.5,
            help="Of each of these members.",
        )
        for part, label in _PARTS.items()
    }
    return half_life, cves, weights if weighed else dict.fromkeys(_PARTS, 1.0)


def _title(
    names: list[str], victims: Mapping[str, tuple[str, ...]], techniques: Iterable[str], files: Iterable[str]
) -> str:
    """What the profile is called, after what is in it."""
    attacked = " in ".join(" or ".join(words) for words in victims.values() if words)
    parts = [*names, *([f"groups that attack {attacked}"] if attacked else [])]
    parts += [*(["my techniques"] if techniques else []), *files]
    more = len(parts) - _NAMED
    name = ", ".join(parts[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    if not names and (attacked or techniques):
        return name[:1].upper() + name[1:]
    return name or EMPTY


# ---- what is opened under the row ----------------------------------------------------------------------


def _opened(place: DeltaGenerator) -> DeltaGenerator | None:
    """The part under the row, when the reader has opened it."""
    shown = place.expander(
        "More: software, sectors, countries, techniques, files, weights", key=_OPEN, on_change="rerun"
    )
    return shown if shown.open else None


def _uploads(box: DeltaGenerator) -> None:
    uploads(
        box,
        UPLOADS,
        "Threat files",
        SUFFIXES,
        "Navigator layers, DeTT&CT groups, STIX bundles, MISP events, CVE mappings, top techniques, "
        "CSV: docs/threats.md.",
        "threat",
        remove=_remove,
    )
    box.caption(FILES_PLACE)


def _remove(name: str) -> None:
    files = dict(UPLOADS.held())
    st.session_state[_TAKEN] = ({}, {name: files.pop(name)} if name in files else {})
    UPLOADS.keep_only(files)


def _undo_and_clear(place: DeltaGenerator) -> None:
    state = st.session_state
    empty = not UPLOADS.held() and all(state.get(key, value) == value for key, value in _ALL.items())
    if state.get(_TAKEN):
        place.button(
            "Undo", key="threat_undo", on_click=_undo, help="Bring back what was cleared or removed last."
        )
    if not empty or not state.get(_TAKEN):
        place.button(
            "Clear",
            key="threat_clear",
            on_click=_clear,
            disabled=empty,
            help="Take everything out of my profile.",
        )


def _clear() -> None:
    state = st.session_state
    state[_TAKEN] = ({key: state.get(key, value) for key, value in _ALL.items()}, dict(UPLOADS.held()))
    state.update(
        {key: type(value)(value) if isinstance(value, list) else value for key, value in _ALL.items()}
    )
    UPLOADS.keep_only({})


def _undo() -> None:
    values, files = st.session_state.pop(_TAKEN)
    st.session_state.update(values)
    UPLOADS.hold(files.items())
