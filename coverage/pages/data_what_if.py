"""What if log sources stopped, or started: before and after, the IDs and the rules. Widgets only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from coverage import session
from coverage.charts.data_states import TITLES
from coverage.frames import rows_of
from coverage.inventory.arrivals import ARRIVES, Arrivals
from coverage.log_sources import listed_log_sources
from coverage.measures.connections import connected, sources
from coverage.measures.what_if import WhatIf, what_if
from coverage.pages import parts
from coverage.scope import View
from coverage.session import address
from coverage.vocabulary import DATA_CHANGES, VERDICT_TITLES
from coverage.words import amount

_GRAINS = {"techniques": "Techniques", "subtechniques": "Sub-techniques", "placements": "Matrix cells"}
# Those that the sentence counts, with its words.
_TOLD = {
    "dark": "go dark",
    "one_rule": "hang on one rule",
    "reach_lost": "lose their data",
    "lit": "be newly covered",
    "in_reach": "come within reach",
}


def show(now: View, arrivals: Arrivals) -> None:
    """The choice of log sources to lose and to add, and what that does."""
    known = sources(now, arrivals)
    rules = dict(rows_of(known, "source", "rules"))
    arriving = known.loc[known["state"] == ARRIVES, "source"].tolist()
    others = known.loc[(known["state"] != ARRIVES) & known["known"], "source"].tolist()
    row = st.container(horizontal=True, vertical_alignment="bottom")
    lose = _choice(row, "These no longer arrive", arriving, "data_lose", rules, "Choose what stops")
    add = _choice(row, "These arrive, too", others, "data_add", rules, "Choose what starts")
    if not lose and not add:
        st.info(
            "Choose a log source that stops, such as one that you depend on, or one that you could connect. "
            "What changes is counted as if the rules that stop were not there."
        )
        return
    outcome(now, arrivals, lose, add, "what_if")


def _choice(
    row, label: str, options: Sequence[str], key: str, rules: Mapping[str, int], placeholder: str
) -> list[str]:
    state = st.session_state
    if key in state:  # the inventory may be another than when it was chosen
        state[key] = [one for one in state[key] if one in options]
    return address.multiselect(
        row,
        label,
        options,
        key,
        placeholder=placeholder,
        format_func=lambda name: f"{name} ({amount(rules.get(name, 0), 'rule')})",
        width=480,
    )


def outcome(
    now: View, arrivals: Arrivals, lose: Sequence[str], add: Sequence[str], key: str, rules: bool = True
) -> None:
    """What it does when these log sources no longer arrive and those do; `rules`: lists these, too."""
    after = arrivals.without(lose).with_(connected(add, listed_log_sources()))
    found = what_if(now, arrivals, after)
    st.markdown(f"#### {_sentence(found)}")
    figures = _figures(found)
    for column, (name, (old, new)) in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(
            name,
            f"{new:,}",
            f"{new - old:+,}" if new != old else None,
            delta_color="normal" if name in ("Data and rule", "Rules that can run") else "off",
            help=f"{'Rules' if name == figures[0][0] else 'Techniques'} in scope. Before: {old:,}.",
        )
    _counts(found, now, key)
    _ids(found, now, key)
    if rules:
        _rules(found, now, key)


def _figures(found: WhatIf) -> list[tuple[str, tuple[int, int]]]:
    """Title -> before and after: rules that can run, and techniques in the states that something tells."""
    old, new = found.before["techniques"], found.after["techniques"]
    states = [
        (title.capitalize(), (old[name], new[name])) for name, title in TITLES.items() if name != "not_told"
    ]
    return [("Rules that can run", (found.rules_before["can_run"], found.rules_after["can_run"])), *states]


def _sentence(found: WhatIf) -> str:
    stop = int((found.rules["before"] == "can_run").sum())
    start = int((found.rules["after"] == "can_run").sum())
    parts_of = [
        *([f"{amount(stop, 'rule')} would stop"] if stop else []),
        *([f"{amount(start, 'rule')} would start to run"] if start else []),
        *(
            f"{amount(count, 'ID')} would {words if count > 1 else words.replace('their', 'its')}"
            for name, words in _TOLD.items()
            if (count := len(found.ids_that(name)))
        ),
    ]
    if not parts_of:
        return "No rule would stop or start, and no technique changes."
    return ", ".join(parts_of) + "."


def _counts(found: WhatIf, now: View, key: str) -> None:
    rows = [
        {
            "grain": title,
            **{f"{name}_{when}": counts[grain][name] for name in (*TITLES, "total") for when, counts in both},
        }
        for grain, title in _GRAINS.items()
        for both in [(("before", found.before), ("after", found.after))]
    ]
    shown = [
        {
            "grain": row["grain"],
            **{name: _step(row[f"{name}_before"], row[f"{name}_after"]) for name in TITLES},
            "total": f"{row['total_before']:,}",
        }
        for row in rows
    ]
    config = {"grain": "Before → after", **{name: title.capitalize() for name, title in TITLES.items()}}
    st.dataframe(pd.DataFrame(shown), hide_index=True, column_config={**config, "total": "Total"})
    parts.csv_button(pd.DataFrame(rows), now, f"{key}_counts", None, "Download the counts as CSV")


def _step(before: int, after: int) -> str:
    return f"{before:,}" if before == after else f"{before:,} → {after:,}"


_IDS = {
    "attack_id": st.column_config.TextColumn("ID", width=86),
    "name": st.column_config.TextColumn("Technique", width=280),
    "change": st.column_config.TextColumn("What changes", width=290),
    "rules_before": st.column_config.NumberColumn(
        "Rules before", width=96, help="Rules on it that can run, under the chosen roll-up."
    ),
    "rules_after": st.column_config.NumberColumn("After", width=60),
    "state_before": st.column_config.TextColumn("State before", width=130),
    "state_after": st.column_config.TextColumn("State after", width=130),
}


def _ids(found: WhatIf, now: View, key: str) -> None:
    st.subheader("Techniques and sub-techniques", anchor=False)
    if found.ids.empty:
        st.caption("It makes no difference to any.")
        return
    st.caption(f"{amount(len(found.ids), 'row')}, the gravest first. Click one to open it.")
    shown = found.ids.assign(
        change=found.ids["change"].map(DATA_CHANGES),
        state_before=found.ids["state_before"].map(TITLES),
        state_after=found.ids["state_after"].map(TITLES),
    )
    place = parts.chosen_row(
        shown, f"{key}_ids", _IDS, height=min(38 + 35 * len(shown), 380), order=list(_IDS)
    )
    parts.csv_button(found.ids, now, f"{key}_ids", None, "Download these IDs as CSV")
    if place is not None:
        session.open_technique(found.ids.iloc[place]["attack_id"])


_RULES = {
    "name": st.column_config.TextColumn("Rule", width=360),
    "corpus": st.column_config.TextColumn("Rule set", width=90),
    "before": st.column_config.TextColumn("Before", width=150),
    "after": st.column_config.TextColumn("After", width=150),
    "path": st.column_config.TextColumn("File", width=380),
}


def _rules(found: WhatIf, now: View, key: str) -> None:
    st.subheader("Rules", anchor=False)
    if found.rules.empty:
        st.caption("No rule stops or starts.")
        return
    st.caption(f"{amount(len(found.rules), 'rule')} with another verdict. Click one to open it.")
    shown = found.rules.assign(
        before=found.rules["before"].map(VERDICT_TITLES), after=found.rules["after"].map(VERDICT_TITLES)
    )
    place = parts.chosen_row(
        shown, f"{key}_rules", _RULES, height=min(38 + 35 * len(shown), 320), order=list(_RULES)
    )
    parts.csv_button(found.rules, now, f"{key}_rules", None, "Download these rules as CSV")
    if place is not None:
        session.open_rule(found.rules.iloc[place]["rule_key"])
