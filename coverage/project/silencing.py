"""The silences of coverage.toml on findings: which do not count, why, and which silences are out of date.

Silenced findings are kept and shown with their reason. Knows globs and dates, and no command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd

from coverage.findings.frames import FINDINGS
from coverage.frames import rows_of
from coverage.models import CorpusStamp
from coverage.project.settings import Settings, Silence

EXPIRED, UNUSED = "silence-expired", "silence-unused"


def silenced(
    findings: pd.DataFrame, settings: Settings, corpora: Sequence[CorpusStamp], today: date | None = None
) -> pd.DataFrame:
    """FINDINGS with the reason, in `silenced`, of the first silence in force that fits each.

    A silence's path is a glob over the path of the rule's file from the settings file's folder; a path
    in the corpus, with or without the corpus's name before it, fits too.
    """
    day = today or date.today()
    active = [silence for silence in settings.lint.silences if not silence.expired(day)]
    names = _names_of(settings, corpora)
    reasons = (
        [next((s.reason for s in active if _fits(s, row, names)), None) for row in _rows(findings)]
        if active
        else None
    )
    return (
        findings.assign(silenced=pd.Series(reasons, dtype="str", index=findings.index))
        if active
        else findings
    )


def stale_silences(
    findings: pd.DataFrame, settings: Settings, corpora: Sequence[CorpusStamp], today: date | None = None
) -> pd.DataFrame:
    """FINDINGS of the settings file itself: expired silences (warnings) and those that fit no finding
    (notes).
    """
    day, names, rows = today or date.today(), _names_of(settings, corpora), list(_rows(findings))
    found = [stale for silence in settings.lint.silences if (stale := _stale(silence, day, names, rows))]
    if not found:
        return FINDINGS.empty()
    file = str(settings.file)
    columns: dict[str, list] = {name: [None] * len(found) for name in FINDINGS.columns}
    columns["rule_key"] = columns["corpus"] = columns["name"] = [""] * len(found)
    columns |= {"path": [file] * len(found), "line": [line for line, *_ in found], "column": [1] * len(found)}
    columns |= {
        name: [values[place] for values in found]
        for place, name in enumerate(("code", "severity", "value", "message"), 1)
    }
    return FINDINGS.frame(columns)


def _stale(
    silence: Silence, day: date, names: Callable, rows: list[tuple]
) -> tuple[int | None, str, str, str, str] | None:
    if silence.expired(day):
        message = f"The silence for {silence.code} ended on {silence.until}; its findings count again."
        return silence.line, EXPIRED, "warning", silence.code, message
    if not any(_fits(silence, row, names) for row in rows):
        return (
            silence.line,
            UNUSED,
            "note",
            silence.code,
            f"This silence for {silence.code} no longer matches any finding.",
        )
    return None


def _rows(findings: pd.DataFrame) -> Iterator[tuple]:
    return rows_of(findings, "code", "corpus", "path", "rule_id")


def _fits(silence: Silence, row: tuple, names: Callable[[str, str], Sequence[str]]) -> bool:
    code, corpus, path, rule_id = row
    if code != silence.code or (silence.rule is not None and silence.rule != rule_id):
        return False
    return silence.path is None or any(glob(silence.path).fullmatch(name) for name in names(corpus, path))


def _names_of(settings: Settings, corpora: Sequence[CorpusStamp]) -> Callable[[str, str], Sequence[str]]:
    """(corpus, path) -> the ways a silence may name the file."""
    stamps = {stamp.name: stamp for stamp in corpora}
    folder = settings.file.resolve().parent if settings.file else Path.cwd()

    @cache
    def names(corpus: str, path: str) -> Sequence[str]:
        file = stamps[corpus].file(path).resolve() if corpus in stamps else None
        below = [file.relative_to(folder).as_posix()] if file and file.is_relative_to(folder) else []
        return (*below, path, f"{corpus}/{path}")

    return names


@lru_cache(maxsize=256)
def glob(pattern: str) -> re.Pattern[str]:
    """A glob as a pattern for whole paths: `*` and `?` stay in one folder, `**` crosses folders."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./"))
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(part) or re.escape(part) for part in parts), re.DOTALL)
