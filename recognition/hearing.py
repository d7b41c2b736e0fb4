"""A recording is heard: cut where nobody speaks, its parts recognised side by side, its
phrases given in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.background import BackgroundTask

from engines.base import Decoding, Transcript
from engines.display.forms import Writer
from engines.registry import get_engine
from engines.segments import segments
from recognition.audio import Tracks
from recognition.kept import Session, is_kept, keep
from recognition.phrases import Wanted, phrase
from recognition.recogniser import Busy, Turn, recogniser
from recognition.recording import SOON_SECONDS
from recognition.swap import Model, swap
from recognition.visits import Visit
from recognition.writers import writer_of
from transcriptions.phrases import Phrase, phrases
from transcriptions.sound import part
from transcriptions.wording import Wording, Written

# What an engine hears in one go is not cut.
_SHORT_SECONDS = 25.0
_IN_FLIGHT = 8  # parts
_AGAIN_SECONDS = 0.2


@dataclass(frozen=True)
class Hearing:
    """A recording and the model that hears it."""

    visit: Visit
    tracks: Tracks
    model: Model
    writer: Writer
    options: Decoding

    async def written(self, profanity: str = "Masked") -> AsyncIterator[Written]:
        """What is said and may be shown, channel by channel; `profanity` as for
        `Wording`. Raises `EngineError`, and `Busy` when it is short enough to come
        again."""
        wording = Wording(self.writer, profanity, is_punctuated=True)
        async for found in self._phrases():
            one = await asyncio.to_thread(wording.written, found)
            if one.forms.display:
                yield one

    def log(self, written: Sequence[Written]) -> BackgroundTask | None:
        """Keep what was said, a phrase at a time, if the endpoint logs. Of a list that
        still grows it is what it has in the end. Logs are read as transcripts, which a
        translation is not."""
        caller = self.visit.caller
        if caller is None or not is_kept(caller) or self.options.to_english:
            return None
        return BackgroundTask(self._log, written)

    async def _log(self, written: Sequence[Written]) -> None:
        assert self.visit.caller and self.visit.caller.endpoint
        endpoint = self.visit.caller.endpoint
        for one in (each.phrase for each in written):
            path = self.tracks.paths[one.channel]
            pcm = await asyncio.to_thread(part, path, one.start, one.end)
            answer = phrase(_alone(one), self.writer, Wanted.all("masked"))
            await keep(Session(endpoint, pcm, answer, one.end - one.start))

    async def _phrases(self) -> AsyncIterator[Phrase]:
        for channel, path in self.tracks.paths.items():
            cuts = await self._cuts(path)
            parts = [_Part(channel, path, start, end) for start, end in cuts]
            async with aclosing(self._heard(parts)) as heard:
                async for one, transcript in heard:
                    for found in phrases(transcript, channel, one.start, one.end):
                        yield found

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
        turn = Turn.FINAL if self.tracks.seconds <= SOON_SECONDS else Turn.PART
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
    writer = await writer_of(model, options.written_in)
    return Hearing(visit, tracks, model, writer, options)


def _alone(one: Phrase) -> Transcript:
    """With the times of the phrase by itself."""
    words = tuple(
        replace(word, start=word.start - one.start, end=word.end - one.start)
        for word in one.words
    )
    return Transcript("", one.text, words)
