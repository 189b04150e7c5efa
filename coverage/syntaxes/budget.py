"""What reading one file may cost, in one place: memory by the file's size, and counts that keep the time
short.

Reading a file takes at most `TIMES` its size in memory, `FLOOR` for a small one, and `SECONDS`. No clock
runs while a file is read: what it would take is found by counting, before it is built or while, with the
prices below, and so it is the same on every machine. A file beyond it is one problem and costs no other file.
Independent of syntaxes and formats.
"""

from __future__ import annotations

from collections.abc import Mapping

TIMES = 20
FLOOR = 64_000_000  # bytes of memory that any file may take
SECONDS = 5
TEXT = 4  # times its size: a file's bytes, its text, and copies of parts of it

MAX_PROBLEMS = 200  # listed of one file and severity; the others are counted
MAX_ISSUES = 1_000  # of one rule that are listed in full
MAX_RULES = 100_000  # of one file

# Bytes of memory that each takes at most, as measured with Python 3.11.
RULE = 1_100  # with its row in the frames
MAPPING = 500
YAML_VALUE = 210
# The same by the signs that open or part values.
JSON_SIGNS = {"{": 200, "[": 100, ":": 130, ",": 130}
TOML_SIGNS = {"{": 1_100, "[": 1_100, "=": 200, ",": 70}
XML_SIGNS = {"<": 900, "</": -900, "=": 120}
CSV_SIGNS = {"\n": 700, "\r": 700}
SURICATA_SIGNS = {",": 300, ";": 150}
SCANNED_SIGNS = {"=": 400, "{": 500}


def allowed(size: int) -> int:
    """The bytes of memory that reading a file of this size may take."""
    return max(FLOOR, TIMES * size)


def most(size: int, price: int) -> int:
    """How many things of a price a file of this size may hold."""
    return (allowed(size) - TEXT * size) // price


def price(text: str, prices: Mapping[str, int]) -> int:
    """The bytes of memory that the values of a text take at most, by its signs."""
    return sum(text.count(sign) * cost for sign, cost in prices.items())
