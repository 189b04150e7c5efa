"""Every frame that can leave as a file: its name, its columns, and what makes it. `docs/columns.md` is made
from it.

`COLUMNS_VERSION` goes up when a column goes, gets another name, type or meaning; a new column leaves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.exports.content import Content
from coverage.exports.tables import LONG_TEXTS
from coverage.findings.frames import FINDINGS
from coverage.frames import BOOL, DATE, FLOAT, INT, LIST, MAYBE_BOOL, MAYBE_INT, TEXT, FrameSpec
from coverage.inventory.arrivals import NOTHING_TOLD, Arrivals
from coverage.loaders.frames import PROBLEMS, RULES, WRITTEN
from coverage.mapping.frames import MAPPINGS
from coverage.measures import MEASURES
from coverage.measures.adversaries import adversaries
from coverage.measures.connections import sources
from coverage.measures.data_frames import (
    ANALYTIC_DATA,
    ID_DATA,
    ID_STATES,
    PLACEMENT_STATES,
    RULE_DATA,
    SOURCES,
)
from coverage.measures.data_states import id_states, placement_states
from coverage.measures.frames import (
    ACCEPTED_GAPS,
    ADVERSARIES,
    ADVERSARY_IDS,
    ADVERSARY_TACTICS,
    NEED,
    THREAT_STEPS,
    WORK_ORDER,
)
from coverage.measures.need import need_by_id
from coverage.measures.verdicts import rule_verdicts
from coverage.measures.visibility import analytic_data, id_data
from coverage.scope import View
from coverage.threats.threat import Threat

COLUMNS_VERSION = 1

# In files an ID is called what people look for.
NAMES = {"attack_id": "technique_id"}

# dtype of a frame -> (what docs call it, what Parquet calls it).
TYPES: dict[str, tuple[str, str]] = {
    TEXT: ("text", "string"),
    INT: ("whole number", "int64"),
    MAYBE_INT: ("whole number, may be missing", "int64"),
    FLOAT: ("number, may be missing", "double"),
    BOOL: ("true or false", "bool"),
    MAYBE_BOOL: ("true or false, may be missing", "bool"),
    DATE: ("date, may be missing", "date32"),
    LIST: ("list of text", "list<string>"),
}


@dataclass(frozen=True)
class ExportedFrame:
    """One frame: its spec, what makes it of a content, and why somebody would want it."""

    spec: FrameSpec
    make: Callable[[Content], pd.DataFrame]
    question: str

    def heads(self) -> list[str]:
        """The names of its columns in files."""
        return [NAMES.get(column, column) for column in self.spec.columns]


# The long texts of a rule stand apart: they are the corpus's own, and nine tenths of its bytes.
_RULES = replace(
    RULES,
    columns={
        **{name: column for name, column in RULES.columns.items() if name not in LONG_TEXTS},
        "attack_ids": (LIST, "current IDs the rule is read as, in the rule's order"),
        "also_in": (LIST, "other rule sets that have the same rule; it is listed once"),
    },
)


def _measured(name: str) -> ExportedFrame:
    measure = MEASURES[name]
    return ExportedFrame(measure.spec, lambda content: measure.function(content.view), measure.question)


def _against(
    spec: FrameSpec, measure: Callable[[View, Threat], pd.DataFrame], question: str
) -> ExportedFrame:
    """A frame of the content's threat profile, with the name of that profile in each row."""

    def rows(content: Content) -> pd.DataFrame:
        found = measure(content.view, content.against)
        return found.assign(profile=pd.Series(content.against.profile.name, index=found.index, dtype="str"))

    columns = {"profile": (TEXT, "the threat profile that it is about"), **spec.columns}
    return ExportedFrame(replace(spec, columns=columns), rows, question)


def _catalogue(name: str, spec: FrameSpec) -> ExportedFrame:
    return ExportedFrame(
        spec, lambda content: content.view.catalogue.frame(name), "MITRE's own, as the release has it"
    )


