"""Wazuh rules: XML groups of `<rule id level>` with `<mitre><id>` (as Wazuh 4 writes them).

A rule of level 0, or with `noalert`, never alerts and only feeds others, so it is a building block; every
other one is production. Severity by Wazuh's own bands: level 1-6 low, 7-11 medium, 12-14 high, 15 and more
critical. Platforms follow from groups, decoders and log names that the table knows; groups are free words
(compliance numbers are among them), so an unknown one gives no note. A rule with `overwrite="yes"` takes the
place of the rule of the same id; its type is "overwrite". Independent of ATT&CK releases and of what counts
as covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coverage.formats.outcome import Built, Format, Mapped, meant_id, platforms_of, rule_of
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, RuleFile
from coverage.formats.unread import Named
from coverage.models import LoadResult, Problem, Rule
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.syntax import DocPath, Issue
from coverage.syntaxes.xml_text import MAX_BYTES, XML

_MEANT = re.compile(r"""<rule\b(?=[^<>]*\blevel\s*+=)[^<>]*\b(?:id|level)\s*+=\s*+["']\s*+\d""")
OVERWRITE = "overwrite"  # the type of a rule that takes the place of another
_BANDS = ((0, "informational"), (6, "low"), (11, "medium"), (14, "high"), (99, "critical"))
_SOURCE_TAGS = ("decoded_as", "category", "program_name")


@dataclass(frozen=True, slots=True)
class Found:
    """A `<rule>` element, where it is, and the groups it is in."""

    element: dict
    path: DocPath
    groups: tuple[str, ...]


def meant(text: str) -> bool:
    """Whether a text has a rule element with a level, and with a number for it or for the id, as Wazuh and
    OSSEC have.
    """
    return _MEANT.search(text) is not None


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's XML elements is a Wazuh rule: with a numeric id and a numeric level, or in a
    group and with one of them."""
    return isinstance(document, list) and any(map(_is_wazuh, _rule_elements(document)))


def _is_wazuh(found: Found) -> bool:
    """Whether the id and the level of a rule are numbers; in a group one is enough, since the other may be
    broken.
    """
    attributes, _ = _parts(found.element)
    numbers = [_is_number((attributes or {}).get(key)) for key in ("id", "level")]
    return all(numbers) or (any(numbers) and "level" in (attributes or {}) and bool(found.groups))


def _is_number(value: Any) -> bool:
    return type(value) is str and value.strip().isascii() and value.strip().isdecimal()


def _rule_elements(document: Any) -> Iterator[Found]:
    waiting = [(element, (place,), ()) for place, element in enumerate(document)]
    waiting.reverse()
    while waiting:
        element, path, groups = waiting.pop()
        attributes, children = _parts(element)
        if attributes is None:
            continue
        if element.get("tag") == "rule" and ("level" in attributes or "id" in attributes):
            yield Found(element, path, groups)
            continue
        below = (*groups, *_split(attributes.get("name"))) if element.get("tag") == "group" else groups
        waiting += [
            (child, (*path, "children", nth), below) for nth, child in reversed(list(enumerate(children)))
        ]


def _parts(element: Any) -> tuple[dict | None, list]:
    """An element's attributes and children; None for what is not an element."""
    attributes = element.get("attributes") if isinstance(element, dict) else None
    children = element.get("children") if isinstance(element, dict) else None
    return (
        attributes if isinstance(attributes, dict) else None,
        children if isinstance(children, list) else [],
    )


