from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from threading import Event

import pytest

from engines.base import Clip, Decoding, EngineError, Transcript
from engines.fake import FakeEngine
from recognition.recogniser import Busy, Recogniser, Turn
from speechstudio.test import fake_engine

OPTIONS = Decoding("en-US")


class Held(FakeEngine):
    """Answers with the sound itself, when it may; `order` is what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.may_hear = Event()
        self.order: list[list[bytes]] = []

    def transcribe(
        self, reference: str, clips: Sequence[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        self.order.append([clip.pcm for clip in clips])
        self.may_hear.wait(10)
        for clip in clips:
            if clip.pcm == b"bad":
                raise EngineError("Bad.")
            if clip.pcm != b"lost":
                yield Transcript(clip.key, clip.pcm.decode())


def ask(
    recogniser: Recogniser, sound: bytes, turn: Turn = Turn.FINAL, model: str = "m"
) -> asyncio.Task[Transcript]:
    return asyncio.create_task(recogniser.hear("fake", model, sound, OPTIONS, turn))


async def begun(engine: Held, batches: int = 1) -> None:
    while len(engine.order) < batches:
        await asyncio.sleep(0.001)


def test_what_waits_is_heard_together_and_each_gets_its_own() -> None:
    async def asked() -> list[str]:
        recogniser = Recogniser(32)
        first = ask(recogniser, b"first")
        await begun(engine)
        others = [ask(recogniser, f"{n}".encode()) for n in range(10)]
        await asyncio.sleep(0)
        engine.may_hear.set()
        return [(await task).text for task in [first, *others]]

    with fake_engine(Held()) as engine:
        texts = asyncio.run(asked())
    assert texts == ["first", *map(str, range(10))]
    assert [len(batch) for batch in engine.order] == [1, 8, 2]


def test_finals_go_before_drafts_and_these_before_parts() -> None:
    async def asked() -> None:
        recogniser = Recogniser(32)
        tasks = [ask(recogniser, b"first")]
        await begun(engine)
        for turn in (Turn.PART, Turn.DRAFT, Turn.FINAL):
            tasks.append(ask(recogniser, turn.name.encode(), turn))
        await asyncio.sleep(0)
        engine.may_hear.set()
        await asyncio.gather(*tasks)

    with fake_engine(Held()) as engine:
        asyncio.run(asked())
    assert engine.order == [[b"first"], [b"FINAL"], [b"DRAFT"], [b"PART"]]


def test_who_gave_up_is_not_heard() -> None:
    async def asked() -> None:
        recogniser = Recogniser(32)
        first = ask(recogniser, b"0")
        await begun(engine)
        second, third = ask(recogniser, b"1"), ask(recogniser, b"2")
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        engine.may_hear.set()
        await first
        assert (await third).text == "2"

    with fake_engine(Held()) as engine:
        asyncio.run(asked())
    assert all(b"1" not in batch for batch in engine.order)


def test_too_many_are_asked_to_come_again() -> None:
    async def asked() -> None:
        recogniser = Recogniser(2)
        tasks = [ask(recogniser, b"first")]
        await begun(engine)
        tasks += [ask(recogniser, b"x"), ask(recogniser, b"y", Turn.PART)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await ask(recogniser, b"z", Turn.PART)
        # Parts of long recordings keep nobody away who waits.
        tasks.append(ask(recogniser, b"final"))
        await asyncio.sleep(0)
        engine.may_hear.set()
        await asyncio.gather(*tasks)

    with fake_engine(Held()) as engine:
        asyncio.run(asked())


def test_what_breaks_is_told_and_others_are_served() -> None:
    async def asked() -> None:
        recogniser = Recogniser(32)
        engine.may_hear.set()
        with pytest.raises(EngineError, match="Bad"):
            await ask(recogniser, b"bad")
        with pytest.raises(EngineError, match="no answer"):
            await ask(recogniser, b"lost")
        assert (await ask(recogniser, b"good")).text == "good"

    with fake_engine(Held()) as engine:
        asyncio.run(asked())


def test_a_loop_that_ended_does_not_end_the_recogniser() -> None:
    recogniser = Recogniser(32)

    async def left() -> None:
        task = ask(recogniser, b"nobody waits")
        await begun(engine)
        task.cancel()

    async def asked() -> str:
        return (await ask(recogniser, b"good")).text

    with fake_engine(Held()) as engine:
        asyncio.run(left())
        engine.may_hear.set()
        assert asyncio.run(asked()) == "good"
