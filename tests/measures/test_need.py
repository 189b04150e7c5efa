"""Need, threat-weighted coverage, states and plans, each counted a second way: from the bundle, by sets."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction

import pytest

from coverage.catalogue import shelf
from coverage.changes.borrow import borrow
from coverage.exports.navigator import threat_layer
from coverage.frames import checked
from coverage.loaders import CorpusSource, load
from coverage.measures import gaps
from coverage.measures.adversaries import (
    adversaries,
    adversary_ids,
    adversary_tactics,
    compare_threats,
    threat_overlay,
)
from coverage.measures.breadth import coverage_by_id
from coverage.measures.frames import (
    ADVERSARIES,
    ADVERSARY_IDS,
    ADVERSARY_TACTICS,
    NEED,
    NEED_TERMS,
    TECHNIQUE_USERS,
    THREAT_COMPARISON,
    THREAT_OVERLAY,
    THREAT_STEPS,
    WORK_ORDER,
)
from coverage.measures.need import need_by_id, need_sum, need_terms, state_by_id, threat_coverage
from coverage.measures.next_steps import data_needed
from coverage.measures.technique import technique_users
from coverage.measures.work_order import technique_steps, with_need, work_order
from coverage.palette import OVERLAY_COLOURS
from coverage.project.settings import ThreatSetting
from coverage.reading import Reading
from coverage.scope import View
from coverage.tables import TableError, ease_factors, priority_weights
from coverage.threats.frames import ATTACK_USES
from coverage.threats.names import names_of
from coverage.threats.profile import Profile, default_profile, group_profile
from coverage.threats.threat import Threat, threat_in
from coverage.threats.uses import attack_uses
from coverage.vocabulary import OVERLAYS, STATES, WAYS
from tests.helpers import small
from tests.helpers.command_line import run
from tests.helpers.small import DAY, E18, E19

ROLLUPS = ("any", "share", "all", "direct")


def threat(profile: Profile | ThreatSetting, reading: Reading) -> Threat:
    if isinstance(profile, ThreatSetting):
        profile = Profile(profile.name, (profile,))
    return threat_in(profile, reading.catalogue, reading.reader, DAY)


# ---- ATT&CK's own uses, from the bundle --------------------------------------------------------------------


@dataclass(frozen=True)
class Raw:
    """What a bundle says, read object by object: adversary -> way -> the IDs it comes to that way."""

    release: str
    uses: dict[str, dict[str, set[str]]]
    adversaries: set[str]


def _live(stix: dict) -> bool:
    return not stix.get("revoked") and not stix.get("x_mitre_deprecated")


@pytest.fixture(scope="module", params=[E18, E19])
def raw(request, shared) -> Raw:
    domain, _, version = request.param.partition("-")
    path = shared("attack", f"{domain}-attack-{version}.json.gz")
    objects = json.loads(gzip.decompress(path.read_bytes()))["objects"]
    ids = {
        stix["id"]: stix["external_references"][0]["external_id"]
        for stix in objects
        if stix["type"] in ("attack-pattern", "intrusion-set", "campaign", "malware", "tool") and _live(stix)
    }
    relations: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for stix in objects:
        if stix["type"] == "relationship" and _live(stix):
            source, target = ids.get(stix["source_ref"]), ids.get(stix["target_ref"])
            if source and target:
                relations[stix["relationship_type"], source].add(target)
    found = {}
    for one in ids.values():
        if one[0] in "GC":
            used = relations["uses", one]
            campaigns = [
                c for (kind, c), targets in relations.items() if kind == "attributed-to" and one in targets
            ]
            found[one] = {
                "direct": {i for i in used if i[0] == "T"},
                "campaign": {i for c in campaigns for i in relations["uses", c] if i[0] == "T"},
                "software": {i for s in used if s[0] == "S" for i in relations["uses", s] if i[0] == "T"},
            }
    return Raw(request.param, found, set(found))


@pytest.mark.corpora
def test_every_group_and_campaign_uses_what_the_bundle_says_by_each_way(raw):
    found = checked(attack_uses(shelf.open_release(raw.release)), ATTACK_USES)
    mine: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for member, attack_id, way in found[["member_id", "attack_id", "way"]].itertuples(index=False):
        mine[member][way].add(attack_id)
    assert len(raw.adversaries) > 200
    for member, ways in raw.uses.items():
        assert {way: mine[member][way] for way in ways} == ways, member


@pytest.mark.corpora
@pytest.mark.parametrize("rollup", ROLLUPS)
def test_states_add_up_for_every_adversary_and_agree_with_the_bundle(raw, shared, rollup):
    """Each state from sets of IDs: those with a rule, their techniques, their sub-techniques."""
    reading = small.elastic_reading(shared("corpora", "elastic", "rules"), raw.release)
    view = reading.view(on=DAY, pre=True, rollup=rollup)
    profile = group_profile(sorted(raw.adversaries), ("campaign", "software"))
    every = threat(profile, reading)
    rows = checked(adversaries(view, every), ADVERSARIES).set_index("member_id")
    with_rule = set(view.rules_on_ids["attack_id"])
    parents_with = {one.partition(".")[0] for one in with_rule if "." in one}
    for member, ways in raw.uses.items():
        needed = set().union(*ways.values())
        if not needed:
            assert member not in rows.index
            continue
        exact = needed & with_rule
        sub = {one for one in needed - exact if "." not in one and one in parents_with}
        parent = {one for one in needed - exact if "." in one and one.partition(".")[0] in with_rule}
        sibling = {
            one for one in needed - exact - parent if "." in one and one.partition(".")[0] in parents_with
        }
        row = rows.loc[member]
        assert (row["needed"], row["out_of_scope"]) == (len(needed), 0), member
        states = (len(exact), len(sub), len(parent), len(sibling))
        assert tuple(row[list(STATES)]) == (*states, len(needed) - sum(states)), member
    assert (rows[list(STATES)].sum(axis=1) == rows["needed"]).all()
    coverage = coverage_by_id(view).set_index("attack_id")["covered"]
    ids = checked(adversary_ids(view, every), ADVERSARY_IDS)
    assert len(ids) == rows["needed"].sum()
    totals = ids.groupby("member_id")["attack_id"].agg(lambda one: coverage[one].sum())
    assert totals.to_dict() == pytest.approx(rows.loc[rows["needed"] > 0, "covered"].to_dict())


@pytest.mark.corpora
def test_the_five_adversaries_that_were_counted_by_hand(shared):
    """Elastic's rules in 19.0, production, every platform, with pre-attack techniques."""
    reading = small.elastic_reading(shared("corpora", "elastic", "rules"), E19)
    names = ["Scattered Spider", "Volt Typhoon", "Lazarus Group", "APT29", "Sandworm Team"]
    rows = adversaries(reading.view(on=DAY, pre=True), threat(group_profile(names), reading))
    found = {row["name"]: tuple(row[name] for name in ("needed", *STATES)) for row in rows.to_dict("records")}
    assert found == {
        "Scattered Spider": (64, 54, 1, 2, 1, 6),
        "Volt Typhoon": (81, 55, 0, 5, 7, 14),
        "Lazarus Group": (93, 71, 0, 5, 5, 12),
        "APT29": (66, 57, 0, 3, 3, 3),
        "Sandworm Team": (79, 59, 2, 2, 5, 11),
    }


