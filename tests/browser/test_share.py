"""The Share page in a real browser: every file arrives and is byte for byte what the exports make."""

from __future__ import annotations

import io
import json
import zipfile

import openpyxl

from coverage.changes.snapshot import snapshot_bytes, snapshot_of
from coverage.exports.bundle import EXPORTS, Wishes
from coverage.exports.content import Content
from coverage.loaders import corpus_sources, load
from coverage.measures import summary
from coverage.reading import read_in
from coverage.tables import PROJECT
from tests.helpers.serving import NEEDS_CHROMIUM, settled

pytestmark = NEEDS_CHROMIUM


def download(page, name: str) -> bytes:
    with page.expect_download() as done:
        page.get_by_role("button", name=name, exact=True).click()
    return done.value.path().read_bytes()


def test_every_file_arrives_and_is_the_export(page, address):
    page.goto(f"{address}/share?export_measure=Score")
    settled(page)
    reading = read_in(load(corpus_sources([str(PROJECT / "rules")])))
    content = Content(reading, reading.view())
    for name, kind, measures in (
        ("Coverage", "layer", ("rules",)),
        ("Gaps, by next step", "gaps-layer", ("rules",)),
        ("Matrix as SVG", "svg", ("score",)),
        ("Matrix as PNG", "png", ("score",)),
        ("Excel workbook", "workbook", ("rules",)),
        ("Report as HTML", "report", ("rules",)),
        ("Report as Markdown", "markdown", ("rules",)),
    ):
        assert download(page, name) == EXPORTS[kind].make(content, Wishes(measures)), name
    rows = json.loads(download(page, "JSON"))["rows"]
    assert [row["technique_id"] for row in rows] == content.gaps["attack_id"].tolist()
    with zipfile.ZipFile(io.BytesIO(download(page, "Everything (ZIP)"))) as packed:
        assert openpyxl.load_workbook(io.BytesIO(packed.read("coverage.xlsx"))).sheetnames[0] == "Summary"
    assert page.elsewhere == [] and page.locator("[data-testid=stException]").count() == 0


def test_the_gap_page_gives_a_layer_of_what_it_shows(page, address):
    page.goto(f"{address}/plan?gap_grain=techniques&gap_search=discovery")
    settled(page)
    button = page.get_by_role("button", name="Navigator layer of these gaps")
    with page.expect_download() as done:
        button.click()
    entries = json.loads(done.value.path().read_bytes())["techniques"]
    assert f"({len(entries)} rows)" in button.inner_text() and entries
    assert all("." not in entry["techniqueID"] and "score" not in entry for entry in entries)


def test_the_reports_say_what_changed_since_a_snapshot(page, address, tmp_path):
    """A snapshot of some of the rules goes up; a snapshot of all comes down and differs in nothing."""
    few = load(corpus_sources([f"rules={PROJECT / 'rules' / 'windows'}"]))
    base = read_in(few).view()
    (tmp_path / "base.jsonl").write_bytes(snapshot_bytes(base, few))
    page.goto(f"{address}/share")
    settled(page)
    keep = page.get_by_role("button", name="Snapshot", exact=True).bounding_box()
    give = page.locator("[data-testid=stFileUploader]").filter(has_text="Changes since").bounding_box()
    assert abs(keep["x"] - give["x"]) < 5 and 0 < give["y"] - keep["y"] < 120  # the second below the first
    every = download(page, "Snapshot")
    assert b"these rules" not in download(page, "Report as Markdown")
    page.locator("[data-testid=stFileUploader]").filter(has_text="Changes since a snapshot").locator(
        "input"
    ).set_input_files(tmp_path / "base.jsonl")
    whole = read_in(load(corpus_sources([str(PROJECT / "rules")]))).view()
    before, after = (summary(view)["techniques"] for view in (base, whole))
    sentence = (
        f"Covered techniques go from {before['covered']} of {before['total']} to {after['covered']} "
        f"of {after['total']}: "
    )
    page.get_by_text(sentence).wait_for(timeout=30_000)
    settled(page)
    assert all(
        sentence in download(page, name).decode().replace("\\", "")
        for name in ("Report as Markdown", "Report as HTML")
    )
    assert snapshot_of(every).loaded.rules["rule_key"].tolist() == sorted(whole.all_rules["rule_key"])
    (tmp_path / "bad.jsonl").write_text("no snapshot")
    page.locator("[data-testid=stFileUploader]").filter(has_text="Changes since a snapshot").locator(
        "input"
    ).set_input_files(tmp_path / "bad.jsonl")
    page.get_by_text("bad.jsonl is not a snapshot").wait_for(timeout=30_000)
