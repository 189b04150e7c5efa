"""ATT&CK IDs that a rule names where its format does not read them: reported, never counted.

A misspelt key (`mitre_attack_ids`), a list under the wrong name or a misspelt tag (`atack.t1059`) is meant as
a mapping and gives none. Looked for are texts with the form of a mapping, under keys that name one: an ID in
a description, a link, a query or a test is not a mapping. Independent of formats, syntaxes and ATT&CK
releases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from typing import Any

from coverage.models import WrittenMapping
from coverage.syntaxes.syntax import DocPath, Issue

# The names of the keys above a text, the text, and where it is.
Named = tuple[Sequence[str], str, DocPath]
# What was probably meant by a text with an ID: the keys above it, the text, the ID -> words for people.
Meant = Callable[[Sequence[str], str, str], str]

MOST_VALUES = 50_000  # of one rule; larger ones are data, not mappings
MOST_ISSUES = 20  # a rule
MOST_BELOW = 100  # values below a key that is an ID
LONGEST = 300  # of a text that names IDs rather than explains something

_CODE = r"(?:t[01]\d{3}(?:[./_-]\d{3})?|ta0\d{3})"
IDS = re.compile(rf"(?i)(?<![a-z0-9])(?<!aml\.){_CODE}(?![a-z0-9])")
_ALONE, _IN_ATLAS = r"(?<!(?i:[a-z0-9]){})", r"(?<!(?i:aml\.){})"
# The same IDs, in upper case and in lower case: two searches for a fixed first letter take a quarter of the
# time of one for either. To start with its letter, a pattern checks at its end what is before the ID.
_FAST_IDS = tuple(
    re.compile(
        rf"{t}(?:[01]\d{{3}}{_ALONE.format(t + '.{4}')}{_IN_ATLAS.format(t + '.{4}')}(?:[./_-]\d{{3}})?"
        rf"|{a}0\d{{3}}{_ALONE.format(t + '.{5}')}{_IN_ATLAS.format(t + '.{5}')})(?!(?i:[a-z0-9]))"
    )
    for t, a in ("TA", "ta")
)
# A tag: an ID alone, with the name of ATT&CK before it, with its own name behind it or before it.
_TAG = re.compile(
    rf"(?i)(?:(?P<space>[a-z&][a-z&_ -]{{0,24}}?)[.:_/ -]\s*)?{_CODE}(?:\s*[:(–-].{{0,120}})?"
    rf"|[^/:]{{1,120}}\({_CODE}\)"
)
_MAPPING_KEY = re.compile(
    r"(?i)mitre|att&?c?k(?![a-z])|attack|techni|tactic|(?<![a-z])ttps?(?![a-z])|threat|kill.?chain"
    r"|^(?:custom_?)?(?:tags?|labels?|reports?|groups?)$"
)
_NAMES_IDS = re.compile(r"(?i)mitre|techni|tactic|att&?c?k|(?<![a-z])ttps?(?![a-z])")
_PROSE_KEY = re.compile(
    r"(?i)quer|filter|search|descr|^desc$|detect|condition|note|refer|url|link|test|example|false.?pos|output"
    r"|message|title|version|exception|event|action|investigat|drilldown|runbook|setup|simulat|(?<![a-z])data(?![a-z])"
)
SPACES = (
    "attack",
    "mitre",
    "mitreattack",
    "technique",
    "tactic",
    "subtechnique",
    "ttp",
    "mitretechnique",
    "id",
)
_ALIKE = 0.8


def named_texts(value: Any, path: DocPath, keys: Sequence[str] = ()) -> Iterator[Named]:
    """Every text below a value, and every key that holds an ID, in order. Keys of prose and queries are
    skipped.
    """
    waiting: list[tuple[Any, DocPath, Sequence[str]]] = [(value, path, keys)]
    while waiting:
        value, path, keys = waiting.pop()
        if isinstance(value, str):
            yield (keys, value, path)
            continue
        if isinstance(value, dict):
            named = [
                (key, below) for key, below in value.items() if isinstance(key, str) and not _is_prose(key)
            ]
            for key, below in named:
                if IDS.search(key) and not _names_an_id(below):
                    yield (keys, key, (*path, key))
            waiting += reversed([(below, (*path, key), (*keys, key)) for key, below in named])
        elif isinstance(value, list):
            waiting += reversed([(below, (*path, nth), keys) for nth, below in enumerate(value)])


def _names_an_id(value: Any) -> bool:
    """Whether the first few values below a value, or their keys, have an ID in them."""
    waiting = [value]
    for _ in range(MOST_BELOW):
        if not waiting:
            return False
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*islice(value, MOST_BELOW), *islice(value.values(), MOST_BELOW)]
        elif isinstance(value, list):
            waiting += islice(value, MOST_BELOW)
        elif isinstance(value, str) and IDS.search(value, 0, LONGEST):
            return True
    return False


def ids_in(text: str) -> set[str]:
    """The technique and tactic IDs in a text, in capitals and with a point before the sub-technique."""
    upper, lower = _FAST_IDS
    return {_plain(written) for written in {*upper.findall(text), *lower.findall(text)}}


def ids_of(written: Iterable[WrittenMapping]) -> set[str]:
    """The IDs that some mappings name, and the techniques of their sub-techniques."""
    found: set[str] = set()
    for row in written:
        for text in (row.tactic_id, row.tactic_name, row.technique_id, row.subtechnique_id):
            if text:
                found |= _named_by(text)
    return found


def _as_written(written: Iterable[WrittenMapping]) -> set[str | None]:
    """The texts in the ID fields of mappings: faster than `ids_of`, and nearly always enough."""
    return {text for row in written for text in (row.tactic_id, row.technique_id, row.subtechnique_id)}


@lru_cache(maxsize=4096)
def _named_by(text: str) -> frozenset[str]:
    found = ids_in(text)
    return frozenset(found | {one.partition(".")[0] for one in found})


def unread_issues(
    named: Iterable[Named], written: Sequence[WrittenMapping], ids: set[str], meant: Meant | None
) -> list[Issue]:
    """One warning `id-not-read` a text that has the form of a mapping and an ID that no mapping of the rule
    names.

    Parameters
    ----------
    named
        The texts of one rule; only the first MOST_VALUES are looked at.
    written
        The rule's mappings.
    ids
        The IDs in the text of its file (`ids_in`): where they are all mapped, nothing is looked at.
    meant
        What to write instead, in the rule's format.
    """
    if meant is None or ids <= _as_written(written) or ids <= (read := ids_of(written)):
        return []
    issues: list[Issue] = []
    for keys, text, path in islice(named, MOST_VALUES):
        lost = [one for one in _mapped_ids(keys, text) if one not in read]
        if lost:
            issues.append(not_read(".".join(keys), text, meant(keys, text, lost[0]), path))
            if len(issues) == MOST_ISSUES:
                break
    return issues


def not_read(place: str, text: str, meant: str, path: DocPath) -> Issue:
    """The warning on a text that is meant as a mapping and is not read as one."""
    message = f"{place} has {text.strip()[:60]!r}, which is not read as a mapping: did you mean {meant}?"
    return Issue(path, "id-not-read", "warning", message)


def _mapped_ids(keys: Sequence[str], text: str) -> list[str]:
    """The IDs that a text names as a mapping does, in order; none in a text that does not."""
    if len(text) > LONGEST or "://" in text or not any(map(_is_about_mappings, keys)) or not IDS.search(text):
        return []
    if _NAMES_IDS.search(keys[-1]):
        return [_plain(found) for found in IDS.findall(text)]
    parts = (part.strip() for part in re.split(r"[,;|\n]", text))
    return [_plain(found) for part in parts if _is_tag(part) for found in IDS.findall(part)]


@lru_cache(maxsize=4096)
def _is_about_mappings(key: str) -> bool:
    return _MAPPING_KEY.search(key) is not None


@lru_cache(maxsize=4096)
def _is_prose(key: str) -> bool:
    return _PROSE_KEY.search(key) is not None


def _is_tag(text: str) -> bool:
    tag = _TAG.fullmatch(text)
    return tag is not None and (tag["space"] is None or is_space(tag["space"]))


@lru_cache(maxsize=4096)
def is_space(text: str) -> bool:
    """Whether a text is, or is nearly, a word that comes before an ATT&CK ID: `attack`, `MITRE ATT&CK`,
    `atack`.
    """
    letters = re.sub(r"[^a-z]", "", text.lower().replace("att&ck", "attack"))
    return letters in SPACES or alike(letters, "attack") or alike(letters, "mitre")


def alike(text: str, word: str) -> bool:
    """Whether a text is a word but for a letter or two."""
    return bool(text) and SequenceMatcher(None, text, word).ratio() >= _ALIKE


@lru_cache(maxsize=4096)
def _plain(written: str) -> str:
    return re.sub(r"[/_-]", ".", written.upper())
