"""Lines and columns of findings. Reads again only the files that findings are in, each once."""

from __future__ import annotations

import pandas as pd

from coverage.findings.frames import FINDINGS
from coverage.loaders import Loaded, Places, rule_text
from coverage.loaders.places import Place


def placed(findings: pd.DataFrame, loaded: Loaded) -> pd.DataFrame:
    """FINDINGS with the line and column at which each offending value stands.

    Findings that mean the rule as a whole have no place, and neither has one whose file is gone or has
    changed so that the mapping is no longer in it.
    """
    formats = dict(zip(loaded.rules["rule_key"].tolist(), loaded.rules["format"].tolist(), strict=True))
    stamps = {stamp.name: stamp for stamp in loaded.corpora}
    found: dict[int, Place] = {}
    for (corpus, path), rows in _by_file(findings).items():
        stamp = stamps.get(corpus)
        text = rule_text(stamp.file(path)) if stamp else ""
        places = Places(text, formats.get(rows[0][1], ""))  # the rules of one file are of one format
        for at, rule_key, position, field, value in rows:
            if place := places.of(position, field, value, nth_of(rule_key)):
                found[at] = place
    lines, columns = (
        [found[at][part] if at in found else None for at in range(len(findings))] for part in (0, 1)
    )
    return findings.assign(
        line=pd.Series(lines, dtype="Int64", index=findings.index),
        column=pd.Series(columns, dtype="Int64", index=findings.index),
    )[list(FINDINGS.columns)]


def _by_file(findings: pd.DataFrame) -> dict[tuple[str, str], list[tuple]]:
    """(corpus, path) -> (row, rule, position, field, value) of each finding that has a place."""
    columns = [
        findings[name].tolist() for name in ("corpus", "path", "rule_key", "position", "field", "value")
    ]
    files: dict[tuple[str, str], list[tuple]] = {}
    for at, (corpus, path, rule_key, position, field, value) in enumerate(zip(*columns, strict=True)):
        if isinstance(field, str) and isinstance(value, str):
            files.setdefault((corpus, path), []).append(
                (at, rule_key, None if position is pd.NA else position, field, value)
            )
    return files


def nth_of(rule_key: str) -> int:
    """Which rule of its file a key names: 0, or the number after `#`."""
    _, mark, number = rule_key.rpartition("#")
    return int(number) if mark and number.isdecimal() else 0
