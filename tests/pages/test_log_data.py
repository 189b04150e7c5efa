"""The Data page through `app.py`: without an inventory, and by a list that was ticked."""

from __future__ import annotations

import os

import pytest
from streamlit.testing.v1 import AppTest

from coverage.charts.data_states import data_state_matrix
from coverage.charts.matrix import CELL
from coverage.charts.theme import LIGHT
from coverage.inventory.arrivals import Arrivals, arrivals_in
from coverage.inventory.reading import read_inventories
from coverage.inventory.verdicts import on_data
from coverage.loaders import corpus_sources, load
from coverage.log_sources import listed_log_sources
from coverage.measures import gaps
from coverage.measures.connections import connected, sources
from coverage.measures.data_states import placement_states, state_counts
from coverage.measures.matrix import matrix_cells, matrix_tactics
from coverage.measures.switched_on import audit_subcategories, to_switch_on
from coverage.measures.what_if import what_if
from coverage.project.settings import DataSetting, Settings
from coverage.reading import read_in
from coverage.tables import PROJECT
from tests.helpers.pages import DATA, PATHS, answer, numbers, on, rerun
from tests.helpers.seen import as_seen

TICKED = ["WinEventLog:Sysmon", "auditd:SYSCALL"]
LINK = {"inventory": "ticked", "ticked": TICKED, "ticked_all": "true"}


@pytest.fixture
def app(monkeypatch, tmp_path):
    monkeypatch.setenv("COVERAGE_RULES", os.pathsep.join(PATHS))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


@pytest.fixture(scope="module")
def arrivals() -> Arrivals:
    """What the ticked list says, read as the file that it is saved as."""
    text = "source,platform,state\n" + "".join(f"{name},,arrives\n" for name in TICKED)
    settings = Settings(data=(DataSetting("log sources", ("list.csv",), complete=True),))
    return arrivals_in(read_inventories(settings, contents={"list.csv": text.encode()}))


@pytest.fixture(scope="module")
def view(arrivals):
    return read_in(on_data(load(corpus_sources(PATHS)), arrivals)).view()


def opened(app: AppTest, file: str = DATA, **more) -> AppTest:
    for name, value in {**LINK, **more}.items():
        app.query_params[name] = value
    return on(app, file)


def written(page: AppTest) -> str:
    return "\n".join(as_seen(item.value) for item in (*page.markdown, *page.caption))


def test_without_an_inventory_the_page_says_how_to_get_one(app):
    page = on(app, DATA)
    assert "No inventory says yet" in answer(page)
    queries = "\n".join(item.value for item in page.code)
    for query in ("_data_stream/_stats", "tstats", "Usage", "data-source-administration"):
        assert query in queries
    assert not page.dataframe


def test_ticking_a_source_gives_an_answer_and_lines_to_commit(app, view):
    page = on(app, DATA)
    page.multiselect("ticked_box").set_value(TICKED)
    page.checkbox("ticked_all_box").set_value(True)
    page = rerun(page)
    assert page.session_state["address_shown"] == {
        "inventory": ["ticked"],
        "ticked": TICKED,
        "ticked_all": ["true"],
    }
    counts = state_counts(view, view.arrivals)["techniques"]
    assert numbers(answer(page)) == [
        counts[name] for name in ("total", "data_and_rule", "rule_only", "data_only")
    ]


def test_the_table_has_every_log_source(app, view, arrivals):
    page = opened(app)
    found = sources(view, arrivals)
    assert page.dataframe[0].value["source"].tolist() == found["source"].tolist()
    assert "None" not in written(page) and "nan" not in written(page)
    page.multiselect("source_state").set_value(["arrives"])
    page = rerun(page)
    assert (
        page.dataframe[0].value["source"].tolist()
        == found.loc[found["state"] == "arrives", "source"].tolist()
    )


def test_what_if_is_that_of_the_measure(app, view, arrivals):
    page = opened(app, data_view="what_if", data_lose=[TICKED[0]], data_add=["macos:unifiedlog"])
    after = arrivals.without([TICKED[0]]).with_(connected(["macos:unifiedlog"], listed_log_sources()))
    found = what_if(view, arrivals, after)
    assert page.dataframe[1].value["attack_id"].tolist() == found.ids["attack_id"].tolist()
    assert page.dataframe[2].value["name"].tolist() == found.rules["name"].tolist()
    assert f"{found.rules_after['can_run']:,}" == page.metric[0].value


def test_a_source_that_no_longer_arrives_is_taken_out_of_the_choice(app):
    page = opened(app, data_view="what_if", data_lose=[TICKED[0]])
    page.session_state["ticked"] = [TICKED[1]]
    page = rerun(page)
    assert page.multiselect("data_lose").value == []


def test_the_other_views_and_a_source_show(app):
    for more in (
        {"data_view": "matrix"},
        {"data_view": "next"},
        {"source": TICKED[0]},
        {"source": "nothing"},
    ):
        page = opened(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60), **more)
        assert "None" not in written(page), more


def test_the_legend_of_the_matrix_adds_up_and_needs_no_colour(view, arrivals):
    states = placement_states(view, arrivals)
    data = data_state_matrix(matrix_cells(view), matrix_tactics(view), LIGHT, states)
    band, number = CELL.index("band"), CELL.index("number")
    of_band = {one["band"]: one["label"] for one in data["bands"]}
    assert len(data["cells"]) == len(states) == state_counts(view, arrivals)["placements"]["total"]
    for cell in data["cells"]:
        assert of_band[cell[band]].partition(": ")[0] == cell[number]


def test_gaps_are_filtered_by_their_data(app, view):
    page = opened(app, "plan.py", gap_data=["arrives"])
    found = gaps(view)
    wanted = found.loc[found["data"] == "arrives", "attack_id"].tolist()
    assert wanted and page.dataframe[0].value["attack_id"].tolist() == wanted
    assert set(page.dataframe[0].value["data"]) == {"arrives"}


def test_what_to_switch_on_is_of_open_ids_with_their_audit_subcategory(view, arrivals):
    found = to_switch_on(view, arrivals)
    open_ids = set(gaps(view)["attack_id"])
    assert not found.empty and all(open_ids.issuperset(ids) for ids in found["ids"])
    process = found[(found["source"] == "WinEventLog:Security") & (found["channel"] == "EventCode=4688")]
    assert process["audit"].tolist() == [("Process Creation",)]
    assert audit_subcategories()["4769"] == ("Kerberos Service Ticket Operations",)
    assert set(found.loc[found["source"].isin(TICKED), "state"]) <= {"arrives", "missing"}
