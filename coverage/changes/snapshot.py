"""A snapshot: the rules, their mappings as written and as read, the scope and the release, kept in one file.

JSON Lines, one rule a line, sorted, without a clock: the same input and date give the same bytes, and two
snapshots can be compared line by line. The last line counts the others, so that a file cut off is known.
Knows no measure and no command.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from coverage.catalogue.model import Catalogue, Release
from coverage.frames import LIST, MAYBE_BOOL, rows_of
from coverage.loaders import Loaded
from coverage.loaders.frames import RULES, problems_frame, rules_frame, written_frame
from coverage.mapping.frames import MAPPINGS
from coverage.models import CorpusStamp, Rule, WrittenMapping
from coverage.scope import OPTIONS, Scope, ScopeOption, View
from coverage.scope.options import FLAG, MANY
from coverage.syntaxes import budget
from coverage.syntaxes.fields import Fields, parsed_day
from coverage.vocabulary import READ_STATUSES, RULE_CLASSES, SEVERITIES, TACTIC_STATUSES
from coverage.words import amount, number

KIND, VERSION = "attack-coverage", 3
MOST_BYTES = 1 << 28  # unpacked: fifty times a large corpus
MOST_TIMES, SMALL_BYTES = 50, 1 << 22  # times its size that a packed one unpacks to, and what any may
MOST_LINE = 1 << 22  # one rule
PART = 1 << 18
_GZIP = b"\x1f\x8b"
_FIRST = b'{"snapshot":'
_ATTACK = "MITRE ATT&CK"  # the framework of a mapping that names none


class SnapshotError(ValueError):
    """A file that cannot be used as a snapshot: one sentence that names it, and the line where there is
    one.
    """


@dataclass(frozen=True)
class ThreatState:
    """How far a state is covered against a threat profile, over the IDs in scope that somebody needs."""

    name: str  # of the profile
    members: tuple[tuple[str, str, float], ...]  # ID, name, weight
    covered: float  # of the needed IDs, under the roll-up
    needed: int
    need_covered: float  # sum of need x covered
    need: float  # sum of their needs

    @property
    def weights(self) -> dict[str, float]:
        """ID of each member -> its weight."""
        return {member: weight for member, _, weight in self.members}

    @property
    def weighted(self) -> float:
        """sum(need x covered) / sum(need), 0-1; 0 when nothing is needed."""
        return self.need_covered / self.need if self.need else 0.0

    def words(self) -> str:
        """Both figures: `71.2% of the need and 120 of 150 needed IDs covered`."""
        counts = f"{number(self.covered)} of {self.needed:,} needed IDs covered"
        return f"{self.weighted:.1%} of the need and {counts}"


@dataclass(frozen=True)
class Snapshot:
    """What a snapshot holds. `loaded` has no problems and no long texts; `mappings` is as read when it was
    made. `threat`: None before version 3, and where none was given.
    """

    loaded: Loaded = field(repr=False)
    mappings: pd.DataFrame = field(repr=False)
    scope: Scope
    release_sha256: str
    version: int = VERSION
    threat: ThreatState | None = None

    def lacks(self, scope: Scope) -> str | None:
        """The option of a scope that these rules cannot be asked for, since the snapshot does not keep what
        it looks at.
        """
        kept = {*_RULE_COLUMNS.values(), *(_FILTER_COLUMNS if self.version > 1 else ())}
        if self.loaded.rules["can_run"].isna().all():  # made without an inventory
            kept.discard("can_run")
        asked = (option for option in OPTIONS.values() if not option.is_default(getattr(scope, option.name)))
        return next((option.title for option in asked if not kept.issuperset(option.columns)), None)

    def view(self, catalogue: Catalogue, weights: Mapping[str, float]) -> View:
        """The state as it was read when the snapshot was made; `catalogue` is the snapshot's release."""
        return View(catalogue, self.loaded.rules, self.mappings, self.scope, weights)


# ---- writing -------------------------------------------------------------------------------------------

