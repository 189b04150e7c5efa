"""Microsoft Sentinel: the table `Usage` as CSV, many rows a table: they are summed, and the newest one is the
last event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
from coverage.syntaxes.syntax import DocPath

_QUANTITIES = ("quantity", "sum_quantity", "quantity_mb")
_TIMES = (
    "timegenerated",
    "timegenerated [utc]",
    "max_timegenerated",
    "max_timegenerated [utc]",
    "last_event",
)


@dataclass
class _Sum:
    table: str
    path: DocPath
    quantity: float | None = None
    newest: datetime | None = None


def _meant(document: Any) -> bool:
    columns = header_of(document)[1]
    return "datatype" in columns and any(name in columns for name in (*_QUANTITIES, *_TIMES))


def _read(document: Any) -> FileContent:
    content, sums = FileContent(), {}
    for path, values in rows_under(document):
        cells = Cells(values, path, content)
        table = cells.text("datatype")
        if table is None:
            content.note(path, "no-name", "warning", "The row names no table (DataType).")
            continue
        one = sums.setdefault(table.lower(), _Sum(table, path))
        quantity, moment = cells.number(*_QUANTITIES), cells.moment(*_TIMES)
        if quantity is not None:
            one.quantity = (one.quantity or 0.0) + quantity
        if moment is not None:
            one.newest = max(one.newest or moment, moment)
    content.rows = [
        WrittenRow(
            (("sentinel_table", one.table),),
            one.path,
            last_event=one.newest,
            volume=one.quantity,
            unit=None if one.quantity is None else "MB",
            state=MISSING if one.quantity == 0 else ARRIVES,
        )
        for one in sums.values()
    ]
    return content


FORMATS = (InventoryFormat("Sentinel Usage", TABLE, _meant, _read),)
