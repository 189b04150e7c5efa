"""A second count of Elastic's corpus: plain Python over TOML and MITRE's bundle, no code of the project.

Only each rule's platforms are taken from the RULES frame: what they are is the loader's business.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
import tomli
import yaml

from coverage.loaders import CorpusSource, load
from coverage.measures import (
    coverage_by_id,
    coverage_by_placement,
    coverage_by_platform,
    coverage_by_tactic,
    gaps,
    summary,
)
from coverage.measures import telemetry_by_id as telemetry
from tests.helpers import small
from tests.helpers.small import DAY, E18, E19

pytestmark = pytest.mark.corpora
KINDS = {"intrusion-set": "groups", "malware": "software", "tool": "software", "campaign": "campaigns"}


# ---- MITRE's bundle, read plainly ------------------------------------------------------------------------


class Bundle:
    """What a count needs of one STIX bundle."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path) as file:
            self.objects = {o["id"]: o for o in json.load(file)["objects"]}
        patterns = {i: o for i, o in self.objects.items() if o["type"] == "attack-pattern"}
        self.id_of = {i: self._external(o) for i, o in patterns.items()}
        self.live = {self._external(o): o for o in patterns.values() if self._is_live(o)}
        self.known = set(self.id_of.values())
        short = {o["x_mitre_shortname"]: self._external(o) for o in self._of("x-mitre-tactic")}
        self.tactics = {
            attack_id: [
                short[p["phase_name"]]
                for p in o["kill_chain_phases"]
                if p["kill_chain_name"] == "mitre-attack"
            ]
            for attack_id, o in self.live.items()
        }
        self.platforms = {attack_id: o.get("x_mitre_platforms", []) for attack_id, o in self.live.items()}

    @staticmethod
    def _is_live(o: dict) -> bool:
        return not o.get("revoked") and not o.get("x_mitre_deprecated")

    @staticmethod
    def _external(o: dict) -> str:
        return next(r["external_id"] for r in o["external_references"] if r["source_name"] == "mitre-attack")

    def _of(self, *types: str) -> list[dict]:
        return [o for o in self.objects.values() if o["type"] in types and self._is_live(o)]

    def relations(self, kind: str) -> list[tuple[dict, dict]]:
        """(source, target) of each live relation of this kind."""
        found = [o for o in self._of("relationship") if o["relationship_type"] == kind]
        return [(self.objects[o["source_ref"]], self.objects[o["target_ref"]]) for o in found]

    @cached_property
    def revoked_by(self) -> dict[str, set[str]]:
        found = defaultdict(set)
        for source, target in self.relations("revoked-by"):
            if source["type"] == "attack-pattern":
                found[self._external(source)].add(self._external(target))
        return found

    def read(self, attack_id: str) -> str | None:
        """The live ID: itself, or the one end of its revocations."""
        if attack_id in self.live:
            return attack_id
        ends, seen, waiting = set(), set(), {attack_id}
        while waiting:
            current = waiting.pop()
            seen.add(current)
            ends |= {current} & set(self.live)
            waiting |= self.revoked_by.get(current, set()) - seen
        return ends.pop() if len(ends) == 1 else None

    def scope(self, pre: bool) -> set[str]:
        return {i for i in self.live if pre or self.platforms[i] != ["PRE"]}

    @cached_property
    def users(self) -> dict[str, dict[str, set[str]]]:
        """Kind -> ID -> who uses it, a technique's sub-techniques' users included."""
        found = {kind: defaultdict(set) for kind in KINDS.values()}
        for source, target in self.relations("uses"):
            if target["type"] == "attack-pattern" and self._is_live(target) and self._is_live(source):
                attack_id = self._external(target)
                for name in {attack_id, attack_id.partition(".")[0]}:
                    found[KINDS[source["type"]]][name].add(source["id"])
        return found

    @cached_property
    def components(self) -> dict[str, set[str]]:
        """ID -> names of data components its analytics refer to, a technique's sub-techniques' included."""
        found = defaultdict(set)
        for strategy, target in self.relations("detects"):
            if target["type"] != "attack-pattern" or not (self._is_live(strategy) and self._is_live(target)):
                continue
            attack_id = self._external(target)
            for analytic in map(self.objects.get, strategy["x_mitre_analytic_refs"]):
                for source in (
                    analytic.get("x_mitre_log_source_references", []) if self._is_live(analytic) else []
                ):
                    component = self.objects[source["x_mitre_data_component_ref"]]
                    if self._is_live(component):
                        for name in {attack_id, attack_id.partition(".")[0]}:
                            found[name].add(component["name"])
        return found


# ---- Elastic's rules, read plainly ------------------------------------------------------------------------


