"""Base and custom model on the clips that were held out of a training.

Both recognise as they will when they serve, so the figures are those of the very
model that was made. Errors are counted as in every test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from engines.base import Decoding, Lesson, LocalEngine
from scoring.errors import ErrorCounts, counts_many
from scoring.significance import difference_interval

_NAMES = ("words", "insertions", "deletions", "substitutions")


def compare(
    engine: LocalEngine,
    models: tuple[str, str],
    lessons: Sequence[Lesson],
    locale: str,
    say: Callable[[int, int], None],
) -> dict[str, Any]:
    """What `SpeechModel.held_out` keeps of base and custom model, `models`.

    Empty without lessons or words. A clip that one of them cannot read counts for
    neither. `say(done, total)` counts clips; what it raises ends the work. Raises
    `EngineError`.
    """
    numbers = count(1)
    total = 2 * len(lessons)
    heard = []
    for model in models:
        texts: dict[str, str | None] = {}
        for key, text in _texts(engine, model, lessons, locale):
            texts[key] = text
            say(next(numbers), total)
        heard.append(texts)
    both = [
        one for one in lessons if all(t.get(one.clip.key) is not None for t in heard)
    ]
    base, custom = (
        counts_many(((one.text, t[one.clip.key] or "") for one in both), locale)
        for t in heard
    )
    return _figures(base, custom, _groups(both))


def _figures(
    base: Sequence[ErrorCounts], custom: Sequence[ErrorCounts], groups: Sequence[str]
) -> dict[str, Any]:
    interval = difference_interval(base, custom, groups)
    if interval is None:
        return {}
    return {
        "clips": len(base),
        "words": sum(c.words for c in base),
        "base": _sum(base),
        "custom": _sum(custom),
        "difference": {
            "low": interval.low,
            "high": interval.high,
            "verdict": interval.verdict,
        },
    }


def _texts(
    engine: LocalEngine, model: str, lessons: Sequence[Lesson], locale: str
) -> Iterator[tuple[str, str | None]]:
    if not lessons:
        return
    clips = [lesson.clip for lesson in lessons]
    for transcript in engine.transcribe(model, clips, Decoding(locale=locale)):
        yield transcript.key, None if transcript.error else transcript.text


def _groups(lessons: Sequence[Lesson]) -> list[str]:
    """Their speakers; none where some are not known."""
    groups = [lesson.group for lesson in lessons]
    return groups if all(groups) else []


def _sum(counts: Sequence[ErrorCounts]) -> dict[str, int]:
    total = sum(counts, ErrorCounts())
    return {name: getattr(total, name) for name in _NAMES}
