"""What the first view of each page sends to the browser, over the real corpora: tables go page by page."""

from __future__ import annotations

import shutil
from base64 import b64decode

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from coverage.pages import PAGES
from tests.running import dashboard

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MOST = 2_000_000  # bytes
SECONDS = 300

pytestmark = [
    pytest.mark.browser,
    pytest.mark.corpora,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the program chromium, which is not here"),
]


@pytest.fixture(scope="module")
def address(shared, tmp_path_factory):
    """The app over elastic and sigma: 6,373 rules."""
    corpora = [f"{name}={shared('corpora', name)}" for name in ("elastic", "sigma")]
    with dashboard(corpora, {"COVERAGE_CACHE": str(tmp_path_factory.mktemp("cache"))}) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def received(browser, url: str) -> int:
    """The bytes of every WebSocket frame that a fresh session gets until its page has run to the end."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    frames: list[bytes] = []
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.on(
        "Network.webSocketFrameReceived",
        lambda event: frames.append(b64decode(event["response"]["payloadData"] + "==")),
    )
    page.goto(url)
    page.wait_for_selector("h1", timeout=SECONDS * 1000)
    seen = -1
    while seen != len(frames) or not _all_ended(frames):
        seen = len(frames)
        page.wait_for_timeout(2000)
    context.close()
    return sum(map(len, frames))


def _all_ended(frames: list[bytes]) -> bool:
    """Whether each run of the page that the server started has come to its end."""
    kinds = [ForwardMsg.FromString(frame).WhichOneof("type") for frame in frames]
    return 0 < kinds.count("new_session") == kinds.count("script_finished")


@pytest.mark.parametrize("name", [name for _, _, _, name in PAGES])
def test_the_first_view_of_a_page_sends_at_most_two_megabytes(browser, address, name):
    sent = received(browser, f"{address}/{name}")
    print(f"{name}: {sent:,} bytes")
    assert 1_000 < sent <= MOST
