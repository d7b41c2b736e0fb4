"""What came of a stream and was not heard yet: bounded, so that who brings more waits.

One task puts and one takes, both of the same event loop.
"""

from __future__ import annotations

import asyncio

from engines.base import SAMPLE_RATE_HZ, SPEECH_STEP_SECONDS

STEP_BYTES = 2 * round(SAMPLE_RATE_HZ * SPEECH_STEP_SECONDS)
# Steps that are taken at once: as many as pay, and a few seconds at most.
_FEWEST, _MOST = 3, 60
_MOST_BYTES = 6 * 2 * SAMPLE_RATE_HZ


class Sound:
    def __init__(self) -> None:
        self._waiting = bytearray()
        self._is_over = False
        self._is_nudged = False
        self._more = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, pcm: bytes) -> None:
        """Waits for room. What comes after the end is dropped."""
        while len(self._waiting) >= _MOST_BYTES and not self._is_over:
            self._room.clear()
            await self._room.wait()
        if not self._is_over:
            self._waiting += pcm
            self._more.set()

    def end(self) -> None:
        self._is_over = True
        self._more.set()
        self._room.set()

    def nudge(self) -> None:
        """Have `take` return, though nothing may have come."""
        self._is_nudged = True
        self._more.set()

    async def take(self) -> bytes | None:
        """Whole steps, or nothing when nudged; None at the end."""
        while not (self._is_over or self._is_nudged or self._is_enough):
            self._more.clear()
            await self._more.wait()
        self._is_nudged = False
        if self._is_over:
            if not self._waiting:
                return None
            # The last step is filled up with silence.
            self._waiting += bytes(-len(self._waiting) % STEP_BYTES)
        size = min(len(self._waiting) // STEP_BYTES, _MOST) * STEP_BYTES
        pcm = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._room.set()
        return pcm

    @property
    def _is_enough(self) -> bool:
        return len(self._waiting) >= _FEWEST * STEP_BYTES
