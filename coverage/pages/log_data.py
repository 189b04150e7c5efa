"""Data. Who: an engineer, a detection lead, a manager. Question: of what looks covered, what can run on the
data that we receive, and what breaks without it?

Next: open a log source and its rules, see what its loss would darken, or go to the gaps whose data arrives.
"""

import pandas as pd
import streamlit as st

from coverage import session
from coverage.charts.data_states import TITLES, data_state_matrix
from coverage.charts.matrix import cards
from coverage.inventory.arrivals import Arrivals
from coverage.measures.data_states import placement_states, state_counts
from coverage.measures.matrix import matrix_cells, matrix_tactics
from coverage.measures.verdicts import verdict_by_rule, verdict_counts
from coverage.pages import data_choice, data_next, data_source, data_what_if, parts, technique_detail
from coverage.pages.matrix_view import matrix_view
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.vocabulary import DATA_STATES
from coverage.words import amount

VIEWS = {"sources": "Log sources", "matrix": "Matrix", "what_if": "What if", "next": "Connect next"}
GRAINS = {"techniques": "Techniques", "subtechniques": "Sub-techniques", "placements": "Matrix cells"}


def page() -> None:
    """The answer, the inventories, and the view or the log source that the address names."""
    now, head = session.guarded_view(), st.container()
    found = session.inventories()
    if found is None or now.arrivals is None:
        with head:
            session.page_head("Data", _unanswered(now), now)
        data_choice.first_inventory(now)
        return
    opened = address.parameter("source")
    if opened and st.button("All log sources", icon=":material/arrow_back:", key="source_back"):
        address.step(source=None)
    if opened:
        data_source.show(opened, now, now.arrivals, head)
        return
    with head:
        _head(now, now.arrivals)
        st.caption(plain(data_choice.about(found)))
        data_choice.errors(found)
    figures, row = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    view = address.segmented_control(
        row,
        "View",
        list(VIEWS),
        "data_view",
        default="sources",
        format_func=VIEWS.__getitem__,
        label_visibility="collapsed",
    )
    if row.button(
        "Open gaps whose data arrives",
        icon=":material/checklist:",
        key="data_to_plan",
        help="The cheapest gaps: on the Plan page, with this filter.",
    ):
        session.open_page("plan", gap_data="arrives")
    if view != "what_if":  # it has its own, before and after
        with figures:
            _figures(now, now.arrivals)
    if view == "matrix":
        _matrix(now, now.arrivals)
    elif view == "what_if":
        data_what_if.show(now, now.arrivals)
    elif view == "next":
        data_next.show(now, now.arrivals)
    else:
        data_source.table(now, now.arrivals)
    data_choice.problems(found, now)
    data_choice.change(now)


def _unanswered(now: View) -> str:
    return f"Which of {amount(len(now.rules), 'rule')} can run? No inventory says yet which log data arrives."


def _head(now: View, arrivals: Arrivals) -> None:
    counts = state_counts(now, arrivals)["techniques"]
    rules = verdict_counts(verdict_by_rule(now, arrivals))
    session.page_head(
        "Data",
        f"Of {amount(counts['total'], 'technique')} in scope {counts['data_and_rule']:,} "
        f"are covered by a rule that can run, {counts['rule_only']:,} only by rules without data, and "
        f"{counts['data_only']:,} are open although data arrives.",
        now,
        f"{rules['can_run']:,} of {amount(rules['total'], 'rule')} in scope can run, "
        f"{rules['cannot_fire']:,} cannot fire for want of data, and of {rules['not_told']:,} nothing tells. "
        f"{amount(counts['neither'], 'technique has', 'techniques have')} neither data nor rule; of "
        f"{counts['not_told']:,} nothing tells.",
    )


def _figures(now: View, arrivals: Arrivals) -> None:
    counts = state_counts(now, arrivals)
    columns = st.columns(len(DATA_STATES))
    for column, (name, title) in zip(columns, TITLES.items(), strict=True):
        ids = counts["subtechniques"]
        column.metric(
            title.capitalize(),
            f"{counts['techniques'][name]:,} of {counts['techniques']['total']:,}",
            help=f"Techniques. {plain(DATA_STATES[name].partition(': ')[2].capitalize())}. "
            f"Sub-techniques: {ids[name]:,} of {ids['total']:,}.",
        )


def _matrix(now: View, arrivals: Arrivals) -> None:
    states = placement_states(now, arrivals)
    st.caption(
        "Each cell has its state as a word: **runs**, a rule on it can run; **build**, data arrives and no "
        "rule is there; **no data**, it looks covered and its rules cannot fire; **neither**; **not told**. "
        "A dashed outline is a cell without a rule. A rule counts in the tactic it names."
    )
    data = data_state_matrix(
        matrix_cells(now, session.accepted(now)), matrix_tactics(now), session.theme(), states, cards(now)
    )
    names = [stamp.name for stamp in now.scope.corpora]
    matrix_view(data, lambda attack_id: technique_detail.technique_dialog(attack_id, names))
    counts = state_counts(now, arrivals)
    table = pd.DataFrame(
        [{"": title, **counts[grain]} for grain, title in GRAINS.items()],
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "": st.column_config.TextColumn("", width=130),
            **{name: st.column_config.NumberColumn(title.capitalize()) for name, title in TITLES.items()},
            "total": st.column_config.NumberColumn("Total"),
        },
    )
    parts.csv_button(states, now, "data_states", None, "Download every cell's state as CSV")


page()
