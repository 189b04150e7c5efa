"""The one check of every ledger: its lines add up to the difference of the totals, or there is no ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coverage.changes.impact import impact
from coverage.changes.ledger import Ledger, LedgerError
from coverage.vocabulary import ROLLUPS
from coverage.words import number, signed
from tests.helpers import small
from tests.helpers.small import E18, E19


def book(rollup: str = "any") -> Ledger:
    return impact(small.view(E18, rollup=rollup), small.view(E19, rollup=rollup)).book


@pytest.mark.parametrize("rollup", ROLLUPS)
def test_the_lines_of_two_releases_pass(rollup):
    found = book(rollup)
    assert found.lines and len(Ledger(found.before, found.after, found.lines).units) == len(found.lines)


def test_a_line_that_is_missing_is_an_error():
    found = book()
    with pytest.raises(LedgerError, match=found.lines[0].changed.attack_id):
        Ledger(found.before, found.after, found.lines[1:])


def test_a_line_that_is_there_twice_is_an_error():
    found = book()
    with pytest.raises(LedgerError, match=found.lines[0].changed.attack_id):
        Ledger(found.before, found.after, [found.lines[0], *found.lines])


def test_a_line_of_a_unit_that_did_not_change_is_an_error():
    found = book()
    same = next(
        unit for unit, covered in found.after.covered.items() if found.before.covered.get(unit) == covered
    )
    wrong = replace(
        found.lines[0],
        changed=replace(
            found.lines[0].changed,
            grain=same[0],
            tactic_id=same[1] or None,
            attack_id=same[2],
            covered_change=1.0,
            total_change=0,
        ),
    )
    with pytest.raises(LedgerError, match=same[2]):
        Ledger(found.before, found.after, [*found.lines, wrong])


def test_a_wrong_part_of_the_total_is_an_error():
    found = book()
    first = found.lines[0]
    wrong = replace(first, changed=replace(first.changed, total_change=first.changed.total_change + 1))
    with pytest.raises(LedgerError, match="total"):
        Ledger(found.before, found.after, [wrong, *found.lines[1:]])


@pytest.mark.parametrize(
    ("value", "count", "difference"), [(0.0, "0", "0"), (1234.0, "1,234", "+1,234"), (-0.84, "-0.8", "-0.8")]
)
def test_counts_and_differences_in_words(value, count, difference):
    assert (number(value), signed(value)) == (count, difference)
