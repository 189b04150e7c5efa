"""What could be borrowed: exact lists and plans by hand under each roll-up, and rules really added to a
view.
"""

from __future__ import annotations

import csv
import io
import json
import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from coverage.changes.borrow import borrow
from coverage.changes.compare import compare
from coverage.changes.frames import BORROW, BORROW_PLAN
from coverage.cli import application
from coverage.exports.compare import borrow_csv
from coverage.frames import checked
from coverage.measures.breadth import covered_by_id
from coverage.measures.threat import threat_by_id
from coverage.scope import View
from coverage.tables import DATA, TableError, priority_weights
from coverage.vocabulary import ROLLUPS
from tests.helpers import small
from tests.helpers.examples import examples
from tests.helpers.views import CORPORA, ONE_EACH, borrowing, elastic_and_sigma, made, on, only_rules


def taken(plan) -> list[tuple[str, tuple]]:
    return list(zip(plan["rule_name"], plan["closes"], strict=True))


# ---- which rules would close which gap -----------------------------------------------------------------


def test_a_technique_is_closed_by_a_rule_on_it_or_below_and_a_subtechnique_by_its_own():
    rows = borrowing().rows
    checked(rows, BORROW)
    assert on(rows, "T1561") == "x1 x2 x3"
    assert (on(rows, "T1561.001"), on(rows, "T1561.002"), on(rows, "T1105")) == ("x1 x3", "x2 x3", "x7")
    assert set(rows["attack_id"]) == {
        "T1561",
        "T1561.001",
        "T1561.002",
        "T1105",
    }  # T1059 and .001 are covered, x5 is a hunt


def test_a_row_tells_the_gap_and_the_rule():
    row = borrowing().rows.query("attack_id == 'T1561' and rule_name == 'x1'").iloc[0]
    assert row[["rule_key", "corpus", "path", "rule_id", "severity", "rule_class"]].tolist() == [
        "theirs/x1",
        "theirs",
        "x1",
        "id-x1",
        "low",
        "production",
    ]
    assert (row["rule_platforms"], row["rule_log_sources"], row["closes_with"]) == (
        ("Windows",),
        ("windows",),
        ("T1561.001",),
    )
    assert (row["gap_type"], row["name"], row["tactics"]) == ("not_production", "Disk Wipe", ("Impact",))


def test_rows_go_by_weight_then_severity_then_name():
    rows = borrowing().rows
    assert list(zip(rows["attack_id"], rows["rule_name"], strict=True)) == [
        ("T1105", "x7"),
        ("T1561", "x2"),
        ("T1561", "x1"),
        ("T1561", "x3"),
        ("T1561.001", "x1"),
        ("T1561.001", "x3"),
        ("T1561.002", "x2"),
        ("T1561.002", "x3"),
    ]


@pytest.mark.parametrize(
    ("rollup", "technique"),
    [("direct", ""), ("all", "x3"), ("share", "x3")],
)
def test_under_the_other_roll_ups_only_what_really_closes_a_technique(rollup, technique):
    rows = borrowing(rollup=rollup).rows
    assert on(rows, "T1561") == technique
    assert on(rows, "T1561.001") == "x1 x3"


def test_rules_of_other_classes_and_disabled_ones_only_on_request():
    assert on(borrowing(any_class=True).rows, "T1561") == "x1 x2 x3 x6"
    wide = borrowing(any_class=True)
    assert on(wide.rows, "T1110") == on(wide.rows, "T1110.001") == "x5"
    assert wide.scope.classes == ("production",)  # the gaps are counted as before


def test_several_corpora_can_lend_and_be_mine():
    corpora = {**CORPORA, "more": {"y1": (["T1561.002"], {})}}
    view = made(corpora)
    found = borrow(view.of_corpora(["mine", "more"]), view.of_corpora(["theirs"]), ONE_EACH)
    assert "T1561" not in set(found.rows["attack_id"]) and on(found.rows, "T1561.001") == "x1 x3"
    assert found.sentence().endswith("sub-techniques of mine + more.")
    assert on(borrowing(corpora).rows, "T1561.002") == "x2 x3 y1"


def test_another_scope_is_refused():
    view = made(CORPORA)
    with pytest.raises(ValueError, match="more than their corpora"):
        borrow(view.of_corpora(["mine"]), made(CORPORA, rollup="all").of_corpora(["theirs"]), ONE_EACH)


