"""Corpora made in a test, small enough to count by hand, and rules added to a view."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from coverage.changes.borrow import borrow, with_classes
from coverage.loaders import CorpusStamp, Loaded
from coverage.loaders.frames import problems_frame, rules_frame, written_frame
from coverage.mapping.reader import mappings_as_read
from coverage.reading import Reading
from coverage.scope import View
from tests.helpers import small

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


def elastic_and_sigma(elastic: Path, sigma: Path) -> Reading:
    """Both real corpora in one reading of Enterprise 19.0."""
    return small.real_reading(small.E19, elastic, sigma)


ONE_EACH = {"gap": 1.0, "group": 0.0, "software": 0.0, "campaign": 0.0}


# Disk Wipe (T1561) has two sub-techniques, Command and Scripting Interpreter (T1059) many.
CORPORA = {
    "mine": {
        "m1": (["T1059.001"], {"integrations": ("Windows", "endpoint"), "severity": "low"}),
        "m2": (["T1561"], {"rule_class": "hunt", "data_sources": ("Sysmon",)}),
    },
    "theirs": {
        "x1": (
            ["T1561.001"],
            {"severity": "low", "integrations": ("windows",), "platforms": ("Windows",), "rule_id": "id-x1"},
        ),
        "x2": (
            ["T1561.002"],
            {"severity": "high", "data_sources": ("linux/auditd",), "platforms": ("Linux",)},
        ),
        "x3": (["T1561.001", "T1561.002"], {"severity": "low", "data_sources": ("SYSMON",)}),
        "x4": (["T1059.001", "T1059"], {"severity": "critical"}),
        "x5": (["T1110", "T1110.001"], {"severity": "medium", "rule_class": "hunt"}),
        "x6": (["T1561"], {"severity": "medium", "enabled": False}),
        "x7": (["T1105"], {}),
    },
}


def borrowing(corpora=CORPORA, weights=ONE_EACH, any_class=False, **scope):
    view = made(corpora, **scope)
    others = view.of_corpora([name for name in corpora if name != "mine"])
    return borrow(view.of_corpora(["mine"]), with_classes(others) if any_class else others, weights)
