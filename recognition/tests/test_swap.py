from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Event
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest

from engines.base import EngineError
from engines.fake import FakeEngine
from recognition import swap as module
from recognition.access import Caller
from recognition.swap import Swap
from speechstudio.test import fake_engine

ENDPOINT = uuid4()
OLD, NEW = ("fake", "old"), ("fake", "new")


class Slow(FakeEngine):
    """Loads "new" when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_load = Event()

    def load(self, reference: str) -> None:
        if reference == "new":
            self.may_load.wait(10)
        super().load(reference)


def caller(reference: str) -> Caller:
    return Caller(uuid4(), "en-US", "fake", reference, endpoint=ENDPOINT)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_former_model_answers_until_the_new_one_is_loaded() -> None:
    async def asked(engine: Slow) -> None:
        swap = Swap()
        assert await swap.model_for(caller("old")) == OLD
        for _ in range(3):
            assert await swap.model_for(caller("new")) == OLD
        engine.may_load.set()
        while await swap.model_for(caller("new")) != NEW:
            await asyncio.sleep(0.01)

    with fake_engine(Slow()) as engine:
        run(asked(engine))
    assert engine.loaded[0] == "old"
    assert engine.loaded.count("new") > 0


def test_after_a_pause_the_new_model_is_waited_for() -> None:
    async def asked(engine: Slow) -> None:
        swap = Swap()
        assert await swap.model_for(caller("old")) == OLD
        engine.may_load.set()
        assert await swap.model_for(caller("new")) == NEW

    with fake_engine(Slow()) as engine, patch.object(module, "_PAUSE_SECONDS", -1.0):
        run(asked(engine))


class Broken(FakeEngine):
    """Cannot load "new"."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def load(self, reference: str) -> None:
        if reference == "new":
            raise self.error
        super().load(reference)


@pytest.mark.parametrize("error", [EngineError("Broken."), RuntimeError("Surprise.")])
def test_model_that_cannot_be_loaded_leaves_the_former_one(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async def asked() -> None:
        swap = Swap()
        assert await swap.model_for(caller("old")) == OLD
        for _ in range(3):
            assert await swap.model_for(caller("new")) == OLD

    with fake_engine(Broken(error)), patch.object(module, "_PAUSE_SECONDS", -1.0):
        run(asked())
    assert caplog.text.count("could not be loaded") == 1


def test_model_that_lost_its_room_is_loaded_before_it_is_asked() -> None:
    async def asked() -> None:
        swap = Swap()
        for _ in range(2):
            assert await swap.model_for(caller("old")) == OLD

    with fake_engine(FakeEngine()) as engine:
        run(asked())
    # Of an engine that has it still, that costs nothing.
    assert engine.loaded == ["old", "old"]


def test_many_who_wait_for_a_model_have_it_loaded_once() -> None:
    async def asked(engine: Slow) -> None:
        swap = Swap()
        new = [asyncio.create_task(swap.model_for(caller("new"))) for _ in range(50)]
        await asyncio.sleep(0.05)
        # Those who have theirs wait for nobody.
        other = Caller(uuid4(), "en-US", "fake", "old", endpoint=uuid4())
        assert await asyncio.wait_for(swap.model_for(other), 5) == OLD
        engine.may_load.set()
        assert await asyncio.gather(*new) == [NEW] * 50

    with fake_engine(Slow()) as engine:
        run(asked(engine))
    assert engine.loaded == ["old", "new"]


def test_base_model_that_is_tried_is_loaded_each_time() -> None:
    async def asked() -> None:
        tried = Caller(uuid4(), "en-US", "fake", "base", model=uuid4())
        swap = Swap()
        for _ in range(2):
            assert await swap.model_for(tried) == ("fake", "base")

    with fake_engine(FakeEngine()) as engine:
        run(asked())
    assert engine.loaded == ["base", "base"]
