"""Who may be at something that takes room or time: so many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from recognition.recogniser import Busy


class Places:
    """Others are told to come again. Taken and given back by any thread."""

    def __init__(self, number: int) -> None:
        self.free = number
        self._lock = Lock()

    def take(self) -> Callable[[], None]:
        """A place, and what gives it back. Raises `Busy`."""
        with self._lock:
            if not self.free:
                raise Busy
            self.free -= 1
        return self._give_back

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises `Busy`."""
        give_back = self.take()
        try:
            yield
        finally:
            give_back()

    def _give_back(self) -> None:
        with self._lock:
            self.free += 1
