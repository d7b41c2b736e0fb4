from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from datasets.formats import audio, sound
from datasets.formats.base import AudioError
from datasets.formats.measure import Samples

RATE_HZ = 16_000


def tone(seconds: float = 0.5, rate_hz: int = RATE_HZ, pitch_hz: int = 440) -> Samples:
    moments = np.arange(round(seconds * rate_hz)) / rate_hz
    return (8_000 * np.sin(2 * np.pi * pitch_hz * moments)).astype("<i2")


def wav(samples: Samples, rate_hz: int = RATE_HZ, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def coded(rows: Samples, box: str, codec: str) -> bytes:
    """Channels interleaved in one row, at 48 kHz."""
    file = io.BytesIO()
    with av.open(file, "w", format=box) as out:
        stream = out.add_stream(codec, rate=48_000, layout="stereo")
        row = rows.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(row, format="s16", layout="stereo")
        frame.sample_rate = 48_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def stereo(rate_hz: int) -> Samples:
    """440 Hz on the left, nothing on the right."""
    left = tone(rate_hz=rate_hz)
    return np.stack([left, np.zeros_like(left)], axis=1).reshape(-1)


def all_of(data: bytes) -> Samples:
    return np.concatenate(list(sound.samples(io.BytesIO(data))))


def test_plain_wav_is_read_sample_for_sample() -> None:
    assert np.array_equal(all_of(wav(tone())), tone())


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_streamed_wav_is_read_to_its_end(size: int) -> None:
    data, written = wav(tone()), struct.pack("<I", size)
    streamed = data[:4] + written + data[8:40] + written + data[44:]
    assert np.array_equal(all_of(streamed), tone())


@pytest.mark.parametrize(
    "data",
    [
        wav(stereo(RATE_HZ), channels=2),
        wav(stereo(44_100), 44_100, channels=2),
        coded(stereo(48_000), "flac", "flac"),
        coded(stereo(48_000), "ogg", "libopus"),
    ],
)
def test_channels_together_and_apart(data: bytes) -> None:
    merged = all_of(data)
    rows = np.concatenate(list(sound.channels(io.BytesIO(data))), axis=1)
    assert len(rows) == 2
    assert rows.shape[1] == len(merged) == pytest.approx(8_000, abs=200)
    left, right = np.abs(rows).max(axis=1)
    assert left > 7_000
    assert right < 500


def test_it_is_what_an_import_makes_of_it(tmp_path: Path) -> None:
    data, target = wav(tone(rate_hz=44_100), 44_100), tmp_path / "a.wav"
    audio.convert(io.BytesIO(data), target, "a.wav")
    with wave.open(str(target)) as file:
        kept = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert np.array_equal(all_of(data), kept)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello, this is text", bytes(range(256)) * 50, wav(tone())[:30], b"OggS"],
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(AudioError):
        all_of(data)


def test_playlist_that_names_other_files_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "secret.wav"
    other.write_bytes(wav(tone()))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n"
    with pytest.raises(AudioError):
        all_of(playlist.encode())
    with pytest.raises(AudioError):
        all_of(f"ffconcat version 1.0\nfile {other}\n".encode())


def test_cut_off_file_gives_what_is_there() -> None:
    data = coded(stereo(48_000), "flac", "flac")
    assert 0 < len(all_of(data[: len(data) * 2 // 3])) < 8_000
