"""The greedy cover: against a plain greedy, against every choice there is, and by hand."""

from __future__ import annotations

import random
from itertools import combinations
from math import e, fsum

from hypothesis import given
from hypothesis import strategies as st

from coverage.measures.cover import greedy_cover

ELEMENTS = "abcdefg"
SETS = st.dictionaries(st.integers(0, 8), st.frozensets(st.sampled_from(ELEMENTS)), max_size=7)
WEIGHTS = st.fixed_dictionaries(dict.fromkeys(ELEMENTS, st.integers(0, 40).map(lambda n: n / 4)))


def steps(sets, weights=None):
    return list(greedy_cover(sets, weights or dict.fromkeys(ELEMENTS, 1.0), {key: key for key in sets}))


def worth(elements, weights) -> float:
    return fsum(weights[element] for element in elements)


def test_each_step_takes_the_most_of_what_is_left():
    sets = {1: "ab", 2: "bcd", 3: "de", 4: "e"}
    assert steps(sets) == [(2, frozenset("bcd")), (1, frozenset("a")), (3, frozenset("e"))]


def test_weights_decide_and_not_numbers():
    weights = {**dict.fromkeys(ELEMENTS, 1.0), "g": 9.0}
    assert steps({1: "abcde", 2: "g"}, weights) == [(2, frozenset("g")), (1, frozenset("abcde"))]


def test_of_equal_weights_more_elements_then_the_rank_go_first():
    weights = {**dict.fromkeys(ELEMENTS, 1.0), "g": 2.0}
    assert [key for key, _ in steps({1: "g", 2: "ab", 3: "cd"}, weights)] == [2, 3, 1]
    assert [key for key, _ in greedy_cover({1: "ab", 2: "cd"}, weights, {1: "z", 2: "a"})] == [2, 1]


def test_elements_that_weigh_nothing_are_held_too_and_last():
    weights = {**dict.fromkeys(ELEMENTS, 0.0), "a": 1.0}
    assert steps({1: "bcd", 2: "a", 3: "bd"}, weights) == [(2, frozenset("a")), (1, frozenset("bcd"))]


def test_nothing_to_hold_is_no_step():
    assert steps({}) == [] and steps({1: ""}) == []


def test_the_greedy_cover_is_not_always_the_smallest():
    """Known, and said on the page: two sets hold everything, the greedy needs three."""
    sets = {1: "abcd", 2: "acef", 3: "bdg"}
    assert [key for key, _ in steps(sets)] == [1, 2, 3]
    assert set("abcdefg") == set("acef") | set("bdg")


def _plain(sets, weights):
    """The greedy as it is defined: look at every set at every step."""
    held, found = set(), []
    while rest := {
        key: frozenset(elements) - held for key, elements in sets.items() if frozenset(elements) - held
    }:
        best = min(rest, key=lambda key: (-worth(rest[key], weights), -len(rest[key]), key))
        found.append((best, rest[best]))
        held |= rest[best]
    return found


@given(SETS, WEIGHTS)
def test_it_equals_the_plain_greedy(sets, weights):
    assert steps(sets, weights) == _plain(sets, weights)


@given(SETS, WEIGHTS)
def test_all_is_held_once_and_gains_never_rise(sets, weights):
    found = steps(sets, weights)
    news = [new for _, new in found]
    assert frozenset().union(*news) == frozenset().union(*sets.values())
    assert sum(map(len, news)) == len(frozenset().union(*news)) and all(news)
    gains = [worth(new, weights) for new in news]
    assert gains == sorted(gains, reverse=True)


@given(SETS, WEIGHTS)
def test_no_choice_of_as_many_sets_is_much_better(sets, weights):
    """Against every choice of k sets, for every k: the greedy's k hold at least 1 - 1/e of the best."""
    held = frozenset()
    for count, (_, new) in enumerate(steps(sets, weights), 1):
        held |= new
        best = max(
            worth(frozenset().union(*chosen), weights) for chosen in combinations(sets.values(), count)
        )
        assert worth(held, weights) >= (1 - 1 / e) * best - 1e-9


@given(SETS, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_the_sets_changes_nothing(sets, weights, chance: random.Random):
    keys = list(sets)
    chance.shuffle(keys)
    assert steps({key: sets[key] for key in keys}, weights) == steps(sets, weights)
