"""A profile of one's own, built on the page: its parts, its files, and the TOML that is saved of it."""

from __future__ import annotations

import os
from datetime import date

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.loaders import corpus_sources, load
from coverage.measures import coverage_by_id
from coverage.measures.need import need_by_id, threat_coverage
from coverage.pages import threat_builder
from coverage.pages.threat_builder import UPLOADS
from coverage.project.settings import ThreatSetting
from coverage.reading import read_in
from coverage.session import held_files
from coverage.tables import PROJECT
from coverage.threats.profile import Profile, default_profile, profile_in, profile_toml
from coverage.threats.threat import threat_in
from tests.helpers.pages import PATHS, answer, numbers, on
from tests.helpers.seen import as_seen

APT29, MIMIKATZ, SOLARWINDS = "G0016", "S0002", "C0024"
OWN = b"technique_id,weight,adversary\nT1059.001,4,Red team\nT1566,1,Red team\nT9999,1,Red team\n"
BROKEN = b'{"name": "Not a\n'


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app over three rule sets with an own profile chosen, its parts opened, not yet run."""
    monkeypatch.setenv("COVERAGE_RULES", os.pathsep.join(PATHS))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    app.query_params["threat"] = "chosen"
    app.session_state["threat_more"] = True
    return app


@pytest.fixture(scope="module")
def reading():
    return read_in(load(corpus_sources(PATHS)))


@pytest.fixture(scope="module")
def view(reading):
    return reading.view()


@pytest.fixture(scope="module")
def threat(reading):
    return lambda profile: threat_in(profile, reading.catalogue, reading.reader, date.today())


def shown(page: AppTest) -> dict[str, list[str]]:
    return page.session_state["address_shown"]


def uploaded(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """The page after an upload: read, kept, and its row of the table."""
    box = page.file_uploader(key=f"threat_upload_{page.session_state['threat_upload_turn']}")
    box.set_value([(name, content, "text/plain") for name, content in files]).run()
    assert not page.exception, page.exception[0].message
    return page


def test_a_link_holds_every_part_by_id_and_the_page_counts_them(app, view, threat):
    asked = {
        "threat": ["chosen"],
        "threat_groups": [APT29, SOLARWINDS],
        "threat_software": [MIMIKATZ],
        "threat_countries": ["United States"],
        "threat_techniques": ["T1059.001, T1086"],
        "threat_since": ["2020"],
        "threat_half_life": ["3"],
        "threat_weight_own": ["2.5"],
    }
    for name, texts in asked.items():
        app.query_params[name] = texts
    page = on(app, "threats.py")
    common = {"since": 2020, "half_life": 3}
    named = ThreatSetting(
        "",
        groups=(APT29,),
        campaigns=(SOLARWINDS,),
        software=(MIMIKATZ,),
        countries=("United States",),
        **common,
    )
    own = ThreatSetting("", techniques=("T1059.001", "T1086"), weight=2.5, **common)
    found = threat_coverage(view, threat(Profile("", (named, own))))
    share, covered, needed = numbers(answer(page))[-3:]
    assert (share, covered, needed) == (round(found.weighted * 100), int(found.covered), found.needed)
    assert shown(page) == asked


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("T1059.001 t1566\nT1086;T1027", ("T1059.001", "t1566", "T1086", "T1027")),
        ("Spearphishing Link, T1566,, T1566", ("Spearphishing Link", "T1566")),
        ("  ", ()),
    ],
)
def test_techniques_are_typed_as_people_paste_them(text, ids):
    assert threat_builder._texts(text) == ids


def test_each_typed_id_is_carried_or_listed(app):
    app.query_params["threat_techniques"] = "T1086, T9999"
    page = on(app, "threats.py")
    assert numbers(answer(page))[-1] == 1  # T1086 is PowerShell, T1059.001 now
    assert any("T9999" in one.value for one in page.warning)
    said = next(one.value for one in page.dataframe if "message" in one.value)["message"]
    assert any("T1086" in text and "T1059.001" in text for text in said)


def test_an_uploaded_file_counts_and_a_bad_one_costs_nothing_else(app, view, threat, tmp_path):
    page = uploaded(on(app, "threats.py"), ("own.csv", OWN), ("broken.json", BROKEN))
    warned = " ".join(as_seen(one.value) for one in page.warning)
    assert "own.csv" in warned and "T9999" in warned and "broken.json:" in warned
    table = page.dataframe[0].value
    assert table["name"].tolist() == ["Red team"]
    assert shown(page) == {"threat": ["chosen"]}
    # What is saved names the files and, with them beside it, gives the same needs.
    files = page.session_state[UPLOADS.key]
    profile = Profile("", (ThreatSetting("Ours", files=tuple(files)),), contents=files)
    text = profile_toml(profile)
    assert text.startswith('# Put beside this file, or write where it lies: "own.csv", "broken.json".\n')
    (tmp_path / "threat.toml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    here, there = (threat(one) for one in (profile, profile_in(tmp_path / "threat.toml")))
    pd.testing.assert_frame_equal(need_by_id(view, here), need_by_id(view, there))
    assert here.problems["message"].tolist() == there.problems["message"].tolist()
    assert dict(zip(*(here.uses[name] for name in ("attack_id", "strength")), strict=True)) == {
        "T1059.001": 1.0,
        "T1566": 0.25,
    }


def test_files_stay_for_the_session_until_they_are_removed_and_removal_is_undone(app):
    page = uploaded(on(app, "threats.py"), ("own.csv", OWN))
    page.switch_page("coverage/pages/overview.py").run()
    assert next(one for one in page.metric if as_seen(one.label) == "own.csv")
    page = on(page, "threats.py")
    page.button(key="threat_remove_0").click().run()
    assert any("Nobody is in this profile" in one.value for one in page.info)
    page.button(key="threat_undo").click().run()
    assert page.dataframe[0].value["name"].tolist() == ["Red team"]


def test_clear_takes_everything_out_and_undo_brings_it_back(app):
    app.query_params["threat_groups"] = APT29
    app.query_params["threat_weight_files"] = "3"
    page = uploaded(on(app, "threats.py"), ("own.csv", OWN))
    before, link = answer(page), shown(page)
    page.button(key="threat_clear").click().run()
    assert shown(page) == {"threat": ["chosen"]} and not threat_files_of(page)
    page.button(key="threat_undo").click().run()
    assert not page.exception and (answer(page), shown(page)) == (before, link)


def threat_files_of(page: AppTest) -> dict[str, bytes]:
    return page.session_state[UPLOADS.key]


@pytest.fixture
def session(monkeypatch):
    state: dict = {}
    monkeypatch.setattr(held_files.st, "session_state", state)
    return state


def test_what_is_kept_has_a_plain_name_and_stays_within_the_limits(session, monkeypatch):
    monkeypatch.setattr(held_files, "MOST_FILES", 2)
    monkeypatch.setattr(held_files, "MOST_BYTES", 10)
    faults = UPLOADS.hold([("../up.csv", b"1"), ("a/b.csv", b"12"), ("c.csv", b"123456789")])
    assert len(faults) == 2 and "up.csv" in faults[0] and faults[1].startswith("c.csv was not added")
    assert UPLOADS.held() == {"b.csv": b"12"}
    assert UPLOADS.hold([("b.csv", b"1234567890")]) == []  # in place of the older one
    assert UPLOADS.hold([("d.csv", b""), ("e.csv", b"")]) and set(UPLOADS.held()) == {
        "b.csv",
        "d.csv",
    }


def test_a_file_over_the_limit_of_its_kind_is_listed_and_not_read(threat):
    large = Profile("", (ThreatSetting("", files=("large.csv",)),), contents={"large.csv": b"x" * 60_000_000})
    assert threat(large).problems["code"].tolist() == ["too-large"]


def test_two_profiles_are_compared_and_each_is_recounted_by_sets(app, view, threat):
    """One of one's own against the default: what both need, what one does, how far each is covered."""
    app.query_params["threat_groups"] = [APT29, "G0032"]
    app.query_params["threat_weight_named"] = "2"
    app.query_params.update({"threat_view": "pair", "threat_pair": "profiles"})
    page = on(app, "threats.py")
    assert page.selectbox(key="threat_profile_a").value == "chosen"
    profiles = [
        Profile("", (ThreatSetting("", groups=(APT29, "G0032")),)),
        default_profile(date.today()),
    ]
    assert page.selectbox(key="threat_profile_b").value == "lately"
    covered = {row.attack_id for row in coverage_by_id(view).itertuples() if row.covered}
    in_scope = set(view.techniques["attack_id"])
    users = [_users(threat(one), in_scope) for one in profiles]
    first, second = users
    figures = [(one.value, numbers(one.delta)) for one in page.metric]
    for (share, counts), of in zip(figures[:2], users, strict=True):
        need = sum(map(len, of.values()))
        mine = sum(len(by) for one, by in of.items() if one in covered)
        assert share == f"{mine / need:.0%}" and counts == [len(of.keys() & covered), len(of)]
    sets = (first.keys() & second.keys(), first.keys() - second.keys(), second.keys() - first.keys())
    assert [(int(value), delta) for value, delta in figures[2:]] == [
        (len(part), [len(part - covered)]) for part in sets
    ]
    assert set(page.dataframe[0].value["attack_id"]) == first.keys() | second.keys()
    page.selectbox(key="threat_pair_show").set_value("a").run()
    assert set(page.dataframe[0].value["attack_id"]) == first.keys() - covered
    assert shown(page)["threat_pair_show"] == ["a"]


def _users(threat, in_scope: set[str]) -> dict[str, set[str]]:
    """ID in scope -> the members that use it, by sets over the uses alone; every member weighs the same."""
    found: dict[str, set[str]] = {}
    for row in threat.uses[threat.uses["attack_id"].isin(in_scope)].itertuples():
        assert row.counts == 1
        found.setdefault(row.attack_id, set()).add(row.member_id)
    return found


def test_one_profile_alone_is_not_compared(app):
    app.query_params["threat"] = "lately"
    app.query_params.update({"threat_view": "pair", "threat_pair": "profiles"})
    page = on(app, "threats.py")
    assert any("takes two profiles" in one.value for one in page.info)
