"""A plan as a unified diff that `git apply` takes: bytes, `a/` and `b/` paths, line ends as they are.

Knows texts and paths; reads and writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

from coverage.migrate.model import FilePlan, Plan

Step = tuple[
    str, int, int, int, int
]  # equal, replace, delete or insert; lines of the old and of the new text

CONTEXT = 3
_ODD = re.compile(rb'[\x00-\x1f"\\\x7f]')
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def patch(plan: Plan, path_of: Callable[[FilePlan], str]) -> bytes:
    """The diff of every file that changes, in order; `path_of` gives the path of a file, relative, with
    slashes.
    """
    return b"".join(file_diff(file.before, file.after, path_of(file)) for file in plan.changed)


def file_diff(before: bytes, after: bytes, path: str) -> bytes:
    """The diff of one file, with git's header; nothing when the two are the same."""
    if before == after:
        return b""
    old, new = f"a/{path}".encode("utf-8", "surrogateescape"), f"b/{path}".encode("utf-8", "surrogateescape")
    head = [
        b"diff --git " + _named(old) + b" " + _named(new),
        b"--- " + _named(old) + _tab(old),
        b"+++ " + _named(new) + _tab(new),
    ]
    return b"\n".join(head) + b"\n" + b"".join(_hunks(_lines(before), _lines(after)))


def _named(path: bytes) -> bytes:
    if not _ODD.search(path):
        return path
    return (
        b'"'
        + _ODD.sub(
            lambda sign: b"\\" + _ESCAPES.get(sign.group()[0], f"{sign.group()[0]:03o}").encode(), path
        )
        + b'"'
    )


def _tab(path: bytes) -> bytes:
    """git ends an unquoted name with blanks in it with a tab, so that no time stamp is looked for."""
    return b"\t" if b" " in path and not _ODD.search(path) else b""


def _lines(data: bytes) -> list[bytes]:
    """Lines with their line feeds; nothing else ends a line in a patch."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _hunks(old: list[bytes], new: list[bytes]) -> Iterator[bytes]:
    group: list[Step] = []
    for kind, a, b, c, d in _steps(old, new):
        if kind == "equal" and b - a > (2 * CONTEXT if group else CONTEXT):
            if group:
                yield _hunk([*group, (kind, a, min(a + CONTEXT, b), c, min(c + CONTEXT, d))], old, new)
            group = [(kind, b - CONTEXT, b, d - CONTEXT, d)]
        else:
            group.append((kind, a, b, c, d))
    if any(step[0] != "equal" for step in group):
        kind, a, b, c, d = group[-1]
        last = (kind, a, min(a + CONTEXT, b), c, min(c + CONTEXT, d)) if kind == "equal" else group[-1]
        yield _hunk([*group[:-1], last], old, new)


def _steps(old: list[bytes], new: list[bytes]) -> Iterator[Step]:
    """How `old` becomes `new`. Only the part that differs is compared: the rest of a rule is long, and the
    same.
    """
    head = _same(old, new)
    tail = _same(old[head:][::-1], new[head:][::-1])
    middle = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    equal = (0, head, 0, head)  # equal lines that are not yet given out
    for kind, a, b, c, d in middle.get_opcodes():
        a, b, c, d = a + head, b + head, c + head, d + head
        if kind == "equal":
            equal = (equal[0], b, equal[2], d)
            continue
        if equal[0] < equal[1]:
            yield ("equal", *equal)
        yield (kind, a, b, c, d)
        equal = (b, b, d, d)
    if tail or equal[0] < equal[1]:
        yield ("equal", equal[0], equal[1] + tail, equal[2], equal[3] + tail)


def _same(one: list[bytes], other: list[bytes]) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _hunk(group: list[Step], old: list[bytes], new: list[bytes]) -> bytes:
    (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
    parts = [f"@@ -{_range(i1, i2 - i1)} +{_range(j1, j2 - j1)} @@\n".encode()]
    for kind, a, b, c, d in group:
        if kind == "equal":
            parts += [_line(b" ", line) for line in old[a:b]]
            continue
        parts += [_line(b"-", line) for line in old[a:b]]
        parts += [_line(b"+", line) for line in new[c:d]]
    return b"".join(parts)


def _range(start: int, length: int) -> str:
    first = start + 1 if length else start
    return f"{first}" if length == 1 else f"{first},{length}"


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line + (b"" if line.endswith(b"\n") else b"\n\\ No newline at end of file\n")