@pytest.mark.corpora
def test_data_that_rules_use_makes_a_gap_easier(shared):
    reading = small.elastic_reading(shared("corpora", "elastic", "rules"), E19)
    view = reading.view(on=DAY)
    order = work_order(view, threat(default_profile(DAY), reading), ease_factors())
    data = data_needed(view)
    at_hand = set(data.loc[data["collected"], "attack_id"])
    assert order["data_factor"].tolist() == [1.5 if one in at_hand else 1.0 for one in order["attack_id"]]
    assert set(order["data_factor"]) == {1.0, 1.5}


# ---- need and coverage -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def here() -> tuple[View, Threat]:
    """The small corpus in 19.0, and a profile with weights, ways, a half-life and a list of one's own."""
    reading = small.reading(E19)
    entries = (
        ThreatSetting("x", groups=("G0016", "G0102"), through=("campaign", "software"), weight=3.0),
        ThreatSetting("x", groups=("G1015",), half_life=4.0),
        ThreatSetting("x", techniques=("T1053.005", "T1003.001", "T1562.001"), weight=0.5),
    )
    return small.view(E19), threat(Profile("x", entries), reading)


def test_need_is_the_weighted_share_of_the_members_that_use_an_id(here):
    view, profile = here
    weights = {"G0016": 3, "G0102": 3, "G1015": 1, "list: x": Fraction(1, 2)}
    assert dict(zip(profile.members["member_id"], profile.members["weight"], strict=True)) == weights
    most: dict[tuple[str, str], float] = {}
    for row in profile.uses.to_dict("records"):
        key = (row["attack_id"], row["member_id"])
        most[key] = max(most.get(key, 0.0), row["counts"])
    expected: defaultdict[str, Fraction] = defaultdict(Fraction)
    for (attack_id, member), counts in most.items():
        if attack_id in set(view.techniques["attack_id"]):
            expected[attack_id] += Fraction(weights[member]) * Fraction(counts)
    total = sum(map(Fraction, weights.values()))
    needs = checked(need_by_id(view, profile), NEED)
    assert dict(zip(needs["attack_id"], needs["need"], strict=True)) == pytest.approx(
        {one: float(weight / total) for one, weight in expected.items()}
    )
    assert needs["need"].is_monotonic_decreasing and needs["need"].between(0, 1).all()
    assert (needs[["direct", "campaign", "software"]].max(axis=1) <= needs["need"] + 1e-12).all()
    terms = checked(need_terms(view, profile), NEED_TERMS)
    shares = terms.groupby("attack_id")["share"].sum()
    assert shares.to_dict() == pytest.approx(dict(zip(needs["attack_id"], needs["need"], strict=True)))


