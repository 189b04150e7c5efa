"""What arrives, by inventories small enough to count by eye, and which rules can run on it."""

from __future__ import annotations

import pandas as pd
import pytest

from coverage.inventory.arrivals import ARRIVES, MISSING, NOT_TOLD, STALE, Arrivals, Listed, arrivals_of
from coverage.inventory.verdicts import Judge, Verdict, can_run, meaning
from coverage.loaders.frames import rules_frame
from coverage.log_sources import listed_log_sources
from tests.helpers.arriving import EVERYTHING, listed, listing
from tests.helpers.small import rule

SYSMON = "WinEventLog:Sysmon"


def judged(arrivals: Arrivals, *words: str, platforms: tuple = (), kind=None, language=None) -> Verdict:
    return Judge(arrivals, listed_log_sources()).verdict(words, platforms, kind, language)


# ---- log sources, words and components -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("complete", "platforms", "told"),
    [
        ((), ("Windows",), False),
        (((),), (), True),
        (((),), ("Windows", "Linux"), True),
        ((("Windows",),), ("Windows",), True),
        ((("Windows",),), ("Windows", "Linux"), False),
        ((("Windows",), ("Linux",)), ("Windows", "Linux"), True),
        ((("Windows",),), (), False),  # a rule of unknown platforms may be of another one
    ],
)
def test_an_inventory_is_complete_for_what_it_is_about(complete, platforms, told):
    assert Arrivals((), complete).complete_for(platforms) is told
    assert Arrivals((), complete).source("X", platforms) == (MISSING if told else NOT_TOLD)


def test_a_source_arrives_on_the_platforms_of_its_row():
    arrivals = Arrivals((Listed("", "x", ("X",), (), ("Windows",)),), EVERYTHING)
    assert arrivals.source("X") == arrivals.source("x", ["Windows"]) == ARRIVES
    assert arrivals.source("X", ["Linux"]) == MISSING
    assert arrivals.source("X", ["Linux", "Windows"]) == ARRIVES


def test_a_source_that_one_inventory_lacks_may_arrive_in_another():
    rows = (Listed("a", "x", ("X",), state=MISSING), Listed("b", "x", ("X",)))
    assert Arrivals(rows).source("X") == ARRIVES
    assert Arrivals(rows[:1]).source("X") == MISSING


def test_stale_counts_as_missing():
    arrivals = listing("sentinel_table:SigninLogs", state=STALE, complete=())
    assert arrivals.source("azure:signinlogs") == MISSING
    assert arrivals.stale("azure:signinlogs")
    assert judged(arrivals, "sentinel_table:SigninLogs").reason == "stale"
    assert not listing("sentinel_table:SigninLogs").stale("azure:signinlogs")


def test_a_component_arrives_with_a_row_that_carries_it():
    arrivals = Arrivals((Listed("", "x", ("X",), ("Process Creation",), ("Windows",)),), (("Windows",),))
    assert arrivals.component("Process Creation", "Windows") == ARRIVES
    assert arrivals.component("Process Creation", "Linux") == NOT_TOLD
    assert arrivals.component("File Creation", "Windows") == MISSING


def test_the_value_is_equal_by_its_content_and_a_key():
    assert listing("sentinel_table:SigninLogs") == listing("sentinel_table:SigninLogs")
    assert len({listing("sentinel_table:SigninLogs"), listing("sentinel_table:SigninLogs"), Arrivals()}) == 2


def test_it_is_made_of_an_inventory():
    frame = pd.DataFrame(
        {
            "inventory": ["siem", "siem"],
            "kind": ["sentinel_table", "sentinel_table"],
            "word": ["SigninLogs", "Own_CL"],
            "sources": [("azure:signinlogs",), ()],
            "components": [("User Account Authentication",), ()],
            "platforms": [(), ()],
            "state": ["arrives", "stale"],
            "last_event": pd.to_datetime(pd.Series(["2026-03-01", None])),
        }
    )
    arrivals = arrivals_of(frame, [["Windows"]])
    assert arrivals.complete == (("Windows",),)
    assert [row.last_event and row.last_event.isoformat() for row in arrivals.rows] == ["2026-03-01", None]
    assert [row.inventory for row in arrivals.rows] == ["siem", "siem"]
    assert arrivals.arriving == ("azure:signinlogs",)
    assert arrivals.source("Own_CL") == MISSING  # a word that no table knows is a log source of its own
    assert arrivals.knows("own_cl") and arrivals.knows("AZURE:signinlogs") and not arrivals.knows("x")


# ---- without and with --------------------------------------------------------------------------------------


def test_a_row_of_several_sources_arrives_for_as_long_as_one_of_them_does():
    both = Arrivals((Listed("index", "winlogbeat-8", ("A", "B"), ("C",)),))
    one = both.without(["a"])
    assert (one.source("A"), one.source("B"), one.component("C", "Windows")) == (MISSING, ARRIVES, ARRIVES)
    none = both.without(["A", "B"])
    assert (none.source("A"), none.source("B"), none.component("C", "Windows")) == (MISSING,) * 3
    assert one.without(["B"]).source("B") == MISSING


def test_a_word_of_an_inventory_can_be_taken_away_by_its_own_name():
    arrivals = listing("sentinel_table:SigninLogs", "sentinel_table:AuditLogs", complete=())
    less = arrivals.without(["SIGNINLOGS"])
    assert (less.source("azure:signinlogs"), less.source("azure:audit")) == (MISSING, ARRIVES)


