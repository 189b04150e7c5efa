"""A real browser on the real app: it starts, a cell is clicked, the detail opens, a CSV arrives and is read
back.

Needs Chromium (Debian's package `chromium`) and Playwright; skipped with a reason where they are missing.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from coverage.tables import PROJECT

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the program chromium, which is not here"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of the app, started over `rules/` as a user starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cache = tmp_path_factory.mktemp("cache")
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    environment = {**os.environ, "COVERAGE_CACHE": str(cache), "COVERAGE_RULES": str(PROJECT / "rules")}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/_stcore/health")
            yield url
        finally:
            server.terminate()


def _wait_for(url: str, seconds: int = 60) -> None:
    for _ in range(seconds * 4):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"the app did not answer at {url}")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A page of a fresh profile that records what it asks of other hosts and what its console says is
    wrong.
    """
    context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.elsewhere = []
    tab.on(
        "request",
        lambda request: (
            tab.elsewhere.append(request.url)
            if "127.0.0.1" not in request.url and request.url.startswith("http")
            else None
        ),
    )
    yield tab
    context.close()


def settle(page) -> None:
    """Wait until the app has nothing left to run."""
    page.wait_for_selector("h1")
    page.wait_for_timeout(500)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")


def click_cell(page, attack_id: str) -> None:
    """Click the matrix cell of a technique where Plotly drew it."""
    place = page.evaluate(
        """id => { const plot = document.querySelector('.js-plotly-plot');
        const trace = plot._fullData.find(t => t.name === 'cells');
        const i = trace.customdata.findIndex(d => d[0] === id);
        const box = plot.getBoundingClientRect(), layout = plot._fullLayout;
        return [box.left + layout._size.l + layout.xaxis.d2p(trace.x[i]), box.top + layout._size.t + layout.yaxis.d2p(trace.y[i])]; }""",
        attack_id,
    )
    page.mouse.move(*place)
    page.mouse.click(*place)


def test_a_cell_opens_its_technique_and_again(page, address):
    page.goto(f"{address}/matrix")
    page.wait_for_selector(".js-plotly-plot .cartesianlayer")
    settle(page)
    for _ in range(2):
        click_cell(page, "T1059")
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        assert "T1059 Command and Scripting Interpreter" in dialog.inner_text()
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        settle(page)
    assert page.elsewhere == []


def test_the_gap_csv_equals_the_command_line(page, address, tmp_path):
    page.goto(f"{address}/gaps?platform=Linux&attack=enterprise-18.1")
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these gaps as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    command = [
        sys.executable,
        "-m",
        "coverage.cli",
        "gaps",
        "--platform",
        "Linux",
        "--attack",
        "enterprise-18.1",
        "--json",
    ]
    told = json.loads(subprocess.run(command, cwd=PROJECT, capture_output=True, check=True, text=True).stdout)
    assert [row["technique_id"] for row in rows] == [gap["technique_id"] for gap in told["gaps"]]
    assert rows and all(
        "platforms: Linux" in row["scope"] and row["attack"] == "enterprise-18.1" for row in rows
    )
    assert page.elsewhere == []


def test_a_filtered_view_can_be_sent_to_a_colleague(page, address, browser):
    page.goto(f"{address}/gaps")
    settle(page)
    page.get_by_text("Including pre-attack techniques", exact=True).click()
    page.wait_for_url("**pre=true**")
    settle(page)
    mine = page.inner_text("h4")
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    other = context.new_page()
    other.goto(page.url)
    settle(other)
    assert other.inner_text("h4") == mine
    context.close()


def test_from_a_technique_to_its_rule_and_back_keeps_the_scope(page, address):
    page.goto(f"{address}/technique?technique=T1059&class=Production&class=Hunt")
    settle(page)
    table = page.locator("[data-testid=stDataFrame]").first.bounding_box()
    page.mouse.click(table["x"] + 200, table["y"] + 53)
    page.wait_for_url("**/rules?**rule=**")
    settle(page)
    assert "production, hunt rules" in page.inner_text("body")
    page.get_by_role("button", name="Open T1059").first.click()
    page.wait_for_url("**/technique?**technique=T1059**")
    page.wait_for_url("**class=Hunt**")  # bound parameters come with the run after the switch
    settle(page)
    assert "production, hunt rules" in page.inner_text("body")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_page_answers_within_a_manager_s_patience(browser, address, scheme):
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(address)
    settle(tab)
    assert "techniques" in tab.inner_text("h4") and " of " in tab.inner_text("h4")
    assert tab.locator("[data-testid=stException]").count() == 0
    context.close()
