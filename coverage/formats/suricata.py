"""Suricata and Snort rules: a rule a line, or over several as Snort 3 allows; ATT&CK IDs in `metadata`.

A rule ends where the next line that starts with an action begins, closed or not. A rule that is commented
out, behind # or between Snort 3's /* and */, is disabled. `pass` rules are exceptions, and are not read.
Severity is `signature_severity`, else `priority` (1 high, 2 medium, 3 low, 4 informational). Metadata names
tactics and techniques in the same order: as many of one as of the other are linked one by one. Independent of
ATT&CK releases and of what counts as covered.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from coverage.formats.outcome import Built, Format, Mapped, meant_id, paired, platforms_of, rule_of
from coverage.formats.platforms import RuleWords
from coverage.formats.seam import Context, RuleFile
from coverage.models import LoadResult
from coverage.syntaxes import budget
from coverage.syntaxes.fields import Fields
from coverage.syntaxes.scanned import Lines, Scanned
from coverage.syntaxes.syntax import (
    DocPath,
    Issue,
    Positions,
    Syntax,
    add_issue,
    afford_signs,
    afford_time,
    path_text,
)

MAX_BYTES = 28_000_000  # public rule sets come as one file; more is not read in 5 s
MAX_SIGNS = 2_000_000
SEVERITIES = {
    "informational": "informational",
    "minor": "low",
    "major": "high",
    "critical": "critical",
    "low": "low",
    "medium": "medium",
    "high": "high",
}
PRIORITIES = {"1": "high", "2": "medium", "3": "low", "4": "informational"}

_ACTION = (
    r"(?:alert|drop|rejectsrc|rejectdst|rejectboth|reject|sdrop|block|log|react|rewrite|pass|config|activate"
    r"|dynamic)"
)
_NO_RULES = {"pass", "config"}  # exceptions and settings
_START = rf"[ \t]*+(?P<off>#++)?+[ \t]*+(?P<action>{_ACTION})(?=[\s(\\])"
# The rest of a head goes on over lines that start nothing of their own; behind a # these have one too.
_NEXT = rf"(?(off)\n[ \t]*+#++(?![ \t]*+{_ACTION}[\s(\\])|\n(?![ \t]*+(?:#|{_ACTION}[\s(\\])))"
_HEAD = rf'{_START}(?P<rest>(?:[^(\n;"]++|{_NEXT})*+)(?P<open>\()?+'
_FIRST, _LATER = re.compile(_HEAD), re.compile(rf"\n{_HEAD}")
_SID = re.compile(r"(?i)\bsid[ \t]*+:")
_GAP = r"(?:\s++|\\\r?\n|#[^\n]*+)*+"  # a line may end in a backslash; # starts a comment
_SIGN = r"\\(?:\r?\n|.)"
_VALUE = rf'(?:[^;"\\\n]++|{_SIGN}|"(?:[^"\\\n]++|{_SIGN})*+"|\n(?![ \t]*+#))*+'
_OPTION = re.compile(rf"{_GAP}([\w.-]++){_GAP}(?::({_VALUE}))?+;")
_END = re.compile(rf"{_GAP}\)")
_HASHES = re.compile(r"\n[ \t]*+#++")
_JOINED = re.compile(r"\\\r?\n")
_WORD = re.compile(r"[^\s\\#]+")
_META = re.compile(r"([^\s,]++)\s*+([^,]*+)")
_LINKED = {"mitre_tactic_id", "mitre_tactic_name", "mitre_technique_id", "mitre_technique_name"}


# What is not a comment: a text in quotes, a line behind #. A comment starts after a blank, a bracket or a
# semicolon.
_BLOCKS = re.compile(
    r'"(?:[^"\\\n]++|\\\r?\n|\\.)*+"|^[ \t]*+#[^\n]*+|(?<![^\s;()])(?P<comment>/\*.*?\*/)',
    re.DOTALL | re.MULTILINE,
)
_UNCLOSED = re.compile(r"^[ \t]*+/\*", re.MULTILINE)
_SIGN_OF_LINE = re.compile(r"[^\r\n]")


def meant(text: str) -> bool:
    """Whether a text has a line that starts as a rule does, and a signature id."""
    return _has_rule(_without_comments(text)[0])


def _has_rule(text: str) -> bool:
    return _SID.search(text) is not None and any(head["open"] for head in _heads(text))


def _without_comments(text: str) -> tuple[str, list[tuple[int, int]]]:
    """A text with blanks for Snort 3's comments, and the (start, end) of those that hold rules, which stay
    without their signs.
    """
    closed = text.rfind("*/") + 2
    if closed < 2 or "/*" not in text:
        return (text, [])
    parts: list[str] = []
    kept: list[tuple[int, int]] = []
    at = 0
    for found in _BLOCKS.finditer(text, 0, closed):
        if comment := found["comment"]:
            start, end = found.span("comment")
            inner = f"  {comment[2:-2]}  "
            if _has_rule(inner):
                kept.append((start, end))
            else:
                inner = _SIGN_OF_LINE.sub(" ", comment)
            parts += [text[at:start], inner]
            at = end
    return ("".join([*parts, text[at:]]), kept)


def _heads(text: str) -> Iterator[re.Match]:
    """Each line that starts with an action, and what comes before its options."""
    if first := _FIRST.match(text):
        yield first
    yield from _LATER.finditer(text)


def scan(text: str, placed: Collection[int] | None = ()) -> Scanned:
    """The rules of a text: action, protocol, head, `options` by name and `metadata` as pairs in order.

    Parameters
    ----------
    placed
        Numbers of the rules whose metadata is to have places as well; None for all.
    """
    text, spans = _without_comments(text)
    commented = deque(spans)
    found, lines, heads = Scanned(), Lines(text), _heads(text)
    reader = _Rules(text, found, lines, placed)
    if unclosed := _UNCLOSED.search(text):
        place = lines.place(unclosed.end() - 2)
        found.faults.append((*place, "bad-rule", "A comment that starts with /* is not closed."))
    head = next(heads, None)
    while head:
        following = next(heads, None)
        if head["action"] not in _NO_RULES:
            start = head.start("action")
            while commented and commented[0][1] <= start:
                commented.popleft()
            off = bool(head["off"]) or bool(commented and commented[0][0] <= start)
            reader.rule(head, off, following.start() if following else len(text))
            afford_time(len(found), budget.MAX_RULES, "rules")
        head = following
    return found


class _Rules:
    """Reads one rule of a text after the other."""

    def __init__(self, text: str, found: Scanned, lines: Lines, placed: Collection[int] | None):
        self._text, self._found, self._lines, self._placed = text, found, lines, placed
        self._words: dict[str, str] = {}  # each once: rules say the same

    def rule(self, head: re.Match, off: bool, limit: int) -> None:
        """Add a rule that ends before `limit`, or what is wrong with it. `off`: it is commented out."""
        block, place = self._text[head.end() : limit], len(self._found)
        before = [word[0] for word in islice(_WORD.finditer(head["rest"]), 2)]
        if head["off"] and "\n" in block:
            block = _HASHES.sub(lambda hashes: "\n".ljust(len(hashes[0])), block)
        options, metadata, end = self._options(block, head.end()) if head["open"] else ({}, [], 0)
        closed = _END.match(block, end) if head["open"] else None
        start = head.start("action")
        if closed and "sid" in options:
            self._found.append(
                {
                    "enabled": not off,
                    "action": head["action"],
                    "protocol": before[0] if before else None,
                    "options": options,
                    "metadata": metadata,
                }
            )
            self._found.offsets[(place,)] = start
            self._found.spans[(place,)] = (start, head.end() + closed.end())
        elif not off and (head["open"] or len(before) > 1):  # text behind a # need not be a rule
            message = "The rule's options are not closed, or a semicolon is missing."
            message = "The rule has no sid." if closed else message
            message = message if head["open"] else "The rule has no options."
            self._found.faults.append((*self._lines.place(start), "bad-rule", message))

    def _options(self, block: str, base: int) -> tuple[dict[str, str], list[list[str]], int]:
        """The options by name, `metadata` as pairs, and where the options end in their block, which starts at
        `base`.
        """
        options: dict[str, list[str]] = {}
        metadata: list[list[str]] = []
        at = 0
        while option := _OPTION.match(block, at):
            at = option.end()
            name, value = option[1].lower(), option[2] or ""
            if name == "metadata":
                self._metadata(value, base + option.start(2), metadata)
            elif name == "reference" or name not in options:
                options.setdefault(self._once(name), []).append(_one_line(value.strip()))
        return ({name: "\n".join(values) for name, values in options.items()}, metadata, at)

    def _metadata(self, text: str, start: int, pairs: list[list[str]]) -> None:
        place = len(self._found)
        is_placed = self._placed is None or place in self._placed
        if "\\" in text:
            text = _JOINED.sub(lambda end: " " * len(end[0]), text)
        for pair in _META.finditer(text):
            if is_placed:
                self._found.offsets[(place, "metadata", len(pairs))] = start + pair.start(2)
            pairs.append([self._once(pair[1]), self._once(pair[2].strip())])

    def _once(self, word: str) -> str:
        return self._words.setdefault(word, word)


def _one_line(value: str) -> str:
    """A value without the ends of its lines, but for those behind a backslash."""
    return (
        " ".join(part.strip() for part in re.split(r"(?<!\\)(?<!\\\r)\n", value)) if "\n" in value else value
    )


def positions(text: str, wanted: Collection[DocPath] | None = None) -> Positions:
    """Where each rule and each value of its metadata starts: document path -> 1-based (line, column)."""
    lines = Lines(text)
    offsets = scan(text, None if wanted is None else {path[0] for path in wanted}).offsets
    return {path: lines.place(offset) for path, offset in offsets.items() if wanted is None or path in wanted}


def parse(text: str) -> Scanned:
    """The rules of a text.

    Raises
    ------
    Unparsable
        Code `too-costly`: more rules, options or metadata than the budget of the text's size allows.
    """
    afford_signs(text, budget.SURICATA_SIGNS)
    afford_time(sum(map(text.count, "\n;,")), MAX_SIGNS, "lines and options")
    return scan(text)


SURICATA = Syntax("Suricata rules", parse, positions)


def sniff(file: RuleFile, document: Any) -> bool:
    """Whether a file has a Suricata rule, or a line that was plainly meant to be one."""
    if not isinstance(document, list):
        return False
    return any(map(_is_rule, document)) or bool(getattr(document, "faults", ()))


def _is_rule(values: Any) -> bool:
    return isinstance(values, dict) and isinstance(values.get("options"), dict) and "sid" in values["options"]


class RuleFields(Fields):
    """`Fields` of one rule's options. Messages say "The rule" and the option."""

    __slots__ = ()

    def issue(self, below: DocPath, code: str, message: str, severity: str = "warning") -> None:
        """Add a fault at `below` this rule (empty: the rule itself); the option opens the message."""
        named = f"The rule's {path_text(below)}" if below else "The rule"
        add_issue(self.issues, Issue(self.path, code, severity, f"{named} {message}."))


