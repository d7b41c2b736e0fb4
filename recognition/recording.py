"""A recording of any length: taken, cut where nobody speaks, its parts recognised side
by side, its phrases given in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from asgiref.sync import sync_to_async
from starlette.background import BackgroundTask
from starlette.datastructures import FormData

from editor.disk import look_ahead
from endpoints import logs
from engines.base import Decoding, Transcript
from engines.display.forms import Writer
from engines.registry import get_engine
from engines.segments import segments
from recognition import audio
from recognition.audio import Tracks
from recognition.phrases import Wanted, phrase
from recognition.recogniser import Busy, Turn, recogniser
from recognition.swap import Model, swap
from recognition.visits import Visit
from recognition.writers import writer_of
from transcriptions.phrases import Phrase, phrases
from transcriptions.sound import part

MAX_BYTES = 300 * 1024**2
MAX_SECONDS = 2 * 60 * 60
# 300 MB at 350 kB a second.
_MAX_SENDING_SECONDS = 15 * 60
# What an engine hears in one go is not cut.
_SHORT_SECONDS = 25.0
# Somebody waits for these as for short audio.
_SOON_SECONDS = 60.0
_IN_FLIGHT = 8  # parts
_AGAIN_SECONDS = 0.2


class Places:
    """So many may be in at once; others are told to come again."""

    def __init__(self, number: int) -> None:
        self._free = number

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises `Busy`."""
        if not self._free:
            raise Busy
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


# Each upload may take 300 MB of the disk, each recording as much again.
_sending = Places(16)
_working = Places(4)


async def form_of(visit: Visit) -> FormData:
    """The form that a recording comes in. Raises `Refused`, `Busy`, `DiskFull`."""
    look_ahead()
    with _sending.taken():
        coming = audio.form_of(visit.request, MAX_BYTES, _MAX_SENDING_SECONDS)
        form = await visit.stack.enter_async_context(coming)
    visit.received()
    return form


async def tracks_of(
    visit: Visit, source: BinaryIO, channels: Sequence[int] = ()
) -> Tracks:
    """The recording, decoded: see `audio.tracks`. Raises `AudioError` and `Busy`."""
    visit.stack.enter_context(_working.taken())
    folder = visit.stack.enter_context(audio.folder())
    tracks = await audio.tracks(source, folder, MAX_SECONDS, channels)
    visit.audio_seconds = tracks.seconds
    return tracks


@dataclass(frozen=True)
class Hearing:
    """A recording and the model that hears it."""

    visit: Visit
    tracks: Tracks
    model: Model
    writer: Writer
    options: Decoding

    async def phrases(self) -> AsyncIterator[Phrase]:
        """What is said, channel by channel. Raises `EngineError`, and `Busy` when it is
        short enough to come again."""
        for channel, path in self.tracks.paths.items():
            cuts = await self._cuts(path)
            parts = [_Part(channel, path, start, end) for start, end in cuts]
            async with aclosing(self._heard(parts)) as heard:
                async for one, transcript in heard:
                    for found in phrases(transcript, channel, one.start, one.end):
                        yield found

    def log(self, found: Sequence[Phrase]) -> BackgroundTask | None:
        """Keep what was said, a phrase at a time, if the endpoint logs."""
        caller = self.visit.caller
        if caller is None or caller.endpoint is None or not caller.logging:
            return None
        return BackgroundTask(self._log, found)

    async def _log(self, found: Sequence[Phrase]) -> None:
        assert self.visit.caller and self.visit.caller.endpoint
        endpoint = self.visit.caller.endpoint
        for one in found:
            path = self.tracks.paths[one.channel]
            pcm = await asyncio.to_thread(part, path, one.start, one.end)
            answer = phrase(_alone(one), self.writer, Wanted.all("masked"))
            await sync_to_async(logs.keep)(
                endpoint,
                pcm,
                answer,
                answer.get("DisplayText", ""),
                one.confidence,
                one.end - one.start,
            )

    async def _cuts(self, path: Path) -> list[tuple[float, float]]:
        seconds = self.tracks.seconds
        if seconds <= _SHORT_SECONDS:
            return [(0.0, seconds)]
        engine = get_engine(self.model[0])
        return segments(await asyncio.to_thread(engine.speech, path))

    async def _heard(
        self, parts: Sequence[_Part]
    ) -> AsyncGenerator[tuple[_Part, Transcript], None]:
        pending: deque[tuple[_Part, asyncio.Task[Transcript]]] = deque()
        try:
            for one in parts:
                if len(pending) >= _IN_FLIGHT:
                    first, task = pending[0]
                    yield first, await task
                    pending.popleft()
                pending.append((one, asyncio.create_task(self._hear(one))))
            while pending:
                first, task = pending[0]
                yield first, await task
                pending.popleft()
        finally:
            for _, task in pending:
                task.cancel()

    async def _hear(self, one: _Part) -> Transcript:
        pcm = await asyncio.to_thread(part, one.path, one.start, one.end)
        turn = Turn.FINAL if self.tracks.seconds <= _SOON_SECONDS else Turn.PART
        while True:
            try:
                return await recogniser.hear(*self.model, pcm, self.options, turn)
            except Busy:
                if turn is Turn.FINAL:
                    raise
            await asyncio.sleep(_AGAIN_SECONDS)


@dataclass(frozen=True)
class _Part:
    channel: int
    path: Path
    start: float
    end: float


async def begin(visit: Visit, tracks: Tracks, options: Decoding) -> Hearing:
    """Raises `EngineError` when the model cannot be used."""
    assert visit.caller is not None
    model = await swap.model_for(visit.caller)
    writer = await writer_of(model, options.locale)
    return Hearing(visit, tracks, model, writer, options)


def _alone(one: Phrase) -> Transcript:
    """With the times of the phrase by itself."""
    words = tuple(
        replace(word, start=word.start - one.start, end=word.end - one.start)
        for word in one.words
    )
    return Transcript("", one.text, words)
