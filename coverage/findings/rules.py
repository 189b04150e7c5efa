"""Checks that need a whole rule: its paths against each other, and its tags against its mapping.

In most formats a path names its tactic. In flat ones (Sigma, hunts ...) tactics and techniques stand side
by side; there a tactic is right when one of the rule's techniques is in it. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterator

from coverage.findings.model import Found, MappedRule, RuleCheck, WrittenPath, quoted
from coverage.findings.paths import was_named
from coverage.mapping.reader import Reader, word
from coverage.vocabulary import parent_of
from coverage.words import amount

TACTIC_TAG = "Tactic:"


# ---- tactic and technique ------------------------------------------------------------------------------


def tactic_left(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A tactic the technique was in, in another release, and is not in now."""
    for position, path in rule.attack_paths:
        if _misplaced(rule, path, reader) and _was_in(rule, path, reader):
            yield (
                _flat_misplaced(rule, position, path, reader)
                if path.leaf is None
                else _linked_misplaced(position, path, reader)
            )


def tactic_never(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A tactic the technique beside it is in, in no installed release."""
    for position, path in rule.attack_paths:
        if path.leaf is not None and _misplaced(rule, path, reader) and not _was_in(rule, path, reader):
            yield _linked_misplaced(position, path, reader)


def _misplaced(rule: MappedRule, path: WrittenPath, reader: Reader) -> bool:
    if path.leaf is not None:
        return path.tactic_status == "moved" and path.tactic is not None and path.attack_id is not None
    placed = bool(path.tactic) and path.tactic_status in ("valid", "renamed")
    return (
        placed
        and rule.is_flat
        and bool(rule.attack_ids)
        and not any(path.tactic in reader.chosen.homes.get(i, ()) for i in rule.attack_ids)
    )


def _was_in(rule: MappedRule, path: WrittenPath, reader: Reader) -> list[str]:
    """The other releases in which a technique meant is in the tactic as written."""
    paths = [path] if path.leaf is not None else [p for _, p in rule.attack_paths if p.leaf is not None]
    ids = {i for p in paths for i in (p.leaf, p.attack_id) if i}
    return [o.release.title for o in reader.siblings if any((path.tactic, i) in o.placements for i in ids)]


def _linked_misplaced(position: int, path: WrittenPath, reader: Reader) -> Found:
    homes = reader.chosen.homes.get(path.attack_id or "", [])
    fix = homes[0] if len(homes) == 1 else None
    if fix and not path.tactic_id:
        fix = styled(reader.chosen.tactic_names[fix], path.tactic_name or "")
    was = f" ({path.leaf} as written)" if path.leaf != path.attack_id else ""
    where = " and ".join(f"{home} {reader.chosen.tactic_names[home]}" for home in homes) or "no tactic"
    message = (
        f"{path.attack_id}{was} is not in {_label(path, reader)} in {reader.release.title}; it is in {where}."
    )
    return Found(path.tactic_field, path.tactic_written, fix, message, position)


def _flat_misplaced(rule: MappedRule, position: int, path: WrittenPath, reader: Reader) -> Found:
    tagged = {p.tactic for _, p in rule.attack_paths if p.leaf is None}
    homes = {home for i in rule.attack_ids for home in reader.chosen.homes.get(i, ())} - tagged
    fix = (
        styled(reader.chosen.tactic_names[min(homes)], path.tactic_written or "")
        if len(homes) == 1 and not path.tactic_id
        else None
    )
    message = (
        f"None of the rule's techniques ({', '.join(sorted(rule.attack_ids))}) is in "
        f"{_label(path, reader)} in {reader.release.title}."
    )
    return Found(path.tactic_field, path.tactic_written, fix, message, position)


def _label(path: WrittenPath, reader: Reader) -> str:
    name = reader.chosen.tactic_names.get(path.tactic or "", "")
    return f"{path.tactic} {name}".strip()


def tactic_renamed(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A tactic under the name it has in another release, where it holds the technique. The fix is today's
    name.

    Paths of one entry share its tactic: the first of them is meant.
    """
    entry: tuple | None = None
    for position, path in rule.attack_paths:
        if path.tactic_status != "renamed" or path[1:4] == entry or _misplaced(rule, path, reader):
            entry = entry if path[1:4] == entry else None
            continue
        entry = path[1:4]
        right, named = (
            reader.chosen.tactic_names[path.tactic or ""],
            was_named(path._replace(tactic_id=path.tactic), reader),
        )
        if named:
            message = (
                f"{path.tactic} is '{right}' in {reader.release.title}; '{quoted(path.tactic_name)}' is "
                f"its name in {named}."
            )
            yield Found(
                "tactic_name", path.tactic_name, styled(right, path.tactic_name or ""), message, position
            )


def styled(name: str, like: str) -> str:
    """A tactic's name written the way another is: `Stealth`, `stealth`, `defense-impairment`,
    `DefenseImpairment`.
    """
    if like and like == like.lower():
        return name.lower().replace(
            " ", "_" if "_" in like else "-" if "-" in like or " " not in like else " "
        )
    return (
        name.replace(" ", "")
        if len(like) > 1 and " " not in like and any(sign.isupper() for sign in like[1:])
        else name
    )


# ---- tags ----------------------------------------------------------------------------------------------


def _tactic_tags(rule: MappedRule) -> list[str]:
    return [tag for tag in rule.tags if tag.startswith(TACTIC_TAG)]


def tag_not_mapped(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A tactic tag that the mapping does not bear out. The fix is the tag of the same tactic as mapped.

    A `Tactic:` tag whose tactic no path names; in flat formats, a tactic none of the techniques was ever in.
    """
    named = _mapped_tactics(rule, reader)
    for tag in _tactic_tags(rule) if rule.paths else ():
        name = tag[len(TACTIC_TAG) :].strip()
        if word(name) not in named:
            today = reader.chosen.tactic_names.get(reader.tactic(None, name, None).tactic_id or "", "")
            fix = f"{TACTIC_TAG} {today}" if word(today) in named else None
            yield Found(
                "tags", tag, fix, f"The tag '{quoted(tag)}' names a tactic that no mapping of the rule names."
            )
    for position, path in rule.attack_paths:
        if path.leaf is None and _misplaced(rule, path, reader) and not _was_in(rule, path, reader):
            yield _flat_misplaced(rule, position, path, reader)


def tactic_not_tagged(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A mapped tactic without its tag, in a rule that has such tags."""
    if rule.is_flat:
        yield from _untagged_techniques(rule, reader)
        return
    tagged = {word(tag[len(TACTIC_TAG) :]) for tag in _tactic_tags(rule)}
    for name, (position, path) in _mapped_tactics(rule, reader).items():
        if tagged and name not in tagged:
            label = path.tactic_name or reader.chosen.tactic_names.get(
                path.tactic_id or "", path.tactic_written or ""
            )
            yield Found(
                path.tactic_field,
                path.tactic_written,
                None,
                f"The rule has no tag '{TACTIC_TAG} {quoted(label)}', but its mapping names that tactic.",
                position,
            )


def _mapped_tactics(rule: MappedRule, reader: Reader) -> dict[str, tuple[int, WrittenPath]]:
    """The tactics a rule's paths name, as words, each with the first path that does."""
    found: dict[str, tuple[int, WrittenPath]] = {}
    for position, path in rule.paths:
        name = path.tactic_name or reader.chosen.tactic_names.get(path.tactic_id or "")
        if name:
            found.setdefault(word(name), (position, path))
    return found


def _untagged_techniques(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    tagged = {path.tactic for _, path in rule.attack_paths if path.leaf is None and path.tactic}
    for position, path in rule.attack_paths:
        homes = reader.chosen.homes.get(path.attack_id or "", [])
        if tagged and path.leaf and homes and tagged.isdisjoint(homes):
            names = " or ".join(reader.chosen.tactic_names[home] for home in homes)
            yield Found(
                path.leaf_field,
                path.leaf,
                None,
                f"The rule names {path.leaf} and none of its tactics: {names}.",
                position,
            )


# ---- paths against each other --------------------------------------------------------------------------


def duplicate_mapping(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A path that an earlier path of the rule says already: the same tactic and the same ID."""
    seen: set[tuple] = set()
    for position, path in rule.paths:
        key = (path.framework, path.tactic_id or word(path.tactic_name or ""), path.leaf)
        if key in seen:
            field, value = (
                (path.leaf_field, path.leaf) if path.leaf else (path.tactic_field, path.tactic_written)
            )
            under = f" under {quoted(path.tactic_written)}" if path.leaf and path.tactic_written else ""
            yield Found(
                field, value, None, f"The rule maps to {quoted(value)}{under} more than once.", position
            )
        seen.add(key)


def parent_beside_subtechnique(flat: bool) -> RuleCheck:
    """The check that finds a technique mapped beside its own sub-technique, in flat formats or in the
    others.
    """

    def find(rule: MappedRule, reader: Reader) -> Iterator[Found]:
        below = {
            (path.tactic_written, parent_of(path.leaf or "")): path.leaf
            for _, path in reversed(rule.attack_paths)
        }
        for position, path in rule.attack_paths:
            beside = below.get((path.tactic_written, path.leaf)) if path.leaf else None
            if beside and rule.is_flat == flat:
                yield Found(
                    path.leaf_field,
                    path.leaf,
                    None,
                    f"{path.leaf} is mapped beside its sub-technique {beside}.",
                    position,
                )

    return find


def parent_only(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A technique that has sub-techniques, none of which the rule names."""
    parents = {parent_of(attack_id) for attack_id in rule.attack_ids}
    for position, path in rule.attack_paths:
        below = reader.chosen.subtechniques.get(path.attack_id or "", ())
        if below and path.attack_id not in parents:
            count = amount(len(below), "sub-technique")
            message = f"{path.attack_id} has {count} in {reader.release.title}, and the rule names none."
            yield Found(path.leaf_field, path.leaf, None, message, position)


# ---- what is not there ---------------------------------------------------------------------------------


def no_mapping(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A rule that maps to nothing."""
    if not rule.mapped:
        yield Found(None, None, None, "The rule has no mapping, so it covers no technique.")


def tactic_only(rule: MappedRule, reader: Reader) -> Iterator[Found]:
    """A path that names a tactic alone; in flat formats, a rule that names nothing but tactics."""
    alone = [(position, path) for position, path in rule.attack_paths if path.leaf is None]
    if rule.is_flat:
        alone = alone[:1] if len(alone) == len(rule.attack_paths) else []
    for position, path in alone:
        message = (
            f"The mapping names the tactic {quoted(path.tactic_written)} and no technique, so it covers none."
        )
        yield Found(path.tactic_field, path.tactic_written, None, message, position)
