"""Phrases that are expected: names and terms that Whisper would write otherwise.

What was heard plainly says which phrases may have been said: those that sound like
some of its words (`alike.py`). With these before the window as text, it is heard once
more. Where a phrase comes out there, and sounds like the words that stood in its
place, it takes that place, and nothing else changes: speech without phrases is
recognised as ever, and mostly not even heard twice. The weight says how little alike is
enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from engines.display.phrases import Phrases
from engines.display.words import (
    Word,
    capital,
    fold,
    has_case,
    join,
    split,
    with_sentences,
)
from engines.whisper import alike
from engines.whisper.decoder import Decoder, Hypothesis
from engines.whisper.encoder import Memory

# How alike words must be at no weight at all, and how much less for each 1 of it.
# Of terms that were said, Whisper's own spelling is at 0.8 or more in 29 of 30 cases.
_ALIKE = 0.95
_BY_WEIGHT = 0.2
# Of a phrase's neighbouring sounds, this share in the text or it is not looked for.
_SHARED = 0.25
_LOOKED_FOR = 60
# That are told before a window: more make it slower, and worse.
_TOLD = 20

_Opcodes = Sequence[tuple[str, int, int, int, int]]


class PhraseList:
    """The phrases of a request: made once, used for any number of windows."""

    def __init__(self, phrases: Iterable[str], weight: float, locale: str) -> None:
        named = {text: split(text, locale) for text in map(_plain, phrases)}
        self._texts = [text for text, words in named.items() if words]
        words = [[word.core for word in named[text]] for text in self._texts]
        self._phrases = Phrases([list(map(fold, one)) for one in words])
        self._sounds = [alike.sounds(one) for one in words]
        self._bigrams = [alike.bigrams(one) for one in self._sounds]
        self._locale = locale
        self._least = _ALIKE - _BY_WEIGHT * weight

    def near(self, text: str) -> list[str]:
        """The phrases that may be meant by words of this text, the likest last; those
        that are there already need no help."""
        words = [word.core for word in split(text, self._locale)]
        there = {found.number for found in self._phrases.all(list(map(fold, words)))}
        sounds = alike.sounds(words)
        found = []
        for number in self._candidates(alike.bigrams(sounds)):
            best = next(alike.find(self._sounds[number], sounds, self._least), None)
            if best and not (number in there and best.likeness == 1):
                found.append((best.likeness, -number))
        return [self._texts[-number] for _, number in sorted(found)[-_TOLD:]]

    def corrected(self, text: str, told: Iterable[str]) -> str:
        """The text with those phrases in it that came out when they were told, in any
        of these texts, the best first. The very same text when there are none."""
        words = split(text, self._locale)
        for other in told:
            heard = [fold(word.core) for word in words]
            said = [fold(word.core) for word in split(other, self._locale)]
            matcher = SequenceMatcher(None, heard, said, autojunk=False)
            codes = matcher.get_opcodes()
            for start, end, number in reversed(list(self._edits(heard, said, codes))):
                words[start:end] = [self._written(words, start, end, number)]
            # Words of a phrase are one until they are looked at again.
            words = split(join(words), self._locale)
        changed = join(words)
        return text if changed == join(split(text, self._locale)) else changed

    def _candidates(self, bigrams: set[str]) -> list[int]:
        shares = [len(own & bigrams) / len(own) for own in self._bigrams]
        order = sorted(range(len(shares)), key=lambda number: -shares[number])
        return [n for n in order[:_LOOKED_FOR] if shares[n] >= _SHARED]

    def _edits(
        self, heard: Sequence[str], said: Sequence[str], codes: _Opcodes
    ) -> Iterator[tuple[int, int, int]]:
        """Words that were heard in the place of a phrase, and its number."""
        behind = 0
        for found in self._phrases.longest(said):
            first, last = _place(codes, found.start, found.end)
            first = max(first, behind)
            if list(heard[first:last]) == list(said[found.start : found.end]):
                continue
            row = alike.sounds(heard[first:last])
            best = next(alike.find(self._sounds[found.number], row, self._least), None)
            if best:
                behind = first + best.end
                yield first + best.start, behind, found.number

    def _written(
        self, words: Sequence[Word], start: int, end: int, number: int
    ) -> Word:
        text = self._texts[number]
        starts = with_sentences(words)[start].starts
        if starts and has_case(self._locale) and words[start].core[:1].isupper():
            text = capital(text, self._locale)
        return words[start]._replace(core=text, tail=words[end - 1].tail)


def decode(
    decoder: Decoder,
    memory: Memory,
    limits: Sequence[int],
    best: Sequence[Hypothesis],
    phrases: PhraseList,
) -> list[Hypothesis]:
    """The best text of each window, with the phrases that were said in it."""
    result = list(best)
    for at, plain in enumerate(best):
        near = phrases.near(plain.text)
        if not near:
            continue
        before = f"{', '.join(near)}."
        one = memory[at : at + 1]
        (several,) = decoder.decode(one, limits[at], before, decoder.beam_size)
        text = phrases.corrected(plain.text, [told.text for told in several])
        if text != plain.text:
            result[at] = replace(plain, text=text, tokens=decoder.tokens(text))
    return result


def _plain(phrase: str) -> str:
    return " ".join(phrase.split())


def _place(codes: _Opcodes, start: int, end: int) -> tuple[int, int]:
    """Where in the text stands what these words of the other stand for."""
    places: list[int] = []
    for tag, one, two, three, four in codes:
        if three >= end or four <= start:
            continue
        if tag == "equal":
            places += [one + max(0, start - three), one + min(end, four) - three]
        else:
            places += [one, two]
    return min(places), max(places)
