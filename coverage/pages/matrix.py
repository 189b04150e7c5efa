"""Matrix. Who: engineers and managers. Question: where are we covered, how well, and where not?

Next: click a cell to see its rules, or unfold it to see which sub-techniques are open.
"""

import pandas as pd
import streamlit as st

from coverage import session
from coverage.charts.matrix import matrix_figure
from coverage.charts.who import who_figure
from coverage.measures import coverage_by_placement, coverage_by_tactic
from coverage.measures.cell import PAGE_MEASURES
from coverage.measures.matrix import matrix_cells, matrix_tactics, rule_names, shown_cells
from coverage.pages import corpus_parts, export_buttons, parts
from coverage.text import plain
from coverage.words import amount

everything = session.guarded_view()
head, several = st.container(), len(corpus_parts.corpus_names(everything)) > 1
controls = st.columns([9.4, 2, 2, 2, 1.8] if several else [7, 2.7, 2.4, 1.6], vertical_alignment="bottom")
shade = controls[0].segmented_control(
    "Colour by",
    [*PAGE_MEASURES, *(["corpora"] if several else [])],
    default="rules",
    required=True,
    key="shade",
    bind="query-params",
    format_func=lambda name: PAGE_MEASURES[name].label if name in PAGE_MEASURES else "Corpora",
)
now = corpus_parts.chosen_corpus(everything, "matrix_corpus", controls[3], off=shade == "corpora")
placements, tactics = coverage_by_placement(now), coverage_by_tactic(now)
empty = list(tactics.loc[tactics["total"] == 0, "name"])
techniques = placements[~placements["is_subtechnique"]]
covered = float(techniques["covered"].sum())

with head:
    session.page_head(
        "Matrix",
        f"{covered:,g} of "
        f"{amount(len(techniques), 'technique placement has', 'technique placements have')} a rule in "
        "scope; outlined grey cells are open.",
        now,
    )

names = now.techniques.set_index("attack_id")["name"].to_dict()
parents = sorted(set(placements["parent_id"].dropna()))
unfolded = controls[1].multiselect(
    "Unfold" if several else "Unfold sub-techniques of",
    parents,
    key="unfold",
    bind="query-params",
    placeholder="Choose techniques",
    format_func=lambda attack_id: parts.technique_label(attack_id, names),
)
search = controls[2].text_input(
    "Find a technique", key="find", bind="query-params", placeholder="Name or ID, such as T1059"
)
unfold_all = controls[-1].toggle("Unfold all", key="unfold_all", bind="query-params")

every_cell = matrix_cells(now, session.accepted(now))
if several and now is everything:
    who = corpus_parts.who_covers(now)
    every_cell = who.marked(every_cell)
cells = shown_cells(every_cell, parents if unfold_all else unfolded)
words = search.strip().casefold()
text = cells["attack_id"].str.casefold() + " " + cells["name"].str.casefold()
missed = set(cells.loc[~text.str.contains(words, regex=False), "attack_id"]) if words else set()
if words and len(missed) == cells["attack_id"].nunique():
    st.info(f"No technique shown matches “{plain(search)}”. Sub-techniques are found when they are unfolded.")

st.caption(
    who.sentence
    if shade == "corpora"
    else f"In a cell: the technique, **{PAGE_MEASURES[shade].number}**, and covered/all of its "
    "sub-techniques in that tactic. A rule counts in the tactic it names; where it names none, in every "
    "tactic of the technique. Click a cell to open it."
)
chart_key = f"matrix_{st.session_state.setdefault('matrix_turn', 0)}"


def _remember_click() -> None:
    points = st.session_state[chart_key]["selection"]["points"]
    if points:
        st.session_state["matrix_clicked"] = points[0]["customdata"][0]
        st.session_state["matrix_turn"] += (
            1  # a new chart has no selection, so the same cell can be clicked again
        )


tactics = matrix_tactics(now)
figure = (
    who_figure(cells, tactics, session.theme(), who.corpora, who.rules, missed)
    if shade == "corpora"
    else matrix_figure(cells, tactics, session.theme(), shade, rule_names(now), missed)
)
st.plotly_chart(
    figure,
    key=chart_key,
    on_select=_remember_click,
    selection_mode="points",
    theme=None,
    config={
        "displayModeBar": True,
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {
            "format": "png",
            "scale": 2,
            "filename": session.file_name("matrix", now, "png")[:-4],
        },
    },
)
if empty:
    why = (
        "hold only PRE-only techniques, which are out of scope"
        if not now.scope.pre
        else "hold no technique in scope"
    )
    st.caption(
        f"Not shown: {plain(' and '.join(empty))} {why}."
        + ("" if now.scope.pre else " Switch them on in the sidebar.")
    )
in_file = [name for name in every_cell if name not in ("x", "tactic", "sign")]
csv_rows: pd.DataFrame = every_cell.sort_index()[[*in_file, "tactic"]]
csv_names = {"attack_id": "technique_id", "mark": "accepted"}
parts.csv_button(csv_rows, now, "matrix", csv_names, "Download every cell as CSV")
export_buttons.matrix_buttons(now, shade)

if clicked := st.session_state.pop("matrix_clicked", None):
    parts.technique_dialog(clicked, [stamp.name for stamp in now.scope.corpora])