_RULE_COLUMNS = {
    "key": "rule_key",
    "corpus": "corpus",
    "path": "path",
    "format": "format",
    "id": "rule_id",
    "name": "name",
    "class": "rule_class",
    "enabled": "enabled",
    "severity": "severity",
    "platforms": "platforms",
    "hash": "content_hash",
}
# What the options of a scope look at beside these, under the column's own name. Version 1 has none of them.
_FILTER_COLUMNS = tuple(
    dict.fromkeys(
        column
        for option in OPTIONS.values()
        for column in option.columns
        if column not in _RULE_COLUMNS.values()
    )
)
_MEMBER = ("id", "name", "weight")
_WRITTEN_COLUMNS = {
    "at": "position",
    "framework": "framework",
    "for": "written_for",
    "tactic": "tactic_id",
    "tactic_name": "tactic_name",
    "technique": "technique_id",
    "subtechnique": "subtechnique_id",
}
_READ_COLUMNS = {
    "status": "status",
    "id": "attack_id",
    "tactic_status": "tactic_status",
    "tactic": "tactic_id",
}


def snapshot_bytes(
    view: View, loaded: Loaded, compressed: bool = False, threat: ThreatState | None = None
) -> bytes:
    """A view and what it was loaded from, as a snapshot. `compressed`: the same lines, gzipped. `threat`: how
    far the view is covered against a threat profile.
    """
    values = _values(view, loaded, threat)
    lines = (json.dumps(value, sort_keys=True, separators=(",", ":")) for value in values)
    data = "".join(f"{line}\n" for line in lines).encode("ascii")
    return _gzipped(data) if compressed else data


def _values(view: View, loaded: Loaded, threat: ThreatState | None) -> Iterator[dict]:
    stamp = view.scope.stamp()
    corpora = stamp.pop("corpora")
    rules = sorted(_rules(view, loaded), key=lambda rule: (rule["corpus"], rule["key"]))
    yield {"snapshot": KIND, "version": VERSION}
    yield {"release": {"id": stamp.pop("attack"), "sha256": view.catalogue.sha256}}
    yield {"scope": stamp}
    if threat is not None:
        members = [dict(zip(_MEMBER, member, strict=True)) for member in threat.members]
        yield {"threat": {**vars(threat), "members": members}}
    yield from ({"corpus": corpus} for corpus in corpora)
    yield from ({"rule": rule} for rule in rules)
    yield {"end": {"corpora": len(corpora), "rules": len(rules)}}


def _rules(view: View, loaded: Loaded) -> Iterator[dict]:
    read = {(key, position): values for key, position, values in _kept(view.mappings, _READ_COLUMNS)}
    written: dict[str, list[dict]] = {}
    for rule_key, position, values in _kept(loaded.written, _WRITTEN_COLUMNS):
        if values["framework"] == _ATTACK:
            del values["framework"]
        if (rule_key, position) in read:  # a mapping set of another release is written and not read
            values["read"] = read[rule_key, position]
        written.setdefault(rule_key, []).append(values)
    columns = {**_RULE_COLUMNS, **{column: column for column in _FILTER_COLUMNS}}
    for rule in _records(loaded.rules, columns):
        yield rule | {"mappings": sorted(written.get(rule["key"], []), key=lambda mapping: mapping["at"])}


def _kept(frame: pd.DataFrame, columns: Mapping[str, str]) -> Iterator[tuple[str, int, dict]]:
    rows = zip(frame["rule_key"].tolist(), frame["position"].tolist(), _records(frame, columns), strict=True)
    return ((rule_key, int(position), values) for rule_key, position, values in rows)


def _records(frame: pd.DataFrame, columns: Mapping[str, str]) -> Iterator[dict]:
    """The rows of some columns under their names in the file, without empty values."""
    for row in rows_of(frame, *columns.values()):
        yield {name: value for name, value in zip(columns, row, strict=True) if _has_value(value)}


def _has_value(value: object) -> bool:
    return value is not None and value is not pd.NA and value == value and value != () and value != ""


def _gzipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as file:  # no name, no clock
        file.write(data)
    return buffer.getvalue()


