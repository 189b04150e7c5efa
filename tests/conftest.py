"""Shared paths and fixtures. Stops at once when the wrong `coverage` was imported."""

from __future__ import annotations

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

if Path(coverage.__file__).resolve().parent != PROJECT / "coverage":
    pytest.exit(
        f"'coverage' was imported from {coverage.__file__}, not from this checkout: run pytest from the "
        "project's folder, in an environment without coverage.py and pytest-cov.",
        returncode=4,
    )


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
    """`tests.releases.EveryRelease`: all Enterprise releases in ../shared, imported once a
    session.
    """
    from tests.releases import every_release_in

    return every_release_in(tmp_path_factory.mktemp("every_release"), shared)
