"""Several corpora: what is one rule, what each covers alone and together, and how a corpus is named."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from coverage.cli import application
from coverage.corpora import offered
from coverage.corpora.offered import default_texts, offered_corpora, resolved
from coverage.frames import checked
from coverage.identity import same_rules
from coverage.loaders import corpus_sources, load
from coverage.loaders.frames import RULES, rules_frame, written_frame
from coverage.loaders.repeats import repeats
from coverage.mapping.frames import PLACED
from coverage.mapping.reader import mappings_as_read
from coverage.measures import (
    MEASURES,
    corpus_summary,
    coverage_by_corpus,
    coverage_by_id,
    covered_elsewhere,
    covering_corpora,
    gaps,
    placements_by_corpus,
    rule_mappings,
    rule_neighbours,
    rules_with_ids,
    severity_mix,
    summary,
    technique_rules,
)
from coverage.measures.frames import CORPUS_COVERAGE, CORPUS_PLACEMENTS, CORPUS_SUMMARY
from coverage.models import CorpusStamp
from coverage.project.settings import Settings, SettingsError, read_settings
from coverage.scope import Scope, View, rules_in_scope, unread_rules
from coverage.tables import PROJECT
from coverage.vocabulary import ROLLUPS, RULE_CLASSES
from tests.helpers import small
from tests.helpers.any_rules import EXAMPLES, WEIGHTS, catalogue, ids, reader
from tests.helpers.corpora_made import THREE, read, rule_text, seen, write_corpora
from tests.helpers.small import DAY, E19, by_id, read_embedded

EVERY_CLASS = tuple(RULE_CLASSES)


# ---- what is one rule ------------------------------------------------------------------------------------


PAIR = {
    "ours": {
        "a.toml": rule_text("same", ["T1059.001"], name="Ours", system="Windows", severity="low"),
        "b.toml": rule_text("other", ["T1003"], tactic="TA0006", system="Linux"),
    },
    "theirs": {
        "x.toml": rule_text("same", ["T1059.001", "T1053"], name="Theirs", system="Linux", severity="high")
    },
}


def test_one_id_in_two_corpora_is_one_rule_with_both_mappings_and_platforms(tmp_path):
    view = seen(tmp_path, PAIR)
    assert view.counts_as == {"ours/a.toml": "theirs/x.toml"}  # the more severe copy is shown
    assert view.rules["rule_key"].tolist() == ["ours/b.toml", "theirs/x.toml"]
    assert view.rules.set_index("rule_key").loc["theirs/x.toml", "platforms"] == ("Linux", "Windows")
    assert len(view.every_rule) == 3
    ids = coverage_by_id(view)
    power_shell = by_id(ids, "T1059.001")
    assert (power_shell["rules"], power_shell["depth"]) == (1, 0.5)
    assert power_shell["open_platforms"] == () and power_shell["platforms"] == ("Windows",)
    assert by_id(ids, "T1059")["rules"] == 1
    scheduled = by_id(ids, "T1053")
    assert (scheduled["rules"], scheduled["depth"], scheduled["platforms_covered"]) == (1, 0.5, 2)
    figures = summary(view)
    assert figures["rules"].items() >= {"read": 3, "in_scope": 2, "same_elsewhere": 1, "unmapped": 0}.items()
    tactics = {row["name"]: row["rules"] for row in figures["tactics"] if row["rules"]}
    assert tactics == {"Execution": 1, "Credential Access": 1}
    assert severity_mix(view).to_dict() == {"high": 1, "low": 1}
    checked(view.rules, RULES)
    checked(view.placed, PLACED)


def test_the_rule_is_listed_once_with_the_other_corpus_beside_it(tmp_path):
    view = seen(tmp_path, PAIR)
    rows = rules_with_ids(view).set_index("rule_key")
    assert rows["attack_ids"].to_dict() == {
        "ours/b.toml": ("T1003",),
        "theirs/x.toml": ("T1059.001", "T1053"),
    }
    assert rows["also_in"].to_dict() == {"ours/b.toml": (), "theirs/x.toml": ("ours",)}
    on_technique = technique_rules(view, "T1059")
    assert on_technique[["rule_key", "in_scope", "mapped_to"]].values.tolist() == [
        ["theirs/x.toml", True, ("T1059.001",)]
    ]
    assert rule_neighbours(view, "ours/a.toml").empty and rule_neighbours(view, "theirs/x.toml").empty
    assert rule_mappings(view, "ours/a.toml")["attack_id"].tolist() == [
        "T1059.001"
    ]  # each file keeps its own


def test_one_content_in_two_corpora_is_one_rule_and_the_pair_is_a_problem(tmp_path):
    text = rule_text("same", ["T1003"], tactic="TA0006")
    reading = read(tmp_path, {"ours": {"a.toml": text}, "theirs": {"deep/a copy.toml": text}})
    assert len(reading.view(on=DAY).rules) == 1
    (problem,) = reading.loaded.problems.to_dict("records")
    assert (problem["code"], problem["severity"], problem["corpus"], problem["path"]) == (
        "same-content",
        "note",
        "theirs",
        "deep/a copy.toml",
    )
    assert (
        problem["message"]
        == "The same content is in both theirs/deep/a copy.toml and ours/a.toml; it counts once."
    )


def test_one_id_in_one_corpus_stays_two_rules_and_is_matched_one_to_one(tmp_path):
    two = {"a.toml": rule_text("x", ["T1003"], tactic="TA0006"), "b.toml": rule_text("x", ["T1053"])}
    assert len(seen(tmp_path / "1", {"ours": two}).rules) == 2
    one_more = {"ours": two, "theirs": {"z.toml": rule_text("x", ["T1059"])}}
    view = seen(tmp_path / "2", one_more)
    assert len(view.rules) == 2
    assert view.counts_as == {"theirs/z.toml": "ours/a.toml"}  # matched in path order
    assert set(view.placed.loc[view.placed["rule_key"] == "ours/a.toml", "attack_id"]) == {"T1003", "T1059"}
    same_two = {"ours": two, "theirs": dict(two)}
    assert seen(tmp_path / "3", same_two).counts_as == {
        "theirs/a.toml": "ours/a.toml",
        "theirs/b.toml": "ours/b.toml",
    }


def test_equal_content_is_matched_before_equal_ids(tmp_path):
    here, there = rule_text("x", ["T1003"], tactic="TA0006"), rule_text("x", ["T1053"])
    view = seen(
        tmp_path, {"ours": {"a.toml": here, "b.toml": there}, "theirs": {"a.toml": there, "b.toml": here}}
    )
    assert view.counts_as == {"theirs/a.toml": "ours/b.toml", "theirs/b.toml": "ours/a.toml"}


@pytest.mark.parametrize(
    ("scope", "copy", "shown"),
    [
        ({}, {"maturity": "deprecated"}, {"ours/a.toml"}),
        (
            {"classes": EVERY_CLASS},
            {"maturity": "deprecated"},
            {"ours/a.toml"},
        ),  # in scope both: the better class is shown
        ({}, {"enabled": False}, {"ours/a.toml"}),
        ({"enabled": "any"}, {"enabled": False}, {"ours/a.toml"}),
        ({"enabled": "enabled"}, {"enabled": True}, {"theirs/x.toml"}),  # ours does not say
        ({"platforms": ("Linux",)}, {"system": "Linux"}, {"theirs/x.toml"}),
        ({"platforms": ("Windows",)}, {"system": "Linux"}, {"ours/a.toml"}),
        ({}, {"updated": "2026/05/01"}, {"theirs/x.toml"}),  # equally good: the one changed last
    ],
)
def test_the_rule_counts_once_with_the_weight_of_its_better_copy(tmp_path, scope, copy, shown):
    corpora = {
        "ours": {"a.toml": rule_text("x", ["T1053"])},
        "theirs": {"x.toml": rule_text("x", ["T1053"], **copy)},
    }
    view = seen(tmp_path, corpora, **scope)
    assert set(view.rules["rule_key"]) == shown
    assert by_id(coverage_by_id(view), "T1053")["depth"] == 0.5
    assert by_id(coverage_by_id(view), "T1053")["rules"] == 1


def test_a_copy_out_of_scope_lends_nothing(tmp_path):
    corpora = {
        "ours": {"a.toml": rule_text("x", ["T1053"], system="Windows")},
        "theirs": {
            "x.toml": rule_text("x", ["T1003"], tactic="TA0006", system="Linux", maturity="development")
        },
    }
    view = seen(tmp_path, corpora)
    assert set(view.placed["attack_id"]) == {"T1053"}
    assert view.rules.iloc[0]["platforms"] == ("Windows",)
    assert by_id(gaps(view), "T1003")["gap_type"] == "not_production"


def test_rules_out_of_scope_are_counted_once_too(tmp_path):
    draft = rule_text("x", ["T1003"], tactic="TA0006", maturity="development")
    view = seen(tmp_path, {"ours": {"a.toml": draft}, "theirs": {"x.toml": f"# theirs\n{draft}"}})
    row = by_id(gaps(view), "T1003")
    assert (row["rules_out_of_scope"], row["gap_type"]) == (1, "not_production")


def test_a_copy_in_scope_is_never_counted_as_out_of_scope(tmp_path):
    corpora = {
        "ours": {"a.toml": rule_text("x", ["T1003.001"], tactic="TA0006")},
        "theirs": {"x.toml": rule_text("x", ["T1003.001"], tactic="TA0006", severity="high")},
    }
    view = seen(tmp_path, corpora, rollup="all")
    assert by_id(gaps(view), "T1003")["rules_out_of_scope"] == 0


def test_rules_that_map_to_nothing_are_counted_once_and_by_all_copies(tmp_path):
    corpora = {
        "ours": {"a.toml": rule_text("x"), "b.toml": rule_text("y")},
        "theirs": {"a.toml": rule_text("x", severity="high"), "b.toml": rule_text("y", ["T1053"])},
    }
    view = seen(tmp_path, corpora)
    assert summary(view)["rules"].items() >= {"in_scope": 2, "same_elsewhere": 2, "unmapped": 1}.items()
    assert unread_rules(view)["rule_key"].tolist() == ["theirs/a.toml"]


def test_an_id_that_others_give_too_needs_the_same_format_and_name():
    """Every Wazuh server has a rule 100001 of its own, and every table a rule 1."""
    rules = [
        small.rule("a", corpus="one", rule_id="100001", name="Brute force", format="wazuh"),
        small.rule("b", corpus="two", rule_id="100001", name="Brute force", format="suricata"),
        small.rule("c", corpus="two", rule_id="100001", name="Brute  Force", format="wazuh"),
        small.rule("h", corpus="three", rule_id="100001", name="Ransom note", format="wazuh"),
        small.rule("i", corpus="one", rule_id="R-1", name="Phish", format="table"),
        small.rule("j", corpus="two", rule_id="R-1", name="Worm", format="table"),
        small.rule("k", corpus="one", rule_id=UUID, name="Phish", format="table"),
        small.rule("l", corpus="two", rule_id=UUID, name="Worm", format="elastic"),
        small.rule("d", corpus="one", rule_id="u-1", format="kibana"),
        small.rule("e", corpus="two", rule_id="u-1", format="elastic"),
        small.rule("f", corpus="one", rule_id=None),
        small.rule("g", corpus="two", rule_id=None),
    ]
    assert same_rules(rules_frame(rules)) == {"c": "a", "e": "d", "l": "k"}
    loud = [(problem.corpus, problem.path) for problem in repeats(rules)]
    assert loud == [("two", "c.toml"), ("two", "l.toml"), ("two", "e.toml")]


UUID = "6a5f1c0e-0000-4000-8000-000000000000"


def test_one_content_within_a_corpus_counts_once_and_is_listed(tmp_path):
    text = rule_text("", ["T1053.005"], name="No id").replace('rule_id = ""\n', "")
    one = {"p/b.toml": text, "q/b.toml": text, "c.toml": rule_text("c", ["T1003"], tactic="TA0006")}
    reading = read(tmp_path, {"ours": one})
    view = reading.view(on=DAY)
    assert view.rules["rule_key"].tolist() == ["ours/c.toml", "ours/p/b.toml"] and view.counts_as == {
        "ours/q/b.toml": "ours/p/b.toml"
    }
    assert (by_id(coverage_by_id(view), "T1053.005")[["rules", "depth"]].tolist()) == [1, 0.5]
    assert summary(view)["rules"].items() >= {"read": 3, "in_scope": 2, "same_elsewhere": 1}.items()
    assert rules_with_ids(view)["also_in"].tolist() == [(), ()]
    assert [
        (row["code"], row["path"])
        for row in reading.loaded.problems.to_dict("records")
        if row["code"] != "no-rule-id"
    ] == [("same-content", "q/b.toml")]
    two = seen(tmp_path, {"ours": one, "theirs": {"x.toml": text}})
    assert len(two.rules) == 2 and len(two.of_corpora(["ours"]).rules) == 2
    assert corpus_summary(two)["rules"].tolist() == [2, 1, 2]
    counts = coverage_by_corpus(two)
    assert counts.loc[counts["attack_id"] == "T1053.005", "rules"].tolist() == [1, 1]


def test_a_copy_that_is_out_of_scope_by_its_folder_leaves_the_other_in(tmp_path):
    text = rule_text("x", ["T1053"])
    view = seen(tmp_path, {"ours": {"_deprecated/a.toml": text, "b.toml": text}})
    assert view.rules["path"].tolist() == ["b.toml"] and summary(view)["rules"]["same_elsewhere"] == 0


def test_a_corpus_inside_another_has_all_of_its_own_rules_in_any_order(tmp_path):
    write_corpora(
        tmp_path,
        {
            "all": {
                "win/1.toml": rule_text("1", ["T1059.001"]),
                "win/2.toml": rule_text("2", ["T1053"]),
                "3.toml": rule_text("3", ["T1021"], tactic="TA0008"),
            }
        },
    )
    texts = [f"all={tmp_path / 'all'}", f"win={tmp_path / 'all' / 'win'}"]
    for order in (texts, texts[::-1]):
        loaded = load(corpus_sources(order))
        view = read_embedded(loaded, E19).view(on=DAY)
        assert {name: len(view.of_corpora([name]).rules) for name in ("all", "win")} == {"all": 3, "win": 2}
        assert len(view.rules) == 3 and summary(view)["techniques"]["covered"] == 3
        (note,) = loaded.problems.to_dict("records")  # one for the pair, not one a rule
        first, second = (text.partition("=")[0] for text in order)
        assert (note["code"], note["corpus"]) == ("same-file", second)
        assert (
            note["message"]
            == f"2 files from here on are in the corpus '{first}' as well; their rules count once."
        )


def test_the_nth_rule_of_a_file_is_matched_with_the_nth():
    rules = [
        small.rule(f"{corpus}/f.yml{nth}", corpus=corpus, path="f.yml", rule_id=None, content_hash="h")
        for corpus in ("one", "two")
        for nth in ("", "#1")
    ]
    assert same_rules(rules_frame(rules)) == {"two/f.yml": "one/f.yml", "two/f.yml#1": "one/f.yml#1"}


def test_one_corpus_is_as_it_ever_was():
    view = small.view(E19)
    assert view.counts_as == {} and view.rules.equals(
        view.all_rules[rules_in_scope(view.all_rules, view.scope)]
    )
    assert view.rules["rule_key"].equals(view.every_rule["rule_key"])
    assert summary(view)["rules"]["same_elsewhere"] == 0 and summary(view)["corpora"] == []


# ---- for any corpora -------------------------------------------------------------------------------------

copies = st.tuples(
    st.sampled_from(["one", "two", "three"]),
    st.sampled_from([None, "i", "j", "k"]),
    st.sampled_from(["", "", "h", "g"]),
    st.sampled_from(["production", "hunt", "deprecated"]),
    st.sampled_from([None, True, False]),
    st.sampled_from([(), ("Windows",), ("Linux", "macOS")]),
    st.sampled_from([None, "low", "high"]),
    st.lists(st.sampled_from(ids()), max_size=2),
)


def view_of(rules: list[tuple], order: tuple[str, ...], scope: dict) -> View:
    """The view of some copies, corpus by corpus in this order. What has the same content says the same; only
    its folder may differ.
    """
    ordered = sorted(enumerate(rules), key=lambda item: order.index(item[1][0]))
    made, written = [], []
    says = {content: (rule_id, *rest) for _, rule_id, content, _, *rest in reversed(rules) if content}
    for n, (corpus, own_id, content, rule_class, *own) in ordered:
        rule_id, enabled, platforms, severity, leaves = says.get(content, (own_id, *own))
        key = f"{corpus}/{n}.toml"
        made.append(
            small.rule(
                key,
                corpus=corpus,
                path=f"{n}.toml",
                rule_id=rule_id,
                content_hash=content,
                rule_class=rule_class,
                enabled=enabled,
                platforms=platforms,
                severity=severity,
            )
        )
        written += [small.mapping(key, place, leaf) for place, leaf in enumerate(leaves)]
    stamps = tuple(CorpusStamp(name, name, 0, 0, "") for name in order)
    frame = rules_frame(made)
    return View(
        catalogue(),
        frame,
        mappings_as_read(written_frame(written), reader()),
        Scope(catalogue().release, corpora=stamps, date=DAY, **scope),
        WEIGHTS,
    )


corpora_scopes = st.fixed_dictionaries(
    {
        "classes": st.sampled_from([("production",), ("production", "hunt"), EVERY_CLASS]),
        "enabled": st.sampled_from(["not_disabled", "enabled", "any"]),
        "platforms": st.sampled_from([(), ("Linux",)]),
        "rollup": st.sampled_from(list(ROLLUPS)),
    }
)


@EXAMPLES
@given(st.lists(copies, max_size=8), st.permutations(["one", "two", "three"]), corpora_scopes)
def test_the_order_of_corpora_changes_no_number(rules, order, scope):
    one, other = view_of(rules, ("one", "two", "three"), scope), view_of(rules, tuple(order), scope)
    assert len(one.rules) == len(other.rules)
    for name, measure in MEASURES.items():
        if name not in ("corpora", "corpus_summary"):  # these have a row a corpus, in the order given
            pd.testing.assert_frame_equal(
                measure.function(one), measure.function(other), obj=name, rtol=1e-12
            )
    mine, yours = summary(one), summary(other)
    assert {**mine, "stamp": None, "corpora": None} == {**yours, "stamp": None, "corpora": None}
    assert sorted(map(str, mine["corpora"])) == sorted(map(str, yours["corpora"]))


@EXAMPLES
@given(st.lists(copies, max_size=8), corpora_scopes)
def test_no_group_holds_two_rules_of_one_corpus_and_no_count_exceeds_the_files(rules, scope):
    view = view_of(rules, ("one", "two", "three"), scope)
    rows = list(zip(*(view.all_rules[name] for name in ("rule_key", "corpus", "content_hash")), strict=True))
    groups = defaultdict(set)
    for key, corpus, content in rows:
        groups[view.counts_as.get(key, key)].add((corpus, content or key))
    for found in groups.values():  # two of one corpus are one rule only by their content
        assert len({corpus for corpus, _ in found}) == len(found)
    assert set(view.counts_as.values()).isdisjoint(view.counts_as)  # a rule that is shown counts as itself
    alone = [len(view.of_corpora([name]).rules) for name in ("one", "two", "three")]
    assert max(alone) <= len(view.rules) <= sum(alone)
    assert not view.placed.duplicated().any() and set(view.placed["rule_key"]) <= set(view.rules["rule_key"])


@EXAMPLES
@given(st.lists(copies, max_size=8), corpora_scopes)
def test_the_union_covers_what_any_corpus_covers(rules, scope):
    view = view_of(rules, ("one", "two", "three"), {**scope, "rollup": "any"})
    union = coverage_by_id(view).set_index("attack_id")["covered"] > 0
    best = coverage_by_corpus(view).groupby("attack_id")["covered"].max() > 0
    assert (union == best.reindex(union.index)).all()


# ---- each corpus alone -----------------------------------------------------------------------------------


def test_who_covers_what(tmp_path):
    view = seen(tmp_path, THREE)
    coverage = checked(coverage_by_corpus(view), CORPUS_COVERAGE)
    assert len(coverage) == 3 * len(view.techniques)
    covering = covering_corpora(coverage, ["attack_id"])
    wanted = {
        "T1059": ("a", "b"),
        "T1059.001": ("a", "b"),
        "T1053": ("a", "c"),
        "T1053.005": ("c",),
        "T1021": ("b",),
        "T1003": (),
    }
    assert {attack_id: covering[attack_id] for attack_id in wanted} == wanted
    assert covering.map(len).sum() == sum(map(len, wanted.values()))
    cells = covering_corpora(
        checked(placements_by_corpus(view), CORPUS_PLACEMENTS), ["tactic_id", "attack_id"]
    )
    assert (
        cells["TA0002", "T1053"] == ("a", "c") and cells["TA0003", "T1053"] == ()
    )  # the rules name Execution
    assert covered_elsewhere(view, ["a"])["T1053.005"] == ("c",)
    assert covered_elsewhere(view, ["a"])["T1059"] == ("b",)
    assert covered_elsewhere(view, ["a", "b"])["T1021"] == ()


def test_the_figures_of_each_corpus_and_of_all(tmp_path):
    view = seen(tmp_path, THREE)
    rows = checked(corpus_summary(view), CORPUS_SUMMARY)
    techniques = int((~view.techniques["is_subtechnique"]).sum())
    assert rows["total"].tolist() == [techniques] * 4
    columns = ["rules_read", "rules", "covered", "only_here", "subtechniques_covered"]
    assert rows[columns].astype("object").where(rows[columns].notna(), None).values.tolist() == [
        [2, 2, 2, 0, 1],
        [2, 2, 2, 1, 1],
        [2, 1, 1, 0, 1],
        [6, 4, 3, None, 2],
    ]
    assert rows["corpus"].tolist()[:3] == ["a", "b", "c"] and pd.isna(rows["corpus"].iloc[3])
    assert summary(view)["corpora"] == [
        {
            "name": "a",
            "covered": 2,
            "total": techniques,
            "subtechniques_covered": 1,
            "subtechniques": 400,
            "rules": 2,
        },
        {
            "name": "b",
            "covered": 2,
            "total": techniques,
            "subtechniques_covered": 1,
            "subtechniques": 400,
            "rules": 2,
        },
        {
            "name": "c",
            "covered": 1,
            "total": techniques,
            "subtechniques_covered": 1,
            "subtechniques": 400,
            "rules": 1,
        },
    ]


def test_under_share_what_is_covered_in_part_is_covered_but_not_wholly(tmp_path):
    view = seen(
        tmp_path,
        {
            "a": {"1.toml": rule_text("1", ["T1059.001"])},
            "b": {"2.toml": rule_text("2", ["T1003"], tactic="TA0006")},
        },
        rollup="share",
    )
    assert covering_corpora(coverage_by_corpus(view), ["attack_id"])["T1059"] == ("a",)
    assert covered_elsewhere(view, ["b"])["T1059"] == () and covered_elsewhere(view, ["b"])["T1059.001"] == (
        "a",
    )


def test_one_corpus_of_several_is_what_it_is_alone(tmp_path):
    reading = read(tmp_path, THREE)
    for name in THREE:
        part = reading.view(on=DAY, corpora=(name,))
        alone = read(tmp_path, THREE, [name]).view(on=DAY)
        assert part.scope == alone.scope and [stamp.name for stamp in part.scope.corpora] == [name]
        for title, measure in MEASURES.items():
            pd.testing.assert_frame_equal(measure.function(part), measure.function(alone), obj=title)
        assert summary(part) == summary(alone)
    whole = reading.view(on=DAY)
    assert whole.of_corpora(["a"]) is whole.of_corpora(["a"]) and whole.of_corpora(list(THREE)) is whole
    with pytest.raises(ValueError, match="unknown rule set: d"):
        whole.of_corpora(["a", "d"])


def test_with_pre_keeps_what_counts_as_what(tmp_path):
    view = seen(tmp_path, PAIR)
    wide, made = view.with_pre(), seen(tmp_path, PAIR, pre=True)
    assert wide.counts_as == made.counts_as != {}
    pd.testing.assert_frame_equal(wide.placed, made.placed)


# ---- real corpora ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(shared):
    return small.real_reading(
        E19, *(shared("corpora", name) for name in ("elastic", "elastic-endpoint", "sigma"))
    )


@pytest.mark.corpora
@pytest.mark.parametrize("classes", [("production",), ("production", "hunt", "building_block")])
def test_the_union_of_the_real_corpora_is_what_a_plain_count_says(three, classes):
    """A second count, rule by rule in plain Python: one name a rule, and what the names cover."""
    view = three.view(on=DAY, classes=classes)
    rules = [
        row
        for row in three.loaded.rules.to_dict("records")
        if row["rule_class"] in classes and row["enabled"] is not False
    ]
    owners = defaultdict(set)
    for row in rules:
        owners[row["rule_id"]].add(row["corpus"])
    shared_ids = {
        rule_id for rule_id, corpora in owners.items() if isinstance(rule_id, str) and len(corpora) > 1
    }
    name = {
        row["rule_key"]: row["rule_id"] if row["rule_id"] in shared_ids else row["rule_key"] for row in rules
    }
    assert shared_ids and len(view.rules) == len(set(name.values())) == len(name) - len(shared_ids)
    live = {row["attack_id"]: row for row in view.techniques.to_dict("records")}
    by_leaf = defaultdict(set)
    for row in three.mappings.to_dict("records"):
        if row["rule_key"] in name and row["attack_id"] in live:
            by_leaf[row["attack_id"]].add(name[row["rule_key"]])
    covered = set(by_leaf) | {live[leaf]["parent_id"] for leaf in by_leaf if live[leaf]["is_subtechnique"]}
    figures = summary(view)
    assert figures["techniques"]["covered"] == sum(
        not live[attack_id]["is_subtechnique"] for attack_id in covered
    )
    assert figures["subtechniques"]["covered"] == sum(
        live[attack_id]["is_subtechnique"] for attack_id in by_leaf
    )
    told = coverage_by_id(view).set_index("attack_id")["rules_direct"]
    assert told[told > 0].to_dict() == {attack_id: len(found) for attack_id, found in by_leaf.items()}


@pytest.mark.corpora
def test_the_real_corpora_in_any_order_and_each_alone(three):
    view = three.view(on=DAY)
    backwards = replace(three.loaded, rules=three.loaded.rules.iloc[::-1].reset_index(drop=True))
    turned = replace(three, loaded=backwards).view(on=DAY)
    pd.testing.assert_frame_equal(coverage_by_id(view), coverage_by_id(turned), rtol=1e-12)
    assert summary(view) == summary(turned)
    rows = corpus_summary(view)
    for name in ("elastic", "elastic-endpoint", "sigma"):
        row = rows[rows["corpus"] == name].iloc[0]
        mine = view.of_corpora([name])
        assert row["covered"] == summary(mine)["techniques"]["covered"]
        assert set(mine.all_rules["corpus"]) == {name}
    assert rows["covered"].iloc[-1] >= rows["covered"].iloc[:-1].max()


# ---- names: coverage.toml, what is on by default, the command line
# -------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, without anything of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COVERAGE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("COVERAGE_RULES", raising=False)
    return tmp_path


SETTINGS = """
[[corpora]]
name = "ours"
path = "a"
colour = "#0072B2"

