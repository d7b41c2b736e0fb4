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
_NEAR_COST = 0.5
_VOWEL_COST = 0.5  # of one more or less
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
    # For each number of sounds of the phrase: the cost, and the word it begins at.
    first = [_deleted(wanted[:n]) for n in range(len(wanted) + 1)]
    column = [(cost, 0) for cost in first]
    for at, word in enumerate(text):
        if column[0][0] > 0:
            column = [min(c, (f, at)) for c, f in zip(column, first, strict=True)]
        for said in word:
            column = _next(column, wanted, said)
        cost, start = column[-1]
        if word:
            yield Match(start, at + 1, 1 - cost / most)


def _next(
    column: list[tuple[float, int]], wanted: str, said: str
) -> list[tuple[float, int]]:
    more = _VOWEL_COST if said == VOWEL else 1.0
    result = [(column[0][0] + more, column[0][1])]
    for n, sound_ in enumerate(wanted):
        less = _VOWEL_COST if sound_ == VOWEL else 1.0
        result.append(
            min(
                (column[n][0] + _cost(sound_, said), column[n][1]),
                (column[n + 1][0] + more, column[n + 1][1]),
                (result[n][0] + less, result[n][1]),
            )
        )
    return result


def _cost(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return _NEAR_COST if frozenset((one, other)) in _NEAR else 1.0


def _deleted(sounded: str) -> float:
    return sum(_VOWEL_COST if c == VOWEL else 1.0 for c in sounded)
