"""Google SecOps (Chronicle) rules: YARA-L with a `meta:` section (DOMAIN section 3, "Google SecOps YARA-L").

The mapping is read from `meta`, under keys in upper or lower case: `mitre_attack_technique_id`,
`mitre_attack_technique`,
`technique`, older `mitre_T1`; an ATT&CK ID also in `outcome` (`$mitre_attack_technique_id = "T1562"`) or in a
link to ATT&CK (`mitre_attack_url`, `reference`), which counts where no key names one. Platforms: `platform`
and `data_source` are united, and where neither is there, the log or product that the events name counts.
Class: type "hunt" is a hunt, every other rule is production. Plain YARA rules, which have no `events:`, are
skipped. Independent of ATT&CK releases and of what counts as covered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from coverage.formats.outcome import (
    Built,
    Format,
    Mapped,
    identity,
    meant_id,
    names,
    paired,
    platforms_of,
    rule_of,
    severity,
)
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, RuleFile
from coverage.models import LoadResult
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.scanned import Lines, Scanned, scanned_syntax
from coverage.syntaxes.syntax import DocPath, Issue, path_text
from coverage.word_table import beginnings

# A comment or a text that is not closed goes on to where it must end, so that every sign is looked at once.
_COMMENT = r"//[^\n]*+|/\*.*?(?:\*/|\Z)"
_QUOTED = r'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+'
_TEXT = rf'"{_QUOTED}"?|`[^`\n]*+`?'
_GAP = rf"(?:\s++|{_COMMENT})*+"
_WORDS = r"(?:(?:private|global)[ \t]++)*+rule"
_HEAD = re.compile(
    rf"{_COMMENT}|{_TEXT}|(?:^|(?<=\}}))[ \t]*+(?P<head>{_WORDS}\b(?:\s++(?P<name>\w++){_GAP}(?::[ "
    rf"\t\w]*+{_GAP})?+(?P<brace>\{{)?)?)",
    re.DOTALL | re.MULTILINE,
)
_SECTIONS = ("meta", "events", "match", "outcome", "condition", "options", "strings")
_MEANT = (re.compile(r"\bmeta[ \t]*+:"), re.compile(r"\bevents[ \t]*+:"))
_BODY = re.compile(r"[^{}\n]*+\s*+\{")
# Every kind of token starts with a sign of its own, so that the search goes from sign to sign.
_TOKEN = re.compile(
    rf"{_COMMENT}|{_TEXT}|/(?<=[=(,\s]/)(?:[^/\\\n]++|\\[^\n])++/|\}}|\{{|\n[ \t]*+(?P<next>{_WORDS}[ "
    rf"\t]++\w++{_GAP}\{{)|"
    + "|".join(rf"{name[0]}(?<![\w.$]{name[0]}){name[1:]}[ \t]*+:" for name in _SECTIONS),
    re.DOTALL,
)
_PAIR = re.compile(
    rf'{_COMMENT}|(?<![\w.$])(?P<key>\$?\w++)\s*+=\s*+(?:"(?P<text>{_QUOTED})"|`(?P<raw>[^`\n]*+)`|(?P<bare>[\w.+-]++))'
    rf'|"{_QUOTED}"|`[^`\n]*+`|(?P<open>"[^\n]*+)',
    re.DOTALL,
)
# Of these keys all values count; of any other key that is repeated, the last one.
_LISTED = re.compile(r"\$?mitre_(?!attack_version).*|(?:sub_?)?(?:tactic|technique|reference)s?(?:_ids?)?")
_MITRE_LINK = re.compile(
    r"(?i)attack\.mitre\.org/(?:[\w.#-]++/){0,3}?(techniques?|tactics)/(TA?\d{4})(?:[/.](\d{3}))?"
)
_ID = re.compile(r"(?i)(?<![\w.])T\d{3}\w*(?:[./]\d\w*)*")
_TACTIC_ID = re.compile(r"(?i)\bTA\d{4}\b")
_MAPS = re.compile(r"\$?mitre_|(?:sub_?)?t(?:actic|echnique)|reference")  # how a key of those below starts
# What the events of a rule are compared with, where `meta` does not name their log.
_LOG = re.compile(
    rf'{_COMMENT}|\.metadata\.(?:log_type|product_name|vendor_name)\s*+=\s*+"(?P<log>{_QUOTED})"|{_TEXT}',
    re.DOTALL,
)
# Of each tuple the first pattern that gives anything counts. Keys are in lower case; `$` is in `outcome`.
_TACTIC_KEYS = tuple(
    map(
        re.compile,
        (
            r"mitre_attack_tactic_ids?",
            r"mitre_attack_tactics?",
            r"(?:mitre_)?tactics?(?:_ids?)?",
            r"mitre_ta\d*",
            r"\$mitre_attack_tactic_ids?",
            r"\$mitre_attack_tactics?",
        ),
    )
)
_TECHNIQUE_KEYS = tuple(
    map(
        re.compile,
        (
            r"mitre_attack_(?:sub_?)?technique_ids?",
            r"mitre_attack_(?:sub_?)?techniques?",
            r"(?:mitre_)?(?:sub_?)?techniques?(?:_ids?)?",
            r"mitre_t\d+",
            r"\$mitre_attack_(?:sub_?)?techniques?(?:_ids?)?",
        ),
    )
)
_LINK_KEYS = tuple(map(re.compile, (r"mitre_(?:attack_)?urls?", r"(?:mitre_(?:attack_)?)?references?")))


def meant(text: str) -> bool:
    """Whether a text has the head of a rule, perhaps a broken one, and the two sections that every YARA-L
    rule has.
    """
    return all(one.search(text) for one in _MEANT) and any(token["head"] for token in _HEAD.finditer(text))


def scan(text: str) -> Scanned:
    """The rules of a text: name, the `meta` and `outcome` texts by key (in lower case), and the body after
    `meta`.
    """
    found, lines, at = Scanned(), Lines(text), 0
    while token := _HEAD.search(text, at):
        at = token.end()
        if token["brace"]:
            at = _rule(text, token, found, lines)
        elif token["head"]:
            message = "A rule has no name, or no { after its name, and was not read."
            found.faults.append((*lines.place(token.start("head")), "bad-yaral", message))
            body = _BODY.match(text, at)
            at = _sections(text, body.end())[0] if body else at
        elif token[0].startswith("/*") and not _closed(token[0]):
            found.faults.append((*lines.place(token.start()), "bad-yaral", "A comment is not closed."))
    _without_events(found, lines)
    return found


def _closed(comment: str) -> bool:
    return len(comment) > 3 and comment.endswith("*/")


def _rule(text: str, head: re.Match, found: Scanned, lines: Lines) -> int:
    """The offset after a rule, which is added to `found`; one that is not closed is a fault."""
    place = len(found)
    at, sections = _sections(text, head.end())
    if sections is None:
        found.faults.append(
            (*lines.place(head.start("head")), "bad-yaral", f"The rule {head['name']} is not closed.")
        )
        return at
    found.append({"rule": head["name"], **_pairs(text, sections, place, found, lines)})
    found.offsets[(place, "rule")] = head.start("name")
    body = [end for name, _, end in sections if name == "meta"] or [head.end()]
    found.spans[(place,)] = (body[0], at - 1)
    return at


def _without_events(found: Scanned, lines: Lines) -> None:
    """Add a fault for each rule that has no `events`, nor YARA's `strings`, beside rules that have."""
    if not any(map(_is_rule, found)):
        return
    for place, values in enumerate(found):
        if not _is_rule(values) and "strings" not in values["sections"]:
            message = f"The rule {values['rule']} has no events section and was not read."
            found.faults.append((*lines.place(found.offsets[(place, "rule")]), "bad-yaral", message))