[[corpora]]
name = "theirs"
path = "b"
enabled = false
"""


def settings_of(folder: Path, text: str) -> Settings:
    (folder / "coverage.toml").write_text(text, encoding="utf-8")
    return read_settings(folder / "coverage.toml")


def test_corpora_of_the_settings(here):
    found = settings_of(here, SETTINGS)
    ours, theirs = offered_corpora(found)
    assert (ours.name, ours.path, ours.colour, ours.enabled, ours.origin) == (
        "ours",
        here / "a",
        "#0072B2",
        True,
        "coverage.toml",
    )
    assert (theirs.path, theirs.colour, theirs.enabled) == (here / "b", None, False)
    assert default_texts(found) == [f"ours={here / 'a'}"]
    assert default_texts(Settings()) == [str(PROJECT / "rules")]
    assert default_texts(found, os.pathsep.join(["x", "n=y"])) == ["x", "n=y"]


def test_rules_that_are_near_stand_before_the_examples(here, monkeypatch):
    """Beside the settings, then in the current folder; a settings file without corpora changes nothing
    else.
    """
    examples, settings = [str(PROJECT / "rules")], settings_of(here, "")
    deep = here / "deep"
    deep.mkdir()
    monkeypatch.chdir(deep)
    assert default_texts(settings) == examples and default_texts(settings, examples=False) == []
    (here / "rules").mkdir()
    assert default_texts(Settings()) == examples and default_texts(settings) == [str(here / "rules")]
    (deep / "rules").mkdir()
    assert default_texts(Settings(), examples=False) == ["rules"] and default_texts(settings) == [
        str(here / "rules")
    ]
    assert default_texts(settings, "x") == ["x"]
    (here / "rules").rmdir()
    assert default_texts(settings) == ["rules"]
    (deep / "rules").rmdir()
    (deep / "rules").write_text("no folder", encoding="utf-8")
    assert default_texts(settings) == examples
    named = settings_of(here, SETTINGS)
    (here / "rules").mkdir()
    assert default_texts(named) == [f"ours={here / 'a'}"]


@pytest.mark.parametrize(
    ("folder", "repository", "found"),
    [
        ("", False, "examples"),
        ("docs", False, "examples"),
        ("vendor", False, "examples"),
        ("vendor", True, "rules"),
        ("vendor/deep", True, None),
    ],
)
def test_the_examples_are_the_rules_of_the_project_alone(here, monkeypatch, folder, repository, found):
    """A git work tree of somebody's own below the project's folder is not the project."""
    project = here / "project"
    monkeypatch.setattr(offered, "PROJECT", project)
    monkeypatch.setattr(offered, "EXAMPLES", project / "rules")
    for name in ("rules", "docs/rules", "vendor/rules", "vendor/deep"):
        (project / name).mkdir(parents=True)
    if repository:
        (project / "vendor" / ".git").mkdir()
    monkeypatch.chdir(project / folder)
    wanted = [str(project / "rules")] if found == "examples" else [found] if found else []
    assert default_texts(Settings(), examples=False) == wanted


def test_a_name_stands_for_its_path_unless_there_is_such_a_path(here):
    found = settings_of(here, SETTINGS)
    assert resolved(["ours", "theirs", "neither", "n=x"], found) == [
        f"ours={here / 'a'}",
        f"theirs={here / 'b'}",
        "neither",
        "n=x",
    ]
    (here / "ours").mkdir()
    assert resolved(["ours"], found) == ["ours"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[corpora]]\npath = "a"', "corpora[0] has no name"),
        ('[[corpora]]\nname = "a"', "corpora[0] has no path"),
        ('[[corpora]]\nname = "a/b"\npath = "x"', "corpora[0].name holds one of"),
        ('[[corpora]]\nname = "a=b"\npath = "x"', "corpora[0].name holds one of"),
        (
            '[[corpora]]\nname = "a"\npath = "x"\n[[corpora]]\nname = "a"\npath = "y"',
            "corpora[1].name is the name of two corpora",
        ),
        (
            '[[corpora]]\nname = "a"\npath = "x"\ncolour = "blue"',
            'corpora[0].colour is not a colour written "#0072B2"',
        ),
        (
            '[[corpora]]\nname = "a"\npath = "x"\nenabled = "yes"',
            "corpora[0].enabled is text, not true or false",
        ),
        (
            '[[corpora]]\nname = "a"\npath = "x"\nfolder = "y"',
            "corpora[0].folder is not a setting; known: name, path, colour, enabled",
        ),
        ('corpora = "a"', "corpora is text, not a list of tables"),
    ],
)
def test_settings_that_cannot_be_used(here, text, message):
    with pytest.raises(SettingsError) as caught:
        settings_of(here, text)
    assert message in str(caught.value) and str(caught.value).startswith(f"{here / 'coverage.toml'}:")


def told(*arguments: str) -> dict:
    result = CliRunner().invoke(application(), [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_command_line_reads_the_corpora_that_are_on(here):
    write_corpora(here, {"a": THREE["a"], "b": THREE["b"]})
    settings_of(here, SETTINGS)
    assert [corpus["name"] for corpus in told("summary")["stamp"]["corpora"]] == ["ours"]
    both = told("summary", "ours", "theirs")
    assert [(c["name"], c["rules"]) for c in both["stamp"]["corpora"]] == [("ours", 2), ("theirs", 2)]
    assert both["rules"]["in_scope"] == 3 and both["rules"]["same_elsewhere"] == 1
    assert [row["name"] for row in both["corpora"]] == ["ours", "theirs"]
    rows = told("corpora", "list")["corpora"]
    assert [(row["name"], row["on"]) for row in rows[:2]] == [("ours", True), ("theirs", False)]
    assert {row["name"] for row in rows[2:]} == {"elastic", "sigma", "splunk"}
    assert CliRunner().invoke(application(), ["corpora", "path", "theirs"]).stdout == f"{here / 'b'}\n"


def test_one_corpus_on_the_command_line(here):
    texts = write_corpora(here, THREE)
    one = told("summary", *texts, "--corpus", "b")
    assert [corpus["name"] for corpus in one["stamp"]["corpora"]] == ["b"] and one["rules"]["read"] == 2
    assert (
        one["rules"]["problems"] == 1 and told("summary", *texts, "--corpus", "a")["rules"]["problems"] == 0
    )
    assert {rule["corpus"] for rule in told("rules", *texts, "--corpus", "a", "--corpus", "c")["rules"]} == {
        "a",
        "c",
    }
    assert (
        len(told("problems", *texts)["problems"])
        == len(told("problems", *texts, "--corpus", "b")["problems"])
        == 1
    )
    found = {gap["technique_id"] for gap in told("gaps", *texts, "--corpus", "c")["gaps"]}
    assert "T1021" in found and "T1053" not in found
    result = CliRunner().invoke(application(), ["summary", *texts, "--corpus", "d"])
    assert result.exit_code == 2 and "unknown rule set: 'd'; choose from a, b, c" in result.stderr


def test_broken_settings_stop_the_command_line_with_a_sentence(here):
    settings_of(here, "") and (here / "coverage.toml").write_text("[[corpora]]\nname = 1")
    result = CliRunner().invoke(application(), ["summary"])
    assert result.exit_code == 2
    assert "corpora[0].name is a whole number, not text" in result.stderr


def test_every_summary_says_when_rules_are_in_two_corpora(here):
    texts = write_corpora(here, PAIR)
    result = CliRunner().invoke(application(), ["summary", *texts])
    assert "1 more is a copy of one of these and counts once." in " ".join(result.stdout.split())
    assert "by rule set" in result.stdout
