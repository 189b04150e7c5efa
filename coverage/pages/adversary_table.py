"""Adversaries by tactics: a table that is a heatmap of what is covered of what each needs. Widgets only."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.charts.theme import ink_on
from coverage.frames import rows_of
from coverage.measures.adversaries import adversaries, adversary_tactics
from coverage.pages import parts
from coverage.palette import SHARE_BANDS, Theme, band_of
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.threats.threat import Threat
from coverage.words import amount, number

_FIXED = {
    "name": st.column_config.TextColumn("Adversary", width=150),
    "of": st.column_config.TextColumn(
        "Covered", width=72, help="Covered of the techniques and sub-techniques in scope that it needs."
    ),
    "share": st.column_config.NumberColumn("Share", width=60),
    "open": st.column_config.NumberColumn("Open", width=56, help="Needed, and not covered."),
    "last_reported": st.column_config.NumberColumn(
        "Last", width=56, help="Newest year among the citations of its uses."
    ),
}
_LEAST = 72  # pixels of a tactic's column; its head is shown whole
_SORTS = {"share": "Least covered", "open": "Most open", "last_reported": "Last reported"}


def show(now: View, threat: Threat, row: DeltaGenerator) -> str | None:
    """The table, whose choices stand in `row`; the ID of the adversary that was clicked, or None."""
    rows, cells = adversaries(now, threat), adversary_tactics(now, threat)
    cells = cells[cells["needed"] > 0]
    titles = dict(rows_of(cells, "tactic_id", "tactic"))
    order = [one for one in now.catalogue.tactics.sort_values("position")["tactic_id"] if one in titles]
    shares = cells.pivot(index="member_id", columns="tactic_id", values="share").reindex(columns=order)
    labels = _SORTS | {tactic: f"Least covered in {titles[tactic]}" for tactic in order}
    by = address.selectbox(
        row, "Sort by", list(labels), "threat_sort", default="share", format_func=labels.get, width=260
    )
    search = (
        address.text_input(row, "Search", "threat_search", placeholder="Name or ID", width=180)
        .strip()
        .casefold()
    )
    rows = rows.assign(open=rows["needed"] - rows["covered"]).join(shares, on="member_id")
    rows = rows[
        [
            search in f"{one} {name}".casefold()
            for one, name in zip(rows["member_id"], rows["name"], strict=True)
        ]
    ]
    rows = rows.sort_values(
        [by, "needed"],
        ascending=[by not in ("open", "last_reported"), False],
        kind="stable",
        ignore_index=True,
    )
    shade = "darker" if session.theme().name == "light" else "lighter"
    st.caption(
        f"{amount(len(rows), 'adversary', 'adversaries')} shown. A cell is covered / needed in that tactic; "
        f"the {shade}, the larger the share, and grey is none of it. Click a row to open the adversary."
    )
    if rows.empty:
        st.info("No adversary matches this search.")
        return None
    words = {
        (member, tactic): f"{number(covered)}/{needed}"
        for member, tactic, covered, needed in rows_of(cells, "member_id", "tactic_id", "covered", "needed")
    }
    ids = rows["member_id"].tolist()
    of = [f"{number(c)}/{n}" for c, n in rows_of(rows, "covered", "needed")]
    texts = {tactic: [words.get((one, tactic)) for one in ids] for tactic in order}
    shown = rows.assign(of=of, **texts)[[*_FIXED, *order]]
    css = rows[order].map(lambda share: _css(share, session.theme()))
    config = _FIXED | {
        tactic: st.column_config.TextColumn(
            titles[tactic],
            width=max(_LEAST, 20 + 6 * len(titles[tactic])),
            help=plain(f"{titles[tactic]} ({tactic})"),
        )
        for tactic in order
    }

    def styled(page: pd.DataFrame) -> Styler:
        style = page.style.format({"share": "{:.0%}", "open": number, "last_reported": "{}"}, na_rep="–")
        return style.apply(lambda _: css.loc[page.index], axis=None, subset=order)

    place = parts.chosen_row(
        shown, "adversaries", config, height=min(38 + 35 * len(shown), 520), search=False, styled=styled
    )
    return None if place is None else ids[place]


def _css(share: float, theme: Theme) -> str:
    if pd.isna(share):
        return ""
    fill = (theme.open, *theme.steps)[band_of(share, SHARE_BANDS)]
    return f"background-color: {fill}; color: {ink_on(fill)}"