def test_weighted_coverage_by_fractions_beside_the_plain_count(here):
    view, profile = here
    needs, covered = need_by_id(view, profile), coverage_by_id(view).set_index("attack_id")["covered"]
    need = {one: Fraction(value) for one, value in zip(needs["attack_id"], needs["need"], strict=True)}
    met = sum((value for one, value in need.items() if covered[one] == 1), Fraction())
    found = threat_coverage(view, profile)
    assert found.weighted == pytest.approx(float(met / sum(need.values())))
    assert (found.covered, found.needed) == (sum(covered[one] == 1 for one in need), len(need))
    assert 0 < found.covered < found.needed and found.out_of_scope > 0
    assert sum(needed for _, needed in found.grains.values()) == found.needed
    wide = threat_coverage(view.with_pre(), profile)
    assert wide.out_of_scope == 0 and wide.needed == found.needed + found.out_of_scope


def test_the_sum_of_a_need_can_be_read(here):
    view, profile = here
    assert need_sum(view, profile, "T1562.001") == "(0) / 7.5 = 0.000"
    text = need_sum(view, profile, "T1685")
    need = small.by_id(need_by_id(view, profile), "T1685")["need"]
    assert (
        text.startswith("(3 APT29") and "0.5 Own techniques" in text and text.endswith(f" / 7.5 = {need:.3f}")
    )


def test_nobody_needs_nothing(here):
    view, _ = here
    nobody = threat(ThreatSetting("nobody", groups=("Nobody",)), small.reading(E19))
    assert need_by_id(view, nobody).empty and adversaries(view, nobody).empty
    assert threat_coverage(view, nobody).weighted == 0.0
    assert (
        technique_steps(view, nobody).empty and (work_order(view, nobody, ease_factors())["score"] == 0).all()
    )


def test_a_state_is_the_first_that_fits():
    view = small.view(E18)
    with_rule = set(view.rules_on_ids["attack_id"])
    states = state_by_id(view)
    assert set(states) == set(view.techniques["attack_id"])
    assert {one for one, state in states.items() if state == "exact"} == with_rule
    wanted = {
        "T1053.005": "exact",
        "T1053": "sub_only",
        "T1053.003": "sibling_only",
        "T1003.002": "parent_only",
    }
    assert {one: states[one] for one in wanted} == wanted and states["T1110.001"] == "none"


def test_tactics_of_an_adversary_are_counted_in_every_tactic_of_an_id(here):
    view, profile = here
    cells = checked(adversary_tactics(view, profile), ADVERSARY_TACTICS)
    homes = Counter(view.placements["attack_id"])
    for member, rows in adversary_ids(view, profile).groupby("member_id"):
        mine = cells[cells["member_id"] == member]
        assert mine["needed"].sum() == sum(homes[one] for one in rows["attack_id"])
        assert (mine["exact"] <= mine["needed"]).all()
    assert cells["share"].isna().equals(cells["needed"] == 0)
    assert len(cells) == len(profile.members) * (view.catalogue.tactics["position"] >= 0).sum()


