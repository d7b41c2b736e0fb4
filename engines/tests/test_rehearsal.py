"""What the machine speaks between the lessons."""

from __future__ import annotations

from pathlib import Path

from engines.voices import has_voice
from engines.whisper import rehearsal


def test_what_can_be_spoken_is_and_the_rest_is_left_out(tmp_path: Path) -> None:
    spoken = rehearsal.speak("en-US", ["two five nine", "…"], tmp_path)
    [(path, text, seconds)] = spoken
    assert text == "two five nine"
    assert 1 < seconds < 6
    assert path.is_file()


def test_a_recording_that_is_there_is_kept(tmp_path: Path) -> None:
    [(path, _, _)] = rehearsal.speak("en-US", ["two five"], tmp_path)
    before = path.stat().st_mtime_ns
    rehearsal.speak("en-US", ["two five", "nine"], tmp_path)
    assert path.stat().st_mtime_ns == before
    assert len(list(tmp_path.glob("*.wav"))) == 2


def test_sentences_are_drawn_by_chance_from_any_number() -> None:
    sentences = [str(n) for n in range(1000)] + ["x" * 500]
    one = rehearsal.drawn(iter(sentences), 20, seed=1)
    assert len(set(one)) == 20
    assert one == rehearsal.drawn(iter(sentences), 20, seed=1)
    assert one != rehearsal.drawn(iter(sentences), 20, seed=2)
    # From the whole of them, not from their beginning.
    assert max(map(int, one)) > 500


def test_fewer_sentences_than_wanted_are_all_drawn_but_none_twice() -> None:
    assert rehearsal.drawn(["a", "b", "a"], 20, seed=1) == ["a", "b"]
    assert rehearsal.drawn([], 20, seed=1) == []


def test_there_are_general_sentences_where_there_is_a_voice() -> None:
    assert has_voice("en-GB") and not has_voice("de-DE")
    assert len(rehearsal.general("en-US")) > 50
