"""A catalogue in a folder: one Parquet file a frame, and `release.json` that says what they are.

A folder is written whole or not at all, opened without reading a frame, and every file is checked
against its SHA-256 when it is read. Knows nothing of STIX or of which folders there are.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.catalogue.model import Catalogue, CatalogueError, Release
from coverage.frames import BOOL, DATE, FLOAT, INT, LIST, MAYBE_BOOL, MAYBE_INT, TEXT, FrameSpec
from coverage.outside.atomic import folder_for

RELEASE_FILE = "release.json"

# Raise when the files are written another way; columns and dtypes are in the format by themselves.
LAYOUT = 1

ARROW_TYPES: dict[str, pa.DataType] = {
    TEXT: pa.string(),
    INT: pa.int64(),
    MAYBE_INT: pa.int64(),
    FLOAT: pa.float64(),
    BOOL: pa.bool_(),
    MAYBE_BOOL: pa.bool_(),
    DATE: pa.timestamp("s"),
    LIST: pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Stored:
    """What `release.json` says of a folder."""

    release: Release
    sha256: str  # of the bundle
    source: str
    format: str
    files: dict[str, str]  # file name -> SHA-256


def format_of_frames() -> str:
    """The format written by this program: its layout, and a hash of every frame's columns and dtypes."""
    columns = [
        (name, [(column, dtype) for column, (dtype, _) in spec.columns.items()])
        for name, spec in CATALOGUE_FRAMES.items()
    ]
    return f"{LAYOUT}-{hashlib.sha256(json.dumps(columns).encode()).hexdigest()[:8]}"


def write_catalogue(catalogue: Catalogue, folder: Path) -> None:
    """Store every frame of the catalogue as `folder`, in place of what was there.

    The same catalogue gives the same bytes.

    Raises
    ------
    CatalogueError
        When the folder cannot be written; what was there is then as it was.
    """
    try:
        with folder_for(folder) as new:
            _write_files(catalogue, new)
    except OSError as error:
        raise CatalogueError(f"{folder}: the release cannot be stored ({error.strerror or error})") from error


def _write_files(catalogue: Catalogue, folder: Path) -> None:
    files = {}
    for name, spec in CATALOGUE_FRAMES.items():
        content = _parquet_bytes(catalogue.frame(name), spec)
        files[f"{name}.parquet"] = hashlib.sha256(content).hexdigest()
        (folder / f"{name}.parquet").write_bytes(content)
    stored = Stored(catalogue.release, catalogue.sha256, catalogue.source, format_of_frames(), files)
    text = json.dumps({**asdict(stored), "release": str(stored.release)}, indent=2)
    (folder / RELEASE_FILE).write_text(text + "\n", encoding="utf-8")


def _parquet_bytes(frame: pd.DataFrame, spec: FrameSpec) -> bytes:
    types = {column: ARROW_TYPES[dtype] for column, (dtype, _) in spec.columns.items()}
    # Lists may be tuples to Arrow, too; NA is null in every type.
    arrays = [pa.array(frame[column], type=type_, from_pandas=True) for column, type_ in types.items()]
    buffer = io.BytesIO()
    pq.write_table(pa.table(arrays, names=list(types)), buffer, compression="zstd", compression_level=15)
    return buffer.getvalue()


def _file_names() -> list[str]:
    return [f"{name}.parquet" for name in CATALOGUE_FRAMES]


def read_stored(folder: Path) -> Stored:
    """What a folder says it holds, without reading a frame.

    Raises
    ------
    CatalogueError
        When it is not a stored release, lacks a file, or was written in another format.
    """
    try:
        content = json.loads((folder / RELEASE_FILE).read_text(encoding="utf-8"))
        stored = Stored(**{**content, "release": Release.parse(content["release"])})
        _check_types(stored)
        lacking = [
            name for name in _file_names() if name not in stored.files or not (folder / name).is_file()
        ]
    except FileNotFoundError:
        raise CatalogueError(f"{folder}: not a stored ATT&CK release ({RELEASE_FILE} is missing)") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CatalogueError(f"{folder}: {RELEASE_FILE} is damaged ({error})") from error
    if stored.format != format_of_frames():
        raise CatalogueError(f"{folder}: the release was stored by another version of this program")
    if lacking:
        raise CatalogueError(f"{folder}: the stored release lacks {', '.join(lacking)}")
    return stored


