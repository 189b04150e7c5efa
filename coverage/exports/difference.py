"""What became of coverage between two states, as JSON, CSV and Markdown for the comment on a pull request.

The Markdown opens with the figures, names what was lost and gained, and folds the rest. It shows rule text
as code only, so that nothing in it is a link, a mention or markup, and it is never longer than a comment may
be. An ID that is open now and that gaps.toml answers for says so in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from coverage.changes.difference import CAUSE_WORDS, Difference, grain_counts, scopes_differ
from coverage.changes.rule_diff import UnreadableFile, change_words, unreadable_sentence
from coverage.changes.sides import GRAIN_WORDS
from coverage.changes.threat_state import ThreatChange
from coverage.exports.tables import records, stamped_csv
from coverage.frames import rows_of
from coverage.measures.accepted import unit_marks
from coverage.project.accepted_gaps import NO_ENTRIES, Accepted
from coverage.text import as_code, plain_in_file
from coverage.words import amount, noun, number, signed

VERSION = 1  # of the JSON
MARK = "<!-- coverage diff -->"  # by which a job finds the comment it wrote before
MOST_CHARACTERS = 60_000  # a comment on GitHub holds 65,536
_ROWS = (1000, 500, 200, 100, 50, 25, 10, 3, 0)  # of a table, as many as fit
_MOST_RULES = 3  # named in a row


def difference_json(
    found: Difference, accepted: Accepted = NO_ENTRIES, threat: ThreatChange | None = None
) -> dict:
    """Everything, as JSON-ready values. `accepted` of a unit: what gaps.toml says of it where it is open
    after. `threat`: what became of the coverage against a threat profile.
    """
    marks = unit_marks(found.units, accepted, found.after)
    return {
        "version": VERSION,
        "base": {"name": found.base.name, "stamp": found.base.scope.stamp()},
        "head": {"name": found.head.name, "stamp": found.head.scope.stamp()},
        "sentence": found.sentence(),
        "without_rules": found.without_rules,
        "scopes_differ": scopes_differ(found.base.scope, found.head.scope),
        "totals": records(found.totals),
        "by_cause": records(found.by_cause),
        "units": [
            {**unit, "accepted": mark or None} for unit, mark in zip(records(found.units), marks, strict=True)
        ],
        "ledger": records(found.ledger),
        "rules": records(found.rules.frame),
        "rules_moved": found.rules.moved,
        "rules_edited": found.rules.edited,
        "unreadable_files": [asdict(file) for file in found.rules.unreadable_files],
        "threat": None if threat is None else threat.values(),
    }


def difference_csv(found: Difference, accepted: Accepted = NO_ENTRIES) -> bytes:
    """DIFF_UNITS as CSV: what is compared in front; behind, what gaps.toml says of each, and the stamp of the
    state after.
    """
    named = {"base": found.base.name, "head": found.head.name}
    units = pd.concat([pd.DataFrame(named, index=found.units.index, dtype="str"), found.units], axis=1)
    units["accepted"] = pd.Series(
        [mark or None for mark in unit_marks(found.units, accepted, found.after)],
        index=units.index,
        dtype="str",
    )
    return stamped_csv(units, found.after.scope)


def difference_markdown(
    found: Difference,
    most: int = MOST_CHARACTERS,
    accepted: Accepted = NO_ENTRIES,
    threat: ThreatChange | None = None,
) -> str:
    """A comment of at most `most` characters. Tables are cut until it fits, and name the IDs that are left
    out while there is room.
    """
    marks = dict(zip(found.units.index, unit_marks(found.units, accepted, found.after), strict=True))
    for names_ids in (True, False):
        for rows in _ROWS:
            text = "\n".join(_lines(found, marks, rows, names_ids, threat)) + "\n"
            if len(text) <= most:
                return text
    return f"{MARK}\n### {_headline(found)}\n"[:most]


def figures(found: Difference) -> pd.DataFrame:
    """One row a grain, all text for people: before, what each cause made of it, after, gained and lost."""
    causes = found.by_cause.set_index(["grain", "cause"])["covered_change"]
    return pd.DataFrame(
        [
            {
                "": f"{GRAIN_WORDS[row['grain']]}s covered",
                "before": _ratio(row, "before"),
                "after": _ratio(row, "after"),
                "change": signed(row["covered_after"] - row["covered_before"]),
                "gained": f"{row['gained']:,}",
                "lost": f"{row['lost']:,}",
                **{
                    f"by {words}": signed(causes[row["grain"], cause]) for cause, words in CAUSE_WORDS.items()
                },
            }
            for row in found.totals.to_dict("records")
        ]
    )


def _ratio(row: Mapping, side: str) -> str:
    covered, total = row[f"covered_{side}"], row[f"total_{side}"]
    return f"{number(covered)} of {number(total)}" + (f" ({covered / total:.1%})" if total else "")


def rule_counts(found: Difference) -> str:
    """How many rules changed and how, in words, and which files cannot be read now; a rule that changed in
    two ways is counted in both.
    """
    return "; ".join(filter(None, (_rule_counts(found), unreadable_sentence(found.rules.unreadable_files))))


def _rule_counts(found: Difference) -> str:
    changes = [change for row in found.rules.frame["changes"] for change in row]
    parts = [f"{changes.count(name):,} {name}" for name in dict.fromkeys(sorted(changes))]
    parts += [
        f"{count:,} {words}"
        for count, words in (
            (found.rules.moved, "in another file"),
            (found.rules.edited, "edited, mapping unchanged"),
        )
        if count
    ]
    return f"{amount(len(found.head.loaded.rules), 'rule')}, {len(found.base.loaded.rules):,} before: " + (
        ", ".join(parts) or "no rule differs"
    )


def _headline(found: Difference) -> str:
    row = found.totals.set_index("grain").loc["techniques"]
    change = signed(row["covered_after"] - row["covered_before"])
    return (
        f"ATT&CK coverage: {number(row['covered_after'])} of {number(row['total_after'])} "
        f"{noun(row['total_after'], 'technique')} "
        f"({change}): {number(row['gained'])} gained, {number(row['lost'])} lost"
    )


def _lines(
    found: Difference,
    marks: Mapping[int, str],
    rows: int,
    names_ids: bool,
    threat: ThreatChange | None,
) -> Iterator[str]:
    yield from (MARK, f"### {_headline(found)}", "")
    for text in found.without_rules:
        yield from (plain_in_file(text), "")
    yield from _table(figures(found).map(plain_in_file))
    if threat is not None:
        yield from ("", plain_in_file(" ".join([threat.sentence(), *threat.differences()])))
    ids = found.units[found.units["grain"] != "placements"]
    for change in ("lost", "gained"):
        yield from _section(found, ids[ids["change"] == change], change.capitalize(), marks, rows, names_ids)
    scope = ids[ids["change"].isin(["entered", "left"])]
    yield from _section(
        found, scope, "Open, and in scope in one of the two only", marks, rows, names_ids, folded=True
    )
    yield from _rules(found, rows)
    yield from _scope(found)


def _section(
    found: Difference,
    units: pd.DataFrame,
    title: str,
    marks: Mapping[int, str],
    rows: int,
    names_ids: bool,
    folded: bool = False,
) -> Iterator[str]:
    if units.empty:
        return
    head = f"{title}: {grain_counts(units)}"
    yield from ("", f"<details><summary>{head}</summary>" if folded else f"**{head}**", "")
    yield from _units(found, units.head(rows), marks)
    yield from _more_ids(units["attack_id"].tolist()[rows:], names_ids)
    if folded:
        yield "</details>"


def _more_ids(ids: list[str], named: bool) -> Iterator[str]:
    """How many IDs are left out of a table, and which."""
    if ids and named:
        yield from (
            "",
            f"<details><summary>… and {len(ids):,} more, by ID</summary>",
            "",
            ", ".join(ids),
            "",
            "</details>",
        )
    elif ids:
        yield from ("", f"… and {len(ids):,} more.")


def _units(found: Difference, units: pd.DataFrame, marks: Mapping[int, str]) -> Iterator[str]:
    """The table of some units; in `after` stands what gaps.toml says of an open one."""
    suffixes = [f"; {marks[row]}" if marks[row] else "" for row in units.index]
    yield from _table(
        pd.DataFrame(
            {
                "ID": [
                    f"[{attack_id}](https://attack.mitre.org/techniques/{attack_id.replace('.', '/')}/)"
                    for attack_id in units["attack_id"]
                ],
                "name": units["name"].map(plain_in_file).tolist(),
                "before → after": [
                    f"{before} → {after}{mark}"
                    for (before, after), mark in zip(rows_of(units, "before", "after"), suffixes, strict=True)
                ],
                "cause": [CAUSE_WORDS[cause] for cause in units["cause"]],
                "why": list(_reasons(found, units)),
            }
        )
    )


def _reasons(found: Difference, units: pd.DataFrame) -> Iterator[str]:
    """For each ID the causes without rule text, and the rules behind it as code."""
    rules = {
        key: (name, changes)
        for key, name, changes in rows_of(found.rules.frame, "rule_key", "name", "changes")
    }
    lines: dict[str, list[tuple]] = {}
    ids = found.ledger[found.ledger["grain"] != "placements"]
    for attack_id, *line in rows_of(ids, "attack_id", "cause", "because", "rules"):
        lines.setdefault(attack_id, []).append(tuple(line))
    for attack_id in units["attack_id"].tolist():
        parts = list(
            dict.fromkeys(plain_in_file(because) for cause, because, _ in lines[attack_id] if cause != "rule")
        )
        keys = [key for cause, _, behind in lines[attack_id] if cause == "rule" for key in behind]
        parts += [
            f"{as_code(name, 70)} {' and '.join(changes)}"
            for name, changes in map(rules.__getitem__, keys[:_MOST_RULES])
        ]
        more = len(keys) - _MOST_RULES
        yield "; ".join(parts) + (f"; and {amount(more, 'more rule')}" if more > 0 else "")


def _rules(found: Difference, rows: int) -> Iterator[str]:
    files = found.rules.unreadable_files
    yield from _unreadable(files, rows)
    yield from ("", f"<details><summary>Rules: {_rule_counts(found)}</summary>", "")
    frame = found.rules.frame.head(rows)
    yield from _table(
        pd.DataFrame(
            {
                "rule": [as_code(name, 80) for name in frame["name"]],
                "file": [as_code(path, 120) for path in frame["path"]],
                "change": [as_code(change_words(row), 200) for row in frame.to_dict("records")],
            }
        )
    )
    if (more := len(found.rules.frame) - len(frame)) > 0:
        yield from ("", f"… and {amount(more, 'more rule')}.")
    yield "</details>"


def _unreadable(files: Sequence[UnreadableFile], rows: int) -> Iterator[str]:
    """The files that can no longer be read, or not whole: none of their text but as code."""
    if not files:
        return
    yield from (
        "",
        f"**{amount(len(files), 'file')} cannot be read, or not whole**",
        "",
    )
    yield from _table(
        pd.DataFrame(
            {
                "file": [as_code(file.path, 120) for file in files[:rows]],
                "line": [str(file.line or "") for file in files[:rows]],
                "why": [as_code(file.message, 200) for file in files[:rows]],
            }
        )
    )
    if (more := len(files) - rows) > 0:
        yield from ("", f"… and {more:,} more.")


def _scope(found: Difference) -> Iterator[str]:
    before, after = found.base.scope, found.head.scope
    yield from ("", "<details><summary>What is compared, and in which scope</summary>", "")
    yield from (
        f"- before: {as_code(found.base.name)}, {as_code(before.corpora_sentence(), 300)}",
        f"- after: {as_code(found.head.name)}, {as_code(after.corpora_sentence(), 300)}",
        f"- scope: {plain_in_file(after.sentence())}",
    )
    yield from (f"- differs: {plain_in_file(text)}" for text in scopes_differ(before, after))
    yield "</details>"


def _table(frame: pd.DataFrame) -> Iterator[str]:
    """A Markdown table of cells that are Markdown already."""
    if frame.empty:
        return
    yield f"| {' | '.join(frame.columns)} |"
    yield "|---" * len(frame.columns) + "|"
    for row in frame.itertuples(index=False, name=None):
        yield f"| {' | '.join(row)} |"
