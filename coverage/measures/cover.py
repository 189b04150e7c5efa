"""The weighted cover: which few sets hold the most weight. Knows no rule, no technique and no frame.

To find the fewest sets is NP-hard, so this is the greedy choice: each step takes the set with the most
weight not yet held. No other choice of k sets holds more than 1 / (1 - 1/e) = 1.58 times as much as the
first k steps (Nemhauser, Wolsey, Fisher 1978).
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Iterator, Mapping
from math import fsum
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)
Element = TypeVar("Element", bound=Hashable)


def greedy_cover(
    sets: Mapping[Key, Collection[Element]], weights: Mapping[Element, float], ranks: Mapping[Key, Any]
) -> Iterator[tuple[Key, frozenset[Element]]]:
    """The steps of the greedy cover: each set taken, and the elements it is the first to hold, until all are
    held.

    Of equal gains the one with more new elements goes first, then the one whose rank sorts first, so that
    the order of `sets` changes nothing when ranks differ.

    Parameters
    ----------
    sets : key -> its elements
    weights : element -> weight, not negative
    ranks : key -> what decides between equals; all different, and comparable with each other

    Notes
    -----
    Lazy: a set's gain can only fall while others are taken, so a gain computed anew that still leads needs
    no look at the rest (Minoux 1978). `fsum` rounds once, so a gain does not hang on the order of its sum.
    """
    left = {key: frozenset(elements) for key, elements in sets.items()}
    heap = [(_merit(left[key], weights), ranks[key], key) for key in left if left[key]]
    heapq.heapify(heap)
    held: set[Element] = set()
    while heap:
        merit, rank, key = heapq.heappop(heap)
        new = left[key] = left[key] - held
        now = _merit(new, weights)
        if now != merit:
            if new:
                heapq.heappush(heap, (now, rank, key))
            continue
        held |= new
        yield key, new


def _merit(elements: frozenset[Element], weights: Mapping[Element, float]) -> tuple[float, int]:
    """What sorts the best first: the weight, then the number of elements, both negative."""
    return -fsum(weights[element] for element in elements), -len(elements)