def _split(text: Any) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if type(text) is str else ()


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules of one file.

    Codes: `no-rule` (error: no id and no description, not kept), `no-rule-id`, `bad-rule-id`, `no-name`,
    `bad-level` (warnings). Rules that a later one of the file overwrites are left out; `remarks` lists them.
    """
    kept, gone = 0, _overwritten(document)
    for found in _rule_elements(document):
        if found.path in gone:
            continue
        built = _built(file, found, document, kept, context)
        kept += built.rule is not None
        yield built


def _overwritten(document: Any) -> dict[DocPath, str]:
    """The ids of the rules whose place another one of the file takes, by path.

    Of several that overwrite an id the last one counts, as in Wazuh.
    """
    known = getattr(document, "known", {})
    if "overwritten" not in known:
        named = [(_id(found), found) for found in _rule_elements(document)]
        last = {rule_id: found.path for rule_id, found in named if rule_id and _overwrites(found)}
        known["overwritten"] = {
            found.path: rule_id for rule_id, found in named if last.get(rule_id, found.path) != found.path
        }
    return known["overwritten"]


def _overwrites(found: Found) -> bool:
    flag = (_parts(found.element)[0] or {}).get("overwrite")
    return type(flag) is str and flag.strip().lower() == "yes"


def _id(found: Found) -> str | None:
    rule_id = (_parts(found.element)[0] or {}).get("id")
    return rule_id.strip() if type(rule_id) is str else None


def _built(file: RuleFile, found: Found, document: Any, nth: int, context: Context) -> Built:
    issues: list[Issue] = []
    attributes, _ = _parts(found.element)
    rule = Fields(attributes or {}, found.path, issues)
    rule_id, name = rule.text("id"), " ".join(text for text, _ in _texts(found, "description")) or None
    if rule_id is None and name is None:
        issues.append(
            Issue(found.path, "no-rule", "error", "A rule has no id and no description, so it was not read.")
        )
        return Built(None, issues)
    if rule_id is None or name is None:
        code, what = ("no-rule-id", "id") if rule_id is None else ("no-name", "description")
        issues.append(Issue(found.path, code, "warning", f"Rule {rule_id or name!r} has no {what}."))
    elif not _is_number(rule_id):
        message = f"Rule {rule_id[:40]!r} has an id that is not a number, which Wazuh does not accept."
        issues.append(Issue(found.path, "bad-rule-id", "warning", message))
    level, groups = _level(rule), _groups(found)
    sources = tuple(dict.fromkeys(text for tag in _SOURCE_TAGS for text, _ in _texts(found, tag)))
    terms = [
        [("wazuh_word", word)] for word in (*groups, *sources) if context.platforms.knows("wazuh_word", word)
    ]
    platforms, notes = platforms_of(RuleWords(others=terms), file, rule_id, context)
    start, end = getattr(document, "spans", {}).get(found.path, (0, 0))
    quiet = level == 0 or (rule.text("noalert") or "0") not in ("0", "no")
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=rule_id,
            name=name or rule_id or "",
            rule_class="building_block" if quiet else "production",
            severity=None if level is None else next(band for limit, band in _BANDS if level <= limit),
            type=OVERWRITE if _overwrites(found) else None,
            language="wazuh",
            platforms=platforms,
            integrations=groups[:1],
            data_sources=sources,
            tags=groups,
            **context.log_sources.data_of(
                ([("wazuh_word", word)] for word in (*groups, *sources)), free=True
            ),
            description=name,
            query=file.text[start:end] or None,
            references=tuple(text for text, _ in _texts(found, "info") if text.startswith("http")),
        ),
        issues,
        list(_mapped(found)),
        notes,
        named=_named(found),
    )


def _level(rule: Fields) -> int | None:
    written = str(rule.values.get("level", "")).strip()
    if written.isascii() and written.isdecimal() and int(written[:4]) <= 99:
        return int(written[:4])
    fault = f"has the level {written[:20]!r}, not a number from 0 to 16" if written else "has no level"
    message = f"Rule {rule.values.get('id')} {fault}."
    rule.issues.append(Issue(rule.path, "bad-level", "warning", message))
    return None


def _groups(found: Found) -> tuple[str, ...]:
    own = (part for text, _ in _texts(found, "group") for part in _split(text))
    return tuple(dict.fromkeys([*found.groups, *own]))


def _texts(found: Found, tag: str) -> Iterator[tuple[str, DocPath]]:
    """The texts of a rule's children of one tag, and where each is."""
    yield from _child_texts(found.element, found.path, tag)


def _child_texts(element: dict, path: DocPath, tag: str) -> Iterator[tuple[str, DocPath]]:
    for nth, child in enumerate(_parts(element)[1]):
        if isinstance(child, dict) and child.get("tag") == tag:
            text = child.get("text")
            if type(text) is str and text.strip():
                yield (text.strip(), (*path, "children", nth, "text"))


def _mapped(found: Found) -> Iterator[Mapped]:
    for nth, child in enumerate(_parts(found.element)[1]):
        if isinstance(child, dict) and child.get("tag") == "mitre":
            for text, path in _child_texts(child, (*found.path, "children", nth), "id"):
                yield (meant_id(text), path)


def _named(found: Found) -> Iterator[Named]:
    """Every text in a rule below the tags it is in."""
    waiting: list[tuple[Any, DocPath, tuple[str, ...]]] = [(found.element, found.path, ())]
    while waiting:
        element, path, keys = waiting.pop()
        if isinstance(element, dict):
            if type(element.get("text")) is str:
                yield (keys, element["text"], (*path, "text"))
            children = [
                (child, (*path, "children", nth), (*keys, str(child.get("tag"))))
                for nth, child in enumerate(_parts(element)[1])
                if isinstance(child, dict)
            ]
            waiting += reversed(children)


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    return f"<mitre><id>{attack_id}</id></mitre>"


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Rules that another one of the file overwrites: `overwritten` (note)."""
    for path, rule_id in _overwritten(document).items():
        other = 'another rule in this file (overwrite="yes")'
        message = f"Rule {rule_id} is overwritten by {other}, which counts instead."
        yield Issue(path, "overwritten", "note", message)


FORMAT = Format(rules, XML, remarks, _meant)


def without_overwritten(corpus: LoadResult) -> LoadResult:
    """The corpus without the Wazuh rules whose place another file's rule takes, as the server reads them.

    Of several that overwrite an id the last one counts, in path order. Adds one note `overwritten` a rule
    left out.
    """
    mine = [rule for rule in corpus.rules if rule.format == LOADER.id and rule.rule_id]
    by = {rule.rule_id: rule for rule in mine if rule.type == OVERWRITE}
    gone = {
        rule.rule_key: by[rule.rule_id]
        for rule in mine
        if rule.rule_id in by and rule.path != by[rule.rule_id].path
    }
    if not gone:
        return corpus
    notes = [_overwritten_note(rule, gone[rule.rule_key].path) for rule in mine if rule.rule_key in gone]
    return LoadResult(
        [rule for rule in corpus.rules if rule.rule_key not in gone],
        [row for row in corpus.written if row.rule_key not in gone],
        [*corpus.problems, *notes],
    )


def _overwritten_note(rule: Rule, path: str) -> Problem:
    message = f"Rule {rule.rule_id} is overwritten by a rule in {path}, which counts instead."
    return Problem(rule.path, None, None, rule.rule_id, "overwritten", "note", message, rule.corpus)


LOADER = FORMAT.loader("wazuh", "Wazuh rules", (".xml",), sniff, meant, MAX_BYTES, without_overwritten)
