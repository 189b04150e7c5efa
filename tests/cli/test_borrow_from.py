"""`--borrow-from`: the order of work counts a rule to borrow, as the Plan does beside other rule sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coverage.loaders import corpus_sources, load
from coverage.measures.work_order import work_order
from coverage.reading import read_in
from coverage.tables import ease_factors
from coverage.threats.profile import profile_in
from coverage.threats.threat import threat_in
from tests.helpers.command_line import run
from tests.helpers.states import rule_file

PROFILE = '[[threat]]\nname = "Ours"\ntechniques = ["T1105", "T1113", "T1115"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ours.toml").write_text(PROFILE, encoding="utf-8")
    rule_file(tmp_path / "mine" / "one.toml", "r-one", "T1105")
    rule_file(tmp_path / "lent" / "two.toml", "r-two", "T1115")
    return tmp_path


def test_a_gap_that_a_lender_closes_comes_before_one_of_the_same_need(folder):
    where = ("gaps", "mine", "--profile", "ours.toml", "--json")
    alone, lent = (
        {row["technique_id"]: row for row in json.loads(run(*where, *more, cwd=folder).stdout)["gaps"]}
        for more in ((), ("--borrow-from", "lent"))
    )
    assert list(alone)[:2] == ["T1113", "T1115"] and list(lent)[:2] == ["T1115", "T1113"]
    assert alone.keys() == lent.keys()
    borrow = ease_factors()["ease_borrow"]
    assert lent["T1115"]["borrow_factor"] == borrow != 1 == alone["T1115"]["borrow_factor"]
    assert lent["T1115"]["score"] == pytest.approx(alone["T1115"]["score"] * borrow, abs=1e-4)
    assert {one for one in lent if lent[one]["score"] != alone[one]["score"]} == {"T1115"}


def test_it_is_the_order_of_the_page(folder):
    reading = read_in(load(corpus_sources([str(folder / "mine"), str(folder / "lent")])))
    whole = reading.view(pre=True)
    threat = threat_in(profile_in(folder / "ours.toml"), reading.catalogue, reading.reader, whole.scope.date)
    order = work_order(whole.of_corpora(["mine"]), threat, ease_factors(), whole.of_corpora(["lent"]))
    where = ("threats", "mine", "--profile", "ours.toml", "--borrow-from", "lent", "--json")
    told = json.loads(run(*where, cwd=folder).stdout)
    needed = order[order["need"] > 0]
    assert [row["technique_id"] for row in told["next"]] == needed["attack_id"].tolist()
    assert [row["score"] for row in told["next"]] == pytest.approx(needed["score"].tolist(), abs=1e-4)
    assert (
        told["coverage"]["covered"] == 1 and len(told["stamp"]["corpora"]) == 1
    )  # the lender covers nothing


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        (("--borrow-from", "lent"), "name one with --profile"),
        (("--profile", "ours.toml", "--borrow-from", "nowhere"), "file or folder not found"),
        (("--profile", "ours.toml", "--borrow-from", "lent", "--corpus", "lent"), "'lent'"),
    ],
)
def test_what_cannot_be_is_said(folder, more, cause):
    done = run("gaps", "mine", *more, cwd=folder)
    assert done.returncode == 2 and cause in done.stderr