# ---- restrictions --------------------------------------------------------------------------------------


def test_my_log_sources_are_those_of_my_rules_in_scope():
    assert borrowing().own_log_sources == {"windows", "endpoint"}
    assert borrowing(classes=("production", "hunt")).own_log_sources == {"windows", "endpoint", "sysmon"}


def test_log_sources_are_compared_whole_and_whatever_their_case():
    found = borrowing()
    assert set(found.restricted(found.own_log_sources)["rule_name"]) == {"x1"}
    assert set(found.restricted(["WINDOWS", "sysmon"])["rule_name"]) == {"x1", "x3"}
    assert len(found.restricted(["window"])) == 0  # x7 names none, so nothing says that it would work
    assert found.restricted([]).empty and len(found.restricted()) == len(found.rows)
    assert found.rows.set_index("rule_name").loc["x1", "own_log_sources"].tolist() == [("windows",)] * 2


def test_platforms_and_the_figures_say_what_is_left():
    found = borrowing()
    linux = found.restricted(platforms=["Linux"])
    assert set(linux["rule_name"]) == {"x2"}
    open_ones = found.gaps["is_subtechnique"]
    assert found.figures(linux) == {
        "rules": 1,
        "rules_of_all": 4,
        "techniques": {"closable": 1, "open": int((~open_ones).sum())},
        "subtechniques": {"closable": 1, "open": int(open_ones.sum())},
    }
    assert found.sentence(linux, 1).endswith("of mine; 1 of 1 candidate rule is enough.")
    assert set(found.restricted(["linux/auditd", "windows"], ["Windows"])["rule_name"]) == {"x1"}


# ---- the plan ------------------------------------------------------------------------------------------


def test_the_plan_closes_everything_with_the_fewest_by_hand():
    plan = borrowing().plan()
    checked(plan, BORROW_PLAN)
    assert taken(plan) == [("x3", ("T1561", "T1561.001", "T1561.002")), ("x7", ("T1105",))]
    assert plan["share"].tolist() == [0.75, 1.0]
    assert plan[["weight", "weight_so_far", "weight_closable"]].to_numpy().tolist() == [[3, 3, 4], [1, 4, 4]]
    counts = ["techniques_so_far", "techniques_closable", "subtechniques_so_far", "subtechniques_closable"]
    assert plan[counts].to_numpy().tolist() == [[1, 2, 2, 2], [2, 2, 2, 2]]


def test_data_that_mine_need_on_the_same_platform_is_there():
    """Process events under three names; on Linux nobody of mine looks at them."""
    process, files = ("Process Creation",), ("File Creation", "File Modification")
    corpora = {
        "mine": {
            "m": (
                ["T1059.001"],
                {"platforms": ("Windows",), "data_components": process, "data_sources": ("Elastic Defend",)},
            )
        },
        "theirs": {
            "a": (
                ["T1105"],
                {
                    "platforms": ("Windows", "Linux"),
                    "data_components": (*files, *process),
                    "data_sources": ("windows/process_creation",),
                },
            ),
            "b": (["T1003"], {"platforms": ("Linux",), "data_components": process}),
            "c": (
                ["T1021"],
                {"platforms": ("Windows",), "data_components": files, "data_sources": ("elastic defend",)},
            ),
            "d": (["T1110"], {"platforms": (), "data_components": process}),
            "e": (["T1112"], {"platforms": ("Windows",)}),
        },
    }
    found = borrowing(corpora)
    assert found.own_data_components == {("Process Creation", "Windows")}
    assert set(found.restricted(own_data=True)["rule_name"]) == {"a"}
    assert set(found.restricted(found.own_log_sources, own_data=True)["rule_name"]) == {"a", "c"}
    assert set(found.restricted(["nobody has this"], own_data=True)["rule_name"]) == {"a"}
    row = found.rows.query("rule_name == 'a'").iloc[0]
    assert (row["rule_data_components"], row["own_data_components"]) == ((*files, *process), process)


def test_a_restricted_plan_has_its_own_denominator():
    found = borrowing()
    plan = found.plan(found.restricted(["windows", "linux/auditd"]))
    assert taken(plan) == [
        ("x2", ("T1561", "T1561.002")),
        ("x1", ("T1561.001",)),
    ]  # as heavy, but more severe
    assert plan["weight_closable"].tolist() == [3, 3] and plan["share"].tolist()[-1] == 1.0


