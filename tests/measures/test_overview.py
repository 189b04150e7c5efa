"""What the Overview says: the weakest first, blind spots, and what the newest rules added."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
import tomli

from coverage.loaders import corpus_sources, load
from coverage.measures import coverage_by_platform, coverage_by_tactic
from coverage.measures.blind_spots import blind_spots, worst_first
from coverage.measures.recent import DAYS, recent_rules
from coverage.reading import read_in
from coverage.tables import PROJECT

DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def view():
    return read_in(load(corpus_sources([str(PROJECT / "rules")]))).view(pre=False, on=DAY)


@pytest.mark.parametrize("measure", [coverage_by_tactic, coverage_by_platform])
def test_the_weakest_come_first_with_their_denominators(view, measure):
    frame = measure(view)
    rows = worst_first(frame)
    assert sorted(rows["name"]) == sorted(frame.loc[frame["total"] > 0, "name"])
    totals = frame.set_index("name")
    assert rows["total"].tolist() == [totals.loc[name, "total"] for name in rows["name"]]
    assert rows["covered"].tolist() == [totals.loc[name, "covered"] for name in rows["name"]]
    assert rows["share"].tolist() == sorted(rows["covered"] / rows["total"])


def platforms(**covered: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [(name, *pair) for name, pair in covered.items()], columns=["name", "covered", "total"]
    )


def test_blind_and_weak_platforms_are_named():
    found = platforms(ESXi=(0, 64), SaaS=(9, 25), macOS=(58, 100), Windows=(90, 100), PRE=(0, 0))
    assert blind_spots(found) == "Blind on ESXi (0 of 64); weak on SaaS 36%, macOS 58%."
    assert blind_spots(platforms(SaaS=(3, 10))) == "Weak on SaaS 30%."
    assert blind_spots(platforms(A=(6, 10), B=(9, 10))) == "No platform is below 60%; the lowest is A 60%."
    assert blind_spots(platforms(PRE=(0, 0))) == ""


def test_the_newest_rules_against_a_count_of_the_files(view):
    """Rules created in the last 90 days, and techniques that only they name, from the TOML alone."""
    since, new, old = DAY - timedelta(days=DAYS), {}, set()
    in_scope = set(view.rules["path"])
    for path in sorted((PROJECT / "rules").rglob("*.toml")):
        if path.relative_to(PROJECT / "rules").as_posix() not in in_scope:
            continue
        document = tomli.loads(path.read_text(encoding="utf-8"))
        named = {
            technique["id"]
            for threat in document["rule"].get("threat", [])
            for technique in threat.get("technique", [])
        }
        created = date(*map(int, document["metadata"]["creation_date"].split("/")))
        if created >= since:
            new[path] = named
        else:
            old |= named
    found = recent_rules(view)
    assert found.rules == len(new) > 0 and found.dated == len(in_scope)
    known = set(view.techniques["attack_id"])
    assert set(found.techniques) == (set().union(*new.values()) - old) & known
    assert found.techniques
