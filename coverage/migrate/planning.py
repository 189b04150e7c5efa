"""Files -> a `Plan`: for each file its new text, the changes, and the open questions. Writes nothing.

Chooses the editor by the format that the loaders tell. A file that cannot be read is counted and left.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from coverage.formats.registry import LOADERS, chosen, suffix_of
from coverage.formats.seam import RuleFile
from coverage.formats.sigma import LOADER as SIGMA
from coverage.loaders.sources import CorpusSource, unique_names
from coverage.loaders.walk import FoundFile, Unreadable, Walk, decoded, file_bytes, is_passed_over, listed
from coverage.migrate import elastic, sigma
from coverage.migrate.decisions import Decision
from coverage.migrate.model import Asked, FilePlan, Plan, Question, RuleEdit
from coverage.migrate.mover import Mover, Names
from coverage.migrate.target import Target
from coverage.migrate.verify import fault
from coverage.syntaxes.syntax import Unparsable, place_of

Progress = Callable[[int, int, str], None]
Editor = Callable[[str, Any, Mover, Names, date | None], RuleEdit]

EDITORS: dict[str, tuple[Editor, Callable[[Any, str], Names]]] = {
    "elastic": (elastic.edited_rule, elastic.names_of),
    "elastic_endpoint": (elastic.edited_endpoint_rule, elastic.names_of),
    "elastic_hunt": (elastic.edited_hunt, elastic.names_of),
    "sigma": (sigma.edited, sigma.names_of),
}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RuleText:
    """One file to migrate: its corpus, its path there, where it lies, its content, and its folders (as
    `RuleFile`).
    """

    corpus: str
    path: str
    location: str
    data: bytes
    folders: tuple[str, ...] = ()


@dataclass
class _Counts:
    read: int = 0
    others: int = 0
    unreadable: int = 0
    folders: set[str] = field(default_factory=set)


def plan(
    files: Iterable[RuleText | None],
    target: Target,
    decisions: Sequence[Decision] = (),
    touch: date | None = None,
) -> Plan:
    """What moving the files to the target release would do. Pure: nothing is read or written.

    Parameters
    ----------
    files
        In the order of the plan; None stands for one that could not be read.
    touch
        The date to write into `updated_date` and `modified` of what changes; None leaves them.
    """
    mover, counts = Mover(target, decisions), _Counts()
    found = [one for file in files if (one := _planned(file, mover, touch, counts)) is not None]
    source = str(target.source) if target.source else None
    return Plan(
        str(target.release),
        source,
        tuple(found),
        counts.read,
        counts.others,
        counts.unreadable,
        used=frozenset(mover.used),
        folders=frozenset(counts.folders),
    )


def plan_sources(
    sources: Sequence[CorpusSource],
    target: Target,
    decisions: Sequence[Decision] = (),
    touch: date | None = None,
    progress: Progress | None = None,
) -> Plan:
    """The same for the files of some corpora, each once, which are read. A link that leads out of its corpus
    is skipped.
    """
    outside: list[FoundFile] = []
    made = plan(_texts(listed(unique_names(sources)), outside, progress), target, decisions, touch)
    return replace(made, outside=len(outside))


def _texts(
    walks: Sequence[Walk], outside: list[FoundFile], progress: Progress | None
) -> Iterator[RuleText | None]:
    """The files to migrate; None for one that cannot be read. Links that lead out of their corpus go to
    `outside`.
    """
    total, done = sum(len(walk.files) for walk in walks), 0
    for walk in walks:
        root = walk.root.resolve()
        for file in walk.files:
            if not Path(file.path).resolve().is_relative_to(root):
                outside.append(file)
            elif file.relative not in walk.shared:  # a file that two corpora hold is rewritten once
                yield from _text(walk, file)
            done += 1
            if progress:
                progress(done, total, file.relative)


def _text(walk: Walk, file: FoundFile) -> Iterator[RuleText | None]:
    """The file, None where it is a problem, and nothing where it is damaged and no rule, as loading has
    it.
    """
    try:
        data = file_bytes(file.path)
        decoded(data)
    except Unreadable as fault:
        if not is_passed_over(fault, file.relative, file.path):
            yield None
        return
    folders = (walk.folder, *file.relative.split("/")[:-1])
    yield RuleText(walk.source.name, file.relative, str(Path(file.path).resolve()), data, folders)


def _planned(file: RuleText | None, mover: Mover, touch: date | None, counts: _Counts) -> FilePlan | None:
    if file is None:
        counts.unreadable += 1
        return None
    counts.folders.add(os.path.dirname(file.location))  # noqa: PTH120 - thousands of files, few folders
    try:
        text = decoded(file.data)
        if suffix_of(file.path) in SIGMA.suffixes and not sigma.may_change(text, mover):
            counts.read += SIGMA.meant(text)
            return None
        loader, document = chosen(RuleFile(file.corpus, file.path, text, "", file.folders))
    except (Unreadable, Unparsable):
        counts.unreadable += 1
        return None
    if loader is None or loader.id not in EDITORS:
        counts.others += loader is not None
        return None
    counts.read += 1
    editor, names_of = EDITORS[loader.id]
    names = names_of(document, file.path)
    edit = editor(text, document, mover, names, touch)
    if edit.text == text and not edit.asked:
        return None
    return _file_plan(file, loader.id, text, document, edit, names, touch is not None)


def _file_plan(
    file: RuleText, format_id: str, text: str, document: Any, edit: RuleEdit, names: Names, dated: bool
) -> FilePlan:
    rule_id, title = names[0], names[1] or file.path
    positions = LOADERS[format_id].syntax.positions(text) if edit.asked else {}
    questions = tuple(
        Question(
            file.corpus,
            file.path,
            *_rule_names(one, rule_id, title),
            one.code,
            one.written,
            one.tactic,
            one.choices,
            one.reason,
            *place_of(one.path, positions),
        )
        for one in edit.asked
    )
    if edit.text == text:
        after, wrong = file.data, None
    else:
        after = (_BOM if file.data.startswith(_BOM) else b"") + edit.text.encode("utf-8")
        wrong = fault(format_id, text, document, edit.text, dated, edit.meant)
    return FilePlan(
        file.corpus,
        file.path,
        file.location,
        format_id,
        rule_id,
        title,
        file.data,
        after,
        edit.changes,
        questions,
        wrong,
    )


def _rule_names(one: Asked, rule_id: str | None, title: str) -> tuple[str | None, str]:
    """The id and title of the rule a question is about: the file's first rule where the edit names none."""
    own_id, own_title = one.rule or (rule_id, title)
    return own_id, own_title or title
