"""Display forms for what is pronounced in its own way: `three c p o` becomes `3CPO`.

What was spoken may have been written in many ways: `3 CPO`, `three C. P. O.`,
`3-CPO`. So words are compared by their letters and digits alone, joined, and a match
begins and ends where words do. Number words match digits too (English), and `triple
e` matches `eee`.

No ordinary word is taken for letters that were spelled: `i t` is found in `I T`, `IT`
and `I.T.`, not in `it`. Letters written together in small ones count only where they
have no vowel (`cntk`) or other parts of the form stand beside them (`3 cpo`).

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from engines.display.cardinals import MULTIPLES, UNIT, cardinal
from engines.display.words import Word, fold, split
from scoring.locale import language_of

_VOWELS = re.compile("[aeiouyäöüáéíóúàèìòùâêîôûåæø]")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s$", re.IGNORECASE)  # noqa: RUF001
# Behind a letter or a number, inside a form: `C. P. O.`, `3, C, P, O`.
_PAUSES = {"", ".", ",", ".,", ";"}
_MOST_READINGS = 64  # of a spoken form
_SHORTEST_JOINED = 3  # letters


class Span(NamedTuple):
    """Words that become one; places count the words given."""

    start: int
    end: int  # behind the last word
    written: str  # with the punctuation around it


class _Reading(NamedTuple):
    """One way to write a spoken form: letters and digits, and which of them were
    spelled."""

    key: str
    spelled: str  # for each character of the key `s`, or `w` in a word or number


@dataclass
class _Node:
    following: dict[str, _Node] = field(default_factory=dict)
    ends: list[tuple[str, str]] = field(default_factory=list)  # display, spelled


@dataclass(frozen=True)
class _Heard:
    """A word of the text as it is compared."""

    word: Word
    key: str
    suffix: str  # `'s`

    @property
    def is_short(self) -> bool:
        return len(self.key) == 1 or self.key.isdigit() or self.key in UNIT


class Pronunciations:
    """Finds what was pronounced. Made once, used for any number of texts.

    The time grows with the length of the text times that of the longest form. Of
    forms that are spoken alike the first counts.

    >>> said = Pronunciations([("3CPO", "three c p o")], "en-US")
    >>> said.find("Ask 3 C-P-O, please".split())
    [Span(start=1, end=3, written='3CPO,')]
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], locale: str) -> None:
        self._locale = locale
        self._root = _Node()
        for display, spoken in pairs:
            readings = [*_readings(spoken, locale), *_acronym(display)]
            for reading in readings:
                node = self._root
                for character in reading.key:
                    node = node.following.setdefault(character, _Node())
                if node is not self._root:
                    node.ends.append((display, reading.spelled))

    def find(self, words: Sequence[str]) -> list[Span]:
        """What becomes of these words: from left to right, of forms that begin
        with the same word the longest."""
        heard = [self._heard(word) for word in words]
        spans: list[Span] = []
        at = 0
        while at < len(heard):
            span = self._longest(heard, at)
            if span:
                spans.append(span)
            at = span.end if span else at + 1
        return spans

    def _heard(self, text: str) -> _Heard | None:
        """None for what is no word, or more than one."""
        found = split(unicodedata.normalize("NFC", text), self._locale)
        if not found:
            return None
        first, last = found[0], found[-1]
        core = first.core
        if len(found) > 1:  # characters of a script without spaces
            inside = [first._replace(lead=""), *found[1:-1], last._replace(tail="")]
            core = "".join(map(str, inside))
        suffix = _POSSESSIVE.search(core)
        stem = core[: suffix.start()] if suffix else core
        word = Word(first.lead, stem, last.tail)
        return _Heard(word, _key(stem), suffix[0] if suffix else "")

    def _longest(self, heard: Sequence[_Heard | None], start: int) -> Span | None:
        best: Span | None = None
        node, end, place = self._root, start, 0
        places = [0]
        while end < len(heard):
            now = heard[end]
            if now is None or (end > start and not _goes_on(heard[end - 1], now)):
                break
            for character in now.key:
                following = node.following.get(character)
                if following is None:
                    return best
                node = following
            end, place = end + 1, place + len(now.key)
            places.append(place)
            for display, spelled in node.ends if now.key else ():
                if _sounds(heard[start:end], places, spelled):
                    behind = heard[end] if end < len(heard) else None
                    written = _written(heard[start:end], display, behind)
                    best = Span(start, end, written)
                    break
        return best


