"""Google SecOps (Chronicle) rules: YARA-L with a `meta:` section (DOMAIN section 3, "Google SecOps YARA-L").

What is read stands in `meta`; an ATT&CK ID also in `outcome` (`$mitre_attack_technique_id = "T1562"`) or in
`mitre_attack_url`. Class: type "hunt" is a hunt, every other rule is production. Plain YARA rules, which have
no `events:`, are passed over. Knows nothing of ATT&CK releases or of what counts as covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coverage.loaders._scan import Lines, Scanned, scanned_syntax
from coverage.loaders.fields import Fields
from coverage.loaders.outcome import (
    Built,
    Format,
    Mapped,
    identity,
    meant_id,
    names,
    paired,
    platforms_of,
    severity,
)
from coverage.loaders.platforms import RuleWords
from coverage.loaders.seam import Context, DocPath, Issue, RuleFile, path_text
from coverage.models import LoadResult, Rule

_HEAD = re.compile(r"^[ \t]*(?:private[ \t]+|global[ \t]+)*rule[ \t]+(\w+)[^{\n]*\{", re.MULTILINE)
_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|`[^`]*`|(?<=[=(,\s])/(?:[^/\\\n]|\\.)+/'
    r"|^[ \t]*(meta|events|match|outcome|condition|options)[ \t]*:|\}|\{",
    re.DOTALL | re.MULTILINE,
)
_PAIR = re.compile(r'^[ \t]*(\$?\w+)[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"', re.MULTILINE)
_URL_ID = re.compile(r"/techniques/(T\d{4})(?:/(\d{3}))?")
_COMMA = re.compile(r"\s*,\s*")
_TACTIC_KEYS = ("mitre_attack_tactic_id", "mitre_attack_tactic", "tactic")
_TECHNIQUE_KEYS = ("mitre_attack_technique_id", "technique", "$mitre_attack_technique_id")
_ID_LIKE = re.compile(r"T\d{3,}", re.IGNORECASE)


def meant(text: str) -> bool:
    """Whether a text has a rule head and the two sections that every YARA-L rule has."""
    return "meta:" in text and "events:" in text and _HEAD.search(text) is not None


def scan(text: str) -> Scanned:
    """The rules of a text: name, the `meta` and `outcome` texts by key, and the body after `meta`."""
    found, lines, at = Scanned(), Lines(text), 0
    while head := _HEAD.search(text, at):
        place = len(found)
        at, sections = _sections(text, head.end())
        if sections is None:
            found.faults.append((*lines.place(head.start()), "bad-yaral", f"The rule {head[1]} is not closed."))
            break
        found.append({"rule": head[1], **_pairs(text, sections, place, found)})
        found.offsets[(place, "rule")] = head.start(1)
        body = [end for name, _, end in sections if name == "meta"] or [head.end()]
        found.spans[(place,)] = (body[0], at - 1)
    return found


def _sections(text: str, at: int) -> tuple[int, list[tuple[str, int, int]] | None]:
    """The offset after the rule's closing brace, and its sections as (name, start, end); None when it never closes."""
    depth, starts = 1, []
    for token in _TOKEN.finditer(text, at):
        if token[1]:
            starts.append((token[1], token.start(1), token.end()))
        elif token[0] in "{}":
            depth += 1 if token[0] == "{" else -1
            if depth == 0:
                ends = [start for _, start, _ in starts[1:]] + [token.start()]
                sections = [(name, start, end) for (name, _, start), end in zip(starts, ends, strict=True)] if starts else []
                return (token.end(), sections)
    return (len(text), None)


def _pairs(text: str, sections: list[tuple[str, int, int]], place: int, found: Scanned) -> dict[str, dict]:
    tables: dict[str, dict] = {"meta": {}, "outcome": {}}
    for name, start, end in sections:
        for pair in _PAIR.finditer(text, start, end) if name in tables else ():
            tables[name][pair[1]] = re.sub(r"\\(.)", r"\1", pair[2])
            found.offsets[(place, name, pair[1])] = pair.start(2)
    found.offsets[(place, "events")] = next((start for name, start, _ in sections if name == "events"), 0)
    return tables | {"sections": [name for name, _, _ in sections]}


