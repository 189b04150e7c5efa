"""Findings as GitHub workflow commands, which show as annotations at their lines. Knows no file."""

from __future__ import annotations

import pandas as pd

from coverage.exports.sarif import message_of
from coverage.findings.checks import CHECKS
from coverage.text import printable

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = {**DATA, ":": "%3A", ",": "%2C"}


def annotations(results: pd.DataFrame, paths: list[str]) -> bytes:
    """One `::error file=...,line=...,col=...,title=...::message` a result that is not silenced.

    `results` is a FINDINGS frame, `paths` the path of each result's file from the repository's root.
    """
    lines = [
        _line(row, path)
        for row, path in zip(results.to_dict("records"), paths, strict=True)
        if not isinstance(row["silenced"], str)
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _line(row: dict, path: str) -> str:
    row = {key: None if value is pd.NA or value != value else value for key, value in row.items()}
    title = CHECKS[row["code"]].title if row["code"] in CHECKS else row["code"]
    properties = {"file": path, "line": row["line"] or 1, "col": row["column"], "title": title}
    written = ",".join(
        f"{key}={escaped(str(value), PROPERTY)}" for key, value in properties.items() if value is not None
    )
    return f"::{_COMMANDS[row['severity']]} {written}::{escaped(message_of(row), DATA)}"


def escaped(text: str, signs: dict[str, str]) -> str:
    """Text that ends no workflow command and starts none, and that tells the log's reader's terminal
    nothing.
    """
    return "".join(signs.get(sign) or printable(sign) for sign in text)
