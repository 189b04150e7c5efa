"""From one state to another, one difference at a time: ATT&CK first, then each option of the scope, then the
rules.

In this order a rule rewritten for a new release is neither lost nor gained by the rule: ATT&CK moved it, and
the rule followed. Each step is two views that differ in one thing, so what it does to coverage has one cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from coverage.changes.snapshot import Snapshot
from coverage.loaders import Loaded
from coverage.reading import Reading, read_in
from coverage.scope import OPTIONS, Scope, View

_AS_READ = ["rule_key", "position", "attack_id", "tactic_id", "tactic_status"]


@dataclass(frozen=True)
class State:
    """One side of a comparison: its name for people, its rules, and the release and scope they are looked at
    in.
    """

    name: str
    loaded: Loaded = field(repr=False)
    scope: Scope
    snapshot: Snapshot | None = field(default=None, repr=False)  # that `loaded` comes from

    def read(self, release: str) -> Reading:
        return read_in(self.loaded, release)


@dataclass(frozen=True)
class Step:
    """Two views that differ in one thing: `cause` (vocabulary.DIFFERENCE_CAUSES) and `what`, its finer
    word.
    """

    cause: str
    what: str  # `release`, `read`, `rules`, or the name of an option of the scope
    before: View
    after: View


def steps_between(base: State, head: State) -> tuple[Step, ...]:
    """The steps from `base` to `head`. The rules' is always there; a snapshot starts, or ends, as it was read
    when made.

    Raises
    ------
    CatalogueError
        When a release is not installed.
    ValueError
        When the two states are of different domains: they have no unit in common. When a snapshot does not
        keep what an option of the scope looks at.
    """
    if base.scope.attack.domain != head.scope.attack.domain:
        raise ValueError(
            f"{base.scope.attack.title} and {head.scope.attack.title} are of different domains and have "
            "nothing to compare"
        )
    for state in (base, head):
        if state.snapshot is not None and (lacking := state.snapshot.lacks(state.scope)):
            raise ValueError(
                f"{state.name} is too old for '{lacking}': make it again, or leave the option out"
            )
    return tuple(_steps(base, head))


def _steps(base: State, head: State) -> Iterator[Step]:
    old, new = str(base.scope.attack), str(head.scope.attack)
    view = _viewed(base.read(old), base.scope, head.scope)
    if base.snapshot is not None and _read_differently(base.snapshot, view):
        yield Step("attack", "read", replace(view, mappings=base.snapshot.mappings), view)
    if old != new:
        moved = _viewed(base.read(new), base.scope, head.scope)
        yield Step("attack", "release", view, moved)
        view = moved
    for option in OPTIONS:
        wanted = getattr(head.scope, option)
        if getattr(view.scope, option) != wanted:
            changed = replace(view, scope=replace(view.scope, **{option: wanted}))
            yield Step("scope", option, view, changed)
            view = changed
    now = _viewed(head.read(new), head.scope, head.scope)
    yield Step("rule", "rules", view, now)
    same_release = head.snapshot is not None and head.snapshot.scope.attack == head.scope.attack
    if same_release and _read_differently(head.snapshot, now):
        yield Step("attack", "read", now, replace(now, mappings=head.snapshot.mappings))


def _viewed(reading: Reading, scope: Scope, dated: Scope) -> View:
    return reading.view(**scope.options(), on=dated.date)


def _read_differently(snapshot: Snapshot, now: View) -> bool:
    then, again = (
        frame[_AS_READ].sort_values(_AS_READ[:2], ignore_index=True)
        for frame in (snapshot.mappings, now.mappings)
    )
    return not then.equals(again)
