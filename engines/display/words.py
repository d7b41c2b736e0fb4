"""The words of a recognised text, apart from the punctuation around them.

Words are what stands between spaces. Chinese, Japanese and Thai are written
without, so there each character is a word, and Latin words and numbers are found
between them. Punctuation at the edge of a word is kept beside it: rules match
without it, and what they write keeps it.

The grammar punctuation of the rules files is `. , ? ! : ;` with the marks of
Chinese, Japanese, Arabic, Hindi and Spanish. It counts when a space follows or at
the edge of a phrase (`x. y` but not `x.y`), in Chinese and Japanese always.

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/display-text-format
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scoring.locale import language_of

GRAMMAR = ".,?!:;、。，？！：；¿¡।؟،؛"  # noqa: RUF001
_OPENING = '¿¡"“”„«‹(['  # noqa: RUF001
_CLOSING = GRAMMAR + '"“”»›)]…'  # noqa: RUF001
_EDGES = _OPENING + _CLOSING
_SENTENCE_END = re.compile(r"[.?!…。？！।؟]")  # noqa: RUF001

_UNSPACED = ("ja", "th", "yue", "zh")
_CASELESS = ("hi", "ja", "ko", "th", "yue", "zh")
_CHARACTERS = "\u0e00-\u0e7f\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_CHARACTERS += "\U00020000-\U0003ffff"
_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099\u309a"
_CHARACTER = re.compile(f"[{_CHARACTERS}]")
_UNSPACED_WORD = re.compile(
    rf"(\s*)([{re.escape(_EDGES)}]*)"
    rf"([{_CHARACTERS}][{_MARKS}]*|[^\s{_CHARACTERS}{re.escape(_EDGES)}]+|)"
    rf"([{re.escape(_CLOSING)}]*)"
)


class Word(NamedTuple):
    """A word and what stands around it; `core` is empty in no word."""

    lead: str  # punctuation before it
    core: str
    tail: str  # punctuation behind it
    glued: bool = False  # no space before it
    starts: bool = False  # a sentence begins here

    def __str__(self) -> str:
        return self.lead + self.core + self.tail


def split(text: str, locale: str) -> list[Word]:
    """The words of a text; punctuation on its own belongs to the word before it.

    >>> split('Hello, "x.y"', "en-US")[1]
    Word(lead='"', core='x.y', tail='"', glued=False, starts=False)
    """
    unspaced = language_of(locale) in _UNSPACED
    parts = _characters(text) if unspaced else map(_word, text.split())
    words: list[Word] = []
    loose: list[str] = []
    for word in parts:
        if not word.core:
            loose.append(("" if word.glued else " ") + str(word))
            continue
        lead = _settle(loose, words)
        if lead and not word.glued:
            lead += " "
        words.append(word._replace(lead=lead + word.lead))
        loose.clear()
    _settle(loose, words)
    return words


def join(words: Iterable[Word]) -> str:
    """
    >>> join([Word("", "a", ","), Word("", "b", ""), Word("", "c", "", glued=True)])
    'a, bc'
    """
    return "".join(("" if w.glued else " ") + str(w) for w in words).strip()


def cores(text: str, locale: str) -> list[str]:
    """The words alone, as they are compared: without case and punctuation.

    >>> cores("Murdock, Michael A. dpm", "en-US")
    ['murdock', 'michael', 'a', 'dpm']
    """
    return [fold(word.core) for word in split(text, locale)]


def fold(text: str) -> str:
    """What two words are compared by.

    >>> fold("Cesar\u2019s") == fold("cesar's")
    True
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", text.replace("\u2019", "'")).casefold()


def is_character(core: str) -> bool:
    """True for a character of a script that is written without spaces."""
    return _CHARACTER.match(core) is not None


def grammar_mark(text: str, locale: str) -> int | None:
    """The place (from 0) of the first grammar punctuation that counts.

    >>> grammar_mark("x. y", "en-US"), grammar_mark("x.y", "en-US")
    (1, None)
    >>> grammar_mark("x.y", "ja-JP")
    1
    """
    always = language_of(locale) in ("ja", "yue", "zh")
    for at, mark in enumerate(text):
        if mark not in GRAMMAR:
            continue
        edge = at == 0 or not text[at + 1 :].strip(GRAMMAR)
        if always or edge or text[at + 1].isspace():
            return at
    return None


def with_sentences(words: Iterable[Word]) -> list[Word]:
    """Say of each word if a sentence begins with it."""
    starts = True
    result: list[Word] = []
    for word in words:
        result.append(word._replace(starts=starts))
        starts = bool(word.tail) and _SENTENCE_END.search(word.tail) is not None
    return result


def resplit(words: Iterable[Word], locale: str) -> list[Word]:
    """Words whose cores were rewritten to something else, as words again."""
    result: list[Word] = []
    for word in words:
        if word.core.isascii() and word.core.isalnum():
            result.append(word)
            continue
        inner = split(word.core, locale)
        if not inner:
            continue
        first, last = inner[0], inner[-1]
        inner[0] = first._replace(
            lead=word.lead + first.lead, glued=word.glued, starts=word.starts
        )
        inner[-1] = inner[-1]._replace(tail=last.tail + word.tail)
        result += inner
    return result


def has_case(locale: str) -> bool:
    return language_of(locale) not in _CASELESS


def capital(text: str, locale: str) -> str:
    """With a capital first letter. A word that has a capital elsewhere (`iPhone`)
    or begins with something else than a letter stays as it is.

    >>> capital("hello", "en-US"), capital("iPhone", "en-US"), capital("ij", "nl-NL")
    ('Hello', 'iPhone', 'IJ')
    """
    first_word = text.split(" ", 1)[0]
    if not text[:1].isalpha() or any(c.isupper() for c in first_word[1:]):
        return text
    if language_of(locale) in ("az", "tr") and text[0] == "i":
        return "İ" + text[1:]
    if language_of(locale) == "nl" and text.startswith("ij"):
        return "IJ" + text[2:]
    return text[0].title() + text[1:]


def _settle(loose: list[str], words: list[Word]) -> str:
    """Give loose punctuation to the last word, or return it if there is none."""
    if not loose or not words:
        return "".join(loose).lstrip()
    words[-1] = words[-1]._replace(tail=words[-1].tail + "".join(loose))
    return ""


def _word(chunk: str) -> Word:
    rest = chunk.lstrip(_OPENING)
    core = rest.rstrip(_CLOSING)
    lead = chunk[: len(chunk) - len(rest)]
    return Word(lead, core, rest[len(core) :])


def _characters(text: str) -> Iterator[Word]:
    for match in _UNSPACED_WORD.finditer(text):
        space, lead, core, tail = match.groups()
        if lead or core or tail:
            yield Word(lead, core, tail, glued=not space)
