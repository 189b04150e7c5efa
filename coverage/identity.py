"""Which rules are one rule, so that nothing counts it twice.

Two rules are one when they have the same content, and two rules of *different* corpora also when they have
the same id. Within one corpus two files with one id that differ stay two rules: that is a fault of the
corpus, listed as a problem. An id that only means something to those who gave it (`RuleId`) needs the same
name beside it. Nothing here hangs on the order in which corpora or rules were read, except which of two
equally good copies is shown. Knows RULES frames and no release.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from coverage.frames import rows_of
from coverage.vocabulary import RULE_CLASSES, SEVERITIES

_CLASS_RANKS = {name: rank for rank, name in enumerate(RULE_CLASSES)}
_SEVERITY_RANKS = {name: rank for rank, name in enumerate(SEVERITIES)}

# What of a rule says whether it is another one, and which of two copies is the better one.
IDENTITY_COLUMNS = [
    "rule_key",
    "corpus",
    "path",
    "format",
    "rule_id",
    "name",
    "content_hash",
    "enabled",
    "rule_class",
    "severity",
    "updated",
    "created",
]

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TABLE = "table"  # the format whose ids are what its author wrote in a column


class RuleId(NamedTuple):
    """A rule's id, with what it needs beside it to tell the rule in any corpus; "" for what it does not need.

    A number, and an id in a table that is not a UUID, mean something only to those who gave them: every Wazuh
    server has a rule 100001 of its own. Such an id is the same in two corpora where format and name are, too.
    """

    rule_id: str
    form: str = ""
    name: str = ""

    @property
    def at_home(self) -> tuple[str, str]:
        """What tells the rule within its own corpus, today and later: there a new name makes no other
        rule.
        """
        return (self.rule_id, self.form)


def id_of(rule_id: str | None, form: str, name: str) -> RuleId | None:
    """The id of a rule of this format and name; None without one."""
    if not rule_id:
        return None
    local = rule_id.isdecimal() or (form == _TABLE and not _UUID.fullmatch(rule_id))
    return RuleId(rule_id, form, " ".join(name.casefold().split())) if local else RuleId(rule_id)


def nth_of_file(rule_key: str, corpus: str, path: str) -> str:
    """Which rule of its file, as its key says: `#1`, or nothing for the first."""
    return rule_key[len(corpus) + 1 + len(path) :]


Group = list[int]  # rows that are one rule, at most one of each corpus


def same_rules(rules: pd.DataFrame) -> dict[str, str]:
    """Rule key -> key of the rule it counts as, for the rules that are a copy of another.

    A rule counts as itself when it is not among the keys. Equal content is matched before equal ids;
    where a corpus has an id more than once, its rules are matched one to one, in path order, with those
    of the other corpora. A group is shown as its best copy: not disabled, of the best class, most severe,
    most lately changed, first read.
    """
    keys, twins = rules["rule_key"].tolist(), _twins(rules)
    found = {keys[row]: keys[best] for row, best in _across(rules, twins).items()}
    return found | {keys[row]: found.get(keys[best], keys[best]) for row, best in twins.items()}


def copies_within(rules: pd.DataFrame) -> dict[str, str]:
    """Rule key -> key of the rule of the same corpus that stands for it, since their content is the same."""
    keys = rules["rule_key"].tolist()
    return {keys[row]: keys[best] for row, best in _twins(rules).items()}


def _twins(rules: pd.DataFrame) -> dict[int, int]:
    """Row -> the best row of the same corpus with the same content, for every other row that has it."""
    hashes = rules["content_hash"].tolist()
    if len(set(hashes)) == len(hashes):  # as a rule no file stands twice
        return {}
    rows_of: dict[Hashable, Group] = {}
    for row, (content, corpus) in enumerate(zip(_contents(rules), rules["corpus"].tolist(), strict=True)):
        if content:
            rows_of.setdefault((corpus, content), []).append(row)
    alike = [rows for rows in rows_of.values() if len(rows) > 1]
    standing = _standing(rules, [row for rows in alike for row in rows]) if alike else {}
    best_of = [(rows, max(rows, key=standing.__getitem__)) for rows in alike]
    return {row: best for rows, best in best_of for row in rows if row != best}


def _across(rules: pd.DataFrame, twins: Collection[int]) -> dict[int, int]:
    """Row -> the row of another corpus that it counts as. The rows of `twins` are left out."""
    corpora = rules["corpus"].tolist()
    if len(set(corpora)) < 2:
        return {}
    names = [
        [None if row in twins else name for row, name in enumerate(of(rules))] for of in (_contents, _ids)
    ]
    shared = [_in_several_corpora(column, corpora) for column in names]
    if not any(shared):
        return {}
    groups: dict[int, Group] = {}
    order = list(_places(rules))  # it hangs on no corpus's name or place
    for rows in (*shared[0], *shared[1]):
        _matched(sorted(rows, key=order.__getitem__), groups, corpora)
    standing, found = _standing(rules, groups), {}
    for rows in _distinct(groups):
        best = max(rows, key=standing.__getitem__)
        found |= {row: best for row in rows if row != best}
    return found


def united(rules: pd.DataFrame, counts_as: Mapping[str, str]) -> pd.DataFrame:
    """RULES with each rule once: the copies that count as another are left out, their platforms added to
    it.
    """
    keys = rules["rule_key"].tolist()
    mine = {key: counts_as[key] for key in keys if key in counts_as}
    if not mine:
        return rules
    found = dict(zip(keys, rules["platforms"].tolist(), strict=True))
    joined: dict[str, set[str]] = {}
    for key, best in mine.items():
        joined.setdefault(best, set(found[best])).update(found[key])
    platforms = [tuple(sorted(joined[key])) if key in joined else found[key] for key in keys]
    frame = rules.assign(platforms=pd.Series(platforms, index=rules.index, dtype=object))
    return frame[pd.Series([key not in mine for key in keys], index=rules.index, dtype=bool)]


def counted(frame: pd.DataFrame, counts_as: Mapping[str, str]) -> pd.DataFrame:
    """A frame with a `rule_key`, each row under the rule that its own counts as."""
    if not counts_as:
        return frame
    keys = [counts_as.get(key, key) for key in frame["rule_key"].tolist()]
    return frame.assign(rule_key=pd.Series(keys, index=frame.index, dtype="str"))


def _places(rules: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """(path, which rule of the file, content hash) of each rule."""
    for rule_key, corpus, path, content in rows_of(rules, "rule_key", "corpus", "path", "content_hash"):
        yield path, nth_of_file(rule_key, corpus, path), content


def _contents(rules: pd.DataFrame) -> list[tuple[str, str] | None]:
    """The content of each rule: its file's hash and which rule of the file; None without a hash."""
    return [(content, nth) if content else None for _, nth, content in _places(rules)]