def _check_types(stored: Stored) -> None:
    """Raises TypeError for a value that is not text."""
    texts = [stored.sha256, stored.source, stored.format, *stored.files, *dict(stored.files).values()]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a value is not text")


def open_catalogue(folder: Path, verify: bool = False) -> Catalogue:
    """The catalogue stored in `folder`; its frames are read when asked for.

    Parameters
    ----------
    folder : Path
    verify : bool
        Check every file now, its hash and its columns, not when its frame is read.

    Raises
    ------
    CatalogueError
        As `read_stored`; for a damaged file when it is read, or now with `verify`.
    """
    stored = read_stored(folder)
    if verify:
        for name in CATALOGUE_FRAMES:
            _parquet(folder, name, stored)
    return Catalogue(stored.release, stored.sha256, stored.source, _loader(folder, stored))


def _loader(folder: Path, stored: Stored) -> Callable[[str], pd.DataFrame]:
    def load(name: str) -> pd.DataFrame:
        try:
            table = _parquet(folder, name, stored).read(use_threads=False)
            return _frame(table, CATALOGUE_FRAMES[name])
        except UNREADABLE as error:
            raise _damaged(folder, name, stored, error) from error

    return load


# What Arrow raises for a file that is not Parquet, or holds other values than it says.
UNREADABLE = (pa.ArrowException, OSError, ValueError, TypeError, KeyError)


def _parquet(folder: Path, name: str, stored: Stored) -> pq.ParquetFile:
    """The file of a frame, its hash and its columns checked, no value of it read."""
    content = _file_bytes(folder, f"{name}.parquet", stored)
    try:
        parquet = pq.ParquetFile(pa.BufferReader(content))
        schema = parquet.schema_arrow
        found = {field.name: field.type for field in schema}
    except UNREADABLE as error:
        raise _damaged(folder, name, stored, error) from error
    wanted = {column: ARROW_TYPES[dtype] for column, (dtype, _) in CATALOGUE_FRAMES[name].columns.items()}
    wrong = [column for column in wanted if not _same_type(found.get(column), wanted[column])]
    if wrong:
        raise _damaged(folder, name, stored, f"column {wrong[0]} is missing or of another type")
    return parquet


def _same_type(found: pa.DataType | None, wanted: pa.DataType) -> bool:
    """Whether a column is of a type, whatever unit Parquet keeps a date in."""
    if found is None:
        return False
    return found == wanted or (pa.types.is_timestamp(found) and pa.types.is_timestamp(wanted))


def _damaged(folder: Path, name: str, stored: Stored, cause: object) -> CatalogueError:
    words = " ".join(str(cause).split())[:200]
    return CatalogueError(
        f"{folder / name}.parquet: the file is damaged ({words}); get {stored.release.title} again"
    )


def _file_bytes(folder: Path, name: str, stored: Stored) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise CatalogueError(
            f"{folder / name}: the file cannot be read ({error.strerror or error})"
        ) from error
    if hashlib.sha256(content).hexdigest() != stored.files[name]:
        raise CatalogueError(f"{folder / name}: the file is damaged; get {stored.release.title} again")
    return content


def _frame(table: pa.Table, spec: FrameSpec) -> pd.DataFrame:
    """Columns as the spec wants them. The file's hash fits, so it needs no second check."""
    return pd.DataFrame(
        {column: _column(table.column(column), dtype) for column, (dtype, _) in spec.columns.items()},
        copy=False,
    )


def _column(values: pa.ChunkedArray, dtype: str) -> pd.Series:
    if dtype == LIST:
        return pd.Series(_tuples(values.combine_chunks()), dtype=object)
    if dtype == TEXT:
        return pd.Series(pd.array(values, dtype=TEXT))
    if dtype == MAYBE_INT:  # not by way of floats, which hold no large number exactly
        return values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return values.to_pandas().astype(dtype)


def _tuples(lists: pa.ListArray) -> list[tuple[str, ...]]:
    # Many times faster than lists.to_pylist(), which makes a scalar of every text.
    texts, ends = lists.values.to_pylist(), lists.offsets.to_pylist()
    return [tuple(texts[start:end]) for start, end in pairwise(ends)]
