"""The rules of display text of the models that answer here, kept ready for use."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from engines.display.forms import Writer
from engines.registry import get_engine
from recognition.swap import Model


async def writer_of(model: Model, locale: str) -> Writer:
    """Raises `EngineError` when the model is not there."""
    engine, reference = model
    return await asyncio.to_thread(_writer, engine, reference, locale)


@lru_cache(maxsize=64)
def _writer(engine: str, reference: str, locale: str) -> Writer:
    return Writer(get_engine(engine).rules(reference), locale)
