"""Next steps and the plan: by hand on a small corpus, by a second count on the real ones, and in files."""

from __future__ import annotations

import csv
import io

import pytest

from coverage.exports.plan import plan_csv, plan_markdown, work_plan
from coverage.frames import checked
from coverage.measures import gaps
from coverage.measures.accepted import with_accepted
from coverage.measures.frames import DATA_NEEDED, NEXT_STEPS
from coverage.measures.next_steps import data_needed, next_steps, source_words
from coverage.project.accepted_gaps import Accepted, Entry
from coverage.scope import View
from tests.helpers import small
from tests.helpers.views import borrowing, elastic_and_sigma


@pytest.mark.parametrize(
    ("log_source", "channel", "words"),
    [
        ("WinEventLog:Sysmon", "EventCode=3, 22", "Sysmon 3 or 22"),
        ("WinEventLog:Security", "EventCode=4663, 4670, 4656", "Security 4663, 4670 or 4656"),
        ("auditd:SYSCALL", "execve", "auditd:SYSCALL execve"),
        ("esxi:hostd", "execution of esxcli with unusual arguments", "esxi:hostd"),
        ("Domain Name", "", "Domain Name"),
    ],
)
def test_a_log_source_in_a_few_words(log_source, channel, words):
    assert source_words(log_source, channel) == words


def action_of(view: View, attack_id: str, *also: str) -> tuple[str, str]:
    found = gaps(view, also)
    steps = next_steps(found, view)
    row = steps[steps["attack_id"] == attack_id].iloc[0]
    return row["action"], small.letters(row["start_rules"])


def test_the_steps_of_the_small_corpus_by_hand():
    view = small.read_embedded(small.loaded(), small.E18).view(on=small.DAY)
    assert action_of(view, "T1003.002")[0].startswith("Refine “") and action_of(view, "T1003.002")[1] == "b"
    assert action_of(view, "T1057")[0].startswith("Promote “") and action_of(view, "T1057")[1] == "m"
    assert action_of(view, "T1105", "fragile")[0].startswith("Add a second rule beside “")
    assert action_of(view, "T1053.002") == ("Write a new rule; 1 rule of its siblings can be a start", "a")


def test_data_is_that_of_the_platforms_in_scope():
    view = small.read_embedded(small.loaded(), small.E19).view(on=small.DAY, platforms=("Linux",))
    found = checked(data_needed(view), DATA_NEEDED)
    assert set(found["platform"]) == {"Linux"}
    assert not any("(Windows" in one for row in next_steps(gaps(view), view)["data"] for one in row)


def test_a_rule_of_another_set_is_named_and_files_are_guarded():
    found = borrowing({"mine": {}, "theirs": {"=cmd() <b>[x](http://a.b)": (["T1105"], {})}})
    entry = Entry("T1105", "planned", "because", "@owner", "=ticket")
    rows = with_accepted(gaps(found.mine), Accepted(by_place={("T1105", ""): entry}), found.mine)
    plan = work_plan(rows[rows["attack_id"] == "T1105"], found.mine, found.others)
    assert "theirs has a rule for it: “=cmd() <b>[x](http://a.b)”" in plan["what_to_do"].iloc[0]
    (row,) = csv.DictReader(io.StringIO(plan_csv(plan, found.scope).decode()))
    assert row["rules"].startswith("'=cmd()") and (row["owner"], row["ticket"]) == ("'@owner", "'=ticket")
    text = plan_markdown(plan, found.scope).decode()
    assert text.startswith("# Plan: 1 gap to close\n") and "<b>" not in text.replace("\\<b>", "")
    links = text.replace("](https://attack.mitre.org/techniques/T1105/)", "").replace("\\](", "")
    assert "](http" not in links


@pytest.mark.corpora
def test_the_real_corpora_are_counted_again(shared):
    real = elastic_and_sigma(shared("corpora", "elastic"), shared("corpora", "sigma"))
    whole = real.view(on=small.DAY)
    mine, others = whole.of_corpora(["elastic"]), whole.of_corpora(["sigma"])
    found = gaps(mine)
    steps = checked(next_steps(found, mine, others), NEXT_STEPS)
    on_ids: dict[str, set[str]] = {}
    for key, leaf in zip(real.mappings["rule_key"], real.mappings["attack_id"], strict=True):
        if isinstance(leaf, str):
            for attack_id in {leaf, leaf.partition(".")[0]}:
                on_ids.setdefault(attack_id, set()).add(key)
    production = set(whole.all_rules.loc[whole.all_rules["rule_class"] == "production", "rule_key"])
    for gap, step in zip(found.to_dict("records"), steps.to_dict("records"), strict=True):
        sigma = {key for key in on_ids.get(gap["attack_id"], ()) if key.startswith("sigma/")}
        assert set(step["other_rules"]) == sigma & production, gap["attack_id"]
        if gap["gap_type"] == "parent_only":
            assert set(step["start_rules"]) <= on_ids[gap["parent_id"]] and step["start_rules"]
        assert step["step"].startswith(step["action"]) and len(step["step"]) < 400
    assert (steps["other_rules"].map(len) > 0).sum() > 20
