"""Who is against us: the threat profile that pages measure, chosen on one and kept on all. Widgets only."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.pages import controls
from coverage.project.accepted_gaps import place_and_message
from coverage.project.settings import ThreatSetting
from coverage.scope import View
from coverage.session import address
from coverage.tables import TableError
from coverage.text import plain
from coverage.threats.names import names_of
from coverage.threats.profile import (
    DEFAULT_YEARS,
    Profile,
    default_profile,
    group_profile,
    profile_toml,
    profiles_of,
    with_ways,
)
from coverage.threats.sectors import victims_by_group
from coverage.threats.threat import Threat
from coverage.words import amount

LATELY, SECTOR, CHOSEN = "lately", "sector", "chosen"  # profiles that no file states
WAYS_BESIDE = {"campaign": "their campaigns", "software": "their software"}


def choose(place: DeltaGenerator, now: View) -> Threat:
    """The widgets of the choice in `place`, and the profile that they say, in the release of the view. A page
    whose tables cannot be used ends here, and says why.
    """
    with place:
        row = controls.side_by_side(240, 300, 200, 140, 210)
    try:
        profile = _profile(row, now)
        with row[-1]:
            _file(profile)
        return session.threat(profile)
    except TableError as error:
        st.error(plain(str(error)))
        st.stop()


def chosen(now: View) -> Threat:
    """The profile that was chosen elsewhere, else the first of coverage.toml, else the default."""
    return session.threat(_profile(None, now))


def asked_for(now: View) -> Threat | None:
    """The profile that coverage.toml states or the reader chose; None where it is only the default."""
    try:
        threat = chosen(now)
    except TableError:
        return None  # the page says so where the profile is what it shows
    return threat if session.settings()[0].threats or st.session_state["threat"] != LATELY else None


def open_matrix(member_id: str) -> None:
    """Go to the matrix with what this group or campaign alone needs marked."""
    session.open_page("matrix", threat=CHOSEN, threat_groups=[member_id], show_need="true")


def _profile(row: list[DeltaGenerator] | None, now: View) -> Profile:
    """`row`: where the widgets are drawn; without it they keep their values."""
    stated = profiles_of(session.settings()[0])
    since = date.today().year - DEFAULT_YEARS
    made = {
        LATELY: f"Groups reported since {since}",
        SECTOR: "Groups that attack my sector",
        CHOSEN: "Groups of my choice",
    }
    titles = {name: name for name in stated} | {name: made[name] for name in made if name not in stated}
    name = address.selectbox(
        row and row[0],
        "Against",
        list(titles),
        "threat",
        default=next(iter(titles)),
        page=address.SIDEBAR,
        format_func=titles.__getitem__,
        help="A threat profile: of `[[threat]]` in coverage.toml, or made here. Kept on every page.",
    )
    if name in stated:
        profile = stated[name]
    elif name == LATELY:
        profile = _named(default_profile(date.today()), titles[name])
    elif name == SECTOR:
        profile = _of_sectors(row)
    else:
        profile = _of_groups(row, now)
    ways = address.multiselect(
        row and row[2],
        "Count also",
        list(WAYS_BESIDE),
        "threat_through",
        page=address.SIDEBAR,
        placeholder="Only direct uses",
        format_func=WAYS_BESIDE.__getitem__,
        help="What a campaign that is attributed to a group used, and what software that it uses can do: a "
        "capability, not a report that somebody did it.",
    )
    return with_ways(profile, ways)


def _named(profile: Profile, name: str) -> Profile:
    """The profile under another name."""
    return replace(profile, name=name, entries=tuple(replace(one, name=name) for one in profile.entries))


def _of_sectors(row: list[DeltaGenerator] | None) -> Profile:
    sectors = sorted({one for found in victims_by_group().values() for one in found.sectors})
    wanted = address.multiselect(
        row and row[1],
        "Sectors",
        sectors,
        "threat_sectors",
        page=address.SIDEBAR,
        placeholder="Choose a sector",
        help="Groups that are said to attack it: data/group_sectors.csv, which knows the sectors of some "
        "groups only.",
    )
    since = _since(row)
    name = f"Groups that attack {' or '.join(wanted)}" if wanted else "Groups that attack my sector"
    entries = (ThreatSetting(name, sectors=tuple(wanted), since=since),) if wanted else ()
    return Profile(name, entries)


def _of_groups(row: list[DeltaGenerator] | None, now: View) -> Profile:
    names = {**names_of(now.catalogue, "group"), **names_of(now.catalogue, "campaign")}
    order = sorted(names, key=lambda one: names[one].casefold())
    wanted = address.multiselect(
        row and row[1],
        "Groups and campaigns",
        order,
        "threat_groups",
        page=address.SIDEBAR,
        placeholder="Search by name or ID",
        format_func=lambda one: f"{names[one]} ({one})",
    )
    if not wanted:
        return Profile("Groups of my choice", ())
    name = ", ".join(names[one] for one in wanted[:3])
    more = len(wanted) - 3
    return _named(group_profile(wanted), f"{name} and {more} more" if more > 0 else name)


def _since(row: list[DeltaGenerator] | None) -> int | None:
    this_year = date.today().year
    return address.selectbox(
        row and row[3],
        "Reported since",
        range(this_year, this_year - 12, -1),
        "threat_since",
        page=address.SIDEBAR,
        placeholder="Ever",
        help="Only groups with a use that was reported in that year or later.",
    )


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
        "`threats --profile threat.toml`.",
    )


def problem_notes(threat: Threat) -> None:
    """What could not be carried over from the profile and its files."""
    problems = threat.problems
    serious = problems[problems["severity"] != "note"]
    if len(serious):
        st.warning(
            "  \n".join(plain(place_and_message(row)) for row in serious.head(5).to_dict("records")),
            icon=":material/rule:",
        )
    if len(problems):
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
