"""Which words of a text are outside the vocabulary of the project's base model.

Whisper has no list of words: it writes any word with pieces of one to some letters.
Frequent words are one piece, inflected and less frequent ones two ("bedtime",
"restarted"), names and terms more ("meto-pro-lol"). In English a word counts as
outside from three pieces on; in other languages, of which the models know fewer
pieces, from four. Measured on the sample sentences, three gives the drugs and
diagnoses and few everyday words, two gives a third more of everyday words; in a
German text the compounds of everyday words have three. A word with capitals inside
(COPD, eGFR) is outside from two on, because it is spelled, not said as a word.
"""

from __future__ import annotations

from collections.abc import Sequence

from datasets.statistics import Vocabulary
from engines.base import EngineError, LocalEngine
from engines.registry import get_engine
from projects.locales import language_name
from projects.models import Project
from scoring.locale import language_of

_PIECES = {"en": 3}
_PIECES_ELSEWHERE = 4
_SPELLED_PIECES = 2
_MIN_LETTERS = 2


def of_project(project: Project) -> Vocabulary:
    """That of the first base model that speaks the locale and is on this disk."""
    try:
        engine = get_engine(project.engine_here)
        models = [m for m in engine.base_models() if m.speaks(project.locale)]
    except EngineError as e:
        return Vocabulary(missing=str(e))
    name = language_name(project.locale).split(" (")[0]
    if not models:
        return Vocabulary(missing=f"No base model of this installation speaks {name}.")
    model = next((model for model in models if model.is_on_disk), None)
    if model is None:
        return Vocabulary(
            missing=f"The base model {models[0].name} is not on this disk yet."
        )
    reference = model.reference
    return Vocabulary(
        model=model.name,
        outside=lambda words: outside(engine, reference, project.locale, words),
    )


def outside(
    engine: LocalEngine, reference: str, locale: str, words: Sequence[str]
) -> list[bool]:
    """For each word whether it is outside; numbers and single letters are not.

    Raises `EngineError` when the model is not on this disk.
    """
    most = _PIECES.get(language_of(locale), _PIECES_ELSEWHERE)
    # A word counts by the better of both its forms: many are names as well.
    both = [form for word in words for form in (word, word[:1].upper() + word[1:])]
    pieces = engine.pieces(reference, both)
    counts = map(min, pieces[::2], pieces[1::2])
    return [
        _is_word(word) and count >= (_SPELLED_PIECES if _is_spelled(word) else most)
        for word, count in zip(words, counts, strict=True)
    ]


def _is_word(word: str) -> bool:
    return sum(map(str.isalpha, word)) >= _MIN_LETTERS


def _is_spelled(word: str) -> bool:
    return word[1:] != word[1:].lower()
