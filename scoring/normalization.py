"""The words that are compared: one set of rules for reference and hypothesis.

All locales: compatibility forms and case are folded (NFKC), punctuation, emoji and
other symbols are no words, hyphens separate words, apostrophes inside words stay
(curly ones are made straight), and a word ends where digits begin: `5kg` = `5 kg`.

English: numbers are compared as spoken, one token for each digit (`numbers.py`);
`%` is *percent*, `&` is *and*, `$5` is *five dollars*.

Contractions are not expanded and compounds not joined, as one text alone does not say
how: `reconciliation.py` does, and for numbers in words of other languages as well.

Other locales: the number words of the language are not known here, so a number in
digits stays one token for each group of digits, as it was written: `1.250` is `1`
and `250`, and neither equals the number in words.

Locales written without spaces: one token for each character with its marks, Latin
letters and digits included; `unit()` says which of both a locale has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.locale import language_of
from scoring.numbers import CURRENCY_SIGNS, NUMBER_WORDS, Lexeme, spell


@dataclass(frozen=True, slots=True)
class Token:
    """A compared word, and the characters of the text that it stems from."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Folded:
    """Folded text; `starts` and `ends` map it to the original, None: one to one."""

    text: str
    shape: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None


_UNSPACED = frozenset({"zh", "yue", "wuu", "ja", "th", "lo", "my", "km"})
_DOTLESS = frozenset({"tr", "az"})
_TURKISH = str.maketrans("I\u0130", "\u0131i")
_APOSTROPHES = "`\u00b4\u02bb\u02bc\u2018\u2019\u201b\u05f3"
_MINUS = "\u2212"
_SIGNS = {"%": "percent", "&": "and", ".": "point", "-": "minus"}
# More marks than these on one letter are no writing; it bounds the work per letter.
_MOST_MARKS = 32

# What is matched are shapes: a letter, m mark, 0 digit, $ currency; others are signs.
_WORD = r"a[am]*(?:'a[am]*)*"
_WORDS = re.compile(rf"{_WORD}|0+")
_CHARACTERS = re.compile(r"[a0]m*")
_ENGLISH = re.compile(
    rf"(?P<word>{_WORD})"
    r"|(?P<figure>0+(?:,000)*)"
    r"|(?<=0)(?P<minutes>:00)(?![0:])"  # "7:00" is "seven"
    r"|(?P<sign>[%&]|(?<![am.'])\.(?=0)|(?<![^ (])(?<!0 )-(?=[0$]|\.0))"
    r"|(?P<currency>\$(?= ?\.?0)|(?<=0)\$|(?<=0 )\$)"
)
# Without these only words match.
_FIGURES = re.compile("[0$%&]")
_ONLY_WORDS = re.compile(_WORD)


def unit(locale: str) -> Literal["word", "character"]:
    """What is counted in this locale: a word error rate, or a character error rate.

    >>> unit("en-US"), unit("ja-JP")
    ('word', 'character')
    """
    return "character" if language_of(locale) in _UNSPACED else "word"


def rate_name(locale: str) -> Literal["WER", "CER"]:
    """What the rate of errors is called in this locale.

    >>> rate_name("de-DE"), rate_name("zh-CN")
    ('WER', 'CER')
    """
    return "CER" if unit(locale) == "character" else "WER"


def tokenize(text: str, locale: str) -> list[Token]:
    """The compared words in order; a text of punctuation alone has none.

    Spans never run backwards. Tokens that stem from the same characters overlap.

    >>> tokenize("Room 12, please!", "en-GB")[1:3]
    [Token(text='one', start=5, end=6), Token(text='two', start=6, end=7)]
    """
    folded = _fold(text, language_of(locale))
    lexemes = _lexemes(folded, language_of(locale))
    if folded.starts is None or folded.ends is None:
        return [Token(*lexeme) for lexeme in lexemes]
    starts, ends = folded.starts, folded.ends
    return [Token(x.text, starts[x.start], ends[x.end - 1]) for x in lexemes]


def words(text: str, locale: str) -> list[str]:
    """The texts of `tokenize`, for where places do not matter: a little faster.

    >>> words("It's the 21st, 7:30 p.m.", "en-US")
    ["it's", 'the', 'two', 'first', 'seven', 'three', 'zero', 'p', 'm']
    """
    language = language_of(locale)
    return [lexeme.text for lexeme in _lexemes(_fold(text, language), language)]


def _lexemes(folded: _Folded, language: str) -> list[Lexeme]:
    if language == "en":
        return _english(folded)
    pattern = _CHARACTERS if language in _UNSPACED else _WORDS
    text = folded.text
    spans = [match.span() for match in pattern.finditer(folded.shape)]
    return [Lexeme(text[start:end], start, end) for start, end in spans]


