"""What a move between releases does to one corpus: exact on the small one, and sums over every pair of
releases.
"""

from __future__ import annotations

import csv
import io
import json
from functools import cache
from itertools import product

import pandas as pd
import pytest
from typer.testing import CliRunner

from coverage.changes.impact import Impact, impact
from coverage.charts.impact import impact_bars
from coverage.charts.theme import LIGHT, LOST
from coverage.cli import application
from coverage.exports.impact import TABLES, comparison, impact_csv, impact_json
from coverage.loaders.frames import rules_frame, written_frame
from coverage.mapping.reader import Reader, mappings_as_read
from coverage.measures import summary
from coverage.scope import Scope, View
from coverage.tables import PROJECT, depth_weights
from coverage.vocabulary import ROLLUPS
from coverage.words import signed
from tests.helpers import small
from tests.helpers.ledgers import GRAINS, assert_adds_up, assert_specs, brief, unit
from tests.helpers.releases import PAIRS
from tests.helpers.small import DAY, E18, E19, letters, mapping, rule


@cache
def moved(old: str = E18, new: str = E19, **scope) -> Impact:
    return impact(small.view(old, **scope), small.view(new, **scope))


# ---- the small corpus, counted by hand
# ------------------------------------------------------------------------


def test_a_revoked_id_leaves_and_its_successor_comes_with_its_rules():
    found = moved()
    old = unit(found, "T1562.001")
    assert brief(old) == ("covered", "absent", "revoked", "revoked")
    assert (old["others"], letters(old["rules"])) == (
        ("T1685",),
        "d",
    )  # five IDs became T1685, so l is not read back
    assert old["because"] == "T1562.001 is revoked in Enterprise 19.0, read as T1685"
    new = unit(found, "T1685")
    assert brief(new) == ("absent", "covered", "added", "new")
    assert (new["others"], letters(new["rules"])) == (("T1562.001",), "dl")
    assert (new["covered_change"], new["total_change"]) == (1.0, 1)


def test_a_mapping_that_is_read_only_now_is_the_new_ids():
    row = unit(moved(), "T1027.018")
    assert brief(row) == ("absent", "covered", "added", "new")
    parent = unit(moved(), "T1027")  # in 18.1 nothing covers it: T1027.018 has no predecessor
    assert brief(parent) == ("open", "covered", "added", "new")
    assert (parent["through"], letters(parent["rules"]), parent["total_change"]) == (("T1027.018",), "l", 0)


def test_a_placement_moves_with_its_technique():
    found = moved()
    left = unit(found, "T1574.001", "TA0003")
    assert brief(left) == ("covered", "absent", "moved", "tactics")
    assert left["because"] == "T1574.001 left Persistence"
    joined = unit(found, "T1574.001", "TA0002")
    assert (*brief(joined), letters(joined["rules"])) == ("absent", "covered", "moved", "tactics", "e")
    # e names Persistence, which T1574.001 has left: it counts in all of its tactics now, TA0005 among them.
    stays = unit(found, "T1574.001", "TA0005")
    assert brief(stays) == ("open", "covered", "moved", "tactic")
    assert stays["tactic"] == "Stealth" and "Enterprise 19.0" in stays["because"]


def test_a_tactic_that_was_left_bears_the_name_it_had():
    row = unit(moved(), "T1562.001", "TA0005")
    assert row["tactic"] == "Defense Evasion"


def test_the_sentence_has_both_denominators_and_the_causes():
    old, new = summary(small.view(E18))["techniques"], summary(small.view(E19))["techniques"]
    text = moved().sentence()
    assert f"from {old['covered']} of {old['total']} to {new['covered']} of {new['total']}: " in text
    assert (
        text.startswith("Moving from Enterprise 18.1 to 19.0, covered techniques go ")
        and "all explained (" in text
    )


@pytest.mark.parametrize("rollup", list(ROLLUPS))
@pytest.mark.parametrize(
    ("pre", "classes", "platforms"),
    [
        (False, ("production",), ()),
        (True, ("production", "hunt", "development", "deprecated"), ()),
        (False, ("production",), ("Windows",)),
        (True, ("production",), ("Linux", "Containers")),
    ],
)
def test_the_small_corpus_adds_up_both_ways(rollup, pre, classes, platforms):
    for old, new in ((E18, E19), (E19, E18)):
        found = moved(old, new, rollup=rollup, pre=pre, classes=classes, platforms=platforms)
        assert_specs(found)
        assert_adds_up(found)