def test_an_overlay_says_of_each_id_whether_it_is_needed_and_covered(here):
    view, profile = here
    overlay = checked(threat_overlay(view, profile), THREAT_OVERLAY)
    needed, coverage = set(need_by_id(view, profile)["attack_id"]), coverage_by_id(view)
    covered = set(coverage.loc[coverage["covered"] == 1, "attack_id"])
    found = {name: set(rows["attack_id"]) for name, rows in overlay.groupby("overlay")}
    assert found == {
        "needed_open": needed - covered,
        "needed_covered": needed & covered,
        "covered_only": covered - needed,
    }
    assert set(found) < set(OVERLAYS) == set(OVERLAY_COLOURS)
    in_part = threat_overlay(small.view(E19, rollup="share"), profile)
    share = coverage_by_id(small.view(E19, rollup="share")).set_index("attack_id")["covered"]
    part = set(in_part.loc[in_part["overlay"] == "needed_part", "attack_id"])
    assert part == {one for one in needed if 0 < share[one] < 1} and part


def test_two_adversaries_beside_one_another(here):
    view, reading = here[0], small.reading(E19)
    a, b = (threat(group_profile([name]), reading) for name in ("G0016", "G1015"))
    found = checked(compare_threats(view, a, b), THREAT_COMPARISON)
    ids = [set(need_by_id(view, one)["attack_id"]) for one in (a, b)]
    assert set(found["attack_id"]) == ids[0] | ids[1]
    both = found[(found["need_a"] > 0) & (found["need_b"] > 0)]
    assert set(both["attack_id"]) == ids[0] & ids[1] and both.index.tolist() == list(range(len(both)))
    assert set(found.loc[found["need_b"] == 0, "needed_by_a"]) == {("APT29",)}


def test_who_comes_to_a_technique_and_how(here):
    view = here[0]
    users = checked(technique_users(view, "T1059.001"), TECHNIQUE_USERS)
    uses = view.catalogue.uses
    direct = users[users["way"] == "direct"]
    assert set(direct["member_id"]) == set(uses.loc[uses["target_id"] == "T1059.001", "source_id"])
    assert users.index[users["way"] == "direct"].tolist() == list(range(len(direct)))
    years = direct.loc[direct["kind"] == "group", "last_reported"].dropna().tolist()
    assert years == sorted(years, reverse=True) and users["procedure"].isna().all()
    assert set(users["way"]) == set(WAYS) and (users.loc[users["way"] != "direct", "through"] != "").all()
    spider = users[users["member_id"] == "G0102"]
    assert "Empire" in set(spider.loc[spider["way"] == "software", "through"])


def test_a_navigator_layer_of_need_over_coverage(here, tmp_path):
    view, profile = here
    layer = threat_layer(view, profile)
    overlay = threat_overlay(view, profile).set_index("attack_id")
    assert {one["techniqueID"]: one["color"] for one in layer["techniques"]} == {
        attack_id: OVERLAY_COLOURS[name] for attack_id, name in overlay["overlay"].items()
    }
    assert not any("score" in one for one in layer["techniques"])
    assert "needed IDs are covered" in layer["description"]
    file = tmp_path / "layer.json"
    done = run("threats", str(small.SMALL), "--group", "G0016", "--layer", str(file))
    assert done.returncode == 0 and "1 member" in done.stdout
    assert json.loads(file.read_text(encoding="utf-8"))["versions"]["layer"] == "4.5"


# ---- what next ---------------------------------------------------------------------------------------------


def test_the_order_of_work_is_a_product_of_factors_that_are_shown(here):
    view, profile = here
    order = checked(work_order(view, profile, ease_factors()), WORK_ORDER)
    assert set(order["attack_id"]) == set(gaps(view)["attack_id"])
    factors = ["need", "open", "kind_factor", "borrow_factor", "data_factor"]
    assert order["score"].tolist() == pytest.approx(order[factors].prod(axis=1).tolist())
    assert order["score"].is_monotonic_decreasing and order["score"].iloc[0] > 0
    needs = need_by_id(view, profile).set_index("attack_id")["need"]
    assert order["need"].tolist() == [needs.get(one, 0.0) for one in order["attack_id"]]
    table = ease_factors()
    assert order["kind_factor"].tolist() == [table[f"ease_{kind}"] for kind in order["gap_type"]]
    data = data_needed(view)
    at_hand = set(data.loc[data["collected"], "attack_id"])
    assert order["data_factor"].tolist() == [1.5 if one in at_hand else 1.0 for one in order["attack_id"]]
    assert set(order["borrow_factor"]) == {1.0}
    mine = with_need(gaps(view, ["fragile"]), order)
    assert mine["attack_id"].tolist()[: len(order)] == order["attack_id"].tolist()
    assert (mine.loc[mine["gap_type"] == "fragile", "score"] == 0).all()


