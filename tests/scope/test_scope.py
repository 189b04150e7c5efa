"""The scope: which rules and techniques count, what a view is made of, and what the stamp says."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pandas as pd
import pytest

from coverage.catalogue import Release
from coverage.catalogue.frames import TECHNIQUES
from coverage.frames import checked
from coverage.loaders.frames import RULES
from coverage.mapping.frames import PLACED
from coverage.reading import platforms_of
from coverage.scope import Scope, once_a_view, rules_in_scope, unread_rules
from coverage.scope import view as scope_module
from coverage.vocabulary import RULE_CLASSES
from tests.helpers import small
from tests.helpers.small import DAY, E18, E19, letters, view
from tests.helpers.threads import SECONDS, Gate, at_once

ALL = tuple(RULE_CLASSES)


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, "abcdefghijkl"),  # production, not p: it is known to be disabled
        ({"enabled": "any"}, "abcdefghijklp"),
        ({"enabled": "enabled"}, ""),  # no file here says `enabled = true`
        ({"classes": ("building_block",)}, "m"),
        ({"classes": ("hunt",)}, "n"),
        ({"classes": ("deprecated",)}, "o"),
        ({"classes": ("development",)}, "q"),
        ({"classes": ()}, ""),
        ({"classes": ALL, "enabled": "any"}, "abcdefghijklmnopq"),
        ({"platforms": ("Linux",)}, "fg"),  # h, i and j do not say where they work
        ({"platforms": ("Windows",)}, "abcdel"),
        ({"platforms": ("Linux", "macOS")}, "fgk"),
        ({"platforms": ("SaaS",)}, ""),
        ({"platforms": ("Windows",), "classes": ALL, "enabled": "any"}, "abcdelmopq"),
        ({"pre": True}, "abcdefghijkl"),
        ({"rollup": "direct"}, "abcdefghijkl"),
    ],
)
def test_the_rules_in_scope(choices, expected):
    assert letters(view(**choices).rules["rule_key"]) == expected


def test_known_to_be_enabled_counts_only_where_the_rule_says_so():
    rules = small.loaded().rules.copy()
    rules["enabled"] = pd.array([True, False, None, *[None] * (len(rules) - 3)], dtype="boolean")
    scope = Scope(Release.parse(E18), classes=ALL, enabled="enabled")
    assert rules_in_scope(rules, scope).tolist() == [True] + [False] * 16
    scope = Scope(Release.parse(E18), classes=ALL)
    assert rules_in_scope(rules, scope).tolist() == [True, False] + [True] * 15


def test_rules_without_a_live_id_are_unread():
    # g names a tactic only, h nothing, j ATLAS only.
    assert letters(unread_rules(view())["rule_key"]) == "ghj"


# DOMAIN 1 and 5: live IDs 216 + 475 in 18.1; without PRE-only ones 197 + 402.
@pytest.mark.parametrize(
    ("release", "pre", "techniques", "subtechniques", "placements"),
    [
        (E18, True, 216, 475, 887),
        (E18, False, 197, 402, 795),
        (E19, True, 222, 475, 872),
        (E19, False, 201, 400, 776),
    ],
)
def test_the_denominators(release, pre, techniques, subtechniques, placements):
    frame = checked(view(release, pre=pre).techniques, TECHNIQUES)
    assert (len(frame) - frame["is_subtechnique"].sum(), frame["is_subtechnique"].sum()) == (
        techniques,
        subtechniques,
    )
    assert len(view(release, pre=pre).placements) == placements
    assert set(frame["status"]) == {"live"}


def test_pre_only_means_no_other_platform():
    out, wide = view().techniques, view(pre=True).techniques
    extra = wide[~wide["attack_id"].isin(out["attack_id"])]
    assert set(extra["platforms"]) == {("PRE",)}
    assert ("PRE",) not in set(out["platforms"])
    assert {"T1595", "T1595.002"} <= set(extra["attack_id"])


@pytest.mark.parametrize("pre", [False, True])
def test_a_platform_filter_cuts_ids_and_their_platforms(pre):
    techniques = small.catalogue().techniques
    frame = view(platforms=("Linux", "macOS"), pre=pre).techniques
    expected = {
        attack_id: tuple(p for p in platforms if p in ("Linux", "macOS") or (pre and p == "PRE"))
        for attack_id, platforms, status in techniques[["attack_id", "platforms", "status"]].itertuples(
            index=False
        )
        if status == "live"
    }
    assert dict(zip(frame["attack_id"], frame["platforms"], strict=True)) == {
        k: v for k, v in expected.items() if v
    }


def test_placed_counts_rules_and_ids_in_scope_only():
    placed = checked(view().placed, PLACED)
    assert letters(set(placed["rule_key"])) == "abcdefikl"
    assert "T1595.002" not in set(placed["attack_id"])  # PRE-only
    wide = view(pre=True).placed
    assert letters(wide.loc[wide["attack_id"] == "T1595.002", "rule_key"]) == "f"
    linux = view(platforms=("Linux",)).placed
    assert sorted(zip(linux["tactic_id"], linux["attack_id"], strict=True)) == [
        ("TA0001", "T1078"),
        ("TA0005", "T1078"),
    ]


def test_the_platforms_that_rules_in_scope_work_on():
    pairs = view(platforms=("Linux", "macOS")).rule_platforms
    assert sorted((small.LETTERS[k], p) for k, p in pairs.itertuples(index=False)) == [
        ("f", "Linux"),
        ("g", "Linux"),
        ("k", "macOS"),
    ]


def test_the_view_with_pre_is_the_view_of_that_scope():
    wide, made = view().with_pre(), view(pre=True)
    assert wide.scope == made.scope
    pd.testing.assert_frame_equal(wide.techniques, made.techniques)
    pd.testing.assert_frame_equal(wide.placed, made.placed)
    assert view().scope.pre is False


def test_the_stamp_says_everything_that_changes_a_number():
    scope = view(E19, platforms=("Linux",), pre=True, classes=("production", "hunt"), rollup="all").scope
    stamp = scope.stamp()
    (corpus,) = stamp.pop("corpora")
    assert stamp == {
        "attack": "enterprise-19.0",
        "rollup": "all",
        "pre": True,
        "platforms": ["Linux"],
        "classes": ["production", "hunt"],
        "enabled": "not_disabled",
        "date": "2026-03-31",
    }
    assert (corpus["name"], corpus["path"], corpus["rules"], corpus["files"]) == (
        "small",
        str(small.SMALL),
        17,
        17,
    )
    assert corpus["content"].startswith("sha256:") and len(corpus["content"]) == 7 + 64
    sentence = scope.sentence()
    assert all(
        part in sentence
        for part in (
            "Enterprise 19.0",
            "production, hunt",
            "Linux",
            "with pre-attack techniques",
            "when every sub-technique is",
        )
    )
    assert (
        "small: 17 rules" in scope.corpora_sentence() and corpus["content"][:19] in scope.corpora_sentence()
    )


def test_scopes_that_count_differently_have_different_sentences():
    choices = [
        {},
        {"pre": True},
        {"platforms": ("Linux",)},
        {"classes": ALL},
        {"rollup": "all"},
        {"enabled": "any"},
    ]
    assert len({view(**choice).scope.sentence() for choice in choices} | {view(E19).scope.sentence()}) == 7


@pytest.mark.parametrize(
    "wrong", [{"rollup": "some"}, {"enabled": "maybe"}, {"classes": ("production", "prod")}]
)
def test_a_scope_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="unknown"):
        Scope(Release.parse(E18), date=DAY, **wrong)


def test_a_scope_is_a_value():
    assert view().scope == small.reading().view(on=DAY).scope
    with pytest.raises(FrozenInstanceError):
        view().scope.pre = True


def test_looking_changes_no_frame():
    before = small.loaded().rules.copy(deep=True)
    here = small.reading().view(platforms=("Windows",), on=DAY)
    checked(here.rules, RULES)
    assert len(here.all_placed) > len(here.placed) > 0
    pd.testing.assert_frame_equal(small.loaded().rules, before)


def test_platforms_of_a_release():
    assert platforms_of(small.catalogue()) == [
        "Containers",
        "ESXi",
        "IaaS",
        "Identity Provider",
        "Linux",
        "Network Devices",
        "Office Suite",
        "PRE",
        "SaaS",
        "Windows",
        "macOS",
    ]


# ---- what is kept with a view --------------------------------------------------------------------------


def _measure_named_alike(number: int):
    @once_a_view
    def alike(view) -> int:
        return number

    return alike


def test_two_measures_of_one_name_are_two_measures():
    now = view()
    assert (_measure_named_alike(1)(now), _measure_named_alike(2)(now)) == (1, 2)


def test_a_measure_is_made_once_for_its_arguments():
    asked = []

    @once_a_view(most=1)
    def measure(now, *words: str) -> tuple[str, ...]:
        asked.append(words)
        return words

    now = view()
    assert [measure(now, *words) for words in ("a", "a", "b")] == [("a",), ("a",), ("b",)]
    assert asked == [("a",), ("b",)]
    assert measure(replace(now), "b") == ("b",) and len(asked) == 3


def test_the_view_with_pre_shares_what_does_not_depend_on_techniques():
    now = view()
    wide = now.with_pre()
    assert wide.rules is now.rules and now.placed_anywhere is wide.placed_anywhere
    assert wide.techniques is not now.techniques


def test_a_view_that_takes_long_holds_up_no_other(monkeypatch):
    """Two threads, as two readers of the dashboard: the joins of one wait, the other's are done."""
    gate, quick, placed = Gate(), view(), scope_module.placed_rules
    slow = replace(view(), mappings=quick.mappings.copy())

    def waiting(mappings, catalogue):
        if mappings is slow.mappings:
            gate()
        return placed(mappings, catalogue)

    monkeypatch.setattr(scope_module, "placed_rules", waiting)
    (thread,) = at_once(lambda: slow.placed)
    assert gate.entered.wait(SECONDS)
    rows: list[int] = []
    (other,) = at_once(lambda: rows.append(len(quick.placed)))
    other.join(SECONDS)
    assert rows == [len(quick.placed)]
    gate.opened.set()
    thread.join(SECONDS)
    assert len(slow.placed) == len(quick.placed) and gate.count == 1
