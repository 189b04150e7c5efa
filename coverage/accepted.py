"""Gaps that somebody answered for: `gaps.toml`, read and checked, and what it says of the gaps of a view.

A gap in it is accepted or planned, with a reason, an owner, a ticket and a last day. It stays a gap: nothing
here makes an ID count as covered. After its last day it is an open gap again, with a mark that says so.
Knows no command and no page. `docs/accepted-gaps.md` describes the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from coverage.frames import ACCEPTED_GAPS, PROBLEMS, problems_frame
from coverage.loaders._toml import TOML
from coverage.loaders.fields import Fields
from coverage.loaders.seam import Issue, Unparsable, place_of
from coverage.loaders.sources import CorpusSource, shown
from coverage.loaders.walk import Unreadable, decoded, file_bytes
from coverage.mapping import Reader
from coverage.models import CorpusStamp, Problem
from coverage.scope import View
from coverage.text import plain
from coverage.vocabulary import ACCEPTANCES, id_kind

FILE_NAME = "gaps.toml"
COLUMNS = tuple(name for name in ACCEPTED_GAPS.columns if name.startswith("accepted"))
_KEYS = ("id", "state", "reason", "owner", "ticket", "tactic", "until")
_REQUIRED = ("id", "state", "reason", "owner")


@dataclass(frozen=True)
class Entry:
    """One `[[gap]]` as written: an ID everywhere, or in one tactic (its ID or name)."""

    id: str
    state: str  # vocabulary.ACCEPTANCES
    reason: str
    owner: str
    ticket: str | None = None
    tactic: str | None = None
    until: date | None = None  # the last day on which it holds
    file: str = ""
    line: int | None = None

    def expired(self, day: date) -> bool:
        return self.until is not None and self.until < day


@dataclass(frozen=True)
class Accepted:
    """What the files say, read in one release. `by_place`: (ID, tactic ID or "") -> the entry there."""

    files: tuple[Path, ...] = ()
    by_place: Mapping[tuple[str, str], Entry] = field(default_factory=dict)
    problems: pd.DataFrame = field(default_factory=PROBLEMS.empty, repr=False, compare=False)

    def of_id(self, attack_id: str, tactics: Iterable[str], day: date) -> Entry | None:
        """What is said of an ID as a whole: by an entry of its own, or by one for each of its tactics."""
        whole = self.by_place.get((attack_id, ""))
        if whole is not None and not whole.expired(day):
            return whole
        parts = [self.by_place.get((attack_id, tactic)) for tactic in tactics]
        return _together([part for part in parts if part], day) if parts and all(parts) else whole

    def at(self, attack_id: str, tactic: str, day: date) -> Entry | None:
        """What is said of an ID in one tactic: by an entry for it there, or for the ID everywhere."""
        entries = [entry for place in (tactic, "") if (entry := self.by_place.get((attack_id, place)))]
        return next((entry for entry in entries if not entry.expired(day)), entries[0] if entries else None)

    @cached_property
    def errors(self) -> list[str]:
        """What cannot be used, each with file and line."""
        rows = self.problems[self.problems["severity"] == "error"]
        return [place_and_message(row) for row in rows.to_dict("records")]


NOBODY = Accepted()  # nobody answered for any gap


def _together(parts: Sequence[Entry], day: date) -> Entry:
    """Entries for every tactic of an ID as one: as weak as the weakest, and it ends when the first of them ends."""
    expired = [part for part in parts if part.expired(day)]
    ends = [part.until for part in parts if part.until is not None]
    texts = {
        name: "; ".join(dict.fromkeys(value for part in parts if (value := getattr(part, name))))
        for name in ("reason", "owner", "ticket")
    }
    state = "accepted" if all(part.state == "accepted" for part in parts) else "planned"
    return replace(
        (expired or list(parts))[0],
        state=state,
        tactic=None,
        until=min(ends, default=None),
        **(texts | {"ticket": texts["ticket"] or None}),
    )


# ---- files ---------------------------------------------------------------------------------------------


def gaps_files(
    settings_file: Path | None, corpora: Sequence[CorpusStamp | CorpusSource], given: Path | None = None
) -> tuple[Path, ...]:
    """The files that say which gaps are accepted: the one given, else that beside coverage.toml, else those of the corpora."""
    if given is not None:
        return (given,)
    if settings_file is not None and (beside := settings_file.with_name(FILE_NAME)).is_file():
        return (beside,)
    roots = dict.fromkeys(Path(stamp.path) / FILE_NAME for stamp in corpora)
    return tuple(file for file in roots if _is_file(file))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def accepted_in(files: Sequence[Path], reader: Reader) -> Accepted:
    """What the files say in the reader's release. Never raises on anything a file holds.

    IDs are read as those of a mapping are: a revoked one counts for its successor. Codes: those of a file
    that cannot be read; `wrong-type`, `bad-date`, `unknown-key` (warnings); `gap-incomplete`, `gap-state`,
    `gap-unknown-id`, `gap-unknown-tactic` (errors: the entry says nothing); `gap-unread-id`, `gap-twice`
    (warnings); `gap-read-as` (note).
    """
    by_place: dict[tuple[str, str], Entry] = {}
    problems: list[Problem] = []
    for file in files:
        entries, faults = read_entries(file)
        problems += faults
        for entry in entries:
            place, said = _place(entry, reader)
            if place is not None and place in by_place:
                said.append(
                    (
                        "gap-twice",
                        "warning",
                        f"{entry.id} stands here before, or is read as one that does; the first counts",
                    )
                )
            elif place is not None:
                by_place[place] = entry
            problems += [
                Problem(entry.file, entry.line, 1, None, code, severity, shown(text) + ".")
                for code, severity, text in said
            ]
    return Accepted(tuple(files), by_place, problems_frame(problems))


def read_entries(file: Path) -> tuple[list[Entry], list[Problem]]:
    """The entries of one file in order, and what is wrong with it. An entry with an error is left out."""
    name = shown(str(file))
    try:
        text = decoded(file_bytes(file))
        document = TOML.parse(text)
    except Unreadable as fault:
        return [], [] if fault.code == "empty-file" else [
            Problem(name, fault.line, None, None, fault.code, "error", fault.message)
        ]
    except Unparsable as fault:
        return [], [Problem(name, fault.line, fault.column, None, fault.code, "error", fault.message)]
    issues: list[Issue] = []
    found = list(_entries(document, issues))
    lines = TOML.positions(text)
    problems = [
        Problem(name, *place_of(issue.path, lines), None, issue.code, issue.severity, shown(issue.message))
        for issue in issues
    ]
    return [replace(entry, file=name, line=place_of(path, lines)[0]) for path, entry in found], problems


def _entries(document: Mapping[str, Any], issues: list[Issue]) -> Iterator[tuple[tuple, Entry]]:
    root = Fields(document, (), issues)
    _known(root, ("gap",))
    for said in root.tables("gap"):
        _known(said, _KEYS)
        values = {key: said.text(key) for key in _KEYS[:-1]}
        missing = [key for key in _REQUIRED if values[key] is None]
        if missing:
            said.issue((), "gap-incomplete", f"has no {' and no '.join(missing)}", "error")
        elif values["state"] not in ACCEPTANCES:
            said.issue(
                ("state",),
                "gap-state",
                f"is '{values['state'][:40]}', neither {' nor '.join(ACCEPTANCES)}",
                "error",
            )
        else:
            until = said.day("until")
            if said.values.get("until") is not None and until is None:
                said.issue(("until",), "gap-state", "is no date, so nobody can say whether it holds", "error")
                continue
            yield said.path, Entry(**(values | {"id": values["id"].strip().upper()}), until=until)


def _known(table: Fields, known: Sequence[str]) -> None:
    for key in table.values:
        if key not in known:
            table.issue((key,), "unknown-key", f"is not known here; known are {', '.join(known)}")


def _place(entry: Entry, reader: Reader) -> tuple[tuple[str, str] | None, list[tuple[str, str, str]]]:
    """(ID, tactic ID or "") that an entry is about in the reader's release, and what there is to say of it."""
    leaf = reader.leaf(entry.id)
    if leaf.attack_id is None:
        unknown = leaf.status in ("unknown", "other_domain")
        candidates = f"; it could be {', '.join(leaf.candidates)}" if leaf.candidates else ""
        return None, [
            (
                "gap-unknown-id" if unknown else "gap-unread-id",
                "error" if unknown else "warning",
                f"{leaf.reason or entry.id}{candidates}",
            )
        ]
    said = [("gap-read-as", "note", leaf.reason)] if leaf.reason else []
    if entry.tactic is None:
        return (leaf.attack_id, ""), said
    by_id = id_kind(entry.tactic) == "tactic"
    tactic = reader.tactic(entry.tactic if by_id else None, None if by_id else entry.tactic, leaf.attack_id)
    if tactic.status not in ("valid", "renamed"):
        return None, [
            *said,
            ("gap-unknown-tactic", "error", tactic.reason or f"{leaf.attack_id} is not in '{entry.tactic}'"),
        ]
    return (leaf.attack_id, tactic.tactic_id), said


