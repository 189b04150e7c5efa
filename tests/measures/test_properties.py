"""What holds for any rules: order changes nothing, a rule more never lowers a number, sums agree."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from coverage.exports.tables import gaps_csv
from coverage.measures import (
    MEASURES,
    coverage_by_id,
    coverage_by_placement,
    coverage_by_platform,
    coverage_by_tactic,
    gaps,
    summary,
)
from tests.helpers.any_rules import (
    EXAMPLES,
    corpora,
    rule_values,
    scopes,
    seen,
)


@EXAMPLES
@given(corpora, scopes, st.data())
def test_the_order_of_rules_changes_nothing(corpus, scope, data):
    shuffled = data.draw(st.permutations(range(len(corpus))))
    one, other = seen(corpus, scope), seen(corpus, scope, shuffled)
    for name, measure in MEASURES.items():
        pd.testing.assert_frame_equal(measure.function(one), measure.function(other), obj=name, rtol=1e-12)
    assert summary(one) == summary(other)
    assert gaps_csv(gaps(one), one.scope) == gaps_csv(gaps(other), other.scope)


@EXAMPLES
@given(corpora, rule_values(), scopes)
def test_a_rule_more_never_lowers_a_number(corpus, extra, scope):
    before, after = seen(corpus, scope), seen([*corpus, extra], scope)
    for measure in (coverage_by_id, coverage_by_placement):
        old, new = measure(before), measure(after)
        for column in (
            "any",
            "direct",
            "all",
            "share",
            "covered",
            "rules",
            "depth",
            "breadth",
            "score",
            "platforms_covered",
        ):
            fell = new[column].astype(float) < old[column].astype(float) - 1e-12
            assert not fell.any(), (measure.__name__, column, new.loc[fell, "attack_id"].tolist())
    for measure in (coverage_by_tactic, coverage_by_platform):
        old, new = measure(before), measure(after)
        assert (old["total"] == new["total"]).all()
        assert (new["covered"] >= old["covered"] - 1e-12).all() and (new["rules"] >= old["rules"]).all()
    assert set(gaps(after)["attack_id"]) <= set(gaps(before)["attack_id"])


@EXAMPLES
@given(corpora, scopes)
def test_shares_lie_between_nought_and_one_and_roll_ups_are_ordered(corpus, scope):
    view = seen(corpus, scope)
    for frame in (coverage_by_id(view), coverage_by_placement(view)):
        for column in ("share", "covered", "depth", "breadth", "score"):
            assert frame[column].between(0, 1).all(), column
        assert (frame["any"] >= frame["all"]).all() and (frame["any"] >= frame["direct"]).all()
        assert (frame["any"] >= frame["share"]).all() and (frame["share"] >= frame["all"]).all()
        assert (frame["rules_any"] >= frame["rules_direct"]).all()
        assert (frame["subtechniques_covered"] <= frame["subtechniques"]).all()
        assert (frame["platforms_covered"] <= frame["platforms_total"]).all()
        assert (frame["score"] <= frame["depth"]).all()
        assert (frame["rules_any"] <= len(view.rules)).all()


@EXAMPLES
@given(corpora, scopes)
def test_sums_agree_over_the_grains(corpus, scope):
    view = seen(corpus, scope)
    found, by_cell, by_platform = (
        coverage_by_id(view),
        coverage_by_placement(view),
        coverage_by_platform(view),
    )
    result = summary(view)
    for part in (result["techniques"], result["subtechniques"], result["placements"]):
        assert 0 <= part["covered"] <= part["total"]
    assert result["techniques"]["total"] + result["subtechniques"]["total"] == len(found)
    tactics = coverage_by_tactic(view)
    assert (
        tactics["total"].sum() + tactics["subtechniques"].sum()
        == result["placements"]["total"]
        == len(by_cell)
    )
    covered = tactics["covered"].sum() + tactics["subtechniques_covered"].sum()
    assert abs(covered - by_cell["covered"].sum()) < 1e-9
    # An ID has a rule exactly when one of its cells has; and no cell has more rules than its ID.
    direct = by_cell.groupby("attack_id")["direct"].any()
    assert direct.to_dict() == found.set_index("attack_id")["direct"].to_dict()
    rules = found.set_index("attack_id")["rules_any"]
    assert (by_cell["rules_any"] <= by_cell["attack_id"].map(rules)).all()
    # A platform's rules cover no more than all rules do, and nothing beyond the scope.
    assert (by_platform["covered"] <= by_platform["total"]).all()
    for row in by_platform.itertuples():
        assert row.total == sum(row.name in p for p in found.loc[~found["is_subtechnique"], "platforms"])
        assert row.covered <= found.loc[~found["is_subtechnique"], "any"].sum()
        assert row.rules <= len(view.rules)
    # Each open ID is a gap once, each other none.
    assert gaps(view)["attack_id"].is_unique
    assert set(gaps(view)["attack_id"]) == set(found.loc[found["covered"] < 1, "attack_id"])


@EXAMPLES
@given(corpora, scopes)
def test_rules_are_accounted_for(corpus, scope):
    counts = summary(seen(corpus, scope))["rules"]
    assert counts["read"] == len(corpus) == sum(counts["by_class"].values())
    lost = counts["unmapped"] + counts["tactic_only"] + counts["unread"]
    assert 0 <= lost <= counts["in_scope"] <= counts["read"]


@EXAMPLES
@given(corpora, scopes)
def test_a_rule_counts_only_where_it_says_or_nowhere_is_said(corpus, scope):
    """Crossed tactics: a rule's cell is one it named, or its technique was named without a valid tactic."""
    view = seen(corpus, scope)
    mappings = view.mappings[view.mappings["attack_id"].notna()]
    valid = mappings["tactic_status"].isin(["valid", "renamed"])
    named = set(
        mappings.loc[valid, ["rule_key", "attack_id", "tactic_id"]].itertuples(index=False, name=None)
    )
    loose = set(mappings.loc[~valid, ["rule_key", "attack_id"]].itertuples(index=False, name=None))
    placed = view.placed[["rule_key", "attack_id", "tactic_id"]].itertuples(index=False, name=None)
    assert all(cell in named or cell[:2] in loose for cell in placed)
