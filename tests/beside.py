"""Corpora made in a test, small enough to count by hand, and rules added to a view."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd

from coverage.loaders import CorpusSource, CorpusStamp, Loaded, load
from coverage.loaders.frames import problems_frame, rules_frame, written_frame
from coverage.mapping.reader import mappings_as_read
from coverage.reading import Reading
from coverage.scope import View
from tests import small

# Name of a rule -> the IDs it maps (an ID alone, or (ID, tactic)), and what else its frame row says.
Corpus = Mapping[str, tuple[Sequence, dict]]


def made(corpora: Mapping[str, Corpus], release: str = small.E18, **scope) -> View:
    """A view of these corpora, read in a release that comes with the project."""
    rules, written = [], []
    for corpus, members in corpora.items():
        for name, (ids, values) in members.items():
            key = f"{corpus}/{name}"
            rules.append(small.rule(key, corpus=corpus, path=name, name=name, **values))
            pairs = (entry if isinstance(entry, tuple) else (entry, None) for entry in ids)
            written += [
                small.mapping(key, n, attack_id, tactic) for n, (attack_id, tactic) in enumerate(pairs)
            ]
    stamps = tuple(
        CorpusStamp(name, name, len(part), len(part), "sha256:00") for name, part in corpora.items()
    )
    loaded = Loaded(rules_frame(rules), written_frame(written), problems_frame([]), stamps)
    near = small.reading(release)  # reading these IDs needs no other reader
    return Reading(loaded, near.catalogue, mappings_as_read(loaded.written, near.reader), near.reader).view(
        on=small.DAY, **scope
    )


def only_rules(view: View, keys: Collection[str]) -> View:
    """The view of a user who has these rules alone."""
    rules = view.all_rules[view.all_rules["rule_key"].isin(list(keys))]
    mappings = view.mappings[view.mappings["rule_key"].isin(list(keys))]
    return replace(view, all_rules=rules, mappings=mappings)


def on(frame: pd.DataFrame, attack_id: str) -> str:
    """The names of the rules listed for an ID, sorted: `"x1 x3"`."""
    return " ".join(sorted(frame.loc[frame["attack_id"] == attack_id, "rule_name"]))


@cache
def elastic_and_sigma(elastic: Path, sigma: Path) -> Reading:
    """Both real corpora in one reading of Enterprise 19.0."""
    return small.read_embedded(
        load([CorpusSource("elastic", elastic), CorpusSource("sigma", sigma)]), small.E19
    )
