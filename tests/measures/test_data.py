"""What data and rules make of IDs: counted by hand, and what holds for any rules and inventories."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.inventory.arrivals import ARRIVES, Arrivals
from coverage.inventory.verdicts import can_run
from coverage.log_sources import listed_log_sources
from coverage.measures import gaps
from coverage.measures.connections import connected, lost_with, next_sources, sources
from coverage.measures.data_states import data_summary, id_states, placement_states, state_counts
from coverage.measures.need import need_by_id
from coverage.measures.verdicts import rule_verdicts, verdict_by_rule
from coverage.measures.visibility import analytic_data, id_data
from coverage.measures.what_if import what_if
from coverage.scope import View
from coverage.threats.profile import group_profile
from coverage.threats.threat import threat_in
from coverage.vocabulary import DATA_CHANGES, DATA_REASONS, DATA_STATES, ROLLUPS, VERDICTS
from tests.helpers import small
from tests.helpers.any_rules import rule_values, seen
from tests.helpers.arriving import EVERYTHING, listing, states_of
from tests.helpers.examples import examples
from tests.helpers.views import made, only_rules

SIGN_INS, PROCESSES = "sentinel_table:SigninLogs", "index:logs-endpoint.events.process-*"
TRAIL = "panther_log:AWS.CloudTrail"

# Each rule with the IDs that it maps and the data that it reads.
RULES = {
    "mine": {
        "accounts": (["T1078.004"], {"log_words": (SIGN_INS,), "platforms": ("Identity Provider",)}),
        "buckets": (["T1530"], {"log_words": (TRAIL,), "platforms": ("IaaS",)}),
        "dump": (["T1003.001", "T1105"], {"log_words": (PROCESSES,), "platforms": ("Windows",)}),
        "learns": (["T1046"], {"log_words": (PROCESSES,), "type": "machine_learning"}),
        "own": (["T1105"], {"log_words": ("index:nobody-knows-*",)}),
    }
}
ARRIVING = ("sentinel_table:SigninLogs", "index:logs-endpoint.events.process-default")


@pytest.fixture(scope="module")
def view() -> View:
    return made(RULES)


@pytest.fixture(scope="module")
def arrivals() -> Arrivals:
    return listing(*ARRIVING)


# ---- by hand -----------------------------------------------------------------------------------------------


def test_each_rule_has_its_verdict(view, arrivals):
    found = rule_verdicts(view, arrivals).set_index("name")
    assert found["verdict"].to_dict() == {
        "accounts": "can_run",
        "buckets": "cannot_fire",
        "dump": "can_run",
        "learns": "not_told",
        "own": "not_told",
    }
    assert found["reason"].to_dict() == {
        "accounts": "arrives",
        "buckets": "missing",
        "dump": "arrives",
        "learns": "machine_learning",
        "own": "unknown_words",
    }
    assert found.loc["accounts", "hangs_on"] == "azure:signinlogs"
    assert found.loc["dump", "hangs_on"] == "Elastic Defend"
    assert found.loc["buckets", "missing"] == (TRAIL,)


def test_each_id_has_its_state(view, arrivals):
    assert states_of(id_states(view, arrivals), ("T1078.004", "T1078", "T1530", "T1105", "T1046")) == {
        "T1078.004": "data_and_rule",
        "T1078": "data_and_rule",
        "T1530": "rule_only",
        "T1105": "data_and_rule",  # one of its two rules can run
        "T1046": "not_told",  # nothing tells of its only rule
    }
    rows = id_states(view, arrivals).set_index("attack_id")
    columns = ["rules", "rules_can_run", "rules_cannot_fire", "rules_not_told"]
    assert rows.loc["T1105", columns].tolist() == [2, 1, 0, 1]
    assert rows.loc["T1530", columns].tolist() == [1, 0, 1, 0]


def test_open_ids_are_told_apart_by_their_data(view, arrivals):
    """T1047 wants process creation on Windows, which arrives; T1619 wants what the cloud's calls say."""
    assert states_of(id_states(view, arrivals), ("T1047", "T1619")) == {
        "T1047": "data_only",
        "T1619": "neither",
    }
    told = replace(arrivals, complete=())
    assert states_of(id_states(view, told), ("T1047", "T1619")) == {"T1047": "data_only", "T1619": "not_told"}