def production_rules(root: Path) -> dict[str, list[tuple[str | None, str]]]:
    """Path -> (tactic, leaf) pairs of each production rule that is not known to be disabled."""
    found = {}
    for path in sorted(root.rglob("*.toml")):
        document = tomli.loads(path.read_text(encoding="utf-8"))
        rule, relative = document.get("rule"), path.relative_to(root).as_posix()
        if (
            rule is None
            or "_deprecated/" in relative
            or "building_block/" in relative
            or "building_block_type" in rule
            or document["metadata"]["maturity"] != "production"
            or rule.get("enabled") is False
        ):
            continue
        pairs = []
        for threat in rule.get("threat", []):
            assert threat["framework"] == "MITRE ATT&CK"
            for technique in threat.get("technique", []):
                leaves = [entry["id"] for entry in technique.get("subtechnique", [])] or [technique["id"]]
                pairs += [(threat["tactic"]["id"], leaf) for leaf in leaves]
        found[relative] = pairs
    return found


@dataclass(frozen=True)
class Count:
    """The second count, and the view it is compared with."""

    bundle: Bundle
    rules: dict[str, list[tuple[str | None, str]]]
    rule_platforms: dict[str, tuple[str, ...]]
    view: object
    pre: bool

    @cached_property
    def scope(self) -> set[str]:
        return self.bundle.scope(self.pre)

    @cached_property
    def techniques(self) -> set[str]:
        return {i for i in self.scope if "." not in i}

    def below(self, technique: str) -> set[str]:
        return {i for i in self.scope if i.startswith(f"{technique}.")}

    @cached_property
    def cells(self) -> dict[tuple[str, str], set[str]]:
        """(tactic, ID) -> rules on this very ID that count there."""
        found = defaultdict(set)
        for path, pairs in self.rules.items():
            for tactic, written in pairs:
                attack_id = self.bundle.read(written)
                if attack_id is None or attack_id not in self.scope:
                    continue
                everywhere = self.bundle.tactics[attack_id]
                for counted in [tactic] if tactic in everywhere else everywhere:
                    found[counted, attack_id].add(path)
        return found

    @cached_property
    def on(self) -> dict[str, set[str]]:
        """ID -> rules whose leaf is read as it."""
        found = defaultdict(set)
        for (_, attack_id), paths in self.cells.items():
            found[attack_id] |= paths
        return found

    def family(self, technique: str) -> set[str]:
        return set().union(*(self.on[i] for i in {technique} | self.below(technique) if i in self.on))


@pytest.fixture(scope="module")
def bundles(shared):
    return {r: Bundle(shared("attack", f"enterprise-attack-{r[-4:]}.json.gz")) for r in (E18, E19)}


@pytest.fixture(
    scope="module",
    params=[(E18, False), (E18, True), (E19, False), (E19, True)],
    ids=["18.1", "18.1-pre", "19.0", "19.0-pre"],
)
def count(request, shared, bundles):
    release, pre = request.param
    root = shared("corpora", "elastic")
    reading = small.elastic_reading(root, release)
    rules = reading.loaded.rules
    platforms = dict(zip(rules["path"], rules["platforms"], strict=True))
    return Count(bundles[release], production_rules(root), platforms, reading.view(pre=pre, on=DAY), pre)


# ---- the comparison ---------------------------------------------------------------------------------------


def test_the_figures_agree(count):
    result = summary(count.view)
    covered = {t for t in count.techniques if count.family(t)}
    below = count.scope - count.techniques
    with_rule = {i for i in below if count.on.get(i)}
    assert result["techniques"] == {"covered": len(covered), "total": len(count.techniques)}
    assert result["subtechniques"] == {"covered": len(with_rule), "total": len(below)}
    assert result["rollups"]["any"] == len(covered)
    assert result["rollups"]["direct"] == sum(bool(count.on.get(t)) for t in count.techniques)
    share = {
        t: sum(bool(count.on.get(i)) for i in count.below(t)) / len(count.below(t))
        if count.below(t)
        else bool(count.on.get(t))
        for t in count.techniques
    }
    assert result["rollups"]["all"] == sum(value == 1 for value in share.values())
    assert result["rollups"]["share"] == pytest.approx(sum(share.values()) / len(share), abs=5e-5)
    assert result["rules"]["in_scope"] == len(count.rules)
    assert result["rules"]["read"] == 2332


