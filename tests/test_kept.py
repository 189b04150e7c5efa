"""Values made once and kept with what they belong to, from several threads at once."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace

import pytest

from coverage.kept import Kept, kept_property, kept_with
from tests.helpers.threads import SECONDS, Gate, at_once


@dataclass(frozen=True)
class Slow:
    name: str
    gate: Gate | None = None

    @kept_property
    def value(self) -> list[str]:
        """What takes long for some."""
        if self.gate:
            self.gate()
        return [self.name]

    @kept_property
    def other(self) -> str:
        return self.name.upper()


def test_a_value_is_made_once_and_then_stays():
    one = Slow("one")
    assert one.value is one.value == ["one"] and one.other == "ONE"
    assert Slow.value.__doc__ == "What takes long for some."


def test_a_slow_object_holds_up_neither_another_nor_its_own_other_values():
    gate = Gate()
    slow, quick = Slow("slow", gate), Slow("quick")
    (thread,) = at_once(lambda: slow.value)
    assert gate.entered.wait(SECONDS)
    found: list[object] = []
    (other,) = at_once(lambda: found.extend([quick.value, slow.other]))
    other.join(SECONDS)
    assert found == [["quick"], "SLOW"]
    gate.opened.set()
    thread.join(SECONDS)
    assert slow.value == ["slow"]


def test_who_asks_for_a_value_that_is_being_made_waits_for_it():
    gate = Gate()
    slow, found = Slow("slow", gate), []
    threads = at_once(*[lambda: found.append(slow.value)] * 4)
    assert gate.entered.wait(SECONDS)
    gate.opened.set()
    for thread in threads:
        thread.join(SECONDS)
    assert gate.count == 1 and len(found) == 4 and all(value is slow.value for value in found)


def test_a_copy_starts_with_nothing():
    one = Slow("one")
    assert one.value == ["one"] and replace(one, name="two").value == ["two"]


def test_what_fails_is_made_again():
    attempts = []

    def make(owner: object) -> int:
        attempts.append(owner)
        if len(attempts) == 1:
            raise ValueError("the first time")
        return 7

    kept = Kept()
    with pytest.raises(ValueError, match="the first time"):
        kept.get(make, kept)
    assert kept.get(make, kept) == 7 and len(attempts) == 2


def test_only_so_many_argument_lists_are_kept():
    class Large:
        pass

    kept, made = Kept(), []

    def make(owner: object, number: int) -> Large:
        made.append(number)
        return Large()

    first = weakref.ref(kept.get(make, kept, 1, most=2))
    kept.get(make, kept, 2, most=2)
    kept.get(make, kept, 1, most=2)
    kept.get(make, kept, 3, most=2)  # in place of 2, which was asked for before 1
    kept.get(make, kept, 1, most=2)
    assert made == [1, 2, 3] and first() is not None
    kept.get(make, kept, 4, most=2)
    kept.get(make, kept, 5, most=2)
    gc.collect()
    assert first() is None


def test_two_objects_may_have_a_value_in_common():
    one, two = Slow("one"), Slow("two")
    kept_with(two).share(kept_with(one), [Slow.value.make])
    assert two.value is one.value == ["two"] and (one.other, two.other) == ("ONE", "TWO")
