"""Words for log data -> log sources and data components of ATT&CK, by the editable table
`data/log_sources.csv`.

One row a word, as a vendor's rules, a SIEM's export or MITRE itself writes it. What different vendors call
by different names meets in `sources` (MITRE's log source names, each in one spelling) and in `components`.
The table's columns:

- `kind`: whose word it is, one of `KINDS`; `word`: the word, or a pattern such as `logs-okta*`.
- `sources`: log sources that carry it, joined by `; `; empty where it may be of any.
- `channel`: which events of the source it means; empty for all.
- `components`: the data components that it surely gives; empty where only the events would tell.
- `platforms`: where it is of these platforms alone. `note`: why a doubtful row is as it is.

Independent of rule formats and ATT&CK releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path

from coverage.word_table import Term, WordTable, split_words, table_lines

LOG_SOURCES_CSV = Path(__file__).resolve().parents[1] / "data" / "log_sources.csv"
COLUMNS = ("kind", "word", "sources", "channel", "components", "platforms", "note")
KINDS = {
    "sigma_logsource": "Sigma: product/category or product/service",
    "eql_category": "Elastic: event category of an EQL query",
    "integration": "Elastic: integration, or package.dataset",
    "tag": "Elastic: tag of a rule",
    "index": "Elastic: index, data stream or pattern",
    "splunk_source": "Splunk: data source of contentctl",
    "splunk_sourcetype": "Splunk: sourcetype",
    "sentinel_table": "Sentinel: table",
    "sentinel_connector": "Sentinel: data connector",
    "panther_log": "Panther: log type",
    "falco_source": "Falco: source",
    "secops_word": "Google SecOps: log type or product",
    "suricata_word": "Suricata: protocol",
    "wazuh_word": "Wazuh: group or decoder",
    "windows_channel": "Windows: channel of the event log, or channel/event ID",
    "dettect": "DeTT&CT: data source",
    "attack": "MITRE: log source name, in any spelling",
}
# The event categories that an EQL query names: `process where ...`, also within a sequence.
_EQL_CATEGORY = re.compile(r"(?:^|\[)\s*(\w+)\s+where\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LogSource:
    """One line of the table."""

    kind: str
    word: str
    sources: tuple[str, ...] = ()
    channel: str = ""
    components: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    note: str = ""


@dataclass
class LogSourceTable(WordTable):
    """The table of log sources."""

    _fitting: dict[tuple[str, str], LogSource | None] = field(default_factory=dict, repr=False)
    _tags: dict[str, bool] = field(default_factory=dict, repr=False)  # whether a tag is listed
    _elastic: dict[tuple, dict[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)

    @cached_property
    def sources(self) -> dict[str, str]:
        """Every log source of the table, by its name in small letters."""
        found: dict[str, str] = {}
        for row in self.rows:
            for name in row.sources:
                found.setdefault(name.lower(), name)
        return found

    def row_of(self, kind: str, word: str) -> LogSource | None:
        """The row of a word, else of the longest pattern that it fits; None for an unknown word."""
        key = (kind, word)
        if key not in self._fitting:
            self._fitting[key] = self.first([key]) or max(
                self.matching(kind, word), key=lambda row: len(row.word), default=None
            )
        return self._fitting[key]

    def nearest(self, kind: str, word: str) -> str | None:
        """The listed word of a kind that is most like an unknown one; None when none is near."""
        known = {row.word.lower(): row.word for row in self._patterns.get(kind, ())}
        near = get_close_matches(word.lower(), known, n=1)
        return known[near[0]] if near else None

    def data_of(self, terms: Iterable[Term], free: bool = False) -> dict[str, tuple[str, ...]]:
        """What a rule's terms say of its data: values of `Rule`'s `log_words`, `log_sources` and
        `data_components`, in the order of the terms, each once.

        Parameters
        ----------
        free
            Whether the terms are free words, of which only listed ones are known to name data.
        """
        found = [(term[0], self.first(term)) for term in map(tuple, terms) if term]
        rows = [row for _, row in found if row]
        return _data((word for word, row in found if row or not free), rows, rows)

    def elastic(
        self,
        tags: Sequence[str] = (),
        integrations: Sequence[str] = (),
        indices: Sequence[str] = (),
        language: str | None = None,
        query: str | None = None,
    ) -> dict[str, tuple[str, ...]]:
        """The same of a rule of Elastic's, with the indices it reads as its words, else its integrations. Its
        components are those of the event categories of its EQL; without any, those of what it reads.
        """
        categories = _EQL_CATEGORY.findall(query) if language == "eql" and query else ()
        listed = tuple(tag for tag in tags if self._is_tag(tag))
        # Many rules read the same: few of these are made, and each once.
        key = (listed, tuple(integrations), tuple(indices), tuple(dict.fromkeys(categories)))
        if key not in self._elastic:
            self._elastic[key] = self._elastic_data(*key)
        return self._elastic[key]

    def _is_tag(self, tag: str) -> bool:
        if tag not in self._tags:
            self._tags[tag] = self.knows("tag", tag)
        return self._tags[tag]

    def _elastic_data(
        self,
        tags: Sequence[str],
        integrations: Sequence[str],
        indices: Sequence[str],
        categories: Sequence[str],
    ) -> dict[str, tuple[str, ...]]:
        packages = [row for word in integrations for row in self._of_package(word)]
        tagged = [row for tag in tags if (row := self.first([("tag", tag)])) is not None]
        streams = [row for index in indices if (row := self.row_of("index", index)) is not None]
        everything = [*streams, *packages, *tagged]
        words = [("index", index) for index in indices]
        read = streams
        if not any(row.sources for row in streams):  # an index says more than the integration it is of
            words += [("integration", word) for word in integrations]
            read = everything
        named = [row for word in categories if (row := self.first([("eql_category", word)])) is not None]
        return _data(words, read, named if any(row.components for row in named) else everything)

    def _of_package(self, word: str) -> list[LogSource]:
        row = self.first([("integration", word), ("integration", word.partition(".")[0])])
        return [row] if row else []


def _data(
    words: Iterable[tuple[str, str]], read: Iterable[LogSource], named: Iterable[LogSource]
) -> dict[str, tuple[str, ...]]:
    return {
        "log_words": tuple(dict.fromkeys(f"{kind}:{word}" for kind, word in words)),
        "log_sources": tuple(dict.fromkeys(name for row in read for name in row.sources)),
        "data_components": tuple(dict.fromkeys(name for row in named for name in row.components)),
    }


def read_log_sources(path: Path = LOG_SOURCES_CSV) -> LogSourceTable:
    """The table in a CSV file. Lines or a file that cannot be read are listed in `faults`; never raises."""
    lost = "no rule's log sources and data components are known"
    return LogSourceTable(*table_lines(path, COLUMNS, lost, _row))


def listed_log_sources() -> LogSourceTable:
    """The table of `data/`, read once for as long as its file stays as it is."""
    try:
        state = LOG_SOURCES_CSV.stat()
    except OSError:
        return read_log_sources()
    return _listed(state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=2)
def _listed(_modified: int, _size: int) -> LogSourceTable:
    return read_log_sources()


def _row(line: dict, number: int) -> LogSource | str:
    kind, word, channel, note = ((line[name] or "").strip() for name in ("kind", "word", "channel", "note"))
    if kind not in KINDS or not word:
        return f"Line {number} needs a kind ({', '.join(KINDS)}) and a word."
    sources, components, platforms = (
        split_words(line[name]) for name in ("sources", "components", "platforms")
    )
    return LogSource(kind, word, sources, channel, components, platforms, note)
