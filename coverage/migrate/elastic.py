"""Elastic's TOML: detection rules, endpoint behaviour rules and hunts, their mappings and `Tactic:` tags
written anew.

Pure: a parsed document and its text in, a `RuleEdit` out. Its loader knows which of the three a document is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from coverage.formats.threat import ATTACK
from coverage.migrate.model import Asked, Change, RuleEdit
from coverage.migrate.mover import Kept, Mover, Names, Placed
from coverage.migrate.paths import DocPath, review, tables, text
from coverage.migrate.tags import AS_IT_IS, Tag, followed, tag_of, written
from coverage.migrate.threat import ThreatEdit
from coverage.syntaxes.layout import Layout
from coverage.syntaxes.toml_parts import Block, Inline, Table, Value
from coverage.syntaxes.toml_tree import Tree

PREFIX = "Tactic:"
DATE_KEY = ("metadata", "updated_date")


def names_of(document: dict, path: str) -> Names:
    """What a decision may call the rule by: its id, its title, its path."""
    table = document.get("rule") or document.get("hunt") or {}
    table = table if isinstance(table, dict) else {}
    return (text(table, "rule_id") or text(table, "uuid") or text(table, "id"), text(table, "name"), path)


def edited_rule(
    source: str, document: dict, mover: Mover, names: Names, today: date | None = None
) -> RuleEdit:
    """A detection rule: `[[rule.threat]]` and its tags. `today` is written as updated_date where something
    changed.

    Sets under `threat_mappings` say which release they are for, and are never rewritten.
    """
    rule = document.get("rule")
    if not isinstance(rule, dict):
        return RuleEdit(source)
    edit = _edited(source, rule, ("rule",), rule, mover, names, today)
    return replace(edit, asked=(*edit.asked, *_sets(rule, mover, names)))


def edited_endpoint_rule(
    source: str, document: dict, mover: Mover, names: Names, today: date | None = None
) -> RuleEdit:
    """An endpoint behaviour rule: top-level `[[threat]]`."""
    rule = document.get("rule")
    return _edited(source, document, (), rule if isinstance(rule, dict) else {}, mover, names, today)


def edited_hunt(
    source: str, document: dict, mover: Mover, names: Names, today: date | None = None
) -> RuleEdit:
    """A hunt: the IDs of `mitre = [...]`."""
    hunt = document.get("hunt")
    ids = hunt.get("mitre") if isinstance(hunt, dict) else None
    ids = [ids] if isinstance(ids, str) else ids if isinstance(ids, list) else []
    outcomes = {one: _id_outcome(one, mover, names) for one in ids if isinstance(one, str) and one.strip()}
    asked = tuple(
        replace(outcome, path=("hunt", "mitre", ids.index(one)))
        for one, outcome in outcomes.items()
        if isinstance(outcome, Asked)
    )
    new = {
        one: outcome
        for one, outcome in outcomes.items()
        if isinstance(outcome, Placed) and _new_ids(one, outcome) != [one]
    }
    if not new:
        return RuleEdit(source, asked=asked)
    return _safely(source, asked, lambda tree: _hunt_changes(tree, new), today)


def _id_outcome(attack_id: str, mover: Mover, names: Names) -> Placed | Asked | Kept:
    if re.fullmatch(r"TA\d{4}", attack_id):
        return mover.path(attack_id, None, None, names)
    return mover.technique(attack_id, names)


def _new_ids(attack_id: str, outcome: Placed) -> list[str]:
    if outcome.leaf is None:
        return [one for one in outcome.tactics if one]
    return [outcome.leaf] if outcome.tactics else []


def _hunt_changes(tree: Tree, new: dict[str, Placed]) -> list[Change]:
    table = tree.table("hunt")
    item = table.item("mitre") if table else None
    if item is None:
        raise Layout("the list of IDs is not found")
    if isinstance(item.value, Value):
        (one,) = new
        after = _new_ids(one, new[one])
        if len(after) != 1:
            raise Layout("one ID would become several or none")
        item.value.put(after[0])
        return [Change("mapping", one, after[0])]
    becomes = {one: _new_ids(one, outcome) for one, outcome in new.items()}
    old = [element.value.text or "" for element in item.value.items if isinstance(element.value, Value)]
    seen = {one for one in old if one not in becomes}
    _replace_all(item.value, becomes, seen)
    return [Change("mapping", one, ", ".join(after)) for one, after in becomes.items()]


def _replace_all(array: Inline, becomes: dict[str, list[str]], seen: set[str]) -> None:
    """Write elements of an array of texts anew; a text that is there already is not repeated."""
    for element in list(array.items):
        value = element.value
        before = value.text if isinstance(value, Value) else None
        if before is None or before not in becomes:
            continue
        after = [one for one in becomes[before] if one not in seen]
        seen.update(after)
        if not after:
            array.remove(element)
            continue
        value.put(after[0])
        for one in after[1:]:
            twin = Value(value.raw)
            twin.put(one)
            element = array.add(twin, element)


# ---- threat and tags -----------------------------------------------------------------------------------


def _edited(
    source: str, holder: dict, base: DocPath, rule: dict, mover: Mover, names: Names, today: date | None
) -> RuleEdit:
    needs, asked = review(holder.get("threat"), (*base, "threat"), mover, names)
    tags = (
        [one for one in rule.get("tags", ()) if isinstance(one, str)]
        if isinstance(rule.get("tags"), list)
        else []
    )
    found = {place: tag for place, one in enumerate(tags) if (tag := _tag(one, mover))}
    if not needs and all(tag.current for tag in found.values()):
        return RuleEdit(source, asked=tuple(asked))
    unnamed: list[Asked] = []
    edit = _safely(
        source, tuple(asked), lambda tree: _changes(tree, base, tags, found, mover, names, unnamed), today
    )
    return replace(edit, asked=(*edit.asked, *unnamed))


def _tag(words: str, mover: Mover) -> Tag | None:
    return tag_of(words.removeprefix(PREFIX).strip(), mover) if words.startswith(PREFIX) else None


def _changes(
    tree: Tree,
    base: DocPath,
    tags: list[str],
    found: dict[int, Tag],
    mover: Mover,
    names: Names,
    unnamed: list[Asked],
) -> list[Change]:
    edit = _threat_edit(tree, base, mover, names)
    results = dict(zip(found, followed([*found.values()], edit.moves, mover, names), strict=True))
    unnamed += [
        replace(one, path=("rule", "tags", place)) for place, one in results.items() if isinstance(one, Asked)
    ]
    texts = written(tags, results, lambda _, tactic: f"{PREFIX} {mover.target.name(tactic)}")
    if texts:
        table = tree.table("rule")
        item = table.item("tags") if table else None
        if item is None or not isinstance(item.value, Inline):
            raise Layout("the tags are not found")
        places = {tags[place]: after for place, after in texts.items()}
        _replace_all(
            item.value,
            places,
            {
                one
                for place, one in enumerate(tags)
                if place not in texts and results.get(place, AS_IT_IS) == AS_IT_IS
            },
        )
    return [*edit.changes, *(Change("tag", tags[place], ", ".join(after)) for place, after in texts.items())]


def _threat_edit(tree: Tree, base: DocPath, mover: Mover, names: Names) -> ThreatEdit:
    path = (*map(str, base), "threat")
    blocks = tree.nest(path)
    table = tree.table(*map(str, base))
    item = table.item("threat") if table else None
    if item is not None and isinstance(item.value, Inline):
        edit = _inline_edit(item.value, tree, mover, names)
    else:
        edit = ThreatEdit(mover, names, tree.eol, *_block_list(tree.blocks))
        edit.run(blocks)
    return edit


def _block_list(blocks: list[Block]) -> tuple[Callable[[Table, Table], None], Callable[[Table], None]]:
    return (lambda entry, new: blocks.insert(blocks.index(entry) + 1, new)), blocks.remove


def _inline_edit(array: Inline, tree: Tree, mover: Mover, names: Names) -> ThreatEdit:
    def item_of(table: Table):
        return next(item for item in array.items if item.value is table)

    if array.head != "[":
        raise Layout("threat is one table, not a list of tables")
    edit = ThreatEdit(
        mover,
        names,
        tree.eol,
        lambda entry, new: array.add(new, item_of(entry)) and None,
        lambda entry: array.remove(item_of(entry)),
    )
    edit.run(
        [item.value for item in array.items if isinstance(item.value, Inline) and item.value.head == "{"]
    )
    return edit


def _safely(
    source: str, asked: tuple[Asked, ...], edit: Callable[[Tree], list[Change]], today: date | None
) -> RuleEdit:
    """The edit of a tree as text; the text as it was, and a question, where its layout does not allow it."""
    try:
        tree = Tree(source)
        changes = edit(tree)
        changes += _dated(tree, today) if changes and today else []
        return RuleEdit(tree.render(), tuple(changes), asked)
    except Layout as fault:
        return RuleEdit(
            source, (), (*asked, Asked("layout", "", None, (), f"Not rewritten: {fault}; change it by hand"))
        )


def _dated(tree: Tree, today: date) -> list[Change]:
    table = tree.table(DATE_KEY[0])
    before = table.text(DATE_KEY[1]) if table else None
    if table is None or before is None:
        return []
    after = today.strftime("%Y-%m-%d" if "-" in before else "%Y/%m/%d")
    table.put(DATE_KEY[1], after)
    return [Change("date", before, after)] if after != before else []


# ---- sets that say what they are for ---------------------------------------------------------------------


def _sets(rule: dict, mover: Mover, names: Names) -> list[Asked]:
    """One question when the set that is read in the target release is for another one and does not fit it."""
    sets = [
        (one, path)
        for one, path in tables(rule.get("threat_mappings"), ("rule", "threat_mappings"))
        if _is_attack(one)
    ]
    versions = [_version(one) for one, _ in sets]
    key = mover.target.release.version_key
    if not sets or key in versions:
        return []
    older = [version for version in versions if version and version <= key]
    if not older and "threat" in rule:
        return []  # plain `threat` is read, and was rewritten
    chosen = max(older) if older else min(versions)
    for (one, path), version in zip(sets, versions, strict=True):
        needs, asked = review(one.get("threat"), (*path, "threat"), mover, names)
        if version == chosen and (needs or asked):
            reason = (
                f"{mover.target.release.title} reads the set for {_shown(version)}; it is left as it "
                "says what it is for"
            )
            return [Asked("set", _shown(version), None, (), reason, path)]
    return []


def _is_attack(table: dict) -> bool:
    return "ATT&CK" in (text(table, "framework") or ATTACK)


def _version(table: dict) -> tuple[int, ...]:
    numbers = tuple(int(one) for one in re.findall(r"\d+", str(table.get("version", ""))))
    return numbers if len(numbers) != 1 else (*numbers, 0)


def _shown(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "no release"
