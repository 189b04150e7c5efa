"""Shared paths and fixtures. Stops at once when the wrong `coverage` was imported."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

import coverage

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"

# The same examples on every machine, so that a change is what makes a test fail. To look for new ones:
# HYPOTHESIS_PROFILE=explore.
settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# A process of tests keeps whole ATT&CK releases and rule corpora, millions of objects that stay. Python's
# search for cycles among them took a quarter of all the time: here it searches less often, and never what
# was imported.
gc.set_threshold(100_000, 20, 100)

if Path(coverage.__file__).resolve().parent != PROJECT / "coverage":
    pytest.exit(
        f"'coverage' was imported from {coverage.__file__}, not from this checkout: run pytest from the "
        "project's folder, in an environment without coverage.py and pytest-cov.",
        returncode=4,
    )


def pytest_collection_finish():
    gc.freeze()


def _shared(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the folder ../shared/{'/'.join(parts)}, which is not here")
    return path


@pytest.fixture(scope="session")
def shared():
    """`shared("corpora", "elastic")`: that path in ../shared, or a skip that says it is missing."""
    return _shared


@pytest.fixture(scope="session")
def every_release(shared, tmp_path_factory):
    """`tests.helpers.releases.EveryRelease`: every Enterprise release in ../shared; imported once for all
    processes of a run.
    """
    from tests.helpers.releases import every_release_in

    return every_release_in(_folder_of_the_run(tmp_path_factory) / "every_release", shared)


def _folder_of_the_run(tmp_path_factory) -> Path:
    """A temporary folder that all processes of a run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """The address of the app, started over `rules/` as a user starts it; one a process."""
    from tests.helpers.serving import served

    cache = str(tmp_path_factory.mktemp("cache"))
    with served("app.py", [], COVERAGE_CACHE=cache, COVERAGE_RULES=str(PROJECT / "rules")) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    """A Chromium, one a file of tests."""
    from tests.helpers.serving import chromium

    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def profile(browser):
    """A profile of that Chromium, which keeps Streamlit's own files from one test to the next."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
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
