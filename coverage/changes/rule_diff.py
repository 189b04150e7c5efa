"""Which rule of one state is which rule of another, and what changed about it.

A rule is the same by its id, else by its path, else by its content: a file that moved is not a rule removed
and one added. Knows RULES and written mappings; what a change does to coverage is `difference`'s.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from coverage.changes.frames import RULE_DIFF
from coverage.changes.sides import frame_of
from coverage.frames import rows_of
from coverage.identity import id_of, nth_of_file
from coverage.kept import kept_property
from coverage.loaders import Loaded
from coverage.words import amount

_FACTS = (
    "rule_key",
    "corpus",
    "path",
    "format",
    "rule_id",
    "name",
    "rule_class",
    "enabled",
    "can_run",
    "platforms",
    "severity",
    "content_hash",
)


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What tells a rule from another, and what a change of it could be."""

    rule_key: str
    corpus: str
    path: str
    format: str
    rule_id: str | None
    name: str
    rule_class: str
    enabled: bool | None
    can_run: bool | None
    platforms: tuple[str, ...]
    severity: str | None
    content_hash: str

    @property
    def nth(self) -> str:
        """Which rule of its file: "" for the first, then `#1` ..."""
        return nth_of_file(self.rule_key, self.corpus, self.path)


def facts_of(rules: pd.DataFrame) -> dict[str, RuleFacts]:
    """Rule key -> its facts, for every rule of a RULES frame."""
    return {
        row[0]: RuleFacts(*(None if value is pd.NA or value != value else value for value in row))
        for row in rows_of(rules, *_FACTS)
    }


def matched(before: Mapping[str, RuleFacts], after: Mapping[str, RuleFacts]) -> dict[str, str]:
    """Key before -> key after of every rule that both have, each once."""
    pairs: dict[str, str] = {}
    many = frozenset(rule.path for side in (before, after) for rule in side.values() if rule.nth)
    for name in _names(many):
        left = _by_name(before, name, without=pairs.keys())
        right = _by_name(after, name, without=set(pairs.values()))
        for shared in left.keys() & right.keys():
            pairs.update(_paired(left[shared], right[shared]))
    return pairs


def _id(rule: RuleFacts) -> Hashable | None:
    known = id_of(rule.rule_id, rule.format, rule.name)
    return known and known.at_home


def _names(many: Collection[str]) -> tuple[Callable[[RuleFacts], Hashable | None], ...]:
    """What a rule is known by, the surest first. `many`: the paths that hold several rules before or after.

    In such a file a place says nothing of a rule with an id: another one may have come before it.
    """
    return (
        _id,
        lambda rule: (rule.path, rule.name) if rule.path in many else None,
        lambda rule: None if rule.path in many and rule.rule_id else (rule.path, rule.nth),
        lambda rule: (rule.content_hash, rule.nth) if rule.content_hash else None,
    )


def _by_name(
    rules: Mapping[str, RuleFacts], name: Callable, without: Collection[str]
) -> dict[Hashable, list[RuleFacts]]:
    found: dict[Hashable, list[RuleFacts]] = {}
    for key, rule in rules.items():
        if key not in without and (known_by := name(rule)) is not None:
            found.setdefault(known_by, []).append(rule)
    return found


def _paired(before: list[RuleFacts], after: list[RuleFacts]) -> Iterator[tuple[str, str]]:
    """Pairs of rules that share a name, those that have most else in common first."""
    likeness = [(_likeness(old, new), old.rule_key, new.rule_key) for old in before for new in after]
    taken: set[tuple[int, str]] = set()
    for _, old, new in sorted(likeness, key=lambda row: ([-part for part in row[0]], row[1:])):
        if not taken & {(0, old), (1, new)}:
            taken |= {(0, old), (1, new)}
            yield old, new


def _likeness(old: RuleFacts, new: RuleFacts) -> tuple[bool, ...]:
    return (
        old.corpus == new.corpus and old.path == new.path,
        old.path == new.path,
        old.content_hash == new.content_hash,
        old.corpus == new.corpus,
    )


