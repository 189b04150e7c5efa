"""Two corpora beside one another: exact sides by hand, the real ones against a second count, the command."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from coverage.changes.borrow import borrow
from coverage.changes.compare import compare
from coverage.changes.frames import COMPARISON, COMPARISON_TACTICS, COMPARISON_TOTALS
from coverage.charts.compare import plan_curve, side_bars
from coverage.charts.theme import DARK, LIGHT, SIDES
from coverage.cli import application
from coverage.exports.compare import comparison_csv, with_corpora
from coverage.frames import checked
from coverage.measures import coverage_by_id, coverage_by_tactic
from coverage.vocabulary import ROLLUPS
from coverage.vocabulary import SIDES as SIDE_WORDS
from tests.helpers import small
from tests.helpers.small import by_id
from tests.helpers.views import elastic_and_sigma, made

TWO = {
    "ours": {
        "a1": (["T1059.001"], {}),
        "a2": ([("T1053", "TA0002")], {}),
        "a3": (["T1003.001"], {}),
        "a4": (["T1078"], {"rule_class": "development"}),
    },
    "theirs": {
        "b1": (["T1059.003", "T1059.003", "T1059"], {}),
        "b2": (["T1003"], {}),
        "b3": (["T1021.001", "T1078"], {}),
        "b4": ([("T1053", "TA0003")], {}),
        "b5": (["T1003"], {}),
    },
}


def comparison(corpora=TWO, names=("ours", "theirs"), **scope):
    view = made(corpora, **scope)
    return compare(*(view.of_corpora([name]) for name in names))


def sides(found, *ids: str) -> list[str]:
    return [by_id(found.ids, attack_id)["side"] for attack_id in ids]


# ---- by hand -------------------------------------------------------------------------------------------


def test_each_id_stands_on_its_side():
    found = comparison()
    assert sides(found, "T1059", "T1053", "T1003", "T1078", "T1021", "T1110") == [
        "both",
        "both",
        "both",
        "b_only",
        "b_only",
        "neither",
    ]
    assert sides(found, "T1059.001", "T1059.003", "T1003.001", "T1021.001", "T1053.005") == [
        "a_only",
        "b_only",
        "a_only",
        "b_only",
        "neither",
    ]
    checked(found.ids, COMPARISON)


def test_a_rule_counts_once_a_technique_on_its_own_side():
    found = comparison()
    counts = {
        attack_id: tuple(by_id(found.ids, attack_id)[["rules_a", "rules_b"]])
        for attack_id in ("T1059", "T1003", "T1003.001", "T1078")
    }
    assert counts == {"T1059": (1, 1), "T1003": (1, 2), "T1003.001": (1, 0), "T1078": (0, 1)}


def test_the_totals_keep_techniques_and_subtechniques_apart():
    found = comparison()
    checked(found.totals, COMPARISON_TOTALS)
    ids = found.a.techniques
    techniques, subs = int((~ids["is_subtechnique"]).sum()), int(ids["is_subtechnique"].sum())
    assert found.count("techniques") == {
        "a_only": 0,
        "both": 3,
        "b_only": 2,
        "neither": techniques - 5,
        "total": techniques,
    }
    assert found.count("subtechniques") == {
        "a_only": 2,
        "both": 0,
        "b_only": 2,
        "neither": subs - 4,
        "total": subs,
    }
    assert found.sentence() == (
        f"ours covers 3 and theirs 5 of {techniques} techniques: 0 only ours, 2 only theirs, 3 both, "
        f"{techniques - 5} neither."
    )
    assert found.sentence("subtechniques").startswith(
        f"ours covers 2 and theirs 2 of {subs} sub-techniques: 2 only ours"
    )


def test_in_a_tactic_only_rules_that_count_there_stand():
    found = comparison()
    checked(found.tactics, COMPARISON_TACTICS)
    rows = found.tactics.set_index(["tactic_id", "grain"])
    # T1059 both and T1053 ours; T1053 theirs in Persistence beside T1078; in Privilege Escalation T1078
    # alone.
    assert tuple(rows.loc[("TA0002", "techniques"), ["a_only", "both", "b_only"]]) == (1, 1, 0)
    assert tuple(rows.loc[("TA0003", "techniques"), ["a_only", "both", "b_only"]]) == (0, 0, 2)
    assert tuple(rows.loc[("TA0004", "techniques"), ["a_only", "both", "b_only"]]) == (0, 0, 1)
    assert tuple(rows.loc[("TA0006", "subtechniques"), ["a_only", "both", "b_only"]]) == (1, 0, 0)
    assert found.tactics["position"].is_monotonic_increasing
    assert found.tactics["grain"].tolist()[:2] == ["techniques", "subtechniques"]


@pytest.mark.parametrize(
    ("rollup", "expected"),
    [
        ("direct", ["b_only", "both", "b_only", "b_only", "neither"]),
        ("all", ["neither", "neither", "neither", "neither", "neither"]),
        ("share", ["neither", "neither", "neither", "neither", "neither"]),
    ],
)
def test_the_roll_up_says_what_stands(rollup, expected):
    assert sides(comparison(rollup=rollup), "T1059", "T1053", "T1003", "T1078", "T1021") == expected


def test_under_share_a_part_is_open_and_the_share_is_told():
    found = comparison(
        {"ours": {"a": (["T1561.001"], {})}, "theirs": {"b": (["T1561.001", "T1561.002"], {})}},
        rollup="share",
    )
    row = by_id(found.ids, "T1561")
    assert (row["side"], row["covered_a"], row["covered_b"]) == ("b_only", 0.5, 1.0)


def test_a_wider_class_moves_an_id_to_both():
    assert sides(comparison(classes=("production", "development")), "T1078") == ["both"]


def test_other_views_are_refused():
    view = made(TWO)
    with pytest.raises(ValueError, match="more than their corpora"):
        compare(view.of_corpora(["ours"]), made(TWO, rollup="all").of_corpora(["theirs"]))
    with pytest.raises(ValueError, match="more than their corpora"):
        compare(view.of_corpora(["ours"]), made(TWO, small.E19).of_corpora(["theirs"]))


def test_nothing_in_scope_and_nothing_loaded_are_no_fault():
    found = comparison({"ours": {}, "theirs": {}})
    assert found.count("techniques")["neither"] == found.count("techniques")["total"] > 0
    view = made(TWO)
    nowhere = [
        replace(part, scope=replace(part.scope, platforms=("No such platform",)))
        for part in map(view.of_corpora, (["ours"], ["theirs"]))
    ]
    empty = compare(*nowhere)
    assert len(checked(empty.ids, COMPARISON)) == 0
    assert checked(empty.totals, COMPARISON_TOTALS)["total"].tolist() == [0, 0]
    assert checked(empty.tactics, COMPARISON_TACTICS)["total"].sum() == 0


@pytest.mark.parametrize("rollup", ROLLUPS)
def test_swapping_the_two_swaps_their_sides_alone(rollup):
    there, back = comparison(rollup=rollup), comparison(names=("theirs", "ours"), rollup=rollup)
    swapped = back.totals.rename(columns={"a_only": "b_only", "b_only": "a_only"})
    assert there.totals.to_dict() == swapped[there.totals.columns].to_dict()
    assert (
        there.ids[["rules_a", "rules_b"]].to_numpy().tolist()
        == back.ids[["rules_b", "rules_a"]].to_numpy().tolist()
    )


# ---- the real corpora ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(shared):
    reading = elastic_and_sigma(shared("corpora", "elastic"), shared("corpora", "sigma"))
    return reading, reading.view(on=small.DAY)


def _counted_again(reading, corpus: str) -> set[str]:
    """IDs that a corpus covers under `any`, from the frames alone."""
    rules = reading.loaded.rules
    counting = {
        key
        for key, name, rule_class, enabled in zip(
            rules["rule_key"], rules["corpus"], rules["rule_class"], rules["enabled"].tolist(), strict=True
        )
        if name == corpus and rule_class == "production" and enabled is not False
    }
    leaves = {
        i
        for key, i in zip(reading.mappings["rule_key"], reading.mappings["attack_id"], strict=True)
        if key in counting and isinstance(i, str)
    }
    return leaves | {leaf.partition(".")[0] for leaf in leaves}


@pytest.mark.corpora
def test_elastic_and_sigma_agree_with_a_second_count(both):
    reading, view = both
    found = compare(view.of_corpora(["elastic"]), view.of_corpora(["sigma"]))
    elastic, sigma = _counted_again(reading, "elastic"), _counted_again(reading, "sigma")
    techniques = reading.catalogue.techniques
    in_scope = {
        attack_id
        for attack_id, status, platforms in zip(
            techniques["attack_id"], techniques["status"], techniques["platforms"], strict=True
        )
        if status == "live" and tuple(platforms) != ("PRE",)
    }
    for grain, below in (("techniques", False), ("subtechniques", True)):
        here = {attack_id for attack_id in in_scope if ("." in attack_id) == below}
        expected = {
            "a_only": len(here & elastic - sigma),
            "both": len(here & elastic & sigma),
            "b_only": len(here & sigma - elastic),
            "neither": len(here - elastic - sigma),
            "total": len(here),
        }
        assert found.count(grain) == expected
        assert all(count > 0 for count in expected.values())
    told = dict(zip(found.ids["attack_id"], found.ids["side"], strict=True))
    assert set(told) == in_scope
    assert {i for i, side in told.items() if side in ("a_only", "both")} == in_scope & elastic


@pytest.mark.corpora
@pytest.mark.parametrize("rollup", ROLLUPS)
def test_the_sides_agree_with_each_corpus_on_its_own(both, rollup):
    """Per tactic, A alone and both together are what TACTIC_COVERAGE says of A, loaded with B or not."""
    reading, _ = both
    view = reading.view(on=small.DAY, rollup=rollup)
    found = compare(view.of_corpora(["elastic"]), view.of_corpora(["sigma"]))
    for part, own in ((found.a, "a_only"), (found.b, "b_only")):
        ids = coverage_by_id(part)
        assert (ids["covered"] == 1).sum() == found.totals[own].sum() + found.totals["both"].sum()
        if rollup != "share":
            tactics = coverage_by_tactic(part).set_index("tactic_id")
            rows = found.tactics[found.tactics["grain"] == "techniques"].set_index("tactic_id")
            assert (rows[own] + rows["both"]).to_dict() == tactics["covered"].astype(int).to_dict()
            assert rows["total"].to_dict() == tactics["total"].to_dict()


# ---- figures and files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_the_bars_are_the_frame(theme):
    found = comparison()
    rows = found.tactics[found.tactics["grain"] == "techniques"]
    labels = {"a_only": "only <b>ours</b>", "both": "both", "b_only": "only theirs", "neither": "neither"}
    figure = side_bars(rows, labels, theme, "Techniques of each tactic")
    assert list(labels) == list(SIDE_WORDS)
    assert [list(trace.x) for trace in figure.data] == [rows[side].tolist() for side in labels]
    assert all(list(trace.y) == rows["name"].tolist() for trace in figure.data)
    assert [trace.name for trace in figure.data] == [
        "only &lt;b&gt;ours&lt;/b&gt;",
        "both",
        "only theirs",
        "neither",
    ]
    assert [trace.marker.color for trace in figure.data] == [
        *(fill for fill, _ in SIDES.values()),
        theme.rest,
    ]
    assert (
        figure.layout.title.text == "Techniques of each tactic"
        and figure.layout.xaxis.title.text == "techniques in scope"
    )


def test_the_curve_is_the_plan():
    view = made(TWO)
    plan = borrow(
        view.of_corpora(["ours"]),
        view.of_corpora(["theirs"]),
        {"gap": 1.0, "group": 0.0, "software": 0.0, "campaign": 0.0},
    ).plan()
    trace = plan_curve(plan, LIGHT, "Closed").data[0]
    assert list(trace.x) == [0, *plan["step"]] and list(trace.y) == [0.0, *plan["share"]]
    assert trace.customdata[1][0] == f"1. {plan['rule_name'][0]}"


def test_the_file_names_both_corpora_and_the_scope():
    found = comparison()
    rows = list(csv.DictReader(io.StringIO(comparison_csv(found).decode())))
    assert len(rows) == len(found.ids)
    row = next(row for row in rows if row["technique_id"] == "T1003")
    assert (row["corpus_a"], row["corpus_b"], row["side"], row["rules_a"], row["rules_b"]) == (
        "ours",
        "theirs",
        "both",
        "1",
        "2",
    )
    assert (
        "ours: 4 rules" in row["corpora"]
        and "theirs: 5 rules" in row["corpora"]
        and row["attack"] == small.E18
    )
    assert list(with_corpora(found.ids, found).columns) == ["corpus_a", "corpus_b", *COMPARISON.columns]


# ---- the command ---------------------------------------------------------------------------------------

RULES = small.SMALL / "rules"
PAIR = (f"win={RULES / 'windows'}", f"net={RULES / 'network'}")


def run(*arguments: str):
    return CliRunner().invoke(application(), [*arguments, "--attack", small.E18])


def test_compare_says_the_same_as_the_measure():
    told = json.loads(run("compare", *PAIR, "--json").stdout)
    assert (told["a"], told["b"]) == ("win", "net")
    assert [corpus["name"] for corpus in told["stamp"]["corpora"]] == ["win", "net"]
    techniques = told["totals"][0]
    # windows/: T1003, T1053, T1070, T1562, T1574 (T1027.018 is of 19.0); network/: T1071, T1105, T1132 (see
    # tests/helpers/small.py).
    assert (techniques["a_only"], techniques["both"], techniques["b_only"]) == (5, 0, 3)
    assert told["sentence"].startswith("win covers 5 and net 3 of ")
    text = run("compare", *PAIR).stdout
    assert (
        told["sentence"] in text
        and "Only win: 5 of" in text
        and "T1071" in text
        and "sub-techniques: only win" in text
    )


def test_compare_writes_csv_and_refuses_what_it_cannot_do(tmp_path):
    target = tmp_path / "compare.csv"
    assert run("compare", *PAIR, "--csv", str(target)).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert {
        row["technique_id"] for row in rows if row["side"] == "b_only" and "." not in row["technique_id"]
    } == {"T1071", "T1105", "T1132"}
    both = run("compare", *PAIR, "--csv", "-", "--json")
    assert both.exit_code == 2 and "choose one" in both.stderr
    missing = run("compare", PAIR[0], "no/such/folder")
    assert missing.exit_code == 2 and missing.stderr.count("\n") == 1 and "no/such/folder" in missing.stderr
