"""Layers: what mitreattack-python reads back, what the Navigator asks for, and that both say what the frames
say.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitreattack.navlayers import Layer

from coverage.exports.navigator import (
    MOST_RULES,
    comparison_layer,
    coverage_layer,
    gaps_layer,
    layer_file,
)
from coverage.loaders import CorpusSource, load
from coverage.measures import coverage_by_id, coverage_by_placement, gaps, summary
from coverage.measures.accepted import with_accepted
from coverage.measures.cell import FILE_MEASURES
from coverage.palette import KINDS, LIGHT, SIDES
from coverage.project.accepted_gaps import accepted_in
from coverage.tables import PROJECT
from coverage.vocabulary import ROLLUPS
from tests.helpers import small
from tests.helpers.examples import examples
from tests.helpers.exporting import content, hostile, made, placements
from tests.helpers.small import E18, E19
from tests.helpers.views import made as made_view

COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
LAYER_KEYS = {
    "name",
    "versions",
    "domain",
    "description",
    "filters",
    "layout",
    "hideDisabled",
    "techniques",
    "gradient",
    "legendItems",
    "metadata",
}
ENTRY_KEYS = {"techniqueID", "tactic", "score", "color", "comment", "metadata", "links"}


def check_format(layer: dict, shortnames: set[str]) -> None:
    """What the specification of layer format 4.5 asks of the parts that are used here."""
    assert set(layer) <= LAYER_KEYS and {"name", "versions", "domain"} <= set(layer)
    assert layer["versions"]["layer"] == "4.5" and re.fullmatch(
        r"5\.\d+\.\d+", layer["versions"]["navigator"]
    )
    assert re.fullmatch(r"\d+", layer["versions"]["attack"])
    assert layer["domain"] in ("enterprise-attack", "mobile-attack", "ics-attack")
    seen = set()
    for entry in layer["techniques"]:
        assert set(entry) <= ENTRY_KEYS and re.fullmatch(r"T\d{4}(\.\d{3})?", entry["techniqueID"])
        assert entry.get("tactic", "") in shortnames | {""}
        assert {"score", "color", "comment"} & set(entry)  # annotated, else the Navigator drops it
        assert type(entry.get("score", 1)) is int and entry.get("score", 1) > 0
        assert COLOUR.fullmatch(entry.get("color", "#000000"))
        assert all(
            set(pair) == {"name", "value"} and all(isinstance(v, str) and v for v in pair.values())
            for pair in entry.get("metadata", [])
        )
        assert all(
            set(link) == {"label", "url"} and re.match(r"https?://\S+$", link["url"])
            for link in entry.get("links", [])
        )
        place = entry["techniqueID"], entry.get("tactic")
        assert place not in seen and (place[0], None) not in seen - {place}
        seen.add(place)
    assert all(
        set(item) == {"label", "color"} and COLOUR.fullmatch(item["color"]) for item in layer["legendItems"]
    )
    if gradient := layer.get("gradient"):
        assert gradient["maxValue"] > gradient["minValue"] and len(gradient["colors"]) >= 2
        assert all(map(COLOUR.fullmatch, gradient["colors"]))


def read_back(data: bytes, tmp_path: Path, capsys) -> dict[tuple[str, str | None], int | None]:
    """(ID, tactic) -> score as mitreattack-python reads the file; it must say nothing meanwhile."""
    file = tmp_path / "layer.json"
    file.write_bytes(data)
    capsys.readouterr()
    layer = Layer()
    layer.from_file(str(file))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    return {(entry.techniqueID, entry.tactic): entry.score for entry in layer.layer.techniques or []}


def shortnames(release: str = E18) -> set[str]:
    return set(small.catalogue(release).tactics["shortname"])


@pytest.mark.parametrize("release", [E18, E19])
@pytest.mark.parametrize("measure", FILE_MEASURES)
def test_a_layer_opens_without_a_word_and_has_the_same_scores(release, measure, tmp_path, capsys):
    layer = coverage_layer(small.view(release), measure)
    check_format(layer, shortnames(release))
    found = read_back(layer_file([layer]), tmp_path, capsys)
    assert found == {
        (entry["techniqueID"], entry.get("tactic")): entry["score"] for entry in layer["techniques"]
    }
    assert found


@pytest.mark.parametrize("rollup", ROLLUPS)
@pytest.mark.parametrize("measure", FILE_MEASURES)
def test_each_cell_of_a_layer_is_the_cell_of_the_frame(measure, rollup):
    view, chosen = small.view(E18, rollup=rollup), FILE_MEASURES[measure]
    cells = coverage_by_placement(view)
    wanted = {
        (tactic, attack_id): chosen.whole(float(value))
        for tactic, attack_id, value in zip(
            cells["tactic_id"], cells["attack_id"], cells[chosen.column], strict=True
        )
        if value
    }
    assert {
        place: entry["score"] for place, entry in placements(coverage_layer(view, measure), view)
    } == wanted


@pytest.mark.parametrize("rollup", ROLLUPS)
def test_a_layer_of_what_is_covered_adds_up_to_the_summary(rollup):
    view = small.view(E18, rollup=rollup)
    scores = [entry["score"] for _, entry in placements(coverage_layer(view, "covered"), view)]
    assert sum(scores) / 100 == pytest.approx(summary(view)["placements"]["covered"], abs=0.005 * len(scores))
    if rollup == "any":
        layer = coverage_layer(view, "rules")
        ids = {entry["techniqueID"] for entry in layer["techniques"]}
        assert len([i for i in ids if "." not in i]) == summary(view)["techniques"]["covered"] == 9
        assert len([i for i in ids if "." in i]) == summary(view)["subtechniques"]["covered"] == 9


def test_entries_name_the_tactic_where_counts_differ_by_it():
    entries = coverage_layer(small.view(E18))["techniques"]
    tactics = {
        i: sorted((e.get("tactic"), e["score"]) for e in entries if e["techniqueID"] == i)
        for i in ("T1053.005", "T1078", "T1105", "T1003.001")
    }
    assert tactics["T1053.005"] == [("execution", 1), ("persistence", 1)]  # not in privilege escalation
    assert tactics["T1078"] == [("defense-evasion", 1), ("initial-access", 1)]
    assert tactics["T1105"] == [(None, 1)] and tactics["T1003.001"] == [(None, 2)]
    everywhere = coverage_layer(
        made([small.rule("made/a", corpus="made")], [small.mapping("made/a", 0, "T1078")]).view
    )["techniques"]
    assert [(e["techniqueID"], e.get("tactic"), e["score"]) for e in everywhere] == [
        ("T1078", None, 1)
    ]  # one entry for four tactics


def test_what_nothing_is_known_of_is_left_out():
    view = small.view(E18)
    ids = {entry["techniqueID"] for entry in coverage_layer(view)["techniques"]}
    open_ids = set(coverage_by_id(view).query("rules == 0")["attack_id"])
    assert open_ids and not ids & open_ids


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_share_is_whole_percents_that_never_claim_nothing_or_all(value):
    assert 1 <= FILE_MEASURES["score"].whole(value) <= 99
    assert abs(FILE_MEASURES["score"].whole(value) / 100 - value) <= 0.01


IDS = ("T1003", "T1003.001", "T1053", "T1053.005", "T1078", "T1078.004", "T1105", "T1562.001", "T1685")
TACTICS = (None, "TA0001", "TA0002", "TA0003", "TA0004", "TA0005", "TA0006")
paths = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(TACTICS)), max_size=4)


@examples(12)
@given(
    st.lists(st.tuples(st.text(max_size=20), paths), max_size=5),
    st.sampled_from(list(FILE_MEASURES)),
    st.sampled_from(list(ROLLUPS)),
)
def test_any_rules_give_a_layer_that_reads_back_the_same(rules, measure, rollup):
    made_rules = [small.rule(f"made/{n}", corpus="made", name=name) for n, (name, _) in enumerate(rules)]
    written = [
        small.mapping(f"made/{n}", p, i, t)
        for n, (_, pairs) in enumerate(rules)
        for p, (i, t) in enumerate(pairs)
    ]
    view = made(made_rules, written, rollup=rollup).view
    layer = coverage_layer(view, measure)
    check_format(layer, shortnames())
    again = json.loads(layer_file([layer]))
    assert again == layer
    read = Layer(init_data=again).layer
    assert [(e.techniqueID, e.tactic, e.score) for e in read.techniques or []] == [
        (e["techniqueID"], e.get("tactic"), e["score"]) for e in again["techniques"]
    ]
    cells = coverage_by_placement(view)
    assert len(list(placements(layer, view))) == (cells[FILE_MEASURES[measure].column] > 0).sum()


def test_the_gradient_colours_a_count_as_the_page_does():
    """With the Navigator's own sum: a hundred steps between the first colour and the last, evenly blended."""
    gradient, bands = coverage_layer(small.view(E18))["gradient"], FILE_MEASURES["rules"]
    colours, low, high = gradient["colors"], gradient["minValue"], gradient["maxValue"]

    def shown(score: int) -> tuple[float, ...]:
        place = min(max((score - low) / (high - low), 0), 1) * (len(colours) - 1)
        one, other = colours[int(place)], colours[min(int(place) + 1, len(colours) - 1)]
        return tuple(
            int(one[i : i + 2], 16) + (int(other[i : i + 2], 16) - int(one[i : i + 2], 16)) * (place % 1)
            for i in (1, 3, 5)
        )

    for score in (1, 2, 3, 5, 6, 7, 10, 14, 15, 40, 305):
        wanted = bands.colours(LIGHT)[bands.band(score)]
        assert shown(score) == tuple(int(wanted[i : i + 2], 16) for i in (1, 3, 5)), score


