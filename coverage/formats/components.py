"""Words of rules -> ATT&CK data components, by the editable table `data/data_components.csv`.

The table's columns: `kind` (of which vendor's words), `word` (or a pattern), `components` (names of data
components, joined by `; `; empty for a source that carries many kinds of event), `note`. A word that is not
listed gives no note: `data/platforms.csv` has one for unknown sources already. Independent of rule formats
and ATT&CK releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage.formats.words import Term, WordTable, split_words, table_lines

COMPONENTS_CSV = Path(__file__).resolve().parents[2] / "data" / "data_components.csv"
COLUMNS = ("kind", "word", "components", "note")
KINDS = (
    "sigma_logsource",
    "eql_category",
    "integration",
    "tag",
    "index",
    "splunk_source",
    "sentinel_table",
    "panther_log",
    "falco_source",
    "secops_word",
    "suricata_word",
    "wazuh_word",
)
# The event categories that an EQL query names: `process where ...`, also within a sequence.
_EQL_CATEGORY = re.compile(r"(?:^|\[)\s*(\w+)\s+where\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    kind: str
    word: str
    components: tuple[str, ...]


class ComponentTable(WordTable):
    """The table of data components."""

    def components(self, terms: Iterable[Term]) -> tuple[str, ...]:
        """The data components of a rule's terms, in their order, each once."""
        found = (self.first(term) for term in terms)
        return tuple(dict.fromkeys(name for row in found if row for name in row.components))

    def elastic(
        self,
        tags: Sequence[str] = (),
        integrations: Sequence[str] = (),
        indices: Sequence[str] = (),
        language: str | None = None,
        query: str | None = None,
    ) -> tuple[str, ...]:
        """The same of a rule of Elastic's: by the event categories of its EQL; without any, by what it
        reads.
        """
        if language == "eql" and query:
            found = self.components([("eql_category", word)] for word in _EQL_CATEGORY.findall(query))
            if found:
                return found
        rows = [row for index in indices for row in self.matching("index", index)]
        rows += [row for word in integrations for row in self._of_package(word)]
        rows += [row for tag in tags if (row := self._by_word.get(("tag", tag.lower()))) is not None]
        return tuple(dict.fromkeys(name for row in rows for name in row.components))

    def _of_package(self, word: str) -> list[Row]:
        row = self.first([("integration", word), ("integration", word.partition(".")[0])])
        return [row] if row else []


def read_components(path: Path = COMPONENTS_CSV) -> ComponentTable:
    """The table in a CSV file. Lines or a file that cannot be read are listed in `faults`; never raises."""
    return ComponentTable(*table_lines(path, COLUMNS, "no rule's data components are known", _row))


def _row(line: dict, number: int) -> Row | str:
    kind, word = ((line[column] or "").strip() for column in ("kind", "word"))
    if kind in KINDS and word:
        return Row(kind, word, split_words(line["components"]))
    return f"Line {number} needs a kind ({', '.join(KINDS)}) and a word."
