"""One turn of a stream: sound in, what is said in it out.

    put -> Sound -> Listening, who tells when somebody speaks -> drafts, phrases -> say

Of what was heard, only the phrase that is being spoken is kept. It is recognised in
the first moment of silence, so that the answer is there when the silence has lasted
long enough; when somebody goes on speaking, that was in vain.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from engines.base import SPEECH_STEP_SECONDS
from recognition.drafts import Agreement
from recognition.ear import Ear, Heard
from recognition.listening import Change, Kind, Listening, Timing
from recognition.sound import STEP_BYTES, Sound

# Steps before new ones, in which the network that tells speech settles; a phrase may
# begin within them, too.
_LEAD = 20
# Steps of new speech that are worth another draft.
_DRAFT = 9
# The first draft comes so soon after it was noticed that somebody speaks; where it
# brought nothing to read, the next one comes sooner than others do.
_FIRST_DRAFT = 6
_NEXT_FIRST = 5


@dataclass(frozen=True)
class Started:
    """Of the whole turn, as `Stopped`: upon that, a client sends no more sound."""

    at: float  # seconds from the start of the turn, as all times here


@dataclass(frozen=True)
class Drafted:
    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Stopped:
    at: float


@dataclass(frozen=True)
class Phrase:
    """What was said. The answer took `waited` seconds from the moment when the last
    sound of speech was here. `is_cut`: nobody was silent, it just got too long."""

    start: float
    end: float
    heard: Heard
    pcm: bytes
    waited: float
    is_cut: bool


@dataclass(frozen=True)
class Silent:
    """Nobody spoke for as long as was waited for, or until the end."""

    at: float


Event = Started | Drafted | Stopped | Phrase | Silent


class Stream:
    """`is_one_phrase`: it ends with the first, or without. `say` tells the client."""

    def __init__(
        self,
        ear: Ear,
        timing: Timing,
        locale: str,
        is_one_phrase: bool,
        say: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._ear = ear
        self._locale = locale
        self._is_one_phrase = is_one_phrase
        self._say = say
        self._sound = Sound()
        self._listening = Listening(timing)
        self._kept = bytearray()
        self._first = 0  # the step that `_kept` begins with
        self._has_begun = False  # somebody spoke
        self._spoke_at = 0.0  # when the last sound of speech came
        self._final: asyncio.Task[Heard] | None = None
        self._draft: asyncio.Task[Drafted] | None = None
        self._draft_step = 0  # no new draft before this step,
        self._draft_time = 0.0  # nor before this moment
        self._agreement = Agreement(locale)
        self._shown = ""

    async def put(self, pcm: bytes) -> None:
        """16 kHz mono, 16 bits, little-endian. Waits while too much is waiting."""
        await self._sound.put(pcm)

    def end(self) -> None:
        """There is no more sound, or nobody listens any more."""
        self._sound.end()

    @property
    def seconds(self) -> float:
        """How much was heard."""
        return _seconds(self._listening.at)

    async def run(self) -> None:
        """Until the end. Raises what the ear raises."""
        try:
            while (pcm := await self._sound.take()) is not None:
                if pcm and await self._is_done_after(pcm):
                    return
                await self._tell_draft()
                self._begin_draft()
            await self._finish()
        finally:
            self._sound.end()
            self._drop(self._final)
            self._drop(self._draft)

    async def _is_done_after(self, pcm: bytes) -> bool:
        self._kept += pcm
        listening = self._listening
        lead = min(_LEAD, listening.at - self._first)
        new = len(pcm) + lead * STEP_BYTES
        shares = await self._ear.speech_of(bytes(self._kept[-new:]))
        for share in shares[lead:]:
            change = listening.hear(share)
            if listening.last == listening.at:
                self._spoke_at = time.monotonic()
            if change and await self._is_done_with(change):
                return True
        self._forget()
        return False

    async def _is_done_with(self, change: Change) -> bool:
        match change.kind:
            case Kind.BEGAN:
                self._draft_step = change.end + _FIRST_DRAFT
                if not self._has_begun:
                    self._has_begun = True
                    await self._say(Started(_seconds(change.start)))
            case Kind.PAUSED:
                self._drop(self._draft)
                self._draft = None
                pcm = self._between(change.start, change.end)
                self._final = asyncio.create_task(self._ear.final(pcm))
            case Kind.RESUMED:
                self._drop(self._final)
                self._final = None
            case Kind.SILENT:
                await self._say(Silent(_seconds(change.end)))
                return self._is_one_phrase
            case Kind.ENDED | Kind.CUT:
                await self._tell(change)
                return self._is_one_phrase
        return False

    async def _tell(self, change: Change) -> None:
        """A phrase is over."""
        self._drop(self._draft)
        self._draft = None
        is_cut = change.kind is Kind.CUT
        if is_cut:
            # What was begun is of another stretch of sound.
            self._drop(self._final)
            self._final = None
        if self._is_one_phrase:
            await self._say(Stopped(_seconds(change.end)))
        pcm = self._between(change.start, change.end)
        self._final = self._final or asyncio.create_task(self._ear.final(pcm))
        heard = await self._final
        self._final = None
        self._agreement, self._shown = Agreement(self._locale), ""
        start, end = _seconds(change.start), _seconds(change.end)
        waited = time.monotonic() - self._spoke_at
        await self._say(Phrase(start, end, heard, pcm, waited, is_cut))

    async def _finish(self) -> None:
        change = self._listening.finish()
        if change:
            await self._tell(change)
        if self._has_begun and not self._is_one_phrase:
            await self._say(Stopped(self.seconds))
        elif not self._has_begun and self._is_one_phrase:
            await self._say(Silent(self.seconds))

    def _begin_draft(self) -> None:
        """One at a time, and no more than half of the time."""
        listening = self._listening
        # In the first moment of silence the phrase itself may be about to come.
        is_speaking = listening.last == listening.at
        if self._draft or listening.start is None or not is_speaking:
            return
        if listening.at < self._draft_step or time.monotonic() < self._draft_time:
            return
        self._draft_step = listening.at + _DRAFT
        self._draft = asyncio.create_task(self._drafted(listening.start, listening.at))
        self._draft.add_done_callback(lambda _: self._sound.nudge())

    async def _drafted(self, start: int, end: int) -> Drafted:
        began = time.monotonic()
        text = await self._ear.draft(self._between(start, end))
        now = time.monotonic()
        self._draft_time = now + (now - began)
        return Drafted(text, _seconds(start), _seconds(end))

    async def _tell_draft(self) -> None:
        if self._draft is None or not self._draft.done():
            return
        draft, self._draft = self._draft.result(), None
        text = self._agreement.add(draft.text) if draft.text else ""
        if not text and not self._shown:
            self._draft_step -= _DRAFT - _NEXT_FIRST
        if text and text != self._shown:
            self._shown = text
            await self._say(Drafted(text, draft.start, draft.end))

    def _drop(self, task: asyncio.Task[Any] | None) -> None:
        """Nobody waits for it any more, nor for why it failed."""
        if task is None:
            return
        task.cancel()
        if task.done() and not task.cancelled():
            task.exception()

    def _between(self, start: int, end: int) -> bytes:
        first, last = start - self._first, end - self._first
        return bytes(self._kept[first * STEP_BYTES : last * STEP_BYTES])

    def _forget(self) -> None:
        """What is needed for nothing any more."""
        listening = self._listening
        first = listening.at - _LEAD
        if listening.start is not None:
            first = min(first, listening.start)
        if first > self._first:
            del self._kept[: (first - self._first) * STEP_BYTES]
            self._first = first


def _seconds(steps: int) -> float:
    return round(steps * SPEECH_STEP_SECONDS, 3)
