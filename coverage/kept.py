"""Values made once and kept with the object they belong to, whichever thread asks first.

Threads wait for one another only over the same value of the same object: `functools.cached_property` has one
lock for all objects of a class in Python 3.11, and none from 3.12 on. Knows nothing of what is kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

Owner = TypeVar("Owner")
Value = TypeVar("Value")

_BOOKS = threading.Lock()  # of which values there are; never held while one is made


class _Entry:
    """One value: not made yet, being made, or made."""

    __slots__ = ("lock", "made", "value")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.made = False
        self.value: Any = None

    def get(self, make: Callable[[], Any]) -> Any:
        if not self.made:
            with self.lock:
                if not self.made:
                    self.value = make()
                    self.made = True
        return self.value


class Kept:
    """The values of one object, each by the function that makes it and that function's further arguments."""

    def __init__(self) -> None:
        self._entries: dict[Callable, OrderedDict[tuple[Hashable, ...], _Entry]] = {}

    def get(
        self, make: Callable[..., Value], owner: object, *arguments: Hashable, most: int | None = None
    ) -> Value:
        """`make(owner, *arguments)`, made once. Of `most` argument lists the ones last asked for are kept."""
        with _BOOKS:
            entries = self._entries.setdefault(make, OrderedDict())
            entry = entries.setdefault(arguments, _Entry())
            entries.move_to_end(arguments)
            while most is not None and len(entries) > most:
                entries.popitem(last=False)
        return entry.get(lambda: make(owner, *arguments))

    def put(self, make: Callable, value: object) -> None:
        """Keep a value that is known without making it."""
        entry = _Entry()
        entry.value, entry.made = value, True
        with _BOOKS:
            self._entries[make] = OrderedDict({(): entry})

    def share(self, other: Kept, makes: Iterable[Callable]) -> None:
        """Have what these functions make in common with another object: who asks first makes it for both."""
        with _BOOKS:
            for make in makes:
                self._entries[make] = other._entries.setdefault(make, OrderedDict())


def kept_with(owner: object) -> Kept:
    """The values kept with an object; a copy that `dataclasses.replace` makes starts with none."""
    found = vars(owner).get("_kept")
    return found if found is not None else vars(owner).setdefault("_kept", Kept())


class kept_property(Generic[Owner, Value]):
    """A property made once for each object; from then on it is a plain attribute."""

    def __init__(self, make: Callable[[Owner], Value]) -> None:
        self.make = make
        self.name = make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, owner: Owner | None, kind: type | None = None) -> Any:
        if owner is None:
            return self
        value = kept_with(owner).get(self.make, owner)
        vars(owner)[self.name] = value
        return value