def change_words(row: Mapping) -> str:
    """What changed about a rule of RULE_DIFF, in words, with what it was and is."""
    pairs = {
        "remapped": (row["written_before"], row["written_after"]),
        "class": (row["class_before"], row["class_after"]),
        "enabled": (row["enabled_before"], row["enabled_after"]),
        "platforms": (row["platforms_before"], row["platforms_after"]),
    }
    words = [
        f"{change} ({_moved(*pairs[change])})"
        if change in pairs and pairs[change][0] != pairs[change][1]
        else change
        for change in row["changes"]
    ]
    return ", ".join(words) + (" by this program, the file is the same" if row["same_file"] else "")


def _moved(old: object, new: object) -> str:
    """What was and what is; of lists only what is not in both."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        gone = tuple(item for item in old if item not in new)
        come = tuple(item for item in new if item not in old)
        return f"{_value_words(gone)} → {_value_words(come)}"
    return f"{_value_words(old)} → {_value_words(new)}"


def _value_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    return value if isinstance(value, str) else "not known"


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file, or a folder, that is there and of which something cannot be read; `message` says what first."""

    corpus: str
    path: str
    line: int | None
    message: str
    rules: int  # that could be read from it


def unreadable_files(loaded: Loaded) -> tuple[UnreadableFile, ...]:
    """The files of a loaded state that have an error, by corpus and path."""
    errors = loaded.problems[
        (loaded.problems["severity"] == "error") & (loaded.problems["code"] != "no-such-path")
    ]
    kept = Counter(rows_of(loaded.rules, "corpus", "path"))
    found: dict[tuple[str, str], UnreadableFile] = {}
    for corpus, path, line, message in rows_of(errors, "corpus", "path", "line", "message"):
        if corpus:  # else a line of a table that comes with this program
            number = None if pd.isna(line) else int(line)
            file = UnreadableFile(corpus, path, number, message, kept[corpus, path])
            found.setdefault((corpus, path), file)
    return tuple(found[place] for place in sorted(found))


def unreadable_sentence(files: Collection[UnreadableFile], most: int = 5) -> str:
    """How many files cannot be read, and which: `1 file cannot be read: a.toml`; "" for none."""
    whole = [file for file in files if not file.rules]
    in_part = [file for file in files if file.rules]
    sentences = []
    for how, some in (("", whole), (" whole", in_part)):
        if some:
            names = ", ".join(file.path for file in some[:most])
            more = f" and {len(some) - most:,} more" if len(some) > most else ""
            sentences.append(f"{amount(len(some), 'file')} cannot be read{how}: {names}{more}")
    return "; ".join(sentences)


