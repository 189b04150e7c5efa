"""How many examples a property is tried with: few in every run, ten times as many to look for new ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

MORE = 10 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 1


def examples(count: int) -> settings:
    """So many examples without a deadline, however slowly they are made."""
    return settings(
        max_examples=count * MORE,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