def rules(file: RuleFile, document: Any, context: Context) -> Iterator[Built]:
    """The rules of one file. Codes: `bad-severity`, `bad-date` (warnings), `platform-word-unknown` (note)."""
    kept = 0
    for place, values in enumerate(document):
        if _is_rule(values):
            yield _built(file, place, values, document, kept, context)
            kept += 1


def _built(file: RuleFile, place: int, values: dict, document: Any, nth: int, context: Context) -> Built:
    issues: list[Issue] = []
    options = RuleFields(values["options"], (place,), issues)
    pairs = _pairs(values)
    sid, name = str(options.values["sid"]), _plain(options.text("msg") or "")
    words = _words([value for key, value, _ in pairs if key == "affected_product"], context)
    platforms, notes = platforms_of(words, file, sid, context)
    start, end = getattr(document, "spans", {}).get((place,), (0, 0))
    metadata = {key: value for key, value, _ in pairs}
    days = RuleFields(
        {key: metadata[key].replace("_", "-") for key in ("created_at", "updated_at") if key in metadata},
        (place,),
        issues,
    )
    return Built(
        rule_of(
            file,
            LOADER.id,
            nth,
            rule_id=sid,
            name=name or f"sid {sid}",
            rule_class="production",
            enabled=values.get("enabled") is not False,
            severity=_severity(metadata, options),
            type=values.get("action") if type(values.get("action")) is str else None,
            language="suricata",
            platforms=platforms,
            integrations=("suricata",),
            data_sources=_protocol(values),
            **context.log_sources.data_of([("suricata_word", word)] for word in _protocol(values)),
            tags=tuple(f"{key} {value}".strip() for key, value, _ in pairs),
            created=days.day("created_at"),
            updated=days.day("updated_at"),
            version=options.text("rev"),
            description=options.text("classtype"),
            query=file.text[start:end] or None,
            references=_references(options),
        ),
        issues,
        _mapped(pairs, place),
        notes,
        named=(((key,), value or key, (place, "metadata", nth)) for key, value, nth in pairs),
    )