@pytest.mark.parametrize("rollup", ["all", "share"])
def test_under_all_a_technique_closes_with_its_last_open_subtechnique(rollup):
    corpora = {"mine": {}, "theirs": {name: CORPORA["theirs"][name] for name in ("x1", "x2")}}
    plan = borrowing(corpora, rollup=rollup).plan()
    assert taken(plan) == [("x2", ("T1561.002",)), ("x1", ("T1561", "T1561.001"))]
    assert plan["weight"].tolist() == [1.5, 1.5]  # the technique's 1 is gained in halves


def test_weights_choose_the_order_and_are_the_numbers_told():
    heavy = {"gap": 1.0, "group": 1.0, "software": 0.25, "campaign": 0.25}
    found = borrowing(weights=heavy)
    users = threat_by_id(found.mine).set_index("attack_id")
    told = found.gaps.set_index("attack_id")["weight"]
    assert all(
        told[i] == 1 + row["groups"] + row["software"] / 4 + row["campaigns"] / 4
        for i, row in users.loc[told.index].iterrows()
    )
    plan = found.plan()
    assert taken(plan)[0] == ("x7", ("T1105",))  # Ingress Tool Transfer: many users
    assert plan["weight"].tolist() == [told["T1105"], told["T1561"] + told["T1561.001"] + told["T1561.002"]]
    assert told["T1105"] > 50 and plan["share"].tolist()[0] == pytest.approx(
        told["T1105"] / plan["weight"].sum()
    )


def test_of_equal_gains_the_severer_rule_goes_first():
    corpora = {
        "mine": {},
        "theirs": {
            "r1": (["T1105"], {"severity": "low"}),
            "r2": (["T1105"], {"severity": "critical"}),
            "r3": (["T1105"], {}),
        },
    }
    assert taken(borrowing(corpora).plan()) == [("r2", ("T1105",))]


def test_no_candidate_is_an_empty_plan_and_a_whole_sentence():
    found = borrowing({"mine": {"m": (["T1105"], {})}, "theirs": {"x": (["T1105"], {})}})
    assert len(checked(found.rows, BORROW)) == 0
    assert len(checked(found.plan(), BORROW_PLAN)) == 0
    assert found.sentence(found.rows, 0).startswith(
        "theirs would close 0 of "
    ) and "enough" not in found.sentence(found.rows, 0)


def test_the_order_of_rules_and_corpora_changes_nothing():
    members = list(CORPORA["theirs"].items())
    expected = borrowing().plan()
    for seed in range(5):
        random.Random(seed).shuffle(members)
        assert borrowing({"theirs": dict(members), "mine": CORPORA["mine"]}).plan().equals(expected)


def _still_open(found, keys) -> set[str]:
    """The gaps when these rules are added to mine: counted anew, from the rules themselves."""
    both = View(
        found.mine.catalogue,
        *(
            pd.concat([getattr(part, name) for part in (found.mine, found.others)])
            for name in ("all_rules", "mappings")
        ),
        found.scope,
        found.mine.weights,
    )
    view = only_rules(both, {*found.mine.all_rules["rule_key"], *keys})
    view.__dict__["techniques"] = found.mine.techniques  # the same scope
    ids = covered_by_id(view)
    return set(ids.loc[ids["covered"] < 1, "attack_id"])


IDS = st.sampled_from(
    ["T1561", "T1561.001", "T1561.002", "T1205", "T1205.001", "T1205.002", "T1105", "T1614", "T1614.001"]
)
MEMBERS = st.lists(st.lists(IDS, max_size=4, unique=True), max_size=4)


@pytest.mark.parametrize("rollup", ROLLUPS)
@examples(8)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_what_is_said_to_close_a_gap_closes_it_when_it_is_added(rollup, mine, theirs):
    """Rule by rule and step by step, against the gap list of a user who has these rules."""
    corpora = {
        name: {f"{name[0]}{n}": (ids, {}) for n, ids in enumerate(part)}
        for name, part in (("mine", mine), ("theirs", theirs))
    }
    found = borrowing(corpora, rollup=rollup)
    before = set(found.gaps["attack_id"])
    for key in found.others.rules["rule_key"]:
        assert before - _still_open(found, {key}) == set(
            found.rows.loc[found.rows["rule_key"] == key, "attack_id"]
        )
    plan = found.plan()
    for step in range(1, len(plan) + 1):
        closed = {gap for gaps_ in plan["closes"].head(step) for gap in gaps_}
        assert before - _still_open(found, plan["rule_key"].head(step)) == closed
        assert plan[["techniques_so_far", "subtechniques_so_far"]].iloc[step - 1].sum() == len(closed)
    closed = {gap for gaps_ in plan["closes"] for gap in gaps_}
    assert before - _still_open(found, found.others.rules["rule_key"]) == closed
    assert set(plan["weight_closable"]) <= {float(len(closed))}  # each weighs one


