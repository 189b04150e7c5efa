"""Words around numbers: the one place that knows how a noun stands beside its count."""

from __future__ import annotations

from collections.abc import Sequence


def noun(count: float, one: str, many: str | None = None) -> str:
    """The noun as it stands after a count: `rule` after 1, else `rules`, or `many` where that is given."""
    if count == 1:
        return one
    return many or (f"{one[:-1]}ies" if one.endswith("y") and one[-2] not in "aeiou" else f"{one}s")


def amount(count: float, one: str, many: str | None = None) -> str:
    """A count and its noun: `1 rule`, `2 rules`, `1,234 techniques`, `0 entries`."""
    digits = f"{int(count):,}" if count == int(count) else f"{count:,g}"
    return f"{digits} {noun(count, one, many)}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; "" for none."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def number(value: float) -> str:
    """A count for people: whole, or with one decimal where it is a sum of shares."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def signed(value: float) -> str:
    """A difference for people: `+2`, `-0.8`, `0`."""
    rounded = round(float(value), 1)
    if not rounded:
        return "0"
    return f"{rounded:+,.0f}" if rounded.is_integer() else f"{rounded:+,.1f}"


def users_sentence(groups: int, software: int, campaigns: int) -> str:
    """Who uses a technique, in numbers: `3 groups, 1 software, 1 campaign`."""
    counts = (
        (groups, "group", "groups"),
        (software, "software", "software"),
        (campaigns, "campaign", "campaigns"),
    )
    return ", ".join(amount(*count) for count in counts)
