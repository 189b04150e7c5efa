"""Words of rules -> ATT&CK platforms, by the editable table `data/platforms.csv`.

The table's columns: `kind` (os, job, domain, integration, tag, index, and kinds of one rule format such
as sigma_product), `word`, `platforms` (joined by `; `; empty for a word that is known and names no platform),
`when`, `note`. `when` is `always`, `no_os`
(ignored when an OS word was found) or `alone` (read only when nothing else gave a platform). Every
choice is in the table, none in the code. Of the rule formats it knows only Elastic's data stream names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from coverage.word_table import Term, WordTable, split_words, table_lines

PLATFORMS_CSV = Path(__file__).resolve().parents[2] / "data" / "platforms.csv"

COLUMNS = ("kind", "word", "platforms", "when", "note")
KINDS = (
    "os",
    "job",
    "domain",
    "integration",
    "tag",
    "index",
    "sigma_product",
    "sigma_category",
    "sigma_service",
    "splunk_source",
    "sentinel_connector",
    "sentinel_table",
    "panther_log",
    "secops_word",
    "falco_source",
    "falco_tag",
    "wazuh_word",
    "suricata_word",
)
WHENS = ("always", "no_os", "alone")
# A tag's category -> the kind its value is looked up as. Other tags are looked up whole.
_TAG_KINDS = {"OS": "os", "Platform": "os", "Domain": "domain"}
_DATA_STREAM = re.compile(r"(?:[^:]*:)?(?:logs|traces|metrics)-([a-z0-9_]+)(?:\.([a-z0-9_]+))?")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    kind: str
    word: str
    platforms: tuple[str, ...]
    when: str


@dataclass(frozen=True, slots=True)
class RuleWords:
    """The words of a rule that may name its platforms."""

    tags: Sequence[str] = ()
    os: Sequence[str] = ()
    integrations: Sequence[str] = ()
    indices: Sequence[str] = ()
    jobs: Sequence[str] = ()
    others: Sequence[Term] = ()


@dataclass
class PlatformTable(WordTable):
    """The table of platforms."""

    _ranks: dict[str, int] = field(default_factory=dict, repr=False)
    _tag_rows: dict[str, Row | None] = field(default_factory=dict, repr=False)  # of the tags seen so far

    def __post_init__(self) -> None:
        super().__post_init__()
        for row in self.rows:
            for platform in row.platforms:
                self._ranks.setdefault(platform, len(self._ranks))

    def platforms(self, words: RuleWords) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """The platforms that a rule's words name, in the table's order, and its unknown (kind, word) pairs.

        OS words decide first: they switch `no_os` rows off. What is left is united. A listed dataset
        (`azure.signinlogs`) takes the place of its package (`azure`). Tags and index patterns are free
        text, so only OS, domain and integration words, and those of `others`, can be unknown.
        """
        found, unknown = self._found(words)
        has_os = any(row.kind in ("os", "job") and row.platforms for row in found)
        platforms = {
            p
            for row in found
            if row.when == "always" or (row.when == "no_os" and not has_os)
            for p in row.platforms
        }
        if not platforms:
            platforms = {platform for row in found if row.when == "alone" for platform in row.platforms}
        return (tuple(sorted(platforms, key=self._ranks.__getitem__)), unknown)

    def _found(self, words: RuleWords) -> tuple[list[Row], tuple[tuple[str, str], ...]]:
        found: list[Row] = []
        unknown: list[tuple[str, str]] = []
        for kind, word in _worded(words):
            row = self._by_word.get((kind, word.lower()))
            if row is not None:
                found.append(row)
            elif kind in ("os", "domain"):
                unknown.append((kind, word))
        found += [row for tag in words.tags if (row := self._tag_row(tag)) is not None]
        found += self._other_rows(words, unknown)
        found += self._integration_rows(words, unknown)
        found += [row for job in words.jobs for row in self.matching("job", job)[:1]]
        found += [row for index in words.indices for row in self.matching("index", index)]
        return (found, tuple(dict.fromkeys(unknown)))

    def _tag_row(self, tag: str) -> Row | None:
        if tag not in self._tag_rows:
            self._tag_rows[tag] = self.first([("os", tag), ("tag", tag)])
        return self._tag_rows[tag]

    def _other_rows(self, words: RuleWords, unknown: list[tuple[str, str]]) -> list[Row]:
        found = []
        for term in words.others:
            if (row := self.first(term)) is not None:
                found.append(row)
            elif term:
                unknown.append(term[-1])
        return found

    def _integration_rows(self, words: RuleWords, unknown: list[tuple[str, str]]) -> list[Row]:
        packages: dict[str, Row] = {}
        datasets: dict[str, Row] = {}
        for word, written in _integration_words(words):
            package = word.partition(".")[0]
            if (row := self._by_word.get(("integration", word))) is not None:
                (datasets if "." in word else packages)[word] = row
            elif (row := self._by_word.get(("integration", package))) is not None:
                packages[package] = row
            elif written:
                unknown.append(("integration", word))
        specified = {word.partition(".")[0] for word in datasets}
        return [*datasets.values(), *(row for word, row in packages.items() if word not in specified)]


def _worded(words: RuleWords) -> Iterator[tuple[str, str]]:
    for word in words.os:
        yield ("os", word)
    for tag in words.tags:
        if (worded := _worded_tag(tag)) is not None:
            yield worded


@lru_cache(maxsize=4096)
def _worded_tag(tag: str) -> tuple[str, str] | None:
    """The kind and word of a tag such as `OS: Windows`; None for one without a known category."""
    category, _, value = tag.partition(":")
    return (_TAG_KINDS[category], value.strip()) if value and category in _TAG_KINDS else None


def _integration_words(words: RuleWords) -> Iterator[tuple[str, bool]]:
    for word in words.integrations:
        yield (word.strip().lower(), True)
    for index in words.indices:
        if word := _data_stream(index):
            yield (word, False)


@cache
def _data_stream(index: str) -> str:
    match = _DATA_STREAM.match(index)
    return ".".join(part for part in match.groups() if part) if match else ""


def read_platforms(path: Path = PLATFORMS_CSV) -> PlatformTable:
    """The table in a CSV file. Lines or a file that cannot be read are listed in `faults`; never raises."""
    return PlatformTable(*table_lines(path, COLUMNS, "no rule's platforms are known", _row))


def _row(line: dict, number: int) -> Row | str:
    kind, word, when = ((line[column] or "").strip() for column in ("kind", "word", "when"))
    if kind in KINDS and when in WHENS and word:
        return Row(kind, word, split_words(line["platforms"]), when)
    return f"Line {number} needs a kind ({', '.join(KINDS)}), a word and a when ({', '.join(WHENS)})."