def test_the_stamp_is_in_the_description_and_the_metadata():
    view = small.view(E18)
    layer = coverage_layer(view)
    for words in (view.scope.sentence(), view.scope.corpora_sentence(), view.scope.date.isoformat()):
        assert words in layer["description"]
        assert words in [pair["value"] for pair in layer["metadata"]]


@pytest.mark.parametrize(
    "scope",
    [{}, {"platforms": ("Linux",)}, {"pre": True}, {"pre": True, "platforms": ("Windows", "IaaS")}],
    ids=str,
)
def test_the_navigator_shows_exactly_the_techniques_in_scope(scope):
    view = small.view(E19, **scope)
    wanted = set(coverage_layer(view)["filters"]["platforms"])
    live = view.catalogue.techniques.query("status == 'live'")
    shown = {
        i
        for i, platforms in zip(live["attack_id"], live["platforms"], strict=True)
        if wanted & set(platforms)
    }
    assert shown == set(view.techniques["attack_id"])


# ---- gaps and comparison ---------------------------------------------------------------------------------


def test_a_gap_layer_keeps_its_gaps_and_claims_no_coverage(tmp_path, capsys):
    view = small.view(E19)
    layer, found = gaps_layer(view), gaps(view)
    check_format(layer, shortnames(E19))
    assert [entry["techniqueID"] for entry in layer["techniques"]] == found["attack_id"].tolist()
    assert [entry["color"] for entry in layer["techniques"]] == [KINDS[kind] for kind in found["gap_type"]]
    assert all(
        "score" not in entry and "tactic" not in entry and entry["comment"] for entry in layer["techniques"]
    )
    assert set(read_back(layer_file([layer]), tmp_path, capsys).values()) == {None}
    first = {pair["name"]: pair["value"] for pair in layer["techniques"][0]["metadata"]}
    row = found.iloc[0]
    assert (first["Next step"], first["Groups"], first["Log sources"]) == (
        row["gap_type"],
        str(row["groups"]),
        ", ".join(row["log_sources"]),
    )
    assert {item["color"] for item in layer["legendItems"]} == {KINDS[kind] for kind in found["gap_type"]}


