"""Timing: functions run in turn, so that a busy minute falls on all of them, and the median of each."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Cost:
    """What something took: wall-clock seconds, and the processor seconds of the whole process."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


@dataclass(frozen=True)
class Line:
    """One line of the result. `value` is compared with `bar`; `cpu` is the same from processor time, if
    any.
    """

    case: str
    what: str
    value: float
    unit: str
    bar: float
    cpu: float | None = None
    at_least: bool = False
    detail: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.bar if self.at_least else self.value <= self.bar


def cost(function: Callable[[], object]) -> Cost:
    """What one call takes. Garbage of what ran before is collected first, outside the clock."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def middle(costs: list[Cost]) -> Cost:
    """The median wall time and the median processor time."""
    return Cost(median(c.wall for c in costs), median(c.cpu for c in costs))


def in_turn(repeats: int, *functions: Callable[[], object]) -> list[Cost]:
    """The median cost of each function over `repeats` rounds, each round calling every function once."""
    rounds = [[cost(function) for function in functions] for _ in range(repeats)]
    return [middle(list(column)) for column in zip(*rounds, strict=True)]
