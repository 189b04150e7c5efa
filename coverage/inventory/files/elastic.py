"""Elastic: what `_data_stream/_stats` and `_cat/indices` print, or a plain list of index names.

A data stream's name holds its dataset (`logs-aws.cloudtrail-default`), which is the name of an integration.
Hidden indices of the stack itself (`.kibana`, `.security`) hold no logs and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coverage.inventory.files.seam import Cells, FileContent, InventoryFormat, WrittenRow
from coverage.inventory.frames import ARRIVES, MISSING
from coverage.syntaxes.fields import text_at
from coverage.syntaxes.json_text import JSON, each
from coverage.syntaxes.lines_text import LINES
from coverage.syntaxes.syntax import DocPath

_BACKING = re.compile(r"\.(?:ds|partial-\.ds|restored-\.ds)-(.+?)-(?:\d{4}\.\d{2}\.\d{2}-)?\d{6}")
_STREAM = re.compile(r"(?:logs|metrics|traces|synthetics|profiling)-([^-]+)-[^-].*")
_NAME = re.compile(r"[^\s\\/*?\"<>|,#:{}\[\]=;]{1,255}")
_HEALTH = ("green", "yellow", "red")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(b|kb|mb|gb|tb|pb)")
_BYTES = {unit: 1024**power for power, unit in enumerate(("b", "kb", "mb", "gb", "tb", "pb"))}


def words_of(index: str) -> tuple[tuple[str, str], ...]:
    """What an index may be called: a data stream's own name for one of its backing indices, then its dataset
    and the package that this is of.
    """
    found = _BACKING.fullmatch(index)
    name = found[1] if found else index
    words = [("index", name)]
    if dataset := _STREAM.fullmatch(name):
        words += [("integration", dataset[1]), ("integration", dataset[1].partition(".")[0])]
    return tuple(dict.fromkeys(words))


def _is_own(index: str) -> bool:
    """Whether an index is one of the stack's own."""
    return index.startswith(".") and not _BACKING.fullmatch(index)


# ---- data streams --------------------------------------------------------------------------------------


def _streams_meant(document: Any) -> bool:
    return any(isinstance(value, dict) and "data_streams" in value for value, _ in each(document))


def _streams(document: Any) -> FileContent:
    content = FileContent()
    for value, path in each(document):
        if isinstance(value, dict) and "data_streams" in value:
            _streams_of(value["data_streams"], (*path, "data_streams"), content)
    return content


def _streams_of(streams: Any, path: DocPath, content: FileContent) -> None:
    if not isinstance(streams, list):
        content.note(path, "wrong-type", "error", "data_streams is not a list.")
        return
    for nth, stream in enumerate(streams):
        place = (*path, nth)
        name = text_at(stream, "data_stream") or text_at(stream, "name") if isinstance(stream, dict) else None
        if name is None:
            content.note(place, "no-name", "warning", "The entry names no data stream.")
        elif not _is_own(name):
            cells = Cells(stream, place, content)
            volume, moment = cells.number("store_size_bytes"), cells.moment("maximum_timestamp")
            empty = stream.get("maximum_timestamp") == 0 or stream.get("backing_indices") == 0
            content.rows.append(
                WrittenRow(
                    words_of(name),
                    place,
                    last_event=moment,
                    volume=volume,
                    unit=None if volume is None else "bytes",
                    state=MISSING if empty else ARRIVES,
                )
            )


# ---- indices -------------------------------------------------------------------------------------------


def _indices_meant(document: Any) -> bool:
    return any(_index_in(value) is not None for value, _ in each(document))


def _index_in(value: Any) -> str | None:
    if isinstance(value, dict):
        return text_at(value, "index")
    return value.strip() if type(value) is str and _NAME.fullmatch(value.strip()) else None


def _indices(document: Any) -> FileContent:
    content = FileContent()
    for value, path in each(document):
        name = _index_in(value)
        if name is None:
            content.note(path, "no-name", "warning", "The entry names no index.")
        elif not _is_own(name):
            table = value if isinstance(value, dict) else {}
            content.rows.append(_index(name, table, path, content))
    return content


def _index(name: str, table: dict, path: DocPath, content: FileContent) -> WrittenRow:
    cells = Cells(table, path, content)
    documents = cells.number("docs.count")
    size = cells.first(("store.size",))
    volume = _bytes(size)
    if size is not None and volume is None:
        volume = cells.number("store.size")
    empty = documents == 0 or table.get("status") == "close"
    return WrittenRow(
        words_of(name),
        path,
        name,
        volume=volume,
        unit=None if volume is None else "bytes",
        state=MISSING if empty else ARRIVES,
    )


def _bytes(size: Any) -> float | None:
    found = _SIZE.fullmatch(size.strip().lower()) if type(size) is str else None
    return float(found[1]) * _BYTES[found[2]] if found else None


# ---- text ----------------------------------------------------------------------------------------------

_CAT = ("health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted", "store.size")


def _cat_rows(lines: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of what `_cat/indices` prints, by column; without a header, by the columns it then prints."""
    columns: tuple[str, ...] = _CAT
    for place, line in enumerate(lines):
        cells = line.split()
        if "index" in cells and "status" in cells:
            columns = tuple(cells)
        elif cells:
            closed = columns[0] == "health" and cells[0] not in (*_HEALTH, "unknown")
            named = columns[1:] if closed else columns
            yield place, dict(zip(named, cells, strict=False))


def _cat_meant(lines: Any) -> bool:
    first = next((line.split() for line in lines if line.strip()), [])
    return len(first) > 2 and (first[0] in (*_HEALTH, "close") or {"index", "status"} <= set(first))


def _cat(lines: Any) -> FileContent:
    content = FileContent()
    for place, table in _cat_rows(lines):
        name = table.get("index")
        if not name or not _NAME.fullmatch(name):
            content.note((place,), "no-name", "warning", "The line names no index.")
        elif not _is_own(name):
            content.rows.append(_index(name, table, (place,), content))
    return content


def _list_meant(lines: Any) -> bool:
    names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    good = [name for name in names if _NAME.fullmatch(name)]
    return bool(good) and len(good) * 2 > len(names)


def _list(lines: Any) -> FileContent:
    content = FileContent()
    for place, line in enumerate(lines):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        if not _NAME.fullmatch(name):
            content.note((place,), "no-name", "warning", f"{name[:60]!r} is not the name of an index.")
        elif not _is_own(name):
            content.rows.append(WrittenRow(words_of(name), (place,), name))
    return content


FORMATS = (
    InventoryFormat("Elastic data streams", JSON, _streams_meant, _streams),
    InventoryFormat("Elastic indices", JSON, _indices_meant, _indices),
    InventoryFormat("Elastic indices", LINES, _cat_meant, _cat),
    InventoryFormat("index names", LINES, _list_meant, _list),
)
