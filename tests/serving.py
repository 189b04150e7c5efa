"""A Streamlit app, started as a user starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import PROJECT


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


def _wait_for(url: str, seconds: int = 90) -> None:
    for _ in range(seconds * 4):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"the app did not answer at {url}")
