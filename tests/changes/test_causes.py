"""Which cause a difference names in files of many rules, which files it says cannot be read, and what the
comment keeps.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from coverage.changes.difference import Difference, difference
from coverage.changes.rule_diff import RuleDiff, unreadable_files, unreadable_sentence
from coverage.changes.snapshot import snapshot_bytes, snapshot_of
from coverage.changes.steps import State
from coverage.exports.briefing import changes_since
from coverage.exports.difference import (
    difference_csv,
    difference_json,
    difference_markdown,
    rule_counts,
)
from coverage.loaders import CorpusSource, Loaded, load
from coverage.project.accepted_gaps import accepted_in
from tests.helpers import small
from tests.helpers.small import DAY, E18
from tests.helpers.states import rule_file

BROKEN = '{"broken": '


@pytest.fixture(autouse=True)
def embedded(monkeypatch):
    """The releases that come with the project alone, whatever the user's cache holds."""
    monkeypatch.setenv("COVERAGE_CACHE", str(small.SMALL / "no-cache-here"))


def line(name: str, technique: str) -> str:
    """One rule of a Kibana export."""
    threat = {
        "framework": "MITRE ATT&CK",
        "tactic": {"id": "TA0002", "name": "Execution", "reference": ""},
        "technique": [{"id": technique, "name": "x", "reference": ""}],
    }
    return json.dumps(
        {
            "id": name,
            "rule_id": name,
            "name": name,
            "type": "query",
            "severity": "low",
            "risk_score": 21,
            "query": "x",
            "enabled": True,
            "threat": [threat],
        }
    )


def loaded(folder: Path, corpus: str = "made", **files: str) -> Loaded:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return load([CorpusSource(corpus, folder)])


def ndjson(folder: Path, *lines: str, corpus: str = "made") -> Loaded:
    return loaded(folder, corpus, a_ndjson="".join(f"{one}\n" for one in lines))


def changes(before: Loaded, after: Loaded) -> dict[str, tuple]:
    return {row["name"]: row["changes"] for row in RuleDiff(before, after).frame.to_dict("records")}


def compared(before: Loaded, after: Loaded) -> Difference:
    return difference(
        *(
            State("a state", side, small.read_embedded(side, E18).view(on=DAY).scope)
            for side in (before, after)
        )
    )


R1, R2, R3 = line("R1", "T1059"), line("R2", "T1053"), line("R3", "T1204")


# ---- removed, or unreadable
# -----------------------------------------------------------------------------------------


def test_a_rule_taken_out_of_a_file_that_was_broken_before_is_removed(tmp_path):
    before = ndjson(tmp_path / "before", R1, R2, BROKEN, R3)
    assert changes(before, ndjson(tmp_path / "same", R1, BROKEN, R3)) == {"R2": ("removed",)}
    assert changes(before, ndjson(tmp_path / "worse", R1, BROKEN, BROKEN, R3)) == {"R2": ("unreadable",)}
    assert changes(ndjson(tmp_path / "good", R1, R2, R3), ndjson(tmp_path / "broken", R1, BROKEN, R3)) == {
        "R2": ("unreadable",)
    }


def test_an_error_in_a_file_of_that_name_in_another_corpus_says_nothing(tmp_path):
    rule_file(tmp_path / "one" / "a.toml", "r-1", "T1190")
    (tmp_path / "two").mkdir()
    sources = [CorpusSource(name, tmp_path / name) for name in ("one", "two")]
    before = load(sources)
    (tmp_path / "one" / "a.toml").unlink()
    (tmp_path / "two" / "a.toml").write_text("[rule\n", encoding="utf-8")
    diff = RuleDiff(before, load(sources))
    assert diff.frame["changes"].tolist() == [("removed",)] and [
        file.corpus for file in diff.unreadable_files
    ] == ["two"]


def test_a_corpus_of_another_name_is_still_the_same_file(tmp_path):
    """Two folders that are compared: each is a corpus named after itself."""
    before = ndjson(tmp_path / "old", R1, R2, BROKEN, corpus="old")
    assert changes(before, ndjson(tmp_path / "new", R1, BROKEN, corpus="new")) == {"R2": ("removed",)}
    assert changes(before, ndjson(tmp_path / "newer", R1, BROKEN, BROKEN, corpus="newer")) == {
        "R2": ("unreadable",)
    }