def test_factors_of_ease_are_a_table_that_a_user_may_change(tmp_path):
    file = tmp_path / "priority.csv"
    file.write_text("term,weight\ngap,1\nease_none,0.1\n", encoding="utf-8")
    assert ease_factors(file)["ease_none"] == 0.1 and ease_factors(file)["ease_data"] == 1.0
    assert priority_weights(file) == {"gap": 1.0, "group": 0.0, "software": 0.0, "campaign": 0.0}
    file.write_text("term,weight\ngap,1\nease_friday,2\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"priority\.csv:3: 'ease_friday' is not a term"):
        ease_factors(file)


@pytest.mark.parametrize("rollup", ROLLUPS)
def test_each_step_of_the_plan_gains_the_most_by_set_arithmetic(rollup):
    reading = small.reading(E19)
    view = small.view(E19, rollup=rollup)
    profile = threat(group_profile(["G1015", "G1017", "G0016"]), reading)
    steps = checked(technique_steps(view, profile), THREAT_STEPS)
    needs = need_by_id(view, profile)
    need = {
        one: Fraction(value).limit_denominator(1000)
        for one, value in zip(needs["attack_id"], needs["need"], strict=True)
    }
    share = {
        one: Fraction(value).limit_denominator(1000)
        for one, value in zip(needs["attack_id"], needs["covered"], strict=True)
    }
    frame = gaps(view)
    open_ids = set(frame["attack_id"])
    whole = set(frame.loc[frame["subtechniques"] > 0, "attack_id"]) if rollup in ("all", "share") else set()

    def closed_by(one: str) -> set[str]:
        return ({one} - whole) | ({one.partition(".")[0]} if rollup == "any" else set())

    def gain(ids: set[str]) -> Fraction:
        return sum((need[i] * (1 - share[i]) for i in ids & open_ids & set(need)), Fraction())

    held: set[str] = set()
    for row in steps.to_dict("records"):
        best = max(gain(closed_by(one) - held) for one in open_ids)
        new = closed_by(row["add"]) & open_ids & set(need) - held
        assert gain(new) == best > 0 and set(row["closes"]) == new
        held |= new
        covered = sum((need[i] * (1 if i in held else share[i]) for i in need), Fraction())
        assert row["weighted_so_far"] == pytest.approx(float(covered / sum(need.values())))
        assert row["need_gained"] == pytest.approx(float(best))
        helped = {m for m, i in zip(*_pairs(view, profile), strict=True) if i in new}
        assert (row["members"], set(row["helps_against"])) == (len(helped), helped)
    assert not any(gain(closed_by(one) - held) for one in open_ids)


def _pairs(view: View, profile: Threat) -> tuple[list[str], list[str]]:
    terms = need_terms(view, profile)
    return terms["name"].tolist(), terms["attack_id"].tolist()


@pytest.mark.corpora
def test_rules_to_borrow_against_most_adversaries_recounted_by_sets(shared):
    """The whole plan: what the small corpus and the first k rules cover together, by their leaves."""
    loaded = load(
        [CorpusSource("small", small.SMALL), CorpusSource("elastic", shared("corpora", "elastic", "rules"))]
    )
    reading = small.read_embedded(loaded, E19)
    whole = reading.view(on=DAY)
    mine, others = whole.of_corpora(["small"]), whole.of_corpora(["elastic"])
    profile = threat(default_profile(DAY), reading)
    found = borrow(mine, others, priority_weights(), profile)
    steps = checked(found.helped(), THREAT_STEPS)
    needs = need_by_id(mine, profile)
    need = dict(zip(needs["attack_id"], needs["need"], strict=True))
    leaves: defaultdict[str, set[str]] = defaultdict(set)
    for rule, attack_id in zip(
        others.rules_on_ids["rule_key"], others.rules_on_ids["attack_id"], strict=True
    ):
        leaves[rule] |= {attack_id, attack_id.partition(".")[0]}
    coverage = coverage_by_id(mine)
    covered = set(coverage.loc[coverage["covered"] == 1, "attack_id"])
    total = sum(need.values())
    assert len(steps) > 50 and steps["add"].is_unique
    for row in steps.head(40).to_dict("records"):
        best = max(sum(need[i] for i in (ids - covered) & set(need)) for ids in leaves.values())
        new = (leaves[row["add"]] - covered) & set(need)
        assert row["need_gained"] == pytest.approx(sum(need[i] for i in new)) == pytest.approx(best)
        covered |= leaves[row["add"]]
        assert row["weighted_so_far"] == pytest.approx(sum(need[i] for i in covered & set(need)) / total)
    both = threat_coverage(whole, profile)
    assert steps["weighted_so_far"].iloc[-1] == pytest.approx(both.weighted)
    with pytest.raises(ValueError, match="without a threat profile"):
        borrow(mine, others, priority_weights()).helped()
    order = work_order(mine, profile, ease_factors(), others)
    closers = set().union(*leaves.values())
    assert order["borrow_factor"].tolist() == [1.5 if one in closers else 1.0 for one in order["attack_id"]]


# ---- commands ----------------------------------------------------------------------------------------------


def test_threats_writes_the_profile_coverage_and_adversaries():
    done = run(
        "threats", str(small.SMALL), "--attack", E19, "--group", "G0016", "--group", "Volt Typhoon", "--json"
    )
    assert done.returncode == 0 and not done.stderr
    value = json.loads(done.stdout)
    assert value["profile"]["members"] == 2 and value["stamp"]["pre"] is True
    assert set(value["coverage"]) >= {"weighted", "covered", "needed"}
    reading = small.reading(E19)
    view, profile = reading.view(on=DAY, pre=True), threat(group_profile(["G0016", "Volt Typhoon"]), reading)
    coverage = threat_coverage(view, profile)
    assert value["coverage"]["weighted"] == pytest.approx(coverage.weighted, abs=1e-6)
    assert (value["coverage"]["covered"], value["coverage"]["needed"]) == (coverage.covered, coverage.needed)
    assert [(one["id"], one["name"]) for one in value["adversaries"]] == [
        ("G0016", "APT29"),
        ("G1017", "Volt Typhoon"),
    ]
    for one in value["adversaries"]:
        assert sum(one[state] for state in STATES) == one["needed"] > 0
    assert len(value["ids"]) == sum(one["needed"] for one in value["adversaries"])
    assert value["next"][0]["score"] >= value["next"][-1]["score"] and value["plan"][0]["step"] == 1
    text = run("threats", str(small.SMALL), "--group", "G0016", "--no-pre").stdout
    assert "of 59 needed IDs are covered" in text and "with pre-attack techniques" not in text
    assert "with pre-attack techniques" in run("threats", str(small.SMALL), "--group", "G0016").stdout


def test_threats_reads_profiles_of_the_settings_and_files(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "ours.csv").write_text("attack_id,adversary\nT1059,Crew\nT9999,Crew\n", encoding="utf-8")
    settings = (
        '[[threat]]\nname = "Ours"\nfiles = ["ours.csv"]\n\n[[threat]]\nname = "B"\ngroups = ["G0016"]\n'
    )
    (tmp_path / "coverage.toml").write_text(settings, encoding="utf-8")
    where = (str(small.SMALL), "--json")
    first = run("threats", *where, cwd=tmp_path)
    value = json.loads(first.stdout)
    assert value["profile"]["name"] == "Ours" and value["adversaries"][0]["name"] == "Crew"
    assert "ours.csv:3: No installed release knows T9999" in first.stderr
    assert [one["code"] for one in value["problems"]] == ["threat-unknown-id"]
    assert json.loads(run("threats", *where, "--profile", "B", cwd=tmp_path).stdout)["profile"]["name"] == "B"
    by_file = json.loads(run("threats", *where, "--profile", "ours.csv", cwd=tmp_path).stdout)
    assert (
        by_file["adversaries"] == value["adversaries"] | {}
        if isinstance(value["adversaries"], dict)
        else True
    )
    table = run("threats", str(small.SMALL), "--csv", "-", cwd=tmp_path).stdout
    assert table.splitlines()[0].startswith("member_id,name,kind") and "Crew" in table
    software = json.loads(
        run("threats", *where, "--profile", "B", "--through", "software", cwd=tmp_path).stdout
    )
    assert software["coverage"]["needed"] > 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--group", "lazarus"), "'lazarus' is no group of Enterprise 19.0"),
        (("--profile", "nope"), "'nope' is no threat profile and no file"),
        (("--profile", "a", "--group", "b"), "choose one of --profile and --group"),
        (("--through", "friends"), "choose from campaign, software"),
    ],
)
def test_what_cannot_be_asked_ends_with_a_sentence(arguments, words):
    done = run("threats", str(small.SMALL), "--attack", E19, *arguments)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1


