"""Two adversaries, or two threat profiles, compared: what both need, what one does, what is open of each.
Widgets only.

Next: open a technique that both need.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.frames import rows_of
from coverage.measures.adversaries import adversaries, compare_threats
from coverage.measures.need import threat_coverage
from coverage.pages import adversary, controls, parts, threat_choice
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.threats.threat import Threat
from coverage.vocabulary import STATES
from coverage.words import amount, number

KINDS = {"adversaries": "Adversaries", "profiles": "Profiles"}
_TOO_FEW = {
    "adversaries": "This takes two adversaries. Choose a profile with more of them above.",
    "profiles": "This takes two profiles: state one in coverage.toml, or make one of your own above.",
}


def show(now: View, threat: Threat, row: DeltaGenerator) -> None:
    """The comparison. Whether of adversaries or profiles is chosen in `row`."""
    kind = address.segmented_control(
        row,
        "Compare",
        list(KINDS),
        "threat_pair",
        default="adversaries",
        format_func=KINDS.__getitem__,
        label_visibility="collapsed",
    )
    row = st.container(horizontal=True, vertical_alignment="bottom")
    pair = _two_adversaries(now, threat, row) if kind == "adversaries" else _two_profiles(now, row)
    if pair is None:
        st.info(_TOO_FEW[kind])
        return
    (key_a, a), (key_b, b) = pair
    names = (a.profile.name, b.profile.name)
    found = compare_threats(now, a, b)
    first, second = found["need_a"] > 0, found["need_b"] > 0
    _figures(now, (a, b), names, found)
    choices = {"all": "Everything", "a": f"Open, {names[0]}", "b": f"Open, {names[1]}"}
    which = address.selectbox(
        row, "Show", list(choices), "threat_pair_show", default="all", format_func=choices.get, width=220
    )
    if which != "all":
        kept = (first if which == "a" else second) & (found["covered"] < 1)
        found, first, second = found[kept], first[kept], second[kept]
    st.caption(f"{amount(len(found), 'row')}, what both need first. Click one to open the technique.")
    shown = found.assign(
        who=["both" if x and y else names[0] if x else names[1] for x, y in zip(first, second, strict=True)],
        state=found["state"].map(STATES),
    )
    columns = {name: adversary.COLUMNS[name] for name in ("attack_id", "name", "state", "url")}
    columns["who"] = st.column_config.TextColumn("Needed by", width=180)
    order = ["attack_id", "name", "who", "state", "url"]
    if kind == "profiles":  # an adversary alone needs each of its IDs in full
        for need, nth in (("need_a", "first"), ("need_b", "second")):
            columns[need] = st.column_config.NumberColumn(
                f"Need, {nth}",
                width=110,
                format="%.2f",
                help="Weighted share of its members that use it, 0-1.",
            )
        order[3:3] = ["need_a", "need_b"]
    place = parts.chosen_row(shown, "threat_pair_table", columns, height=420, order=order)
    if place is not None:
        session.open_technique(found.iloc[place]["attack_id"])
    stem = f"compare_{adversary.stem(key_a)}_{adversary.stem(key_b)}"
    parts.csv_button(found, now, stem, None, "Download the comparison as CSV")


def _two_adversaries(
    now: View, threat: Threat, row: DeltaGenerator
) -> tuple[tuple[str, Threat], tuple[str, Threat]] | None:
    """Two members of the profile, each as a profile of its own; None where there are not so many."""
    rows = adversaries(now, threat)
    names = dict(rows_of(rows, "member_id", "name"))
    if len(names) < 2:
        return None
    a, b = controls.two_of(
        row, ("First", "Second"), list(names), ("threat_a", "threat_b"), width=220, format_func=names.get
    )
    return tuple((one, threat.of_member(one)) for one in (a, b))


def _two_profiles(now: View, row: DeltaGenerator) -> tuple[tuple[str, Threat], tuple[str, Threat]] | None:
    """Two profiles that can be chosen above; None where there is one alone."""
    found = threat_choice.every(now)
    if len(found) < 2:
        return None
    a, b = controls.two_of(
        row,
        ("First", "Second"),
        list(found),
        ("threat_profile_a", "threat_profile_b"),
        width=260,
        format_func=lambda key: found[key].name,
    )
    return tuple((one, session.threat(found[one])) for one in (a, b))


def _figures(now: View, threats: tuple[Threat, Threat], names: tuple[str, ...], found: pd.DataFrame) -> None:
    """How far each of the two is covered, and how many IDs both need, and one alone."""
    columns = iter(st.columns(5))
    for threat, name in zip(threats, names, strict=True):
        covered = threat_coverage(now, threat)
        next(columns).metric(
            plain(f"{name}: covered by need"),
            f"{covered.weighted:.0%}",
            delta=f"{number(covered.covered)} of {covered.needed:,}",
            delta_color="off",
            delta_arrow="off",
            help="Sum of need × covered over the sum of need, and covered of needed IDs in scope.",
        )
    first, second = found["need_a"] > 0, found["need_b"] > 0
    parts_of = {"Both need": first & second}
    parts_of |= {f"Only {names[0]}": first & ~second, f"Only {names[1]}": second & ~first}
    for title, mine in parts_of.items():
        next(columns).metric(
            plain(title),
            f"{int(mine.sum())}",
            delta=f"{int((found.loc[mine, 'covered'] < 1).sum())} open",
            delta_color="off",
            delta_arrow="off",
        )
