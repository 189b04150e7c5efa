"""Sigma's `attack.*` tags written anew, in place, in every document of a YAML text.

A technique tag follows the revocations. A tactic tag is not linked to a technique, so it follows all of the
rule's techniques that were in it. In an old collection one list of tags may be that of several rules: it is
written anew once, and what is asked about it is asked once. Pure: documents and text in, a `RuleEdit` out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from coverage.formats.sigma import Part, mapping_of, parts
from coverage.migrate.model import Asked, Change, RuleEdit
from coverage.migrate.mover import KEPT, Kept, Mover, Names, Placed
from coverage.migrate.tags import AS_IT_IS, Becomes, Tag, renamed, written
from coverage.syntaxes.layout import Layout
from coverage.syntaxes.syntax import DocPath
from coverage.syntaxes.yaml_splice import Splice

_TOKEN = re.compile(r"\battack\.([\w.-]+)", re.IGNORECASE)
_ID_TAG = re.compile(r"ta\d{4}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Tags:
    """The tags of one document that map: technique IDs and tactics, by their places."""

    techniques: dict[int, str]
    tactics: dict[int, Tag]


def may_change(text: str, mover: Mover) -> bool:
    """Whether a text has `attack.` words that a migration may change or ask about, without parsing it."""
    words = frozenset(word.lower().rstrip(".-") for word in _TOKEN.findall(text))
    if not words:
        return False
    tags = _read([f"attack.{word}" for word in sorted(words)], mover)
    results = _becomes(tags, mover, ())
    return any(one != AS_IT_IS for one in results.values())


def names_of(documents: Any, path: str) -> Names:
    """What a decision may call the rules of a file by: id and title of the first rule, the path, those of the
    others.
    """
    if not isinstance(documents, list):
        return (None, None, path)
    rules = [part.values for part in parts(documents, [])]
    rules += [one for one in documents if isinstance(one, dict) and "title" in one]
    texts = [name for rule in rules for name in _id_and_title(rule)]
    return (*(texts[:2] or (None, None)), path, *dict.fromkeys(texts[2:]))


def _id_and_title(rule: Mapping[str, Any]) -> tuple[str | None, str | None]:
    rule_id, title = (value if isinstance(value := rule.get(key), str) else None for key in ("id", "title"))
    return rule_id, title


def edited(
    source: str, documents: Sequence[Any], mover: Mover, names: Names, today: date | None = None
) -> RuleEdit:
    """Every document's tags. `today` is written as `modified` of the rules where something changed."""
    splice = Splice(source)
    rules_of = _rules_by_tags(documents)
    changes: list[Change] = []
    asked: list[Asked] = []
    meant: dict[DocPath, list] = {}
    for place, document in enumerate(documents):
        tags = document.get("tags") if isinstance(document, dict) else None
        if isinstance(tags, list):
            # Each document by itself, or not at all: what cannot be written costs the others nothing.
            made, left, read_back = _document(splice, place, tags, mover, names)
            changes += made
            rule = _id_and_title(rules_of[place][0].values) if place in rules_of else None
            asked += [replace(one, rule=rule) for one in left]
            if made:
                meant[(place, "tags")] = read_back
    if today:
        for place in _date_places([place for place, _ in meant], rules_of):
            changes += _dated(splice, documents[place], place, today)
    return RuleEdit(splice.text(), tuple(changes), tuple(asked), meant)


def _rules_by_tags(documents: Sequence[Any]) -> dict[int, list[Part]]:
    """The rules that take their tags from a document, by its place."""
    found: dict[int, list[Part]] = {}
    for part in parts(documents, []):
        if "tags" in part.origins:
            found.setdefault(part.origins["tags"][-1], []).append(part)
    return found


def _date_places(changed: Sequence[int], rules_of: Mapping[int, list[Part]]) -> Iterator[int]:
    """The documents with the date of a rule whose tags changed, each once; of no rule, the document
    itself.
    """
    places: dict[int, None] = {}
    for place in changed:
        if place not in rules_of:
            places[place] = None
        for part in rules_of.get(place, ()):
            places.update(dict.fromkeys(part.origins.get("modified", ())[-1:]))
    yield from places


