"""The options of a scope, each defined once: what it is called, what it may be, and which rules it keeps.

The sidebar, the command line, `[check.scope]`, links, snapshots, stamps, sentences and the steps of a diff
are all made from `OPTIONS`. A new filter is one entry here and one field of `value.Scope`. Knows RULES
frames; which platforms a release has, and which tags some rules have, the caller gives.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from coverage.frames import rows_of
from coverage.vocabulary import ORIGINS, PRE_PLATFORM, ROLLUPS, RULE_CLASSES, SEVERITIES

FLAG, ONE, MANY = "flag", "one", "many"
ALL = "all"  # in a list of values: every one, as if none were named

ENABLED_CHOICES: dict[str, str] = {
    "not_disabled": "enabled or unknown",
    "enabled": "only enabled",
    "any": "enabled, disabled or unknown",
}

Mask = Callable[[pd.DataFrame, Any], pd.Series]


@dataclass(frozen=True)
class Known:
    """What the values of an option are chosen from: the platforms of the release, and the rules that were
    read.
    """

    platforms: Collection[str] | None = None  # None: not known yet
    rules: pd.DataFrame | None = None  # RULES


def _name_of(words: str) -> str:
    """The words of a choice, without what they mean, which stands after a colon."""
    return words.partition(":")[0]


def _unlimited(_known: Known) -> None:
    return None


@dataclass(frozen=True)
class ScopeOption:
    """One option of a scope.

    Parameters
    ----------
    name : str
        Field of `Scope`; key in `[check.scope]`, stamps and snapshots.
    kind : str
        FLAG (yes or no), ONE (one word, None where there may be none) or MANY (a tuple, () where it says
        nothing).
    default : object
        The value where none is given.
    flag, metavar : str
        The option on the command line, and the word for its value.
    parameter : str
        Its name in a link, and the key of its widget.
    label, help : str
        In the sidebar.
    noun : str
        What one value is called in a message.
    title : str
        What the option is called in a comparison of two scopes.
    part : (value) -> str
        Its part of the scope's sentence; "" for none.
    choices : (Known) -> mapping of value -> words, or None
        What it may be; None where that is not known or anything goes.
    keeps : (RULES, value) -> mask, optional
        Which rules count, for an option that leaves rules out; asked only for a value that says something.
    columns : tuple of str
        The columns of RULES that `keeps` looks at: a snapshot keeps them.
    placeholder : str
        In the sidebar, where nothing is chosen.
    always_stamped : bool
        Whether stamps and snapshots name it also where it says nothing.
    other_flag : str
        The option on the command line where a command has an option of its own named `flag`.
    """

    name: str
    kind: str
    default: Any
    flag: str
    metavar: str
    parameter: str
    label: str
    help: str
    noun: str
    title: str
    part: Callable[[Any], str]
    choices: Callable[[Known], Mapping[str, str] | None] = _unlimited
    keeps: Mask | None = None
    columns: tuple[str, ...] = ()
    placeholder: str = ""
    always_stamped: bool = False
    other_flag: str = ""

    def chosen(self, value: Any) -> Any:
        """A widget's value as `Scope` takes it: nothing chosen is the default."""
        if self.kind == FLAG:
            return bool(value)
        return (tuple(value) if self.kind == MANY else value) if value else self.default

    def title_of(self, value: Any, choices: Mapping[str, str]) -> str:
        """A value as a widget shows it."""
        words = _name_of(choices[value])
        return words if words == value else words[:1].upper() + words[1:]

    def is_default(self, value: Any) -> bool:
        """Whether a value says no more than leaving the option out."""
        return value == self.default

    def restricts(self, value: Any) -> bool:
        """Whether a value chooses among rules. An empty list does where the default is not empty: it keeps
        none.
        """
        return value is not None and (value != () or self.default != ())

    def words(self, value: Any) -> str:
        """A value in words, for a comparison of two scopes."""
        if self.kind == FLAG:
            return "yes" if value else "no"
        if self.kind == ONE:
            choices = self.choices(Known())
            return "any" if value is None else _name_of(choices[value]) if choices else str(value)
        return ", ".join(value) or ("all" if self.default == () else "none")

    def plain(self, value: Any) -> Any:
        """A value as JSON has it."""
        return list(value) if self.kind == MANY else value


# ---- which rules an option keeps -----------------------------------------------------------------------


def _of_class(rules: pd.DataFrame, classes: Collection[str]) -> pd.Series:
    return rules["rule_class"].isin(list(classes))


def _by_switch(rules: pd.DataFrame, choice: str) -> pd.Series:
    """`not_disabled` keeps rules whose format does not know, `enabled` does not."""
    if choice == "any":
        return _every(rules)
    return rules["enabled"].fillna(choice == "not_disabled").astype(bool)