@pytest.mark.parametrize("rollup", list(ROLLUPS))
def test_the_way_back_is_the_mirror_of_the_way_there(rollup):
    there, back = moved(rollup=rollup).ledger, moved(E19, E18, rollup=rollup).ledger
    keys = ["grain", "tactic_id", "attack_id"]
    pd.testing.assert_frame_equal(there[keys], back[keys])
    assert (there["covered_change"] + back["covered_change"]).abs().max() < 1e-12
    assert (there["total_change"] + back["total_change"] == 0).all()
    assert there["before"].tolist() == back["after"].tolist()
    # A move between tactics is one both ways; what was added is gone on the way back.
    opposite = {"moved": "moved", "added": "revoked", "revoked": "added", "mapping": "mapping"}
    assert [opposite[cause] for cause in there["cause"]] == back["cause"].tolist()


def test_nothing_differs_within_one_release():
    found = impact(small.view(E18), small.view(E18))
    assert found.ledger.empty and found.changes.empty and found.rule_changes.empty
    assert_specs(found)
    assert "0, all explained." in found.sentence()
    assert (found.by_cause["units"] == 0).all()


def test_changes_name_the_rules_they_touch():
    changes = moved().changes.set_index(["attack_id", "change"])
    assert letters(changes.loc[("T1562.001", "revoked"), "rules"]) == "d"
    assert letters(changes.loc[("T1574.001", "moved"), "rules"]) == "e"
    assert (
        letters(changes.loc[("T1070.001", "revoked"), "rules"]) == "o"
    )  # a deprecated rule: read, not in scope
    assert changes.loc[("T1070.001", "revoked"), "rules_in_scope"] == 0
    assert (
        letters(changes.loc[("TA0112", "added"), "rules"]) == "kl"
    )  # as read in 19.0: k by its set for 19.0
    assert changes.loc[("T1688", "added"), "rules"] == ()


def test_a_touched_rule_shows_its_mapping_as_written_and_as_read_in_both():
    rows = moved().rule_changes
    row = rows[(rows["rule_key"] == f"small/{small.PATHS['d']}") & (rows["change"] == "revoked")].iloc[0]
    assert row["written"] == ("T1562.001 in TA0005",)
    assert row["read_before"] == ("T1562.001 in Defense Evasion",)
    assert row["read_after"] == ("T1685 in every tactic it has",)
    k = rows[(rows["rule_key"] == f"small/{small.PATHS['k']}")]
    assert "not read: another mapping set of the rule is" in {
        text for texts in k["read_after"] for text in texts
    }


# ---- made for one question
# ------------------------------------------------------------------------------------


def made(rules, written, *releases: str, **scope) -> list[View]:
    """Views of rules made here, in each release, with the others installed."""
    catalogues = [small.catalogue(release) for release in releases]
    mappings = written_frame(written)
    return [
        View(
            c,
            rules_frame(rules),
            mappings_as_read(mappings, Reader(c, [o for o in catalogues if o is not c])),
            Scope(c.release, date=DAY, **scope),
            depth_weights(),
        )
        for c in catalogues
    ]


def test_a_rule_with_a_mapping_set_for_each_release_is_its_own_cause():
    written = [
        mapping("x", 0, "T1057", written_for="18.1"),
        mapping("x", 1, "T1082", written_for="19.0"),
        mapping("y", 0, "T1105"),
    ]
    found = impact(*made([rule("x"), rule("y")], written, E18, E19))
    assert brief(unit(found, "T1057")) == ("covered", "open", "mapping", "set")
    assert brief(unit(found, "T1082")) == ("open", "covered", "mapping", "set")
    assert_adds_up(found)
    assert "mapping" in set(found.by_cause["cause"])
    assert "mapping 0" in found.sentence()  # one gained, one lost


def test_causes_that_are_not_attacks_are_left_out_where_they_do_not_occur():
    found = impact(*made([rule("y")], [mapping("y", 0, "T1105")], E18, E19))
    assert set(found.by_cause["cause"]) == {"added", "revoked", "moved"}


def test_platforms_that_changed_bring_ids_into_the_scope_and_take_them_out():
    """T1059 got Containers and SaaS in 19.0; without another platform in scope it is not there before."""
    found = impact(
        *made(
            [rule("y", platforms=("Containers",))],
            [mapping("y", 0, "T1059")],
            E18,
            E19,
            platforms=("Containers",),
        )
    )
    row = unit(found, "T1059")
    assert brief(row) == ("absent", "covered", "moved", "platforms")
    assert "Containers" in row["because"]
    assert_adds_up(found)


