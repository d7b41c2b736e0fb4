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
    return Caller(uuid4(), "en-US", "fake", reference, "", endpoint=ENDPOINT)


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
    assert engine.loaded == ["old", "new"]


def test_after_a_pause_the_new_model_is_waited_for() -> None:
    async def asked(engine: Slow) -> None:
        swap = Swap()
        assert await swap.model_for(caller("old")) == OLD
        engine.may_load.set()
        assert await swap.model_for(caller("new")) == NEW

    with fake_engine(Slow()) as engine, patch.object(module, "_PAUSE_SECONDS", -1.0):
        run(asked(engine))


def test_model_that_cannot_be_loaded_leaves_the_former_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def asked(engine: FakeEngine) -> None:
        swap = Swap()
        assert await swap.model_for(caller("old")) == OLD
        engine.broken = EngineError("Broken.")
        for _ in range(3):
            assert await swap.model_for(caller("new")) == OLD

    with (
        fake_engine(FakeEngine()) as engine,
        patch.object(module, "_PAUSE_SECONDS", -1.0),
    ):
        run(asked(engine))
    assert caplog.text.count("could not be loaded") == 1


def test_base_model_that_is_tried_is_loaded_each_time() -> None:
    async def asked() -> None:
        tried = Caller(uuid4(), "en-US", "fake", "base", "")
        assert await Swap().model_for(tried) == ("fake", "base")

    with fake_engine(FakeEngine()) as engine:
        run(asked())
    assert engine.loaded == ["base"]