def _on_platforms(rules: pd.DataFrame, platforms: Collection[str]) -> pd.Series:
    """Rules known to work on one of them. Where a rule's platforms are not known, nothing says that it works
    there.
    """
    wanted = frozenset(platforms)
    return _mask(rules, (not wanted.isdisjoint(found) for found in rules["platforms"]))


def _at_least(rules: pd.DataFrame, severity: str) -> pd.Series:
    """Rules of this severity or a higher one. A rule without a severity is left out: nothing says that it is
    that severe.
    """
    return rules["severity"].isin(SEVERITIES[SEVERITIES.index(severity) :])


def _that_run(rules: pd.DataFrame, only: bool) -> pd.Series:
    """Rules whose data arrives. One of which nothing tells is left out."""
    return rules["can_run"].fillna(False).astype(bool) if only else _every(rules)


def _any_of(*columns: str) -> Mask:
    """Rules with one of the wanted words in one of these columns, upper and lower case alike."""

    def keeps(rules: pd.DataFrame, wanted: Collection[str]) -> pd.Series:
        words = {word.casefold() for word in wanted}
        rows = rows_of(rules, *columns)
        return _mask(rules, (any(not words.isdisjoint(_folded(cell)) for cell in row) for row in rows))

    return keeps


def _folded(cell: Any) -> Iterable[str]:
    if isinstance(cell, tuple):
        return (word.casefold() for word in cell)
    return (cell.casefold(),) if isinstance(cell, str) else ()


def _mask(rules: pd.DataFrame, kept: Iterable[bool]) -> pd.Series:
    return pd.Series(list(kept), index=rules.index, dtype=bool)


def _every(rules: pd.DataFrame) -> pd.Series:
    return pd.Series(True, index=rules.index, dtype=bool)


# ---- what an option may be -----------------------------------------------------------------------------


def _fixed(choices: Mapping[str, str]) -> Callable[[Known], Mapping[str, str]]:
    return lambda _known: choices


def _release_platforms(known: Known) -> Mapping[str, str] | None:
    if known.platforms is None:
        return None
    return {name: name for name in sorted(known.platforms) if name != PRE_PLATFORM}


def _where_told(known: Known) -> Mapping[str, str] | None:
    """Nothing to choose where no inventory tells of any rule whether its data arrives."""
    if known.rules is None:
        return None
    return {} if known.rules["can_run"].isna().all() else {"true": "rules that can run"}


def _words_in(
    *columns: str, aside: Mapping[str, str] | None = None
) -> Callable[[Known], Mapping[str, str] | None]:
    """The words that the rules have in some columns, each in its first spelling, in name order; after those
    of `aside`.
    """

    def choices(known: Known) -> Mapping[str, str] | None:
        if known.rules is None:
            return None
        found: dict[str, str] = {}
        for column in columns:
            for cell in known.rules[column].tolist():
                for word in cell if isinstance(cell, tuple) else (cell,) if isinstance(cell, str) else ():
                    found.setdefault(word.casefold(), word)
        return {**(aside or {}), **{word: word for _, word in sorted(found.items())}}

    return choices


# ---- what the scope's sentence says --------------------------------------------------------------------


def _class_part(classes: Collection[str]) -> str:
    return (", ".join(RULE_CLASSES[name].lower() for name in classes) or "no") + " rules"


def _rollup_part(rollup: str) -> str:
    words = _name_of(ROLLUPS[rollup])
    return f"counts as the {words}" if rollup == "share" else f"counts as covered when {words}"


def _listed_part(what: str) -> Callable[[Collection[str]], str]:
    return lambda values: f"{what}: {', '.join(values)}" if values else ""