# ---- reading -------------------------------------------------------------------------------------------


def is_snapshot(path: Path) -> bool:
    """Whether a file begins as a snapshot does, compressed or not. A file that cannot be read does not."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return False
    if start.startswith(_GZIP):
        try:
            start = zlib.decompressobj(31).decompress(start, len(_FIRST))
        except zlib.error:
            return False
    return start.startswith(_FIRST)


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in a file.

    Raises
    ------
    SnapshotError
        When the file cannot be read, is not a snapshot, has a newer format, is cut off or damaged.
    """
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise SnapshotError(f"{path}: {error.strerror or error}") from error
    if data is None:
        raise SnapshotError(f"{path} is not a file")
    return snapshot_of(data, str(path))


def snapshot_of(data: bytes, name: str = "the snapshot") -> Snapshot:
    """The snapshot that these bytes are; `name` opens every message. Raises SnapshotError as `read_snapshot`
    does.
    """
    reading = _Reading(name)
    for line in _Lines(data, name):
        reading.take(line)
    return reading.snapshot()


class _Lines:
    """The lines of a snapshot, one after the other, unpacked as they are asked for and never all at once."""

    def __init__(self, data: bytes, name: str):
        self._data, self._name = data, name
        self._most = min(MOST_BYTES, max(SMALL_BYTES, MOST_TIMES * len(data)))

    def __iter__(self) -> Iterator[_Line]:
        number, read, rest = 0, 0, b""
        for part in self._parts():
            read += len(part)
            *whole, rest = (rest + part).split(b"\n")
            for line in whole:
                number += 1
                yield _Line(number, line, read, True)
            if len(rest) > MOST_LINE:
                raise SnapshotError(f"{self._name}:{number + 1}: not a line of a snapshot")
        if rest or not number:
            yield _Line(number + 1, rest, read, False)

    def _parts(self) -> Iterator[bytes]:
        if not self._data.startswith(_GZIP):
            yield from (self._data[at : at + PART] for at in range(0, len(self._data), PART))
            return
        unpacker, packed, read = zlib.decompressobj(31), self._data, 0
        while not unpacker.eof:
            try:
                part = unpacker.decompress(packed, PART)
            except zlib.error as error:
                raise SnapshotError(f"{self._name} is damaged: {error}") from error
            packed, read = unpacker.unconsumed_tail, read + len(part)
            if read > self._most:
                raise SnapshotError(f"{self._name} unpacks to more than any snapshot of its size")
            if not part and not unpacker.eof:
                raise _cut_off(self._name)
            yield part


@dataclass(frozen=True)
class _Line:
    """One line of a snapshot."""

    number: int
    data: bytes
    read: int  # bytes of the file that were unpacked so far
    is_ended: bool  # a line feed ends it

    def value(self, name: str) -> dict:
        """The object that the line is; of the first line, with two keys, of the others with one."""
        try:
            text = self.data.decode("utf-8")
            if self.number == 1 and not text.startswith(_FIRST.decode()):
                raise SnapshotError(f"{name} is not a snapshot: make one with 'snapshot -o FILE'")
            if budget.price(text, budget.JSON_SIGNS) > budget.allowed(len(text)):
                raise SnapshotError(f"{name}:{self.number}: not a line of a snapshot")
            value = json.loads(text)
        except UnicodeDecodeError as error:
            raise SnapshotError(f"{name} is damaged: {error}") from error
        except (ValueError, RecursionError) as error:
            if isinstance(error, SnapshotError):
                raise
            if not self.is_ended:
                raise _cut_off(name) from error
            raise SnapshotError(f"{name}:{self.number}: not JSON: {error}") from error
        if not isinstance(value, dict) or len(value) != (2 if self.number == 1 else 1):
            raise SnapshotError(f"{name}:{self.number}: not a line of a snapshot")
        return value


def _right_version(first: dict, name: str) -> int:
    version = first.get("version")
    if first.get("snapshot") != KIND or type(version) is not int:
        raise SnapshotError(f"{name} is not a snapshot of this program")
    if version > VERSION:
        raise SnapshotError(
            f"{name} has format {version}, newer than {VERSION}, the newest this program reads: update the "
            "program"
        )
    return version