# ---- the real corpora ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(shared):
    return elastic_and_sigma(shared("corpora", "elastic"), shared("corpora", "sigma"))


@pytest.mark.corpora
@pytest.mark.parametrize("rollup", ROLLUPS)
def test_sigma_closes_for_elastic_what_a_second_count_says(real, rollup):
    view = real.view(on=small.DAY, rollup=rollup)
    found = borrow(view.of_corpora(["elastic"]), view.of_corpora(["sigma"]), priority_weights())
    checked(found.rows, BORROW)
    plan = checked(found.plan(), BORROW_PLAN)
    before = set(found.gaps["attack_id"])
    for count in (1, 10, len(plan)):
        closed = {gap for gaps_ in plan["closes"].head(count) for gap in gaps_}
        assert before - _still_open(found, plan["rule_key"].head(count)) == closed
    assert before - _still_open(found, found.others.rules["rule_key"]) == closed
    if rollup in ("any", "direct"):
        sides = compare(found.mine, found.others).ids
        assert closed == set(sides.loc[sides["side"] == "b_only", "attack_id"])
    weight = found.gaps.set_index("attack_id")["weight"]
    assert plan["weight_closable"].iloc[0] == pytest.approx(weight[sorted(closed)].sum())
    assert plan["weight"].is_monotonic_decreasing and plan["share"].iloc[-1] == pytest.approx(1)
    assert not plan["rule_key"].duplicated().any() and len(plan) < found.figures()["rules"]


@pytest.mark.corpora
def test_every_pair_of_a_gap_and_a_sigma_rule_is_counted_again(real):
    view = real.view(on=small.DAY)
    found = borrow(view.of_corpora(["elastic"]), view.of_corpora(["sigma"]), priority_weights())
    rules = real.loaded.rules
    lends = set(rules.loc[(rules["corpus"] == "sigma") & (rules["rule_class"] == "production"), "rule_key"])
    open_ids = set(found.gaps["attack_id"])
    pairs = set()
    for key, leaf in zip(real.mappings["rule_key"], real.mappings["attack_id"], strict=True):
        if key in lends and isinstance(leaf, str):
            pairs |= {
                (attack_id, key) for attack_id in (leaf, leaf.partition(".")[0]) if attack_id in open_ids
            }
    assert (
        set(zip(found.rows["attack_id"], found.rows["rule_key"], strict=True)) == pairs and len(pairs) > 100
    )
    have = {
        word.casefold()
        for column in ("integrations", "data_sources")
        for words in found.mine.rules[column]
        for word in words
    }
    by_key = {
        key: {w.casefold() for w in (*a, *b)}
        for key, a, b in zip(rules["rule_key"], rules["integrations"], rules["data_sources"], strict=True)
    }
    assert found.own_log_sources == have
    assert set(found.restricted(have)["rule_key"]) == {key for _, key in pairs if by_key[key] & have}
    needs = {
        key: {(c, p) for c in parts for p in systems or ("",)}
        for key, parts, systems in zip(
            rules["rule_key"], rules["data_components"], rules["platforms"], strict=True
        )
    }
    mine = {pair for key in found.mine.rules["rule_key"] for pair in needs[key]}
    assert set(found.restricted(own_data=True)["rule_key"]) == {key for _, key in pairs if needs[key] & mine}


@pytest.mark.corpora
def test_thousands_of_rules_for_hundreds_of_gaps_are_planned(real):
    """Nothing of mine, and everything of both: more than 3,700 rules."""
    view = real.view(on=small.DAY)
    nothing = only_rules(view.of_corpora(["elastic"]), ())
    found = borrow(nothing, view, priority_weights())
    rows = found.rows
    assert rows["rule_key"].nunique() > 3_700 and rows["attack_id"].nunique() > 350
    plan = found.plan()
    assert plan["share"].iloc[-1] == pytest.approx(1)


# ---- the table of weights ------------------------------------------------------------------------------