def test_what_is_added_arrives():
    arrivals = Arrivals().with_([Listed("", "X", ("X",))])
    assert arrivals.source("X") == ARRIVES
    assert arrivals.with_([Listed("", "X", ("X",))]) == arrivals


# ---- rules -------------------------------------------------------------------------------------------------

STREAMS = ("index:logs-endpoint.events.process-default", "index:logs-windows.sysmon_operational-default")


@pytest.mark.parametrize(
    ("words", "verdict", "reason"),
    [
        (["index:logs-endpoint.events.process-*"], "can_run", "arrives"),  # as written
        (["index:LOGS-endpoint.events.*"], "can_run", "arrives"),
        (["index:logs-aws.cloudtrail-*", "index:logs-endpoint.events.*"], "can_run", "arrives"),  # any one
        (["sigma_logsource:windows/registry_set"], "can_run", "arrives"),  # through Sysmon
        (["splunk_source:Sysmon EventID 1"], "can_run", "arrives"),
        (["index:logs-aws.cloudtrail-*"], "cannot_fire", "missing"),
        (["index:filebeat-*", "index:logs-aws.cloudtrail-*"], "cannot_fire", "missing"),
        (["sentinel_table:SigninLogs"], "cannot_fire", "missing"),
        (["index:my-app-*"], "not_told", "unknown_words"),
        (["index:logs-aws.cloudtrail-*", "index:my-app-*"], "not_told", "unknown_words"),
        (["index:filebeat-*"], "not_told", "unknown_words"),  # it may be of anything
        ([], "not_told", "no_words"),
    ],
)
def test_a_rule_can_run_when_one_of_its_words_arrives(words, verdict, reason):
    found = judged(listing(*STREAMS), *words)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_what_arrives_under_a_name_of_everything_may_be_what_a_rule_reads():
    words = ("index:filebeat-*", "index:logs-aws.cloudtrail-*")
    found = judged(listing(*STREAMS, "index:filebeat-8.17"), *words)
    assert (found.verdict, found.reason) == ("not_told", "incomplete")
    assert found.missing == ("index:logs-aws.cloudtrail-*",)
    assert found.not_told == ("index:filebeat-*",)


def test_a_name_of_ones_own_is_enough_when_it_is_listed():
    found = judged(listing("index:my-app-prod"), "index:my-app-*")
    assert (found.verdict, found.hangs_on) == ("can_run", "my-app-prod")


def test_without_an_inventory_that_lists_all_nothing_is_missing():
    partly = listing(*STREAMS, complete=())
    assert judged(partly, "index:logs-aws.cloudtrail-*").reason == "incomplete"
    windows = listing(*STREAMS, complete=(("Windows",),))
    assert judged(windows, "sentinel_table:SigninLogs", platforms=("IaaS",)).verdict == "not_told"
    assert judged(windows, "sentinel_table:SigninLogs", platforms=("Windows",)).verdict == "cannot_fire"
    assert judged(Arrivals(), "sentinel_table:SigninLogs").verdict == "not_told"


def test_what_cannot_be_known_is_not_guessed():
    arrivals = listing(*STREAMS)
    learns = judged(arrivals, "index:logs-endpoint.events.*", kind="machine_learning")
    assert (learns.verdict, learns.reason) == ("not_told", "machine_learning")
    assert judged(arrivals, language="esql").reason == "esql"
    assert judged(arrivals, "index:logs-endpoint.events.*", language="esql").verdict == "can_run"


def test_platforms_of_a_source_and_of_a_rule_must_meet():
    linux = Arrivals((Listed("x", "x", (SYSMON,), (), ("Linux",)),), EVERYTHING)
    word = "sigma_logsource:windows/registry_set"
    assert judged(linux, word, platforms=("Windows",)).verdict == "cannot_fire"
    assert judged(linux, word).verdict == "can_run"


def test_a_rule_hangs_on_the_one_source_that_all_its_ways_go_through():
    one = listing("index:logs-windows.sysmon_operational-default")
    assert judged(one, "sigma_logsource:windows/registry_set").hangs_on == SYSMON
    two = listing(*STREAMS)
    words = ("index:logs-endpoint.events.process-*", "index:logs-windows.sysmon_operational-*")
    assert judged(two, *words).hangs_on is None
    for gone in ("Elastic Defend", SYSMON):
        assert judged(two.without([gone]), *words).verdict == "can_run"
    assert judged(two.without(["Elastic Defend", SYSMON]), *words).verdict == "cannot_fire"


@pytest.mark.parametrize(
    ("word", "row"),
    [
        ("sigma_logsource:windows/registry_set", "registry_set"),
        ("sigma_logsource:aws/cloudtrail", "aws/cloudtrail"),
        ("integration:endpoint.events.process", "endpoint"),
        ("splunk_source:Sysmon EventID 4711", "Sysmon"),
        ("index:no-such-stream", None),
    ],
)
def test_a_narrow_word_means_what_the_next_wider_one_does(word, row):
    found = meaning(word, listed_log_sources())
    assert (found and found.word) == row


def test_the_column_of_rules_has_three_states():
    rules = rules_frame(
        [
            rule("a", log_words=("sentinel_table:SigninLogs",)),
            rule("b", log_words=("sentinel_table:AuditLogs",)),
            rule("c"),
        ]
    )
    found = can_run(rules, listing("sentinel_table:SigninLogs"), listed_log_sources())
    assert [None if pd.isna(value) else value for value in found] == [True, False, None]


def test_the_table_knows_what_the_tests_list():
    assert listed("index:logs-endpoint.events.process-default").sources == ("Elastic Defend",)
    assert SYSMON in listed("index:logs-windows.sysmon_operational-default").sources
