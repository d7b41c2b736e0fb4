"""Custom rewrite: phrases that are replaced as a whole.

The original is found without regard to case and punctuation, the replacement is
written as it is. Where a sentence begins it gets a capital, unless its first word
has one elsewhere (`iPhone`). The punctuation before and behind the phrase stays; a
mark that the replacement ends with itself is not doubled.

The text has numbers in digits by then, so an original with numbers in words
(`surf two soul`) is looked for in digits as well.

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/display-text-format
"""

from __future__ import annotations

from collections.abc import Sequence

from engines.display.itn import Itn
from engines.display.phrases import Phrases
from engines.display.words import (
    Word,
    capital,
    cores,
    fold,
    has_case,
    join,
    split,
)


class Rewrite:
    """Replaces phrases; `rules` are originals with their replacements, of equal
    originals the first counts."""

    def __init__(self, rules: Sequence[tuple[str, str]], locale: str) -> None:
        self._locale = locale
        self._replacements = [replacement for _, replacement in rules] * 2
        itn = Itn([], locale)
        spoken = [cores(original, locale) for original, _ in rules]
        written = [
            cores(join(itn.apply(split(original, locale))), locale)
            for original, _ in rules
        ]
        self._phrases = Phrases(spoken + written)

    def apply(self, words: Sequence[Word]) -> list[Word]:
        """Replaced phrases become one word with spaces in it."""
        result: list[Word] = []
        at = 0
        for found in self._phrases.longest([fold(word.core) for word in words]):
            result += words[at : found.start]
            text = self._replacements[found.number]
            result.append(self._replaced(words[found.start : found.end], text))
            at = found.end
        return result + list(words[at:])

    def _replaced(self, words: Sequence[Word], text: str) -> Word:
        first, last = words[0], words[-1]
        if first.starts and has_case(self._locale):
            text = capital(text, self._locale)
        is_doubled = last.tail[:1] == text[-1:]
        tail = last.tail[1:] if is_doubled else last.tail
        lead = "" if first.lead[-1:] == text[:1] else first.lead
        return first._replace(lead=lead, core=text, tail=tail)