def _sections(text: str, at: int) -> tuple[int, list[tuple[str, int, int]] | None]:
    """The offset after the rule's closing brace, and its sections as (name, start, end).

    Of a rule that never closes: where the next one starts, or the text ends, and None.
    """
    depth, starts = 1, []
    for token in _TOKEN.finditer(text, at):
        sign = token[0][0]
        if sign.isalpha():
            starts.append((token[0][:-1].rstrip(), token.start(), token.end()))
        elif sign == "\n":
            return (token.start("next"), None)
        elif sign in "{}":
            depth += 1 if sign == "{" else -1
            if depth == 0:
                ends = [start for _, start, _ in starts[1:]] + [token.start()]
                sections = (
                    [(name, start, end) for (name, _, start), end in zip(starts, ends, strict=True)]
                    if starts
                    else []
                )
                return (token.end(), sections)
    return (len(text), None)


def _pairs(
    text: str, sections: list[tuple[str, int, int]], place: int, found: Scanned, lines: Lines
) -> dict[str, Any]:
    """The texts of `meta` and `outcome` by key, and the names of all sections."""
    texts_of: dict[str, dict[str, list[str]]] = {"meta": {}, "outcome": {}}
    for name, start, end in sections:
        for pair in _PAIR.finditer(text, start, end) if name in texts_of else ():
            if pair["open"] and name == "meta":
                found.faults.append(
                    (
                        *lines.place(pair.start()),
                        "bad-yaral",
                        "A text in meta is not closed and was not read.",
                    )
                )
            elif pair["key"] and (name == "meta" or not pair["bare"]):
                _add(pair, texts_of[name], (place, name), found)
    found.offsets[(place, "events")] = next((start for name, start, _ in sections if name == "events"), 0)
    tables = {
        name: {key: ", ".join(texts) if _LISTED.fullmatch(key) else texts[-1] for key, texts in table.items()}
        for name, table in texts_of.items()
    }
    return tables | {"sections": [name for name, _, _ in sections]}


