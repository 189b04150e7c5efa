"""Data and rules of the real corpora, counted a second way: plain sets over rules and references."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pandas as pd
import pytest

from coverage.catalogue import Catalogue
from coverage.inventory.arrivals import Arrivals, arrivals_in
from coverage.inventory.reading import read_inventories
from coverage.inventory.verdicts import meaning, on_data
from coverage.log_sources import LogSourceTable, listed_log_sources
from coverage.measures import summary
from coverage.measures.data_states import covered_by_running, id_states, placement_states, state_counts
from coverage.measures.verdicts import verdict_by_rule
from coverage.measures.what_if import what_if
from coverage.project.settings import Settings
from coverage.reading import Reading, read_in
from coverage.scope import View
from coverage.vocabulary import DATA_STATES, ROLLUPS
from tests.helpers import small
from tests.helpers.small import DAY, E18, E19
from tests.helpers.views import only_rules

pytestmark = pytest.mark.corpora


@pytest.fixture(scope="module")
def corpora(shared):
    return [shared("corpora", name) for name in ("elastic", "sigma")]


@pytest.fixture(scope="module")
def arrivals(corpora, tmp_path_factory) -> Arrivals:
    """Every 29th stream that Elastic's rules read, and every 29th sourcetype that the table knows."""
    folder = tmp_path_factory.mktemp("inventories")
    rules = small.real(*corpora).rules
    patterns = sorted({pattern for found in rules["indices"] for pattern in found if "*" in pattern})
    streams = sorted({pattern.replace("*", "x") for pattern in patterns[::29] if pattern[0] not in ".*"})
    (folder / "streams.txt").write_text("\n".join(streams) + "\n", encoding="utf-8")
    table = listed_log_sources()
    types = sorted(row.word for row in table.rows if row.kind == "splunk_sourcetype" and "*" not in row.word)
    lines = ["index,sourcetype,count", *(f"main,{name},7" for name in types[::29])]
    (folder / "sourcetypes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = read_inventories(Settings(), [folder / "streams.txt", folder / "sourcetypes.csv"])
    assert len(found.problems[found.problems["severity"] == "error"]) == 0
    assert set(found.rows["word"]) == {*streams, *types[::29]}
    assert all(file.complete for file in found.files)
    return arrivals_in(found)


# ---- the second way ----------------------------------------------------------------------------------------


@dataclass
class Second:
    """What arrives as plain sets, and what it makes of rules and IDs. Its inventories list all there is."""

    arrivals: Arrivals
    table: LogSourceTable

    def __post_init__(self):
        rows = [row for row in self.arrivals.rows if row.state == "arrives"]
        self.streams = [(row.word.lower(), row.sources) for row in rows if row.kind == "index"]
        self.words = {(row.kind, row.word.lower()) for row in rows}
        self.sources = [(name, set(row.platforms)) for row in rows for name in row.sources]
        self.components = [(name, set(row.platforms)) for row in rows for name in row.components]

    def has(self, pairs: list, name: str, platforms: set) -> bool:
        return any(name == one and (not where or not platforms or where & platforms) for one, where in pairs)

    def verdict(self, words: tuple, platforms: tuple, kind: object) -> str:
        if kind == "machine_learning" or not words:
            return "not_told"
        rows = {word: meaning(word, self.table) for word in words}
        states = {word: self.state(word, row, set(platforms)) for word, row in rows.items()}
        told = {word: state for word, state in states.items() if rows[word] is None or rows[word].sources}
        if "arrives" in told.values():
            return "can_run"
        if not told or set(told.values()) != {"missing"}:
            return "not_told"
        # Something of unknown content under a name of everything may be what the rule reads.
        wide = [word.partition(":")[2].lower() for word in words if word not in told]
        open_ = any(fnmatchcase(name, text) for text in wide for name, sources in self.streams if not sources)
        return "not_told" if open_ else "cannot_fire"

    def state(self, word: str, row, platforms: set) -> str:
        kind, _, text = word.partition(":")
        if kind == "index" and any(fnmatchcase(name, text.lower()) for name, _ in self.streams):
            return "arrives"
        if (kind, text.lower()) in self.words:
            return "arrives"
        if row is None or not row.sources:
            return "not_told"
        seen = any(self.has(self.sources, name, platforms) for name in row.sources)
        return "arrives" if seen else "missing"

    def data(self, catalogue: Catalogue, platforms: set) -> dict[str, set[str]]:
        """ID -> the states of what MITRE's analytics name for it and its sub-techniques."""
        names = dict(zip(*catalogue.data_components[["component_id", "name"]].values.T, strict=True))
        where = {
            analytic: set(found) & platforms if platforms else set(found)
            for analytic, found in catalogue.analytics[["analytic_id", "platforms"]].values
        }
        states: dict[str, set[str]] = {}
        for analytic, component, name in catalogue.log_sources[
            ["analytic_id", "component_id", "name"]
        ].values:
            if not where[analytic]:
                continue
            row = self.table.row_of("attack", name)
            sources = row.sources if row else ()
            if any(self.has(self.sources, one, where[analytic]) for one in sources) or any(
                self.has(self.components, names[component], {platform}) for platform in where[analytic]
            ):
                states.setdefault(analytic, set()).add("arrives")
            else:
                states.setdefault(analytic, set()).add("missing" if sources else "not_told")
        of_id: dict[str, set[str]] = {}
        pairs = catalogue.strategies[["strategy_id", "attack_id"]].merge(
            catalogue.analytics[["strategy_id", "analytic_id"]], on="strategy_id"
        )
        for attack_id, analytic in pairs[["attack_id", "analytic_id"]].values:
            for one in {attack_id, attack_id.partition(".")[0]}:
                of_id.setdefault(one, set()).update(states.get(analytic, set()))
        return of_id


def second_states(view: View, second: Second) -> dict[str, str]:
    """ID -> its state, from the rules' mappings and the sets above."""
    rollup, platforms = view.scope.rollup, set(view.scope.platforms)
    read = ["rule_key", "log_words", "platforms", "type"]
    verdicts = {key: second.verdict(*rest) for key, *rest in view.rules[read].values.tolist()}
    parents = {
        one: parent if isinstance(parent, str) else None
        for one, parent in view.techniques[["attack_id", "parent_id"]].values
    }
    below: dict[str, set[str]] = {}
    for one, parent in parents.items():
        if parent:
            below.setdefault(parent, set()).add(one)
    on: dict[str, set[str]] = {}
    for key, attack_id in view.mappings_in_scope[["rule_key", "attack_id"]].values:
        if attack_id in parents:
            on.setdefault(attack_id, set()).add(key)

    def covered(wanted: set[str]) -> set[str]:
        direct = {one for one, keys in on.items() if any(verdicts[key] in wanted for key in keys)}
        if rollup == "direct":
            return direct
        if rollup == "any":
            return direct | {one for one, subs in below.items() if subs & direct}
        return {one for one in parents if (below[one] <= direct if one in below else one in direct)}

    every = covered({"can_run", "not_told", "cannot_fire"})
    certain, possible = covered({"can_run"}), covered({"can_run", "not_told"})
    data = second.data(view.catalogue, platforms)
    running = {one for one, keys in on.items() if any(verdicts[key] == "can_run" for key in keys)}
    running |= {one.partition(".")[0] for one in running}
    result = {}
    for one in parents:
        states = data.get(one) or ({"arrives"} if one in running else {"not_told"})
        if one in certain:
            result[one] = "data_and_rule"
        elif one in every:
            result[one] = "not_told" if one in possible else "rule_only"
        elif "arrives" in states:
            result[one] = "data_only"
        else:
            result[one] = "neither" if states == {"missing"} else "not_told"
    return result


SCOPES = [
    (E18, "any", ()),
    (E18, "share", ("Windows",)),
    (E18, "all", ()),
    (E18, "direct", ("Linux", "IaaS")),
    (E19, "any", ("Windows",)),
    (E19, "share", ()),
    (E19, "all", ("Linux", "IaaS")),
    (E19, "direct", ()),
    (E19, "any", ()),
]


@pytest.mark.parametrize(("release", "rollup", "platforms"), SCOPES)
def test_the_states_agree_and_add_up(corpora, arrivals, release, rollup, platforms):
    view = small.real_reading(release, *corpora).view(rollup=rollup, platforms=platforms, on=DAY)
    expected = second_states(view, Second(arrivals, listed_log_sources()))
    found = id_states(view, arrivals)
    assert dict(zip(found["attack_id"], found["state"], strict=True)) == expected
    counts = state_counts(view, arrivals)
    is_sub = dict(zip(found["attack_id"], found["is_subtechnique"], strict=True))
    for grain, wanted in (("techniques", False), ("subtechniques", True)):
        tally = Counter(state for one, state in expected.items() if is_sub[one] == wanted)
        assert {name: counts[grain][name] for name in DATA_STATES} == {
            name: tally[name] for name in DATA_STATES
        }
    for counted in counts.values():
        assert sum(counted[name] for name in DATA_STATES) == counted["total"]
    assert counts["placements"]["total"] == len(view.placements) == len(placement_states(view, arrivals))
    if (release, rollup, platforms) == (E19, "all", ("Linux", "IaaS")):
        assert min(counts["techniques"].values()) > 0  # every state is there


@pytest.mark.parametrize("rollup", list(ROLLUPS))
def test_the_scope_of_rules_that_can_run_counts_the_same(corpora, arrivals, rollup):
    reading: Reading = read_in(on_data(small.real(*corpora), arrivals), E19)
    view = reading.view(rollup=rollup, on=DAY)
    figures = summary(reading.view(rollup=rollup, runs=True, on=DAY))
    for grain, part in covered_by_running(view, arrivals).items():
        assert part["covered"] == pytest.approx(figures[grain]["covered"], abs=1e-4)
        assert part["total"] == figures[grain]["total"]
    running = [one.verdict for one in verdict_by_rule(view, arrivals).values()].count("can_run")
    assert figures["rules"]["in_scope"] == running


@pytest.mark.parametrize("nth", [0, 1, 4])
def test_removal_is_a_recount_without_the_rules_that_stop(corpora, arrivals, nth):
    view = small.real_reading(E19, *corpora).view(on=DAY)
    hanging = Counter(one.hangs_on for one in verdict_by_rule(view, arrivals).values() if one.hangs_on)
    gone = hanging.most_common()[nth][0]
    found = what_if(view, arrivals, arrivals.without([gone]))
    stopped = set(found.rules.loc[found.rules["before"] == "can_run", "rule_key"])
    assert len(stopped) == hanging[gone] > 0
    keys = set(view.all_rules["rule_key"]) - stopped
    recount = id_states(only_rules(view, keys), arrivals)
    after = recount.loc[recount["state"] == "data_and_rule", "attack_id"]
    before = id_states(view, arrivals)
    before = before.loc[before["state"] == "data_and_rule", "attack_id"]
    assert found.ids_that("dark") == sorted(set(before) - set(after))
    assert found.after["techniques"]["data_and_rule"] == int(
        (~recount.loc[recount["state"] == "data_and_rule", "is_subtechnique"]).sum()
    )


def test_a_pattern_of_everything_does_not_make_a_rule_run(corpora, arrivals):
    """`logs-*` fits every stream: only what a rule's other words name says that it can run."""
    rules = small.real(*corpora).rules
    wide = rules[[any(word == "index:filebeat-*" for word in words) for words in rules["log_words"]]]
    assert len(wide) > 300
    told = on_data(small.real(*corpora), arrivals).rules.set_index("rule_key")["can_run"]
    mine = told[wide["rule_key"].tolist()]
    assert {True, False} <= set(mine.dropna()) and pd.api.types.is_bool_dtype(told)