def _plain(text: str) -> str:
    """A quoted text without its quotes, its escapes, and the ends of lines that go on."""
    return re.sub(r'\\([;":\\])', r"\1", re.sub(r"\\\r?\n\s*", "", text)).strip('" ')


def _pairs(values: dict) -> list[tuple[str, str, int]]:
    """Metadata as (key, value, its place); pairs of another shape are skipped."""
    metadata = values.get("metadata")
    return [
        (pair[0].lower(), pair[1], place)
        for place, pair in enumerate(metadata if isinstance(metadata, list) else ())
        if isinstance(pair, list) and len(pair) == 2 and all(type(part) is str for part in pair)
    ]


def _words(products: list[str], context: Context) -> RuleWords:
    """Affected products name the platforms. Where none does, the rule is about network traffic."""
    terms = [[("suricata_word", product)] for product in dict.fromkeys(products)]
    rows = map(context.platforms.first, terms)
    has_platform = any(row.platforms for row in rows if row)
    return RuleWords(others=terms, integrations=() if has_platform else ("suricata",))


def _severity(metadata: dict[str, str], options: Fields) -> str | None:
    written = metadata.get("signature_severity")
    if written is not None:
        if written.lower() not in SEVERITIES:
            options.issue(
                (),
                "bad-severity",
                f"has the signature_severity {written[:40]!r}, not one of {', '.join(SEVERITIES)}",
            )
        return SEVERITIES.get(written.lower())
    return PRIORITIES.get(options.text("priority") or "")


