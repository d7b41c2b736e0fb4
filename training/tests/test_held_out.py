from __future__ import annotations

from pathlib import Path

import pytest

from engines.base import Clip, Corpus, EngineError, Lesson, Recipe
from engines.fake import FakeEngine
from training.held_out import compare

TEXTS = {str(n): f"call number {n}" for n in range(20)}
LESSONS = [
    Lesson(Clip(key, Path("/nowhere")), text, 1.0) for key, text in TEXTS.items()
]


def run(engine: FakeEngine) -> dict[str, object]:
    engine.train("tiny", Corpus("en-US"), Recipe(), "custom:1", lambda progress: None)
    steps: list[tuple[int, int]] = []
    found = compare(
        engine,
        ("tiny", "custom:1"),
        LESSONS,
        "en-US",
        lambda done, total: steps.append((done, total)),
    )
    assert steps == [(n, 40) for n in range(1, 41)]
    return found


def test_a_better_model_is_said_to_be_better() -> None:
    found = run(FakeEngine(dict.fromkeys(TEXTS, "call"), custom_texts=TEXTS))
    assert (found["clips"], found["words"]) == (20, 70)
    assert found["base"] == {
        "words": 70,
        "insertions": 0,
        "deletions": 50,
        "substitutions": 0,
    }
    assert found["custom"] == {
        "words": 70,
        "insertions": 0,
        "deletions": 0,
        "substitutions": 0,
    }
    difference = found["difference"]
    assert isinstance(difference, dict)
    assert difference["low"] <= -50 / 70 <= difference["high"] < 0
    assert difference["verdict"] == "better"


@pytest.mark.parametrize(
    "texts, verdict", [(TEXTS, "unclear"), (dict.fromkeys(TEXTS, "call"), "worse")]
)
def test_a_model_that_is_not_better_is_said_to_be_so(
    texts: dict[str, str], verdict: str
) -> None:
    found = run(FakeEngine(TEXTS, custom_texts=texts))
    difference = found["difference"]
    assert isinstance(difference, dict) and difference["verdict"] == verdict


def test_what_cannot_be_read_counts_for_neither() -> None:
    assert run(FakeEngine(TEXTS, failing={"3", "4"}))["clips"] == 18
    assert run(FakeEngine(TEXTS, failing=set(TEXTS))) == {}


def test_without_held_out_clips_nothing_is_recognised() -> None:
    engine = FakeEngine(broken=EngineError("not to be asked"))
    assert compare(engine, ("a", "b"), [], "en-US", lambda done, total: None) == {}