def _english(folded: _Folded) -> list[Lexeme]:
    # Most texts hold nothing but words, which is quicker to read.
    if not _FIGURES.search(folded.shape):
        spans = [match.span() for match in _ONLY_WORDS.finditer(folded.shape)]
        lexemes = [Lexeme(folded.text[start:end], start, end) for start, end in spans]
    else:
        lexemes = _with_figures(folded)
    has_figures = "0" in folded.shape or "$" in folded.shape
    if has_figures or not NUMBER_WORDS.isdisjoint([x.text for x in lexemes]):
        return spell(lexemes)
    return lexemes


def _with_figures(folded: _Folded) -> list[Lexeme]:
    lexemes: list[Lexeme] = []
    text = folded.text
    for match in _ENGLISH.finditer(folded.shape):
        start, end = match.span()
        piece = text[start:end]
        if piece == ":00":
            continue
        if match.lastgroup == "minutes":
            start, piece = start + 1, piece[1:]
        if match.lastgroup == "sign":
            piece = _SIGNS["-" if piece == _MINUS else piece]
        lexemes.append(Lexeme(piece, start, end))
    return lexemes


def _fold(text: str, language: str) -> _Folded:
    """Case and compatibility forms folded, invisible characters left out."""
    text = _with_dotted_case(text, language)
    if text.isascii():
        plain = text.lower().replace("`", "'")
        return _Folded(plain, plain.translate(_SHAPES))
    text = text.translate(_PLAIN)
    folded = text.casefold()
    shape = folded.translate(_SHAPES)
    if (
        len(folded) == len(text)
        and "x" not in shape
        and unicodedata.is_normalized("NFKC", text)
        and unicodedata.is_normalized("NFKC", folded)
    ):
        return _Folded(folded, shape)
    return _fold_clusters(text)


def _with_dotted_case(text: str, language: str) -> str:
    return text.translate(_TURKISH) if language in _DOTLESS else text


def fold_case(text: str, language: str) -> str:
    """The text in one case, in the way of its language.

    >>> fold_case("DISK", "en"), fold_case("DISK", "tr") == "d\u0131sk"
    ('disk', True)
    """
    return _with_dotted_case(text, language).casefold()


def shape(text: str) -> str:
    """The kind of each character: `a` letter, `m` mark, `0` digit, `$` currency, a
    space, `x` invisible, itself of ``'%&.,:-(``, `_` other.

    >>> shape("I'm 5€!")
    "a'a 0$_"
    """
    return text.translate(_SHAPES)


def straight(text: str) -> str:
    """The text with straight apostrophes and ASCII digits.

    >>> straight("it`s")
    "it's"
    """
    return text.translate(_PLAIN)


def _fold_clusters(text: str) -> _Folded:
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    known: dict[str, str] = {}
    for start, end in _clusters(text):
        cluster = text[start:end]
        part = known.get(cluster)
        if part is None:
            part = known[cluster] = _fold_cluster(cluster)
        parts.append(part)
        starts += [start] * len(part)
        ends += [end] * len(part)
    folded = "".join(parts)
    return _Folded(folded, folded.translate(_SHAPES), starts, ends)


def _clusters(text: str) -> Iterable[tuple[int, int]]:
    """Spans of a character with its marks, or of a Hangul syllable in letters."""
    start = 0
    for index, character in enumerate(text[1:], start=1):
        is_part = _SHAPES[ord(character)] == "m" or "\u1160" <= character <= "\u11ff"
        if is_part and index - start <= _MOST_MARKS:
            continue
        yield start, index
        start = index
    if text:
        yield start, len(text)


def _fold_cluster(cluster: str) -> str:
    if unicodedata.category(cluster[0]) == "So":
        return cluster[0]  # not the letters of a trade mark sign
    folded = unicodedata.normalize("NFKC", cluster).casefold()
    folded = unicodedata.normalize("NFKC", folded).translate(_PLAIN)
    return "".join(c for c in folded if _SHAPES[ord(c)] != "x")


class _Plain(dict[int, int]):
    """Straight apostrophes and ASCII digits, filled as characters are met."""

    def __missing__(self, code: int) -> int:
        digit = unicodedata.decimal(chr(code), -1)
        self[code] = code if digit < 0 else ord("0") + digit
        return self[code]


class _Shapes(dict[int, str]):
    """Kind of each character, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = _kind(chr(code))
        return self[code]


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if _is_invisible(character, category):
        return "x"
    if category[0] == "L" or category in ("Nl", "No"):
        return "a"
    if category[0] == "M":
        return "m"
    if category == "Nd":
        return "0"
    if character.isspace():
        return " "
    if character in CURRENCY_SIGNS:
        return "$"
    if character == _MINUS:
        return "-"
    return character if character in "'%&.,:-(" else "_"


def _is_invisible(character: str, category: str) -> bool:
    """Joiners, direction marks, soft hyphens and variation selectors."""
    return (
        category == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or character in "\u034f\u180b\u180c\u180d"
    )


_PLAIN = _Plain({ord(character): ord("'") for character in _APOSTROPHES})
_SHAPES = _Shapes()