def _add(pair: re.Match, table: dict[str, list[str]], above: DocPath, found: Scanned) -> None:
    key, kind = pair["key"].lower(), pair.lastgroup or "text"  # the last group is the value's
    text = re.sub(r"\\(.)", r"\1", pair["text"]) if kind == "text" else pair[kind]
    if key not in table or not _LISTED.fullmatch(key):
        found.offsets[(*above, key)] = pair.start(kind)
    table.setdefault(key, []).append(text)


YARAL = scanned_syntax("YARA-L", scan)


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's rules has the section that YARA-L has and YARA has not, or none could be
    read.
    """
    if not isinstance(document, list):
        return False
    return bool(getattr(document, "faults", ())) or any(map(_is_rule, document))


def _is_rule(values: Any) -> bool:
    if not isinstance(values, dict) or not isinstance(values.get("meta"), dict):
        return False
    sections = values.get("sections")
    return isinstance(sections, list) and "events" in sections


class MetaFields(Fields):
    """`Fields` of one rule's `meta`. Messages name a key alone."""

    __slots__ = ()

    def issue(self, below: DocPath, code: str, message: str, severity: str = "warning") -> None:
        """Add a fault at `below` this table (empty: the table itself); its path opens the message."""
        path = (*self.path, *below)
        self.issues.append(Issue(path, code, severity, f"{path_text(path[1:]) or 'The rule'} {message}."))


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules of one file.

    Codes: `no-rule-id`, `no-name`, `bad-severity`, `no-id` (a technique named without its ID), those of
    `Fields` (warnings), `platform-word-unknown` (note).
    """
    kept = 0
    for place, values in enumerate(document):
        if _is_rule(values):
            built = _built(file, place, values, document, kept, context)
            kept += built.rule is not None
            yield built


def _built(file: RuleFile, place: int, values: dict, document: Any, nth: int, context: Context) -> Built:
    outcome = values.get("outcome")
    meta = MetaFields(values["meta"], (place, "meta"), [])
    rule_id, name = meta.text("rule_id"), meta.text("rule_name") or _text(values.get("rule"))
    if name is None:
        rule_id, name = identity(meta, "rule_id", "rule_name")
    if name is None:
        return Built(None, meta.issues)
    products, sources = _listed(meta, "platform"), _listed(meta, "data_source")
    start, end = getattr(document, "spans", {}).get((place,), (0, 0))
    body = file.text[start:end].strip()
    logs = (*products, *sources) or _logs(body, context)
    words = RuleWords(others=[beginnings("secops_word", log) for log in logs])
    platforms, notes = platforms_of(words, file, rule_id, context)
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=rule_id,
            name=name,
            rule_class="hunt" if (meta.text("type") or "").lower().startswith("hunt") else "production",
            severity=severity(meta, "severity"),
            type=meta.text("type"),
            language="yara-l",
            platforms=platforms,
            integrations=products,
            data_sources=sources,
            **context.log_sources.data_of(beginnings("secops_word", log) for log in (*sources, *logs)),
            tags=_listed(meta, "tags"),
            authors=names([meta.text("author") or ""]),
            created=_day(meta, "created"),
            updated=_day(meta, "updated"),
            version=meta.text("version"),
            license=meta.text("license"),
            description=meta.text("description"),
            query=body or None,
            setup=meta.text("assumption"),
            references=tuple(one for key in ("reference", "references") for one in _listed(meta, key)),
            false_positives=meta.texts("false_positives", single=True),
        ),
        meta.issues,
        _mapped(meta, outcome if isinstance(outcome, dict) else {}),
        notes,
        _version(meta),
        (((key,), text, (place, "meta", key)) for key, text in meta.values.items() if type(text) is str),
    )


def _logs(body: str, context: Context) -> tuple[str, ...]:
    """The logs and products that the events of a rule are of, as far as the table of platforms knows them."""
    named = dict.fromkeys(found["log"] for found in _LOG.finditer(body) if found["log"])
    return tuple(log for log in named if context.platforms.first(beginnings("secops_word", log)))


def _text(value: Any) -> str | None:
    return value if type(value) is str and value.strip() else None


def _day(meta: Fields, key: str):
    return meta.day(key) if key in meta.values else None


def _listed(meta: Fields, key: str) -> tuple[str, ...]:
    """The parts of a text with commas between them."""
    return _parts(meta.text(key) or "")


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _version(meta: Fields) -> str | None:
    version = (meta.text("mitre_attack_version") or "").strip().lstrip("vV")
    return version or None


def _mapped(meta: Fields, outcome: dict) -> list[Mapped]:
    """Tactics and techniques of a rule, linked when either is named once. A link counts where no key names
    one.
    """
    tables = {name: _mapping(table) for name, table in (("meta", meta.values), ("outcome", outcome))}
    first = partial(_first, tables, meta.path[0])
    tactics = first(_TACTIC_KEYS, _tactics) or first(_LINK_KEYS, _linked_tactics)
    techniques = first(_TECHNIQUE_KEYS, _techniques) or first(_LINK_KEYS, _linked_techniques)
    _report_missing_id(meta, tables["meta"], bool(techniques))
    return paired(tactics, techniques)


def _mapping(table: Mapping) -> dict[str, str]:
    """The texts under keys that may name a tactic or a technique, or link to one."""
    return {key: text for key, text in table.items() if type(key) is type(text) is str and _MAPS.match(key)}


def _texts_at(
    tables: dict[str, dict[str, str]], place: str | int, pattern: re.Pattern
) -> Iterator[tuple[str, DocPath]]:
    """The texts whose key fits, and where each is."""
    for name, table in tables.items():
        for key, text in table.items():
            if _fits(pattern, key):
                yield (text, (place, name, key))


@lru_cache(maxsize=4096)
def _fits(pattern: re.Pattern, key: str) -> bool:
    return pattern.fullmatch(key) is not None


def _first(
    tables: dict[str, dict[str, str]],
    place: str | int,
    patterns: Iterable[re.Pattern],
    read: Callable[[str, DocPath], list[Mapped]],
) -> list[Mapped]:
    """What is read under the keys of the first pattern that gives anything."""
    given = (
        [one for found in _texts_at(tables, place, pattern) for one in read(*found)] for pattern in patterns
    )
    return next((found for found in given if found), [])


def _tactics(text: str, path: DocPath) -> list[Mapped]:
    """Each part by the IDs in it, or as a name."""
    return [(tactic, path) for part in _parts(text) for tactic in _tactics_of(part)]


def _tactics_of(part: str) -> list[dict[str, str | None]]:
    return [{"tactic_id": written.upper()} for written in _TACTIC_ID.findall(part)] or [{"tactic_name": part}]


def _techniques(text: str, path: DocPath) -> list[Mapped]:
    return [(meant_id(written.replace("/", ".")), path) for written in _ID.findall(text)]


def _linked_tactics(text: str, path: DocPath) -> list[Mapped]:
    return [
        ({"tactic_id": written.upper()}, path)
        for kind, written, _ in _MITRE_LINK.findall(text)
        if kind.lower() == "tactics"
    ]


def _linked_techniques(text: str, path: DocPath) -> list[Mapped]:
    links = [(written, nth) for kind, written, nth in _MITRE_LINK.findall(text) if kind.lower() != "tactics"]
    return [(meant_id(f"{written}.{nth}" if nth else written), path) for written, nth in links]


def _report_missing_id(meta: Fields, table: dict[str, str], mapped: bool) -> None:
    """Report the techniques named without an ID: any part of a list of IDs, and the first name of a rule
    without one.
    """
    for pattern in _TECHNIQUE_KEYS[:1] if mapped else _TECHNIQUE_KEYS:
        for text, (_, _, key) in _texts_at({"meta": table}, 0, pattern):
            if lost := [part for part in _parts(text) if not _ID.search(part)]:
                name = ", ".join(lost)[:60]
                meta.issue((key,), "no-id", f"names {name!r} without its ID, so it maps no technique")
                return  # names of the same techniques under other keys need no second warning


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Rules that could not be read: `bad-yaral` (error)."""
    for line, column, code, message in getattr(document, "faults", ()):
        yield Issue((), code, "error", message, (line, column))


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    kind = "tactic" if attack_id.startswith("TA") else "technique_id"
    return f'mitre_attack_{kind} = "{attack_id}"'


FORMAT = Format(rules, YARAL, remarks, _meant)
LOADER = FORMAT.loader("yaral", "Google SecOps YARA-L rule", (".yaral", ".yara-l", ".yl2"), sniff, meant)