def test_every_id_agrees(count):
    ids = coverage_by_id(count.view).set_index("attack_id")
    assert set(ids.index) == count.scope
    direct = {i: len(count.on.get(i, ())) for i in count.scope}
    assert ids["rules_direct"].to_dict() == direct
    assert ids["rules_any"].to_dict() == {i: len(count.family(i)) for i in count.scope}
    # All rules in scope are production rules: n of them are 1 - 0.5^n deep.
    assert ids["depth"].to_dict() == pytest.approx({i: 1 - 0.5 ** len(count.family(i)) for i in count.scope})
    for attack_id, row in ids.iterrows():
        wanted = set(count.bundle.platforms[attack_id]) - {"PRE"}
        works = {p for path in count.family(attack_id) for p in count.rule_platforms[path]} & wanted
        assert (row["platforms_covered"], row["platforms_total"]) == (len(works), len(wanted)), attack_id
        assert set(row["open_platforms"]) == wanted - works, attack_id


def test_every_placement_and_tactic_agrees(count):
    cells = coverage_by_placement(count.view).set_index(["tactic_id", "attack_id"])["rules"].to_dict()
    expected = {}
    for attack_id in count.scope:
        for tactic in count.bundle.tactics[attack_id]:
            family = {attack_id} | count.below(attack_id)
            expected[tactic, attack_id] = len(
                set().union(*(count.cells.get((tactic, i), set()) for i in family))
            )
    assert cells == expected
    assert summary(count.view)["placements"] == {
        "covered": sum(map(bool, expected.values())),
        "total": len(expected),
    }
    for row in coverage_by_tactic(count.view).itertuples():
        techniques = {i: n for (t, i), n in expected.items() if t == row.tactic_id and "." not in i}
        below = {i: n for (t, i), n in expected.items() if t == row.tactic_id and "." in i}
        assert (row.covered, row.total) == (sum(map(bool, techniques.values())), len(techniques)), row.name
        assert (row.subtechniques_covered, row.subtechniques) == (
            sum(map(bool, below.values())),
            len(below),
        ), row.name
        rules = {path for (t, _), paths in count.cells.items() if t == row.tactic_id for path in paths}
        assert row.rules == len(rules), row.name


def test_no_cell_is_lit_that_no_rule_mapped(count):
    """Each covered cell's tactic was named for that technique, or for a technique that has left the
    tactic.
    """
    named, loose = set(), set()
    for pairs in count.rules.values():
        for tactic, written in pairs:
            attack_id = count.bundle.read(written)
            if attack_id in count.scope:
                is_there = tactic in count.bundle.tactics[attack_id]
                (named if is_there else loose).add((tactic, attack_id) if is_there else attack_id)
    placed = count.view.placed
    crossed = {
        (tactic, attack_id)
        for tactic, attack_id in zip(placed["tactic_id"], placed["attack_id"], strict=True)
        if (tactic, attack_id) not in named and attack_id not in loose
    }
    assert crossed == set()
    assert named


def test_every_platform_agrees(count):
    rows = coverage_by_platform(count.view).set_index("name")
    names = {p for i in count.scope for p in count.bundle.platforms[i]} - {"PRE"}
    assert set(rows.index) == names
    for name in names:
        there = {i for i in count.scope if name in count.bundle.platforms[i]}
        on = {i: {path for path in count.on.get(i, ()) if name in count.rule_platforms[path]} for i in there}
        techniques = {i for i in there if "." not in i}
        covered = {i for i in techniques if any(on[j] for j in there if j == i or j.startswith(f"{i}."))}
        row = rows.loc[name]
        assert (row["covered"], row["total"]) == (len(covered), len(techniques)), name
        below = there - techniques
        assert (row["subtechniques_covered"], row["subtechniques"]) == (
            sum(bool(on[i]) for i in below),
            len(below),
        ), name


def test_the_gaps_agree(count):
    found = gaps(count.view)
    open_ids = {i for i in count.scope if not count.family(i)}
    assert set(found["attack_id"]) == open_ids and len(found) == len(open_ids)
    users = count.bundle.users
    for kind in ("groups", "software", "campaigns"):
        expected = {i: len(users[kind].get(i, ())) for i in open_ids}
        assert dict(zip(found["attack_id"], found[kind], strict=True)) == expected, kind
    order = sorted(
        open_ids, key=lambda i: (*(-len(users[k].get(i, ())) for k in ("groups", "software", "campaigns")), i)
    )
    assert found["attack_id"].tolist() == order
    parent_only = set(found.loc[found["gap_type"] == "parent_only", "attack_id"])
    assert all(count.on.get(i.partition(".")[0]) for i in parent_only)
    nothing = set(found.loc[found["gap_type"] == "none", "attack_id"])
    assert not any(count.on.get(i.partition(".")[0]) for i in nothing)


def test_pre_only_techniques_are_out_unless_asked_for(count):
    pre_only = {i for i, platforms in count.bundle.platforms.items() if platforms == ["PRE"]}
    listed = set(gaps(count.view)["attack_id"]) | set(coverage_by_id(count.view)["attack_id"])
    assert len(pre_only) > 80
    assert listed & pre_only == (pre_only if count.pre else set())


