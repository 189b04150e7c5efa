"""Tags that name tactics, following a mapping that moved: the same for Elastic's `Tactic: ...` and Sigma's
`attack....`.

Decides which tactics each tag becomes. How a tag is written is the format's own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from coverage.migrate.model import Asked
from coverage.migrate.mover import Kept, Mover, Names, Placed
from coverage.migrate.threat import Moves


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that names a tactic: its words, the tactic they mean, and whether that is its name in the target
    release.
    """

    words: str
    tactic: str
    current: bool


# What a tag becomes: tactic IDs in order, None standing for the tag as it is written; or a question.
Becomes = tuple[str | None, ...] | Asked
AS_IT_IS: Becomes = (None,)


def tag_of(words: str, mover: Mover) -> Tag | None:
    """The tactic that a tag's words name, or None when they name none of this domain."""
    tactic, current = mover.target.tactic_named(words)
    return Tag(words, tactic, current) if tactic else None


def followed(tags: Sequence[Tag], moves: Moves, mover: Mover, names: Names) -> list[Becomes]:
    """What each tag becomes beside a mapping whose tactics and techniques are linked.

    A tag stays while the mapping names its tactic, or when it never agreed with the mapping; else it becomes
    the tactics its paths went to. A tactic that the mapping names only now is added behind the one it came
    from.
    """
    named = {tag.tactic for tag in tags if tag.current}
    results: list[Becomes] = []
    for tag in tags:
        result = _followed(tag, moves, mover, names)
        if not isinstance(result, Asked):
            came = [
                one
                for one in moves.went.get(tag.tactic, ())
                if one in moves.after and one not in moves.before
            ]
            result = (*result, *(one for one in came if one not in named and one not in result))
            named.update(one for one in result if one)
        results.append(result)
    return results


def _followed(tag: Tag, moves: Moves, mover: Mover, names: Names) -> Becomes:
    went = moves.went.get(tag.tactic, [])
    if tag.tactic not in moves.before:
        return AS_IT_IS if tag.current else renamed(tag, mover, names)
    if tag.tactic in moves.after:  # not `went`: only an open question stands under it, by its old name
        return AS_IT_IS if tag.current or tag.tactic not in went else (tag.tactic,)
    return tuple(went)


def renamed(tag: Tag, mover: Mover, names: Names) -> Becomes:
    """What a tag by a name that the target release does not have becomes, when no mapping tells."""
    outcome = mover.path(tag.tactic, tag.words, None, names)
    if isinstance(outcome, Placed):
        return outcome.tactics
    return AS_IT_IS if isinstance(outcome, Kept) else replace(outcome, code="tag")


def written(
    tags: Sequence[str], becomes: dict[int, Becomes], write: Callable[[str, str], str]
) -> dict[int, list[str]]:
    """The texts that each changed tag becomes, by its place in `tags`; a text that stands already is not
    repeated.

    `write` gives the text for a tactic, in the style of the tag it replaces.
    """
    changed = {place: one for place, one in becomes.items() if not isinstance(one, Asked) and one != AS_IT_IS}
    seen = {tag for place, tag in enumerate(tags) if place not in changed}
    result: dict[int, list[str]] = {}
    for place, tactics in changed.items():
        texts = [tags[place] if tactic is None else write(tags[place], tactic) for tactic in tactics]
        result[place] = [text for text in dict.fromkeys(texts) if text not in seen]
        seen.update(result[place])
    return result
