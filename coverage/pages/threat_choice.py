"""Who is against us: the threat profile that pages measure, chosen on one and kept on all. Widgets only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.pages import controls, threat_builder
from coverage.project.accepted_gaps import place_and_message
from coverage.project.settings import ThreatSetting
from coverage.scope import View
from coverage.session import address
from coverage.tables import TableError
from coverage.text import plain
from coverage.threats.profile import (
    DEFAULT_YEARS,
    Profile,
    default_profile,
    profile_toml,
    profiles_of,
    with_ways,
)
from coverage.threats.threat import Threat
from coverage.words import amount

LATELY, SECTOR, CHOSEN = "lately", "sector", "chosen"  # profiles that no file states
_MOST_LINES = 5
WAYS_BESIDE = {"campaign": "their campaigns", "software": "their software"}


def choose(place: DeltaGenerator, now: View) -> Threat:
    """The widgets of the choice in `place`, and the profile that they say, in the release of the view. A page
    whose tables cannot be used ends here, and says why.
    """
    row = controls.side_by_side(210, 240, 170, 130, 240, place=place)
    try:
        name, titles = _chosen_name(row[0])
        actions = row[4].container(horizontal=True)
        saved = actions.container(width=150)
        places = threat_builder.Places(row[1], row[3], actions, place)
        profile = with_ways(_profile(name, titles, now, places), _ways(row[2]))
        with saved:
            _file(profile)
        threat = session.threat(profile)
    except TableError as error:
        place.error(plain(str(error)))
        st.stop()
    _warning(threat, place)
    return threat


def chosen(now: View) -> Threat:
    """The profile that was chosen elsewhere, else the first of coverage.toml, else the default."""
    name, titles = _chosen_name(None)
    return session.threat(with_ways(_profile(name, titles, now, threat_builder.Places()), _ways(None)))


def every(now: View) -> dict[str, Profile]:
    """Each profile that can be chosen now and has somebody, by its key, the one that is chosen first; all
    count the same ways.
    """
    name, titles = _chosen_name(None)
    found = {
        one: with_ways(_profile(one, titles, now, threat_builder.Places()), _ways(None))
        for one in dict.fromkeys([name, *titles])
    }
    return {one: profile for one, profile in found.items() if profile.entries}


def asked_for(now: View) -> Threat | None:
    """The profile that coverage.toml states or the reader chose; None where it is only the default."""
    try:
        threat = chosen(now)
    except TableError:
        return None  # the page says so where the profile is what it shows
    asked = st.session_state["threat"] != LATELY or st.session_state["threat_through"]
    return threat if asked or session.settings()[0].threats else None


def _chosen_name(place: DeltaGenerator | None) -> tuple[str, dict[str, str]]:
    """The key of the profile that is chosen, and the title of each that can be."""
    stated = profiles_of(session.settings()[0])
    made = {
        LATELY: f"Groups reported since {date.today().year - DEFAULT_YEARS}",
        SECTOR: "Groups that attack my sector",
        CHOSEN: threat_builder.EMPTY,
    }
    titles = {name: name for name in stated} | {name: made[name] for name in made if name not in stated}
    name = address.selectbox(
        place,
        "Against",
        list(titles),
        "threat",
        default=next(iter(titles)),
        page=address.SIDEBAR,
        format_func=titles.__getitem__,
        help="A threat profile: of `[[threat]]` in coverage.toml, or made here. Kept on every page.",
    )
    return name, titles


def _profile(name: str, titles: Mapping[str, str], now: View, places: threat_builder.Places) -> Profile:
    """The profile of a key. Without places its widgets keep their values."""
    stated = profiles_of(session.settings()[0])
    if name in stated:
        return stated[name]
    if name == LATELY:
        return _named(default_profile(date.today()), titles[name])
    return _of_sectors(titles[name], places) if name == SECTOR else threat_builder.own_profile(places, now)


def _ways(place: DeltaGenerator | None) -> list[str]:
    return address.multiselect(
        place,
        "Count also",
        list(WAYS_BESIDE),
        "threat_through",
        page=address.SIDEBAR,
        placeholder="Only direct uses",
        format_func=WAYS_BESIDE.__getitem__,
        help="What a campaign that is attributed to a group used, and what software that it uses can do: a "
        "capability, not a report that somebody did it.",
    )


def _named(profile: Profile, name: str) -> Profile:
    """The profile under another name."""
    return replace(profile, name=name, entries=tuple(replace(one, name=name) for one in profile.entries))


def _of_sectors(title: str, places: threat_builder.Places) -> Profile:
    wanted, since = threat_builder.sectors(places.who), threat_builder.since_when(places.since)
    name = f"Groups that attack {' or '.join(wanted)}" if wanted else title
    entries = (ThreatSetting(name, sectors=tuple(wanted), since=since),) if wanted else ()
    return Profile(name, entries)


def _file(profile: Profile) -> None:
    st.download_button(
        "Profile as TOML",
        lambda: profile_toml(profile),
        "threat.toml",
        "text/plain",
        icon=":material/download:",
        on_click="ignore",
        key="threat_toml",
        disabled=not profile.entries,
        help="The profile as `[[threat]]`, to commit: into coverage.toml, or as a file of its own for "
        "`threats --profile threat.toml`. Its files are looked for beside it.",
    )


def _warning(threat: Threat, place: DeltaGenerator) -> None:
    """The first of what could not be carried over from the profile and its files."""
    problems = threat.problems
    serious = problems[problems["severity"] != "note"]
    if serious.empty:
        return
    lines = [plain(place_and_message(row)) for row in serious.head(_MOST_LINES).to_dict("records")]
    more = len(serious) - _MOST_LINES
    lines += [f"And {more:,} more."] if more > 0 else []
    place.warning("  \n".join(lines), icon=":material/rule:")


def problem_notes(threat: Threat) -> None:
    """All that could not be carried over, on request."""
    problems = threat.problems
    if problems.empty:
        return
    with st.expander(f"What the profile could not take over ({amount(len(problems), 'line')})"):
        st.dataframe(
            problems[["severity", "path", "line", "message"]],
            hide_index=True,
            height=min(38 + 35 * len(problems), 220),
            column_config={
                "severity": st.column_config.TextColumn("Severity", width=80),
                "path": st.column_config.TextColumn("File", width=150),
                "line": st.column_config.NumberColumn("Line", width=56),
                "message": st.column_config.TextColumn("What", width=900),
            },
            placeholder="–",
        )