def test_an_accepted_gap_is_grey_and_says_why(tmp_path):
    (tmp_path / "gaps.toml").write_text(
        '[[gap]]\nid = "T1057"\nstate = "accepted"\nreason = "No <b>host</b> to watch"\nowner = "blue"\n',
        encoding="utf-8",
    )
    view = small.view(E18)
    said = accepted_in([tmp_path / "gaps.toml"], small.reading(E18).reader)
    entries = gaps_layer(view, with_accepted(gaps(view), said, view))["techniques"]
    mine = next(entry for entry in entries if entry["techniqueID"] == "T1057")
    assert mine["color"] == LIGHT.faint
    assert {"name": "Decision", "value": "accepted: No <b>host</b> to watch"} in mine["metadata"]
    assert len(entries) == len(gaps(view)) and sum(entry["color"] == LIGHT.faint for entry in entries) == 1


def test_a_comparison_says_who_covers_what():
    both = made_view(
        {
            "ours": {"a": (["T1105"], {}), "b": (["T1057"], {})},
            "theirs": {"c": (["T1105"], {}), "d": (["T1003.001"], {})},
        }
    )
    layer = comparison_layer(both.of_corpora(["ours"]), both.of_corpora(["theirs"]))
    check_format(layer, shortnames())
    assert {entry["techniqueID"]: entry["color"] for entry in layer["techniques"]} == {
        "T1105": SIDES["both"][0],
        "T1057": SIDES["a_only"][0],
        "T1003": SIDES["b_only"][0],
        "T1003.001": SIDES["b_only"][0],
    }
    assert "only ours" in layer["description"] and "theirs" in layer["name"]
    with pytest.raises(ValueError):
        comparison_layer(small.view(E18), small.view(E18, pre=True))


