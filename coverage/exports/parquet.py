"""A frame as CSV, JSON and Parquet. The last two say which scope and which version of the columns they
have.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pandas as pd

from coverage.exports.columns import COLUMNS_VERSION, EVERY_FRAME, exported
from coverage.exports.content import Content
from coverage.exports.tables import records, stamped_csv
from coverage.frames import BOOL, DATE, FLOAT, INT, LIST, MAYBE_BOOL, MAYBE_INT, TEXT


def frame_csv(content: Content, name: str) -> bytes:
    """The frame as CSV; the stamp is in the last three columns of each row."""
    return stamped_csv(exported(content, name), content.view.scope)


def frame_json(content: Content, name: str) -> bytes:
    """The frame as JSON: the stamp, `columns_version`, grain, key, and `rows`, one a line."""
    spec = EVERY_FRAME[name].spec
    head = {
        "frame": name,
        "columns_version": COLUMNS_VERSION,
        "stamp": content.view.scope.stamp(),
        "grain": spec.grain,
        "columns": EVERY_FRAME[name].heads(),
    }
    encoded = json.JSONEncoder(ensure_ascii=False).encode  # `dumps` would make an encoder a row
    rows = ",\n".join(map(encoded, records(exported(content, name))))
    text = f'{encoded(head)[:-1]}, "rows": [\n{rows}\n]}}\n'
    return text.encode("utf-8", "replace")


def frame_parquet(content: Content, name: str) -> bytes:
    """The frame as Parquet, lists as lists and dates as dates; stamp and `columns_version` are in its
    metadata.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        TEXT: pa.string(),
        INT: pa.int64(),
        MAYBE_INT: pa.int64(),
        FLOAT: pa.float64(),
        BOOL: pa.bool_(),
        MAYBE_BOOL: pa.bool_(),
        DATE: pa.date32(),
        LIST: pa.list_(pa.string()),
    }
    frame, entry = exported(content, name), EVERY_FRAME[name]
    wanted = [types[dtype] for dtype, _ in entry.spec.columns.values()]
    meta = {
        "frame": name,
        "columns_version": str(COLUMNS_VERSION),
        "grain": entry.spec.grain,
        "stamp": json.dumps(content.view.scope.stamp(), ensure_ascii=False, sort_keys=True),
    }
    schema = pa.schema([*map(pa.field, frame.columns, wanted)], metadata=meta)
    arrays = [_array(frame[column], kind, pa) for column, kind in zip(frame.columns, wanted, strict=True)]
    data = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), data, compression="zstd")
    return data.getvalue()


def _array(values: pd.Series, kind, pa):
    """An Arrow array of a column. Text that is not Unicode (half a surrogate pair in a list) is replaced."""
    if pa.types.is_list(kind):
        return pa.array(
            [[item.encode("utf-8", "replace").decode() for item in items] for items in values.tolist()], kind
        )
    return pa.Array.from_pandas(values, type=kind, safe=False)


# Form of a frame's file -> (what makes it, its media type).
FORMS: dict[str, tuple[Callable[[Content, str], bytes], str]] = {
    "csv": (frame_csv, "text/csv"),
    "json": (frame_json, "application/json"),
    "parquet": (frame_parquet, "application/vnd.apache.parquet"),
}
