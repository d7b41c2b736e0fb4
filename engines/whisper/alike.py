"""Which words of a text may be another phrase, by how both are spelled.

Whisper writes what it does not know as it sounds: `M. Loadipine` for amlodipine. So
letters are folded to rough sounds, vowels to one, and a phrase is looked for in the
text as a whole row of words, by edit distance in which what sounds similar costs less.
Words of other scripts are compared letter by letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_Values = npt.NDArray[np.int64]
VOWEL = "a"
_FOLDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"[^\w]|_", ""),
        (r"^(kn|gn|pn)", "n"),
        (r"^ps", "s"),
        (r"^wr|rh", "r"),
        (r"ph", "f"),
        (r"[cs]h|tch", "s"),
        (r"th", "t"),
        (r"c(?=[eiy])", "s"),
        (r"ck|c|q", "k"),
        (r"x", "ks"),
        (r"z", "s"),
        (r"(?<=[aeiouy])([^aeiouy]+)e$", r"\1"),
        (r"[aeiouyhw]+", VOWEL),
        (r"(.)\1+", r"\1"),
    )
]
# What is easily taken for each other.
_NEAR = frozenset(
    frozenset(pair)
    for group in ("bpfv", "dt", "gkj", "mn", "sj", "rl")
    for pair in zip(group * len(group), sorted(group * len(group)), strict=True)
)
# In halves; 2 is another sound, or one more or less.
_NEAR_COST = 1
_VOWEL_COST = 1  # of one more or less
_PLACES = 1 << 20  # more than a text has words
_ACRONYM = 5  # letters in a row of capitals that are named one by one
_NAMES = """\
b bi, c si, d di, f ef, g ji, h ets, j je, k ke, l el, m em, n en, p pi, q kiu, r ar,
s es, t ti, v vi, w dabliu, x eks, y uai, z si"""
_LETTERS = dict(pair.split() for pair in _NAMES.split(","))


class Match(NamedTuple):
    """Words of a text that sound like a phrase."""

    start: int  # the first word, from 0
    end: int  # behind the last
    likeness: float  # up to 1: they sound the same


def sound(word: str) -> str:
    """Rough sounds of a word; capitals and a consonant alone are names of letters.

    >>> sound("amlodipine"), sound("loadipine"), sound("M"), sound("TSH")
    ('amladapan', 'ladapan', 'am', 'tasats')
    """
    if 1 < len(word) <= _ACRONYM and word.isascii() and word.isupper():
        return sound("".join(_LETTERS.get(c, c) for c in word.lower()))
    plain = unicodedata.normalize("NFKD", word.lower())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = _LETTERS.get(plain, plain)
    for pattern, said in _FOLDS:
        plain = pattern.sub(said, plain)
    return plain


def sounds(words: Sequence[str]) -> list[str]:
    return [sound(word) for word in words]


def bigrams(sounded: Sequence[str]) -> set[str]:
    """Neighbouring sounds without regard to vowels, to rule most phrases out."""
    letters = "".join(sounded).replace(VOWEL, "")
    return {one + two for one, two in pairwise(f"{letters}.")} or {letters}


def find(phrase: Sequence[str], text: Sequence[str], least: float) -> Iterator[Match]:
    """Rows of words of the text that are at least so much like the phrase, without
    overlap, the likest first. Both are given as `sounds`."""
    wanted = "".join(phrase)
    if not wanted:
        return
    taken: set[int] = set()
    for match in sorted(_ends(wanted, text), key=_preference):
        if match.likeness < least:
            return
        places = set(range(match.start, match.end))
        if not places & taken:
            taken |= places
            yield match


def _preference(match: Match) -> tuple[float, int, int]:
    """The likest first, of these the longest: a last word that sounds otherwise was
    said in the place of something."""
    return (-match.likeness, match.start - match.end, match.start)


def _ends(wanted: str, text: Sequence[str]) -> Iterator[Match]:
    """The best row of words to each end: edit distance from any word's beginning.

    Reference: Sellers, The theory and computation of evolutionary distances, Journal
    of Algorithms 1 (1980)
    """
    most = float(len(wanted))
    # A value for each number of sounds of the phrase, from none to all: the cost in
    # halves and, of that cost, the earliest word that it begins at, in one number.
    deleted = np.cumsum([0, *map(_deleted, wanted)]) * _PLACES
    costs = {
        said: np.array([_cost(one, said) for one in wanted]) * _PLACES
        for said in set("".join(text))
    }
    column = deleted.copy()
    for at, word in enumerate(text):
        column = np.minimum(column, deleted + at)
        for said in word:
            column = _next(column, deleted, costs[said], _deleted(said) * _PLACES)
        cost, start = divmod(int(column[-1]), _PLACES)
        if word:
            yield Match(start, at + 1, 1 - cost / 2 / most)


def _next(column: _Values, deleted: _Values, costs: _Values, more: int) -> _Values:
    """When one more sound was said: it is one too many, or stands for a sound of the
    phrase. Where sounds of the phrase are left out, the cost grows as it does in
    `deleted`; without that growth, the least so far is the best."""
    column, before = column + more, column
    column[1:] = np.minimum(column[1:], before[:-1] + costs)
    least: _Values = np.minimum.accumulate(column - deleted) + deleted
    return least


def _cost(one: str, other: str) -> int:
    """In halves."""
    if one == other:
        return 0
    return _NEAR_COST if frozenset((one, other)) in _NEAR else 2


def _deleted(sound_: str) -> int:
    """In halves."""
    return _VOWEL_COST if sound_ == VOWEL else 2