YARAL = scanned_syntax("YARA-L", scan)


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether one of a file's rules has the section that YARA-L has and YARA has not, or none could be read."""
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
        """Note a fault at `below` this table (empty: the table itself); its path opens the message."""
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
    sources = _listed(meta, "data_source")
    said = _listed(meta, "platform") or sources
    words = RuleWords(others=[[("secops_word", word)] for word in said])
    platforms, notes = platforms_of(words, file, rule_id, context)
    start, end = getattr(document, "spans", {}).get((place,), (0, 0))
    return Built(Rule(
        rule_key=file.rule_key(nth), corpus=file.corpus, path=file.path, format=LOADER.id, rule_id=rule_id, name=name,
        rule_class="hunt" if (meta.text("type") or "").lower().startswith("hunt") else "production",
        severity=severity(meta, "severity"), type=meta.text("type"), language="yara-l", platforms=platforms,
        integrations=_listed(meta, "platform"), data_sources=sources,
        data_components=context.components.components([("secops_word", word)] for word in (*sources, *said)), tags=_listed(meta, "tags"),
        authors=names([meta.text("author") or ""]), created=_day(meta, "created"), updated=_day(meta, "updated"),
        version=meta.text("version"), license=meta.text("license"), description=meta.text("description"),
        query=file.text[start:end].strip() or None, setup=meta.text("assumption"),
        references=tuple(one for key in ("reference", "references") for one in _listed(meta, key)),
        false_positives=meta.texts("false_positives", single=True), content_hash=file.content_hash,
    ), meta.issues, _mapped(meta, outcome if isinstance(outcome, dict) else {}), notes, _version(meta))  # fmt: skip


def _text(value: Any) -> str | None:
    return value if type(value) is str and value.strip() else None


def _day(meta: Fields, key: str):
    return meta.day(key) if key in meta.values else None


def _listed(meta: Fields, key: str) -> tuple[str, ...]:
    """The parts of a text with commas between them."""
    return tuple(part for part in _COMMA.split(meta.text(key) or "") if part.strip())


def _version(meta: Fields) -> str | None:
    version = (meta.text("mitre_attack_version") or "").strip().lstrip("vV")
    return version or None


def _mapped(meta: Fields, outcome: dict) -> list[Mapped]:
    """Tactics and techniques of a rule, linked when either is named once."""
    tactics = next((found for key in _TACTIC_KEYS if (found := _tactics(meta, key))), [])
    techniques = next((found for key in _TECHNIQUE_KEYS if (found := _techniques(meta, outcome, key))), [])
    techniques = techniques or _from_url(meta)
    if not techniques and (name := meta.text("mitre_attack_technique")):
        meta.issue(("mitre_attack_technique",), "no-id", f"names {name[:60]!r} without its ID, so no technique is mapped by it")
    return paired(tactics, techniques)


def _tactics(meta: Fields, key: str) -> list[Mapped]:
    path = (*meta.path, key)
    return [(_tactic(text), path) for text in _listed(meta, key)]


def _tactic(text: str) -> dict[str, str | None]:
    return {"tactic_id": text.upper()} if re.fullmatch(r"(?i:TA)\d{4}", text) else {"tactic_name": text}


def _techniques(meta: Fields, outcome: dict, key: str) -> list[Mapped]:
    holder, path = (outcome, (meta.path[0], "outcome", key)) if key.startswith("$") else (meta.values, (*meta.path, key))
    text = holder.get(key)
    parts = _COMMA.split(text.strip()) if type(text) is str else []
    return [(meant_id(part), path) for part in parts if _ID_LIKE.match(part)]


def _from_url(meta: Fields) -> list[Mapped]:
    path = (*meta.path, "mitre_attack_url")
    found = _URL_ID.findall(meta.text("mitre_attack_url") or "")
    return [(meant_id(".".join(part for part in match if part)), path) for match in found]


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Rules that could not be read: `bad-yaral` (error)."""
    for line, column, code, message in getattr(document, "faults", ()):
        yield Issue((), code, "error", message, (line, column))


FORMAT = Format(rules, YARAL, remarks)
LOADER = FORMAT.loader("yaral", "Google SecOps YARA-L rule", (".yaral", ".yara-l", ".yl2"), sniff, meant)
