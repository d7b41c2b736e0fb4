"""Any audio file, turned into what the recogniser hears: 16 kHz, mono, 16-bit WAV.

The documented format is a WAV of 16-bit PCM, mono, at 8 or 16 kHz and of at most
2 hours. A file at 16 kHz is kept sample for sample, one at 8 kHz is resampled
without a word, and everything else that FFmpeg decodes is converted and said so.
The conversion is the one of `faster_whisper.audio.decode_audio`, so recognising
the converted file gives what recognising the source would give.

All work is done in one pass and in constant memory, apart from what
`datasets.formats.measure` keeps (8 MB for 2 hours).
"""

from __future__ import annotations

import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np

from datasets.formats.base import (
    AudioError,
    Issue,
    Level,
    duration_text,
    shown,
)
from datasets.formats.measure import (
    SAMPLE_RATE_HZ,
    Measures,
    Meter,
    Samples,
    doctor,
)
from datasets.formats.sound import (
    CHUNK_BYTES,
    Damage,
    chunks,
    decoded,
    frames,
    opened,
    resampled,
    unreadable,
)
from datasets.formats.wav import Wav, format_text, read_header, wav_issues

__all__ = ["MEDIA", "Audio", "AudioError", "convert", "cut"]

MAX_SECONDS = 2 * 60 * 60
MIN_SECONDS = 0.1
SILENCE = 16  # largest sample of a silent file: 20 log10(16 / 32768) = -66 dBFS
BEYOND_SECONDS = 0.25  # a part may be said to end so much after its recording

