"""A snapshot keeps how far a threat profile was covered, and `diff` says what became of that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from coverage.changes.difference import difference
from coverage.changes.snapshot import SnapshotError, ThreatState, snapshot_bytes, snapshot_of
from coverage.changes.steps import State
from coverage.changes.threat_state import ThreatChange, threat_change, threat_state
from coverage.exports.difference import difference_markdown
from coverage.threats.profile import group_profile
from coverage.threats.threat import threat_in
from tests.helpers import small
from tests.helpers.command_line import run
from tests.helpers.small import DAY, E19
from tests.helpers.states import rule_file

APT29, LAZARUS = "G0016", "G0032"
PROFILE = '[[threat]]\nname = "Ours"\ntechniques = ["T1105", "T1113"]\nweight = 2\n'
MORE = '[[threat]]\nname = "Ours"\ntechniques = ["T1105"]\nweight = 3\n'


def threat(*groups: str):
    reading = small.reading(E19)
    return threat_in(group_profile(groups), reading.catalogue, reading.reader, DAY)


def lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


@pytest.mark.parametrize("rollup", ["any", "share"])
@pytest.mark.parametrize("compressed", [False, True])
def test_what_is_kept_comes_back(compressed, rollup):
    view = small.view(E19, rollup=rollup)
    state = threat_state(view, threat(APT29, LAZARUS))
    found = snapshot_of(snapshot_bytes(view, small.loaded(), compressed, state))
    assert found.threat == state and state.needed
    assert [(one, weight) for one, _, weight in state.members] == [(APT29, 1.0), (LAZARUS, 1.0)]


def test_the_weighted_coverage_is_that_of_the_uses_by_sets():
    view = small.view(E19)
    state, uses = threat_state(view, threat(APT29, LAZARUS)), view.catalogue.uses
    in_scope = set(view.techniques["attack_id"])
    sets = [
        set(uses.loc[(uses["source_id"] == one) & (uses["target_kind"] != "software"), "target_id"])
        & in_scope
        for one in (APT29, LAZARUS)
    ]
    mapped = set(view.rules_on_ids["attack_id"])
    covered = mapped | {one.partition(".")[0] for one in mapped}  # any sub-technique covers its technique
    assert state.needed == len(sets[0] | sets[1])
    assert state.covered == len((sets[0] | sets[1]) & covered)
    share = sum(len(one & covered) for one in sets) / sum(map(len, sets))
    assert state.weighted == pytest.approx(share)


def test_an_old_snapshot_reads_and_keeps_no_profile():
    view = small.view(E19)
    head, *rest = lines(snapshot_bytes(view, small.loaded()))
    assert all(b'"threat"' not in line[:12] for line in rest)
    for version in (1, 2):
        old = snapshot_of(head.replace(b'"version":3', b'"version":%d' % version) + b"".join(rest))
        assert old.threat is None and old.version == version
    change = ThreatChange(old.threat, threat_state(view, threat(APT29)))
    assert change.sentence().endswith("The state before keeps no threat profile.")
    assert change.differences() == [] and change.values()["before"] is None


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (b'{"threat":{"needed":"many"}}\n', "needed"),
        (b'{"threat":{"members":[{"id":"G0016","weight":-1}]}}\n', "weight"),
        (b'{"threat":[]}\n', "not a line of a snapshot"),
        (b'{"threat":{"need":1e999}}\n', "need"),
    ],
)
def test_a_damaged_profile_is_refused_with_its_line(broken, cause):
    first, release, scope, *rest = lines(snapshot_bytes(small.view(E19), small.loaded()))
    with pytest.raises(SnapshotError, match="base:4: ") as error:
        snapshot_of(b"".join([first, release, scope, broken, *rest]), "base")
    assert cause in str(error.value)


def test_profiles_that_differ_are_told_apart_and_both_figures_stand():
    before = ThreatState("A", (("G1", "One", 1.0), ("G2", "Two", 1.0)), 1, 4, 0.5, 2.0)
    after = ThreatState("B", (("G2", "Two", 3.0), ("G3", "Three", 1.0)), 3, 4, 1.5, 2.0)
    change = ThreatChange(before, after)
    assert change.differences() == [
        "The threat profile was A, and is B.",
        "Only before against One.",
        "Only after against Three.",
        "Other weights: Two.",
    ]
    assert change.sentence() == (
        "Against two threat profiles that differ: 25.0% of the need and 1 of 4 needed IDs covered, before; "
        "75.0% of the need and 3 of 4 needed IDs covered, after (+50.0 points)."
    )
    assert ThreatChange(before, replace(before)).differences() == []
    assert "(no change)" in ThreatChange(before, before).sentence()


def test_a_state_whose_scope_is_another_one_is_counted_again():
    view = small.view(E19)
    kept = snapshot_of(snapshot_bytes(view, small.loaded(), threat=threat_state(view, threat(LAZARUS))))
    base = State("base", kept.loaded, kept.scope, kept)
    found = difference(base, State("now", small.loaded(), replace(view.scope, pre=True)))
    change = threat_change(found, group_profile([APT29]))
    assert change.before == kept.threat and change.before.name == LAZARUS
    assert change.after == threat_state(found.after, threat(APT29))
    text = difference_markdown(found, threat=change)
    assert "The threat profile was G0032, and is G0016" in text.replace("\\", "")


def test_the_command_keeps_the_profile_and_diff_compares_it(tmp_path: Path):
    (tmp_path / "coverage.toml").write_text(PROFILE, encoding="utf-8")
    rule_file(tmp_path / "rules" / "one.toml", "r-one", "T1105")
    kept = run("snapshot", "-o", "base.jsonl", "--date", "2026-03-31", cwd=tmp_path)
    assert kept.returncode == 0 and "against Ours 50.0% of the need" in kept.stderr
    rule_file(tmp_path / "rules" / "two.toml", "r-two", "T1113")
    told = json.loads(run("diff", "base.jsonl", "--json", cwd=tmp_path).stdout)["threat"]
    assert told["differences"] == []
    assert [(told[side]["weighted"], told[side]["covered"]) for side in ("before", "after")] == [
        (0.5, 1),
        (1, 2),
    ]
    assert told["before"]["members"] == [{"id": "list: Ours", "name": "Ours", "weight": 2.0}]
    (tmp_path / "coverage.toml").write_text(MORE, encoding="utf-8")
    text = run("diff", "base.jsonl", cwd=tmp_path).stdout
    assert "Other weights: Ours." in text and "(+50.0 points)" in text
    again = run("diff", "base.jsonl", "--profile", "Nobody", cwd=tmp_path)
    assert again.returncode == 2 and "'Nobody' is no threat profile and no file" in again.stderr