def test_a_rule_that_may_run_is_not_counted_out():
    """T1530 has one rule without data and one of which nothing tells: perhaps it is covered."""
    more = {"mine": {**RULES["mine"], "maybe": (["T1530"], {"log_words": ("index:nobody-knows-*",)})}}
    assert states_of(id_states(made(more), listing(*ARRIVING)), ["T1530"]) == {"T1530": "not_told"}


@pytest.mark.parametrize(
    ("rollup", "state"),
    [("any", "data_and_rule"), ("direct", "data_only"), ("all", "data_only"), ("share", "data_only")],
)
def test_a_technique_follows_the_roll_up(rollup, state, arrivals):
    """T1003 has one of its sub-techniques covered, and its data arrives."""
    assert states_of(id_states(made(RULES, rollup=rollup), arrivals), ["T1003"]) == {"T1003": state}


def test_a_change_of_the_data_says_what_it_does(view, arrivals):
    found = what_if(view, arrivals, arrivals.without(["Elastic Defend"]))
    assert found.ids_that("dark") == ["T1003", "T1003.001", "T1105"]
    assert found.rules[["name", "before", "after"]].values.tolist() == [["dump", "can_run", "cannot_fire"]]
    assert (found.rules_before["can_run"], found.rules_after["can_run"]) == (2, 1)
    back = what_if(view, arrivals, arrivals.with_(connected(["AWS:CloudTrail"], listed_log_sources())))
    assert back.ids_that("lit") == ["T1530"]
    assert "T1619" in back.ids_that("in_reach")
    assert back.rules["name"].tolist() == ["buckets"]


def test_a_change_of_nothing_does_nothing(view, arrivals):
    found = what_if(view, arrivals, arrivals.without(["no such source"]))
    assert found.before == found.after
    assert found.ids.empty and found.rules.empty


def test_every_log_source_is_listed_with_what_hangs_on_it(view, arrivals):
    found = sources(view, arrivals).set_index("source")
    columns = ["state", "rules", "rules_only", "ids", "ids_dark"]
    assert found.loc["Elastic Defend", columns].tolist() == ["arrives", 2, 1, 3, 3]
    assert found.loc["azure:signinlogs", columns].tolist() == ["arrives", 1, 1, 1, 2]
    assert found.loc["AWS:CloudTrail", columns].tolist() == ["missing", 1, 0, 1, 0]
    assert found.loc["azure:signinlogs", "words"] == ("SigninLogs",)
    assert found["state"].tolist() == sorted(found["state"], key=lambda state: state != ARRIVES)


def test_the_next_source_is_the_one_that_is_needed_most(view, arrivals):
    reading = small.reading()
    threat = threat_in(group_profile(["G0016"]), reading.catalogue, reading.reader, small.DAY)
    found = next_sources(view, arrivals, threat)
    assert found["need"].tolist() == sorted(found["need"], reverse=True)
    trail = found.set_index("source").loc["AWS:CloudTrail"]
    assert trail["covered"] == ("T1530",)
    assert "T1619" in trail["in_reach"]
    need = dict(zip(*need_by_id(view, threat)[["attack_id", "need"]].values.T, strict=True))
    assert trail["need"] == fsum(need.get(one, 0) for one in {*trail["covered"], *trail["in_reach"]})


