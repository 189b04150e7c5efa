"""A real browser on the real app: cells open, links lead where they say, back undoes one step, a CSV arrives
and is read back.

Needs Chromium (Debian's package `chromium`) and Playwright; skipped with a reason where they are missing.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from coverage.tables import PROJECT
from tests.helpers.browsing import answer_of, cell, click_row, on_matrix, place, query, visit
from tests.helpers.serving import NEEDS_CHROMIUM, settled

pytestmark = NEEDS_CHROMIUM


# ---- the matrix ----------------------------------------------------------------------------------------


def test_a_cell_opens_its_technique_and_again(page, address):
    """And nothing else runs: the sidebar is not sent again."""
    frames = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    on_matrix(page, address)
    assert any(b"Rule sets" in frame for frame in frames)
    frames.clear()
    for _ in range(2):
        cell(page, "T1059").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("to T1059,").wait_for()
        assert "Command and Scripting Interpreter" in dialog.inner_text()
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        settled(page)
    assert frames and not any(b"Rule sets" in frame for frame in frames)
    assert page.elsewhere == []


# Texts that end in an ellipsis, and names in cells that do not fit; how far the page scrolls sideways.
CUT = """() => {
  const shown = root => [...root.querySelectorAll('*')].flatMap(
    e => [e, ...(e.shadowRoot ? shown(e.shadowRoot) : [])])
  const cut = e => e.scrollWidth > e.clientWidth + 1 && (e.matches('.name, .sub')
    || getComputedStyle(e).textOverflow === 'ellipsis' && e.innerText && !e.matches('input'))
  const main = document.querySelector('[data-testid=stMain]')
  return [shown(main).filter(cut).map(e => e.innerText), main.scrollWidth - main.clientWidth]
}"""


SIZES = ((1366, 768), (911, 512))  # the second: the first at 150 %


def test_no_text_is_cut_and_no_page_scrolls_sideways(page, address):
    for view in ("", "matrix?unfold_all=true", "plan", "rules"):
        visit(page, address, view)
        if view.startswith("matrix"):
            cell(page, "T1059.001").wait_for()
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for _ in range(20):  # the style sheet may come after the page
                if (found := page.evaluate(CUT)) == [[], 0]:
                    break
                page.wait_for_timeout(250)
            assert found == [[], 0], (view, width)


def test_the_keyboard_walks_expands_and_opens(page, address):
    on_matrix(page, address)
    first = cell(page, "T1059")
    first.focus()
    page.keyboard.press("+")
    assert first.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    below = page.evaluate(
        "() => { let e = document.activeElement; while (e.shadowRoot) e = e.shadowRoot.activeElement;"
        " return e.dataset.id; }"
    )
    assert below == "T1059.001"
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("to T1059.001,").wait_for()
    assert "PowerShell" in dialog.inner_text()


def test_a_technique_expands_in_place_and_the_link_says_so(page, address, profile):
    on_matrix(page, address)
    assert cell(page, "T1059.001").count() == 0
    cell(page, "T1059").locator(".chevron").click()
    cell(page, "T1059.001").wait_for()
    page.wait_for_url("**unfold=T1059**")
    assert page.get_by_role("dialog").count() == 0
    other = profile.new_page()
    other.goto(page.url)
    cell(other, "T1059.001").wait_for()
    other.close()


def test_find_expands_marks_and_goes_on(page, address):
    on_matrix(page, address)
    page.get_by_label("Find a technique or sub-technique by name or ID").fill("powershell")
    hit = cell(page, "T1059.001")
    hit.wait_for()
    assert "hit" in hit.get_attribute("class")
    assert page.locator("[role=status]").filter(has_text=re.compile("of \\d+ hits|1 hit")).count() == 1
    page.wait_for_url("**find=powershell**")
    page.get_by_label("Find a technique or sub-technique by name or ID").fill("no such technique")
    page.get_by_text("No hit", exact=True).wait_for()


# ---- files ---------------------------------------------------------------------------------------------


def test_the_gap_csv_equals_the_command_line(page, address):
    page.goto(f"{address}/plan?platform=Linux&attack=enterprise-18.1")
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these gaps as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    options = ["--platform", "Linux", "--attack", "enterprise-18.1", "--json"]
    command = [sys.executable, "-m", "coverage.cli", "gaps", *options]
    printed = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True, text=True).stdout
    assert [row["technique_id"] for row in rows] == [
        gap["technique_id"] for gap in json.loads(printed)["gaps"]
    ]
    assert rows and all(
        "platforms: Linux" in row["scope"] and row["attack"] == "enterprise-18.1" for row in rows
    )
    assert page.elsewhere == []


# ---- links and steps -----------------------------------------------------------------------------------


# Old address -> the page that has it now, and its query.
OLD = {
    "overview": ("", {}),
    "gaps?gap_search=T1003": ("plan", {"gap_search": ["T1003"]}),
    "borrow": ("plan", {"plan": ["borrow"]}),
    "technique?technique=T1059": ("rules", {"technique": ["T1059"]}),
    "compare": ("matrix", {"show": ["compare"]}),
    "release": ("mapping", {"health": ["move"]}),
    "problems": ("mapping", {"health": ["problems"]}),
    "export": ("share", {}),
}


def test_an_old_address_leads_to_the_page_that_has_it_now(page, address):
    """Each loads the page anew, which is what it costs."""
    for old, (page_now, parameters) in OLD.items():
        visit(page, address, old)
        page.wait_for_url(lambda url, page_now=page_now: urlsplit(url).path.strip("/") == page_now)
        settled(page)
        assert place(page) == page_now and query(page) == parameters, old
        assert page.locator("[data-testid=stException]").count() == 0, old
        if page_now == "rules":
            assert "Command and Scripting Interpreter" in page.inner_text("h1")


def test_going_back_from_an_old_address_does_not_come_to_it_again(page, address):
    page.goto(f"{address}/rules")
    settled(page)
    page.goto(f"{address}/gaps")
    page.wait_for_url("**/plan**")
    settled(page)
    page.go_back()
    page.wait_for_url("**/rules**")


def test_one_back_undoes_one_step(page, address):
    """From the plan to a gap, to a rule of it, and back, with the filters as they were."""
    page.goto(f"{address}/plan?gap_tactic=TA0002")
    settled(page)
    answer = page.inner_text("h4")
    page.goto(f"{address}/plan?gap_tactic=TA0002&gap=T1106")
    page.get_by_role("button", name="All gaps").wait_for()
    settled(page)
    gap = page.inner_text("h1")
    assert "T1106" in gap
    page.get_by_role("button", name="Open the technique").click()
    page.wait_for_url("**/rules?**technique=T1106**")
    settled(page)
    page.go_back()
    page.wait_for_url("**/plan?**gap=T1106**")
    settled(page)
    assert page.inner_text("h1") == gap
    page.go_back()
    page.wait_for_function("!location.search.includes('gap=')")
    settled(page)
    assert page.inner_text("h4") == answer and query(page)["gap_tactic"] == ["TA0002"]


def test_a_rule_is_one_step_from_its_technique(page, address):
    page.goto(f"{address}/rules?technique=T1059&class=Production&class=Hunt")
    settled(page)
    assert "production, hunt rules" in page.inner_text("body")
    table = page.locator("[data-testid=stDataFrame]").first
    table.wait_for()
    click_row(page)
    page.wait_for_url("**rule=**")
    settled(page)
    assert "production, hunt rules" in page.inner_text("body")
    page.go_back()
    page.wait_for_url("**technique=T1059**")
    settled(page)
    assert "Command and Scripting Interpreter" in page.inner_text("h1")
    assert "production, hunt rules" in page.inner_text("body")


def test_a_filter_is_in_the_link_by_id_and_stays(page, address, profile):
    """It is no step of its own, stays while one works on another page, and a colleague sees the same."""
    page.goto(f"{address}/plan")
    settled(page)
    steps = page.evaluate("history.length")
    box = page.get_by_role("combobox", name="Tactics")
    box.click()
    page.get_by_role("option", name="Discovery", exact=True).click()
    page.keyboard.press("Escape")
    page.wait_for_url("**gap_tactic=TA0007**")
    settled(page)
    assert page.evaluate("history.length") == steps
    page.get_by_role("link", name="Rules", exact=True).first.click()
    page.wait_for_url("**/rules**")
    settled(page)
    assert "gap_tactic" not in query(page)
    page.get_by_role("link", name="Plan", exact=True).first.click()
    page.wait_for_url("**/plan?**gap_tactic=TA0007**")
    settled(page)
    page.get_by_text("rows shown, most used first").first.wait_for()
    mine = answer_of(page)
    other = profile.new_page()
    other.goto(page.url)
    settled(other)
    other.get_by_text("rows shown, most used first").first.wait_for()
    assert answer_of(other) == mine
    other.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_page_answers_within_a_manager_s_patience(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    settled(page)
    assert "techniques" in page.inner_text("h4") and " of " in page.inner_text("h4")
    assert page.locator("[data-testid=stException]").count() == 0
    page.set_viewport_size({"width": 390, "height": 844})  # a phone: two figures in a row, none cut
    page.wait_for_timeout(500)
    first, second, *_ = (one.bounding_box() for one in page.locator("[data-testid=stMetric]").all())
    assert abs(first["y"] - second["y"]) < 2 and second["x"] > first["x"] + first["width"]
    assert page.evaluate(CUT) == [[], 0]


def test_a_typed_folder_is_a_chip_with_its_last_name_and_not_offered_again(page, address):
    page.goto(f"{address}/share")
    settled(page)
    box = page.get_by_role("combobox", name="Rule sets")
    box.fill(str(PROJECT / "rules" / "windows"))
    page.keyboard.press("Enter")
    chips = page.locator("[data-testid=stSidebar] [data-tag]")
    chips.get_by_text("windows", exact=True).wait_for()
    settled(page)
    assert [chip.inner_text().strip() for chip in chips.all()] == ["rules", "windows"]
    box.click()
    page.get_by_role("listbox").wait_for()
    assert page.get_by_role("option", name="windows", exact=True).count() == 0


# ---- threats -------------------------------------------------------------------------------------------


def test_an_adversary_opens_by_a_click_and_back_closes_it(page, address):
    page.goto(f"{address}/threats")
    page.get_by_text("adversaries shown").first.wait_for()
    settled(page)
    answer = page.inner_text("h4")
    click_row(page)
    page.get_by_role("button", name="All adversaries").wait_for()
    settled(page)
    (opened,) = query(page)["adversary"]
    assert re.fullmatch(r"G\d{4}", opened)
    page.get_by_text(f"{opened} on attack.mitre.org").wait_for()
    page.go_back()
    page.get_by_text("adversaries shown").first.wait_for()
    settled(page)
    assert page.inner_text("h4") == answer and query(page) == {} and place(page) == "threats"
    click_row(page)  # the same row again
    page.get_by_role("button", name="All adversaries").wait_for()
    assert query(page)["adversary"] == [opened] and page.elsewhere == []


def test_the_profile_that_is_chosen_goes_along_to_other_pages(page, address):
    page.goto(f"{address}/threats?threat=chosen&threat_groups=G0016")
    page.get_by_text("1 adversary shown").wait_for()
    settled(page)
    page.get_by_role("link", name="Overview").click()
    page.get_by_text("that 1 adversary needs").wait_for()
    settled(page)
    assert query(page) == {"threat": ["chosen"], "threat_groups": ["G0016"]}
    page.get_by_role("button", name="Each adversary").click()
    page.get_by_text("1 adversary shown").wait_for()
    assert place(page) == "threats" and page.inner_text("h4").startswith("APT29")