def _protocol(values: dict) -> tuple[str, ...]:
    protocol = values.get("protocol")
    return (protocol,) if type(protocol) is str else ()


def _references(options: Fields) -> tuple[str, ...]:
    """`url,example.org/x` -> `https://example.org/x`; `cve,2024-1` -> `CVE-2024-1`; others as written."""
    shown = []
    for line in (options.text("reference") or "").split("\n"):
        kind, _, value = line.partition(",")
        shown.append(
            {"url": f"https://{value}", "cve": f"CVE-{value}"}.get(kind.strip(), line) if value else line
        )
    return tuple(one for one in shown if one.strip())


def _mapped(pairs: list[tuple[str, str, int]], place: int) -> list[Mapped]:
    found: dict[str, list[tuple[str, DocPath]]] = {key: [] for key in _LINKED}
    for key, value, nth in pairs:
        if key in found and value:
            found[key].append((value, (place, "metadata", nth)))
    tactics = [({"tactic_id": value.upper()}, path) for value, path in found["mitre_tactic_id"]]
    tactics = tactics or [({"tactic_name": value}, path) for value, path in found["mitre_tactic_name"]]
    techniques = [(meant_id(value), path) for value, path in found["mitre_technique_id"]]
    if len(tactics) == len(techniques):
        return [
            ({**tactic, **part}, path) for (tactic, _), (part, path) in zip(tactics, techniques, strict=True)
        ]
    return paired(tactics, techniques)


def remarks(file: RuleFile, document: Any, result: LoadResult) -> Iterator[Issue]:
    """Lines that could not be read: `bad-rule` (error)."""
    for line, column, code, message in getattr(document, "faults", ()):
        yield Issue((), code, "error", message, (line, column))


def _meant(keys: Sequence[str], text: str, attack_id: str) -> str:
    return f"mitre_{'tactic' if attack_id.startswith('TA') else 'technique'}_id {attack_id}"


FORMAT = Format(rules, SURICATA, remarks, _meant)
LOADER = FORMAT.loader("suricata", "Suricata or Snort rules", (".rules",), sniff, meant, MAX_BYTES)