def _cut_off(name: str) -> SnapshotError:
    return SnapshotError(f"{name} is cut off: its end is missing; make it again")


class _Reading:
    """The lines of one file as values; the first fault stops it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rules: list[Rule] = []
        self._written: list[WrittenMapping] = []
        self._read: list[tuple] = []
        self._corpora: list[CorpusStamp] = []
        self._head: dict[str, Fields] = {}
        self._keys: set[str] = set()
        self._version = VERSION
        self._threat: ThreatState | None = None
        self._last: tuple[int, dict] | None = None  # number and value of the line before, not taken in yet

    def take(self, line: _Line) -> None:
        """Add what a line says. The last one is known only when no other follows, so it waits for the
        next.
        """
        value = line.value(self._name)
        if line.number == 1:
            self._version = _right_version(value, self._name)
            return
        if self._last is not None:
            kind, content = next(iter(self._last[1].items()))
            self._line(kind, self._fields(content, self._last[0]), self._last[0])
            self._afford(line)
        self._last = (line.number, value)

    def _afford(self, line: _Line) -> None:
        spent = budget.RULE * (len(self._rules) + len(self._corpora)) + 2 * budget.MAPPING * len(
            self._written
        )
        if spent > budget.allowed(line.read):
            raise SnapshotError(
                f"{self._name}:{line.number}: so many rules in so few bytes are not a snapshot; "
                f"reading it would take more than {budget.TIMES} times its size"
            )

    def snapshot(self) -> Snapshot:
        """The snapshot as read."""
        if self._last is None or "end" not in self._last[1]:
            raise _cut_off(self._name)
        number, value = self._last
        counts = self._fields(value["end"], number).values
        if counts != {"corpora": len(self._corpora), "rules": len(self._rules)}:
            raise SnapshotError(
                f"{self._name} has {amount(len(self._rules), 'rule')} and its last line has another number: "
                "lines are missing or added"
            )
        if missing := {"release", "scope"} - self._head.keys():
            raise SnapshotError(f"{self._name} does not name its {' and '.join(sorted(missing))}")
        loaded = Loaded(
            rules_frame(self._rules), written_frame(self._written), problems_frame([]), tuple(self._corpora)
        )
        sha256 = self._head["release"].text("sha256") or ""
        return Snapshot(loaded, _mappings(self._read), self._scope(), sha256, self._version, self._threat)

    def _fields(self, content: object, number: int) -> Fields:
        if not isinstance(content, dict):
            raise SnapshotError(f"{self._name}:{number}: not a line of a snapshot")
        return Fields(content, (), [])

    def _line(self, kind: str, fields: Fields, number: int) -> None:
        if kind in ("release", "scope"):
            self._head[kind] = fields
        elif kind == "threat":
            self._threat = _threat_state(fields)
        elif kind in ("corpus", "rule"):
            (self._corpus if kind == "corpus" else self._rule)(fields)
        else:
            raise SnapshotError(f"{self._name}:{number}: '{kind[:40]}' is not a line of a snapshot")
        if fields.issues:
            raise SnapshotError(f"{self._name}:{number}: {fields.issues[0].message}")

    def _corpus(self, fields: Fields) -> None:
        texts = [fields.text(name) or "" for name in ("name", "path")]
        files, rules = (int(fields.number(name, 0, 1e9) or 0) for name in ("files", "rules"))
        self._corpora.append(
            CorpusStamp(
                *texts,
                files,
                rules,
                fields.text("content") or "",
                fields.text("commit"),
                fields.text("repository"),
                bool(fields.flag("changed")),
            )
        )

    def _rule(self, fields: Fields) -> None:
        key = fields.text("key")
        if key is None or key in self._keys:
            return fields.issue(("key",), "no-key", "is missing" if key is None else "stands on two lines")
        self._keys.add(key)
        severity = fields.text("severity")
        self._rules.append(
            Rule(
                key,
                fields.text("corpus") or "",
                fields.text("path") or "",
                fields.text("format") or "",
                fields.text("id"),
                fields.text("name") or "",
                _one_of(fields, "class", RULE_CLASSES) or "production",
                fields.flag("enabled"),
                severity and _one_of(fields, "severity", SEVERITIES),
                platforms=fields.texts("platforms"),
                content_hash=fields.text("hash") or "",
                **{column: _filter_value(fields, column) for column in _FILTER_COLUMNS},
            )
        )
        for mapping in fields.tables("mappings"):
            self._mapping(key, mapping)

    def _mapping(self, key: str, fields: Fields) -> None:
        position = int(fields.number("at", 0, 1e9) or 0)
        texts = {
            column: fields.text(name)
            for name, column in _WRITTEN_COLUMNS.items()
            if name not in ("at", "framework")
        }
        framework = fields.text("framework") or _ATTACK
        mapping = WrittenMapping(key, position, framework, **texts)
        self._written.append(mapping)
        if (read := fields.table("read")) is not None:
            status, tactic_status = (
                _one_of(read, "status", READ_STATUSES),
                _one_of(read, "tactic_status", TACTIC_STATUSES),
            )
            self._read.append((mapping, status, read.text("id"), tactic_status, read.text("tactic")))

    def _scope(self) -> Scope:
        fields = self._head["scope"]
        try:
            day = parsed_day(fields.text("date") or "")
            if day is None:
                raise ValueError("it has no date")
            release = Release.parse(self._head["release"].text("id") or "")
            options = {
                name: _option_value(fields, option)
                for name, option in OPTIONS.items()
                if name in fields.values
            }
            return Scope(release, corpora=tuple(self._corpora), date=day, **options)
        except ValueError as error:
            raise SnapshotError(f"{self._name}: its scope cannot be used: {error}") from error


def _threat_state(fields: Fields) -> ThreatState:
    members = [
        (member.text("id") or "", member.text("name") or "", member.number("weight", 0, 1e9) or 0.0)
        for member in fields.tables("members")
    ]
    numbers = {name: fields.number(name, 0, 1e12) or 0.0 for name in ("covered", "need_covered", "need")}
    needed = int(fields.number("needed", 0, 1e9) or 0)
    return ThreatState(fields.text("name") or "", tuple(members), needed=needed, **numbers)


def _filter_value(fields: Fields, column: str) -> tuple[str, ...] | str | bool | None:
    read = {LIST: fields.texts, MAYBE_BOOL: fields.flag}.get(RULES.columns[column][0], fields.text)
    return read(column)


def _option_value(fields: Fields, option: ScopeOption) -> Any:
    if option.kind == FLAG:
        return bool(fields.flag(option.name))
    return fields.texts(option.name) if option.kind == MANY else fields.text(option.name) or ""


def _one_of(fields: Fields, key: str, known: Any) -> str | None:
    value = fields.text(key)
    if value not in known:
        fields.issue((key,), "bad-value", f"is {value!r}, none of {', '.join(known)}")
        return None
    return value


def _mappings(read: list[tuple]) -> pd.DataFrame:
    """MAPPINGS of (mapping as written, status, ID, tactic status, tactic); candidates and reasons are not
    kept.
    """
    columns: dict[str, Callable[[tuple], object]] = {
        "rule_key": lambda row: row[0].rule_key,
        "position": lambda row: row[0].position,
        "framework": lambda row: row[0].framework,
        "written_for": lambda row: row[0].written_for,
        "tactic_written": lambda row: row[0].tactic_id or row[0].tactic_name,
        "tactic_name_written": lambda row: row[0].tactic_name,
        "leaf_written": lambda row: row[0].leaf_id,
        "status": lambda row: row[1],
        "attack_id": lambda row: row[2],
        "tactic_status": lambda row: row[3],
        "tactic_id": lambda row: row[4],
        "candidates": lambda row: (),
        "reason": lambda row: None,
    }
    return MAPPINGS.frame({name: [of(row) for row in read] for name, of in columns.items()})
