"""Every measure on the small corpus, counted by hand; `helpers/small.py` lists what its rules map to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from coverage.catalogue import Catalogue
from coverage.frames import checked
from coverage.loaders.frames import rules_frame, written_frame
from coverage.mapping.reader import Reader, mappings_as_read
from coverage.measures import (
    MEASURES,
    activity_by_month,
    coverage_by_id,
    coverage_by_placement,
    coverage_by_platform,
    coverage_by_tactic,
    gaps,
    open_work,
    rule_counts,
    rule_data,
    rule_mappings,
    rule_neighbours,
    rules_with_ids,
    search_ranks,
    severity_mix,
    summary,
    technique_facts,
    technique_rules,
    telemetry_by_id,
    threat_by_id,
)
from coverage.measures.frames import TECHNIQUE_RULES
from coverage.measures.next_steps import next_steps
from coverage.measures.rule import _nearness
from coverage.models import Rule, WrittenMapping
from coverage.scope import Scope, View
from coverage.vocabulary import GAP_TYPES, ROLLUPS
from tests.helpers import small
from tests.helpers.small import DAY, E18, E19, by_id, view

KEYS = {letter: key for key, letter in small.LETTERS.items()}

# Techniques with a rule on them or below, and sub-techniques with a rule.
ANY = {
    E18: {"T1053", "T1003", "T1562", "T1574", "T1078", "T1071", "T1105", "T1132", "T1070"},
    E19: {"T1053", "T1003", "T1685", "T1574", "T1078", "T1071", "T1105", "T1132", "T1690", "T1027", "T1070"},
}
DIRECT = {
    E18: {"T1003", "T1078", "T1105", "T1070"},
    E19: {"T1003", "T1685", "T1078", "T1105", "T1690", "T1070"},
}
WHOLE = {
    E18: {"T1105", "T1132"},
    E19: {"T1105", "T1132", "T1690"},
}  # T1132 through both of its sub-techniques
SUBTECHNIQUES = {
    E18: {
        "T1053.005",
        "T1003.001",
        "T1562.001",
        "T1562.002",
        "T1562.003",
        "T1574.001",
        "T1071.001",
        "T1132.001",
        "T1132.002",
    },
    E19: {
        "T1053.005",
        "T1003.001",
        "T1574.001",
        "T1071.001",
        "T1132.001",
        "T1132.002",
        "T1685.001",
        "T1027.018",
    },
}
# Share of its sub-techniques: T1053 1/5, T1003 1/8, T1562 3/12, T1574 1/12, T1071 1/5; T1078 and T1070 none.
SHARES = {
    "T1053": 1 / 5,
    "T1003": 1 / 8,
    "T1562": 3 / 12,
    "T1574": 1 / 12,
    "T1071": 1 / 5,
    "T1105": 1,
    "T1132": 1,
}


def ids_where(frame: pd.DataFrame, mask: pd.Series) -> set[str]:
    return set(frame.loc[mask, "attack_id"])


# ---- what is covered -----------------------------------------------------------------------------------


@pytest.mark.parametrize("release", [E18, E19])
def test_the_four_roll_ups_side_by_side(release):
    ids = coverage_by_id(view(release))
    techniques, below = ids[~ids["is_subtechnique"]], ids[ids["is_subtechnique"]]
    assert ids_where(techniques, techniques["any"]) == ANY[release]
    assert ids_where(techniques, techniques["direct"]) == DIRECT[release]
    assert ids_where(techniques, techniques["all"]) == WHOLE[release]
    assert ids_where(techniques, techniques["share"] > 0) >= WHOLE[release]
    for name in ("any", "direct", "all", "covered", "share"):
        assert ids_where(below, below[name] == 1) == SUBTECHNIQUES[release], name


def test_the_share_of_each_technique():
    ids = coverage_by_id(view())
    techniques = ids[~ids["is_subtechnique"]].set_index("attack_id")["share"]
    assert {k: v for k, v in techniques.items() if v > 0} == pytest.approx(SHARES)


@pytest.mark.parametrize("rollup", list(ROLLUPS))
def test_covered_follows_the_chosen_roll_up(rollup):
    ids = coverage_by_id(view(rollup=rollup))
    assert (ids["covered"] == ids[rollup].astype(float)).all()
    assert (ids["rules"] == ids["rules_direct" if rollup == "direct" else "rules_any"]).all()


def test_a_rule_counts_once_a_technique_and_all_sub_techniques_count():
    ids = coverage_by_id(view())
    rules = {
        i: tuple(by_id(ids, i)[["rules", "rules_direct", "rules_any"]])
        for i in ("T1003", "T1132", "T1562", "T1053")
    }
    assert rules == {
        "T1003": (2, 1, 2),  # b has two paths here, c one
        "T1132": (1, 0, 1),  # i maps to both sub-techniques
        "T1562": (3, 0, 3),  # d, k, l on three sub-techniques, not the first alone
        "T1053": (1, 0, 1),  # a, in two tactics
    }
    row = by_id(ids, "T1562")
    assert (row["subtechniques"], row["subtechniques_covered"]) == (12, 3)


def test_a_rule_on_a_technique_covers_no_sub_technique():
    ids = coverage_by_id(view())
    below = ids[ids["parent_id"] == "T1070"]
    assert len(below) == 10 and not below["any"].any() and by_id(ids, "T1070")["direct"]


def test_the_tactic_only_and_the_unmapped_rule_cover_nothing():
    discovery = coverage_by_tactic(view()).set_index("tactic_id").loc["TA0007"]
    assert (discovery["covered"], discovery["subtechniques_covered"], discovery["rules"]) == (0, 0, 0)


CELLS = {
    E18: {
        "TA0001": {"T1078"},
        "TA0002": {"T1053", "T1053.005"},
        "TA0003": {"T1053", "T1053.005", "T1574", "T1574.001"},
        "TA0005": {"T1562", "T1562.001", "T1562.002", "T1562.003", "T1078", "T1070"},
        "TA0006": {"T1003", "T1003.001"},
        "TA0011": {"T1071", "T1071.001", "T1105", "T1132", "T1132.001", "T1132.002"},
    },
    E19: {
        "TA0001": {"T1078"},
        "TA0002": {"T1053", "T1053.005", "T1574", "T1574.001"},
        "TA0003": {"T1053", "T1053.005"},
        "TA0005": {"T1574", "T1574.001", "T1078", "T1027", "T1027.018", "T1070"},
        "TA0112": {"T1685", "T1685.001", "T1690"},
        "TA0006": {"T1003", "T1003.001"},
        "TA0011": {"T1071", "T1071.001", "T1105", "T1132", "T1132.001", "T1132.002"},
    },
}


@pytest.mark.parametrize("release", [E18, E19])
def test_the_cells_that_are_covered(release):
    cells = coverage_by_placement(view(release))
    found: dict[str, set[str]] = {}
    for row in cells[cells["covered"] == 1].itertuples():
        found.setdefault(row.tactic_id, set()).add(row.attack_id)
    assert found == CELLS[release]


def test_a_cell_counts_only_the_rules_that_count_in_it():
    cells = coverage_by_placement(view()).set_index(["tactic_id", "attack_id"])
    assert cells.loc[("TA0005", "T1562"), "rules"] == 3
    assert cells.loc[("TA0003", "T1053"), "rules"] == 1
    assert cells.loc[("TA0004", "T1053"), "rules"] == 0  # nobody mapped Privilege Escalation
    assert cells.loc[("TA0003", "T1078"), "depth"] == 0
    assert cells.loc[("TA0001", "T1078"), "depth"] == 0.5


@pytest.mark.parametrize("release", [E18, E19])
def test_the_tactics(release):
    tactics = coverage_by_tactic(view(release))
    counted = {
        row.tactic_id: (row.covered, row.subtechniques_covered)
        for row in tactics.itertuples()
        if row.covered or row.subtechniques_covered
    }
    expected = {
        t: (sum("." not in i for i in ids), sum("." in i for i in ids)) for t, ids in CELLS[release].items()
    }
    assert counted == expected
    assert tactics["position"].tolist() == list(range(14 if release == E18 else 15))
    reconnaissance = tactics.set_index("tactic_id").loc["TA0043"]
    assert (reconnaissance["total"], reconnaissance["subtechniques"]) == (0, 0)  # PRE-only: out of scope


def test_the_rules_of_each_tactic():
    tactics = coverage_by_tactic(view()).set_index("tactic_id")["rules"]
    # TA0005: d, f, k, l
    assert {t: n for t, n in tactics.items() if n} == {
        "TA0001": 1,
        "TA0002": 1,
        "TA0003": 2,
        "TA0005": 4,
        "TA0006": 2,
        "TA0011": 1,
    }
    assert coverage_by_tactic(view(E19)).set_index("tactic_id")["name"]["TA0005"] == "Stealth"


def test_the_platforms():
    rows = coverage_by_platform(view()).set_index("name")
    covered = {
        name: (row.covered, row.subtechniques_covered, row.rules)
        for name, row in rows.iterrows()
        if row.rules
    }
    assert covered == {
        # T1053, T1003, T1562, T1574, T1070; T1053.005, T1003.001, T1562.001, T1562.002, T1574.001; a b c d e
        # l
        "Windows": (5, 5, 6),
        "Linux": (1, 0, 1),  # T1078 by f; i works nobody knows where
        "macOS": (1, 1, 1),  # T1562 through T1562.003, by k
    }
    assert set(rows.index) == {
        "Containers",
        "ESXi",
        "IaaS",
        "Identity Provider",
        "Linux",
        "Network Devices",
        "Office Suite",
        "SaaS",
        "Windows",
        "macOS",
    }
    assert list(coverage_by_platform(view(platforms=("macOS", "Linux")))["name"]) == ["Linux", "macOS"]


def test_a_platform_tells_rules_that_work_on_it_from_those_that_count_there():
    made = [
        made_rule("a", "T1059.001", platforms=("Windows", "SaaS")),  # PowerShell is on Windows alone
        made_rule("b", "T1078", platforms=("SaaS",)),
        made_rule("c", "T9999", platforms=("SaaS",)),  # no ID in scope
        made_rule("d", "T1595.002", platforms=("SaaS",)),  # PRE
        made_rule("e", "T1078", platforms=("SaaS",), enabled=False),
    ]
    rules, mappings = zip(*made, strict=True)
    rows = coverage_by_platform(made_view(rules, mappings, small.catalogue())).set_index("name")
    both = rows[["rules", "rules_counted"]].apply(tuple, axis=1)
    assert both[["SaaS", "Windows", "Linux"]].tolist() == [(2, 1), (1, 1), (0, 0)]


def test_the_pre_switch_adds_what_happens_before():
    wide = coverage_by_id(view(pre=True))
    assert by_id(wide, "T1595")["any"] and by_id(wide, "T1595.002")["direct"]
    assert (by_id(wide, "T1595.002")["breadth"], by_id(wide, "T1595.002")["score"]) == (
        1.0,
        0.5,
    )  # no platform to run on
    assert (by_id(wide, "T1595.001")["breadth"], by_id(wide, "T1595.001")["platforms_total"]) == (0.0, 0)
    assert "T1595" not in set(coverage_by_id(view())["attack_id"])


# ---- how well ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "attack_id", "depth", "breadth", "severity"),
    [
        ({}, "T1053.005", 0.5, 1, "high"),  # a; Windows is all it has
        ({}, "T1003.001", 0.75, 1, "critical"),  # b and c
        ({}, "T1003", 0.75, 1 / 3, "critical"),  # Windows of Linux, macOS, Windows
        ({"rollup": "direct"}, "T1003", 0.5, 1 / 3, "critical"),  # b alone
        ({}, "T1562", 0.875, 2 / 9, "high"),  # d, l on Windows, k on macOS
        ({}, "T1078", 0.5, 1 / 10, "medium"),
        ({}, "T1132", 0.5, 0, "medium"),  # i once; nobody knows where it works
        ({}, "T1574.001", 0.5, 1, "low"),
        ({}, "T1057", 0, 0, None),  # m is no production rule
        ({"classes": ("production", "building_block")}, "T1057", 0.25, 1 / 5, "low"),
        ({"classes": ("hunt",)}, "T1053.003", 0.15, 1 / 3, None),
        ({"classes": ("hunt",)}, "T1053", 0.15, 1 / 5, None),
        ({"classes": ("development",)}, "T1046", 0.25, 1 / 6, "medium"),
        ({"classes": ("deprecated",)}, "T1546.008", 0, 1, "medium"),
        ({"enabled": "any"}, "T1059.001", 0, 1, "high"),  # a disabled rule is worth nothing
        ({"platforms": ("Windows",)}, "T1003", 0.75, 1, "critical"),
        ({"platforms": ("Windows", "Linux")}, "T1003", 0.75, 1 / 2, "critical"),
        ({"platforms": ("Linux",)}, "T1003", 0, 0, None),
    ],
)
def test_depth_breadth_and_score(choices, attack_id, depth, breadth, severity):
    row = by_id(coverage_by_id(view(**choices)), attack_id)
    assert (row["depth"], row["breadth"]) == pytest.approx((depth, breadth))
    assert row["score"] == pytest.approx(depth * breadth)
    assert (row["severity"] if isinstance(row["severity"], str) else None) == severity


def test_open_platforms_are_those_without_a_rule():
    ids = coverage_by_id(view())
    assert set(by_id(ids, "T1003")["open_platforms"]) == {"Linux", "macOS"}
    assert by_id(ids, "T1003.001")["open_platforms"] == ()
    assert by_id(ids, "T1059.001")["open_platforms"] == ("Windows",)
    assert set(by_id(ids, "T1132")["open_platforms"]) == {"ESXi", "Linux", "macOS", "Windows"}


def test_depth_follows_the_weights():
    half = replace(view(), weights={"production": 0.5})
    assert by_id(coverage_by_id(half), "T1003")["depth"] == pytest.approx(1 - 0.75**2)
    nothing = replace(view(), weights={})
    assert coverage_by_id(nothing)["depth"].max() == 0


# ---- gaps ------------------------------------------------------------------------------------------------


def test_the_types_of_the_default_gaps():
    found = gaps(view())
    # 197 - 9 techniques and 402 - 9 sub-techniques are open.
    assert (len(found), (~found["is_subtechnique"]).sum()) == (581, 188)
    by_type = {name: ids_where(found, found["gap_type"] == name) for name in GAP_TYPES}
    assert by_type["not_production"] == {"T1057", "T1053.003", "T1059", "T1059.001", "T1046"}
    # Below T1003 7 others, below T1078 4, below T1070 10 (a deprecated rule on one of them promotes nothing).
    assert Counter(i.partition(".")[0] for i in by_type["parent_only"]) == {
        "T1003": 7,
        "T1078": 4,
        "T1070": 10,
    }
    assert "T1070.001" in by_type["parent_only"]
    assert by_type["partial"] == by_type["fragile"] == by_type["platform"] == set()
    assert len(by_type["none"]) == 581 - 5 - 21
    assert {"T1546", "T1546.008", "T1053.002", "T1562.004"} <= by_type["none"]
    left_out = dict(zip(found["attack_id"], found["rules_out_of_scope"], strict=True))
    assert {i: n for i, n in left_out.items() if n} == {
        "T1546": 1,
        "T1546.008": 1,
        "T1070.001": 1,
        "T1057": 1,
        "T1053.003": 1,
        "T1059": 1,
        "T1059.001": 1,
        "T1046": 1,
    }
    assert set(found["rules"]) == {0}


@pytest.mark.parametrize(
    ("rollup", "partial", "techniques"),
    [
        ("any", set(), 188),
        ("all", {"T1053", "T1003", "T1562", "T1574", "T1078", "T1071", "T1070"}, 195),
        ("share", {"T1053", "T1003", "T1562", "T1574", "T1078", "T1071", "T1070"}, 195),
        ("direct", set(), 193),  # sub-techniques finish nothing there: T1132 has both of its own covered
    ],
)
def test_partial_is_a_technique_whose_family_has_rules(rollup, partial, techniques):
    found = gaps(view(rollup=rollup))
    assert ids_where(found, found["gap_type"] == "partial") == partial
    assert (~found["is_subtechnique"]).sum() == techniques
    assert by_id(gaps(view(rollup="all")), "T1562")[
        ["rules", "subtechniques_covered", "subtechniques"]
    ].tolist() == [3, 3, 12]


def test_covered_ids_are_listed_on_request():
    found = gaps(view(), also=("fragile", "platform"))
    # One rule only: a e f i i i l, and d k l on T1562's sub-techniques; not T1003 (b, c), T1562 (d, k, l).
    assert ids_where(found, found["gap_type"] == "fragile") == {
        "T1053",
        "T1574",
        "T1078",
        "T1071",
        "T1105",
        "T1132",
        "T1070",
        "T1053.005",
        "T1562.001",
        "T1562.002",
        "T1562.003",
        "T1574.001",
        "T1071.001",
        "T1132.001",
        "T1132.002",
    }
    # Not those that Windows is all of: T1053.005, T1003.001, T1562.002, T1574.001.
    assert ids_where(found, found["gap_type"] == "platform") == ANY[E18] | {
        "T1562.001",
        "T1562.003",
        "T1071.001",
        "T1132.001",
        "T1132.002",
    }
    assert len(found) == 581 + 15 + 14
    with pytest.raises(ValueError, match="partial"):
        gaps(view(), also=("partial",))


def test_promoting_a_rule_of_another_platform_closes_nothing():
    found = gaps(view(platforms=("Linux",)))
    kinds = dict(zip(found["attack_id"], found["gap_type"], strict=True))
    assert kinds["T1053.003"] == kinds["T1053"] == "not_production"  # the hunt works on Linux
    # Production rules, a building block and a development rule, all for Windows.
    assert [kinds[i] for i in ("T1003", "T1574", "T1057", "T1046")] == ["none"] * 4
    assert by_id(found, "T1003")["rules_out_of_scope"] == 1  # b; c is on T1003.001, which Linux does not have


def test_the_most_used_stand_first():
    found = gaps(view(), also=("fragile", "platform"))
    order = [(-r.groups, -r.software, -r.campaigns, r.attack_id, r.gap_type) for r in found.itertuples()]
    assert order == sorted(order)
    assert gaps(view())["attack_id"].iloc[0] == "T1059"


def test_a_gap_says_what_helps():
    row = by_id(gaps(view()), "T1059.001")
    assert row["tactics"] == ("Execution",)
    assert (row["name"], row["parent_id"], row["platforms"]) == ("PowerShell", "T1059", ("Windows",))
    assert row["open_platforms"] == ("Windows",)
    assert row["url"] == "https://attack.mitre.org/techniques/T1059/001/"
    assert "Command Execution" in row["data_components"]
    assert by_id(gaps(view()), "T1546.008")["tactics"] == ("Persistence", "Privilege Escalation")


def test_pre_only_techniques_are_gaps_only_on_request():
    assert "T1595" not in set(gaps(view())["attack_id"])
    wide = gaps(view(pre=True))
    assert by_id(wide, "T1595.001")["gap_type"] == "none"
    assert len(wide) == 216 - 10 + 475 - 10


# ---- summary ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "techniques", "subtechniques", "placements"),
    [(E18, (9, 197), (9, 402), (21, 795)), (E19, (11, 201), (8, 400), (24, 776))],
)
def test_the_figures(release, techniques, subtechniques, placements):
    result = summary(view(release), problems=3)
    assert result["techniques"] == dict(zip(("covered", "total"), techniques, strict=True))
    assert result["subtechniques"] == dict(zip(("covered", "total"), subtechniques, strict=True))
    assert result["placements"] == dict(zip(("covered", "total"), placements, strict=True))
    assert (
        result["rules"].items()
        >= {
            "read": 17,
            "by_class": {"production": 13, "development": 1, "building_block": 1, "hunt": 1, "deprecated": 1},
            "in_scope": 12,
            "same_elsewhere": 0,
            "unmapped": 1,  # h
            "tactic_only": 1,  # g
            "unread": 1,  # j
            "platform_unknown": 3,  # h, i, j
            "problems": 3,
        }.items()
    )
    assert result["stamp"] == view(release).scope.stamp()


def test_the_roll_ups_and_pre_in_the_summary():
    result = summary(view())
    assert result["rollups"] == {
        "any": 9,
        "all": 2,
        "direct": 4,
        "share": round(sum(SHARES.values()) / 197, 4),
    }
    assert result["techniques_with_pre"] == {"covered": 10, "total": 216}
    assert summary(view(pre=True))["techniques"] == {"covered": 10, "total": 216}
    shared = summary(view(rollup="share"))
    assert shared["techniques"] == {"covered": round(sum(SHARES.values()), 4), "total": 197}
    assert shared["subtechniques"] == {"covered": 9, "total": 402}
    assert summary(view(rollup="all"))["techniques"]["covered"] == 2
    assert summary(view(rollup="direct"))["techniques"]["covered"] == 4


def test_the_summary_lists_tactics_in_matrix_order_and_platforms():
    result = summary(view())
    assert [row["id"] for row in result["tactics"]] == [
        "TA0043",
        "TA0042",
        "TA0001",
        "TA0002",
        "TA0003",
        "TA0004",
        "TA0005",
        "TA0006",
        "TA0007",
        "TA0008",
        "TA0009",
        "TA0011",
        "TA0010",
        "TA0040",
    ]
    evasion = next(row for row in result["tactics"] if row["id"] == "TA0005")
    assert (evasion["name"], evasion["covered"], evasion["subtechniques_covered"], evasion["rules"]) == (
        "Defense Evasion",
        3,
        3,
        4,
    )
    assert sum(row["covered"] + row["subtechniques_covered"] for row in result["tactics"]) == 21
    assert sum(row["total"] + row["subtechniques"] for row in result["tactics"]) == 795
    assert {row["name"]: row["covered"] for row in result["platforms"] if row["covered"]} == {
        "Windows": 5,
        "Linux": 1,
        "macOS": 1,
    }


def test_rule_counts_follow_the_scope():
    counts = rule_counts(view(classes=("development",)))
    assert (counts["in_scope"], counts["unmapped"], counts["tactic_only"], counts["unread"]) == (1, 0, 0, 0)
    assert rule_counts(view(platforms=("Linux",)))["in_scope"] == 2
    assert rule_counts(view(platforms=("Linux",)))["platform_unknown"] == 3


# ---- one technique, one rule -------------------------------------------------------------------------------


def test_the_rules_of_a_technique_say_where_they_are_mapped():
    def rows(attack_id: str, release: str = E18) -> list[tuple]:
        frame = checked(technique_rules(view(release), attack_id), TECHNIQUE_RULES)
        return [(small.LETTERS[r.rule_key], r.mapped_to, r.direct, r.in_scope) for r in frame.itertuples()]

    assert rows("T1003") == [("b", ("T1003", "T1003.001"), True, True), ("c", ("T1003.001",), False, True)]
    assert rows("T1053") == [("a", ("T1053.005",), False, True), ("n", ("T1053.003",), False, False)]
    assert rows("T1059") == [("p", ("T1059.001",), False, False)]
    assert rows("T1059.001") == [("p", ("T1059.001",), True, False)]
    assert rows("T1685", E19) == [
        ("d", ("T1685",), True, True),
        ("l", ("T1685", "T1685.001"), True, True),
        ("o", ("T1685.005",), False, False),
    ]
    assert rows("T1546.001") == []


def test_the_open_work_of_a_technique_is_its_gap_with_the_next_step():
    given = view()
    found = open_work(given, "T1053")
    (gap,) = found.to_dict("records")
    assert gap["step"] == next_steps(found, given)["step"].item()
    assert gap["attack_id"] == "T1053" and gap["gap_type"] in GAP_TYPES
    assert open_work(given, "T9999").empty


def test_the_facts_of_a_technique():
    facts = technique_facts(view(), "T1003.001")
    assert (facts["name"], facts["parent_id"], facts["parent_name"]) == (
        "LSASS Memory",
        "T1003",
        "OS Credential Dumping",
    )
    assert (facts["tactics"], facts["platforms"], facts["status"]) == (
        ["Credential Access"],
        ["Windows"],
        "live",
    )
    assert technique_facts(view(), "T1078")["tactics"] == [
        "Initial Access",
        "Persistence",
        "Privilege Escalation",
        "Defense Evasion",
    ]
    assert len(facts["groups"]) == by_id(threat_by_id(view()), "T1003.001")["groups_direct"]
    with pytest.raises(KeyError):
        technique_facts(view(), "T9999")


def neighbours(rows: pd.DataFrame) -> list[tuple]:
    return list(
        zip(map(small.LETTERS.get, rows["rule_key"]), rows["shared"], rows["shared_data"], strict=True)
    )


def with_data(release_view, **data: tuple[str, ...]):
    """The view with these data sources for some rules, by their letters, and none for the others."""
    named = {KEYS[letter]: sources for letter, sources in data.items()}
    rules = release_view.all_rules
    none = pd.Series([()] * len(rules), index=rules.index, dtype=object)
    sources = pd.Series([named.get(key, ()) for key in rules["rule_key"]], index=rules.index, dtype=object)
    return replace(release_view, all_rules=rules.assign(data_sources=sources, data_components=none))


def test_the_neighbours_of_a_rule_share_its_ids_and_its_data():
    both = with_data(view(), b=("Sysmon", "EDR", "Zeek"), c=("EDR", "Sysmon"))
    assert neighbours(rule_neighbours(both, KEYS["c"])) == [("b", ("T1003.001",), ("EDR", "Sysmon"))]
    assert neighbours(rule_neighbours(both, KEYS["b"])) == [("c", ("T1003.001",), ("EDR", "Sysmon"))]
    other_data = with_data(view(), b=("Zeek",), c=("Sysmon",), d=("Sysmon",))
    assert rule_neighbours(other_data, KEYS["c"]).empty  # b has other data, d other IDs
    assert rule_neighbours(with_data(view(), b=("Sysmon",)), KEYS["c"]).empty  # it names no data
    assert rule_neighbours(both, KEYS["h"]).empty  # no mapping
    newer = with_data(view(E19), d=("Sysmon",), l=("Sysmon",))  # d is read as T1685 in 19.0
    assert neighbours(rule_neighbours(newer, KEYS["l"])) == [("d", ("T1685",), ("Sysmon",))]


def test_a_data_component_counts_as_shared_data():
    given = with_data(view(), c=("EDR",))
    keys = given.all_rules["rule_key"].tolist()
    components = [("Process Access",) if small.LETTERS[key] in "bc" else () for key in keys]
    column = pd.Series(components, index=given.all_rules.index, dtype=object)
    given = replace(given, all_rules=given.all_rules.assign(data_components=column))
    assert rule_data(given, [KEYS["c"], KEYS["a"]]) == {
        KEYS["c"]: {"EDR", "Process Access"},
        KEYS["a"]: set(),
    }
    assert neighbours(rule_neighbours(given, KEYS["c"])) == [("b", ("T1003.001",), ("Process Access",))]


def test_the_nearest_neighbour_comes_first():
    """More shared IDs, then more shared data, then the rule class, the severity and the name."""
    order = [
        ("two IDs", ("T1", "T2"), ("a",), "hunt", None),
        ("more data", ("T1",), ("a", "b"), "hunt", "low"),
        ("severest", ("T1",), ("a",), "production", "critical"),
        ("Alpha", ("T1",), ("a",), "production", "low"),
        ("beta", ("T1",), ("a",), "production", "low"),
        ("unknown severity", ("T1",), ("a",), "production", None),
        ("hunt", ("T1",), ("a",), "hunt", "critical"),
    ]
    rows = [(ids, data, kind, severity, name, name) for name, ids, data, kind, severity in order]
    mixed = [rows[place] for place in (3, 0, 6, 2, 5, 1, 4)]
    assert sorted(mixed, key=lambda row: _nearness(*row)) == rows


def test_a_search_ranks_the_rules_it_is_about_first():
    names = {
        "a": "LSASS memory dump",  # the whole name
        "b": "lsass Memory Dump by a driver",  # starts with it
        "c": "Windows LSASS memory dump",  # a word of the name does
        "d": "Mini-xlsass memory dump",  # in the name
        "e": "Dump of the memory of LSASS",  # each word, in another order
        "f": "Credential theft",  # in the description
        "g": "Nothing like it",
    }
    given = view()
    rules = given.all_rules.copy()
    by_key = {KEYS[letter]: name for letter, name in names.items()}
    rules["name"] = pd.Series(
        [by_key.get(key, "other") for key in rules["rule_key"]], index=rules.index, dtype="str"
    )
    texts = [
        "Somebody dumps LSASS: a memory dump." if small.LETTERS[key] == "f" else "none"
        for key in rules["rule_key"]
    ]
    rules["description"] = pd.Series(texts, index=rules.index, dtype="str")
    given = replace(given, all_rules=rules)

    def ranks(text: str) -> dict[str, int]:
        found = search_ranks(given, text)
        keys = rules_with_ids(given)["rule_key"]
        return {small.LETTERS[k]: int(v) for k, v in zip(keys, found, strict=True) if not pd.isna(v)}

    assert ranks("lsass  MEMORY dump") == {"a": 0, "b": 1, "c": 2, "d": 3, "e": 3, "f": 4}
    own = rules.loc[rules["rule_key"] == KEYS["g"], "rule_id"].item()
    assert ranks(own.upper()) == {"g": 0}
    assert ranks("zzz nothing") == {}


def test_each_rule_with_its_ids_in_its_order():
    rows = rules_with_ids(view()).set_index("rule_key")["attack_ids"]
    assert len(rows) == 17
    assert rows[KEYS["i"]] == ("T1071.001", "T1105", "T1132.001", "T1132.002")
    assert rows[KEYS["a"]] == ("T1053.005",)
    assert rows[KEYS["l"]] == ("T1562.002", "T1070")
    assert rows[KEYS["h"]] == rows[KEYS["g"]] == rows[KEYS["j"]] == ()


def test_the_mappings_of_a_rule_say_where_they_count():
    rows = rule_mappings(view(), KEYS["l"]).sort_values("position")
    assert rows["tactics"].tolist() == [(), ("Defense Evasion",), (), ("Defense Evasion",)]
    assert rows["technique"].tolist()[1] == "T1562.002 Disable Windows Event Logging"
    assert rule_mappings(view(E19), KEYS["e"])["tactics"].tolist() == [("Execution", "Stealth")]
    assert rule_mappings(view(), KEYS["h"]).empty


# ---- dates and severities
# ------------------------------------------------------------------------------------


def test_the_months_up_to_the_stamp():
    rows = activity_by_month(view(), months=3)
    assert [(r.month.date(), r.created, r.updated) for r in rows.itertuples()] == [
        (date(2026, 1, 1), 11, 0),
        (date(2026, 2, 1), 0, 0),
        (date(2026, 3, 1), 1, 12),  # b is of March
    ]
    assert len(activity_by_month(view())) == 12


def test_the_severities_of_rules_in_scope():
    # critical b; high a d l; medium c f h i j k; low e g
    assert list(severity_mix(view()).items()) == [("critical", 1), ("high", 3), ("medium", 6), ("low", 2)]
    assert list(severity_mix(view(classes=("hunt",))).items()) == [("unknown", 1)]


# ---- every measure
# -------------------------------------------------------------------------------------------

SCOPES = [
    {},
    {"pre": True},
    {"platforms": ("Linux",)},
    {"platforms": ("SaaS",)},
    {"classes": ()},
    {"rollup": "share"},
    {"rollup": "all"},
    {"rollup": "direct"},
    {"classes": ("production", "hunt", "deprecated"), "enabled": "any"},
]


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_measure_fits_its_spec_in_every_scope(name):
    measure = MEASURES[name]
    for scope in SCOPES:
        checked(measure.function(view(**scope)), measure.spec)
    checked(measure.function(view(E19)), measure.spec)
    assert measure.question.endswith("?")


def made_view(rules, mappings, catalogue: Catalogue, **scope) -> View:
    """A view of rules made in a test."""
    read = mappings_as_read(written_frame(mappings), Reader(catalogue))
    return View(
        catalogue, rules_frame(rules), read, Scope(catalogue.release, date=DAY, **scope), {"production": 1.0}
    )


def made_rule(key: str, attack_id: str, **facts) -> tuple[Rule, WrittenMapping]:
    """A rule on one ID, and its mapping."""
    kind = "subtechnique_id" if "." in attack_id else "technique_id"
    rule = Rule(
        key, "made", key, "table", key, key, facts.pop("rule_class", "production"), content_hash=key, **facts
    )
    return rule, WrittenMapping(key, 0, "MITRE ATT&CK", **{kind: attack_id})


@pytest.mark.parametrize(
    ("scope", "facts", "expected"),
    [
        # covered, depth, breadth, score of T1059.001 (Windows alone) and T1595.002 (PRE: no platform)
        ({}, {"enabled": None}, (1, 0.5, 1, 0.5)),
        ({"enabled": "any"}, {"enabled": True}, (1, 0.5, 1, 0.5)),
        ({"enabled": "any"}, {"enabled": False}, (1, 0, 1, 0)),
        ({}, {"enabled": False}, (0, 0, 0, 0)),
        ({"classes": ("deprecated",)}, {"rule_class": "deprecated"}, (1, 0, 1, 0)),
    ],
)
def test_a_rule_of_weight_0_covers_and_has_breadth_and_no_depth(scope, facts, expected):
    made = [
        made_rule("a", "T1059.001", platforms=("Windows",), **facts),
        made_rule("b", "T1595.002", platforms=("Windows",), **facts),
    ]
    rules, mappings = zip(*made, strict=True)
    ids = coverage_by_id(made_view(rules, mappings, small.catalogue(), pre=True, **scope))
    for attack_id in ("T1059.001", "T1595.002"):
        row = by_id(ids, attack_id)
        assert tuple(row[name] for name in ("covered", "depth", "breadth", "score")) == expected, attack_id


def test_a_disabled_rule_beside_one_that_is_on_adds_no_depth():
    on, off = made_rule("a", "T1059.001", enabled=True), made_rule("b", "T1059.001", enabled=False)
    rules, mappings = zip(on, off, strict=True)
    row = by_id(coverage_by_id(made_view(rules, mappings, small.catalogue(), enabled="any")), "T1059.001")
    assert (row["rules"], row["depth"]) == (2, 0.5)


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_measure_of_no_rules_at_all(name):
    measure = MEASURES[name]
    frame = checked(measure.function(made_view([], [], small.catalogue())), measure.spec)
    assert frame[[c for c in ("covered", "rules", "created") if c in frame]].to_numpy().sum() == 0


def test_no_rules_at_all_have_a_summary_and_all_ids_are_gaps():
    empty = made_view([], [], small.catalogue())
    result = summary(empty)
    assert (result["techniques"], result["placements"]) == (
        {"covered": 0, "total": 197},
        {"covered": 0, "total": 795},
    )
    assert result["rollups"] == {"any": 0, "all": 0, "direct": 0, "share": 0.0}
    assert set(gaps(empty)["gap_type"]) == {"none"} and len(gaps(empty)) == 599
    assert technique_rules(empty, "T1003").empty and severity_mix(empty).empty


def test_nothing_open_is_an_empty_list_of_gaps():
    full = small.catalogue()
    only = full.techniques[full.techniques["attack_id"].isin(["T1105"])].reset_index(drop=True)
    cells = full.placements[full.placements["attack_id"] == "T1105"].reset_index(drop=True)
    frames = {
        name: full.frame(name)
        for name in (
            "tactics",
            "revocations",
            "uses",
            "strategies",
            "analytics",
            "log_sources",
            "data_components",
            "component_detects",
        )
    }
    one = Catalogue.of_frames(full.release, "", "", {**frames, "techniques": only, "placements": cells})
    found = made_view([small.rule("r")], [small.mapping("r", 0, "T1105")], one)
    for also in ((), ("fragile",)):
        assert len(checked(gaps(found, also), MEASURES["gaps"].spec)) == len(also)
    assert summary(found)["techniques"] == {"covered": 1, "total": 1}


def test_measures_change_no_input():
    here = small.reading().view(on=DAY)
    before = {
        name: here.catalogue.frame(name).copy(deep=True) for name in ("techniques", "placements", "uses")
    }
    rules, mappings = here.all_rules.copy(deep=True), here.mappings.copy(deep=True)
    summary(here), gaps(here, ("fragile",)), telemetry_by_id(here)
    pd.testing.assert_frame_equal(here.all_rules, rules)
    pd.testing.assert_frame_equal(here.mappings, mappings)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(here.catalogue.frame(name), frame)
