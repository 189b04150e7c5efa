"""`Fields` for syntaxes that keep every scalar as the text that was written: YAML and tables.

A number, a flag or a date is read from the text when a field asks for one, so that the word `no` can be a
name and a version keeps its last nought. Independent of syntaxes and formats.
"""

from __future__ import annotations

import re
from datetime import date

from coverage.syntaxes.fields import Fields, parsed_day
from coverage.syntaxes.syntax import DocPath, Issue, add_issue, path_text

_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


class YamlFields(Fields):
    """`Fields` for scalars kept as text. Messages name a path without the number of its document."""

    __slots__ = ()

    def issue(self, below: DocPath, code: str, message: str, severity: str = "warning") -> None:
        """Add a fault at `below` this table (empty: the table itself); its path opens the message."""
        path = (*self.path, *below)
        add_issue(
            self.issues, Issue(path, code, severity, f"{path_text(path[1:]) or 'The document'} {message}.")
        )

    def text(self, key: str) -> str | None:
        """The text at `key` without blanks around it; None when it is missing, blank or not text."""
        value = super().text(key)
        return value.strip() if value else None

    def number(self, key: str, low: float, high: float) -> float | None:
        """The number at `key`; None when it is missing, not a number or not within low-high."""
        value = self.values.get(key)
        if type(value) is not str:
            return super().number(key, low, high)
        try:
            number = float(value)
        except ValueError:
            self._wrong((key,), value, "a number")
            return None
        if not low <= number <= high:  # false for nan as well
            self.issue((key,), "bad-value", f"is not a number from {low:g} to {high:g}")
            return None
        return number

    def flag(self, key: str) -> bool | None:
        """The true or false at `key`, by YAML's words for it; None when it is missing or neither."""
        value = self.values.get(key)
        word = value.strip().lower() if type(value) is str else None
        if word == "":
            return None
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        return super().flag(key)

    def day(self, key: str) -> date | None:
        """The date at `key`; a time after it is left out."""
        value = self.values.get(key)
        if type(value) is str and (day := parsed_day(re.split(r"[Tt\s]", value.strip(), maxsplit=1)[0])):
            return day
        return super().day(key)
