"""A CSV of one's own: a log source, or the word of some tool, a row. `docs/data.md` describes its columns."""

from __future__ import annotations

from typing import Any

from coverage.inventory.files.seam import (
    Cells,
    FileContent,
    InventoryFormat,
    WrittenRow,
    header_of,
    rows_under,
    short,
)
from coverage.inventory.frames import ARRIVES, MISSING
from coverage.log_sources import KINDS
from coverage.syntaxes.csv_text import TABLE
from coverage.word_table import split_words

COLUMNS = (
    "kind",
    "word",
    "source",
    "platform",
    "systems",
    "state",
    "last_event",
    "volume",
    "unit",
    "quality",
)
SOURCE = "source"  # the kind of a row that names a log source or a data component itself
_BEST = 5
_GUARDED = ("'=", "'+", "'-", "'@")  # as exports keep a cell from being a formula


def _meant(document: Any) -> bool:
    columns = header_of(document)[1]
    return "source" in columns or {"kind", "word"} <= set(columns)


def _read(document: Any) -> FileContent:
    content = FileContent()
    for path, values in rows_under(document):
        row = _row(Cells(values, path, content))
        if row is not None:
            content.rows.append(row)
    return content


def _row(cells: Cells) -> WrittenRow | None:
    words = _words(cells)
    state = (cells.text("state") or ARRIVES).lower()
    if words is None:
        return None
    if state not in (ARRIVES, MISSING):
        message = f"The state {short(state)} is neither {ARRIVES} nor {MISSING}, so the row is left out."
        cells.content.note(cells.path, "bad-value", "warning", message)
        return None
    quality, volume = cells.number("quality"), cells.number("volume")
    if quality is not None and quality > _BEST:
        message = f"The quality is {quality:g}, more than {_BEST}, so it is not told."
        cells.content.note(cells.path, "bad-number", "warning", message)
        quality = None
    return WrittenRow(
        words,
        cells.path,
        platforms=split_words(cells.text("platform", "platforms")),
        systems=split_words(cells.text("systems")),
        last_event=cells.moment("last_event"),
        volume=volume,
        unit=None if volume is None else cells.text("unit") or "events",
        quality=quality,
        state=state,
    )


def _words(cells: Cells) -> tuple[tuple[str, str], ...] | None:
    kind, word, source = (_plain(cells.text(name)) for name in ("kind", "word", "source"))
    if kind is not None and kind not in KINDS:
        message = f"The kind {short(kind)} is none of {', '.join(KINDS)}, so the row is left out."
        cells.content.note(cells.path, "bad-value", "warning", message)
        return None
    if word is None and source is None:
        cells.content.note(cells.path, "no-name", "warning", "The row has neither a word nor a source.")
        return None
    words = []
    if word is not None:
        words = [(kind, word)] if kind else [(one, word) for one in KINDS]
    if source is not None:
        words.append((SOURCE, source))
    return tuple(words)


def _plain(text: str | None) -> str | None:
    return text[1:] if text is not None and text.startswith(_GUARDED) else text


FORMATS = (InventoryFormat("inventory of one's own", TABLE, _meant, _read, complete=False),)
