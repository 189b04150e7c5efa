"""One adversary of a threat profile: its five states, what is open, and what to do. Widgets only.

Next: open a technique, take the open ones as CSV or as a plan for tickets, or its matrix as a layer.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.charts.matrix import cards, needs
from coverage.charts.overlay import overlay_data, overlay_sentence
from coverage.exports.columns import NAMES
from coverage.measures import gaps
from coverage.measures.accepted import with_accepted
from coverage.measures.adversaries import adversaries, adversary_ids, threat_overlay
from coverage.measures.matrix import matrix_cells, matrix_tactics
from coverage.pages import export_buttons, parts, technique_detail
from coverage.pages.matrix_view import matrix_view
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.threats.threat import Threat
from coverage.vocabulary import STATES, WAYS
from coverage.words import amount, number

_TITLES = {
    "exact": "Exact rule",
    "sub_only": "Only a sub-technique's",
    "parent_only": "Only the technique's",
    "sibling_only": "Only a sibling's",
    "none": "None",
}
# The columns of a table of IDs that an adversary needs.
COLUMNS = {
    "attack_id": st.column_config.TextColumn("ID", width=86),
    "name": st.column_config.TextColumn("Technique", width=260),
    "state": st.column_config.TextColumn("Rules", width=240, help="What rules in scope there are for it."),
    "last_reported": st.column_config.NumberColumn(
        "Last reported", width=100, format="%d", help="Newest year among the citations of this use."
    ),
    "ways": st.column_config.ListColumn(
        "How", width=120, help="  \n".join(f"**{way}**: {words}" for way, words in WAYS.items())
    ),
    "need": st.column_config.NumberColumn(
        "Need", width=66, format="%.2f", help="Weighted share of the profile's members that use it, 0-1."
    ),
    "url": parts.LINK,
}


def show(member_id: str, now: View, threat: Threat, head: DeltaGenerator) -> None:
    """The adversary of that ID; its answer goes into `head`."""
    rows = adversaries(now, threat)
    rows = rows[rows["member_id"] == member_id]
    if rows.empty:
        with head:
            session.page_head(
                "Not in this profile", "The adversary in this link is not against us here.", now
            )
        st.warning(
            f"“{plain(member_id)}” is no member of {plain(threat.profile.name)}. Choose another profile."
        )
        return
    row = rows.iloc[0]
    ids = adversary_ids(now, threat)
    ids = ids[ids["member_id"] == member_id]
    open_ids = ids[ids["covered"] < 1]
    with head:
        session.page_head(row["name"], _answer(row), now, *_more(row))
    for column, (state, title) in zip(st.columns(5), _TITLES.items(), strict=True):
        column.metric(title, f"{row[state]} of {row['needed']}", help=f"{STATES[state].capitalize()}.")
    views = {
        "open": f"Open techniques ({len(open_ids):,})",
        "matrix": "Matrix",
        "all": f"Everything that it needs ({len(ids):,})",
    }
    view = address.segmented_control(
        st,
        "View",
        list(views),
        "adversary_view",
        default="open",
        format_func=views.__getitem__,
        label_visibility="collapsed",
    )
    if view == "matrix":
        _matrix(now, threat.of_member(member_id))
    elif view == "all":
        _table(ids, now, member_id, "all")
    elif open_ids.empty:
        st.success("Nothing that it needs and that is in scope is open.")
    else:
        _table(open_ids, now, member_id, "open")


def _matrix(now: View, alone: Threat) -> None:
    """What it alone needs over what is covered, on the matrix and as a layer."""
    overlay = threat_overlay(now, alone)
    st.caption(overlay_sentence(overlay) + " Sub-techniques are in the cell of their technique; expand it.")
    cells, tactics = matrix_cells(now, session.accepted(now)), matrix_tactics(now)
    data = overlay_data(cells, tactics, session.theme(), overlay, needs(now, alone), cards(now))
    corpora = [stamp.name for stamp in now.scope.corpora]
    matrix_view(data, lambda attack_id: technique_detail.technique_dialog(attack_id, corpora))
    name = f"navigator_{stem(alone.members['member_id'].iloc[0])}"
    export_buttons.threat_layer_button("Navigator layer", now, alone, name)


def _answer(row: pd.Series) -> str:
    needed = int(row["needed"])
    if not needed:
        return "Nothing that it uses is in scope."
    return (
        f"{number(row['covered'])} of {needed} needed techniques and sub-techniques are covered "
        f"({row['share']:.0%})."
    )


def _more(row: pd.Series) -> list[str]:
    more = []
    if not pd.isna(row["last_reported"]):
        more.append(f"Last reported {row['last_reported']}.")
    if row["out_of_scope"]:
        more.append(
            f"{amount(row['out_of_scope'], 'more that it uses is', 'more that it uses are')} out of scope, "
            "such as pre-attack techniques."
        )
    if isinstance(row["url"], str):
        more.append(f"[{row['member_id']} on attack.mitre.org]({row['url']})")
    return [" ".join(more)] if more else []


def _table(ids: pd.DataFrame, now: View, member_id: str, which: str) -> None:
    """IDs that it needs; of the open ones what is next."""
    st.caption(f"{amount(len(ids), 'row')}. Click one to open the technique, a heading to sort.")
    place = parts.chosen_row(
        ids.assign(state=ids["state"].map(STATES)),
        f"adversary_{which}_{member_id}",
        COLUMNS,
        height=min(38 + 35 * len(ids), 420),
        order=list(COLUMNS),
    )
    if place is not None:
        session.open_technique(ids.iloc[place]["attack_id"])
    with st.container(horizontal=True):
        if which == "all":
            parts.csv_button(ids, now, f"needs_of_{stem(member_id)}", NAMES, "All of these as CSV")
            return
        parts.csv_button(ids, now, f"gaps_of_{stem(member_id)}", NAMES, "Open techniques as CSV")
        found = gaps(now)
        chosen = with_accepted(found[found["attack_id"].isin(ids["attack_id"])], session.accepted(now), now)
        export_buttons.plan_buttons(chosen, now, None)


def stem(member_id: str) -> str:
    """The ID of a member as a part of a file's name: that of a file's member has the file's path in it."""
    return "".join(sign if sign.isalnum() else "_" for sign in member_id)