def test_the_weights_are_a_table_that_a_user_may_change(tmp_path):
    assert priority_weights() == {"gap": 1.0, "group": 1.0, "software": 0.25, "campaign": 0.5}
    mine = tmp_path / "priority.csv"
    mine.write_text("term,weight\ngap,2\nsoftware,10\n")
    assert priority_weights(mine) == {"gap": 2.0, "group": 0.0, "software": 10.0, "campaign": 0.0}
    assert (DATA / "priority.csv").read_text(encoding="utf-8").startswith("term,weight")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("term,weight\ngap,x\n", ":2: the weight 'x'"),
        ("term,weight\ngap,1\nnation,2\n", ":3: 'nation' is not a term"),
        ("term,weight\ngap,0\ngroup,1\n", "'gap' needs"),
        ("term,weight\ngap,-1\n", "from 0 to 1000"),
        ("", "'gap' needs"),
        ("term,weight\ngap,nan\n", "is not a number"),
        ("term,weight\n\xff", "is not a term"),
    ],
)
def test_a_faulty_table_is_said_with_its_line(tmp_path, text, words):
    table = tmp_path / "priority.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as fault:
        priority_weights(table)
    assert words in str(fault.value) and "priority.csv" in str(fault.value)


def test_a_table_that_is_missing_or_no_text_is_said(tmp_path):
    with pytest.raises(TableError, match="No such file"):
        priority_weights(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"term,weight\n\xff\xfe,1\n")
    with pytest.raises(TableError, match="UTF-8"):
        priority_weights(tmp_path / "bytes.csv")


# ---- the command ---------------------------------------------------------------------------------------

RULES = small.SMALL / "rules"
PAIR = (f"net={RULES / 'network'}", f"win={RULES / 'windows'}")


def run(*arguments: str):
    return CliRunner().invoke(application(), [*arguments, "--attack", small.E18])


def test_borrow_lists_plans_and_limits():
    told = json.loads(run("borrow", *PAIR, "--json").stdout)
    assert (told["mine"], told["others"], told["weights"]["group"]) == ("net", "win", 1.0)
    pairs = {(row["technique_id"], row["path"]) for row in told["rules"]}
    assert {
        ("T1003", "lsass_dump.toml"),
        ("T1003.001", "lsass_dump.toml"),
        ("T1003.001", "lsass_handle.toml"),
    } <= pairs
    assert told["figures"]["techniques"]["closable"] == 5
    plan = json.loads(run("borrow", *PAIR, "--json", "--plan", "--limit", "2").stdout)["plan"]
    assert [step["step"] for step in plan] == [1, 2] and plan[0]["weight"] >= plan[1]["weight"]
    text = run("borrow", *PAIR, "--plan", "--limit", "2").stdout
    assert (
        "2 of 5 steps" in text
        and "win would close 5 of" in text
        and "5 of 6 candidate rules are enough" in text
    )


def test_borrow_restricts_and_writes_csv(tmp_path):
    target = tmp_path / "plan.csv"
    done = run("borrow", *PAIR, "--on", "windows", "--plan", "--csv", str(target))
    assert (done.exit_code, done.stdout) == (0, "")
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [row["step"] for row in rows] == list("12345") and {row["mine"] for row in rows} == {"net"}
    assert all(row["attack"] == small.E18 and "win: " in row["corpora"] for row in rows)
    none = json.loads(run("borrow", *PAIR, "--on", "Linux", "--json").stdout)
    assert none["rules"] == [] and none["figures"]["rules"] == 0 and none["figures"]["rules_of_all"] == 6
    assert json.loads(run("borrow", *PAIR, "--have-log-sources", "--json").stdout)["figures"]["rules"] <= 6
    wrong = run("borrow", *PAIR, "--on", "Amiga")
    assert wrong.exit_code == 2 and wrong.stderr.startswith(
        "coverage: unknown platform of Enterprise 18.1: 'Amiga'"
    )
    assert run("borrow", *PAIR, "--limit", "0").exit_code == 2


def test_the_file_has_no_formula_and_names_whose_gaps():
    corpora = {"mine": {}, "theirs": {"=cmd()": (["T1105"], {"data_sources": ("@x",)})}}
    found = borrowing(corpora)
    (row,) = csv.DictReader(io.StringIO(borrow_csv(found.plan(), found).decode()))
    assert (row["mine"], row["rule_name"], row["rule_log_sources"]) == ("mine", "'=cmd()", "'@x")
