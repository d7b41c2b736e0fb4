from __future__ import annotations

import io
import zipfile

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from datasets.formats.measure import Measures, Meter, Samples, doctor
from datasets.tests.audio_files import speech, tone
from speechstudio.tests.samples import ARCHIVES, CLIPS, sample


def _meter(samples: Samples, chunk: int = 1_000_000) -> Meter:
    meter = Meter()
    for start in range(0, len(samples), chunk):
        meter.add(samples[start : start + chunk])
    return meter


def _measures(samples: Samples, rate_hz: int = 16_000) -> Measures:
    return _meter(samples).measures(rate_hz, "WAV")


def _rules(samples: Samples, rate_hz: int = 16_000) -> list[str]:
    issues = doctor(_measures(samples, rate_hz), len(samples) / 16_000, "a.wav")
    assert all(i.level == "warning" and i.message and i.advice for i in issues)
    return [issue.rule.removeprefix("doctor.") for issue in issues]


def _resampled(samples: Samples, rate_hz: int, target_hz: int) -> Samples:
    row = samples.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(row, format="s16", layout="mono")
    frame.sample_rate = rate_hz
    resampler = av.AudioResampler(format="s16", layout="mono", rate=target_hz)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([f.to_ndarray()[0] for f in frames])


def test_it_works() -> None:
    measures = _measures(speech(2.0, lead=0.6, tail=0.8))
    assert measures.lead_seconds == pytest.approx(0.6, abs=0.03)
    assert measures.tail_seconds == pytest.approx(0.8, abs=0.03)
    assert measures.silence == pytest.approx(1.4 / 3.4, abs=0.03)
    assert measures.peak_dbfs == pytest.approx(-10.5, abs=0.1)  # of 0.3
    assert -35 < measures.level_dbfs < -15
    assert 30 < measures.snr_db < 60
    assert (measures.clipping, measures.bandwidth_hz) == (0, 8_000)
    assert (measures.source_rate_hz, measures.source_format) == (16_000, "WAV")


def test_levels_are_those_of_a_known_tone() -> None:
    time = np.arange(16_000) / 16_000
    sine = (np.sin(2 * np.pi * 440 * time) * 16384).astype("<i2")
    measures = _measures(sine)
    assert measures.level_dbfs == pytest.approx(-9.0, abs=0.1)  # -6 - 3
    assert measures.peak_dbfs == pytest.approx(-6.0, abs=0.1)
    assert (measures.silence, measures.snr_db) == (0, pytest.approx(0, abs=0.1))


@pytest.mark.parametrize("chunk", [1, 31, 321, 7_777])
def test_the_pieces_do_not_matter(chunk: int) -> None:
    samples = speech(0.5)[:9_999]
    whole, pieces = _meter(samples), _meter(samples, chunk)
    assert pieces.peaks() == whole.peaks()
    a, b = whole.measures(0, ""), pieces.measures(0, "")
    assert a.audio_hash == b.audio_hash
    assert a.level_dbfs == pytest.approx(b.level_dbfs, abs=0.1)
    assert (a.lead_seconds, a.silence) == (b.lead_seconds, b.silence)


def test_the_hash_tells_equal_audio() -> None:
    samples = speech()
    other = samples.copy()
    other[100] += 1
    assert _measures(samples).audio_hash == _measures(samples.copy()).audio_hash
    assert _measures(samples).audio_hash != _measures(other).audio_hash
    assert -(2**63) <= _measures(samples).audio_hash < 2**63


LOUD = speech(3.0, loudness=0.999)


@pytest.mark.parametrize(
    ("samples", "rules"),
    [
        (speech(3.0), []),
        (LOUD, []),
        (tone(3.0), []),
        (speech(3.0, noise=0.02), []),
        (np.clip(LOUD * 2.0, -32768, 32767).astype("<i2"), ["clipping"]),
        ((np.clip(LOUD * 2.0, -32768, 32767) / 3).astype("<i2"), ["clipping"]),
        (speech(1.0, lead=8.0), ["mostly_silence"]),
        (speech(1.0, lead=1.0, tail=1.0), []),
        (speech(3.0, loudness=0.01, noise=0.00005), ["low_level"]),
        (speech(3.0)[9_600:], ["cut_off"]),
        (speech(3.0)[:-11_000], ["cut_off"]),
        (np.append(speech(3.0), np.full(40, 32767)).astype("<i2"), []),  # a click
    ],
)
def test_the_doctor_warns_where_it_should(samples: Samples, rules: list[str]) -> None:
    assert _rules(samples) == rules


def test_telephone_sound_in_a_wide_file_is_told() -> None:
    narrow = _resampled(speech(3.0), 16_000, 8_000)
    stored_wide = _resampled(narrow, 8_000, 16_000)
    assert _rules(stored_wide, 16_000) == _rules(stored_wide, 44_100) == ["bandwidth"]
    assert _rules(stored_wide, 8_000) == []  # it does not claim to be more
    assert 3_700 < _measures(stored_wide).bandwidth_hz < 4_700


def _decoded(data: bytes) -> Samples:
    with av.open(io.BytesIO(data)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        frames = [f for g in container.decode(audio=0) for f in resampler.resample(g)]
        frames += resampler.resample(None)
        return np.concatenate([f.to_ndarray()[0] for f in frames])


@pytest.mark.parametrize("name", ["", *(name for name, _, _ in ARCHIVES)])
def test_clean_speech_gets_no_warning(name: str) -> None:
    with zipfile.ZipFile(sample(name) if name else CLIPS) as archive:
        for member in archive.namelist():
            if not member.endswith(".txt"):
                rate_hz = 8_000 if name.startswith("digits") else 16_000
                assert _rules(_decoded(archive.read(member)), rate_hz) == [], member


@given(
    arrays.arrays(
        np.int16, st.integers(320, 3_000), elements=st.integers(-32768, 32767)
    )
)
def test_no_samples_break_it(samples: Samples) -> None:
    meter = _meter(samples, 500)
    measures = meter.measures(16_000, "")
    assert 0 <= measures.clipping <= 1 and 0 <= measures.silence < 1
    assert -120 <= measures.level_dbfs <= 0.1 and measures.bandwidth_hz <= 8_000
    assert measures.snr_db >= 0
    assert max(meter.peaks()) <= 255
    doctor(measures, meter.seconds, "a.wav")
