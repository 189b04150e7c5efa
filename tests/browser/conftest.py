"""One Chromium and one app for the tests in a browser."""

from __future__ import annotations

import pytest

from coverage.tables import PROJECT
from tests.helpers.serving import chromium, served


@pytest.fixture(scope="package")
def address(tmp_path_factory):
    """The address of the app, started over `rules/` as a user starts it; one a process."""
    cache = str(tmp_path_factory.mktemp("cache"))
    with served("app.py", [], COVERAGE_CACHE=cache, COVERAGE_RULES=str(PROJECT / "rules")) as url:
        yield url


@pytest.fixture(scope="package")
def browser():
    """A Chromium, one a process; gone after these tests, since Playwright leaves no room for asyncio."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def profile(browser):
    """A profile of that Chromium, which keeps Streamlit's own files, compiled, from one test to the next: the
    first page of a profile costs thrice as much as the others.
    """
    context = browser.new_context(
        viewport={"width": 1366, "height": 768},
        accept_downloads=True,
        reduced_motion="reduce",  # a tenth of the time went into drawing what moves
    )
    yield context
    context.close()


@pytest.fixture
def page(profile):
    """A tab that records what it asks of other hosts."""
    tab = profile.new_page()
    tab.set_default_timeout(25_000)
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
    tab.close()
