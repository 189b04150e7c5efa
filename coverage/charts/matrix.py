"""What the browser draws of the ATT&CK matrix: cells, tactics, legend and hover cards as values for JSON.

`pages/matrix_view` hands it to the page's own component. Every text is plain text: the browser puts it in as
text, never as markup. Takes frames, knows no page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pandas as pd

from coverage.charts.theme import Theme, ink_on
from coverage.frames import rows_of
from coverage.measures.breadth import open_platforms_by_placement
from coverage.measures.cell import CELL_MEASURES, PAGE_MEASURES, CellMeasure, score_factors
from coverage.measures.matrix import (
    Place,
    first_rules,
    mark_keys,
    matrix_cells,
    matrix_tactics,
    with_status,
)
from coverage.measures.need import need_by_id
from coverage.project.accepted_gaps import Accepted
from coverage.scope import View, once_a_view
from coverage.threats.threat import Threat
from coverage.words import amount

MOST_RULES = 5  # on a card; the count of the others stands below them
MOST_NAMED = 6  # open sub-techniques, platforms and adversaries on a card
NEEDED, NEEDED_BELOW = "●", "○"  # marks beside the number: need and coverage are never two colours mixed

# The fields of a cell, in the order in which they stand in its list.
CELL = (
    "x",
    "attack_id",
    "name",
    "is_subtechnique",
    "is_open",
    "band",
    "number",
    "subtechniques",
    "sign",
    "letters",
    "spoken",
    "open",
    "facts",
    "rules",
    "more",
)


@dataclass(frozen=True)
class Cards:
    """What the cards say beside the cells' own columns."""

    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # rule key -> name, severity
    rules: Mapping[Place, Sequence[str]] = field(default_factory=dict)  # keys of all that count
    open_platforms: Mapping[Place, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Letters:
    """Letters in the cells, such as those of corpora, and lines of their own on the cards."""

    key: Sequence[tuple[str, str, str]] = ()  # letter, what it stands for, colour
    of: Mapping[Place, str] = field(default_factory=dict)
    lines: Mapping[Place, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """What a threat profile needs: ID -> its mark, how many of its members need it, and who and when on the
    card. A technique of which a sub-technique alone is needed has a mark of its own.
    """

    profile: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    spoken: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)


@once_a_view(most=20)
def needs(view: View, threat: Threat) -> Needs:
    """Who needs each ID, those with the largest part first, and the year that was last reported."""
    rows = need_by_id(view, threat)
    columns = ("attack_id", "members", "members_total", "needed_by", "last_reported")
    spoken, lines = {}, {}
    for attack_id, members, total, names, year in zip(
        *(rows[name].tolist() for name in columns), strict=True
    ):
        spoken[attack_id] = f"needed by {members} of {amount(total, 'adversary', 'adversaries')}"
        reported = "" if pd.isna(year) else f"; last reported {year}"
        lines[attack_id] = f"{NEEDED} Needed by {members} of {total}: {_named(names)}{reported}"
    marks = dict.fromkeys(lines, NEEDED)
    below = rows.loc[rows["is_subtechnique"] & ~rows["parent_id"].isin(lines), "parent_id"].value_counts()
    for parent, count in below.items():
        words = f"needed below: {amount(count, 'sub-technique')}"
        marks[parent], spoken[parent], lines[parent] = NEEDED_BELOW, words, f"{NEEDED_BELOW} N{words[1:]}"
    return Needs(threat.profile.name, marks, spoken, lines)


@once_a_view
def cards(view: View) -> Cards:
    """The rules that count in each cell, the severest and most specific first, and its open platforms."""
    columns = (view.rules[name] for name in ("rule_key", "name"))
    severity = view.rules["severity"].fillna("").tolist()
    names = zip(*(column.tolist() for column in columns), severity, strict=True)
    named = {key: (name, level) for key, name, level in names}
    return Cards(named, first_rules(view), open_platforms_by_placement(view))


@once_a_view(most=12)
def coverage_data(
    view: View,
    accepted: Accepted,
    theme: Theme,
    measure: str = "rules",
    fixed: bool = True,
    threat: Threat | None = None,
) -> dict[str, Any]:
    """`matrix_data` of a view by one of PAGE_MEASURES. Bands not `fixed` are quantiles of the techniques."""
    cells, chosen = matrix_cells(view, accepted), PAGE_MEASURES[measure]
    if measure == "status":
        cells = with_status(cells, view)
    if chosen.bands and not fixed:
        chosen = chosen.by_quantiles(cells.loc[~cells["is_subtechnique"], chosen.column].tolist())
    needed = needs(view, threat) if threat else None
    return matrix_data(cells, matrix_tactics(view), theme, chosen, cards(view), needs=needed)


def matrix_data(
    cells: pd.DataFrame,
    tactics: pd.DataFrame,
    theme: Theme,
    measure: str | CellMeasure = "rules",
    cards: Cards | None = None,
    letters: Letters | None = None,
    needs: Needs | None = None,
) -> dict[str, Any]:
    """The matrix as values for JSON, with an `id` that is another when anything in it is.

    Parameters
    ----------
    cells : MATRIX_CELLS, with the column of the measure
    tactics : TACTIC_COVERAGE of its columns
    measure : key of CELL_MEASURES, or a measure of one's own
    cards : what the hover cards say, from `cards`
    letters : what stands in the place of the number
    needs : of a threat profile, from `needs`: its cells have a mark

    Returns
    -------
    dict
        `cells` are lists of the values of CELL. Their `rules` are places in `rules`, each a severity and a
        name.
    """
    chosen = CELL_MEASURES[measure] if isinstance(measure, str) else measure
    cards, letters, needs = cards or Cards(), letters or Letters(), needs or Needs()
    bands = [chosen.band(value) for value in cells[chosen.column].tolist()]
    listed: dict[str, int] = {}
    found = [
        _cell(row, band, chosen, cards, letters, needs, listed, opened)
        for row, band, opened in zip(cells.itertuples(), bands, _open_below(cells), strict=True)
    ]
    signs = mark_keys(set(cells["sign"])) if chosen.form else []
    if needs.profile:
        signs += [f"{NEEDED} needed: {needs.profile}", f"{NEEDED_BELOW} a sub-technique of it is"]
    data = {
        "label": chosen.label,
        "bands": _legend(chosen, theme, {(cell[4], cell[5]) for cell in found}),
        "signs": signs,
        "letters": [{"letter": a, "name": name, "fill": c, "ink": ink_on(c)} for a, name, c in letters.key],
        "tactics": [_head(row) for row in tactics.itertuples()],
        "cells": found,
        "rules": [[cards.names[key][1], cards.names[key][0]] for key in listed],
        "look": {"paper": theme.paper, "text": theme.text, "faint": theme.faint, "accent": theme.accent},
    }
    return with_id(data)


def with_id(data: dict[str, Any]) -> dict[str, Any]:
    """The values of a matrix with an `id` that is another when anything in them is."""
    values = {name: value for name, value in data.items() if name != "id"}
    return {"id": crc32(json.dumps(values).encode()), **values}


def _head(row) -> dict[str, str]:
    covered = f"{row.covered:.0f}" if float(row.covered).is_integer() else f"{row.covered:.1f}"
    share = f"{row.covered / row.total:.0%}" if row.total else "–"
    return {
        "id": row.tactic_id,
        "name": row.name,
        "figures": f"{covered}/{row.total} · {share}",
        "spoken": f"{row.name}: {covered} of {amount(row.total, 'technique')} covered",
    }


def _open_below(cells: pd.DataFrame) -> list[list[str]]:
    """The open sub-techniques of each cell in its tactic, by name."""
    below: dict[Place, list[str]] = {}
    for tactic_id, parent_id, name, rules, is_subtechnique in rows_of(
        cells, "tactic_id", "parent_id", "name", "rules", "is_subtechnique"
    ):
        if is_subtechnique and not rules:
            below.setdefault((tactic_id, parent_id), []).append(name)
    places = zip(cells["tactic_id"].tolist(), cells["attack_id"].tolist(), strict=True)
    return [below.get(place, []) for place in places]


def _cell(
    row,
    band: int,
    measure: CellMeasure,
    cards: Cards,
    letters: Letters,
    needs: Needs,
    listed: dict[str, int],
    open_below: Sequence[str],
) -> list[Any]:
    place = (row.tactic_id, row.attack_id)
    subs = f"{row.subtechniques_covered}/{row.subtechniques}" if row.subtechniques else ""
    lines, rules = letters.lines.get(place, ()), cards.rules.get(place, ())
    first = () if lines else rules[:MOST_RULES]
    number = measure.in_cell(row) if measure.form else ""
    signs = [row.sign if measure.form else "", needs.marks.get(row.attack_id, "")]
    return [
        row.x,
        row.attack_id,
        row.name,
        int(row.is_subtechnique),
        int(not row.rules),
        band,
        number,
        subs,
        " ".join(filter(None, signs)),
        letters.of.get(place, ""),
        ", ".join(filter(None, (_spoken(row, measure, number), needs.spoken.get(row.attack_id)))),
        _open(row, open_below, cards.open_platforms.get(place, ())),
        [*filter(None, [needs.lines.get(row.attack_id)]), *lines, *_facts(row)],
        [listed.setdefault(key, len(listed)) for key in first],
        0 if lines else len(rules) - len(first),
    ]


def _spoken(row, measure: CellMeasure, number: str) -> str:
    """The cell's name for a screen reader."""
    parts = [f"{row.attack_id} {row.name}", row.tactic, amount(row.rules, "rule") if row.rules else "open"]
    if measure.column != "rules" and number:
        parts.append(f"{measure.label.lower()} {number}")
    if row.subtechniques:
        parts.append(f"{row.subtechniques_covered} of {amount(row.subtechniques, 'sub-technique')} covered")
    if row.mark:
        parts.append(row.mark)
    return ", ".join(parts)


def _open(row, below: Sequence[str], platforms: Sequence[str]) -> list[str]:
    """What is open here, first on the card."""
    lines = []
    if row.mark:
        lines.append(f"{row.sign} {row.mark}")
    if not row.rules:
        lines.append("Open: no rule in scope")
    if below:
        lines.append(f"Open sub-techniques: {_named(below)}")
    if platforms and row.rules:
        lines.append(f"No rule on {_named(platforms)}")
    return lines


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _facts(row) -> list[str]:
    if not row.rules:
        return []
    direct = f", {row.rules_direct} on it directly" if row.subtechniques else ""
    return [f"{amount(row.rules, 'rule')}{direct}", f"{score_factors(row)} = score {row.score:.2f}"]


def _legend(measure: CellMeasure, theme: Theme, drawn: set[tuple[int, int]]) -> list[dict[str, Any]]:
    """What each kind of cell is called: open ones, those that have rules and no band, and each band.

    Of the second there is a line where there is a cell, of kinds one for each that is drawn.
    """
    open_fill, *fills = measure.colours(theme)
    entries = [entry("open", open_fill, 0, True)] if not measure.are_kinds else []
    if (0, 0) in drawn:
        entries.append(entry(measure.zero, open_fill, 0, False))
    for band, (label, fill) in enumerate(zip(measure.page_labels, fills, strict=True), 1):
        if not measure.are_kinds or any(one == band for _, one in drawn):
            entries.append(entry(label, fill, band, False))
    return entries


def entry(label: str, fill: str, band: int, is_open: bool) -> dict[str, Any]:
    """One line of the legend: what the cells of a band are called that are open, or are not."""
    return {"label": label, "fill": fill, "ink": ink_on(fill), "band": band, "open": is_open}
