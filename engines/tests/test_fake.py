from __future__ import annotations

import wave
from pathlib import Path
from threading import Event, Thread

import pytest

from engines.base import Clip, Corpus, Decoding, EngineError, Recipe, Word
from engines.display.rules import Rules
from engines.fake import FakeEngine

ENGLISH = Decoding("en-US")


def test_it_works(tmp_path: Path) -> None:
    clip = Clip("a", _silence(tmp_path / "a.wav", seconds=2))
    (transcript,) = FakeEngine({"a": "hello  world"}).transcribe("m", [clip], ENGLISH)
    assert transcript.text == "hello world"
    assert transcript.words == (
        Word(" hello", 0.0, 1.0, 0.9),
        Word(" world", 1.0, 2.0, 0.9),
    )
    assert "".join(word.text for word in transcript.words).strip() == transcript.text


def test_it_says_nothing_where_it_was_told_nothing(tmp_path: Path) -> None:
    clip = Clip("b", tmp_path / "missing.wav")
    (transcript,) = FakeEngine().transcribe("m", [clip], ENGLISH)
    assert (transcript.text, transcript.words, transcript.error) == ("", (), None)


def test_a_clip_fails_and_the_others_go_on(tmp_path: Path) -> None:
    clips = [Clip(key, tmp_path / key) for key in "abc"]
    engine = FakeEngine({"a": "one", "c": "three"}, failing={"b"})
    first, second, third = engine.transcribe("m", clips, ENGLISH)
    assert (first.text, third.text) == ("one", "three")
    assert second.error is not None
    assert second.error.code == "BadAudio"
    assert engine.calls == [["a", "b", "c"]]


def test_it_breaks_altogether() -> None:
    engine = FakeEngine(broken=EngineError("Out of order.", "Broken"))
    with pytest.raises(EngineError, match="Out of order"):
        engine.transcribe("m", [], ENGLISH)
    with pytest.raises(EngineError, match="Out of order"):
        engine.fetch("m", lambda done, total: None)


def test_it_waits_at_the_gate(tmp_path: Path) -> None:
    gate = Event()
    engine = FakeEngine({"a": "late"}, gate=gate)
    heard: list[str] = []

    def listen() -> None:
        clips = [Clip("a", tmp_path / "a.wav")]
        heard.extend(each.text for each in engine.transcribe("m", clips, ENGLISH))

    thread = Thread(target=listen, daemon=True)
    thread.start()
    thread.join(timeout=0.1)
    assert thread.is_alive()
    gate.set()
    thread.join(timeout=10)
    assert heard == ["late"]


def test_fetching_counts_bytes() -> None:
    engine = FakeEngine()
    reports: list[tuple[int, int]] = []
    engine.fetch("m", lambda done, total: reports.append((done, total)))
    assert reports == [(50_000_000, 100_000_000), (100_000_000, 100_000_000)]
    assert engine.fetched == ["m"]


def _silence(path: Path, seconds: float) -> Path:
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(16_000)
        audio.writeframes(bytes(int(seconds * 16_000) * 2))
    return path


def test_a_word_has_a_piece_for_every_four_letters() -> None:
    assert FakeEngine().pieces("m", ["one", "four", "seven"]) == [1, 1, 2]
    with pytest.raises(EngineError, match="gone"):
        FakeEngine(broken=EngineError("gone")).pieces("m", ["one"])


def test_it_hears_sound_in_memory() -> None:
    engine = FakeEngine({"": "hello world", "b": "goodbye"})
    clips = [Clip(key, pcm=bytes(4 * 16_000)) for key in "ab"]
    one, other = engine.transcribe("m", clips, ENGLISH)
    assert (one.text, other.text) == ("hello world", "goodbye")
    assert [word.end for word in one.words] == [1.0, 2.0]
    draft = Decoding("en-US", is_draft=True)
    assert [each.words for each in engine.transcribe("m", clips, draft)] == [(), ()]
    assert engine.decodings == [ENGLISH, draft]
    assert engine.speech_of(bytes(1024) + b"\1" * 1024) == b"\x00\xff"


def test_it_translates_what_it_was_told_to() -> None:
    options = Decoding("de-DE", to_english=True)
    engine = FakeEngine({"": "Guten Tag"}, english={"": "Good day"})
    clips = [Clip("a", pcm=bytes(32_000))]
    (said,) = engine.transcribe("fake", clips, options)
    assert (said.text, engine.translates("fake")) == ("Good day", True)
    engine.train("fake", Corpus("de-DE"), Recipe(), "custom:1", lambda progress: None)
    for one, reference in ((engine, "custom:1"), (FakeEngine(), "fake")):
        with pytest.raises(EngineError) as caught:
            one.transcribe(reference, clips, options)
        assert caught.value.code == "NotAllowed"


def test_it_knows_the_rules_that_it_was_trained_with() -> None:
    engine = FakeEngine()
    rules = Rules(patterns=("cat-\\d",))
    corpus = Corpus("en-US", rules=rules)
    engine.train("fake", corpus, Recipe(), "custom:1", lambda progress: None)
    engine.load("custom:1")
    assert engine.loaded == ["custom:1"]
    assert (engine.rules("custom:1"), engine.rules("fake")) == (rules, Rules())
