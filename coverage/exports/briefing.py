"""The report for a manager: what is covered, what is open and why it matters, in words that need no manual.

One file of HTML without a script and without a request, and the same as Markdown for a pull request or a
wiki. Both are written from one `Briefing`, so they say the same. Rules' text comes from outside: it is
escaped in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from coverage.changes.difference import Difference
from coverage.changes.sides import corpora_title
from coverage.changes.threat_state import ThreatChange
from coverage.exports.cells import ratio
from coverage.exports.content import Content
from coverage.exports.drawing import svg
from coverage.exports.picture import matrix_drawing
from coverage.exports.tables import text
from coverage.frames import rows_of
from coverage.inventory.arrivals import Arrivals
from coverage.measures.accepted import in_force, marks, unit_marks
from coverage.measures.adversaries import adversaries
from coverage.measures.connections import sources
from coverage.measures.data_states import data_summary
from coverage.measures.matrix import MatrixColumn, matrix_columns
from coverage.measures.need import threat_coverage
from coverage.measures.work_order import technique_steps
from coverage.palette import LIGHT
from coverage.project.accepted_gaps import NO_ENTRIES, Accepted
from coverage.scope import View
from coverage.text import plain_in_file
from coverage.vocabulary import DATA_STATES, GAP_TYPES, GAP_WORK, PROBLEM_SEVERITIES, attack_url
from coverage.words import amount, listed, noun

MOST_GAPS = 15
POPULAR = 20  # groups, as on the Overview page
MOST_CHANGES = 40
MOST_SOURCES = 6
MOST_ADVERSARIES = 10
MOST_STEPS = 5
ADVERSARY_HEADS = ("Least covered", "Covered of what it needs", "No rule near it", "Last reported")
STEP_HEADS = ("Rule that helps most, in this order", "Adversaries it helps against", "Covered by need, then")
DATA_HEADS = ("", *(words.partition(":")[0].capitalize() for words in DATA_STATES.values()), "All")
SOURCE_HEADS = (
    "Log source that most hangs on",
    "Techniques and sub-techniques without it",
    "Rules that read nothing else",
)
_GRAINS = {"techniques": "Techniques", "subtechniques": "Sub-techniques", "placements": "Matrix cells"}
_TEMPLATE = Path(__file__).with_name("briefing.html.jinja")

METHOD = (
    "Every number counts rules mapped to MITRE ATT&CK: what a rule claims to detect. It is not proof that "
    "the rule works, that its logs arrive, or that somebody looks at its alerts.",
    "A technique is a way in which attackers reach a goal; a tactic is the goal. A technique that serves "
    "several tactics has a place "
    "in each of them, so it is counted once among techniques and several times among places.",
    "Techniques, sub-techniques and places are three different things to count, and no figure mixes them. "
    "Each figure says what it "
    "is a part of.",
    "One rule makes a technique covered, and one rule is little: the depth of a technique grows with its "
    "rules, less with each.",
    "Groups and software are those that MITRE has seen using a technique, its sub-techniques included. It is "
    "what was published, not "
    "a measure of the danger to this organisation.",
)
ROLLUP_WORDS = {
    "any": "A technique counts as covered when a rule is mapped to it or to one of its sub-techniques.",
    "share": "A technique counts as the share of its sub-techniques that have a rule, so sums can have "
    "decimals.",
    "all": "A technique counts as covered when each of its sub-techniques has a rule.",
    "direct": "A technique counts as covered when a rule is mapped to the technique itself.",
}


@dataclass(frozen=True)
class Changes:
    """What became of coverage since a baseline: a sentence, and rows of any columns."""

    sentence: str
    rows: pd.DataFrame

    @classmethod
    def of(cls, given: Mapping | None) -> Changes | None:
        """From plain values: `sentence`, and `rows` as a frame or a list of dicts."""
        if given is None:
            return None
        rows = given.get("rows")
        return cls(
            str(given.get("sentence", "")),
            rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows if rows is not None else ())),
        )

    def heads(self) -> list[str]:
        return [str(name).replace("_", " ") for name in self.rows.columns]

    def shown(self) -> list[list[str]]:
        """The first rows as text."""
        return [
            list(map(text, row)) for row in self.rows.head(MOST_CHANGES).itertuples(index=False, name=None)
        ]


def changes_since(
    found: Difference, accepted: Accepted = NO_ENTRIES, threat: ThreatChange | None = None
) -> dict:
    """What a difference of two states gives the report: its sentence, with `threat` also what became of the
    coverage against a threat profile, and the IDs that differ, with what gaps.toml says of open ones.
    """
    units = found.units.assign(accepted=unit_marks(found.units, accepted, found.after))
    ids = units[units["grain"] != "placements"]
    names = ["attack_id", "name", "change", "because", *(["accepted"] if ids["accepted"].any() else [])]
    against = [] if threat is None else [threat.sentence(), *threat.differences()]
    sentence = " ".join([found.sentence(), *against])
    return {"sentence": sentence, "rows": ids[names].rename(columns={"attack_id": "technique"})}


@dataclass(frozen=True)
class Gap:
    """One open technique, and why it matters."""

    id: str
    name: str
    url: str
    tactics: str
    groups: int
    software: int
    campaigns: int
    work: str
    sources: str
    mark: str  # what gaps.toml states of it and no longer counts: `accepted until 2026-06-01, expired`


@dataclass(frozen=True)
class Against:
    """How much of what a threat profile needs is covered, and of whom the least."""

    sentence: str
    adversaries: tuple[tuple[str, str, str, str], ...]  # name, covered of needed, without a rule near, year
    count: int  # of all adversaries of the profile
    steps: tuple[tuple[str, str, str], ...]  # what to write a rule for, whom it helps against, covered then


@dataclass(frozen=True)
class Data:
    """What can be seen: which rules can run, what that makes of the IDs, and what hangs on one log source."""

    sentence: str
    states: tuple[tuple[str, str, str, str, str, str, str], ...]  # grain, each state, total
    sources: tuple[tuple[str, str, str], ...]  # log source, techniques and sub-techniques lost, rules lost


@dataclass(frozen=True)
class Briefing:
    """Everything the report says, as plain values."""

    content: Content
    figures: dict
    popular: int  # open techniques that at least POPULAR groups use, accepted or not
    gaps: tuple[Gap, ...]
    kinds: tuple[tuple[str, str, int], ...]  # next step, its meaning, open techniques of it
    settled_gaps: tuple[
        tuple[str, str, str, str], ...
    ]  # gap, what was decided, why, by whom: accepted and planned gaps
    changes: Changes | None
    against: Against | None
    data: Data | None

    @property
    def title(self) -> str:
        return f"Coverage of MITRE ATT&CK: {corpora_title(self.content.view)}"

    @property
    def sentence(self) -> str:
        """The answer, before anything else."""
        techniques = self.figures["techniques"]
        return (
            f"{ratio(**techniques)} {noun(techniques['total'], 'technique has', 'techniques have')} a rule "
            "in scope; "
            f"{amount(self.popular, 'open technique is', 'open techniques are')} used by at least "
            f"{POPULAR} groups."
        )

    def cards(self) -> list[tuple[str, str, str]]:
        """(what, its figure, what that means)."""
        rules = self.figures["rules"]
        return [
            ("Techniques", ratio(**self.figures["techniques"]), "of those in scope are covered"),
            (
                "Sub-techniques",
                ratio(**self.figures["subtechniques"]),
                "of those in scope have a rule of their own",
            ),
            (
                "Matrix cells covered",
                ratio(**self.figures["placements"]),
                "techniques and sub-techniques, in each of their tactics",
            ),
            (
                "With pre-attack techniques",
                ratio(**self.figures["techniques_with_pre"]),
                "techniques, with those that happen before a defender can see anything",
            ),
            (
                "Rules in scope",
                f"{rules['in_scope']:,} of {rules['read']:,}",
                f"rules count; {rules['unmapped'] + rules['tactic_only'] + rules['unread']:,} of them name "
                "no technique",
            ),
        ]

    def columns(self) -> list[MatrixColumn]:
        return matrix_columns(self.content.view)

    def findings(self) -> str:
        """What is wrong in the mappings, in one sentence."""
        counts = self.content.findings["severity"].value_counts()
        parts = [amount(counts[name], name) for name in PROBLEM_SEVERITIES if counts.get(name, 0)]
        problems = self.figures["rules"]["problems"]
        found = f"Checks of the mappings found {listed(parts) or 'nothing wrong'}"
        return f"{found}; reading the rules met {amount(problems, 'problem')}." if problems else f"{found}."


def briefing(content: Content, changes: Mapping | None = None) -> Briefing:
    """What the report says.

    Parameters
    ----------
    content : Content
    changes : mapping, optional
        What became of coverage since a baseline: `sentence`, and `rows` (a frame, or dicts). Without it the
        report has no such section.
    """
    found = content.gaps.assign(mark=marks(content.gaps))
    settled, is_technique = in_force(found), ~found["is_subtechnique"]
    techniques, open_ = found[is_technique], found[is_technique & ~settled]
    kinds = open_["gap_type"].value_counts()
    return Briefing(
        content,
        content.figures,
        int((techniques["groups"] >= POPULAR).sum()),
        tuple(map(_gap, open_.head(MOST_GAPS).to_dict("records"))),
        tuple((GAP_WORK[kind], GAP_TYPES[kind], int(kinds[kind])) for kind in GAP_TYPES if kind in kinds),
        _settled_gaps(found[settled]),
        Changes.of(changes),
        _against(content) if content.threat is not None else None,
        _data(content.view, content.view.arrivals) if content.view.arrivals is not None else None,
    )


def _data(view: View, arrivals: Arrivals) -> Data:
    found = data_summary(view, arrivals)
    rules, techniques = found["rules"], found["states"]["techniques"]
    frame = sources(view, arrivals)
    worst = frame[frame["ids_dark"] > 0].sort_values("ids_dark", ascending=False, kind="stable")
    return Data(
        f"{rules['can_run']:,} of {amount(rules['total'], 'rule')} in scope can run on the data that "
        f"arrives; {rules['cannot_fire']:,} cannot fire for want of it, and of {rules['not_told']:,} "
        "nothing tells. "
        f"{techniques['data_and_rule']:,} of {amount(techniques['total'], 'technique')} have both data and a "
        f"rule that can run; {techniques['rule_only']:,} look covered and are not; for "
        f"{techniques['data_only']:,} more data arrives, and no rule is there.",
        tuple(
            (words, *(f"{found['states'][grain][name]:,}" for name in (*DATA_STATES, "total")))
            for grain, words in _GRAINS.items()
        ),
        tuple(
            (name, f"{dark:,}", f"{only:,}")
            for name, dark, only in rows_of(worst.head(MOST_SOURCES), "source", "ids_dark", "rules_only")
        ),
    )


def _against(content: Content) -> Against:
    view, threat = content.view, content.threat
    rows = adversaries(view, threat).sort_values(["share", "needed"], ascending=[True, False], kind="stable")
    columns = ("name", "covered", "needed", "none", "last_reported")
    worst = rows_of(rows.head(MOST_ADVERSARIES), *columns)
    steps = technique_steps(view, threat).head(MOST_STEPS)
    names = ("add", "name", "members", "weighted_so_far")
    return Against(
        threat_coverage(view, threat).sentence(threat.profile.name),
        tuple(
            (name, ratio(covered, needed), f"{none:,}", "unknown" if pd.isna(year) else str(year))
            for name, covered, needed, none, year in worst
        ),
        len(rows),
        tuple(
            (f"{add} {name}", f"{members:,}", f"{so_far:.1%}")
            for add, name, members, so_far in rows_of(steps, *names)
        ),
    )


def _settled_gaps(rows: pd.DataFrame) -> tuple[tuple[str, str, str, str], ...]:
    """Techniques and sub-techniques, most used first as in the list of gaps."""
    names = ("attack_id", "name", "mark", "accepted_reason", "accepted_owner")
    return tuple((f"{attack_id} {name}", *values) for attack_id, name, *values in rows_of(rows, *names))


def _gap(row: Mapping) -> Gap:
    sources = row["log_sources"] or row["data_components"]
    more = f" and {len(sources) - MOST_SOURCES} more" if len(sources) > MOST_SOURCES else ""
    return Gap(
        row["attack_id"],
        row["name"],
        attack_url(row["attack_id"]) or "",
        ", ".join(row["tactics"]),
        row["groups"],
        row["software"],
        row["campaigns"],
        GAP_WORK[row["gap_type"]],
        ", ".join(sources[:MOST_SOURCES]) + more,
        row["mark"],
    )


# ---- HTML ----------------------------------------------------------------------------------------------


def report_html(content: Content, changes: Mapping | None = None) -> bytes:
    """The report as one self-contained HTML file: no script, no request, made for the screen and for
    paper.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    matrix = Markup(
        svg(matrix_drawing(content.view, accepted=content.accepted), inline=True)
    )  # ours: `svg` escapes every text in it
    report = briefing(content, changes)
    text = page.render(
        report=report,
        matrix=matrix,
        colours=LIGHT,
        method=METHOD,
        rollup=ROLLUP_WORDS[content.view.scope.rollup],
        ratio=ratio,
        most_changes=MOST_CHANGES,
        adversary_heads=ADVERSARY_HEADS,
        data_heads=DATA_HEADS,
        source_heads=SOURCE_HEADS,
        step_heads=STEP_HEADS,
        scope=content.view.scope,
    )
    return re.sub(r"[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text).encode("utf-8")


# ---- Markdown ------------------------------------------------------------------------------------------


def report_markdown(content: Content, changes: Mapping | None = None) -> bytes:
    """The report as Markdown, GitHub's kind: every text of a rule or rule set is escaped."""
    text = "\n".join(_markdown(briefing(content, changes))) + "\n"
    return text.encode("utf-8", "replace")


def _markdown(report: Briefing) -> Iterator[str]:
    scope = report.content.view.scope
    yield from (f"# {plain_in_file(report.title)}", "", f"**{report.sentence}**", "")
    yield from _table(("What", "Figure", "Meaning"), (map(_Ready, card) for card in report.cards()))
    if report.changes:
        yield from ("## Changes since the baseline", "", plain_in_file(report.changes.sentence), "")
        yield from _table(report.changes.heads(), report.changes.shown())
        yield from _left_out(len(report.changes.rows), MOST_CHANGES)
    if report.against:
        yield from ("## Against whom", "", plain_in_file(report.against.sentence), "")
        yield from _table(ADVERSARY_HEADS, report.against.adversaries)
        if report.against.steps:
            yield from _table(STEP_HEADS, report.against.steps)
    if report.data:
        yield from ("## What we can see", "", plain_in_file(report.data.sentence), "")
        yield from _table(DATA_HEADS, report.data.states)
        if report.data.sources:
            yield from _table(SOURCE_HEADS, report.data.sources)
    yield from ("## Tactics", "")
    yield from _table(
        ("Tactic", "Techniques covered", "Open techniques"),
        (_tactic_row(column) for column in report.columns()),
    )
    yield from ("## Platforms", "")
    yield from _table(
        ("Platform", "Techniques covered"),
        ((row["name"], _Ready(ratio(row["covered"], row["total"]))) for row in report.figures["platforms"]),
    )
    yield from (
        "## The most used open techniques",
        "",
        "Used most by groups that MITRE describes; sub-techniques included.",
        "",
    )
    if report.gaps:
        yield from _table(
            ("Technique", "Tactics", "Groups", "Software", "Next step", "What must be logged"),
            map(_gap_row, report.gaps),
        )
        yield from _table(
            ("Next step", "Meaning", "Open techniques"),
            ((kind.replace("_", " "), words, f"{count:,}") for kind, words, count in report.kinds),
        )
    else:
        yield from ("No technique in scope is open.", "")
    if report.settled_gaps:
        yield from (
            "## Accepted and planned gaps",
            "",
            "They are open, and never counted as covered.",
            "",
        )
        yield from _table(("Technique", "Decision", "Reason", "Owner"), report.settled_gaps)
    yield from (
        "## How this was counted",
        "",
        f"- {ROLLUP_WORDS[scope.rollup]}",
        *(f"- {line}" for line in METHOD),
        f"- {report.findings()}",
        "",
    )
    yield from (
        f"{plain_in_file(scope.sentence())}  ",
        f"{plain_in_file(scope.corpora_sentence())}  ",
        f"{scope.date.isoformat()}",
    )


def _table(heads: Sequence[str], rows) -> Iterator[str]:
    yield f"| {' | '.join(_ready(head) for head in heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(_ready, row))} |"
    yield ""


class _Ready(str):
    """Markdown that needs no escaping: written here, not by a rule's author."""

    __slots__ = ()


def _ready(text: str) -> str:
    return text if isinstance(text, _Ready) else plain_in_file(str(text))


def _tactic_row(column: MatrixColumn) -> tuple[str, str, str]:
    cells = column.cells
    return (
        column.name,
        _Ready(ratio(column.covered, column.total)),
        ", ".join(cells.loc[cells["covered"] < 1, "attack_id"]) or "none",
    )


def _gap_row(gap: Gap) -> tuple:
    name = _Ready(f"[{plain_in_file(gap.id)}]({gap.url}) {plain_in_file(gap.name)}")
    name = _Ready(f"{name} ({plain_in_file(gap.mark)})") if gap.mark else name
    return name, gap.tactics, f"{gap.groups:,}", f"{gap.software:,}", gap.work, gap.sources or "unknown"


def _left_out(count: int, most: int) -> Iterator[str]:
    if count > most:
        yield from (f"The first {most} of {count:,} changes.", "")
