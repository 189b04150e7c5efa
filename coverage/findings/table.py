"""Rules and their mappings in one release -> the FINDINGS frame, without lines: those cost reading the files
again.

Equal mapping paths are checked once. Knows no file and no setting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pandas as pd

from coverage.findings.checks import CHECKS
from coverage.findings.frames import FINDINGS
from coverage.findings.model import Found, MappedRule, WrittenPath
from coverage.mapping.reader import Reader

_PATH_CHECKS = [
    (order, code, check) for order, (code, check) in enumerate(CHECKS.items()) if not check.whole_rule
]
_RULE_CHECKS = [
    (order, code, check) for order, (code, check) in enumerate(CHECKS.items()) if check.whole_rule
]

Ordered = tuple[int, str, Found]  # order in CHECKS, code, find


def findings(
    rules: pd.DataFrame, written: pd.DataFrame, mappings: pd.DataFrame, reader: Reader
) -> pd.DataFrame:
    """FINDINGS of every rule: in the order of `rules`, then of the mapping paths, then of CHECKS.

    Parameters
    ----------
    rules, written : RULES and WRITTEN frames
    mappings : MAPPINGS frame
        `written` as read in the reader's release; only paths that are read there are checked.
    reader : Reader
    """
    mapped = mapped_rules(rules, written, mappings)
    cache: dict[WrittenPath, list[Ordered]] = {}
    facts = zip(
        *(rules[column].tolist() for column in ("rule_key", "corpus", "path", "rule_id", "name")), strict=True
    )
    rows = [
        (
            *fact,
            found.position,
            found.field,
            _leaf(rule, found.position),
            code,
            CHECKS[code].severity,
            found.value,
            found.fix,
            found.message,
        )
        for fact, rule in zip(facts, mapped, strict=True)
        for code, found in rule_findings(rule, reader, cache)
    ]
    names = (
        "rule_key",
        "corpus",
        "path",
        "rule_id",
        "name",
        "position",
        "field",
        "leaf",
        "code",
        "severity",
        "value",
        "fix",
        "message",
    )
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    nothing = [None] * len(rows)
    return FINDINGS.frame(
        {
            **{name: list(values) for name, values in columns.items()},
            "line": nothing,
            "column": nothing,
            "silenced": nothing,
        }
    )


def rule_findings(
    rule: MappedRule, reader: Reader, cache: dict[WrittenPath, list[Ordered]]
) -> list[tuple[str, Found]]:
    """(code, find) of one rule, each find with its position."""
    found = [(order, code, find) for order, code, check in _RULE_CHECKS for find in check.find(rule, reader)]
    before: frozenset[Ordered] = frozenset()
    for position, path in rule.paths:
        if (finds := cache.get(path)) is None:
            finds = cache[path] = [
                (order, code, find)
                for order, code, check in _PATH_CHECKS
                for find in check.find(path, reader)
            ]
        here = frozenset(item for item in finds if _is_shared(path, item[2])) if finds else frozenset()
        found += [
            (order, code, find._replace(position=position))
            for order, code, find in finds
            if (order, code, find) not in before & here
        ]
        before = here
    found.sort(key=lambda item: (-1 if item[2].position is None else item[2].position, item[0]))
    return [(code, find) for _, code, find in found]


def _is_shared(path: WrittenPath, find: Found) -> bool:
    """Whether several paths share one value in the file: a tactic, or sub-techniques'
    technique.

    Two entries that stand beside each other with the same fault in it count as one.
    """
    return str(find.field).startswith("tactic_") or (
        str(find.field).startswith("technique_") and path.subtechnique_id is not None
    )


def _leaf(rule: MappedRule, position: int | None) -> str | None:
    return next((path.leaf for at, path in rule.paths if at == position), None)


def mapped_rules(rules: pd.DataFrame, written: pd.DataFrame, mappings: pd.DataFrame) -> Iterator[MappedRule]:
    """One MappedRule a row of `rules`, in its order."""
    paths: defaultdict[str, list[tuple[int, WrittenPath]]] = defaultdict(list)
    for rule_key, position, path in written_paths(written, mappings):
        paths[rule_key].append((position, path))
    mapped = set(written["rule_key"].tolist())
    for rule_key, tags in zip(rules["rule_key"].tolist(), rules["tags"].tolist(), strict=True):
        yield MappedRule(tags, tuple(paths.get(rule_key, ())), rule_key in mapped)


def written_paths(written: pd.DataFrame, mappings: pd.DataFrame) -> Iterator[tuple[str, int, WrittenPath]]:
    """(rule, position, path) of every mapping that is read, in order."""
    as_read = list(
        _rows(
            mappings,
            ["rule_key", "position", "leaf_written", "status", "attack_id", "tactic_status", "tactic_id"],
        )
    )
    rows = _rows(
        written,
        [
            "rule_key",
            "position",
            "framework",
            *(
                f"{part}_{name}"
                for part in ("tactic", "technique", "subtechnique")
                for name in ("id", "name", "reference")
            ),
        ],
    )
    place = 0
    for (
        rule_key,
        position,
        *path,
    ) in rows:  # mappings are written paths in the same order, some of them left out
        if place < len(as_read) and as_read[place][:2] == (rule_key, position):
            yield rule_key, position, WrittenPath(*path, *as_read[place][2:])
            place += 1


def _rows(frame: pd.DataFrame, columns: Iterable[str]) -> Iterator[tuple]:
    """The rows of some columns, with None for NA: `str` columns hold text or NA alone."""
    lists = [frame[column].tolist() for column in columns]
    return zip(*([None if value != value else value for value in values] for values in lists), strict=True)