def test_a_strategy_is_met_by_an_analytic_all_of_whose_sources_arrive(view):
    """By hand from the release: every analytic of T1047 is for Windows."""
    nothing = analytic_data(view, Arrivals((), EVERYTHING))
    assert not nothing["met"].any()
    mine = nothing[nothing["attack_id"] == "T1047"]
    names = view.catalogue.log_sources
    wanted = sorted(set(names.loc[names["analytic_id"].isin(mine["analytic_id"]), "name"]))
    half = Arrivals(connected(wanted[:1], listed_log_sources())[:1], EVERYTHING)
    every = Arrivals(connected(wanted, listed_log_sources()), EVERYTHING)
    rows = [id_data(view, one).set_index("attack_id").loc["T1047"] for one in (half, every)]
    assert (rows[0]["strategies_met"], rows[1]["strategies_met"]) == (0, rows[1]["strategies"])
    assert 0 < rows[0]["visibility"] < rows[1]["visibility"] == 1


def test_gaps_say_whether_their_data_arrives(view, arrivals):
    rules = view.all_rules.assign(can_run=can_run(view.all_rules, arrivals, listed_log_sources()))
    told = replace(view, all_rules=rules, arrivals=arrivals)
    found = gaps(told).set_index("attack_id")["data"]
    assert (found["T1047"], found["T1619"]) == ("arrives", "missing")
    assert set(gaps(view)["data"]) == {"not_told"}


def test_without_an_inventory_nothing_is_told(view):
    found = data_summary(view, Arrivals())
    for counts in found["states"].values():
        assert counts["not_told"] == counts["total"] > 0
    assert found["rules"] == {"can_run": 0, "cannot_fire": 0, "not_told": 5, "total": 5}


# ---- for any rules and inventories -------------------------------------------------------------------------

WORDS = (SIGN_INS, TRAIL, PROCESSES, "sigma_logsource:windows/registry_set", "index:nobody-knows-*")
SOURCES = ("azure:signinlogs", "AWS:CloudTrail", "Elastic Defend", "WinEventLog:Sysmon", "auditd:SYSCALL")
ANY = examples(6)


@st.composite
def reading_rules(draw):
    values, paths = draw(rule_values())
    words = tuple(draw(st.lists(st.sampled_from(WORDS), unique=True, max_size=2)))
    return {**values, "rule_class": "production", "enabled": None, "log_words": words}, paths


corpora = st.lists(reading_rules(), max_size=6)
scopes = st.fixed_dictionaries(
    {
        "platforms": st.sampled_from([(), ("Linux",), ("Windows", "IaaS")]),
        "rollup": st.sampled_from(list(ROLLUPS)),
    }
)
names = st.lists(st.sampled_from(SOURCES), unique=True)
inventories = st.builds(
    lambda names, complete: Arrivals(connected(names, listed_log_sources()), complete),
    names,
    st.sampled_from([(), EVERYTHING, (("Windows",),)]),
)


def running(view: View, arrivals: Arrivals) -> View:
    """The view with only rules that can run in scope."""
    rules = view.all_rules.assign(can_run=can_run(view.all_rules, arrivals, listed_log_sources()))
    return replace(view, all_rules=rules, scope=replace(view.scope, runs=True))


def both(view: View, arrivals: Arrivals) -> set[str]:
    rows = id_states(view, arrivals)
    return set(rows.loc[rows["state"] == "data_and_rule", "attack_id"])


@ANY
@given(corpora, scopes, inventories)
def test_the_states_add_up_and_are_those_of_rules_that_can_run(corpus, scope, arrivals):
    view = seen(corpus, scope)
    for frame, counts in zip(
        (id_states(view, arrivals), placement_states(view, arrivals)),
        (len(view.techniques), len(view.placements)),
        strict=True,
    ):
        assert len(frame) == counts
        assert set(frame["state"]) <= set(DATA_STATES)
        parts = frame[["rules_can_run", "rules_cannot_fire", "rules_not_told"]]
        assert (parts.sum(axis=1) == frame["rules"]).all() and (parts >= 0).all(axis=None)
    for counts in state_counts(view, arrivals).values():
        assert sum(counts[name] for name in DATA_STATES) == counts["total"]
    open_now = set(gaps(running(view, arrivals))["attack_id"])
    assert both(view, arrivals) == set(view.techniques["attack_id"]) - open_now


