"""The scope: which rules, platforms and techniques count, as one value, and the stamp that says so.

`options` defines what its options mean. Knows no rule and computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from coverage.catalogue.model import Release
from coverage.models import CorpusStamp
from coverage.scope.options import FLAG, MANY, OPTIONS, SENTENCE, Known


@dataclass(frozen=True)
class Scope:
    """What counts. The default: production rules that are enabled or unknown, without pre-attack techniques.

    A field for each of `options.OPTIONS`, which says what it means.

    Raises
    ------
    ValueError
        For a value that an option with fixed choices does not have (a programmer's error).
    """

    attack: Release
    platforms: tuple[str, ...] = ()  # empty: every platform
    pre: bool = False
    classes: tuple[str, ...] = ("production",)
    enabled: str = "not_disabled"
    rollup: str = "any"
    corpora: tuple[CorpusStamp, ...] = ()
    date: date = field(default_factory=date.today)
    min_severity: str | None = field(default=None, kw_only=True)
    tags: tuple[str, ...] = field(default=(), kw_only=True)
    log_sources: tuple[str, ...] = field(default=(), kw_only=True)
    types: tuple[str, ...] = field(default=(), kw_only=True)
    runs: bool = field(default=False, kw_only=True)
    authors: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for option in OPTIONS.values():
            value, known = getattr(self, option.name), option.choices(Known())
            if known is None or value is None or option.kind == FLAG:
                continue
            if unknown := set(value if option.kind == MANY else [value]) - set(known):
                raise ValueError(f"unknown {option.noun}: {', '.join(map(str, sorted(unknown, key=str)))}")

    def options(self) -> dict[str, Any]:
        """The value of every option, by its name."""
        return {name: getattr(self, name) for name in OPTIONS}

    def stamp(self) -> dict:
        """The scope as plain values, for JSON. Options added later stand in it where they say something."""
        stated = {
            name: option.plain(getattr(self, name))
            for name, option in OPTIONS.items()
            if option.always_stamped or not option.is_default(getattr(self, name))
        }
        first = {name: stated.pop(name) for name in ("rollup", "pre", "platforms", "classes", "enabled")}
        return {
            "attack": str(self.attack),
            **first,
            **stated,
            "corpora": [corpus.as_dict() for corpus in self.corpora],
            "date": self.date.isoformat(),
        }

    def sentence(self) -> str:
        """The scope in one line of words, the same on every page and in every file."""
        parts = {name: OPTIONS[name].part(getattr(self, name)) for name in SENTENCE}
        return " · ".join([f"ATT&CK {self.attack.title}", *filter(None, parts.values())])

    def corpora_sentence(self) -> str:
        """The corpora in one line of words: name, rules read and content."""
        return "; ".join(corpus.sentence() for corpus in self.corpora) or "no rule set"
