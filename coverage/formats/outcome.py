"""What formats share when they turn parsed rules into rows: one `Built` a rule, and the `Loader` around it.

A format gives an iterator of `Built` over a document; reading, problems with their lines and the places of
mappings follow from it here. Formats and syntaxes are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from coverage.formats.platforms import PlatformTable, RuleWords
from coverage.formats.problems import FileProblems
from coverage.formats.seam import MAX_BYTES, Context, Loader, RuleFile, as_it_is
from coverage.formats.threat import ATTACK, not_in_threat
from coverage.formats.unread import Meant, Named, ids_in, unread_issues
from coverage.models import LoadResult, Problem, Rule, WrittenMapping
from coverage.syntaxes import budget
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import Bill, DocPath, Issue, Kept, Parsed, Syntax
from coverage.vocabulary import SEVERITIES, id_kind

# One part of a mapping path as WrittenMapping's fields, and where its leaf is.
Mapped = tuple[Mapping[str, str | None], DocPath]

# Words of other scales for vocabulary.SEVERITIES.
SEVERITY_WORDS: Mapping[str, str] = {name: name for name in SEVERITIES} | {"info": "informational"}
_COMMA = re.compile(
    r",(?![^()]{0,200}+\))"
)  # not those within brackets, which are short: "A. Author (One, Two)"
_PARTS = {"tactic": "tactic_id", "technique": "technique_id", "subtechnique": "subtechnique_id"}


@dataclass
class Built:
    """One rule of a file as its format read it. Without a rule, its issues are why, and become errors."""

    rule: Rule | None
    issues: list[Issue]
    mapped: Sequence[Mapped] = ()
    notes: Sequence[Problem] = ()
    written_for: str | None = None
    # The texts where an ID may be that is not read; looked at only in a file that has one.
    named: Iterable[Named] = ()


# The rules of a document in order; the int counts those kept so far, for their keys.
Rules = Callable[[RuleFile, Any, Context], Iterator[Built]]


@dataclass(frozen=True)
class Format:
    """What a format adds to a `Loader`: `rules`, and `remarks` on a whole file (by default none)."""

    rules: Rules
    syntax: Syntax
    remarks: Callable[[RuleFile, Any, LoadResult], Iterable[Issue]] = field(default=lambda *_: ())
    meant: Meant | None = None  # how the format writes an ID that is not where it is read

    def read(self, file: RuleFile, document: Any, context: Context) -> LoadResult:
        """The rules of one file with their mappings, and the problems met.

        Raises
        ------
        Unparsable
            Code `too-costly`, when the rules and mappings would take more than the budget of the file's size.
        """
        result, problems, bill = LoadResult(), FileProblems(file), Bill(len(file.text))
        ids = ids_in(file.text) if self.meant else set()
        for built in self.rules(file, document, context):
            bill.charge(budget.RULE + budget.MAPPING * len(built.mapped), "rules and mappings")
            if built.rule is None:
                problems.add(built.issues, None, "error")
                continue
            result.rules.append(built.rule)
            written = written_rows(built.rule.rule_key, built.mapped, built.written_for)
            result.written += written
            unread = unread_issues(built.named, written, ids, self.meant)
            problems.add([*built.issues, *not_in_threat(unread, built.issues)], built.rule.rule_id)
            problems.add_problems(built.notes)
        self._remark(file, document, result, problems)
        result.problems = problems.listed(self.syntax)
        return result

    def _remark(self, file: RuleFile, document: Any, result: LoadResult, problems: FileProblems) -> None:
        """Add what is wrong with the file as a whole: first the issues of values, then those of lines."""
        shared = list(self.remarks(file, document, result))
        if not (result.rules or problems or shared):
            shared.append(
                Issue((0,), "no-rule", "warning", "The file looks like a rule file but has no rules.")
            )
        only_id = result.rules[0].rule_id if len(result.rules) == 1 else None
        problems.add([one for one in shared if one.at is None], only_id)
        problems.add([one for one in shared if one.at], None)
        problems.more_of(document)

    def leaf_paths(self, document: Any, nth: int) -> list[DocPath]:
        """Where each mapping's leaf is in the document, by position, in the nth rule that is kept."""
        if not isinstance(document, Parsed):
            paths = self._all_paths(document)
        elif (paths := document.known.get("leaf_paths")) is None:
            paths = document.known["leaf_paths"] = self._all_paths(document)
        return paths[nth] if 0 <= nth < len(paths) else []

    def _all_paths(self, document: Any) -> list[list[DocPath]]:
        built = self.rules(RuleFile("", "", ""), document, _NO_CONTEXT)
        return [[path for _, path in one.mapped] for one in built if one.rule]

    def loader(
        self,
        id: str,
        title: str,
        suffixes: tuple[str, ...],
        sniff: Callable[[RuleFile, Any], bool],
        meant: Callable[[str], bool],
        max_bytes: int = MAX_BYTES,
        settled: Callable[[LoadResult], LoadResult] = as_it_is,
    ) -> Loader:
        """The `Loader` of this format."""
        read = (sniff, self.read, self.leaf_paths)
        return Loader(id, title, suffixes, self.syntax, *read, meant, max_bytes, settled)


