"""The report in a real browser: it needs no network, complains of nothing and prints."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from coverage.exports.briefing import report_html
from tests.helpers.exporting import EVIL, content, hostile
from tests.helpers.serving import NEEDS_CHROMIUM
from tests.helpers.small import E19

pytestmark = NEEDS_CHROMIUM

CHANGES = {
    "sentence": "1 technique was gained and none lost since 2026-01-01.",
    "rows": [{"technique": "T1105", "name": EVIL, "change": "gained", "because": "a | b"}],
}


@pytest.mark.parametrize("state", [lambda: content(E19), hostile], ids=["small", "hostile"])
def test_it_opens_offline_without_a_request_or_a_complaint_and_prints(state, tmp_path, browser):
    file = tmp_path / "report.html"
    file.write_bytes(report_html(state(), CHANGES))
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    asked, said, dialogs = [], [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(file.as_uri())
    page.wait_for_timeout(300)
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert said == [] and dialogs == []
    assert page.evaluate("document.querySelectorAll('#matrix svg text').length") > 200
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.pdf(path=str(tmp_path / "report.pdf"), prefer_css_page_size=True, print_background=True)
    page.close()
    if shutil.which("pdfinfo"):
        assert_pages(tmp_path / "report.pdf")


def assert_pages(pdf) -> None:
    """Upright A4 pages, and the matrix last, alone on A3 landscape."""
    told = subprocess.run(
        ["pdfinfo", "-f", "1", "-l", "20", str(pdf)], capture_output=True, text=True, check=True
    ).stdout
    sizes = [
        (round(float(wide)), round(float(high)))
        for wide, high in re.findall(r"size:\s+([\d.]+) x ([\d.]+) pts", told)
    ]
    assert (
        len(sizes) >= 3 and sizes[-1] == (1191, 842) and all(abs(wide - 595) <= 1 for wide, _ in sizes[:-1])
    )
