"""All recognising of a process: one thread that takes what waits, several at a time.

Clips that wait for the same model are recognised together, which costs little more
than one does, so the more clients ask, the more is done in a second. Finals go before
drafts of what is still being spoken, and these before the parts of long recordings;
what nobody waits for any more is left out. The event loop only ever waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count

from django.conf import settings

from engines.base import Clip, Decoding, EngineError, Transcript
from engines.registry import get_engine

# As many as an engine decodes together.
_BATCH = 8


class Turn(IntEnum):
    """Who goes first."""

    FINAL = 0  # somebody waits for it
    DRAFT = 1  # of what is still being spoken
    PART = 2  # of a long recording


class Busy(Exception):
    """More waits than can be done in time: ask again in `retry_after` seconds."""

    retry_after = 1


@dataclass(frozen=True)
class _Asked:
    engine: str
    reference: str
    pcm: bytes
    options: Decoding
    turn: Turn
    number: int
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Transcript] = field(compare=False)

    @property
    def kind(self) -> tuple[str, str, Decoding]:
        """What can be recognised together."""
        return (self.engine, self.reference, self.options)

    def resolve(self, outcome: Transcript | BaseException) -> None:
        """From the thread that recognises."""
        # A loop that has ended has nobody left who waits.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(_set, self.answer, outcome)


class Recogniser:
    """Of one process. The thread begins with the first clip, and ends with the
    process."""

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._waiting: list[_Asked] = []
        self._changed = threading.Condition()
        self._numbers = count()
        self._thread: threading.Thread | None = None

    async def hear(
        self, engine: str, reference: str, pcm: bytes, options: Decoding, turn: Turn
    ) -> Transcript:
        """The transcript of `pcm` (16 kHz mono, 16 bits, little-endian).

        Raises `Busy`, and `EngineError` when the model or the sound cannot be used.
        When the caller is cancelled before its turn comes, nothing is recognised.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Transcript] = loop.create_future()
        asked = _Asked(
            engine, reference, pcm, options, turn, next(self._numbers), loop, answer
        )
        self._put(asked)
        transcript = await answer
        if transcript.error:
            raise transcript.error
        return transcript

    def _put(self, asked: _Asked) -> None:
        with self._changed:
            self._waiting = [one for one in self._waiting if not one.answer.done()]
            before = sum(one.turn <= asked.turn for one in self._waiting)
            if before >= self._most_waiting:
                raise Busy
            self._waiting.append(asked)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="recogniser", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            batch = self._take()
            try:
                _recognise(batch)
            # Whatever it is, those who wait must be told, and others served.
            except BaseException as e:
                for asked in batch:
                    asked.resolve(e)

    def _take(self) -> list[_Asked]:
        """What goes first, and whatever can be recognised with it."""
        with self._changed:
            while True:
                waiting = [one for one in self._waiting if not one.answer.done()]
                if waiting:
                    break
                self._waiting = []
                self._changed.wait()
            waiting.sort(key=lambda one: (one.turn, one.number))
            first = waiting[0]
            alike = [one for one in waiting if one.kind == first.kind]
            batch = [one for one in alike if one.turn == first.turn][:_BATCH]
            self._waiting = [one for one in waiting if one not in batch]
        return batch


def _recognise(batch: Sequence[_Asked]) -> None:
    first = batch[0]
    clips = [Clip(str(one.number), pcm=one.pcm) for one in batch]
    by_key = {str(one.number): one for one in batch}
    engine = get_engine(first.engine)
    for transcript in engine.transcribe(first.reference, clips, first.options):
        by_key.pop(transcript.key).resolve(transcript)
    for asked in by_key.values():
        asked.resolve(EngineError("The engine gave no answer.", "InternalServerError"))


def _set(
    answer: asyncio.Future[Transcript], outcome: Transcript | BaseException
) -> None:
    if answer.done():
        return
    if isinstance(outcome, BaseException):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


recogniser = Recogniser(settings.RECOGNITION_MAX_WAITING)
