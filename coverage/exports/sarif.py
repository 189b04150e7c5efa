"""Findings as SARIF 2.1.0, the subset that code scanning services read. Knows no file and no command.

Fingerprints hold no line, so that a finding stays the same when lines move. GitHub's own
`primaryLocationLineHash` is left to its upload action, which reckons it from the text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

import pandas as pd

from coverage.findings.checks import CHECKS
from coverage.findings.model import Check

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
TOOL = "attack-coverage"
FINGERPRINT = "attackFinding/v1"
ROOT = "%SRCROOT%"

# Codes beside those of CHECKS that lint reports: (title, description).
_OTHER_CODES = {
    "silence-expired": ("Silence expired", "A silence in coverage.toml ended, so its findings count again."),
    "silence-unused": (
        "Silence without a finding",
        "A silence in coverage.toml no longer matches any finding.",
    ),
}
_UNREADABLE = ("Could not be read", "The file or rule could not be read, so its mapping was not checked.")
_GITHUB_SEVERITY = {"error": "error", "warning": "warning", "note": "recommendation"}


def sarif(results: pd.DataFrame, paths: list[str], attack: str) -> bytes:
    """A SARIF log of one run, UTF-8 JSON; the same results give the same bytes.

    Parameters
    ----------
    results : FINDINGS frame
        As `findings.lint.lint_results` gives it. Silenced ones become suppressed results.
    paths : list of str
        The path of each result's file, relative to the root of the source tree; an absolute one stays so.
    attack : str
        The release the mappings were checked in.
    """
    codes = [*CHECKS, *dict.fromkeys(code for code in results["code"].tolist() if code not in CHECKS)]
    index = {code: place for place, code in enumerate(codes)}
    run = {
        "tool": {"driver": {"name": TOOL, "rules": [_rule(code, results) for code in codes]}},
        "invocations": [{"executionSuccessful": True}],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the source tree."}}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(row, path, index, mark)
            for row, path, mark in zip(_rows(results), paths, fingerprints(results), strict=True)
        ],
        "properties": {"attack": attack},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return f"{json.dumps(log, indent=1, ensure_ascii=False)}\n".encode()


def fingerprints(results: pd.DataFrame) -> list[str]:
    """One text a result: which rule, what is wrong with which value, and the how-manieth of its kind; no
    line.
    """
    seen: Counter[tuple] = Counter()
    marks = []
    for row in _rows(results):
        key = (row["code"], row["rule_id"] or row["path"], row["field"], row["leaf"], row["value"])
        marks.append(
            hashlib.sha256(
                "\0".join([*map(str, key), str(seen[key])]).encode("utf-8", "replace")
            ).hexdigest()[:32]
        )
        seen[key] += 1
    return marks


def _rows(results: pd.DataFrame) -> Iterator[dict]:
    plain = {
        name: [None if value is pd.NA or value != value else value for value in results[name].tolist()]
        for name in results
    }
    return (dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True))


def _rule(code: str, results: pd.DataFrame) -> dict:
    check = CHECKS.get(code)
    title, description = (check.title, check.description) if check else _OTHER_CODES.get(code, _UNREADABLE)
    level = check.severity if check else results.loc[results["code"] == code, "severity"].iloc[0]
    page = check.page if check else Check.page
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in re.split(r"\W+", code)),
        "shortDescription": {"text": title},
        "fullDescription": {"text": description},
        "help": {
            "text": f"{description} More: {page}",
            "markdown": f"{description}\n\n[More on attack.mitre.org]({page})",
        },
        "helpUri": page,
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["mitre-attack"],
            "precision": "very-high",
            "problem.severity": _GITHUB_SEVERITY[level],
        },
    }


def _result(row: dict, path: str, index: dict[str, int], mark: str) -> dict:
    location = {"artifactLocation": _artifact(path), "region": _region(row)}
    result = {
        "ruleId": row["code"],
        "ruleIndex": index[row["code"]],
        "level": row["severity"],
        "message": {"text": _text(message_of(row))},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {FINGERPRINT: mark},
        "properties": {key: row[key] for key in ("rule_id", "name", "value", "fix") if row[key]},
    }
    if row["silenced"] is not None:
        result["suppressions"] = [{"kind": "external", "justification": row["silenced"]}]
    return result


def message_of(row: dict) -> str:
    """The message of a result, its fix and its rule, in one line."""
    fix = f" Write: {row['fix']}" if row["fix"] else ""
    rule = f" (rule: {' '.join(row['name'].split())})" if row["name"] else ""
    return f"{row['message']}{fix}{rule}"


def _text(message: str) -> str:
    """A message without what SARIF reads as a link or a placeholder; rule text may hold both."""
    return re.sub(r"\{(\d+)\}", r"{{\1}}", message.replace("](", "] ("))


def _artifact(path: str) -> dict:
    if path.startswith("/") or re.match(r"[A-Za-z]:/", path):
        return {"uri": f"file://{'' if path.startswith('/') else '/'}{quote(path, safe='/:')}"}
    return {"uri": quote(path), "uriBaseId": ROOT}


def _region(row: dict) -> dict:
    """The offending value's place; the first line where the file as a whole is meant, since a place is asked
    for.
    """
    if row["line"] is None:
        return {"startLine": 1}
    region = {"startLine": int(row["line"])}
    if row["column"] is not None:
        region["startColumn"] = int(row["column"])
        if row["value"] and row["field"] and "\n" not in row["value"]:
            region["endColumn"] = int(row["column"]) + len(row["value"])
    return region