MEDIA = (
    *(".wav", ".wave", ".w64", ".aif", ".aiff", ".au", ".caf", ".flac"),
    *(".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".wma", ".amr"),
    *(".webm", ".mka", ".mkv", ".mov", ".3gp"),
)
_CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "M4A",
    "matroska,webm": "WebM",
    "asf": "WMA",
}
_CODECS = {
    "mp3": "MP3",
    "mp3float": "MP3",
    "flac": "FLAC",
    "opus": "Opus",
    "libopus": "Opus",
    "vorbis": "Vorbis",
    "aac": "AAC",
    "pcm_mulaw": "mu-law",
    "pcm_alaw": "A-law",
    "pcm_u8": "8-bit",
    "pcm_f32le": "32-bit float",
    "pcm_f64le": "64-bit float",
}
_EXACT = ("flac", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")  # know their length


@dataclass(frozen=True)
class Audio:
    """A converted file.

    `peaks` draws its wave: for each of equally long buckets one byte b, where
    (b / 255) ** 2 is the largest amplitude in it, 0 to 1. The square root keeps
    quiet speech visible. There are 1,000 buckets, from 100 s on 10 a second, and
    fewer when a bucket would be shorter than 2 ms.
    """

    seconds: float
    peaks: bytes
    measures: Measures
    was_converted: bool  # False: it was a 16-bit PCM mono WAV of 8 or 16 kHz
    issues: tuple[Issue, ...] = ()


def convert(source: BinaryIO, target: Path, name: str) -> Audio:
    """Write an audio file to `target` as a 16 kHz mono 16-bit WAV.

    `source` can be read from any place; `name` is what the user calls the file,
    for the issues. Raises AudioError, and leaves no `target`, when the file cannot
    be used.
    """
    name = shown(name)
    try:
        wav = read_header(source)
        if wav is not None and wav.is_plain:
            return _convert_plain(source, wav, target, name)
        return _convert_any(source, wav, target, name)
    except AudioError:
        target.unlink(missing_ok=True)
        raise


def cut(
    source: Path, whole: Audio, target: Path, start: float, seconds: float, name: str
) -> Audio:
    """Write a part of `source`, which `convert` made of a recording, to `target`.

    `start` and `seconds` are as a manifest gives them; `whole` is what `convert`
    returned, `name` is what the user calls the recording. Raises AudioError, and
    leaves no `target`, when there is no such part or nothing in it.
    """
    end = start + seconds
    if start < 0 or seconds <= 0 or end > whole.seconds + BEYOND_SECONDS:
        message = f"has no part from {start:g} to {end:g} s: it is "
        message += f"{whole.seconds:.2f} s long"
        advice = "correct the times in the manifest"
        raise AudioError(message, "audio.no_such_part", advice)
    try:
        with wave.open(str(source)) as file, wave.open(str(target), "wb") as out:
            file.setpos(min(round(start * SAMPLE_RATE_HZ), file.getnframes()))
            sink = _open_sink(out)
            left = round(seconds * SAMPLE_RATE_HZ)
            while left and (data := file.readframes(min(left, CHUNK_BYTES // 2))):
                sink.write(np.frombuffer(data, "<i2"))
                left = left - len(data) // 2
        measures = whole.measures
        form = _Form(measures.source_rate_hz, measures.source_format, is_allowed=True)
        return _audio(sink, form, [], name)
    except AudioError:
        target.unlink(missing_ok=True)
        raise


@dataclass
class _Sink:
    """Takes 16 kHz mono samples; keeps the file and what is measured of it."""

    out: wave.Wave_write
    meter: Meter = field(default_factory=Meter)

    def write(self, samples: Samples) -> None:
        self.out.writeframesraw(samples.data)
        self.meter.add(samples)
        if self.meter.seconds > MAX_SECONDS:
            raise _too_long(f"more than {duration_text(MAX_SECONDS)}")

    def check(self) -> None:
        """Raises AudioError when there is too little sound, or only silence."""
        if not self.meter.count:
            raise AudioError("contains no sound: it has no samples", "audio.empty")
        if self.meter.seconds < MIN_SECONDS:
            message = f"has only {self.meter.seconds:.3f} s of sound"
            raise AudioError(message, "audio.too_short", "record at least 0.1 s")
        if self.meter.peak <= SILENCE:
            message = "is silent: no sample is louder than -66 dBFS"
            advice = "check the microphone or the export, and record it again"
            raise AudioError(message, "audio.silent", advice)


@dataclass(frozen=True)
class _Form:
    """What a file was before its conversion."""

    rate_hz: int
    text: str
    is_allowed: bool  # it has the documented format


def _convert_plain(file: BinaryIO, wav: Wav, target: Path, name: str) -> Audio:
    seconds = wav.seconds(wav.present)
    if seconds > MAX_SECONDS:
        raise _too_long(duration_text(seconds))
    with wave.open(str(target), "wb") as out:
        sink = _open_sink(out)
        pieces = chunks(file, wav)
        if wav.rate_hz != SAMPLE_RATE_HZ or wav.channels != 1:
            pieces = (rows[0] for rows in resampled(frames(pieces, wav)))
        else:  # a header that is right at once is not written twice
            out.setnframes(wav.present // wav.block)
        for samples in pieces:
            sink.write(samples)
    form = _Form(wav.rate_hz, wav.format, wav.is_allowed)
    return _audio(sink, form, wav_issues(wav, name), name)


def _open_sink(out: wave.Wave_write) -> _Sink:
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(SAMPLE_RATE_HZ)
    return _Sink(out)


def _convert_any(source: BinaryIO, wav: Wav | None, target: Path, name: str) -> Audio:
    with opened(source) as container, wave.open(str(target), "wb") as out:
        sink, damage = _open_sink(out), Damage()
        try:
            for rows in resampled(decoded(container, damage)):
                sink.write(rows[0])
        except (av.FFmpegError, ValueError):
            damage.parts += 1
        if not sink.meter.count and damage.parts:
            raise unreadable(source)
        issues = wav_issues(wav, name) if wav is not None else []
        issues += _damage_issues(container, damage, sink.meter.seconds, name)
        text = (wav.format if wav is not None else "") or _media_format(container)
        rate_hz = container.streams.audio[0].codec_context.sample_rate or 0
    return _audio(sink, _Form(rate_hz, text, is_allowed=False), issues, name)


def _audio(sink: _Sink, form: _Form, issues: list[Issue], name: str) -> Audio:
    sink.check()
    meter = sink.meter
    measures = meter.measures(form.rate_hz, form.text)
    issues = issues + doctor(measures, meter.seconds, name)
    if not form.is_allowed:
        message = f"was converted to 16 kHz, mono, 16-bit from {form.text}"
        issues.append(_issue("note", name, "audio.converted", message))
    return Audio(
        seconds=meter.seconds,
        peaks=meter.peaks(),
        measures=measures,
        was_converted=not form.is_allowed,
        issues=tuple(issues),
    )


def _damage_issues(
    container: Any, damage: Damage, seconds: float, name: str
) -> list[Issue]:
    if damage.parts:
        message = f"is damaged: {damage.parts:,} parts of it were left out, "
        message += f"{duration_text(seconds)} remain"
        return [_issue("warning", name, "audio.damaged", message, "export it again")]
    promised = (container.duration or 0) / 1_000_000
    is_short = seconds < 0.95 * promised - 0.5
    if container.format.name not in _EXACT or not is_short:
        return []
    message = f"is cut off: it promises {duration_text(promised)} and has "
    message += duration_text(seconds)
    advice = "copy or export it again if its end is missing"
    return [_issue("warning", name, "audio.truncated", message, advice)]


def _media_format(container: Any) -> str:
    """Such as "FLAC, 44.1 kHz, stereo" or "OGG, Opus, 48 kHz, mono"."""
    codec = container.streams.audio[0].codec_context
    box = container.format.name
    box = _CONTAINERS.get(box, box.split(",")[0].upper())
    coding = _CODECS.get(codec.name, codec.name)
    coding = "" if coding == box else coding
    return format_text(box, coding, codec.sample_rate, codec.channels)


def _too_long(length: str) -> AudioError:
    message = f"is {length} long; at most 2 hours are allowed"
    return AudioError(message, "audio.too_long", "split it into shorter files")


def _issue(level: Level, name: str, rule: str, message: str, advice: str = "") -> Issue:
    return Issue(level, name, None, rule, message, advice)