@dataclass(frozen=True)
class RuleDiff:
    """Two loaded states and how their rules go together. `frame` is RULE_DIFF, every key a file's own."""

    before: Loaded
    after: Loaded

    @kept_property
    def old(self) -> dict[str, RuleFacts]:
        return facts_of(self.before.rules)

    @kept_property
    def new(self) -> dict[str, RuleFacts]:
        return facts_of(self.after.rules)

    @kept_property
    def pairs(self) -> dict[str, str]:
        """Key before -> key after."""
        return matched(self.old, self.new)

    @kept_property
    def frame(self) -> pd.DataFrame:
        """RULE_DIFF: every rule with a change that coverage can differ by, by name."""
        rows = [self._row(old, new, changes) for old, new, changes in self._changes() if changes]
        rows.sort(key=lambda row: (row["name"], row["path"], row["rule_key"]))
        return frame_of(RULE_DIFF, rows)

    @kept_property
    def moved(self) -> int:
        """Rules whose file has another path."""
        return sum(self.old[old].path != self.new[new].path for old, new in self.pairs.items())

    @kept_property
    def edited(self) -> int:
        """Rules whose file differs and whose mapping, class, switch and platforms do not."""
        return sum(
            not changes and old is not None and new is not None and old.content_hash != new.content_hash
            for old, new, changes in self._changes()
        )

    def _changes(self) -> Iterator[tuple[RuleFacts | None, RuleFacts | None, tuple[str, ...]]]:
        for key, old in self.old.items():
            if key in self.pairs:
                new = self.new[self.pairs[key]]
                yield old, new, tuple(self._differences(old, new))
            else:
                yield old, None, ("unreadable" if self._is_unreadable(old) else "removed",)
        known = set(self.pairs.values())
        for key, new in self.new.items():
            if key not in known:
                yield None, new, ("added",)

    @kept_property
    def unreadable_files(self) -> tuple[UnreadableFile, ...]:
        """The files after that cannot be read, for an error that they did not have before."""
        return tuple(
            file for file in unreadable_files(self.after) if (file.corpus, file.path) in self._broken
        )

    def _is_unreadable(self, old: RuleFacts) -> bool:
        return any((corpus, old.path) in self._broken for corpus in self._corpora_after(old.corpus))

    @kept_property
    def _broken(self) -> set[tuple[str, str]]:
        """(corpus, path) after with an error that the file did not have before. A snapshot keeps no errors:
        all of its are new.
        """
        old, new = _errors(self.before), _errors(self.after)
        known: Counter = Counter()
        for (corpus, *error), count in old.items():
            for now in self._corpora_after(corpus):
                known[now, *error] += count
        return {error[:2] for error, count in new.items() if count > known[error]}

    def _corpora_after(self, corpus: str) -> tuple[str, ...]:
        """What a corpus is called after: its own name, or where none has it, that of each corpus which is
        only there after.
        """
        before, after = ({stamp.name for stamp in side.corpora} for side in (self.before, self.after))
        return (corpus,) if corpus in after else tuple(after - before)

    def _differences(self, old: RuleFacts, new: RuleFacts) -> Iterator[str]:
        if self._written[0].get(old.rule_key, set()) != self._written[1].get(new.rule_key, set()):
            yield "remapped"
        if old.rule_class != new.rule_class:
            yield "class"
        if old.enabled is not new.enabled:
            yield "enabled"
        if self._told and old.can_run is not new.can_run:
            yield "data"
        if set(old.platforms) != set(new.platforms):
            yield "platforms"

    @kept_property
    def _told(self) -> bool:
        """Whether both sides know of their rules whether data arrives."""
        return all(side.rules["can_run"].notna().any() for side in (self.before, self.after))

    @kept_property
    def _written(self) -> tuple[dict[str, set[tuple]], dict[str, set[tuple]]]:
        """Rule -> its mappings as written, before and after: everything that reading one depends on."""
        return _mappings_of(self.before.written), _mappings_of(self.after.written)

    def _row(self, old: RuleFacts | None, new: RuleFacts | None, changes: tuple[str, ...]) -> dict:
        now = new or old
        written = [
            sorted(_texts(side.get(rule.rule_key, ()))) if rule else []
            for side, rule in zip(self._written, (old, new), strict=True)
        ]
        return {
            "rule_key": now.rule_key,
            "key_before": old.rule_key if old else None,
            "name": now.name,
            "rule_id": now.rule_id,
            "corpus": now.corpus,
            "path": now.path,
            "path_before": old.path if old else None,
            "changes": changes,
            "same_file": bool(old and new and old.content_hash == new.content_hash),
            "written_before": tuple(written[0]),
            "written_after": tuple(written[1]),
            **{
                f"{name}_{side}": _fact(rule, column)
                for name, column in (
                    ("class", "rule_class"),
                    ("enabled", "enabled"),
                    ("severity", "severity"),
                )
                for side, rule in (("before", old), ("after", new))
            },
            "platforms_before": old.platforms if old else (),
            "platforms_after": new.platforms if new else (),
        }


def _errors(loaded: Loaded) -> Counter:
    """(corpus, path, code, rule ID, message without its numbers) of every error -> how often. Numbers are
    places, which move.
    """
    errors = loaded.problems[loaded.problems["severity"] == "error"]
    rows = rows_of(errors, "corpus", "path", "code", "rule_id", "message")
    return Counter(
        (corpus, path, code, rule_id if isinstance(rule_id, str) else None, re.sub(r"\d+", "", message))
        for corpus, path, code, rule_id, message in rows
    )


def _fact(rule: RuleFacts | None, name: str) -> object:
    return None if rule is None else getattr(rule, name)


def _mappings_of(written: pd.DataFrame) -> dict[str, set[tuple]]:
    found: dict[str, set[tuple]] = {}
    fields = ("framework", "written_for", "tactic_id", "tactic_name", "leaf_id")
    for rule_key, *values in rows_of(written, "rule_key", *fields):
        mapping = tuple(value if isinstance(value, str) else None for value in values)
        found.setdefault(rule_key, set()).add(mapping)
    return found


def _texts(mappings: Collection[tuple]) -> set[str]:
    return {
        f"{leaf or 'no technique'} in {tactic_id or tactic_name or 'no tactic'}"
        for _, _, tactic_id, tactic_name, leaf in mappings
    }