def test_gaps_of_a_profile_come_by_need_open_and_ease(tmp_path):
    (tmp_path / "p.toml").write_text('[[threat]]\nname = "B"\ngroups = ["G0016"]\n', encoding="utf-8")
    done = run("gaps", str(small.SMALL), "--attack", E19, "--profile", "p.toml", "--json", cwd=tmp_path)
    rows = json.loads(done.stdout)["gaps"]
    order = work_order(small.view(E19), threat(group_profile(["G0016"]), small.reading(E19)), ease_factors())
    assert [row["technique_id"] for row in rows] == order["attack_id"].tolist()
    assert [row["score"] for row in rows] == pytest.approx(order["score"].round(4).tolist())
    assert rows[0]["needed_by"] == ["APT29"]
    plain = json.loads(run("gaps", str(small.SMALL), "--attack", E19, "--json").stdout)["gaps"]
    assert len(plain) == len(rows) and "need" not in plain[0]
    text = run("gaps", str(small.SMALL), "--profile", "p.toml", cwd=tmp_path).stdout
    assert "by what is needed against B" in text


@pytest.mark.corpora
def test_rules_are_borrowed_by_what_is_needed(shared, tmp_path):
    (tmp_path / "p.toml").write_text('[[threat]]\nname = "B"\ngroups = ["G0016"]\n', encoding="utf-8")
    other = str(shared("corpora", "elastic", "rules", "linux"))
    plan = ("borrow", f"mine={small.SMALL}", other, "--attack", E19, "--profile", "p.toml", "--plan")
    rows = json.loads(run(*plan, "--json", cwd=tmp_path).stdout)["plan"]
    needed = set(
        need_by_id(small.view(E19), threat(group_profile(["G0016"]), small.reading(E19)))["attack_id"]
    )
    closed = [one for row in rows for one in row["closes"]]
    assert closed and set(closed) <= needed and len(closed) == len(set(closed))
    assert [row["weight"] for row in rows] == [len(row["closes"]) for row in rows]  # one member: need is 1
    text = run(*plan, cwd=tmp_path).stdout
    assert "that are needed against B" in text and "helps against" in text and "weighted coverage" in text


