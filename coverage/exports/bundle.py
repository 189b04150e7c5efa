"""What a state of coverage can be exported as: one table for the command line and the Export page; and
everything in one folder.

Values in, names and bytes out: nothing here writes a file.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from coverage.exports.briefing import report_html, report_markdown
from coverage.exports.columns import COLUMNS_VERSION, FRAMES
from coverage.exports.content import Content
from coverage.exports.navigator import comparison_layer, coverage_layer, gaps_layer, layer_file
from coverage.exports.parquet import FORMS
from coverage.exports.picture import matrix_png, matrix_svg
from coverage.exports.workbook import workbook
from coverage.measures.cell import FILE_MEASURES

MANIFEST = "export.json"


@dataclass(frozen=True)
class Wishes:
    """What can be chosen beside the scope. `changes`: see `briefing.briefing`."""

    measures: tuple[str, ...] = ("rules",)
    changes: Mapping | None = None


@dataclass(frozen=True)
class Export:
    """One kind of file: for whom and what it is, its name without suffix, and what makes it."""

    title: str
    stem: str
    suffix: str
    media: str
    make: Callable[[Content, Wishes], bytes]


class Refused(ValueError):
    """An export that cannot be made of this state: one sentence, for people."""


def _layers(content: Content, wishes: Wishes) -> bytes:
    return layer_file([coverage_layer(content.view, measure) for measure in wishes.measures])


def _comparison(content: Content, _wishes: Wishes) -> bytes:
    names = [stamp.name for stamp in content.view.scope.corpora]
    if len(names) != 2:
        raise Refused(
            f"a layer of one rule set against another needs two rule sets, and {len(names)} were read"
        )
    return layer_file([comparison_layer(*(content.view.of_corpora([name]) for name in names))])


_JSON = "application/json"
EXPORTS: dict[str, Export] = {
    "layer": Export("Navigator layer of coverage", "navigator_coverage", "json", _JSON, _layers),
    "gaps-layer": Export(
        "Navigator layer of gaps",
        "navigator_gaps",
        "json",
        _JSON,
        lambda content, _: layer_file([gaps_layer(content.view, content.gaps)]),
    ),
    "compare-layer": Export(
        "Navigator layer of one rule set against another", "navigator_compare", "json", _JSON, _comparison
    ),
    "workbook": Export(
        "Excel workbook",
        "coverage",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda content, _: workbook(content),
    ),
    "svg": Export(
        "Matrix as SVG",
        "matrix",
        "svg",
        "image/svg+xml",
        lambda content, wishes: matrix_svg(content.view, wishes.measures[0], content.accepted),
    ),
    "png": Export(
        "Matrix as PNG",
        "matrix",
        "png",
        "image/png",
        lambda content, wishes: matrix_png(content.view, wishes.measures[0], content.accepted),
    ),
    "report": Export(
        "Report as HTML",
        "report",
        "html",
        "text/html",
        lambda content, wishes: report_html(content, wishes.changes),
    ),
    "markdown": Export(
        "Report as Markdown",
        "report",
        "md",
        "text/markdown",
        lambda content, wishes: report_markdown(content, wishes.changes),
    ),
}


def summary_json(content: Content) -> bytes:
    """What `summary --json` prints."""
    return f"{json.dumps(content.figures, indent=2, ensure_ascii=False)}\n".encode()


def frame_files(content: Content, form: str) -> dict[str, bytes]:
    """Name -> bytes of each of FRAMES in one of FORMS."""
    make = FORMS[form][0]
    return {f"{name}.{form}": make(content, name) for name in FRAMES}


def every_frame(content: Content, form: str) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each of FRAMES in one of FORMS; the last is a list of all with their hashes."""
    made = frame_files(content, form)
    yield from made.items()
    yield MANIFEST, _manifest(content, made)


def everything(content: Content, wishes: Wishes | None = None) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every export, `/` between folder and file; the last is a list of all with their
    hashes.
    """
    wishes = wishes or Wishes()
    made = {"summary.json": summary_json(content)}
    for kind in ("report", "markdown", "workbook", "svg", "png"):
        export = EXPORTS[kind]
        made[f"{export.stem}.{export.suffix}"] = export.make(content, wishes)
    made |= _layer_files(content)
    made |= {f"{form}/{name}": data for form in FORMS for name, data in frame_files(content, form).items()}
    yield from made.items()
    yield MANIFEST, _manifest(content, made)


def _layer_files(content: Content) -> dict[str, bytes]:
    layers = [coverage_layer(content.view, measure) for measure in FILE_MEASURES]
    gaps = gaps_layer(content.view, content.gaps)
    made = {
        "navigator/coverage.json": layer_file(layers[:1]),
        "navigator/gaps.json": layer_file([gaps]),
        "navigator/every_layer.json": layer_file([*layers, gaps]),
    }
    if len(content.view.scope.corpora) == 2:
        made["navigator/compare.json"] = _comparison(content, Wishes())
    return made


def _manifest(content: Content, made: Mapping[str, bytes]) -> bytes:
    listed = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in made.items()
    ]
    content = {"columns_version": COLUMNS_VERSION, "stamp": content.view.scope.stamp(), "files": listed}
    return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n".encode()


def archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """The files as one ZIP; no clock in it, so that the same files give the same bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for name, content in files:
            entry = zipfile.ZipInfo(name)  # dated 1980
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(entry, content)
    return data.getvalue()
