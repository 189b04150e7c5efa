"""The corpora a user names, and the names they are shown by. Independent of files and formats."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class CorpusSource:
    """A corpus to load: the name it is shown by, and its folder or file."""

    name: str
    path: Path


def corpus_sources(texts: Iterable[str]) -> tuple[CorpusSource, ...]:
    """One source a text: `path`, named after its folder, or `name=path`. Equal names get `-2`, `-3` ..."""
    return unique_names(_source(text) for text in texts)


def _source(text: str) -> CorpusSource:
    name, equals, path = text.partition("=")
    if equals and name.strip() and path and not set(name) & {"/", "\\"} and not os.path.lexists(text):
        return CorpusSource(name.strip(), _at_home(path))
    location = _at_home(text)
    return CorpusSource(folder_name(location), location)


def _at_home(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except (RuntimeError, ValueError):  # `~nobody`, a NUL
        return Path(text)


def folder_name(path: Path) -> str:
    """The last part of a path, also of `.` and `..`; "" for the root."""
    try:
        return Path(os.path.normpath(path.absolute())).name
    except OSError:  # the current folder is gone
        return path.name


def unique_names(sources: Iterable[CorpusSource]) -> tuple[CorpusSource, ...]:
    """The same sources in order, with names that differ from each other and hold no slash."""
    taken: set[str] = set()
    named = []
    for source in sources:
        base = shown(source.name).replace("/", "-").strip() or "corpus"
        name, count = base, 2
        while name in taken:
            name, count = f"{base}-{count}", count + 1
        taken.add(name)
        named.append(replace(source, name=name))
    return tuple(named)


def shown(text: str) -> str:
    """Text from outside (a file name, a system's message) as valid text: bytes that are not UTF-8 become
    escapes.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
