"""The Threats page through `app.py`: the chosen profile, its adversaries, one of them, and what next."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from coverage.charts.matrix import CELL, matrix_data, needs
from coverage.charts.theme import LIGHT
from coverage.cli import application
from coverage.exports.briefing import report_html, report_markdown
from coverage.exports.content import Content
from coverage.loaders import corpus_sources, load
from coverage.measures.adversaries import adversaries, adversary_ids
from coverage.measures.breadth import coverage_by_id
from coverage.measures.matrix import matrix_cells, matrix_tactics
from coverage.measures.need import need_by_id, threat_coverage
from coverage.measures.technique import technique_users
from coverage.measures.work_order import technique_steps, work_order
from coverage.reading import read_in
from coverage.tables import PROJECT, ease_factors
from coverage.threats.profile import default_profile, group_profile, profile_in, profile_toml, with_ways
from coverage.threats.threat import threat_in
from tests.helpers.pages import PATHS, answer, numbers, on, rerun

APT29 = "G0016"


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app over three rule sets, with a cache folder of its own, not yet run."""
    monkeypatch.setenv("COVERAGE_RULES", os.pathsep.join(PATHS))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


@pytest.fixture(scope="module")
def reading():
    return read_in(load(corpus_sources(PATHS)))


@pytest.fixture(scope="module")
def view(reading):
    return reading.view()


@pytest.fixture(scope="module")
def threat(reading):
    return lambda profile: threat_in(profile, reading.catalogue, reading.reader, date.today())


def table(page: AppTest) -> pd.DataFrame:
    return page.dataframe[0].value


def shown(page: AppTest) -> dict[str, list[str]]:
    return page.session_state["address_shown"]


def test_the_answer_is_of_the_default_profile_with_both_denominators(app, view, threat):
    page = on(app, "threats.py")
    found = threat_coverage(view, threat(default_profile(date.today())))
    since, *figures = numbers(answer(page))
    assert since == date.today().year - 3 and shown(page) == {}
    assert figures == [round(found.weighted * 100), int(found.covered), found.needed]


def test_the_table_has_every_adversary_the_least_covered_first(app, view, threat):
    page = on(app, "threats.py")
    rows = adversaries(view, threat(default_profile(date.today())))
    names = table(page)["name"].tolist()
    assert sorted(names) == sorted(rows["name"])
    shares = rows.set_index("name")["share"]
    assert shares[names].is_monotonic_increasing
    tactics = [name for name in table(page) if name.startswith("TA")]
    page.selectbox(key="threat_sort").set_value("open").run()
    still_open = rows.assign(open=rows["needed"] - rows["covered"]).set_index("name")["open"]
    assert still_open[table(page)["name"].tolist()].is_monotonic_decreasing
    assert tactics and shown(page) == {"threat_sort": ["open"]}
    page.text_input(key="threat_search").set_value("apt").run()
    assert all("apt" in name.casefold() for name in table(page)["name"])
    rerun(page.text_input(key="threat_search").set_value("nobody of this name").run())
    assert any("No adversary" in one.value for one in page.info)


def test_groups_of_a_sector_are_one_click_and_a_choice(app):
    page = on(app, "threats.py")
    page.selectbox(key="threat").set_value("sector").run()
    assert any("Nobody is in this profile" in one.value for one in page.info)
    sectors = page.multiselect(key="threat_sectors")
    page = rerun(sectors.set_value([sectors.options[0]]).run())
    everybody = len(table(page))
    assert everybody and sectors.options[0] in answer(page)
    assert shown(page) == {"threat": ["sector"], "threat_sectors": [sectors.options[0]]}
    page.selectbox(key="threat_since").set_value(date.today().year - 1).run()
    assert not page.exception and (not page.dataframe or len(table(page)) < everybody)


def test_groups_of_a_link_and_what_counts_beside_them(app, view, threat):
    app.query_params["threat"] = "chosen"
    app.query_params["threat_groups"] = APT29
    page = on(app, "threats.py")
    direct = threat_coverage(view, threat(group_profile([APT29])))
    assert answer(page).startswith("APT29") and numbers(answer(page))[-1] == direct.needed
    page.multiselect(key="threat_through").set_value(["software"]).run()
    more = threat_coverage(view, threat(with_ways(group_profile([APT29]), ["software"])))
    assert numbers(answer(page))[-1] == more.needed > direct.needed


