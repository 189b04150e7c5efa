"""What if a log source stopped, in a real browser: from an uploaded inventory, and from a link."""

from __future__ import annotations

import csv
import io

import pytest

from coverage.inventory.arrivals import arrivals_in
from coverage.inventory.reading import read_inventories
from coverage.loaders import corpus_sources, load
from coverage.measures.data_states import state_counts
from coverage.measures.what_if import what_if
from coverage.project.settings import Settings
from coverage.reading import read_in
from coverage.tables import PROJECT
from tests.helpers.browsing import query
from tests.helpers.pages import numbers
from tests.helpers.serving import NEEDS_CHROMIUM, settled

pytestmark = NEEDS_CHROMIUM

SYSMON = "WinEventLog:Sysmon"
OWN = f"source,platform,state,last_event\n{SYSMON},Windows,arrives,2026-11-01\nAcme:Gate,,arrives,soon\n"
TICKED = f"inventory=ticked&ticked_all=true&ticked={SYSMON}&ticked=auditd:SYSCALL"


@pytest.fixture(scope="module")
def view():
    return read_in(load(corpus_sources([str(PROJECT / "rules")]))).view()


def answer_numbers(page) -> list[int]:
    return numbers(page.locator("h4").first.inner_text())


def downloaded(page, label: str) -> list[dict]:
    with page.expect_download() as done:
        page.get_by_role("button", name=label).click()
    text = done.value.path().read_text(encoding="utf-8-sig")
    return list(
        csv.DictReader(io.StringIO("".join(line for line in text.splitlines(True) if line[0] != "#")))
    )


def test_an_uploaded_inventory_is_counted_and_a_source_lost_by_keyboard(page, address, tmp_path, view):
    file = tmp_path / "own.csv"
    file.write_text(OWN, encoding="utf-8")
    page.goto(f"{address}/data")
    settled(page)
    page.locator(".stMain [data-testid=stFileUploader] input[type=file]").set_input_files(str(file))
    page.get_by_text("1 of 2 rows unknown words and 1 problem in the files: below.").wait_for()
    settled(page)
    arrivals = arrivals_in(read_inventories(Settings(), [file]))
    counts = state_counts(view, arrivals)["techniques"]
    shown = ("total", "data_and_rule", "rule_only", "data_only")
    assert answer_numbers(page) == [counts[name] for name in shown]
    page.get_by_text("What if", exact=True).click()
    settled(page)
    box = page.get_by_role("combobox", name="These no longer arrive")
    box.focus()
    page.keyboard.type("Sysmon")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    settled(page)
    lost = what_if(view, arrivals, arrivals.without([SYSMON]))
    stopped, dark = len(lost.rules), len(lost.ids_that("dark"))
    assert stopped and dark
    assert f"{stopped:,} rules would stop, {dark:,} IDs would go dark" in page.locator("h4").last.inner_text()
    assert query(page)["data_lose"] == [SYSMON] and query(page)["inventory"] == ["files"]
    rows = downloaded(page, "Download these IDs as CSV")
    assert len(rows) == len(lost.ids) and sum(row["change"] == "dark" for row in rows) == dark
    assert page.elsewhere == [] and page.locator("[data-testid=stException]").count() == 0


def test_a_link_shows_a_colleague_the_same_what_if(page, address, browser):
    page.goto(f"{address}/data?{TICKED}&data_view=what_if&data_lose={SYSMON}")
    settled(page)
    other = browser.new_context().new_page()
    other.goto(page.url)
    settled(other)
    mine, theirs = (one.locator("h4").all_inner_texts() for one in (page, other))
    assert mine == theirs and "would stop" in mine[-1]
    other.context.close()
