"""The frames against a threat profile: the chosen one, else the default; recounted from the uses."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest

from coverage.exports.bundle import everything
from coverage.exports.columns import exported
from coverage.exports.content import Content
from coverage.exports.parquet import frame_csv
from coverage.exports.workbook import workbook
from coverage.loaders import corpus_sources, load
from coverage.measures.need import threat_coverage
from coverage.reading import read_in
from coverage.threats.profile import DEFAULT_NAME, DEFAULT_YEARS, group_profile
from coverage.threats.threat import threat_in
from coverage.vocabulary import STATES
from tests.helpers.pages import PATHS

APT29 = "G0016"
DAY = date(2026, 3, 31)


@pytest.fixture(scope="module")
def reading():
    return read_in(load(corpus_sources(PATHS)))


@pytest.fixture(scope="module")
def content(reading):
    def made(*groups: str) -> Content:
        profile = group_profile(groups)
        threat = threat_in(profile, reading.catalogue, reading.reader, DAY) if groups else None
        return Content(reading, reading.view(on=DAY), threat=threat)

    return made


def rows(content: Content, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(frame_csv(content, name).decode("utf-8"), newline="")))


def test_need_is_of_the_chosen_profile_and_each_row_names_it(content):
    here = content(APT29)
    found = rows(here, "need")
    uses = here.view.catalogue.uses
    direct = uses[(uses["source_id"] == APT29) & (uses["target_kind"] != "software")]
    wanted = set(direct["target_id"]) & set(here.view.techniques["attack_id"])
    assert {row["technique_id"] for row in found} == wanted
    assert {row["profile"] for row in found} == {APT29} and {row["need"] for row in found} == {"1"}
    assert sum(float(row["covered"]) for row in found) == threat_coverage(here.view, here.threat).covered


def test_adversaries_have_five_states_that_add_up(content):
    (row,) = rows(content(APT29), "adversaries")
    assert row["member_id"] == APT29
    assert sum(int(row[state]) for state in STATES) == int(row["needed"]) == len(rows(content(APT29), "need"))


def test_without_a_profile_it_is_the_default_on_the_day_of_the_stamp(content):
    here = content()
    assert here.against.profile.entries[0].since == DAY.year - DEFAULT_YEARS
    found = rows(here, "adversaries")
    assert {row["profile"] for row in found} == {DEFAULT_NAME}
    assert len(found) == len(here.against.members)
    assert {row["profile"] for row in rows(here, "need")} == {DEFAULT_NAME}


def test_the_workbook_and_the_folder_of_everything_have_them(content):
    here = content(APT29)
    book = openpyxl.load_workbook(io.BytesIO(workbook(here)))
    for name in ("need", "adversaries"):
        frame, sheet = exported(here, name), book[name.capitalize()]
        assert [cell.value for cell in sheet[1]] == list(frame)
        assert sheet.max_row - 1 == len(frame)
    made = dict(everything(here))
    assert made["csv/need.csv"] == frame_csv(here, "need") and made["csv/adversaries.csv"]
