"""Ways to change a file's bytes: each takes the bytes, those of another file, and a source of chance."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

MOST = 400_000  # bytes of a changed file
Change = Callable[[bytes, bytes, Random], bytes]
_TOKEN = re.compile(rb"\w+|[^\w\s]|\s+")
_SIGNS = b"\"'`{}[]()<>:;,=&*#!|\\/-\n\r\t "
_ODD = ["\ufeff", "\0", "\u2028", "\x85", "\U0001f600", "\u0301", "\x1b", "\ud7ff", "\uffff", "İ", "²"]


def _span(data: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return (start, min(len(data), start + int(chance.expovariate(1 / 200))))


def flipped(data: bytes, other: bytes, chance: Random) -> bytes:
    """Some bytes changed in one bit."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut_off(data: bytes, other: bytes, chance: Random) -> bytes:
    """The start of a file."""
    return data[: chance.randrange(len(data) + 1)]


def without_part(data: bytes, other: bytes, chance: Random) -> bytes:
    """A file without a part of it."""
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def doubled(data: bytes, other: bytes, chance: Random) -> bytes:
    """A part twice."""
    start, end = _span(data, chance)
    return data[:end] + data[start:end] + data[end:]


def repeated(data: bytes, other: bytes, chance: Random) -> bytes:
    """A part, or one sign, hundreds of times."""
    start, end = _span(data, chance)
    part = data[start:end] or b" "
    if chance.random() < 0.4:
        part = bytes([chance.choice(_SIGNS)])
    many = min(chance.choice([50, 500, 5_000, 100_000]), MOST // len(part))
    return data[:start] + part * many + data[end:]


def lines_repeated(data: bytes, other: bytes, chance: Random) -> bytes:
    """Some lines hundreds of times."""
    lines = data.splitlines(keepends=True) or [b"\n"]
    start = chance.randrange(len(lines))
    part = lines[start : start + chance.randint(1, 4)]
    many = min(chance.choice([10, 100, 2_000]), MOST // max(1, len(b"".join(part))))
    return b"".join([*lines[:start], *part * max(1, many), *lines[start:]])


def spliced(data: bytes, other: bytes, chance: Random) -> bytes:
    """The start of one file and the end of another."""
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def swapped(data: bytes, other: bytes, chance: Random) -> bytes:
    """Some words and signs in each other's place."""
    tokens = _TOKEN.findall(data)
    for _ in range(chance.randint(1, 6)):
        if len(tokens) > 1:
            a, b = chance.randrange(len(tokens)), chance.randrange(len(tokens))
            tokens[a], tokens[b] = tokens[b], tokens[a]
    return b"".join(tokens)


def with_signs(data: bytes, other: bytes, chance: Random) -> bytes:
    """Signs of the syntax where none were."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 10)):
        changed.insert(chance.randrange(len(changed) + 1), chance.choice(_SIGNS))
    return bytes(changed)


def odd_text(data: bytes, other: bytes, chance: Random) -> bytes:
    """Signs that few programs expect: a byte order mark, NUL, a line separator."""
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_ODD).encode() * chance.randint(1, 3) + data[at:]


def other_encoding(data: bytes, other: bytes, chance: Random) -> bytes:
    """Latin-1, UTF-16, or lines that end as elsewhere."""
    text = data.decode("utf-8", "replace")
    kind = chance.randrange(4)
    if kind == 0:
        return (text + "é").encode("latin-1", "replace")
    if kind == 1:
        return text.encode("utf-16")
    ending = "\r\n" if kind == 2 else "\r"
    return text.replace("\n", ending).encode()


CHANGES: tuple[Change, ...] = (
    flipped,
    cut_off,
    without_part,
    doubled,
    repeated,
    lines_repeated,
    spliced,
    swapped,
    with_signs,
    odd_text,
    other_encoding,
)


def changed(data: bytes, other: bytes, chance: Random) -> bytes:
    """A file after one to three changes."""
    for change in chance.choices(CHANGES, k=chance.randint(1, 3)):
        data = change(data, other, chance)[:MOST]
    return data
