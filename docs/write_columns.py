"""Writes `docs/columns.md` from the specs of the frames: `python docs/write_columns.py` from the project's
folder.

`tests/exports/test_frames.py` fails when the page and the specs differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "columns.md"

INTRODUCTION = """\
# The columns of every frame

What `python -m coverage.cli export --what csv|json|parquet` writes, with `--frame NAME` one frame. Written by
`docs/write_columns.py`; do not edit.

This is version {version} of the columns: `columns_version` in JSON and in the metadata of Parquet files. It
goes up when
a column goes, gets another name, type or meaning. A new column leaves it as it is, so read columns by name.

- **CSV** (UTF-8, RFC 4180): lists are joined with `; `, dates are ISO, true and false are words, a missing
  value is
  empty, numbers have at most four decimals. Where a spreadsheet would find a formula, an apostrophe stands
  before it:
  at the start of a text and behind a `;`, `|`, tab or line break in it. The last three columns, `attack`,
  `scope` and `corpora`, are the scope's stamp.
- **JSON**: an object with `frame`, `columns_version`, `stamp`, `grain`, `columns` and `rows`; lists are
  lists, a missing
  value is `null`, numbers have at most four decimals.
- **Parquet**: lists are lists, dates are dates, numbers are whole. `frame`, `columns_version`, `grain` and
  `stamp` (JSON)
  are in the metadata of the schema.

The same rules, scope and date give the same bytes. The order of rows is the frame's own.
"""


def page() -> str:
    """The text of `docs/columns.md`."""
    from coverage.exports.columns import ATTACK_FRAMES, COLUMNS_VERSION, FRAMES, TEXT_FRAMES, THREAT_FRAMES

    parts = [INTRODUCTION.format(version=COLUMNS_VERSION), "## What coverage is\n", *_sections(FRAMES)]
    parts += ["## What rules say at length\n\nWith `--frame` only.\n", *_sections(TEXT_FRAMES)]
    parts += [
        "## What ATT&CK is\n\nThe release's own frames, with `--frame` only.\n",
        *_sections(ATTACK_FRAMES),
        "## Against whom\n\nWhat `threats --json` writes under each key, adversaries with their ID as `id`.\n"
        "`--csv` has the adversaries.\n",
        *(_section(name, spec, question) for name, (spec, question) in THREAT_FRAMES.items()),
    ]
    return "\n".join(parts)


def _sections(frames) -> Iterator[str]:
    return (_section(name, entry.spec, entry.question) for name, entry in frames.items())


def _section(name, spec, question) -> str:
    from coverage.exports.columns import NAMES, TYPES

    keys = ", ".join(f"`{NAMES.get(key, key)}`" for key in spec.key)
    lines = [f"### {name}", "", f"{question} {spec.grain[0].upper()}{spec.grain[1:]}.", ""]
    lines += [f"Key: {keys}.", ""] if keys else []
    lines += ["| column | type | Parquet | meaning |", "|---|---|---|---|"]
    for column, (dtype, meaning) in spec.columns.items():
        words, parquet = TYPES[dtype]
        head = NAMES.get(column, column)
        lines.append(f"| `{head}` | {words} | `{parquet}` | {meaning.replace('|', chr(92) + '|')} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    PAGE.write_text(page(), encoding="utf-8")