@ANY
@given(corpora, scopes, inventories, names)
def test_removal_is_a_recount_without_the_rules_that_stop(corpus, scope, arrivals, gone):
    view = seen(corpus, scope)
    after = arrivals.without(gone)
    found = what_if(view, arrivals, after)
    stopped = set(found.rules.loc[found.rules["before"] == "can_run", "rule_key"])
    assert not (found.rules["after"] == "can_run").any()
    recount = only_rules(view, set(view.all_rules["rule_key"]) - stopped)
    assert both(view, after) == both(recount, arrivals)
    assert set(found.ids_that("dark")) == both(view, arrivals) - both(recount, arrivals)
    assert set(found.ids["change"]) <= set(DATA_CHANGES)
    left = id_states(recount, arrivals).set_index("attack_id")["rules_can_run"]
    before = id_states(view, arrivals).set_index("attack_id")["rules_can_run"]
    one = {i for i in both(recount, arrivals) if left[i] == 1 < before[i]}
    assert set(found.ids_that("one_rule")) >= one


@ANY
@given(corpora, scopes, inventories)
def test_what_hangs_on_a_source_is_what_its_removal_takes(corpus, scope, arrivals):
    view = seen(corpus, scope)
    lost, hanging = lost_with(view, arrivals), verdict_by_rule(view, arrivals)
    for name in SOURCES:
        after = arrivals.without([name])
        assert lost.get(name, frozenset()) == both(view, arrivals) - both(view, after)
        stops = {
            key
            for key, one in verdict_by_rule(view, after).items()
            if one.verdict != "can_run" and hanging[key].verdict == "can_run"
        }
        assert stops == {key for key, one in hanging.items() if one.hangs_on == name}


@ANY
@given(corpora, scopes, inventories)
def test_what_a_source_would_bring_is_what_a_recount_with_it_finds(corpus, scope, arrivals):
    view = seen(corpus, scope)
    threat = threat_in(group_profile(["G0016"]), small.catalogue(), small.reading().reader, small.DAY)
    found = next_sources(view, arrivals, threat).set_index("source")
    for name in SOURCES:
        if arrivals.source(name) == ARRIVES:
            assert name not in found.index
            continue
        after = arrivals.with_(connected([name], listed_log_sources()))
        change = what_if(view, arrivals, after)
        brought = (tuple(change.ids_that("lit")), _reached(view, arrivals, after))
        starting = int((change.rules["after"] == "can_run").sum())
        row = found.loc[name] if name in found.index else {"covered": (), "in_reach": (), "rules": 0}
        assert (row["covered"], row["in_reach"], row["rules"]) == (*brought, starting)


def _reached(view: View, before: Arrivals, after: Arrivals) -> tuple[str, ...]:
    """The open IDs for which data arrives afterwards and did not before."""
    old, new = (id_states(view, one).set_index("attack_id") for one in (before, after))
    arrives = (new["data"] == ARRIVES) & (old["data"] != ARRIVES) & ~new["covered"]
    return tuple(sorted(new.index[arrives]))


@ANY
@given(corpora, scopes, inventories, names)
def test_more_data_never_takes_anything_away(corpus, scope, arrivals, more):
    view = seen(corpus, scope)
    after = arrivals.with_(connected(more, listed_log_sources()))
    assert both(view, arrivals) <= both(view, after)
    old, new = (id_data(view, one)["visibility"] for one in (arrivals, after))
    assert ((new >= old) & new.between(0, 1)).all()


def test_every_word_has_a_meaning(view, arrivals):
    rows = rule_verdicts(view, arrivals)
    assert set(rows["verdict"]) <= set(VERDICTS) and set(rows["reason"]) <= set(DATA_REASONS)
