"""Words around numbers: the one place that knows how a noun stands beside its count."""

from __future__ import annotations


def noun(count: float, one: str, many: str | None = None) -> str:
    """The noun as it stands after a count: `rule` after 1, else `rules`, or `many` where that is given."""
    if count == 1:
        return one
    return many or (f"{one[:-1]}ies" if one.endswith("y") and one[-2] not in "aeiou" else f"{one}s")


def amount(count: float, one: str, many: str | None = None) -> str:
    """A count and its noun: `1 rule`, `2 rules`, `1,234 techniques`, `0 entries`."""
    return f"{count:,} {noun(count, one, many)}"