def test_an_adversary_has_five_states_that_add_up_and_its_open_ids(app, view, threat):
    app.query_params["adversary"] = APT29
    page = on(app, "threats.py")
    profile = threat(default_profile(date.today()))
    row = adversaries(view, profile).set_index("member_id").loc[APT29]
    states = [numbers(one.value) for one in page.metric]
    assert {of for _, of in states} == {row["needed"]} == {sum(count for count, _ in states)}
    ids = adversary_ids(view, profile)
    still_open = ids[(ids["member_id"] == APT29) & (ids["covered"] < 1)]
    assert table(page)["attack_id"].tolist() == still_open["attack_id"].tolist()
    page.button(key="adversary_back").click().run()
    assert shown(page) == {} and len(table(page)) == len(profile.members)


def test_an_adversary_has_a_matrix_of_its_own_and_the_counts_beside_it(app, view, threat):
    app.query_params["adversary"] = APT29
    app.query_params["adversary_view"] = "matrix"
    page = on(app, "threats.py")
    profile = threat(default_profile(date.today()))
    row = adversaries(view, profile).set_index("member_id").loc[APT29]
    said = next(one.value for one in page.caption if one.value.startswith("Of "))
    needed, covered, still_open, more = numbers(said)
    assert (needed, covered) == (row["needed"], row["covered"]) and needed == covered + still_open
    assert more == int(coverage_by_id(view)["covered"].sum()) - covered
    page.segmented_control(key="adversary_view").set_value("all").run()
    assert not page.exception and len(table(page)) == needed


def test_two_adversaries_are_compared(app, view, threat):
    """Counted from the IDs of each: what both need, what one needs, and what of it is open."""
    app.query_params.update({"threat_view": "pair", "threat_a": APT29, "threat_b": "G0032"})
    page = on(app, "threats.py")
    ids = adversary_ids(view, threat(group_profile([APT29, "G0032"])))
    first, second = (set(ids.loc[ids["member_id"] == one, "attack_id"]) for one in (APT29, "G0032"))
    still_open = set(ids.loc[ids["covered"] < 1, "attack_id"])
    figures = [(numbers(one.value)[0], numbers(one.delta)[0]) for one in page.metric[-3:]]
    assert figures == [
        (len(part), len(part & still_open)) for part in (first & second, first - second, second - first)
    ]
    assert set(table(page)["attack_id"]) == first | second
    page.selectbox(key="threat_a").set_value("G0032").run()
    assert not page.exception and page.selectbox(key="threat_b").value != "G0032"


def test_an_adversary_of_another_profile_is_said_to_be_none_of_this(app):
    app.query_params["adversary"] = "G9999"
    page = on(app, "threats.py")
    assert "not against us" in answer(page) and "G9999" in page.warning[0].value


def test_what_helps_most_is_the_greedy_plan(app, view, threat):
    page = on(app, "threats.py")
    page.segmented_control(key="threat_view").set_value("next").run()
    steps = technique_steps(view, threat(default_profile(date.today())))
    assert table(page)["add"].tolist() == steps["add"].tolist()