def test_the_data_components_agree(count):
    rows = telemetry(count.view)
    expected = {i: tuple(sorted(count.bundle.components.get(i, ()))) for i in count.scope}
    assert dict(zip(rows["attack_id"], rows["data_components"], strict=True)) == expected


@pytest.mark.parametrize("release", [E18, E19])
def test_every_gap_type_of_not_production_has_such_a_rule(shared, bundles, release):
    """From the raw files: a building block or a hunt on the ID or below, and no production rule."""
    root = shared("corpora", "elastic")
    view = small.elastic_reading(root, release).view(on=DAY)
    bundle, others = bundles[release], set()
    rules = view.all_rules
    for path, kind, enabled in zip(
        rules["path"], rules["rule_class"], rules["enabled"].fillna(True), strict=True
    ):
        if kind == "deprecated" or (kind == "production" and enabled):
            continue
        document = tomli.loads((root / path).read_text(encoding="utf-8"))
        ids = list(document.get("hunt", {}).get("mitre", []))
        for threat in document.get("rule", {}).get("threat", []):
            for technique in threat.get("technique", []):
                ids += [entry["id"] for entry in technique.get("subtechnique", [])] or [technique["id"]]
        read = {bundle.read(i) for i in ids if i in bundle.known} - {None}
        others |= read | {i.partition(".")[0] for i in read}
    found = gaps(view)
    marked = set(found.loc[found["gap_type"] == "not_production", "attack_id"])
    assert marked == {i for i in found["attack_id"] if i in others}
    assert marked


@pytest.mark.parametrize("platform", ["Windows", "Linux", "IaaS"])
def test_a_platform_filter_agrees(shared, bundles, platform):
    root = shared("corpora", "elastic")
    view = small.elastic_reading(root, E18).view(platforms=(platform,), on=DAY)
    bundle = bundles[E18]
    where = dict(zip(view.all_rules["path"], view.all_rules["platforms"], strict=True))
    there = {i for i in bundle.scope(False) if platform in bundle.platforms[i]}
    on = defaultdict(set)
    for path, pairs in production_rules(root).items():
        if platform in where[path]:
            for _, written in pairs:
                on[bundle.read(written)].add(path)
    covered = {i for i in there if on.get(i) or any(on.get(j) for j in there if j.startswith(f"{i}."))}
    result = summary(view)
    techniques = {i for i in there if "." not in i}
    assert result["techniques"] == {"covered": len(covered & techniques), "total": len(techniques)}
    assert result["subtechniques"] == {"covered": len(covered - techniques), "total": len(there - techniques)}
    assert [(row["name"], row["covered"]) for row in result["platforms"]] == [
        (platform, len(covered & techniques))
    ]
    assert set(gaps(view)["attack_id"]) == there - covered


# ---- Panther's rules, read plainly: those that work on a platform, and those that count there ------------


def panther_ids(root: Path) -> dict[str, list[str]]:
    """Path -> technique IDs of each detection that is switched on, alerts, and is past its trial."""
    found = {}
    for path in sorted(root.rglob("*.yml")):
        text = yaml.safe_load(path.read_text(encoding="utf-8"))
        on = text.get("Enabled", True) and text.get("CreateAlert", True)
        if on and text.get("Status", "Stable") in ("Stable", "Production"):
            reports = (text.get("Reports") or {}).get("MITRE ATT&CK") or []
            found[path.relative_to(root).as_posix()] = [one.rpartition(":")[2].strip() for one in reports]
    return found


def test_rules_that_work_on_a_platform_and_those_that_count_there_are_two_numbers(shared, bundles):
    root, bundle = shared("corpora", "samples", "panther"), bundles[E18]
    view = small.read_embedded(load([CorpusSource("panther", root)]), E18).view(on=DAY)
    where = dict(zip(view.all_rules["path"], view.all_rules["platforms"], strict=True))
    read = {path: {bundle.read(one) for one in ids} for path, ids in panther_ids(root).items()}
    in_scope = {path: ids & bundle.scope(False) for path, ids in read.items()}
    rows = coverage_by_platform(view).set_index("name")
    found = {name: (row["rules"], row["rules_counted"]) for name, row in rows.iterrows()}
    assert found == {
        name: (
            sum(name in where[path] and bool(ids) for path, ids in in_scope.items()),
            sum(
                name in where[path] and any(name in bundle.platforms[one] for one in ids)
                for path, ids in in_scope.items()
            ),
        )
        for name in rows.index
    }
    assert found["SaaS"][0] > found["SaaS"][1] > 0
    told = {row["name"]: (row["rules"], row["rules_counted"]) for row in summary(view)["platforms"]}
    assert told == found
