"""Corpora -> the RULES, WRITTEN and PROBLEMS frames. Whatever a file does becomes a row, never an exception.

The per-file boundary is here. Knows the frames, the walk and the table of formats; no format itself.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from coverage.formats.platforms import PLATFORMS_CSV, read_platforms
from coverage.formats.registry import LOADERS, chosen, max_bytes
from coverage.formats.seam import Context, RuleFile
from coverage.loaders.frames import problems_frame, rules_frame, written_frame
from coverage.loaders.repeats import repeats
from coverage.loaders.repository import Commit, commit_of
from coverage.loaders.sources import CorpusSource, shown, unique_names
from coverage.loaders.walk import (
    MAX_BYTES,
    FoundFile,
    Unreadable,
    Walk,
    file_bytes,
    is_passed_over,
    listed,
    text_of,
    too_large,
)
from coverage.log_sources import LOG_SOURCES_CSV, read_log_sources
from coverage.models import CorpusStamp, LoadResult, Problem
from coverage.outside.folders import recorded_commit
from coverage.syntaxes.syntax import Unparsable
from coverage.word_table import WordTable
from coverage.words import amount

Progress = Callable[[int, int, str], None]  # files done, files in all, path of the last one
_FOLDED = "platform-word-unknown"


@dataclass(frozen=True)
class Loaded:
    """Everything loading gave: frames as `coverage.frames` specifies them, and one stamp a corpus."""

    rules: pd.DataFrame
    written: pd.DataFrame
    problems: pd.DataFrame
    corpora: tuple[CorpusStamp, ...]
    arrivals: Hashable | None = None  # of `inventory.arrivals`: what `can_run` of `rules` was told by


def load(
    sources: Sequence[CorpusSource],
    progress: Progress | None = None,
    platforms_csv: Path = PLATFORMS_CSV,
    log_sources_csv: Path = LOG_SOURCES_CSV,
) -> Loaded:
    """The rules, mappings as written and problems of some corpora, in corpus and then path order.

    Never raises on anything a corpus holds. Codes beside those of the loaders and of `walk.walked`:
    `bad-toml`, `not-utf8`, `too-large`, `unreadable-file`, `loader-failed` (errors; `not-utf8` of text that
    was read all the same is a warning), `duplicate-id` (warning, on the later file), `same-content`,
    `empty-file`, `platform-word-unknown` (notes; the last one a word and corpus), `platforms-table` and
    `log-sources-table` (errors: a line of data/platforms.csv, of data/log_sources.csv).

    Parameters
    ----------
    progress
        Called after each file with (files done, files in all, relative path). What it raises goes through.
    """
    context = Context(read_platforms(platforms_csv), read_log_sources(log_sources_csv))
    result = LoadResult(
        problems=[
            *_table_faults(platforms_csv, "platforms-table", context.platforms),
            *_table_faults(log_sources_csv, "log-sources-table", context.log_sources),
        ]
    )
    walks = listed(unique_names(sources))
    counter = _Counter(sum(len(walk.files) for walk in walks), progress)
    stamps = tuple(_corpus(walk, context, counter, result) for walk in walks)
    result.problems += repeats(
        result.rules, {(walk.source.name, path) for walk in walks for path in walk.shared}
    )
    return Loaded(
        rules_frame(result.rules), written_frame(result.written), problems_frame(result.problems), stamps
    )


@dataclass
class _Counter:
    total: int
    progress: Progress | None
    done: int = 0

    def tick(self, path: str) -> None:
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total, path)


def _table_faults(path: Path, code: str, table: WordTable) -> list[Problem]:
    return [
        Problem(shown(path.name), None, None, None, code, "error", shown(fault)) for fault in table.faults
    ]


def _corpus(walk: Walk, context: Context, counter: _Counter, result: LoadResult) -> CorpusStamp:
    """The stamp of one corpus; what its files gave is added to `result`."""
    corpus, hashes = LoadResult(problems=list(walk.problems)), []
    for found in walk.files:
        read, digest = file_result(walk, found, context)
        corpus.extend(read)
        if digest and (read.rules or read.problems):
            hashes.append((found.relative, digest))
        counter.tick(found.relative)
    for loader in LOADERS.values():
        corpus = loader.settled(corpus)
    corpus.problems = folded(corpus.problems)
    result.extend(corpus)
    return _stamp(walk, corpus, hashes)


def file_result(walk: Walk, found: FoundFile, context: Context) -> tuple[LoadResult, str]:
    """What one file gave, and the SHA-256 of its bytes ("" when there were none). The per-file boundary."""
    digest = ""
    try:
        limit = max_bytes(found.path) or MAX_BYTES
        if found.size > limit:
            raise too_large(found.size, limit)
        data = file_bytes(found.path)
        digest = hashlib.sha256(data).hexdigest()
        folders = (walk.folder, *found.relative.split("/")[:-1])
        text, foreign = text_of(data)
        file = RuleFile(walk.source.name, found.relative, text, digest, folders)
        read = _read(walk, found, file, context)
        if foreign and (read.rules or read.problems):
            read.problems.insert(0, _problem(walk, found, foreign))
        return (read, digest)
    except Unreadable as fault:
        if is_passed_over(fault, found.relative, found.path):
            return (LoadResult(), digest)
        return (LoadResult(problems=[_problem(walk, found, fault)]), digest)


def _read(walk: Walk, found: FoundFile, file: RuleFile, context: Context) -> LoadResult:
    try:
        loader, document = chosen(file)
        return loader.read(file, document, context) if loader else LoadResult()
    except Unparsable as fault:
        return _failed(walk, found, fault.code, fault.message, fault.line, fault.column)
    except Exception as error:  # noqa: BLE001 - the per-file boundary: one file never costs the others
        return _failed(walk, found, "loader-failed", f"The loader stopped: {type(error).__name__}: {error}.")


def _problem(walk: Walk, found: FoundFile, fault: Unreadable) -> Problem:
    message = shown(fault.message)
    return Problem(
        found.relative, fault.line, None, None, fault.code, fault.severity, message, walk.source.name
    )


def _failed(
    walk: Walk, found: FoundFile, code: str, message: str, line: int | None = None, column: int | None = None
) -> LoadResult:
    problem = Problem(found.relative, line, column, None, code, "error", shown(message), walk.source.name)
    return LoadResult(problems=[problem])


def folded(problems: Iterable[Problem]) -> list[Problem]:
    """The problems in order, with the notes on one unknown platform word made one that counts its rules."""
    kept: list[Problem] = []
    notes: dict[str, list[Problem]] = {}
    for problem in problems:
        (notes.setdefault(problem.message, []) if problem.code == _FOLDED else kept).append(problem)
    for message, same in notes.items():
        count = amount(len(same), "rule", "rules, this one first")
        kept.append(replace(same[0], message=f"{message} ({count})."))
    return kept


def fingerprint(
    sources: Sequence[CorpusSource],
    platforms_csv: Path = PLATFORMS_CSV,
    log_sources_csv: Path = LOG_SOURCES_CSV,
) -> str:
    """A text that changes when a file of the corpora, or a table that loading reads, is added, removed or
    written.

    Told from names, sizes, times and inodes, so it costs a walk and no reading; only a file written in the
    last seconds is identified by its content (`_Recent`).
    """
    digest = hashlib.sha256()
    for walk in listed(unique_names(sources)):
        digest.update(f"{walk.source.name}\0{walk.source.path}\n".encode("utf-8", "replace"))
        for problem in walk.problems:
            digest.update(f"{problem.path}\0{problem.code}\n".encode("utf-8", "replace"))
        for file in walk.files:
            state = (file.size, file.mtime_ns, file.ctime_ns, file.identity)
            digest.update(f"{file.relative}\0{state}\0{_RECENT.content(file.path, state)}\n".encode())
    digest.update(files_fingerprint([platforms_csv, log_sources_csv]).encode())
    return digest.hexdigest()


def files_fingerprint(paths: Iterable[Path]) -> str:
    """A text that changes when one of some files is added, removed or written."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            status = path.stat()
        except (OSError, ValueError):
            digest.update(b"none\n")
            continue
        state = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, (status.st_dev, status.st_ino))
        digest.update(f"{state}\0{_RECENT.content(str(path), state)}\n".encode())
    return digest.hexdigest()


