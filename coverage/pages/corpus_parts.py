"""What the pages show when several corpora are read: the choice of one, who covers what, and a line for each.
Widgets only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.charts.who import MOST, Corpora
from coverage.frames import rows_of
from coverage.measures import corpus_summary, covering_corpora, placements_by_corpus
from coverage.pages import parts
from coverage.scope import View, once_a_view
from coverage.words import amount


def corpus_names(now: View) -> list[str]:
    """The names of the rule sets of a view that have rules."""
    return [stamp.name for stamp in now.scope.corpora if stamp.rules]


def chosen_corpus(
    now: View,
    key: str,
    place: DeltaGenerator,
    off: bool = False,
    width: int | str = "stretch",
    label: str = "visible",
) -> View:
    """The view of the corpus the reader chose, each counted by its own rules; all of them when none is
    chosen.

    Draws nothing for a single corpus. `off` shows the choice and does not take it; `label` "collapsed" leaves
    out what stands above it.
    """
    names = corpus_names(now)
    if len(names) < 2:
        return now
    chosen = session.address.selectbox(
        place,
        "Rules of",
        names,
        key,
        index=None,
        placeholder="All rule sets",
        disabled=off,
        label_visibility=label,
        width=width,
        help="One rule set by its own rules alone; all of them with a rule that several have counted once.",
    )
    return now.of_corpora([chosen]) if chosen and not off else now


@dataclass(frozen=True)
class WhoCovers:
    """Which corpora cover each cell of the matrix, as `charts.who` draws it."""

    corpora: Corpora
    rules: Mapping[tuple[str, str], Mapping[str, int]]
    covering: pd.Series
    left_out: int

    @property
    def sentence(self) -> str:
        more = (
            f" Only the first {MOST} rule sets have a letter; {amount(self.left_out, 'more is', 'more are')} "
            "read."
            if self.left_out
            else ""
        )
        return (
            "A letter in a cell is a rule set that covers it by its own rules; the fill says how many do."
            f"{more}"
        )

    def marked(self, placements: pd.DataFrame) -> pd.DataFrame:
        """The placements with `corpora`: the names of all that cover the cell."""
        keys = zip(placements["tactic_id"].tolist(), placements["attack_id"].tolist(), strict=True)
        found = self.covering.to_dict()
        return placements.assign(
            corpora=pd.Series([found.get(key, ()) for key in keys], index=placements.index, dtype=object)
        )


def who_covers(now: View) -> WhoCovers:
    """Who covers what in a view of several corpora."""
    colours, names = session.corpus_colours(now), corpus_names(now)
    corpora = Corpora({name: colours[name] for name in names[:MOST]})
    return WhoCovers(corpora, *_covering(now), max(len(names) - MOST, 0))


@once_a_view
def _covering(now: View) -> tuple[dict[tuple[str, str], dict[str, int]], pd.Series]:
    """The rules of each corpus that count in each cell, and the names of those that cover it."""
    coverage = placements_by_corpus(now)
    rules: dict[tuple[str, str], dict[str, int]] = {}
    for tactic_id, attack_id, corpus, count in rows_of(coverage, "tactic_id", "attack_id", "corpus", "rules"):
        rules.setdefault((tactic_id, attack_id), {})[corpus] = count
    return rules, covering_corpora(coverage, ["tactic_id", "attack_id"])


def corpus_table(now: View) -> None:
    """The figures of each corpus alone and of all together, when there are several."""
    if len(corpus_names(now)) < 2:
        return
    rows = corpus_summary(now)
    union = rows.iloc[-1]
    shared = int(union["covered"] - rows["only_here"].sum()) if float(union["covered"]).is_integer() else None
    st.subheader("By rule set", anchor=False)
    st.caption(
        f"Each by its own rules alone; together {union['covered']:,g} of "
        f"{amount(union['total'], 'technique is', 'techniques are')} covered, where a rule that "
        "several rule sets have counts once."
        + (
            f" {amount(shared, 'of these is', 'of these are')} covered by more than one rule set."
            if shared
            else ""
        )
    )
    shown = rows.assign(
        corpus=rows["corpus"].fillna("all together"),
        share=100 * rows["covered"] / rows["total"].where(rows["total"] > 0),
        only_here=["" if pd.isna(count) else f"{count:,}" for count in rows["only_here"]],
        techniques=_of(rows["covered"], rows["total"]),
        subs=_of(rows["subtechniques_covered"], rows["subtechniques"]),
    )
    config = {
        "corpus": st.column_config.TextColumn("Rule set", width="medium"),
        "share": st.column_config.ProgressColumn(
            "Techniques covered", min_value=0, max_value=100, format="%.0f%%"
        ),
        "techniques": st.column_config.TextColumn("Techniques", width=100, alignment="right"),
        "only_here": st.column_config.TextColumn(
            "Only here", width=90, alignment="right", help="Techniques that no other rule set covers."
        ),
        "subs": st.column_config.TextColumn("Sub-techniques", width=118, alignment="right"),
        "rules": st.column_config.NumberColumn("Rules in scope", width=112, format="localized"),
        "rules_read": st.column_config.NumberColumn("Rules read", width=92, format="localized"),
    }
    st.dataframe(shown[list(config)], hide_index=True, column_config=config, placeholder="–")
    parts.csv_button(rows, now, "corpora")


def _of(covered: pd.Series, total: pd.Series) -> list[str]:
    return [f"{part:,g} of {whole:,}" for part, whole in zip(covered, total, strict=True)]