# ---- what it says of gaps ------------------------------------------------------------------------------


def with_accepted(gaps: pd.DataFrame, accepted: Accepted, view: View) -> pd.DataFrame:
    """ACCEPTED_GAPS: the rows of a GAPS frame of this view with what is said of each, on the day of its stamp."""
    day, homes = view.scope.date, _tactics_of(view)
    said = [
        accepted.of_id(attack_id, homes.get(attack_id, ()), day) for attack_id in gaps["attack_id"].tolist()
    ]
    columns = {
        "accepted": [entry and entry.state for entry in said],
        **{
            f"accepted_{name}": [entry and getattr(entry, name) for entry in said]
            for name in ("reason", "owner", "ticket", "until")
        },
        "accepted_expired": [entry is not None and entry.expired(day) for entry in said],
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
    """The part of a sentence that follows a number of gaps: `, of which 6 accepted and 2 planned`; "" for none."""
    said = counts(gaps)
    parts = [f"{said[state]:,} {state}" for state in ACCEPTANCES if said[state]]
    parts += [f"{said['expired']:,} expired"] if said["expired"] else []
    return f", of which {', '.join(parts[:-1])}{' and ' if parts[:-1] else ''}{parts[-1]}" if parts else ""


def marks(gaps: pd.DataFrame) -> list[str]:
    """For each row of an ACCEPTED_GAPS frame what to show beside it: `accepted until 2026-06-01, expired`; "" without an entry."""
    names = ("accepted", "accepted_until", "accepted_expired")
    rows = zip(*(gaps[name].tolist() for name in names), strict=True)
    return [
        mark(state, None if pd.isna(until) else until.date(), expired) if isinstance(state, str) else ""
        for state, until, expired in rows
    ]


def mark(state: str, until: date | None, expired: bool) -> str:
    """What is said of a gap in a few words."""
    return state + (f" until {until.isoformat()}" if until else "") + (", expired" if expired else "")


def entry_mark(entry: Entry, day: date) -> str:
    """What is said of a gap by its entry, in a few words, on a day."""
    return mark(entry.state, entry.until, entry.expired(day))


def marker(accepted: Accepted, view: View) -> Callable[[str, str | None], str]:
    """What gives the mark of (an ID, a tactic's ID or None for all of them) on the day of the view's stamp; "" where nothing is said."""
    day, homes = view.scope.date, _tactics_of(view)

    def said(attack_id: str, tactic_id: str | None = None) -> str:
        entry = (
            accepted.at(attack_id, tactic_id, day)
            if tactic_id
            else accepted.of_id(attack_id, homes.get(attack_id, ()), day)
        )
        return entry_mark(entry, day) if entry else ""

    return said


def unit_marks(units: pd.DataFrame, accepted: Accepted, view: View) -> list[str]:
    """For each row of DIFF_UNITS its mark after; "" where it is covered or out of scope then, or nothing is said."""
    said = marker(accepted, view)
    rows = zip(*(units[name].tolist() for name in ("attack_id", "tactic_id", "after")), strict=True)
    return [
        said(attack_id, tactic if isinstance(tactic, str) else None) if after in ("open", "partial") else ""
        for attack_id, tactic, after in rows
    ]


def notes_on(attack_id: str, accepted: Accepted, view: View) -> list[str]:
    """What is said of an ID, as Markdown: of it as a whole, else tactic by tactic. Empty where nothing is said."""
    day, tactics = view.scope.date, _tactics_of(view).get(attack_id, [])
    names = dict(
        zip(
            view.catalogue.tactics["tactic_id"].tolist(), view.catalogue.tactics["name"].tolist(), strict=True
        )
    )
    whole = accepted.of_id(attack_id, tactics, day)
    said = (
        [("", whole)]
        if whole
        else [(f" in {names[t]}", entry) for t in tactics if (entry := accepted.by_place.get((attack_id, t)))]
    )
    return [_note(entry, where, day) for where, entry in said]


def _note(entry: Entry, where: str, day: date) -> str:
    who = " · ".join(plain(text) for text in (entry.owner, entry.ticket) if text)
    return f"Gap **{entry_mark(entry, day)}**{where}: {plain(entry.reason)} ({who})"


def idle_entries(accepted: Accepted, open_ids: Iterable[str]) -> list[str]:
    """The IDs of entries that are about no open gap: covered by now, or out of scope."""
    wanted = frozenset(open_ids)
    return sorted({attack_id for attack_id, _ in accepted.by_place if attack_id not in wanted})


def place_and_message(problem: Mapping) -> str:
    """A problem of a file in one line: `gaps.toml:3: gap[0] has no owner.`"""
    line = problem["line"]
    return f"{problem['path']}:{1 if pd.isna(line) else line}: {problem['message']}"


def as_toml(attack_id: str, name: str, until: date) -> str:
    """An entry for a gap, to paste into the file and fill in; it counts for nothing until reason and owner are written."""
    title = "".join(sign if sign.isprintable() else " " for sign in name)
    return (
        f'# {title}\n[[gap]]\nid = "{attack_id}"\nstate = "accepted"  # or "planned"\nreason = ""\nowner = ""\nticket = ""\n'
        f"until = {until.isoformat()}  # the last day on which it holds; leave it out for no end\n"
    )
