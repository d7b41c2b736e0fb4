"""Recognise windows of sound: many at once, and a doubtful one alone once more.

The first look is one pass of beam search over a batch of windows of like length
(`encoder.py`, `decoder.py`). It has no way out when the decoder repeats itself or
guesses, so a doubtful window gets the second look: faster-whisper's own sequential
decoding of the full 30 seconds, with its fall-back to higher temperatures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from faster_whisper import WhisperModel

from engines.base import Word
from engines.whisper import domain, phrases
from engines.whisper.adaptation import Adaptation
from engines.whisper.decoder import Decoder, Hypothesis, task_of
from engines.whisper.encoder import LONG, Encoder, Silence, brief, span
from engines.whisper.phrases import PhraseList
from engines.whisper.sound import Window

# Windows in a batch: of a small network many, of a large one few, for what each
# takes of memory grows with the width and the number of layers.
_BATCH = 8
_BATCH_WIDTH = 512
# Whisper's own limits for a result that is not to be trusted.
_COMPRESSION = 2.4
_LOG_PROBABILITY = -1.0
_NO_SPEECH = 0.6
# Nobody says more tokens in a second; a decoder that repeats itself does, up to
# Whisper's limit of 448, and takes its time for them.
_TOKENS_PER_SECOND = 10
_TOKENS_AT_LEAST = 16


class Listener:
    """Hears with one network."""

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._encoder = Encoder(model)

    @property
    def is_multilingual(self) -> bool:
        """Whether it can be told a language and a task."""
        return bool(self._model.model.is_multilingual)

    def hear(
        self,
        windows: Sequence[Window],
        language: str,
        beam_size: int,
        silence: Silence = LONG,
        adaptation: Adaptation | None = None,
        expected: PhraseList | None = None,
        *,
        to_english: bool = False,
    ) -> list[list[Word]]:
        """The words of each window, in seconds from the start of its clip."""
        decoder = Decoder(self._model, language, beam_size, to_english=to_english)
        heard: list[list[Word]] = [[] for _ in windows]
        size = batch_size(self._encoder.width)
        for batch in batches([window.seconds for window in windows], size):
            some = [windows[at] for at in batch]
            words = self._look(some, decoder, silence, adaptation, expected)
            for at, window, found in zip(batch, some, words, strict=True):
                if found is None:
                    found = self._second_look(
                        window, language, beam_size, to_english=to_english
                    )
                if to_english:
                    found = whole(found)
                heard[at] = [_in_clip(word, window) for word in found]
        return heard

    def draft(
        self,
        windows: Sequence[Window],
        language: str,
        silence: Silence,
        *,
        to_english: bool = False,
    ) -> list[str]:
        """The text of each window as fast as can be; empty where it is no speech."""
        decoder = Decoder(self._model, language, beam_size=1, to_english=to_english)
        texts = [""] * len(windows)
        size = batch_size(self._encoder.width)
        for batch in batches([window.seconds for window in windows], size):
            some = [windows[at] for at in batch]
            memory = self._encoder.encode(some, brief(silence))
            limits = [token_limit(window.seconds) for window in some]
            found = decoder.decode(memory, max(limits))
            for at, (text,), limit in zip(batch, found, limits, strict=True):
                if not is_silence(text) and not is_repetitive(text, limit):
                    texts[at] = text.text
        return texts

    def _look(
        self,
        windows: Sequence[Window],
        decoder: Decoder,
        silence: Silence,
        adaptation: Adaptation | None,
        expected: PhraseList | None,
    ) -> list[list[Word] | None]:
        """The words of windows with the same span; None for a doubtful one."""
        memory = self._encoder.encode(windows, silence)
        limits = [token_limit(window.seconds) for window in windows]
        if adaptation and adaptation.prompt:
            texts = domain.decode(decoder, memory, max(limits), adaptation)
        else:
            texts = [best for (best,) in decoder.decode(memory, max(limits))]
        if expected:
            texts = phrases.decode(decoder, memory, limits, texts, expected)
        looks: list[list[Word] | None] = [
            [] if is_silence(text) else None for text in texts
        ]
        sure = [
            at
            for at, (text, limit) in enumerate(zip(texts, limits, strict=True))
            if not is_silence(text) and not is_doubtful(text, limit)
        ]
        if sure:
            some = [windows[at] for at in sure]
            words = decoder.words(memory[sure], some, [texts[at] for at in sure])
            for at, found in zip(sure, words, strict=True):
                looks[at] = found
        return looks

    def _second_look(
        self, window: Window, language: str, beam_size: int, *, to_english: bool
    ) -> list[Word]:
        segments, _ = self._model.transcribe(
            window.samples,
            language=language,
            task=task_of(to_english=to_english),
            beam_size=beam_size,
            word_timestamps=True,
            max_new_tokens=token_limit(window.seconds),
        )
        return [
            Word(word.word, word.start, word.end, float(word.probability))
            for segment in segments
            for word in segment.words or ()
        ]


def whole(words: Sequence[Word]) -> list[Word]:
    """English words out of their pieces: faster-whisper cuts text by the language that
    is spoken, and the one of Chinese or Thai speech at every sign.

    >>> [word.text for word in whole([Word(" Hel", 0, 1, 0.9), Word("lo", 1, 2, 0.8)])]
    [' Hello']
    """
    found: list[Word] = []
    for word in words:
        if found and not word.text[:1].isspace():
            last = found.pop()
            least = min(last.probability, word.probability)
            word = Word(last.text + word.text, last.start, word.end, least)
        found.append(word)
    return found


def batch_size(width: int) -> int:
    """How many windows to decode together: of tiny, base, small, medium and large

    >>> [batch_size(width) for width in (384, 512, 768, 1024, 1280)]
    [8, 8, 3, 2, 1]
    """
    return max(1, min(_BATCH, _BATCH * _BATCH_WIDTH**2 // width**2))


def batches(seconds: Sequence[float], size: int) -> Iterator[list[int]]:
    """Which windows to decode together, by how long they are: all of a batch have
    the same span, and so the same room.

    >>> list(batches([3, 29, 4, 28, 2], size=2))
    [[0, 2], [4], [1, 3]]
    """
    alike: defaultdict[int, list[int]] = defaultdict(list)
    for at, length in enumerate(seconds):
        alike[span(length)].append(at)
    for found in alike.values():
        yield from (found[at : at + size] for at in range(0, len(found), size))


def token_limit(seconds: float) -> int:
    """How long a result may get.

    >>> token_limit(0.1), token_limit(5), token_limit(30)
    (17, 66, 316)
    """
    return _TOKENS_AT_LEAST + int(seconds * _TOKENS_PER_SECOND)


def is_silence(text: Hypothesis) -> bool:
    """True when the model says that nobody speaks, and is not sure of its text."""
    return text.no_speech > _NO_SPEECH and text.mean < _LOG_PROBABILITY


def is_doubtful(text: Hypothesis, limit: int) -> bool:
    """True when the text is repetitive, improbable, cut off, or not there."""
    return (
        not text.text.strip()
        or text.mean < _LOG_PROBABILITY
        or is_repetitive(text, limit)
    )


def is_repetitive(text: Hypothesis, limit: int) -> bool:
    """True for a decoder that went in circles, or on and on."""
    return text.compression > _COMPRESSION or len(text.tokens) >= limit


def _in_clip(word: Word, window: Window) -> Word:
    """In the clip's time, nothing beyond the window's end."""

    def time(seconds: float) -> float:
        return round(window.offset + min(max(float(seconds), 0.0), window.seconds), 2)

    return replace(word, start=time(word.start), end=time(word.end))