def _of_data(
    name: str, spec: FrameSpec, measure: Callable[[View, Arrivals], pd.DataFrame], question: str
) -> dict[str, ExportedFrame]:
    """A frame by what arrives. Without an inventory nothing is told."""

    def make(content: Content) -> pd.DataFrame:
        return measure(content.view, content.view.arrivals or NOTHING_TOLD)

    return {name: ExportedFrame(spec, make, question)}


# What coverage is: each in the folder of `export --what all`.
FRAMES: dict[str, ExportedFrame] = {
    **{name: _measured(name) for name in MEASURES},
    **_of_data("rule_data", RULE_DATA, rule_verdicts, "Which rules can run on the data that arrives?"),
    **_of_data("data_states", ID_STATES, id_states, "What do data and rules make of each ID?"),
    **_of_data(
        "data_placements", PLACEMENT_STATES, placement_states, "What do they make of each cell of the matrix?"
    ),
    **_of_data("visibility", ID_DATA, id_data, "How much of what MITRE's analytics name arrives?"),
    **_of_data("analytics", ANALYTIC_DATA, analytic_data, "Which of MITRE's analytics have their data?"),
    **_of_data("sources", SOURCES, sources, "Which log sources arrive, and what hangs on each?"),
    "gaps": ExportedFrame(ACCEPTED_GAPS, lambda content: content.gaps, MEASURES["gaps"].question),
    "rules": ExportedFrame(
        _RULES, lambda content: content.rules, "Which rules were read, and what is each read as?"
    ),
    "mappings": ExportedFrame(MAPPINGS, lambda content: content.view.mappings, "How was each mapping read?"),
    "written": ExportedFrame(
        WRITTEN, lambda content: content.written, "What does each mapping say in its file?"
    ),
    "findings": ExportedFrame(
        FINDINGS, lambda content: content.findings, "Which mappings are wrong, and what would be right?"
    ),
    "problems": ExportedFrame(
        PROBLEMS, lambda content: content.problems, "What could not be read, and what could not be placed?"
    ),
    "need": _against(
        NEED,
        need_by_id,
        "How much is each ID needed against the threat profile, by whom, and is it covered?",
    ),
    "adversaries": _against(
        ADVERSARIES, adversaries, "What rules are there for what each member of the threat profile needs?"
    ),
}
# What the rules say at length: on request.
TEXT_FRAMES: dict[str, ExportedFrame] = {
    "rule_texts": ExportedFrame(
        replace(
            RULES,
            columns={
                name: column for name, column in RULES.columns.items() if name in ("rule_key", *LONG_TEXTS)
            },
        ),
        lambda content: content.rules,
        "What does each rule say: description, query, guides?",
    ),
}
# What ATT&CK is: on request.
ATTACK_FRAMES: dict[str, ExportedFrame] = {
    f"attack_{name}": _catalogue(name, spec) for name, spec in CATALOGUE_FRAMES.items()
}
EVERY_FRAME = FRAMES | TEXT_FRAMES | ATTACK_FRAMES

# What `threats` writes: its key in JSON -> the spec of its frame, and the question it answers.
THREAT_FRAMES: dict[str, tuple[FrameSpec, str]] = {
    "adversaries": (ADVERSARIES, "What rules are there for what each member of the profile needs?"),
    "ids": (ADVERSARY_IDS, "Which IDs does each member need, since when, and which are open?"),
    "tactics": (ADVERSARY_TACTICS, "In which tactics is each member covered?"),
    "needs": (NEED, "How much is each ID needed, and by whom?"),
    "next": (WORK_ORDER, "Which gap first?"),
    "plan": (THREAT_STEPS, "Which IDs, one after the other, add the most?"),
}


def exported(content: Content, name: str) -> pd.DataFrame:
    """The frame of that name, with exactly its documented columns, under their names in files."""
    entry = EVERY_FRAME[name]
    return entry.make(content)[list(entry.spec.columns)].rename(columns=NAMES).reset_index(drop=True)
