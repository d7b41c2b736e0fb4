"""Any audio file, turned into what the recogniser hears: 16 kHz, mono, 16-bit WAV.

The documented format is a WAV of 16-bit PCM, mono, at 8 or 16 kHz and of at most
2 hours. A file at 16 kHz is kept sample for sample, one at 8 kHz is resampled
without a word, and everything else that FFmpeg decodes is converted and said so.
The conversion is the one of `faster_whisper.audio.decode_audio`, so recognising
the converted file gives what recognising the source would give.

All work is done in one pass and in constant memory, apart from 2 bytes of peak
for every 2 ms (7 MB for 2 hours).

Reference: https://ffmpeg.org/ffmpeg-formats.html (format_whitelist)
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
import numpy.typing as npt

from datasets.formats.base import (
    AudioError,
    Issue,
    Level,
    duration_text,
    looks_like,
    shown,
)
from datasets.formats.wav import Wav, format_text, read_header, wav_issues

__all__ = ["MEDIA", "Audio", "AudioError", "convert"]

SAMPLE_RATE_HZ = 16_000
MAX_SECONDS = 2 * 60 * 60
MIN_SECONDS = 0.1
SILENCE = 16  # largest sample of a silent file: 20 log10(16 / 32768) = -66 dBFS
PEAK_SAMPLES = 32  # samples behind one stored peak: 2 ms
MIN_BUCKETS = 1_000
BUCKETS_PER_SECOND = 10
CHUNK_BYTES = 512 * 1024

MEDIA = (
    *(".wav", ".wave", ".w64", ".aif", ".aiff", ".au", ".caf", ".flac"),
    *(".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".wma", ".amr"),
    *(".webm", ".mka", ".mkv", ".mov", ".3gp"),
)
# The only demuxers that FFmpeg may choose from: others, such as HLS playlists,
# open further files and addresses that their data names.
_DEMUXERS = "wav,w64,flac,mp3,ogg,mov,mp4,m4a,3gp,matroska,webm,aac,asf,amr,aiff,au,caf"
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

Samples = npt.NDArray[np.int16]


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
    source_format: str  # such as "WAV, 24-bit, 48 kHz, stereo"
    was_converted: bool  # False: it was a 16-bit PCM mono WAV of 8 or 16 kHz
    issues: tuple[Issue, ...] = ()


def convert(source: Path, target: Path, name: str = "") -> Audio:
    """Write `source` to `target` as a 16 kHz mono 16-bit WAV.

    `name` is what the user calls the file, for the issues. Raises AudioError, and
    leaves no `target`, when the file cannot be used.
    """
    name = shown(name or source.name)
    try:
        with source.open("rb") as file:
            wav = read_header(file)
            if wav is not None and wav.is_plain:
                return _convert_plain(file, wav, target, name)
        return _convert_any(source, wav, target, name)
    except AudioError:
        target.unlink(missing_ok=True)
        raise


@dataclass
class _Sink:
    """Takes 16 kHz mono samples; keeps the file, the length and the peaks."""

    out: wave.Wave_write
    count: int = 0
    blocks: list[npt.NDArray[np.uint16]] = field(default_factory=list)
    rest: Samples = field(default_factory=lambda: np.empty(0, np.int16))

    def write(self, samples: Samples) -> None:
        self.out.writeframesraw(samples.tobytes())
        self.count += len(samples)
        if self.count > MAX_SECONDS * SAMPLE_RATE_HZ:
            raise _too_long(f"more than {duration_text(MAX_SECONDS)}")
        joined = np.concatenate((self.rest, samples)) if len(self.rest) else samples
        full = len(joined) // PEAK_SAMPLES * PEAK_SAMPLES
        if full:
            self.blocks.append(_largest(joined[:full].reshape(-1, PEAK_SAMPLES)))
        self.rest = joined[full:].copy()

    @property
    def seconds(self) -> float:
        return self.count / SAMPLE_RATE_HZ

    def peaks(self) -> bytes:
        """The file's peaks. Raises AudioError when it is too short or silent."""
        if not self.count:
            raise AudioError("contains no sound: it has no samples", "audio.empty")
        if self.seconds < MIN_SECONDS:
            message = f"has only {self.seconds:.3f} s of sound"
            raise AudioError(message, "audio.too_short", "record at least 0.1 s")
        if len(self.rest):
            self.blocks.append(_largest(self.rest.reshape(1, -1)))
        fine = np.concatenate(self.blocks)
        if fine.max() <= SILENCE:
            message = "is silent: no sample is louder than -66 dBFS"
            advice = "check the microphone or the export, and record it again"
            raise AudioError(message, "audio.silent", advice)
        wanted = max(MIN_BUCKETS, int(self.seconds * BUCKETS_PER_SECOND))
        number = min(wanted, len(fine))
        edges = np.arange(number) * len(fine) // number
        shares = np.maximum.reduceat(fine, edges) / 32768
        scaled: npt.NDArray[np.uint8] = np.ceil(np.sqrt(shares) * 255).astype(np.uint8)
        return scaled.tobytes()