# ---- files -----------------------------------------------------------------------------------------------


def test_several_layers_are_a_list_in_one_file():
    view = small.view(E18)
    layers = [coverage_layer(view, measure) for measure in FILE_MEASURES]
    one, several = json.loads(layer_file(layers[:1])), json.loads(layer_file([*layers, gaps_layer(view)]))
    assert one == layers[0] and several[:-1] == layers
    assert len({layer["name"] for layer in several}) == len(several) == len(FILE_MEASURES) + 1
    assert [Layer(init_data=layer).layer.name for layer in several] == [layer["name"] for layer in several]


@pytest.mark.parametrize("release", [E18, E19])
def test_our_own_loader_reads_a_layer_as_the_same_coverage(release, tmp_path):
    view = small.view(release)
    (tmp_path / "layer.json").write_bytes(layer_file([coverage_layer(view)]))
    again = small.read_embedded(load([CorpusSource("layer", tmp_path)]), release).view(on=small.DAY)
    before, after = coverage_by_placement(view), coverage_by_placement(again)
    assert after["any"].tolist() == before["any"].tolist()
    (tmp_path / "layer.json").write_bytes(layer_file([gaps_layer(view)]))
    assert load([CorpusSource("gaps", tmp_path)]).rules.empty  # a gap layer is no coverage


def test_the_text_of_rules_stays_text(tmp_path, capsys):
    layer = coverage_layer(hostile().view)
    check_format(layer, shortnames())
    (entry,) = layer["techniques"]
    names = [pair["value"] for pair in entry["metadata"] if pair["name"] == "Rule"]
    assert len(names) == MOST_RULES + 1 and names[-1] == "and 2 more"
    assert all(name.isprintable() and len(name) <= 240 for name in names)
    assert {link["url"] for link in entry["links"]} == {
        "https://attack.mitre.org/techniques/T1105/",
        "https://example.org/good?a=1&b=2",
    }
    data = layer_file([layer])
    assert data.isascii() and read_back(data, tmp_path, capsys) == {("T1105", None): 12}


def test_a_view_without_rules_is_a_layer_without_techniques():
    layer = coverage_layer(made([], []).view)
    assert layer["techniques"] == [] and layer["name"]


def test_making_a_layer_changes_no_frame():
    view = content().view
    before = coverage_by_placement(view).copy(deep=True)
    coverage_layer(view), gaps_layer(view)
    assert coverage_by_placement(view).equals(before)


def test_the_library_is_imported_as_it_is_and_only_for_a_layer():
    program = (
        "import sys\nfrom tests.helpers.exporting import content\nfrom coverage.exports import navigator\n"
        "view = content().view\nbefore = 'mitreattack' in sys.modules\n"
        "layer = navigator.coverage_layer(view)\n"
        "from mitreattack.navlayers import Layer\n"
        "print(before, Layer(init_data=layer).to_dict() == layer)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines() == ["False True"]


@pytest.mark.corpora
def test_elastic_as_every_layer(shared, tmp_path, capsys):
    view = small.elastic_reading(shared("corpora", "elastic"), E19).view(on=small.DAY)
    for measure in FILE_MEASURES:
        layer = coverage_layer(view, measure)
        check_format(layer, shortnames(E19))
        assert read_back(layer_file([layer]), tmp_path, capsys)
    ids = {
        entry["techniqueID"]
        for entry in coverage_layer(view)["techniques"]
        if "." not in entry["techniqueID"]
    }
    assert len(ids) == summary(view)["techniques"]["covered"]
