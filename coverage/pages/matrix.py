"""Matrix. Who: engineers and managers. Question: where are we covered, how well, and where not? With several
rule sets also: which of two covers what?

Next: click a cell to see its rules, or expand it to see which sub-techniques are open.
"""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.charts.matrix import coverage_data, needs
from coverage.charts.who import who_data
from coverage.measures import coverage_by_placement, coverage_by_tactic
from coverage.measures.cell import PAGE_MEASURES
from coverage.measures.matrix import matrix_cells, matrix_tactics
from coverage.measures.need import threat_coverage
from coverage.pages import compare, corpus_parts, export_buttons, parts, technique_detail, threat_choice
from coverage.pages.matrix_view import matrix_view
from coverage.project.accepted_gaps import Accepted
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.threats.threat import Threat
from coverage.words import amount

VIEWS = {"coverage": "Coverage", "compare": "Compare"}
CORPORA = "corpora"  # the colour that says who covers a cell


HOW_TO_READ = (
    "A cell has the technique, its number, and how many of its sub-techniques in that tactic are covered, "
    "such as 7/8. "
    "A rule counts in the tactic it names; where it names none, in every tactic of the technique."
)


def page() -> None:
    """The view that the address names; only that one is computed."""
    everything, head = session.guarded_view(), st.container()
    several = len(corpus_parts.corpus_names(everything)) > 1
    row = st.container(horizontal=True, vertical_alignment="bottom")
    if several or address.parameter("show") == "compare":
        view = address.segmented_control(
            row,
            "View",
            list(VIEWS),
            "show",
            default="coverage",
            format_func=VIEWS.__getitem__,
            label_visibility="collapsed",
        )
        if view == "compare":
            compare.compare_view(everything, head, row)
            return
    _coverage(everything, head, row, several)


def _coverage(everything: View, head: DeltaGenerator, row: DeltaGenerator, several: bool) -> None:
    shade = address.selectbox(
        row,
        "Colour by",
        [*PAGE_MEASURES, *([CORPORA] if several else [])],
        "shade",
        default="rules",
        format_func=lambda name: PAGE_MEASURES[name].label if name in PAGE_MEASURES else "Rule sets",
        help=HOW_TO_READ,
        width=200,
    )
    now = corpus_parts.chosen_corpus(everything, "matrix_corpus", row, off=shade == CORPORA, width=200)
    fixed = shade in PAGE_MEASURES and bool(PAGE_MEASURES[shade].bands) and _fixed_bands(row)
    threat = _threat(row, now)
    with head:
        more = [plain(threat_coverage(now, threat).sentence(threat.profile.name))] if threat else []
        session.page_head("Matrix", _answer(now), now, *more)
    accepted = session.accepted(now)
    if shade == CORPORA:
        data = _who(now, accepted, threat)
    else:
        data = coverage_data(now, accepted, session.theme(), shade, fixed, threat)
    corpora = [stamp.name for stamp in now.scope.corpora]
    matrix_view(data, lambda attack_id: technique_detail.technique_dialog(attack_id, corpora))
    _not_shown(now)
    cells = matrix_cells(now, accepted)
    _files(corpus_parts.who_covers(now).marked(cells) if several and now is everything else cells, now, shade)


def _who(now: View, accepted: Accepted, threat: Threat | None) -> dict[str, Any]:
    """The matrix of who covers what."""
    who = corpus_parts.who_covers(now)
    st.caption(who.sentence)
    cells, needed = who.marked(matrix_cells(now, accepted)), needs(now, threat) if threat else None
    return who_data(cells, matrix_tactics(now), session.theme(), who.corpora, who.rules, needed)


def _threat(place: DeltaGenerator, now: View) -> Threat | None:
    """The threat profile whose needs are marked, when the reader asks for it."""
    below = st.container()
    if not address.toggle(
        place,
        "Mark what is needed",
        "show_need",
        help="A dot on what the chosen threat profile needs; with a dashed outline it is open, too.",
    ):
        return None
    return threat_choice.choose(below, now)


def _fixed_bands(place: DeltaGenerator) -> bool:
    return address.toggle(
        place,
        "Fixed bands",
        "fixed_bands",
        help="Off: each colour holds about as many of the covered techniques. On: the bands are the same for "
        "all rules and scopes, and those of the files.",
    )


def _answer(now: View) -> str:
    placements = coverage_by_placement(now)
    techniques = placements[~placements["is_subtechnique"]]
    covered = float(techniques["covered"].sum())
    return (
        f"{covered:,g} of {amount(len(techniques), 'matrix cell is', 'matrix cells are')} covered; "
        "cells with a dashed outline are open."
    )


def _not_shown(now: View) -> None:
    tactics = coverage_by_tactic(now)
    empty = tactics.loc[tactics["total"] == 0, "name"].tolist()
    if empty:
        why = "hold no technique in scope" if now.scope.pre else "hold only pre-attack techniques"
        way = "" if now.scope.pre else " Include them in the sidebar, under Advanced."
        st.caption(f"Not shown: {plain(' and '.join(empty))} {why}.{way}")


_TABLE = {
    "tactic": st.column_config.TextColumn("Tactic", width=150),
    "attack_id": st.column_config.TextColumn("ID", width=82),
    "name": st.column_config.TextColumn("Technique", width=280),
    "rules": st.column_config.NumberColumn("Rules", width=66),
    "subtechniques_covered": st.column_config.NumberColumn("Sub-techniques covered", width=160),
    "subtechniques": st.column_config.NumberColumn("Sub-techniques", width=118),
    "depth": st.column_config.NumberColumn("Depth", format="%.2f", width=70),
    "platforms_covered": st.column_config.NumberColumn("Platforms covered", width=130),
    "platforms_total": st.column_config.NumberColumn("Platforms", width=82),
    "score": st.column_config.NumberColumn("Score", format="%.2f", width=70),
    "severity": st.column_config.TextColumn("Highest severity", width=120),
    "mark": st.column_config.TextColumn("Accepted", width=200),
}


def _files(cells: pd.DataFrame, now: View, shade: str) -> None:
    """The matrix as a table on request, and as files."""
    if address.toggle(st, "Show every cell as a table", "as_table"):
        shown = cells.assign(mark=cells["mark"].where(cells["mark"] != "", None))
        st.dataframe(shown[list(_TABLE)], hide_index=True, column_config=_TABLE, height=420, placeholder="–")
    in_file = [name for name in cells if name not in ("x", "tactic", "sign")]
    rows = cells.sort_index()[[*in_file, "tactic"]]
    names = {"attack_id": "technique_id", "mark": "accepted"}
    parts.csv_button(rows, now, "matrix", names, "Download every cell as CSV")
    export_buttons.matrix_buttons(now, shade)


page()