def test_a_profile_of_coverage_toml_comes_first_and_its_faults_are_listed(app, monkeypatch, tmp_path):
    text = f'[[threat]]\nname = "Mine *all*"\ngroups = ["{APT29}", "Nobody at all"]\n'
    (tmp_path / "coverage.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    page = on(app, "threats.py")
    assert answer(page).startswith("Mine *all*") and table(page)["name"].tolist() == ["APT29"]
    assert any("Nobody at all" in one.value for one in page.warning)


def test_the_profile_that_is_downloaded_reads_back_as_the_same(reading, view, threat, tmp_path):
    profile = with_ways(group_profile([APT29, "C0024"]), ["campaign"])
    file = Path(tmp_path / "threat.toml")
    file.write_text(profile_toml(profile), encoding="utf-8")
    first, again = (need_by_id(view, threat(one)) for one in (profile, profile_in(file)))
    pd.testing.assert_frame_equal(first, again)


# ---- on other pages ------------------------------------------------------------------------------------


def test_the_overview_has_the_figure_of_the_chosen_profile_and_leads_to_it(app, view, threat):
    app.query_params["threat"] = "chosen"
    app.query_params["threat_groups"] = APT29
    page = app.run()
    found = threat_coverage(view, threat(group_profile([APT29])))
    card = next(one for one in page.metric if one.label == "APT29")
    assert card.value == f"{found.weighted:.0%}"
    page.button(key="open_threats").click().run()
    page = rerun(page)
    assert answer(page).startswith("APT29") and numbers(answer(page))[-1] == found.needed


def test_the_plan_is_ordered_by_need_on_request(app, view, threat):
    page = on(app, "plan.py")
    assert "need" not in table(page)
    page.toggle(key="gap_need").set_value(True).run()
    order = work_order(view, threat(default_profile(date.today())), ease_factors())
    assert table(page)["attack_id"].tolist() == order["attack_id"].tolist()
    assert list(table(page)["needed_by"].iloc[0]) == list(order["needed_by"].iloc[0])
    assert shown(page) == {"gap_need": ["true"]}
    page.multiselect(key="gap_type").set_value(["fragile"]).run()
    assert not page.exception and len(table(page))
    page.toggle(key="gap_need").set_value(False).run()
    assert "need" not in table(page)


def test_a_technique_says_who_uses_it_how_and_when(app, view):
    app.query_params["technique"] = "T1059.001"
    page = on(app, "rules.py")
    users = technique_users(view, "T1059.001")
    tables = [one.value for one in page.dataframe if "last_reported" in one.value]
    assert [len(one) for one in tables] == users.groupby("kind").size()[
        ["group", "software", "campaign"]
    ].tolist()
    assert set(tables[0]["way"]) == set(users.loc[users["kind"] == "group", "way"])


def test_a_cell_that_is_needed_has_a_mark_that_is_spoken_and_on_its_card(view, threat):
    profile = threat(group_profile([APT29]))
    cells, tactics = matrix_cells(view), matrix_tactics(view)
    plain, marked = (matrix_data(cells, tactics, LIGHT, needs=one) for one in (None, needs(view, profile)))
    rows = need_by_id(view, profile)
    needed, parents = set(rows["attack_id"]), set(rows["parent_id"].dropna())
    at = {name: place for place, name in enumerate(CELL)}
    assert plain["signs"] == marked["signs"][:-2] and APT29 in marked["signs"][-2]
    for before, cell in zip(plain["cells"], marked["cells"], strict=True):
        one, sign = cell[at["attack_id"]], cell[at["sign"]]
        assert sign.endswith("●") == (one in needed)
        assert sign.endswith("○") == (one in parents - needed)
        assert cell[at["spoken"]].endswith("needed by 1 of 1 adversary") == (one in needed)
        assert (cell[at["facts"]] != before[at["facts"]]) == (one in needed | parents)
        assert cell[at["band"]] == before[at["band"]]


# ---- in the report -------------------------------------------------------------------------------------


def test_both_reports_have_a_section_against_whom_only_with_a_profile(reading, view, threat):
    profile = threat(default_profile(date.today()))
    content = Content(reading, view, threat=profile)
    worst = adversaries(view, profile).sort_values(["share", "needed"], ascending=[True, False])["name"]
    steps = technique_steps(view, profile)["add"].tolist()
    page, text = (make(content).decode() for make in (report_html, report_markdown))
    section = page.split('id="against"')[1].split("</section>")[0]
    part = text.replace("\\", "").split("## Against whom")[1].split("\n## ")[0]
    assert worst.iloc[0] in section and worst.iloc[0] in part
    for found in (section, part):
        at = [found.index(one) for one in steps[:5]]
        assert at == sorted(at) and steps[5] not in found
    assert f"{threat_coverage(view, profile).weighted:.1%}" in section
    without = Content(reading, view)
    assert all("Against whom" not in make(without).decode() for make in (report_html, report_markdown))


def test_the_export_command_takes_the_first_profile_of_coverage_toml(tmp_path, monkeypatch):
    text = f'[[threat]]\nname = "Our sector"\ngroups = ["{APT29}"]\n'
    (tmp_path / "coverage.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    what = ["export", str(PROJECT / "rules" / "linux"), "--what", "markdown", "-o", "report.md"]
    result = CliRunner().invoke(application(), what)
    assert result.exit_code == 0, result.output
    assert "Against Our sector" in (tmp_path / "report.md").read_text(encoding="utf-8")
