"""What the encoder heard of each window, in one file.

The encoder does not learn, so each window is heard once and learnt from as often as
there are passes. A window of Whisper tiny takes 1.2 MB, one of large 3.8 MB; only
those of a step are in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from torch import Tensor

_STORED = np.dtype("<f2")


class Hearings:
    """Written in their order, read in any.

    with Hearings(path, positions=1500, width=384) as heard:
        heard.append(sounds)
        heard.read([0])
    """

    def __init__(self, path: Path, positions: int, width: int) -> None:
        self._shape = (positions, width)
        self._bytes = positions * width * _STORED.itemsize
        self._file = path.open("w+b")

    def __enter__(self) -> Hearings:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, sounds: Tensor) -> None:
        """Windows, as the encoder gives them: (windows, positions, width)."""
        self._file.seek(0, 2)
        self._file.write(sounds.detach().cpu().numpy().astype(_STORED).tobytes())

    def read(self, numbers: Sequence[int]) -> Tensor:
        """The windows of these numbers, in float32 on the processor."""
        found = np.empty((len(numbers), *self._shape), np.float32)
        for row, number in enumerate(numbers):
            self._file.seek(number * self._bytes)
            data = self._file.read(self._bytes)
            found[row] = np.frombuffer(data, _STORED).reshape(self._shape)
        return torch.from_numpy(found)
