"""Results that are worked out once for a table and then asked for again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The latest results by the names of the files that they come from.

    Files never change. An `lru_cache` would take the tables themselves as arguments,
    and keep them in memory.

    >>> kept = Kept[int](most=1)
    >>> kept.get("a.npz", lambda: 1), kept.get("a.npz", lambda: 2)
    (1, 1)
    >>> kept.get("b.npz", lambda: 3), kept.get("a.npz", lambda: 4)
    (3, 4)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for this key before, or is made now."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        # Two who ask at once both make it: neither has to wait for the other.
        made = make()
        with self._lock:
            self._found[key] = made
            if len(self._found) > self._most:
                self._found.popitem(last=False)
        return made
