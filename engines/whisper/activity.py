"""Where somebody speaks: Silero VAD, as faster-whisper brings it along.

The network is read in windows of a minute, so that two hours take no more memory
than a minute does. Its state begins afresh in each of them, and it needs some
sound to settle: each window begins a second early, and what the network says of
that second is dropped. On one core it is about 250 times as fast as speech.

What this relies on in faster-whisper 1.2.1: `get_vad_model()` takes a whole number
of 512 samples at 16 kHz and gives a probability for each 512.

Reference: https://github.com/snakers4/silero-vad
"""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper.vad import get_vad_model

from engines.base import SPEECH_STEP_SECONDS, EngineError
from engines.whisper.sound import RATE_HZ, samples_of

_STEP = round(RATE_HZ * SPEECH_STEP_SECONDS)  # 512 samples
_WINDOW = 60 * RATE_HZ // _STEP  # steps
_LEAD = RATE_HZ // _STEP  # steps

_Read = Callable[[int, int], bytes]  # from a step to another


def speech(path: Path) -> bytes:
    """See `LocalEngine.speech`. The clip is a 16 kHz mono WAV."""
    try:
        with wave.open(str(path), "rb") as audio:
            length = audio.getnframes()

            def read(first: int, last: int) -> bytes:
                audio.setpos(first * _STEP)
                return audio.readframes((last - first) * _STEP)

            return _speech(read, length)
    except FileNotFoundError as e:
        raise EngineError("The audio file is missing.", "MissingAudio") from e
    except (OSError, EOFError, wave.Error) as e:
        raise EngineError("The audio could not be read.", "BadAudio") from e


def speech_of(pcm: bytes) -> bytes:
    """See `LocalEngine.speech_of`."""

    def read(first: int, last: int) -> bytes:
        return pcm[2 * first * _STEP : 2 * last * _STEP]

    return _speech(read, len(pcm) // 2)


def _speech(read: _Read, length: int) -> bytes:
    """`length` is in samples."""
    steps = -(-length // _STEP)
    starts = range(0, steps, _WINDOW)
    return b"".join(_window(read, start, steps) for start in starts)


def _window(read: _Read, start: int, steps: int) -> bytes:
    first = max(0, start - _LEAD)
    last = min(start + _WINDOW, steps)
    heard = samples_of(read(first, last))
    samples = np.zeros((last - first) * _STEP, np.float32)
    samples[: len(heard)] = heard
    shares: npt.NDArray[np.float32] = get_vad_model()(samples).reshape(-1)
    return (shares[start - first :] * 255).round().astype(np.uint8).tobytes()