def test_a_snapshot_keeps_no_errors_so_every_one_is_new(tmp_path):
    before = ndjson(tmp_path / "before", R1, R2)
    kept = snapshot_of(snapshot_bytes(small.read_embedded(before, E18).view(on=DAY), before)).loaded
    diff = RuleDiff(kept, ndjson(tmp_path / "after", R1, BROKEN))
    assert diff.frame["changes"].tolist() == [("unreadable",)] and len(diff.unreadable_files) == 1


# ---- files that cannot be read
# --------------------------------------------------------------------------------------


def test_a_new_file_that_cannot_be_read_is_said(tmp_path):
    name = "<b> @me|x_toml"
    before, after = (
        loaded(tmp_path / "before", a_ndjson=f"{R1}\n"),
        loaded(tmp_path / "after", **{"a_ndjson": f"{R1}\n", name: "[rule\n"}),
    )
    found = compared(before, after)
    assert rule_counts(found) == "1 rule, 1 before: no rule differs; 1 file cannot be read: <b> @me|x.toml"
    (file,) = difference_json(found)["unreadable_files"]
    assert (file["corpus"], file["path"], file["line"], file["rules"]) == ("made", "<b> @me|x.toml", 1, 0)
    text = difference_markdown(found)
    assert (
        "**1 file cannot be read, or not whole**" in text
        and r"| `<b> @me\|x.toml` | 1 | `Not valid TOML: " in text
    )
    assert "<b>" not in re.sub(r"`[^`]*`", "", text)
    same = compared(after, after)
    assert (
        same.rules.unreadable_files == ()
        and difference_json(same)["unreadable_files"] == []
        and "cannot be read" not in difference_markdown(same)
    )


def test_the_files_in_one_sentence(tmp_path):
    texts = {f"b{n}_toml": "[rule\n" for n in range(7)}
    files = unreadable_files(loaded(tmp_path / "rules", **texts, a_ndjson=f"{R1}\n{BROKEN}\n"))
    assert [file.path for file in files] == ["a.ndjson", *(f"b{n}.toml" for n in range(7))] and [
        file.rules for file in files
    ] == [1, *[0] * 7]
    assert (
        unreadable_sentence(files)
        == "7 files cannot be read: b0.toml, b1.toml, b2.toml, b3.toml, b4.toml and 2 more; 1 file cannot be "
        "read whole: a.ndjson"
    )
    assert unreadable_sentence(()) == ""
    assert unreadable_files(load([CorpusSource("gone", tmp_path / "gone")])) == ()  # that is said elsewhere


# ---- which rule is which
# --------------------------------------------------------------------------------------------


def document(title: str, tag: str, rule_id: str = "") -> str:
    return (
        f"title: {title}\n{f'id: {rule_id}' if rule_id else 'author: x'}\nstatus: stable\nlogsource: "
        "{category: process_creation, product: windows}\n"
        f"detection: {{selection: {{Image: {title}}}, condition: selection}}\ntags: [{tag}]\n"
    )


def test_the_order_of_rules_in_a_file_says_nothing(tmp_path):
    a, b = (
        document("A", "attack.t1059.001", "11111111-1111-4111-8111-111111111111"),
        document("B", "attack.t1082"),
    )
    before, after = (
        loaded(tmp_path / "before", s_yml=f"{a}---\n{b}"),
        loaded(tmp_path / "after", s_yml=f"{b}---\n{a}"),
    )
    assert len(before.rules) == len(after.rules) == 2
    assert RuleDiff(before, after).pairs == {"made/s.yml": "made/s.yml#1", "made/s.yml#1": "made/s.yml"}
    assert changes(before, after) == {} == changes(after, before)


def test_another_rule_in_the_first_place_is_another_rule(tmp_path):
    ids = [f"{n}1111111-1111-4111-8111-111111111111" for n in range(3)]
    a, b, c = (document(name, "attack.t1082", rule_id) for name, rule_id in zip("ABC", ids, strict=True))
    assert changes(
        loaded(tmp_path / "before", s_yml=f"{a}---\n{b}"), loaded(tmp_path / "after", s_yml=f"{c}---\n{b}")
    ) == {"A": ("removed",), "C": ("added",)}


def test_a_file_that_got_a_second_rule_keeps_its_first(tmp_path):
    a, b = document("A", "attack.t1082"), document("B", "attack.t1059.001")
    assert changes(
        loaded(tmp_path / "before", s_yml=a), loaded(tmp_path / "after", s_yml=f"{b}---\n{a}")
    ) == {"B": ("added",)}