def _goes_on(before: _Heard | None, now: _Heard) -> bool:
    """Whether a form may reach over what stands between two words."""
    if before is None or before.suffix or now.word.lead:
        return False
    pauses = _PAUSES if before.is_short else {""}
    return before.word.tail in pauses


def _sounds(
    heard: Sequence[_Heard | None], places: Sequence[int], spelled: str
) -> bool:
    """Whether these words, whose letters fit, are spoken like the form as well."""
    for number, one in enumerate(heard):
        start, end = places[number], places[number + 1]
        part = spelled[start:end]
        if one is None:
            return False
        if part == "w" and len(heard) > 1 and spelled[start:].startswith("ww"):
            return False  # a single letter where the form has a word
        if len(part) < 2 or "w" in part or _is_shown_spelled(one.word.core):
            continue
        alone = len(heard) == 1 or len(part) < _SHORTEST_JOINED
        if alone and _VOWELS.search(one.key):
            return False
    return True


def _is_shown_spelled(core: str) -> bool:
    """`CPO`, `c.p.o`, `C-P-O` and what has digits; not `cpo` and `Cpo`."""
    if any(character.isdigit() for character in core):
        return True
    letters = re.split(r"[^\w]+", core)
    return core.isupper() or all(len(each) <= 1 for each in letters)


def _written(
    heard: Sequence[_Heard | None], display: str, following: _Heard | None
) -> str:
    first, last = heard[0], heard[-1]
    assert first is not None and last is not None
    tail = last.word.tail
    letter = len(last.key) == 1 or "." in last.word.core
    if letter and tail == "." and following and following.word.core[:1].islower():
        tail = ""  # the dot of `C. P. O. is`, no full stop
    if tail[:1] and display.endswith(tail[:1]):
        tail = tail[1:]
    return first.word.lead + display + last.suffix + tail


def _key(text: str) -> str:
    """The letters, marks and digits of a text, without case.

    >>> _key("C-P.O"), _key("AT&T")
    ('cpo', 'atandt')
    """
    text = fold(unicodedata.normalize("NFKC", text)).replace("&", "and")
    text = text.replace("+", "plus")
    return "".join(c for c in text if unicodedata.category(c)[0] in "LMN")


def _readings(spoken: str, locale: str) -> list[_Reading]:
    """All ways to write a spoken form, so many of them as are of use."""
    tokens = [_key(word.core) for word in split(spoken, locale)]
    tokens = [token for token in tokens if token]
    parts = list(_parts(tokens, language_of(locale) == "en"))
    readings: dict[str, _Reading] = {}
    for number, choice in enumerate(product(*parts)):
        if number >= _MOST_READINGS:
            break
        key = "".join(each.key for each in choice)
        reading = _Reading(key, "".join(each.spelled for each in choice))
        readings.setdefault(key, reading)
    return list(readings.values())


def _parts(tokens: Sequence[str], is_english: bool) -> Iterator[list[_Reading]]:
    """The ways to write each part: digits for numbers, `ee` for `double e`."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        following = tokens[at + 1] if at + 1 < len(tokens) else ""
        number = cardinal(tokens, at) if is_english else None
        if is_english and token in MULTIPLES and len(following) == 1:
            times = MULTIPLES[token]
            plain = _Reading(token + following, "w" * len(token) + "s")
            ways = [_Reading(following * times, "s" * times), plain]
            if token == "double" and following == "u":
                ways = [_Reading("w", "s"), *ways]
            yield ways
            at += 2
        elif number:
            plain_key = "".join(tokens[at : number.end])
            digits = str(number.value)
            yield [_word(digits), _word(plain_key)]
            at = number.end
        elif is_english and token in UNIT:
            yield [_word(str(UNIT[token])), _word(token)]
            at += 1
        else:
            is_letter = len(token) == 1 and not token.isdigit()
            yield [_Reading(token, "s") if is_letter else _word(token)]
            at += 1


def _word(key: str) -> _Reading:
    return _Reading(key, "w" * len(key))


def _acronym(display: str) -> list[_Reading]:
    """A display form in capitals, spelled: it may have been written as it is."""
    key = _key(display)
    letters = [c for c in display if c.isalpha()]
    if len(letters) < 2 or not all(c.isupper() for c in letters):
        return []
    return [_Reading(key, "".join("w" if c.isdigit() else "s" for c in key))]
