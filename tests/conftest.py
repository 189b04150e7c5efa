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