def test_rules_on_a_revoked_id_count_for_a_successor_that_was_there_before():
    """T1562 of 18.1 is read as T1685 in 19.0, and an ID that 16.1 knows too would only flip: see the pairs
    below.
    """
    found = impact(*made([rule("y")], [mapping("y", 0, "T1562.002")], E18, E19))
    technique = unit(found, "T1685")
    assert brief(technique) == ("absent", "covered", "added", "new")
    assert technique["rules"] == ("y",)


def test_two_views_differ_in_nothing_but_the_release():
    with pytest.raises(ValueError, match="more than the release"):
        impact(small.view(E18), small.view(E19, pre=True))
    with pytest.raises(ValueError, match="different rules"):
        impact(*(made([rule(key)], [], release)[0] for key, release in (("a", E18), ("b", E19))))
    with pytest.raises(ValueError, match="of different domains"):
        impact(small.view(E18), small.view("mobile-18.1"))


def test_a_comparison_is_made_once_a_pair_of_views():
    assert impact(small.view(E18), small.view(E19)) is impact(small.view(E18), small.view(E19))
    assert impact(small.view(E18), small.view(E19)).before is small.view(E18)
    assert impact(small.view(E19), small.view(E19)).before is small.view(E19)


# ---- every ordered pair of releases, three corpora, all roll-ups
# ------------------------------------------------


# Every ordered pair over the project's rules; over the large corpora in turn, so that each pair has one.
OVER = [
    *(("rules", old, new) for old, new in PAIRS),
    *((("elastic", "sigma")[place % 2], old, new) for place, (old, new) in enumerate(PAIRS)),
]


@pytest.mark.corpora
@pytest.mark.parametrize(("name", "old", "new"), OVER)
def test_every_pair_of_releases_adds_up(every_release, shared, name, old, new):
    path = PROJECT / "rules" if name == "rules" else shared("corpora", name)
    rules = small.real(path)
    raw_old, raw_new = every_release.raw(old), every_release.raw(new)
    for rollup in ROLLUPS:
        found = impact(*(every_release.view(rules, r, rollup=rollup, on=DAY) for r in (old, new)))
        assert_adds_up(found)
        for row in found.ledger.itertuples():
            assert_cause_is_true(row, raw_old, raw_new)
    assert len(found.ledger) > 0


def assert_cause_is_true(row, old, new) -> None:
    """What the ledger says of a unit that came or went, against the raw bundles."""
    if row.total_change == 0:
        return
    lived, lives = row.attack_id in old.live, row.attack_id in new.live
    there, gone = (new, old) if row.total_change > 0 else (old, new)
    if lived != lives:
        assert row.cause == ("added" if lives else "revoked")
        status = gone.status.get(row.attack_id)
        assert row.detail == (("restored" if status else "new") if lives else (status or "removed"))
        return
    assert row.cause == "moved"
    if row.detail == "tactics":
        assert (
            row.tactic_id in there.tactics_of[row.attack_id]
            and row.tactic_id not in gone.tactics_of[row.attack_id]
        )
    else:
        assert row.detail == "platforms"
        assert (gone.platforms[row.attack_id] == {"PRE"}) and (there.platforms[row.attack_id] != {"PRE"})


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("platforms", "pre"),
    [(("Windows",), False), (("ESXi", "Network Devices"), True), (("Containers",), False)],
)
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_platform_filters_add_up_too(every_release, old, new, platforms, pre):
    rules = small.real(PROJECT / "rules")
    for rollup in ("any", "share"):
        found = impact(
            *(
                every_release.view(rules, r, rollup=rollup, platforms=platforms, pre=pre, on=DAY)
                for r in (old, new)
            )
        )
        assert_adds_up(found)


@pytest.mark.corpora
def test_elastic_from_18_to_19_in_numbers(shared):
    views = [
        small.elastic_reading(shared("corpora", "elastic"), release).view(on=DAY) for release in (E18, E19)
    ]
    found = impact(*views)
    assert "from 159 of 197 to 161 of 201: +2, all explained (added +4, revoked -2)." in found.sentence()
    shown = comparison(found).set_index("counted")
    assert shown.loc["matrix cells covered"].tolist() == ["531", "+10", "-11", "-10", "520", "-11"]


