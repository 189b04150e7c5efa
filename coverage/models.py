"""The values that loaders hand on: rules, mappings as written, problems.

Frozen dataclasses, field for field the columns of the RULES, WRITTEN and PROBLEMS frames
(`coverage.frames`), so that a loader needs neither pandas nor ATT&CK.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from coverage.words import amount


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that could not be read or placed. `path` is relative to its corpus (POSIX)."""

    path: str
    line: int | None
    column: int | None
    rule_id: str | None
    code: str
    severity: str
    message: str
    corpus: str = ""


@dataclass(frozen=True, slots=True)
class WrittenMapping:
    """One mapping path exactly as its rule wrote it: tactic? -> technique? -> sub-technique?."""

    rule_key: str
    position: int  # 0-based order in the rule
    framework: str  # "MITRE ATT&CK", "MITRE ATLAS" ...
    written_for: str | None = None  # ATT&CK version the rule says the mapping is for
    tactic_id: str | None = None
    tactic_name: str | None = None
    tactic_reference: str | None = None
    technique_id: str | None = None
    technique_name: str | None = None
    technique_reference: str | None = None
    subtechnique_id: str | None = None
    subtechnique_name: str | None = None
    subtechnique_reference: str | None = None

    @property
    def leaf_id(self) -> str | None:
        """The deepest technique ID of the path; None when it names a tactic only."""
        return self.subtechnique_id or self.technique_id


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with everything a reviewer filters by or reads."""

    rule_key: str  # unique over all corpora: "<corpus>/<path>", "#<n>" for the nth rule of a file
    corpus: str
    path: str  # relative to the corpus root, POSIX
    format: str  # a key of loaders.LOADERS
    rule_id: str | None
    name: str
    rule_class: str  # a key of vocabulary.RULE_CLASSES
    enabled: bool | None = None  # None: the format does not know
    severity: str | None = None  # one of vocabulary.SEVERITIES
    risk_score: float | None = None  # 0-100
    type: str | None = None
    language: str | None = None
    platforms: tuple[str, ...] = ()  # ATT&CK platforms; empty: not known
    integrations: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()
    data_sources: tuple[str, ...] = ()
    log_words: tuple[str, ...] = ()  # `kind:word` of what it reads, kinds of log_sources.KINDS
    log_sources: tuple[str, ...] = ()  # names of log sources any of which gives it data; empty: unknown
    data_components: tuple[str, ...] = ()  # names of ATT&CK data components; empty: unknown
    can_run: bool | None = None  # whether its data arrives; None: nothing tells
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    origin: str | None = None  # a key of vocabulary.ORIGINS; None: the format does not tell
    created: date | None = None
    updated: date | None = None
    version: str | None = None
    maturity: str | None = None  # as written
    license: str | None = None
    description: str | None = None
    query: str | None = None
    note: str | None = None
    setup: str | None = None
    references: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    content_hash: str = ""  # SHA-256 of the file's bytes, hex


@dataclass(frozen=True)
class CorpusStamp:
    """Which corpus in which state was read; stands in every scope's stamp.

    `content` is "sha256:" over the sorted (relative path, SHA-256) of files that gave a rule or a
    problem, and alone says which content was read. `commit` is the HEAD of the git `repository` that tracks
    files of the corpus; `changed` tells that rule files there differ from it.
    """

    name: str
    path: str  # as the user wrote it
    files: int  # files that gave a rule or a problem
    rules: int
    content: str
    commit: str | None = None
    repository: str | None = None  # its name; None without a commit
    changed: bool = False

    def file(self, relative: str) -> Path:
        """Where a rule's or problem's `path` lies on disk."""
        root = Path(self.path)
        return root.parent / relative if root.is_file() else root / relative

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)

    def sentence(self) -> str:
        """One line for people: `elastic: 2,192 rules (commit 0123456789ab of rules, sha256:1a2b3c4d5e6f)`."""
        changes, of = "+changes" * self.changed, f" of {self.repository}" if self.repository else ""
        mark = f"commit {self.commit[:12]}{changes}{of}, " if self.commit else ""
        return f"{self.name}: {amount(self.rules, 'rule')} ({mark}{self.content[:19]})"


@dataclass
class LoadResult:
    """What loading gave: every rule that could be read, and every problem met on the way."""

    rules: list[Rule] = field(default_factory=list)
    written: list[WrittenMapping] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def extend(self, other: LoadResult) -> None:
        """Add all of `other` to this result, in order."""
        self.rules.extend(other.rules)
        self.written.extend(other.written)
        self.problems.extend(other.problems)
