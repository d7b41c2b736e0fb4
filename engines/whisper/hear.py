"""Recognise one window of sound: quickly, then once more if that is doubtful.

The first look is one pass of beam search without time stamps in the text, which
reads the whole window in one go; words get their times from the attention. It has
no way out when the decoder repeats itself or guesses, so a doubtful window gets
the second look: faster-whisper's own sequential decoding with its fall-back to
higher temperatures.

Windows are not decoded together although the pipeline could. On a CPU the encoder
is three quarters of the work, and in batches of 4 or 8 a window took it 14 to 60 %
longer than alone (tiny.en, int8, two cores).

What this relies on in faster-whisper 1.2.1: `BatchedInferencePipeline` decodes a
window that is given as the only one of `clip_timestamps` in one pass, without
looking for speech in it first.
"""

from __future__ import annotations

from collections.abc import Sequence

from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.transcribe import Segment

from engines.base import Word
from engines.whisper.adaptation import Adaptation
from engines.whisper.domain import DomainPipeline
from engines.whisper.sound import Window

# Whisper's own limits for a result that is not to be trusted.
_COMPRESSION_RATIO = 2.4
_LOG_PROBABILITY = -1.0
_NO_SPEECH = 0.6
# Nobody says more tokens in a second; a decoder that repeats itself does, up to
# Whisper's limit of 448, and takes its time for them.
_TOKENS_PER_SECOND = 10
_TOKENS_AT_LEAST = 16


def hear(
    model: WhisperModel,
    window: Window,
    language: str,
    beam_size: int,
    adaptation: Adaptation | None = None,
) -> list[Word]:
    """The words of a window, in seconds from the start of its clip."""
    limit = token_limit(window.seconds)
    pipeline = BatchedInferencePipeline(model)
    if adaptation and adaptation.prompt:
        pipeline = DomainPipeline(model, adaptation)
    segments = _first_look(pipeline, window, language, beam_size, limit)
    if is_silence(segments):
        return []
    if is_doubtful(segments, limit):
        segments = _second_look(model, window, language, beam_size, limit)
    return _words(segments, window)


def token_limit(seconds: float) -> int:
    """How long a result may get.

    >>> token_limit(0.1), token_limit(5), token_limit(30)
    (17, 66, 316)
    """
    return _TOKENS_AT_LEAST + int(seconds * _TOKENS_PER_SECOND)


def is_silence(segments: Sequence[Segment]) -> bool:
    """True when the model says that nobody speaks, and is not sure of its text."""
    return any(
        segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _LOG_PROBABILITY
        for segment in segments
    )


def is_doubtful(segments: Sequence[Segment], limit: int) -> bool:
    """True when the text is repetitive, improbable, cut off, or not there."""
    return not any(segment.text.strip() for segment in segments) or any(
        segment.compression_ratio > _COMPRESSION_RATIO
        or segment.avg_logprob < _LOG_PROBABILITY
        or len(segment.tokens) >= limit
        for segment in segments
    )


def _first_look(
    pipeline: BatchedInferencePipeline,
    window: Window,
    language: str,
    beam_size: int,
    limit: int,
) -> list[Segment]:
    segments, _ = pipeline.transcribe(
        window.samples,
        language=language,
        beam_size=beam_size,
        word_timestamps=True,
        without_timestamps=True,
        vad_filter=False,
        batch_size=1,
        max_new_tokens=limit,
        clip_timestamps=[{"start": 0.0, "end": window.seconds}],
    )
    return list(segments)


def _second_look(
    model: WhisperModel, window: Window, language: str, beam_size: int, limit: int
) -> list[Segment]:
    segments, _ = model.transcribe(
        window.samples,
        language=language,
        beam_size=beam_size,
        word_timestamps=True,
        max_new_tokens=limit,
    )
    return list(segments)


def _words(segments: Sequence[Segment], window: Window) -> list[Word]:
    """Words in the clip's time, none of them beyond the window's end."""

    def time(seconds: float) -> float:
        return round(window.offset + min(max(float(seconds), 0.0), window.seconds), 2)

    return [
        Word(word.word, time(word.start), time(word.end), float(word.probability))
        for segment in segments
        for word in segment.words or ()
    ]