def test_the_gate_asks_for_a_least_coverage_of_a_profile(tmp_path):
    def asked(least: float, more: str = "") -> tuple[int, str, dict]:
        text = f'[check]\nmin_threat_coverage = {least}\n{more}\n[[threat]]\nname = "B"\ngroups = ["G0016"]\n'
        (tmp_path / "coverage.toml").write_text(text, encoding="utf-8")
        done = run("check", str(small.SMALL), "--json", cwd=tmp_path)
        return done.returncode, done.stderr, json.loads(done.stdout)["conditions"][0] if done.stdout else {}

    coverage = threat_coverage(small.view(E19), threat(group_profile(["G0016"]), small.reading(E19)))
    code, _, verdict = asked(coverage.weighted - 0.001)
    assert code == 0 and verdict["condition"] == "min_threat_coverage" and not verdict["missing"]
    assert (verdict["covered"], verdict["total"]) == (coverage.covered, coverage.needed)
    code, _, verdict = asked(coverage.weighted + 0.001)
    assert code == 1 and len(verdict["missing"]) == coverage.needed - coverage.covered
    code, error, _ = asked(0.5, 'threat = "A"')
    assert code == 2 and "coverage.toml:2: unknown threat profile: 'A'" in error
    code, error, _ = asked(2)
    assert code == 2 and "check.min_threat_coverage is not a number from 0 to 1" in error


def test_names_of_every_kind_are_in_a_release():
    catalogue = small.catalogue(E19)
    assert all(len(names_of(catalogue, kind)) > 40 for kind in ("group", "software", "campaign"))
