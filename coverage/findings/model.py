"""What a check gets and gives: one mapping path, one rule with its paths, and a find.

Plain values, so that a check is a small function that can be called by hand. Knows no frame and no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from coverage.mapping.reader import Reader


class Found(NamedTuple):
    """One find of a check: which value of the path (or rule) is wrong, what would be right, and why."""

    field: str | None  # column of WRITTEN, `tags`, or None for the rule as a whole
    value: str | None
    fix: str | None
    message: str
    position: int | None = None  # set by checks of a whole rule


class WrittenPath(NamedTuple):
    """One mapping path as written, and how it was read. Equal paths have equal finds."""

    framework: str
    tactic_id: str | None
    tactic_name: str | None
    tactic_reference: str | None
    technique_id: str | None
    technique_name: str | None
    technique_reference: str | None
    subtechnique_id: str | None
    subtechnique_name: str | None
    subtechnique_reference: str | None
    leaf: str | None
    status: str  # vocabulary.READ_STATUSES
    attack_id: str | None  # the current ID the leaf is read as
    tactic_status: str  # vocabulary.TACTIC_STATUSES
    tactic: str | None  # the tactic ID as read

    @property
    def leaf_field(self) -> str:
        """The column the leaf stands in."""
        return "subtechnique_id" if self.subtechnique_id else "technique_id"

    @property
    def tactic_field(self) -> str:
        """The column the tactic is named in: its ID, or its name where no ID is."""
        return "tactic_id" if self.tactic_id else "tactic_name"

    @property
    def tactic_written(self) -> str | None:
        return self.tactic_id or self.tactic_name

    @property
    def is_attack(self) -> bool:
        return "ATT&CK" in self.framework


@dataclass(frozen=True)
class MappedRule:
    """One rule's tags and the mapping paths that are read in the release, by position."""

    tags: tuple[str, ...]
    paths: tuple[tuple[int, WrittenPath], ...]
    mapped: bool  # it has a mapping of any framework, read here or not

    @cached_property
    def attack_paths(self) -> list[tuple[int, WrittenPath]]:
        return [(position, path) for position, path in self.paths if path.is_attack]

    @cached_property
    def is_flat(self) -> bool:
        """Tactics and techniques stand side by side and none names the other (Sigma, hunts ...)."""
        return all(path.leaf is None or path.tactic_written is None for _, path in self.attack_paths)

    @cached_property
    def attack_ids(self) -> set[str]:
        """The current IDs the rule is read as."""
        return {path.attack_id for _, path in self.paths if path.attack_id is not None}


PathCheck = Callable[[WrittenPath, Reader], Iterator[Found]]
RuleCheck = Callable[[MappedRule, Reader], Iterator[Found]]


@dataclass(frozen=True)
class Check:
    """One check: its function, and what people and machines need to know of its code.

    `invalid`: a mapping with such a find is not valid in the release, so it was not written for it.
    `unplaced`: the ID it finds, of a technique or a tactic, is read as no live one, so Problems lists it.
    """

    find: PathCheck | RuleCheck
    severity: str  # vocabulary.PROBLEM_SEVERITIES
    title: str
    description: str
    whole_rule: bool = False
    invalid: bool = False
    unplaced: bool = False
    page: str = "https://attack.mitre.org/resources/"  # where to read on


def quoted(text: str | None, most: int = 80) -> str:
    """Rule text for a message: one line, cut, without control signs."""
    line = "".join(sign if sign.isprintable() else " " for sign in (text or ""))
    return line if len(line) <= most else f"{line[: most - 1]}…"