# In the order in which a diff changes them.
OPTIONS: dict[str, ScopeOption] = {
    option.name: option
    for option in (
        ScopeOption(
            name="pre",
            kind=FLAG,
            default=False,
            flag="--pre",
            metavar="",
            parameter="pre",
            label="Including pre-attack techniques",
            help="Techniques before a SIEM sees anything, such as buying infrastructure.",
            noun="switch",
            title="including pre-attack techniques",
            part=lambda pre: ("with" if pre else "without") + " pre-attack techniques",
            always_stamped=True,
        ),
        ScopeOption(
            name="platforms",
            kind=MANY,
            default=(),
            flag="--platform",
            metavar="PLATFORM",
            parameter="platform",
            label="Platforms",
            help="Techniques on these platforms, and rules that work there.",
            noun="platform",
            title="platforms",
            part=lambda platforms: "platforms: " + (", ".join(platforms) or "all"),
            choices=_release_platforms,
            keeps=_on_platforms,
            columns=("platforms",),
            placeholder="All platforms",
            always_stamped=True,
        ),
        ScopeOption(
            name="classes",
            kind=MANY,
            default=("production",),
            flag="--class",
            metavar="CLASS",
            parameter="class",
            label="Counts as",
            help="Rules that count. Building blocks, hunts and rules in development prove less than "
            "production rules.",
            noun="rule class",
            title="rules that count",
            part=_class_part,
            choices=_fixed(RULE_CLASSES),
            keeps=_of_class,
            columns=("rule_class",),
            placeholder="Production",
            always_stamped=True,
        ),
        ScopeOption(
            name="enabled",
            kind=ONE,
            default="not_disabled",
            flag="--enabled",
            metavar="CHOICE",
            parameter="enabled",
            label="Status",
            help="Whether disabled rules count. Few formats say whether a rule is enabled.",
            noun="--enabled choice",
            title="status of rules",
            part=ENABLED_CHOICES.__getitem__,
            choices=_fixed(ENABLED_CHOICES),
            keeps=_by_switch,
            columns=("enabled",),
            always_stamped=True,
        ),
        ScopeOption(
            name="rollup",
            kind=ONE,
            default="any",
            flag="--rollup",
            metavar="ROLLUP",
            parameter="rollup",
            label="Counts as covered when",
            help="When a technique that has sub-techniques counts as covered.",
            noun="roll-up",
            title="counts as covered when",
            part=_rollup_part,
            choices=_fixed(ROLLUPS),
            always_stamped=True,
        ),
        ScopeOption(
            name="min_severity",
            kind=ONE,
            default=None,
            flag="--min-severity",
            metavar="SEVERITY",
            parameter="min_severity",
            label="Severity at least",
            help="Rules of this severity or a higher one. A rule without a severity is left out.",
            noun="severity",
            title="severity at least",
            part=lambda severity: f"severity: {severity} or higher" if severity else "",
            choices=_fixed({name: name for name in SEVERITIES}),
            keeps=_at_least,
            columns=("severity",),
            placeholder="Any severity",
        ),
        ScopeOption(
            name="tags",
            kind=MANY,
            default=(),
            flag="--tag",
            metavar="TAG",
            parameter="tag",
            label="Tags",
            help="Rules with one of these tags, as their files write them.",
            noun="tag",
            title="tags",
            part=_listed_part("tags"),
            choices=_words_in("tags"),
            keeps=_any_of("tags"),
            columns=("tags",),
            placeholder="All tags",
        ),
        ScopeOption(
            name="log_sources",
            kind=MANY,
            default=(),
            flag="--log-source",
            other_flag="--rule-log-source",
            metavar="NAME",
            parameter="log_source",
            label="Log sources and integrations",
            help="Rules that read one of these integrations, data sources or index patterns.",
            noun="log source",
            title="log sources",
            part=_listed_part("log sources"),
            choices=_words_in("integrations", "data_sources", "indices"),
            keeps=_any_of("integrations", "data_sources", "indices"),
            columns=("integrations", "data_sources", "indices"),
            placeholder="All log sources",
        ),
        ScopeOption(
            name="types",
            kind=MANY,
            default=(),
            flag="--type",
            other_flag="--rule-type",
            metavar="TYPE",
            parameter="type",
            label="Rule types and languages",
            help="Rules of one of these types or query languages.",
            noun="rule type or language",
            title="rule types",
            part=_listed_part("rule types"),
            choices=_words_in("type", "language"),
            keeps=_any_of("type", "language"),
            columns=("type", "language"),
            placeholder="All types",
        ),
        ScopeOption(
            name="runs",
            kind=FLAG,
            default=False,
            flag="--can-run",
            metavar="",
            parameter="can_run",
            label="Only rules that can run",
            help="Rules whose data arrives, as inventories say. coverage.toml names them.",
            noun="switch",
            title="only rules that can run",
            part=lambda runs: "rules that can run" if runs else "",
            choices=_where_told,
            keeps=_that_run,
            columns=("can_run",),
        ),
        ScopeOption(
            name="authors",
            kind=MANY,
            default=(),
            flag="--author",
            metavar="NAME",
            parameter="author",
            label="Authors and origin",
            help="Rules by one of these authors. Also a vendor's rules or your own, where the format tells.",
            noun="author",
            title="authors",
            part=_listed_part("authors"),
            choices=_words_in("authors", aside=ORIGINS),
            keeps=_any_of("authors", "origin"),
            columns=("authors", "origin"),
            placeholder="All authors",
        ),
    )
}

# In the order in which a sentence says them.
SENTENCE = (
    "classes",
    "enabled",
    "platforms",
    "pre",
    "rollup",
    "runs",
    "min_severity",
    "tags",
    "log_sources",
    "types",
    "authors",
)

# In the order in which the sidebar has them, those that every reader needs; the others are under "More
# filters".
SIDEBAR = ("platforms", "classes", "enabled", "rollup", "pre")