_NO_CONTEXT = Context(PlatformTable())


def rule_of(file: RuleFile, format_id: str, nth: int = 0, **values: Any) -> Rule:
    """The nth rule that is kept of a file, with the fields of `Rule` that its format read."""
    return Rule(
        rule_key=file.rule_key(nth),
        corpus=file.corpus,
        path=file.path,
        format=format_id,
        content_hash=file.content_hash,
        **values,
    )


def written_rows(
    rule_key: str, mapped: Iterable[Mapped], written_for: str | None = None
) -> list[WrittenMapping]:
    """One row a mapped part, in order."""
    shared = {"framework": ATTACK, "written_for": written_for}
    return [WrittenMapping(rule_key, nth, **(shared | part)) for nth, (part, _) in enumerate(mapped)]


@lru_cache(maxsize=8192)
def id_part(text: str) -> Mapping[str, str] | None:
    """The part of a mapping path that an ID names by its form; None for any other text."""
    written = text.strip().upper()
    part = _PARTS.get(id_kind(written) or "")
    return {part: written} if part else None


def meant_id(text: str) -> Mapping[str, str]:
    """`id_part` for a place of technique IDs alone: other text is taken as an unknown technique ID.

    The reading in a release then reports it: nothing that was written is dropped.
    """
    return id_part(text) or {"technique_id": text.strip()}


def paired(
    tactics: Sequence[tuple[Mapping[str, str | None], DocPath]], techniques: Sequence[Mapped]
) -> list[Mapped]:
    """Tactics and techniques that a rule names side by side.

    Linked when either is named once, since then nothing is guessed; otherwise every technique is a
    mapping without a tactic and every tactic one without a technique, so that no cell is lit that
    nobody mapped.
    """
    if tactics and techniques and 1 in (len(tactics), len(techniques)):
        return [({**tactic, **part}, path) for tactic, _ in tactics for part, path in techniques]
    return [*techniques, *tactics]


def platforms_of(
    words: RuleWords, file: RuleFile, rule_id: str | None, context: Context
) -> tuple[tuple[str, ...], list[Problem]]:
    """The platforms by the table, and one note `platform-word-unknown` a word that is not in it."""
    platforms, unknown = context.platforms.platforms(words)
    notes = Kept("note")
    for kind, word in unknown:
        message = f"The {kind} '{word[:100]}' is not in data/platforms.csv, so it gives no platform"
        place = (file.path, None, None, rule_id)
        notes.append(Problem(*place, "platform-word-unknown", "note", message, file.corpus))
    return (platforms, notes)


def identity(rule: Fields, id_key: str, name_key: str) -> tuple[str | None, str | None]:
    """The rule's id and name. One is enough: the id is then the name, too.

    Codes: `no-rule-id`, `no-name` (warnings), `no-rule` (error; the name is None).
    """
    rule_id, name = rule.text(id_key), rule.text(name_key)
    if rule_id is None and name is None:
        rule.issue((), "no-rule", f"has no {name_key} and no {id_key}, so it was not read", "error")
    elif rule_id is None and type(rule.values.get(id_key)) in (str, type(None)):
        rule.issue((), "no-rule-id", f"has no {id_key}")
    elif name is None and type(rule.values.get(name_key)) in (str, type(None)):
        rule.issue((), "no-name", f"has no {name_key}, so its {id_key} is used as its name")
    return (rule_id, name or rule_id)


def names(texts: Iterable[str]) -> tuple[str, ...]:
    """The names that texts list with commas between them, in order, each once."""
    parts = (part.strip() for text in texts for part in _COMMA.split(text))
    return tuple(dict.fromkeys(part for part in parts if part))


def severity(rule: Fields, key: str, words: Mapping[str, str] = SEVERITY_WORDS) -> str | None:
    """The severity that a word of a format's own scale names; None with `bad-severity` for another."""
    written = rule.text(key)
    if written is None:
        return None
    found = words.get(written.strip().lower())
    if found is None:
        rule.issue((key,), "bad-severity", f"is {written[:40]!r}, not one of {', '.join(words)}")
    return found


def word_at(rule: Fields, key: str, words: Mapping[str, str], missing: str, unknown: str) -> str:
    """What the word at `key` means; `missing` without one, `unknown` for another (warning
    `bad-{key}`).
    """
    written = rule.text(key)
    if written is None:
        return missing
    found = words.get(written.strip().lower())
    if found is None:
        rule.issue((key,), f"bad-{key.lower()}", f"is {written[:40]!r}, not one of {', '.join(words)}")
    return found or unknown