# ---- the comment
# ----------------------------------------------------------------------------------------------------


def test_a_comment_holds_what_there_is_room_for(tmp_path):
    ids = sorted(small.catalogue().techniques.query("status == 'live'")["attack_id"])
    for place, attack_id in enumerate(ids):
        rule_file(tmp_path / "rules" / f"{place}.toml", f"id-{place}", attack_id)
    (tmp_path / "empty").mkdir()
    found = compared(
        load([CorpusSource("made", tmp_path / "empty")]), load([CorpusSource("made", tmp_path / "rules")])
    )
    gained = found.units[(found.units["grain"] != "placements") & (found.units["change"] == "gained")][
        "attack_id"
    ].tolist()
    assert len(gained) > 500
    whole = difference_markdown(found, 10_000_000)
    assert whole.count("| [T") == len(gained) and "by ID" not in whole and "more rules." not in whole
    cut = difference_markdown(found)
    assert len(cut) <= 60_000 and 100 <= cut.count("| [T") < len(gained)
    (listed,) = re.findall(r"<details><summary>… and (\d+) more, by ID</summary>\n\n(.*)\n\n</details>", cut)
    assert (
        int(listed[0]) == len(gained) - cut.count("| [T")
        and listed[1].split(", ") == gained[cut.count("| [T") :]
    )
    for most in (20_000, 8_000, 4_000, 1_500):
        assert len(difference_markdown(found, most)) <= most
    small_one = difference_markdown(found, 4_000)  # no room for 500 IDs: a count, and as many rows as fit
    assert "by ID" not in small_one and f"… and {len(gained) - small_one.count('| [T'):,} more." in small_one


@pytest.mark.parametrize(("count", "words"), [(4, "and 1 more rule"), (5, "and 2 more rules")])
def test_one_more_rule(tmp_path, count, words):
    for place in range(count):
        rule_file(tmp_path / "rules" / f"{place}.toml", f"id-{place}", "T1105")
    (tmp_path / "empty").mkdir()
    found = compared(
        load([CorpusSource("made", tmp_path / "empty")]), load([CorpusSource("made", tmp_path / "rules")])
    )
    row = found.units[found.units["grain"] == "techniques"].iloc[0]
    assert row["because"].endswith(f"; {words}") and f"; {words} |" in difference_markdown(found)


# ---- accepted gaps
# --------------------------------------------------------------------------------------------------


def test_what_is_lost_and_accepted_says_so(tmp_path):
    before, after = ndjson(tmp_path / "before", R1, R2, R3), ndjson(tmp_path / "after", R3)
    (tmp_path / "gaps.toml").write_text(
        '[[gap]]\nid = "T1053"\nstate = "accepted"\nreason = "r"\nowner = "o"\nuntil = 2026-12-31\n',
        encoding="utf-8",
    )
    accepted = accepted_in([tmp_path / "gaps.toml"], small.reading(E18).reader)
    found = compared(before, after)
    marks = {
        (one["grain"], one["attack_id"]): one["accepted"] for one in difference_json(found, accepted)["units"]
    }
    assert marks == {
        ("techniques", "T1053"): "accepted until 2026-12-31",
        ("techniques", "T1059"): None,
        ("placements", "T1053"): "accepted until 2026-12-31",
        ("placements", "T1059"): None,
    }
    assert {one["accepted"] for one in difference_json(found)["units"]} == {None}
    rows = list(csv.DictReader(io.StringIO(difference_csv(found, accepted).decode("utf-8"))))
    assert [row["accepted"] for row in rows if row["attack_id"] == "T1053"] == [
        "accepted until 2026-12-31"
    ] * 2
    text = difference_markdown(found, accepted=accepted)
    assert (
        "| covered → open; accepted until 2026-12-31 | rules | `R2` removed |" in text
        and "| covered → open | rules | `R1` removed |" in text
    )
    assert "accepted" not in difference_markdown(found)
    assert (
        difference_markdown(compared(after, before), accepted=accepted).count("accepted") == 0
    )  # it is covered then
    assert changes_since(found, accepted)["rows"]["accepted"].tolist() == ["accepted until 2026-12-31", ""]
    assert list(changes_since(found)["rows"].columns) == ["technique", "name", "change", "because"]
