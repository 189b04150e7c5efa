"""What a project's accepted gaps say of the gaps of a view: a state beside each, and how many of each state.

It stays a gap: nothing here makes an ID count as covered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import pandas as pd

from coverage.frames import rows_of
from coverage.measures.frames import ACCEPTED_GAPS
from coverage.project.accepted_gaps import Accepted, Entry
from coverage.scope import View
from coverage.text import plain
from coverage.vocabulary import ACCEPTANCES
from coverage.words import listed

COLUMNS = tuple(name for name in ACCEPTED_GAPS.columns if name.startswith("accepted"))


def with_accepted(gaps: pd.DataFrame, accepted: Accepted, view: View) -> pd.DataFrame:
    """ACCEPTED_GAPS: the rows of a GAPS frame of this view with the entry for each, on the day of its
    stamp.
    """
    day, homes = view.scope.date, _tactics_of(view)
    entries = [
        accepted.of_id(attack_id, homes.get(attack_id, ()), day) for attack_id in gaps["attack_id"].tolist()
    ]
    columns = {
        "accepted": [entry and entry.state for entry in entries],
        **{
            f"accepted_{name}": [entry and getattr(entry, name) for entry in entries]
            for name in ("reason", "owner", "ticket", "until")
        },
        "accepted_expired": [entry is not None and entry.expired(day) for entry in entries],
    }
    return ACCEPTED_GAPS.frame(
        {name: gaps[name].array if name in gaps else columns[name] for name in ACCEPTED_GAPS.columns}
    ).set_axis(gaps.index)


def _tactics_of(view: View) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tactic, attack_id in zip(
        view.placements["tactic_id"].tolist(), view.placements["attack_id"].tolist(), strict=True
    ):
        found.setdefault(attack_id, []).append(tactic)
    return found


def in_force(gaps: pd.DataFrame) -> pd.Series:
    """Boolean mask of an ACCEPTED_GAPS frame: accepted or planned, and not over."""
    return gaps["accepted"].notna() & ~gaps["accepted_expired"]


def counts(gaps: pd.DataFrame) -> dict[str, int]:
    """How many rows are accepted, how many planned, and of how many that is over."""
    now = gaps.loc[in_force(gaps), "accepted"].tolist()
    return {
        **{state: now.count(state) for state in ACCEPTANCES},
        "expired": int(gaps["accepted_expired"].sum()),
    }


def counts_sentence(gaps: pd.DataFrame) -> str:
    """The part of a sentence that follows a number of gaps: `, of which 6 accepted and 2 planned`; "" for
    none.
    """
    numbers = counts(gaps)
    parts = [f"{numbers[state]:,} {state}" for state in ACCEPTANCES if numbers[state]]
    parts += [f"{numbers['expired']:,} expired"] if numbers["expired"] else []
    return f", of which {listed(parts)}" if parts else ""


def marks(gaps: pd.DataFrame) -> list[str]:
    """For each row of an ACCEPTED_GAPS frame what to show beside it: `accepted until 2026-06-01, expired`; ""
    without an entry.
    """
    names = ("accepted", "accepted_until", "accepted_expired")
    rows = rows_of(gaps, *names)
    return [
        mark(state, None if pd.isna(until) else until.date(), expired) if isinstance(state, str) else ""
        for state, until, expired in rows
    ]


def mark(state: str, until: date | None, expired: bool) -> str:
    """A gap's entry in a few words."""
    return state + (f" until {until.isoformat()}" if until else "") + (", expired" if expired else "")


def entry_mark(entry: Entry, day: date) -> str:
    """A gap's entry in a few words, on a day."""
    return mark(entry.state, entry.until, entry.expired(day))


def marker(accepted: Accepted, view: View) -> Callable[[str, str | None], str]:
    """What gives the mark of (an ID, a tactic's ID or None for all of them) on the day of the view's stamp;
    "" without an entry.
    """
    day, homes = view.scope.date, _tactics_of(view)

    def mark_of(attack_id: str, tactic_id: str | None = None) -> str:
        entry = (
            accepted.at(attack_id, tactic_id, day)
            if tactic_id
            else accepted.of_id(attack_id, homes.get(attack_id, ()), day)
        )
        return entry_mark(entry, day) if entry else ""

    return mark_of


def unit_marks(units: pd.DataFrame, accepted: Accepted, view: View) -> list[str]:
    """For each row of DIFF_UNITS its mark after; "" where it is covered or out of scope then, or has no
    entry.
    """
    mark_of = marker(accepted, view)
    rows = rows_of(units, "attack_id", "tactic_id", "after")
    return [
        mark_of(attack_id, tactic if isinstance(tactic, str) else None)
        if after in ("open", "partial")
        else ""
        for attack_id, tactic, after in rows
    ]


def notes_on(attack_id: str, accepted: Accepted, view: View) -> list[str]:
    """The entries for an ID, as Markdown: for it as a whole, else tactic by tactic. Empty without one."""
    day, tactics = view.scope.date, _tactics_of(view).get(attack_id, [])
    names = dict(
        zip(
            view.catalogue.tactics["tactic_id"].tolist(), view.catalogue.tactics["name"].tolist(), strict=True
        )
    )
    whole = accepted.of_id(attack_id, tactics, day)
    notes = (
        [("", whole)]
        if whole
        else [(f" in {names[t]}", entry) for t in tactics if (entry := accepted.by_place.get((attack_id, t)))]
    )
    return [_note(entry, where, day) for where, entry in notes]


def _note(entry: Entry, where: str, day: date) -> str:
    who = " · ".join(plain(text) for text in (entry.owner, entry.ticket) if text)
    return f"Gap **{entry_mark(entry, day)}**{where}: {plain(entry.reason)} ({who})"


def idle_entries(accepted: Accepted, open_ids: Iterable[str]) -> list[str]:
    """The IDs of entries that are about no open gap: covered by now, or out of scope."""
    wanted = frozenset(open_ids)
    return sorted({attack_id for attack_id, _ in accepted.by_place if attack_id not in wanted})
