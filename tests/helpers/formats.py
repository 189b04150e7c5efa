"""The fixtures of the rule formats beside Elastic's, and short ways to look at what was read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from coverage.frames import checked
from coverage.loaders import CorpusSource, Loaded, load, locate
from coverage.loaders.frames import PROBLEMS, RULES, WRITTEN
from coverage.tables import PROJECT

FORMATS = PROJECT / "tests" / "fixtures" / "formats"


def loaded(folder: Path | str, name: str = "c") -> Loaded:
    """The frames of a fixture folder or of any path, checked against their specs."""
    found = load([CorpusSource(name, FORMATS / folder)])
    checked(found.rules, RULES)
    checked(found.written, WRITTEN)
    checked(found.problems, PROBLEMS)
    return found


def of_text(folder: Path, name: str, text: str | bytes) -> Loaded:
    """The frames of one file with this text in an empty folder."""
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    (folder / name).write_bytes(data)
    return loaded(folder)


def rule(found: Loaded, key: str) -> dict:
    """A rule's columns, NA as None."""
    row = found.rules.set_index("rule_key").loc[f"c/{key}"].to_dict()
    return {name: _plain(value) for name, value in row.items()}


def _plain(value):
    return value if isinstance(value, tuple) else None if pd.isna(value) else value


def mapped(found: Loaded, key: str) -> list[tuple]:
    """A rule's mappings as (tactic, technique, sub-technique); a tactic by its ID, else by its name."""
    rows = found.written[found.written.rule_key == f"c/{key}"]
    assert rows.position.tolist() == list(range(len(rows)))
    columns = ["tactic_id", "tactic_name", "technique_id", "subtechnique_id"]
    plain = [[_plain(value) for value in row] for row in rows[columns].itertuples(index=False)]
    return [(tactic or name, technique, sub) for tactic, name, technique, sub in plain]


def told(found: Loaded) -> list[tuple]:
    """The problems as (path, line, code, severity)."""
    rows = found.problems[["path", "line", "code", "severity"]].itertuples(index=False)
    return [tuple(_plain(value) for value in row) for row in rows]


def texts_at_mappings(found: Loaded, root: Path) -> list[tuple[str, str]]:
    """For every mapping: what it says (leaf, or tactic), and the text from the place where it stands on."""
    formats = found.rules.set_index("rule_key")["format"]
    lines: dict[str, list[str]] = {}
    seen = []
    for row in found.written.itertuples():
        path, _, nth = row.rule_key.partition("/")[2].partition("#")
        text = (root / path).read_bytes().decode("utf-8-sig")
        place = locate(text, formats[row.rule_key], row.position, int(nth or 0))
        assert place is not None, (row.rule_key, row.position)
        line = lines.setdefault(path, text.split("\n"))[place[0] - 1]
        said = next(
            value for value in (row.leaf_id, row.tactic_id, row.tactic_name) if isinstance(value, str)
        )
        seen.append((said, line[place[1] - 1 :]))
    return seen
