"""Accepted and planned gaps: `gaps.toml`, read and checked, and its entries for the gaps of a view.

A gap in it is accepted or planned, with a reason, an owner, a ticket and a last day. It stays a gap: nothing
here makes an ID count as covered. After its last day it is an open gap again, with a mark that says so.
Knows no command and no page. `docs/accepted-gaps.md` describes the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd

from coverage.loaders.frames import PROBLEMS, problems_frame
from coverage.loaders.sources import CorpusSource, shown
from coverage.loaders.walk import Unreadable, decoded, file_bytes
from coverage.mapping.reader import Reader
from coverage.models import CorpusStamp, Problem
from coverage.syntaxes.syntax import Unparsable, place_of
from coverage.syntaxes.toml_text import TOML
from coverage.vocabulary import id_kind

FILE_NAME = "gaps.toml"


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

    def __hash__(self) -> int:  # a mapping has none of its own
        return hash((self.files, frozenset(self.by_place.items())))

    def of_id(self, attack_id: str, tactics: Iterable[str], day: date) -> Entry | None:
        """The entry for an ID as a whole: its own, or one for each of its tactics."""
        whole = self.by_place.get((attack_id, ""))
        if whole is not None and not whole.expired(day):
            return whole
        parts = [self.by_place.get((attack_id, tactic)) for tactic in tactics]
        return _together([part for part in parts if part], day) if parts and all(parts) else whole

    def at(self, attack_id: str, tactic: str, day: date) -> Entry | None:
        """The entry for an ID in one tactic: the one for it there, or for the ID everywhere."""
        entries = [entry for place in (tactic, "") if (entry := self.by_place.get((attack_id, place)))]
        return next((entry for entry in entries if not entry.expired(day)), entries[0] if entries else None)

    @cached_property
    def errors(self) -> list[str]:
        """What cannot be used, each with file and line."""
        rows = self.problems[self.problems["severity"] == "error"]
        return [place_and_message(row) for row in rows.to_dict("records")]


NO_ENTRIES = Accepted()


def _together(parts: Sequence[Entry], day: date) -> Entry:
    """Entries for every tactic of an ID as one: as weak as the weakest, and it ends when the first of them
    ends.
    """
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
    """The files that say which gaps are accepted: the one given, else that beside coverage.toml, else those
    of the corpora.
    """
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
            place, findings = _place(entry, reader)
            if place is not None and place in by_place:
                findings.append(
                    (
                        "gap-twice",
                        "warning",
                        f"{entry.id} is listed twice, or is read as an ID that is; the first entry counts",
                    )
                )
            elif place is not None:
                by_place[place] = entry
            problems += [
                Problem(entry.file, entry.line, 1, None, code, severity, shown(text) + ".")
                for code, severity, text in findings
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
    from coverage.project.gaps_model import usable_gaps  # pydantic: only where there is a file

    found, issues = usable_gaps(document)
    lines = TOML.positions(text)
    problems = [
        Problem(name, *place_of(issue.path, lines), None, issue.code, issue.severity, shown(issue.message))
        for issue in issues
    ]
    problems.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
    entries = [Entry(**dict(gap), file=name, line=place_of(path, lines)[0]) for path, gap in found]
    return entries, problems


def _place(entry: Entry, reader: Reader) -> tuple[tuple[str, str] | None, list[tuple[str, str, str]]]:
    """(ID, tactic ID or "") that an entry is about in the reader's release, and what there is to say of
    it.
    """
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
    findings = [("gap-read-as", "note", leaf.reason)] if leaf.reason else []
    if entry.tactic is None:
        return (leaf.attack_id, ""), findings
    by_id = id_kind(entry.tactic) == "tactic"
    tactic = reader.tactic(entry.tactic if by_id else None, None if by_id else entry.tactic, leaf.attack_id)
    if tactic.status not in ("valid", "renamed"):
        return None, [
            *findings,
            ("gap-unknown-tactic", "error", tactic.reason or f"{leaf.attack_id} is not in '{entry.tactic}'"),
        ]
    return (leaf.attack_id, tactic.tactic_id), findings


def place_and_message(problem: Mapping) -> str:
    """A problem of a file in one line: `gaps.toml:3: gap[0] has no owner.`"""
    line = problem["line"]
    return f"{problem['path']}:{1 if pd.isna(line) else line}: {problem['message']}"


def as_toml(attack_id: str, name: str, until: date) -> str:
    """An entry for a gap, to paste into the file and fill in; it counts for nothing until reason and owner
    are written.
    """
    title = "".join(sign if sign.isprintable() else " " for sign in name)
    return (
        f'# {title}\n[[gap]]\nid = "{attack_id}"\nstate = "accepted"  # or "planned"\nreason = ""\nowner = '
        '""\nticket = ""\n'
        f"until = {until.isoformat()}  # the last day on which it holds; leave it out for no end\n"
    )
