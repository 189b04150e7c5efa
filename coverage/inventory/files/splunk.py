"""Splunk: results of `| tstats count where index=* by index sourcetype` and of `| metadata type=sourcetypes`.

They come as CSV or JSON.

A row's sourcetype is its word, then its source: the event log of Windows has its channel there.
"""

from __future__ import annotations

import re
from typing import Any

from coverage.inventory.files.seam import (
    Cells,
    FileContent,
    InventoryFormat,
    WrittenRow,
    header_of,
    rows_under,
)
from coverage.inventory.frames import ARRIVES, MISSING
from coverage.syntaxes.csv_text import TABLE
from coverage.syntaxes.json_text import JSON, each
from coverage.syntaxes.syntax import DocPath

_COUNTS = ("count", "totalcount")
_TIMES = ("lasttime", "recenttime", "last_event", "latest", "max(_time)", "maxtime")
_CHANNEL = re.compile(r"(?:xml)?wineventlog:(.+)", re.IGNORECASE)


def words_of(sourcetype: str, source: str | None = None) -> tuple[tuple[str, str], ...]:
    """What a row may be called: for events of Windows first the channel, then sourcetype and source."""
    words = [("splunk_sourcetype", sourcetype)]
    for text in filter(None, (source, sourcetype)):
        if found := _CHANNEL.fullmatch(text):
            words.append(("windows_channel", found[1]))
    if source:
        words = [*words[1:], words[0], ("splunk_source", source), ("splunk_sourcetype", source)]
    return tuple(dict.fromkeys(words))


def _row(values: dict[str, Any], path: DocPath, content: FileContent) -> None:
    cells = Cells(values, path, content)
    sourcetype = cells.text("sourcetype")
    if sourcetype is None:
        content.note(path, "no-name", "warning", "The row names no sourcetype.")
        return
    count, index = cells.number(*_COUNTS), cells.text("index")
    content.rows.append(
        WrittenRow(
            words_of(sourcetype, cells.text("source")),
            path,
            systems=(f"index {index}",) if index else (),
            last_event=cells.moment(*_TIMES),
            volume=count,
            unit=None if count is None else "events",
            state=MISSING if count == 0 else ARRIVES,
        )
    )


def _table_meant(document: Any) -> bool:
    columns = header_of(document)[1]
    return "sourcetype" in columns and any(name in columns for name in (*_COUNTS, *_TIMES, "index"))


def _table(document: Any) -> FileContent:
    content = FileContent()
    for path, cells in rows_under(document):
        _row(cells, path, content)
    return content


def _results(document: Any) -> list[tuple[Any, DocPath]]:
    """The results of a search: those of one value, or the one of each line."""
    found = []
    for value, path in each(document):
        if isinstance(value, dict) and isinstance(value.get("results"), list):
            found += [(one, (*path, "results", nth)) for nth, one in enumerate(value["results"])]
        elif isinstance(value, dict) and "result" in value:
            found.append((value["result"], (*path, "result")))
        else:
            found.append((value, path))
    return found


def _json_meant(document: Any) -> bool:
    return any(isinstance(one, dict) and "sourcetype" in one for one, _ in _results(document))


def _json(document: Any) -> FileContent:
    content = FileContent()
    for one, path in _results(document):
        if isinstance(one, dict):
            _row({str(name).lower(): value for name, value in one.items()}, path, content)
        else:
            content.note(path, "wrong-type", "warning", "The result is not an object.")
    return content


FORMATS = (
    InventoryFormat("Splunk search results", TABLE, _table_meant, _table),
    InventoryFormat("Splunk search results", JSON, _json_meant, _json),
)