def _document(
    splice: Splice, place: int, tags: list, mover: Mover, names: Names
) -> tuple[list[Change], list[Asked], list]:
    """What changes in the tags of one document, what is asked about them, and the tags it then has."""
    texts = [tag if isinstance(tag, str) else "" for tag in tags]
    results = _becomes(_read(texts, mover), mover, names)
    asked = [
        replace(one, path=(place, "tags", nth)) for nth, one in results.items() if isinstance(one, Asked)
    ]
    # Techniques first: what they became says whether a tactic tag repeats one.
    after = written(texts, results, lambda tag, attack_id: _like(tag, attack_id, texts, mover))
    try:
        splice.list_items((place, "tags"), after, texts)
    except Layout as fault:
        refusal = f"Not rewritten: {fault}; change it by hand"
        return [], [*asked, Asked("layout", "", None, (), refusal, (place, "tags"))], tags
    changes = [Change("tag", texts[nth], ", ".join(new)) for nth, new in after.items() if new != [texts[nth]]]
    return changes, asked, [one for nth, tag in enumerate(tags) for one in after.get(nth, [tag])]


# ---- what each tag becomes -------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def _mapping(tag: str) -> tuple[str, str] | None:
    found = mapping_of(tag)
    return next(iter(found.items())) if found else None


def _read(texts: Sequence[str], mover: Mover) -> _Tags:
    techniques: dict[int, str] = {}
    tactics: dict[int, Tag] = {}
    for place, text in enumerate(texts):
        kind, value = _mapping(text) or ("", "")
        if kind in ("technique_id", "subtechnique_id"):
            techniques[place] = value
        elif kind == "tactic_id":
            tactics[place] = Tag(value, value, value in mover.target.tactics)
        elif kind == "tactic_name":
            tactic, current = mover.target.tactic_named(value)
            if tactic:
                tactics[place] = Tag(value, tactic, current)
    return _Tags(techniques, tactics)


def _becomes(tags: _Tags, mover: Mover, names: Names) -> dict[int, Becomes]:
    outcomes = {attack_id: mover.technique(attack_id, names) for attack_id in tags.techniques.values()}
    results: dict[int, Becomes] = {
        place: _technique(outcomes[one], one) for place, one in tags.techniques.items()
    }
    for place, tag in tags.tactics.items():
        results[place] = _tactic(tag, outcomes, mover, names)
    return dict(sorted(results.items()))


def _technique(outcome: Placed | Asked | Kept, attack_id: str) -> Becomes:
    if isinstance(outcome, Asked):
        return outcome
    if isinstance(outcome, Kept) or outcome.leaf == attack_id:
        return AS_IT_IS
    return (outcome.leaf,) if outcome.tactics else ()


def _tactic(tag: Tag, outcomes: dict[str, Placed | Asked | Kept], mover: Mover, names: Names) -> Becomes:
    """The tactics to which the rule's techniques went that were in the one named.

    A tag by a current name stays while one of the rule's techniques is in it, or none ever was.
    """
    live = {
        one: outcome.leaf for one, outcome in outcomes.items() if isinstance(outcome, Placed) and outcome.leaf
    }
    open_ = [one for one, outcome in outcomes.items() if not isinstance(outcome, Placed)]
    if tag.current and (
        any(tag.tactic in mover.target.homes(leaf) for leaf in live.values())
        or any(mover.target.had(tag.tactic, one) for one in open_)
    ):
        return AS_IT_IS
    came = [
        one
        for one in live
        if mover.target.had(tag.tactic, one)
        or (not tag.current and tag.tactic in mover.target.homes(live[one]))
    ]
    if not came:
        return AS_IT_IS if tag.current else renamed(tag, mover, names)
    placed = [mover.path(tag.tactic, tag.words, one, names) for one in came]
    if questions := [one for one in placed if isinstance(one, Asked)]:
        return questions[0]
    if any(one is KEPT for one in placed):
        return AS_IT_IS
    went = {tactic for one in placed if isinstance(one, Placed) for tactic in one.tactics}
    return tuple(tactic for tactic in mover.target.tactics if tactic in went)


def _like(tag: str, attack_id: str, tags: Sequence[str], mover: Mover) -> str:
    """The tag for an ID in the style of the one it replaces: letter case, an ID or a name, hyphens or
    underscores.
    """
    prefix, _, word = tag.partition(".")
    if attack_id not in mover.target.tactics or _ID_TAG.fullmatch(word.strip()):
        return f"{prefix}.{attack_id if word[:1].isupper() else attack_id.lower()}"
    name = mover.target.tactics[attack_id].shortname
    plain = "_" not in word and "-" not in word
    underscores = "_" in word or (
        plain and any("_" in one for one in tags if (_mapping(one) or ("",))[0] == "tactic_name")
    )
    return f"{prefix}.{name.replace('-', '_') if underscores else name}"


def _dated(splice: Splice, document: dict, place: int, today: date) -> list[Change]:
    before = document.get("modified")
    if not isinstance(before, str):
        return []
    after = today.strftime("%Y/%m/%d" if "/" in before else "%Y-%m-%d")
    try:
        splice.value((place, "modified"), before, after)
    except Layout:
        return []
    return [Change("date", before, after)] if after != before else []
