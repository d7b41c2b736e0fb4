"""What is measured of a recording while it is converted: level, noise, silence.

All of it comes from one pass over the 16 kHz samples, in constant memory apart
from 4 bytes for every 20 ms (1.4 MB for 2 hours) and 2 bytes of peak for every
2 ms (7 MB). Levels are in dBFS: 0 is the root mean square of a signal that never
leaves full scale, so a sine at full scale has -3.

Silence is judged by frames of 20 ms. A frame is active (speech) when it is louder
than a threshold: 10 dB above the background, which is the level that a tenth of
the frames stays under, but between 25 and 40 dB below the loudest, which is the
level that at least 0.2 s of the recording reach, so that a click does not count.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from datasets.formats.base import Issue, duration_text

SAMPLE_RATE_HZ = 16_000
PEAK_SAMPLES = 32  # samples behind one stored peak: 2 ms
MIN_BUCKETS = 1_000
BUCKETS_PER_SECOND = 10

_FRAME = 320  # samples: 20 ms
_FRAME_SECONDS = _FRAME / SAMPLE_RATE_HZ
_FULL_SCALE = 32_768.0
_QUIETEST = 1e-12  # -120 dBFS, below what 16 bits can hold
_TOP = 32_760  # full scale; some converters stop a little short of 32,767
_LOUDEST_FRAMES = 10  # 0.2 s
_BACKGROUND = 0.1  # this share of the frames is no louder than the background
_ABOVE_BACKGROUND_DB = 10
_BELOW_LOUDEST_DB = (40, 25)
_STEADY = 3  # so many of 5 frames are active where speech begins or ends
_EDGE_FRAMES = 2  # 40 ms
_CREST = 0.97  # of the peak: equal neighbours above it are a cut-off crest
_CONTENT_DB = 70  # what is further below the strongest frequency is no content
_SPECTRUM_EVERY = 4  # frames; a quarter of them tells as much
_WINDOW = np.hanning(_FRAME).astype(np.float32)

# Where the doctor speaks. 320 utterances of clean speech of five makers stay clear
# of every one of these, by the margin that is given.
_CLIPPED = 0.001  # share; clean 0.00002, the same speech 6 dB too loud 0.005
_SILENT, _SILENT_SECONDS = 0.8, 2.0  # share; clean at most 0.46
LOW_DBFS = -45.0  # clean at least -27
_CUT_OFF_DB, _QUIET_SNR_DB = 6.0, 20.0  # clean begins and ends 17 dB below speech
_TELEPHONE_HZ = (3_000, 4_700)  # from 8 kHz: at most 4,600; clean 16 kHz from 5,500
_WIDE_RATE_HZ = 16_000

Samples = npt.NDArray[np.int16]
Magnitudes = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Measures:
    """What was measured of one recording, as 16 kHz mono."""

    level_dbfs: float  # root mean square of the active frames
    peak_dbfs: float  # of the loudest sample
    clipping: float  # share of the samples that lie in cut-off crests, 0 to 1
    silence: float  # share of the frames that are not active, 0 to 1
    lead_seconds: float  # before the first speech
    tail_seconds: float  # after the last speech
    snr_db: float  # level above the background; too low where nobody pauses
    start_dbfs: float  # level of the first 40 ms
    end_dbfs: float  # level of the last 40 ms
    bandwidth_hz: int  # the highest frequency with content, at most 8,000
    audio_hash: int  # 8 bytes of BLAKE2b of the samples, signed: finds equal audio
    source_rate_hz: int  # before the conversion; 0 when it is not known
    source_format: str  # such as "WAV, 24-bit, 48 kHz, stereo"


@dataclass
class Meter:
    """Takes 16 kHz mono samples piece by piece and keeps what is to be told."""

    count: int = 0  # samples
    _digest: hashlib.blake2b = field(
        default_factory=lambda: hashlib.blake2b(digest_size=8)
    )
    _peaks: list[Magnitudes] = field(default_factory=list)
    _powers: list[Floats] = field(default_factory=list)
    _spectrum: npt.NDArray[np.float64] = field(
        default_factory=lambda: np.zeros(_FRAME // 2 + 1)
    )
    # How many samples lie in runs of equal ones, by their magnitude / 128.
    _flat: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(257, np.int64)
    )
    _full: int = 0  # samples at full scale
    _rest: Samples = field(default_factory=lambda: np.empty(0, np.int16))

    def add(self, samples: Samples) -> None:
        self.count += len(samples)
        self._digest.update(samples.tobytes())
        joined = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        full = len(joined) // _FRAME * _FRAME
        self._rest = joined[full:].copy()
        if full:
            self._take(joined[:full])

    @property
    def seconds(self) -> float:
        return self.count / SAMPLE_RATE_HZ

    @cached_property
    def fine(self) -> Magnitudes:
        """The peak of each 2 ms. To be asked for when all samples were added."""
        size = -(-len(self._rest) // PEAK_SAMPLES) * PEAK_SAMPLES
        rest = np.zeros(size, np.int16)
        rest[: len(self._rest)] = self._rest
        return np.concatenate((*self._peaks, _largest(_magnitude(rest))))

    def peaks(self) -> bytes:
        """The drawing of the wave, as `audio.Audio` describes it."""
        wanted = max(MIN_BUCKETS, int(self.seconds * BUCKETS_PER_SECOND))
        number = min(wanted, len(self.fine))
        edges = np.arange(number) * len(self.fine) // number
        shares = np.maximum.reduceat(self.fine, edges) / _FULL_SCALE
        scaled: npt.NDArray[np.uint8] = np.ceil(np.sqrt(shares) * 255).astype(np.uint8)
        return scaled.tobytes()

    def measures(self, rate_hz: int, form: str) -> Measures:
        """The result; there must have been at least one frame of 20 ms."""
        levels = _decibels(np.concatenate(self._powers))
        ordered = np.sort(levels)
        active = levels > _threshold(ordered)
        level = _mean_level(levels[active])
        lead, tail = _margins(active)
        return Measures(
            level_dbfs=level,
            peak_dbfs=round(20 * math.log10(max(self.peak, 1) / _FULL_SCALE), 1),
            clipping=self._clipping(),
            silence=round(1 - float(active.mean()), 3),
            lead_seconds=lead,
            tail_seconds=tail,
            snr_db=round(level - _background(ordered), 1),
            start_dbfs=_mean_level(levels[:_EDGE_FRAMES]),
            end_dbfs=_mean_level(levels[-_EDGE_FRAMES:]),
            bandwidth_hz=self._bandwidth_hz(),
            audio_hash=int.from_bytes(self._digest.digest(), "big", signed=True),
            source_rate_hz=rate_hz,
            source_format=form,
        )

    @property
    def peak(self) -> int:
        """The largest magnitude of all samples, 0 to 32,768."""
        return int(self.fine.max(initial=0))

    def _take(self, samples: Samples) -> None:
        magnitudes = _magnitude(samples)
        self._full += int(np.count_nonzero(magnitudes >= _TOP))
        self._peaks.append(_largest(magnitudes))
        frames = samples.reshape(-1, _FRAME).astype(np.float32)
        self._powers.append(np.einsum("ij,ij->i", frames, frames) / np.float32(_FRAME))
        some = frames[::_SPECTRUM_EVERY] * _WINDOW
        spectra = np.fft.rfft(some).view(np.float32)
        squares = np.einsum("ij,ij->j", spectra, spectra)
        self._spectrum += squares.reshape(-1, 2).sum(axis=1)
        equal = samples[1:] == samples[:-1]
        flat = magnitudes[1:-1][equal[1:] & equal[:-1]]
        self._flat += np.bincount(flat >> 7, minlength=257)

    def _clipping(self) -> float:
        """Samples at full scale, or in runs of equal ones at the peak when the level
        was lowered after the clipping: no voice does that."""
        crest = int(self.peak * _CREST) >> 7
        flat = int(self._flat[crest:].sum()) if crest else 0
        return round(max(flat, self._full) / self.count, 5)

    def _bandwidth_hz(self) -> int:
        power = self._spectrum[1:]  # the first is the direct current
        content = np.flatnonzero(power > power.max() * 10 ** (-_CONTENT_DB / 10))
        top = int(content[-1]) + 1 if len(content) else 0
        return top * SAMPLE_RATE_HZ // _FRAME


def doctor(measures: Measures, seconds: float, file: str) -> list[Issue]:
    """The warnings that one recording of `seconds` deserves; none refuses it."""
    found = (
        _clipping(measures),
        _mostly_silence(measures, seconds),
        _low_level(measures),
        _cut_off(measures),
        _bandwidth(measures),
    )
    return [
        Issue("warning", file, None, f"doctor.{rule}", message, advice)
        for rule, message, advice in filter(None, found)
    ]


_Warning = tuple[str, str, str] | None  # rule, message, advice


def _clipping(measures: Measures) -> _Warning:
    if measures.clipping < _CLIPPED:
        return None
    message = f"is clipped: {measures.clipping:.1%} of its samples are cut off at the "
    message += "largest value"
    return "clipping", message, "record it again with a lower input level"


def _mostly_silence(measures: Measures, seconds: float) -> _Warning:
    silent = measures.silence * seconds
    if measures.silence < _SILENT or silent < _SILENT_SECONDS:
        return None
    message = f"is mostly silence: {duration_text(seconds - silent)} of sound in "
    message += duration_text(seconds)
    return "mostly_silence", message, "check that it is complete, or cut the pauses"


def _low_level(measures: Measures) -> _Warning:
    if measures.level_dbfs >= LOW_DBFS:
        return None
    message = f"is very quiet: speech has {measures.level_dbfs:.0f} dBFS; about -23 is "
    message += "usual"
    return "low_level", message, "record it again, closer to the microphone"


def _cut_off(measures: Measures) -> _Warning:
    """Only where speech stands out from the background can its edge be seen."""
    if measures.snr_db < _QUIET_SNR_DB:
        return None
    full_voice = measures.level_dbfs - _CUT_OFF_DB
    edges = (("begins", measures.start_dbfs), ("ends", measures.end_dbfs))
    where = " and ".join(verb for verb, level in edges if level >= full_voice)
    if not where:
        return None
    message = f"{where} at full voice: a part of the speech may be cut off"
    return "cut_off", message, "leave half a second of silence before and after speech"


def _bandwidth(measures: Measures) -> _Warning:
    low, high = _TELEPHONE_HZ
    is_wide = measures.source_rate_hz >= _WIDE_RATE_HZ
    if not is_wide or not low <= measures.bandwidth_hz <= high:
        return None
    message = "has nothing above "
    message += f"{measures.bandwidth_hz / 1000:.1f} kHz although it is stored at "
    message += f"{measures.source_rate_hz / 1000:g} kHz: it was recorded at 8 kHz, or "
    message += "came over the telephone"
    return "bandwidth", message, "use a better recording where there is one"


def _magnitude(samples: Samples) -> Magnitudes:
    """-32768 has no positive int16; read without sign it is right."""
    magnitudes: Magnitudes = np.abs(samples).view(np.uint16)
    return magnitudes


def _largest(magnitudes: Magnitudes) -> Magnitudes:
    """The largest in every 32, by halves: four times as fast as row by row."""
    largest = magnitudes
    for _ in range(PEAK_SAMPLES.bit_length() - 1):
        largest = np.maximum(largest[::2], largest[1::2])
    return largest


def _decibels(powers: Floats) -> Floats:
    shares = np.maximum(powers / np.float32(_FULL_SCALE**2), np.float32(_QUIETEST))
    levels: Floats = np.float32(10) * np.log10(shares)
    return levels


def _background(ordered: Floats) -> float:
    return float(ordered[int(len(ordered) * _BACKGROUND)])


def _threshold(ordered: Floats) -> float:
    loudest = float(ordered[-min(_LOUDEST_FRAMES, len(ordered))])
    low, high = (loudest - below for below in _BELOW_LOUDEST_DB)
    return min(max(_background(ordered) + _ABOVE_BACKGROUND_DB, low), high)


def _mean_level(levels: Floats) -> float:
    """The level of the mean power of frames of these levels."""
    powers = 10 ** (levels / np.float32(10))
    return round(10 * math.log10(float(powers.sum()) / len(powers)), 1)


def _margins(active: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Seconds before the first and after the last speech that is no mere click."""
    if len(active) < 5:
        return 0.0, 0.0
    sums = np.cumsum(np.concatenate(([0, 0, 0], active, [0, 0])))
    steady = np.flatnonzero(active & (sums[5:] - sums[:-5] >= _STEADY))
    if not len(steady):
        steady = np.flatnonzero(active)
    lead, tail = int(steady[0]), len(active) - 1 - int(steady[-1])
    return round(lead * _FRAME_SECONDS, 2), round(tail * _FRAME_SECONDS, 2)
