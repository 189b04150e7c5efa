"""The app as most tests of pages start it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from coverage.tables import PROJECT
from tests.helpers.seen import with_open_sidebar


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app over `rules/`, with a cache folder of its own, not yet run."""
    monkeypatch.setenv("COVERAGE_RULES", str(PROJECT / "rules"))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return with_open_sidebar(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60))
