"""Encode sound for the price of its own length.

Whisper's encoder takes 30 seconds however short a clip is, and attention costs the
square of that. Given a clip and a few seconds of silence, it hears speech as well as
ever; it is the decoder that goes astray without the silence it was taught with. So
the encoder gets the clip, and the decoder gets behind it the end of what the encoder
once made of 30 seconds of nothing.

Of noisy digits in clips of 2 to 6 s (tiny.en, int8, beam 5, one look) 42.8 % of the
words are wrong at the full 30 s, 43.4 % like this with 2 s of silence of its own, at
a tenth of the encoder's work, and 74.9 % with 10 s and nothing behind them.

What this relies on in faster-whisper 1.2.1 and CTranslate2 4.8: spectrograms are
padded with zeros, and the network takes any even number of frames up to 3,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim

from engines.whisper.sound import Window

# What the encoder made of windows: (windows, positions of 20 ms, width).
Memory = npt.NDArray[np.float32]

_FRAMES_PER_SECOND = 100  # of the spectrogram; the encoder makes one of two
_FRAMES = 3000
_POSITIONS = _FRAMES // 2
_BEHIND = 400  # positions behind the speech, of silence of either kind
# Few sizes, that there are enough windows of one to be decoded together.
_STEP = 300  # positions


@dataclass(frozen=True)
class Silence:
    """What comes behind the sound of a window."""

    frames: int  # that the encoder hears with it, at most
    is_short: bool  # whether the decoder gets less than 30 seconds in all


# Enough for a network as it was published; `benchmarks/throughput.py` measures it.
SHORT = Silence(frames=400, is_short=True)
# One that learnt digits from few recordings went on with digits in a short silence:
# 27 % of words were wrong, with this 10 %, of 9 % at the full 30 seconds.
LONG = Silence(frames=1000, is_short=False)


# Half the encoder's work for a second of speech, and words a little less sure.
_BRIEF = Silence(frames=100, is_short=True)


def brief(silence: Silence) -> Silence:
    """What is enough for a draft: less, if the network can do with less at all."""
    return _BRIEF if silence.is_short else silence


class Encoder:
    """Of one network."""

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._nothing: Memory | None = None

    @property
    def width(self) -> int:
        """Of the network: numbers at a position."""
        return int(self._silence().shape[-1])

    def encode(self, windows: Sequence[Window], silence: Silence) -> Memory:
        """Of windows with the same `span`. One by one: in batches the encoder takes
        longer on a CPU, for what it works on leaves the cache.

        A window gives the same in whatever company."""
        places = room(windows[0].seconds) if silence.is_short else _POSITIONS
        return np.stack([self._one(each, silence, places) for each in windows])

    def _one(self, window: Window, silence: Silence, places: int) -> Memory:
        spectrogram = self._model.feature_extractor(window.samples)[..., :-1]
        frames = min(spectrogram.shape[-1] + silence.frames, _FRAMES)
        heard = self._run(pad_or_trim(spectrogram, frames + frames % 2))
        behind = self._silence()[_POSITIONS - places + len(heard) :]
        return np.concatenate([heard, behind])

    def _silence(self) -> Memory:
        if self._nothing is None:
            bands = self._model.model.n_mels
            self._nothing = self._run(np.zeros((bands, _FRAMES), np.float32))
        return self._nothing

    def _run(self, spectrogram: npt.NDArray[np.float32]) -> Memory:
        encoded: Memory = np.array(self._model.encode(spectrogram), np.float32)[0]
        return encoded


def room(seconds: float) -> int:
    """How many positions of the memory a window needs: its own and some silence.

    >>> room(1), room(4), room(4.1), room(15), room(30)
    (600, 600, 900, 1200, 1500)
    """
    return min(_steps(seconds) * _STEP, _POSITIONS)


def span(seconds: float) -> int:
    """How many positions to look at for the times of words: for that, less silence
    is enough.

    >>> span(1), span(4), span(4.1), span(15), span(30)
    (300, 300, 600, 900, 1500)
    """
    return min((_steps(seconds) - 1) * _STEP, _POSITIONS)


def _steps(seconds: float) -> int:
    own = seconds * _FRAMES_PER_SECOND / 2
    return int(-(-(own + _BEHIND) // _STEP))


def stored(memory: Memory) -> ctranslate2.StorageView:
    """As CTranslate2 takes it; the memory must outlive it."""
    return ctranslate2.StorageView.from_array(memory)
