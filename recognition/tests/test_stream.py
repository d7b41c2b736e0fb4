from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from engines.base import Transcript
from recognition.drafts import Agreement
from recognition.listening import Timing
from recognition.sound import STEP_BYTES, Sound
from recognition.stream import (
    Drafted,
    Event,
    Phrase,
    Silent,
    Started,
    Stopped,
    Stream,
)

SPEECH, QUIET = b"\1\1" * (STEP_BYTES // 2), bytes(STEP_BYTES)


class FakeEar:
    """Takes whatever is not silent for speech, and hears how many steps there were."""

    def __init__(self, seconds: float = 0.0, broken: Exception | None = None) -> None:
        self.seconds = seconds
        self.broken = broken
        self.drafts: list[bytes] = []
        self.finals: list[bytes] = []
        self.cancelled = 0
        self.longest_look = 0

    async def speech_of(self, pcm: bytes) -> bytes:
        self.longest_look = max(self.longest_look, len(pcm))
        steps = range(0, len(pcm), STEP_BYTES)
        return bytes(255 * any(pcm[at : at + STEP_BYTES]) for at in steps)

    async def draft(self, pcm: bytes) -> str:
        self.drafts.append(pcm)
        return f"{len(pcm) // STEP_BYTES} steps"

    async def final(self, pcm: bytes) -> Any:
        self.finals.append(pcm)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.broken:
            raise self.broken
        return Transcript("", f"{len(pcm) // STEP_BYTES} steps")


class Heard:
    """What a stream says, of pieces of sound that are put one after the other."""

    def __init__(self, ear: FakeEar, one: bool = False, **timing: float) -> None:
        self.events: list[Event] = []
        self.stream = Stream(ear, Timing(**timing), "en-US", one, self._say)  # type: ignore[arg-type]

    async def _say(self, event: Event) -> None:
        self.events.append(event)

    async def of(self, *pieces: bytes) -> list[Event]:
        running = asyncio.create_task(self.stream.run())
        for piece in pieces:
            await self.stream.put(piece)
            # Whatever can be done with it is done.
            for _ in range(30):
                await asyncio.sleep(0)
        self.stream.end()
        await running
        return self.events

    @property
    def kinds(self) -> list[type]:
        return [type(event) for event in self.events if type(event) is not Drafted]


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def test_phrases_come_in_order_and_the_turn_ends_once() -> None:
    async def work() -> None:
        heard = Heard(FakeEar())
        await heard.of(*[QUIET * 10, SPEECH * 20, QUIET * 20] * 2)
        assert heard.kinds == [Started, Phrase, Phrase, Stopped]
        one, two = [event for event in heard.events if isinstance(event, Phrase)]
        assert (one.start, one.end) == (0.128, 1.088)
        assert (two.start, two.end) == (1.728, 2.688)
        assert one.pcm == QUIET * 6 + SPEECH * 20 + QUIET * 4

    run(work)


def test_one_phrase_is_enough_where_one_is_asked_for() -> None:
    async def work() -> None:
        heard = Heard(FakeEar(), one=True)
        await heard.of(*[SPEECH * 20, QUIET * 20] * 2)
        assert heard.kinds == [Started, Stopped, Phrase]
        # What comes later disturbs nobody.
        await heard.stream.put(SPEECH * 10_000)
        await heard.stream.put(SPEECH)

    run(work)


def test_what_was_begun_in_the_silence_is_the_answer() -> None:
    async def work() -> None:
        ear = FakeEar()
        await Heard(ear, one=True).of(SPEECH * 20, *[QUIET] * 30)
        assert len(ear.finals) == 1

    run(work)


def test_who_goes_on_is_heard_anew_and_the_rest_is_dropped() -> None:
    async def work() -> None:
        ear = FakeEar(seconds=0.05)
        heard = Heard(ear, one=True)
        await heard.of(SPEECH * 20, QUIET * 8, SPEECH * 20, QUIET * 20)
        assert [len(pcm) // STEP_BYTES for pcm in ear.finals] == [24, 52]
        assert ear.cancelled == 1
        assert heard.kinds == [Started, Stopped, Phrase]

    run(work)


def test_the_end_of_the_sound_ends_the_phrase() -> None:
    async def work() -> None:
        heard = Heard(FakeEar())
        await heard.of(SPEECH * 20 + b"\1\1")
        assert heard.kinds == [Started, Phrase, Stopped]
        assert heard.events[-2].end == 21 * 0.032  # type: ignore[union-attr]

    run(work)


@pytest.mark.parametrize("one", [True, False])
def test_silence_is_told_after_a_while(one: bool) -> None:
    async def work() -> None:
        heard = Heard(FakeEar(), one, initial_silence=3.2)
        assert await heard.of(*[QUIET * 10] * 20) == [Silent(3.2)]

    run(work)


def test_nothing_at_all_is_silence() -> None:
    async def work() -> None:
        assert await Heard(FakeEar(), one=True).of() == [Silent(0.0)]
        assert await Heard(FakeEar()).of() == []

    run(work)


def test_a_phrase_that_gets_too_long_is_cut_and_goes_on() -> None:
    async def work() -> None:
        heard = Heard(FakeEar(), longest=3.2)
        await heard.of(SPEECH * 70 + QUIET * 2 + SPEECH * 70, QUIET * 20)
        phrases = [event for event in heard.events if isinstance(event, Phrase)]
        assert [one.is_cut for one in phrases] == [True, False]
        assert b"".join(one.pcm for one in phrases)[: 142 * STEP_BYTES] == (
            SPEECH * 70 + QUIET * 2 + SPEECH * 70
        )

    run(work)


def test_drafts_come_while_somebody_speaks_one_at_a_time() -> None:
    async def work() -> None:
        heard = Heard(FakeEar())
        await heard.of(*[SPEECH * 3] * 20, QUIET * 20)
        drafts = [event for event in heard.events if isinstance(event, Drafted)]
        # The first within 0.4 s of the first sound, then one each 0.3 s.
        assert [round(one.end, 2) for one in drafts] == [
            0.29,
            0.58,
            0.86,
            1.15,
            1.44,
            1.73,
        ]
        assert heard.kinds == [Started, Phrase, Stopped]

    run(work)


def test_after_a_draft_without_text_the_next_comes_sooner() -> None:
    class Slow(FakeEar):
        async def draft(self, pcm: bytes) -> str:
            text = await super().draft(pcm)
            return text if len(self.drafts) > 2 else ""

    async def work() -> None:
        ear = Slow()
        heard = Heard(ear)
        await heard.of(*[SPEECH] * 40, QUIET * 20)
        steps = [len(pcm) // STEP_BYTES for pcm in ear.drafts]
        assert [two - one for one, two in pairwise(steps)][:4] == [6, 6, 9, 9]

    run(work)


def test_a_failure_ends_the_turn_and_leaves_no_task() -> None:
    async def work() -> None:
        heard = Heard(FakeEar(broken=RuntimeError("no")))
        with pytest.raises(RuntimeError):
            await heard.of(SPEECH * 20, QUIET * 20)
        assert len(asyncio.all_tasks()) == 1

    run(work)


def test_a_client_that_vanishes_leaves_no_task() -> None:
    async def work() -> None:
        ear = FakeEar(seconds=60)
        heard = Heard(ear)
        running = asyncio.create_task(heard.stream.run())
        await heard.stream.put(SPEECH * 20 + QUIET * 8)
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
        await asyncio.sleep(0)
        assert ear.cancelled == 1
        assert len(asyncio.all_tasks()) == 1

    run(work)


def test_hours_take_no_more_memory_than_a_phrase() -> None:
    async def work() -> None:
        ear = FakeEar()
        heard = Heard(ear, longest=3.2)
        most = 0
        running = asyncio.create_task(heard.stream.run())
        for number in range(400):
            await heard.stream.put((SPEECH if number % 40 < 30 else QUIET) * 60)
            await asyncio.sleep(0)
            most = max(most, len(heard.stream._kept))
        heard.stream.end()
        await running
        assert most <= (100 + 60 + 20) * STEP_BYTES
        assert ear.longest_look <= 80 * STEP_BYTES

    run(work)


def test_who_brings_too_much_waits() -> None:
    async def work() -> None:
        sound = Sound()
        await sound.put(bytes(6 * 32_000))
        more = asyncio.create_task(sound.put(b"\1\1"))
        await asyncio.sleep(0.01)
        assert not more.done()
        await sound.take()
        await more
        sound.end()

    run(work)


@pytest.mark.parametrize(
    ("drafts", "shown"),
    [
        (["a b", "a b c"], ["a b", "a b c"]),
        (["a b c", "a c", "x c d"], ["a b c", "a c", "a c d"]),
        (["a b c", "a b c", "x y"], ["a b c", "a b c", "a b c"]),
        (["a b c", "a b c", "x a b c d"], ["a b c", "a b c", "a b c d"]),
        (["a b c", "a b c d", "b c d e"], ["a b c", "a b c d", "a b c d e"]),
        (["half", "half-life", "halves are"], ["half", "half-life", "halves are"]),
        ([], []),
    ],
)
def test_what_two_drafts_agree_on_stays(drafts: list[str], shown: list[str]) -> None:
    agreement = Agreement("en-US")
    assert [agreement.add(draft) for draft in drafts] == shown


def test_drafts_without_spaces_agree_on_characters() -> None:
    agreement = Agreement("ja-JP")
    assert [agreement.add(text) for text in ("今日", "今日は", "昨日は雨")] == [
        "今日",
        "今日は",
        "今日は雨",
    ]
