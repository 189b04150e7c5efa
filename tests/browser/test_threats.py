"""A threat profile built in a real browser: what is saved gives the command line the same numbers."""

from __future__ import annotations

import json

from coverage.tables import PROJECT
from tests.helpers.browsing import query
from tests.helpers.command_line import run
from tests.helpers.serving import NEEDS_CHROMIUM, settled

pytestmark = NEEDS_CHROMIUM

OWN = "technique_id,weight,adversary\nT1059.001,4,Red team\nT1566,1,Red team\nT9999,1,Red team\n"
LAYER = {
    "name": "Pentest",
    "versions": {"layer": "4.5", "attack": "19"},
    "domain": "enterprise-attack",
    "techniques": [{"techniqueID": "T1003.001", "score": 2}, {"techniqueID": "T1041", "score": 1}],
}


def test_what_is_uploaded_and_saved_gives_the_command_line_the_same_numbers(page, address, tmp_path):
    files = {"own.csv": OWN, "layer.json": json.dumps(LAYER), "broken.json": '{"name": "Not a'}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    page.goto(f"{address}/threats?threat=chosen&threat_groups=G0016&pre=true")
    settled(page)
    page.get_by_text("More: software, sectors").click()
    settled(page)
    page.locator("[data-testid=stFileUploader] input[type=file]").last.set_input_files(
        [str(tmp_path / name) for name in files]
    )
    page.get_by_role("button", name="Remove own.csv").wait_for()
    settled(page)
    warned = page.locator("[data-testid=stAlert]").all_inner_texts()
    assert any("broken.json:1" in text and "T9999" in text for text in warned)
    assert query(page) == {"threat": ["chosen"], "threat_groups": ["G0016"], "pre": ["true"]}
    with page.expect_download() as done:
        page.get_by_role("button", name="Profile as TOML").click()
    saved = tmp_path / "threat.toml"
    saved.write_bytes(done.value.path().read_bytes())
    with page.expect_download() as done:
        page.get_by_role("button", name="Download adversaries as CSV").click()
    of_page = done.value.path().read_bytes()
    where = ("threats", str(PROJECT / "rules"), "--profile", str(saved))
    told = json.loads(run(*where, "--json").stdout)
    coverage = told["coverage"]
    assert f"{coverage['weighted']:.0%} of the need is covered" in page.inner_text("h4")
    assert f"{coverage['covered']:,} of {coverage['needed']:,} needed" in page.inner_text("h4")
    assert {row["name"] for row in told["adversaries"]} == {"APT29", "Red team", "Pentest"}
    assert run(*where, "--csv", "-", text=False).stdout == of_page
    assert page.elsewhere == [] and page.locator("[data-testid=stException]").count() == 0


def test_a_profile_is_made_and_cleared_by_keyboard(page, address):
    page.goto(f"{address}/threats?threat=chosen")
    settled(page)
    box = page.get_by_role("combobox", name="Groups and campaigns")
    box.focus()
    page.keyboard.type("Volt Typhoon")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    settled(page)
    assert query(page)["threat_groups"] == ["G1017"] and page.inner_text("h4").startswith("Volt Typhoon")
    for name in ("Clear", "Undo"):
        page.get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        settled(page)
        assert ("threat_groups" in query(page)) == (name == "Undo")
