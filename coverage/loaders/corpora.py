"""Corpora -> the RULES, WRITTEN and PROBLEMS frames. Whatever a file does becomes a row, never an exception.

The per-file boundary stands here. Knows the frames, the walk and the table of formats; no format itself.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from coverage.frames import problems_frame, rules_frame, written_frame
from coverage.loaders.formats import chosen
from coverage.loaders.platforms import PLATFORMS_CSV, read_platforms
from coverage.loaders.seam import Context, RuleFile, Unparsable
from coverage.loaders.sources import CorpusSource, shown, unique_names
from coverage.loaders.walk import (
    MAX_BYTES,
    FoundFile,
    Unreadable,
    Walk,
    decoded,
    file_bytes,
    listed,
    too_large,
)
from coverage.models import CorpusStamp, LoadResult, Problem, Rule

Progress = Callable[[int, int, str], None]  # files done, files in all, path of the last one
GIT_SECONDS = 3
_FOLDED = "platform-word-unknown"


@dataclass(frozen=True)
class Loaded:
    """Everything loading gave: frames as `coverage.frames` specifies them, and one stamp a corpus."""

    rules: pd.DataFrame
    written: pd.DataFrame
    problems: pd.DataFrame
    corpora: tuple[CorpusStamp, ...]


def load(
    sources: Sequence[CorpusSource], progress: Progress | None = None, platforms_csv: Path = PLATFORMS_CSV
) -> Loaded:
    """The rules, mappings as written and problems of some corpora, in corpus and then path order.

    Never raises on anything a corpus holds. Codes beside those of the loaders and of `walk.walked`:
    `bad-toml`, `not-utf8`, `too-large`, `unreadable-file`, `loader-failed` (errors), `duplicate-id`
    (warning, on the later file; both rules stay), `empty-file`, `platform-word-unknown` (notes; the
    latter one a word and corpus), `platforms-table` (error: a line of data/platforms.csv).

    Parameters
    ----------
    progress
        Called after each file with (files done, files in all, relative path). What it raises goes through.
    """
    context = Context(read_platforms(platforms_csv))
    result = LoadResult(problems=_table_faults(platforms_csv, context))
    walks = listed(unique_names(sources))
    counter = _Counter(sum(len(walk.files) for walk in walks), progress)
    stamps = tuple(_corpus(walk, context, counter, result) for walk in walks)
    result.problems += duplicate_ids(result.rules)
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


def _table_faults(platforms_csv: Path, context: Context) -> list[Problem]:
    return [
        Problem(shown(platforms_csv.name), None, None, None, "platforms-table", "error", shown(fault))
        for fault in context.platforms.faults
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
    corpus.problems = folded(corpus.problems)
    result.extend(corpus)
    return _stamp(walk, corpus, hashes)


def file_result(walk: Walk, found: FoundFile, context: Context) -> tuple[LoadResult, str]:
    """What one file gave, and the SHA-256 of its bytes ("" when there were none). The per-file boundary."""
    digest = ""
    try:
        if found.size > MAX_BYTES:
            raise too_large(found.size)
        data = file_bytes(found.path)
        digest = hashlib.sha256(data).hexdigest()
        folders = (walk.folder, *found.relative.split("/")[:-1])
        file = RuleFile(walk.source.name, found.relative, decoded(data), digest, folders)
        return (_read(walk, found, file, context), digest)
    except Unreadable as fault:
        return (_failed(walk, found, fault.code, fault.message, fault.line, severity=fault.severity), digest)


def _read(walk: Walk, found: FoundFile, file: RuleFile, context: Context) -> LoadResult:
    try:
        loader, document = chosen(file)
        return loader.read(file, document, context) if loader else LoadResult()
    except Unparsable as fault:
        return _failed(walk, found, fault.code, fault.message, fault.line, fault.column)
    except Exception as error:  # noqa: BLE001 - the per-file boundary: one file never costs the others
        return _failed(walk, found, "loader-failed", f"The loader stopped: {type(error).__name__}: {error}.")


def _failed(
    walk: Walk, found: FoundFile, code: str, message: str,
    line: int | None = None, column: int | None = None, severity: str = "error",
) -> LoadResult:  # fmt: skip
    problem = Problem(found.relative, line, column, None, code, severity, shown(message), walk.source.name)
    return LoadResult(problems=[problem])


def folded(problems: Iterable[Problem]) -> list[Problem]:
    """The problems in order, with the notes on one unknown platform word made one that counts its rules."""
    kept: list[Problem] = []
    notes: dict[str, list[Problem]] = {}
    for problem in problems:
        (notes.setdefault(problem.message, []) if problem.code == _FOLDED else kept).append(problem)
    for message, same in notes.items():
        count = "1 rule" if len(same) == 1 else f"{len(same)} rules, this one first"
        kept.append(replace(same[0], message=f"{message} ({count})."))
    return kept


def duplicate_ids(rules: Iterable[Rule]) -> list[Problem]:
    """One `duplicate-id` warning a rule whose id an earlier rule has, naming both files."""
    first: dict[str, Rule] = {}
    problems = []
    for rule in rules:
        earlier = first.setdefault(rule.rule_id, rule) if rule.rule_id else rule
        if earlier is not rule:
            places = f"{rule.corpus}/{rule.path} and {earlier.corpus}/{earlier.path}"
            message = f"The id {rule.rule_id} is in both {places}; both rules are kept."
            problems.append(
                Problem(rule.path, None, None, rule.rule_id, "duplicate-id", "warning", message, rule.corpus)
            )
    return problems


def fingerprint(sources: Sequence[CorpusSource], platforms_csv: Path = PLATFORMS_CSV) -> str:
    """A text that changes when a file of the corpora, or the table of platforms, is added, removed or written.

    Told from names, sizes and times alone, so it costs a walk and no reading.
    """
    digest = hashlib.sha256()
    for walk in listed(unique_names(sources)):
        digest.update(
            f"{walk.source.name}\0{walk.source.path}\0{len(walk.problems)}\n".encode("utf-8", "replace")
        )
        for file in walk.files:
            digest.update(f"{file.relative}\0{file.size}\0{file.mtime_ns}\n".encode())
    try:
        digest.update(str(platforms_csv.stat().st_mtime_ns).encode())
    except OSError:
        digest.update(b"no table")
    return digest.hexdigest()


def _stamp(walk: Walk, corpus: LoadResult, hashes: list[tuple[str, str]]) -> CorpusStamp:
    digest = hashlib.sha256("".join(f"{path}\0{sha}\n" for path, sha in sorted(hashes)).encode())
    return CorpusStamp(
        walk.source.name, shown(str(walk.source.path)), len(hashes), len(corpus.rules),
        f"sha256:{digest.hexdigest()}", git_commit(walk.root),
    )  # fmt: skip


def git_commit(folder: Path) -> str | None:
    """The commit of the git work tree a folder is in; None without one, without git, or when git is slow."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--verify", "HEAD"],
            capture_output=True, text=True, timeout=GIT_SECONDS, check=False, env=environment,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    commit = done.stdout.strip()
    return commit if done.returncode == 0 and len(commit) in (40, 64) else None
