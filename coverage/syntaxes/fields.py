"""Typed reading of a parsed document: the value when it has the right type, an `Issue` when not.

Shared by formats; independent of them and of syntaxes. Nothing here raises on any parsed value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from coverage.syntaxes import budget
from coverage.syntaxes.syntax import DocPath, Issue, add_issue, further, path_text

_TYPE_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
    type(None): "empty",
}


def type_name(value: Any) -> str:
    """What a value is, for people: "a whole number", "a list" ..."""
    return _TYPE_NAMES.get(
        type(value), "a date or time" if hasattr(value, "isoformat") else type(value).__name__
    )


def text_at(table: Mapping[str, Any], key: str) -> str | None:
    """The text at a key without blanks around it; None when it is missing, blank or no text."""
    value = table.get(key)
    return value.strip() or None if type(value) is str else None


class Fields:
    """One table of a document. Each reader returns the value or an empty one; a wrong one is an issue.

    Codes: `wrong-type`, `bad-date`, `bad-value`, all warnings, added to the shared list `issues`.
    """

    __slots__ = ("issues", "path", "values")

    def __init__(self, values: Mapping[str, Any], path: DocPath, issues: list[Issue]):
        self.values, self.path, self.issues = values, path, issues

    def issue(self, below: DocPath, code: str, message: str, severity: str = "warning") -> None:
        """Add a fault at `below` this table (empty: the table itself); its path opens the message."""
        path = (*self.path, *below)
        add_issue(self.issues, Issue(path, code, severity, f"{path_text(path) or 'The file'} {message}."))

    def _wrong(self, below: DocPath, value: Any, wanted: str) -> None:
        if len(self.issues) >= budget.MAX_ISSUES:
            return self.issues.append(further("wrong-type", "warning"))
        self.issue(below, "wrong-type", f"is {type_name(value)}, not {wanted}")

    def text(self, key: str) -> str | None:
        """The text at `key`; None when it is missing, blank or not text."""
        value = self.values.get(key)
        if type(value) is str:
            return value if value and not value.isspace() else None
        if value is not None:
            self._wrong((key,), value, "text")
        return None

    def texts(self, key: str, single: bool = False) -> tuple[str, ...]:
        """The list of texts at `key`, without blank ones. `single`: one text is read as a list of one."""
        value = self.values.get(key)
        if value is None:
            return ()
        if single and type(value) is str:
            value = [value]
        if type(value) is not list:
            self._wrong((key,), value, "a list of texts")
            return ()
        for place, item in enumerate(value):
            if type(item) is not str:
                self._wrong((key, place), item, "text")
        return tuple([item for item in value if type(item) is str and item and not item.isspace()])

    def number(self, key: str, low: float, high: float) -> float | None:
        """The number at `key`; None when it is missing, not a number or not within low-high."""
        value = self.values.get(key)
        if value is None:
            return None
        if type(value) is not int and type(value) is not float:
            self._wrong((key,), value, "a number")
            return None
        if not low <= value <= high:  # false for nan as well
            self.issue((key,), "bad-value", f"is not a number from {low:g} to {high:g}")
            return None
        return float(value)

    def flag(self, key: str) -> bool | None:
        """The true or false at `key`; None when it is missing or neither."""
        value = self.values.get(key)
        if value is None or type(value) is bool:
            return value
        self._wrong((key,), value, "true or false")
        return None

    def day(self, key: str) -> date | None:
        """The date at `key`, written `YYYY/MM/DD` or `YYYY-MM-DD` or as the syntax's own date."""
        value = self.values.get(key)
        if isinstance(value, datetime):
            return value.date()
        if value is None or isinstance(value, date):
            return value
        if type(value) is not str:
            self._wrong((key,), value, "a date as text")
            return None
        day = parsed_day(value)
        if day is None:
            self.issue((key,), "bad-date", f"is {value[:40]!r}, not a date written YYYY/MM/DD")
        return day

    def table(self, key: str) -> Fields | None:
        """The table at `key`; None when it is missing or not a table."""
        value = self.values.get(key)
        if type(value) is dict:
            return type(self)(value, (*self.path, key), self.issues)
        if value is not None:
            self._wrong((key,), value, "a table")
        return None

    def tables(self, key: str) -> Iterator[Fields]:
        """Each table of the list at `key`. One table instead of a list is read as a list of one, with an
        issue.
        """
        value = self.values.get(key)
        if value is None:
            return
        if type(value) is dict:
            self._wrong((key,), value, "a list of tables; it was read as a list of one")
            yield type(self)(value, (*self.path, key), self.issues)
        elif type(value) is not list:
            self._wrong((key,), value, "a list of tables")
        else:
            for place, item in enumerate(value):
                if type(item) is dict:
                    yield type(self)(item, (*self.path, key, place), self.issues)
                else:
                    self._wrong((key, place), item, "a table")


@lru_cache(maxsize=4096)
def parsed_day(text: str) -> date | None:
    """The date that `YYYY/MM/DD` or `YYYY-MM-DD` names, or None for any other text."""
    parts = text.strip().replace("-", "/").split("/")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    try:
        return date(*map(int, parts))
    except ValueError:
        return None
