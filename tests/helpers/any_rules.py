"""Strategies for rules of any kind, over a release cut down to a few families so that they meet."""

from __future__ import annotations

from functools import cache

import pandas as pd
from hypothesis import strategies as st

from coverage.catalogue import Catalogue
from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.loaders.frames import rules_frame, written_frame
from coverage.mapping.reader import Reader, mappings_as_read
from coverage.scope import Scope, View
from coverage.vocabulary import ROLLUPS, RULE_CLASSES
from tests.helpers import small
from tests.helpers.examples import examples
from tests.helpers.small import DAY, E19

# Five families of 18.1: several tactics, no sub-techniques, PRE-only, revoked in 19.0.
FAMILIES = ("T1003", "T1053", "T1078", "T1105", "T1132", "T1562", "T1595")


TACTICS = (
    None,
    "TA0001",
    "TA0002",
    "TA0003",
    "TA0004",
    "TA0005",
    "TA0006",
    "TA0011",
    "TA0043",
    "TA0112",
    "TA9999",
)


PLATFORMS = ("Windows", "Linux", "macOS", "IaaS", "SaaS")


WEIGHTS = {"production": 1.0, "development": 0.5, "building_block": 0.5, "hunt": 0.3, "deprecated": 0.0}


EXAMPLES = examples(12)


@cache
def catalogue() -> Catalogue:
    """18.1, cut down to a few families so that random rules meet."""
    full = small.catalogue()

    def cut(name: str) -> pd.DataFrame:
        frame = full.frame(name)
        if name not in ("techniques", "placements"):
            return frame
        return frame[frame["attack_id"].str.slice(0, 5).isin(FAMILIES)].reset_index(drop=True)

    return Catalogue.of_frames(full.release, "", "", {name: cut(name) for name in CATALOGUE_FRAMES})


@cache
def reader() -> Reader:
    return Reader(catalogue(), [small.catalogue(E19)])


def ids() -> list[str]:
    return [*catalogue().techniques["attack_id"], "T1685", "T1685.001", "T1690", "T9999", "AML.T0051"]


@st.composite
def rule_values(draw) -> tuple:
    """(values of a Rule, its (tactic, ID) paths)."""
    values = {
        "rule_class": draw(st.sampled_from(list(RULE_CLASSES))),
        "enabled": draw(st.sampled_from([None, True, False])),
        "platforms": tuple(draw(st.lists(st.sampled_from(PLATFORMS), unique=True, max_size=3))),
        "severity": draw(st.sampled_from([None, "low", "high", "critical"])),
    }
    paths = draw(
        st.lists(
            st.tuples(st.sampled_from(TACTICS), st.one_of(st.none(), st.sampled_from(ids()))), max_size=4
        )
    )
    return values, paths


corpora = st.lists(rule_values(), max_size=6)


scopes = st.fixed_dictionaries(
    {
        "platforms": st.sampled_from([(), ("Linux",), ("Windows", "IaaS")]),
        "pre": st.booleans(),
        "classes": st.sampled_from([("production",), ("production", "hunt"), tuple(RULE_CLASSES)]),
        "enabled": st.sampled_from(["not_disabled", "enabled", "any"]),
        "rollup": st.sampled_from(list(ROLLUPS)),
    }
)


def seen(corpus: list[tuple], scope: dict, order: list[int] | None = None) -> View:
    """The view of some rules; `order` shuffles the frames, not the rules' names."""
    named = [(f"r{n}", values, paths) for n, (values, paths) in enumerate(corpus)]
    named = [named[n] for n in order] if order else named
    rules = [small.rule(key, **values) for key, values, _ in named]
    written = [
        small.mapping(key, n, attack_id, tactic)
        for key, _, paths in named
        for n, (tactic, attack_id) in enumerate(paths)
    ]
    read = mappings_as_read(written_frame(written), reader())
    return View(catalogue(), rules_frame(rules), read, Scope(catalogue().release, date=DAY, **scope), WEIGHTS)
