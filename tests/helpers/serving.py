"""A Streamlit app, started as a user starts it. `docs/screenshots.py` uses it, too."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from coverage.tables import PROJECT

# The program, and what keeps it from asking anybody but the app.
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


# The marks of a test that drives a real browser.
NEEDS_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the program chromium, which is not here"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="needs playwright, which is not installed"),
]


@contextmanager
def chromium() -> Iterator[Any]:
    """A Chromium of one's own, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@contextmanager
def served(
    app: str,
    arguments: Sequence[str],
    folder: Path = PROJECT,
    options: Sequence[str] = (),
    **environment: str,
) -> Iterator[str]:
    """The address of an app while it runs in a folder, with Streamlit's options and the app's own
    arguments.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    always = ["--server.port", str(port), "--server.headless", "true", "--browser.gatherUsageStats", "false"]
    command = [sys.executable, "-m", "streamlit", "run", app, *always, *options, "--", *arguments]
    known = {**os.environ, "PYTHONPATH": str(PROJECT), **environment}
    with subprocess.Popen(
        command, cwd=folder, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/_stcore/health")
            yield url
        finally:
            server.terminate()


def settled(page, least: int = 200) -> None:
    """Wait until a page has been drawn and the app has nothing left to run."""
    page.wait_for_selector("h1")
    page.wait_for_selector(".stHtml style", state="attached")  # the pages' own, which Streamlit loads late
    page.wait_for_timeout(least)
    page.wait_for_function(IDLE, polling=50)
    page.wait_for_timeout(least // 2)  # what the end of the run sends: the address, a component
    page.wait_for_function(IDLE, polling=50)


# Streamlit says on its own root whether a script is running, or is about to.
IDLE = """() => !document.querySelector('[data-testid=stStatusWidget]')
    && document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"""


def _wait_for(url: str, seconds: int = 90) -> None:
    for _ in range(seconds * 4):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"the app did not answer at {url}")