class _Recent:
    """The contents of files that were written so lately that a second writing may show in no time and no
    size.

    Such a file is read each time until its times are `SECONDS` old, and once more then; what it held stays
    part of its fingerprint, so that growing old changes nothing. As git's index does with racy entries.
    """

    SECONDS = 2  # the coarsest clock of a file system

    def __init__(self) -> None:
        self._contents: dict[tuple[str, tuple], tuple[str, bool]] = {}

    def content(self, path: str, state: tuple) -> str:
        """The SHA-256 of what a file in this state holds; "" when its state alone identifies it."""
        _, written, changed, _ = state
        is_recent = abs(time.time_ns() - max(written, changed)) < self.SECONDS * 1_000_000_000
        known, is_final = self._contents.get((path, state), ("", not is_recent))
        if is_final:
            return known
        try:
            known = hashlib.sha256(file_bytes(path)).hexdigest()
        except Unreadable as fault:
            known = fault.code
        self._contents[path, state] = (known, not is_recent)
        return known


_RECENT = _Recent()


def _stamp(walk: Walk, corpus: LoadResult, hashes: list[tuple[str, str]]) -> CorpusStamp:
    digest = hashlib.sha256("".join(f"{path}\0{sha}\n" for path, sha in sorted(hashes)).encode())
    commit = _commit(walk, [path for path, _ in hashes])
    return CorpusStamp(
        walk.source.name,
        shown(str(walk.source.path)),
        len(hashes),
        len(corpus.rules),
        f"sha256:{digest.hexdigest()}",
        commit and commit.commit,
        commit and commit.repository,
        bool(commit and commit.changed),
    )


def _commit(walk: Walk, files: Sequence[str]) -> Commit | None:
    """The commit a kept corpus was fetched at, else that of the repository which tracks the files read."""
    if fetched := recorded_commit(walk.root):
        return Commit(*fetched)
    only = "." if walk.root == walk.source.path else walk.source.path.name
    return commit_of(walk.root, files, only)
