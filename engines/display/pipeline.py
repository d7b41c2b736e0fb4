"""Lexical text becomes display text, with the rules of a dataset.

Default ITN, custom ITN, capitals, rewrite, profanity: in this order, so that each
reads what the one before has written. Capitals are set where a sentence begins, in
languages that have them; in English `I` has one as well. Punctuation is left as the
engine gives it.

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/display-text-format
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from engines.display.itn import Itn
from engines.display.patterns import parse
from engines.display.profanity import Mode, Profanity
from engines.display.rewrite import Rewrite
from engines.display.rules import Rules
from engines.display.words import (
    Word,
    capital,
    has_case,
    join,
    resplit,
    split,
    with_sentences,
)
from scoring.locale import language_of

_I = {"i", "i'm", "i'll", "i've", "i'd"}


class Display:
    """Formats texts. Made once for a dataset and locale (it takes milliseconds),
    then used for any number of texts; a text takes time in proportion to its length.

    Raises PatternError when a pattern of the rules cannot be used.

    >>> display = Display(Rules(patterns=(r"cat-\\d",)), "en-US")
    >>> display.format("do you like cat nine")
    'Do you like cat-9'
    """

    def __init__(self, rules: Rules, locale: str) -> None:
        self._locale = locale
        self._itn = Itn([parse(pattern) for pattern in rules.patterns], locale)
        self._rewrite = Rewrite(rules.rewrites, locale)
        self._profanity = Profanity(rules.profanities, locale)

    def format(self, lexical: str, profanity: Mode = "masked") -> str:
        """The display text of what was recognised."""
        words = split(unicodedata.normalize("NFC", lexical), self._locale)
        if not words:
            return " ".join(lexical.split())
        words = with_sentences(self._itn.apply(words))
        words = resplit(self._with_capitals(words), self._locale)
        words = resplit(self._rewrite.apply(words), self._locale)
        return join(self._profanity.apply(words, profanity))

    def _with_capitals(self, words: Iterable[Word]) -> list[Word]:
        if not has_case(self._locale):
            return list(words)
        is_english = language_of(self._locale) == "en"
        return [
            word._replace(core=capital(word.core, self._locale))
            if word.starts or (is_english and word.core.replace("’", "'") in _I)  # noqa: RUF001
            else word
            for word in words
        ]
