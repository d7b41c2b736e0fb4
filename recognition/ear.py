"""What a stream hears with: the model that its caller is answered by.

A stream may last for hours. Before each phrase it is asked anew whether the key is
still good and which model answers, so that a renewed key ends it, and a new model
takes over between two phrases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from engines.base import Decoding, EngineError, Transcript
from engines.display.forms import Writer
from engines.registry import get_engine
from recognition.access import Caller, spoken
from recognition.messages import Asked
from recognition.recogniser import Busy, Turn, recogniser
from recognition.sound import STEP_BYTES
from recognition.swap import Model, swap
from recognition.writers import writer_of

# Softer than this nobody speaks: the peak of 16-bit samples, -60 dB.
_SILENT = 33
# Of their own: a stream must not wait for files that are being decoded.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="speech")
# How often a phrase waits for its turn before the client is told that we are busy.
_TRIES = 20


@dataclass(frozen=True)
class Heard:
    """A phrase, what its answer is written with, and for whom."""

    transcript: Transcript
    writer: Writer
    caller: Caller


class Ear:
    """Of one turn. `current` says who is served now; raises `Denied`."""

    def __init__(
        self, caller: Caller, current: Callable[[], Awaitable[Caller]], asked: Asked
    ) -> None:
        self._caller = caller
        self._current = current
        self._asked = asked
        self._locale = spoken(caller, asked.locale)

    async def speech_of(self, pcm: bytes) -> bytes:
        """As of an engine; silence costs nothing."""
        samples = np.frombuffer(pcm, "<i2")
        if not samples.size or np.abs(samples.astype(np.int32)).max() < _SILENT:
            return bytes(-(-len(pcm) // STEP_BYTES))
        speech_of = get_engine(self._caller.engine).speech_of
        return await asyncio.get_running_loop().run_in_executor(
            _THREADS, speech_of, pcm
        )

    async def draft(self, pcm: bytes) -> str:
        """What may have been said so far, for people to read while they speak; empty
        when there is no time for it, or no way."""
        try:
            model = await swap.model_for(self._caller)
            writer = await writer_of(model, self._locale)
            heard = await self._hear(model, pcm, Turn.DRAFT)
        except (Busy, EngineError):
            # The phrase itself is tried at its end, and that failure is told.
            return ""
        forms = writer.forms(heard.text)
        is_raw = self._asked.wanted.profanity == "raw"
        return forms.itn if is_raw else forms.masked_itn

    async def final(self, pcm: bytes) -> Heard:
        """Raises `Busy`, `Denied` and `EngineError`."""
        self._caller = await self._current()
        model = await swap.model_for(self._caller)
        writer = await writer_of(model, self._locale)
        for _ in range(_TRIES - 1):
            try:
                heard = await self._hear(model, pcm, Turn.FINAL)
            except Busy as e:
                await asyncio.sleep(e.retry_after)
            else:
                return Heard(heard, writer, self._caller)
        heard = await self._hear(model, pcm, Turn.FINAL)
        return Heard(heard, writer, self._caller)

    async def _hear(self, model: Model, pcm: bytes, turn: Turn) -> Transcript:
        engine, reference = model
        decoding = Decoding(
            self._locale,
            phrases=self._asked.phrases,
            phrase_weight=self._asked.phrase_weight,
            is_draft=turn is Turn.DRAFT,
        )
        return await recogniser.hear(engine, reference, pcm, decoding, turn)