def _ids(rules: pd.DataFrame) -> list[RuleId | None]:
    """The id of each rule with what it needs beside it; None without an id."""
    rows = rows_of(rules, "rule_id", "format", "name")
    return [id_of(text, form, name) if isinstance(text, str) else None for text, form, name in rows]


def _in_several_corpora(names: Sequence[Hashable | None], corpora: Sequence[str]) -> list[Group]:
    """The rows that share a name which more than one corpus has, in the order of the names."""
    rows_of: dict[Hashable, Group] = {}
    for row, name in enumerate(names):
        if name is not None:
            rows_of.setdefault(name, []).append(row)
    shared = {name: rows for name, rows in rows_of.items() if len({corpora[row] for row in rows}) > 1}
    return [shared[name] for name in sorted(shared)]


def _matched(rows: Sequence[int], groups: dict[int, Group], corpora: Sequence[str]) -> None:
    """Join rows one by one with the first group that has no rule of their corpora yet."""
    taken: list[Group] = []
    for row in rows:
        mine = groups.setdefault(row, [row])
        if any(mine is group for group in taken):
            continue
        here = {corpora[member] for member in mine}
        free = next((group for group in taken if here.isdisjoint(corpora[member] for member in group)), None)
        if free is None:
            taken.append(mine)
            continue
        free.extend(mine)
        groups.update(dict.fromkeys(mine, free))


def _distinct(groups: Mapping[int, Group]) -> Iterator[Group]:
    """Each group of more than one rule, once."""
    return (rows for row, rows in groups.items() if rows[0] == row and len(rows) > 1)


def _standing(rules: pd.DataFrame, rows: Iterable[int]) -> dict[int, tuple]:
    """How good a copy each row is; the best of a group is shown."""
    rows = list(rows)
    part = rules.iloc[rows]
    days = [part[name].to_numpy().astype("int64").tolist() for name in ("updated", "created")]
    columns = (part[name].tolist() for name in ("enabled", "rule_class", "severity"))
    return {
        row: (
            enabled is not False,
            -_CLASS_RANKS[rule_class],
            _SEVERITY_RANKS.get(severity, -1),
            updated,
            created,
            -row,
        )
        for row, enabled, rule_class, severity, updated, created in zip(rows, *columns, *days, strict=True)
    }
