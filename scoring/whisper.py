"""The English normaliser of Whisper, with which most published figures are made.

The rules are those of the package `whisper_normalizer`, whose version is pinned. Its
quirks are meant to stay (`John's` becomes `john is`, `10:00` becomes `10 0`): figures
can be compared only if everybody has them. It is made several times faster by leaving
out rules that cannot match, which changes no result.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import version

from whisper_normalizer.basic import (  # type: ignore[import-untyped]
    BasicTextNormalizer,
)
from whisper_normalizer.english import (  # type: ignore[import-untyped]
    EnglishTextNormalizer,
)

VERSION = version("whisper_normalizer")
_BOUNDARY = r"\b"


class _Contractions(dict[str, object]):
    """All replacements as one, which tries only those whose words are in the text."""

    def __init__(self, replacers: dict[str, str]) -> None:
        super().__init__({r"(?s).+": self._replaced})
        self._rules = [
            (pattern.replace(_BOUNDARY, ""), re.compile(pattern), replacement)
            for pattern, replacement in replacers.items()
        ]

    def _replaced(self, match: re.Match[str]) -> str:
        text = match[0]
        for literal, pattern, replacement in self._rules:
            if literal in text:
                text = pattern.sub(replacement, text)
        return text


class _Numbers:
    """The rules for numbers, where there may be one."""

    def __init__(self, numbers: object, words: set[str]) -> None:
        self._numbers = numbers
        # Alone, `and` is no part of a number; `half` is one behind `and a`.
        self._words = (words - {"and"}) | {"half"}

    def __call__(self, text: str) -> str:
        words = text.split()
        has_digit = not text.isascii() or _DIGIT.search(text)
        if not has_digit and self._words.isdisjoint(words):
            return " ".join(words)
        return str(self._numbers(text))  # type: ignore[operator]


_DIGIT = re.compile("[0-9]")


def _normalizer() -> EnglishTextNormalizer:
    normalizer = EnglishTextNormalizer()
    numbers = normalizer.standardize_numbers
    normalizer.replacers = _Contractions(normalizer.replacers)
    normalizer.standardize_numbers = _Numbers(numbers, numbers.words)
    return normalizer


_NORMALIZER = _normalizer()
_PLAIN = BasicTextNormalizer()


@lru_cache(maxsize=1024)
def normalized(text: str) -> str:
    """The text as Whisper's English normaliser has it, words apart by one space.

    >>> normalized("Okay, I can't: it's twenty-five pounds!")
    'okay i can not it is £25'
    """
    try:
        return " ".join(_NORMALIZER(_without_loose_ends(text)).split())
    except AssertionError:  # a number of more digits than it can count with
        return " ".join(_PLAIN(text).split())


def _without_loose_ends(text: str) -> str:
    """Brackets that nothing closes become another sign: looking for an end is slow."""
    for opening, closing in (("[<", "]>"), ("(", ")")):
        end = max(text.rfind(sign) for sign in closing) + 1
        if any(sign in text[end:] for sign in opening):
            text = text[:end] + text[end:].translate(
                dict.fromkeys(map(ord, opening), "|")
            )
    return text
