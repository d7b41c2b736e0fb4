"""The words of a text, for figures and comparisons; nothing is scored by them.

A word is what stands between spaces and punctuation; an apostrophe inside belongs
to it, a hyphen does not. In locales that are written without spaces each letter or
digit counts as one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

from scoring.locale import language_of

_UNSPACED = frozenset({"zh", "yue", "wuu", "ja", "th", "lo", "my", "km"})
# Vowel signs and points, without which `\w` would cut words of these scripts:
# combining, Hebrew, Arabic, the scripts of India (but for the danda), Thai, Lao.
_MARKS = (
    "\u0300-\u036f\u05b0-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670"
    "\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ecd\u200d"
)
_RUN = f"[\\w{_MARKS}]+"
_WORD = re.compile(f"{_RUN}(?:['\u2019]{_RUN})*")
_CHARACTER = re.compile(f"[^\\W_][{_MARKS}]*")


@cache
def is_spaced(locale: str) -> bool:
    """Whether words have spaces between them.

    >>> is_spaced("en-US"), is_spaced("ja-JP")
    (True, False)
    """
    return language_of(locale) not in _UNSPACED


def words(text: str, locale: str) -> list[str]:
    """The words as they are written, in order.

    >>> words("It's 5 kg, well-known.", "en-US")
    ["It's", '5', 'kg', 'well', 'known']
    >>> words("東京です。", "ja-JP")
    ['東', '京', 'で', 'す']
    """
    pattern = _WORD if is_spaced(locale) else _CHARACTER
    return pattern.findall(text)


def bare(text: str, locale: str) -> str:
    """What two texts are compared by: the words without case, one space between.

    >>> bare("Hello,  World!", "en-US") == bare("hello world", "en-US")
    True
    """
    return " ".join(words(text.casefold().replace("\u2019", "'"), locale))


def as_in_a_dictionary(counts: Mapping[str, int]) -> Counter[str]:
    """Words counted as they are written, put together whatever their case.

    A word that has capitals after its first letter keeps them (COPD, eGFR), unless
    most of the text is in capitals.

    >>> as_in_a_dictionary({"The": 1, "the": 5, "COPD": 1})
    Counter({'the': 6, 'COPD': 1})
    >>> as_in_a_dictionary({"THE": 2, "DOSE": 1})
    Counter({'the': 2, 'dose': 1})
    """
    capitals = sum(n for word, n in counts.items() if len(word) > 1 and word.isupper())
    loud = capitals * 2 > sum(counts.values())
    merged: Counter[str] = Counter()
    for word, count in counts.items():
        keeps = not loud and word[1:] != word[1:].lower()
        merged[word if keeps else word.lower()] += count
    return merged
