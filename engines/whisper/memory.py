"""The models in memory: as many of those used last as a budget takes.

Loading takes seconds, and nobody but those who wait for the same weights waits for
it: other models are heard with meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from engines.whisper.adaptation import Adaptation, Ways
from engines.whisper.hear import Listener

_WEIGHTS = "model.bin"
_ADAPTATION = "language_model.npz"
# What decoding a full batch takes beside the weights, in bytes: 150 MB, measured for
# tiny; batches of wider networks are smaller (`hear.batch_size`).
_WORKING = 150_000_000

# A file of weights: device, number, when it was written, and bytes. A number alone is
# given to the next file once a model was deleted.
_File = tuple[int, int, int, int]


@dataclass(eq=False)
class Loaded:
    """A model in memory. One that was adapted by text alone has the very weights of
    its base."""

    path: Path
    model: Listener
    ways: Ways
    weights: _File
    own_bytes: int
    users: int = 0

    def has_weights_of(self, folder: Path) -> bool:
        """Whether its weights are those of this model, or a copy of them."""
        return self.weights[2:] == _file(folder)[2:]


class Memory:
    """Keeps models for all threads of a process.

    What one takes is told by its files: weights of 16 bits become 8, and the rest is
    tokenizer and buffers. `read` gets them from their folder.
    """

    def __init__(self, read: Callable[[Path], Listener], budget_bytes: int) -> None:
        self._read = read
        self._budget = budget_bytes
        self._kept: OrderedDict[Path, Loaded] = OrderedDict()
        self._lock = Lock()
        self._reading: defaultdict[_File, Lock] = defaultdict(Lock)

    def get(self, path: Path) -> Loaded:
        """The model of a folder. Raises what `read` does, and `EngineError` for a
        broken adaptation."""
        weights = _file(path)
        with self._lock:
            found = self._find(path, weights)
            turn = self._reading[weights]
        if found:
            return found
        with turn:
            with self._lock:
                found = self._find(path, weights)
                alike = [one for one in self._kept.values() if one.weights == weights]
            if found:
                return found
            ways = Ways(Adaptation.load(path))
            model = alike[0].model if alike else self._read(path)
            loaded = Loaded(path, model, ways, weights, _own_bytes(path))
            with self._lock:
                self._kept[path] = loaded
                self._shrink(loaded)
        return loaded

    @contextmanager
    def using(self, loaded: Loaded) -> Iterator[None]:
        """Until this ends the model stays."""
        with self._lock:
            loaded.users += 1
        try:
            yield
        finally:
            with self._lock:
                loaded.users -= 1

    def forget(self, path: Path) -> None:
        with self._lock:
            self._kept.pop(path, None)

    @property
    def paths(self) -> list[Path]:
        """Of the models that are kept, the one used last at the end."""
        with self._lock:
            return list(self._kept)

    def _find(self, path: Path, weights: _File) -> Loaded | None:
        found = self._kept.get(path)
        if found is None or found.weights != weights:
            return None
        self._kept.move_to_end(path)
        return found

    def _shrink(self, newest: Loaded) -> None:
        """Models that were deleted go, then those that nobody used for longest."""
        for loaded in list(self._kept.values()):
            is_free = not loaded.users and loaded is not newest
            is_gone = not loaded.path.is_dir()
            if is_free and (is_gone or self._bytes() > self._budget):
                del self._kept[loaded.path]

    def _bytes(self) -> int:
        """What all take; shared weights count once."""
        kept = self._kept.values()
        shared = {one.weights: one.weights[-1] + _WORKING for one in kept}
        return sum(shared.values()) + sum(one.own_bytes for one in kept)


def _file(folder: Path) -> _File:
    found = (folder / _WEIGHTS).stat()
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


def _own_bytes(folder: Path) -> int:
    """Of the model of the domain's words: twice its file, for what is worked out."""
    path = folder / _ADAPTATION
    return 2 * path.stat().st_size if path.is_file() else 0
