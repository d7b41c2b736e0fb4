"""Custom profanity: phrases that are masked or removed in the display text.

Masked is one `*` for each letter and digit, the first as well, and words stay
apart: `abc lmn` is `*** ***`. (One page of the reference keeps the first letter, one
writes six stars; this is what its own tests expect.) Phrases that overlap are all
masked. There is no built-in list: no list for English is kept up under a licence that
lets us ship it, and what is profane is for those who serve a model to say.

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/display-text-format
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal

from engines.display.phrases import Phrases
from engines.display.words import Word, capital, cores, fold, has_case

Mode = Literal["masked", "removed", "raw"]


class Profanity:
    """Masks or removes phrases."""

    def __init__(self, phrases: Sequence[str], locale: str) -> None:
        self._locale = locale
        self._phrases = Phrases(cores(phrase, locale) for phrase in phrases)

    def apply(self, words: Sequence[Word], mode: Mode) -> list[Word]:
        if mode == "raw":
            return list(words)
        bad: set[int] = set()
        for found in self._phrases.all([fold(word.core) for word in words]):
            bad.update(range(found.start, found.end))
        if mode == "removed":
            return self._without(words, bad)
        return [
            word._replace(core=mask(word.core)) if at in bad else word
            for at, word in enumerate(words)
        ]

    def _without(self, words: Sequence[Word], bad: set[int]) -> list[Word]:
        """The word before takes the punctuation; the word behind may become the
        first of the sentence."""
        result: list[Word] = []
        starts = False
        for at, word in enumerate(words):
            if at in bad:
                starts = starts or word.starts
                if result and not result[-1].tail:
                    result[-1] = result[-1]._replace(tail=word.tail)
                continue
            if starts and has_case(self._locale):
                word = word._replace(core=capital(word.core, self._locale), starts=True)
            starts = False
            result.append(word)
        return result


def mask(text: str) -> str:
    """
    >>> mask("abc lmn"), mask("don't")
    ('*** ***', "***'*")
    """
    kinds = [(c, unicodedata.category(c)[0]) for c in text]
    return "".join("*" if kind in "LN" else c for c, kind in kinds if kind != "M")
