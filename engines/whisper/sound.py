"""Read a clip in the windows that Whisper hears at once."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from faster_whisper import decode_audio

from engines.base import EngineError

RATE_HZ = 16_000
# A cut is looked for in the last part of a window, in the middle of a pause.
_SEARCH = 10 * RATE_HZ
_FRAME = RATE_HZ // 50
_PAUSE_FRAMES = 15

Samples = npt.NDArray[np.float32]
_Read = Callable[[int, int], Samples]  # from a sample on, so many


@dataclass(frozen=True)
class Window:
    """At most 30 seconds of a clip."""

    samples: Samples  # 16 kHz, -1 to 1
    offset: float  # seconds from the start of the clip

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE_HZ


def windows(path: Path, longest_seconds: int = 30) -> Iterator[Window]:
    """Cut a clip at its pauses; all of it is in some window.

    A 16 kHz mono WAV file is read window by window, so hours of it take no
    memory. Anything else that can be decoded is taken too, but read whole.
    Raises `EngineError` for a file without sound.
    """
    longest = longest_seconds * RATE_HZ
    audio = _open(path)
    if audio is None:
        yield from _cut_whole(_decode(path), longest)
        return
    with audio:
        yield from _cut(lambda start, count: _read(audio, start, count), longest)


def windows_of(pcm: bytes, longest_seconds: int = 30) -> Iterator[Window]:
    """The same of sound in memory: 16 kHz mono, 16 bits, little-endian.

    Raises `EngineError` when there is none.
    """
    yield from _cut_whole(samples_of(pcm), longest_seconds * RATE_HZ)


def samples_of(pcm: bytes) -> Samples:
    """From -1 to 1; half a sample at the end is left out.

    >>> samples_of(bytes([0, 64, 0, 192, 1])).tolist()
    [0.5, -0.5]
    """
    whole = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
    return whole.astype(np.float32) / np.float32(32768)


def quietest(samples: Samples) -> int:
    """Where to cut: the middle of the softest 0.3 s in the last 10 s.

    >>> noise = np.ones(30 * RATE_HZ, np.float32)
    >>> noise[25 * RATE_HZ : 26 * RATE_HZ] = 0
    >>> 25 < quietest(noise) / RATE_HZ < 26
    True
    """
    start = max(0, len(samples) - _SEARCH)
    count = (len(samples) - start) // _FRAME
    frames = samples[start : start + count * _FRAME].reshape(count, _FRAME)
    power = np.square(frames).mean(axis=1)
    pauses = np.convolve(power, np.ones(_PAUSE_FRAMES), mode="valid")
    return start + (int(pauses.argmin()) + _PAUSE_FRAMES // 2) * _FRAME


def _cut_whole(samples: Samples, longest: int) -> Iterator[Window]:
    return _cut(lambda start, count: samples[start : start + count], longest)


def _cut(read: _Read, longest: int) -> Iterator[Window]:
    start = 0
    while True:
        # One sample more than a window, which tells whether it is the last one.
        block = read(start, longest + 1)
        if not start and not len(block):
            raise EngineError("There is no sound in the file.", "EmptyAudio")
        if len(block) <= longest:
            yield Window(block, start / RATE_HZ)
            return
        end = quietest(block[:longest])
        yield Window(block[:end], start / RATE_HZ)
        start += end


def _open(path: Path) -> wave.Wave_read | None:
    """None when the file is not a plain 16 kHz mono WAV."""
    try:
        audio = wave.open(str(path), "rb")  # noqa: SIM115
    except (OSError, EOFError, wave.Error):
        return None
    if (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (
        RATE_HZ,
        1,
        2,
    ):
        return audio
    audio.close()
    return None


def _read(audio: wave.Wave_read, start: int, count: int) -> Samples:
    if start >= audio.getnframes():
        return np.zeros(0, np.float32)
    audio.setpos(start)
    return samples_of(audio.readframes(count))


def _decode(path: Path) -> Samples:
    try:
        samples: Samples = decode_audio(str(path), sampling_rate=RATE_HZ)
    except FileNotFoundError as e:
        raise EngineError("The audio file is missing.", "MissingAudio") from e
    except (av.FFmpegError, OSError, ValueError, IndexError) as e:
        raise EngineError("The audio could not be read.", "BadAudio") from e
    return samples
