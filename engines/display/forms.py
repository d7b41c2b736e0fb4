"""The forms in which recognised speech is given: lexical, ITN, masked ITN, display.

An engine writes what is read: `It costs $20.`, or `it costs twenty dollars` where it
was taught to. The lexical form is what was spoken, in small letters and without
punctuation; of English also with numbers in words, of other languages as the engine
wrote them. The ITN form has numbers in digits and what the model's own patterns write;
the masked one has stars for profanity. The display form is what the engine wrote, by
the rules of the model if it has some; each phrase begins with a capital letter, as in
the reference product, where the language has them.

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/display-text-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engines.base import Word
from engines.display.itn import Itn
from engines.display.patterns import parse
from engines.display.pipeline import Display
from engines.display.profanity import Mode, Profanity
from engines.display.rules import Rules
from engines.display.spoken import spoken
from engines.display.words import Word as Written
from engines.display.words import capital, cores, fold, has_case, join, resplit, split
from scoring.locale import language_of
from scoring.normalization import unit

_OPENING = "¿¡'\"“„«‹(["  # noqa: RUF001
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")


@dataclass(frozen=True)
class Forms:
    lexical: str
    itn: str
    masked_itn: str
    display: str


class Writer:
    """Of one model and locale: made once, used for any number of texts.

    Raises PatternError when a pattern of the rules cannot be used.

    >>> writer = Writer(Rules(profanities=("darn",)), "en-US")
    >>> writer.forms("Darn, that was $20!", "removed")
    Forms(lexical='darn that was twenty dollars', itn='darn that was $20', \
masked_itn='**** that was $20', display='That was $20!')
    """

    def __init__(self, rules: Rules, locale: str) -> None:
        self._locale = locale
        self._display = None if rules == Rules() else Display(rules, locale)
        self._itn = Itn([parse(pattern) for pattern in rules.patterns], locale)
        self._profanity = Profanity(rules.profanities, locale)

    def forms(self, text: str, profanity: Mode = "masked") -> Forms:
        """All forms of what an engine wrote; `profanity` is about the display form."""
        text = " ".join(text.split())
        words = [
            word._replace(core=fold(word.core)) for word in split(text, self._locale)
        ]
        itn = [_bare(word) for word in resplit(self._itn.apply(words), self._locale)]
        display = self._display.format(text, profanity) if self._display else text
        if has_case(self._locale):
            marks = len(display) - len(display.lstrip(_OPENING))
            display = display[:marks] + capital(display[marks:], self._locale)
        return Forms(
            lexical=" ".join(word for said in self._spoken(text) for word in said)
            if self._is_spaced
            else join(map(_bare, words)),
            itn=join(itn),
            masked_itn=join(self._profanity.apply(itn, "masked")),
            display=display,
        )

    def lexical_words(self, words: Sequence[Word]) -> list[Word]:
        """The words in lexical form, of each the share of time of what it was read
        as: those of `$20` have half of its time each."""
        chunks = list(_chunks(words)) if self._is_spaced else list(words)
        text = [chunk.text.strip() for chunk in chunks]
        said = (
            spoken(text)
            if self._is_english
            else [cores(one, self._locale) for one in text]
        )
        return [
            word
            for chunk, parts in zip(chunks, said, strict=True)
            for word in _shared(chunk, parts)
        ]

    @property
    def _is_english(self) -> bool:
        return language_of(self._locale) == "en"

    @property
    def _is_spaced(self) -> bool:
        return unit(self._locale) == "word"

    def _spoken(self, text: str) -> list[list[str]]:
        if self._is_english:
            return spoken(text.split())
        return [cores(text, self._locale)]


def _bare(word: Written) -> Written:
    """Without punctuation, and `p.m` without points."""
    core = word.core
    if _INITIALS.fullmatch(core):
        core = core.replace(".", "")
    return word._replace(lead="", core=core, tail="")


def _chunks(words: Sequence[Word]) -> Iterator[Word]:
    """What stands between spaces; an engine may give `5` and `:30` as two words."""
    held: Word | None = None
    for word in words:
        if held and not word.text[:1].isspace():
            text, least = held.text + word.text, min(held.probability, word.probability)
            held = Word(text, held.start, word.end, least)
            continue
        if held:
            yield held
        held = word
    if held:
        yield held


def _shared(chunk: Word, parts: Sequence[str]) -> Iterator[Word]:
    length = (chunk.end - chunk.start) / max(1, len(parts))
    times = [round(chunk.start + length * at, 3) for at in range(len(parts) + 1)]
    for part, (start, end) in zip(parts, pairwise(times), strict=True):
        yield replace(chunk, text=part, start=start, end=end)
