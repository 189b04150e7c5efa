"""What a reader waits for in a real browser: the first matrix, and the detail of a cell."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence

from tests.benchmarks.timing import Cost, middle
from tests.helpers.serving import CHROMIUM, FLAGS, served, settled

FIRST, CLICK = "first matrix in a fresh browser", "a click on a cell to its detail"
CELLS = ("T1059", "T1078")  # of many rules, and of fewer


def matrix_costs(folders: Sequence[str], repeats: int) -> dict[str, Cost]:
    """What FIRST and CLICK take over folders of rules, each the median of some repeats; empty where there is
    no browser.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {}
    if CHROMIUM is None:
        return {}
    first, clicks = [], []
    with (
        tempfile.TemporaryDirectory() as cache,
        served("app.py", folders, COVERAGE_CACHE=cache) as url,
        sync_playwright() as driver,
    ):
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        _visit(chromium, url)  # reads the rules, and what every scope needs once
        for _ in range(repeats):
            opened, clicked = _visit(chromium, url)
            first.append(opened)
            clicks += clicked
        chromium.close()
    return {FIRST: middle(first), CLICK: middle(clicks)}


def _visit(chromium, url: str) -> tuple[Cost, list[Cost]]:
    """One visit with a profile of its own, which has nothing in its cache."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.set_default_timeout(120_000)
    thread = context.new_cdp_session(page)
    thread.send("Performance.enable", {"timeDomain": "threadTicks"})
    began = time.perf_counter()
    page.goto(f"{url}/matrix", wait_until="commit")
    page.wait_for_selector("[role=gridcell]")
    first = Cost(time.perf_counter() - began, _busy(thread))
    settled(page)
    clicks = [_click(page, thread, attack_id) for attack_id in CELLS]
    context.close()
    return first, clicks


def _click(page, thread, attack_id: str) -> Cost:
    """From a click on a cell until its technique's answer stands in the dialog."""
    cell = page.locator(f"[role=gridcell][data-id='{attack_id}']").first
    cell.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    box, busy = cell.bounding_box(), _busy(thread)
    began = time.perf_counter()
    page.mouse.click(box["x"] + 20, box["y"] + 12)
    page.get_by_role("dialog").get_by_text(f"to {attack_id},").wait_for()
    cost = Cost(time.perf_counter() - began, _busy(thread) - busy)
    settled(page)
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    settled(page)
    return cost


def _busy(thread) -> float:
    """Seconds that the page's main thread has worked."""
    metrics = thread.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "TaskDuration")
