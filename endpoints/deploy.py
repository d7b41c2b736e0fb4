"""Get the model of an endpoint ready, and only then have it answer."""

from __future__ import annotations

import random
from array import array

from endpoints.models import Endpoint
from engines.base import SAMPLE_RATE_HZ, Clip, Decoding
from engines.registry import get_engine
from training.fetch import ensure
from training.lifetime import check_recognises
from training.models import SpeechModel

_STEPS = 3
_LOUDEST = 30  # of 32,767: what a quiet room sounds like


def deploy(endpoint: Endpoint) -> None:
    """The work of an endpoint's job. Raises `EngineError`; what answered before goes
    on answering then."""
    model = endpoint.model
    check_recognises(model)
    endpoint.report(0, _STEPS)
    ensure(model)
    endpoint.report(1, _STEPS)
    get_engine(model.engine).load(model.reference)
    endpoint.report(2, _STEPS)
    _try(model, endpoint.project.locale)
    # Workers that died long ago, over other models, are not held against it.
    endpoint.succeed(serving=model, losses=0)


def _try(model: SpeechModel, locale: str) -> None:
    """Have it recognise a second of a quiet room. Raises `EngineError`."""
    clip = Clip("quiet", pcm=_quiet(seconds=1))
    engine = get_engine(model.engine)
    for transcript in engine.transcribe(model.reference, [clip], Decoding(locale)):
        if transcript.error:
            raise transcript.error


def _quiet(seconds: int) -> bytes:
    """The same noise each time, as 16 kHz mono, 16 bits."""
    source = random.Random(1)
    samples = (
        source.randint(-_LOUDEST, _LOUDEST) for _ in range(seconds * SAMPLE_RATE_HZ)
    )
    return array("h", samples).tobytes()
