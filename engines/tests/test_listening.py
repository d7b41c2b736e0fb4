"""Whether transcripts belong to their clips, of a network that only knows some."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.base import EngineError

pytest.importorskip("torch")
pytest.importorskip("transformers")

from engines.whisper import listening
from engines.whisper.lessons import Example


def examples(texts: list[str]) -> list[Example]:
    return [Example(Path(str(n)), text, [1], 1.0) for n, text in enumerate(texts)]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was compared: the clip's own text and the other. Own texts are likelier,
    but for those that say "wrong"."""
    asked: list[tuple[str, str]] = []

    def is_likelier(net: object, reader: object, own: Example, other: Example) -> bool:
        asked.append((own.text, other.text))
        return "wrong" not in own.text

    monkeypatch.setattr(listening, "_is_likelier", is_likelier)
    return asked


class Net:
    def train(self, mode: bool) -> None:
        pass


def check(texts: list[str]) -> None:
    listening.check_transcripts(Net(), None, examples(texts), seed=1)  # type: ignore[arg-type]


def test_a_text_that_is_said_often_is_compared_with_another(
    known: list[tuple[str, str]],
) -> None:
    check(["yes"] * 12 + [f"answer {n}" for n in range(12)])
    assert len(known) == 24
    assert all(own != other for own, other in known)


def test_transcripts_of_other_clips_are_refused(known: list[tuple[str, str]]) -> None:
    check([f"wrong {n}" for n in range(7)] + [f"right {n}" for n in range(17)])
    with pytest.raises(EngineError, match="do not seem to belong") as caught:
        check([f"wrong {n}" for n in range(8)] + [f"right {n}" for n in range(16)])
    assert caught.value.code == "TranscriptsDoNotMatch"


def test_of_few_clips_or_equal_ones_nothing_is_said(
    known: list[tuple[str, str]],
) -> None:
    check([f"wrong {n}" for n in range(5)])
    check(["wrong"] * 20)
    assert not known
