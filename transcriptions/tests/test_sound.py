from __future__ import annotations

import io
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from datasets.formats.base import AudioError
from engines.base import SAMPLE_RATE_HZ
from transcriptions.sound import convert, part, split


def tone(hertz: float, seconds: float, rate: int) -> np.ndarray:
    at = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * at)).astype("<i2")


def wav(*channels: np.ndarray, rate: int = 16_000) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.stack(channels, axis=1).tobytes())
    file.seek(0)
    return file


def encoded(form: str, codec: str, layout: str, rate: int) -> io.BytesIO:
    """Two seconds of 300 Hz and, on a second channel, 900 Hz."""
    file = io.BytesIO()
    count = 2 if layout == "stereo" else 1
    sound = np.stack([tone(h, 2, rate) for h in (300, 900)[:count]], axis=1)
    with av.open(file, "w", format=form) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(
            sound.reshape(1, -1), format="s16", layout=layout
        )
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        resampler = av.AudioResampler(
            stream.format.name, layout, rate, frame_size=stream.frame_size or None
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    file.seek(0)
    return file


def pitch(path: Path) -> int:
    """The loudest frequency of a mono WAV, in Hz."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(SAMPLE_RATE_HZ), "<i2")
    spectrum = np.abs(np.fft.rfft(samples))
    return int(spectrum.argmax()) * SAMPLE_RATE_HZ // len(samples)


@pytest.mark.parametrize(
    ("wanted", "found", "pitches"),
    [([0, 1], [0, 1], [300, 900]), ([0], [0], [300]), ([1], [1], [900])],
)
def test_channels_are_split_for_real(
    tmp_path: Path, wanted: list[int], found: list[int], pitches: list[int]
) -> None:
    source = wav(tone(300, 2, 44_100), tone(900, 2, 44_100), rate=44_100)
    sound = convert(source, tmp_path / "a.wav", wanted)
    assert sound.channels == found
    assert sound.seconds == pytest.approx(2, abs=0.01)
    assert [pitch(p) for p in split(tmp_path / "a.wav", tmp_path)] == pitches


def test_a_mono_recording_has_one_channel_whatever_is_wanted(tmp_path: Path) -> None:
    sound = convert(wav(tone(300, 1, 16_000)), tmp_path / "a.wav", [0, 1])
    assert sound.channels == [0]
    assert split(tmp_path / "a.wav", tmp_path) == [tmp_path / "a.wav"]


def test_a_channel_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no channel 1") as caught:
        convert(wav(tone(300, 1, 16_000)), tmp_path / "a.wav", [1])
    assert caught.value.rule == "InvalidChannels"


@pytest.mark.parametrize("content", [b"", b"no sound at all", b"RIFF1234WAVEfmt "])
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(AudioError):
        convert(io.BytesIO(content), tmp_path / "a.wav", [0, 1])


@pytest.mark.parametrize(
    ("form", "codec", "layout", "rate"),
    [
        ("mp3", "libmp3lame", "stereo", 44_100),
        ("ogg", "libopus", "stereo", 48_000),
        ("flac", "flac", "stereo", 48_000),
        ("asf", "wmav2", "stereo", 44_100),
        ("adts", "aac", "stereo", 44_100),
        ("wav", "pcm_alaw", "mono", 8_000),
        ("wav", "pcm_mulaw", "stereo", 8_000),
        ("webm", "libopus", "stereo", 48_000),
    ],
)
def test_all_listed_codecs_are_taken(
    tmp_path: Path, form: str, codec: str, layout: str, rate: int
) -> None:
    source = encoded(form, codec, layout, rate)
    sound = convert(source, tmp_path / "a.wav", [0, 1])
    assert sound.seconds == pytest.approx(2, abs=0.15)
    channels = 2 if layout == "stereo" else 1
    paths = split(tmp_path / "a.wav", tmp_path)
    assert [abs(pitch(p) - h) < 5 for p, h in zip(paths, (300, 900), strict=False)] == [
        True
    ] * channels


@pytest.mark.parametrize("codec", ["speex", "amrnb", "amrwb", "wmapro"])
def test_what_nothing_here_can_write_can_be_read(codec: str) -> None:
    assert not av.Codec(codec, "r").is_encoder


def test_amr_is_taken(tmp_path: Path) -> None:
    # 100 frames of 20 ms at 12.2 kbit/s; what they say does not matter.
    frames = (b"\x3c" + bytes(31)) * 100
    sound = convert(io.BytesIO(b"#!AMR\n" + frames), tmp_path / "a.wav", [0, 1])
    assert (sound.channels, round(sound.seconds, 1)) == ([0], 2.0)


def test_a_part_is_cut_at_its_times(tmp_path: Path) -> None:
    convert(wav(tone(300, 2, 16_000)), tmp_path / "a.wav", [0])
    assert len(part(tmp_path / "a.wav", 0.5, 1.5)) == 2 * SAMPLE_RATE_HZ
    assert part(tmp_path / "a.wav", 2.5, 3.0) == b""
