"""Several threads at one value: a step that waits until it is let through."""

from __future__ import annotations

import threading
from collections.abc import Callable

SECONDS = 20


class Gate:
    """A step that waits until it is let through, and counts who came."""

    def __init__(self) -> None:
        self.entered, self.opened, self.count = threading.Event(), threading.Event(), 0

    def __call__(self) -> None:
        self.count += 1
        self.entered.set()
        assert self.opened.wait(SECONDS)


def at_once(*work: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=one, daemon=True) for one in work]
    for thread in threads:
        thread.start()
    return threads
