"""What `lint` reports: findings with their places, files that could not be read, and stale silences, in one
frame.

Knows no output format and no exit code.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

import pandas as pd

from coverage.findings.checks import CHECKS
from coverage.findings.frames import FINDINGS
from coverage.findings.places import placed
from coverage.models import CorpusStamp
from coverage.project.settings import Settings
from coverage.project.silencing import silenced, stale_silences
from coverage.reading import Reading
from coverage.vocabulary import PROBLEM_SEVERITIES


def lint_results(
    reading: Reading, settings: Settings, codes: Collection[str] = (), today: date | None = None
) -> pd.DataFrame:
    """FINDINGS of a reading by corpus, path, line, column and then CHECKS, silenced ones marked.

    Errors of loading stand among them under their own codes, since a rule that cannot be read is not
    checked; so do silences that expired or fit nothing. `codes` leaves only these checks' findings.
    """
    corpora = reading.loaded.corpora
    found = silenced(reading.findings, settings, corpora, today)
    stale = stale_silences(found, settings, corpora, today)
    if codes:
        found = found[found["code"].isin(codes)].reset_index(drop=True)
    parts = [placed(found, reading.loaded), loading_errors(reading.loaded.problems), stale]
    return _ordered(
        pd.concat([part for part in parts if len(part)] or [FINDINGS.empty()], ignore_index=True), corpora
    )


def loading_errors(problems: pd.DataFrame) -> pd.DataFrame:
    """FINDINGS of what could not be read at all: the errors of a PROBLEMS frame."""
    errors = problems[problems["severity"] == "error"]
    columns: dict[str, object] = {name: [None] * len(errors) for name in FINDINGS.columns}
    same = ("corpus", "path", "rule_id", "line", "column", "code", "severity", "message")
    columns |= {name: errors[name].array for name in same}
    columns |= {name: [""] * len(errors) for name in ("rule_key", "name")}
    return FINDINGS.frame(columns)


def _ordered(results: pd.DataFrame, corpora: tuple[CorpusStamp, ...]) -> pd.DataFrame:
    corpus = {stamp.name: place for place, stamp in enumerate(corpora)}
    code = {name: place for place, name in enumerate(CHECKS)}
    keys = pd.DataFrame(
        {
            "corpus": [corpus.get(name, -1) for name in results["corpus"].tolist()],
            "path": results["path"].array,
            "line": results["line"].fillna(0).array,
            "column": results["column"].fillna(0).array,
            "code": [code.get(name, -1) for name in results["code"].tolist()],
            "message": results["message"].array,
        }
    )
    return results.loc[keys.sort_values(list(keys.columns), kind="stable").index].reset_index(drop=True)


def counting(results: pd.DataFrame, at_least: str) -> pd.DataFrame:
    """The results that are not silenced and of this severity or a worse one."""
    wanted = PROBLEM_SEVERITIES[: PROBLEM_SEVERITIES.index(at_least) + 1]
    return results[results["severity"].isin(wanted) & results["silenced"].isna()]


def severity_counts(results: pd.DataFrame) -> dict[str, int]:
    """How many results of each severity count, and how many are silenced."""
    counted = results.loc[results["silenced"].isna(), "severity"].tolist()
    return {name: counted.count(name) for name in PROBLEM_SEVERITIES} | {
        "silenced": len(results) - len(counted)
    }


def source_file(corpus: str, path: str, corpora: tuple[CorpusStamp, ...]) -> Path:
    """The file a result is in. A result of no corpus is in the settings file, whose path it bears."""
    stamp = next((stamp for stamp in corpora if stamp.name == corpus), None)
    return stamp.file(path) if stamp else Path(path)


def review_root(start: Path) -> Path:
    """What reported paths are relative to: the root of the git work tree `start` is in, else `start`."""
    folders = [start.resolve(), *start.resolve().parents]
    return next((folder for folder in folders if (folder / ".git").exists()), folders[0])


def relative_paths(results: pd.DataFrame, corpora: tuple[CorpusStamp, ...], root: Path) -> list[str]:
    """The path of each result's file relative to `root`, POSIX; absolute where the file is not below it."""
    known: dict[tuple[str, str], str] = {}
    for corpus, path in zip(results["corpus"].tolist(), results["path"].tolist(), strict=True):
        if (corpus, path) not in known:
            file = source_file(corpus, path, corpora).absolute()
            resolved = file.resolve()
            inside = next((one for one in (file, resolved) if one.is_relative_to(root)), None)
            known[corpus, path] = inside.relative_to(root).as_posix() if inside else file.as_posix()
    return [known[pair] for pair in zip(results["corpus"].tolist(), results["path"].tolist(), strict=True)]
