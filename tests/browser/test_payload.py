"""What the first view of each page sends to the browser, over the real corpora: tables go page by page."""

from __future__ import annotations

from base64 import b64decode

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from coverage.measures import rules_with_ids
from coverage.pages import PAGES
from coverage.tables import PROJECT
from tests.helpers.serving import NEEDS_CHROMIUM, served, settled
from tests.helpers.views import elastic_and_sigma

MOST = 2_000_000  # bytes
SECONDS = 300

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.corpora]


@pytest.fixture(scope="module")
def address(shared, tmp_path_factory):
    """The app over elastic and sigma: 6,373 rules."""
    corpora = [f"{name}={shared('corpora', name)}" for name in ("elastic", "sigma")]
    with served("app.py", corpora, COVERAGE_CACHE=str(tmp_path_factory.mktemp("cache"))) as url:
        yield url


def received(profile, url: str) -> list[bytes]:
    """Every WebSocket frame that a new session gets until each run of its page that the server started has
    come to its end.
    """
    page = profile.new_page()
    frames: list[bytes] = []
    protocol = profile.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.on(
        "Network.webSocketFrameReceived",
        lambda event: frames.append(b64decode(event["response"]["payloadData"] + "==")),
    )
    page.goto(url)
    page.wait_for_selector("h1", timeout=SECONDS * 1000)
    kinds: list[str] = []
    seen = -1
    while seen != len(frames) or not 0 < kinds.count("new_session") == kinds.count("script_finished"):
        seen = len(frames)
        page.wait_for_timeout(250)
        kinds += [ForwardMsg.FromString(frame).WhichOneof("type") for frame in frames[len(kinds) :]]
    page.close()
    return frames


@pytest.mark.parametrize("name", [name for _, _, _, name in PAGES])
def test_the_first_view_of_a_page_sends_at_most_two_megabytes(profile, address, name):
    sent = sum(map(len, received(profile, f"{address}/{name}")))
    print(f"{name}: {sent:,} bytes")
    assert 1_000 < sent <= MOST


def test_a_bar_stands_while_rules_are_read_and_is_not_drawn_again(profile, tmp_path):
    with served("app.py", [str(PROJECT / "rules")], COVERAGE_CACHE=str(tmp_path)) as url:
        bars = [[text for frame in received(profile, url) if (text := _progress(frame))] for _ in range(2)]
    # The server sends what stands when it looks: of quick steps the last.
    assert bars[0] and all(text.startswith(("Reading ", "Counting ")) for text in bars[0]) and bars[1] == []


def _progress(frame: bytes) -> str:
    """The words of a progress bar that a frame draws."""
    return ForwardMsg.FromString(frame).delta.new_element.progress.text


def test_a_row_of_a_later_page_opens_its_rule(page, address, shared):
    """The second page's first row is the 1,001st rule."""
    view = elastic_and_sigma(shared("corpora", "elastic"), shared("corpora", "sigma")).view()
    rules = rules_with_ids(view)
    in_scope = rules[rules["rule_key"].isin(view.rules["rule_key"])]
    names = in_scope.sort_values("name", key=lambda column: column.str.casefold())["name"].tolist()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/rules")
    settled(page)
    page.get_by_text("Showing 1–1,000 of").wait_for()
    assert f"of {len(names):,} rows" in page.get_by_text("Showing 1–1,000 of").inner_text()
    page.get_by_label("Page", exact=True).fill("2")
    page.get_by_label("Page", exact=True).press("Enter")
    page.get_by_text("Showing 1,001–2,000 of").wait_for()
    settled(page)
    box = page.get_by_test_id("stDataFrame").bounding_box()
    page.mouse.click(box["x"] + 120, box["y"] + 35 + 17)
    page.get_by_role("button", name="All rules").wait_for()
    page.get_by_role("heading", level=1, name=names[1000], exact=True).wait_for()
    page.get_by_role("button", name="All rules").click()
    page.get_by_text("Showing 1,001–2,000 of").wait_for()
    page.goto(f"{address}/share")
    settled(page)
    assert "elastic, sigma · " in page.inner_text(".st-key-stamp p")
    assert page.locator(".st-key-stamp p").bounding_box()["height"] < 30  # one line, the date with it
