"""A list of log sources as files to commit: a CSV that `read_inventories` reads back, and its lines of
coverage.toml.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coverage.inventory.frames import ARRIVES
from coverage.syntaxes.toml_parts import quoted

COLUMNS = ("source", "platform", "state")
_STARTS = ("=", "+", "-", "@")  # that a spreadsheet takes for the start of a formula


@dataclass(frozen=True)
class ListedSource:
    """A log source, or a data component, that arrives or does not (`missing`); without platforms on any."""

    source: str
    platforms: tuple[str, ...] = ()
    state: str = ARRIVES


def sources_csv(listed: Iterable[ListedSource]) -> str:
    """The list as the text of a CSV file, in the order of its names, each (name, platforms) once."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = {(one.source, one.platforms): one for one in listed}
    for one in sorted(rows.values(), key=lambda one: (one.source.lower(), one.source, one.platforms)):
        source = f"'{one.source}" if one.source.startswith(_STARTS) else one.source
        writer.writerow((source, "; ".join(one.platforms), one.state))
    return lines.getvalue()


def data_toml(
    name: str, files: Sequence[str], platforms: Sequence[str] = (), complete: bool | None = None
) -> str:
    """The `[[data]]` of coverage.toml that names these files."""
    lines = ["[[data]]", f"name = {quoted(name)}", f"files = [{', '.join(map(quoted, files))}]"]
    if platforms:
        lines.append(f"platforms = [{', '.join(map(quoted, platforms))}]")
    if complete is not None:
        lines.append(f"complete = {str(complete).lower()}")
    return "\n".join(lines) + "\n"