def _largest(rows: Samples) -> npt.NDArray[np.uint16]:
    """The largest magnitude in each row; -32768 has no positive int16."""
    high = rows.max(axis=1).astype(np.int32)
    low = rows.min(axis=1).astype(np.int32)
    largest: npt.NDArray[np.uint16] = np.maximum(high, -low).astype(np.uint16)
    return largest


def _convert_plain(file: BinaryIO, wav: Wav, target: Path, name: str) -> Audio:
    seconds = wav.seconds(wav.present)
    if seconds > MAX_SECONDS:
        raise _too_long(duration_text(seconds))
    with wave.open(str(target), "wb") as out:
        sink = _open_sink(out)
        chunks = _chunks(file, wav)
        if wav.rate_hz != SAMPLE_RATE_HZ or wav.channels != 1:
            chunks = _resampled(_frames(chunks, wav))
        for samples in chunks:
            sink.write(samples)
        issues = wav_issues(wav, name)
        return _audio(sink, wav.format, issues, name, is_allowed=wav.is_allowed)


def _open_sink(out: wave.Wave_write) -> _Sink:
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(SAMPLE_RATE_HZ)
    return _Sink(out)


def _chunks(file: BinaryIO, wav: Wav) -> Iterator[Samples]:
    file.seek(wav.start)
    left = wav.present // wav.block * wav.block
    while left > 0 and (data := file.read(min(left, CHUNK_BYTES))):
        left -= len(data)
        yield np.frombuffer(data[: len(data) // wav.block * wav.block], "<i2")


def _frames(chunks: Iterator[Samples], wav: Wav) -> Iterator[av.AudioFrame]:
    layout = "mono" if wav.channels == 1 else "stereo"
    for samples in chunks:
        row = samples.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(row, format="s16", layout=layout)
        frame.sample_rate = wav.rate_hz
        yield frame


def _resampled(frames: Iterator[av.AudioFrame]) -> Iterator[Samples]:
    """16 kHz mono. A stream may change its form on the way (chained OGG)."""
    resampler, form = None, None
    for frame in frames:
        frame.pts = None  # as faster-whisper does: no gaps are filled in
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or now != form:
            if resampler is not None:
                yield from (_row(f) for f in resampler.resample(None))
            resampler, form = _resampler(), now
        yield from (_row(f) for f in resampler.resample(frame))
    if resampler is not None:
        yield from (_row(f) for f in resampler.resample(None))


def _resampler() -> av.AudioResampler:
    return av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)


def _row(frame: av.AudioFrame) -> Samples:
    row: Samples = frame.to_ndarray()[0]
    return row


def _convert_any(source: Path, wav: Wav | None, target: Path, name: str) -> Audio:
    options = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "file"}
    try:
        container = av.open(
            str(source.absolute()),
            metadata_errors="ignore",
            container_options=options,
        )
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(source) from error
    with container, wave.open(str(target), "wb") as out:
        if not container.streams.audio:
            message = "has no audio track"
            raise AudioError(message, "audio.no_track", "upload a recording of speech")
        sink, damage = _open_sink(out), _Damage()
        try:
            for samples in _resampled(_decoded(container, damage)):
                sink.write(samples)
        except (av.FFmpegError, ValueError):
            damage.parts += 1
        if not sink.count and damage.parts:
            raise _unreadable(source)
        issues = wav_issues(wav, name) if wav is not None else []
        issues += _damage_issues(container, damage, sink.seconds, name)
        form = (wav.format if wav is not None else "") or _media_format(container)
        return _audio(sink, form, issues, name, is_allowed=False)


@dataclass
class _Damage:
    """How many parts of a file could not be decoded."""

    parts: int = 0


def _decoded(container: Any, damage: _Damage) -> Iterator[av.AudioFrame]:
    """All frames of the first audio track; damaged packets are left out."""
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            damage.parts += 1
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            damage.parts += 1
            continue
        yield from frames


def _audio(
    sink: _Sink, form: str, issues: list[Issue], name: str, *, is_allowed: bool
) -> Audio:
    peaks = sink.peaks()
    if not is_allowed:
        message = f"was converted to 16 kHz, mono, 16-bit from {form}"
        issues = [*issues, _issue("note", name, "audio.converted", message)]
    return Audio(sink.seconds, peaks, form, not is_allowed, tuple(issues))


def _damage_issues(
    container: Any, damage: _Damage, seconds: float, name: str
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


def _unreadable(source: Path) -> AudioError:
    with source.open("rb") as file:
        looks = looks_like(file.read(512))
    message = f"cannot be decoded as audio; it looks like {looks}"
    advice = "upload a WAV file (16-bit PCM, mono, 16 kHz)"
    return AudioError(message, "audio.unreadable", advice)


def _issue(level: Level, name: str, rule: str, message: str, advice: str = "") -> Issue:
    return Issue(level, name, None, rule, message, advice)