# ---- files, figure, command line
# --------------------------------------------------------------------------------


def test_each_table_is_a_file_that_names_both_releases():
    found = moved()
    for table, attribute in TABLES.items():
        rows = list(csv.DictReader(io.StringIO(impact_csv(found, table).decode("utf-8"))))
        assert len(rows) == len(getattr(found, attribute)) > 0
        assert {(row["from_release"], row["to_release"], row["attack"]) for row in rows} == {(E18, E19, E19)}


def test_json_holds_everything_and_only_plain_values():
    found = moved()
    value = json.loads(json.dumps(impact_json(found)))
    assert (value["from"], value["to"], value["sentence"]) == (E18, E19, found.sentence())
    assert [len(value[name]) for name in ("changes", "ledger", "rules")] == [
        len(found.changes),
        len(found.ledger),
        len(found.rule_changes),
    ]
    assert value["ledger"][0]["rules"] == list(found.ledger.iloc[0]["rules"])


@pytest.mark.parametrize(
    ("value", "text"), [(2, "+2"), (-3.0, "-3"), (0.0, "0"), (0.04, "0"), (-0.84, "-0.8"), (1234, "+1,234")]
)
def test_differences_in_words(value, text):
    assert signed(value) == text


@pytest.mark.parametrize("grain", GRAINS)
def test_the_figure_shows_what_the_frame_says(grain):
    found = moved()
    causes = found.by_cause[found.by_cause["grain"] == grain]
    figure = impact_bars(found.totals.set_index("grain").loc[grain], causes, LIGHT, grain)
    shown = [(trace.name, trace.xaxis, list(trace.x)) for trace in figure.data]
    assert shown == [
        (name, axis, causes[f"{kind}_{name}"].tolist())
        for (kind, axis), name in product((("covered", "x"), ("total", "x2")), ("gained", "lost"))
    ]
    assert {trace.marker.color for trace in figure.data} == {LIGHT.accent, LOST}
    assert all(list(trace.y) == causes["cause"].tolist() for trace in figure.data)
    row = found.totals.set_index("grain").loc[grain]
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert (
        f"covered: {row['covered_before']:.0f} → {row['covered_after']:.0f} (" in titles[0]
        and "in scope: " in titles[1]
    )
    assert figure.layout.xaxis.title.text and figure.layout.xaxis2.title.text


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))

    def command(*arguments: str):
        result = CliRunner().invoke(application(), ["impact", str(small.SMALL), *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return command


def test_the_command_says_it_in_words_and_tables(run):
    result = run("--from", E18, "--to", E19)
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert moved().sentence() in text
    touching = int((moved().changes["rules"].map(len) > 0).sum())
    assert f"{touching} of {len(moved().changes)} changes touch rules" in text
    assert "No rule is touched by the rest:" in text and "'+" not in text


def test_the_command_compares_the_default_release_with_the_newest_other_one(run):
    assert json.loads(run("--json").stdout)["from"] == E18
    assert json.loads(run("--json", "--to", E18).stdout)["from"] == E19


def test_the_command_takes_the_scope(run):
    value = json.loads(
        run("--json", "--rollup", "share", "--pre", "--class", "hunt", "--platform", "linux").stdout
    )
    assert (
        value["stamp"]["rollup"],
        value["stamp"]["pre"],
        value["stamp"]["classes"],
        value["stamp"]["platforms"],
    ) == ("share", True, ["hunt"], ["Linux"])


def test_the_command_writes_a_table(run, tmp_path):
    target = tmp_path / "touched.csv"
    assert run("--table", "rules", "--csv", str(target)).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert len(rows) == len(moved().rule_changes)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", E19, "--to", E19), "choose two different releases"),
        (("--from", E18, "--to", "mobile-18.1"), "choose two different releases of one domain"),
        (("--to", "mobile-18.1"), "only installed release of its domain"),
        (("--from", "enterprise-3.0"), "not installed"),
        (("--to", "nineteen"), "not an ATT&CK release"),
        (("--table", "nothing"), "unknown"),
        (("--json", "--csv", "-"), "choose one of"),
        (("--platform", "Amiga"), "unknown platform of Enterprise 18.1 or Enterprise 19.0"),
    ],
)
def test_the_command_says_why_it_cannot_run(run, arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
